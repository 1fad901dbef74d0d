//! Whether something may be written to an organization's Grafana at this moment.
//!
//! Owns: bringing together the setting `operation` and Grafana's own switch of the app. Must never
//! keep an answer: each call asks again, so that a pause counts in the middle of a plan.
//! Start at [`OrgGate`].

use std::{fmt, sync::Arc};

use domain::{
    OrgId,
    operation::{self, Off, Purpose},
};
use grafana::Gate;

use super::{context::Core, org::Org, settings::Settings, shared::Shared};

/// So long an answer about Grafana's switch counts before something is written.
const SWITCH_MS: i64 = 30_000;
/// Our id in Grafana.
const PLUGIN_ID: &str = "rollcall-scim-app";

/// The gate of one organization.
pub(super) struct OrgGate {
    pub(super) org_id: OrgId,
    pub(super) settings: Arc<dyn Settings>,
    pub(super) shared: Arc<Shared>,
}

impl fmt::Debug for OrgGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgGate")
            .field("org_id", &self.org_id)
            .finish_non_exhaustive()
    }
}

impl Gate for OrgGate {
    fn may(&self, purpose: Purpose) -> Result<(), Off> {
        operation::may(off(&*self.settings, &self.shared, self.org_id), purpose)
    }
}

/// Why nothing is written for an organization, if nothing is.
pub(super) fn off(settings: &dyn Settings, shared: &Shared, org_id: OrgId) -> Option<Off> {
    let (mode, closings_run) = settings.operation(org_id);
    Off::of(mode, closings_run, !shared.is_disabled(org_id))
}

impl Core {
    /// Whether such a write may be made now.
    pub(super) fn may(&self, org_id: OrgId, purpose: Purpose) -> bool {
        operation::may(off(&*self.settings, &self.shared, org_id), purpose).is_ok()
    }
}

impl Org {
    /// Asks Grafana whether the app is on, where the last answer is too old to write by. A disabled
    /// app gets no request any more (G62), and its process lives on (G66), so nothing else says it.
    /// No answer changes nothing.
    pub(super) async fn know_switch(&mut self, core: &Core) {
        let now = core.clock.elapsed_ms();
        if now < self.switch_known_until_ms {
            return;
        }
        self.switch_known_until_ms = now.saturating_add(SWITCH_MS);
        match self.grafana.is_app_enabled(PLUGIN_ID).await {
            Ok(Some(enabled)) if enabled == core.shared.is_disabled(self.id()) => {
                tracing::warn!(org = self.id().get(), enabled, "the app was switched in Grafana");
                core.shared.set_disabled(self.id(), !enabled);
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(org = self.id().get(), %error, "the app's switch could not be read"),
        }
    }
}
