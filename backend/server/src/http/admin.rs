//! The admin surface: what the page shows and what an admin may do there.
//!
//! Owns: what its handlers share: bodies, errors, log lines. Must never call Grafana, and never answer with a secret. Start at
//! [`overview`]; the shapes are in the crate `admin_api`.

pub(super) mod activity;
pub(super) mod connection;
pub(super) mod credentials;
pub(super) mod mappings;
pub(super) mod overview;
pub(super) mod people;
pub(super) mod settings;

use std::collections::HashMap;

use axum::{
    Json,
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

use super::Api;
use store::{self, Action, ActivityLine, Outcome, Source, TargetKind, WriteContext};

/// What an admin route answers when it does not answer what was asked.
#[derive(Debug)]
pub(super) struct AdminFailure {
    status: StatusCode,
    message: String,
    field: Option<&'static str>,
}

impl AdminFailure {
    /// The request is wrong at `field`.
    pub(super) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            ..Self::new(StatusCode::BAD_REQUEST, message)
        }
    }

    /// Any other refusal.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            field: None,
        }
    }
}

impl From<store::Error> for AdminFailure {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::MappingTaken => Self::new(StatusCode::CONFLICT, "This group is mapped to that team already."),
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
        failure(self.status, self.message, self.field)
    }
}

/// An error in the admin surface's shape.
pub(super) fn failure(status: StatusCode, message: String, field: Option<&str>) -> Response {
    let field = field.map(str::to_owned);
    (status, Json(admin_api::Error { message, field })).into_response()
}

/// The result of every admin handler.
type Answer<T> = Result<T, AdminFailure>;

/// Parses a body, whatever its Content-Type says.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|e| {
        AdminFailure::new(
            StatusCode::BAD_REQUEST,
            format!("The request cannot be read: {e}. If you did not write it, reload the page."),
        )
    })
}

/// A query string's parameters.
struct Parameters(HashMap<String, String>);

impl Parameters {
    fn of(query: Option<&str>) -> Self {
        Self(
            ::scim::list::query_string::parse(query.unwrap_or_default())
                .into_iter()
                .collect(),
        )
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    fn number(&self, name: &'static str) -> Answer<Option<i64>> {
        let parse = |v: &str| {
            v.parse()
                .map_err(|_| AdminFailure::invalid(name, format!("{name} must be a number.")))
        };
        self.text(name).map(parse).transpose()
    }

    /// How many rows: 50 unless told otherwise, 200 at most.
    fn count(&self) -> Answer<i64> {
        Ok(self.number("count")?.unwrap_or(50).clamp(1, 200))
    }
}

/// A line of what an admin did.
async fn log(api: &Api, ctx: &WriteContext, action: Action, target: (TargetKind, &str, &str), reason: String) {
    let reason = Some(reason).filter(|r| !r.is_empty());
    let line = ActivityLine::of_request(ctx, Source::Admin, action, target, Outcome::Done, reason);
    // It is done: a log that cannot be written must not turn it into a failure.
    if let Err(error) = api.store.record(&[line]).await {
        tracing::warn!(%error, "an admin's action could not be logged");
    }
}
