//! Names as Grafana takes them: what is one account there is one user here, and what it cannot hold is refused by name.

use super::*;

fn replace(path: &str, value: &Value) -> Value {
    json!({ "Operations": [{ "op": "replace", "path": path, "value": value }] })
}

fn is_taken(answer: &Answer, what: &str) {
    let found = (answer.status, answer.body["scimType"].as_str());
    assert_eq!(
        found,
        (StatusCode::CONFLICT, Some("uniqueness")),
        "{what}: {}",
        answer.body
    );
}

/// Grafana trims a login and lower-cases it, letter by letter.
#[tokio::test]
async fn a_user_name_with_blanks_around_it_is_the_same_name() {
    let server = server(&[]).await;
    server.user("ann").await;
    let bob = format!("/Users/{}", server.user("bob").await);
    for name in ["ann ", " ann", "\u{a0}ann\u{2003}", " ANN "] {
        let body = json!({ "userName": name });
        is_taken(&server.scim(Method::POST, "/Users", body.clone()).await, name);
        is_taken(&server.scim(Method::PUT, &bob, body).await, name);
        is_taken(
            &server
                .scim(Method::PATCH, &bob, replace("userName", &json!(name)))
                .await,
            name,
        );
    }
    server.user("an n").await;
}

#[tokio::test]
async fn user_names_that_grafana_lower_cases_alike_are_one() {
    let server = server(&[]).await;
    for (one, other) in [
        ("istanbul", "\u{130}STANBUL"),
        ("\u{3bf}\u{3b4}\u{3bf}\u{3c3}", "\u{39f}\u{394}\u{39f}\u{3a3}"),
        ("\u{212a}elvin", "kelvin"),
    ] {
        server.user(one).await;
        is_taken(
            &server.scim(Method::POST, "/Users", json!({ "userName": other })).await,
            other,
        );
    }
}

#[tokio::test]
async fn a_user_is_found_by_the_name_without_its_blanks() {
    let server = server(&[]).await;
    let id = server.user("Ann ").await;
    let shown = server.scim(Method::GET, &format!("/Users/{id}"), Value::Null).await;
    assert_eq!(shown.body["userName"], json!("Ann "), "as it came");
    for filter in [
        "userName eq \"ann\"",
        "userName eq \" Ann \"",
        "not (userName ne \"ann\")",
        "userName ew \"nn\"",
        "userName eq \"ann\" and title eq null",
        "userName eq \"ann\" and meta.version pr",
    ] {
        let found = server
            .scim(Method::POST, "/Users/.search", json!({ "filter": filter }))
            .await;
        assert_eq!(found.body["totalResults"], json!(1), "{filter}");
    }
}

/// Grafana's columns hold 190 characters; a name over it is a change that can never be applied.
#[tokio::test]
async fn names_longer_than_grafanas_columns_are_400_by_name() {
    let server = server(&[]).await;
    let user = format!("/Users/{}", server.user("ann").await);
    let group = format!("/Groups/{}", server.group("Engines", &[]).await);
    let (fits, long) = ("ä".repeat(190), "ä".repeat(191));
    for (path, attribute, at, over) in [
        (&user, "userName", json!(fits), json!(long)),
        (&user, "displayName", json!(fits), json!(long)),
        (&user, "name.formatted", json!(fits), json!(long)),
        (&user, "emails.value", json!(fits), json!(long)),
        (&group, "displayName", json!(fits), json!(long)),
    ] {
        let first = if attribute == "emails.value" {
            "emails"
        } else {
            attribute
        };
        let refused = server.scim(Method::PATCH, path, replace(first, &over)).await;
        let found = (refused.status, refused.body["scimType"].as_str());
        assert_eq!(found, (StatusCode::BAD_REQUEST, Some("invalidValue")), "{attribute}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(attribute) && detail.contains("190"),
            "{attribute}: {detail}"
        );
        let done = server.scim(Method::PATCH, path, replace(first, &at)).await;
        assert!(done.status.is_success(), "{attribute}: {}", done.body);
    }
    for (path, body) in [
        ("/Users", json!({ "userName": long })),
        (
            "/Users",
            json!({ "userName": "b", "emails": [{ "value": "x" }, { "value": long }] }),
        ),
        (
            "/Users",
            json!({ "userName": "b", "name": { "givenName": "g".repeat(99), "familyName": "f".repeat(99) } }),
        ),
        ("/Groups", json!({ "displayName": long })),
    ] {
        let refused = server.scim(Method::POST, path, body).await;
        assert_eq!(
            refused.body["scimType"],
            json!("invalidValue"),
            "{path}: {}",
            refused.body
        );
    }
    let put = server.scim(Method::PUT, &user, json!({ "userName": long })).await;
    assert_eq!(put.body["scimType"], json!("invalidValue"));
}

#[tokio::test]
async fn names_with_control_characters_are_400_by_name() {
    let server = server(&[]).await;
    let user = format!("/Users/{}", server.user("ann").await);
    let group = format!("/Groups/{}", server.group("Engines", &[]).await);
    for control in ["\u{9}", "\r\n", "\u{1b}", "\u{7f}", "\u{85}"] {
        let name = format!("a{control}b");
        for (path, attribute) in [
            (&user, "userName"),
            (&user, "displayName"),
            (&user, "name.familyName"),
            (&user, "emails"),
            (&group, "displayName"),
        ] {
            let refused = server.scim(Method::PATCH, path, replace(attribute, &json!(name))).await;
            let found = (refused.status, refused.body["scimType"].as_str());
            assert_eq!(
                found,
                (StatusCode::BAD_REQUEST, Some("invalidValue")),
                "{attribute} {name:?}"
            );
            assert!(
                refused.body["detail"].as_str().unwrap().starts_with(attribute),
                "{}",
                refused.body
            );
        }
        let body = json!({ "userName": "b", "emails": [{ "value": name }] });
        assert_eq!(
            server.scim(Method::POST, "/Users", body).await.status,
            StatusCode::BAD_REQUEST
        );
    }
    let title = server
        .scim(Method::PATCH, &user, replace("title", &json!("a\tb")))
        .await;
    assert_eq!(
        title.status,
        StatusCode::OK,
        "what never becomes a name in Grafana is the client's"
    );
}

/// Who came before the limit must still be closed.
#[tokio::test]
async fn a_name_from_before_the_limit_holds_no_deactivation_up() {
    let server = server(&[]).await;
    let long = "a".repeat(400);
    let incoming = ::scim::Document::from_map(
        json!({ "userName": long, "active": true, "emails": [{ "value": long }] })
            .as_object()
            .unwrap()
            .clone(),
    );
    let ctx = store::WriteContext {
        tenant: domain::Tenant::of_org(OrgId::new(1)),
        actor: "old".into(),
        correlation: "c".into(),
        now_ms: 1,
        started: std::time::Instant::now(),
    };
    server.api.store.create_user(&ctx, "old", incoming).await.unwrap();
    let off = server
        .scim(Method::PATCH, "/Users/old", replace("active", &json!(false)))
        .await;
    assert_eq!(
        (off.status, &off.body["active"]),
        (StatusCode::OK, &json!(false)),
        "{}",
        off.body
    );
    let put = json!({ "userName": long, "active": true, "emails": [{ "value": long }] });
    assert_eq!(server.scim(Method::PUT, "/Users/old", put).await.status, StatusCode::OK);
    let added = json!({ "Operations": [{ "op": "add", "path": "emails", "value": [{ "value": "b".repeat(191) }] }] });
    assert_eq!(
        server.scim(Method::PATCH, "/Users/old", added).await.status,
        StatusCode::BAD_REQUEST
    );
}
