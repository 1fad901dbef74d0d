//! Shapes that real clients send and a strict reader refuses, and values that are equal in all but letter case.

use super::*;

fn patch(operations: Value) -> Value {
    json!({ "schemas": [::scim::patch::URN], "Operations": operations })
}

async fn with_emails(server: &Server, name: &str, emails: Value) -> String {
    let body = json!({ "userName": name, "emails": emails });
    let made = server.scim(Method::POST, "/Users", body).await;
    format!("/Users/{}", made.id())
}

/// RFC 7643 §8.7.1: `emails.value` has `caseExact` false.
#[tokio::test]
async fn listed_values_are_removed_in_any_letter_case() {
    let server = server(&[]).await;
    for (n, listed) in [
        json!([{ "value": "mixed.a@EXAMPLE.test" }]),
        json!([{ "value": "MIXED.A@example.test", "type": "WORK" }]),
        json!({ "value": "mixed.a@example.test" }),
        json!("mixed.a@example.test"),
    ]
    .into_iter()
    .enumerate()
    {
        let emails = json!([{ "value": "Mixed.A@Example.test", "type": "work" }, { "value": "b@x.test" }]);
        let path = with_emails(&server, &format!("u{n}"), emails).await;
        let remove = json!([{ "op": "remove", "path": "emails", "value": listed }]);
        let done = server.scim(Method::PATCH, &path, patch(remove)).await;
        assert_eq!(done.body["emails"], json!([{ "value": "b@x.test" }]), "{listed}");
    }
}

#[tokio::test]
async fn an_address_in_another_case_is_not_added_again() {
    let server = server(&[]).await;
    let path = with_emails(&server, "ann", json!([{ "value": "Ann@x.test", "type": "work" }])).await;
    let before = server.scim(Method::GET, &path, Value::Null).await.body;
    for value in [
        json!([{ "value": "ann@X.test", "type": "Work" }]),
        json!([{ "type": "work", "value": "Ann@x.test" }]),
    ] {
        let add = json!([{ "op": "add", "path": "emails", "value": value }]);
        let done = server.scim(Method::PATCH, &path, patch(add)).await;
        assert_eq!(done.body, before, "as it came first, and no new version");
    }
    let add =
        json!([{ "op": "add", "value": { "emails": [{ "value": "ANN@x.test", "type": "WORK", "display": "A" }] } }]);
    let done = server.scim(Method::PATCH, &path, patch(add)).await;
    let shown = json!([{ "value": "Ann@x.test", "type": "work", "display": "A" }]);
    assert_eq!(done.body["emails"], shown, "what is new is taken");
}

#[tokio::test]
async fn values_that_are_case_exact_stay_two() {
    let server = server(&[]).await;
    let path = with_emails(&server, "ann", json!([])).await;
    let add = |value: &str| patch(json!([{ "op": "add", "path": "photos", "value": [{ "value": value }] }]));
    server.scim(Method::PATCH, &path, add("https://x.test/A")).await;
    let both = server.scim(Method::PATCH, &path, add("https://x.test/a")).await;
    assert_eq!(both.body["photos"].as_array().unwrap().len(), 2);
    let remove = patch(json!([{ "op": "remove", "path": "photos", "value": [{ "value": "https://x.test/a" }] }]));
    let one = server.scim(Method::PATCH, &path, remove).await;
    assert_eq!(one.body["photos"], json!([{ "value": "https://x.test/A" }]));
}

#[tokio::test]
async fn an_address_without_a_value_is_removed_by_its_parts() {
    let server = server(&[]).await;
    let body = json!({ "userName": "ann", "addresses": [{ "type": "work", "locality": "London" }] });
    let path = format!("/Users/{}", server.scim(Method::POST, "/Users", body).await.id());
    let remove = json!([{ "op": "remove", "path": "addresses", "value": [{ "type": "WORK", "locality": "LONDON" }] }]);
    let done = server.scim(Method::PATCH, &path, patch(remove)).await;
    assert!(done.body.get("addresses").is_none(), "{}", done.body);
}

