//! A SCIM error on its way out.
//!
//! Owns: the only shape in which a SCIM request is refused. Must never let anything but a SCIM
//! error out: Okta fails a second time on a body it cannot read. Start at [`ScimFailure`].

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use scim::Error;
use serde_json::Value;

/// A SCIM error on its way out.
#[derive(Debug)]
pub(in crate::http) struct ScimFailure(Error);

/// The detail of an error answer, for the log (the body is already bytes by then).
#[derive(Clone, Debug)]
pub(in crate::http) struct Refusal(pub String);

/// The result of every SCIM handler.
pub(in crate::http) type Answer = Result<Response, ScimFailure>;

impl ScimFailure {
    /// The error itself, for an answer that holds several.
    pub fn into_error(self) -> Error {
        self.0
    }
}

impl From<Error> for ScimFailure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<store::Error> for ScimFailure {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Scim(error) => Self(error),
            other => {
                tracing::error!(error = %other, "the store refused a request");
                Self(Error::unavailable(
                    "The SCIM store cannot be used right now. Nothing was changed: send the request again.",
                ))
            }
        }
    }
}

impl IntoResponse for ScimFailure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(status, &self.0.body());
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response.extensions_mut().insert(Refusal(self.0.detail));
        response
    }
}

/// An answer with a body of SCIM's own type.
pub(in crate::http) fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/scim+json; charset=utf-8"),
    );
    response
}
