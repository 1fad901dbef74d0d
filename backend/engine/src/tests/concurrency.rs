//! Several people at a time: what must hold while others are under way.

use super::*;

/// So many new people, from one number on, that trying more than one at a time pays; Grafana takes 5 ms for each.
async fn crowd(rig: &Rig, people: std::ops::Range<usize>) {
    let slow = Fault::new("", Effect::Slow(Duration::from_millis(5)));
    rig.grafana.set_fault(slow.method("POST").always());
    for n in people {
        rig.user(&format!("new{n}"), true).await;
    }
}

/// Logins in the order in which their accounts were made.
fn made(rig: &Rig) -> Vec<String> {
    let mut made = rig.grafana.calls();
    made.retain(|call| call.to_string() == "POST /api/admin/users");
    made.iter()
        .map(|call| {
            let sent: Value = serde_json::from_str(&call.body).expect("JSON");
            sent["login"].as_str().unwrap_or_default().to_owned()
        })
        .collect()
}

/// The calls that changed something, while they were under way.
fn changing(rig: &Rig) -> Vec<Call> {
    let mut calls = rig.grafana.calls();
    calls.retain(|call| call.method != "GET");
    calls
}

/// How many calls that change something were under way at once, at most.
fn most_at_once(rig: &Rig) -> usize {
    let calls = changing(rig);
    let beside = |one: &Call| {
        let begun = calls.iter().filter(|other| other.began <= one.began);
        begun.filter(|other| one.began < other.at).count()
    };
    calls.iter().map(beside).max().unwrap_or_default()
}

/// How many calls that change something were under way beside a locking out.
fn beside_locking_out(rig: &Rig) -> usize {
    let calls = changing(rig);
    let mut locking = calls.iter().filter(|call| call.path.ends_with("/disable"));
    let locking = locking.next().expect("somebody was locked out");
    let beside = calls
        .iter()
        .filter(|other| other.began < locking.at && locking.began < other.at);
    beside.count() - 1
}

#[tokio::test]
async fn many_new_people_are_made_several_at_a_time_and_each_once() {
    let rig = Rig::new(&[]).await;
    crowd(&rig, 0..110).await;
    let engine = rig.start();
    rig.quiet().await;
    let most = most_at_once(&rig);
    assert!((2..=4).contains(&most), "{most} at once");
    let mut logins = made(&rig);
    logins.sort();
    logins.dedup();
    assert_eq!(
        (logins.len(), rig.grafana.calls_to("POST /api/admin/users")),
        (110, 110)
    );
    assert!(rig.attention().await.is_empty());
    engine.stop().await;
}

#[tokio::test]
async fn a_few_new_people_are_made_one_at_a_time() {
    let rig = Rig::new(&[]).await;
    crowd(&rig, 0..15).await;
    let engine = rig.start();
    rig.quiet().await;
    assert_eq!(most_at_once(&rig), 1);
    engine.stop().await;
}

#[tokio::test]
async fn where_every_call_carries_the_password_one_is_under_way() {
    let rig = Rig::with(options().with_setting("auth", "disable_login_form", "true"), &[]).await;
    crowd(&rig, 0..60).await;
    let engine = rig.start();
    rig.quiet().await;
    // Four failed sign-ins at once would leave one until the account is locked.
    assert_eq!(most_at_once(&rig), 1);
    engine.stop().await;
}

#[tokio::test]
async fn closings_come_before_the_rest_and_alone() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("leaver", true).await;
    rig.quiet().await;
    engine.stop().await;
    crowd(&rig, 0..150).await;
    let engine = rig.start();
    rig.wake();
    rig.until("several are under way", || async { most_at_once(&rig) > 1 })
        .await;
    rig.set("leaver", "active", json!(false)).await;
    rig.quiet().await;
    engine.stop().await;
    assert_eq!(beside_locking_out(&rig), 0);
    let calls = rig.calls();
    let at = calls.iter().position(|c| c.ends_with("/disable"));
    let after = &calls[at.expect("locked out")..];
    assert!(after.iter().any(|c| c == "POST /api/admin/users"), "the last of all");
}

#[tokio::test]
async fn two_people_with_one_text_for_a_name_get_two_accounts() {
    let rig = Rig::new(&[]).await;
    crowd(&rig, 0..30).await;
    for n in 0..10 {
        // One's login is the other's e-mail: Grafana takes both (G4), and neither is taken for the other.
        rig.user(&format!("pair{n}@ex.com"), true).await;
        rig.user(&format!("pair{n}"), true).await;
    }
    let engine = rig.start();
    rig.quiet().await;
    assert!(most_at_once(&rig) > 1);
    assert_eq!(rig.grafana.calls_to("POST /api/admin/users"), 50, "no call in vain");
    let told = rig.attention().await;
    assert!(told.is_empty(), "{told:?}");
    for (action, outcome) in rig.actions().await {
        assert_eq!((action, outcome), (Action::UserCreate, Outcome::Done));
    }
    engine.stop().await;
}

#[tokio::test]
async fn an_ended_session_under_load_costs_one_failed_sign_in() {
    let rig = Rig::new(&[]).await;
    crowd(&rig, 0..150).await;
    let engine = rig.start();
    rig.wake();
    rig.until("several are under way", || async { most_at_once(&rig) > 1 })
        .await;
    let before = rig.grafana.calls_to("POST /login");
    // Which ends the session.
    rig.grafana.change(|world| world.set_password(ME, "another"));
    rig.until("refused", || async {
        engine.status(OrgId::new(1)).state == EngineState::CredentialsRefused
    })
    .await;
    rig.user("late", true).await;
    rig.check_now();
    rig.until("taken", || async {
        rig.store.user(&rig.tenant, "id-late").await.expect("read").is_some()
    })
    .await;
    engine.stop().await;
    assert_eq!(rig.grafana.calls_to("POST /login"), before + 1);
    assert_eq!(
        engine.status(OrgId::new(1)).state,
        EngineState::CredentialsRefused,
        "nobody else's success opens it"
    );
}
