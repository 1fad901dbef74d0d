//! One organization as the engine keeps it between two looks.
//!
//! Owns: its client, its gate (no calls while Grafana is away or refuses us), its status and what the last listing showed.
//! Must never keep another organization waiting. Start at [`Org::runnable`].

use std::collections::{BTreeSet, HashSet};

use domain::{
    attempt::{Failure, backoff_ms},
    attention::Reading,
    concurrency::Limit,
};

use super::{
    context::{AWAY_MS, Core},
    directory::Directory,
    external_groups::TeamSync,
    reservation::Reservations,
    settings::OrgSettings,
    status::{State, Status},
    trouble::{Result, looking},
};
use grafana::{Doors, Error, Grafana};
use store::Kind;

/// What is known of how Grafana is configured: its `[auth]` lines say what a group means, the doors what closing means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Configuration {
    /// It was not asked with these credentials yet.
    Unasked,
    /// It answered something else.
    Unanswered,
    /// Known, as far as our account may read it.
    Known,
}

#[derive(Debug)]
pub(super) struct Org {
    pub(super) settings: OrgSettings,
    pub(super) grafana: Grafana,
    pub(super) status: Status,
    /// No call before this time. `i64::MAX`: not until the credentials change.
    gate_ms: i64,
    failures: i64,
    /// The first call went well after some that did not.
    pub(super) recovered: bool,
    /// How many people are worked on at once.
    pub(super) limit: Limit,
    /// The names of those.
    pub(super) reservations: Reservations,
    pub(super) next_scan_ms: i64,
    pub(super) directory: Option<Directory>,
    /// Grafana's server admins, once a listing showed them.
    pub(super) admins: Option<HashSet<i64>>,
    /// The mappings as last seen: id, for admins, removing others, paused.
    pub(super) mappings: Option<BTreeSet<(i64, bool, bool, bool)>>,
    pub(super) configuration: Configuration,
    /// Whether a suspension holds, where Grafana's configuration could be read.
    pub(super) role_sync_skipped: Option<bool>,
    /// Which of our teams Grafana's own Team Sync fills too.
    pub(super) team_sync: TeamSync,
    /// Whether the other rungs hold, and what who is new is given.
    pub(super) doors: Doors,
}

const REFUSED_MS: i64 = 60_000;

impl Org {
    pub(super) fn new(settings: OrgSettings, grafana: Grafana) -> Self {
        Self {
            status: Status::before_first_look(&settings),
            settings,
            grafana,
            gate_ms: 0,
            failures: 0,
            recovered: false,
            limit: Limit::default(),
            reservations: Reservations::default(),
            next_scan_ms: 0,
            directory: None,
            admins: None,
            mappings: None,
            configuration: Configuration::Unasked,
            role_sync_skipped: None,
            team_sync: TeamSync::default(),
            doors: Doors::default(),
        }
    }

    pub(super) fn id(&self) -> i64 {
        self.settings.org_id
    }

    /// Whether calls may be made now.
    pub(super) fn runnable(&self, now_ms: i64) -> bool {
        self.settings.credentials.admin().is_some() && self.gate_ms <= now_ms
    }

    /// Whether such a piece of work may be done now. Credentials may arrive, and a gate may open, between a look and the work that follows
    /// it: acted upon before the look, the team of a deleted group would be kept where `[auth] mapping_mode` says it is archived.
    pub(super) fn may_do(&self, kind: Kind, now_ms: i64) -> bool {
        let informed = match self.configuration {
            Configuration::Unasked => false,
            Configuration::Unanswered => kind == Kind::User,
            Configuration::Known => true,
        };
        informed && self.runnable(now_ms)
    }

    /// A look at Grafana did not end, and not because Grafana is away: people need not wait for the next one.
    pub(super) fn was_asked(&mut self) {
        if self.configuration == Configuration::Unasked {
            self.configuration = Configuration::Unanswered;
        }
    }

    /// How many people may be worked on at once.
    pub(super) async fn at_once(&self) -> usize {
        // While it is not known whether Grafana is back, one call finds out, and several would be so many failures.
        if self.failures > 0 {
            return 1;
        }
        match self.grafana.signed_in_as().await {
            // Where each call carries the password, each that is under way when it changes is a failed sign-in, and five lock the account.
            Some(me) if !me.by_password => self.limit.now(),
            _ => 1,
        }
    }

