//! `/scim/v2/Users`.
//!
//! Owns: the handlers. Must never decide what Grafana should look like. Start at [`create`].

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use scim::{Error, ListQuery, Patch, ResourceType, render::Meta, resource};
use serde_json::Value;

use super::{Answer, Listing, ScimFailure, base, body, done, if_match, no_content, not_modified, projection_of};
use crate::{
    http::Api,
    store::{UserChange, UserView, WriteContext},
};

const RT: ResourceType = ResourceType::User;

fn render(base: &str, view: &UserView) -> Value {
    let record = &view.record;
    let meta = Meta {
        id: record.id.clone(),
        created_ms: record.created_ms,
        modified_ms: record.modified_ms,
        version: record.version,
        location: format!("{base}/Users/{}", record.id),
    };
    scim::render::render(RT, &record.document, &meta, Some(&view.groups), None)
}

fn answer(api: &Api, ctx: &WriteContext, status: StatusCode, view: &UserView, query: Option<&str>) -> Answer {
    let projection = projection_of(query)?;
    let rendered = render(&base(api, ctx.tenant.org_id), view);
    Ok(super::resource(status, RT, rendered, &projection, view.record.version))
}

fn missing(id: &str) -> ScimFailure {
    Error::not_found(RT.name(), id).into()
}

pub(in crate::http) async fn create(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
    bytes: Bytes,
) -> Answer {
    projection_of(query.as_deref())?;
    let document = resource::create(RT, resource::parse(RT, &body(&bytes)?)?)?;
    let view = api.store.create_user(&ctx, &api.ids.resource_id(), document).await?;
    Ok(done(
        &api,
        &ctx,
        answer(&api, &ctx, StatusCode::CREATED, &view, query.as_deref())?,
    ))
}

pub(in crate::http) async fn read(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let view = api
        .store
        .user_view(&ctx.tenant, &id)
        .await?
        .ok_or_else(|| missing(&id))?;
    if let Some(same) = not_modified(&headers, view.record.version) {
        return Ok(same);
    }
    answer(&api, &ctx, StatusCode::OK, &view, query.as_deref())
}

pub(in crate::http) async fn replace(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    projection_of(query.as_deref())?;
    let incoming = resource::parse(RT, &body(&bytes)?)?;
    let check = if_match(&headers);
    let change = |current: &crate::store::UserRecord| {
        check(current.version)?;
        let (document, changed) = resource::replace(RT, &current.document, incoming)?;
        Ok(UserChange { document, changed })
    };
    let view = api
        .store
        .update_user(&ctx, &id, change)
        .await?
        .ok_or_else(|| missing(&id))?;
    Ok(done(
        &api,
        &ctx,
        answer(&api, &ctx, StatusCode::OK, &view, query.as_deref())?,
    ))
}

pub(in crate::http) async fn patch(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    projection_of(query.as_deref())?;
    let patch = Patch::parse(&body(&bytes)?)?;
    let check = if_match(&headers);
    let change = |current: &crate::store::UserRecord| {
        check(current.version)?;
        let applied = patch.apply(RT, &current.document)?;
        Ok(UserChange {
            document: applied.document,
            changed: applied.changed,
        })
    };
    let view = api
        .store
        .update_user(&ctx, &id, change)
        .await?
        .ok_or_else(|| missing(&id))?;
    // Okta's OIN apps want the user back; nobody minds.
    Ok(done(
        &api,
        &ctx,
        answer(&api, &ctx, StatusCode::OK, &view, query.as_deref())?,
    ))
}

pub(in crate::http) async fn delete(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let check = if_match(&headers);
    if !api
        .store
        .delete_user(&ctx, &id, |current| check(current.version))
        .await?
    {
        return Err(missing(&id));
    }
    Ok(done(&api, &ctx, no_content(None)))
}

pub(in crate::http) async fn list(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
) -> Answer {
    page(&api, &ctx, ListQuery::from_query(query.as_deref().unwrap_or_default())?).await
}

pub(in crate::http) async fn search(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    bytes: Bytes,
) -> Answer {
    page(&api, &ctx, ListQuery::from_search_request(&body(&bytes)?)?).await
}

async fn page(api: &Api, ctx: &WriteContext, query: ListQuery) -> Result<Response, ScimFailure> {
    let listing = Listing::new(query);
    let page = api
        .store
        .list_users(&ctx.tenant, &listing.query, listing.projection.wants_groups())
        .await?;
    let base = base(api, ctx.tenant.org_id);
    let resources = page.items.iter().map(|view| render(&base, view)).collect();
    Ok(listing.answer(RT, page.total, resources))
}
