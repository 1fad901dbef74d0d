//! One odd answer never ends the work: what fails is tried again, and a failure of one thing is that thing's.

use std::sync::atomic::AtomicI64;

use grafana_stand_in::wrong;
use store::{Mark, Urgency};
use tokio::time::{Instant as Moment, advance};

use super::{
    absence::{Moved, Still, breathe, comes, nothing_waits, stops},
    scans::compared,
    *,
};

const HOUR_MS: i64 = 3_600_000;

/// A clock that somebody sets.
#[derive(Default)]
struct SetByHand(AtomicI64);

impl Clock for SetByHand {
    fn now_ms(&self) -> i64 {
        RealClock.now_ms() + self.0.load(Ordering::Relaxed)
    }

    fn elapsed_ms(&self) -> i64 {
        RealClock.now_ms()
    }
}

async fn closed(rig: &Rig, login: &str) {
    rig.until("closed", || async {
        rig.grafana.user(login).is_some_and(|user| user.disabled)
    })
    .await;
}

#[tokio::test]
async fn what_was_refused_and_shown_is_tried_again_by_itself() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.quiet().await;
    let denied = json!({"message": "You'll need additional permissions. Permissions needed: users:create"});
    for path in ["/disable", "/api/admin/users"] {
        let effect = Effect::Answer(403, denied.to_string());
        rig.grafana.set_fault(Fault::new(path, effect).method("POST").times(2));
    }
    rig.set("ann", "active", json!(false)).await;
    rig.user("bob", true).await;
    rig.until("shown", || async { !rig.attention().await.is_empty() }).await;
    closed(&rig, "ann").await;
    rig.until("made", || async { rig.grafana.user("bob").is_some() }).await;
    rig.until("nothing is shown", || async { rig.attention().await.is_empty() })
        .await;
    // Said once, however often it was tried.
    let lines = rig.actions().await;
    let told = lines.iter().filter(|(_, outcome)| *outcome == Outcome::Attention);
    assert!(told.count() <= 2, "{lines:?}");
    engine.stop().await;
}

/// Grafana takes team names of any length, and no URL does.
#[tokio::test]
async fn a_name_that_no_url_takes_is_the_problem_of_its_own_group() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    let name = "n".repeat(70_000);
    let document = serde_json::from_value(json!({"displayName": name})).expect("a document");
    rig.store
        .create_group(&rig.ctx(), "id-long", document, &[], false)
        .await
        .expect("created");
    rig.group("eng", &["ann"]).await;
    rig.until("the team", || async { rig.grafana.team("eng").is_some() })
        .await;
    rig.until("shown", || async { !rig.attention().await.is_empty() }).await;
    let refused = rig.attention().await.remove(0).attention;
    let Attention::GrafanaRefused { refusal, .. } = refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(refusal, Refusal::NotSent { .. }), "{refusal:?}");
    assert_eq!(engine.status(OrgId::new(1)).state, EngineState::Running);
    engine.stop().await;
}

/// Everybody else's work goes on while one call finds no answer at all.
#[tokio::test]
async fn what_fails_for_one_person_holds_nobody_else_up() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.user("leaver", true).await;
    rig.quiet().await;
    let ann = rig.grafana.user("ann").expect("an account").id;
    for effect in [
        Effect::Page(502),
        Effect::Page(403),
        Effect::Drop,
        Effect::Busy(503, 30),
    ] {
        rig.grafana.clear_faults();
        let path = format!("/api/users/{ann}");
        rig.grafana
            .set_fault(Fault::new(&path, effect).whole().method("GET").always());
        rig.set("ann", "displayName", json!("Ann Again")).await;
        let name = format!("new-{}", rig.calls().len());
        rig.user(&name, true).await;
        rig.wake();
        rig.until("a new person is made", || async { rig.grafana.user(&name).is_some() })
            .await;
        assert_eq!(engine.status(OrgId::new(1)).state, EngineState::Running);
    }
    rig.set("leaver", "active", json!(false)).await;
    closed(&rig, "leaver").await;
    engine.stop().await;
}

#[tokio::test]
async fn a_refused_sign_in_is_tried_again_after_ten_minutes() {
    let _still = Still::new();
    let mut rig = Rig::new(&[]).await;
    rig.clock = Arc::new(Moved::new());
    rig.user("ann", true).await;
    let engine = rig.start();
    comes(&rig, "an account", || nothing_waits(&rig)).await;
    rig.grafana.change(|world| {
        world.set_password(ME, "another");
        world.end_sessions(ME);
    });
    rig.set("ann", "active", json!(false)).await;
    let refused = || async { engine.status(OrgId::new(1)).state == EngineState::CredentialsRefused };
    comes(&rig, "refused", refused).await;
    let tried = rig.grafana.calls_to("POST /login");
    let (began, minutes) = (Moment::now(), Duration::from_mins);
    while began.elapsed() < minutes(35) {
        advance(Duration::from_secs(5)).await;
        breathe().await;
    }
    let more = rig.grafana.calls_to("POST /login") - tried;
    assert!((2..=4).contains(&more), "{more} tries in 35 minutes");
    rig.grafana.change(|world| world.set_password(ME, "secret"));
    let began = Moment::now();
    while !rig.grafana.user("ann").expect("kept").disabled {
        assert!(began.elapsed() < minutes(12), "still open");
        advance(Duration::from_secs(5)).await;
        breathe().await;
    }
    stops(&engine).await;
}

