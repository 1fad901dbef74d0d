//! What was on its way when the process died, and what must be known before anything is done: two hundred random kills found these.

use std::sync::atomic::AtomicUsize;

use domain::{OrgId, settings::MappingMode};
use grafana_stand_in::Gate;

use super::*;

/// A note that a team was asked for, as old as this.
async fn asked_for(rig: &Rig, group: &str, name: &str, age_ms: i64) {
    let since = RealClock.now_ms() - age_ms;
    let id = format!("id-{group}");
    rig.store
        .note_team_creation(&rig.tenant, &id, name, since)
        .await
        .expect("noted");
}

async fn notes(rig: &Rig) -> Vec<String> {
    let notes = rig.store.team_creations(&rig.tenant).await.expect("read");
    notes.into_iter().map(|note| note.name).collect()
}

async fn dissolved(rig: &Rig, group: &str) {
    let id = format!("id-{group}");
    let done = rig.store.delete_group(&rig.ctx(), &id, |_| Ok(())).await;
    assert!(done.expect("deleted"));
    rig.wake();
}

/// Found by two hundred random kills: the note of the team was forgotten before it was on disk whose the team is.
#[tokio::test]
async fn a_team_being_made_belongs_to_its_deleted_or_renamed_group() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let me = rig.grafana.user("admin").expect("our account").id;
    let ann = rig.add_account("ann", Role::Viewer);
    let mut teams = Vec::new();
    for (group, member) in [("eng", (me, ADMIN)), ("ops", (me, ADMIN)), ("data", (ann, MEMBER))] {
        rig.group(group, &[]).await;
        asked_for(&rig, group, group, 0).await;
        teams.push(rig.add_team(group, &[member]));
    }
    for gone in ["id-eng", "id-data"] {
        rig.store
            .delete_group(&rig.ctx(), gone, |_| Ok(()))
            .await
            .expect("deleted");
    }
    rig.change_group("ops", "platform", Vec::new()).await;
    let engine = rig.start();
    rig.quiet().await;
    assert_eq!(rig.grafana.team("eng (archived)").expect("archived").id, teams[0]);
    assert_eq!(rig.grafana.team("platform").expect("renamed").id, teams[1]);
    assert!(rig.grafana.team("ops").is_none());
    assert_eq!(
        logins(&rig.grafana, "data"),
        ["ann"],
        "somebody else's team of that name"
    );
    engine.stop().await;
}

/// Credentials that Grafana sends with the first request, which comes while the engine is between its look and the work that follows;
/// and `mapping_mode` in Grafana's own file, which is known after that look.
struct Late {
    given: Arc<Given>,
    asked: AtomicUsize,
}

impl Settings for Late {
    fn orgs(&self) -> Vec<OrgId> {
        self.given.orgs()
    }
    fn of(&self, org_id: OrgId) -> OrgSettings {
        let mut now = self.given.of(org_id);
        // Asked at the start of a turn, and again after the looks of that turn.
        if self.asked.fetch_add(1, Ordering::Relaxed) == 0 {
            now.credentials.admin_password = None;
        }
        let looked = !self.given.seen.lock().expect("no panic").is_empty();
        if looked {
            now.effective.mapping_mode = MappingMode::Create;
        }
        now
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.given.changes()
    }
    fn grafana_seen(&self, org_id: OrgId, auth_section: BTreeMap<String, String>, public_url: Option<String>) {
        self.given.grafana_seen(org_id, auth_section, public_url);
        self.given.change(|_| ());
    }
}

