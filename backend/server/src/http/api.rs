//! What every handler works with.
//!
//! Owns: [`Api`], and what is remembered of callers since the process started. Must never know a
//! route. Start at [`Api`].

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    Clock, Ids, OrgId,
    rate::{self, Allowance, Rate},
};
use store::{Store, WriteContext};

use super::{control::Control, surface::PATH_PREFIX, traffic::Traffic};

/// The largest request body that is routed; over it the caller gets a 413 that names this limit.
pub const MAX_BODY: usize = 16 << 20;

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The SCIM record of truth.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// The rest of the process.
    pub control: Arc<dyn Control>,
    callers: Arc<Mutex<CallersSeen>>,
    traffic: Arc<Mutex<Traffic>>,
    /// Changes that the store did not take.
    refused_writes: Arc<AtomicU64>,
    /// Requests from before are in the log only.
    pub(super) started_ms: i64,
    began: Instant,
    rate: Rate,
}

/// By organization and login.
pub(super) type CallersSeen = HashMap<(OrgId, String), CallerSeen>;

/// What was seen of one caller of the SCIM surface since the process started.
#[derive(Clone, Debug, Default)]
pub(super) struct CallerSeen {
    pub last_ms: i64,
    pub requests: i64,
    pub failed: i64,
    pub last_request: String,
    pub refusal_logged_ms: i64,
    /// How many requests it may send at once.
    pub allowance: Allowance,
}

impl Api {
    /// Puts the pieces together.
    pub fn new(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, control: Arc<dyn Control>) -> Self {
        Self {
            store,
            started_ms: clock.now_ms(),
            began: Instant::now(),
            rate: rate::SCIM,
            clock,
            ids,
            control,
            callers: Arc::default(),
            traffic: Arc::default(),
            refused_writes: Arc::default(),
        }
    }

    /// The store did not take a change.
    pub(super) fn count_refused_write(&self) {
        self.refused_writes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many changes the store did not take since the process began.
    #[must_use]
    pub fn refused_writes(&self) -> u64 {
        self.refused_writes.load(Ordering::Relaxed)
    }

    /// Takes a request of one caller off what it may send, or says how long it has to wait.
    pub(super) fn take_request(&self, context: &WriteContext) -> Result<(), Duration> {
        let now = context.started.saturating_duration_since(self.began);
        let mut callers = self.callers();
        let of = (context.tenant.org_id, context.actor.clone());
        callers.entry(of).or_default().allowance.take(now, &self.rate)
    }

    /// The same with another rate, for a test.
    #[cfg(test)]
    pub(super) fn at_rate(self, rate: Rate) -> Self {
        Self { rate, ..self }
    }

    pub(super) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        // Counters: whole after any panic.
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn callers(&self) -> MutexGuard<'_, CallersSeen> {
        // The map is whole after any panic: every change is one assignment.
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The SCIM base URL: absolute where Grafana's public URL is known, else a reference from the
    /// root. Never from headers: Grafana removes Host and X-Forwarded-Host, and anybody could send
    /// them.
    pub(super) fn scim_url(&self, org_id: OrgId) -> String {
        let public = self.control.public_url(org_id).unwrap_or_default();
        format!("{}{PATH_PREFIX}/scim/v2", public.trim_end_matches('/'))
    }
}
