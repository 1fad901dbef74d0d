//! What handlers may ask of the rest of the process.
//!
//! Owns: the translation between `http`'s words and the engine's. Must never decide. Start at [`Controls`].

use std::sync::Arc;

use admin_api::{CredentialCheck, CredentialTest, CredentialsTest, TestOutcome};

use super::settings::{self, SettingsState};
use crate::{
    http::{Boxed, Control, EngineState, EngineStatus, SettingsView, TeamSeen},
    store::Store,
    sync::{self, Engine, Wake},
};

pub(super) struct Controls {
    engine: Engine,
    wake: Wake,
    settings: Arc<SettingsState>,
    store: Store,
}

impl Controls {
    pub(super) fn new(engine: Engine, settings: Arc<SettingsState>, store: Store) -> Self {
        Self {
            wake: engine.wake(),
            engine,
            settings,
            store,
        }
    }
}

impl Control for Controls {
    fn wake(&self) {
        self.wake.wake();
    }

    fn check_now(&self, org_id: i64) {
        self.wake.check_now(org_id);
    }

    fn engine(&self, org_id: i64) -> EngineStatus {
        let status = self.engine.status(org_id);
        EngineStatus {
            state: match status.state {
                sync::State::NotConfigured => EngineState::NotConfigured,
                sync::State::WaitingForFirstRequest => EngineState::WaitingForFirstRequest,
                sync::State::CredentialsRefused => EngineState::CredentialsRefused,
                sync::State::GrafanaAway => EngineState::GrafanaAway,
                sync::State::Running => EngineState::Running,
            },
            url: status.url,
            version: status.version,
            signed_in_as: status.signed_in_as,
            latency_ms: status.latency_ms,
            error: status.error,
            checked_ms: status.checked_ms,
        }
    }

    fn public_url(&self, org_id: i64) -> Option<String> {
        self.settings.public_url(org_id)
    }

    fn teams(&self, org_id: i64) -> Vec<TeamSeen> {
        let team = |t: sync::TeamSeen| TeamSeen {
            id: t.id,
            name: t.name,
            members: t.members,
        };
        self.engine.teams(org_id).into_iter().map(team).collect()
    }

    fn settings(&self, org_id: i64) -> Arc<SettingsView> {
        self.settings.view(org_id)
    }

    fn page_settings_changed(&self, org_id: i64) -> Boxed<'_, ()> {
        Box::pin(async move {
            match self.store.page_settings(org_id).await {
                Ok(page) => self.settings.page(org_id, page),
                // They are on disk, and in force after the next start at the latest.
                Err(error) => tracing::error!(%error, "settings were stored but could not be read back"),
            }
        })
    }

    fn test_credentials(&self, org_id: i64, test: CredentialsTest) -> Boxed<'_, CredentialTest> {
        Box::pin(async move {
            let credentials = settings::completed(&self.settings, org_id, test);
            told(sync::probe(&credentials, org_id).await)
        })
    }
}

fn told(probe: sync::Probe) -> CredentialTest {
    let checks: Vec<CredentialCheck> = probe
        .checks
        .into_iter()
        .map(|check| CredentialCheck {
            what: check.what,
            outcome: match check.outcome {
                sync::CheckOutcome::Ok => TestOutcome::Ok,
                sync::CheckOutcome::Warning => TestOutcome::Warning,
                sync::CheckOutcome::Failed => TestOutcome::Failed,
            },
            detail: check.detail,
        })
        .collect();
    CredentialTest {
        ok: checks.iter().all(|check| check.outcome != TestOutcome::Failed),
        message: probe.message,
        checks,
    }
}
