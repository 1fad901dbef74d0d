//! What an admin set on the page, and notes the process keeps for itself.
//!
//! Owns: the tables `setting` and `meta`. Must never hold a secret. Start at [`Store::page_settings`].

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::{Result, Store};

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
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(format!("creating:{user_id}"))
        .bind(login)
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
