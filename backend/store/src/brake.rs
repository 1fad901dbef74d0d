//! What a provider takes away: let through, held, approved or rejected.
//!
//! Owns: the table `brake`. Must never decide: `domain::brake` does, and here is what it is told and
//! what it said. Start at [`Store::braked`].

use domain::{
    OrgId, TeamId, Tenant, UserId,
    brake::{Before, Decided, Taking},
};
use sqlx::{FromRow as _, Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    Action, ActivityLine, BrakeState, HeldKind, Kind, Outcome, Result, Source, Store, TargetKind, Urgency,
    WriteContext, activity, codes::Code as _, rows::code, sql::statements, work,
};

statements! {
    KNOWN =
        "SELECT kind, subject, object, state, at_ms FROM brake WHERE org_id = $1 AND connection = $2 \
         AND subject IN (SELECT value FROM json_each($3))";
    // No more than the limit is of interest, and a flood may have held 100,000.
    OTHERS =
        "SELECT count(*) FROM (SELECT DISTINCT subject FROM brake WHERE org_id = $1 AND connection = $2 \
         AND state IN ('out', 'held') AND at_ms > $3 AND subject NOT IN (SELECT value FROM json_each($4)) LIMIT $5)";
    // Who was active when the window began: who still is, and who is on the way out or went since.
    OF_SUBJECT = "SELECT kind, subject, object, state, at_ms FROM brake WHERE subject = $1";
    KEPT_IN_TEAM =
        "SELECT a.grafana_id FROM brake b JOIN account a ON a.user_id = b.subject WHERE b.org_id = $1 AND b.kind = 'leave_team' \
         AND b.object = $2 AND b.state = 'rejected' AND a.grafana_id IS NOT NULL";
    ACTIVE =
        "SELECT count(*) FROM (SELECT id FROM scim_user WHERE org_id = $1 AND connection = $2 AND active \
         UNION ALL SELECT id FROM work WHERE org_id = $1 AND connection = $2 AND kind = 'User' AND urgent \
         UNION ALL SELECT b.subject FROM brake b WHERE b.org_id = $1 AND b.connection = $2 AND b.kind = 'close' AND b.at_ms > $3 \
         AND NOT EXISTS (SELECT 1 FROM work w WHERE w.org_id = $1 AND w.connection = $2 AND w.kind = 'User' AND w.id = b.subject) \
         LIMIT $4)";
    SAVE =
        "INSERT INTO brake (org_id, connection, kind, subject, object, state, name, detail, at_ms, since_ms, correlation, decided_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '') \
         ON CONFLICT (org_id, connection, kind, subject, object) DO UPDATE \
         SET state = excluded.state, name = excluded.name, detail = excluded.detail, at_ms = excluded.at_ms, \
         since_ms = excluded.since_ms, correlation = excluded.correlation, decided_by = ''";
    LIST =
        "SELECT b.id, b.kind, b.subject, b.object, b.state, b.name, b.detail, b.at_ms, b.since_ms, b.correlation, b.decided_by, \
         coalesce((SELECT a.actor || ' ' || a.action FROM activity a WHERE a.org_id = b.org_id AND a.correlation = b.correlation \
         AND a.source <> 'grafana' ORDER BY a.id LIMIT 1), '') AS request \
         FROM brake b WHERE b.org_id = $1 AND b.connection = $2 AND b.state = $3 ORDER BY b.since_ms, b.name, b.id";
    DECIDE =
        "UPDATE brake SET state = $4, at_ms = $5, decided_by = $6 WHERE org_id = $1 AND connection = $2 AND state = 'held' \
         AND id IN (SELECT value FROM json_each($3)) RETURNING kind, subject, object, name, detail";
    GROUPS_OF_TEAM =
        "SELECT DISTINCT group_id FROM mapping WHERE org_id = $1 AND team_id = CAST($2 AS INTEGER)";
    REJECTED_CLOSING =
        "SELECT decided_by FROM brake WHERE subject = $1 AND kind = 'close' AND state = 'rejected'";
    FORGET_PERSON = "DELETE FROM brake WHERE subject = $1 AND kind = 'close'";
    FORGET_REJECTED = "DELETE FROM brake WHERE subject = $1 AND kind = 'close' AND state = 'rejected'";
    KEEP_ONLY =
        "DELETE FROM brake WHERE org_id = $1 AND connection = $2 AND kind = $3 AND state <> 'out' \
         AND CASE WHEN kind = 'leave_team' THEN object ELSE subject END = $4 \
         AND NOT EXISTS (SELECT 1 FROM json_each($5) k \
         WHERE json_extract(k.value, '$[0]') = brake.subject AND json_extract(k.value, '$[1]') = brake.object)";
    FORGET_OLD = "DELETE FROM brake WHERE org_id = $1 AND state = 'out' AND kind <> 'close' AND at_ms < $2";
    GRANT =
        "INSERT INTO brake_grant (org_id, team_id, at_ms) VALUES ($1, $2, $3) \
         ON CONFLICT (org_id, team_id) DO UPDATE SET at_ms = excluded.at_ms";
    GRANTED = "SELECT EXISTS (SELECT 1 FROM brake_grant WHERE org_id = $1 AND team_id = $2)";
    END_GRANT = "DELETE FROM brake_grant WHERE org_id = $1 AND team_id = $2";
}

