//! What an admin set on the page, and notes the process keeps for itself.
//!
//! Owns: the tables `setting`, `meta` and `account_being_made`. Must never hold a secret. Start at [`Store::page_settings`].

use std::collections::BTreeMap;

use domain::Tenant;
use sqlx::SqliteConnection;

use super::{Result, Store};

/// An account that Grafana was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBeingMade {
    /// The SCIM user it is for, who may be gone.
    pub user_id: String,
    /// The first comparison that looked for it.
    pub looked_ms: Option<i64>,
}

impl Store {
    /// Everything set on the page for an organization.
    pub async fn page_settings(&self, org_id: i64) -> Result<BTreeMap<String, String>> {
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT name, value FROM setting WHERE org_id = $1")
            .bind(org_id)
            .fetch_all(&self.read)
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Sets and unsets (`None`) in one transaction.
    pub async fn set_page_settings(&self, org_id: i64, changes: &BTreeMap<String, Option<String>>) -> Result<()> {
        let mut tx = self.begin().await?;
        for (name, value) in changes {
            match value {
                Some(value) => {
                    sqlx::query(
                        "INSERT INTO setting (org_id, name, value) VALUES ($1, $2, $3) \
                         ON CONFLICT (org_id, name) DO UPDATE SET value = excluded.value",
                    )
                    .bind(org_id)
                    .bind(name)
                    .bind(value)
                    .execute(&mut *tx)
                    .await?
                }
                None => {
                    sqlx::query("DELETE FROM setting WHERE org_id = $1 AND name = $2")
                        .bind(org_id)
                        .bind(name)
                        .execute(&mut *tx)
                        .await?
                }
            };
        }
        Ok(tx.commit().await?)
    }

    /// Organizations with settings of the page.
    pub async fn orgs_with_settings(&self) -> Result<Vec<i64>> {
        Ok(sqlx::query_scalar("SELECT DISTINCT org_id FROM setting ORDER BY 1")
            .fetch_all(&self.read)
            .await?)
    }

    /// Notes that an account with this login is about to be made for a SCIM user: if the process dies between Grafana's answer and
    /// ours, the account is known for ours after the restart, whatever the claim policy says about strangers' accounts.
    pub async fn note_creating(&self, user_id: &str, login: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        // A user is worked on because of his mark, so there is one, also when he was deleted a moment ago.
        sqlx::query(
            "INSERT INTO account_being_made (user_id, org_id, connection) SELECT id, org_id, connection FROM work \
             WHERE kind = 'User' AND id = $1 ON CONFLICT (user_id) DO UPDATE SET looked_ms = NULL",
        )
        .bind(user_id)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(format!("creating:{user_id}"))
        .bind(login)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Every account of a tenant that was asked for and is nobody's yet.
    pub async fn accounts_being_made(&self, tenant: &Tenant) -> Result<Vec<AccountBeingMade>> {
        // Those that were made: all at once here, so that making one account is not one more write.
        sqlx::query(
            "DELETE FROM account_being_made WHERE org_id = $1 AND connection = $2 \
             AND NOT EXISTS (SELECT 1 FROM meta WHERE name = 'creating:' || user_id)",
        )
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .execute(&self.write)
        .await?;
        let rows: Vec<(String, Option<i64>)> = sqlx::query_as(
            "SELECT user_id, looked_ms FROM account_being_made WHERE org_id = $1 AND connection = $2 ORDER BY user_id",
        )
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .fetch_all(&self.read)
        .await?;
        let account = |(user_id, looked_ms)| AccountBeingMade { user_id, looked_ms };
        Ok(rows.into_iter().map(account).collect())
    }

    /// A comparison looks for such an account; the first one counts.
    pub async fn look_for_account(&self, user_id: &str, now_ms: i64) -> Result<()> {
        sqlx::query("UPDATE account_being_made SET looked_ms = $1 WHERE user_id = $2 AND looked_ms IS NULL")
            .bind(now_ms)
            .bind(user_id)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// It cannot come any more.
    pub async fn forget_account(&self, user_id: &str) -> Result<()> {
        self.clear_creating(user_id).await?;
        sqlx::query("DELETE FROM account_being_made WHERE user_id = $1")
            .bind(user_id)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The login noted for a SCIM user, if any.
    pub async fn creating(&self, user_id: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
            .bind(format!("creating:{user_id}"))
            .fetch_optional(&self.read)
            .await?)
    }

    /// The account is saved (or was never made): the note goes.
    pub async fn clear_creating(&self, user_id: &str) -> Result<()> {
        clear_creating(&mut *self.write.acquire().await?, user_id).await
    }
}

/// The same inside the caller's transaction.
pub(super) async fn clear_creating(tx: &mut SqliteConnection, user_id: &str) -> Result<()> {
    sqlx::query("DELETE FROM meta WHERE name = $1")
        .bind(format!("creating:{user_id}"))
        .execute(tx)
        .await?;
    Ok(())
}
