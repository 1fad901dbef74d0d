//! The service accounts that call SCIM, or asked to.
//!
//! Owns: the table `scim_caller`. Must never know a caller by a login: a row is an account's id. Start at [`Store::scim_callers`].

use domain::{OrgId, UserId, caller::ServiceAccount};
use sqlx::{FromRow, Row as _, sqlite::SqliteRow};

use super::{CallerState, Result, Store, codes::Code as _, error::Unreadable, sql::statements};

/// So many may wait in an organization; of more, those that have not called for longest are forgotten.
const MOST_WAITING: i64 = 20;

statements! {
    OF_ORG = "SELECT * FROM scim_caller WHERE org_id = $1 ORDER BY first_ms, account_id";
    NOTE =
        "INSERT INTO scim_caller (org_id, account_id, login, role, state, first_ms, last_ms) \
         VALUES ($1, $2, $3, $4, 'waiting', $5, $5) ON CONFLICT (org_id, account_id) DO UPDATE \
         SET login = excluded.login, role = excluded.role, last_ms = excluded.last_ms";
    FORGET_WAITING =
        "DELETE FROM scim_caller WHERE org_id = $1 AND state = 'waiting' AND account_id NOT IN \
         (SELECT account_id FROM scim_caller WHERE org_id = $1 AND state = 'waiting' \
          ORDER BY last_ms DESC, account_id LIMIT $2)";
    PUT =
        "INSERT INTO scim_caller (org_id, account_id, login, role, state, first_ms, last_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (org_id, account_id) DO UPDATE \
         SET login = excluded.login, role = excluded.role, state = excluded.state";
    SEEN =
        "UPDATE scim_caller SET login = $3, role = $4 \
         WHERE org_id = $1 AND account_id = $2 AND (login <> $3 OR role <> $4)";
    DISMISS =
        "UPDATE scim_caller SET state = 'dismissed' \
         WHERE org_id = $1 AND account_id = $2 AND state IN ('waiting', 'accepted')";
    FORGET = "DELETE FROM scim_caller WHERE org_id = $1 AND account_id = $2";
}

/// One service account that calls SCIM, or asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerRecord {
    /// Grafana's id.
    pub id: UserId,
    /// Its login as Grafana's list last showed it; empty while none has.
    pub login: String,
    /// Its role.
    pub role: String,
    /// Whether it may.
    pub state: CallerState,
    /// When it first called, or was accepted.
    pub first_ms: i64,
    /// When it last called while it might not.
    pub last_ms: i64,
}

impl FromRow<'_, SqliteRow> for CallerRecord {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let state = CallerState::from_code(row.try_get("state")?)
            .ok_or_else(|| sqlx::Error::Decode(Box::new(Unreadable(CallerState::WHAT))))?;
        Ok(Self {
            id: UserId::new(row.try_get("account_id")?),
            login: row.try_get("login")?,
            role: row.try_get("role")?,
            state,
            first_ms: row.try_get("first_ms")?,
            last_ms: row.try_get("last_ms")?,
        })
    }
}

impl Store {
    /// Every caller of an organization that is known, whatever became of it.
    pub async fn scim_callers(&self, org_id: OrgId) -> Result<Vec<CallerRecord>> {
        Ok(OF_ORG.query_as().bind(org_id.get()).fetch_all(&self.read).await?)
    }

    /// An account that nobody has accepted called. What was decided about it stays.
    pub async fn note_scim_caller(&self, org_id: OrgId, account: &ServiceAccount, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        NOTE.query()
            .bind(org_id.get())
            .bind(account.id.get())
            .bind(&account.login)
            .bind(&account.role)
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        FORGET_WAITING
            .query()
            .bind(org_id.get())
            .bind(MOST_WAITING)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// From now on it may call.
    pub async fn register_scim_caller(
        &self,
        org_id: OrgId,
        account: &ServiceAccount,
        state: CallerState,
        now_ms: i64,
    ) -> Result<()> {
        PUT.query()
            .bind(org_id.get())
            .bind(account.id.get())
            .bind(&account.login)
            .bind(&account.role)
            .bind(state.code())
            .bind(now_ms)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// What a list shows of an account that is known.
    pub async fn refresh_scim_caller(&self, org_id: OrgId, account: &ServiceAccount) -> Result<()> {
        SEEN.query()
            .bind(org_id.get())
            .bind(account.id.get())
            .bind(&account.login)
            .bind(&account.role)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// From now on it may not, and nobody is asked about it again. `false`: it was neither waiting nor accepted.
    pub async fn dismiss_scim_caller(&self, org_id: OrgId, id: UserId) -> Result<bool> {
        let done = DISMISS
            .query()
            .bind(org_id.get())
            .bind(id.get())
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// It is not known any more.
    pub async fn forget_scim_caller(&self, org_id: OrgId, id: UserId) -> Result<()> {
        FORGET
            .query()
            .bind(org_id.get())
            .bind(id.get())
            .execute(&self.write)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: OrgId = OrgId::new(1);

    fn account(id: i64) -> ServiceAccount {
        ServiceAccount {
            id: UserId::new(id),
            login: format!("sa-1-{id}"),
            role: "Viewer".into(),
        }
    }

    async fn states(store: &Store) -> Vec<(i64, CallerState)> {
        let rows = store.scim_callers(ORG).await.unwrap();
        rows.into_iter().map(|row| (row.id.get(), row.state)).collect()
    }

    #[tokio::test]
    async fn a_call_does_not_undo_what_was_decided() {
        let store = Store::in_memory().await.unwrap();
        store.note_scim_caller(ORG, &account(7), 1).await.unwrap();
        assert_eq!(states(&store).await, [(7, CallerState::Waiting)]);
        assert!(store.dismiss_scim_caller(ORG, UserId::new(7)).await.unwrap());
        store.note_scim_caller(ORG, &account(7), 2).await.unwrap();
        assert_eq!(states(&store).await, [(7, CallerState::Dismissed)]);
        store
            .register_scim_caller(ORG, &account(7), CallerState::File, 3)
            .await
            .unwrap();
        assert!(!store.dismiss_scim_caller(ORG, UserId::new(7)).await.unwrap());
        assert_eq!(states(&store).await, [(7, CallerState::File)]);
    }

    #[tokio::test]
    async fn no_more_wait_than_a_page_can_show() {
        let store = Store::in_memory().await.unwrap();
        for id in 1..=30 {
            store.note_scim_caller(ORG, &account(id), id).await.unwrap();
        }
        let waiting = states(&store).await;
        assert_eq!((waiting.len(), waiting[0].0), (20, 11), "the latest stay");
    }
}
