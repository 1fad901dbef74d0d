//! Accounts as Grafana shows them when it is asked.
//!
//! Owns: how few calls a look at one account takes. Must never change anything in Grafana. Start at [`Live`].

use domain::{
    OrgId, Tenant, UserId,
    account::{self, Account, TeamMembership},
    attention::Reading,
};

use super::{
    input::{self, desired, roles},
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
            alone_in: Vec::new(),
            teams: Vec::new(),
            last_admin_of: Vec::new(),
        };
        // Disabled and linked: it may have to be made again, with all that it has.
        let returning =
            depth.returning || depth.unmanaged || depth.everywhere || (account.is_disabled && account.is_external);
        let orgs = org
            .grafana
            .orgs_of_user(account.id)
            .await
            .map_err(looking(Reading::Organizations))?;
        account.orgs = roles(orgs);
        if !account.is_disabled {
            self.look_at_its_organizations(&mut account, depth, me.id).await?;
        }
        if returning || (depth.closing && (account.is_external || depth.deleting)) {
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
        let management = store.management(&record.user_id).await?;
        Ok(Some(ManagedBy {
            desired: desired(user.as_ref(), management.as_ref()),
            kept_closed: input::is_kept_closed(management.as_ref()),
            record,
        }))
    }

    async fn left_with(&self, tenant: &Tenant, external_id: &str) -> Result<Vec<AccountRecord>> {
        Ok(self.core.store.left_with(tenant, external_id).await?)
    }
}

impl Live<'_> {
    /// Where it is Admin: whether it is alone there, and whether somebody would be left.
    async fn look_at_its_organizations(&self, account: &mut Account, depth: Depth, me: UserId) -> Result<()> {
        let (org, core) = (self.org, self.core);
        let admin_of = account.orgs.iter().filter(|o| o.role == "Admin");
        let admin_of: Vec<OrgId> = admin_of.map(|o| o.org_id).collect();
        for id in admin_of {
            let ours = id == org.id();
            if ours && !depth.closing {
                continue;
            }
            let users = match org.grafana.org_users(id).await {
                Ok(users) => users,
                Err(error) if ours => return Err(looking(Reading::OrgUsers)(error)),
                // Ours is not in it, and Grafana says so by a 403 (G34). It keeps nobody open.
                Err(_) => continue,
            };
            if !ours && users.iter().all(|user| user.user_id == account.id) {
                account.alone_in.push(id);
            } else if depth.closing && self.is_served(id) {
                let leaving = input::leaving(core, org).await?;
                let members = input::members(org, &users, me);
                if account::is_kept(account.id, members.into_iter(), &leaving) {
                    account.last_admin_of.push(id);
                }
            }
        }
        Ok(())
    }

    /// Whether Rollcall works for an organization: one that nobody serves protects nobody.
    fn is_served(&self, id: OrgId) -> bool {
        id == self.org.id() || self.core.settings.of(id).credentials.admin().is_some()
    }

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
