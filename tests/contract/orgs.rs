//! Organizations and their users (G29–G35).

use serde_json::{Value, json};

use crate::target::{Person, Target, configured, contract, unique};

async fn org(g: &Target) -> i64 {
    let made = g
        .post("/api/orgs", json!({ "name": unique("Org") }))
        .await
        .expect(&[200])
        .unwrap();
    let id = made.json["orgId"].as_i64().unwrap();
    g.made(format!("/api/orgs/{id}"));
    id
}

async fn own_id(g: &Target) -> i64 {
    g.get("/api/user").await.json["id"].as_i64().unwrap()
}

#[tokio::test]
async fn leaving_the_last_organization_keeps_the_user() {
    contract(async |g| {
        let (ann, team) = (g.person().await, g.team().await);
        team.add(ann.id).await.expect(&[200]).unwrap();
        let answer = g.delete(&format!("/api/orgs/1/users/{}", ann.id)).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (200, "User removed from organization")
        );
        assert_eq!(g.get(&format!("/api/users/{}", ann.id)).await.status, 200);
        assert_eq!(g.get(&format!("/api/users/{}/orgs", ann.id)).await.json, json!([]));
        assert_eq!(team.members().await, []);
    })
    .await;
}

#[tokio::test]
async fn the_current_organizations_route_deletes_a_last_member() {
    contract(async |g| {
        let (ann, bob) = (g.person().await, g.person().await);
        let org = org(g).await;
        let body = json!({ "loginOrEmail": bob.login, "role": "Viewer" });
        g.post(&format!("/api/orgs/{org}/users"), body)
            .await
            .expect(&[200])
            .unwrap();
        let answer = g.delete(&format!("/api/org/users/{}", ann.id)).await;
        assert_eq!((answer.status, answer.str("/message")), (200, "User deleted"));
        let answer = g.delete(&format!("/api/org/users/{}", bob.id)).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (200, "User removed from organization")
        );
        assert_eq!(g.get(&format!("/api/users/{}", ann.id)).await.status, 404);
        assert_eq!(g.get(&format!("/api/users/{}", bob.id)).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_user_without_an_organization_reads_only_itself() {
    contract(async |g| {
        let ann = g.person_without_organization().await;
        let who = ann.basic();
        assert_eq!(g.call(&who, "GET", "/api/user", Value::Null).await.status, 200);
        for path in ["/api/org", "/api/org/users", "/api/teams/search", "/api/users/search"] {
            assert_eq!(g.call(&who, "GET", path, Value::Null).await.status, 403, "{path}");
        }
        g.sign_in(&ann.login, &ann.password).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn joining_again_is_a_409_that_says_who() {
    contract(async |g| {
        let ann = g.person().await;
        let answer = g
            .post(
                "/api/orgs/1/users",
                json!({ "loginOrEmail": ann.email, "role": "Viewer" }),
            )
            .await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (409, "User is already member of this organization")
        );
        assert_eq!(answer.json["userId"], ann.id);
    })
    .await;
}

/// The trap: who is meant by a login that is somebody else's e-mail is not who joins. `userId` tells.
#[tokio::test]
async fn a_login_that_is_anothers_email_lets_the_other_join() {
    contract(async |g| {
        let (ann, org) = (g.person().await, org(g).await);
        // Bob's login is Ann's e-mail.
        let body = json!({ "login": ann.email, "email": format!("{}@ex.com", unique("bob")), "password": "pass-w0rd" });
        let bob = g.create_user(body).await;
        let body = json!({ "loginOrEmail": ann.email, "role": "Viewer" });
        let answer = g.post(&format!("/api/orgs/{org}/users"), body.clone()).await;
        assert_eq!((answer.status, &answer.json["userId"]), (200, &json!(ann.id)));
        for path in [format!("/api/orgs/{org}/users"), "/api/org/users".to_owned()] {
            let again = g.post(&path, body.clone()).await;
            assert_eq!((again.status, &again.json["userId"]), (409, &json!(ann.id)), "{path}");
        }
        let orgs = g.get(&format!("/api/users/{bob}/orgs")).await.json;
        assert_eq!(orgs.as_array().unwrap().len(), 1);
        // Without an @ it is the login alone.
        let answer = g
            .post(
                &format!("/api/orgs/{org}/users"),
                json!({ "loginOrEmail": ann.login, "role": "Viewer" }),
            )
            .await;
        assert_eq!((answer.status, &answer.json["userId"]), (409, &json!(ann.id)));
    })
    .await;
}

#[tokio::test]
async fn somebody_who_left_joins_again_with_the_role_that_is_sent() {
    contract(async |g| {
        let ann = g.person_without_organization().await;
        let answer = g
            .post(
                "/api/orgs/1/users",
                json!({ "loginOrEmail": ann.login, "role": "Editor" }),
            )
            .await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (200, "User added to organization")
        );
        let orgs = g.get(&format!("/api/users/{}/orgs", ann.id)).await.json;
        assert_eq!(orgs[0]["role"], "Editor");
    })
    .await;
}

#[tokio::test]
async fn a_role_is_changed_and_a_wrong_one_refused() {
    contract(async |g| {
        let ann = g.person().await;
        let path = format!("/api/orgs/1/users/{}", ann.id);
        let answer = g.patch(&path, json!({ "role": "Editor" })).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (200, "Organization user updated")
        );
        let answer = g.patch(&path, json!({ "role": "King" })).await;
        assert_eq!((answer.status, answer.str("/message")), (400, "bad request data"));
        let answer = g
            .post(
                "/api/orgs/1/users",
                json!({ "loginOrEmail": unique("nobody"), "role": "Viewer" }),
            )
            .await;
        assert_eq!((answer.status, answer.str("/message")), (404, "User not found"));
        let answer = g
            .patch("/api/orgs/1/users/987654321", json!({ "role": "Viewer" }))
            .await;
        assert_eq!((answer.status, answer.str("/message")), (500, "Failed update org user"));
        let answer = g.delete("/api/orgs/1/users/987654321").await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (500, "Failed to remove user from organization")
        );
    })
    .await;
}

#[tokio::test]
async fn the_last_admin_can_neither_leave_nor_be_demoted() {
    contract(async |g| {
        let (org, me) = (org(g).await, own_id(g).await);
        let path = format!("/api/orgs/{org}/users/{me}");
        let answer = g.delete(&path).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (400, "Cannot remove last organization admin")
        );
        let answer = g.patch(&path, json!({ "role": "Viewer" })).await;
        assert_eq!(answer.status, 400);
    })
    .await;
}

/// The trap: nobody but us guards the last human admin.
#[tokio::test]
async fn an_admin_service_account_counts_as_the_admin_that_is_left() {
    contract(async |g| {
        let (org, me) = (org(g).await, own_id(g).await);
        let (account, _, token) = g.service_account_in(org, "Admin").await;
        let answer = g.delete(&format!("/api/orgs/{org}/users/{me}")).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (200, "User removed from organization")
        );
        // Back in, by the account that let them go.
        let login = g.get("/api/user").await.json["login"].clone();
        let body = json!({ "loginOrEmail": login, "role": "Admin" });
        let back = g.call(&token, "POST", &format!("/api/orgs/{org}/users"), body).await;
        back.expect(&[200]).unwrap();
        let request = g.request(&g.admin, "DELETE", &format!("/api/serviceaccounts/{account}"));
        let answer = acceptance::connect::Answer::of(request.header("x-grafana-org-id", org))
            .await
            .unwrap();
        assert_eq!(answer.status, 200);
    })
    .await;
}

