//! Who is a service account, and who a server admin: asked for outside the loop, because a caller waits for the answer.
//!
//! Owns: the list of each organization's service accounts as last read, and its age. What was read stays good while it cannot be read
//! again, and that is told. Must never change anything in Grafana, and never ask it more often than [`AGAIN`] while it does not answer.
//! Start at [`ServiceAccounts::read`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{OrgId, caller::ServiceAccount};

use super::lock::locked;
use grafana::{Error, Grafana};

/// A list this old is read again before it counts.
pub(super) const GOOD_FOR: Duration = Duration::from_secs(60);
/// After a refusal it is read no sooner than this.
const AGAIN: Duration = Duration::from_secs(2);
/// For a login that is new it is read no sooner than this.
const FOR_NEW: Duration = Duration::from_millis(250);
/// A caller waits no longer than this for a list.
const PATIENCE: Duration = Duration::from_secs(4);

/// What is known of an organization's service accounts.
#[derive(Clone, Debug, Default)]
pub struct ServiceAccountsSeen {
    /// The last list; `None` if none was read since the process began.
    pub listed: Option<Arc<Vec<ServiceAccount>>>,
    /// Why it could not be read again, if so: the list is older than it should be.
    pub problem: Option<String>,
}

/// How fresh a list has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// At most a minute old.
    Recent,
    /// Read a moment ago: somebody asks about an account that may be new.
    Momentary,
    /// Read for this: a person waits for it.
    Now,
}

#[derive(Debug, Default)]
pub(super) struct ServiceAccounts {
    orgs: Mutex<HashMap<OrgId, Org>>,
}

#[derive(Debug, Default)]
struct Org {
    grafana: Option<Grafana>,
    seen: ServiceAccountsSeen,
    /// When the last list was read.
    read: Option<Instant>,
    /// When reading was last tried.
    tried: Option<Instant>,
    /// Held while one call reads for all.
    reading: Arc<tokio::sync::Mutex<()>>,
}

impl Org {
    fn is_good(&self, freshness: Freshness) -> bool {
        let younger = |at: Option<Instant>, age| at.is_some_and(|at| at.elapsed() < age);
        match freshness {
            Freshness::Recent if self.seen.problem.is_none() => younger(self.read, GOOD_FOR),
            Freshness::Recent => younger(self.tried, AGAIN),
            // What was read before somebody asked does not show who was made since.
            Freshness::Momentary => self.seen.problem.is_some() && younger(self.tried, AGAIN),
            Freshness::Now => false,
        }
    }
}

impl ServiceAccounts {
    /// From now on it is asked by this client, with its session and its breaker; by nobody where there are no credentials.
    pub(super) fn ask_by(&self, org_id: OrgId, grafana: Option<Grafana>) {
        let mut orgs = locked(&self.orgs);
        let org = orgs.entry(org_id).or_default();
        org.grafana = grafana;
        // Another credential may read what the last one could not.
        org.tried = None;
    }

    /// The list, read again where it is not fresh enough.
    pub(super) async fn read(&self, org_id: OrgId, freshness: Freshness) -> ServiceAccountsSeen {
        let asked = Instant::now();
        let (grafana, reading) = {
            let mut orgs = locked(&self.orgs);
            let org = orgs.entry(org_id).or_default();
            if org.is_good(freshness) {
                return org.seen.clone();
            }
            (org.grafana.clone(), org.reading.clone())
        };
        let Some(grafana) = grafana else {
            return ServiceAccountsSeen {
                problem: Some("Rollcall has no credentials".to_owned()),
                ..self.last(org_id)
            };
        };
        let _alone = reading.lock().await;
        // Another call may have read it meanwhile.
        if let Some(org) = locked(&self.orgs).get(&org_id)
            && (org.is_good(freshness) || org.tried.is_some_and(|at| at > asked))
        {
            return org.seen.clone();
        }
        if freshness == Freshness::Momentary {
            tokio::time::sleep(self.pause(org_id)).await;
        }
        let answer = tokio::time::timeout(PATIENCE, grafana.service_accounts()).await;
        self.learn(
            org_id,
            answer.unwrap_or_else(|_| Err(Error::Away("no answer in time".to_owned()))),
        )
    }

    /// How long it is too soon for another reading.
    fn pause(&self, org_id: OrgId) -> Duration {
        let tried = locked(&self.orgs).get(&org_id).and_then(|org| org.tried);
        tried.map_or(Duration::ZERO, |at| FOR_NEW.saturating_sub(at.elapsed()))
    }

    /// What a reading gave.
    pub(super) fn learn(&self, org_id: OrgId, answer: Result<Vec<ServiceAccount>, Error>) -> ServiceAccountsSeen {
        let mut orgs = locked(&self.orgs);
        let org = orgs.entry(org_id).or_default();
        org.tried = Some(Instant::now());
        match answer {
            Ok(listed) => {
                org.read = org.tried;
                org.seen = ServiceAccountsSeen {
                    listed: Some(Arc::new(listed)),
                    problem: None,
                };
            }
            Err(error) => {
                if org.seen.problem.is_none() {
                    tracing::warn!(org = org_id.get(), %error, "the list of service accounts cannot be read; the last one counts");
                }
                org.seen.problem = Some(error.public_words());
            }
        }
        org.seen.clone()
    }

    /// The client that it is asked by, for others who do not wait for the loop.
    pub(super) fn client(&self, org_id: OrgId) -> Option<Grafana> {
        locked(&self.orgs).get(&org_id)?.grafana.clone()
    }

    /// Whether the person with exactly this login is a Grafana server admin, by Grafana's word of now; `None` where it could not be asked.
    pub(super) async fn person(&self, org_id: OrgId, login: &str) -> Option<PersonSeen> {
        let grafana = self.client(org_id)?;
        let found = tokio::time::timeout(PATIENCE, grafana.person_with_login(login)).await;
        match found.ok()? {
            Ok(Some(user)) if user.is_grafana_admin => Some(PersonSeen::ServerAdmin),
            Ok(Some(_)) => Some(PersonSeen::Person),
            Ok(None) => Some(PersonSeen::Nobody),
            Err(error) => {
                tracing::debug!(org = org_id.get(), %error, "a login could not be looked up");
                None
            }
        }
    }

    /// Whether somebody of this login is known to be a service account, by the last list.
    #[must_use]
    pub(super) fn last(&self, org_id: OrgId) -> ServiceAccountsSeen {
        locked(&self.orgs)
            .get(&org_id)
            .map(|org| org.seen.clone())
            .unwrap_or_default()
    }
}

/// Who has a login, by Grafana's word of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonSeen {
    /// A person who is a Grafana server admin.
    ServerAdmin,
    /// Any other person.
    Person,
    /// No person: nobody, or a service account.
    Nobody,
}
