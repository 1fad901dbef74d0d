//! The engine: makes Grafana match the store, and keeps it so.
//!
//! Owns: when to look, what to work on next, and what follows from a failure. Level-triggered: a mark only says that something
//! changed, so every pass reads what is desired, observes Grafana, asks `domain` for a plan, acts, and looks again. Must never
//! decide what Grafana should look like (`domain::account`, `domain::team` do), and never stop for one organization because of
//! another. Start at [`Engine::start`], then `reconcile_loop.rs`; one person is `person.rs`, one group `group.rs`, the minute's look `scan.rs`.

mod batch;
mod brake;
mod context;
mod error;
mod external_groups;
mod failpoints;
mod gate;
mod group;
mod lock;
mod look;
mod names;
mod org;
mod org_state;
mod orphans;
mod person;
mod protected;
mod pulse;
mod reconcile_loop;
mod reservation;
mod roster;
mod roster_requests;
mod scan;
mod service_accounts;
mod settings;
mod shared;
mod status;
mod store_marker;
mod sudden_loss;
mod supervisor;
mod team_by_name;
mod team_log;
mod team_sync;
mod user_listing;
mod verdict;
mod wake;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use domain::{
    Clock, Ids, OrgId, TeamId, UserId,
    attention::Protection,
    outlook::Outlook,
    status::{EngineStatus, NameOwners, RosterSeen, TeamSeen},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use failpoints::Failpoints;
pub use grafana::{Credentials, Finding, Probe};
pub use pulse::PulseSeen;
pub use service_accounts::{Freshness, PersonSeen, ServiceAccountsSeen};
pub use settings::{OrgSettings, Settings};
pub use status::LoginSeen;
use store::Store;
pub use wake::Wake;

use org_state::OrgState;

/// The running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    core: context::Core,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

// Grafana kills a plugin two seconds after asking it to stop; the store wants its part of that.
const STOP: Duration = Duration::from_millis(450);

impl Engine {
    /// Starts it on the current runtime.
    #[must_use]
    pub fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        settings: Arc<dyn Settings>,
        failpoints: Failpoints,
    ) -> Self {
        let core = context::Core {
            store,
            clock,
            ids,
            settings,
            failpoints,
            shared: Arc::new(shared::Shared::default()),
            stop: CancellationToken::new(),
        };
        let task = tokio::spawn(supervisor::run(core.clone()));
        Self(Arc::new(Inner {
            core,
            task: tokio::sync::Mutex::new(Some(task)),
        }))
    }

    /// The handle a request handler gets.
    #[must_use]
    pub fn wake(&self) -> Wake {
        Wake::new(self.0.core.shared.clone())
    }

    /// Whether it goes on.
    #[must_use]
    pub fn pulse(&self) -> PulseSeen {
        self.0.core.shared.pulse.seen()
    }

    /// How it stands with an organization's Grafana.
    #[must_use]
    pub fn status(&self, org_id: OrgId) -> EngineStatus {
        let mut status = self.0.core.shared.status(org_id).unwrap_or_else(|| {
            let settings = self.0.core.settings.of(org_id);
            let state = OrgState::before_first_call(&settings).shown();
            EngineStatus::new(state, settings.credentials.url.clone())
        });
        status.off = gate::off(&*self.0.core.settings, &self.0.core.shared, org_id);
        status
    }

    /// What would be done, as the last comparison showed it; `None` before the first one.
    #[must_use]
    pub fn outlook(&self, org_id: OrgId) -> Option<Arc<Outlook>> {
        self.0.core.shared.outlook(org_id)
    }

    /// Grafana's teams as last seen, by name.
    #[must_use]
    pub fn teams(&self, org_id: OrgId) -> Vec<TeamSeen> {
        self.0.core.shared.teams(org_id)
    }

    /// Who is in some teams: looked up now where Grafana can be asked, else as last seen. A team nobody could look at is left out.
    pub async fn rosters(&self, org_id: OrgId, teams: &[TeamId]) -> Vec<RosterSeen> {
        self.0.core.shared.looks.ask(org_id, teams);
        self.0.core.shared.notify.notify_one();
        self.0.core.shared.looks.answer(org_id, teams).await
    }

    /// What Grafana's configuration will do to sign-ins, as last read.
    #[must_use]
    pub fn login(&self, org_id: OrgId) -> Option<LoginSeen> {
        self.0.core.shared.login(org_id)
    }

    /// Why an account is never touched, as the last listing showed it.
    #[must_use]
    pub fn protection(&self, org_id: OrgId, id: UserId) -> Option<Protection> {
        self.0.core.shared.protection(org_id, id)
    }

    /// Looks up now which accounts the entries of `break_glass` mean that an admin has just added.
    pub async fn know_break_glass(&self, org_id: OrgId, new: &[String]) {
        protected::know_saved(&self.0.core, org_id, new).await;
    }

    /// The service accounts of an organization, read again where the last list is not fresh enough.
    pub async fn service_accounts(&self, org_id: OrgId, freshness: Freshness) -> ServiceAccountsSeen {
        self.0.core.shared.service_accounts.read(org_id, freshness).await
    }

    /// The same as last read: nobody is asked.
    #[must_use]
    pub fn last_service_accounts(&self, org_id: OrgId) -> ServiceAccountsSeen {
        self.0.core.shared.service_accounts.last(org_id)
    }

    /// Who has exactly this login, asked now; `None` where Grafana could not be asked.
    pub async fn person(&self, org_id: OrgId, login: &str) -> Option<PersonSeen> {
        self.0.core.shared.service_accounts.person(org_id, login).await
    }

    /// Who has this login and who this e-mail in Grafana, as the last listing showed it.
    #[must_use]
    pub fn name_owners(&self, org_id: OrgId, login: &str, email: Option<&str>) -> NameOwners {
        self.0.core.shared.name_owners(org_id, login, email)
    }

    /// Finishes the Grafana call that is under way, then ends; gives up on it after 450 ms, which is as safe as a crash.
    pub async fn stop(&self) {
        self.0.core.stop.cancel();
        if let Some(mut task) = self.0.task.lock().await.take()
            && tokio::time::timeout(STOP, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

/// What each credential can do, for the page's *Test* button. Signs in once and leaves nothing behind.
pub async fn probe(credentials: &Credentials, org_id: OrgId) -> Probe {
    grafana::probe(credentials, org_id).await
}