/// Something that was held, or decided about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRow {
    /// By which it is decided about.
    pub id: i64,
    /// What, and who loses it.
    pub taking: Taking,
    /// The person's or the group's name.
    pub name: String,
    /// The team's name, or what the names would be.
    pub detail: String,
    /// Since when the provider asks for it.
    pub since_ms: i64,
    /// The request that asked for it.
    pub correlation: String,
    /// Whose request it was and what it did, where the log still knows.
    pub request: String,
    /// The login of the admin who decided.
    pub decided_by: String,
}

/// Something that the brake decided about a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTaking {
    /// What, and who loses it.
    pub taking: Taking,
    /// Let through, or held.
    pub state: BrakeState,
    /// The person's or the group's name.
    pub name: String,
    /// The team's name, or what the names would be.
    pub detail: String,
}

fn taking(row: &SqliteRow) -> std::result::Result<Taking, sqlx::Error> {
    Ok(Taking {
        kind: code(row, "kind")?,
        subject: row.try_get("subject")?,
        object: row.try_get("object")?,
    })
}

fn decided(row: &SqliteRow) -> Result<Decided> {
    Ok(Decided {
        taking: taking(row)?,
        state: code(row, "state")?,
        at_ms: row.try_get("at_ms")?,
    })
}

impl sqlx::FromRow<'_, SqliteRow> for HeldRow {
    fn from_row(row: &SqliteRow) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            taking: taking(row)?,
            name: row.try_get("name")?,
            detail: row.try_get("detail")?,
            since_ms: row.try_get("since_ms")?,
            correlation: row.try_get("correlation")?,
            request: row.try_get("request")?,
            decided_by: row.try_get("decided_by")?,
        })
    }
}

/// The provider says again whether the person is active: an admin's no was about the time before.
/// Returns whether something is over by it.
pub(super) async fn said_again(tx: &mut SqliteConnection, user_id: &str, active: bool) -> Result<bool> {
    let forget = if active { FORGET_PERSON } else { FORGET_REJECTED };
    Ok(forget.query().bind(user_id).execute(tx).await?.rows_affected() > 0)
}

impl Store {
    /// What the brake needs to know about these subjects: what was decided, how many others count
    /// since `after_ms` (no more than `most` are counted).
    pub async fn braked(&self, tenant: &Tenant, after_ms: i64, subjects: &[&str], most: i64) -> Result<Before> {
        let subjects = serde_json::Value::from(subjects.to_vec()).to_string();
        let query = KNOWN.query().bind(tenant.org_id.get()).bind(&tenant.connection);
        let rows = query.bind(&subjects).fetch_all(&self.read).await?;
        let query = OTHERS.query_scalar().bind(tenant.org_id.get()).bind(&tenant.connection);
        let query = query.bind(after_ms).bind(&subjects).bind(most);
        Ok(Before {
            known: rows.iter().map(decided).collect::<Result<_>>()?,
            others: query.fetch_one(&self.read).await?,
        })
    }

    /// Everything that is known of one person.
    pub async fn brakes_of(&self, user_id: &str) -> Result<Vec<Decided>> {
        let rows = OF_SUBJECT.query().bind(user_id).fetch_all(&self.read).await?;
        rows.iter().map(decided).collect()
    }

    /// The accounts that an admin keeps in a team.
    pub async fn kept_in_team(&self, org_id: OrgId, team_id: TeamId) -> Result<Vec<UserId>> {
        let query = KEPT_IN_TEAM.query_scalar().bind(org_id.get()).bind(team_id.to_string());
        let ids: Vec<i64> = query.fetch_all(&self.read).await?;
        Ok(ids.into_iter().map(UserId::new).collect())
    }

    /// How many people were active when the window began; no more than `most` are counted.
    pub async fn active_since(&self, tenant: &Tenant, after_ms: i64, most: i64) -> Result<i64> {
        let query = ACTIVE.query_scalar().bind(tenant.org_id.get()).bind(&tenant.connection);
        Ok(query.bind(after_ms).bind(most).fetch_one(&self.read).await?)
    }

