//! Users (G1–G18).

use serde_json::{Value, json};

use crate::target::{As, configured, contract, unique};

#[tokio::test]
async fn a_new_user_is_stored_in_lower_case_and_is_a_viewer_of_org_1() {
    contract(async |g| {
        let login = unique("Upper");
        let id = g
            .create_user(json!({ "login": login, "email": format!("{login}@EX.com"), "name": "Ann M.", "password": "pass-w0rd" }))
            .await;
        let user = g.get(&format!("/api/users/{id}")).await.json;
        assert_eq!(user["login"], login.to_lowercase());
        assert_eq!(user["email"], format!("{}@ex.com", login.to_lowercase()));
        assert_eq!((&user["name"], &user["isDisabled"], &user["isExternal"]), (&json!("Ann M."), &json!(false), &json!(false)));
        assert_ne!(user["uid"], "");
        let orgs = g.get(&format!("/api/users/{id}/orgs")).await.json;
        assert_eq!(orgs.as_array().unwrap().len(), 1);
        assert_eq!((&orgs[0]["orgId"], &orgs[0]["role"]), (&json!(1), &json!("Viewer")));
    })
    .await;
}

#[tokio::test]
async fn the_answer_to_a_new_user_has_an_id_and_no_uid() {
    contract(async |g| {
        let login = unique("answer");
        let made = g
            .post("/api/admin/users", json!({ "login": login, "password": "pass-w0rd" }))
            .await;
        g.made(format!("/api/admin/users/{}", made.json["id"]));
        assert_eq!((made.status, made.str("/message")), (200, "User created"));
        assert_eq!(made.json.get("uid").is_some(), g.version().await >= 12);
    })
    .await;
}

#[tokio::test]
async fn a_taken_login_or_email_is_a_412_in_any_case() {
    contract(async |g| {
        let ann = g.person().await;
        let (login, email) = (ann.login.to_uppercase(), ann.email.to_uppercase());
        for body in [
            json!({ "login": login, "email": format!("{}@ex.com", unique("x")), "password": "pass-w0rd" }),
            json!({ "login": unique("y"), "email": email, "password": "pass-w0rd" }),
        ] {
            let answer = g.post("/api/admin/users", body.clone()).await;
            assert_eq!(answer.status, 412);
            let text = format!(
                "User with email '{}' or username '{}' already exists",
                body["email"].as_str().unwrap(),
                body["login"].as_str().unwrap()
            );
            assert_eq!(answer.str("/message"), text);
        }
    })
    .await;
}

#[tokio::test]
async fn a_new_user_needs_a_password_and_a_name() {
    contract(async |g| {
        let answer = g.post("/api/admin/users", json!({ "login": unique("nopass") })).await;
        assert_eq!((answer.status, answer.str("/message")), (400, "bad request data"));
        let answer = g.post("/api/admin/users", json!({ "password": "pass-w0rd" })).await;
        assert_eq!(
            (answer.status, answer.str("/messageId")),
            (400, "user.empty-username-and-email")
        );
    })
    .await;
}

#[tokio::test]
async fn login_or_email_alone_becomes_both() {
    contract(async |g| {
        let email = format!("{}@ex.com", unique("mail"));
        let id = g.create_user(json!({ "email": email, "password": "pass-w0rd" })).await;
        assert_eq!(g.get(&format!("/api/users/{id}")).await.str("/login"), email);
        let login = unique("login");
        let id = g.create_user(json!({ "login": login, "password": "pass-w0rd" })).await;
        assert_eq!(g.get(&format!("/api/users/{id}")).await.str("/email"), login);
    })
    .await;
}

#[tokio::test]
async fn a_login_may_be_somebody_elses_email() {
    contract(async |g| {
        let ann = g.person().await;
        let body = json!({ "login": ann.email, "email": format!("{}@ex.com", unique("z")), "password": "pass-w0rd" });
        g.create_user(body).await;
        // With an @ the e-mail is looked at first, in any case.
        for text in [ann.email.clone(), ann.email.to_uppercase()] {
            let found = g.get(&format!("/api/users/lookup?loginOrEmail={text}")).await;
            assert_eq!(found.json["id"], ann.id);
        }
    })
    .await;
}

