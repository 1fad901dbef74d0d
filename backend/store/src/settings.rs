//! What an admin set on the page.
//!
//! Owns: the table `setting`. Must never hold a secret. Start at [`Store::page_settings`].

use domain::OrgId;
use std::collections::BTreeMap;

use super::{Result, Store, sql::statements};

statements! {
    OF_ORG = "SELECT name, value FROM setting WHERE org_id = $1";
    SET =
        "INSERT INTO setting (org_id, name, value) VALUES ($1, $2, $3) \
         ON CONFLICT (org_id, name) DO UPDATE SET value = excluded.value";
    UNSET = "DELETE FROM setting WHERE org_id = $1 AND name = $2";
    ORGS = "SELECT DISTINCT org_id FROM setting ORDER BY 1";
}

impl Store {
    /// Everything set on the page for an organization.
    pub async fn page_settings(&self, org_id: OrgId) -> Result<BTreeMap<String, String>> {
        let rows: Vec<(String, String)> = OF_ORG.query_as().bind(org_id.get()).fetch_all(&self.read).await?;
        Ok(rows.into_iter().collect())
    }

    /// Sets and unsets (`None`) in one transaction.
    pub async fn set_page_settings(&self, org_id: OrgId, changes: &BTreeMap<String, Option<String>>) -> Result<()> {
        let mut tx = self.begin().await?;
        for (name, value) in changes {
            match value {
                Some(value) => {
                    SET.query()
                        .bind(org_id.get())
                        .bind(name)
                        .bind(value)
                        .execute(&mut *tx)
                        .await?
                }
                None => UNSET.query().bind(org_id.get()).bind(name).execute(&mut *tx).await?,
            };
        }
        Ok(tx.commit().await?)
    }

    /// Organizations with settings of the page.
    pub async fn orgs_with_settings(&self) -> Result<Vec<OrgId>> {
        let ids: Vec<i64> = ORGS.query_scalar().fetch_all(&self.read).await?;
        Ok(ids.into_iter().map(OrgId::new).collect())
    }
}
