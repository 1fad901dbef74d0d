//! The loop: what next.
//!
//! Owns: the order of work (closing first, then people, then groups), how much of it is under way at once, and waiting. Must never
//! spin: every reason to go on is either work that is due and may be done, or a time to wait for. Start at [`run`].

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use domain::{
    MappingId, OrgId, Tenant,
    attempt::{LONGEST_WAIT_MS, SLOWEST_MS, backoff_ms},
    health::CLOSING_RED_MS,
    operation::Purpose,
};

use super::{
    batch,
    context::{Core, SCAN_MS},
    error::{Result, SyncError},
    gate::OrgGate,
    look,
    org::Org,
    org_state::Configuration,
    orphans, protected, scan,
    settings::OrgSettings,
    store_marker,
};
use grafana::{Grafana, Http, Session};
use store::{Kind, Mark, Urgency, Work};

/// From this many due people on, one listing is cheaper than looking each up.
const LISTING_PAYS: usize = 20;
/// After so many pieces of work the queue is read again: a closing waits behind no more than these.
const CHUNK: usize = 25;
/// …or after so long.
const CHUNK_MS: i64 = 2_000;
/// A clock that is set right by less is not set back.
const CLOCK_STEP_MS: i64 = 2_000;
const STORE_WAIT: Duration = Duration::from_secs(1);

