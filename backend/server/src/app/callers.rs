//! Who calls: Grafana's list of service accounts against what is registered.
//!
//! Owns: when the list is read for a caller, what of it is kept, and the entries of `scim_callers`. Must never let anybody in by a name:
//! `domain::caller` decides, by ids. Start at [`ScimCallers`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    Caller, Clock, Denied, OrgId, UserId,
    caller::{self, Kind, Registered, ServiceAccount},
};
use engine::{Engine, Freshness, PersonSeen, ServiceAccountsSeen};
use store::{CallerRecord, CallerState, Store};

use super::settings::SettingsState;
use crate::http::{Boxed, CallerDecision, Callers, KnownCallers};

/// A caller that is refused again and again is written down this often.
const NOTED_EVERY: Duration = Duration::from_secs(10);
/// Who has a login that looks like a service account's is asked this often.
const ASKED_EVERY: Duration = Duration::from_secs(10);
/// Logins that are remembered for that; of more, all are forgotten.
const MOST_ASKED: usize = 100;

/// The callers of every organization.
pub(super) struct ScimCallers {
    store: Store,
    engine: Engine,
    settings: Arc<SettingsState>,
    clock: Arc<dyn Clock>,
    orgs: Mutex<HashMap<OrgId, Org>>,
    /// Held while the entries of the file are looked for, or a decision is written.
    working: tokio::sync::Mutex<()>,
    asked: Mutex<HashMap<(OrgId, String), Asked>>,
}

/// When it was asked who has a login, and the answer.
type Asked = (Instant, Option<PersonSeen>);

#[derive(Default)]
struct Org {
    /// What the store has, as of the list and the entries beside it.
    rows: Option<Arc<Vec<CallerRecord>>>,
    listed: Option<Arc<Vec<ServiceAccount>>>,
    file: Vec<String>,
    noted: HashMap<UserId, Instant>,
}

impl Org {
    fn is_of(&self, listed: Option<&Arc<Vec<ServiceAccount>>>, file: &[String]) -> bool {
        let same = match (&self.listed, listed) {
            (Some(ours), Some(now)) => Arc::ptr_eq(ours, now),
            (None, None) => true,
            _ => false,
        };
        same && self.file == file
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whole after any panic: every change is one assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a list and the file ask of the store.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The file means this account.
    Register(ServiceAccount),
    /// The list shows it otherwise than the store has it.
    Refresh(ServiceAccount),
    /// The file does not mean it any more.
    Forget(UserId),
}

/// What the entries `file` and a list ask for, where the store has `rows`.
fn steps(listed: &[ServiceAccount], file: &[String], rows: &[CallerRecord]) -> Vec<Step> {
    let mut steps = Vec::new();
    for account in file.iter().filter_map(|login| caller::service_account(login, listed)) {
        let known = rows.iter().find(|row| row.id == account.id);
        if known.is_none_or(|row| row.state != CallerState::File) {
            steps.push(Step::Register(account.clone()));
        }
    }
    for row in rows {
        let now = listed.iter().find(|account| account.id == row.id);
        // An entry whose account is not listed at the moment stays: nobody passes by it.
        let is_meant = file.contains(&row.login) && now.is_none_or(|account| file.contains(&account.login));
        let is_replaced = now.is_none() && caller::service_account(&row.login, listed).is_some();
        if row.state == CallerState::File && (!is_meant || is_replaced) {
            steps.push(Step::Forget(row.id));
        } else if let Some(account) = now
            && (account.login != row.login || account.role != row.role)
        {
            steps.push(Step::Refresh(account.clone()));
        }
    }
    steps
}

fn registered(rows: &[CallerRecord]) -> Vec<Registered> {
    rows.iter()
        .filter(|row| matches!(row.state, CallerState::Accepted | CallerState::File))
        .map(|row| Registered {
            id: row.id,
            login: row.login.clone(),
        })
        .collect()
}

impl ScimCallers {
    pub(super) fn new(store: Store, engine: Engine, settings: Arc<SettingsState>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            engine,
            settings,
            clock,
            orgs: Mutex::default(),
            working: tokio::sync::Mutex::default(),
            asked: Mutex::default(),
        }
    }

    fn file(&self, org_id: OrgId) -> Vec<String> {
        self.settings.view(org_id).effective.scim_callers.clone()
    }

    /// What the store has, after the list was taken in.
    async fn rows(&self, org_id: OrgId, seen: &ServiceAccountsSeen) -> store::Result<Arc<Vec<CallerRecord>>> {
        let file = self.file(org_id);
        let known = |org: &Org| org.rows.clone().filter(|_| org.is_of(seen.listed.as_ref(), &file));
        if let Some(rows) = locked(&self.orgs).get(&org_id).and_then(known) {
            return Ok(rows);
        }
        let _alone = self.working.lock().await;
        let mut rows = self.store.scim_callers(org_id).await?;
        if let Some(listed) = &seen.listed {
            let steps = steps(listed, &file, &rows);
            for step in &steps {
                self.take(org_id, step, &rows).await?;
            }
            if !steps.is_empty() {
                rows = self.store.scim_callers(org_id).await?;
            }
        }
        let rows = Arc::new(rows);
        let mut orgs = locked(&self.orgs);
        let org = orgs.entry(org_id).or_default();
        org.rows = Some(rows.clone());
        org.listed.clone_from(&seen.listed);
        org.file = file;
        Ok(rows)
    }

