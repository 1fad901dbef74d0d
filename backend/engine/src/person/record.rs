//! What we remember of one person's account, and the note that keeps a crash between Grafana's answer and our record from making a
//! second one.
//!
//! Owns: writing it down, with the lines of the log. Must never call Grafana. Start at [`Person`].

use domain::{
    UserId,
    account::{self, Access, Authority, History, Observed, Question, Snapshot},
    attention::Delay,
    evidence::ProviderIdentity,
    operation::Purpose,
    settings::Deprovision,
};

use super::input::link;
use crate::{
    context::{ActivityEvent, Core},
    error::{Result, SyncError},
    failpoints::BEFORE_RECORD,
    org::Org,
};
use store::{AccountOrigin, AccountRecord, ActivityLine, Kind, Management, Outcome, TargetKind, Work};

/// What is on disk of a person's account is as Grafana shows it, and the mark is away: one commit, so who ends a piece of work
/// without [`Person::settle`] has to [`Store::finish`](store::Store::finish) it.
pub(crate) struct Recorded;

pub(super) struct Person<'a> {
    pub(super) core: &'a Core,
    pub(super) work: &'a Work,
    pub(super) name: String,
    pub(super) record: Option<AccountRecord>,
    pub(super) management: Option<Management>,
    pub(super) provider: ProviderIdentity,
    /// The provider has deleted the user.
    pub(super) gone: bool,
    /// What is written about the person is written for.
    pub(super) purpose: Purpose,
    /// What the teams of the person's groups know.
    pub(super) told: Option<TeamsView>,
}

/// As far as a team is concerned: the account, and whether it is out of every organization.
pub(super) type TeamsView = (Option<UserId>, bool);

pub(super) fn teams_view(record: &AccountRecord) -> TeamsView {
    (record.grafana_id, record.deprovisioned_by == Some(Deprovision::Suspend))
}

