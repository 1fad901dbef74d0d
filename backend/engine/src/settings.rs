//! What the engine is told: settings and credentials, by organization.
//!
//! Owns: the shape of it and the trait by which it is asked for. Must never keep a copy of its own. Start at [`Settings`].

use std::collections::BTreeMap;

use domain::{OrgId, operation::Mode, settings::Effective};
use grafana::Credentials;
use tokio::sync::watch;

/// One organization's settings, as the engine needs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgSettings {
    /// The organization.
    pub org_id: OrgId,
    /// What is in force.
    pub effective: Effective,
    /// What Grafana is reached with.
    pub credentials: Credentials,
    /// The credentials are kept by Grafana and come with the first request.
    pub waiting_for_first_request: bool,
}

/// Where the engine gets its settings from.
pub trait Settings: Send + Sync + 'static {
    /// Organizations known so far.
    fn orgs(&self) -> Vec<OrgId>;
    /// One organization's settings.
    fn of(&self, org_id: OrgId) -> OrgSettings;
    /// Whether anything is written for it, and whether closings go on while it is paused. Asked before every write.
    fn operation(&self, org_id: OrgId) -> (Mode, bool) {
        let effective = self.of(org_id).effective;
        (effective.operation, effective.paused_closings)
    }
    /// Bumped on every change.
    fn changes(&self) -> watch::Receiver<u64>;
    /// What Grafana's own configuration says: its section `[auth]`, and `server.root_url`.
    fn grafana_seen(&self, org_id: OrgId, auth_section: BTreeMap<String, String>, public_url: Option<String>);
}
