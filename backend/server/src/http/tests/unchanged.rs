//! PATCHes on what is readOnly, required or has a default: what changes nothing is no error, and nothing opens anybody.

use super::*;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn patch(operations: Value) -> Value {
    json!({ "schemas": [::scim::patch::URN], "Operations": operations })
}

/// A user with a department, in one group; the path, and what is shown.
async fn a_user(server: &Server) -> (String, Value) {
    let body = json!({ "userName": "ann", ENTERPRISE: { "department": "Ops" } });
    let made = server.scim(Method::POST, "/Users", body).await;
    server.group("Engines", &[made.id()]).await;
    let path = format!("/Users/{}", made.id());
    let shown = server.scim(Method::GET, &path, Value::Null).await.body;
    assert_eq!(shown["groups"][0]["display"], json!("Engines"));
    (path, shown)
}

/// SCIM-SDK#140: a large provider sends every attribute, each with its path.
#[tokio::test]
async fn a_deactivation_beside_an_unchanged_id_arrives() {
    let server = server(&[]).await;
    let (path, shown) = a_user(&server).await;
    let operations = json!([
        { "op": "replace", "path": "id", "value": shown["id"] },
        { "op": "replace", "path": "active", "value": false },
    ]);
    let done = server.scim(Method::PATCH, &path, patch(operations)).await;
    assert_eq!(
        (done.status, &done.body["active"]),
        (StatusCode::OK, &json!(false)),
        "{}",
        done.body
    );
}

#[tokio::test]
async fn read_only_attributes_with_their_own_value_are_no_change() {
    let server = server(&[]).await;
    let (path, shown) = a_user(&server).await;
    for (at, value) in [
        ("id", shown["id"].clone()),
        ("ID", shown["id"].clone()),
        ("meta", shown["meta"].clone()),
        ("meta", json!({ "resourceType": "User" })),
        ("meta.location", shown["meta"]["location"].clone()),
        ("meta.version", shown["meta"]["version"].clone()),
        ("groups", shown["groups"].clone()),
        ("groups", json!([{ "value": shown["groups"][0]["value"] }])),
        ("groups[type eq \"direct\"].display", json!("engines")),
    ] {
        for op in ["replace", "add"] {
            let operations = json!([{ "op": op, "path": at, "value": value }]);
            let done = server.scim(Method::PATCH, &path, patch(operations)).await;
            assert_eq!((done.status, &done.body), (StatusCode::OK, &shown), "{op} {at} {value}");
        }
    }
}

#[tokio::test]
async fn read_only_attributes_with_another_value_refuse_all() {
    let server = server(&[]).await;
    let (path, shown) = a_user(&server).await;
    for (op, at, value) in [
        ("replace", "id", json!("other")),
        ("replace", "id", json!(shown["id"].as_str().unwrap().to_uppercase())),
        ("replace", "meta.version", json!("W/\"99\"")),
        ("add", "meta", json!({ "resourceType": "Group" })),
        ("add", "groups", json!([{ "value": "another-group" }])),
        ("replace", "groups", json!([])),
        ("remove", "groups", Value::Null),
        ("remove", "id", Value::Null),
        ("remove", "groups[display eq \"Engines\"]", Value::Null),
    ] {
        let operations = json!([
            { "op": "replace", "path": "active", "value": false },
            { "op": op, "path": at, "value": value },
        ]);
        let refused = server.scim(Method::PATCH, &path, patch(operations)).await;
        let found = (refused.status, &refused.body["scimType"]);
        assert_eq!(
            found,
            (StatusCode::BAD_REQUEST, &json!("mutability")),
            "{op} {at} {value}"
        );
    }
    assert_eq!(server.scim(Method::GET, &path, Value::Null).await.body, shown);
}

/// RFC 7644 §3.5.2: "If one of the PATCH operations modifies the "schemas" attribute …"
#[tokio::test]
async fn adding_a_known_schema_beside_its_attribute_is_taken() {
    let server = server(&[]).await;
    let ann = format!("/Users/{}", server.user("ann").await);
    let operations = json!([
        { "op": "add", "path": "schemas", "value": [ENTERPRISE] },
        { "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Ops" },
    ]);
    let done = server.scim(Method::PATCH, &ann, patch(operations)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert_eq!(done.body["schemas"], json!([::scim::schema::USER.urn, ENTERPRISE]));
    // The same again, and in another shape: no change.
    for value in [
        json!([ENTERPRISE]),
        json!(ENTERPRISE),
        json!([::scim::schema::USER.urn, ENTERPRISE]),
    ] {
        for op in ["add", "replace"] {
            let value = if op == "replace" {
                done.body["schemas"].clone()
            } else {
                value.clone()
            };
            let operations = json!([{ "op": op, "path": "schemas", "value": value }]);
            let again = server.scim(Method::PATCH, &ann, patch(operations)).await;
            assert_eq!(
                (again.status, &again.body),
                (StatusCode::OK, &done.body),
                "{op} {value}"
            );
        }
    }
}

/// Erratum 7122: a path may be a comparison, which is how one of the `schemas` is named.
#[tokio::test]
async fn removing_a_schema_removes_what_it_holds() {
    let server = server(&[]).await;
    for (n, operation) in [
        json!({ "op": "remove", "path": format!("schemas eq \"{ENTERPRISE}\"") }),
        json!({ "op": "remove", "path": format!("schemas[value eq \"{ENTERPRISE}\"]") }),
        json!({ "op": "remove", "path": "schemas", "value": [ENTERPRISE] }),
        json!({ "op": "replace", "path": "schemas", "value": [::scim::schema::USER.urn] }),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "userName": format!("u{n}"), ENTERPRISE: { "department": "Ops" } });
        let path = format!("/Users/{}", server.scim(Method::POST, "/Users", body).await.id());
        let done = server.scim(Method::PATCH, &path, patch(json!([operation]))).await;
        assert_eq!(done.status, StatusCode::OK, "{operation}: {}", done.body);
        assert_eq!(done.body["schemas"], json!([::scim::schema::USER.urn]), "{operation}");
        assert!(done.body.get(ENTERPRISE).is_none(), "{operation}");
    }
}

