//! One request to the admin surface as handlers see it.
//!
//! Owns: what is read of a request, and the log line of what an admin did. Must never repeat a body
//! that may hold a secret. Start at [`AdminCall`].

use domain::OrgId;
use std::{collections::HashMap, str::FromStr};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;
use store::{Action, ActivityLine, Outcome, Source, TargetKind, WriteContext};

use super::failure::{AdminFailure, Answer};
use crate::http::api::Api;

/// One request: all of it but its path and its body.
pub(in crate::http) struct AdminCall {
    /// What the process has to answer with.
    pub api: Api,
    /// Who calls, when, and for which tenant.
    pub context: WriteContext,
    query: HashMap<String, String>,
}

impl FromRequestParts<Api> for AdminCall {
    type Rejection = AdminFailure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Answer<Self> {
        // It is put there by `auth`, without which no route is reached.
        let context = parts
            .extensions
            .get::<WriteContext>()
            .cloned()
            .ok_or_else(|| AdminFailure::new(StatusCode::INTERNAL_SERVER_ERROR, "It is not known who calls."))?;
        let query = ::scim::list::query_string::parse(parts.uri.query().unwrap_or_default());
        Ok(Self {
            api: api.clone(),
            context,
            query: query.into_iter().collect(),
        })
    }
}

impl AdminCall {
    /// The organization it is about.
    pub fn org_id(&self) -> OrgId {
        self.context.tenant.org_id
    }

    /// A parameter of the query string; an empty one is as good as none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// A parameter that must be a number.
    pub fn number(&self, name: &'static str) -> Answer<Option<i64>> {
        let parse = |v: &str| {
            v.parse()
                .map_err(|_| AdminFailure::invalid(name, format!("{name} must be a number.")))
        };
        self.text(name).map(parse).transpose()
    }

    /// A parameter that is one of `all` codes.
    pub fn code<T: FromStr>(&self, name: &'static str, all: &[&str]) -> Answer<Option<T>> {
        let parse = |code: &str| {
            code.parse()
                .map_err(|_| AdminFailure::invalid(name, format!("{name} is one of: {}.", all.join(", "))))
        };
        self.text(name).map(parse).transpose()
    }

    /// How many rows: 50 unless told otherwise, 200 at most.
    pub fn count(&self) -> Answer<i64> {
        Ok(self.number("count")?.unwrap_or(50).clamp(1, 200))
    }

    /// Logs what the admin did.
    pub async fn log(&self, action: Action, target: (TargetKind, &str, &str), reason: String) {
        let reason = Some(reason).filter(|r| !r.is_empty());
        let line = ActivityLine::of_request(&self.context, Source::Admin, action, target, Outcome::Done, reason);
        // It is done: a log that cannot be written must not turn it into a failure.
        if let Err(error) = self.api.store.record(&[line]).await {
            tracing::warn!(%error, "an admin's action could not be logged");
        }
    }
}

/// The body of a request, whatever its Content-Type says.
pub(in crate::http) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = AdminFailure;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|refused| AdminFailure::new(refused.status(), refused.body_text()))?;
        parsed(&bytes).map(Self)
    }
}

/// A body as JSON. Not for one that may hold a secret: the words quote it.
pub(super) fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|e| {
        let said = format!("The request cannot be read: {e}. If you did not write it, reload the page.");
        AdminFailure::new(StatusCode::BAD_REQUEST, said)
    })
}
