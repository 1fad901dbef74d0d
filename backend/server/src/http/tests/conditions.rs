//! Versions and the conditions on them (RFC 7644 §3.14, RFC 9110 §13.1): for what is shown, and for every method.

use super::*;

fn patch(op: Value) -> Value {
    json!({ "schemas": [::scim::patch::URN], "Operations": [op] })
}

impl Server {
    async fn with(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        self.send(idp(), method, &format!("/scim/v2{path}"), headers, bytes)
            .await
    }

    async fn tag(&self, path: &str) -> String {
        let read = self.scim(Method::GET, path, Value::Null).await;
        assert_eq!(read.body["meta"]["version"], json!(read.header("etag")), "{path}");
        read.header("etag").to_owned()
    }

    /// Whether the tag stands for what is there now.
    async fn is_current(&self, path: &str, tag: &str) -> bool {
        let answer = self
            .with(Method::GET, path, &[("if-none-match", tag)], &Value::Null)
            .await;
        answer.status == StatusCode::NOT_MODIFIED
    }
}

/// RFC 9110 §8.8.1: a validator changes whenever the representation does.
#[tokio::test]
async fn a_users_version_follows_the_groups_it_shows() {
    let server = server(&[]).await;
    let ann = server.user("ann").await;
    let path = format!("/Users/{ann}");
    let mut tag = server.tag(&path).await;
    let group = format!("/Groups/{}", server.group("Engines", &[]).await);
    let join = patch(json!({ "op": "add", "path": "members", "value": [{ "value": ann }] }));
    let leave = patch(json!({ "op": "remove", "path": "members" }));
    let rename = patch(json!({ "op": "replace", "path": "displayName", "value": "Motors" }));
    let put = json!({ "displayName": "Cogs", "members": [{ "value": ann }] });
    for (what, method, body) in [
        ("joined", Method::PATCH, join.clone()),
        ("renamed", Method::PATCH, rename),
        ("left", Method::PATCH, leave),
        ("joined again", Method::PATCH, join),
        ("put", Method::PUT, put),
        ("deleted", Method::DELETE, Value::Null),
    ] {
        assert!(server.is_current(&path, &tag).await, "before {what}");
        assert!(server.scim(method, &group, body).await.status.is_success(), "{what}");
        assert!(!server.is_current(&path, &tag).await, "{what}");
        tag = server.tag(&path).await;
    }
}

#[tokio::test]
async fn a_user_has_one_version_wherever_it_is_shown() {
    let server = server(&[]).await;
    let ann = server.user("ann").await;
    server.group("Engines", std::slice::from_ref(&ann)).await;
    let path = format!("/Users/{ann}");
    let tag = server.tag(&path).await;
    for query in [
        "/Users?count=1",
        "/Users?excludedAttributes=groups",
        "/Users?attributes=meta.version",
        "",
    ] {
        let list = server.scim(Method::GET, query, Value::Null).await;
        let shown = &list.body["Resources"][0]["meta"]["version"];
        assert_eq!(shown, &json!(tag), "{query}");
    }
    let filter = json!({ "filter": format!("meta.version eq {}", json!(tag)) });
    let found = server.scim(Method::POST, "/Users/.search", filter).await;
    assert_eq!(found.body["totalResults"], json!(1));
    let same = patch(json!({ "op": "replace", "path": "active", "value": true }));
    let patched = server.with(Method::PATCH, &path, &[("if-match", &tag)], &same).await;
    assert_eq!((patched.status, patched.header("etag")), (StatusCode::OK, tag.as_str()));
}

#[tokio::test]
async fn a_groups_version_follows_the_names_it_shows() {
    let server = server(&[]).await;
    let ann = server.user("ann").await;
    let group = format!("/Groups/{}", server.group("Engines", std::slice::from_ref(&ann)).await);
    let tag = server.tag(&group).await;
    let path = format!("/Users/{ann}");
    let title = patch(json!({ "op": "replace", "path": "title", "value": "T" }));
    server.scim(Method::PATCH, &path, title).await;
    assert!(server.is_current(&group, &tag).await, "a title is not shown there");
    let rename = patch(json!({ "op": "replace", "path": "userName", "value": "Ann" }));
    server.scim(Method::PATCH, &path, rename).await;
    let shown = server.scim(Method::GET, &group, Value::Null).await;
    assert_eq!(shown.body["members"][0]["display"], json!("Ann"));
    assert!(!server.is_current(&group, &tag).await, "a member's name is");
}