#[tokio::test]
async fn nothing_is_done_before_grafanas_configuration_is_known() {
    let rig = Rig::new(&[]).await;
    let me = rig.grafana.user("admin").expect("our account").id;
    // One group has its team, the other's was asked for when the process died; both groups are gone meanwhile.
    rig.group("eng", &[]).await;
    let team = rig.add_team("eng", &[]);
    let mapping = NewMapping {
        tenant: rig.tenant.clone(),
        group_id: "id-eng".into(),
        group_name: "eng".into(),
        team_id: Some(TeamId::new(team)),
        team_name: "eng".into(),
        admins: false,
        remove_others: false,
        origin: MappingOrigin::Create,
    };
    rig.store
        .add_mapping(&mapping, "req", RealClock.now_ms())
        .await
        .expect("mapped");
    rig.group("ops", &[]).await;
    asked_for(&rig, "ops", "ops", 0).await;
    rig.add_team("ops", &[(me, ADMIN)]);
    dissolved(&rig, "eng").await;
    dissolved(&rig, "ops").await;
    let late = Late {
        given: rig.settings.clone(),
        asked: AtomicUsize::new(0),
    };
    let engine = Engine::start(
        rig.store.clone(),
        Arc::new(RealClock),
        Arc::new(Counted::default()),
        Arc::new(late),
        Failpoints::default(),
    );
    rig.quiet().await;
    for name in ["eng", "ops"] {
        assert!(rig.grafana.team(name).is_none(), "{name} lives and is no group's");
        assert!(rig.grafana.team(&format!("{name} (archived)")).is_some());
    }
    engine.stop().await;
}

/// Grafana ends a request whose caller died, if its transaction was begun: the team is there only after the restarted process has looked.
#[tokio::test]
async fn a_team_that_appears_late_is_found_at_a_later_comparison() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let me = rig.grafana.user("admin").expect("our account").id;
    rig.group("eng", &[]).await;
    asked_for(&rig, "eng", "eng", 0).await;
    dissolved(&rig, "eng").await;
    let engine = rig.start();
    rig.quiet().await;
    assert_eq!(notes(&rig).await, ["eng"], "it may still come");
    let team = rig.add_team("eng", &[(me, ADMIN)]);
    rig.check_now();
    rig.until("archived", || async { rig.grafana.team("eng (archived)").is_some() })
        .await;
    rig.quiet().await;
    assert_eq!(rig.grafana.team("eng (archived)").expect("archived").id, team);
    assert_eq!(
        logins(&rig.grafana, "eng (archived)"),
        Vec::<String>::new(),
        "we are out of it"
    );
    assert_eq!(notes(&rig).await, Vec::<String>::new());
    engine.stop().await;
}

#[tokio::test]
async fn what_grafana_cannot_be_making_any_more_is_forgotten() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    asked_for(&rig, "eng", "eng", 121_000).await;
    asked_for(&rig, "ops", "ops", 60_000).await;
    let engine = rig.start();
    rig.until("looked", || async { engine.status(OrgId::new(1)).checked_ms.is_some() })
        .await;
    rig.quiet().await;
    assert_eq!(notes(&rig).await, ["ops"]);
    let of_mine = rig.add_team("eng", &[]);
    rig.check_now();
    rig.until("looked for", || async { rig.grafana.calls_to("GET /api/health") > 1 })
        .await;
    rig.quiet().await;
    assert_eq!(rig.grafana.team("eng").expect("untouched").id, of_mine, "a stranger's");
    engine.stop().await;
}

/// Asked for under the old name, renamed, asked for under the new one: one of the two teams is the group's.
#[tokio::test]
async fn of_two_teams_made_for_one_group_the_other_is_archived() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let me = rig.grafana.user("admin").expect("our account").id;
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    let engine = rig.start();
    rig.quiet().await;
    let team = rig.grafana.team("eng").expect("made").id;
    asked_for(&rig, "eng", "engines", 0).await;
    rig.add_team("engines", &[(me, ADMIN)]);
    rig.check_now();
    rig.until("archived", || async {
        rig.grafana.team("engines (archived)").is_some()
    })
    .await;
    rig.quiet().await;
    assert_eq!(rig.grafana.team("eng").expect("as it was").id, team);
    assert_eq!(logins(&rig.grafana, "eng"), ["ann"]);
    assert!(rig.grafana.team("engines").is_none());
    engine.stop().await;
}

