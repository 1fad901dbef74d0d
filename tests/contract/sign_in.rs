//! Signing in (G25–G28).

use serde_json::{Value, json};

use crate::target::{As, contract, session};

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
        let refused = g.sign_in(&ann.login, &ann.password).await.unwrap_err();
        assert_eq!(
            (refused.status, refused.str("/messageId")),
            (401, "password-auth.failed")
        );
        let refused = g.call(&ann.basic(), "GET", "/api/user", Value::Null).await;
        assert_eq!(
            (refused.status, refused.str("/messageId")),
            (401, "password-auth.failed")
        );
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
        assert_eq!(
            (answer.status, answer.headers["location"].to_str().unwrap()),
            (302, "/login")
        );
    })
    .await;
}
