//! One SCIM request as handlers see it.
//!
//! Owns: what is read of a request: who calls, path, body, conditions, projection. Must never read
//! an `X-Grafana-*` or `Host` header: anybody can send them. Start at [`ScimCall`].

use std::error::Error as _;

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use scim::{
    Error, ListQuery, ResourceType, list,
    projection::{self, Projection},
    version::{Conditions, Version},
};
use serde_json::Value;
use store::WriteContext;

use super::failure::{SCIM_JSON, ScimFailure, json};
use crate::http::api::{Api, MAX_BODY};

/// One SCIM request: all of it but its path and its body.
pub(in crate::http) struct ScimCall {
    /// What the process has to answer with.
    pub api: Api,
    /// Who calls, when, and for which tenant.
    pub context: WriteContext,
    /// Its conditions on the resource it is about (RFC 9110 §13.1).
    pub conditions: Conditions,
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
            conditions: Conditions::new(
                lines(&parts.headers, &header::IF_MATCH),
                lines(&parts.headers, &header::IF_NONE_MATCH),
            ),
            query: parts.uri.query().unwrap_or_default().to_owned(),
        })
    }
}

/// What is no text is no tag of ours: it stays in the list and matches nothing.
fn lines<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).into_iter();
    lines.map(|line| line.to_str().unwrap_or("?"))
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
        Projection::from_query(&self.query)
    }

    /// The answer to a GET or HEAD of a client that has this version already (304).
    pub fn not_modified(&self, version: Version) -> Result<Option<Response>, Error> {
        Ok(self.conditions.has(version)?.then(|| {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            put_etag(&mut response, version);
            response
        }))
    }
}

/// The body of a request, whatever its Content-Type says: a missing one is common.
pub(in crate::http) struct Json(pub Value);

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = ScimFailure;

    async fn from_request(request: Request, _: &S) -> Result<Self, ScimFailure> {
        Ok(Self(scim::json::parse(&whole_body(request).await?)?))
    }
}

/// The body of a `.search`, which may be left out.
pub(in crate::http) struct Search(pub ListQuery);

impl<S: Send + Sync> FromRequest<S> for Search {
    type Rejection = ScimFailure;

    async fn from_request(request: Request, _: &S) -> Result<Self, ScimFailure> {
        Ok(Self(ListQuery::from_search_bytes(&whole_body(request).await?)?))
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
    version: Version,
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

/// It is done, and there is nothing to show of it. The type is that of every other answer: SCIM-SDK,
/// pyscim and scim-sanity read it before they look whether there is a body.
pub(super) fn no_content(version: Option<Version>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, SCIM_JSON);
    if let Some(version) = version {
        put_etag(&mut response, version);
    }
    response
}

fn put_etag(response: &mut Response, version: Version) {
    if let Ok(tag) = HeaderValue::from_str(&version.etag()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}
