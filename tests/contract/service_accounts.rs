//! What a service account may do (G46), and what it is (G47).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::target::{As, contract, login_of_service_account, unique};

#[tokio::test]
async fn a_service_account_gets_a_login_and_a_token_of_a_known_shape() {
    contract(async |g| {
        let (name, account) = g.service_account("Admin").await;
        let As::Bearer(token) = &account else { unreachable!() };
        assert!(token.starts_with("glsa_"));
        let me = g
            .call(&account, "GET", "/api/user", Value::Null)
            .await
            .expect(&[200])
            .unwrap();
        assert_eq!(me.str("/login"), login_of_service_account(&name));
        assert_eq!((&me.json["id"], &me.json["isGrafanaAdmin"]), (&json!(0), &json!(false)));
        let again = g
            .post("/api/serviceaccounts", json!({ "name": name, "role": "Admin" }))
            .await;
        assert_eq!(
            (again.status, again.str("/messageId")),
            (400, "serviceaccounts.ErrAlreadyExists")
        );
    })
    .await;
}

#[tokio::test]
async fn no_service_account_may_touch_users() {
    contract(async |g| {
        let (_, account) = g.service_account("Admin").await;
        let ann = g.person().await;
        let calls = [
            ("POST", "/api/admin/users".to_owned()),
            ("POST", format!("/api/admin/users/{}/disable", ann.id)),
            ("POST", format!("/api/admin/users/{}/enable", ann.id)),
            ("POST", format!("/api/admin/users/{}/logout", ann.id)),
            ("DELETE", format!("/api/admin/users/{}", ann.id)),
            ("GET", "/api/users/search".to_owned()),
            ("GET", format!("/api/users/lookup?loginOrEmail={}", ann.login)),
            ("GET", format!("/api/users/{}", ann.id)),
            ("GET", format!("/api/users/{}/orgs", ann.id)),
            ("GET", format!("/api/users/{}/teams", ann.id)),
            ("GET", "/api/admin/settings".to_owned()),
        ];
        for (method, path) in calls {
            let answer = g
                .call(
                    &account,
                    method,
                    &path,
                    json!({ "login": unique("x"), "password": "pass-w0rd" }),
                )
                .await;
            assert_eq!(
                (answer.status, answer.str("/title")),
                (403, "Access denied"),
                "{method} {path}"
            );
        }
        let answer = g
            .call(
                &account,
                "PUT",
                &format!("/api/users/{}", ann.id),
                json!({ "login": ann.login }),
            )
            .await;
        assert_eq!(answer.status, 403);
    })
    .await;
}

#[tokio::test]
async fn an_admin_service_account_manages_its_organization() {
    contract(async |g| {
        let (_, account) = g.service_account("Admin").await;
        let (ann, team) = (g.person().await, g.team().await);
        let call = async |method: &str, path: &str, body: Value| {
            g.call(&account, method, path, body).await.expect(&[200]).unwrap().json
        };
        let found = call(
            "GET",
            &format!("/api/org/users/search?query={}", ann.login),
            Value::Null,
        )
        .await;
        assert_eq!(found["orgUsers"][0]["userId"], ann.id);
        call("DELETE", &format!("/api/orgs/1/users/{}", ann.id), Value::Null).await;
        call(
            "POST",
            "/api/orgs/1/users",
            json!({ "loginOrEmail": ann.login, "role": "Admin" }),
        )
        .await;
        call("POST", &team.path("/members"), json!({ "userId": ann.id })).await;
        call("PUT", &team.path("/members"), json!({ "members": [ann.email] })).await;
        call("PUT", &team.path(""), json!({ "name": unique("By SA") })).await;
        assert_eq!(team.members().await, [(ann.id, 0)]);
    })
    .await;
}

