//! Rows of the behaviour table (what RFC 7644 leaves open, decided by what identity providers need), as seen from outside.

use super::*;

fn patch(operations: Value) -> Value {
    json!({ "schemas": [::scim::patch::URN], "Operations": operations })
}

#[tokio::test]
async fn a_taken_name_is_409_on_put_and_patch_and_nothing_stays() {
    let server = server(&[]).await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    server.group("Engines", &[]).await;
    let group = server.group("Other", std::slice::from_ref(&ada)).await;
    let user_path = format!("/Users/{bob}");
    let group_path = format!("/Groups/{group}");
    let before = (
        server.scim(Method::GET, &user_path, Value::Null).await.body,
        server.scim(Method::GET, &group_path, Value::Null).await.body,
    );
    for (method, path, body) in [
        (Method::PUT, &user_path, json!({ "userName": "ADA", "title": "x" })),
        (
            Method::PATCH,
            &user_path,
            patch(json!([{ "op": "replace", "value": { "title": "x", "userName": "Ada" } }])),
        ),
        (
            Method::PUT,
            &group_path,
            json!({ "displayName": "ENGINES", "members": [] }),
        ),
        (
            Method::PATCH,
            &group_path,
            patch(json!([
                { "op": "add", "path": "members", "value": [{ "value": bob }] },
                { "op": "remove", "path": format!("members[value eq \"{ada}\"]") },
                { "op": "replace", "path": "displayName", "value": "engines" },
            ])),
        ),
        (Method::POST, &"/Groups".to_owned(), json!({ "displayName": "engines" })),
    ] {
        let refused = server.scim(method.clone(), path, body).await;
        assert_eq!(
            (refused.status, &refused.body["scimType"]),
            (StatusCode::CONFLICT, &json!("uniqueness")),
            "{method} {path}"
        );
    }
    // Members go before the name is found taken: they come back with the transaction.
    let unknown = patch(json!([
        { "op": "remove", "path": "members" },
        { "op": "add", "path": "members", "value": [{ "value": "nobody" }] },
    ]));
    assert_eq!(
        server.scim(Method::PATCH, &group_path, unknown).await.status,
        StatusCode::BAD_REQUEST
    );
    let after = (
        server.scim(Method::GET, &user_path, Value::Null).await.body,
        server.scim(Method::GET, &group_path, Value::Null).await.body,
    );
    assert_eq!(after, before);
}

#[tokio::test]
async fn what_changes_nothing_keeps_version_and_time() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let group = server.group("Engines", std::slice::from_ref(&ada)).await;
    for (path, body) in [
        (
            format!("/Users/{ada}"),
            patch(json!([{ "op": "Replace", "path": "active", "value": "True" }])),
        ),
        (format!("/Users/{ada}"), patch(json!([]))),
        (
            format!("/Groups/{group}"),
            patch(json!([{ "op": "add", "path": "members", "value": [{ "value": ada }] }])),
        ),
        (
            format!("/Groups/{group}"),
            patch(json!([{ "op": "remove", "path": "members", "value": [{ "value": "gone" }] }])),
        ),
        (
            format!("/Groups/{group}"),
            patch(json!([{ "op": "remove", "path": "members", "value": [] }])),
        ),
        (
            format!("/Groups/{group}"),
            patch(json!([{ "op": "replace", "value": { "id": group, "displayName": "Engines" } }])),
        ),
    ] {
        let before = server.scim(Method::GET, &path, Value::Null).await.body;
        assert!(
            server
                .scim(Method::PATCH, &path, body.clone())
                .await
                .status
                .is_success(),
            "{body}"
        );
        assert_eq!(
            server.scim(Method::GET, &path, Value::Null).await.body,
            before,
            "{body}"
        );
    }
}

