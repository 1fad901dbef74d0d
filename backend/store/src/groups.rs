//! SCIM Groups and their members.
//!
//! Owns: the rows of `scim_group` and `scim_member`. Must never cost O(group size) unless the members were asked for or the whole
//! set was sent (invariant 11). Start at [`Store::update_group`].

use std::collections::HashMap;

use domain::Tenant;
use scim::{
    error::Error as ScimError,
    key::fold,
    member::{Member, MemberKind},
    patch::MemberChange,
    render::GroupRef,
    resource::Document,
    resource_type::ResourceType,
};
use sqlx::{QueryBuilder, Row, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    ActivityLine, Error, GroupRecord, Kind, Outcome, Page, PageQuery, Result, Source, Store, WriteContext, activity,
    filter, is_taken,
    users::{document, text},
    work,
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

fn line(ctx: &WriteContext, action: &'static str, id: &str, name: &str) -> ActivityLine {
    ActivityLine::of_request(ctx, Source::Scim, action, ("Group", id, name), Outcome::Done, None)
}

/// The groups of one user, inside a transaction.
pub(super) async fn of_user(tx: &mut Transaction<'static, Sqlite>, user_pk: i64) -> Result<Vec<GroupRef>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT g.id, g.display_name FROM scim_member m JOIN scim_group g ON g.pk = m.group_pk WHERE m.user_pk = $1 ORDER BY g.pk",
    )
    .bind(user_pk)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(id, display)| GroupRef { id, display }).collect())
}

