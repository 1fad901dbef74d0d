//! Which store this is.
//!
//! Owns: the table `store_identity`. Must never decide whether this is the right one:
//! `domain::store_identity` does. Start at [`Store::identity`].

use domain::store_identity::StoreIdentity;
use sqlx::SqliteConnection;
use vocabulary::OrgId;

use super::{Result, Store, sql::statements};

statements! {
    MAKE =
        "INSERT INTO store_identity (org_id, id, counter, marked) VALUES ($1, $2, 1, 0) \
         ON CONFLICT (org_id) DO NOTHING";
    FIND = "SELECT id, counter, marked FROM store_identity WHERE org_id = $1";
    GROW =
        "UPDATE store_identity SET counter = counter + 1 WHERE org_id = $1";
    NOTE_MARKED = "UPDATE store_identity SET marked = $2 WHERE org_id = $1";
    DECIDE =
        "UPDATE store_identity SET id = $2, counter = $3, marked = $3 WHERE org_id = $1";
}

/// One closing was seen done, inside the caller's transaction.
pub(super) async fn grow(tx: &mut SqliteConnection, org_id: OrgId) -> Result<()> {
    GROW.query().bind(org_id.get()).execute(tx).await?;
    Ok(())
}

impl Store {
    /// Who this store is to an organization's Grafana. The first time, `new_id` becomes its id.
    pub async fn identity(&self, org_id: OrgId, new_id: &str) -> Result<StoreIdentity> {
        if let Some(found) = self.known_identity(org_id).await? {
            return Ok(found);
        }
        let mut tx = self.begin().await?;
        MAKE.query().bind(org_id.get()).bind(new_id).execute(&mut *tx).await?;
        let row: (String, i64, i64) = FIND.query_as().bind(org_id.get()).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(identity(row))
    }

    async fn known_identity(&self, org_id: OrgId) -> Result<Option<StoreIdentity>> {
        let row: Option<(String, i64, i64)> = FIND.query_as().bind(org_id.get()).fetch_optional(&self.read).await?;
        Ok(row.map(identity))
    }

    /// The engine has begun with this store.
    pub async fn grow_identity(&self, org_id: OrgId) -> Result<()> {
        let mut tx = self.begin().await?;
        grow(&mut tx, org_id).await?;
        Ok(tx.commit().await?)
    }

    /// The marker is about to be given this counter. It is on disk before Grafana is asked, so in
    /// the marker there is never more than here.
    pub async fn note_marked(&self, org_id: OrgId, counter: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        NOTE_MARKED
            .query()
            .bind(org_id.get())
            .bind(counter)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// An admin decided that this is the right store, under this id and from this counter on.
    pub async fn decide_identity(&self, org_id: OrgId, id: &str, counter: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        DECIDE
            .query()
            .bind(org_id.get())
            .bind(id)
            .bind(counter)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

fn identity((id, counter, marked): (String, i64, i64)) -> StoreIdentity {
    StoreIdentity { id, counter, marked }
}
