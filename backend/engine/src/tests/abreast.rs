//! Several people at a time: what must hold whoever else is under way.

use super::*;

/// So many new people, from one number on, that trying more than one at a time pays; Grafana takes 5 ms for each.
async fn crowd(rig: &Rig, people: std::ops::Range<usize>) {
    rig.fake.world().slow = Some(Duration::from_millis(5));
    for n in people {
        rig.user(&format!("new{n}"), true).await;
    }
}

/// Logins in the order in which their accounts were made.
fn made(fake: &Fake) -> Vec<String> {
    let world = fake.world();
    let made = world.bodies.iter().filter(|(call, _)| call == "POST /api/admin/users");
    made.map(|(_, body)| body["login"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn many_new_people_are_made_several_at_a_time_and_each_once() {
    let rig = Rig::new(&[]).await;
    crowd(&rig, 0..110).await;
    let engine = rig.start();
    rig.quiet().await;
    let most = rig.fake.world().most_under_way;
    assert!((2..=4).contains(&most), "{most} at once");
    let mut logins = made(&rig.fake);
    logins.sort();
    logins.dedup();
    assert_eq!((logins.len(), rig.fake.calls_to("POST /api/admin/users")), (110, 110));
    assert!(rig.attention().await.is_empty());
    engine.stop().await;
}

#[tokio::test]
async fn a_few_new_people_are_made_one_at_a_time() {
    let rig = Rig::new(&[]).await;
    crowd(&rig, 0..15).await;
    let engine = rig.start();
    rig.quiet().await;
    assert_eq!(rig.fake.world().most_under_way, 1);
    engine.stop().await;
}

#[tokio::test]
async fn where_every_call_carries_the_password_one_is_under_way() {
    let rig = Rig::new(&[]).await;
    rig.fake.world().login_form = false;
    crowd(&rig, 0..60).await;
    let engine = rig.start();
    rig.quiet().await;
    // Four failed sign-ins at once would leave one until the account is locked.
    assert_eq!(rig.fake.world().most_under_way, 1);
    engine.stop().await;
}

#[tokio::test]
async fn who_is_to_be_locked_out_comes_before_the_rest_and_with_nobody_beside() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("leaver", true).await;
    rig.quiet().await;
    engine.stop().await;
    crowd(&rig, 0..150).await;
    let engine = rig.start();
    rig.wake();
    rig.until("several are under way", || async {
        rig.fake.world().most_under_way > 1
    })
    .await;
    rig.set("leaver", "active", json!(false)).await;
    rig.quiet().await;
    engine.stop().await;
    let world = rig.fake.world();
    assert_eq!(world.beside_closing, 0);
    let at = world.calls.iter().position(|c| c.ends_with("/disable"));
    let after = &world.calls[at.expect("locked out")..];
    assert!(after.iter().any(|c| c == "POST /api/admin/users"), "the last of all");
}

#[tokio::test]
async fn of_two_new_people_with_one_address_one_gets_the_account_and_the_other_is_shown() {
    let rig = Rig::new(&[]).await;
    crowd(&rig, 0..30).await;
    for n in 0..10 {
        // One's login is the other's e-mail: whoever is first, Grafana has the account before it is on disk whose it is.
        rig.user(&format!("pair{n}@ex.com"), true).await;
        rig.user(&format!("pair{n}"), true).await;
    }
    let engine = rig.start();
    rig.quiet().await;
    assert!(rig.fake.world().most_under_way > 1);
    assert_eq!(rig.fake.calls_to("POST /api/admin/users"), 40, "no call in vain");
    assert_eq!(rig.attention().await.len(), 10);
    for (action, outcome) in rig.actions().await {
        assert!(
            action == Action::UserCreate || outcome == Outcome::Attention,
            "{action:?}"
        );
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_session_that_ends_while_several_are_under_way_costs_one_failed_sign_in() {
    let rig = Rig::new(&[]).await;
    crowd(&rig, 0..150).await;
    let engine = rig.start();
    rig.wake();
    rig.until("several are under way", || async {
        rig.fake.world().most_under_way > 1
    })
    .await;
    let before = {
        let mut world = rig.fake.world();
        world.password = "another".into();
        world.cookie += 10;
        world.calls.iter().filter(|c| *c == "POST /login").count()
    };
    rig.until("refused", || async {
        engine.status(1).state == EngineState::CredentialsRefused
    })
    .await;
    rig.user("late", true).await;
    rig.check_now();
    rig.until("taken", || async {
        rig.store.user(&rig.tenant, "id-late").await.expect("read").is_some()
    })
    .await;
    engine.stop().await;
    assert_eq!(rig.fake.calls_to("POST /login"), before + 1);
    assert_eq!(
        engine.status(1).state,
        EngineState::CredentialsRefused,
        "nobody else's success opens it"
    );
}