#[tokio::test]
async fn the_list_of_an_organization_has_no_service_accounts() {
    contract(async |g| {
        let ann = g.person().await;
        let (account, _) = g.service_account("Admin").await;
        let found = g.get(&format!("/api/org/users/search?query={}", ann.login)).await.json;
        assert_eq!(
            (&found["totalCount"], &found["orgUsers"][0]["userId"]),
            (&json!(1), &json!(ann.id))
        );
        assert_eq!(
            (&found["orgUsers"][0]["role"], &found["orgUsers"][0]["isDisabled"]),
            (&json!("Viewer"), &json!(false))
        );
        let everybody = g.get("/api/org/users").await.json;
        let names: Vec<&Value> = everybody.as_array().unwrap().iter().map(|row| &row["name"]).collect();
        assert!(names.contains(&&json!(ann.login)) && !names.contains(&&json!(account)));
    })
    .await;
}

/// Somebody who has just left is not asked here: Grafana keeps what they may do for up to a minute.
#[tokio::test]
async fn a_server_admin_is_refused_in_a_foreign_organization() {
    contract(async |g| {
        let (ann, org) = (g.person().await, org(g).await);
        let path = format!("/api/admin/users/{}/permissions", ann.id);
        let answer = g.put(&path, json!({ "isGrafanaAdmin": true })).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (200, "User permissions updated")
        );
        let who = ann.basic();
        if g.version().await >= 12 {
            let answer = g
                .call(&who, "GET", &format!("/api/orgs/{org}/users"), Value::Null)
                .await;
            assert_eq!(answer.status, 200);
            return;
        }
        let body = json!({ "loginOrEmail": ann.login, "role": "Viewer" });
        for (method, path, status) in [
            ("GET", format!("/api/orgs/{org}/users"), 403),
            ("GET", format!("/api/orgs/{org}"), 403),
            ("POST", format!("/api/orgs/{org}/users"), 403),
            ("PATCH", format!("/api/orgs/{org}/users/1"), 403),
            ("DELETE", format!("/api/orgs/{org}/users/1"), 403),
            // In their own, where they are a Viewer, they are a server admin, and no admin of teams or service accounts.
            ("GET", "/api/orgs/1/users".to_owned(), 200),
            ("GET", "/api/org/users".to_owned(), 200),
            ("GET", "/api/orgs".to_owned(), 200),
            ("GET", format!("/api/users/search?query={}", ann.login), 200),
            ("GET", "/api/admin/settings".to_owned(), 200),
            ("GET", "/api/teams/search".to_owned(), 403),
            ("POST", "/api/teams".to_owned(), 403),
            ("GET", "/api/serviceaccounts/search".to_owned(), 403),
        ] {
            assert_eq!(
                g.call(&who, method, &path, body.clone()).await.status,
                status,
                "{method} {path}"
            );
        }
    })
    .await;
}

