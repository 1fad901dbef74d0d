//! The client against a small Grafana: signing in, staying signed in, and what failures mean.

use domain::{Secret, attempt::Failure};
use serde_json::json;

use super::{fake::Fake, *};

fn client(credentials: &Credentials) -> Grafana {
    let http = Http::build().expect("a client");
    Grafana::new(http, Session::new(credentials), credentials.token().cloned(), 1)
}

#[tokio::test]
async fn it_signs_in_once_and_uses_the_session_for_every_call() {
    let fake = Fake::start().await;
    let grafana = client(&fake.credentials());
    for _ in 0..3 {
        grafana.all_users().await.expect("users");
    }
    assert_eq!(fake.calls_to("POST /login"), 1);
    assert_eq!(grafana.me().await.expect("signed in").login, "admin");
    assert!(!grafana.me().await.expect("signed in").by_password);
}

#[tokio::test]
async fn an_old_session_is_rotated_not_signed_in_anew() {
    let fake = Fake::start().await;
    let grafana = client(&fake.credentials());
    grafana.all_users().await.expect("users");
    fake.world().must_rotate = true;
    grafana.all_users().await.expect("users after the rotation");
    grafana.all_users().await.expect("and again");
    assert_eq!(fake.calls_to("POST /api/user/auth-tokens/rotate"), 1);
    assert_eq!(fake.calls_to("POST /login"), 1);
}

