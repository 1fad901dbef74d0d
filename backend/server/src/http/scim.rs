//! SCIM requests and answers.
//!
//! Owns: what users and groups share: bodies, errors, resource answers. Must never let anything but a SCIM error out: Okta
//! fails a second time on a body it cannot read. Start at [`users`].

pub(super) mod bulk;
pub(super) mod discovery;
pub(super) mod groups;
mod listing;
mod names;
pub(super) mod root;
pub(super) mod users;

use std::{collections::HashMap, error::Error as _};

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use scim::{
    Error, ResourceType, list,
    projection::{self, Projection},
    version::{Precondition, etag},
};
use serde_json::Value;

use super::{Api, MAX_BODY, routes::PATH_PREFIX};
use store::{self, WriteContext};

/// A SCIM error on its way out.
#[derive(Debug)]
pub(super) struct ScimFailure(Error);

/// The detail of an error answer, for the log (the body is already bytes by then).
#[derive(Clone, Debug)]
pub(super) struct Refusal(pub String);

impl ScimFailure {
    /// The error itself, for an answer that holds several.
    pub(super) fn into_error(self) -> Error {
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

/// The result of every SCIM handler.
pub(super) type Answer = Result<Response, ScimFailure>;

pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/scim+json; charset=utf-8"),
    );
    response
}

/// The body of a request, whatever its Content-Type says: a missing one is common.
pub(super) struct Json(pub(super) Value);

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

/// What stands in the path for an id. axum's own refusal of bytes that are no text would not be a SCIM error.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ScimFailure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ScimFailure> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Error::unknown_endpoint(parts.uri.path()).into()),
        }
    }
}

/// The SCIM base URL: absolute where Grafana's public URL is known, else a reference from the root. Never from headers: Grafana
/// removes Host and X-Forwarded-Host, and anybody could send them.
pub(super) fn base(api: &Api, org_id: i64) -> String {
    let public = api.control.public_url(org_id).unwrap_or_default();
    format!("{}{PATH_PREFIX}/scim/v2", public.trim_end_matches('/'))
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
    with_etag(&mut response, version);
    if status == StatusCode::CREATED
        && let Some(Ok(location)) = location.map(|l| HeaderValue::from_str(&l))
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

pub(super) fn no_content(version: Option<i64>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(version) = version {
        with_etag(&mut response, version);
    }
    response
}

fn with_etag(response: &mut Response, version: i64) {
    if let Ok(tag) = HeaderValue::from_str(&etag(version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

/// The version a client means to change (RFC 7644 §3.14): another one is a 412, and nothing is changed.
pub(super) struct IfMatch(Option<Precondition>);

impl IfMatch {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let header = headers.get(header::IF_MATCH);
        Self(header.and_then(|v| v.to_str().ok()).map(Precondition::from_if_match))
    }

    /// The `version` of a bulk operation.
    pub(super) fn of_version(version: Option<&str>) -> Self {
        Self(version.map(Precondition::from_if_match))
    }

    pub(super) fn check(&self, version: i64) -> Result<(), Error> {
        match &self.0 {
            Some(wanted) if !wanted.matches(version) => Err(Error::precondition_failed()),
            _ => Ok(()),
        }
    }
}

/// Whether the client has this version already (304).
pub(super) fn not_modified(headers: &HeaderMap, version: i64) -> Option<Response> {
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok())
        .map(Precondition::from_if_none_match)?;
    known.matches(version).then(|| {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        with_etag(&mut response, version);
        response
    })
}

/// `attributes` and `excludedAttributes` of a request that answers one resource.
pub(super) fn projection_of(query: Option<&str>) -> Result<Projection, ScimFailure> {
    let find: HashMap<String, String> = list::query_string::parse(query.unwrap_or_default())
        .into_iter()
        .map(|(k, v)| (k.to_ascii_lowercase(), v))
        .collect();
    let get = |name: &str| find.get(name).map(|names| names.split(',')).into_iter().flatten();
    Ok(Projection::new(get("attributes"), get("excludedattributes"))?)
}

/// The engine may start: the change is on disk.
pub(super) fn done(api: &Api, context: &WriteContext, response: Response) -> Response {
    tracing::debug!(correlation = %context.correlation, "a SCIM change was stored");
    api.control.wake();
    response
}
