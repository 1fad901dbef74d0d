//! `/scim/v2/Groups`.
//!
//! Owns: the handlers. Must never read members nobody asked for. Start at [`patch`].

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use scim::{Error, ListQuery, MemberChange, Patch, Projection, ResourceType, render::Meta, resource};
use serde_json::Value;

use super::{Answer, Listing, ScimFailure, base, body, done, if_match, no_content, not_modified, projection_of};
use crate::{
    http::Api,
    store::{GroupChange, GroupView, WriteContext},
};

const RT: ResourceType = ResourceType::Group;

fn render(base: &str, view: &GroupView) -> Value {
    let record = &view.record;
    let meta = Meta {
        id: record.id.clone(),
        created_ms: record.created_ms,
        modified_ms: record.modified_ms,
        version: record.version,
        location: format!("{base}/Groups/{}", record.id),
    };
    scim::render::render(RT, &record.document, &meta, None, view.members.as_deref())
}

fn answer(api: &Api, ctx: &WriteContext, status: StatusCode, view: &GroupView, projection: &Projection) -> Response {
    super::resource(
        status,
        RT,
        render(&base(api, ctx.tenant.org_id), view),
        projection,
        view.record.version,
    )
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
    let projection = projection_of(query.as_deref())?;
    let mut incoming = resource::parse(RT, &body(&bytes)?)?;
    let members = incoming.members.take().unwrap_or_default();
    let document = resource::create(RT, incoming)?;
    let id = api.ids.resource_id();
    let view = api
        .store
        .create_group(&ctx, &id, document, &members, projection.wants_members())
        .await?;
    Ok(done(
        &api,
        &ctx,
        answer(&api, &ctx, StatusCode::CREATED, &view, &projection),
    ))
}

pub(in crate::http) async fn read(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let projection = projection_of(query.as_deref())?;
    let view = api
        .store
        .group_view(&ctx.tenant, &id, projection.wants_members())
        .await?
        .ok_or_else(|| missing(&id))?;
    Ok(not_modified(&headers, view.record.version)
        .unwrap_or_else(|| answer(&api, &ctx, StatusCode::OK, &view, &projection)))
}

pub(in crate::http) async fn replace(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let projection = projection_of(query.as_deref())?;
    let mut incoming = resource::parse(RT, &body(&bytes)?)?;
    // A PUT without the key leaves the members; an empty list empties the group.
    let members = incoming.members.take().map(MemberChange::Replace).into_iter().collect();
    let check = if_match(&headers);
    let change = |current: &crate::store::GroupRecord| {
        check(current.version)?;
        let (document, changed) = resource::replace(RT, &current.document, incoming)?;
        Ok(GroupChange {
            document,
            changed,
            members,
        })
    };
    let view = api
        .store
        .update_group(&ctx, &id, projection.wants_members(), change)
        .await?
        .ok_or_else(|| missing(&id))?;
    Ok(done(&api, &ctx, answer(&api, &ctx, StatusCode::OK, &view, &projection)))
}

pub(in crate::http) async fn patch(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let projection = projection_of(query.as_deref())?;
    // Entra: "PATCH group should yield 204"; RFC 7644 §3.5.2 wants a body when attributes are asked for.
    let wants_body = !matches!(projection, Projection::Default);
    let patch = Patch::parse(&body(&bytes)?)?;
    let check = if_match(&headers);
    let change = |current: &crate::store::GroupRecord| {
        check(current.version)?;
        let applied = patch.apply(RT, &current.document)?;
        Ok(GroupChange {
            document: applied.document,
            changed: applied.changed,
            members: applied.members,
        })
    };
    let with_members = wants_body && projection.wants_members();
    let view = api
        .store
        .update_group(&ctx, &id, with_members, change)
        .await?
        .ok_or_else(|| missing(&id))?;
    let response = if wants_body {
        answer(&api, &ctx, StatusCode::OK, &view, &projection)
    } else {
        no_content(Some(view.record.version))
    };
    Ok(done(&api, &ctx, response))
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
        .delete_group(&ctx, &id, |current| check(current.version))
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
        .list_groups(&ctx.tenant, &listing.query, listing.projection.wants_members())
        .await?;
    let base = base(api, ctx.tenant.org_id);
    let resources = page.items.iter().map(|view| render(&base, view)).collect();
    Ok(listing.answer(RT, page.total, resources))
}
