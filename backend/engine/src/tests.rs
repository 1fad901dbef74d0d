//! The engine against a small Grafana and a real store: what people and an identity provider would notice.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    Clock, Ids, OrgId, Secret, TeamId, Tenant, UserId,
    attention::{Attention, Operation, Refusal},
    settings::{Effective, Sources, TeamRemoval},
    status::EngineState,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;
use grafana::Credentials;
use grafana_stand_in::{ADMIN, Call, Effect, Fault, MEMBER, Options, Role, StandIn, User};
use store::{
    AccountOrigin, Action, Decision, GroupChange, Kind, MappingOrigin, Member, MemberChange, NewMapping, Outcome,
    Store, Updated, UserChange, WriteContext,
};

mod absence;
mod being_made;
mod closing;
mod concurrency;
mod model;
mod observers;
mod overtaken;
mod scans;

struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "the tests of the engine run in real time")]
    fn now_ms(&self) -> i64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        i64::try_from(now.expect("after 1970").as_millis()).expect("before the year 292,278,994")
    }

    fn elapsed_ms(&self) -> i64 {
        self.now_ms()
    }
}

#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn resource_id(&self) -> String {
        format!("r{}", self.0.fetch_add(1, Ordering::Relaxed))
    }
    /// None comes twice, of whatever node and start.
    fn correlation(&self) -> String {
        static ALL: AtomicU64 = AtomicU64::new(0);
        format!("c{}", ALL.fetch_add(1, Ordering::Relaxed))
    }
    fn unknown_password(&self) -> Secret {
        Secret::new("Aa1!".repeat(8))
    }
    fn jitter(&self) -> f64 {
        0.0
    }
}

struct Given {
    current: Mutex<OrgSettings>,
    /// Organizations with settings of their own.
    others: Mutex<BTreeMap<OrgId, OrgSettings>>,
    changes: watch::Sender<u64>,
    seen: Mutex<BTreeMap<String, String>>,
}

impl Given {
    fn change(&self, change: impl FnOnce(&mut OrgSettings)) {
        change(&mut self.current.lock().expect("no panic"));
        self.changes.send_modify(|n| *n += 1);
    }
}

impl Settings for Given {
    fn orgs(&self) -> Vec<OrgId> {
        let others = self.others.lock().expect("no panic");
        others.keys().copied().chain([OrgId::new(1)]).collect()
    }
    fn of(&self, org_id: OrgId) -> OrgSettings {
        if let Some(other) = self.others.lock().expect("no panic").get(&org_id) {
            return other.clone();
        }
        OrgSettings {
            org_id,
            ..self.current.lock().expect("no panic").clone()
        }
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
    fn grafana_seen(&self, _: OrgId, auth_section: BTreeMap<String, String>, _: Option<String>) {
        *self.seen.lock().expect("no panic") = auth_section;
    }
}

fn effective(page: &[(&str, &str)]) -> Effective {
    let sources = Sources {
        page: page.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..Sources::default()
    };
    domain::settings::effective(&domain::settings::resolve(&sources))
}

/// For tests in which many people lose something, and that are about something else.
const NO_BRAKE: (&str, &str) = ("brake_least", "1000000");

/// The stand-in's first account: the server admin that Rollcall works with.
const ME: i64 = 1;

/// Grafana's configuration file, with a provider that says nobody's role, and the seed document's own line.
fn options() -> Options {
    Options::default()
        .with_setting("security", "admin_password", "secret")
        .with_setting("auth", "team_sync_mode", "scim_sync")
        .with_setting("auth.generic_oauth", "enabled", "true")
        .with_setting("auth.generic_oauth", "skip_org_role_sync", "true")
}

fn credentials(grafana: &StandIn, password: &str) -> Credentials {
    Credentials {
        url: grafana.url().to_owned(),
        admin_user: Some("admin".into()),
        admin_password: Some(Secret::new(password)),
        service_account_token: None,
    }
}

/// A proxy answers that there is no Grafana behind it.
fn away() -> Fault {
    Fault::new("", Effect::Answer(502, json!("a proxy's page").to_string())).always()
}

struct Rig {
    grafana: StandIn,
    store: Store,
    settings: Arc<Given>,
    engine: Mutex<Option<Engine>>,
    tenant: Tenant,
    clock: Arc<dyn Clock>,
    dir: tempfile::TempDir,
}

impl Rig {
    async fn new(page: &[(&str, &str)]) -> Self {
        Self::with(options(), page).await
    }

