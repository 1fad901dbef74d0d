//! R10 as the provider sees it: what an account in Grafana has that nobody manages cannot be given to somebody else.

use super::*;

fn ada(email: &str, active: bool) -> Value {
    json!({ "userName": "ada", "emails": [{ "value": email, "primary": true }], "active": active })
}

fn replace(path: &str, value: &Value) -> Value {
    json!({ "schemas": [::scim::patch::URN], "Operations": [{ "op": "replace", "path": path, "value": value }] })
}

impl Server {
    fn assert_refused(&self, refused: &Answer, what: &str) {
        assert_eq!(
            (refused.status, &refused.body["scimType"]),
            (StatusCode::CONFLICT, &json!("uniqueness")),
            "{}",
            refused.body
        );
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(what) && detail.contains("id 9"), "{detail}");
    }
}

#[tokio::test]
async fn a_strangers_email_is_refused_on_every_method_and_logged() {
    let server = server_at(&[("claim_policy", "login")], &[("bob@ex.com", 9)]).await;
    let refused = server.scim(Method::POST, "/Users", ada("Bob@Ex.com", true)).await;
    server.assert_refused(&refused, "e-mail");
    let made = server.scim(Method::POST, "/Users", ada("ada@ex.com", true)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let path = format!("/Users/{}", made.id());
    let refused = server.scim(Method::PUT, &path, ada("bob@ex.com", true)).await;
    server.assert_refused(&refused, "e-mail");
    let takes = replace("emails[primary eq true].value", &json!("BOB@ex.com"));
    let refused = server.scim(Method::PATCH, &path, takes).await;
    server.assert_refused(&refused, "e-mail");
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "PUT", "path": path, "data": ada("bob@ex.com", true) }],
    });
    let answer = server.scim(Method::POST, "/Bulk", bulk).await;
    assert_eq!(answer.body["Operations"][0]["status"], "409", "{}", answer.body);
    let now = server.scim(Method::GET, &path, Value::Null).await;
    assert_eq!(now.body["emails"][0]["value"], "ada@ex.com", "nothing was changed");
    let log = server
        .admin(
            Method::GET,
            "/activity?outcome=refused&action=request.patch",
            Value::Null,
        )
        .await;
    let reason = log.body["entries"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("Another account in Grafana"), "{reason}");
}

#[tokio::test]
async fn a_strangers_login_is_refused_where_nobody_may_be_claimed() {
    let server = server_at(&[("claim_policy", "never")], &[("bob", 9)]).await;
    let refused = server.scim(Method::POST, "/Users", json!({ "userName": "Bob" })).await;
    server.assert_refused(&refused, "userName");
    // By the policy "login" they are claimed instead.
    let server = server_at(&[], &[("bob", 9)]).await;
    server.user("bob").await;
    let id = server.user("carl").await;
    server.managed(&id, UserId::new(12)).await;
    let renamed = replace("userName", &json!("bob"));
    let refused = server.scim(Method::PATCH, &format!("/Users/{id}"), renamed).await;
    assert_eq!(refused.body["scimType"], "uniqueness", "the provider's own Bob");
    let server = server_at(&[], &[("dora", 9)]).await;
    let id = server.user("carl").await;
    server.managed(&id, UserId::new(12)).await;
    let renamed = replace("userName", &json!("Dora"));
    let refused = server.scim(Method::PATCH, &format!("/Users/{id}"), renamed).await;
    server.assert_refused(&refused, "userName");
}

#[tokio::test]
async fn who_is_to_have_no_access_is_never_refused_for_a_name() {
    let server = server_at(&[], &[("bob@ex.com", 9)]).await;
    let made = server.scim(Method::POST, "/Users", ada("bob@ex.com", false)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let server = server_at(&[], &[("bob@ex.com", 9)]).await;
    let made = server.scim(Method::POST, "/Users", ada("ada@ex.com", true)).await;
    let path = format!("/Users/{}", made.id());
    let closed = server.scim(Method::PUT, &path, ada("bob@ex.com", false)).await;
    assert_eq!(closed.status, StatusCode::OK, "{}", closed.body);
    assert!(server.api.store.urgent_due(OrgId::new(1), i64::MAX).await.unwrap());
    // What stands already is in no other change's way.
    let titled = server
        .scim(Method::PATCH, &path, replace("title", &json!("Countess")))
        .await;
    assert_eq!(titled.status, StatusCode::OK, "{}", titled.body);
    let open = server.scim(Method::PATCH, &path, replace("active", &json!(true))).await;
    assert_eq!(open.status, StatusCode::OK, "{}", open.body);
}

#[tokio::test]
async fn an_account_that_may_be_claimed_is_in_nobodys_way() {
    // Two of the provider's people may swap: Grafana follows.
    let server = server_at(&[], &[("ada@ex.com", 8), ("bob@ex.com", 9)]).await;
    let bob = server.user("bob").await;
    server.managed(&bob, UserId::new(9)).await;
    let made = server.scim(Method::POST, "/Users", ada("bob@ex.com", true)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    for (policy, status) in [
        ("login", StatusCode::CONFLICT),
        ("email", StatusCode::CREATED),
        ("ask", StatusCode::CREATED),
        ("linked", StatusCode::CREATED),
        ("never", StatusCode::CONFLICT),
    ] {
        let server = server_at(&[("claim_policy", policy)], &[("bob@ex.com", 9)]).await;
        let made = server.scim(Method::POST, "/Users", ada("bob@ex.com", true)).await;
        assert_eq!(made.status, status, "{policy}: {}", made.body);
    }
    let server = server_at(&[("claim_policy", "email")], &[("bob@ex.com", ROOT.get())]).await;
    let made = server.scim(Method::POST, "/Users", ada("bob@ex.com", true)).await;
    assert_eq!(made.status, StatusCode::CONFLICT, "{}", made.body);
}
