//! SCIM Groups: create, read, change, delete, list.
//!
//! Owns: the rows of `scim_group`. Must never read the members unless they were asked for (invariant 11). Start at
//! [`Store::update_group`].

use domain::Tenant;
use scim::{
    error::Error as ScimError, key::fold, member::Member, patch::MemberChange, resource::Document,
    resource_type::ResourceType,
};
use sqlx::{QueryBuilder, Row, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Action, ActivityLine, Error, GroupRecord, Kind, Outcome, Page, PageQuery, Result, Source, Store, TargetKind,
    Urgency, WriteContext, activity,
    document::{document, text},
    filter, is_taken,
    membership::{add, change_members, members_in},
    page, work,
};

/// A group, with its members where they were asked for.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// The group.
    pub record: GroupRecord,
    /// Its members; `None` when not asked for.
    pub members: Option<Vec<Member>>,
}

/// What a change closure decided.
#[derive(Clone, Debug)]
pub struct GroupChange {
    /// The new attributes.
    pub document: Document,
    /// Whether they differ.
    pub changed: bool,
    /// What happens to the members, in order.
    pub members: Vec<MemberChange>,
}

const COLUMNS: &str = "g.pk, g.id, g.document, g.version, g.created_ms, g.modified_ms";

fn record(row: &SqliteRow) -> Result<GroupRecord> {
    Ok(GroupRecord {
        id: row.try_get("id")?,
        document: document(row.try_get("document")?)?,
        version: row.try_get("version")?,
        created_ms: row.try_get("created_ms")?,
        modified_ms: row.try_get("modified_ms")?,
    })
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

async fn find(
    tx: &mut Transaction<'static, Sqlite>,
    ctx: &WriteContext,
    id: &str,
) -> Result<Option<(i64, GroupRecord)>> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM scim_group g WHERE g.id = $1 AND g.org_id = $2 AND g.connection = $3"
    )))
    .bind(id)
    .bind(ctx.tenant.org_id)
    .bind(&ctx.tenant.connection)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| Ok((row.try_get("pk")?, record(&row)?))).transpose()
}

impl Store {
    /// Creates a group with its members in one transaction.
    ///
    /// # Errors
    /// SCIM 409 `uniqueness` when the displayName is taken, 400 `invalidValue` for an unknown member.
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
        let pk: i64 = sqlx::query_scalar(
            "INSERT INTO scim_group (org_id, connection, id, display_name, display_key, external_id, document, version, created_ms, \
             modified_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8) RETURNING pk",
        )
        .bind(ctx.tenant.org_id)
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
            Some(members_in(&mut tx, pk).await?)
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
    /// What `change` refuses; SCIM 409 for a taken displayName, 400 for an unknown member. Then nothing is written.
    pub async fn update_group(
        &self,
        ctx: &WriteContext,
        id: &str,
        with_members: bool,
        change: impl FnOnce(&GroupRecord) -> std::result::Result<GroupChange, ScimError> + Send,
    ) -> Result<Option<GroupView>> {
        let mut tx = self.begin().await?;
        let Some((pk, current)) = find(&mut tx, ctx, id).await? else {
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
            sqlx::query(
                "UPDATE scim_group SET display_name = $1, display_key = $2, external_id = $3, document = $4, version = $5, \
                 modified_ms = $6 WHERE pk = $7",
            )
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
            Some(members_in(&mut tx, pk).await?)
        } else {
            None
        };
        tx.commit().await?;
        Ok(Some(GroupView { record, members }))
    }

    /// Deletes a group; the dirty mark makes its teams follow. `check` may refuse (If-Match). `Ok(false)`: no such group.
    pub async fn delete_group(
        &self,
        ctx: &WriteContext,
        id: &str,
        check: impl FnOnce(&GroupRecord) -> std::result::Result<(), ScimError> + Send,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let Some((pk, current)) = find(&mut tx, ctx, id).await? else {
            return Ok(false);
        };
        check(&current)?;
        sqlx::query("DELETE FROM scim_group WHERE pk = $1")
            .bind(pk)
            .execute(&mut *tx)
            .await?;
        work::mark(&mut tx, &ctx.mark(Kind::Group, id, Urgency::Normal)).await?;
        let name = current.document.display_name().unwrap_or_default();
        activity::insert(&mut tx, &line(ctx, Action::GroupDelete, id, name)).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn group_row(&self, tenant: &Tenant, id: &str) -> Result<Option<(i64, GroupRecord)>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM scim_group g WHERE g.id = $1 AND g.org_id = $2 AND g.connection = $3"
        )))
        .bind(id)
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| Ok((row.try_get("pk")?, record(&row)?))).transpose()
    }

    /// One group, without its members.
    pub async fn group(&self, tenant: &Tenant, id: &str) -> Result<Option<GroupRecord>> {
        Ok(self.group_row(tenant, id).await?.map(|(_, record)| record))
    }

    /// One group, with its members only where asked for: `excludedAttributes=members` runs no member query.
    pub async fn group_view(&self, tenant: &Tenant, id: &str, with_members: bool) -> Result<Option<GroupView>> {
        let Some((pk, record)) = self.group_row(tenant, id).await? else {
            return Ok(None);
        };
        let members = if with_members {
            Some(self.members_of(pk).await?)
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
                Some(self.members_of(pk).await?)
            } else {
                None
            };
            items.push(GroupView { record, members });
        }
        Ok(Page {
            total: page.total,
            items,
            next: page.next,
        })
    }

    async fn list_groups_by_sql(
        &self,
        tenant: &Tenant,
        query: &PageQuery,
        condition: &filter::Where,
    ) -> Result<Page<(i64, GroupRecord)>> {
        let mut count = QueryBuilder::<Sqlite>::new("SELECT count(*) FROM scim_group g WHERE ");
        condition.push(&mut count, tenant, "g");
        let total: i64 = count.build_query_scalar().fetch_one(&self.read).await?;
        let mut page = page::Cut::new(query);
        if query.limit > 0 && query.offset < total {
            let mut select = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM scim_group g WHERE "));
            condition.push(&mut select, tenant, "g");
            page.push(&mut select, "g");
            for row in &select.build().fetch_all(&self.read).await? {
                let pk = row.try_get("pk")?;
                page.take(pk, (pk, record(row)?));
            }
        }
        Ok(page.of(total))
    }

    /// For filters SQL cannot answer: every group that SQL cannot rule out is read and asked, with its members only where the filter
    /// looks at them.
    async fn list_groups_by_evaluation(
        &self,
        tenant: &Tenant,
        query: &PageQuery,
        condition: &filter::Where,
    ) -> Result<Page<(i64, GroupRecord)>> {
        let mut select = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM scim_group g WHERE "));
        condition.push(&mut select, tenant, "g");
        select.push(" ORDER BY g.pk");
        let about_members = query.filter.as_ref().is_some_and(|f| filter::mentions(f, "members"));
        let mut page = page::Evaluated::new(query);
        for row in &select.build().fetch_all(&self.read).await? {
            let (pk, record) = (row.try_get("pk")?, record(row)?);
            let members = if about_members {
                self.members_of(pk).await?
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
        Ok(page.done())
    }

    /// Ids of every group of a tenant.
    pub async fn all_group_ids(&self, tenant: &Tenant) -> Result<Vec<String>> {
        Ok(
            sqlx::query_scalar("SELECT id FROM scim_group WHERE org_id = $1 AND connection = $2 ORDER BY pk")
                .bind(tenant.org_id)
                .bind(&tenant.connection)
                .fetch_all(&self.read)
                .await?,
        )
    }
}
