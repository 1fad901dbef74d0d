//! What we know of SCIM users' Grafana accounts, and whom we put into which team.
//!
//! Owns: the tables `account` and `team_member`. Must never be the place where a claim is decided. Start at [`Store::save_account`].

use domain::{Tenant, settings::Rung};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    AccountOrigin, AccountRecord, ActivityLine, DesiredMember, Error, Kind, Mark, Result, Store, Urgency, Work,
    activity, document::read_json, is_taken, settings, work,
};

fn account(row: &SqliteRow) -> Result<AccountRecord> {
    let closed_by: Option<&str> = row.try_get("closed_by")?;
    let deferred: &str = row.try_get("deferred")?;
    Ok(AccountRecord {
        user_id: row.try_get("user_id")?,
        tenant: Tenant {
            org_id: row.try_get("org_id")?,
            connection: row.try_get("connection")?,
        },
        grafana_id: row.try_get("grafana_id")?,
        origin: match row.try_get("origin")? {
            "provisioned" => AccountOrigin::Provisioned,
            "claimed" => AccountOrigin::Claimed,
            _ => {
                return Err(Error::Unreadable {
                    what: "origin of an account",
                });
            }
        },
        login: row.try_get("login")?,
        closed_by: closed_by.map(read_rung).transpose()?,
        holds: row.try_get("holds")?,
        snapshot: row.try_get("snapshot")?,
        deferred: read_json(deferred, "list of attributes")?,
        synced_ms: row.try_get("synced_ms")?,
    })
}

fn origin(origin: AccountOrigin) -> &'static str {
    match origin {
        AccountOrigin::Provisioned => "provisioned",
        AccountOrigin::Claimed => "claimed",
    }
}

fn rung(rung: Rung) -> &'static str {
    match rung {
        Rung::Disable => "disable",
        Rung::Suspend => "suspend",
        Rung::Tombstone => "tombstone",
        Rung::Delete => "delete",
    }
}

pub(super) fn read_rung(text: &str) -> Result<Rung> {
    [Rung::Disable, Rung::Suspend, Rung::Tombstone, Rung::Delete]
        .into_iter()
        .find(|r| rung(*r) == text)
        .ok_or(Error::Unreadable {
            what: "rung of the deprovision ladder",
        })
}

