//! What handlers need from the rest of the process, as a trait: so that they cannot reach the engine's insides, or Grafana.
//!
//! Owns: the trait and its plain types. Start at [`Control`]; `app` implements it.

use std::{future::Future, pin::Pin, sync::Arc};

use admin_api::{CredentialTest, CredentialsTest, LoginDoctor};
use domain::{
    OrgId, TeamId,
    settings::{Effective, Origin, Resolved},
    status::{EngineStatus, NameOwners, RosterSeen, StoreSeen, TeamSeen},
    store_identity::StoreDecision,
};

/// A future a trait object can return.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The rest of the process.
pub trait Control: Send + Sync + 'static {
    /// Something was marked: the engine may start at once.
    fn wake(&self);
    /// Compare everything with Grafana now.
    fn check_now(&self, org_id: OrgId);
    /// An admin said which store is the right one.
    fn decide_store(&self, org_id: OrgId, decision: StoreDecision);
    /// How the store itself stands: it was tried a moment ago.
    fn store(&self) -> Boxed<'_, StoreSeen>;
    /// How the engine stands.
    fn engine(&self, org_id: OrgId) -> EngineStatus;
    /// Grafana's public URL, where known.
    fn public_url(&self, org_id: OrgId) -> Option<String>;
    /// Grafana's teams as last seen.
    fn teams(&self, org_id: OrgId) -> Vec<TeamSeen>;
    /// Who is in some of them: the engine is asked to look now, and what it last saw is answered where it cannot.
    fn rosters(&self, org_id: OrgId, teams: Vec<TeamId>) -> Boxed<'_, Vec<RosterSeen>>;
    /// What Grafana's configuration will do to sign-ins, as last read.
    fn login_doctor(&self, org_id: OrgId) -> LoginDoctor;
    /// Whether the account of this login is known to be a Grafana server admin. `false` may also mean that nobody has looked yet.
    fn is_server_admin(&self, org_id: OrgId, login: &str) -> bool;
    /// Which accounts of Grafana have this login and this e-mail, as the last listing showed it: managed ones too. `None` may also mean
    /// that nobody has looked yet.
    fn name_owners(&self, org_id: OrgId, login: &str, email: Option<&str>) -> NameOwners;
    /// The settings in force.
    fn settings(&self, org_id: OrgId) -> Arc<SettingsView>;
    /// The page's settings changed in the store.
    fn page_settings_changed(&self, org_id: OrgId) -> Boxed<'_, ()>;
    /// Tries credentials against Grafana; nothing of them is kept.
    fn test_credentials(&self, org_id: OrgId, test: CredentialsTest) -> Boxed<'_, CredentialTest>;
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
    /// The same, typed.
    pub effective: Effective,
}
