//! SCIM Users: create, read, change, delete, list.
//!
//! Owns: the rows of `scim_user` and its e-mails. Must never answer before the commit. Start at [`Store::create_user`].

use scim::{key::fold, resource::Document, resource_type::ResourceType};
use sqlx::{QueryBuilder, Row, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Action, ActivityLine, Error, Kind, Outcome, Page, PageQuery, Result, Source, Store, TargetKind, Urgency,
    UserRecord, WriteContext, activity,
    document::{document, text},
    filter, is_taken, membership, page, stewardship, work,
};

/// A user with the groups it is in, as every answer shows it (a real client, rauthy, never removes anyone otherwise).
#[derive(Clone, Debug)]
pub struct UserView {
    /// The user.
    pub record: UserRecord,
    /// Its groups.
    pub groups: Vec<scim::render::GroupRef>,
}

/// What a change closure decided.
#[derive(Clone, Debug)]
pub struct UserChange {
    /// The new attributes.
    pub document: Document,
    /// Whether anything is different: an unchanged resource keeps its version (RFC 7644 §3.5.2).
    pub changed: bool,
}

pub(super) const COLUMNS: &str = "u.pk, u.id, u.document, u.version, u.created_ms, u.modified_ms";

pub(super) fn record(row: &SqliteRow) -> Result<UserRecord> {
    Ok(UserRecord {
        id: row.try_get("id")?,
        document: document(row.try_get("document")?)?,
        version: row.try_get("version")?,
        created_ms: row.try_get("created_ms")?,
        modified_ms: row.try_get("modified_ms")?,
    })
}

/// The columns that are read out of the document, so that SQL can filter and sort by them.
struct Keys {
    user_name: String,
    user_name_key: String,
    external_id: Option<String>,
    display_key: Option<String>,
    active: bool,
    search_key: String,
    emails: Vec<String>,
}

impl Keys {
    fn of(document: &Document) -> Self {
        let user_name = document.user_name().unwrap_or_default().to_owned();
        let mut emails: Vec<String> = document.emails().into_iter().map(fold).collect();
        emails.sort_unstable();
        emails.dedup();
        let search_key = fold(&format!(
            "{user_name} {} {}",
            document.formatted_name().unwrap_or_default(),
            emails.join(" ")
        ));
        Self {
            user_name_key: fold(&user_name),
            external_id: document.external_id().map(str::to_owned),
            display_key: document.display_name().map(fold),
            active: document.active(),
            search_key,
            emails,
            user_name,
        }
    }
}

async fn write_emails(tx: &mut Transaction<'static, Sqlite>, pk: i64, emails: &[String]) -> Result<()> {
    sqlx::query("DELETE FROM scim_user_email WHERE user_pk = $1")
        .bind(pk)
        .execute(&mut **tx)
        .await?;
    for email in emails {
        sqlx::query("INSERT INTO scim_user_email (user_pk, value_key) VALUES ($1, $2)")
            .bind(pk)
            .bind(email)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

fn line(ctx: &WriteContext, action: Action, id: &str, name: &str, note: Option<String>) -> ActivityLine {
    ActivityLine::of_request(
        ctx,
        Source::Scim,
        action,
        (TargetKind::User, id, name),
        Outcome::Done,
        note,
    )
}

/// In the log of who was released: stored, and nothing follows in Grafana.
const LEFT_ALONE: &str = "Stored only: this person was released, so Grafana's account stays as it is.";

/// What a provider sent anew that never has an effect in Grafana, so that nobody waits for it.
fn without_effect(before: Option<&Document>, now: &Document) -> Option<String> {
    let sent = |name: &&str| {
        let value = now.as_map().get(*name);
        value.is_some() && value != before.and_then(|before| before.as_map().get(*name))
    };
    let names: Vec<&str> = ["roles", "entitlements"].into_iter().filter(sent).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Kept, and without effect in Grafana: {}. SCIM changes no role.",
            names.join(", ")
        )
    })
}

/// Which attributes were asked to change, by name: a value is in no line. `active` is in the line's action.
fn asked(before: &Document, now: &Document) -> Option<String> {
    let (before, now) = (before.as_map(), now.as_map());
    let kept = now.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    let mut names: Vec<&str> = kept.map(|(name, _)| name).chain(gone).map(String::as_str).collect();
    names.retain(|name| *name != "active");
    (!names.is_empty()).then(|| format!("Changed: {}.", names.join(", ")))
}

