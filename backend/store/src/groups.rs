//! SCIM Groups: create, read, change, delete, list.
//!
//! Owns: the rows of `scim_group`. Must never read the members unless they were asked for
//! (invariant 11). Start at [`Store::update_group`].

use std::collections::HashMap;

use domain::Tenant;
use scim::{
    error::Error as ScimError, key::fold, member::Member, patch::MemberChange, resource::Document,
    resource_type::ResourceType,
};
use sqlx::SqliteExecutor;

use super::{
    Action, ActivityLine, Error, GroupRecord, Kind, Outcome, Page, PageQuery, Result, Source, Store, TargetKind,
    Urgency, WriteContext, activity,
    document::text,
    filter, is_taken, listing,
    membership::{self, add, change_members},
    page,
    rows::Keyed,
    sql::statements,
    work,
};

statements! {
    FIND =
        "SELECT pk, id, document, version, created_ms, modified_ms FROM scim_group \
         WHERE id = $1 AND org_id = $2 AND connection = $3";
    INSERT =
        "INSERT INTO scim_group (org_id, connection, id, display_name, display_key, external_id, \
         document, version, created_ms, modified_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8) RETURNING pk";
    UPDATE =
        "UPDATE scim_group \
         SET display_name = $1, display_key = $2, external_id = $3, document = $4, version = $5, \
         modified_ms = $6 WHERE pk = $7";
    DELETE = "DELETE FROM scim_group WHERE pk = $1";
    ALL_IDS = "SELECT id FROM scim_group WHERE org_id = $1 AND connection = $2 ORDER BY pk";
    NAMES = "SELECT id, display_name FROM scim_group WHERE org_id = $1 AND connection = $2";
}

/// A group, with its members where they were asked for.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// The group.
    pub record: GroupRecord,
    /// Its members; `None` when not asked for.
    pub members: Option<Vec<Member>>,
}

/// What the closure of a change decided.
#[derive(Clone, Debug)]
pub struct GroupChange {
    /// The new attributes.
    pub document: Document,
    /// Whether they differ.
    pub changed: bool,
    /// What happens to the members, in order.
    pub members: Vec<MemberChange>,
}

fn line(ctx: &WriteContext, action: Action, id: &str, name: &str) -> ActivityLine {
    ActivityLine::of_request(
        ctx,
        Source::Scim,
        action,
        (TargetKind::Group, id, name),
        Outcome::Done,
        None,
    )
}

fn taken(e: sqlx::Error) -> Error {
    if is_taken(&e) {
        ScimError::uniqueness("displayName").into()
    } else {
        e.into()
    }
}

async fn find<'e>(db: impl SqliteExecutor<'e>, tenant: &Tenant, id: &str) -> Result<Option<Keyed<GroupRecord>>> {
    Ok(FIND
        .query_as()
        .bind(id)
        .bind(tenant.org_id.get())
        .bind(&tenant.connection)
        .fetch_optional(db)
        .await?)
}

impl Store {
    /// Creates a group with its members in one transaction.
    ///
    /// # Errors
    /// SCIM 409 `uniqueness` when the displayName is taken, 400 `invalidValue` for an unknown
    /// member.
    pub async fn create_group(
        &self,
        ctx: &WriteContext,
        id: &str,
        document: Document,
        members: &[Member],
        with_members: bool,
    ) -> Result<GroupView> {
        let name = document.display_name().unwrap_or_default().to_owned();
        let mut tx = self.begin().await?;
        let pk: i64 = INSERT
            .query_scalar()
            .bind(ctx.tenant.org_id.get())
            .bind(&ctx.tenant.connection)
            .bind(id)
            .bind(&name)
            .bind(fold(&name))
            .bind(document.external_id())
            .bind(text(&document)?)
            .bind(ctx.now_ms)
            .fetch_one(&mut *tx)
            .await
            .map_err(taken)?;
        add(&mut tx, ctx, pk, members, false).await?;
        let members = if with_members {
            Some(membership::members(&mut *tx, pk).await?)
        } else {
            None
        };
        work::mark(&mut tx, &ctx.mark(Kind::Group, id, Urgency::Normal)).await?;
        activity::insert(&mut tx, &line(ctx, Action::GroupCreate, id, &name)).await?;
        tx.commit().await?;
        let record = GroupRecord {
            id: id.to_owned(),
            document,
            version: 1,
            created_ms: ctx.now_ms,
            modified_ms: ctx.now_ms,
        };
        Ok(GroupView { record, members })
    }

    /// Reads, decides and writes in one transaction. `Ok(None)`: no such group.
    ///
    /// # Errors
    /// What `change` refuses; SCIM 409 for a taken displayName, 400 for an unknown member. Then
    /// nothing is written.
    pub async fn update_group(
        &self,
        ctx: &WriteContext,
        id: &str,
        with_members: bool,
        change: impl FnOnce(&GroupRecord) -> std::result::Result<GroupChange, ScimError> + Send,
    ) -> Result<Option<GroupView>> {
        let mut tx = self.begin().await?;
        let Some(Keyed { pk, record: current }) = find(&mut *tx, &ctx.tenant, id).await? else {
            return Ok(None);
        };
        let GroupChange {
            document,
            changed,
            members,
        } = change(&current)?;
        let members_changed = change_members(&mut tx, ctx, pk, &members).await?;
        let record = if changed || members_changed {
            let name = document.display_name().unwrap_or_default();
            let record = GroupRecord {
                version: current.version + 1,
                modified_ms: ctx.now_ms.max(current.modified_ms),
                document: document.clone(),
                ..current
            };
            UPDATE
                .query()
                .bind(name)
                .bind(fold(name))
                .bind(document.external_id())
                .bind(text(&document)?)
                .bind(record.version)
                .bind(record.modified_ms)
                .bind(pk)
                .execute(&mut *tx)
                .await
                .map_err(taken)?;
            work::mark(&mut tx, &ctx.mark(Kind::Group, id, Urgency::Normal)).await?;
            let action = if members_changed {
                Action::GroupMembers
            } else {
                Action::GroupUpdate
            };
            activity::insert(&mut tx, &line(ctx, action, id, name)).await?;
            record
        } else {
            current
        };
        let members = if with_members {
            Some(membership::members(&mut *tx, pk).await?)
        } else {
            None
        };
        tx.commit().await?;
        Ok(Some(GroupView { record, members }))
    }

