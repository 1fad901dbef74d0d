//! What a filter selects, in a PATCH path and in a query: nothing by accident.

use super::*;

fn operation(op: Value) -> Value {
    json!({ "schemas": [::scim::patch::URN], "Operations": [op] })
}

fn remove(path: &str) -> Value {
    operation(json!({ "op": "remove", "path": path }))
}

/// A group of two; its path and its members' ids.
async fn a_group(server: &Server) -> (String, String, String) {
    let ann = server.user("ann@example.test").await;
    let bob = server.user("bob@example.test").await;
    let group = server.group("Engines", &[ann.clone(), bob.clone()]).await;
    (format!("/Groups/{group}"), ann, bob)
}

async fn members(server: &Server, group: &str) -> Vec<String> {
    let read = server.scim(Method::GET, group, Value::Null).await.body;
    let members = read["members"].as_array().cloned().unwrap_or_default();
    members
        .iter()
        .map(|m| m["value"].as_str().unwrap().to_owned())
        .collect()
}

fn is_refused(answer: &Answer, kind: &str, what: &str) {
    let found = (answer.status, answer.body["scimType"].as_str());
    assert_eq!(found, (StatusCode::BAD_REQUEST, Some(kind)), "{what}: {}", answer.body);
}

/// authentik#24173, #25686: a removal that selects nobody, or everybody, and says 204.
#[tokio::test]
async fn members_by_a_part_they_lack_are_400_not_204() {
    let server = server(&[]).await;
    let (group, ann, bob) = a_group(&server).await;
    for path in [
        "members[userName eq \"ann@example.test\"]",
        "members[userName ne \"x\"]",
        "members[not (email eq \"x\")]",
        "members[value eq \"x\" or primary ne true]",
        "members[id pr]",
        "members.userName eq \"ann@example.test\"",
    ] {
        let refused = server.scim(Method::PATCH, &group, remove(path)).await;
        is_refused(&refused, "invalidFilter", path);
        assert_eq!(members(&server, &group).await, [ann.clone(), bob.clone()], "{path}");
    }
}

#[tokio::test]
async fn values_by_a_part_they_lack_are_400_and_stay() {
    let server = server(&[]).await;
    let body = json!({ "userName": "ann", "emails": [{ "value": "a@x.test", "type": "work" }],
        "addresses": [{ "type": "work", "locality": "London" }], "roles": [{ "value": "r" }] });
    let made = server.scim(Method::POST, "/Users", body).await;
    let user = format!("/Users/{}", made.id());
    for (op, path) in [
        ("remove", "emails[label ne \"main\"]"),
        ("remove", "emails[label eq \"main\"].value"),
        ("replace", "addresses[value eq \"London\"].locality"),
        ("add", "roles[name eq \"r\"]"),
        (
            "remove",
            "urn:ietf:params:scim:schemas:core:2.0:User:emails[label ne \"x\"]",
        ),
    ] {
        let sent = operation(json!({ "op": op, "path": path, "value": "v" }));
        let refused = server.scim(Method::PATCH, &user, sent).await;
        is_refused(&refused, "invalidFilter", path);
    }
    let after = server.scim(Method::GET, &user, Value::Null).await;
    assert_eq!(after.body, made.body);
}

#[tokio::test]
async fn an_unknown_part_of_an_attribute_is_an_invalid_path() {
    let server = server(&[]).await;
    let made = server
        .scim(
            Method::POST,
            "/Users",
            json!({ "userName": "ann", "name": { "givenName": "A" } }),
        )
        .await;
    let user = format!("/Users/{}", made.id());
    for (op, path) in [
        ("replace", "name.nick"),
        ("remove", "emails.label"),
        ("add", "emails[type eq \"work\"].label"),
        (
            "replace",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.email",
        ),
        ("remove", "userName.first"),
    ] {
        let sent = operation(json!({ "op": op, "path": path, "value": "v" }));
        is_refused(&server.scim(Method::PATCH, &user, sent).await, "invalidPath", path);
    }
    let (group, ..) = a_group(&server).await;
    is_refused(
        &server.scim(Method::PATCH, &group, remove("members.userName")).await,
        "invalidPath",
        "members",
    );
    // Without a path nothing is selected: what nobody knows is ignored there, as in a PUT.
    let sent = operation(json!({ "op": "replace", "value": { "name.nick": "x", "title": "T" } }));
    assert_eq!(server.scim(Method::PATCH, &user, sent).await.body["title"], json!("T"));
}

