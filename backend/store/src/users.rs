//! SCIM Users: create, read, change, delete, list.
//!
//! Owns: the rows of `scim_user` and its e-mails. Must never answer before the commit. Start at
//! [`Store::create_user`].

use domain::Tenant;
use scim::{
    key::{self, fold},
    resource::Document,
    resource_type::ResourceType,
};
use sqlx::{Sqlite, SqliteConnection, SqliteExecutor, Transaction};

use super::{
    Action, ActivityLine, Error, Kind, ManagementState, Outcome, Page, PageQuery, Result, Source, Store, TargetKind,
    Urgency, UserRecord, WriteContext, accounts, activity, brake, document::text, filter, is_taken, listing,
    management, membership, page, rows::Keyed, sql::statements, work,
};

statements! {
    FIND =
        "SELECT pk, id, document, version, created_ms, modified_ms FROM scim_user \
         WHERE id = $1 AND org_id = $2 AND connection = $3";
    CLEAR_EMAILS = "DELETE FROM scim_user_email WHERE user_pk = $1";
    INSERT_EMAIL = "INSERT INTO scim_user_email (user_pk, value_key) VALUES ($1, $2)";
    INSERT =
        "INSERT INTO scim_user (org_id, connection, id, user_name, user_name_key, external_id, \
         display_key, active, document, search_key, version, created_ms, modified_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11) RETURNING pk";
    UPDATE =
        "UPDATE scim_user \
         SET user_name = $1, user_name_key = CASE user_name WHEN $1 THEN user_name_key ELSE $2 END, \
         external_id = $3, display_key = $4, active = $5, \
         document = $6, search_key = $7, version = $8, modified_ms = $9 WHERE pk = $10";
    DELETE = "DELETE FROM scim_user WHERE pk = $1";
    HAS_EXTERNAL_ID =
        "SELECT EXISTS (SELECT 1 FROM scim_user \
         WHERE org_id = $1 AND connection = $2 AND external_id = $3 AND id <> $4)";
}

/// A user with the groups it is in, as every answer shows it (a real client, rauthy, never removes
/// anyone otherwise).
#[derive(Clone, Debug)]
pub struct UserView {
    /// The user.
    pub record: UserRecord,
    /// Its groups.
    pub groups: Vec<scim::render::GroupRef>,
}

/// What the closure of a change decided.
#[derive(Clone, Debug)]
pub struct UserChange {
    /// The new attributes.
    pub document: Document,
    /// Whether anything is different: an unchanged resource keeps its version (RFC 7644 §3.5.2).
    pub changed: bool,
    /// Whether the request says `active`, be it the same as before.
    pub says_active: bool,
}

/// What to do about a user, decided with what is stored at hand.
#[derive(Clone, Debug)]
pub enum Decision<L> {
    /// Write this.
    Write(UserChange),
    /// Write nothing: the caller has to read `L` first, outside of the transaction.
    LookFirst(L),
}

/// What came of a decision.
#[derive(Clone, Debug)]
pub enum Updated<L> {
    /// The user as it is now.
    Written(UserView),
    /// The caller looks first; nothing was written.
    LooksFirst(L),
    /// There is no such user.
    NoSuchUser,
}

