//! What handlers need from the rest of the process, as a trait: so that they cannot reach the engine's insides, or Grafana.
//!
//! Owns: the trait and its plain types. Start at [`Control`]; `app` implements it.

use std::{sync::Arc, time::Duration};

use admin_api::{CredentialTest, CredentialsGiven, CredentialsTest, LoginDoctor};
use domain::{
    OrgId, TeamId, UserId,
    attention::Protection,
    outlook::Outlook,
    settings::{Effective, Origin, Resolved},
    status::{EngineStatus, NameOwners, RosterSeen, StoreSeen, TeamSeen},
    store_identity::StoreDecision,
};

use super::{boxed::Boxed, callers::Callers};

/// The rest of the process.
pub trait Control: Send + Sync + 'static {
    /// Something was marked: the engine may start at once.
    fn wake(&self);
    /// An admin asked for one thing: no pause holds it up.
    fn retry_now(&self, org_id: OrgId);
    /// Compare everything with Grafana now.
    fn check_now(&self, org_id: OrgId);
    /// An admin said which store is the right one.
    fn decide_store(&self, org_id: OrgId, decision: StoreDecision);
    /// How the store itself stands: it was tried a moment ago.
    fn store(&self) -> Boxed<'_, StoreSeen>;
    /// How the engine stands.
    fn engine(&self, org_id: OrgId) -> EngineStatus;
    /// What would be done, as the last comparison with Grafana showed it.
    fn outlook(&self, org_id: OrgId) -> Option<Arc<Outlook>>;
    /// Grafana's public URL, where known.
    fn public_url(&self, org_id: OrgId) -> Option<String>;
    /// Grafana's teams as last seen.
    fn teams(&self, org_id: OrgId) -> Vec<TeamSeen>;
    /// Who is in some of them: the engine is asked to look now, and what it last saw is answered where it cannot.
    fn rosters(&self, org_id: OrgId, teams: Vec<TeamId>) -> Boxed<'_, Vec<RosterSeen>>;
    /// What Grafana's configuration will do to sign-ins, as last read.
    fn login_doctor(&self, org_id: OrgId) -> LoginDoctor;
    /// Why an account is never touched. `None` may also mean that nobody has looked yet.
    fn protection(&self, org_id: OrgId, id: UserId) -> Option<Protection>;
    /// Which accounts of Grafana have this login and this e-mail, as the last listing showed it: managed ones too. `None` may also mean
    /// that nobody has looked yet.
    fn name_owners(&self, org_id: OrgId, login: &str, email: Option<&str>) -> NameOwners;
    /// The settings in force.
    fn settings(&self, org_id: OrgId) -> Arc<SettingsView>;
    /// The page's settings changed in the store.
    fn page_settings_changed(&self, org_id: OrgId) -> Boxed<'_, ()>;
    /// Who calls, and what they may.
    fn callers(&self) -> &dyn Callers;
    /// Tries credentials against Grafana, unless others were tried a moment ago; nothing of them is kept.
    fn test_credentials(&self, org_id: OrgId, test: CredentialsTest) -> Boxed<'_, TestAnswer>;
    /// An admin typed secrets again that Grafana keeps.
    fn secrets_given(&self, org_id: OrgId, given: CredentialsGiven) -> Boxed<'_, Given>;
}

/// How a test of credentials ended.
#[derive(Clone, Debug)]
pub enum TestAnswer {
    /// They were tried.
    Tried(CredentialTest),
    /// Not before so much time has passed.
    Wait(Duration),
}

/// What came of secrets that were typed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// They may go where the settings say; or none was kept back.
    Taken,
    /// One is not what Grafana keeps.
    Wrong,
    /// Not before so much time has passed.
    Wait(Duration),
}

/// Where a secret was given, if it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretOrigin {
    /// The setting's name.
    pub name: &'static str,
    /// Where it came from; `None` when not set.
    pub origin: Option<Origin>,
}

/// The settings in force, with where each came from.
#[derive(Clone, Debug)]
pub struct SettingsView {
    /// Every setting that is not a secret.
    pub resolved: Vec<Resolved>,
    /// The secrets.
    pub secrets: Vec<SecretOrigin>,
    /// Of them those that are not sent, because they were given for somewhere else: why, in words.
    pub kept_back: Vec<String>,
    /// The same, typed.
    pub effective: Effective,
}