#[tokio::test]
async fn a_query_by_an_unknown_part_is_an_invalid_filter() {
    let server = server(&[]).await;
    a_group(&server).await;
    for (endpoint, filter) in [
        ("/Users", "emails.label ne \"x\""),
        ("/Users", "emails[label ne \"x\"]"),
        ("/Users", "emails[type eq \"work\"].label eq \"x\""),
        ("/Users", "name.nick pr"),
        ("/Users", "userName[value eq \"x\"]"),
        ("/Groups", "members.userName ne \"x\""),
        ("/Groups", "members[userName ne \"x\"]"),
        ("", "meta.owner eq null"),
    ] {
        let body = json!({ "filter": filter });
        let refused = server.scim(Method::POST, &format!("{endpoint}/.search"), body).await;
        is_refused(&refused, "invalidFilter", filter);
    }
}

/// RFC 7644 §3.5.2.2 and erratum 8924: the `$ref` that GET shows is the one a PATCH path means.
#[tokio::test]
async fn a_member_is_removed_by_the_ref_that_get_shows() {
    let server = server(&[]).await;
    for comparison in ["eq", "sw", "ew", "co"] {
        let (name_a, name_b) = (format!("a-{comparison}"), format!("b-{comparison}"));
        let (ann, bob) = (server.user(&name_a).await, server.user(&name_b).await);
        let id = server.group(comparison, &[ann.clone(), bob.clone()]).await;
        let group = format!("/Groups/{id}");
        let shown = server.scim(Method::GET, &group, Value::Null).await.body;
        let reference = shown["members"][0]["$ref"].as_str().unwrap();
        assert!(reference.starts_with("https://grafana.example/"), "{reference}");
        let by_ref = format!("$ref {comparison} \"{reference}\"");
        let search = json!({ "filter": format!("members[{by_ref}]") });
        let found = server.scim(Method::POST, "/Groups/.search", search).await;
        assert_eq!(found.body["Resources"][0]["id"], json!(id), "{comparison}");
        let done = server
            .scim(Method::PATCH, &group, remove(&format!("members[{by_ref}]")))
            .await;
        assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.body);
        assert_eq!(members(&server, &group).await, [bob], "{comparison}");
    }
}

#[tokio::test]
async fn a_member_is_kept_by_the_ref_that_get_shows() {
    let server = server(&[]).await;
    let (group, _, bob) = a_group(&server).await;
    let shown = server.scim(Method::GET, &group, Value::Null).await.body;
    let reference = shown["members"][1]["$ref"].as_str().unwrap().to_owned();
    let others = format!("members[$ref ne \"{reference}\"]");
    server.scim(Method::PATCH, &group, remove(&others)).await;
    assert_eq!(members(&server, &group).await, [bob]);
}

#[tokio::test]
async fn a_member_is_replaced_by_ref_in_a_bulk_too() {
    let server = server(&[]).await;
    let (group, ann, bob) = a_group(&server).await;
    let eve = server.user("eve").await;
    let shown = server.scim(Method::GET, &group, Value::Null).await.body;
    let reference = shown["members"][0]["$ref"].as_str().unwrap();
    assert!(reference.ends_with(&ann));
    let path = format!("members[$ref eq \"{reference}\"]");
    let data = operation(json!({ "op": "replace", "path": path, "value": [{ "value": eve }] }));
    let body = json!({ "Operations": [{ "method": "PATCH", "path": group, "data": data }] });
    let answer = server.scim(Method::POST, "/Bulk", body).await;
    assert_eq!(answer.body["Operations"][0]["status"], json!("200"), "{}", answer.body);
    assert_eq!(members(&server, &group).await, [bob, eve]);
}
