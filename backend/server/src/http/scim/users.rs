//! `/scim/v2/Users`.
//!
//! Owns: what a request about a user means. Must never decide what Grafana should look like. Start
//! at [`Users`].

use domain::{attention::Protection, wording};
use scim::{
    Error, Patch, Projection, ResourceType,
    render::{Meta, Shown},
    resource,
    version::{Conditions, Version},
};
use serde_json::Value;
use store::{Decision, Page, PageQuery, Updated, UserChange, UserView};

use super::{
    call::ScimCall,
    endpoint::{Endpoint, Write},
    failure::ScimFailure,
    names::NameCheck,
};

/// The endpoint.
pub(in crate::http) struct Users;

impl Endpoint for Users {
    const TYPE: ResourceType = ResourceType::User;
    type View = UserView;

    async fn create(call: &ScimCall, write: Write<'_>) -> Result<UserView, ScimFailure> {
        let document = resource::create(Self::TYPE, resource::parse(Self::TYPE, write.body)?)?;
        refuse_protected(call, document.user_name().unwrap_or_default())?;
        if let Some(conflict) = NameCheck::find(call, None, &document)
            && let Some(refusal) = conflict.refusal(call, None).await?
        {
            return Err(refusal.into());
        }
        Ok(call.api.store.create_user(&call.context, write.id, document).await?)
    }

    async fn read(call: &ScimCall, id: &str, _: &Projection) -> Result<UserView, ScimFailure> {
        let view = call.api.store.user_view(&call.context.tenant, id).await?;
        view.ok_or_else(|| Self::missing(id))
    }

    async fn replace(call: &ScimCall, write: Write<'_>) -> Result<UserView, ScimFailure> {
        let incoming = resource::parse(Self::TYPE, write.body)?;
        change_user(call, write, |current| {
            let (document, changed) = resource::replace(Self::TYPE, &current.record.document, incoming.clone())?;
            Ok(UserChange {
                document,
                changed,
                says_active: true,
            })
        })
        .await
    }

    async fn patch(call: &ScimCall, write: Write<'_>) -> Result<UserView, ScimFailure> {
        let patch = Patch::parse(write.body)?;
        let base = call.base();
        change_user(call, write, |current| {
            let shown = Shown {
                meta: &meta(&base, current),
                groups: &current.groups,
            };
            let applied = patch.apply(Self::TYPE, &current.record.document, shown)?;
            Ok(UserChange {
                document: applied.document,
                changed: applied.changed,
                says_active: patch.mentions("active"),
            })
        })
        .await
    }

    async fn delete(call: &ScimCall, id: &str, conditions: &Conditions) -> Result<(), ScimFailure> {
        let check = |current: &UserView| conditions.allow(Self::version(current));
        let found = call.api.store.delete_user(&call.context, id, check).await?;
        found.then_some(()).ok_or_else(|| Self::missing(id))
    }

    async fn page(call: &ScimCall, query: &PageQuery, shown: &Projection) -> Result<Page<UserView>, ScimFailure> {
        let store = &call.api.store;
        let with_groups = shown.wants_groups() || shown.wants_version();
        Ok(store.list_users(&call.context.tenant, query, with_groups).await?)
    }

    /// Okta's OIN apps want the user back; nobody minds.
    fn answers_patch(_: &Projection) -> bool {
        true
    }

    fn render(base: &str, view: &UserView) -> Value {
        let groups = Some(view.groups.as_slice());
        scim::render::render(Self::TYPE, &view.record.document, &meta(base, view), groups, None)
    }

    fn version(view: &UserView) -> Version {
        Version::of_user(view.record.version, &view.groups)
    }
}

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

/// 409 at once for a login that is known to be protected (R45). Only here: nothing is stored that could be
/// lost by it, while a PUT or PATCH says what must count as soon as the protection ends. It is no
/// guard: that is the planner, which looks again.
fn refuse_protected(call: &ScimCall, user_name: &str) -> Result<(), ScimFailure> {
    let (control, org_id) = (&call.api.control, call.context.tenant.org_id);
    let login = user_name.trim().to_lowercase();
    let owner = control.name_owners(org_id, &login, None).login;
    let reserved = control.settings(org_id).effective.break_glass.contains(&login);
    let why = match owner.and_then(|owner| control.protection(org_id, owner.id)) {
        // Nobody is made with a name on the list.
        None if reserved => Protection::BreakGlass,
        None => return Ok(()),
        Some(why) => why,
    };
    Err(Error::conflict(format!(
        "Grafana's account of this userName is not managed by SCIM: {}.",
        wording::protection(why)
    ))
    .into())
}

/// One transaction, unless the request asks for a name that an account in Grafana has: who manages
/// that account is read outside of it, and then the change is tried again.
async fn change_user(
    call: &ScimCall,
    write: Write<'_>,
    change: impl Fn(&UserView) -> Result<UserChange, Error> + Send + Sync,
) -> Result<UserView, ScimFailure> {
    let mut settled: Option<NameCheck> = None;
    loop {
        let decide = |current: &UserView| {
            write.conditions.allow(Users::version(current))?;
            let change = change(current)?;
            Ok(
                match NameCheck::find(call, Some(&current.record.document), &change.document) {
                    Some(conflict) if settled != Some(conflict) => Decision::LookFirst(conflict),
                    _ => Decision::Write(change),
                },
            )
        };
        match call.api.store.update_user(&call.context, write.id, decide).await? {
            Updated::Written(view) => return Ok(view),
            Updated::NoSuchUser => return Err(Users::missing(write.id)),
            Updated::LooksFirst(conflict) => {
                if let Some(refusal) = conflict.refusal(call, Some(write.id)).await? {
                    return Err(refusal.into());
                }
                settled = Some(conflict);
            }
        }
    }
}
