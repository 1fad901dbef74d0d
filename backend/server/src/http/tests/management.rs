//! An admin approves, releases and takes back: what is answered, what is shown, and what is refused in words.

use domain::{
    Tenant, UserId,
    account::{Authority, History},
    settings::Deprovision,
};

use domain::evidence::{Evidence, Lack, SignedInBy};

use super::*;
use domain::attention::Attention;
use store::{AccountOrigin, AccountRecord};

impl Server {
    async fn person(&self, id: &str) -> Value {
        let people = self.admin(Method::GET, &format!("/users?id={id}"), Value::Null).await;
        people.body["users"][0].clone()
    }

    /// What the engine would have left: done, with this account.
    pub(super) async fn managed(&self, id: &str, grafana_id: UserId) {
        let record = AccountRecord {
            user_id: id.to_owned(),
            tenant: Tenant::of_org(OrgId::new(1)),
            grafana_id: Some(grafana_id),
            origin: AccountOrigin::Provisioned,
            login: "ada".into(),
            history: History::new(Authority::Full),
            deprovisioned_by: None::<Deprovision>,
            holds: None,
            snapshot: None,
            deferred: Vec::new(),
            synced_ms: 1,
            seen_closed_ms: None,
            external_id: None,
            gone_ms: None,
            renew_password: false,
        };
        self.api.store.save_account(&record).await.unwrap();
        self.done().await;
    }

    async fn done(&self) {
        for work in self.api.store.due_work(i64::MAX, 10).await.unwrap() {
            self.api.store.finish(&work).await.unwrap();
        }
    }

    /// What the engine would have left: an account waits for an admin's yes.
    async fn asked(&self, id: &str, login: &str) {
        self.asked_about(id, login, UserId::new(7)).await;
    }

    async fn asked_about(&self, id: &str, login: &str, grafana_id: UserId) {
        let store = &self.api.store;
        store
            .ask_about(&Tenant::of_org(OrgId::new(1)), id, grafana_id, login)
            .await
            .unwrap();
        for work in store.due_work(i64::MAX, 10).await.unwrap() {
            store
                .attention(
                    &work,
                    None,
                    Attention::ClaimNeedsApproval {
                        login: login.to_owned(),
                        grafana_id: UserId::new(7),
                        evidence: Evidence {
                            login: true,
                            email: true,
                            by: SignedInBy::Password,
                            lack: Lack::Policy,
                        },
                    },
                )
                .await
                .unwrap();
        }
    }

    async fn decide(&self, id: &str, what: &str) -> Answer {
        self.admin(Method::POST, &format!("/users/{id}/{what}"), Value::Null)
            .await
    }

    async fn left(&self) -> usize {
        self.api.store.due_work(i64::MAX, 10).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_waiting_question_is_approved_once_and_by_name() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    assert_eq!(server.person(&ada).await["claim"], Value::Null, "nothing is asked yet");
    assert_eq!(server.decide(&ada, "claim").await.status, StatusCode::CONFLICT);
    server.asked(&ada, "ada").await;
    let shown = server.person(&ada).await;
    assert_eq!(
        (&shown["access"], &shown["claim"], &shown["may_release"]),
        (&json!("needs_attention"), &json!("manage_this"), &json!(false))
    );
    assert_eq!(server.decide(&ada, "claim").await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.left().await, 1, "the engine looks at once");
    assert_eq!(server.person(&ada).await["claim"], Value::Null);
    let again = server.decide(&ada, "claim").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body["message"].as_str().unwrap().contains("nothing to approve"));
    let log = server
        .admin(Method::GET, "/activity?action=user.claim", Value::Null)
        .await;
    let line = &log.body["entries"][0];
    assert_eq!(
        (&line["actor"], &line["source"]),
        (&json!("ann"), &json!("admin")),
        "{line}"
    );
    assert!(line["reason"].as_str().unwrap().contains("“ada” (id 7)"), "{line}");
}