    /// Where Grafana's own configuration file has other lines.
    async fn with(options: Options, page: &[(&str, &str)]) -> Self {
        let grafana = StandIn::start(options).await.expect("a free port");
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).await.expect("a store");
        let settings = Arc::new(Given {
            current: Mutex::new(OrgSettings {
                org_id: OrgId::new(1),
                effective: effective(page),
                credentials: credentials(&grafana, "secret"),
                waiting_for_first_request: false,
            }),
            others: Mutex::default(),
            changes: watch::channel(0).0,
            seen: Mutex::default(),
        });
        Self {
            grafana,
            store,
            settings,
            engine: Mutex::new(None),
            tenant: Tenant::of_org(OrgId::new(1)),
            clock: Arc::new(RealClock),
            dir,
        }
    }

    fn start(&self) -> Engine {
        let ids = Arc::new(Counted::default());
        let engine = Engine::start(
            self.store.clone(),
            self.clock.clone(),
            ids,
            self.settings.clone(),
            Failpoints::default(),
        );
        *self.engine.lock().expect("no panic") = Some(engine.clone());
        engine
    }

    /// The same settings, with another server admin.
    fn settings_of(&self, admin: &str) -> Arc<Given> {
        let mut current = self.settings.current.lock().expect("no panic").clone();
        current.credentials.admin_user = Some(admin.into());
        Arc::new(Given {
            current: Mutex::new(current),
            others: Mutex::default(),
            changes: watch::channel(0).0,
            seen: Mutex::default(),
        })
    }

    fn store_dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    fn wake(&self) {
        if let Some(engine) = &*self.engine.lock().expect("no panic") {
            engine.wake().wake();
        }
    }

    fn check_now(&self) {
        if let Some(engine) = &*self.engine.lock().expect("no panic") {
            engine.wake().check_now(OrgId::new(1));
        }
    }

    /// Somebody makes an account in Grafana by hand.
    fn add_account(&self, login: &str, role: Role) -> i64 {
        self.grafana.change(|world| {
            let id = world.add_user(login, &format!("{login}@ex.com"), login);
            world.join(id, 1, role);
            id
        })
    }

    /// Somebody changes an account in Grafana by hand.
    fn change_account(&self, id: UserId, change: impl FnOnce(&mut User)) {
        self.grafana
            .change(|world| change(world.person_mut(id.get()).expect("the account")));
    }

    /// Somebody makes a team in Grafana by hand: members' ids and permissions.
    fn add_team(&self, name: &str, members: &[(i64, i64)]) -> i64 {
        self.grafana.change(|world| {
            let id = world.add_team(1, name);
            let team = world.team_mut(id).expect("just made");
            team.members.extend(members.iter().copied());
            id
        })
    }

    /// From now on these calls get this answer.
    fn answer(&self, method: &str, path: &str, status: u16, body: &Value) {
        self.grafana.clear_faults();
        let effect = Effect::Answer(status, body.to_string());
        self.grafana.set_fault(Fault::new(path, effect).method(method).always());
    }

    /// Method and path of every call, in order of the answers.
    fn calls(&self) -> Vec<String> {
        self.grafana.calls().iter().map(Call::to_string).collect()
    }

    fn ctx(&self) -> WriteContext {
        WriteContext {
            tenant: self.tenant.clone(),
            actor: "sa-1-okta".into(),
            correlation: "req".into(),
            now_ms: self.clock.now_ms(),
            started: Instant::now(),
        }
    }

    async fn user(&self, login: &str, active: bool) {
        let document = json!({"userName": login, "active": active, "displayName": format!("Name of {login}"),
            "emails": [{"value": format!("{login}@ex.com"), "primary": true}]});
        let document = serde_json::from_value(document).expect("a document");
        self.store
            .create_user(&self.ctx(), &format!("id-{login}"), document)
            .await
            .expect("created");
    }

    async fn set(&self, login: &str, name: &str, value: Value) {
        let change = |user: &store::UserView| {
            let mut map = user.record.document.as_map().clone();
            map.insert(name.to_owned(), value.clone());
            let document = serde_json::from_value(Value::Object(map)).expect("a document");
            Ok(Decision::<()>::Write(UserChange {
                document,
                changed: true,
                says_active: true,
            }))
        };
        let done = self
            .store
            .update_user(&self.ctx(), &format!("id-{login}"), change)
            .await;
        assert!(matches!(done.expect("updated"), Updated::Written(_)));
        self.wake();
    }

    async fn group(&self, name: &str, logins: &[&str]) {
        let document = serde_json::from_value(json!({"displayName": name})).expect("a document");
        let members: Vec<_> = logins.iter().map(|l| Member::user(format!("id-{l}"))).collect();
        self.store
            .create_group(&self.ctx(), &format!("id-{name}"), document, &members, false)
            .await
            .expect("created");
        self.wake();
    }

