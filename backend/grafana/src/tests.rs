//! The client against a small Grafana: signing in, staying signed in, and what failures mean.

use std::{sync::Arc, time::Duration};

use domain::{OrgId, Secret, UserId, attempt::Failure, operation::Purpose};
use grafana_stand_in::{Call, Effect, Fault, Options, Role, StandIn};
use serde_json::{Value, json};

use super::*;

mod way;

/// The stand-in's first account: the server admin that [`credentials`] name.
const ADMIN: i64 = 1;

/// Grafana with these lines in its configuration file: section, key, value.
async fn configured(lines: &[(&str, &str, &str)]) -> StandIn {
    let mut options = Options::default().with_setting("security", "admin_password", "secret");
    for (section, key, value) in lines {
        options.settings.put(section, key, value);
    }
    StandIn::start(options).await.expect("a free port")
}

async fn start() -> StandIn {
    configured(&[]).await
}

fn credentials(stand_in: &StandIn) -> Credentials {
    Credentials {
        url: stand_in.url().to_owned(),
        admin_user: Some("admin".into()),
        admin_password: Some(Secret::new("secret")),
        service_account_token: None,
    }
}

/// From now on these calls get this answer.
fn answer(stand_in: &StandIn, method: &str, path: &str, status: u16, body: &Value) {
    stand_in.clear_faults();
    let effect = Effect::Answer(status, body.to_string());
    stand_in.set_fault(Fault::new(path, effect).method(method).always());
}

fn client(credentials: &Credentials) -> Grafana {
    let http = Http::build().expect("a client");
    Grafana::new(
        http,
        Session::new(credentials),
        credentials.token().cloned(),
        OrgId::new(1),
        Arc::new(Open),
    )
}

#[tokio::test]
async fn it_signs_in_once_and_uses_the_session_for_every_call() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
    for _ in 0..3 {
        grafana.all_users().await.expect("users");
    }
    assert_eq!(stand_in.calls_to("POST /login"), 1);
    assert_eq!(grafana.me().await.expect("signed in").login, "admin");
    assert!(!grafana.me().await.expect("signed in").by_password);
}

#[tokio::test]
async fn an_old_session_is_rotated_not_signed_in_again() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
    grafana.all_users().await.expect("users");
    stand_in.change(|world| world.age_sessions(Duration::from_secs(3600)));
    grafana.all_users().await.expect("users after the rotation");
    grafana.all_users().await.expect("and again");
    assert_eq!(stand_in.calls_to("POST /api/user/auth-tokens/rotate"), 1);
    assert_eq!(stand_in.calls_to("POST /login"), 1);
}

#[tokio::test]
async fn a_session_that_is_gone_is_replaced_by_signing_in_again() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
    grafana.all_users().await.expect("users");
    stand_in.change(|world| world.end_sessions(ADMIN));
    grafana.all_users().await.expect("users with a new session");
    assert_eq!(stand_in.calls_to("POST /login"), 2);
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_session_makes_no_new_one() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
    let refusal = json!({"messageId": "auth.unauthorized", "message": "not in this organization"});
    answer(&stand_in, "GET", "/api/teams", 401, &refusal);
    for _ in 0..3 {
        let failed = grafana.all_teams().await.expect_err("refused");
        assert_eq!(failed, Error::Unauthorized("not in this organization".into()));
    }
    assert_eq!(stand_in.calls_to("POST /login"), 1);
}

#[tokio::test]
async fn where_the_login_form_is_off_it_falls_back_to_basic_auth() {
    let stand_in = configured(&[("auth", "disable_login_form", "true")]).await;
    let grafana = client(&credentials(&stand_in));
    grafana.all_users().await.expect("users");
    grafana.all_users().await.expect("users");
    assert_eq!(stand_in.calls_to("POST /login"), 1);
    assert!(grafana.me().await.expect("signed in").by_password);
}

#[tokio::test]
async fn a_refused_password_is_tried_once() {
    for form_off in ["false", "true"] {
        let stand_in = configured(&[("auth", "disable_login_form", form_off)]).await;
        stand_in.change(|world| world.set_password(ADMIN, "another"));
        let grafana = client(&credentials(&stand_in));
        for _ in 0..10 {
            let failed = grafana.all_users().await.expect_err("the password is wrong");
            assert!(matches!(failed, Error::SignInRefused { .. }), "{failed:?}");
            assert!(!failed.to_string().contains("secret"));
        }
        assert_eq!(stand_in.calls_to("POST /login"), 1);
        assert!(stand_in.calls_to("GET ") <= 1, "{:?}", stand_in.calls());
    }
}

#[tokio::test]
async fn of_several_calls_at_once_one_signs_in_again() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
    let four = || async {
        let calls = (0..4).map(|_| grafana.all_users());
        futures_util::future::join_all(calls).await
    };
    assert!(four().await.iter().all(Result::is_ok));
    assert_eq!(stand_in.calls_to("POST /login"), 1);
    stand_in.change(|world| world.end_sessions(ADMIN));
    assert!(four().await.iter().all(Result::is_ok), "a new session for all");
    assert_eq!(stand_in.calls_to("POST /login"), 2);
    // Which ends every session.
    stand_in.change(|world| world.set_password(ADMIN, "another"));
    let all = four().await;
    let refused = |r: &Result<_>| matches!(r, Err(Error::SignInRefused { .. }));
    assert!(all.iter().all(refused), "{all:?}");
    assert_eq!(stand_in.calls_to("POST /login"), 3);
}