#[tokio::test]
async fn a_client_that_names_its_members_itself_sees_no_change() {
    let server = server(&[]).await;
    let ann = server.user("ann").await;
    let body = json!({ "displayName": "G", "members": [{ "value": ann, "display": "Ann A" }] });
    let group = format!("/Groups/{}", server.scim(Method::POST, "/Groups", body).await.id());
    let tag = server.tag(&group).await;
    let rename = patch(json!({ "op": "replace", "path": "userName", "value": "eve" }));
    server.scim(Method::PATCH, &format!("/Users/{ann}"), rename).await;
    assert!(server.is_current(&group, &tag).await);
}

/// RFC 9110 §13.1.1, §13.1.2 and the order of §13.2.2.
#[tokio::test]
async fn conditions_hold_for_every_method() {
    let server = server(&[]).await;
    let ann = server.user("ann").await;
    let group = server.group("Engines", &[ann]).await;
    for path in [
        format!("/Users/{}", server.user("bob").await),
        format!("/Groups/{group}"),
    ] {
        let shown = server.scim(Method::GET, &path, Value::Null).await.body;
        let nothing = json!({ "Operations": [] });
        let tag = server.tag(&path).await;
        let (failed, stale) = (StatusCode::PRECONDITION_FAILED, "W/\"4711\"");
        let unchanged = StatusCode::NOT_MODIFIED;
        for (method, body) in [
            (Method::GET, Value::Null),
            (Method::HEAD, Value::Null),
            (Method::PUT, shown.clone()),
            (Method::PATCH, nothing.clone()),
            (Method::DELETE, Value::Null),
        ] {
            let reads = method == Method::GET || method == Method::HEAD;
            let same = if reads { unchanged } else { failed };
            let lists = format!("{stale}, {tag}");
            for (headers, expected) in [
                (vec![("if-match", stale)], failed),
                (vec![("if-match", "")], failed),
                (vec![("if-match", stale), ("if-match", "W/\"0\"")], failed),
                (vec![("if-none-match", tag.as_str())], same),
                (vec![("if-none-match", "*")], same),
                (vec![("if-none-match", lists.as_str())], same),
                (vec![("if-none-match", stale), ("if-none-match", tag.as_str())], same),
                (vec![("if-match", stale), ("if-none-match", tag.as_str())], failed),
                (vec![("if-match", tag.as_str()), ("if-none-match", tag.as_str())], same),
            ] {
                let answer = server.with(method.clone(), &path, &headers, &body).await;
                assert_eq!(answer.status, expected, "{method} {path} {headers:?}");
            }
        }
        assert_eq!(
            server.scim(Method::GET, &path, Value::Null).await.body,
            shown,
            "nothing was done"
        );
        for (method, body) in [
            (Method::GET, Value::Null),
            (Method::PUT, shown),
            (Method::PATCH, nothing),
            (Method::DELETE, Value::Null),
        ] {
            let headers = [
                ("if-match", "W/\"0\""),
                ("if-match", tag.as_str()),
                ("if-none-match", stale),
            ];
            let answer = server.with(method.clone(), &path, &headers, &body).await;
            assert!(answer.status.is_success(), "{method} {path}: {}", answer.body);
        }
    }
}

/// §13.2.1: without the condition the answer would be a 404, so it is one.
#[tokio::test]
async fn conditions_on_what_is_not_there_are_ignored() {
    let server = server(&[]).await;
    for path in ["/Users/nobody", "/Groups/nothing"] {
        for (method, body) in [
            (Method::GET, Value::Null),
            (Method::PUT, json!({ "userName": "x", "displayName": "x" })),
            (Method::PATCH, json!({ "Operations": [] })),
            (Method::DELETE, Value::Null),
        ] {
            for headers in [[("if-match", "*")], [("if-none-match", "*")]] {
                let answer = server.with(method.clone(), path, &headers, &body).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path} {headers:?}");
            }
        }
    }
}

/// pyscim, SCIM-SDK and scim-sanity read the type before they look whether there is a body.
#[tokio::test]
async fn an_answer_without_a_body_says_its_type_too() {
    let server = server(&[]).await;
    let ann = server.user("ann").await;
    let group = format!("/Groups/{}", server.group("Engines", &[]).await);
    let add = patch(json!({ "op": "add", "path": "members", "value": [{ "value": ann }] }));
    let answers = [
        server.scim(Method::PATCH, &group, add).await,
        server.scim(Method::DELETE, &group, Value::Null).await,
        server.scim(Method::DELETE, &format!("/Users/{ann}"), Value::Null).await,
    ];
    for answer in answers {
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert!(answer.header("content-type").starts_with("application/scim+json"));
    }
}