    async fn change_group(&self, group: &str, name: &str, members: Vec<MemberChange>) {
        let document = serde_json::from_value(json!({"displayName": name})).expect("a document");
        let change = |_: &store::GroupRecord| {
            Ok(GroupChange {
                document,
                changed: true,
                members,
            })
        };
        let id = format!("id-{group}");
        let done = self.store.update_group(&self.ctx(), &id, false, change).await;
        assert!(done.expect("updated").is_some());
        self.wake();
    }

    async fn map(&self, group: &str, team_id: TeamId, remove_others: bool) {
        let new = NewMapping {
            tenant: self.tenant.clone(),
            group_id: format!("id-{group}"),
            group_name: group.to_owned(),
            team_id: Some(team_id),
            team_name: group.to_owned(),
            admins: false,
            remove_others,
            origin: MappingOrigin::Page,
        };
        self.store
            .add_mapping(&new, "req", RealClock.now_ms())
            .await
            .expect("mapped");
        self.wake();
    }

    /// Until nothing waits but for a person.
    async fn quiet(&self) {
        self.wake();
        self.until("the queue is empty", || async {
            self.store.tally(&self.tenant).await.expect("a tally").pending == 0
        })
        .await;
    }

    async fn until<F: Future<Output = bool>>(&self, what: &str, condition: impl Fn() -> F) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition().await {
            assert!(
                Instant::now() < deadline,
                "never came: {what}; calls: {:#?}",
                self.calls()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// An admin says yes to what is asked about this person.
    async fn says_yes(&self, id: &str) {
        let seen = self
            .store
            .management(id)
            .await
            .expect("read")
            .expect("something is asked");
        self.store
            .approve_claim(&self.ctx(), id, &seen)
            .await
            .expect("approved");
        self.wake();
    }

    async fn attention(&self) -> Vec<store::AttentionRow> {
        self.store.attention_rows(&self.tenant, 100).await.expect("rows")
    }

    async fn actions(&self) -> Vec<(Action, Outcome)> {
        let page = self
            .store
            .activity(
                &self.tenant,
                &store::ActivityQuery {
                    count: 1000,
                    ..Default::default()
                },
            )
            .await
            .expect("a page");
        let lines = page.lines.into_iter().map(|(_, l)| l);
        let mut lines: Vec<_> = lines
            .filter(|l| l.source == store::Source::Grafana)
            .map(|l| (l.action, l.outcome))
            .collect();
        lines.reverse();
        lines
    }
}

/// By login: which of several accounts is made first is nobody's promise.
fn logins(grafana: &StandIn, team: &str) -> Vec<String> {
    let team = grafana.team(team).expect("the team");
    let mut logins: Vec<String> = grafana.look(|world| {
        let members = world.people().filter(|user| team.members.contains_key(&user.id));
        members.map(|user| user.login.clone()).collect()
    });
    logins.sort();
    logins
}

#[tokio::test]
async fn a_new_user_gets_an_account_and_one_changing_call_is_enough() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.quiet().await;
    let ann = rig.grafana.user("ann").expect("an account");
    assert_eq!((ann.email.as_str(), ann.name.as_str()), ("ann@ex.com", "Name of ann"));
    let record = rig.store.account("id-ann").await.expect("read").expect("recorded");
    assert_eq!(
        (record.grafana_id, record.origin),
        (Some(UserId::new(ann.id)), AccountOrigin::Provisioned)
    );
    assert_eq!(rig.store.noted_creation("id-ann").await.expect("read"), None);
    assert_eq!(rig.grafana.calls_to("POST /api/admin/users"), 1);
    assert_eq!(rig.actions().await, [(Action::UserCreate, Outcome::Done)]);
    rig.until("checked", || async {
        engine.status(OrgId::new(1)).checked_ms.is_some()
    })
    .await;
    let status = engine.status(OrgId::new(1));
    assert_eq!(status.state, EngineState::Running);
    assert_eq!(status.version.as_deref(), Some("11.1.1"));
    assert_eq!(status.signed_in_as.as_deref(), Some("admin"));
    assert_eq!(
        rig.settings.seen.lock().expect("no panic")["team_sync_mode"],
        "scim_sync"
    );
    engine.stop().await;
}

#[tokio::test]
async fn a_profile_and_a_deactivation_reach_grafana_and_come_back() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.quiet().await;
    rig.set("ann", "displayName", json!("Ann Archer")).await;
    rig.quiet().await;
    assert_eq!(rig.grafana.user("ann").expect("there").name, "Ann Archer");
    rig.set("ann", "active", json!(false)).await;
    rig.quiet().await;
    assert!(rig.grafana.user("ann").expect("there").disabled);
    rig.set("ann", "active", json!(true)).await;
    rig.quiet().await;
    assert!(!rig.grafana.user("ann").expect("there").disabled);
    engine.stop().await;
}

