//! The calls that make one person's account match.
//!
//! Owns: what each step of a plan is in Grafana, with its line in the log. Must never act on an account the plan does not name.
//! Start at [`Person::act`].

use std::time::Instant;

use domain::{
    OrgId, UserId,
    account::{Action, Observed, TeamMembership, Write},
    attention::{Delay, Operation, Reading},
    settings::Deprovision,
};

use super::record::Person;
use crate::{
    context::elapsed,
    error::{Result, SyncError, looking},
    failpoints::{AFTER_CALL, BEFORE_CALL},
    org::Org,
};
use grafana::{self, Error, ListedUser};
use store::Action as Done;

/// Grafana's clock and ours, where it runs on another machine or counts in whole seconds.
const CLOCKS_DIFFER_MS: i64 = 60_000;

impl Person<'_> {
    /// We asked Grafana for an account and died before its answer was on disk: it is ours, whatever the claim policy says of
    /// strangers, and even if the user is to be closed or was deleted meanwhile.
    pub(super) async fn adopt(&mut self, org: &Org) -> Result<()> {
        let store = &self.core.store;
        if self.record.as_ref().is_some_and(|r| r.grafana_id.is_some()) {
            return Ok(());
        }
        let Some(noted) = store.noted_creation(&self.work.id).await? else {
            return Ok(());
        };
        // Not by Grafana's look-up, which takes an e-mail of somebody else for the login (G4).
        let named = org.grafana.users_named(&noted.login).await;
        let mut found = None;
        for id in named.map_err(looking(Reading::Accounts))? {
            let user = org.grafana.user(id).await.map_err(looking(Reading::Account))?;
            // Who had the login before we asked is a stranger: then Grafana has refused us.
            let made_since = |u: &grafana::User| u.created_ms.is_some_and(|at| at >= noted.since_ms - CLOCKS_DIFFER_MS);
            found = found.or(user.filter(|u| u.login.to_lowercase() == noted.login.to_lowercase() && made_since(u)));
        }
        let Some(user) = found else { return Ok(()) };
        if store.account_by_grafana_id(user.id).await?.is_none() {
            let line = self.line(org, Done::UserClaim, 0).await;
            return self.save_made(self.made(user.id, user.login), line).await;
        }
        Ok(self.core.store.clear_account_creation(&self.work.id).await?)
    }

    pub(super) async fn act(&mut self, org: &Org, action: &Action, observed: &Observed) -> Result<()> {
        let core = self.core;
        core.go_on_with(&org.settings)?;
        let id = self
            .record
            .as_ref()
            .and_then(|r| r.grafana_id)
            .unwrap_or(UserId::new(0));
        let login = self.name.clone();
        let writer = org.grafana.writer(self.purpose);
        match action {
            Action::Claim { .. } => self.claim(org, action, observed).await,
            Action::Create(write) => self.create(org, write).await,
            Action::Delete(by) => self.delete(org, id, *by).await,
            Action::Update(write) => {
                let call = writer.update_user(id, sent(write));
                self.call(org, Done::UserUpdate, Operation::UpdateAccount { login }, call)
                    .await?;
                learn(org, id, write);
                Ok(())
            }
            Action::MoveAside { grafana_id, write } => self.move_aside(org, *grafana_id, write).await,
            Action::RenewPassword => self.renew_password(org, id, observed).await,
            Action::Disable => {
                self.closing(Deprovision::Disable).await?;
                let call = writer.disable_user(id);
                self.call(org, Done::UserDisable, Operation::DisableAccount { login }, call)
                    .await
            }
            Action::Enable => {
                let call = writer.enable_user(id);
                self.call(org, Done::UserEnable, Operation::EnableAccount { login }, call)
                    .await
            }
            Action::Remember(snapshot) => self.remember(Some(snapshot)).await,
            Action::LeaveOrg(org_id) => self.leave_org(org, id, *org_id).await,
            Action::Logout => {
                let call = writer.logout_user(id);
                self.call(org, Done::UserLogout, Operation::SignOut { login }, call)
                    .await
            }
            Action::JoinOrg(role) => {
                // Who was just claimed was not seen as linked yet.
                let seen = observed.linked.as_ref().filter(|a| a.id == id);
                let claimed = || observed.others.iter().map(|c| &c.account).find(|a| a.id == id);
                match seen.or_else(claimed) {
                    Some(account) => self.join_org(org, account, role).await,
                    // Made a moment ago: the next look shows it.
                    None => Ok(()),
                }
            }
            Action::SetRole(role) => {
                let operation = Operation::RestoreRole {
                    login,
                    org_id: role.org_id,
                };
                let call = writer.set_role(role.org_id, id, &role.role);
                self.call(org, Done::UserRestore, operation, call).await?;
                self.restored(|s| s.orgs.retain(|o| o.org_id != role.org_id)).await
            }
            Action::JoinTeam(membership) => self.join_team(org, id, membership).await,
            Action::Forget => {
                core.store.remove_account(&self.work.id).await?;
                self.record = None;
                Ok(())
            }
        }
    }

    pub(super) async fn leave_org(&self, org: &Org, id: UserId, org_id: OrgId) -> Result<()> {
        let operation = Operation::LeaveOrg {
            login: self.name.clone(),
            org_id,
        };
        let call = async {
            match org.grafana.writer(self.purpose).leave_org(org_id, id).await {
                Err(Error::NotFound(_)) => Ok(()),
                other => other,
            }
        };
        self.call(org, Done::UserLeaveOrg, operation, call).await
    }

    async fn join_team(&mut self, org: &Org, id: UserId, membership: &TeamMembership) -> Result<()> {
        let operation = Operation::JoinTeam {
            login: self.name.clone(),
            team_id: membership.team_id,
        };
        let call = async {
            match org
                .grafana
                .writer(self.purpose)
                .add_team_member(membership.team_id, id, false)
                .await
            {
                // The team was deleted meanwhile; Grafana answers 404 or 500 to that.
                Err(Error::NotFound(_) | Error::Refused { status: 500, .. }) => Ok(()),
                other => other,
            }
        };
        self.call(org, Done::UserJoinTeam, operation, call).await?;
        self.restored(|s| s.teams.retain(|t| t != membership)).await
    }

    /// The action goes to disk before the account goes: after a crash in between, what is missing is known to be missing by our hand, and
    /// is made again.
    async fn delete(&mut self, org: &Org, id: UserId, by: Deprovision) -> Result<()> {
        let Some(mut record) = self.record.clone().filter(|r| r.grafana_id == Some(id)) else {
            return Err(SyncError::NotYet(Delay::NothingToDelete));
        };
        (record.deprovisioned_by, record.holds) = (Some(by), None);
        self.save(record.clone()).await?;
        let operation = Operation::DeleteAccount {
            login: self.name.clone(),
        };
        let writer = org.grafana.writer(self.purpose);
        let call = writer.delete_user(id);
        self.call(org, Done::UserDelete, operation, call).await?;
        if let Some(listing) = &org.listing {
            listing.forget(id);
        }
        self.core.shared.forget_name_owner(org.id(), id);
        record.grafana_id = None;
        self.save(record).await
    }

    async fn create(&mut self, org: &Org, write: &Write) -> Result<()> {
        let core = self.core;
        // Whichever of us deleted the account: only a record without one takes up what the note below is about.
        if let Some(mut record) = self.record.clone().filter(|r| r.grafana_id.is_some()) {
            record.grafana_id = None;
            self.save(record).await?;
        }
        core.store
            .note_account_creation(&self.work.tenant, &self.work.id, &write.login, core.clock.now_ms())
            .await?;
        core.failpoints.reach(BEFORE_CALL);
        let began = Instant::now();
        let created = org
            .grafana
            .writer(self.purpose)
            .create_user(sent(write), &core.ids.unknown_password())
            .await;
        core.failpoints.reach(AFTER_CALL);
        let grafana_id = match created {
            Ok(id) => id,
            Err(error) => {
                // Grafana said no, so nothing of ours is there. Without an answer it may be: the note stays.
                if error.says_no() {
                    core.store.clear_account_creation(&self.work.id).await?;
                }
                let operation = Operation::CreateAccount {
                    login: self.name.clone(),
                };
                return Err(SyncError::of_call(
                    Some(Done::UserCreate),
                    operation,
                    error,
                    elapsed(began),
                ));
            }
        };
        let line = self.line(org, Done::UserCreate, elapsed(began)).await;
        self.save_made(self.made(grafana_id, write.login.clone()), line).await?;
        learn(org, grafana_id, write);
        Ok(())
    }

    /// One changing call, with its line in the log.
    pub(super) async fn call(
        &self,
        org: &Org,
        action: Done,
        operation: Operation,
        call: impl Future<Output = grafana::Result<()>>,
    ) -> Result<()> {
        self.core.failpoints.reach(BEFORE_CALL);
        let began = Instant::now();
        let done = call.await;
        self.core.failpoints.reach(AFTER_CALL);
        let took_ms = elapsed(began);
        match done {
            Ok(()) => self.log(org, action, took_ms).await,
            Err(error) => Err(SyncError::of_call(Some(action), operation, error, took_ms)),
        }
    }
}

pub(super) fn sent(write: &Write) -> grafana::Write<'_> {
    grafana::Write {
        login: &write.login,
        email: &write.email,
        name: &write.name,
    }
}

fn learn(org: &Org, id: UserId, write: &Write) {
    if let Some(listing) = &org.listing {
        listing.learn(ListedUser {
            id,
            login: write.login.clone(),
            email: write.email.clone(),
            name: write.name.clone(),
            is_admin: false,
            is_disabled: false,
            auth_labels: Vec::new(),
        });
    }
}