/// The words of the refusal name the permission, and nothing says that it is about the organization.
#[tokio::test]
async fn a_foreign_organization_is_a_403_that_names_a_permission() {
    contract(async |g| {
        let (ann, bob, org) = (g.person().await, g.person().await, org(g).await);
        let path = format!("/api/admin/users/{}/permissions", ann.id);
        g.put(&path, json!({ "isGrafanaAdmin": true }))
            .await
            .expect(&[200])
            .unwrap();
        // Bob is an Admin at home. From 12.x on a server admin is refused nowhere (G34).
        g.patch(&format!("/api/orgs/1/users/{}", bob.id), json!({ "role": "Admin" }))
            .await
            .expect(&[200])
            .unwrap();
        let mut strangers = vec![bob.basic()];
        if g.version().await < 12 {
            strangers.push(ann.basic());
        }
        for who in strangers {
            for (method, rest, permission) in [
                ("GET", "", "orgs:read"),
                ("GET", "/users", "org.users:read"),
                ("GET", "/users/search", "org.users:read"),
                ("POST", "/users", "org.users:add"),
                ("PATCH", "/users/1", "org.users:write"),
                ("DELETE", "/users/1", "org.users:remove"),
                ("DELETE", "", "orgs:delete"),
            ] {
                for org in [org, 987_654] {
                    let body = json!({ "loginOrEmail": bob.login, "role": "Viewer" });
                    let answer = g.call(&who, method, &format!("/api/orgs/{org}{rest}"), body).await;
                    assert_eq!((answer.status, answer.str("/title")), (403, "Access denied"));
                    let text = format!(
                        "You'll need additional permissions to perform this action. Permissions needed: {permission}"
                    );
                    assert_eq!(answer.str("/message"), text);
                    assert!(answer.str("/accessErrorId").starts_with("ACE"));
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_organizations_number_is_refused_too() {
    contract(async |g| {
        for org in ["abc", "0"] {
            let answer = g.get(&format!("/api/orgs/{org}/users")).await;
            let text = "You'll need additional permissions to perform this action. Permissions needed: ";
            assert_eq!((answer.status, answer.str("/message")), (403, text), "{org}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_account_reaches_its_own_organization_alone() {
    contract(async |g| {
        let org = org(g).await;
        let (_, account) = g.service_account("Admin").await;
        let answer = g
            .call(&account, "GET", &format!("/api/orgs/{org}/users"), Value::Null)
            .await;
        assert_eq!((answer.status, answer.str("/title")), (403, "Access denied"));
        let answer = g.call(&account, "GET", "/api/orgs/1/users", Value::Null).await;
        assert_eq!(answer.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_server_admin_without_an_organization_cannot_read_users() {
    contract(async |g| {
        let (ann, bob) = (g.person().await, g.person().await);
        g.put(
            &format!("/api/admin/users/{}/permissions", ann.id),
            json!({ "isGrafanaAdmin": true }),
        )
        .await;
        g.delete(&format!("/api/orgs/1/users/{}", ann.id))
            .await
            .expect(&[200])
            .unwrap();
        let who = ann.basic();
        for (method, path, status) in [
            ("GET", "/api/org".to_owned(), 403),
            ("GET", "/api/users/search".to_owned(), 403),
            ("GET", format!("/api/users/{}", bob.id), 403),
            ("GET", "/api/admin/settings".to_owned(), 403),
            ("POST", "/api/serviceaccounts".to_owned(), 403),
            ("GET", "/api/orgs".to_owned(), 200),
            ("POST", format!("/api/admin/users/{}/disable", bob.id), 200),
        ] {
            assert_eq!(
                g.call(&who, method, &path, Value::Null).await.status,
                status,
                "{method} {path}"
            );
        }
    })
    .await;
}

/// Of the calls that a provisioning product makes, one alone is limited.
#[tokio::test]
async fn a_quota_refuses_the_current_organizations_way_in_alone() {
    configured(
        &[
            ("quota", "enabled", "true"),
            ("quota", "org_user", "1"),
            ("quota", "global_user", "-1"),
        ],
        async |g| {
            // Nobody asks for it here: the organization has more users than it may have.
            let (ann, bob, team) = (g.person().await, g.person().await, g.team().await);
            team.add(ann.id).await.expect(&[200]).unwrap();
            for who in [&ann, &bob] {
                g.delete(&format!("/api/orgs/1/users/{}", who.id))
                    .await
                    .expect(&[200])
                    .unwrap();
            }
            let join = |who: &Person| json!({ "loginOrEmail": who.login, "role": "Viewer" });
            let answer = g.post("/api/orgs/1/users", join(&ann)).await;
            assert_eq!(answer.status, 200);
            for (path, body) in [
                ("/api/org/users", join(&bob)),
                // With who is a member already, the quota comes first.
                ("/api/org/users", join(&ann)),
                ("/api/orgs", json!({ "name": unique("Full") })),
            ] {
                let answer = g.post(path, body).await;
                assert_eq!(
                    (answer.status, &answer.json),
                    (403, &json!({ "message": "org Quota reached" })),
                    "{path}"
                );
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_quota_of_users_is_another_word() {
    configured(
        &[
            ("quota", "enabled", "true"),
            ("quota", "global_user", "1"),
            ("quota", "org_user", "-1"),
        ],
        async |g| {
            // New accounts are not limited.
            let ann = g.person().await;
            let body = json!({ "loginOrEmail": ann.login, "role": "Viewer" });
            let answer = g.post("/api/org/users", body).await;
            assert_eq!((answer.status, answer.str("/message")), (403, "user Quota reached"));
        },
    )
    .await;
}

/// The sign-in itself is refused, with a 403 and not a 401.
#[tokio::test]
async fn a_quota_of_sessions_refuses_the_sign_in() {
    configured(
        &[("quota", "enabled", "true"), ("quota", "global_session", "1")],
        async |g| {
            let ann = g.person().await;
            _ = g.sign_in(&ann.login, &ann.password).await;
            let refused = g.sign_in(&ann.login, &ann.password).await.unwrap_err();
            assert_eq!((refused.status, refused.str("/message")), (403, "auth Quota reached"));
            // Basic auth opens no session.
            assert_eq!(g.call(&ann.basic(), "GET", "/api/user", Value::Null).await.status, 200);
        },
    )
    .await;
}