#[tokio::test]
async fn a_crash_before_our_record_makes_nothing_twice() {
    // Claiming strangers is forbidden: only the note makes the account ours.
    let rig = Rig::new(&[("claim_policy", "never")]).await;
    rig.user("ann", true).await;
    rig.user("bob", true).await;
    rig.store
        .note_account_creation(&rig.tenant, "id-ann", "ann", 0)
        .await
        .expect("noted");
    let ann = rig.add_account("ann", Role::Viewer);
    rig.add_account("bob", Role::Viewer);
    let engine = rig.start();
    rig.quiet().await;
    let record = rig.store.account("id-ann").await.expect("read").expect("recorded");
    assert_eq!(
        (record.grafana_id, record.origin),
        (Some(UserId::new(ann)), AccountOrigin::Provisioned)
    );
    assert_eq!(rig.grafana.calls_to("POST /api/admin/users"), 0);
    assert_eq!(rig.store.account("id-bob").await.expect("read"), None);
    let attention = rig.attention().await;
    assert!(
        attention.len() == 1 && matches!(attention[0].attention, Attention::ClaimForbidden { .. }),
        "{attention:?}"
    );
    engine.stop().await;
}

#[tokio::test]
async fn an_account_older_than_the_lost_call_is_a_strangers() {
    let rig = Rig::new(&[("claim_policy", "never")]).await;
    rig.user("ann", true).await;
    let ann = rig.add_account("ann", Role::Viewer);
    let hour_later = rig.clock.now_ms() + 3_600_000;
    rig.store
        .note_account_creation(&rig.tenant, "id-ann", "ann", hour_later)
        .await
        .expect("noted");
    let engine = rig.start();
    rig.quiet().await;
    assert_eq!(
        rig.store.account("id-ann").await.expect("read"),
        None,
        "{ann} is nobody's"
    );
    engine.stop().await;
}

/// A record from before there was an `externalId` in it: the one of the moment of the deletion counts, and a save that was under way
/// changes nothing of it.
#[tokio::test]
async fn the_external_id_of_the_deletion_is_remembered() {
    let rig = Rig::new(&[]).await;
    rig.user("ann", true).await;
    rig.set("ann", "externalId", json!("00u1")).await;
    let engine = rig.start();
    rig.quiet().await;
    engine.stop().await;
    let mut record = rig.store.account("id-ann").await.expect("read").expect("recorded");
    assert_eq!(record.external_id.as_deref(), Some("00u1"));
    record.external_id = None;
    rig.store.save_account(&record).await.expect("saved");
    let deleted = rig.store.delete_user(&rig.ctx(), "id-ann", |_| Ok(())).await;
    assert!(deleted.expect("deleted"));
    rig.store.save_account(&record).await.expect("saved");
    let left = rig.store.left_with(&rig.tenant, "00u1").await.expect("read");
    assert_eq!(left.len(), 1);
    assert!(left[0].gone_ms.is_some() && left[0].user_id == "id-ann");
}

