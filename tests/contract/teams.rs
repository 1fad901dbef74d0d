//! Teams and their members (G36–G45).

use serde_json::{Value, json};

use crate::target::{As, configured, contract, unique};

#[tokio::test]
async fn a_person_who_makes_a_team_is_its_admin() {
    contract(async |g| {
        let name = unique("Creator");
        let made = g.post("/api/teams", json!({ "name": name })).await;
        assert_eq!((made.status, made.str("/message")), (200, "Team created"));
        let id = &made.json["teamId"];
        g.made(format!("/api/teams/{id}"));
        let members = g.get(&format!("/api/teams/{id}/members")).await.json;
        assert_eq!(members.as_array().unwrap().len(), 1);
        assert_eq!(
            (&members[0]["login"], &members[0]["permission"]),
            (&g.get("/api/user").await.json["login"], &json!(4))
        );
    })
    .await;
}

#[tokio::test]
async fn a_team_made_by_a_service_account_has_no_members() {
    contract(async |g| {
        let (_, account) = g.service_account("Admin").await;
        let made = g
            .call(&account, "POST", "/api/teams", json!({ "name": unique("By SA") }))
            .await;
        let id = &made.expect(&[200]).unwrap().json["teamId"];
        g.made(format!("/api/teams/{id}"));
        assert_eq!(g.get(&format!("/api/teams/{id}/members")).await.json, json!([]));
    })
    .await;
}

