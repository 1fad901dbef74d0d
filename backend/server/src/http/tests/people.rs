//! The list of people: numbers on the chips, a group's members, and how far each attribute got.

use super::*;
use domain::{
    UserId,
    account::{Authority, History},
};
use store::{AccountOrigin, AccountRecord};

impl Server {
    /// The account the engine would have made or found.
    pub(super) async fn account(&self, user: &str, login: &str, grafana_id: UserId, deferred: &[&str]) {
        let account = AccountRecord {
            user_id: user.to_owned(),
            tenant: domain::Tenant::of_org(OrgId::new(1)),
            grafana_id: Some(grafana_id),
            origin: AccountOrigin::Provisioned,
            login: login.to_owned(),
            history: History::new(Authority::Full),
            deprovisioned_by: None,
            holds: None,
            snapshot: None,
            deferred: deferred.iter().map(|a| a.parse().expect("an attribute")).collect(),
            synced_ms: 42,
            seen_closed_ms: None,
            external_id: None,
            gone_ms: None,
            renew_password: false,
        };
        self.api.store.save_account(&account).await.unwrap();
    }

    async fn people(&self, query: &str) -> Value {
        let answer = self.admin(Method::GET, &format!("/users{query}"), Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    pub(super) async fn nothing_waits(&self) {
        for work in self.api.store.due_work(i64::MAX, 100).await.unwrap() {
            self.api.store.finish(&work).await.unwrap();
        }
    }
}

#[tokio::test]
async fn each_chip_counts_what_its_filter_shows() {
    let server = server(&[]).await;
    for (n, name) in (1..).zip(["ada", "adam", "bo"]) {
        let id = server.user(name).await;
        server.account(&id, name, UserId::new(n), &[]).await;
    }
    server.nothing_waits().await;
    server.user("adele").await;
    let all = server.people("").await;
    assert_eq!(
        all["counts"],
        json!([
            ["active", 3],
            ["closed", 0],
            ["closed_may_return", 0],
            ["kept_open", 0],
            ["needs_attention", 0],
            ["not_closed", 0],
            ["pending", 1],
            ["released", 0],
            ["waiting_for_sign_in", 0]
        ])
    );
    let found = server.people("?query=ad&access=active").await;
    assert_eq!(found["total"], 2);
    assert_eq!(
        (&found["counts"][0], &found["counts"][6]),
        (&json!(["active", 2]), &json!(["pending", 1]))
    );
    let pending = server.people("?access=pending").await;
    assert_eq!(
        (&pending["total"], &pending["users"][0]["user_name"]),
        (&json!(1), &json!("adele"))
    );
}

#[tokio::test]
async fn the_members_of_a_group_are_listed_page_by_page() {
    let server = server(&[]).await;
    let mut members = Vec::new();
    for name in ["ada", "bo", "cy"] {
        members.push(server.user(name).await);
    }
    server.user("eve").await;
    let group = server.group("Engineering", &members).await;
    let first = server.people(&format!("?group={group}&count=2")).await;
    assert_eq!(first["total"], 3);
    let rest = server
        .people(&format!(
            "?group={group}&count=2&after={}",
            first["next"].as_str().unwrap()
        ))
        .await;
    let names = |page: &Value| {
        page["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|u| u["user_name"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&first), names(&rest)),
        (vec![json!("ada"), json!("bo")], vec![json!("cy")])
    );
    assert_eq!(server.people("?group=nobody-knows-it").await["total"], 0);
}

#[tokio::test]
async fn a_person_tells_of_each_attribute_how_far_it_got() {
    let server = server(&[]).await;
    let made = server
        .scim(
            Method::POST,
            "/Users",
            json!({ "userName": "ada", "displayName": "Ada L", "emails": [{ "value": "ada@example.com", "primary": true }] }),
        )
        .await;
    let id = made.id();
    let states = async |what: &str| {
        let page = server.people(&format!("?id={id}")).await;
        let attributes = page["users"][0]["attributes"].as_array().unwrap().clone();
        let state = |name: &str| {
            let one = attributes
                .iter()
                .find(|a| a["name"] == name)
                .unwrap_or_else(|| panic!("{what}: {name}"));
            assert_eq!(
                one["reason"].is_null(),
                one["state"] == "applied" || what == "new",
                "{what}: {one}"
            );
            one["state"].as_str().unwrap().to_owned()
        };
        [state("Login"), state("Email"), state("Name")].join(" ")
    };
    assert_eq!(states("new").await, "pending pending pending");
    server.nothing_waits().await;
    assert_eq!(states("no account").await, "stored stored stored");
    server.account(&id, "ada", UserId::new(10), &["emails"]).await;
    assert_eq!(states("by single sign-on").await, "applied deferred applied");
    server.account(&id, "ada", UserId::new(10), &[]).await;
    assert_eq!(states("done").await, "applied applied applied");
    // The list itself does not carry them.
    assert!(server.people("").await["users"][0]["attributes"].is_null());
}
