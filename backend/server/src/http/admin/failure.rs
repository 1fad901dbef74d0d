//! What an admin route answers when it does not answer what was asked.
//!
//! Owns: the shape of the admin surface's errors. Must never tell more of the store's failure than
//! that there is one: Grafana's log has the rest. Start at [`AdminFailure`].

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// What an admin route answers when it does not answer what was asked.
#[derive(Debug)]
pub(in crate::http) struct AdminFailure {
    status: StatusCode,
    message: String,
    field: Option<&'static str>,
}

/// The result of every admin handler.
pub(super) type Answer<T> = Result<T, AdminFailure>;

impl AdminFailure {
    /// Any refusal.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            field: None,
        }
    }

    /// The request is wrong at `field`.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            ..Self::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// What is there already, or no longer, stands against the request.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// The field it is about.
    pub fn at(self, field: &'static str) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }
}

impl From<store::Error> for AdminFailure {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::MappingTaken => Self::conflict("This group is mapped to that team already."),
            other => {
                tracing::error!(error = %other, "the store refused an admin's request");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The SCIM store cannot be used right now; Grafana's log says why. Nothing was changed.",
                )
            }
        }
    }
}

impl IntoResponse for AdminFailure {
    fn into_response(self) -> Response {
        let body = admin_api::Error {
            message: self.message,
            field: self.field.map(str::to_owned),
        };
        (self.status, Json(body)).into_response()
    }
}