/// authentik#16455 has the grammar; a lookup that finds nobody makes a second account.
#[tokio::test]
async fn a_filter_with_the_wrong_quotes_is_an_invalid_filter() {
    let server = server(&[]).await;
    server.user("ann@example.test").await;
    for value in [
        "'ann@example.test'",
        "‘ann@example.test’",
        "“ann@example.test”",
        "`ann@example.test`",
        "'ann",
        "«ann»",
    ] {
        for filter in [format!("userName eq {value}"), format!("emails[value eq {value}]")] {
            let refused = server
                .scim(Method::POST, "/Users/.search", json!({ "filter": filter }))
                .await;
            let found = (refused.status, &refused.body["scimType"]);
            assert_eq!(found, (StatusCode::BAD_REQUEST, &json!("invalidFilter")), "{filter}");
        }
    }
    let group = format!("/Groups/{}", server.group("G", &[]).await);
    let remove = patch(json!([{ "op": "remove", "path": "members[display ne 'x']" }]));
    let refused = server.scim(Method::PATCH, &group, remove).await;
    assert_eq!(refused.body["scimType"], json!("invalidFilter"));
    for filter in ["userName eq ann@example.test", "name.familyName ne O'Malley"] {
        let found = server
            .scim(Method::POST, "/Users/.search", json!({ "filter": filter }))
            .await;
        assert_eq!(found.body["totalResults"], json!(1), "{filter}");
    }
}

#[tokio::test]
async fn scim_sdk_sends_a_list_of_one_without_a_path() {
    let server = server(&[]).await;
    let ann = server.user("ann").await;
    let path = format!("/Users/{ann}");
    for (op, title) in [("replace", "A"), ("add", "B")] {
        let operations = json!([{ "op": op, "value": [{ "title": title, "name": { "givenName": "G" } }] }]);
        let done = server.scim(Method::PATCH, &path, patch(operations)).await;
        assert_eq!(
            (done.status, &done.body["title"]),
            (StatusCode::OK, &json!(title)),
            "{}",
            done.body
        );
    }
    let group = format!("/Groups/{}", server.group("G", &[]).await);
    let operations = json!([{ "op": "add", "value": [{ "members": [{ "value": ann }] }] }]);
    assert_eq!(
        server.scim(Method::PATCH, &group, patch(operations)).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        server.scim(Method::GET, &group, Value::Null).await.body["members"][0]["value"],
        json!(ann)
    );
    let extension = ::scim::schema::ENTERPRISE_USER.urn;
    let operations = json!([{ "op": "add", "path": extension, "value": [{ "department": "D" }] }]);
    let done = server.scim(Method::PATCH, &path, patch(operations)).await;
    assert_eq!(done.body[extension]["department"], json!("D"), "{}", done.body);
    for value in [
        json!([]),
        json!([{ "title": "x" }, { "title": "y" }]),
        json!(["x"]),
        json!("x"),
    ] {
        let operations = json!([{ "op": "replace", "value": value }]);
        let refused = server.scim(Method::PATCH, &path, patch(operations)).await;
        assert_eq!(refused.body["scimType"], json!("invalidValue"), "{value}");
    }
}

/// ConnId then goes on to send its changes of membership.
#[tokio::test]
async fn connid_sends_a_patch_without_operations() {
    let server = server(&[]).await;
    let user = format!("/Users/{}", server.user("ann").await);
    let group = format!("/Groups/{}", server.group("G", &[]).await);
    for path in [&user, &group] {
        let before = server.scim(Method::GET, path, Value::Null).await;
        for body in [
            json!({ "schemas": [::scim::patch::URN] }),
            json!({ "schemas": [::scim::patch::URN], "Operations": null }),
            json!({ "schemas": [::scim::patch::URN], "Operations": [] }),
            json!({}),
        ] {
            let done = server.scim(Method::PATCH, path, body.clone()).await;
            assert!(done.status.is_success(), "{path} {body}: {}", done.body);
            let after = server.scim(Method::GET, path, Value::Null).await;
            assert_eq!(after.header("etag"), before.header("etag"));
            assert_eq!(after.body, before.body);
        }
        for body in [
            json!({ "Operations": "x" }),
            json!({ "Operations": {} }),
            json!({ "schemas": ["urn:x"] }),
        ] {
            let refused = server.scim(Method::PATCH, path, body.clone()).await;
            assert_eq!(refused.body["scimType"], json!("invalidSyntax"), "{body}");
        }
    }
}