/// The name is taken by what an earlier call of ours was still making.
#[tokio::test]
async fn a_taken_name_may_be_our_own_doing() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let me = rig.grafana.user("admin").expect("our account").id;
    rig.answer("POST", "/api/teams", 409, &json!({"message": "Team name taken"}));
    rig.group("eng", &[]).await;
    let engine = rig.start();
    rig.until("asked for", || async { rig.grafana.calls_to("POST /api/teams") > 0 })
        .await;
    dissolved(&rig, "eng").await;
    rig.quiet().await;
    rig.add_team("eng", &[(me, ADMIN)]);
    rig.check_now();
    rig.until("archived", || async { rig.grafana.team("eng (archived)").is_some() })
        .await;
    rig.quiet().await;
    assert!(rig.grafana.team("eng").is_none());
    engine.stop().await;
}

/// Regression: the history under kills had a person who was hired again, and whose closed account was not followed any more. The
/// `externalId` was lost where the user was deleted between Grafana's answer and our record.
#[tokio::test]
async fn who_left_while_being_made_returns_to_the_account() {
    let rig = Rig::new(&[]).await;
    rig.user("ann", true).await;
    rig.set("ann", "externalId", json!("00u1")).await;
    rig.store
        .note_account_creation(&rig.tenant, "id-ann", "ann", 0)
        .await
        .expect("noted");
    let made = rig.add_account("ann", Role::Viewer);
    let done = rig.store.delete_user(&rig.ctx(), "id-ann", |_| Ok(())).await;
    assert!(done.expect("deleted"));
    let engine = rig.start();
    rig.until("closed", || async {
        rig.grafana.user("ann").is_some_and(|ann| ann.disabled)
    })
    .await;
    rig.quiet().await;
    let document = json!({"userName": "ann", "active": true, "externalId": "00u1",
        "emails": [{"value": "ann@ex.com", "primary": true}]});
    let document = serde_json::from_value(document).expect("a document");
    let again = rig.store.create_user(&rig.ctx(), "id-again", document).await;
    again.expect("hired again");
    rig.wake();
    rig.until("open again", || async {
        rig.grafana.user("ann").is_some_and(|ann| !ann.disabled)
    })
    .await;
    rig.quiet().await;
    assert_eq!(rig.grafana.user("ann").expect("an account").id, made);
    assert_eq!(rig.attention().await.len(), 0);
    engine.stop().await;
}

/// The machine's clock and a bit.
#[derive(Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now_ms(&self) -> i64 {
        RealClock.now_ms() + i64::try_from(self.0.load(Ordering::Relaxed)).expect("a short test")
    }

    fn elapsed_ms(&self) -> i64 {
        self.now_ms()
    }
}

/// Ann's account was asked for when we died, and she is deleted; Grafana has not made it when we look.
async fn deleted_while_it_is_made(rig: &Rig) -> Engine {
    rig.user("ann", true).await;
    rig.store
        .note_account_creation(&rig.tenant, "id-ann", "ann", 0)
        .await
        .expect("noted");
    let done = rig.store.delete_user(&rig.ctx(), "id-ann", |_| Ok(())).await;
    assert!(done.expect("deleted"));
    let engine = rig.start();
    rig.until("compared", || async {
        engine.status(OrgId::new(1)).checked_ms.is_some()
    })
    .await;
    rig.quiet().await;
    engine
}