#[tokio::test]
async fn accounts_to_be_closed_go_first_among_many() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("leaver", true).await;
    rig.quiet().await;
    engine.stop().await;
    rig.grafana.clear_calls();
    for n in 0..60 {
        rig.user(&format!("new{n}"), true).await;
    }
    rig.set("leaver", "active", json!(false)).await;
    let engine = rig.start();
    rig.quiet().await;
    let calls = rig.calls();
    let first = calls
        .iter()
        .find(|c| c.starts_with("POST /api/admin/users"))
        .expect("a change");
    assert!(first.ends_with("/disable"), "{first}");
    assert_eq!(rig.grafana.calls_to("POST /api/admin/users"), 61);
    // One listing in place of a look-up for each.
    assert_eq!(rig.grafana.calls_to("GET /api/users/lookup"), 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_refused_sign_in_is_tried_seldom_however_often_asked() {
    let rig = Rig::new(&[]).await;
    rig.grafana.change(|world| world.set_password(ME, "another"));
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.wake();
    rig.until("refused", || async {
        engine.status(OrgId::new(1)).state == EngineState::CredentialsRefused
    })
    .await;
    for _ in 0..5 {
        engine.wake().check_now(OrgId::new(1));
        engine.wake().retry_now(OrgId::new(1));
        tokio::task::yield_now().await;
    }
    rig.settings.change(|s| s.effective.break_glass.push("root".into()));
    rig.user("bob", true).await;
    rig.wake();
    // Something that happens after all of that.
    rig.until("the other setting was taken", || async {
        rig.store.tally(&rig.tenant).await.expect("a tally").pending == 2
    })
    .await;
    let tried = rig.grafana.calls_to("POST /login");
    assert!((1..=3).contains(&tried), "{tried} times");
    assert!(
        engine
            .status(OrgId::new(1))
            .error
            .is_some_and(|e| !e.contains("secret"))
    );
    rig.grafana.change(|world| world.set_password(ME, "new"));
    rig.settings
        .change(|s| s.credentials.admin_password = Some(Secret::new("new")));
    rig.quiet().await;
    assert!(rig.grafana.user("ann").is_some());
    assert!(rig.grafana.calls_to("POST /login") <= 4, "five would lock the account");
    engine.stop().await;
}

#[tokio::test]
async fn while_grafana_is_away_changes_wait_and_nothing_is_lost() {
    let rig = Rig::new(&[]).await;
    rig.grafana.set_fault(away());
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.wake();
    rig.until("away", || async {
        engine.status(OrgId::new(1)).state == EngineState::GrafanaAway
    })
    .await;
    rig.grafana.clear_faults();
    rig.quiet().await;
    assert!(rig.grafana.user("ann").is_some());
    assert_eq!(engine.status(OrgId::new(1)).state, EngineState::Running);
    engine.stop().await;
}

#[tokio::test]
async fn what_a_person_must_fix_says_why_and_is_tried_on_check_now() {
    let rig = Rig::new(&[]).await;
    let refusal = json!({"message": "You'll need additional permissions. Permissions needed: users:create"});
    rig.answer("POST", "/api/admin/users", 403, &refusal);
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.quiet().await;
    let attention = rig.attention().await;
    assert_eq!(attention.len(), 1);
    assert_eq!(
        attention[0].attention,
        Attention::GrafanaRefused {
            operation: Operation::CreateAccount {
                login: "ann".to_owned()
            },
            refusal: Refusal::Forbidden {
                message: "You'll need additional permissions. Permissions needed: users:create".to_owned(),
                permission: Some("users:create".to_owned())
            },
        }
    );
    assert_eq!(rig.actions().await, [(Action::UserCreate, Outcome::Attention)]);
    rig.grafana.clear_faults();
    rig.check_now();
    rig.until("made", || async { rig.grafana.user("ann").is_some() }).await;
    rig.quiet().await;
    assert!(rig.attention().await.is_empty());
    engine.stop().await;
}

#[tokio::test]
async fn server_admins_and_the_last_admin_are_never_closed() {
    let rig = Rig::new(&[("claim_policy", "login")]).await;
    rig.add_account("boss", Role::Admin);
    // Our own account is Admin as well, and nobody who could help.
    let engine = rig.start();
    rig.user("admin", false).await;
    rig.user("boss", true).await;
    rig.quiet().await;
    rig.set("boss", "active", json!(false)).await;
    rig.quiet().await;
    let attention = rig.attention().await;
    let codes: Vec<&str> = attention.iter().map(|a| a.attention.code()).collect();
    assert!(
        codes.contains(&"protected") && codes.contains(&"last_admin"),
        "{attention:?}"
    );
    assert!(!rig.grafana.user("boss").expect("there").disabled);
    // The promise of the text: another Admin, and access is closed by the next look.
    rig.add_account("deputy", Role::Admin);
    rig.check_now();
    rig.until("closed", || async {
        rig.grafana.user("boss").is_some_and(|user| user.disabled)
    })
    .await;
    engine.stop().await;
}

#[tokio::test]
async fn a_single_sign_on_user_is_suspended_and_gets_everything_back() {
    let rig = Rig::new(&[("claim_policy", "login")]).await;
    let ann = rig.add_account("ann", Role::Editor);
    rig.grafana
        .change(|world| world.link(ann, "oauth_generic_oauth", "ann"));
    let by_hand = rig.add_team("by hand", &[(ann, MEMBER)]);
    let mapped = rig.add_team("mapped", &[]);
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("mapped", &["ann"]).await;
    rig.map("mapped", TeamId::new(mapped), false).await;
    rig.quiet().await;
    assert_eq!(logins(&rig.grafana, "mapped"), ["ann"]);
    rig.set("ann", "active", json!(false)).await;
    rig.quiet().await;
    assert!(rig.grafana.user("ann").expect("there").orgs.is_empty());
    assert_eq!(rig.grafana.calls_to(&format!("POST /api/admin/users/{ann}/logout")), 1);
    let record = rig.store.account("id-ann").await.expect("read").expect("recorded");
    assert_eq!(record.holds, Some(true), "the provider skips role sync here");
    rig.check_now();
    rig.quiet().await;
    assert!(
        logins(&rig.grafana, "mapped").is_empty(),
        "who is suspended is in no team"
    );
    rig.set("ann", "active", json!(true)).await;
    rig.quiet().await;
    assert_eq!(rig.grafana.user("ann").expect("there").orgs[&1], Role::Editor);
    let kept = rig.grafana.team("by hand").expect("kept");
    assert!(kept.id == by_hand && kept.members.contains_key(&ann));
    assert_eq!(logins(&rig.grafana, "mapped"), ["ann"]);
    engine.stop().await;
}

#[tokio::test]
async fn an_account_deleted_by_hand_is_made_again_after_a_yes() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.quiet().await;
    let old = rig.grafana.user("ann").expect("an account").id;
    rig.grafana.change(|world| world.delete(old));
    rig.check_now();
    rig.until("somebody is asked", || async { !rig.attention().await.is_empty() })
        .await;
    assert!(
        rig.grafana.user("ann").is_none(),
        "the person who deleted it had a reason"
    );
    rig.says_yes("id-ann").await;
    rig.until("made again", || async { rig.grafana.user("ann").is_some() })
        .await;
    rig.until("in the team", || async { logins(&rig.grafana, "eng") == ["ann"] })
        .await;
    engine.stop().await;
}