impl Store {
    /// Creates a user: resource, dirty mark and log line in one transaction.
    ///
    /// # Errors
    /// A SCIM 409 `uniqueness` when the userName is taken, in a race too: the database decides.
    pub async fn create_user(&self, ctx: &WriteContext, id: &str, document: Document) -> Result<UserView> {
        let keys = Keys::of(&document);
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "INSERT INTO scim_user (org_id, connection, id, user_name, user_name_key, external_id, display_key, active, document, \
             search_key, version, created_ms, modified_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11) RETURNING pk",
        )
        .bind(ctx.tenant.org_id)
        .bind(&ctx.tenant.connection)
        .bind(id)
        .bind(&keys.user_name)
        .bind(&keys.user_name_key)
        .bind(&keys.external_id)
        .bind(&keys.display_key)
        .bind(keys.active)
        .bind(text(&document)?)
        .bind(&keys.search_key)
        .bind(ctx.now_ms)
        .fetch_one(&mut *tx)
        .await
        .map_err(|e| if is_taken(&e) { scim::error::Error::uniqueness("userName").into() } else { Error::from(e) })?;
        write_emails(&mut tx, row.try_get("pk")?, &keys.emails).await?;
        work::mark(&mut tx, &ctx.mark(Kind::User, id, Urgency::of_access(keys.active))).await?;
        activity::insert(
            &mut tx,
            &line(
                ctx,
                Action::UserCreate,
                id,
                &keys.user_name,
                without_effect(None, &document),
            ),
        )
        .await?;
        tx.commit().await?;
        let record = UserRecord {
            id: id.to_owned(),
            document,
            version: 1,
            created_ms: ctx.now_ms,
            modified_ms: ctx.now_ms,
        };
        Ok(UserView {
            record,
            groups: Vec::new(),
        })
    }

    /// Reads, decides and writes in one transaction, so that no change of another request falls between (24 parallel PATCHes lose
    /// nothing). `Ok(None)`: no such user.
    ///
    /// # Errors
    /// What `change` refuses, and a SCIM 409 `uniqueness` when the new userName is taken; then nothing is written.
    pub async fn update_user(
        &self,
        ctx: &WriteContext,
        id: &str,
        change: impl FnOnce(&UserRecord) -> std::result::Result<UserChange, scim::error::Error> + Send,
    ) -> Result<Option<UserView>> {
        let mut tx = self.begin().await?;
        let Some((pk, current)) = find(&mut tx, ctx, id).await? else {
            return Ok(None);
        };
        let UserChange { document, changed } = change(&current)?;
        let record = if changed {
            let notes = if stewardship::is_released(&mut tx, id).await? {
                [asked(&current.document, &document), Some(LEFT_ALONE.to_owned())]
            } else {
                [
                    asked(&current.document, &document),
                    without_effect(Some(&current.document), &document),
                ]
            };
            let notes: Vec<String> = notes.into_iter().flatten().collect();
            let note = (!notes.is_empty()).then(|| notes.join(" "));
            let keys = Keys::of(&document);
            let (was_active, modified_ms) = (current.document.active(), ctx.now_ms.max(current.modified_ms));
            let version = current.version + 1;
            sqlx::query(
                "UPDATE scim_user SET user_name = $1, user_name_key = $2, external_id = $3, display_key = $4, active = $5, \
                 document = $6, search_key = $7, version = $8, modified_ms = $9 WHERE pk = $10",
            )
            .bind(&keys.user_name)
            .bind(&keys.user_name_key)
            .bind(&keys.external_id)
            .bind(&keys.display_key)
            .bind(keys.active)
            .bind(text(&document)?)
            .bind(&keys.search_key)
            .bind(version)
            .bind(modified_ms)
            .bind(pk)
            .execute(&mut *tx)
            .await
            .map_err(|e| if is_taken(&e) { scim::error::Error::uniqueness("userName").into() } else { Error::from(e) })?;
            write_emails(&mut tx, pk, &keys.emails).await?;
            work::mark(&mut tx, &ctx.mark(Kind::User, id, Urgency::of_access(keys.active))).await?;
            let action = match (was_active, keys.active) {
                (true, false) => Action::UserDeactivate,
                (false, true) => Action::UserActivate,
                _ => Action::UserUpdate,
            };
            activity::insert(&mut tx, &line(ctx, action, id, &keys.user_name, note)).await?;
            UserRecord {
                document,
                version,
                modified_ms,
                ..current
            }
        } else {
            current
        };
        let groups = membership::of_user(&mut tx, pk).await?;
        tx.commit().await?;
        Ok(Some(UserView { record, groups }))
    }

    /// Deletes a user from SCIM: gone from every list and group at once; the dirty mark makes Grafana close the account.
    /// `check` may refuse (If-Match). `Ok(false)`: no such user.
    pub async fn delete_user(
        &self,
        ctx: &WriteContext,
        id: &str,
        check: impl FnOnce(&UserRecord) -> std::result::Result<(), scim::error::Error> + Send,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let Some((pk, current)) = find(&mut tx, ctx, id).await? else {
            return Ok(false);
        };
        check(&current)?;
        for group in membership::of_user(&mut tx, pk).await? {
            membership::touch(&mut tx, ctx, &group.id).await?;
            work::mark(&mut tx, &ctx.mark(Kind::Group, &group.id, Urgency::Normal)).await?;
        }
        sqlx::query("DELETE FROM scim_user WHERE pk = $1")
            .bind(pk)
            .execute(&mut *tx)
            .await?;
        work::mark(&mut tx, &ctx.mark(Kind::User, id, Urgency::Urgent)).await?;
        let name = current.document.user_name().unwrap_or_default();
        let note = stewardship::is_released(&mut tx, id)
            .await?
            .then(|| LEFT_ALONE.to_owned());
        activity::insert(&mut tx, &line(ctx, Action::UserDelete, id, name, note)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// One user, without its groups.
    pub async fn user(&self, tenant: &domain::Tenant, id: &str) -> Result<Option<UserRecord>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM scim_user u WHERE u.id = $1 AND u.org_id = $2 AND u.connection = $3"
        )))
        .bind(id)
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(record).transpose()
    }

    /// One user with its groups.
    pub async fn user_view(&self, tenant: &domain::Tenant, id: &str) -> Result<Option<UserView>> {
        let Some(record) = self.user(tenant, id).await? else {
            return Ok(None);
        };
        let mut by_user = self.groups_of(std::slice::from_ref(&record.id)).await?;
        let groups = by_user.remove(&record.id).unwrap_or_default();
        Ok(Some(UserView { record, groups }))
    }

    /// A page of users in order of creation. `with_groups` is false when the answer leaves `groups` out.
    pub async fn list_users(
        &self,
        tenant: &domain::Tenant,
        query: &PageQuery,
        with_groups: bool,
    ) -> Result<Page<UserView>> {
        let condition = filter::compile(query.filter.as_ref(), ResourceType::User);
        let page = if condition.exact {
            self.list_users_by_sql(tenant, query, &condition).await?
        } else {
            self.list_users_by_evaluation(tenant, query, &condition).await?
        };
        let ids: Vec<String> = page.items.iter().map(|r| r.id.clone()).collect();
        let mut groups = if with_groups {
            self.groups_of(&ids).await?
        } else {
            std::collections::HashMap::new()
        };
        Ok(page.map(|record| UserView {
            groups: groups.remove(&record.id).unwrap_or_default(),
            record,
        }))
    }

    async fn list_users_by_sql(
        &self,
        tenant: &domain::Tenant,
        query: &PageQuery,
        condition: &filter::Where,
    ) -> Result<Page<UserRecord>> {
        let mut count = QueryBuilder::<Sqlite>::new("SELECT count(*) FROM scim_user u WHERE ");
        condition.push(&mut count, tenant, "u");
        let total: i64 = count.build_query_scalar().fetch_one(&self.read).await?;
        let mut page = page::Cut::new(query);
        if query.limit > 0 && query.offset < total {
            // The page is found in an index first and only its rows are read: a deep page of 100,000 costs 5 ms, not 700.
            let mut select = QueryBuilder::<Sqlite>::new(format!(
                "SELECT {COLUMNS} FROM scim_user u WHERE u.pk IN (SELECT u.pk FROM scim_user u WHERE "
            ));
            condition.push(&mut select, tenant, "u");
            page.push(&mut select, "u");
            select.push(") ORDER BY u.pk");
            for row in &select.build().fetch_all(&self.read).await? {
                page.take(row.try_get("pk")?, record(row)?);
            }
        }
        Ok(page.of(total))
    }

    /// For filters SQL cannot answer: every user that SQL cannot rule out is read and asked.
    async fn list_users_by_evaluation(
        &self,
        tenant: &domain::Tenant,
        query: &PageQuery,
        condition: &filter::Where,
    ) -> Result<Page<UserRecord>> {
        let mut select = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM scim_user u WHERE "));
        condition.push(&mut select, tenant, "u");
        select.push(" ORDER BY u.pk");
        let rows = select.build().fetch_all(&self.read).await?;
        let records = rows
            .iter()
            .map(|row| Ok((row.try_get("pk")?, record(row)?)))
            .collect::<Result<Vec<(i64, UserRecord)>>>()?;
        let groups = if query.filter.as_ref().is_some_and(|f| filter::mentions(f, "groups")) {
            let ids: Vec<String> = records.iter().map(|(_, r)| r.id.clone()).collect();
            self.groups_of(&ids).await?
        } else {
            std::collections::HashMap::new()
        };
        let mut page = page::Evaluated::new(query);
        for (pk, record) in records {
            let matches = query.filter.as_ref().is_none_or(|f| {
                let groups = groups.get(&record.id).map_or(&[][..], Vec::as_slice);
                scim::filter::matches(
                    f,
                    ResourceType::User,
                    &filter::rendered_user(&record, groups, &query.base),
                )
            });
            if matches {
                page.take(pk, record);
            }
        }
        Ok(page.done())
    }

    /// Ids of every user of a tenant.
    pub async fn all_user_ids(&self, tenant: &domain::Tenant) -> Result<Vec<String>> {
        Ok(
            sqlx::query_scalar("SELECT id FROM scim_user WHERE org_id = $1 AND connection = $2 ORDER BY pk")
                .bind(tenant.org_id)
                .bind(&tenant.connection)
                .fetch_all(&self.read)
                .await?,
        )
    }
}

async fn find(
    tx: &mut Transaction<'static, Sqlite>,
    ctx: &WriteContext,
    id: &str,
) -> Result<Option<(i64, UserRecord)>> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM scim_user u WHERE u.id = $1 AND u.org_id = $2 AND u.connection = $3"
    )))
    .bind(id)
    .bind(ctx.tenant.org_id)
    .bind(&ctx.tenant.connection)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| Ok((row.try_get("pk")?, record(&row)?))).transpose()
}
