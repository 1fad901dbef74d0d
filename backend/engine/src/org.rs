//! One organization as the engine keeps it between two looks.
//!
//! Owns: its client, its state (`org_state.rs`: no calls while Grafana is away or refuses us), its status and what the last listing
//! showed. Must never keep another organization waiting. Start at [`Org::went_wrong`].

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use domain::{
    MappingId, OrgId, TeamId, UserId,
    account::{ProtectedIds, Rank, protection},
    attempt::{Failure, LONGEST_WAIT_MS, backoff_ms},
    attention::{Protection, Reading},
    concurrency::Limit,
    operation::Purpose,
    status::{EngineState, EngineStatus},
};

use super::{
    context::{AWAY_MS, Core},
    error::{Result, SyncError, looking},
    external_groups::ExternalGroups,
    org_state::{OrgState, Pause},
    reservation::Reservations,
    settings::OrgSettings,
    sudden_loss::{self, LastSeen},
    user_listing::UserListing,
};
use grafana::{Error, Grafana, ListedUser, SignInSettings};
use store::{Kind, Work};

#[derive(Debug)]
pub(super) struct Org {
    pub(super) settings: OrgSettings,
    pub(super) grafana: Grafana,
    pub(super) status: EngineStatus,
    /// Whether Grafana may be called.
    pub(super) state: OrgState,
    /// How many people are worked on at once.
    pub(super) limit: Limit,
    /// The names of those.
    pub(super) reservations: Reservations,
    /// By the clock that is never set back, as every time here.
    pub(super) next_scan_ms: i64,
    /// Comparisons that did not end, one after the other.
    pub(super) failed_scans: i64,
    pub(super) listing: Option<UserListing>,
    /// What the last lists had in them.
    pub(super) last_seen: LastSeen,
    /// After a failure everybody is not listed again for as long.
    pub(super) next_listing_ms: i64,
    /// Teams that no mapping feeds and that could not be emptied: not before this time, after so many attempts.
    pub(super) resting_teams: HashMap<TeamId, (i64, i64)>,
    /// Grafana's server admins, once a listing showed them.
    pub(super) admins: Option<HashSet<UserId>>,
    /// Accounts that are never touched, beside server admins and our own.
    pub(super) protected: ProtectedIds,
    /// The list `break_glass` that [`Self::protected`] is of; `None`: of none yet.
    pub(super) resolved: Option<Vec<String>>,
    /// The mappings as last seen: id, for admins, removing others, paused.
    pub(super) mappings: Option<BTreeSet<(MappingId, bool, bool, bool)>>,
    /// Whether a suspension holds, where Grafana's configuration could be read.
    pub(super) role_sync_skipped: Option<bool>,
    /// Which of our teams Grafana's own Team Sync fills too.
    pub(super) external_groups: ExternalGroups,
    /// Whether the other actions hold, and what who is new is given.
    pub(super) sign_in: SignInSettings,
    /// So long the last answer about Grafana's switch of the app counts.
    pub(super) switch_known_until_ms: i64,
    /// The store has noted that the engine began with this Grafana.
    pub(super) began: bool,
}

/// A session that Grafana forgets at once is asked for again this seldom: each sign-in leaves one behind.
const UNKNOWN_MS: i64 = 60_000;
const LONGEST_BUSY_MS: i64 = 60_000;

impl Org {
    pub(super) fn new(settings: OrgSettings, grafana: Grafana) -> Self {
        let state = OrgState::before_first_call(&settings);
        Self {
            status: EngineStatus::new(state.shown(), settings.credentials.url.clone()),
            state,
            settings,
            grafana,
            limit: Limit::default(),
            reservations: Reservations::default(),
            next_scan_ms: 0,
            failed_scans: 0,
            listing: None,
            last_seen: LastSeen::default(),
            next_listing_ms: 0,
            resting_teams: HashMap::new(),
            admins: None,
            protected: ProtectedIds::default(),
            resolved: None,
            mappings: None,
            role_sync_skipped: None,
            external_groups: ExternalGroups::default(),
            sign_in: SignInSettings::default(),
            switch_known_until_ms: i64::MIN,
            began: false,
        }
    }

    pub(super) fn id(&self) -> OrgId {
        self.settings.org_id
    }