#[tokio::test]
async fn lookup_and_search_ignore_case_and_have_no_uid() {
    contract(async |g| {
        let ann = g.person().await;
        let own = g.get(&format!("/api/users/{}", ann.id)).await;
        let uid = if g.version().await < 12 { "" } else { own.str("/uid") };
        for text in [ann.login.to_uppercase(), ann.email.to_uppercase()] {
            let found = g.get(&format!("/api/users/lookup?loginOrEmail={text}")).await;
            assert_eq!((&found.json["id"], found.str("/uid")), (&json!(ann.id), uid));
        }
        let found = g
            .get(&format!("/api/users/search?query={}", ann.login.to_uppercase()))
            .await
            .json;
        assert_eq!(
            (&found["totalCount"], &found["page"], &found["perPage"]),
            (&json!(1), &json!(1), &json!(1000))
        );
        assert_eq!(
            (&found["users"][0]["id"], &found["users"][0]["uid"]),
            (&json!(ann.id), &json!(uid))
        );
    })
    .await;
}

#[tokio::test]
async fn the_search_has_pages() {
    contract(async |g| {
        let prefix = unique("page");
        for index in 0..3 {
            g.create_user(json!({ "login": format!("{prefix}-{index}"), "password": "pass-w0rd" }))
                .await;
        }
        let page = g
            .get(&format!("/api/users/search?query={prefix}&perpage=2&page=2"))
            .await
            .json;
        assert_eq!(page["totalCount"], 3);
        assert_eq!(page["users"].as_array().unwrap().len(), 1);
        assert_eq!(page["users"][0]["login"], format!("{prefix}-2"));
    })
    .await;
}

#[tokio::test]
async fn an_unknown_user_is_a_404() {
    contract(async |g| {
        let unknown = 987_654_321;
        let calls = [
            ("GET", format!("/api/users/{unknown}"), "user not found"),
            (
                "GET",
                format!("/api/users/lookup?loginOrEmail={}", unique("nobody")),
                "user not found",
            ),
            ("POST", format!("/api/admin/users/{unknown}/disable"), "user not found"),
            ("POST", format!("/api/admin/users/{unknown}/enable"), "user not found"),
            ("POST", format!("/api/admin/users/{unknown}/logout"), "User not found"),
            ("DELETE", format!("/api/admin/users/{unknown}"), "user not found"),
        ];
        for (method, path, message) in calls {
            let answer = g.call(&g.admin, method, &path, Value::Null).await;
            assert_eq!(
                (answer.status, answer.str("/message")),
                (404, message),
                "{method} {path}"
            );
        }
        let answer = g.put(&format!("/api/users/{unknown}"), json!({ "login": "x" })).await;
        assert_eq!((answer.status, answer.str("/message")), (500, "Failed to update user"));
    })
    .await;
}

#[tokio::test]
async fn an_id_that_is_no_number_is_a_400() {
    contract(async |g| {
        let answer = g.delete("/api/admin/users/abc").await;
        let refused = g.by_line((400, "id is invalid"), (404, "User not found")).await;
        assert_eq!((answer.status, answer.str("/message")), refused);
    })
    .await;
}

