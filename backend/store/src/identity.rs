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
        "INSERT INTO store_identity (org_id, id, counter) VALUES ($1, $2, 1) \
         ON CONFLICT (org_id) DO NOTHING";
    FIND = "SELECT id, counter, seen, asked FROM store_identity WHERE org_id = $1";
    GROW =
        "UPDATE store_identity SET counter = counter + 1 WHERE org_id = $1";
    NOTE =
        "UPDATE store_identity SET seen = $2, asked = $3 WHERE org_id = $1";
    DECIDE =
        "UPDATE store_identity SET id = $2, counter = $3, seen = $4, asked = $5 WHERE org_id = $1";
}

type Row = (String, i64, Option<String>, Option<String>);

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
        let row: Row = FIND.query_as().bind(org_id.get()).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(identity(row))
    }

    async fn known_identity(&self, org_id: OrgId) -> Result<Option<StoreIdentity>> {
        let row: Option<Row> = FIND.query_as().bind(org_id.get()).fetch_optional(&self.read).await?;
        Ok(row.map(identity))
    }

    /// The engine has begun with this store.
    pub async fn grow_identity(&self, org_id: OrgId) -> Result<()> {
        let mut tx = self.begin().await?;
        grow(&mut tx, org_id).await?;
        Ok(tx.commit().await?)
    }

    /// The marker is about to be given a stamp. It is on disk before Grafana is asked, so the marker
    /// never has one of ours that is not here.
    pub async fn note_stamps(&self, org_id: OrgId, noted: &StoreIdentity) -> Result<()> {
        let mut tx = self.begin().await?;
        NOTE.query()
            .bind(org_id.get())
            .bind(&noted.seen)
            .bind(&noted.asked)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// An admin decided that this is the right store, as it is called and counted from now on.
    pub async fn decide_identity(&self, org_id: OrgId, decided: &StoreIdentity) -> Result<()> {
        let mut tx = self.begin().await?;
        DECIDE
            .query()
            .bind(org_id.get())
            .bind(&decided.id)
            .bind(decided.counter)
            .bind(&decided.seen)
            .bind(&decided.asked)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

fn identity((id, counter, seen, asked): Row) -> StoreIdentity {
    StoreIdentity {
        id,
        counter,
        seen,
        asked,
    }
}
