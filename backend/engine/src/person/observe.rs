//! One person's account as Grafana shows it now.
//!
//! Owns: what the planner is told, and how few calls that takes. Must never change anything in Grafana. Start at [`Person::observe`].

use domain::{
    account::{self, Account, Candidate, Desired, Link, Manager, Observed, Profile, TeamSeat},
    settings::Rung,
};

use super::{
    input::{approves, desired, is_last_admin, link, names_to_find, roles},
    record::Person,
};
use crate::{
    context::SCAN_MS,
    org::Org,
    trouble::{Result, looking},
};
use grafana::User;

/// How much of an account the planner needs this time.
#[derive(Clone, Copy)]
struct Depth {
    closing: bool,
    /// Whoever is closed here is deleted.
    deleting: bool,
    returning: bool,
}

impl Person<'_> {
    /// We asked Grafana for an account and died before its answer was on disk: it is ours, whatever the claim policy says of
    /// strangers, and even if the user is to be closed or was deleted meanwhile.
    pub(super) async fn adopt(&mut self, org: &Org) -> Result<()> {
        let store = &self.core.store;
        if self.record.as_ref().is_some_and(|r| r.grafana_id.is_some()) {
            return Ok(());
        }
        let Some(login) = store.creating(&self.work.id).await? else {
            return Ok(());
        };
        let id = org.grafana.lookup(&login).await.map_err(looking("users"))?;
        let Some(id) = id else { return Ok(()) };
        let user = org.grafana.user(id).await.map_err(looking("the account"))?;
        let Some(user) = user.filter(|u| u.login.to_lowercase() == login.to_lowercase()) else {
            return Ok(());
        };
        if store.account_by_grafana_id(user.id).await?.is_none() {
            let line = self.line(org, "user.claim", 0).await;
            return self.save_made(self.made(user.id, user.login), line).await;
        }
        Ok(self.core.store.clear_creating(&self.work.id).await?)
    }

    pub(super) async fn observe(&self, org: &Org, desired: &Desired, link: Option<&Link>) -> Result<Observed> {
        let depth = Depth {
            closing: !matches!(desired, Desired::Open(_)),
            deleting: org.settings.effective.deprovision == Rung::Delete,
            returning: link.is_some_and(|l| l.snapshot.is_some()),
        };
        let mut observed = Observed {
            waited: self.work.attempts > 0,
            ..Observed::default()
        };
        if let Some(id) = link.and_then(|l| l.grafana_id)
            && let Some(user) = org.grafana.user(id).await.map_err(looking("the account"))?
        {
            observed.linked = Some(self.account(org, user, depth).await?);
        }
        let Some(profile) = account::sought(desired, link) else {
            return Ok(observed);
        };
        let linked = observed.linked.as_ref().map(|a| (a.login.as_str(), a.email.as_str()));
        let names = names_to_find(&profile, linked);
        for id in self.find(org, &names).await? {
            if link.is_some_and(|l| l.grafana_id == Some(id)) {
                continue;
            }
            if let Some(user) = org.grafana.user(id).await.map_err(looking("the account"))? {
                let manager = self.manager(&user).await?;
                let depth = Depth {
                    returning: match &manager {
                        Manager::Gone { link, .. } => link.snapshot.is_some(),
                        // Which organizations he is in decides whether he may be claimed.
                        Manager::Nobody => true,
                        Manager::Other => false,
                    },
                    ..depth
                };
                let leaving = manager == Manager::Other && self.gives_up(&user, &profile).await?;
                let account = self.account(org, user, depth).await?;
                let approved = self.stewardship.as_ref().is_some_and(|s| approves(s, id));
                observed.others.push(Candidate {
                    account,
                    manager,
                    approved,
                    leaving,
                });
            }
        }
        Ok(observed)
    }

    async fn find(&self, org: &Org, names: &[&str]) -> Result<Vec<i64>> {
        if let Some(directory) = &org.directory
            && self.core.clock.now_ms().saturating_sub(directory.at_ms) <= SCAN_MS
        {
            return Ok(directory.named(names.iter().copied()));
        }
        let mut ids = Vec::new();
        for name in names {
            // By an address Grafana's look-up finds one of two: the owner of the e-mail hides the one with that login.
            if name.contains('@') {
                ids.extend(org.grafana.users_named(name).await.map_err(looking("users"))?);
            } else {
                ids.extend(org.grafana.lookup(name).await.map_err(looking("users"))?);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    async fn manager(&self, user: &User) -> Result<Manager> {
        let store = &self.core.store;
        if let Some(record) = store.account_by_grafana_id(user.id).await? {
            let exists = store.user(&record.tenant, &record.user_id).await?.is_some();
            // Whom another organization's provider manages, or managed, is not for this one to take over.
            let elsewhere = record.tenant != self.work.tenant;
            return Ok(if elsewhere || (exists && record.user_id != self.work.id) {
                Manager::Other
            } else {
                Manager::Gone {
                    link: link(&record),
                    user_id: record.user_id,
                }
            });
        }
        Ok(Manager::Nobody)
    }

    /// Whether another user's account is about to have other names.
    async fn gives_up(&self, account: &User, wanted: &Profile) -> Result<bool> {
        let store = &self.core.store;
        let Some(record) = store.account_by_grafana_id(account.id).await? else {
            return Ok(false);
        };
        if record.tenant != self.work.tenant {
            return Ok(false);
        }
        let theirs = desired(store.user(&record.tenant, &record.user_id).await?.as_ref());
        Ok(account::gives_up(&theirs, &account.login, &account.email, wanted))
    }

    async fn account(&self, org: &Org, user: User, depth: Depth) -> Result<Account> {
        let me = org.grafana.me().await.map_err(looking("its own account"))?;
        let mut account = Account {
            is_self: me.id == user.id,
            id: user.id,
            login: user.login,
            email: user.email,
            name: user.name,
            is_grafana_admin: user.is_grafana_admin,
            is_external: user.is_external,
            is_disabled: user.is_disabled,
            orgs: Vec::new(),
            teams: Vec::new(),
            last_admin_of: Vec::new(),
        };
        // Disabled and linked: it may have to be made anew, with all that it has.
        let returning = depth.returning || (account.is_disabled && account.is_external);
        if !depth.closing && !returning {
            return Ok(account);
        }
        let orgs = org
            .grafana
            .orgs_of_user(account.id)
            .await
            .map_err(looking("organizations"))?;
        account.orgs = roles(orgs);
        if depth.closing && !account.is_disabled {
            for o in account.orgs.iter().filter(|o| o.role == "Admin") {
                let users = org
                    .grafana
                    .org_users(o.org_id)
                    .await
                    .map_err(looking("the organization's people"))?;
                if is_last_admin(&users, account.id) {
                    account.last_admin_of.push(o.org_id);
                }
            }
        }
        if returning || account.is_external || depth.deleting {
            let ours = org.id();
            if account.orgs.iter().any(|o| o.org_id == ours) {
                account.teams = self.teams(org, account.id, depth).await?;
            }
        }
        Ok(account)
    }

    /// Seats in teams of this organization. Before a suspension only those no group of ours gives: the others come back by their group.
    async fn teams(&self, org: &Org, id: i64, depth: Depth) -> Result<Vec<TeamSeat>> {
        let org_id = org.id();
        let mut seats = Vec::new();
        for team_id in org.grafana.teams_of_user(id, org_id).await.map_err(looking("teams"))? {
            if !depth.closing || self.core.store.mappings_of_team(org_id, team_id).await?.is_empty() {
                seats.push(TeamSeat { org_id, team_id });
            }
        }
        Ok(seats)
    }
}
