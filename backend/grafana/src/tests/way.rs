//! What stands between, what a refusal is about, and what a session is: an odd answer decides nothing.

use super::*;

/// Grafana with anonymous access, as a public demo has it.
async fn with_strangers() -> StandIn {
    configured(&[("auth.anonymous", "enabled", "true")]).await
}

#[tokio::test]
async fn a_balancers_cookie_before_grafanas_is_no_session() {
    let stand_in = start().await;
    stand_in.set_fault(Fault::new("", Effect::BalancerCookie).always());
    let grafana = client(&credentials(&stand_in));
    grafana.all_users().await.expect("users");
    stand_in.change(|world| world.age_sessions(Duration::from_secs(3600)));
    grafana.all_users().await.expect("users after the rotation");
    assert_eq!(stand_in.calls_to("POST /login"), 1);
    assert_eq!(stand_in.calls_to("POST /api/user/auth-tokens/rotate"), 1);
    assert!(!grafana.me().await.expect("signed in").by_password);
}

#[tokio::test]
async fn with_anonymous_access_a_dead_session_is_replaced() {
    let stand_in = with_strangers().await;
    let grafana = client(&credentials(&stand_in));
    grafana.all_users().await.expect("users");
    stand_in.change(|world| world.end_sessions(ADMIN));
    grafana.all_users().await.expect("users with a new session");
    grafana
        .writer(Purpose::Closing)
        .disable_user(UserId::new(77))
        .await
        .expect_err("there is no such user");
    assert_eq!(stand_in.calls_to("POST /login"), 2);
}

#[tokio::test]
async fn with_anonymous_access_a_dead_token_is_called_so() {
    let stand_in = with_strangers().await;
    let bad = Credentials {
        service_account_token: Some(Secret::new("glsa_bad")),
        ..credentials(&stand_in)
    };
    let failed = client(&bad).all_teams().await.expect_err("the token is wrong");
    assert!(matches!(failed, Error::TokenRefused(_)), "{failed:?}");
}

#[tokio::test]
async fn a_403_of_a_living_session_is_grafanas_and_keeps_its_words() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
    answer(&stand_in, "POST", "/disable", 403, &json!({"message": "Quota reached"}));
    let failed = grafana
        .writer(Purpose::Closing)
        .disable_user(UserId::new(7))
        .await
        .expect_err("refused");
    assert_eq!(
        failed,
        Error::Forbidden {
            message: "Quota reached".into(),
            permission: None
        }
    );
    assert_eq!(stand_in.calls_to("POST /login"), 1);
}

#[tokio::test]
async fn what_is_not_in_grafanas_words_decides_nothing() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
    grafana.me().await.expect("signed in");
    for status in [400, 401, 403, 404, 409, 412, 418] {
        stand_in.clear_faults();
        stand_in.set_fault(Fault::new("/api/users/7", Effect::Page(status)).always());
        stand_in.set_fault(Fault::new("/disable", Effect::Page(status)).always());
        let read = grafana.user(UserId::new(7)).await.expect_err("a page is no answer");
        let written = grafana
            .writer(Purpose::Closing)
            .disable_user(UserId::new(7))
            .await
            .expect_err("nor here");
        for failed in [read, written] {
            assert!(matches!(failed, Error::NotGrafana(_)), "{status}: {failed:?}");
            assert!(!failed.says_no(), "it may have been done: {status}");
        }
    }
    stand_in.clear_faults();
    stand_in.set_fault(Fault::new("/disable", Effect::Page(200)));
    let failed = grafana
        .writer(Purpose::Closing)
        .disable_user(UserId::new(7))
        .await
        .expect_err("a sign-in page");
    assert!(matches!(failed, Error::NotGrafana(_)), "{failed:?}");
    assert_eq!(stand_in.calls_to("POST /login"), 1, "none of it was about the session");
}

