//! What handlers may ask of the rest of the process.
//!
//! Owns: which part of the process answers a handler. Must never decide. Start at [`Controls`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use admin_api::{CredentialsGiven, CredentialsTest, LoginDoctor, LoginFinding};
use domain::{
    OrgId, Secret, TeamId, UserId,
    attention::Protection,
    outlook::Outlook,
    status::{EngineStatus, NameOwners, RosterSeen, StoreSeen, TeamSeen},
    store_identity::StoreDecision,
};

use super::{
    callers::ScimCallers,
    credential_test::{
        self,
        limit::{self, Limit},
    },
    settings::{self, SettingsState},
    store_watch::StoreWatch,
};
use crate::http::{Boxed, Callers, Control, Given, SettingsView, TestAnswer};
use engine::{Engine, Finding, Wake};
use store::{SecretBinding, Store};

pub(super) struct Controls {
    engine: Engine,
    wake: Wake,
    settings: Arc<SettingsState>,
    store: Store,
    watch: Arc<StoreWatch>,
    callers: ScimCallers,
    tests: Mutex<Limit>,
    /// When secrets that were typed again were wrong.
    wrong: Mutex<HashMap<OrgId, Instant>>,
}

/// A guess of what Grafana keeps is followed by no other in this time.
const GUESS_EVERY: Duration = Duration::from_secs(60);

/// Writes down where secrets may go, so that the next process knows.
pub(super) async fn write_down(store: &Store, org_id: OrgId, bindings: &[SecretBinding]) {
    for binding in bindings {
        if let Err(error) = store.bind_secret(org_id, binding).await {
            tracing::error!(%error, name = binding.name, "where this secret may be sent could not be written down");
        }
    }
}

impl Controls {
    pub(super) fn new(
        engine: Engine,
        settings: Arc<SettingsState>,
        store: Store,
        callers: ScimCallers,
        watch: Arc<StoreWatch>,
    ) -> Self {
        Self {
            wake: engine.wake(),
            engine,
            settings,
            store,
            watch,
            callers,
            tests: Mutex::default(),
            wrong: Mutex::default(),
        }
    }

    fn tests(&self) -> MutexGuard<'_, Limit> {
        // Whole after any panic: every change is one assignment.
        self.tests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_wrong_guess(&self, org_id: OrgId) -> Option<Duration> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.get(&org_id).map(Instant::elapsed)
    }
}

impl Control for Controls {
    fn wake(&self) {
        self.wake.wake();
    }

    fn retry_now(&self, org_id: OrgId) {
        self.wake.retry_now(org_id);
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
        let mut status = self.engine.status(org_id);
        if let Some(why) = self.settings.view(org_id).kept_back.first() {
            status.error = Some(why.clone());
        }
        status
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

    fn outlook(&self, org_id: OrgId) -> Option<Arc<Outlook>> {
        self.engine.outlook(org_id)
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

    fn protection(&self, org_id: OrgId, id: UserId) -> Option<Protection> {
        self.engine.protection(org_id, id)
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
                Ok(page) => {
                    let listed = |settings: &SettingsState| settings.view(org_id).effective.break_glass.clone();
                    let before = listed(&self.settings);
                    self.settings.page(org_id, page);
                    let now = listed(&self.settings);
                    if now != before {
                        let new: Vec<String> = now.into_iter().filter(|entry| !before.contains(entry)).collect();
                        self.engine.know_break_glass(org_id, &new).await;
                    }
                }
                // They are on disk, and in force after the next start at the latest.
                Err(error) => tracing::error!(%error, "settings were stored but could not be read back"),
            }
        })
    }

    fn callers(&self) -> &dyn Callers {
        &self.callers
    }

    fn test_credentials(&self, org_id: OrgId, test: CredentialsTest) -> Boxed<'_, TestAnswer> {
        Box::pin(async move {
            let credentials = settings::completed(&self.settings, org_id, test);
            let account = limit::account(&credentials.url, credentials.admin_user.as_deref());
            let begun = self.tests().begin(org_id, &account, Instant::now());
            if let Err(wait) = begun {
                return TestAnswer::Wait(wait);
            }
            let probe = engine::probe(&credentials, org_id).await;
            if matches!(probe.sign_in, Finding::No(_)) {
                self.tests().refused(account, Instant::now());
            }
            TestAnswer::Tried(credential_test::report(probe))
        })
    }

    fn secrets_given(&self, org_id: OrgId, given: CredentialsGiven) -> Boxed<'_, Given> {
        Box::pin(async move {
            if self.settings.view(org_id).kept_back.is_empty() {
                return Given::Taken;
            }
            if let Some(left) = self
                .last_wrong_guess(org_id)
                .and_then(|ago| GUESS_EVERY.checked_sub(ago))
            {
                return Given::Wait(left);
            }
            let typed = [
                ("admin_password", given.admin_password),
                ("service_account_token", given.service_account_token),
            ];
            let typed: Vec<_> = typed
                .into_iter()
                .filter_map(|(name, text)| Some((name, Secret::new(text.filter(|text| !text.is_empty())?))))
                .collect();
            let Some(new) = self.settings.given_again(org_id, &typed) else {
                let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
                wrong.insert(org_id, Instant::now());
                return Given::Wrong;
            };
            write_down(&self.store, org_id, &new).await;
            Given::Taken
        })
    }
}
