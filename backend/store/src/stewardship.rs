//! What an admin decided about a person's account: approved for claiming, or released.
//!
//! Owns: the table `stewardship`. Must never be the place where a claim is planned: the planner is told what was approved, and looks
//! anew. Start at [`Store::approve_claim`] and [`Store::release`].

use std::collections::HashMap;

use domain::Tenant;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Action, ActivityLine, Error, Kind, Outcome, Result, Source, Store, TargetKind, Urgency, WriteContext, activity,
    work,
};

/// Where a decision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StewardshipState {
    /// An account may be this person's, and an admin is to say so.
    Asked,
    /// An admin said that it is.
    Approved,
    /// Nothing of it is touched until it is claimed again.
    Released,
}

/// A decision, or the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stewardship {
    /// Where it stands.
    pub state: StewardshipState,
    /// The one account it is about.
    pub grafana_id: i64,
    /// Its login, as seen then.
    pub login: String,
}

/// How an admin's decision ended. In every case but [`Decided::Done`] nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is on disk.
    Done,
    /// There is no such SCIM user.
    NoSuchUser,
    /// There is nothing to decide: no account that waits for a yes, or none that is managed.
    Nothing,
}

const RELEASED: &str = "released";

fn state(state: StewardshipState) -> &'static str {
    match state {
        StewardshipState::Asked => "asked",
        StewardshipState::Approved => "approved",
        StewardshipState::Released => RELEASED,
    }
}

pub(super) fn read_state(text: &str) -> Result<StewardshipState> {
    let states = [
        StewardshipState::Asked,
        StewardshipState::Approved,
        StewardshipState::Released,
    ];
    states
        .into_iter()
        .find(|s| state(*s) == text)
        .ok_or(Error::Unreadable { what: "stewardship" })
}

fn stewardship(row: &SqliteRow) -> Result<Stewardship> {
    Ok(Stewardship {
        state: read_state(row.try_get("state")?)?,
        grafana_id: row.try_get("grafana_id")?,
        login: row.try_get("login")?,
    })
}

/// Whether this person's account is left alone, inside a transaction of the caller.
pub(super) async fn is_released(tx: &mut SqliteConnection, user_id: &str) -> Result<bool> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM stewardship WHERE user_id = $1 AND state = $2)")
            .bind(user_id)
            .bind(RELEASED)
            .fetch_one(tx)
            .await?,
    )
}

async fn put(tx: &mut SqliteConnection, tenant: &Tenant, user_id: &str, s: &Stewardship) -> Result<()> {
    sqlx::query(
        "INSERT INTO stewardship (user_id, org_id, connection, state, grafana_id, login) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (user_id) DO UPDATE SET state = excluded.state, grafana_id = excluded.grafana_id, login = excluded.login",
    )
    .bind(user_id)
    .bind(tenant.org_id)
    .bind(&tenant.connection)
    .bind(state(s.state))
    .bind(s.grafana_id)
    .bind(&s.login)
    .execute(tx)
    .await?;
    Ok(())
}