#[tokio::test]
async fn a_protected_account_cannot_be_approved() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    // Whatever it is called.
    server.asked_about(&ada, "ada", ROOT).await;
    let refused = server.decide(&ada, "claim").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body["message"].as_str().unwrap().contains("server admin"));
    assert_eq!(server.left().await, 0);
}

#[tokio::test]
async fn a_released_person_is_still_changed_by_the_provider() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    assert_eq!(
        server.decide(&ada, "release").await.status,
        StatusCode::CONFLICT,
        "nothing is managed yet"
    );
    server.managed(&ada, UserId::new(7)).await;
    assert_eq!(server.person(&ada).await["may_release"], true);
    assert_eq!(server.decide(&ada, "release").await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.decide(&ada, "release").await.status, StatusCode::CONFLICT);
    let path = format!("/Users/{ada}");
    let off = json!({ "schemas": [::scim::patch::URN], "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    assert_eq!(server.scim(Method::PATCH, &path, off).await.status, StatusCode::OK);
    assert_eq!(
        server.scim(Method::GET, &path, Value::Null).await.body["active"],
        false,
        "what the provider says is stored"
    );
    let shown = server.person(&ada).await;
    assert_eq!(
        (&shown["access"], &shown["claim"], &shown["may_release"]),
        (&json!("released"), &json!("manage_again"), &json!(false))
    );
    let found = server.admin(Method::GET, "/users?access=released", Value::Null).await;
    assert_eq!(found.body["total"], 1);
    let log = server.admin(Method::GET, "/activity", Value::Null).await;
    let lines = log.body["entries"].as_array().unwrap();
    assert!(
        lines[0]["reason"].as_str().unwrap().contains("Stored only"),
        "{lines:?}"
    );
    assert!(
        lines[1]["action"] == "user.release" && lines[1]["reason"].as_str().unwrap().contains("not touched any more"),
        "{lines:?}"
    );
    assert_eq!(server.decide(&ada, "claim").await.status, StatusCode::NO_CONTENT);
    assert_ne!(server.person(&ada).await["access"], "released");
}

#[tokio::test]
async fn an_admins_keep_closed_counts_more_than_the_provider() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    assert_eq!(
        server.decide(&ada, "keep-closed").await.status,
        StatusCode::CONFLICT,
        "nothing is managed yet"
    );
    server.managed(&ada, UserId::new(7)).await;
    assert_eq!(server.person(&ada).await["may_keep_closed"], true);
    assert_eq!(server.decide(&ada, "keep-closed").await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.decide(&ada, "keep-closed").await.status, StatusCode::CONFLICT);
    assert_eq!(server.left().await, 1, "the engine looks at once");
    let path = format!("/Users/{ada}");
    let switch = |on: bool| json!({ "schemas": [::scim::patch::URN], "Operations": [{ "op": "replace", "path": "active", "value": on }] });
    for on in [false, true] {
        assert_eq!(
            server.scim(Method::PATCH, &path, switch(on)).await.status,
            StatusCode::OK
        );
        let shown = server.person(&ada).await;
        assert_eq!(
            (&shown["access"], &shown["may_keep_closed"], &shown["may_follow"]),
            (&json!("not_closed"), &json!(false), &json!(true)),
            "{shown}"
        );
    }
    let log = server.admin(Method::GET, "/activity", Value::Null).await;
    let reason = log.body["entries"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("stays closed"), "{reason}");
    assert_eq!(server.decide(&ada, "follow").await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.decide(&ada, "follow").await.status, StatusCode::CONFLICT);
    server.done().await;
    assert_eq!(server.person(&ada).await["access"], "active");
}

#[tokio::test]
async fn nobody_unknown_is_claimed_or_released() {
    let server = server(&[]).await;
    for what in ["claim", "release", "keep-closed", "follow"] {
        assert_eq!(server.decide("nobody", what).await.status, StatusCode::NOT_FOUND);
    }
}