#[tokio::test]
async fn a_session_that_is_gone_is_replaced_by_signing_in_again() {
    let fake = Fake::start().await;
    let grafana = client(&fake.credentials());
    grafana.all_users().await.expect("users");
    fake.world().cookie += 10;
    grafana.all_users().await.expect("users with a new session");
    assert_eq!(fake.calls_to("POST /login"), 2);
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_session_makes_no_new_one() {
    let fake = Fake::start().await;
    let grafana = client(&fake.credentials());
    let refusal = json!({"messageId": "auth.unauthorized", "message": "not in this organization"});
    fake.world().refuse = Some(("GET /api/teams", 401, refusal));
    for _ in 0..3 {
        let failed = grafana.all_teams().await.expect_err("refused");
        assert_eq!(Failure::from(&failed), Failure::Unauthorized);
    }
    assert_eq!(fake.calls_to("POST /login"), 1);
}

#[tokio::test]
async fn where_the_login_form_is_off_it_falls_back_to_basic_auth() {
    let fake = Fake::start().await;
    fake.world().login_form = false;
    let grafana = client(&fake.credentials());
    grafana.all_users().await.expect("users");
    grafana.all_users().await.expect("users");
    assert_eq!(fake.calls_to("POST /login"), 1);
    assert!(grafana.me().await.expect("signed in").by_password);
}

#[tokio::test]
async fn a_refused_password_is_tried_exactly_once_because_five_failures_lock_the_account() {
    let fake = Fake::start().await;
    for form in [true, false] {
        fake.world().login_form = form;
        fake.world().password = "another".into();
        fake.world().calls.clear();
        let grafana = client(&fake.credentials());
        for _ in 0..10 {
            let failed = grafana.all_users().await.expect_err("the password is wrong");
            assert!(matches!(failed, Error::SignInRefused { .. }), "{failed:?}");
            assert!(!failed.to_string().contains("secret"));
        }
        assert_eq!(fake.calls_to("POST /login"), 1);
        assert!(fake.calls_to("GET ") <= 1, "{:?}", fake.world().calls);
    }
}

#[tokio::test]
async fn of_several_calls_at_once_one_signs_in_again_and_a_refused_password_is_tried_once() {
    let fake = Fake::start().await;
    let grafana = client(&fake.credentials());
    let four = || async {
        let calls = (0..4).map(|_| grafana.all_users());
        futures_util::future::join_all(calls).await
    };
    assert!(four().await.iter().all(Result::is_ok));
    assert_eq!(fake.calls_to("POST /login"), 1);
    fake.world().cookie += 10;
    assert!(four().await.iter().all(Result::is_ok), "a new session for all");
    assert_eq!(fake.calls_to("POST /login"), 2);
    {
        let mut world = fake.world();
        world.cookie += 10;
        world.password = "another".into();
    }
    let all = four().await;
    let refused = |r: &Result<_>| matches!(r, Err(Error::SignInRefused { .. }));
    assert!(all.iter().all(refused), "{all:?}");
    assert_eq!(fake.calls_to("POST /login"), 3);
}

#[tokio::test]
async fn teams_are_called_by_the_token_where_there_is_one() {
    let fake = Fake::start().await;
    let credentials = Credentials {
        service_account_token: Some(Secret::new("glsa_good")),
        ..fake.credentials()
    };
    let grafana = client(&credentials);
    grafana.all_teams().await.expect("teams");
    assert_eq!(fake.calls_to("POST /login"), 0);
    let bad = Credentials {
        service_account_token: Some(Secret::new("glsa_bad")),
        ..fake.credentials()
    };
    let failed = client(&bad).all_teams().await.expect_err("the token is wrong");
    assert_eq!(Failure::from(&failed), Failure::Unauthorized);
}

#[tokio::test]
async fn failures_are_told_apart_by_what_to_do_about_them() {
    let fake = Fake::start().await;
    let grafana = client(&fake.credentials());
    let mut seen = Vec::new();
    for (status, body) in [
        (500, json!({"message": "Could not disable external user"})),
        (403, json!({"message": "Cannot update external User"})),
        (
            412,
            json!({"message": "User with email 'x' or username 'y' already exists"}),
        ),
        (400, json!({"message": "Team name taken"})),
        (
            403,
            json!({"message": "You'll need additional permissions to perform this action. Permissions needed: users:create"}),
        ),
        (429, json!({"message": "slow down"})),
        (502, json!("<html>")),
        (500, json!({"message": "database is locked"})),
        (302, json!({})),
    ] {
        fake.world().refuse = Some(("POST /api/admin/users", status, body));
        let failed = grafana.disable_user(7).await.expect_err("refused");
        seen.push(Failure::from(&failed));
    }
    assert_eq!(
        seen,
        [
            Failure::ExternalUser,
            Failure::ExternalUser,
            Failure::Conflict("User with email 'x' or username 'y' already exists".into()),
            Failure::Conflict("Team name taken".into()),
            Failure::Forbidden(Some("users:create".into())),
            Failure::Busy(None),
            Failure::Away,
            Failure::Refused {
                status: 500,
                message: "database is locked".into()
            },
            Failure::Away,
        ]
    );
}

#[tokio::test]
async fn nobody_there_is_away_without_naming_the_url() {
    let credentials = Credentials {
        url: "http://127.0.0.1:9".into(),
        ..Fake::start().await.credentials()
    };
    let http = Http::build().expect("a client");
    let grafana = Grafana::new(http, Session::new(&credentials), None, 1);
    let failed = grafana.lookup("ann@ex.com").await.expect_err("nobody listens");
    assert_eq!(Failure::from(&failed), Failure::Away);
    assert!(!failed.to_string().contains("ann@ex.com"));
}

#[tokio::test]
async fn the_test_button_says_what_each_credential_can_do_and_signs_out() {
    let fake = Fake::start().await;
    let credentials = Credentials {
        service_account_token: Some(Secret::new("glsa_bad")),
        ..fake.credentials()
    };
    let found = probe(&credentials, 1).await;
    assert_eq!(found.version.as_deref(), Some("11.1.1"));
    for good in [
        &found.reached,
        &found.sign_in,
        &found.server_admin,
        &found.list_users,
        &found.org_admin,
        &found.read_settings,
    ] {
        assert_eq!(*good, Finding::Yes, "{found:?}");
    }
    assert!(matches!(found.token_teams, Finding::No(_)));
    assert_eq!(fake.calls_to("GET /logout"), 1);
    let mutating = |c: &&String| !c.starts_with("GET ") && *c != "POST /login";
    assert_eq!(fake.world().calls.iter().filter(mutating).count(), 0);
}

#[tokio::test]
async fn a_provider_that_is_set_up_on_grafanas_page_counts_as_the_page_says() {
    let fake = Fake::start().await;
    let grafana = client(&fake.credentials());
    let file = grafana.admin_settings().await.expect("no such route is no failure");
    assert_eq!(file.login.suspension_holds(), Some(true));
    let provider = |source: &str, provider: &str| {
        json!({ "id": "", "provider": provider, "source": source,
            "settings": { "enabled": true, "skipOrgRoleSync": false, "clientSecret": "*********" } })
    };
    let page = json!([provider("system", "okta"), provider("database", "azuread")]);
    fake.world().refuse = Some(("GET /api/v1/sso-settings", 200, page));
    let both = grafana.admin_settings().await.expect("settings");
    assert_eq!(both.login.suspension_holds(), Some(false));
    let about = |section: &str| {
        let findings = domain::login::examine(&both.login);
        findings.into_iter().any(|finding| finding.provider == section)
    };
    assert!(about("auth.azuread") && about("auth.generic_oauth"));
    assert!(
        !about("auth.okta"),
        "the file is what counts for it, and it says nothing"
    );

    // LDAP, and who is made by a sign-in, as on the page.
    let sso = |provider: &str, enabled: bool, sign_up: bool| json!({ "provider": provider, "source": "database", "settings": { "enabled": enabled, "allowSignUp": sign_up } });
    for (page, ldap, sign_up) in [
        (
            json!([sso("ldap", true, false), sso("generic_oauth", true, false)]),
            true,
            false,
        ),
        (
            json!([sso("ldap", false, true), sso("generic_oauth", true, true)]),
            false,
            true,
        ),
    ] {
        fake.world().refuse = Some(("GET /api/v1/sso-settings", 200, page));
        let doors = grafana.admin_settings().await.expect("settings").doors;
        assert_eq!((doors.ldap, doors.sign_up), (Some(ldap), Some(sign_up)));
    }

    fake.world().refuse = Some(("GET /api/v1/sso-settings", 403, json!({"message": "no"})));
    assert_eq!(grafana.admin_settings().await.expect("settings"), file);
    // Half an answer would say that a suspension holds where it does not.
    fake.world().refuse = Some(("GET /api/v1/sso-settings", 502, json!("a proxy's page")));
    grafana.admin_settings().await.expect_err("Grafana is away");
}
