//! Which account each entry of the setting `break_glass` means.
//!
//! Owns: the table `break_glass`. Must never decide what an entry means: `domain::account::resolve`
//! does. Start at [`Store::break_glass`].

use std::collections::BTreeMap;

use domain::{OrgId, UserId, account::Entry};

use super::{Result, Store, sql::statements};

statements! {
    OF_ORG = "SELECT entry, grafana_id FROM break_glass WHERE org_id = $1";
    FORGET = "DELETE FROM break_glass WHERE org_id = $1 AND entry = $2";
    // The first account that an entry had stays its account.
    LEARN = "INSERT INTO break_glass (org_id, entry, grafana_id) VALUES ($1, $2, $3)
        ON CONFLICT (org_id, entry) DO UPDATE SET grafana_id = excluded.grafana_id
        WHERE break_glass.grafana_id IS NULL";
}

impl Store {
    /// What each entry meant when it was looked at last.
    pub async fn break_glass(&self, org_id: OrgId) -> Result<BTreeMap<String, Entry>> {
        let rows: Vec<(String, Option<i64>)> = OF_ORG.query_as().bind(org_id.get()).fetch_all(&self.read).await?;
        let entry = |(name, id): (String, Option<i64>)| {
            let entry = Entry {
                account: id.map(UserId::new),
                taken_by: None,
            };
            (name, entry)
        };
        Ok(rows.into_iter().map(entry).collect())
    }

    /// What each entry means now. One that is listed no more is forgotten, and one that has an account keeps it.
    pub async fn set_break_glass(&self, org_id: OrgId, entries: &BTreeMap<String, Entry>) -> Result<()> {
        let mut tx = self.begin().await?;
        let known: Vec<(String, Option<i64>)> = OF_ORG.query_as().bind(org_id.get()).fetch_all(&mut *tx).await?;
        for (name, _) in known.iter().filter(|(name, _)| !entries.contains_key(name)) {
            FORGET.query().bind(org_id.get()).bind(name).execute(&mut *tx).await?;
        }
        for (name, entry) in entries {
            LEARN
                .query()
                .bind(org_id.get())
                .bind(name)
                .bind(entry.account.map(UserId::get))
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }
}