#[tokio::test]
async fn an_update_needs_login_or_email_and_writes_what_is_there() {
    contract(async |g| {
        let ann = g.person().await;
        let path = format!("/api/users/{}", ann.id);
        let answer = g.put(&path, json!({ "name": "Only" })).await;
        assert_eq!(
            (answer.status, answer.str("/messageId")),
            (400, "user.empty-username-and-email")
        );
        let answer = g
            .put(
                &path,
                json!({ "login": ann.login.to_uppercase(), "email": "", "name": "" }),
            )
            .await;
        assert_eq!((answer.status, answer.str("/message")), (200, "User updated"));
        let user = g.get(&path).await;
        assert_eq!(
            (user.str("/login"), user.str("/email"), user.str("/name")),
            (&*ann.login, &*ann.email, &*ann.login)
        );
        // Without a login the e-mail becomes the login.
        g.put(&path, json!({ "email": ann.email, "name": "New" }))
            .await
            .expect(&[200])
            .unwrap();
        let user = g.get(&path).await;
        assert_eq!((user.str("/login"), user.str("/name")), (&*ann.email, "New"));
    })
    .await;
}

#[tokio::test]
async fn an_update_onto_a_taken_login_or_email_is_a_500() {
    contract(async |g| {
        let (ann, bob) = (g.person().await, g.person().await);
        for body in [
            json!({ "login": bob.login, "email": ann.email, "name": "A" }),
            json!({ "login": ann.login, "email": bob.email.to_uppercase(), "name": "A" }),
        ] {
            let answer = g.put(&format!("/api/users/{}", ann.id), body).await;
            assert_eq!((answer.status, answer.str("/message")), (500, "Failed to update user"));
        }
        assert_eq!(g.get(&format!("/api/users/{}", ann.id)).await.str("/name"), ann.login);
    })
    .await;
}