#[tokio::test]
async fn work_that_waits_for_an_hour_set_back_is_done_at_once() {
    let mut rig = Rig::new(&[]).await;
    let clock = Arc::new(SetByHand::default());
    rig.clock = clock.clone();
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.quiet().await;
    clock.0.store(2 * HOUR_MS, Ordering::Relaxed);
    rig.answer("POST", "/disable", 500, &json!({"message": "database is locked"}));
    rig.set("ann", "active", json!(false)).await;
    rig.until("it fails", || async {
        rig.grafana.calls().iter().any(|call| call.path.ends_with("/disable"))
    })
    .await;
    clock.0.store(0, Ordering::Relaxed);
    rig.grafana.clear_faults();
    rig.wake();
    closed(&rig, "ann").await;
    engine.stop().await;
}

#[tokio::test]
async fn work_of_a_clock_that_was_ahead_does_not_outlive_a_restart() {
    let rig = Rig::new(&[]).await;
    rig.user("ann", true).await;
    let ahead = Mark {
        tenant: &rig.tenant,
        kind: Kind::User,
        id: "id-ann",
        urgency: Urgency::Normal,
        correlation: "c",
        now_ms: RealClock.now_ms() + HOUR_MS / 2,
    };
    rig.store.mark(&ahead).await.expect("marked");
    let engine = rig.start();
    rig.quiet().await;
    assert!(rig.grafana.user("ann").is_some());
    engine.stop().await;
}

/// Until a comparison that began after now has failed.
async fn compared_in_vain(rig: &Rig, engine: &Engine, says: &str) {
    rig.check_now();
    rig.until(says, || async {
        let error = engine.status(OrgId::new(1)).error;
        error.is_some_and(|error| error.contains("implausibly") && error.contains(says))
    })
    .await;
}

/// Feature flags of Grafana have produced each of them (G76).
#[tokio::test]
async fn a_list_that_cannot_be_true_changes_nothing() {
    let rig = Rig::new(&[("mapping_mode", "create")]).await;
    let engine = rig.start();
    for login in ["ann", "bob", "cy", "dan"] {
        rig.user(login, true).await;
    }
    rig.group("eng", &["ann", "bob", "cy"]).await;
    rig.quiet().await;
    let by_hand = rig.add_account("hand", Role::Viewer);
    let team = rig.grafana.team("eng").expect("the team").id;
    rig.grafana
        .change(|world| world.team_mut(team).expect("the team").members.insert(by_hand, MEMBER));
    compared(&rig, &engine).await;
    type Lie = (&'static str, fn(&mut Value), &'static str);
    let lies: [Lie; 7] = [
        ("/api/users/search", wrong::zero_ids, "id below 1"),
        ("/api/users/search", wrong::negative_ids, "id below 1"),
        ("/api/users/search", wrong::blank_logins, "without a login"),
        ("/api/users/search", wrong::empty_list, "list of users"),
        ("/api/org/users/search", wrong::empty_list, "organization's people"),
        ("/api/teams/search", wrong::empty_list, "list of teams"),
        ("/api/teams/search", wrong::zero_ids, "id below 1"),
    ];
    for (path, lie, says) in lies {
        rig.grafana.clear_faults();
        rig.grafana.clear_calls();
        rig.grafana
            .set_fault(Fault::new(path, Effect::Rewrite(lie)).method("GET").always());
        compared_in_vain(&rig, &engine, says).await;
        let changes: Vec<String> = rig
            .calls()
            .into_iter()
            .filter(|call| !call.starts_with("GET "))
            .collect();
        assert_eq!(changes, Vec::<String>::new(), "{path}: {says}");
    }
    // Members that are all gone at once, and are not: nobody added by hand is thrown out.
    rig.grafana.clear_faults();
    let members = Fault::new("/api/teams/*/members", Effect::Rewrite(wrong::empty_list));
    rig.grafana.set_fault(members.method("GET").always());
    rig.change_group("eng", "eng", vec![MemberChange::Add(vec![Member::user("id-dan")])])
        .await;
    rig.until("tried", || async {
        rig.grafana.calls_to(&format!("GET /api/teams/{team}/members")) > 1
    })
    .await;
    rig.grafana.clear_faults();
    rig.check_now();
    rig.until("added", || async { logins(&rig.grafana, "eng").len() == 5 })
        .await;
    assert_eq!(logins(&rig.grafana, "eng"), ["ann", "bob", "cy", "dan", "hand"]);
    engine.stop().await;
}

/// Somebody deletes most people by hand: that is true, and no list is taken for wrong because it is short.
#[tokio::test]
async fn a_list_that_is_short_because_all_are_gone_is_true() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    for login in ["ann", "bob", "cy", "dan"] {
        rig.user(login, true).await;
    }
    rig.quiet().await;
    let ids = ["ann", "bob", "cy", "dan"].map(|login| rig.grafana.user(login).expect("an account").id);
    let before = engine.status(OrgId::new(1)).checked_ms;
    rig.grafana.change(|world| {
        for id in ids {
            world.delete(id);
        }
    });
    rig.check_now();
    rig.until("compared", || async {
        engine.status(OrgId::new(1)).checked_ms > before
    })
    .await;
    engine.stop().await;
}
