//! Who may change what: an organization's Admin, and a Grafana server admin.

use super::*;

async fn set(server: &Server, who: &str, name: &str, value: &str) -> Answer {
    let body = json!({ "settings": { name: value } }).to_string().into_bytes();
    server
        .send(caller(who, "Admin"), Method::PUT, "/admin/settings", &[], body)
        .await
}

#[tokio::test]
async fn what_reaches_beyond_needs_a_server_admin() {
    let server = server(&[]).await;
    for (name, value) in [
        ("grafana_url", "http://evil.example"),
        ("admin_user", "eve"),
        ("break_glass", "eve"),
        ("deprovision", "recreate"),
        ("deprovision", "delete"),
    ] {
        for (who, words) in [
            ("eve", "only a Grafana server admin"),
            ("unknown", "could not be asked"),
        ] {
            let refused = set(&server, who, name, value).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name} {}", refused.body);
            assert_eq!(refused.body["field"], name);
            assert!(
                refused.body["message"].as_str().unwrap().contains(words),
                "{}",
                refused.body
            );
        }
        assert_eq!(set(&server, "root", name, value).await.status, StatusCode::OK, "{name}");
    }
    // Back to what protects more is for everybody who sees the page.
    assert_eq!(
        set(&server, "eve", "deprovision", "suspend").await.status,
        StatusCode::OK
    );
    assert_eq!(
        set(&server, "eve", "break_glass", "").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn callers_are_not_set_on_the_page() {
    let server = server(&[]).await;
    let refused = set(&server, "root", "scim_callers", "sa-1-evil").await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
}

#[tokio::test]
async fn a_test_of_what_was_typed_needs_a_server_admin() {
    let server = server(&[]).await;
    let path = "/admin/credentials/test";
    for typed in [
        json!({ "admin_password": "a guess" }),
        json!({ "service_account_token": "a guess" }),
        json!({ "admin_user": "admin" }),
        json!({ "grafana_url": "http://10.0.0.1" }),
    ] {
        let body = typed.to_string().into_bytes();
        let eve = server
            .send(caller("eve", "Admin"), Method::POST, path, &[], body.clone())
            .await;
        assert_eq!(eve.status, StatusCode::FORBIDDEN, "{typed}");
        let root = server
            .send(caller("root", "Admin"), Method::POST, path, &[], body)
            .await;
        assert_eq!(root.status, StatusCode::OK, "{typed}");
    }
    let in_force = json!({ "grafana_url": "http://localhost:3000", "admin_password": "" });
    let body = in_force.to_string().into_bytes();
    let eve = server.send(caller("eve", "Admin"), Method::POST, path, &[], body).await;
    assert_eq!(eve.status, StatusCode::OK, "{}", eve.body);
}
