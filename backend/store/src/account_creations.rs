//! Accounts that Grafana was asked to create.
//!
//! Owns: the table `account_creation`. Must never hold an account that a row of `account` names.
//! Start at [`Store::note_account_creation`].

use domain::Tenant;
use sqlx::SqliteConnection;

use super::{Result, Store, sql::statements};

statements! {
    NOTE =
        "INSERT INTO account_creation (user_id, org_id, connection, login, since_ms) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO UPDATE \
         SET login = excluded.login, since_ms = excluded.since_ms, looked_ms = NULL";
    OF_TENANT =
        "SELECT user_id, looked_ms FROM account_creation WHERE org_id = $1 AND connection = $2 \
         ORDER BY user_id";
    LOOK = "UPDATE account_creation SET looked_ms = $1 WHERE user_id = $2 AND looked_ms IS NULL";
    NOTED = "SELECT login, since_ms FROM account_creation WHERE user_id = $1";
    CLEAR = "DELETE FROM account_creation WHERE user_id = $1";
}

/// An account that Grafana was asked to create.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AccountCreation {
    /// The SCIM user it is for; the provider may have deleted it.
    pub user_id: String,
    /// The first comparison that looked for the account.
    pub looked_ms: Option<i64>,
}

/// What Grafana was asked to create.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct NotedCreation {
    /// The login that was asked for.
    pub login: String,
    /// The time just before the call.
    pub since_ms: i64,
}

impl Store {
    /// Notes that Grafana is about to be asked for an account with this login. If the process dies
    /// between Grafana's answer and our commit, the account is known as ours after the restart,
    /// whatever the claim policy says about accounts of others.
    pub async fn note_account_creation(
        &self,
        tenant: &Tenant,
        user_id: &str,
        login: &str,
        since_ms: i64,
    ) -> Result<()> {
        NOTE.query()
            .bind(user_id)
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(login)
            .bind(since_ms)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Every such account of a tenant that no row of `account` names yet.
    pub async fn account_creations(&self, tenant: &Tenant) -> Result<Vec<AccountCreation>> {
        Ok(OF_TENANT
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?)
    }

    /// A comparison looks for such an account; the time of the first one stays.
    pub async fn note_account_lookup(&self, user_id: &str, now_ms: i64) -> Result<()> {
        LOOK.query().bind(now_ms).bind(user_id).execute(&self.write).await?;
        Ok(())
    }

    /// What was noted for a SCIM user, if anything.
    pub async fn noted_creation(&self, user_id: &str) -> Result<Option<NotedCreation>> {
        Ok(NOTED.query_as().bind(user_id).fetch_optional(&self.read).await?)
    }

    /// The account is saved, or was not created and cannot come any more: the note goes.
    pub async fn clear_account_creation(&self, user_id: &str) -> Result<()> {
        clear_account_creation(&mut *self.write.acquire().await?, user_id).await
    }
}

/// The same as [`Store::clear_account_creation`], inside the caller's transaction.
pub(super) async fn clear_account_creation(tx: &mut SqliteConnection, user_id: &str) -> Result<()> {
    CLEAR.query().bind(user_id).execute(tx).await?;
    Ok(())
}
