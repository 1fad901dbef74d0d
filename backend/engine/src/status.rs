//! How it stands with an organization's Grafana, before the engine looked and after.
//!
//! Owns: the status of an organization that nobody has looked at, and what the login doctor found.
//! Must never hold a secret. Start at [`unseen`].

use domain::status::{EngineState, EngineStatus};

use super::settings::OrgSettings;

/// The status before the first look.
pub(super) fn unseen(settings: &OrgSettings) -> EngineStatus {
    let state = if settings.credentials.admin().is_some() {
        EngineState::Running
    } else if settings.waiting_for_first_request {
        EngineState::WaitingForFirstRequest
    } else {
        EngineState::NotConfigured
    };
    EngineStatus::new(state, settings.credentials.url.clone())
}

/// What the login doctor found when it last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSeen {
    /// When.
    pub at_ms: i64,
    /// Worst first.
    pub findings: Vec<domain::login::Finding>,
}