#[tokio::test]
async fn disable_and_enable_answer_200_however_often() {
    contract(async |g| {
        let ann = g.person().await;
        let path = |verb: &str| format!("/api/admin/users/{}/{verb}", ann.id);
        for _ in 0..2 {
            let answer = g.post(&path("disable"), Value::Null).await;
            assert_eq!((answer.status, answer.str("/message")), (200, "User disabled"));
        }
        assert_eq!(g.get(&format!("/api/users/{}", ann.id)).await.json["isDisabled"], true);
        for who in [ann.basic(), As::Basic(ann.email.clone(), ann.password.clone())] {
            let answer = g.call(&who, "GET", "/api/user", Value::Null).await;
            assert_eq!((answer.status, answer.str("/messageId")), (401, "identity.disabled"));
        }
        let refused = g.sign_in(&ann.login, &ann.password).await.unwrap_err();
        assert_eq!((refused.status, refused.str("/messageId")), (401, "identity.disabled"));
        for _ in 0..2 {
            let answer = g.post(&path("enable"), Value::Null).await;
            assert_eq!((answer.status, answer.str("/message")), (200, "User enabled"));
        }
        g.sign_in(&ann.login, &ann.password).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn disabling_ends_every_session() {
    contract(async |g| {
        let ann = g.person().await;
        let session = g.sign_in(&ann.login, &ann.password).await.unwrap();
        g.call(&session, "GET", "/api/user", Value::Null)
            .await
            .expect(&[200])
            .unwrap();
        g.post(&format!("/api/admin/users/{}/disable", ann.id), Value::Null)
            .await
            .expect(&[200])
            .unwrap();
        assert_eq!(g.call(&session, "GET", "/api/user", Value::Null).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn a_logout_ends_every_session_and_nobody_logs_themselves_out() {
    contract(async |g| {
        let ann = g.person().await;
        let session = g.sign_in(&ann.login, &ann.password).await.unwrap();
        let answer = g
            .post(&format!("/api/admin/users/{}/logout", ann.id), Value::Null)
            .await;
        assert_eq!((answer.status, answer.str("/message")), (200, "User logged out"));
        assert_eq!(g.call(&session, "GET", "/api/user", Value::Null).await.status, 401);
        let me = g.get("/api/user").await.json["id"].clone();
        let answer = g.post(&format!("/api/admin/users/{me}/logout"), Value::Null).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (400, "You cannot logout yourself")
        );
    })
    .await;
}

#[tokio::test]
async fn a_new_password_replaces_the_old_and_ends_sessions() {
    contract(async |g| {
        let ann = g.person().await;
        let session = g.sign_in(&ann.login, &ann.password).await.unwrap();
        let path = format!("/api/admin/users/{}/password", ann.id);
        let answer = g.put(&path, json!({ "password": "another-Pass1" })).await;
        assert_eq!((answer.status, answer.str("/message")), (200, "User password updated"));
        assert_eq!(g.call(&session, "GET", "/api/user", Value::Null).await.status, 401);
        g.sign_in(&ann.login, "another-Pass1").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_their_team_rows() {
    contract(async |g| {
        let (ann, team) = (g.person().await, g.team().await);
        team.add(ann.id).await.expect(&[200]).unwrap();
        let path = format!("/api/admin/users/{}", ann.id);
        let answer = g.delete(&path).await;
        assert_eq!((answer.status, answer.str("/message")), (200, "User deleted"));
        assert_eq!(g.delete(&path).await.status, 404);
        assert_eq!(team.members().await, []);
    })
    .await;
}

#[tokio::test]
async fn field_names_are_read_in_any_case_and_only_from_json() {
    contract(async |g| {
        let login = unique("case");
        let id = g
            .create_user(json!({ "LOGIN": login, "Password": "pass-w0rd", "OrgId": 1, "unknown": [] }))
            .await;
        assert_eq!(g.get(&format!("/api/users/{id}")).await.str("/login"), login);
        let body = json!({ "login": unique("plain"), "password": "pass-w0rd" }).to_string();
        let request = g
            .request(&g.admin, "POST", "/api/admin/users")
            .header("content-type", "text/plain");
        let answer = acceptance::connect::Answer::of(request.body(body)).await.unwrap();
        assert_eq!((answer.status, answer.str("/message")), (400, "bad request data"));
    })
    .await;
}

#[tokio::test]
async fn an_unknown_organization_is_a_400() {
    contract(async |g| {
        let body = json!({ "login": unique("org"), "password": "pass-w0rd", "orgId": 987_654 });
        assert_eq!(g.post("/api/admin/users", body).await.status, 400);
    })
    .await;
}

/// A local account is master of its own names: login, e-mail and name.
#[tokio::test]
async fn a_person_changes_their_own_names() {
    contract(async |g| {
        let ann = g.person().await;
        let session = g.sign_in(&ann.login, &ann.password).await.unwrap();
        for who in [ann.basic(), session.clone()] {
            // What is sent is trimmed and stored in lower case, as by a server admin.
            let login = unique("Own-Name");
            let body = json!({ "login": format!(" {login} "), "email": format!("{login}@EX.com"), "name": "Own Name" });
            let answer = g.call(&who, "PUT", "/api/user", body).await;
            assert_eq!((answer.status, answer.str("/message")), (200, "User updated"));
            let user = g.get(&format!("/api/users/{}", ann.id)).await;
            let lower = login.to_lowercase();
            assert_eq!(
                (user.str("/login"), user.str("/email"), user.str("/name")),
                (&*lower, &*format!("{lower}@ex.com"), "Own Name")
            );
            let back = json!({ "login": ann.login, "email": ann.email, "name": ann.login });
            assert_eq!(g.call(&session, "PUT", "/api/user", back).await.status, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn own_names_are_refused_as_a_server_admins_are() {
    contract(async |g| {
        let (ann, bob) = (g.person().await, g.person().await);
        let put = async |body: Value| g.call(&ann.basic(), "PUT", "/api/user", body).await;
        for body in [
            json!({ "login": bob.login, "email": ann.email }),
            json!({ "login": ann.login, "email": bob.email.to_uppercase() }),
        ] {
            let answer = put(body).await;
            assert_eq!((answer.status, answer.str("/message")), (500, "Failed to update user"));
        }
        let answer = put(json!({ "name": "Only" })).await;
        assert_eq!(
            (answer.status, answer.str("/messageId")),
            (400, "user.empty-username-and-email")
        );
        // A login may be somebody else's e-mail here too (G4).
        let answer = put(json!({ "login": bob.email, "email": ann.email })).await;
        assert_eq!((answer.status, answer.str("/message")), (200, "User updated"));
    })
    .await;
}

#[tokio::test]
async fn an_organization_is_not_needed_to_rename_oneself() {
    contract(async |g| {
        let ann = g.person_without_organization().await;
        let body = json!({ "login": ann.login, "email": ann.email, "name": "Nowhere" });
        let answer = g.call(&ann.basic(), "PUT", "/api/user", body).await;
        assert_eq!((answer.status, answer.str("/message")), (200, "User updated"));
    })
    .await;
}

/// An older kind of guard than the others: it names no permission.
#[tokio::test]
async fn only_a_server_admin_makes_server_admins() {
    contract(async |g| {
        let ann = g.person().await;
        let path = format!("/api/admin/users/{}/permissions", ann.id);
        let answer = g
            .call(&ann.basic(), "PUT", &path, json!({ "isGrafanaAdmin": true }))
            .await;
        assert_eq!((answer.status, answer.str("/message")), (403, "Permission denied"));
    })
    .await;
}

/// What proves, after a restore, that an id is still the same account's.
#[tokio::test]
async fn an_account_has_a_uid_and_the_time_it_was_made() {
    contract(async |g| {
        let (ann, bob) = (g.person().await, g.person().await);
        let user = async |id: i64| g.get(&format!("/api/users/{id}")).await;
        let (first, other) = (user(ann.id).await, user(bob.id).await);
        assert!(!first.str("/uid").is_empty() && first.str("/uid") != other.str("/uid"));
        let created = first.str("/createdAt").to_owned();
        let format = &time::format_description::well_known::Rfc3339;
        assert!(time::OffsetDateTime::parse(&created, format).is_ok(), "{created}");
        // Neither follows a change of names.
        g.put(
            &format!("/api/users/{}", ann.id),
            json!({ "login": unique("renamed"), "email": ann.email }),
        )
        .await
        .expect(&[200])
        .unwrap();
        let again = user(ann.id).await;
        assert_eq!(
            (again.str("/uid"), again.str("/createdAt")),
            (first.str("/uid"), &*created)
        );
        // The same names made again are another account.
        g.delete(&format!("/api/admin/users/{}", bob.id)).await;
        let body = json!({ "login": bob.login, "email": bob.email, "password": "pass-w0rd" });
        let id = g.create_user(body).await;
        assert_ne!((id, user(id).await.str("/uid")), (bob.id, other.str("/uid")));
    })
    .await;
}

#[tokio::test]
async fn without_auto_assign_an_account_is_admin_of_its_own() {
    configured(&[("users", "auto_assign_org", "false")], async |g| {
        let login = unique("own");
        let body = json!({ "login": login, "email": format!("{login}@ex.com"), "password": "pass-w0rd" });
        let id = g.create_user(body.clone()).await;
        let orgs = g.get(&format!("/api/users/{id}/orgs")).await.json;
        assert_eq!(orgs.as_array().unwrap().len(), 1);
        assert_eq!(
            (&orgs[0]["name"], &orgs[0]["role"]),
            (&json!(format!("{login}@ex.com")), &json!("Admin"))
        );
        assert_ne!(orgs[0]["orgId"], 1);
        // An organization that is asked for is not given.
        let other = unique("wish");
        let body = json!({ "login": other, "password": "pass-w0rd", "OrgId": 1 });
        let wish = g.create_user(body).await;
        let orgs = g.get(&format!("/api/users/{wish}/orgs")).await.json;
        assert_eq!((&orgs[0]["name"], &orgs[0]["role"]), (&json!(other), &json!("Admin")));
        // The organization outlives the account, and its name is then in the way.
        g.delete(&format!("/api/admin/users/{id}")).await;
        let body = json!({ "login": login, "email": format!("{login}@ex.com"), "password": "pass-w0rd" });
        let again = g.post("/api/admin/users", body).await;
        assert_eq!((again.status, again.str("/message")), (500, "failed to create user"));
    })
    .await;
}
