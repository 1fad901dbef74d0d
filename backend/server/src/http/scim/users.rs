//! `/scim/v2/Users`.
//!
//! Owns: the handlers. Must never decide what Grafana should look like. Start at [`create`].

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
};
use scim::{
    Error, ListQuery, Patch, Projection, ResourceType,
    render::{Meta, Shown},
    resource,
    version::{Conditions, Version},
};
use serde_json::Value;

use super::{
    Answer, Id, Json, ScimFailure, SearchBody, base, conditions, done, listing, names::Contest, no_content,
    not_modified, projection_of,
};
use crate::http::Api;
use store::{Page, PageQuery, UserChange, UserView, WriteContext};

const RT: ResourceType = ResourceType::User;

fn meta(base: &str, view: &UserView) -> Meta {
    let record = &view.record;
    Meta {
        id: record.id.clone(),
        created_ms: record.created_ms,
        modified_ms: record.modified_ms,
        version: record.version,
        location: format!("{base}/Users/{}", record.id),
    }
}

fn render(base: &str, view: &UserView) -> Value {
    let groups = Some(view.groups.as_slice());
    scim::render::render(RT, &view.record.document, &meta(base, view), groups, None)
}

/// The version of a user as it is shown, with its groups.
pub(super) fn version(view: &UserView) -> Version {
    Version::of_user(view.record.version, &view.groups)
}

fn answer(api: &Api, ctx: &WriteContext, status: StatusCode, view: &UserView, query: Option<&str>) -> Answer {
    let projection = projection_of(query)?;
    let rendered = render(&base(api, ctx.tenant.org_id), view);
    Ok(super::resource(status, RT, rendered, &projection))
}

fn missing(id: &str) -> ScimFailure {
    Error::not_found(RT.name(), id).into()
}

/// 409 at once for a login that is known to be protected (R45). Only here: nothing is stored that could be lost by it,
/// while a PUT or PATCH says what must count as soon as the protection ends. It is no guard: that is the planner, which looks anew.
fn refuse_protected(api: &Api, ctx: &WriteContext, user_name: &str) -> Result<(), ScimFailure> {
    let org_id = ctx.tenant.org_id;
    let login = user_name.trim().to_lowercase();
    if api.control.is_server_admin(org_id, &login) {
        return Err(Error::conflict(
            "Grafana's account of this userName is a server admin and is not managed by SCIM.",
        )
        .into());
    }
    if api.control.settings(org_id).effective.break_glass.contains(&login) {
        return Err(Error::conflict(
            "Grafana's account of this userName is on the break-glass list and is not managed by SCIM.",
        )
        .into());
    }
    Ok(())
}

/// What a POST does, alone or in a Bulk.
pub(super) async fn create_user(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    body: &Value,
) -> Result<UserView, ScimFailure> {
    let document = resource::create(RT, resource::parse(RT, body)?)?;
    refuse_protected(api, ctx, document.user_name().unwrap_or_default())?;
    if let Some(contest) = Contest::of(api, ctx, None, &document)
        && let Some(refusal) = contest.refusal(api, ctx, None).await?
    {
        return Err(refusal.into());
    }
    Ok(api.store.create_user(ctx, id, document).await?)
}

/// What a PUT does.
pub(super) async fn replace_user(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    conditions: &Conditions,
    body: &Value,
) -> Result<UserView, ScimFailure> {
    let incoming = resource::parse(RT, body)?;
    change_user(api, ctx, id, conditions, |current| {
        let (document, changed) = resource::replace(RT, &current.record.document, incoming.clone())?;
        Ok(UserChange { document, changed })
    })
    .await
}

/// What a PATCH does.
pub(super) async fn patch_user(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    conditions: &Conditions,
    body: &Value,
) -> Result<UserView, ScimFailure> {
    let patch = Patch::parse(body)?;
    let base = base(api, ctx.tenant.org_id);
    change_user(api, ctx, id, conditions, |current| {
        let shown = Shown {
            meta: &meta(&base, current),
            groups: &current.groups,
        };
        let applied = patch.apply(RT, &current.record.document, shown)?;
        Ok(UserChange {
            document: applied.document,
            changed: applied.changed,
        })
    })
    .await
}

/// One transaction, unless the request asks for a name that an account in Grafana has: whose that is must be asked outside of it.
async fn change_user(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    conditions: &Conditions,
    change: impl Fn(&UserView) -> Result<UserChange, Error> + Send + Sync,
) -> Result<UserView, ScimFailure> {
    let mut settled: Option<Contest> = None;
    loop {
        let mut open: Option<Contest> = None;
        let attempt = |current: &UserView| {
            conditions.allow(version(current))?;
            let change = change(current)?;
            let contest = Contest::of(api, ctx, Some(&current.record.document), &change.document);
            if contest.is_some() && contest != settled {
                open = contest;
                // Only ends the transaction; never answered.
                return Err(Error::internal());
            }
            Ok(change)
        };
        let done = api.store.update_user(ctx, id, attempt).await;
        let Some(contest) = open else {
            return done?.ok_or_else(|| missing(id));
        };
        if let Some(refusal) = contest.refusal(api, ctx, Some(id)).await? {
            return Err(refusal.into());
        }
        settled = Some(contest);
    }
}

/// What a DELETE does.
pub(super) async fn delete_user(
    api: &Api,
    ctx: &WriteContext,
    id: &str,
    conditions: &Conditions,
) -> Result<(), ScimFailure> {
    let check = |current: &UserView| conditions.allow(version(current));
    if api.store.delete_user(ctx, id, check).await? {
        Ok(())
    } else {
        Err(missing(id))
    }
}

/// A page of users as answers show them.
pub(super) async fn page(
    api: &Api,
    ctx: &WriteContext,
    query: &PageQuery,
    projection: &Projection,
) -> Result<Page<Value>, ScimFailure> {
    let with_groups = projection.wants_groups() || projection.wants_version();
    let page = api.store.list_users(&ctx.tenant, query, with_groups).await?;
    let base = base(api, ctx.tenant.org_id);
    Ok(page.map(|view| render(&base, &view)))
}

pub(in crate::http) async fn create(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
    Json(body): Json,
) -> Answer {
    projection_of(query.as_deref())?;
    let view = create_user(&api, &ctx, &api.ids.resource_id(), &body).await?;
    Ok(done(
        &api,
        &ctx,
        answer(&api, &ctx, StatusCode::CREATED, &view, query.as_deref())?,
    ))
}

pub(in crate::http) async fn read(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(id): Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let view = api
        .store
        .user_view(&ctx.tenant, &id)
        .await?
        .ok_or_else(|| missing(&id))?;
    if let Some(same) = not_modified(&headers, version(&view))? {
        return Ok(same);
    }
    answer(&api, &ctx, StatusCode::OK, &view, query.as_deref())
}

pub(in crate::http) async fn replace(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(id): Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Json(body): Json,
) -> Answer {
    projection_of(query.as_deref())?;
    let view = replace_user(&api, &ctx, &id, &conditions(&headers), &body).await?;
    Ok(done(
        &api,
        &ctx,
        answer(&api, &ctx, StatusCode::OK, &view, query.as_deref())?,
    ))
}

pub(in crate::http) async fn patch(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(id): Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Json(body): Json,
) -> Answer {
    projection_of(query.as_deref())?;
    let view = patch_user(&api, &ctx, &id, &conditions(&headers), &body).await?;
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
    Id(id): Id,
    headers: HeaderMap,
) -> Answer {
    delete_user(&api, &ctx, &id, &conditions(&headers)).await?;
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