#[tokio::test]
async fn a_schema_nobody_knows_or_needs_refuses_the_patch() {
    let server = server(&[]).await;
    let (path, shown) = a_user(&server).await;
    for (op, value, kind) in [
        ("add", json!(["urn:acme:2.0:Badge"]), "invalidValue"),
        ("replace", json!([ENTERPRISE]), "mutability"),
        ("replace", Value::Null, "mutability"),
        ("remove", json!([::scim::schema::USER.urn]), "mutability"),
    ] {
        let operations = json!([{ "op": op, "path": "schemas", "value": value }]);
        let refused = server.scim(Method::PATCH, &path, patch(operations)).await;
        assert_eq!(
            refused.status,
            StatusCode::BAD_REQUEST,
            "{op} {value}: {}",
            refused.body
        );
        assert_eq!(refused.body["scimType"], json!(kind), "{op} {value}");
    }
    assert_eq!(server.scim(Method::GET, &path, Value::Null).await.body, shown);
}

/// SCIM-Client#29: an attribute mapping that became empty is sent as `remove`.
#[tokio::test]
async fn removing_active_does_not_open_a_deactivated_person() {
    let server = server(&[]).await;
    let body = json!({ "userName": "ann", "active": false });
    let path = format!("/Users/{}", server.scim(Method::POST, "/Users", body).await.id());
    let before = server.scim(Method::GET, &path, Value::Null).await.body;
    for operation in [
        json!({ "op": "remove", "path": "active" }),
        json!({ "op": "Remove", "path": "ACTIVE", "value": false }),
        json!({ "op": "remove", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active" }),
        json!({ "op": "replace", "path": "active", "value": null }),
        json!({ "op": "replace", "path": "active", "value": [] }),
        json!({ "op": "add", "path": "active", "value": "" }),
        json!({ "op": "replace", "value": { "active": null } }),
    ] {
        let done = server.scim(Method::PATCH, &path, patch(json!([operation]))).await;
        assert!(done.status.is_success(), "{operation}: {}", done.body);
        let after = server.scim(Method::GET, &path, Value::Null).await.body;
        assert_eq!(after, before, "{operation}");
    }
}

#[tokio::test]
async fn removing_active_in_a_bulk_opens_nobody_either() {
    let server = server(&[]).await;
    let body = json!({ "userName": "ann", "active": false });
    let path = format!("/Users/{}", server.scim(Method::POST, "/Users", body).await.id());
    let data = patch(json!([{ "op": "remove", "path": "active" }]));
    let body = json!({ "Operations": [{ "method": "PATCH", "path": path, "data": data }] });
    server.scim(Method::POST, "/Bulk", body).await;
    let after = server.scim(Method::GET, &path, Value::Null).await.body;
    assert_eq!(after["active"], json!(false));
}

#[tokio::test]
async fn a_put_of_the_answer_after_removing_active_opens_nobody() {
    let server = server(&[]).await;
    let path = format!("/Users/{}", server.user("ann").await);
    let operations = json!([
        { "op": "remove", "path": "active" },
        { "op": "replace", "path": "active", "value": false },
        { "op": "remove", "path": "active" },
    ]);
    let off = server.scim(Method::PATCH, &path, patch(operations)).await;
    assert_eq!(off.body["active"], json!(false), "{}", off.body);
    let mut body = off.body;
    body.as_object_mut().unwrap().remove("active");
    let put = server.scim(Method::PUT, &path, body).await;
    assert_eq!(put.body["active"], json!(false));
}

#[tokio::test]
async fn required_attributes_cannot_be_removed_in_any_shape() {
    let server = server(&[]).await;
    let (user, _) = a_user(&server).await;
    let group = format!("/Groups/{}", server.group("Other", &[]).await);
    for (path, operation) in [
        (&user, json!({ "op": "remove", "path": "userName" })),
        (&user, json!({ "op": "remove", "path": "USERNAME", "value": "ann" })),
        (&user, json!({ "op": "replace", "path": "userName", "value": null })),
        (&user, json!({ "op": "remove", "path": ::scim::schema::USER.urn })),
        (&group, json!({ "op": "remove", "path": "displayName" })),
        (&group, json!({ "op": "replace", "value": { "displayName": "" } })),
    ] {
        let refused = server.scim(Method::PATCH, path, patch(json!([operation]))).await;
        assert_eq!(
            refused.body["scimType"],
            json!("mutability"),
            "{operation}: {}",
            refused.body
        );
    }
}
