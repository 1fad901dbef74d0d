//! What the engine and the rest of the process share.
//!
//! Owns: the organizations to check now, the last status and what the last listings showed. Must never block: handlers read it.
//! Start at [`Shared`].

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use domain::{
    OrgId, UserId,
    attention::Protection,
    outlook::Outlook,
    status::{EngineStatus, NameOwners, TeamSeen},
    store_identity::StoreDecision,
};
use tokio::sync::Notify;

use super::{
    lock::locked, names::Names, pulse::Pulse, roster_requests::RosterRequests, service_accounts::ServiceAccounts,
    status::LoginSeen,
};

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) notify: Notify,
    /// Held while the brake is asked.
    pub(super) brake: tokio::sync::Mutex<()>,
    pub(super) pulse: Pulse,
    /// What admins decided about the store, until the engine has done it.
    decisions: Mutex<HashMap<OrgId, StoreDecision>>,
    checks: Mutex<BTreeSet<OrgId>>,
    retries: Mutex<BTreeSet<OrgId>>,
    /// What would be done, as the last comparison showed it.
    outlooks: Mutex<HashMap<OrgId, Arc<Outlook>>>,
    /// Where the app is switched off in Grafana.
    disabled: Mutex<BTreeSet<OrgId>>,
    status: Mutex<HashMap<OrgId, EngineStatus>>,
    teams: Mutex<HashMap<OrgId, Vec<TeamSeen>>>,
    login: Mutex<HashMap<OrgId, LoginSeen>>,
    /// Who has which login and e-mail, by the organization that looked.
    names: Mutex<HashMap<OrgId, Names>>,
    pub(super) looks: RosterRequests,
    /// Held by who finds out what `break_glass` means: the engine, or a handler that has just saved it.
    pub(super) protecting: tokio::sync::Mutex<()>,
    pub(super) service_accounts: ServiceAccounts,
}

impl Shared {
    /// Compare everything of an organization with Grafana now.
    pub(super) fn add_check(&self, org_id: OrgId) {
        locked(&self.checks).insert(org_id);
    }

    /// Let no pause hold up what an admin asked for in an organization.
    pub(super) fn add_retry(&self, org_id: OrgId) {
        locked(&self.retries).insert(org_id);
    }

    pub(super) fn take_retries(&self) -> BTreeSet<OrgId> {
        std::mem::take(&mut locked(&self.retries))
    }

    pub(super) fn take_checks(&self) -> BTreeSet<OrgId> {
        std::mem::take(&mut locked(&self.checks))
    }

    /// An admin said which store is the right one.
    pub(super) fn add_decision(&self, org_id: OrgId, decision: StoreDecision) {
        locked(&self.decisions).insert(org_id, decision);
    }

    /// It could not be done yet. A later word of an admin wins.
    pub(super) fn keep_decision(&self, org_id: OrgId, decision: StoreDecision) {
        locked(&self.decisions).entry(org_id).or_insert(decision);
    }

    pub(super) fn take_decisions(&self) -> HashMap<OrgId, StoreDecision> {
        std::mem::take(&mut locked(&self.decisions))
    }

    pub(super) fn outlook(&self, org_id: OrgId) -> Option<Arc<Outlook>> {
        locked(&self.outlooks).get(&org_id).cloned()
    }

    pub(super) fn set_outlook(&self, org_id: OrgId, outlook: Outlook) {
        locked(&self.outlooks).insert(org_id, Arc::new(outlook));
    }

    pub(super) fn is_disabled(&self, org_id: OrgId) -> bool {
        locked(&self.disabled).contains(&org_id)
    }

    pub(super) fn set_disabled(&self, org_id: OrgId, disabled: bool) {
        let mut all = locked(&self.disabled);
        if disabled {
            all.insert(org_id);
        } else {
            all.remove(&org_id);
        }
    }

    pub(super) fn status(&self, org_id: OrgId) -> Option<EngineStatus> {
        locked(&self.status).get(&org_id).cloned()
    }

    pub(super) fn set_status(&self, org_id: OrgId, status: EngineStatus) {
        locked(&self.status).insert(org_id, status);
    }

    pub(super) fn teams(&self, org_id: OrgId) -> Vec<TeamSeen> {
        locked(&self.teams).get(&org_id).cloned().unwrap_or_default()
    }

    pub(super) fn login(&self, org_id: OrgId) -> Option<LoginSeen> {
        locked(&self.login).get(&org_id).cloned()
    }

    pub(super) fn set_login(&self, org_id: OrgId, seen: LoginSeen) {
        locked(&self.login).insert(org_id, seen);
    }

    /// Who has this login, and who this e-mail.
    pub(super) fn name_owners(&self, org_id: OrgId, login: &str, email: Option<&str>) -> NameOwners {
        let names = locked(&self.names);
        let Some(names) = names.get(&org_id) else {
            return NameOwners::default();
        };
        NameOwners {
            login: names.login(login),
            email: email.and_then(|email| names.email(email)),
        }
    }

    /// Why an account is never touched.
    pub(super) fn protection(&self, org_id: OrgId, id: UserId) -> Option<Protection> {
        locked(&self.names).get(&org_id).and_then(|names| names.protection(id))
    }

    /// An account was deleted: its names are free.
    pub(super) fn forget_name_owner(&self, org_id: OrgId, id: UserId) {
        if let Some(names) = locked(&self.names).get_mut(&org_id) {
            names.forget(id);
        }
    }

    pub(super) fn set_names(&self, org_id: OrgId, names: Names) {
        locked(&self.names).insert(org_id, names);
    }

    pub(super) fn set_teams(&self, org_id: OrgId, mut teams: Vec<TeamSeen>) {
        teams.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        locked(&self.teams).insert(org_id, teams);
    }
}
