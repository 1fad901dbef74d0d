//! What handlers may ask of the rest of the process.
//!
//! Owns: which part of the process answers a handler. Must never decide. Start at [`Controls`].

use std::sync::Arc;

use admin_api::{CredentialTest, CredentialsTest, LoginDoctor, LoginFinding};
use domain::{
    OrgId, TeamId,
    status::{EngineStatus, NameOwners, RosterSeen, StoreSeen, TeamSeen},
    store_identity::StoreDecision,
};

use super::{
    credential_test,
    settings::{self, SettingsState},
    store_watch::StoreWatch,
};
use crate::http::{Boxed, Control, SettingsView};
use engine::{Engine, Wake};
use store::Store;

pub(super) struct Controls {
    engine: Engine,
    wake: Wake,
    settings: Arc<SettingsState>,
    store: Store,
    watch: Arc<StoreWatch>,
}

impl Controls {
    pub(super) fn new(engine: Engine, settings: Arc<SettingsState>, store: Store, watch: Arc<StoreWatch>) -> Self {
        Self {
            wake: engine.wake(),
            engine,
            settings,
            store,
            watch,
        }
    }
}

impl Control for Controls {
    fn wake(&self) {
        self.wake.wake();
    }

    fn check_now(&self, org_id: OrgId) {
        self.wake.check_now(org_id);
    }

    fn decide_store(&self, org_id: OrgId, decision: StoreDecision) {
        self.wake.decide_store(org_id, decision);
    }

    fn store(&self) -> Boxed<'_, StoreSeen> {
        Box::pin(self.watch.seen(&self.store))
    }

    fn engine(&self, org_id: OrgId) -> EngineStatus {
        self.engine.status(org_id)
    }

    fn login_doctor(&self, org_id: OrgId) -> LoginDoctor {
        let Some(seen) = self.engine.login(org_id) else {
            return LoginDoctor::default();
        };
        let finding = |found: domain::login::Finding| LoginFinding {
            severity: found.severity,
            provider: found.provider,
            what: found.what,
            why: found.why,
            ini: found.ini,
        };
        LoginDoctor {
            checked_ms: Some(seen.at_ms),
            findings: seen.findings.into_iter().map(finding).collect(),
        }
    }

    fn public_url(&self, org_id: OrgId) -> Option<String> {
        self.settings.public_url(org_id)
    }

    fn teams(&self, org_id: OrgId) -> Vec<TeamSeen> {
        self.engine.teams(org_id)
    }

    fn rosters(&self, org_id: OrgId, teams: Vec<TeamId>) -> Boxed<'_, Vec<RosterSeen>> {
        Box::pin(async move { self.engine.rosters(org_id, &teams).await })
    }

    fn is_server_admin(&self, org_id: OrgId, login: &str) -> bool {
        self.engine.is_admin(org_id, login)
    }

    fn name_owners(&self, org_id: OrgId, login: &str, email: Option<&str>) -> NameOwners {
        self.engine.name_owners(org_id, login, email)
    }

    fn settings(&self, org_id: OrgId) -> Arc<SettingsView> {
        self.settings.view(org_id)
    }

    fn page_settings_changed(&self, org_id: OrgId) -> Boxed<'_, ()> {
        Box::pin(async move {
            match self.store.page_settings(org_id).await {
                Ok(page) => self.settings.page(org_id, page),
                // They are on disk, and in force after the next start at the latest.
                Err(error) => tracing::error!(%error, "settings were stored but could not be read back"),
            }
        })
    }

    fn test_credentials(&self, org_id: OrgId, test: CredentialsTest) -> Boxed<'_, CredentialTest> {
        Box::pin(async move {
            let credentials = settings::completed(&self.settings, org_id, test);
            credential_test::report(engine::probe(&credentials, org_id).await)
        })
    }
}