#[tokio::test]
async fn only_grafanas_401_at_the_sign_in_is_a_wrong_password() {
    let quota = json!({"message": "session Quota reached"}).to_string();
    let bad = json!({"messageId": "form-auth.invalid", "message": "bad login data"}).to_string();
    for effect in [
        Effect::Page(400),
        Effect::Page(401),
        Effect::Page(403),
        Effect::Page(200),
        Effect::Page(502),
        Effect::Answer(400, bad),
        Effect::Answer(403, quota),
        Effect::Answer(500, json!({"message": "Internal server error"}).to_string()),
        Effect::Drop,
    ] {
        let stand_in = start().await;
        stand_in.set_fault(Fault::new("/login", effect.clone()));
        let grafana = client(&credentials(&stand_in));
        let failed = grafana.me().await.expect_err("not signed in");
        assert!(
            matches!(failed, Error::Away(_) | Error::NotGrafana(_)),
            "{effect:?}: {failed:?}"
        );
        grafana.me().await.expect("it is tried again at once");
    }
}

#[tokio::test]
async fn a_401_after_a_200_of_the_sign_in_is_no_wrong_password() {
    let stand_in = start().await;
    let unknown = json!({"messageId": "auth.unauthorized", "message": "Unauthorized"}).to_string();
    stand_in.set_fault(Fault::new("/api/user", Effect::Answer(401, unknown)).whole());
    let grafana = client(&credentials(&stand_in));
    let failed = grafana.me().await.expect_err("not known yet");
    assert!(matches!(failed, Error::SessionLost(_)), "{failed:?}");
    grafana.me().await.expect("it is tried again at once");
}

#[tokio::test]
async fn a_refused_password_is_tried_again_when_a_person_asks() {
    let stand_in = start().await;
    stand_in.change(|world| world.set_password(ADMIN, "another"));
    let grafana = client(&credentials(&stand_in));
    grafana.me().await.expect_err("the password is wrong");
    assert!(
        grafana
            .refused_for()
            .await
            .is_some_and(|wait| wait > Duration::from_mins(9))
    );
    stand_in.change(|world| world.set_password(ADMIN, "secret"));
    grafana.me().await.expect_err("nobody has asked");
    assert_eq!(stand_in.calls_to("POST /login"), 1);
    grafana.try_again().await;
    grafana.me().await.expect("the password is right");
    assert_eq!(grafana.refused_for().await, None);
}

#[tokio::test]
async fn asking_again_and_again_locks_nobody_out() {
    for form_off in ["false", "true"] {
        let stand_in = configured(&[("auth", "disable_login_form", form_off)]).await;
        let mut grafana = client(&credentials(&stand_in));
        grafana.me().await.expect("signed in");
        stand_in.change(|world| world.set_password(ADMIN, "another"));
        for n in 0..12 {
            grafana.try_again().await;
            grafana.all_users().await.expect_err("the password is wrong");
            // Other passwords for the same account count with those before.
            let other = Credentials {
                admin_password: Some(Secret::new(format!("guess {n}"))),
                ..credentials(&stand_in)
            };
            let session = Session::after(&grafana.session, &other).await;
            grafana = Grafana::new(
                Http::build().expect("a client"),
                session,
                None,
                OrgId::new(1),
                Arc::new(Open),
            );
        }
        let right = Credentials {
            admin_password: Some(Secret::new("another")),
            ..credentials(&stand_in)
        };
        client(&right).me().await.expect("the account is not locked");
    }
}

#[tokio::test]
async fn where_nobody_can_sign_in_by_password_no_password_is_wrong() {
    let stand_in = configured(&[
        ("auth", "disable_login_form", "true"),
        ("auth.basic", "enabled", "false"),
    ])
    .await;
    let failed = client(&credentials(&stand_in)).me().await.expect_err("both are off");
    let said = failed.to_string();
    assert!(
        said.contains("disable_login_form") && said.contains("[auth.basic]"),
        "{said}"
    );
}

#[tokio::test]
async fn a_name_that_no_url_takes_says_nothing_about_grafana() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
    let failed = grafana.team_named(&"n".repeat(70_000)).await.expect_err("too long");
    assert!(matches!(Failure::from(&failed), Failure::NotSent(_)), "{failed:?}");
}