/// A group's membership changed by way of a user: its version grows.
pub(super) async fn touch(tx: &mut Transaction<'static, Sqlite>, ctx: &WriteContext, id: &str) -> Result<()> {
    sqlx::query("UPDATE scim_group SET version = version + 1, modified_ms = max(modified_ms, $1) WHERE id = $2")
        .bind(ctx.now_ms)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A user's name changed: the version of each group that shows it, because the client gave none for this member, grows.
pub(super) async fn touch_where_named(
    tx: &mut Transaction<'static, Sqlite>,
    ctx: &WriteContext,
    user_pk: i64,
) -> Result<()> {
    sqlx::query(
        "UPDATE scim_group SET version = version + 1, modified_ms = max(modified_ms, $1) \
         WHERE pk IN (SELECT group_pk FROM scim_member WHERE user_pk = $2 AND display IS NULL)",
    )
    .bind(ctx.now_ms)
    .bind(user_pk)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn taken(e: sqlx::Error) -> Error {
    if is_taken(&e) {
        ScimError::uniqueness("displayName").into()
    } else {
        e.into()
    }
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::Unreadable {
        what: "list of members",
    })
}

/// Adds members and returns how many were not there. One statement, however many: `CROSS JOIN` keeps SQLite from scanning all
/// users for each (46 s instead of 30 ms for 10,000, T1).
///
/// What is there stays as it is, unless `rename`: a whole new list (Okta's PUT after somebody's name changed) has the names as well. A
/// name that is shown already is no change: it is what a client that sends back what it read has for a member it gave none.
async fn add(
    tx: &mut Transaction<'static, Sqlite>,
    ctx: &WriteContext,
    group_pk: i64,
    members: &[Member],
    rename: bool,
) -> Result<u64> {
    if let Some(nested) = members.iter().find(|m| m.kind == MemberKind::Group) {
        return Err(ScimError::invalid_value(format!(
            "Member {:?} is a group. Groups in groups are not supported: assign its people directly.",
            nested.value
        ))
        .into());
    }
    let list = json(&members.iter().map(|m| (&m.value, &m.display)).collect::<Vec<_>>())?;
    let unknown: Option<String> = sqlx::query_scalar(
        "SELECT json_extract(j.value, '$[0]') FROM json_each($1) j WHERE NOT EXISTS (SELECT 1 FROM scim_user u \
         WHERE u.id = json_extract(j.value, '$[0]') AND u.org_id = $2 AND u.connection = $3) LIMIT 1",
    )
    .bind(&list)
    .bind(ctx.tenant.org_id)
    .bind(&ctx.tenant.connection)
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(value) = unknown {
        return Err(ScimError::invalid_value(format!(
            "There is no user with the id {value:?}. Create the user first, then add it to the group."
        ))
        .into());
    }
    let done = sqlx::query(
        "INSERT INTO scim_member (group_pk, user_pk, display) SELECT $1, u.pk, json_extract(j.value, '$[1]') \
         FROM json_each($2) j CROSS JOIN scim_user u WHERE u.id = json_extract(j.value, '$[0]') \
         ON CONFLICT (group_pk, user_pk) DO UPDATE SET display = excluded.display \
         WHERE $3 AND excluded.display IS NOT NULL AND excluded.display <> coalesce(scim_member.display, \
         (SELECT user_name FROM scim_user WHERE pk = excluded.user_pk))",
    )
    .bind(group_pk)
    .bind(&list)
    .bind(rename)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

async fn remove(tx: &mut Transaction<'static, Sqlite>, group_pk: i64, ids: &[String]) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM scim_member WHERE group_pk = $1 AND user_pk IN \
         (SELECT u.pk FROM json_each($2) j CROSS JOIN scim_user u WHERE u.id = j.value)",
    )
    .bind(group_pk)
    .bind(json(ids)?)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Applies member changes in order; returns whether any row changed.
async fn change_members(
    tx: &mut Transaction<'static, Sqlite>,
    ctx: &WriteContext,
    group_pk: i64,
    changes: &[MemberChange],
) -> Result<bool> {
    let mut rows = 0;
    for change in changes {
        rows += match change {
            MemberChange::Add(members) => add(tx, ctx, group_pk, members, false).await?,
            MemberChange::Remove(ids) => remove(tx, group_pk, ids).await?,
            MemberChange::RemoveMatching(f) => {
                // Those named by their id alone come as `Remove`, and nobody else is read for them.
                let there = members_in(tx, group_pk).await?;
                let ids: Vec<String> = there.into_iter().filter(|m| f.matches(m)).map(|m| m.value).collect();
                remove(tx, group_pk, &ids).await?
            }
            MemberChange::Clear => sqlx::query("DELETE FROM scim_member WHERE group_pk = $1")
                .bind(group_pk)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            MemberChange::Replace(members) => {
                let keep = json(&members.iter().map(|m| &m.value).collect::<Vec<_>>())?;
                let gone = sqlx::query(
                    "DELETE FROM scim_member WHERE group_pk = $1 AND user_pk NOT IN \
                     (SELECT u.pk FROM json_each($2) j CROSS JOIN scim_user u WHERE u.id = j.value)",
                )
                .bind(group_pk)
                .bind(keep)
                .execute(&mut **tx)
                .await?;
                gone.rows_affected() + add(tx, ctx, group_pk, members, true).await?
            }
        };
    }
    Ok(rows > 0)
}

const MEMBERS: &str = "SELECT u.id, coalesce(m.display, u.user_name) FROM scim_member m JOIN scim_user u ON u.pk = m.user_pk \
                       WHERE m.group_pk = $1 ORDER BY m.user_pk";

fn members(rows: Vec<(String, String)>) -> Vec<Member> {
    rows.into_iter()
        .map(|(value, display)| Member {
            value,
            display: Some(display),
            kind: MemberKind::User,
        })
        .collect()
}

async fn members_in(tx: &mut Transaction<'static, Sqlite>, group_pk: i64) -> Result<Vec<Member>> {
    Ok(members(
        sqlx::query_as(MEMBERS).bind(group_pk).fetch_all(&mut **tx).await?,
    ))
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
        work::mark(
            &mut tx,
            &ctx.tenant,
            Kind::Group,
            id,
            false,
            &ctx.correlation,
            ctx.now_ms,
        )
        .await?;
        activity::insert(&mut tx, &line(ctx, "group.create", id, &name)).await?;
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
            work::mark(
                &mut tx,
                &ctx.tenant,
                Kind::Group,
                id,
                false,
                &ctx.correlation,
                ctx.now_ms,
            )
            .await?;
            let action = if members_changed {
                "group.members"
            } else {
                "group.update"
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
        work::mark(
            &mut tx,
            &ctx.tenant,
            Kind::Group,
            id,
            false,
            &ctx.correlation,
            ctx.now_ms,
        )
        .await?;
        let name = current.document.display_name().unwrap_or_default();
        activity::insert(&mut tx, &line(ctx, "group.delete", id, name)).await?;
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

    async fn members_of(&self, group_pk: i64) -> Result<Vec<Member>> {
        Ok(members(
            sqlx::query_as(MEMBERS).bind(group_pk).fetch_all(&self.read).await?,
        ))
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
        let mut page = filter::Cut::new(query);
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
        let mut page = filter::Evaluated::new(query);
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

    /// Ids of the groups a user is in.
    pub async fn groups_of_user(&self, tenant: &Tenant, user_id: &str) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(
            "SELECT g.id FROM scim_user u JOIN scim_member m ON m.user_pk = u.pk JOIN scim_group g ON g.pk = m.group_pk \
             WHERE u.id = $1 AND u.org_id = $2 AND u.connection = $3 ORDER BY g.pk",
        )
        .bind(user_id)
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .fetch_all(&self.read)
        .await?)
    }

    /// The groups of many users at once, by user id.
    pub(super) async fn groups_of(&self, user_ids: &[String]) -> Result<HashMap<String, Vec<GroupRef>>> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT u.id, g.id, g.display_name FROM json_each($1) j CROSS JOIN scim_user u ON u.id = j.value \
             JOIN scim_member m ON m.user_pk = u.pk JOIN scim_group g ON g.pk = m.group_pk ORDER BY g.pk",
        )
        .bind(json(user_ids)?)
        .fetch_all(&self.read)
        .await?;
        let mut by_user: HashMap<String, Vec<GroupRef>> = HashMap::new();
        for (user, id, display) in rows {
            by_user.entry(user).or_default().push(GroupRef { id, display });
        }
        Ok(by_user)
    }
}