async fn find<'e>(db: impl SqliteExecutor<'e>, tenant: &Tenant, id: &str) -> Result<Option<Keyed<UserRecord>>> {
    Ok(FIND
        .query_as()
        .bind(id)
        .bind(tenant.org_id.get())
        .bind(&tenant.connection)
        .fetch_optional(db)
        .await?)
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
            user_name_key: key::name(&user_name),
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
    CLEAR_EMAILS.query().bind(pk).execute(&mut **tx).await?;
    for email in emails {
        INSERT_EMAIL.query().bind(pk).bind(email).execute(&mut **tx).await?;
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

/// In the log once an admin has decided about the account: the change is stored, and nothing
/// follows in Grafana.
fn stored_only(state: Option<ManagementState>) -> Option<&'static str> {
    match state? {
        ManagementState::Unmanaged => {
            Some("Stored only: this person was released, so Grafana's account stays as it is.")
        }
        ManagementState::KeptClosed => Some("An admin keeps this person closed, so the account stays closed."),
        ManagementState::NeedsApproval | ManagementState::Approved => None,
    }
}

/// Names the attributes that a provider sent and that never have an effect in Grafana, so that no
/// admin waits for one.
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

/// Names the attributes that a provider asked to change. No line has a value. The action says
/// `active`.
fn asked(before: &Document, now: &Document) -> Option<String> {
    let (before, now) = (before.as_map(), now.as_map());
    let kept = now.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    let mut names: Vec<&str> = kept.map(|(name, _)| name).chain(gone).map(String::as_str).collect();
    names.retain(|name| *name != "active");
    (!names.is_empty()).then(|| format!("Changed: {}.", names.join(", ")))
}

/// What the log says of a change beside its name.
fn note_of_change(before: &Document, now: &Document, decided: Option<ManagementState>) -> Option<String> {
    let effect = match stored_only(decided) {
        Some(note) => Some(note.to_owned()),
        None => without_effect(Some(before), now),
    };
    let notes: Vec<String> = [asked(before, now), effect].into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}

/// An `externalId` is one person's, and so one live user's.
async fn refuse_twin(tx: &mut SqliteConnection, tenant: &Tenant, id: &str, external_id: Option<&str>) -> Result<()> {
    let Some(external_id) = external_id else { return Ok(()) };
    let query = HAS_EXTERNAL_ID
        .query_scalar()
        .bind(tenant.org_id.get())
        .bind(&tenant.connection)
        .bind(external_id)
        .bind(id);
    if query.fetch_one(tx).await? {
        return Err(scim::error::Error::uniqueness("externalId").into());
    }
    Ok(())
}

/// The database decides about a userName, in a race too: a taken one is a 409 of SCIM.
fn name_conflict(error: sqlx::Error) -> Error {
    if is_taken(&error) {
        scim::error::Error::uniqueness("userName").into()
    } else {
        error.into()
    }
}

impl Store {
    /// Creates a user: resource, dirty mark and log line in one transaction.
    ///
    /// # Errors
    /// A SCIM 409 `uniqueness` when the userName is taken, in a race too: the database decides.
    pub async fn create_user(&self, ctx: &WriteContext, id: &str, document: Document) -> Result<UserView> {
        let keys = Keys::of(&document);
        let mut tx = self.begin().await?;
        refuse_twin(&mut tx, &ctx.tenant, id, keys.external_id.as_deref()).await?;
        let pk: i64 = INSERT
            .query_scalar()
            .bind(ctx.tenant.org_id.get())
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
            .map_err(name_conflict)?;
        write_emails(&mut tx, pk, &keys.emails).await?;
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

    /// Reads, decides and writes in one transaction, so that no change of another request falls
    /// between (24 parallel PATCHes lose nothing).
    ///
    /// # Errors
    /// What `decide` refuses, and a SCIM 409 `uniqueness` when the new userName is taken; then
    /// nothing is written.
    pub async fn update_user<L>(
        &self,
        ctx: &WriteContext,
        id: &str,
        decide: impl FnOnce(&UserView) -> std::result::Result<Decision<L>, scim::error::Error> + Send,
    ) -> Result<Updated<L>> {
        let mut tx = self.begin().await?;
        let Some(Keyed { pk, record: current }) = find(&mut *tx, &ctx.tenant, id).await? else {
            return Ok(Updated::NoSuchUser);
        };
        // A change of a user is none of its groups: those before are those after.
        let before = UserView {
            record: current,
            groups: membership::groups_of_user(&mut tx, pk).await?,
        };
        let UserChange {
            document,
            changed,
            says_active,
        } = match decide(&before)? {
            Decision::Write(change) => change,
            Decision::LookFirst(at) => return Ok(Updated::LooksFirst(at)),
        };
        let UserView {
            record: current,
            groups,
        } = before;
        let over = says_active && brake::said_again(&mut tx, id, document.active()).await?;
        let record = if changed {
            let decided = management::state(&mut tx, id).await?;
            let note = note_of_change(&current.document, &document, decided);
            // A name that stays keeps its key: a twin from before blanks were of no account must still be closed.
            let keys = Keys::of(&document);
            let (was_active, modified_ms) = (current.document.active(), ctx.now_ms.max(current.modified_ms));
            let version = current.version + 1;
            if current.document.external_id() != document.external_id() {
                refuse_twin(&mut tx, &ctx.tenant, id, keys.external_id.as_deref()).await?;
            }
            UPDATE
                .query()
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
                .map_err(name_conflict)?;
            write_emails(&mut tx, pk, &keys.emails).await?;
            if current.document.user_name() != document.user_name() {
                membership::touch_where_named(&mut tx, ctx, pk).await?;
            }
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
            if over {
                let urgency = Urgency::of_access(current.document.active());
                work::mark(&mut tx, &ctx.mark(Kind::User, id, urgency)).await?;
            }
            current
        };
        tx.commit().await?;
        Ok(Updated::Written(UserView { record, groups }))
    }

    /// Deletes a SCIM user: it leaves every list and group at once, and the mark makes the engine
    /// deprovision the account. `check` may refuse (If-Match). `Ok(false)`: no such user.
    pub async fn delete_user(
        &self,
        ctx: &WriteContext,
        id: &str,
        check: impl FnOnce(&UserView) -> std::result::Result<(), scim::error::Error> + Send,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let Some(Keyed { pk, record: current }) = find(&mut *tx, &ctx.tenant, id).await? else {
            return Ok(false);
        };
        let before = UserView {
            record: current,
            groups: membership::groups_of_user(&mut tx, pk).await?,
        };
        check(&before)?;
        let UserView {
            record: current,
            groups,
        } = before;
        for group in groups {
            membership::touch_group(&mut tx, ctx, &group.id).await?;
            work::mark(&mut tx, &ctx.mark(Kind::Group, &group.id, Urgency::Normal)).await?;
        }
        DELETE.query().bind(pk).execute(&mut *tx).await?;
        brake::said_again(&mut tx, id, false).await?;
        accounts::leave(&mut tx, id, current.document.external_id(), ctx.now_ms).await?;
        work::mark(&mut tx, &ctx.mark(Kind::User, id, Urgency::Urgent)).await?;
        let name = current.document.user_name().unwrap_or_default();
        let note = stored_only(management::state(&mut tx, id).await?).map(str::to_owned);
        activity::insert(&mut tx, &line(ctx, Action::UserDelete, id, name, note)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// One user, without its groups.
    pub async fn user(&self, tenant: &Tenant, id: &str) -> Result<Option<UserRecord>> {
        Ok(find(&self.read, tenant, id).await?.map(|row| row.record))
    }

    /// One user with its groups.
    pub async fn user_view(&self, tenant: &Tenant, id: &str) -> Result<Option<UserView>> {
        let Some(record) = self.user(tenant, id).await? else {
            return Ok(None);
        };
        let mut by_user = self.groups_of(std::slice::from_ref(&record.id)).await?;
        let groups = by_user.remove(&record.id).unwrap_or_default();
        Ok(Some(UserView { record, groups }))
    }

    /// A page of users in order of creation. `with_groups` is false when the answer leaves `groups`
    /// out.
    pub async fn list_users(&self, tenant: &Tenant, query: &PageQuery, with_groups: bool) -> Result<Page<UserView>> {
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
        tenant: &Tenant,
        query: &PageQuery,
        condition: &filter::Where,
    ) -> Result<Page<UserRecord>> {
        let mut count = listing::USERS.count(tenant, condition);
        let total: i64 = count.build_query_scalar().fetch_one(&self.read).await?;
        let mut page = page::SqlPage::new(query);
        if query.limit > 0 && query.offset < total {
            let mut select = listing::USERS.page(tenant, condition, &page);
            for Keyed { pk, record } in select.build_query_as().fetch_all(&self.read).await? {
                page.take(pk, record);
            }
        }
        let before: i64 = if query.after > 0 {
            let mut before = listing::USERS.count_before(tenant, condition, query.after);
            before.build_query_scalar().fetch_one(&self.read).await?
        } else {
            0
        };
        Ok(page.finish(total, before))
    }

    /// For filters that SQL cannot answer: evaluates every user that SQL cannot rule out.
    async fn list_users_by_evaluation(
        &self,
        tenant: &Tenant,
        query: &PageQuery,
        condition: &filter::Where,
    ) -> Result<Page<UserRecord>> {
        let mut select = listing::USERS.candidates(tenant, condition);
        let records: Vec<Keyed<UserRecord>> = select.build_query_as().fetch_all(&self.read).await?;
        // `meta.version` is made of them too.
        let about_groups = |f: &scim::Filter| filter::mentions(f, "groups") || filter::mentions(f, "meta");
        let groups = if query.filter.as_ref().is_some_and(about_groups) {
            let ids: Vec<String> = records.iter().map(|row| row.record.id.clone()).collect();
            self.groups_of(&ids).await?
        } else {
            std::collections::HashMap::new()
        };
        let mut page = page::EvaluatedPage::new(query);
        for Keyed { pk, record } in records {
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
        Ok(page.finish())
    }
}