/// Set to update by PATCH, it sends the resource as SCIM 1.1 had it.
#[tokio::test]
async fn connid_deactivates_by_a_patch_that_is_the_user() {
    let server = server(&[]).await;
    let user = format!("/Users/{}", server.user("ann").await);
    let body = json!({
        "schemas": [::scim::schema::USER.urn], "id": "x", "meta": { "resourceType": "User" },
        "userName": "ann", "active": false, "emails": [{ "value": "a@x.test", "type": "work" }],
    });
    let done = server.scim(Method::PATCH, &user, body).await;
    assert_eq!(
        (done.status, &done.body["active"]),
        (StatusCode::OK, &json!(false)),
        "{}",
        done.body
    );
    assert_eq!(done.body["emails"][0]["value"], json!("a@x.test"));
    let wrong = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "active": true });
    let refused = server.scim(Method::PATCH, &user, wrong).await;
    assert_eq!(refused.body["scimType"], json!("invalidSyntax"));
}

#[tokio::test]
async fn a_search_without_a_body_asks_for_everything() {
    let server = server(&[]).await;
    server.user("ann").await;
    server.group("G", &[]).await;
    for (path, total) in [("/Users/.search", 1), ("/Groups/.search", 1), ("/.search", 2)] {
        for body in [&b""[..], b" \r\n", b"{}"] {
            let found = server
                .send(idp(), Method::POST, &format!("/scim/v2{path}"), &[], body.to_vec())
                .await;
            assert_eq!(
                found.body["totalResults"],
                json!(total),
                "{path} {body:?}: {}",
                found.body
            );
        }
        let refused = server
            .send(idp(), Method::POST, &format!("/scim/v2{path}"), &[], b"[]".to_vec())
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    }
    for path in ["/Users", "/Groups", "/Bulk"] {
        let refused = server.scim(Method::POST, path, Value::Null).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path} needs a body");
    }
}

#[tokio::test]
async fn parameters_sent_twice_are_joined_everywhere() {
    let server = server(&[]).await;
    let body = json!({ "userName": "ann", "title": "T", "nickName": "N", "displayName": "D" });
    let id = server.scim(Method::POST, "/Users", body.clone()).await.id();
    let user = format!("/Users/{id}");
    let both = "attributes=title&attributes=nickName&Attributes=userName,displayName";
    let keys = |body: &Value| -> Vec<String> { body.as_object().unwrap().keys().cloned().collect() };
    let wanted = ["displayName", "id", "nickName", "schemas", "title", "userName"];
    let list = server.scim(Method::GET, &format!("/Users?{both}"), Value::Null).await;
    assert_eq!(keys(&list.body["Resources"][0]), wanted);
    for (method, sent) in [
        (Method::GET, Value::Null),
        (Method::PUT, body),
        (Method::PATCH, json!({})),
    ] {
        let one = server.scim(method.clone(), &format!("{user}?{both}"), sent).await;
        assert_eq!(keys(&one.body), wanted, "{method}");
    }
    let without = "excludedAttributes=title&excludedAttributes=meta";
    for path in ["/Users", &user] {
        let shown = server
            .scim(Method::GET, &format!("{path}?{without}"), Value::Null)
            .await
            .body;
        let shown = shown.pointer("/Resources/0").unwrap_or(&shown);
        assert!(
            shown.get("title").is_none() && shown.get("meta").is_none(),
            "{path}: {shown}"
        );
    }
}

#[tokio::test]
async fn one_question_asked_twice_with_two_answers_is_400() {
    let server = server(&[]).await;
    server.user("ann").await;
    for query in [
        "filter=userName+eq+%22ann%22&filter=userName+eq+%22bob%22",
        "count=1&count=2",
        "startIndex=1&STARTINDEX=2",
        "sortBy=userName&sortBy=title",
        "cursor=&cursor=x",
    ] {
        let refused = server.scim(Method::GET, &format!("/Users?{query}"), Value::Null).await;
        let found = (refused.status, &refused.body["scimType"]);
        assert_eq!(found, (StatusCode::BAD_REQUEST, &json!("invalidValue")), "{query}");
    }
    let same = "count=1&count=1&filter=active+eq+true&filter=active+eq+true&aadOptscim062020&aadOptscim062020=x";
    let found = server.scim(Method::GET, &format!("/Users?{same}"), Value::Null).await;
    assert_eq!(found.body["totalResults"], json!(1), "{}", found.body);
}