#[tokio::test]
async fn create_mode_makes_a_team_and_leaves_it_to_its_members() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let engine = rig.start();
    for login in ["ann", "bob", "cy"] {
        rig.user(login, true).await;
    }
    rig.group("eng", &["ann", "bob", "cy"]).await;
    rig.quiet().await;
    assert_eq!(
        logins(&rig.grafana, "eng"),
        ["ann", "bob", "cy"],
        "our own account has left it"
    );
    assert_eq!(rig.grafana.calls_to("POST /api/teams"), 1);
    let id = rig.grafana.team("eng").expect("the team").id;
    assert_eq!(
        rig.grafana.calls_to(&format!("PUT /api/teams/{id}/members")),
        1,
        "one bulk call"
    );
    rig.change_group("eng", "platform", vec![MemberChange::Remove(vec!["id-bob".into()])])
        .await;
    rig.quiet().await;
    assert_eq!(
        rig.grafana.team("platform").expect("renamed").id,
        id,
        "the id carries folder permissions"
    );
    assert_eq!(logins(&rig.grafana, "platform"), ["ann", "cy"]);
    assert!(rig.attention().await.is_empty());
    engine.stop().await;
}

#[tokio::test]
async fn bulk_changes_keep_people_who_were_added_by_hand() {
    let rig = Rig::new(&[]).await;
    let nina = rig.add_account("nina", Role::Viewer);
    let team = rig.add_team("eng", &[(nina, ADMIN)]);
    let engine = rig.start();
    rig.user("ann", true).await;
    // Upper case at the identity provider, lower case at Grafana.
    rig.set("ann", "emails", json!([{"value": "ANN@EX.COM", "primary": true}]))
        .await;
    rig.user("bob", true).await;
    rig.group("eng", &["ann", "bob"]).await;
    rig.map("eng", TeamId::new(team), false).await;
    rig.quiet().await;
    rig.user("cy", true).await;
    rig.user("dan", true).await;
    let add = ["id-cy", "id-dan"].map(Member::user).to_vec();
    rig.change_group("eng", "eng", vec![MemberChange::Add(add)]).await;
    rig.quiet().await;
    assert_eq!(logins(&rig.grafana, "eng"), ["ann", "bob", "cy", "dan", "nina"]);
    let members = rig.grafana.team("eng").expect("kept").members;
    assert_eq!(members[&nina], ADMIN, "still an admin");
    let mut bulk = rig.grafana.calls();
    bulk.retain(|call| call.to_string() == format!("PUT /api/teams/{team}/members"));
    for Call { body, .. } in bulk {
        assert!(!body.contains("ANN@EX.COM"), "{body}");
        let sent: Value = serde_json::from_str(&body).expect("JSON");
        assert!(sent["admins"].to_string().contains("nina@ex.com"), "{body}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn strict_mode_touches_no_team_until_the_group_is_mapped() {
    let rig = Rig::new(&[]).await;
    let team = rig.add_team("eng", &[]);
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.quiet().await;
    assert!(logins(&rig.grafana, "eng").is_empty());
    rig.map("eng", TeamId::new(team), false).await;
    rig.quiet().await;
    assert_eq!(logins(&rig.grafana, "eng"), ["ann"]);
    // The mapping goes: so do the people it brought, and the team stays.
    let mapping = rig.store.all_mappings(&rig.tenant).await.expect("mappings").remove(0);
    rig.store.remove_mapping(mapping.id).await.expect("removed");
    rig.wake();
    rig.until("emptied", || async { logins(&rig.grafana, "eng").is_empty() })
        .await;
    engine.stop().await;
}

#[tokio::test]
async fn turning_create_mode_on_makes_the_teams_of_stored_groups() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.quiet().await;
    assert!(rig.grafana.team("eng").is_none());
    rig.settings
        .change(|s| s.effective = effective(&[("mapping_mode", "create")]));
    rig.until("made", || async { rig.grafana.team("eng").is_some() }).await;
    rig.quiet().await;
    assert_eq!(logins(&rig.grafana, "eng"), ["ann"]);
    engine.stop().await;
}

/// A team that was there is used as it is; when it is deleted by hand, the next one is ours.
#[tokio::test]
async fn only_a_team_that_we_made_goes_with_its_group() {
    let rig = Rig::new(&[("mapping_mode", "create"), ("team_removal", "remove")]).await;
    let mut by_hand = rig.add_team("eng", &[]);
    let engine = rig.start();
    rig.user("ann", true).await;
    for is_ours in [false, true] {
        rig.group("eng", &["ann"]).await;
        rig.quiet().await;
        assert_eq!(rig.grafana.team("eng").expect("used").id, by_hand);
        if is_ours {
            rig.grafana.change(|world| world.remove_team(by_hand));
            rig.check_now();
            rig.until("made again", || async { rig.grafana.team("eng").is_some() })
                .await;
            rig.quiet().await;
            by_hand = rig.grafana.team("eng").expect("made again").id;
        }
        assert_eq!(logins(&rig.grafana, "eng"), ["ann"]);
        rig.change_group("eng", "engines", Vec::new()).await;
        rig.quiet().await;
        assert_eq!(rig.grafana.team("eng").is_none(), is_ours, "it is called as its group");
        let done = rig.store.delete_group(&rig.ctx(), "id-eng", |_| Ok(())).await;
        assert!(done.expect("deleted"));
        rig.quiet().await;
        let left = ["eng", "engines"].map(|name| rig.grafana.team(name).is_some());
        assert_eq!(left, [!is_ours, false]);
    }
    let uses = rig
        .actions()
        .await
        .into_iter()
        .filter(|(action, _)| *action == Action::TeamUse);
    assert_eq!(uses.count(), 2, "each is a line in the log");
    engine.stop().await;
}

#[tokio::test]
async fn a_deleted_groups_team_is_archived_and_returns_under_its_id() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.quiet().await;
    let id = rig.grafana.team("eng").expect("the team").id;
    rig.store
        .delete_group(&rig.ctx(), "id-eng", |_| Ok(()))
        .await
        .expect("deleted");
    rig.quiet().await;
    assert_eq!(rig.grafana.team("eng (archived)").expect("archived").id, id);
    assert!(logins(&rig.grafana, "eng (archived)").is_empty());
    rig.group("eng", &["ann"]).await;
    rig.quiet().await;
    assert_eq!(rig.grafana.team("eng").expect("back").id, id);
    assert_eq!(logins(&rig.grafana, "eng"), ["ann"]);
    rig.settings.change(|s| s.effective.team_removal = TeamRemoval::Remove);
    rig.store
        .delete_group(&rig.ctx(), "id-eng", |_| Ok(()))
        .await
        .expect("deleted");
    rig.quiet().await;
    assert!(rig.grafana.team("eng").is_none() && rig.grafana.team("eng (archived)").is_none());
    engine.stop().await;
}

