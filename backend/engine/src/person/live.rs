//! Accounts as Grafana shows them when it is asked.
//!
//! Owns: how few calls a look at one account takes. Must never change anything in Grafana. Start at [`Live`].

use domain::{
    Tenant, UserId,
    account::{Account, TeamMembership},
    attention::Reading,
};

use super::{
    input::{desired, is_last_admin, roles},
    observe::{AccountSource, Depth, ManagedBy},
};
use crate::{
    context::{Core, SCAN_MS},
    error::{Result, looking},
    org::Org,
};
use store::AccountRecord;

/// Grafana itself, and the store as it is now.
pub(crate) struct Live<'a> {
    pub(crate) core: &'a Core,
    pub(crate) org: &'a Org,
}

impl AccountSource for Live<'_> {
    async fn account(&self, id: UserId, depth: Depth) -> Result<Option<Account>> {
        let org = self.org;
        let Some(user) = org.grafana.user(id).await.map_err(looking(Reading::Account))? else {
            return Ok(None);
        };
        let me = org.grafana.me().await.map_err(looking(Reading::OwnAccount))?;
        let mut account = Account {
            is_self: me.id == user.id,
            id: user.id,
            login: user.login,
            email: user.email,
            name: user.name,
            is_grafana_admin: user.is_grafana_admin,
            is_external: user.is_external,
            sign_ins: user.auth_labels,
            is_disabled: user.is_disabled,
            orgs: Vec::new(),
            teams: Vec::new(),
            last_admin_of: Vec::new(),
        };
        // Disabled and linked: it may have to be made again, with all that it has.
        let returning =
            depth.returning || depth.unmanaged || depth.everywhere || (account.is_disabled && account.is_external);
        if !depth.closing && !returning {
            return Ok(Some(account));
        }
        let orgs = org
            .grafana
            .orgs_of_user(account.id)
            .await
            .map_err(looking(Reading::Organizations))?;
        account.orgs = roles(orgs);
        if depth.closing && !account.is_disabled {
            for o in account.orgs.iter().filter(|o| o.role == "Admin") {
                let users = org
                    .grafana
                    .org_users(o.org_id)
                    .await
                    .map_err(looking(Reading::OrgUsers))?;
                if is_last_admin(&users, account.id) {
                    account.last_admin_of.push(o.org_id);
                }
            }
        }
        if returning || account.is_external || depth.deleting {
            let ours = org.id();
            if account.orgs.iter().any(|o| o.org_id == ours) {
                account.teams = self.teams(account.id, depth).await?;
            }
        }
        Ok(Some(account))
    }

    async fn ids_named(&self, names: &[&str]) -> Result<Vec<UserId>> {
        let org = self.org;
        if let Some(listing) = &org.listing
            && self.core.clock.elapsed_ms().saturating_sub(listing.at_ms) <= SCAN_MS
        {
            return Ok(listing.named(names.iter().copied()));
        }
        let mut ids = Vec::new();
        for name in names {
            // By an address Grafana's look-up finds one of two: the owner of the e-mail hides the one with that login.
            if name.contains('@') {
                ids.extend(
                    org.grafana
                        .users_named(name)
                        .await
                        .map_err(looking(Reading::Accounts))?,
                );
            } else {
                ids.extend(org.grafana.lookup(name).await.map_err(looking(Reading::Accounts))?);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    async fn managed_by(&self, grafana_id: UserId) -> Result<Option<ManagedBy>> {
        let store = &self.core.store;
        let Some(record) = store.account_by_grafana_id(grafana_id).await? else {
            return Ok(None);
        };
        let user = store.user(&record.tenant, &record.user_id).await?;
        Ok(Some(ManagedBy {
            desired: desired(user.as_ref()),
            record,
        }))
    }

    async fn left_with(&self, tenant: &Tenant, external_id: &str) -> Result<Vec<AccountRecord>> {
        Ok(self.core.store.left_with(tenant, external_id).await?)
    }
}

impl Live<'_> {
    /// Memberships in teams of this organization. Before a suspension only those no group of ours gives: the others come back by their group.
    async fn teams(&self, id: UserId, depth: Depth) -> Result<Vec<TeamMembership>> {
        let (org, org_id) = (self.org, self.org.id());
        let mut memberships = Vec::new();
        for team_id in org
            .grafana
            .teams_of_user(id, org_id)
            .await
            .map_err(looking(Reading::Teams))?
        {
            if !depth.closing || self.core.store.mappings_of_team(org_id, team_id).await?.is_empty() {
                memberships.push(TeamMembership { org_id, team_id });
            }
        }
        Ok(memberships)
    }
}