#[tokio::test]
async fn an_account_that_appears_late_is_closed_if_its_user_is_gone() {
    let rig = Rig::new(&[]).await;
    let engine = deleted_while_it_is_made(&rig).await;
    rig.add_account("ann", Role::Viewer);
    rig.check_now();
    rig.until("closed", || async {
        rig.grafana.user("ann").is_some_and(|ann| ann.disabled)
    })
    .await;
    rig.quiet().await;
    assert_eq!(rig.store.noted_creation("id-ann").await.expect("read"), None);
    rig.check_now();
    rig.until("forgotten", || async {
        let left = rig.store.account_creations(&rig.tenant).await.expect("read");
        left.is_empty()
    })
    .await;
    engine.stop().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_ours_any_more_is_a_strangers() {
    let mut rig = Rig::new(&[]).await;
    let clock = Arc::new(Ahead::default());
    rig.clock = clock.clone();
    let engine = deleted_while_it_is_made(&rig).await;
    rig.check_now();
    rig.until("looked for", || async {
        let left = rig.store.account_creations(&rig.tenant).await.expect("read");
        left.iter().any(|asked| asked.looked_ms.is_some())
    })
    .await;
    clock.0.store(121_000, Ordering::Relaxed);
    rig.check_now();
    rig.until("forgotten", || async {
        rig.store.noted_creation("id-ann").await.expect("read").is_none()
    })
    .await;
    rig.add_account("ann", Role::Viewer);
    let before = engine.status(OrgId::new(1)).checked_ms;
    rig.check_now();
    rig.until("compared again", || async {
        engine.status(OrgId::new(1)).checked_ms > before
    })
    .await;
    rig.quiet().await;
    assert!(!rig.grafana.user("ann").expect("there").disabled);
    engine.stop().await;
}

/// Ann is deleted while Grafana makes her account, and comes back with the same id of the provider.
async fn returns(rig: &Rig, engine: &Engine) {
    let made = rig.grafana.user("ann").expect("made").id;
    let closed = || async { rig.grafana.user("ann").is_some_and(|ann| ann.disabled) };
    rig.until("closed", closed).await;
    rig.quiet().await;
    rig.comes_back("ann", "00u1").await;
    rig.until("open", || async { !closed().await }).await;
    rig.quiet().await;
    let back = rig.store.account("again-ann").await.expect("read").expect("an account");
    assert_eq!(back.grafana_id, Some(UserId::new(made)), "a second account was made");
    engine.stop().await;
}

impl Rig {
    async fn comes_back(&self, login: &str, external_id: &str) {
        let document = json!({"userName": login, "active": true, "externalId": external_id,
            "emails": [{"value": format!("{login}@ex.com"), "primary": true}]});
        let document = serde_json::from_value(document).expect("a document");
        let id = format!("again-{login}");
        let made = self.store.create_user(&self.ctx(), &id, document).await;
        made.expect("created");
        self.wake();
    }
}

#[tokio::test]
async fn who_is_deleted_while_being_made_returns_to_that_account() {
    let rig = Rig::new(&[]).await;
    rig.user("ann", true).await;
    rig.set("ann", "externalId", json!("00u1")).await;
    let gate = Gate::default();
    let held = Fault::new("/api/admin/users", Effect::Held(gate.clone()));
    rig.grafana.set_fault(held.method("POST").whole());
    let engine = rig.start();
    gate.reached().await;
    let done = rig.store.delete_user(&rig.ctx(), "id-ann", |_| Ok(())).await;
    assert!(done.expect("deleted"));
    rig.wake();
    gate.open();
    returns(&rig, &engine).await;
}

#[tokio::test]
async fn so_does_who_was_deleted_when_the_answer_was_lost() {
    let rig = Rig::new(&[]).await;
    rig.user("ann", true).await;
    rig.set("ann", "externalId", json!("00u1")).await;
    let lost = Fault::new("/api/admin/users", Effect::DropAnswer);
    rig.grafana.set_fault(lost.method("POST").whole());
    let engine = rig.start();
    rig.until("made", || async { rig.grafana.user("ann").is_some() }).await;
    let done = rig.store.delete_user(&rig.ctx(), "id-ann", |_| Ok(())).await;
    assert!(done.expect("deleted"));
    rig.wake();
    returns(&rig, &engine).await;
}

/// An account that is claimed, too: the look at it is held.
#[tokio::test]
async fn so_does_who_is_deleted_while_being_claimed() {
    let rig = Rig::new(&[("claim_policy", "login")]).await;
    let ann = rig.add_account("ann", Role::Viewer);
    rig.user("ann", true).await;
    rig.set("ann", "externalId", json!("00u1")).await;
    let gate = Gate::default();
    let held = Fault::new(&format!("/api/users/{ann}"), Effect::Held(gate.clone()));
    rig.grafana.set_fault(held.method("GET").whole());
    let engine = rig.start();
    gate.reached().await;
    let done = rig.store.delete_user(&rig.ctx(), "id-ann", |_| Ok(())).await;
    assert!(done.expect("deleted"));
    rig.wake();
    gate.open();
    returns(&rig, &engine).await;
}
