//! What every part of the engine is given.
//!
//! Owns: the store, the clock, the settings, and the times all parts go by. Must never know an organization. Start at [`Core`].

use std::{sync::Arc, time::Instant};

use domain::{Clock, Ids};
use tokio_util::sync::CancellationToken;

use super::{
    error::{Result, SyncError},
    failpoints::Failpoints,
    settings::{OrgSettings, Settings},
    shared::Shared,
};
use store::{Action, ActivityLine, Outcome, Source, Store, TargetKind, Work};

/// A full comparison this often: drift made by hand is seen within it.
pub(super) const SCAN_MS: i64 = 60_000;
/// While Grafana is away it is asked at least this often, so that what waited goes out soon after it is back.
pub(super) const AWAY_MS: i64 = 5_000;
/// So long a call may still be in Grafana's hands after we, or the connection, died in the middle of it: a request whose caller is gone
/// goes on there until its transaction ends.
pub(super) const UNDER_WAY_MS: i64 = 120_000;

/// What every part of the engine is given.
#[derive(Clone)]
pub(super) struct Core {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) settings: Arc<dyn Settings>,
    pub(super) failpoints: Failpoints,
    pub(super) shared: Arc<Shared>,
    pub(super) stop: CancellationToken,
}

impl Core {
    /// To be asked before every call that changes something: stopping must not begin another one.
    pub(super) fn go_on(&self) -> Result<()> {
        self.shared.pulse.beat();
        if self.stop.is_cancelled() {
            Err(SyncError::Stopped)
        } else {
            Ok(())
        }
    }

    /// To be asked before every changing call for an organization: a setting that an admin has changed counts from the next call on.
    pub(super) fn go_on_with(&self, settings: &OrgSettings) -> Result<()> {
        self.go_on()?;
        if self.settings.of(settings.org_id).effective == settings.effective {
            Ok(())
        } else {
            Err(SyncError::SettingsChanged)
        }
    }

    /// A line about something done, or not done, in Grafana.
    pub(super) fn line(&self, work: &Work, actor: &str, event: ActivityEvent<'_>) -> ActivityLine {
        ActivityLine {
            tenant: work.tenant.clone(),
            at_ms: self.clock.now_ms(),
            source: Source::Grafana,
            actor: actor.to_owned(),
            action: event.action,
            target_kind: event.target.0,
            target_id: event.target.1.to_owned(),
            target_name: event.target.2.to_owned(),
            outcome: event.outcome,
            reason: event.reason,
            duration_ms: event.took_ms,
            correlation: work.correlation.clone(),
        }
    }
}

/// What a line says.
pub(super) struct ActivityEvent<'a> {
    pub(super) action: Action,
    /// Kind, id, name.
    pub(super) target: (TargetKind, &'a str, &'a str),
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    pub(super) took_ms: i64,
}

/// Milliseconds since then.
pub(super) fn elapsed(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)
}
