//! `/scim/v2/Groups`.
//!
//! Owns: the handlers. Must never read members nobody asked for. Start at [`patch`].

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use scim::{
    Error, ListQuery, MemberChange, Patch, Projection, ResourceType,
    render::{Meta, Shown},
    resource,
    version::{Conditions, Version},
};
use serde_json::Value;

use super::{
    Answer, Id, Json, ScimFailure, SearchBody, base, conditions, done, listing, no_content, not_modified, projection_of,
};
use crate::http::Api;
use store::{GroupChange, GroupRecord, GroupView, Page, PageQuery, WriteContext};

const RT: ResourceType = ResourceType::Group;

fn meta(base: &str, record: &GroupRecord) -> Meta {
    Meta {
        id: record.id.clone(),
        created_ms: record.created_ms,
        modified_ms: record.modified_ms,
        version: record.version,
        location: format!("{base}/Groups/{}", record.id),
    }
}

fn render(base: &str, view: &GroupView) -> Value {
    let meta = meta(base, &view.record);
    scim::render::render(RT, &view.record.document, &meta, None, view.members.as_deref())
}

/// The version of a group: its number counts its members as well.
pub(super) fn version(view: &GroupView) -> Version {
    Version::new(view.record.version)
}

fn answer(api: &Api, ctx: &WriteContext, status: StatusCode, view: &GroupView, projection: &Projection) -> Response {
    super::resource(status, RT, render(&base(api, ctx.tenant.org_id), view), projection)
}

fn missing(id: &str) -> ScimFailure {
    Error::not_found(RT.name(), id).into()
}

/// What a POST does, alone or in a Bulk.
pub(super) async fn create_group(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    body: &Value,
    with_members: bool,
) -> Result<GroupView, ScimFailure> {
    let mut incoming = resource::parse(RT, body)?;
    let members = incoming.members.take().unwrap_or_default();
    let document = resource::create(RT, incoming)?;
    Ok(api
        .store
        .create_group(ctx, id, document, &members, with_members)
        .await?)
}

/// What a PUT does.
pub(super) async fn replace_group(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    conditions: &Conditions,
    body: &Value,
    with_members: bool,
) -> Result<GroupView, ScimFailure> {
    let mut incoming = resource::parse(RT, body)?;
    // A PUT without the key leaves the members; an empty list empties the group.
    let members = incoming.members.take().map(MemberChange::Replace).into_iter().collect();
    let change = |current: &GroupRecord| {
        conditions.allow(Version::new(current.version))?;
        let (document, changed) = resource::replace(RT, &current.document, incoming)?;
        Ok(GroupChange {
            document,
            changed,
            members,
        })
    };
    let view = api.store.update_group(ctx, id, with_members, change).await?;
    view.ok_or_else(|| missing(id))
}

/// What a PATCH does.
pub(super) async fn patch_group(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    conditions: &Conditions,
    body: &Value,
    with_members: bool,
) -> Result<GroupView, ScimFailure> {
    let patch = Patch::parse(body)?;
    let base = base(api, ctx.tenant.org_id);
    let change = |current: &GroupRecord| {
        conditions.allow(Version::new(current.version))?;
        let shown = Shown {
            meta: &meta(&base, current),
            groups: &[],
        };
        let applied = patch.apply(RT, &current.document, shown)?;
        Ok(GroupChange {
            document: applied.document,
            changed: applied.changed,
            members: applied.members,
        })
    };
    let view = api.store.update_group(ctx, id, with_members, change).await?;
    view.ok_or_else(|| missing(id))
}

/// What a DELETE does.
pub(super) async fn delete_group(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    conditions: &Conditions,
) -> Result<(), ScimFailure> {
    let check = |current: &GroupRecord| conditions.allow(Version::new(current.version));
    if api.store.delete_group(ctx, id, check).await? {
        Ok(())
    } else {
        Err(missing(id))
    }
}

/// A page of groups as answers show them.
pub(super) async fn page(
    api: &Api,
    ctx: &WriteContext,
    query: &PageQuery,
    projection: &Projection,
) -> Result<Page<Value>, ScimFailure> {
    let page = api
        .store
        .list_groups(&ctx.tenant, query, projection.wants_members())
        .await?;
    let base = base(api, ctx.tenant.org_id);
    Ok(page.map(|view| render(&base, &view)))
}

pub(in crate::http) async fn create(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
    Json(body): Json,
) -> Answer {
    let projection = projection_of(query.as_deref())?;
    let id = api.ids.resource_id();
    let view = create_group(&api, &ctx, &id, &body, projection.wants_members()).await?;
    Ok(done(
        &api,
        &ctx,
        answer(&api, &ctx, StatusCode::CREATED, &view, &projection),
    ))
}

pub(in crate::http) async fn read(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(id): Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let projection = projection_of(query.as_deref())?;
    let view = api
        .store
        .group_view(&ctx.tenant, &id, projection.wants_members())
        .await?
        .ok_or_else(|| missing(&id))?;
    Ok(not_modified(&headers, version(&view))?
        .unwrap_or_else(|| answer(&api, &ctx, StatusCode::OK, &view, &projection)))
}

pub(in crate::http) async fn replace(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(id): Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Json(body): Json,
) -> Answer {
    let projection = projection_of(query.as_deref())?;
    let conditions = conditions(&headers);
    let view = replace_group(&api, &ctx, &id, &conditions, &body, projection.wants_members()).await?;
    Ok(done(&api, &ctx, answer(&api, &ctx, StatusCode::OK, &view, &projection)))
}

pub(in crate::http) async fn patch(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(id): Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Json(body): Json,
) -> Answer {
    let projection = projection_of(query.as_deref())?;
    // Entra: "PATCH group should yield 204"; RFC 7644 §3.5.2 wants a body when attributes are asked for.
    let wants_body = !matches!(projection, Projection::Default);
    let with_members = wants_body && projection.wants_members();
    let view = patch_group(&api, &ctx, &id, &conditions(&headers), &body, with_members).await?;
    let response = if wants_body {
        answer(&api, &ctx, StatusCode::OK, &view, &projection)
    } else {
        no_content(Some(version(&view)))
    };
    Ok(done(&api, &ctx, response))
}

pub(in crate::http) async fn delete(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(id): Id,
    headers: HeaderMap,
) -> Answer {
    delete_group(&api, &ctx, &id, &conditions(&headers)).await?;
    Ok(done(&api, &ctx, no_content(None)))
}

pub(in crate::http) async fn list(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = ListQuery::from_query(query.as_deref().unwrap_or_default())?;
    listing::list(&api, &ctx, query, &[RT]).await
}

pub(in crate::http) async fn search(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    SearchBody(query): SearchBody,
) -> Answer {
    listing::list(&api, &ctx, query, &[RT]).await
}