#[tokio::test]
async fn team_names_are_compared_exactly() {
    contract(async |g| {
        let team = g.team().await;
        let answer = g.post("/api/teams", json!({ "name": team.name })).await;
        assert_eq!((answer.status, answer.str("/message")), (409, "Team name taken"));
        let made = g
            .post("/api/teams", json!({ "name": team.name.to_uppercase() }))
            .await
            .expect(&[200])
            .unwrap();
        g.made(format!("/api/teams/{}", made.json["teamId"]));
        let search = async |name: &str| {
            let found = g.get(&format!("/api/teams/search?name={name}")).await.json;
            found["teams"]
                .as_array()
                .unwrap()
                .iter()
                .map(|team| team["id"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(search(&team.name).await, [json!(team.id)]);
        assert!(search(&team.name[..8]).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_search_by_query_takes_a_part_in_any_case() {
    contract(async |g| {
        let team = g.team().await;
        let part = team.name[..20].to_uppercase();
        let found = g.get(&format!("/api/teams/search?query={part}")).await.json;
        assert_eq!(
            (&found["totalCount"], &found["teams"][0]["id"]),
            (&json!(1), &json!(team.id))
        );
        assert_eq!(found["teams"][0]["memberCount"], 0);
    })
    .await;
}

#[tokio::test]
async fn an_empty_name_is_a_400_and_a_long_one_is_fine() {
    contract(async |g| {
        let answer = g.post("/api/teams", json!({ "name": "" })).await;
        assert_eq!(answer.status, 400);
        let name = format!("{}{}", unique("Long"), "x".repeat(170));
        let made = g
            .post("/api/teams", json!({ "name": name }))
            .await
            .expect(&[200])
            .unwrap();
        g.made(format!("/api/teams/{}", made.json["teamId"]));
    })
    .await;
}

#[tokio::test]
async fn a_rename_keeps_the_id_and_a_taken_name_is_a_400() {
    contract(async |g| {
        let (one, two) = (g.team().await, g.team().await);
        let answer = one.call("PUT", "", json!({ "name": two.name })).await;
        assert_eq!((answer.status, answer.str("/message")), (400, "Team name taken"));
        let answer = one.call("PUT", "", json!({ "name": one.name })).await;
        assert_eq!((answer.status, answer.str("/message")), (200, "Team updated"));
        let name = unique("Renamed");
        one.call("PUT", "", json!({ "name": name }))
            .await
            .expect(&[200])
            .unwrap();
        assert_eq!(g.get(&one.path("")).await.str("/name"), name);
    })
    .await;
}

#[tokio::test]
async fn a_member_is_added_once_and_removed_once() {
    contract(async |g| {
        let (ann, team) = (g.person().await, g.team().await);
        assert_eq!(team.add(ann.id).await.str("/message"), "Member added to Team");
        let again = team.add(ann.id).await;
        assert_eq!(
            (again.status, again.str("/message")),
            (400, "User is already added to this team")
        );
        assert_eq!(team.members().await, [(ann.id, 0)]);
        let member = format!("/members/{}", ann.id);
        assert_eq!(
            team.call("DELETE", &member, Value::Null).await.str("/message"),
            "Team Member removed"
        );
        let again = team.call("DELETE", &member, Value::Null).await;
        assert_eq!((again.status, again.str("/message")), (404, "Team member not found"));
    })
    .await;
}

#[tokio::test]
async fn an_unknown_member_is_a_500() {
    contract(async |g| {
        let team = g.team().await;
        let answer = team.add(987_654_321).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (500, "Failed to add Member to Team")
        );
    })
    .await;
}

#[tokio::test]
async fn disabled_people_and_outsiders_can_be_team_members() {
    contract(async |g| {
        let (ann, bob, team) = (g.person().await, g.person().await, g.team().await);
        g.post(&format!("/api/admin/users/{}/disable", ann.id), Value::Null)
            .await
            .expect(&[200])
            .unwrap();
        g.delete(&format!("/api/orgs/1/users/{}", bob.id))
            .await
            .expect(&[200])
            .unwrap();
        let answer = team
            .call(
                "PUT",
                "/members",
                json!({ "members": [ann.email, bob.email], "admins": [] }),
            )
            .await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (200, "Team memberships have been updated")
        );
        assert_eq!(team.members().await, [(ann.id, 0), (bob.id, 0)]);
    })
    .await;
}

#[tokio::test]
async fn a_members_permission_is_changed_alone() {
    contract(async |g| {
        let (ann, team) = (g.person().await, g.team().await);
        let member = format!("/members/{}", ann.id);
        let answer = team.call("PUT", &member, json!({ "permission": 4 })).await;
        assert_eq!((answer.status, answer.str("/message")), (404, "Team member not found."));
        team.add(ann.id).await.expect(&[200]).unwrap();
        let answer = team.call("PUT", &member, json!({ "permission": 4 })).await;
        assert_eq!((answer.status, answer.str("/message")), (200, "Team member updated"));
        assert_eq!(team.members().await, [(ann.id, 4)]);
    })
    .await;
}

/// The trap: a member in the wrong case is removed, with a 200; a new one is added.
#[tokio::test]
async fn the_bulk_call_removes_a_member_in_another_letter_case() {
    contract(async |g| {
        let (ann, bob, cat, team) = (g.person().await, g.person().await, g.person().await, g.team().await);
        for user in [&ann, &bob] {
            team.add(user.id).await.expect(&[200]).unwrap();
        }
        let members = json!({ "members": [ann.email.to_uppercase(), bob.email, cat.email.to_uppercase()] });
        assert_eq!(team.call("PUT", "/members", members).await.status, 200);
        assert_eq!(team.members().await, [(bob.id, 0), (cat.id, 0)]);
    })
    .await;
}

/// The trap: no list is an empty list.
#[tokio::test]
async fn the_bulk_call_without_members_empties_the_team() {
    contract(async |g| {
        let (ann, team) = (g.person().await, g.team().await);
        for body in [json!({}), json!({ "members": null }), json!({ "members": [] })] {
            team.add(ann.id).await.expect(&[200]).unwrap();
            assert_eq!(team.call("PUT", "/members", body.clone()).await.status, 200, "{body}");
            assert_eq!(team.members().await, [], "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_bulk_call_changes_nothing_when_one_email_is_unknown() {
    contract(async |g| {
        let (ann, bob, team) = (g.person().await, g.person().await, g.team().await);
        team.add(ann.id).await.expect(&[200]).unwrap();
        for stranger in [format!("{}@ex.com", unique("nobody")), bob.login.clone()] {
            let answer = team
                .call("PUT", "/members", json!({ "members": [bob.email, stranger] }))
                .await;
            assert_eq!((answer.status, answer.str("/message")), (404, "user not found"));
            assert_eq!(team.members().await, [(ann.id, 0)]);
        }
    })
    .await;
}

#[tokio::test]
async fn the_bulk_call_takes_duplicates_and_members_named_admin() {
    contract(async |g| {
        let (ann, bob, team) = (g.person().await, g.person().await, g.team().await);
        let body = json!({ "members": [ann.email, ann.email], "admins": [ann.email, bob.email] });
        assert_eq!(team.call("PUT", "/members", body).await.status, 200);
        assert_eq!(team.members().await, [(ann.id, 0), (bob.id, 4)]);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_team_is_a_404_but_for_a_rename() {
    contract(async |g| {
        let team = g.team().await;
        assert_eq!(
            team.call("DELETE", "", Value::Null).await.str("/message"),
            "Team deleted"
        );
        assert_eq!(team.call("DELETE", "", Value::Null).await.status, 404);
        let answer = team.call("GET", "", Value::Null).await;
        assert_eq!((answer.status, answer.str("/message")), (404, "Team not found"));
        let answer = team.call("PUT", "", json!({ "name": unique("Gone") })).await;
        let refused = if g.version().await < 12 {
            (500, "Failed to update Team")
        } else {
            (404, "Team not found")
        };
        assert_eq!((answer.status, answer.str("/message")), refused);
        assert_eq!(team.members().await, []);
    })
    .await;
}

#[tokio::test]
async fn there_is_no_team_sync() {
    contract(async |g| {
        let team = g.team().await;
        let answer = team.call("GET", "/groups", Value::Null).await;
        assert_eq!((answer.status, answer.str("/message")), (404, "Not found"));
    })
    .await;
}

/// What a service account sees of a team is not what the bulk call works on.
#[tokio::test]
async fn hidden_members_are_not_seen_and_are_there() {
    configured(&[("users", "hidden_users", "contract-hidden,x-hidden")], async |g| {
        let body =
            json!({ "login": "contract-hidden", "email": "contract-hidden@ex.com", "password": "Pass-w0rd-of-a-test" });
        let hidden = g.create_user(body).await;
        let (_, token) = g.service_account("Admin").await;
        let (ann, team) = (g.person().await, g.team().await);
        for user in [hidden, ann.id] {
            team.add(user).await.expect(&[200]).unwrap();
        }
        let seen = async |who: &As| {
            let members = g.call(who, "GET", &team.path("/members"), Value::Null).await;
            let own = g.call(who, "GET", &team.path(""), Value::Null).await.json["memberCount"].clone();
            let path = format!("/api/teams/search?name={}", team.name);
            let found = g.call(who, "GET", &path, Value::Null).await.json;
            let ids = members.json.as_array().unwrap().iter().map(|row| row["userId"].clone());
            (ids.collect::<Vec<_>>(), own, found["teams"][0]["memberCount"].clone())
        };
        assert_eq!(seen(&token).await, (vec![json!(ann.id)], json!(1), json!(1)));
        let (mut ids, own, found) = seen(&g.admin).await;
        ids.sort_by_key(Value::as_i64);
        assert_eq!(
            (ids, own, found),
            (vec![json!(hidden), json!(ann.id)], json!(2), json!(2))
        );
        // In lists of the organization too.
        for path in ["/api/org/users", "/api/orgs/1/users"] {
            let sees = async |who: &As| {
                g.call(who, "GET", path, Value::Null)
                    .await
                    .text
                    .contains("contract-hidden")
            };
            assert_eq!((sees(&token).await, sees(&g.admin).await), (false, true), "{path}");
        }
        let search = "/api/org/users/search?query=contract-hidden";
        let found = g.call(&token, "GET", search, Value::Null).await.json;
        let counted = u32::from(g.version().await < 12);
        assert_eq!(
            (&found["totalCount"], &found["orgUsers"]),
            (&json!(counted), &json!([]))
        );

        // The trap: the member that the caller cannot see, and so does not name, is thrown out.
        let body = json!({ "members": [ann.email] });
        let answer = g.call(&token, "PUT", &team.path("/members"), body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(team.members().await, [(ann.id, 0)]);
        // Named, it comes back; single calls see it as well.
        team.call(
            "PUT",
            "/members",
            json!({ "members": [ann.email, "contract-hidden@ex.com"] }),
        )
        .await
        .expect(&[200])
        .unwrap();
        let body = json!({ "userId": hidden });
        let again = g.call(&token, "POST", &team.path("/members"), body).await;
        assert_eq!(again.status, 400);
    })
    .await;
}

#[tokio::test]
async fn a_hidden_account_sees_itself() {
    configured(&[("users", "hidden_users", "contract-hidden,x-hidden")], async |g| {
        let body = json!({ "login": "x-hidden", "email": "x-hidden@ex.com", "password": "Pass-w0rd-of-a-test" });
        let hidden = g.create_user(body).await;
        g.patch(&format!("/api/orgs/1/users/{hidden}"), json!({ "role": "Admin" }))
            .await
            .expect(&[200])
            .unwrap();
        let team = g.team().await;
        team.add(hidden).await.expect(&[200]).unwrap();
        let itself = As::Basic("x-hidden".into(), "Pass-w0rd-of-a-test".into());
        let members = g.call(&itself, "GET", &team.path("/members"), Value::Null).await;
        assert_eq!(members.json[0]["userId"], hidden);
    })
    .await;
}

/// The trap: an id that was read wrong is not a team without members but the members of all teams.
#[tokio::test]
async fn the_team_0_has_the_members_of_all_teams() {
    contract(async |g| {
        let (ann, bob, one, two) = (g.person().await, g.person().await, g.team().await, g.team().await);
        one.add(ann.id).await.expect(&[200]).unwrap();
        two.add(bob.id).await.expect(&[200]).unwrap();
        let all = g.get("/api/teams/0/members").await.expect(&[200]).unwrap().json;
        let has = |user: i64, team: i64| {
            let mut rows = all.as_array().unwrap().iter();
            rows.any(|row| row["userId"] == user && row["teamId"] == team)
        };
        assert!(has(ann.id, one.id) && has(bob.id, two.id));
        assert_eq!(g.get("/api/teams/-1/members").await.json, json!([]));
        let answer = g.put("/api/teams/0/members", json!({ "members": [] })).await;
        assert_eq!(answer.status, g.by_line(404, 500).await);
        assert_eq!(one.members().await, [(ann.id, 0)]);
    })
    .await;
}
