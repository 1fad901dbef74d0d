//! What Rollcall knows of SCIM users' accounts in Grafana, and the members it put into each team.
//!
//! Owns: the tables `account` and `team_member`. Must never be the place where a claim is decided.
//! Start at [`Store::save_account`].

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{OrgId, TeamId, Tenant, UserId, team::MadeAdmin};
use sqlx::SqliteConnection;

use super::{
    AccountRecord, ActivityLine, Error, Kind, Mark, Result, Store, Urgency, Work, account_creations, activity,
    codes::Code, identity, is_taken, management, sql::statements, work,
};

statements! {
    SAVE =
        "INSERT INTO account (user_id, org_id, connection, grafana_id, origin, login, \
         deprovisioned_by, holds, snapshot, deferred, synced_ms, authority, own_org, seen_inside, \
         closed_by_hand, external_id, gone_ms, renew_password, seen_closed_ms, rejoined_ms) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
         CASE WHEN here.known THEN $16 ELSE coalesce(c.external_id, $16) END, \
         CASE WHEN here.known THEN NULL ELSE coalesce($17, c.gone_ms, $11) END, $18, $19, $20 \
         FROM (SELECT EXISTS (SELECT 1 FROM scim_user WHERE id = $1) AS known) here \
         LEFT JOIN account_creation c ON c.user_id = $1 WHERE true \
         ON CONFLICT (user_id) DO UPDATE \
         SET grafana_id = excluded.grafana_id, origin = excluded.origin, login = excluded.login, \
         authority = excluded.authority, own_org = excluded.own_org, \
         seen_inside = excluded.seen_inside, closed_by_hand = excluded.closed_by_hand, \
         deprovisioned_by = excluded.deprovisioned_by, holds = excluded.holds, snapshot = \
         excluded.snapshot, deferred = excluded.deferred, synced_ms = excluded.synced_ms, \
         seen_closed_ms = excluded.seen_closed_ms, rejoined_ms = excluded.rejoined_ms, \
         renew_password = excluded.renew_password, external_id = CASE WHEN account.gone_ms IS NULL \
         THEN excluded.external_id ELSE account.external_id END";
    LEFT_WITH =
        "SELECT * FROM account WHERE org_id = $1 AND connection = $2 AND external_id = $3 \
         AND gone_ms IS NOT NULL ORDER BY user_id";
    LEAVE = "UPDATE account SET external_id = $2, gone_ms = $3 WHERE user_id = $1";
    LEAVE_BEFORE =
        "UPDATE account_creation SET external_id = $2, gone_ms = $3 WHERE user_id = $1";
    FIND = "SELECT * FROM account WHERE user_id = $1";
    FIND_BY_GRAFANA_ID = "SELECT * FROM account WHERE grafana_id = $1";
    OWNERS =
        "SELECT grafana_id, user_id, login FROM account \
         WHERE grafana_id IN (SELECT value FROM json_each($1))";
    OF_TENANT =
        "SELECT * FROM account WHERE org_id = $1 AND connection = $2 ORDER BY grafana_id";
    LEAVING =
        "SELECT a.grafana_id FROM account a LEFT JOIN scim_user u ON u.id = a.user_id \
         LEFT JOIN management s ON s.user_id = a.user_id \
         WHERE a.grafana_id IS NOT NULL \
         AND (u.id IS NULL OR NOT u.active OR s.state = 'kept_closed') \
         AND s.state IS NOT 'unmanaged'";
    REMOVE = "DELETE FROM account WHERE user_id = $1";
    MEMBERS_WITH_ACCOUNTS =
        "SELECT u.id, a.grafana_id FROM scim_group g JOIN scim_member sm ON sm.group_pk = g.pk \
         JOIN scim_user u ON u.pk = sm.user_pk LEFT JOIN account a ON a.user_id = u.id \
         AND coalesce(a.deprovisioned_by, '') <> 'suspend' \
         WHERE g.org_id = $1 AND g.connection = $2 AND g.id = $3 \
         AND NOT EXISTS (SELECT 1 FROM management s \
         WHERE s.user_id = u.id AND s.state = 'unmanaged') ORDER BY u.id";
    APPLIED_MEMBERS =
        "SELECT grafana_id, made_admin FROM team_member WHERE org_id = $1 AND team_id = $2";
    FORGET_SEEN_CLOSED = "UPDATE account SET seen_closed_ms = NULL WHERE user_id = $1";
    FORGET_MEMBERS =
        "DELETE FROM team_member \
         WHERE org_id = $1 AND team_id = $2 AND grafana_id NOT IN (SELECT \
         json_extract(value, '$[0]') FROM json_each($3))";
    ADD_MEMBERS =
        "INSERT INTO team_member (org_id, team_id, grafana_id, made_admin) SELECT $1, $2, \
         json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each($3) WHERE true \
         ON CONFLICT (org_id, team_id, grafana_id) DO UPDATE SET made_admin = excluded.made_admin";
}

