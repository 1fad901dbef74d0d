//! SCIM requests and answers.
//!
//! Owns: what users and groups share: bodies, errors, resource answers, lists. Must never let anything but a SCIM error out: Okta
//! fails a second time on a body it cannot read. Start at [`users`].

pub(super) mod discovery;
pub(super) mod groups;
pub(super) mod users;

use std::collections::HashMap;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use scim::{
    Error, ListQuery, ResourceType,
    list::{self, list_response},
    projection::{self, Projection},
    version::{Precondition, etag},
};
use serde_json::Value;

use super::{Api, routes::PATH_PREFIX};
use crate::store::{self, PageQuery, WriteContext};

/// The largest page, and the page when nobody says how much: rauthy stops reading at a page shorter than 100.
pub(super) const MAX_RESULTS: u64 = 1000;
const DEFAULT_RESULTS: u64 = 100;

/// A SCIM error on its way out.
#[derive(Debug)]
pub(super) struct ScimFailure(Error);

/// The detail of an error answer, for the log (the body is already bytes by then).
#[derive(Clone, Debug)]
pub(super) struct Refusal(pub String);

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

/// Parses a body, whatever its Content-Type says: a missing one is common.
pub(super) fn body(bytes: &Bytes) -> Result<Value, ScimFailure> {
    Ok(scim::json::parse(bytes)?)
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

/// RFC 7644 §3.14: an If-Match that names another version is a 412, and nothing is changed.
pub(super) fn if_match(headers: &HeaderMap) -> impl FnOnce(i64) -> Result<(), Error> + Send + use<> {
    let wanted = headers
        .get(header::IF_MATCH)
        .and_then(|v| v.to_str().ok())
        .map(Precondition::from_if_match);
    move |version| match wanted {
        Some(wanted) if !wanted.matches(version) => Err(Error::precondition_failed()),
        _ => Ok(()),
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

/// A list as asked for: page by the store, or, when sorted, by us.
pub(super) struct Listing {
    pub(super) query: PageQuery,
    start_index: u64,
    count: u64,
    sort: Option<list::SortBy>,
    pub(super) projection: Projection,
}

impl Listing {
    pub(super) fn new(query: ListQuery) -> Self {
        let count = query.count.unwrap_or(DEFAULT_RESULTS).min(MAX_RESULTS);
        let start_index = query.start_index.max(1);
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        // What is to be sorted has to be read whole first: the sort key may be any attribute.
        let (offset, limit) = if query.sort.is_some() {
            (0, i64::MAX)
        } else {
            (number(start_index - 1), number(count))
        };
        Self {
            query: PageQuery {
                filter: query.filter,
                offset,
                limit,
            },
            start_index,
            count,
            sort: query.sort,
            projection: query.projection,
        }
    }

    pub(super) fn answer(self, rt: ResourceType, total: i64, mut resources: Vec<Value>) -> Response {
        if let Some(sort) = &self.sort {
            list::sort::sort(sort, rt, &mut resources);
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            resources = resources
                .into_iter()
                .skip(at(self.start_index - 1))
                .take(at(self.count))
                .collect();
        }
        for rendered in &mut resources {
            projection::apply(&self.projection, rt, rendered);
        }
        let total = u64::try_from(total).unwrap_or(0);
        json(StatusCode::OK, &list_response(total, self.start_index, resources, None))
    }
}

/// The engine may start: the change is on disk.
pub(super) fn done(api: &Api, context: &WriteContext, response: Response) -> Response {
    tracing::debug!(correlation = %context.correlation, "a SCIM change was stored");
    api.control.wake();
    response
}