    /// When there is something to do at the earliest; `None` while only new settings can change that.
    pub(super) fn wakes_at(&self, now_ms: i64, next_due_ms: Option<i64>) -> Option<i64> {
        if self.settings.credentials.admin().is_none() || self.gate_ms == i64::MAX {
            return None;
        }
        // What was due already when the gate closed is in no answer about the future.
        if self.gate_ms > now_ms {
            return Some(self.gate_ms);
        }
        let next = next_due_ms.map_or(self.next_scan_ms, |due| due.min(self.next_scan_ms));
        Some(next)
    }

    /// Other settings: what was refused may be tried again.
    pub(super) fn take(&mut self, settings: OrgSettings, grafana: Grafana) {
        let (version, checked_ms, unmanaged) = (
            self.status.version.take(),
            self.status.checked_ms,
            self.status.unmanaged,
        );
        *self = Self::new(settings, grafana);
        self.status.version = version;
        self.status.checked_ms = checked_ms;
        self.status.unmanaged = unmanaged;
    }

    /// A person asked: do not wait for the back-off. A refused password stays refused.
    pub(super) fn check_now(&mut self) {
        self.next_scan_ms = 0;
        if self.gate_ms != i64::MAX {
            self.gate_ms = 0;
        }
    }

    pub(super) async fn went_well(&mut self, core: &Core) {
        if self.gate_ms == i64::MAX {
            // It was under way when another call was refused, and says nothing about the password.
            return;
        }
        self.recovered |= self.failures > 0;
        (self.failures, self.gate_ms) = (0, 0);
        self.status.state = State::Running;
        self.status.error = None;
        self.publish(core).await;
    }

    /// A call failed: whether, and for how long, everything else of this organization waits too.
    pub(super) async fn went_wrong(&mut self, core: &Core, error: &Error) {
        let now = core.clock.now_ms();
        if self.gate_ms == i64::MAX {
            return;
        }
        let wait = backoff_ms(self.failures, core.ids.jitter());
        let failure = Failure::from(error);
        if failure.is_strain() {
            self.limit.trouble();
        }
        match (error, failure) {
            (Error::SignInRefused { .. } | Error::NoCredentials, _) => {
                self.gate_ms = i64::MAX;
                self.status.state = State::CredentialsRefused;
                tracing::warn!(
                    org = self.id(),
                    "Grafana refused to sign Rollcall in; not tried again until the credentials change"
                );
            }
            // People are handled by the server admin: closing must not wait for a token.
            (Error::TokenRefused(_), _) => {
                self.status.error = Some(error.to_string());
                return self.publish(core).await;
            }
            (_, Failure::Unauthorized) => {
                self.gate_ms = now.saturating_add(wait.min(REFUSED_MS));
                self.status.state = State::CredentialsRefused;
            }
            (_, Failure::Away) => {
                self.gate_ms = now.saturating_add(wait.min(AWAY_MS));
                if self.status.state != State::GrafanaAway {
                    tracing::warn!(org = self.id(), %error, "Grafana is away");
                }
                self.status.state = State::GrafanaAway;
            }
            (_, Failure::Busy(after)) => {
                self.gate_ms = now.saturating_add(after.unwrap_or(0).clamp(wait.min(AWAY_MS), 60_000))
            }
            // About one thing only: Grafana is there, and the others go on.
            _ => return self.went_well(core).await,
        }
        self.failures += 1;
        self.status.error = Some(error.to_string());
        self.publish(core).await;
    }

    pub(super) async fn publish(&mut self, core: &Core) {
        if self.settings.credentials.admin().is_some() {
            self.status.latency_ms = self.grafana.latency_ms();
            self.status.signed_in_as = self.grafana.signed_in_as().await.map(|me| me.login);
        }
        core.shared.set_status(self.id(), self.status.clone());
    }

    /// A fresh listing, kept for what follows.
    pub(super) async fn refresh_listing(&mut self, core: &Core) -> Result<()> {
        let users = self.grafana.all_users().await.map_err(looking(Reading::AllAccounts))?;
        let directory = Directory::of(users, core.clock.now_ms());
        self.admins = Some(directory.admins());
        core.shared.set_admins(self.id(), directory.admin_logins());
        core.shared.set_names(self.id(), directory.names());
        self.directory = Some(directory);
        Ok(())
    }

    /// Our name in the log.
    pub(super) async fn actor(&self) -> String {
        match self.grafana.signed_in_as().await {
            Some(me) => me.login,
            None => self.settings.credentials.admin_user.clone().unwrap_or_default(),
        }
    }
}
