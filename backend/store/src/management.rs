//! What an admin decided about a person's account: approved for claiming, not managed, or kept
//! closed.
//!
//! Owns: the table `management`. Must never be the place where a claim is planned: the planner is
//! told what was approved, and looks again. Start at [`Store::approve_claim`] and
//! [`Store::stop_managing`].

use std::collections::{HashMap, HashSet};

use domain::{OrgId, Tenant, UserId};
use sqlx::{FromRow as _, Row as _, SqliteConnection};

use super::{
    Action, ActivityLine, Error, Kind, Management, ManagementState, Outcome, Result, Source, Store, TargetKind,
    Urgency, WriteContext, activity, codes::Code, sql::statements, work,
};

statements! {
    TAKE_BACK =
        "DELETE FROM management WHERE user_id = $1 AND grafana_id = $2 AND state = 'unmanaged'";
    APPROVE =
        "UPDATE management SET state = 'approved', keep_password = $3 \
         WHERE user_id = $1 AND grafana_id = $2 AND state = 'needs_approval'";
    FORGET_ACCOUNT = "DELETE FROM account WHERE user_id = $1";
    FORGET = "DELETE FROM management WHERE user_id = $1";
    STATE = "SELECT state FROM management WHERE user_id = $1";
    FOLLOW = "DELETE FROM management WHERE user_id = $1 AND state = 'kept_closed'";
    SAVE =
        "INSERT INTO management (user_id, org_id, connection, state, grafana_id, login, keep_password) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id) DO UPDATE \
         SET state = excluded.state, grafana_id = excluded.grafana_id, login = excluded.login, \
         keep_password = excluded.keep_password";
    USER =
        "SELECT user_name, active FROM scim_user \
         WHERE id = $1 AND org_id = $2 AND connection = $3";
    FIND = "SELECT * FROM management WHERE user_id = $1";
    OF_TENANT = "SELECT * FROM management WHERE org_id = $1 AND connection = $2";
    END_QUESTION =
        "DELETE FROM management WHERE user_id = $1 \
         AND state IN ('needs_approval', 'approved')";
    GROUPS_OF_USER =
        "SELECT g.id FROM scim_group g JOIN scim_member m ON m.group_pk = g.pk \
         JOIN scim_user u ON u.pk = m.user_pk WHERE u.id = $1";
    ACCOUNT =
        "SELECT grafana_id, login FROM account WHERE user_id = $1 AND grafana_id IS NOT NULL";
    FORGET_WORK =
        "DELETE FROM work WHERE org_id = $1 AND connection = $2 AND kind = 'User' AND id = $3";
    FORGET_TEAM_MEMBER = "DELETE FROM team_member WHERE org_id = $1 AND grafana_id = $2";
    UNMANAGED_ACCOUNTS =
        "SELECT grafana_id FROM management WHERE org_id = $1 AND state = 'unmanaged'";
}

/// How an admin's decision ended. In every case but [`Decided::Done`] nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is on disk.
    Done,
    /// There is no such SCIM user.
    NoSuchUser,
    /// There is nothing to decide: no account waits for approval, or none is managed.
    Nothing,
}

/// What was decided about a person's account, inside a transaction of the caller.
pub(super) async fn state(tx: &mut SqliteConnection, user_id: &str) -> Result<Option<ManagementState>> {
    let code: Option<String> = STATE.query_scalar().bind(user_id).fetch_optional(tx).await?;
    let read = |code: String| {
        ManagementState::from_code(&code).ok_or(Error::Unreadable {
            what: ManagementState::WHAT,
        })
    };
    code.map(read).transpose()
}

async fn put(tx: &mut SqliteConnection, tenant: &Tenant, user_id: &str, s: &Management) -> Result<()> {
    SAVE.query()
        .bind(user_id)
        .bind(tenant.org_id.get())
        .bind(&tenant.connection)
        .bind(s.state.code())
        .bind(s.grafana_id.get())
        .bind(&s.login)
        .bind(s.keep_password)
        .execute(tx)
        .await?;
    Ok(())
}

/// userName and `active` of a SCIM user.
async fn user(tx: &mut SqliteConnection, tenant: &Tenant, id: &str) -> Result<Option<(String, bool)>> {
    Ok(USER
        .query_as()
        .bind(id)
        .bind(tenant.org_id.get())
        .bind(&tenant.connection)
        .fetch_optional(tx)
        .await?)
}