/// Runs until told to stop.
pub(super) async fn run(core: Core) {
    let mut changes = core.settings.changes();
    let stop = core.stop.clone();
    let shared = core.shared.clone();
    let mut engine = match Http::build() {
        Ok(http) => Loop {
            core,
            http,
            orgs: HashMap::new(),
            sessions: Vec::new(),
            looked_ms: 0,
            clocks: None,
        },
        Err(e) => {
            tracing::error!(error = %e, "no HTTP client; nothing can be written to Grafana");
            return;
        }
    };
    loop {
        changes.borrow_and_update();
        let wait = match engine.run_turn().await {
            Ok(wait) => wait,
            Err(SyncError::Stopped) => return,
            Err(e) => {
                tracing::error!(error = %e, "the engine could not go on; trying again");
                STORE_WAIT
            }
        };
        let changed = async {
            if changes.changed().await.is_err() {
                // Nobody is left to change settings.
                std::future::pending::<()>().await;
            }
        };
        shared.pulse.rests();
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.notify.notified() => {}
            () = changed => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

struct Loop {
    core: Core,
    http: Http,
    orgs: HashMap<OrgId, Org>,
    sessions: Vec<Arc<Session>>,
    /// When the queue was last read.
    looked_ms: i64,
    /// What the two clocks said at the last turn: the one on the wall, and the one that is never set back.
    clocks: Option<(i64, i64)>,
}

impl Loop {
    /// Everything there is to do now; returns how long nothing will be.
    async fn run_turn(&mut self) -> Result<Duration> {
        self.core.shared.pulse.beat();
        self.core.failpoints.turn();
        self.mind_the_clock().await?;
        self.take_settings().await?;
        self.take_requests().await?;
        self.take_mappings().await?;
        store_marker::take_decisions(&self.core, &mut self.orgs).await?;
        loop {
            for org in self.orgs.values_mut() {
                org.ask(&self.core).await;
            }
            look::look(&self.core, &mut self.orgs).await?;
            self.run_scans().await?;
            // A comparison reads Grafana's own `[auth]` lines: the next work must not act on older ones.
            self.take_settings().await?;
            if !self.work_batch().await? {
                break;
            }
        }
        orphans::empty(&self.core, &mut self.orgs).await?;
        self.until_next().await
    }

    /// Work that waits for an hour that was set back must not wait until that hour comes again.
    async fn mind_the_clock(&mut self) -> Result<()> {
        let (wall, elapsed) = (self.core.clock.now_ms(), self.core.clock.elapsed_ms());
        let store = &self.core.store;
        match self.clocks.replace((wall, elapsed)) {
            None => {
                let longest = (LONGEST_WAIT_MS, SLOWEST_MS);
                store.clock_unknown(wall, longest.0, longest.1, CLOSING_RED_MS).await?;
            }
            Some((wall_before, elapsed_before)) => {
                let between = elapsed - elapsed_before;
                let back = between.saturating_sub(wall - wall_before);
                if back > CLOCK_STEP_MS {
                    tracing::warn!(by_ms = back, "the clock was set back: what waits is tried now");
                    store.clock_set_back(wall, back, between).await?;
                }
            }
        }
        Ok(())
    }

    /// What admins asked for.
    async fn take_requests(&mut self) -> Result<()> {
        for org_id in self.core.shared.take_checks() {
            self.retry_all(org_id).await?;
            if let Some(org) = self.orgs.get_mut(&org_id) {
                org.check_now().await;
            }
        }
        for org_id in self.core.shared.take_retries() {
            if let Some(org) = self.orgs.get_mut(&org_id) {
                org.retry_now().await;
            }
        }
        // Of several organizations with one account, one finds out that it is let in again.
        for org in self.orgs.values_mut() {
            if org.state.is_refused() && org.grafana.refused_for().await.is_none() {
                org.state.end_pause();
            }
        }
        Ok(())
    }

    async fn until_next(&self) -> Result<Duration> {
        let (wall, now) = (self.core.clock.now_ms(), self.core.clock.elapsed_ms());
        let due = self.core.store.next_due_ms(self.looked_ms).await?;
        let due = due.map(|due| now.saturating_add(due.saturating_sub(wall)));
        let next = self.orgs.values().filter_map(|org| org.wakes_at(now, due)).min();
        let wait = next.map_or(SCAN_MS, |at| at.saturating_sub(now)).clamp(10, SCAN_MS);
        Ok(Duration::from_millis(wait.unsigned_abs()))
    }

    async fn client_for(&mut self, settings: &OrgSettings) -> Grafana {
        let credentials = &settings.credentials;
        // Two organizations with one password share one session and one breaker: five failures lock the account.
        let known = self.sessions.iter().find(|s| s.credentials().same_sign_in(credentials));
        let session = match known {
            Some(session) => session.clone(),
            None => {
                let before = self.sessions.iter().find(|s| s.credentials().same_account(credentials));
                let session = match before {
                    Some(before) => Session::after(before, credentials).await,
                    None => Session::new(credentials),
                };
                self.sessions.push(session.clone());
                session
            }
        };
        Grafana::new(
            self.http.clone(),
            session,
            credentials.token().cloned(),
            settings.org_id,
            Arc::new(OrgGate {
                org_id: settings.org_id,
                settings: self.core.settings.clone(),
                shared: self.core.shared.clone(),
            }),
        )
    }

    async fn take_settings(&mut self) -> Result<()> {
        let mut ids: BTreeSet<OrgId> = self.core.settings.orgs().into_iter().collect();
        ids.extend(self.core.store.tenants().await?.into_iter().map(|t| t.org_id));
        for org_id in ids {
            let new = self.core.settings.of(org_id);
            let old = self.orgs.get(&org_id).map(|org| org.settings.clone());
            if old.as_ref() == Some(&new) {
                continue;
            }
            let client = self.client_for(&new).await;
            let other_credentials = old.as_ref().is_none_or(|old| old.credentials != new.credentials);
            if other_credentials {
                let asks = new.credentials.admin().map(|_| client.clone());
                self.core.shared.service_accounts.ask_by(org_id, asks);
            }
            match (self.orgs.get_mut(&org_id), old) {
                (Some(org), Some(old)) => {
                    let same_groups = old.effective.group_sync == new.effective.group_sync
                        && old.effective.mapping_mode == new.effective.mapping_mode;
                    // The same client where it is the same: its breaker and session are.
                    if old.credentials == new.credentials {
                        org.settings = new;
                        org.next_scan_ms = 0;
                    } else {
                        org.take(new, client);
                    }
                    org.publish(&self.core).await;
                    self.retry_all(org_id).await?;
                    if !same_groups {
                        self.mark_groups(org_id).await?;
                    }
                }
                _ => {
                    let mut org = Org::new(new, client);
                    org.publish(&self.core).await;
                    self.orgs.insert(org_id, org);
                }
            }
        }
        self.sessions.retain(|s| Arc::strong_count(s) > 1);
        Ok(())
    }

    /// A mapping that was added, paused or removed shows in the teams at once: what it did not mark itself, the next look finds.
    async fn take_mappings(&mut self) -> Result<()> {
        let mut by_org: HashMap<OrgId, BTreeSet<(MappingId, bool, bool, bool)>> = HashMap::new();
        for tenant in self.core.store.tenants().await? {
            let mappings = self.core.store.all_mappings(&tenant).await?;
            // Those the engine makes itself are no news.
            let given = mappings.iter().filter(|m| !m.origin.is_by_mode());
            let rows = given.map(|m| (m.id, m.admins, m.remove_others, m.paused));
            by_org.entry(tenant.org_id).or_default().extend(rows);
        }
        for (org_id, org) in &mut self.orgs {
            let now = by_org.remove(org_id).unwrap_or_default();
            if org.mappings.replace(now.clone()).is_some_and(|old| old != now) {
                org.next_scan_ms = 0;
            }
        }
        Ok(())
    }

    async fn tenants(&self, org_id: OrgId) -> Result<Vec<Tenant>> {
        let all = self.core.store.tenants().await?;
        Ok(all.into_iter().filter(|t| t.org_id == org_id).collect())
    }

    async fn retry_all(&self, org_id: OrgId) -> Result<()> {
        for tenant in self.tenants(org_id).await? {
            self.core.store.retry_all(&tenant, self.core.clock.now_ms()).await?;
        }
        Ok(())
    }

    async fn mark_groups(&self, org_id: OrgId) -> Result<()> {
        let correlation = self.core.ids.correlation();
        for tenant in self.tenants(org_id).await? {
            for id in self.core.store.all_group_ids(&tenant).await? {
                let now = self.core.clock.now_ms();
                self.core
                    .store
                    .mark(&Mark {
                        tenant: &tenant,
                        kind: Kind::Group,
                        id: &id,
                        urgency: Urgency::Normal,
                        correlation: &correlation,
                        now_ms: now,
                    })
                    .await?;
            }
        }
        Ok(())
    }

    async fn run_scans(&mut self) -> Result<()> {
        for org in self.orgs.values_mut() {
            let (wall, now) = (self.core.clock.now_ms(), self.core.clock.elapsed_ms());
            if !org.state.is_runnable(now) || org.next_scan_ms > now {
                continue;
            }
            // Locking out does not wait for a look at 10,000 people. The first look of all tells what closing means here, and does come
            // first; and of many that fail again and again one is always due.
            let asked = org.state.configuration() != Configuration::Unasked;
            let overdue = now.saturating_sub(org.next_scan_ms) > SCAN_MS && org.next_scan_ms > 0;
            let closes = self.core.may(org.id(), Purpose::Closing);
            if asked && closes && !overdue && self.core.store.urgent_due(org.id(), wall).await? {
                continue;
            }
            self.core.go_on()?;
            org.next_scan_ms = now.saturating_add(SCAN_MS);
            let done = scan::scan(&self.core, org).await;
            if done.is_ok() {
                org.know_switch(&self.core).await;
            }
            if done.is_err() {
                org.status.uncompared_since.get_or_insert(now);
            }
            match done {
                Ok(()) => {
                    org.failed_scans = 0;
                    org.went_well(&self.core).await;
                    if org.state.take_recovered() {
                        self.core.store.make_due(org.id(), wall).await?;
                    }
                }
                Err(SyncError::Grafana { error, .. }) => {
                    if org.went_wrong(&self.core, &error).await {
                        // As soon as the pause ends.
                        org.next_scan_ms = now;
                    } else {
                        let wait = backoff_ms(org.failed_scans, SCAN_MS, self.core.ids.jitter());
                        org.failed_scans = org.failed_scans.saturating_add(1);
                        org.next_scan_ms = self.core.clock.elapsed_ms().saturating_add(wait);
                        org.state.learn(Configuration::Unanswered);
                        tracing::warn!(org = org.id().get(), %error, "the comparison with Grafana did not end");
                        org.status.error = Some(error.public_words());
                        org.publish(&self.core).await;
                    }
                }
                Err(e @ (SyncError::Store(_) | SyncError::Stopped)) => return Err(e),
                Err(e) => tracing::warn!(org = org.id().get(), error = %e, "the comparison with Grafana did not end"),
            }
        }
        Ok(())
    }

    /// What is due and may be done.
    async fn due(&self, now: i64, elapsed: i64) -> Result<Vec<Work>> {
        let mut limit = 2_000;
        loop {
            let due = self.core.store.due_work(now, limit).await?;
            let all = i64::try_from(due.len()).unwrap_or(i64::MAX);
            let may_do = |w: &Work| {
                let org = self.orgs.get(&w.tenant.org_id);
                org.is_some_and(|org| org.may_do(&self.core, w, elapsed))
            };
            let may: Vec<Work> = due.into_iter().filter(may_do).collect();
            // One organization's long queue that cannot be worked on must not hide another's.
            if may.is_empty() && all == limit {
                limit *= 8;
                continue;
            }
            return Ok(may);
        }
    }

    /// Some due work, the most urgent first. `false`: there is none that may be done now.
    async fn work_batch(&mut self) -> Result<bool> {
        let (now, elapsed) = (self.core.clock.now_ms(), self.core.clock.elapsed_ms());
        self.looked_ms = now;
        let due = self.due(now, elapsed).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let people = due.iter().filter(|w| w.kind == Kind::User).count();
        if people > LISTING_PAYS {
            self.list_accounts(&due, elapsed).await;
        }
        // Groups wait for the people in them: a member without an account cannot be put into a team.
        let closing = due.iter().any(|w| w.closing);
        let urgent = |w: &&Work| {
            if closing {
                w.closing
            } else {
                people == 0 || w.kind == Kind::User
            }
        };
        let urgent: Vec<&Work> = due.iter().filter(urgent).take(CHUNK).collect();
        let mut left = urgent.as_slice();
        while let Some(first) = left.first() {
            self.core.go_on()?;
            let now = self.core.clock.elapsed_ms();
            // A call that hangs must not keep who is to be locked out meanwhile behind the rest.
            if now.saturating_sub(elapsed) > CHUNK_MS {
                break;
            }
            let org_id = first.tenant.org_id;
            let Some(org) = self.orgs.get_mut(&org_id).filter(|org| org.state.is_runnable(now)) else {
                left = left.get(1..).unwrap_or_default();
                continue;
            };
            if self.core.go_on_with(&org.settings).is_err() {
                // Nothing is begun with settings that are no longer in force.
                break;
            }
            // Closing is done one at a time, so that nothing else is ever under way; so are groups, two of which may feed one team.
            let at_once = if closing || people == 0 { 1 } else { org.at_once().await };
            let most = if at_once == 1 { 1 } else { left.len() };
            let count = left.iter().take(most).take_while(|w| w.tenant.org_id == org_id).count();
            let (batch, rest) = left.split_at(count);
            left = rest;
            org.know_switch(&self.core).await;
            // Nobody is worked on who may have been put on the list a moment ago.
            if let Err(error) = protected::know_new(&self.core, org).await {
                let SyncError::Grafana { error, .. } = error else {
                    return Err(error);
                };
                org.went_wrong(&self.core, &error).await;
                continue;
            }
            if first.kind == Kind::User {
                batch::people(&self.core, org, batch, at_once).await?;
            } else {
                batch::group(&self.core, org, first).await?;
            }
            if org.state.take_recovered() {
                self.core.store.make_due(org_id, self.core.clock.now_ms()).await?;
                // The queue has another order now.
                break;
            }
        }
        Ok(true)
    }

    async fn list_accounts(&mut self, due: &[Work], now: i64) {
        let orgs: BTreeSet<OrgId> = due
            .iter()
            .filter(|w| w.kind == Kind::User)
            .map(|w| w.tenant.org_id)
            .collect();
        for org_id in orgs {
            if let Some(org) = self.orgs.get_mut(&org_id)
                && org
                    .listing
                    .as_ref()
                    .is_none_or(|d| now.saturating_sub(d.at_ms) > SCAN_MS)
            {
                // A failure shows at the first piece of work, which then looks for itself.
                if org.next_listing_ms <= now && org.refresh_listing(&self.core).await.is_err() {
                    org.listing = None;
                    org.next_listing_ms = self.core.clock.elapsed_ms().saturating_add(SCAN_MS);
                }
            }
        }
    }
}