#[tokio::test]
async fn drift_is_put_right_by_the_next_comparison() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.user("bob", true).await;
    rig.group("eng", &["ann", "bob"]).await;
    rig.quiet().await;
    let ann = rig.grafana.user("ann").expect("an account").id;
    let eng = rig.grafana.team("eng").expect("the team").id;
    rig.change_account(UserId::new(ann), |ann| ann.name = "Somebody Else".to_owned());
    rig.grafana
        .change(|world| world.team_mut(eng).expect("the team").members.remove(&ann));
    rig.check_now();
    rig.until("called as the provider says", || async {
        rig.grafana.user("ann").expect("ann").name != "Somebody Else"
    })
    .await;
    rig.until("in the team", || async {
        logins(&rig.grafana, "eng") == ["ann", "bob"]
    })
    .await;
    rig.quiet().await;
    rig.grafana.clear_calls();
    let before = engine.status(OrgId::new(1)).checked_ms;
    rig.check_now();
    rig.until("checked", || async { engine.status(OrgId::new(1)).checked_ms > before })
        .await;
    rig.quiet().await;
    let mut changing = rig.calls();
    changing.retain(|call| !call.starts_with("GET "));
    assert_eq!(changing, Vec::<String>::new());
    assert_eq!(rig.store.due_work(i64::MAX, 10).await.expect("work"), []);
    assert_eq!(
        engine.teams(OrgId::new(1)).first().map(|t| (t.name.clone(), t.members)),
        Some(("eng".to_owned(), 2))
    );
    engine.stop().await;
}