#[tokio::test]
async fn viewers_may_do_nothing_of_it() {
    contract(async |g| {
        let (_, account) = g.service_account("Viewer").await;
        let ann = g.person().await;
        for who in [account, ann.basic()] {
            for (method, path) in [
                ("GET", "/api/org/users/search"),
                ("GET", "/api/teams/search"),
                ("POST", "/api/teams"),
                ("POST", "/api/orgs/1/users"),
                ("POST", "/api/serviceaccounts"),
                ("GET", "/api/users/search"),
                ("POST", "/api/admin/users"),
            ] {
                let answer = g.call(&who, method, path, json!({ "name": unique("x") })).await;
                assert_eq!(answer.status, 403, "{method} {path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_is_taken_as_bearer_and_as_password_of_api_key() {
    contract(async |g| {
        let (_, account) = g.service_account("Viewer").await;
        let As::Bearer(token) = &account else { unreachable!() };
        for who in [account.clone(), As::Basic("api_key".into(), token.clone())] {
            assert_eq!(g.call(&who, "GET", "/api/user", Value::Null).await.status, 200);
        }
        let answer = g
            .call(&As::Bearer("glsa_no_such".into()), "GET", "/api/user", Value::Null)
            .await;
        assert_eq!((answer.status, answer.str("/messageId")), (401, "api-key.invalid"));
        let request = g
            .request(&account, "GET", "/api/user")
            .header("x-grafana-org-id", "987654");
        let answer = acceptance::connect::Answer::of(request).await.unwrap();
        assert_eq!(
            (answer.status, answer.str("/messageId")),
            (401, "api-key.organization-mismatch")
        );
        let request = g.request(&As::Nobody, "GET", "/api/user");
        let broken = BASE64_STANDARD.encode("no colon");
        let answer = acceptance::connect::Answer::of(request.header("authorization", format!("Basic {broken}"))).await;
        assert_ne!(answer.unwrap().status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_server_admin_reads_the_configuration_without_secrets() {
    contract(async |g| {
        let settings = g.get("/api/admin/settings").await.expect(&[200]).unwrap().json;
        assert_eq!(settings["security"]["admin_password"], "*********");
        for (section, key) in [
            ("auth", "oauth_allow_insecure_email_lookup"),
            ("auth", "disable_login_form"),
            ("users", "auto_assign_org"),
            ("users", "auto_assign_org_role"),
            ("auth.generic_oauth", "skip_org_role_sync"),
            ("server", "root_url"),
            ("paths", "data"),
            ("database", "type"),
        ] {
            assert!(settings[section][key].is_string(), "[{section}] {key}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_renamed_service_account_keeps_its_login() {
    contract(async |g| {
        let name = unique("Marker");
        let made = g
            .post("/api/serviceaccounts", json!({ "name": name, "role": "None" }))
            .await
            .expect(&[201])
            .unwrap();
        let login = made.str("/login").to_owned();
        let path = format!("/api/serviceaccounts/{}", made.json["id"]);
        let other = format!("{name} a1 7");
        g.patch(&path, json!({ "name": other })).await.expect(&[200]).unwrap();
        let found = g
            .get(&format!("/api/serviceaccounts/search?perpage=1000&page=1&query={name}"))
            .await
            .expect(&[200])
            .unwrap();
        let shown = &found.json["serviceAccounts"][0];
        assert_eq!(
            (&shown["name"], &shown["login"], &shown["role"]),
            (&json!(other), &json!(login), &json!("None"))
        );
        // Its first name is not free for another one.
        let again = g
            .post("/api/serviceaccounts", json!({ "name": name, "role": "None" }))
            .await;
        assert_eq!(
            (again.status, again.str("/messageId")),
            (400, "serviceaccounts.ErrAlreadyExists")
        );
    })
    .await;
}

#[tokio::test]
async fn a_service_account_has_no_names_of_its_own_to_change() {
    contract(async |g| {
        let (_, account) = g.service_account("Admin").await;
        let answer = g
            .call(&account, "PUT", "/api/user", json!({ "login": unique("sa-new") }))
            .await;
        let refused = g.by_line((403, "Endpoint only available for users"), (304, "")).await;
        assert_eq!((answer.status, answer.str("/message")), refused);
    })
    .await;
}

/// How service accounts are known: by this list, and by nothing that lists users.
#[tokio::test]
async fn service_accounts_are_listed_apart_from_users() {
    contract(async |g| {
        let (name, _) = g.service_account("None").await;
        let login = login_of_service_account(&name);
        let path = format!("/api/serviceaccounts/search?query={login}");
        let found = g.get(&path).await.expect(&[200]).unwrap().json;
        let row = &found["serviceAccounts"][0];
        assert_eq!(
            (&found["totalCount"], &row["login"], &row["name"]),
            (&json!(1), &json!(login), &json!(name))
        );
        assert_eq!(
            (&row["role"], &row["orgId"], &row["isDisabled"]),
            (&json!("None"), &json!(1), &json!(false))
        );
        let id = row["id"].as_i64().unwrap();
        for path in [
            format!("/api/users/{id}"),
            format!("/api/users/lookup?loginOrEmail={login}"),
        ] {
            assert_eq!(g.get(&path).await.status, 404, "{path}");
        }
        let users = g.get(&format!("/api/users/search?query={login}")).await.json;
        assert_eq!(users["totalCount"], 0);
        let answer = g
            .post("/api/orgs/1/users", json!({ "loginOrEmail": login, "role": "Viewer" }))
            .await;
        assert_eq!((answer.status, answer.str("/message")), (404, "User not found"));
    })
    .await;
}

#[tokio::test]
async fn a_service_account_is_renamed_and_keeps_its_login() {
    contract(async |g| {
        let (name, account) = g.service_account("Viewer").await;
        let login = login_of_service_account(&name);
        let id = async |text: &str| {
            let path = format!("/api/serviceaccounts/search?query={text}");
            g.get(&path).await.json["serviceAccounts"][0]["id"].as_i64()
        };
        let path = format!("/api/serviceaccounts/{}", id(&login).await.unwrap());
        let renamed = unique("Renamed SA");
        let answer = g.patch(&path, json!({ "name": renamed })).await;
        assert_eq!(
            (
                answer.status,
                answer.str("/message"),
                answer.str("/serviceaccount/login")
            ),
            (200, "Service account updated", &*login)
        );
        let row = g.get(&path).await;
        assert_eq!(
            (row.str("/name"), row.str("/login"), row.str("/role")),
            (&*renamed, &*login, "Viewer")
        );
        // A disabled one is shown as that, and its token is dead.
        let answer = g.patch(&path, json!({ "isDisabled": true })).await;
        assert_eq!(answer.json["serviceaccount"]["isDisabled"], true);
        assert_eq!(g.get(&path).await.json["isDisabled"], true);
        let refused = g.call(&account, "GET", "/api/user", Value::Null).await;
        assert_eq!((refused.status, refused.str("/messageId")), (401, "identity.disabled"));
        assert_eq!(g.patch(&path, json!({ "isDisabled": false })).await.status, 200);
        // What proves that it is the same one.
        let row = g.get(&path).await;
        assert!(!row.str("/createdAt").is_empty() && !row.str("/updatedAt").is_empty());
        let tokens = g.get(&format!("{path}/tokens")).await.json;
        assert_eq!(tokens[0]["hasExpired"], false);
        assert!(tokens[0]["created"].is_string());
        let answer = g.patch(&path, json!({ "role": "King" })).await;
        assert_eq!((answer.status, answer.str("/message")), (400, "Bad request data"));
        // Its name is an Admin's to change.
        let ann = g.person().await;
        let answer = g.call(&ann.basic(), "PATCH", &path, json!({ "name": "Mine" })).await;
        assert_eq!((answer.status, answer.str("/title")), (403, "Access denied"));
    })
    .await;
}