    async fn take(&self, org_id: OrgId, step: &Step, rows: &[CallerRecord]) -> store::Result<()> {
        match step {
            Step::Register(account) => {
                let before = rows
                    .iter()
                    .find(|row| row.state == CallerState::File && row.login == account.login);
                tracing::warn!(
                    org = org_id.get(),
                    account = account.id.get(),
                    login = account.login,
                    instead_of = before.map(|row| row.id.get()),
                    "scim_callers lets this service account call SCIM"
                );
                self.store
                    .register_scim_caller(org_id, account, CallerState::File, self.clock.now_ms())
                    .await
            }
            Step::Refresh(account) => self.store.refresh_scim_caller(org_id, account).await,
            Step::Forget(id) => self.store.forget_scim_caller(org_id, *id).await,
        }
    }

    /// The store has something else now.
    fn changed(&self, org_id: OrgId) {
        if let Some(org) = locked(&self.orgs).get_mut(&org_id) {
            org.rows = None;
        }
    }

    async fn decide(&self, caller: &Caller, seen: &ServiceAccountsSeen) -> Result<UserId, Denied> {
        let rows = self.rows(caller.org_id, seen).await.map_err(|error| {
            tracing::error!(%error, "it cannot be read who may call SCIM");
            Denied::Unread
        })?;
        let listed = seen.listed.as_ref().map(|listed| listed.as_slice());
        caller::may_use_scim(caller, listed, &registered(&rows))
    }

    async fn scim(&self, caller: &Caller) -> Result<(), Denied> {
        let mut seen = self.engine.service_accounts(caller.org_id, Freshness::Recent).await;
        let mut decided = self.decide(caller, &seen).await;
        let is_new = matches!(decided, Err(Denied::NotAServiceAccount | Denied::Unread));
        if is_new && caller::kind(&caller.login, None) == Kind::Unproven {
            // Made a moment ago, perhaps.
            seen = self.engine.service_accounts(caller.org_id, Freshness::Momentary).await;
            decided = self.decide(caller, &seen).await;
        }
        if decided == Err(Denied::NotAccepted) {
            self.note(caller, &seen).await;
        }
        decided.map(drop)
    }

    /// Writes down who asked, so that the page can show it.
    async fn note(&self, caller: &Caller, seen: &ServiceAccountsSeen) {
        let listed = seen.listed.as_ref().map_or(&[][..], |listed| listed.as_slice());
        let Some(account) = caller::service_account(&caller.login, listed) else {
            return;
        };
        {
            let mut orgs = locked(&self.orgs);
            let noted = &mut orgs.entry(caller.org_id).or_default().noted;
            if noted.get(&account.id).is_some_and(|at| at.elapsed() < NOTED_EVERY) {
                return;
            }
            noted.insert(account.id, Instant::now());
        }
        let now_ms = self.clock.now_ms();
        match self.store.note_scim_caller(caller.org_id, account, now_ms).await {
            Ok(()) => self.changed(caller.org_id),
            Err(error) => tracing::warn!(%error, "a caller that waits could not be written down"),
        }
    }

    async fn page(&self, caller: &Caller) -> Result<(), Denied> {
        let listed = self.engine.last_service_accounts(caller.org_id).listed;
        let mut kind = caller::kind(&caller.login, listed.as_ref().map(|listed| listed.as_slice()));
        if kind == Kind::Unproven {
            kind = match self.person(caller).await {
                Some(PersonSeen::ServerAdmin | PersonSeen::Person) => Kind::Person,
                Some(PersonSeen::Nobody) => Kind::ServiceAccount,
                None => Kind::Unproven,
            };
        }
        caller::may_use_page(caller, kind)
    }

    /// Who has this login, asked not too often.
    async fn person(&self, caller: &Caller) -> Option<PersonSeen> {
        let key = (caller.org_id, caller.login.clone());
        if let Some((at, seen)) = locked(&self.asked).get(&key).copied()
            && at.elapsed() < ASKED_EVERY
        {
            return seen;
        }
        let seen = self.engine.person(caller.org_id, &caller.login).await;
        let mut asked = locked(&self.asked);
        if asked.len() >= MOST_ASKED {
            asked.clear();
        }
        asked.insert(key, (Instant::now(), seen));
        seen
    }

    async fn known_callers(&self, org_id: OrgId) -> store::Result<KnownCallers> {
        let seen = self.engine.service_accounts(org_id, Freshness::Recent).await;
        let rows = self.rows(org_id, &seen).await?;
        let listed = seen.listed.as_ref().map_or(&[][..], |listed| listed.as_slice());
        let is_listed = |row: &CallerRecord| listed.iter().any(|account| account.id == row.id);
        let mut missing = self.file(org_id);
        missing.retain(|login| seen.listed.is_some() && caller::service_account(login, listed).is_none());
        Ok(KnownCallers {
            rows: rows.iter().map(|row| (row.clone(), is_listed(row))).collect(),
            missing,
            problem: seen.problem,
        })
    }