    /// How many people may be worked on at once.
    pub(super) async fn at_once(&self) -> usize {
        // While it is not known whether Grafana is back, one call finds out, and several would be so many failures.
        if self.state.failures() > 0 {
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
        let planned_ms = next_due_ms.map_or(self.next_scan_ms, |due| due.min(self.next_scan_ms));
        self.state.wakes_at(now_ms, planned_ms)
    }

    /// Whether such a piece of work may be done now. A store that is not the one Grafana knows only
    /// closes.
    pub(super) fn may_do(&self, core: &Core, work: &Work, now_ms: i64) -> bool {
        let closes = work.kind == Kind::User && work.closing;
        let purpose = if closes { Purpose::Closing } else { Purpose::Change };
        self.state.may_do(work.kind, now_ms) && (closes || self.status.store.may_open()) && core.may(self.id(), purpose)
    }

    /// Other settings: what was refused may be tried again.
    pub(super) fn take(&mut self, settings: OrgSettings, grafana: Grafana) {
        let status = self.status.clone();
        *self = Self::new(settings, grafana);
        self.status.version = status.version;
        self.status.checked_ms = status.checked_ms;
        self.status.uncompared_since = status.uncompared_since;
        self.status.unmanaged = status.unmanaged;
    }

    /// A person asked: do not wait for the back-off.
    pub(super) async fn check_now(&mut self) {
        self.next_scan_ms = 0;
        self.resting_teams.clear();
        self.next_listing_ms = 0;
        self.retry_now().await;
    }

    /// A person asked for one thing: no pause holds it up, and a refused sign-in is tried as soon as it locks nobody out.
    pub(super) async fn retry_now(&mut self) {
        self.grafana.try_again().await;
        self.state.end_pause();
    }

    pub(super) async fn went_well(&mut self, core: &Core) {
        self.state.succeed();
        self.status.error = None;
        self.publish(core).await;
    }

    /// After a pause, whether Grafana is back: nothing else is tried before it answers the simplest question.
    pub(super) async fn ask(&mut self, core: &Core) {
        if !self.state.is_to_be_asked(core.clock.elapsed_ms()) {
            return;
        }
        if let Err(error) = self.grafana.health().await {
            self.pause(core, &error).await;
            self.fail(core, &error).await;
        }
    }

    /// Whether a failure is about one thing only, so that a comparison goes on with the others: Grafana answers, and knows us.
    pub(super) async fn is_its_own(&self, error: &SyncError) -> bool {
        let SyncError::Grafana { error, .. } = error else {
            return false;
        };
        Failure::from(error) != Failure::Unauthorized && self.grafana.health().await.is_ok()
    }

    /// A call failed: whether, and for how long, everything else of this organization waits too. `true`: it does.
    ///
    /// A failure of one thing is that thing's. Only where Grafana does not answer the simplest question either does it count for all.
    pub(super) async fn went_wrong(&mut self, core: &Core, error: &Error) -> bool {
        let failure = Failure::from(error);
        if failure.is_strain() {
            self.limit.overload();
        }
        let asked = match (error, &failure) {
            // People are handled by the server admin: closing must not wait for a token.
            (Error::TokenRefused(_), _) => {
                self.fail(core, error).await;
                return false;
            }
            (_, Failure::Away(_) | Failure::Busy(_)) => self.grafana.health().await.err(),
            (_, Failure::Unauthorized) => Some(error.clone()),
            _ => None,
        };
        let Some(error) = asked else {
            // Grafana is there, and the others go on.
            self.went_well(core).await;
            return false;
        };
        self.pause(core, &error).await;
        self.fail(core, &error).await;
        true
    }

    async fn pause(&mut self, core: &Core, error: &Error) {
        let now = core.clock.elapsed_ms();
        let wait = backoff_ms(self.state.failures(), LONGEST_WAIT_MS, core.ids.jitter());
        let (why, wait) = match (error, Failure::from(error)) {
            (Error::SignInRefused { .. } | Error::NoCredentials, _) => {
                if !self.state.is_refused() {
                    tracing::warn!(
                        org = self.id().get(),
                        "Grafana refused to sign Rollcall in; tried again every ten minutes, and with other credentials at once"
                    );
                }
                let longest = Duration::from_millis(wait.unsigned_abs());
                let wait = self.grafana.refused_for().await.unwrap_or(longest);
                (Pause::Refused, i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
            }
            (_, Failure::Unauthorized) => (Pause::Unauthorized, wait.min(UNKNOWN_MS)),
            (_, Failure::Busy(after)) => {
                let asked = after.unwrap_or(0).clamp(wait.min(AWAY_MS), LONGEST_BUSY_MS);
                (Pause::Busy, asked)
            }
            _ => {
                if self.state.shown() != EngineState::GrafanaAway {
                    tracing::warn!(org = self.id().get(), %error, "Grafana is away");
                }
                (Pause::Away, wait.min(AWAY_MS))
            }
        };
        self.state.pause(why, now.saturating_add(wait));
    }

    async fn fail(&mut self, core: &Core, error: &Error) {
        self.status.error = Some(error.public_words());
        self.publish(core).await;
    }

    pub(super) async fn publish(&mut self, core: &Core) {
        if self.settings.credentials.admin().is_some() {
            self.status.latency_ms = self.grafana.latency_ms();
            self.status.signed_in_as = self.grafana.signed_in_as().await.map(|me| me.login);
        }
        self.status.state = self.state.shown();
        core.shared.set_status(self.id(), self.status.clone());
    }

    /// A fresh listing, kept for what follows.
    pub(super) async fn refresh_listing(&mut self, core: &Core) -> Result<()> {
        let users = self.grafana.all_users().await.map_err(looking(Reading::AllAccounts))?;
        sudden_loss::accounts(&self.grafana, &mut self.last_seen, &users).await?;
        let listing = UserListing::of(users, core.clock.elapsed_ms());
        self.admins = Some(listing.admins());
        self.listing = Some(listing);
        self.publish_names(core);
        Ok(())
    }

    /// Who has which name, for handlers to ask.
    pub(super) fn publish_names(&self, core: &Core) {
        if let Some(listing) = &self.listing {
            let protection = |user: &ListedUser| self.protection(user.id, user.is_admin, false);
            core.shared.set_names(self.id(), listing.names(protection));
        }
    }

    /// Why an account is never touched.
    pub(super) fn protection(&self, id: UserId, is_server_admin: bool, is_self: bool) -> Option<Protection> {
        let rank = Rank {
            is_self,
            is_server_admin,
        };
        protection(id, rank, &self.protected)
    }

    /// Our name in the log.
    pub(super) async fn actor(&self) -> String {
        match self.grafana.signed_in_as().await {
            Some(me) => me.login,
            None => self.settings.credentials.admin_user.clone().unwrap_or_default(),
        }
    }
}
