//! `/scim/v2/Groups`.
//!
//! Owns: what a request about a group means. Must never read members nobody asked for. Start at
//! [`Groups`].

use scim::{Error, MemberChange, Patch, Projection, ResourceType, render::Meta, resource};
use serde_json::Value;
use store::{GroupChange, GroupRecord, GroupView, Page, PageQuery};

use super::{
    call::{IfMatch, ScimCall},
    endpoint::{Endpoint, Write},
    failure::ScimFailure,
};

/// The endpoint.
pub(in crate::http) struct Groups;

impl Endpoint for Groups {
    const TYPE: ResourceType = ResourceType::Group;
    type View = GroupView;

    async fn create(call: &ScimCall, write: Write<'_>) -> Result<GroupView, ScimFailure> {
        let mut incoming = resource::parse(Self::TYPE, write.body)?;
        let members = incoming.members.take().unwrap_or_default();
        let document = resource::create(Self::TYPE, incoming)?;
        let store = &call.api.store;
        Ok(store
            .create_group(&call.context, write.id, document, &members, shows_members(write))
            .await?)
    }

    async fn read(call: &ScimCall, id: &str, shown: &Projection) -> Result<GroupView, ScimFailure> {
        let (store, tenant) = (&call.api.store, &call.context.tenant);
        let view = store.group_view(tenant, id, shown.wants_members()).await?;
        view.ok_or_else(|| Self::missing(id))
    }

    async fn replace(call: &ScimCall, write: Write<'_>) -> Result<GroupView, ScimFailure> {
        let mut incoming = resource::parse(Self::TYPE, write.body)?;
        // A PUT without the key leaves the members; an empty list empties the group.
        let members = incoming.members.take().map(MemberChange::Replace).into_iter().collect();
        change_group(call, write, |current| {
            let (document, changed) = resource::replace(Self::TYPE, &current.document, incoming)?;
            Ok(GroupChange {
                document,
                changed,
                members,
            })
        })
        .await
    }

    async fn patch(call: &ScimCall, write: Write<'_>) -> Result<GroupView, ScimFailure> {
        let patch = Patch::parse(write.body)?;
        change_group(call, write, |current| {
            let applied = patch.apply(Self::TYPE, &current.document)?;
            Ok(GroupChange {
                document: applied.document,
                changed: applied.changed,
                members: applied.members,
            })
        })
        .await
    }

    async fn delete(call: &ScimCall, id: &str, if_match: &IfMatch) -> Result<(), ScimFailure> {
        let check = |current: &GroupRecord| if_match.check(current.version);
        let found = call.api.store.delete_group(&call.context, id, check).await?;
        found.then_some(()).ok_or_else(|| Self::missing(id))
    }

    async fn page(call: &ScimCall, query: &PageQuery, shown: &Projection) -> Result<Page<GroupView>, ScimFailure> {
        let store = &call.api.store;
        Ok(store
            .list_groups(&call.context.tenant, query, shown.wants_members())
            .await?)
    }

    /// Entra: "PATCH group should yield 204"; RFC 7644 §3.5.2 wants a body when attributes are asked
    /// for.
    fn answers_patch(shown: &Projection) -> bool {
        !matches!(shown, Projection::Default)
    }

    fn render(base: &str, view: &GroupView) -> Value {
        let record = &view.record;
        let meta = Meta {
            id: record.id.clone(),
            created_ms: record.created_ms,
            modified_ms: record.modified_ms,
            version: record.version,
            location: format!("{base}/Groups/{}", record.id),
        };
        scim::render::render(Self::TYPE, &record.document, &meta, None, view.members.as_deref())
    }

    fn version(view: &GroupView) -> i64 {
        view.record.version
    }
}

fn shows_members(write: Write<'_>) -> bool {
    write.shown.is_some_and(Projection::wants_members)
}

async fn change_group(
    call: &ScimCall,
    write: Write<'_>,
    change: impl FnOnce(&GroupRecord) -> Result<GroupChange, Error> + Send,
) -> Result<GroupView, ScimFailure> {
    let change = |current: &GroupRecord| {
        write.if_match.check(current.version)?;
        change(current)
    };
    let store = &call.api.store;
    let view = store
        .update_group(&call.context, write.id, shows_members(write), change)
        .await?;
    view.ok_or_else(|| Groups::missing(write.id))
}
