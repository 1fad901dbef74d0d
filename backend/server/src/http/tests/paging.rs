//! Pages by index and by cursor (RFC 9865), over one resource type and over all.

use super::*;

fn names(answer: &Answer) -> Vec<&str> {
    let resources = answer.body["Resources"].as_array().unwrap();
    resources
        .iter()
        .map(|resource| {
            resource["userName"]
                .as_str()
                .or(resource["displayName"].as_str())
                .unwrap()
        })
        .collect()
}

async fn five_and_two() -> Server {
    let server = server(&[]).await;
    for name in ["e", "d", "c", "b", "a"] {
        server.user(name).await;
    }
    for name in ["Y", "X"] {
        server.group(name, &[]).await;
    }
    server
}

/// Everything there is, page by page.
async fn walk(server: &Server, path: &str, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server
            .scim(Method::GET, &format!("{path}?{query}&cursor={cursor}"), Value::Null)
            .await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.get("startIndex").is_none(), "{}", page.body);
        pages.push(names(&page).into_iter().map(str::to_owned).collect());
        match page.body.get("nextCursor") {
            Some(next) => next.as_str().unwrap().clone_into(&mut cursor),
            None => return pages,
        }
        assert!(pages.len() < 20, "{pages:?}");
    }
}

#[tokio::test]
async fn a_walk_by_cursor_sees_each_resource_once() {
    let server = five_and_two().await;
    for (path, query, expected) in [
        ("/Users", "count=2", vec![vec!["e", "d"], vec!["c", "b"], vec!["a"]]),
        ("/Users", "count=5", vec![vec!["e", "d", "c", "b", "a"]]),
        ("/Users", "", vec![vec!["e", "d", "c", "b", "a"]]),
        ("/Users", "count=0", vec![vec![]]),
        (
            "/Users",
            "count=2&sortBy=userName",
            vec![vec!["a", "b"], vec!["c", "d"], vec!["e"]],
        ),
        (
            "/Users",
            "count=3&filter=active+eq+true",
            vec![vec!["e", "d", "c"], vec!["b", "a"]],
        ),
        (
            "/Users",
            "count=1&filter=title+eq+null+and+not+(userName+eq+c)+and+userName+lt+%22d%22",
            vec![vec!["b"], vec!["a"]],
        ),
        ("/Groups", "count=1", vec![vec!["Y"], vec!["X"]]),
        ("", "count=3", vec![vec!["e", "d", "c"], vec!["b", "a", "Y"], vec!["X"]]),
        ("", "count=5", vec![vec!["e", "d", "c", "b", "a"], vec!["Y", "X"]]),
        ("/", "count=7", vec![vec!["e", "d", "c", "b", "a", "Y", "X"]]),
        (
            "",
            "count=4&sortBy=displayName",
            vec![vec!["X", "Y", "e", "d"], vec!["c", "b", "a"]],
        ),
        ("", "count=2&filter=displayName+pr", vec![vec!["Y", "X"]]),
        ("", "count=5&filter=userName+pr", vec![vec!["e", "d", "c", "b", "a"]]),
    ] {
        assert_eq!(walk(&server, path, query).await, expected, "{path}?{query}");
    }
}

/// RFC 9865 §2: `previousCursor`.
#[tokio::test]
async fn a_walk_back_by_cursor_sees_the_same_pages() {
    let server = five_and_two().await;
    for (path, query) in [
        ("/Users", "count=2"),
        ("/Users", "count=2&sortBy=userName"),
        ("/Users", "count=1&filter=title+eq+null+and+userName+lt+%22d%22"),
        ("/Users", "count=2&filter=active+eq+true"),
        ("/Groups", "count=1"),
        ("", "count=3"),
        ("", "count=5"),
        ("", "count=6"),
        ("", "count=2&sortBy=displayName"),
    ] {
        let forth = walk(&server, path, query).await;
        let ask = |cursor: String| {
            let path = format!("{path}?{query}&cursor={cursor}");
            let server = &server;
            async move { server.scim(Method::GET, &path, Value::Null).await }
        };
        let mut cursor = String::new();
        while let Some(next) = ask(cursor.clone()).await.body["nextCursor"].as_str() {
            next.clone_into(&mut cursor);
        }
        let mut back = Vec::new();
        loop {
            let page = ask(cursor.clone()).await;
            let seen: Vec<String> = names(&page).into_iter().map(str::to_owned).collect();
            back.insert(0, seen);
            match page.body["previousCursor"].as_str() {
                Some(previous) => previous.clone_into(&mut cursor),
                None => break,
            }
            assert!(back.len() < 20, "{back:?}");
        }
        assert_eq!(back, forth, "{path}?{query}");
    }
    let nothing = server.scim(Method::GET, "/Users?count=0&cursor=", Value::Null).await;
    assert!(nothing.body.get("previousCursor").is_none());
    let by_index = server.scim(Method::GET, "/Users?startIndex=3", Value::Null).await;
    assert!(by_index.body.get("previousCursor").is_none());
}

