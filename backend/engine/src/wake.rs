//! The wake-up.
//!
//! Owns: nothing but a handle on what is shared. Must never block: handlers call it. Start at [`Wake`].

use domain::{OrgId, store_identity::StoreDecision};
use std::sync::Arc;

use super::shared::Shared;

/// Wakes the engine. Cheap to clone; the only thing of the engine a request handler has.
#[derive(Clone, Debug)]
pub struct Wake(Arc<Shared>);

impl Wake {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Something was marked: look at once.
    pub fn wake(&self) {
        self.0.notify.notify_one();
    }

    /// An admin said which store is the right one. It is written to Grafana as soon as that answers.
    pub fn decide_store(&self, org_id: OrgId, decision: StoreDecision) {
        self.0.add_decision(org_id, decision);
        self.check_now(org_id);
    }

    /// An admin asked for one thing of an organization: no pause of it holds that up.
    pub fn retry_now(&self, org_id: OrgId) {
        self.0.add_retry(org_id);
        self.0.notify.notify_one();
    }

    /// Compare everything of an organization with Grafana now, and try again what waits for a person.
    pub fn check_now(&self, org_id: OrgId) {
        self.0.add_check(org_id);
        self.0.notify.notify_one();
    }
}