    /// Deletes a group; the dirty mark makes its teams follow. `check` may refuse (If-Match).
    /// `Ok(false)`: no such group.
    pub async fn delete_group(
        &self,
        ctx: &WriteContext,
        id: &str,
        check: impl FnOnce(&GroupRecord) -> std::result::Result<(), ScimError> + Send,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let Some(Keyed { pk, record: current }) = find(&mut *tx, &ctx.tenant, id).await? else {
            return Ok(false);
        };
        check(&current)?;
        DELETE.query().bind(pk).execute(&mut *tx).await?;
        work::mark(&mut tx, &ctx.mark(Kind::Group, id, Urgency::Normal)).await?;
        let name = current.document.display_name().unwrap_or_default();
        activity::insert(&mut tx, &line(ctx, Action::GroupDelete, id, name)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// One group, without its members.
    pub async fn group(&self, tenant: &Tenant, id: &str) -> Result<Option<GroupRecord>> {
        Ok(find(&self.read, tenant, id).await?.map(|row| row.record))
    }

    /// One group, with its members only where asked for: `excludedAttributes=members` runs no
    /// member query.
    pub async fn group_view(&self, tenant: &Tenant, id: &str, with_members: bool) -> Result<Option<GroupView>> {
        let Some(Keyed { pk, record }) = find(&self.read, tenant, id).await? else {
            return Ok(None);
        };
        let members = if with_members {
            Some(membership::members(&self.read, pk).await?)
        } else {
            None
        };
        Ok(Some(GroupView { record, members }))
    }

    /// A page of groups in order of creation.
    pub async fn list_groups(&self, tenant: &Tenant, query: &PageQuery, with_members: bool) -> Result<Page<GroupView>> {
        let condition = filter::compile(query.filter.as_ref(), ResourceType::Group);
        let page = if condition.exact {
            self.list_groups_by_sql(tenant, query, &condition).await?
        } else {
            self.list_groups_by_evaluation(tenant, query, &condition).await?
        };
        let mut items = Vec::with_capacity(page.items.len());
        for (pk, record) in page.items {
            let members = if with_members {
                Some(membership::members(&self.read, pk).await?)
            } else {
                None
            };
            items.push(GroupView { record, members });
        }
        Ok(Page {
            total: page.total,
            items,
            next: page.next,
            before: page.before,
        })
    }

    async fn list_groups_by_sql(
        &self,
        tenant: &Tenant,
        query: &PageQuery,
        condition: &filter::Where,
    ) -> Result<Page<(i64, GroupRecord)>> {
        let mut count = listing::GROUPS.count(tenant, condition);
        let total: i64 = count.build_query_scalar().fetch_one(&self.read).await?;
        let mut page = page::SqlPage::new(query);
        if query.limit > 0 && query.offset < total {
            let mut select = listing::GROUPS.page(tenant, condition, &page);
            for Keyed { pk, record } in select.build_query_as().fetch_all(&self.read).await? {
                page.take(pk, (pk, record));
            }
        }
        let before: i64 = if query.after > 0 {
            let mut before = listing::GROUPS.count_before(tenant, condition, query.after);
            before.build_query_scalar().fetch_one(&self.read).await?
        } else {
            0
        };
        Ok(page.finish(total, before))
    }

    /// For filters that SQL cannot answer: evaluates every group that SQL cannot rule out, and
    /// reads its members only if the filter looks at them.
    async fn list_groups_by_evaluation(
        &self,
        tenant: &Tenant,
        query: &PageQuery,
        condition: &filter::Where,
    ) -> Result<Page<(i64, GroupRecord)>> {
        let mut select = listing::GROUPS.candidates(tenant, condition);
        let about_members = query.filter.as_ref().is_some_and(|f| filter::mentions(f, "members"));
        let mut page = page::EvaluatedPage::new(query);
        for Keyed { pk, record } in select.build_query_as().fetch_all(&self.read).await? {
            let members = if about_members {
                membership::members(&self.read, pk).await?
            } else {
                Vec::new()
            };
            let matches = query.filter.as_ref().is_none_or(|f| {
                scim::filter::matches(
                    f,
                    ResourceType::Group,
                    &filter::rendered_group(&record, &members, &query.base),
                )
            });
            if matches {
                page.take(pk, (pk, record));
            }
        }
        Ok(page.finish())
    }

    /// Ids of every group of a tenant.
    pub async fn all_group_ids(&self, tenant: &Tenant) -> Result<Vec<String>> {
        Ok(ALL_IDS
            .query_scalar()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?)
    }

    /// The displayName of every group of a tenant, by id. It costs no look at members.
    pub async fn group_names(&self, tenant: &Tenant) -> Result<HashMap<String, String>> {
        let rows: Vec<(String, String)> = NAMES
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?;
        Ok(rows.into_iter().collect())
    }
}