#[tokio::test]
async fn a_walk_by_cursor_misses_nobody_when_others_come_and_go() {
    let server = five_and_two().await;
    let first = server.scim(Method::GET, "/Users?count=2&cursor=", Value::Null).await;
    assert_eq!(first.body["totalResults"], json!(5));
    // The last one seen is deleted: by index the next page would now skip one.
    let id = first.body["Resources"][1]["id"].as_str().unwrap();
    server.scim(Method::DELETE, &format!("/Users/{id}"), Value::Null).await;
    server.user("new").await;
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let rest = server
        .scim(Method::GET, &format!("/Users?count=9&cursor={cursor}"), Value::Null)
        .await;
    assert_eq!(names(&rest), ["c", "b", "a", "new"]);
}

#[tokio::test]
async fn a_cursor_of_something_else_is_an_invalid_cursor() {
    let server = five_and_two().await;
    let first = server.scim(Method::GET, "/Users?count=2&cursor=", Value::Null).await;
    let cursor = first.body["nextCursor"].as_str().unwrap().to_owned();
    for path in [
        format!("/Groups?cursor={cursor}"),
        format!("/Users?filter=userName+pr&cursor={cursor}"),
        format!("/Users?sortBy=userName&cursor={cursor}"),
        format!("/Users?cursor={cursor}0"),
        "/Users?cursor=x".to_owned(),
    ] {
        let refused = server.scim(Method::GET, &path, Value::Null).await;
        assert_eq!(
            (refused.status, &refused.body["scimType"]),
            (StatusCode::BAD_REQUEST, &json!("invalidCursor")),
            "{path}"
        );
    }
    let body = json!({ "schemas": [::scim::list::SEARCH_REQUEST_URN], "count": 2, "cursor": cursor });
    let posted = server.scim(Method::POST, "/Users/.search", body).await;
    assert_eq!(names(&posted), ["c", "b"], "by .search too");
}

#[tokio::test]
async fn a_search_at_the_root_spans_all_types() {
    let server = five_and_two().await;
    let search = |body: Value| server.scim(Method::POST, "/.search", body);
    let all = search(json!({ "schemas": [::scim::list::SEARCH_REQUEST_URN] })).await;
    assert_eq!(all.body["totalResults"], json!(7));
    assert_eq!(all.body["Resources"][6]["meta"]["resourceType"], json!("Group"));
    // §3.4.2.1: an attribute a type does not have is one without a value.
    let some = search(
        json!({ "filter": "userName eq \"A\" or displayName eq \"x\"", "attributes": ["displayName", "userName"] }),
    )
    .await;
    assert_eq!(names(&some), ["a", "X"]);
    assert!(some.body["Resources"][0].get("active").is_none());
    let groups = search(json!({ "filter": "meta.resourceType eq Group" })).await;
    assert_eq!(names(&groups), ["Y", "X"]);
    for (start, count, expected) in [
        (1, 2, vec!["e", "d"]),
        (5, 2, vec!["a", "Y"]),
        (6, 9, vec!["Y", "X"]),
        (8, 9, vec![]),
        (1, 0, vec![]),
    ] {
        let page = search(json!({ "startIndex": start, "count": count })).await;
        assert_eq!(names(&page), expected, "{start} {count}");
        assert_eq!(
            (&page.body["totalResults"], &page.body["startIndex"]),
            (&json!(7), &json!(start))
        );
    }
    let sorted = search(json!({ "sortBy": "displayName", "sortOrder": "descending", "count": 6 })).await;
    assert_eq!(names(&sorted), ["e", "d", "c", "b", "a", "Y"]);
}