    async fn accept_caller(&self, org_id: OrgId, id: UserId, said: String) -> store::Result<CallerDecision> {
        let seen = self.engine.service_accounts(org_id, Freshness::Now).await;
        let rows = self.rows(org_id, &seen).await?;
        let row = rows.iter().find(|row| row.id == id);
        if let Some(row) = row.filter(|row| row.state == CallerState::File) {
            return Ok(CallerDecision::Done(row.login.clone()));
        }
        let listed = seen.listed.as_ref().map_or(&[][..], |listed| listed.as_slice());
        let account = match listed.iter().find(|account| account.id == id) {
            Some(account) => account.clone(),
            // Nobody can look yet: an Admin's word counts until a list shows who has this id, and no person is ever in one.
            None if seen.listed.is_none() => ServiceAccount {
                id,
                login: said.trim().to_owned(),
                role: String::new(),
            },
            None if seen.problem.is_some() => ServiceAccount {
                id,
                login: String::new(),
                role: String::new(),
            },
            None => return Ok(CallerDecision::Unknown),
        };
        let _alone = self.working.lock().await;
        let (state, now_ms) = (CallerState::Accepted, self.clock.now_ms());
        self.store.register_scim_caller(org_id, &account, state, now_ms).await?;
        self.changed(org_id);
        Ok(CallerDecision::Done(account.login))
    }

    async fn dismiss_caller(&self, org_id: OrgId, id: UserId) -> store::Result<CallerDecision> {
        let rows = self.store.scim_callers(org_id).await?;
        let Some(row) = rows.iter().find(|row| row.id == id) else {
            return Ok(CallerDecision::Unknown);
        };
        if row.state == CallerState::File {
            return Ok(CallerDecision::File);
        }
        let _alone = self.working.lock().await;
        let dismissed = self.store.dismiss_scim_caller(org_id, id).await?;
        self.changed(org_id);
        Ok(if dismissed {
            CallerDecision::Done(row.login.clone())
        } else {
            CallerDecision::Unknown
        })
    }
}

impl Callers for ScimCallers {
    fn may_use_scim<'a>(&'a self, caller: &'a Caller) -> Boxed<'a, Result<(), Denied>> {
        Box::pin(self.scim(caller))
    }

    fn may_use_page<'a>(&'a self, caller: &'a Caller) -> Boxed<'a, Result<(), Denied>> {
        Box::pin(self.page(caller))
    }

    fn known(&self, org_id: OrgId) -> Boxed<'_, store::Result<KnownCallers>> {
        Box::pin(self.known_callers(org_id))
    }

    fn accept(&self, org_id: OrgId, id: UserId, login: String) -> Boxed<'_, store::Result<CallerDecision>> {
        Box::pin(self.accept_caller(org_id, id, login))
    }

    fn dismiss(&self, org_id: OrgId, id: UserId) -> Boxed<'_, store::Result<CallerDecision>> {
        Box::pin(self.dismiss_caller(org_id, id))
    }

    fn is_server_admin<'a>(&'a self, org_id: OrgId, login: &'a str) -> Boxed<'a, Option<bool>> {
        Box::pin(async move {
            let seen = self.engine.person(org_id, login).await?;
            Some(seen == PersonSeen::ServerAdmin)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: i64, login: &str) -> ServiceAccount {
        ServiceAccount {
            id: UserId::new(id),
            login: login.into(),
            role: "Viewer".into(),
        }
    }

    fn row(id: i64, login: &str, state: CallerState) -> CallerRecord {
        CallerRecord {
            id: UserId::new(id),
            login: login.into(),
            role: "Viewer".into(),
            state,
            first_ms: 0,
            last_ms: 0,
        }
    }

    #[test]
    fn an_entry_of_the_file_follows_the_account_that_was_made_again() {
        let file = ["sa-1-a".to_owned(), "sa-1-gone".to_owned(), "ann".to_owned()];
        let first = account(7, "sa-1-a");
        assert_eq!(
            steps(std::slice::from_ref(&first), &file, &[]),
            [Step::Register(first.clone())]
        );
        let known = [row(7, "sa-1-a", CallerState::File)];
        assert_eq!(steps(&[first], &file, &known), []);
        assert_eq!(steps(&[], &file, &known), [], "deleted, and nobody has its name");
        let again = account(9, "sa-1-a");
        assert_eq!(
            steps(std::slice::from_ref(&again), &file, &known),
            [Step::Register(again), Step::Forget(UserId::new(7))]
        );
    }

    #[test]
    fn what_the_file_no_longer_lists_goes_and_the_accepted_stay() {
        let listed = [account(7, "sa-1-a"), account(8, "sa-1-b")];
        let known = [row(7, "sa-1-a", CallerState::File), row(8, "", CallerState::Accepted)];
        assert_eq!(
            steps(&listed, &[], &known),
            [Step::Forget(UserId::new(7)), Step::Refresh(account(8, "sa-1-b"))]
        );
        assert_eq!(registered(&known).len(), 2);
    }
}