/// userName and `active` of a SCIM user.
async fn user(tx: &mut SqliteConnection, tenant: &Tenant, id: &str) -> Result<Option<(String, bool)>> {
    Ok(
        sqlx::query_as("SELECT user_name, active FROM scim_user WHERE id = $1 AND org_id = $2 AND connection = $3")
            .bind(id)
            .bind(tenant.org_id)
            .bind(&tenant.connection)
            .fetch_optional(tx)
            .await?,
    )
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
    /// What was decided, or is asked, about a person's account.
    pub async fn stewardship(&self, user_id: &str) -> Result<Option<Stewardship>> {
        let row = sqlx::query("SELECT * FROM stewardship WHERE user_id = $1")
            .bind(user_id)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(stewardship).transpose()
    }

    /// The same for everybody of a tenant, by SCIM id.
    pub async fn stewardships(&self, tenant: &Tenant) -> Result<HashMap<String, Stewardship>> {
        let rows = sqlx::query("SELECT * FROM stewardship WHERE org_id = $1 AND connection = $2")
            .bind(tenant.org_id)
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("user_id")?, stewardship(row)?)))
            .collect()
    }

    /// The planner asks: may this account be claimed for this person? Never over a decision that was made meanwhile about the same one.
    pub async fn ask_about(&self, tenant: &Tenant, user_id: &str, grafana_id: i64, login: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let row = sqlx::query("SELECT * FROM stewardship WHERE user_id = $1")
            .bind(user_id)
            .fetch_optional(&mut *tx)
            .await?;
        let decided = row.as_ref().map(stewardship).transpose()?.is_some_and(|s| {
            s.state == StewardshipState::Released
                || (s.state == StewardshipState::Approved && s.grafana_id == grafana_id)
        });
        if !decided {
            let asked = Stewardship {
                state: StewardshipState::Asked,
                grafana_id,
                login: login.to_owned(),
            };
            put(&mut tx, tenant, user_id, &asked).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Nothing is asked any more, and what was approved is claimed or gone.
    pub async fn end_question(&self, user_id: &str) -> Result<()> {
        sqlx::query("DELETE FROM stewardship WHERE user_id = $1 AND state <> $2")
            .bind(user_id)
            .bind(RELEASED)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// An admin says yes to the account `seen` is about, or takes a released one back. From then on it is managed, whatever the claim
    /// policy.
    pub async fn approve_claim(&self, ctx: &WriteContext, id: &str, seen: &Stewardship) -> Result<Decided> {
        let mut tx = self.begin().await?;
        let Some((name, active)) = user(&mut tx, &ctx.tenant, id).await? else {
            return Ok(Decided::NoSuchUser);
        };
        let taken_back = seen.state == StewardshipState::Released;
        // Only what the admin was shown: another account may be asked about by now.
        let sql = if taken_back {
            "DELETE FROM stewardship WHERE user_id = $1 AND grafana_id = $2 AND state = 'released'"
        } else {
            "UPDATE stewardship SET state = 'approved' WHERE user_id = $1 AND grafana_id = $2 AND state = 'asked'"
        };
        let done = sqlx::query(sql)
            .bind(id)
            .bind(seen.grafana_id)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(Decided::Nothing);
        }
        work::mark(&mut tx, &ctx.mark(Kind::User, id, Urgency::of_access(active))).await?;
        if taken_back {
            // While he was nobody's, his groups put him into no team.
            let groups: Vec<String> = sqlx::query_scalar(
                "SELECT g.id FROM scim_group g JOIN scim_member m ON m.group_pk = g.pk JOIN scim_user u ON u.pk = m.user_pk WHERE u.id = $1",
            )
            .bind(id)
            .fetch_all(&mut *tx)
            .await?;
            for group in groups {
                work::mark(&mut tx, &ctx.mark(Kind::Group, &group, Urgency::Normal)).await?;
            }
        }
        let account = format!("Grafana's account “{}” (id {})", seen.login, seen.grafana_id);
        let reason = if taken_back {
            format!("{account} is managed again.")
        } else {
            format!("Approved: {account} is this person's and is managed from now on.")
        };
        activity::insert(&mut tx, &line(ctx, Action::UserClaim, id, &name, reason)).await?;
        tx.commit().await?;
        Ok(Decided::Done)
    }

    /// An admin says that Rollcall is to leave this person's account as it is. The SCIM user stays.
    pub async fn release(&self, ctx: &WriteContext, id: &str) -> Result<Decided> {
        let mut tx = self.begin().await?;
        let Some((name, _)) = user(&mut tx, &ctx.tenant, id).await? else {
            return Ok(Decided::NoSuchUser);
        };
        let account: Option<(i64, String)> =
            sqlx::query_as("SELECT grafana_id, login FROM account WHERE user_id = $1 AND grafana_id IS NOT NULL")
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?;
        let Some((grafana_id, login)) = account else {
            return Ok(Decided::Nothing);
        };
        if is_released(&mut tx, id).await? {
            return Ok(Decided::Nothing);
        }
        let reason = format!(
            "Grafana's account “{login}” (id {grafana_id}) stays as it is and is not touched any more, not even when the identity \
             provider deactivates or deletes this person."
        );
        let released = Stewardship {
            state: StewardshipState::Released,
            grafana_id,
            login,
        };
        put(&mut tx, &ctx.tenant, id, &released).await?;
        sqlx::query("DELETE FROM work WHERE org_id = $1 AND connection = $2 AND kind = 'User' AND id = $3")
            .bind(ctx.tenant.org_id)
            .bind(&ctx.tenant.connection)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        // His seats are as good as given by hand: whom we put into a team we take out again.
        sqlx::query("DELETE FROM team_member WHERE org_id = $1 AND grafana_id = $2")
            .bind(ctx.tenant.org_id)
            .bind(grafana_id)
            .execute(&mut *tx)
            .await?;
        activity::insert(&mut tx, &line(ctx, Action::UserRelease, id, &name, reason)).await?;
        tx.commit().await?;
        Ok(Decided::Done)
    }

    /// The SCIM user of a released account is deleted: the account is nobody's, and nothing is remembered of it.
    pub async fn forget_released(&self, user_id: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        for sql in [
            "DELETE FROM account WHERE user_id = $1",
            "DELETE FROM stewardship WHERE user_id = $1",
        ] {
            sqlx::query(sql).bind(user_id).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Grafana's ids of accounts that are left alone, in an organization.
    pub async fn released_accounts(&self, org_id: i64) -> Result<std::collections::HashSet<i64>> {
        let ids: Vec<i64> = sqlx::query_scalar("SELECT grafana_id FROM stewardship WHERE org_id = $1 AND state = $2")
            .bind(org_id)
            .bind(RELEASED)
            .fetch_all(&self.read)
            .await?;
        Ok(ids.into_iter().collect())
    }
}