impl Person<'_> {
    pub(super) fn new_record(&self, grafana_id: UserId, origin: AccountOrigin, login: String) -> AccountRecord {
        AccountRecord {
            user_id: self.work.id.clone(),
            tenant: self.work.tenant.clone(),
            grafana_id: Some(grafana_id),
            origin,
            login,
            history: History::new(Authority::Full),
            deprovisioned_by: None,
            holds: None,
            snapshot: None,
            deferred: Vec::new(),
            synced_ms: self.core.clock.now_ms(),
            seen_closed_ms: None,
            external_id: self.provider.external_id.clone(),
            gone_ms: self.gone.then(|| self.core.clock.now_ms()),
            renew_password: false,
        }
    }

    /// The record of an account we made. What is remembered of an earlier one stays: it is what this one is made for.
    pub(super) fn made(&self, grafana_id: UserId, login: String) -> AccountRecord {
        let before = self.record.as_ref();
        AccountRecord {
            deprovisioned_by: before.and_then(|r| r.deprovisioned_by),
            snapshot: before.and_then(|r| r.snapshot.clone()),
            ..self.new_record(grafana_id, AccountOrigin::Provisioned, login)
        }
    }

    pub(super) async fn line(&self, org: &Org, action: store::Action, took_ms: i64) -> ActivityLine {
        let event = ActivityEvent {
            action,
            target: (TargetKind::User, &self.work.id, &self.name),
            outcome: Outcome::Done,
            reason: None,
            took_ms,
        };
        self.core.line(self.work, &org.actor().await, event)
    }

    pub(super) async fn log(&self, org: &Org, action: store::Action, took_ms: i64) -> Result<()> {
        let line = self.line(org, action, took_ms).await;
        Ok(self.core.store.record(&[line]).await?)
    }

    pub(super) async fn save(&mut self, record: AccountRecord) -> Result<()> {
        self.core.store.save_account(&record).await.map_err(saving)?;
        self.record = Some(record);
        Ok(())
    }

    /// The same, and whose it was has it no more.
    pub(super) async fn take_over(&mut self, record: AccountRecord, from: &str) -> Result<()> {
        let saved = self.core.store.take_over_account(&record, from).await;
        saved.map_err(saving)?;
        self.record = Some(record);
        Ok(())
    }

    /// The account Grafana made for us is on disk with all that follows, or nothing of it is.
    pub(super) async fn save_made(&mut self, record: AccountRecord, line: ActivityLine) -> Result<()> {
        let groups = self.groups_to_tell(Some(&record)).await?;
        let saved = self.core.store.save_made(&record, self.work, &line, &groups).await;
        saved.map_err(saving)?;
        self.told = Some(teams_view(&record));
        self.record = Some(record);
        Ok(())
    }

    pub(super) async fn remember(&mut self, snapshot: Option<&Snapshot>) -> Result<()> {
        if let Some(mut record) = self.record.clone() {
            record.snapshot = snapshot.and_then(|s| serde_json::to_string(s).ok());
            self.save(record).await?;
        }
        Ok(())
    }

    /// It is about to be closed by us: on disk before the call, so that a crash in between does not look like a hand.
    pub(super) async fn closing(&mut self, by: Deprovision) -> Result<()> {
        match self.record.clone() {
            Some(mut record) if record.deprovisioned_by.is_none() => {
                (record.deprovisioned_by, record.holds) = (Some(by), None);
                record.history.closed_by_hand = false;
                self.save(record).await
            }
            _ => Ok(()),
        }
    }

    /// The organization that Grafana made with a new account, without `auto_assign_org`: nobody else can be in it yet.
    pub(super) async fn learn_own_org(&mut self, observed: &Observed) -> Result<()> {
        let ours = self.work.tenant.org_id;
        let orgs = observed.linked.iter().flat_map(|account| &account.orgs);
        let own = orgs
            .filter(|o| o.org_id != ours && o.role == "Admin")
            .map(|o| o.org_id)
            .next();
        match (self.record.clone(), own) {
            (Some(mut record), Some(own)) => {
                record.history.own_org = Some(own);
                self.save(record).await
            }
            _ => Ok(()),
        }
    }

    /// Given back: so that what is impossible now (a deleted team) is not tried without end.
    pub(super) async fn restored(&mut self, forget: impl FnOnce(&mut Snapshot)) -> Result<()> {
        if let Some(mut snapshot) = self.record.as_ref().and_then(|r| link(r).snapshot) {
            forget(&mut snapshot);
            self.remember(Some(&snapshot)).await?;
        }
        Ok(())
    }

    /// What an admin is to say yes to; without a question, none is open any more.
    pub(super) async fn ask(&self, question: Option<&Question>) -> Result<()> {
        let store = &self.core.store;
        match (question, &self.management) {
            (Some(q), _) => {
                let (tenant, id) = (&self.work.tenant, &self.work.id);
                Ok(store.ask_about(tenant, id, q.grafana_id, &q.login).await?)
            }
            (None, Some(_)) => Ok(store.end_question(&self.work.id).await?),
            (None, None) => Ok(()),
        }
    }

    /// Nothing is left to do: what was seen is what we remember. At a good `end` the mark goes with it.
    pub(super) async fn settle(
        &mut self,
        plan: &account::Plan,
        observed: &Observed,
        end: Result<Recorded>,
    ) -> Result<Recorded> {
        let now = self.core.clock.now_ms();
        // What an organization refused to give back is tried again.
        let complete = !matches!(end, Err(SyncError::Grafana { .. }));
        let seen = self.seen(plan, observed, complete, now);
        let groups = self.groups_to_tell(seen.as_ref().or(self.record.as_ref())).await?;
        if end.is_ok() {
            self.core.failpoints.reach(BEFORE_RECORD);
        }
        let store = &self.core.store;
        let settled = store.settle_account(seen.as_ref(), self.work, &groups, end.is_ok(), now);
        settled.await.map_err(saving)?;
        end
    }

    /// The record as it has to be now; `None`: as it is.
    fn seen(&self, plan: &account::Plan, observed: &Observed, complete: bool, now_ms: i64) -> Option<AccountRecord> {
        let mut record = self.record.clone()?;
        match &observed.linked {
            Some(account) => record.login.clone_from(&account.login),
            None if matches!(plan.end.access(), Some(Access::Closed { .. } | Access::AtFirstSignIn)) => {
                record.grafana_id = None
            }
            None => return None,
        }
        self.learn_history(&mut record, plan, observed);
        record.deferred = plan.end.deferred().to_vec();
        match plan.end.access() {
            Some(Access::Open) => {
                (record.deprovisioned_by, record.holds) = (None, None);
                if complete {
                    record.snapshot = None;
                }
            }
            Some(Access::Left { holds }) => {
                (record.deprovisioned_by, record.holds) = (Some(Deprovision::Suspend), holds);
            }
            Some(Access::Closed { by, holds }) => (record.deprovisioned_by, record.holds) = (Some(by), holds),
            Some(Access::None | Access::AtFirstSignIn) | None => {}
        }
        // Nothing is left to do, so what the plan says holds is what was seen. Of an account that is
        // other organizations' business too, all that is ours to close was seen closed.
        record.seen_closed_ms = match plan.end.access() {
            Some(Access::Closed { .. } | Access::Left { .. } | Access::None) => record.seen_closed_ms.or(Some(now_ms)),
            Some(Access::Open | Access::AtFirstSignIn) | None => None,
        };
        if !self.gone {
            record.external_id.clone_from(&self.provider.external_id);
        }
        record.synced_ms = now_ms;
        Some(record)
    }

    /// Whether it was seen inside, and who closed it.
    fn learn_history(&self, record: &mut AccountRecord, plan: &account::Plan, observed: &Observed) {
        let Some(account) = &observed.linked else { return };
        let ours = self.work.tenant.org_id;
        record.history.seen_inside |= account.orgs.iter().any(|o| o.org_id == ours);
        match plan.end.access() {
            // What Rollcall closes is on disk before the call.
            Some(Access::Closed { .. }) => {
                record.history.closed_by_hand |= account.is_disabled && record.deprovisioned_by.is_none();
            }
            Some(Access::Open) => record.history.closed_by_hand = false,
            Some(Access::Left { .. } | Access::None | Access::AtFirstSignIn) | None => {}
        }
    }

    /// Whose name is waited for may itself be shown as in conflict with this one: two who swap come one after the other.
    pub(super) async fn tell_who_leaves(&self, observed: &Observed) -> Result<()> {
        let (store, now) = (&self.core.store, self.core.clock.now_ms());
        for other in observed.others.iter().filter(|c| c.leaving) {
            if let Some(record) = store.account_by_grafana_id(other.account.id).await? {
                store
                    .retry_if_blocked(&record.tenant, Kind::User, &record.user_id, now)
                    .await?;
            }
        }
        Ok(())
    }

    /// A new account, or one that left or re-entered every organization: the teams of its groups must look again (R11).
    async fn groups_to_tell(&self, record: Option<&AccountRecord>) -> Result<Vec<String>> {
        if self.told == record.map(teams_view) {
            return Ok(Vec::new());
        }
        let (store, tenant) = (&self.core.store, &self.work.tenant);
        Ok(store.groups_of_user(tenant, &self.work.id).await?)
    }
}

/// Somebody else's account since a moment ago: there is another plan now.
fn saving(error: store::Error) -> SyncError {
    match error {
        store::Error::AccountTaken { .. } => SyncError::NotYet(Delay::AccountJustTaken),
        error => error.into(),
    }
}