#[tokio::test]
async fn oktas_put_of_what_it_read_changes_only_what_it_changed() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let group = server.group("Engines", std::slice::from_ref(&ada)).await;
    let path = format!("/Users/{ada}");
    let mut body = server.scim(Method::GET, &path, Value::Null).await.body;
    assert_eq!(
        server.scim(Method::PUT, &path, body.clone()).await.body,
        body,
        "as it was"
    );
    body["active"] = json!(false);
    body["password"] = json!("s3cret");
    let off = server.scim(Method::PUT, &path, body).await;
    assert_eq!((&off.body["active"], off.body.get("password")), (&json!(false), None));
    // Entra: "the application should maintain the group membership for the user in inactive state".
    assert_eq!(off.body["groups"][0]["value"], json!(group));
    let found = server
        .scim(Method::GET, "/Users?filter=userName+eq+%22ADA%22", Value::Null)
        .await;
    assert_eq!(
        found.body["Resources"][0]["active"],
        json!(false),
        "visible while inactive"
    );
}

#[tokio::test]
async fn entras_connection_test_finds_nobody_and_has_a_whole_list() {
    let server = server(&[]).await;
    for path in [
        "/Users?filter=userName+eq+%225a8a3f8e-5e5e-4a66-a2f4-d3b1b1a3a2f0%22",
        "/Groups?excludedAttributes=members&filter=displayName+eq+%22x%22",
    ] {
        let found = server.scim(Method::GET, path, Value::Null).await;
        assert_eq!(
            (found.status, found.body),
            (
                StatusCode::OK,
                json!({ "schemas": [::scim::list::LIST_RESPONSE_URN], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [] })
            )
        );
    }
}

#[tokio::test]
async fn a_group_patch_is_204_unless_attributes_are_asked_for() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let path = format!("/Groups/{}", server.group("Engines", &[]).await);
    let add = patch(json!([{ "op": "add", "path": "members", "value": ada }]));
    let bare = server.scim(Method::PATCH, &path, add.clone()).await;
    assert_eq!(
        (bare.status, bare.header("etag"), &bare.body),
        (StatusCode::NO_CONTENT, "W/\"2\"", &Value::Null)
    );
    let asked = server
        .scim(Method::PATCH, &format!("{path}?attributes=displayName"), add.clone())
        .await;
    assert_eq!((asked.status, asked.body.get("members")), (StatusCode::OK, None));
    let asked = server
        .scim(Method::PATCH, &format!("{path}?attributes=members.value"), add)
        .await;
    assert_eq!(asked.body["members"], json!([{ "value": ada }]));
}

#[tokio::test]
async fn who_is_deleted_leaves_every_group_and_the_name_is_free() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let path = format!("/Groups/{}", server.group("Engines", std::slice::from_ref(&ada)).await);
    let before = server.scim(Method::GET, &path, Value::Null).await;
    server.scim(Method::DELETE, &format!("/Users/{ada}"), Value::Null).await;
    let after = server.scim(Method::GET, &path, Value::Null).await;
    assert!(after.body.get("members").is_none());
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_ne!(server.user("ADA").await, ada);
}

#[tokio::test]
async fn names_are_kept_as_they_came_and_compared_folded() {
    let server = server(&[]).await;
    let long = format!("{}@ex.com", "a".repeat(183));
    for (name, same) in [
        (long.as_str(), long.to_uppercase()),
        ("\u{1F600}", "\u{1F600}".to_owned()),
        ("\u{130}stanbul", "i\u{307}STANBUL".to_owned()),
        ("Zo\u{eb}", "ZOE\u{308}".to_owned()),
        ("a\"b\\c%_", "A\"B\\C%_".to_owned()),
    ] {
        let id = server.user(name).await;
        let read = server.scim(Method::GET, &format!("/Users/{id}"), Value::Null).await;
        assert_eq!(read.body["userName"], json!(name));
        let again = server.scim(Method::POST, "/Users", json!({ "userName": same })).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{same}");
        let search = json!({ "filter": format!("userName eq {}", json!(same)) });
        let found = server.scim(Method::POST, "/Users/.search", search).await;
        assert_eq!(found.body["Resources"][0]["id"], json!(id), "{same}");
    }
    for name in ["stra\u{df}e", "strasse"] {
        server.user(name).await;
    }
}