/// The members that Rollcall put into a team, inside the caller's transaction.
pub(super) async fn applied(
    connection: &mut SqliteConnection,
    org_id: OrgId,
    team_id: TeamId,
) -> Result<BTreeMap<UserId, MadeAdmin>> {
    let rows: Vec<(i64, String)> = APPLIED_MEMBERS
        .query_as()
        .bind(org_id.get())
        .bind(team_id.get())
        .fetch_all(connection)
        .await?;
    let read = |(id, made): (i64, String)| {
        let made = MadeAdmin::from_code(&made).ok_or(Error::Unreadable { what: MadeAdmin::WHAT })?;
        Ok((UserId::new(id), made))
    };
    rows.into_iter().map(read).collect()
}

/// Writes an account inside the caller's transaction.
async fn save(tx: &mut SqliteConnection, a: &AccountRecord) -> std::result::Result<(), sqlx::Error> {
    let deferred = serde_json::to_string(&a.deferred).map_err(|e| sqlx::Error::Encode(e.into()))?;
    SAVE.query()
        .bind(&a.user_id)
        .bind(a.tenant.org_id.get())
        .bind(&a.tenant.connection)
        .bind(a.grafana_id.map(UserId::get))
        .bind(a.origin.code())
        .bind(&a.login)
        .bind(a.deprovisioned_by.map(Code::code))
        .bind(a.holds)
        .bind(&a.snapshot)
        .bind(deferred)
        .bind(a.synced_ms)
        .bind(a.history.authority.code())
        .bind(a.history.own_org.map(OrgId::get))
        .bind(a.history.seen_inside)
        .bind(a.history.closed_by_hand)
        .bind(&a.external_id)
        .bind(a.gone_ms)
        .bind(a.renew_password)
        .bind(a.seen_closed_ms)
        .bind(a.history.rejoined_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// The provider deletes a user, inside its transaction: who returns with this `externalId` is the same person. It is the one of now,
/// whenever the account was linked, and no later save changes it: also where the account is being made now, and its row comes later.
pub(super) async fn leave(
    tx: &mut SqliteConnection,
    user_id: &str,
    external_id: Option<&str>,
    now_ms: i64,
) -> Result<()> {
    for leave in [LEAVE, LEAVE_BEFORE] {
        let leave = leave.query().bind(user_id).bind(external_id).bind(now_ms);
        leave.execute(&mut *tx).await?;
    }
    Ok(())
}

/// Marks the groups of a person, so that their teams are compared again.
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
        Ok(FIND.query_as().bind(user_id).fetch_optional(&self.read).await?)
    }

    /// The SCIM user that manages a Grafana account.
    pub async fn account_by_grafana_id(&self, grafana_id: UserId) -> Result<Option<AccountRecord>> {
        Ok(FIND_BY_GRAFANA_ID
            .query_as()
            .bind(grafana_id.get())
            .fetch_optional(&self.read)
            .await?)
    }

    /// The SCIM id of the user and the login of each of these accounts, where Rollcall knows them.
    pub async fn account_owners(&self, ids: &[UserId]) -> Result<HashMap<UserId, (String, String)>> {
        let list = serde_json::to_string(ids).map_err(|_| Error::Unreadable {
            what: "list of accounts",
        })?;
        let rows: Vec<(i64, String, String)> = OWNERS.query_as().bind(list).fetch_all(&self.read).await?;
        Ok(rows
            .into_iter()
            .map(|(id, user_id, login)| (UserId::new(id), (user_id, login)))
            .collect())
    }

    /// The accounts of deleted users who had this `externalId`.
    pub async fn left_with(&self, tenant: &Tenant, external_id: &str) -> Result<Vec<AccountRecord>> {
        Ok(LEFT_WITH
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(external_id)
            .fetch_all(&self.read)
            .await?)
    }

    /// Every account of a tenant.
    pub async fn accounts(&self, tenant: &Tenant) -> Result<Vec<AccountRecord>> {
        Ok(OF_TENANT
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?)
    }

    /// The accounts of everybody, in every organization, who is to have no access.
    pub async fn leaving_accounts(&self) -> Result<HashSet<UserId>> {
        let ids: Vec<i64> = LEAVING.query_scalar().fetch_all(&self.read).await?;
        Ok(ids.into_iter().map(UserId::new).collect())
    }

    /// Writes an account, new or changed.
    ///
    /// # Errors
    /// [`Error::AccountTaken`] when another SCIM user manages that Grafana account.
    pub async fn save_account(&self, a: &AccountRecord) -> Result<()> {
        let done = save(&mut *self.write.acquire().await?, a).await;
        self.saved(a, done).await
    }

    /// A SCIM user takes over the account of one that was deleted: in one commit, so that a crash in
    /// between does not make it nobody's.
    ///
    /// # Errors
    /// [`Error::AccountTaken`] as [`Self::save_account`].
    pub async fn take_over_account(&self, a: &AccountRecord, from: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        REMOVE.query().bind(from).execute(&mut *tx).await?;
        management::forget(&mut tx, from).await?;
        let done = save(&mut tx, a).await;
        if done.is_err() {
            tx.rollback().await?;
            return self.saved(a, done).await;
        }
        Ok(tx.commit().await?)
    }

    /// Grafana has created the account of a SCIM user, or we have found it. One commit records the
    /// account, removes the note about its creation, writes the line, and marks the groups of the
    /// user (R11). Each commit waits for the disk, and there are thousands.
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
        account_creations::clear_account_creation(&mut tx, &a.user_id).await?;
        activity::insert(&mut tx, line).await?;
        mark_groups(&mut tx, work, groups, line.at_ms).await?;
        Ok(tx.commit().await?)
    }

    /// Nothing is left to do for a SCIM user. One commit records what was seen of the account,
    /// marks the groups that need another comparison (R11), and removes the user's own mark if
    /// `done`.
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
        if a.is_some_and(|a| a.seen_closed_ms == Some(now_ms)) {
            // A closing, seen done now for the first time: a copy of the store does not know of it.
            identity::grow(&mut tx, work.tenant.org_id).await?;
        }
        mark_groups(&mut tx, work, groups, now_ms).await?;
        if done {
            work::finish(&mut tx, work).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Names the SCIM user that took the account first.
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

    /// The account of somebody who must be out was found open again.
    pub async fn forget_seen_closed(&self, user_id: &str) -> Result<()> {
        FORGET_SEEN_CLOSED.query().bind(user_id).execute(&self.write).await?;
        Ok(())
    }

    /// Forgets an account.
    pub async fn remove_account(&self, user_id: &str) -> Result<()> {
        REMOVE.query().bind(user_id).execute(&self.write).await?;
        Ok(())
    }

    /// The people of a group, each with the account that could be in a team.
    pub async fn members_with_accounts(
        &self,
        tenant: &Tenant,
        group_id: &str,
    ) -> Result<Vec<(String, Option<UserId>)>> {
        let query = MEMBERS_WITH_ACCOUNTS
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection);
        let rows: Vec<(String, Option<i64>)> = query.bind(group_id).fetch_all(&self.read).await?;
        Ok(rows
            .into_iter()
            .map(|(id, account)| (id, account.map(UserId::new)))
            .collect())
    }

    /// The members that Rollcall put into a team, and which of them it made admin.
    pub async fn applied_members(&self, org_id: OrgId, team_id: TeamId) -> Result<BTreeMap<UserId, MadeAdmin>> {
        applied(&mut *self.read.acquire().await?, org_id, team_id).await
    }

    /// Records the members that Rollcall put into a team; an empty list forgets the team.
    pub async fn set_applied_members(
        &self,
        org_id: OrgId,
        team_id: TeamId,
        members: &BTreeMap<UserId, MadeAdmin>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let pairs: Vec<(UserId, &str)> = members.iter().map(|(id, made)| (*id, made.code())).collect();
        let list = serde_json::to_string(&pairs).map_err(|_| Error::Unreadable {
            what: "list of members",
        })?;
        FORGET_MEMBERS
            .query()
            .bind(org_id.get())
            .bind(team_id.get())
            .bind(&list)
            .execute(&mut *tx)
            .await?;
        ADD_MEMBERS
            .query()
            .bind(org_id.get())
            .bind(team_id.get())
            .bind(&list)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_was_put_into_a_team_and_made_admin_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let (org, team) = (OrgId::new(1), TeamId::new(7));
        let users = |all: &[(i64, MadeAdmin)]| -> BTreeMap<UserId, MadeAdmin> {
            all.iter().map(|(id, made)| (UserId::new(*id), *made)).collect()
        };
        let first = users(&[(1, MadeAdmin::No), (2, MadeAdmin::Asked), (3, MadeAdmin::Seen)]);
        let then = users(&[(2, MadeAdmin::Seen), (3, MadeAdmin::No), (4, MadeAdmin::No)]);
        for members in [first, then, BTreeMap::new()] {
            store.set_applied_members(org, team, &members).await.unwrap();
            assert_eq!(store.applied_members(org, team).await.unwrap(), members);
        }
    }
}