#[tokio::test]
async fn teams_are_called_by_the_token_where_there_is_one() {
    let stand_in = start().await;
    let (_, key) = stand_in.change(|world| {
        let account = world.add_service_account(1, "rollcall", Role::Admin);
        world.add_token(account, "key")
    });
    let good = Credentials {
        service_account_token: Some(Secret::new(key)),
        ..credentials(&stand_in)
    };
    let grafana = client(&good);
    grafana.all_teams().await.expect("teams");
    assert_eq!(stand_in.calls_to("POST /login"), 0);
    let bad = Credentials {
        service_account_token: Some(Secret::new("glsa_bad")),
        ..credentials(&stand_in)
    };
    let failed = client(&bad).all_teams().await.expect_err("the token is wrong");
    assert_eq!(Failure::from(&failed), Failure::Unauthorized);
}

#[tokio::test]
async fn failures_are_told_apart_by_what_to_do_about_them() {
    let stand_in = start().await;
    let grafana = client(&credentials(&stand_in));
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
        (302, json!({"message": "moved"})),
    ] {
        answer(&stand_in, "POST", "/api/admin/users", status, &body);
        let failed = grafana
            .writer(Purpose::Closing)
            .disable_user(UserId::new(7))
            .await
            .expect_err("refused");
        seen.push(Failure::from(&failed));
    }
    assert_eq!(
        seen,
        [
            Failure::ExternalUser,
            Failure::ExternalUser,
            Failure::Conflict("User with email 'x' or username 'y' already exists".into()),
            Failure::Conflict("Team name taken".into()),
            Failure::Forbidden {
                message: "You'll need additional permissions to perform this action. Permissions needed: users:create"
                    .into(),
                permission: Some("users:create".into())
            },
            Failure::Busy(None),
            Failure::Away("Grafana did not answer".into()),
            Failure::Refused {
                status: 500,
                message: "database is locked".into()
            },
            // Which of the two it was tells of the network behind.
            Failure::Away("Grafana did not answer".into()),
        ]
    );
}

#[tokio::test]
async fn nobody_there_is_away_without_naming_the_url() {
    let nowhere = Credentials {
        url: "http://127.0.0.1:9".into(),
        ..credentials(&start().await)
    };
    let grafana = client(&nowhere);
    let failed = grafana.lookup("ann@ex.com").await.expect_err("nobody listens");
    assert!(matches!(failed, Error::Away(_)), "{failed:?}");
    assert!(!failed.to_string().contains("ann@ex.com"));
}

#[tokio::test]
async fn the_test_says_what_each_credential_can_do_and_signs_out() {
    let stand_in = start().await;
    let bad = Credentials {
        service_account_token: Some(Secret::new("glsa_bad")),
        ..credentials(&stand_in)
    };
    let found = probe(&bad, OrgId::new(1)).await;
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
    assert_eq!(stand_in.calls_to("GET /logout"), 1);
    let changing = |call: &&Call| call.method != "GET" && call.path != "/login";
    assert_eq!(stand_in.calls().iter().filter(changing).count(), 0);
}

#[tokio::test]
async fn a_provider_set_up_on_grafanas_page_counts() {
    let stand_in = configured(&[
        ("auth.generic_oauth", "enabled", "true"),
        ("auth.generic_oauth", "skip_org_role_sync", "true"),
    ])
    .await;
    let grafana = client(&credentials(&stand_in));
    let file = grafana.admin_settings().await.expect("no such route is no failure");
    assert_eq!(file.login.suspension_holds(), Some(true));
    let provider = |source: &str, provider: &str| {
        json!({ "id": "", "provider": provider, "source": source,
            "settings": { "enabled": true, "skipOrgRoleSync": false, "clientSecret": "*********" } })
    };
    let page = json!([provider("system", "okta"), provider("database", "azuread")]);
    answer(&stand_in, "GET", "/api/v1/sso-settings", 200, &page);
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
        answer(&stand_in, "GET", "/api/v1/sso-settings", 200, &page);
        let sign_in = grafana.admin_settings().await.expect("settings").sign_in;
        assert_eq!((sign_in.ldap, sign_in.sign_up), (Some(ldap), Some(sign_up)));
    }

    answer(&stand_in, "GET", "/api/v1/sso-settings", 403, &json!({"message": "no"}));
    assert_eq!(grafana.admin_settings().await.expect("settings"), file);
    // Half an answer would say that a suspension holds where it does not.
    answer(&stand_in, "GET", "/api/v1/sso-settings", 502, &json!("a proxy's page"));
    grafana.admin_settings().await.expect_err("Grafana is away");
}
