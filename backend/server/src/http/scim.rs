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

use std::error::Error as _;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use scim::{
    Error, ListQuery, ResourceType,
    projection::{self, Projection},
    version::{Conditions, Version},
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

const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json; charset=utf-8");

pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, SCIM_JSON);
    response
}

/// The body of a request, whatever its Content-Type says: a missing one is common.
pub(super) struct Json(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = ScimFailure;

    async fn from_request(request: Request, _: &S) -> Result<Self, ScimFailure> {
        Ok(Self(scim::json::parse(&whole_body(request).await?)?))
    }
}

async fn whole_body(request: Request) -> Result<Bytes, Error> {
    to_bytes(request.into_body(), MAX_BODY).await.map_err(|error| {
        if error
            .source()
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
        {
            Error::too_large(format!("The body is larger than the limit of {MAX_BODY} bytes."))
        } else {
            Error::invalid_syntax("The body could not be read to its end.")
        }
    })
}

/// The body of a `.search`, which may be left out.
pub(super) struct SearchBody(pub(super) ListQuery);

impl<S: Send + Sync> FromRequest<S> for SearchBody {
    type Rejection = ScimFailure;

    async fn from_request(request: Request, _: &S) -> Result<Self, ScimFailure> {
        Ok(Self(ListQuery::from_search_bytes(&whole_body(request).await?)?))
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
pub(super) fn resource(status: StatusCode, rt: ResourceType, mut rendered: Value, projection: &Projection) -> Response {
    let of_meta = |name: &str| rendered.pointer(name).and_then(Value::as_str).map(str::to_owned);
    let (location, tag) = (of_meta("/meta/location"), of_meta("/meta/version"));
    projection::apply(projection, rt, &mut rendered);
    let mut response = json(status, &rendered);
    with_etag(&mut response, &tag.unwrap_or_default());
    if status == StatusCode::CREATED
        && let Some(Ok(location)) = location.map(|l| HeaderValue::from_str(&l))
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// 204, with the type of every other answer: SCIM-SDK, pyscim and scim-sanity read it before they look whether there is a body.
pub(super) fn no_content(version: Option<Version>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, SCIM_JSON);
    if let Some(version) = version {
        with_etag(&mut response, &version.etag());
    }
    response
}

fn with_etag(response: &mut Response, tag: &str) {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

/// The conditions of a request on the resource it is about (RFC 9110 §13.1).
pub(super) fn conditions(headers: &HeaderMap) -> Conditions {
    // What is no text is no tag of ours: it stays in the list and matches nothing.
    let lines = |name: header::HeaderName| {
        headers
            .get_all(name)
            .into_iter()
            .map(|line| line.to_str().unwrap_or("?"))
    };
    Conditions::new(lines(header::IF_MATCH), lines(header::IF_NONE_MATCH))
}

/// The answer to a GET or HEAD of a client that has this version already (304).
pub(super) fn not_modified(headers: &HeaderMap, version: Version) -> Result<Option<Response>, Error> {
    Ok(conditions(headers).has(version)?.then(|| {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        with_etag(&mut response, &version.etag());
        response
    }))
}

/// `attributes` and `excludedAttributes` of a request that answers one resource.
pub(super) fn projection_of(query: Option<&str>) -> Result<Projection, ScimFailure> {
    Ok(Projection::from_query(query.unwrap_or_default())?)
}

/// The engine may start: the change is on disk.
pub(super) fn done(api: &Api, context: &WriteContext, response: Response) -> Response {
    tracing::debug!(correlation = %context.correlation, "a SCIM change was stored");
    api.control.wake();
    response
}