/// Grafana's id of the account of a SCIM user, and its login.
async fn account(tx: &mut SqliteConnection, id: &str) -> Result<Option<(i64, String)>> {
    Ok(ACCOUNT.query_as().bind(id).fetch_optional(tx).await?)
}

/// Nothing is decided any more about the account of a SCIM user.
pub(super) async fn forget(tx: &mut SqliteConnection, user_id: &str) -> Result<()> {
    FORGET.query().bind(user_id).execute(tx).await?;
    Ok(())
}

fn line(ctx: &WriteContext, action: Action, id: &str, name: &str, reason: String) -> ActivityLine {
    ActivityLine::of_request(
        ctx,
        Source::Admin,
        action,
        (TargetKind::User, id, name),
        Outcome::Done,
        Some(reason),
    )
}

impl Store {
    /// The decision or the question about a person's account.
    pub async fn management(&self, user_id: &str) -> Result<Option<Management>> {
        Ok(FIND.query_as().bind(user_id).fetch_optional(&self.read).await?)
    }

    /// The same for every person of a tenant, by SCIM id.
    pub async fn managements(&self, tenant: &Tenant) -> Result<HashMap<String, Management>> {
        let rows = OF_TENANT
            .query()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("user_id")?, Management::from_row(row)?)))
            .collect()
    }

    /// The planner asks whether this account may be claimed for this person. A decision that was
    /// made since about the same account stays.
    pub async fn ask_about(&self, tenant: &Tenant, user_id: &str, grafana_id: UserId, login: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let known: Option<Management> = FIND.query_as().bind(user_id).fetch_optional(&mut *tx).await?;
        let decided = known.is_some_and(|s| {
            matches!(s.state, ManagementState::Unmanaged | ManagementState::KeptClosed)
                || (s.state == ManagementState::Approved && s.grafana_id == grafana_id)
        });
        if !decided {
            let asked = Management {
                state: ManagementState::NeedsApproval,
                grafana_id,
                login: login.to_owned(),
                keep_password: false,
            };
            put(&mut tx, tenant, user_id, &asked).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The question is over, or the approved account is claimed or gone.
    pub async fn end_question(&self, user_id: &str) -> Result<()> {
        END_QUESTION.query().bind(user_id).execute(&self.write).await?;
        Ok(())
    }

    /// An admin approves the account that `seen` names, or takes an unmanaged one back. From then
    /// on it is managed, whatever the claim policy says.
    pub async fn approve_claim(&self, ctx: &WriteContext, id: &str, seen: &Management) -> Result<Decided> {
        let mut tx = self.begin().await?;
        let Some((name, active)) = user(&mut tx, &ctx.tenant, id).await? else {
            return Ok(Decided::NoSuchUser);
        };
        let taken_back = seen.state == ManagementState::Unmanaged;
        // Only what the admin saw: the question may be about another account by now.
        let decided = if taken_back {
            TAKE_BACK.query().bind(id).bind(seen.grafana_id.get())
        } else {
            APPROVE
                .query()
                .bind(id)
                .bind(seen.grafana_id.get())
                .bind(seen.keep_password)
        };
        let done = decided.execute(&mut *tx).await?;
        if done.rows_affected() == 0 {
            return Ok(Decided::Nothing);
        }
        work::mark(&mut tx, &ctx.mark(Kind::User, id, Urgency::of_access(active))).await?;
        if taken_back {
            // While the account was unmanaged, the person's groups put it into no team.
            let groups: Vec<String> = GROUPS_OF_USER.query_scalar().bind(id).fetch_all(&mut *tx).await?;
            for group in groups {
                work::mark(&mut tx, &ctx.mark(Kind::Group, &group, Urgency::Normal)).await?;
            }
        }
        let account = format!("Grafana's account “{}” (id {})", seen.login, seen.grafana_id);
        let reason = if taken_back {
            format!("{account} is managed again.")
        } else {
            format!("Approved: what was asked about {account}.")
        };
        activity::insert(&mut tx, &line(ctx, Action::UserClaim, id, &name, reason)).await?;
        tx.commit().await?;
        Ok(Decided::Done)
    }

    /// An admin decides that Rollcall leaves this person's account as it is. The SCIM user stays.
    pub async fn stop_managing(&self, ctx: &WriteContext, id: &str) -> Result<Decided> {
        let mut tx = self.begin().await?;
        let Some((name, _)) = user(&mut tx, &ctx.tenant, id).await? else {
            return Ok(Decided::NoSuchUser);
        };
        let Some((grafana_id, login)) = account(&mut tx, id).await? else {
            return Ok(Decided::Nothing);
        };
        if state(&mut tx, id).await? == Some(ManagementState::Unmanaged) {
            return Ok(Decided::Nothing);
        }
        let reason = format!(
            "Grafana's account “{login}” (id {grafana_id}) stays as it is and is not touched any more, not even when the identity \
             provider deactivates or deletes this person."
        );
        let released = Management {
            state: ManagementState::Unmanaged,
            grafana_id: UserId::new(grafana_id),
            login,
            keep_password: false,
        };
        put(&mut tx, &ctx.tenant, id, &released).await?;
        FORGET_WORK
            .query()
            .bind(ctx.tenant.org_id.get())
            .bind(&ctx.tenant.connection)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        // The account keeps its teams as if an admin had added it by hand; Rollcall takes out only
        // the members that it put in.
        FORGET_TEAM_MEMBER
            .query()
            .bind(ctx.tenant.org_id.get())
            .bind(grafana_id)
            .execute(&mut *tx)
            .await?;
        activity::insert(&mut tx, &line(ctx, Action::UserRelease, id, &name, reason)).await?;
        tx.commit().await?;
        Ok(Decided::Done)
    }

    /// An admin decides that this person is out, whatever the identity provider says from now on.
    /// What was asked about the account is answered by it.
    pub async fn keep_closed(&self, ctx: &WriteContext, id: &str) -> Result<Decided> {
        let mut tx = self.begin().await?;
        let Some((name, _)) = user(&mut tx, &ctx.tenant, id).await? else {
            return Ok(Decided::NoSuchUser);
        };
        let Some((grafana_id, login)) = account(&mut tx, id).await? else {
            return Ok(Decided::Nothing);
        };
        let settled = [ManagementState::Unmanaged, ManagementState::KeptClosed].map(Some);
        if settled.contains(&state(&mut tx, id).await?) {
            return Ok(Decided::Nothing);
        }
        let reason = format!(
            "Grafana's account “{login}” (id {grafana_id}) is closed, and stays so when the identity provider \
             activates this person, until an admin lets the provider decide again."
        );
        let kept = Management {
            state: ManagementState::KeptClosed,
            grafana_id: UserId::new(grafana_id),
            login,
            keep_password: false,
        };
        put(&mut tx, &ctx.tenant, id, &kept).await?;
        work::mark(&mut tx, &ctx.mark(Kind::User, id, Urgency::Urgent)).await?;
        activity::insert(&mut tx, &line(ctx, Action::UserKeepClosed, id, &name, reason)).await?;
        tx.commit().await?;
        Ok(Decided::Done)
    }

    /// An admin lets the identity provider decide again about a person who was kept closed.
    pub async fn follow_provider(&self, ctx: &WriteContext, id: &str) -> Result<Decided> {
        let mut tx = self.begin().await?;
        let Some((name, active)) = user(&mut tx, &ctx.tenant, id).await? else {
            return Ok(Decided::NoSuchUser);
        };
        let followed = FOLLOW.query().bind(id).execute(&mut *tx).await?;
        if followed.rows_affected() == 0 {
            return Ok(Decided::Nothing);
        }
        let says = if active { "active" } else { "not active" };
        let reason = format!("The identity provider's word counts again: {says}.");
        work::mark(&mut tx, &ctx.mark(Kind::User, id, Urgency::of_access(active))).await?;
        activity::insert(&mut tx, &line(ctx, Action::UserFollow, id, &name, reason)).await?;
        tx.commit().await?;
        Ok(Decided::Done)
    }

    /// The SCIM user of an unmanaged account is deleted: Rollcall forgets the account.
    pub async fn forget_unmanaged(&self, user_id: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        for statement in [FORGET_ACCOUNT, FORGET] {
            statement.query().bind(user_id).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Grafana's ids of the unmanaged accounts of an organization.
    pub async fn unmanaged_accounts(&self, org_id: OrgId) -> Result<HashSet<UserId>> {
        unmanaged(&mut *self.read.acquire().await?, org_id).await
    }
}

/// Grafana's ids of the unmanaged accounts of an organization, inside the caller's transaction.
pub(super) async fn unmanaged(connection: &mut SqliteConnection, org_id: OrgId) -> Result<HashSet<UserId>> {
    let of_org = UNMANAGED_ACCOUNTS.query_scalar().bind(org_id.get());
    let ids: Vec<i64> = of_org.fetch_all(connection).await?;
    Ok(ids.into_iter().map(UserId::new).collect())
}
