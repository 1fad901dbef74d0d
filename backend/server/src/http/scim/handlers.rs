//! The handlers of `/Users`, `/Groups` and of `/scim/v2` itself, which lists both.
//!
//! Owns: which answer a request gets once its [`Endpoint`] has done it. Must never know one
//! resource type from another. Start at [`create`].

use axum::http::StatusCode;
use scim::{ListQuery, Projection, ResourceType};
use serde_json::Value;

use super::{
    call::{Id, Json, ScimCall, no_content, resource},
    endpoint::{Endpoint, Write},
    failure::Answer,
    listing,
};

fn write<'a>(call: &'a ScimCall, id: &'a str, body: &'a Value, shown: Option<&'a Projection>) -> Write<'a> {
    Write {
        id,
        if_match: &call.if_match,
        body,
        shown,
    }
}

fn answer<E: Endpoint>(call: &ScimCall, status: StatusCode, view: &E::View, shown: &Projection) -> Answer {
    let rendered = E::render(&call.base(), view);
    Ok(resource(status, E::TYPE, rendered, shown, E::version(view)))
}

pub(in crate::http) async fn create<E: Endpoint>(call: ScimCall, Json(body): Json) -> Answer {
    let shown = call.projection()?;
    let id = call.api.ids.resource_id();
    let view = E::create(&call, write(&call, &id, &body, Some(&shown))).await?;
    answer::<E>(&call, StatusCode::CREATED, &view, &shown)
}

pub(in crate::http) async fn read<E: Endpoint>(call: ScimCall, Id(id): Id) -> Answer {
    let shown = call.projection()?;
    let view = E::read(&call, &id, &shown).await?;
    match call.not_modified(E::version(&view)) {
        Some(same) => Ok(same),
        None => answer::<E>(&call, StatusCode::OK, &view, &shown),
    }
}

pub(in crate::http) async fn replace<E: Endpoint>(call: ScimCall, Id(id): Id, Json(body): Json) -> Answer {
    let shown = call.projection()?;
    let view = E::replace(&call, write(&call, &id, &body, Some(&shown))).await?;
    answer::<E>(&call, StatusCode::OK, &view, &shown)
}

pub(in crate::http) async fn patch<E: Endpoint>(call: ScimCall, Id(id): Id, Json(body): Json) -> Answer {
    let shown = call.projection()?;
    let shown = Some(&shown).filter(|shown| E::answers_patch(shown));
    let view = E::patch(&call, write(&call, &id, &body, shown)).await?;
    match shown {
        Some(shown) => answer::<E>(&call, StatusCode::OK, &view, shown),
        None => Ok(no_content(Some(E::version(&view)))),
    }
}

pub(in crate::http) async fn delete<E: Endpoint>(call: ScimCall, Id(id): Id) -> Answer {
    E::delete(&call, &id, &call.if_match).await?;
    Ok(no_content(None))
}

pub(in crate::http) async fn list<E: Endpoint>(call: ScimCall) -> Answer {
    listing::list(&call, call.list_query()?, &[E::TYPE]).await
}

/// RFC 7644 §3.4.3.
pub(in crate::http) async fn search<E: Endpoint>(call: ScimCall, Json(body): Json) -> Answer {
    listing::list(&call, ListQuery::from_search_request(&body)?, &[E::TYPE]).await
}

/// RFC 7644 §3.4.2.1.
pub(in crate::http) async fn list_all(call: ScimCall) -> Answer {
    listing::list(&call, call.list_query()?, &ResourceType::ALL).await
}

/// RFC 7644 §3.4.3.
pub(in crate::http) async fn search_all(call: ScimCall, Json(body): Json) -> Answer {
    listing::list(&call, ListQuery::from_search_request(&body)?, &ResourceType::ALL).await
}