#[tokio::test]
async fn users_only_mode_touches_no_team() {
    let rig = Rig::new(&[("mapping_mode", "create"), ("team_sync_mode", "off")]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.quiet().await;
    assert!(rig.grafana.user("ann").is_some());
    assert!(rig.grafana.team("eng").is_none());
    engine.stop().await;
}

#[tokio::test]
async fn without_credentials_nothing_is_called_and_the_page_is_told() {
    let rig = Rig::new(&[]).await;
    rig.settings.change(|s| {
        s.credentials.admin_password = None;
        s.waiting_for_first_request = true;
    });
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.wake();
    assert_eq!(engine.status(OrgId::new(1)).state, EngineState::WaitingForFirstRequest);
    let credentials = credentials(&rig.grafana, "secret");
    assert_eq!(rig.grafana.calls_to("GET"), 0);
    rig.settings.change(|s| s.credentials = credentials);
    rig.quiet().await;
    assert!(rig.grafana.user("ann").is_some());
    let began = Instant::now();
    engine.stop().await;
    assert!(began.elapsed() < Duration::from_millis(500));
}

#[tokio::test]
async fn a_new_account_for_a_waiting_member_comes_before_the_team() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    let marks = rig.store.due_work(i64::MAX, 10).await.expect("work");
    assert!(marks.iter().any(|w| w.kind == Kind::Group));
    let engine = rig.start();
    rig.quiet().await;
    let calls = rig.calls();
    let at = |what: &str| calls.iter().position(|c| c == what).expect("called");
    assert!(at("POST /api/admin/users") < at("POST /api/teams"));
    engine.stop().await;
}

#[tokio::test]
async fn one_organizations_refused_credentials_do_not_stop_another() {
    let rig = Rig::new(&[]).await;
    let mut refused = rig.settings.of(OrgId::new(2));
    refused.credentials.admin_password = Some(Secret::new("wrong"));
    rig.settings
        .others
        .lock()
        .expect("no panic")
        .insert(OrgId::new(2), refused);
    let other = WriteContext {
        tenant: Tenant::of_org(OrgId::new(2)),
        ..rig.ctx()
    };
    for n in 0..30 {
        let document =
            serde_json::from_value(json!({"userName": format!("x{n}"), "active": false})).expect("a document");
        rig.store
            .create_user(&other, &format!("id-x{n}"), document)
            .await
            .expect("created");
    }
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.quiet().await;
    assert!(rig.grafana.user("ann").is_some());
    assert_eq!(engine.status(OrgId::new(1)).state, EngineState::Running);
    assert_eq!(engine.status(OrgId::new(2)).state, EngineState::CredentialsRefused);
    assert_eq!(rig.grafana.calls_to("POST /login"), 2);
    engine.stop().await;
}

#[tokio::test]
async fn a_user_deleted_while_the_account_is_made_is_closed() {
    let rig = Rig::new(&[]).await;
    rig.user("ann", true).await;
    rig.store
        .note_account_creation(&rig.tenant, "id-ann", "ann", 0)
        .await
        .expect("noted");
    rig.add_account("ann", Role::Viewer);
    rig.store
        .delete_user(&rig.ctx(), "id-ann", |_| Ok(()))
        .await
        .expect("deleted");
    let engine = rig.start();
    rig.quiet().await;
    assert!(rig.grafana.user("ann").expect("kept").disabled, "disabled, not deleted");
    engine.stop().await;
}

#[tokio::test]
async fn a_refused_token_holds_teams_back_and_nobodys_closing() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    rig.settings
        .change(|s| s.credentials.service_account_token = Some(Secret::new("glsa_bad")));
    let (_, key) = rig.grafana.change(|world| {
        let account = world.add_service_account(1, "rollcall", Role::Admin);
        world.add_token(account, "key")
    });
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.until("made", || async { rig.grafana.user("ann").is_some() }).await;
    rig.set("ann", "active", json!(false)).await;
    rig.until("closed", || async {
        rig.grafana.user("ann").is_some_and(|user| user.disabled)
    })
    .await;
    assert!(rig.grafana.team("eng").is_none());
    rig.settings
        .change(|s| s.credentials.service_account_token = Some(Secret::new(key)));
    rig.quiet().await;
    assert_eq!(logins(&rig.grafana, "eng"), ["ann"], "memberships survive inactivity");
    engine.stop().await;
}