    /// Writes down what the brake decided.
    pub async fn brake(&self, work: &super::Work, new: &[NewTaking], now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        for new in new {
            SAVE.query()
                .bind(work.tenant.org_id.get())
                .bind(&work.tenant.connection)
                .bind(new.taking.kind.code())
                .bind(&new.taking.subject)
                .bind(&new.taking.object)
                .bind(new.state.code())
                .bind(&new.name)
                .bind(&new.detail)
                .bind(now_ms)
                .bind(work.since_ms)
                .bind(&work.correlation)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// What is held, or what an admin rejected, oldest first.
    pub async fn held(&self, tenant: &Tenant, state: BrakeState) -> Result<Vec<HeldRow>> {
        let query = LIST.query().bind(tenant.org_id.get()).bind(&tenant.connection);
        let rows = query.bind(state.code()).fetch_all(&self.read).await?;
        Ok(rows
            .iter()
            .map(HeldRow::from_row)
            .collect::<std::result::Result<_, _>>()?)
    }

    /// An admin says yes or no to some of what is held. What follows is marked, and each is a line
    /// of the log. Returns how many were held.
    pub async fn decide_held(&self, ctx: &WriteContext, ids: &[i64], state: BrakeState, by: &str) -> Result<usize> {
        let mut tx = self.begin().await?;
        let ids = serde_json::Value::from(ids.to_vec()).to_string();
        let query = DECIDE
            .query()
            .bind(ctx.tenant.org_id.get())
            .bind(&ctx.tenant.connection);
        let query = query.bind(ids).bind(state.code()).bind(ctx.now_ms).bind(by);
        let rows = query.fetch_all(&mut *tx).await?;
        let action = if state == BrakeState::Approved {
            Action::HeldApprove
        } else {
            Action::HeldReject
        };
        for row in &rows {
            let taking = taking(row)?;
            let name: String = row.try_get("name")?;
            let detail: String = row.try_get("detail")?;
            let (kind, target) = match taking.kind {
                HeldKind::DeleteTeam => (Kind::Group, TargetKind::Group),
                HeldKind::Close | HeldKind::Rename | HeldKind::LeaveTeam => (Kind::User, TargetKind::User),
            };
            let what = domain::wording::held_what(taking.kind, &detail);
            let about = (target, taking.subject.as_str(), name.as_str());
            let line = ActivityLine::of_request(ctx, Source::Admin, action, about, Outcome::Done, Some(what));
            activity::insert(&mut tx, &line).await?;
            let urgency = Urgency::of_access(taking.kind != HeldKind::Close);
            work::mark(&mut tx, &ctx.mark(kind, &taking.subject, urgency)).await?;
            if taking.kind == HeldKind::LeaveTeam {
                let groups: Vec<String> = GROUPS_OF_TEAM
                    .query_scalar()
                    .bind(ctx.tenant.org_id.get())
                    .bind(&taking.object)
                    .fetch_all(&mut *tx)
                    .await?;
                for group in groups {
                    work::mark(&mut tx, &ctx.mark(Kind::Group, &group, Urgency::Normal)).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(rows.len())
    }

    /// The admin who keeps a person's account open, where one does.
    pub async fn kept_open_by(&self, user_id: &str) -> Result<Option<String>> {
        Ok(REJECTED_CLOSING
            .query_scalar()
            .bind(user_id)
            .fetch_optional(&self.read)
            .await?)
    }

    /// The provider asks only for these of its kind now: what else was held or decided about the
    /// person, or the team, is over.
    pub async fn keep_only(&self, tenant: &Tenant, kind: HeldKind, of: &str, asked: &[&Taking]) -> Result<()> {
        let pairs: Vec<_> = asked.iter().map(|t| serde_json::json!([t.subject, t.object])).collect();
        let query = KEEP_ONLY.query().bind(tenant.org_id.get()).bind(&tenant.connection);
        let query = query.bind(kind.code()).bind(of);
        query
            .bind(serde_json::Value::from(pairs).to_string())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// What was let through and counts no more.
    pub async fn forget_old_takings(&self, org_id: OrgId, before_ms: i64) -> Result<()> {
        FORGET_OLD
            .query()
            .bind(org_id.get())
            .bind(before_ms)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// An admin saves a change about a team: what follows is theirs, not the provider's.
    pub async fn grant(&self, org_id: OrgId, team_id: TeamId, now_ms: i64) -> Result<()> {
        GRANT
            .query()
            .bind(org_id.get())
            .bind(team_id.get())
            .bind(now_ms)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Whether an admin saw and saved what happens to a team next.
    pub async fn is_granted(&self, org_id: OrgId, team_id: TeamId) -> Result<bool> {
        Ok(GRANTED
            .query_scalar()
            .bind(org_id.get())
            .bind(team_id.get())
            .fetch_one(&self.read)
            .await?)
    }

    /// It has happened.
    pub async fn end_grant(&self, org_id: OrgId, team_id: TeamId) -> Result<()> {
        END_GRANT
            .query()
            .bind(org_id.get())
            .bind(team_id.get())
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
