//! One SCIM request as handlers see it.
//!
//! Owns: what is read of a request: who calls, path, body, conditions, projection. Must never read
//! an `X-Grafana-*` or `Host` header: anybody can send them. Start at [`ScimCall`].

use std::{collections::HashMap, error::Error as _};

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use scim::{
    Error, ListQuery, ResourceType, list,
    projection::{self, Projection},
    version::{Precondition, etag},
};
use serde_json::Value;
use store::WriteContext;

use super::failure::{ScimFailure, json};
use crate::http::api::{Api, MAX_BODY};

/// One SCIM request: all of it but its path and its body.
pub(in crate::http) struct ScimCall {
    /// What the process has to answer with.
    pub api: Api,
    /// Who calls, when, and for which tenant.
    pub context: WriteContext,
    /// The version the client means to change.
    pub if_match: IfMatch,
    /// The version the client has.
    if_none_match: Option<Precondition>,
    query: String,
}

impl FromRequestParts<Api> for ScimCall {
    type Rejection = ScimFailure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ScimFailure> {
        // It is put there by `auth`, without which no route is reached.
        let context = parts.extensions.get::<WriteContext>().ok_or_else(Error::internal)?;
        Ok(Self {
            api: api.clone(),
            context: context.clone(),
            if_match: IfMatch(header(&parts.headers, header::IF_MATCH).map(Precondition::from_if_match)),
            if_none_match: header(&parts.headers, header::IF_NONE_MATCH).map(Precondition::from_if_none_match),
            query: parts.uri.query().unwrap_or_default().to_owned(),
        })
    }
}

fn header(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl ScimCall {
    /// Where this tenant's resources are.
    pub fn base(&self) -> String {
        self.api.scim_url(self.context.tenant.org_id)
    }

    /// What a list is asked for in the query string.
    pub fn list_query(&self) -> Result<ListQuery, Error> {
        ListQuery::from_query(&self.query)
    }

    /// The parameters of the query string, in their order.
    pub fn parameters(&self) -> Vec<(String, String)> {
        list::query_string::parse(&self.query)
    }

    /// `attributes` and `excludedAttributes` of a request that answers one resource.
    pub fn projection(&self) -> Result<Projection, Error> {
        let find: HashMap<String, String> = self
            .parameters()
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let get = |name: &str| find.get(name).map(|names| names.split(',')).into_iter().flatten();
        Projection::new(get("attributes"), get("excludedattributes"))
    }

    /// Whether the client has this version already (304).
    pub fn not_modified(&self, version: i64) -> Option<Response> {
        let known = self.if_none_match.as_ref()?;
        known.matches(version).then(|| {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            put_etag(&mut response, version);
            response
        })
    }
}

/// The version a client means to change (RFC 7644 §3.14): another one is a 412, and nothing is
/// changed.
#[derive(Clone)]
pub(in crate::http) struct IfMatch(Option<Precondition>);

impl IfMatch {
    /// The `version` of a bulk operation.
    pub fn from_version(version: Option<&str>) -> Self {
        Self(version.map(Precondition::from_if_match))
    }

    /// Refuses every version but the wanted one.
    pub fn check(&self, version: i64) -> Result<(), Error> {
        match &self.0 {
            Some(wanted) if !wanted.matches(version) => Err(Error::precondition_failed()),
            _ => Ok(()),
        }
    }
}

/// The body of a request, whatever its Content-Type says: a missing one is common.
pub(in crate::http) struct Json(pub Value);

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = ScimFailure;

    async fn from_request(request: Request, _: &S) -> Result<Self, ScimFailure> {
        let bytes = to_bytes(request.into_body(), MAX_BODY).await.map_err(|error| {
            if error
                .source()
                .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
            {
                Error::too_large(format!("The body is larger than the limit of {MAX_BODY} bytes."))
            } else {
                Error::invalid_syntax("The body could not be read to its end.")
            }
        })?;
        Ok(Self(scim::json::parse(&bytes)?))
    }
}

/// What stands in the path for an id. axum's own refusal of bytes that are no text would not be a
/// SCIM error.
pub(in crate::http) struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ScimFailure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ScimFailure> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Error::unknown_endpoint(parts.uri.path()).into()),
        }
    }
}

/// One resource as an answer: body, ETag, Location on creation.
pub(super) fn resource(
    status: StatusCode,
    rt: ResourceType,
    mut rendered: Value,
    projection: &Projection,
    version: i64,
) -> Response {
    let location = rendered
        .pointer("/meta/location")
        .and_then(Value::as_str)
        .map(str::to_owned);
    projection::apply(projection, rt, &mut rendered);
    let mut response = json(status, &rendered);
    put_etag(&mut response, version);
    if status == StatusCode::CREATED
        && let Some(Ok(location)) = location.map(|l| HeaderValue::from_str(&l))
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// It is done, and there is nothing to show of it.
pub(super) fn no_content(version: Option<i64>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(version) = version {
        put_etag(&mut response, version);
    }
    response
}

fn put_etag(response: &mut Response, version: i64) {
    if let Ok(tag) = HeaderValue::from_str(&etag(version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}