/// Writes an account inside the caller's transaction.
async fn save(tx: &mut SqliteConnection, a: &AccountRecord) -> std::result::Result<(), sqlx::Error> {
    let codes: Vec<_> = a.deferred.iter().map(|attribute| attribute.as_str()).collect();
    let deferred = serde_json::json!(codes).to_string();
    sqlx::query(
        "INSERT INTO account (user_id, org_id, connection, grafana_id, origin, login, closed_by, holds, snapshot, deferred, synced_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (user_id) DO UPDATE SET grafana_id = excluded.grafana_id, \
         origin = excluded.origin, login = excluded.login, closed_by = excluded.closed_by, holds = excluded.holds, \
         snapshot = excluded.snapshot, deferred = excluded.deferred, synced_ms = excluded.synced_ms",
    )
    .bind(&a.user_id)
    .bind(a.tenant.org_id)
    .bind(&a.tenant.connection)
    .bind(a.grafana_id)
    .bind(origin(a.origin))
    .bind(&a.login)
    .bind(a.closed_by.map(rung))
    .bind(a.holds)
    .bind(&a.snapshot)
    .bind(&deferred)
    .bind(a.synced_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// The groups of somebody have to look again.
async fn mark_groups(tx: &mut SqliteConnection, of: &Work, groups: &[String], now_ms: i64) -> Result<()> {
    for group in groups {
        let mark = Mark {
            tenant: &of.tenant,
            kind: Kind::Group,
            id: group,
            urgency: Urgency::Normal,
            correlation: &of.correlation,
            now_ms,
        };
        work::mark(tx, &mark).await?;
    }
    Ok(())
}

impl Store {
    /// The account of a SCIM user, if it ever had one.
    pub async fn account(&self, user_id: &str) -> Result<Option<AccountRecord>> {
        let row = sqlx::query("SELECT * FROM account WHERE user_id = $1")
            .bind(user_id)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// Who manages a Grafana account.
    pub async fn account_by_grafana_id(&self, grafana_id: i64) -> Result<Option<AccountRecord>> {
        let row = sqlx::query("SELECT * FROM account WHERE grafana_id = $1")
            .bind(grafana_id)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// Every account of a tenant.
    pub async fn accounts(&self, tenant: &Tenant) -> Result<Vec<AccountRecord>> {
        let rows = sqlx::query("SELECT * FROM account WHERE org_id = $1 AND connection = $2 ORDER BY grafana_id")
            .bind(tenant.org_id)
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(account).collect()
    }

    /// Writes an account, new or changed.
    ///
    /// # Errors
    /// [`Error::AccountTaken`] when another SCIM user manages that Grafana account.
    pub async fn save_account(&self, a: &AccountRecord) -> Result<()> {
        let done = save(&mut *self.write.acquire().await?, a).await;
        self.saved(a, done).await
    }

    /// Grafana has made, or we have found, the account of somebody: in one commit it is his, the note about making it goes, the line
    /// is written, and the groups he is in have to look again (R11). Each waits for the disk, and there are thousands.
    ///
    /// # Errors
    /// [`Error::AccountTaken`] as [`Self::save_account`].
    pub async fn save_made(
        &self,
        a: &AccountRecord,
        work: &Work,
        line: &ActivityLine,
        groups: &[String],
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = save(&mut tx, a).await;
        if done.is_err() {
            tx.rollback().await?;
            return self.saved(a, done).await;
        }
        settings::clear_creating(&mut tx, &a.user_id).await?;
        activity::insert(&mut tx, line).await?;
        mark_groups(&mut tx, work, groups, line.at_ms).await?;
        Ok(tx.commit().await?)
    }

    /// Nothing is left to do for somebody, in one commit: what was seen of the account, his groups that have to look again (R11), and
    /// his own mark, which goes if he is `done`.
    ///
    /// # Errors
    /// [`Error::AccountTaken`] as [`Self::save_account`].
    pub async fn settle_account(
        &self,
        a: Option<&AccountRecord>,
        work: &Work,
        groups: &[String],
        done: bool,
        now_ms: i64,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        if let Some(a) = a {
            let done = save(&mut tx, a).await;
            if done.is_err() {
                tx.rollback().await?;
                return self.saved(a, done).await;
            }
        }
        mark_groups(&mut tx, work, groups, now_ms).await?;
        if done {
            work::finish(&mut tx, work).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Says who was faster.
    async fn saved(&self, a: &AccountRecord, done: std::result::Result<(), sqlx::Error>) -> Result<()> {
        match done {
            Ok(()) => Ok(()),
            Err(e) if is_taken(&e) => {
                let taker = match a.grafana_id {
                    Some(id) => self.account_by_grafana_id(id).await?,
                    None => None,
                };
                let user_id = taker.map(|a| a.user_id).unwrap_or_default();
                Err(Error::AccountTaken { user_id })
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Forgets an account.
    pub async fn remove_account(&self, user_id: &str) -> Result<()> {
        sqlx::query("DELETE FROM account WHERE user_id = $1")
            .bind(user_id)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Who should be in a team: the union over its mappings that are not paused. The flag says whether as admin; a person who is
    /// admin by one group and member by another is admin. Who was released is in nobody's hands but the team's.
    pub async fn team_desired(&self, tenant: &Tenant, team_id: i64) -> Result<Vec<(DesiredMember, bool)>> {
        let rows: Vec<(String, Option<i64>, bool, bool)> = sqlx::query_as(
            "SELECT u.id, a.grafana_id, coalesce(a.closed_by, '') = 'suspend', max(m.kind = 'admin') \
             FROM mapping m JOIN scim_group g ON g.id = m.group_id JOIN scim_member sm ON sm.group_pk = g.pk \
             JOIN scim_user u ON u.pk = sm.user_pk LEFT JOIN account a ON a.user_id = u.id \
             WHERE m.org_id = $1 AND m.connection = $2 AND m.team_id = $3 AND NOT m.paused \
             AND NOT EXISTS (SELECT 1 FROM stewardship s WHERE s.user_id = u.id AND s.state = 'released') \
             GROUP BY u.id, a.grafana_id, a.closed_by ORDER BY u.id",
        )
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .bind(team_id)
        .fetch_all(&self.read)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(user_id, grafana_id, suspended, admin)| {
                (
                    DesiredMember {
                        user_id,
                        grafana_id,
                        suspended,
                    },
                    admin,
                )
            })
            .collect())
    }

    /// Whom we put into a team.
    pub async fn applied_members(&self, org_id: i64, team_id: i64) -> Result<Vec<i64>> {
        Ok(sqlx::query_scalar(
            "SELECT grafana_id FROM team_member WHERE org_id = $1 AND team_id = $2 ORDER BY grafana_id",
        )
        .bind(org_id)
        .bind(team_id)
        .fetch_all(&self.read)
        .await?)
    }

    /// Remembers whom we put into a team; an empty list forgets the team.
    pub async fn set_applied_members(&self, org_id: i64, team_id: i64, members: &[i64]) -> Result<()> {
        let mut tx = self.begin().await?;
        let list = serde_json::to_string(members).map_err(|_| Error::Unreadable {
            what: "list of members",
        })?;
        sqlx::query(
            "DELETE FROM team_member WHERE org_id = $1 AND team_id = $2 AND grafana_id NOT IN (SELECT value FROM json_each($3))",
        )
        .bind(org_id)
        .bind(team_id)
        .bind(&list)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO team_member (org_id, team_id, grafana_id) SELECT $1, $2, value FROM json_each($3) WHERE true \
             ON CONFLICT DO NOTHING",
        )
        .bind(org_id)
        .bind(team_id)
        .bind(&list)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}
