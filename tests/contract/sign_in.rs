//! Signing in (G25–G28).

use serde_json::{Value, json};

use crate::target::{As, Target, configured, contract, session, unique};

#[tokio::test]
async fn a_login_opens_a_session() {
    contract(async |g| {
        let ann = g.person().await;
        for name in [&ann.login, &ann.email.to_uppercase()] {
            let session = g.sign_in(name, &ann.password).await.unwrap();
            let me = g
                .call(&session, "GET", "/api/user", Value::Null)
                .await
                .expect(&[200])
                .unwrap();
            assert_eq!(me.str("/login"), ann.login);
        }
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_401() {
    contract(async |g| {
        let ann = g.person().await;
        let login = ann.login.as_str();
        for (name, password) in [(login, "wrong"), ("nobody-at-all", "x")] {
            let refused = g.sign_in(name, password).await.unwrap_err();
            assert_eq!(
                (refused.status, refused.str("/messageId")),
                (401, "password-auth.failed")
            );
            assert_eq!(refused.str("/message"), "Invalid username or password");
        }
        let who = As::Basic(ann.login.clone(), "wrong".into());
        let refused = g.call(&who, "GET", "/api/user", Value::Null).await;
        assert_eq!(
            (refused.status, refused.str("/messageId")),
            (401, "password-auth.failed")
        );
    })
    .await;
}

#[tokio::test]
async fn five_failures_lock_the_account_for_the_right_password_too() {
    contract(async |g| {
        let ann = g.person().await;
        for _ in 0..5 {
            g.sign_in(&ann.login, "wrong").await.unwrap_err();
        }
        refused_as_wrong(g, &ann.login, &ann.password).await;
        refused_as_wrong(g, &ann.login.to_uppercase(), &ann.password).await;
        // It is the name that was typed which is locked.
        g.sign_in(&ann.email, &ann.password).await.unwrap();
        // A session that is open stays so, and a new password unlocks.
        let path = format!("/api/admin/users/{}/password", ann.id);
        let answer = g.put(&path, json!({ "password": "another-Pass1" })).await;
        assert_eq!(answer.status, 200);
        g.sign_in(&ann.login, "another-Pass1").await.unwrap();
    })
    .await;
}

/// Basic auth and the form count together.
#[tokio::test]
async fn four_failures_do_not_lock_and_a_success_forgets_none() {
    contract(async |g| {
        let ann = g.person().await;
        let wrong = As::Basic(ann.login.clone(), "wrong".into());
        for _ in 0..2 {
            g.call(&wrong, "GET", "/api/user", Value::Null).await;
            g.sign_in(&ann.login, "wrong").await.unwrap_err();
        }
        let session = g.sign_in(&ann.login, &ann.password).await.unwrap();
        g.call(&wrong, "GET", "/api/user", Value::Null).await;
        refused_as_wrong(g, &ann.login, &ann.password).await;
        let own = g.call(&session, "GET", "/api/user", Value::Null).await;
        assert_eq!(own.status, 200);
    })
    .await;
}

/// By form and by basic auth, in the same words as a wrong password.
async fn refused_as_wrong(g: &Target, login: &str, password: &str) {
    let basic = As::Basic(login.to_owned(), password.to_owned());
    for refused in [
        g.sign_in(login, password).await.unwrap_err(),
        g.call(&basic, "GET", "/api/user", Value::Null).await,
    ] {
        assert_eq!(
            (refused.status, refused.str("/messageId"), refused.str("/message")),
            (401, "password-auth.failed", "Invalid username or password")
        );
    }
}

/// Where strangers are let in, a dead session is one: refused for want of a right, not of a session.
#[tokio::test]
async fn with_anonymous_access_a_dead_session_is_a_403() {
    configured(&[("auth.anonymous", "enabled", "true")], async |g| {
        let dead = As::Cookie("grafana_session=no-such".into());
        let wrong = As::Basic(unique("nobody"), "wrong".into());
        let bearer = As::Bearer("glsa_no_such".into());
        for who in [As::Nobody, dead, wrong, bearer] {
            for (method, path, permission) in [
                ("GET", "/api/users/search", "users:read"),
                ("GET", "/api/org/users", "org.users:read"),
                ("GET", "/api/orgs/1/users", "org.users:read"),
                ("POST", "/api/orgs/1/users", "org.users:add"),
                ("GET", "/api/teams/1/members", "teams.permissions:read"),
                ("GET", "/api/admin/settings", "settings:read"),
                ("GET", "/api/serviceaccounts/search", "serviceaccounts:read"),
                // What is asked for in all organizations at once names nothing.
                ("GET", "/api/orgs", ""),
                ("POST", "/api/admin/users", ""),
                ("POST", "/api/admin/users/1/disable", ""),
                ("DELETE", "/api/orgs/987654/users/1", ""),
            ] {
                let answer = g.call(&who, method, path, json!({})).await;
                let text = format!(
                    "You'll need additional permissions to perform this action. Permissions needed: {permission}"
                );
                assert_eq!(
                    (answer.status, answer.str("/message")),
                    (403, &*text),
                    "{method} {path} {who:?}"
                );
            }
            for path in ["/api/user", "/api/user/orgs", "/api/user/teams"] {
                let answer = g.call(&who, "GET", path, Value::Null).await;
                assert_eq!(
                    (answer.status, &answer.json),
                    (401, &json!({ "message": "Unauthorized" })),
                    "{path}"
                );
            }
            // A Viewer's way in.
            assert_eq!(g.call(&who, "GET", "/api/org", Value::Null).await.status, 200);
            let rotate = g.call(&who, "POST", "/api/user/auth-tokens/rotate", Value::Null).await;
            assert_eq!(rotate.status, 401);
        }
        // The sign-in itself is as ever.
        let refused = g.sign_in("nobody-at-all", "x").await.unwrap_err();
        assert_eq!(refused.str("/messageId"), "password-auth.failed");
        assert_eq!(g.get("/api/user").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn nobody_gets_a_401() {
    contract(async |g| {
        for path in ["/api/user", "/api/teams/search", "/api/admin/settings"] {
            assert_eq!(
                g.call(&As::Nobody, "GET", path, Value::Null).await.status,
                401,
                "{path}"
            );
        }
        let answer = g
            .call(
                &As::Cookie("grafana_session=no-such".into()),
                "GET",
                "/api/user",
                Value::Null,
            )
            .await;
        assert_eq!(answer.status, 401);
        assert_eq!(g.call(&As::Nobody, "GET", "/api/health", Value::Null).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_session_is_changed_for_a_new_one() {
    contract(async |g| {
        let ann = g.person().await;
        let old = g.sign_in(&ann.login, &ann.password).await.unwrap();
        g.call(&old, "GET", "/api/user", Value::Null)
            .await
            .expect(&[200])
            .unwrap();
        let rotated = g.call(&old, "POST", "/api/user/auth-tokens/rotate", Value::Null).await;
        assert_eq!((rotated.status, &rotated.json), (200, &json!({})));
        let new = session(&rotated).map_or(old, As::Cookie);
        g.call(&new, "GET", "/api/user", Value::Null)
            .await
            .expect(&[200])
            .unwrap();
        let stranger = As::Cookie("grafana_session=no-such".into());
        let refused = g
            .call(&stranger, "POST", "/api/user/auth-tokens/rotate", Value::Null)
            .await;
        assert_eq!(refused.status, 401);
    })
    .await;
}

#[tokio::test]
async fn a_sign_out_ends_the_session() {
    contract(async |g| {
        let ann = g.person().await;
        let session = g.sign_in(&ann.login, &ann.password).await.unwrap();
        assert_eq!(g.call(&session, "GET", "/logout", Value::Null).await.status, 302);
        assert_eq!(g.call(&session, "GET", "/api/user", Value::Null).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn pages_send_a_stranger_to_sign_in() {
    contract(async |g| {
        let answer = g.call(&As::Nobody, "GET", "/a/rollcall-scim-app", Value::Null).await;
        let place = g.by_line("/login", "/login?redirectTo=%2Fa%2Frollcall-scim-app").await;
        assert_eq!(
            (answer.status, answer.headers["location"].to_str().unwrap()),
            (302, place)
        );
    })
    .await;
}
