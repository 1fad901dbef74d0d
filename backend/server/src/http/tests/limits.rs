//! Each limit (docs/limits.md), at and over, through HTTP; and bodies that mean harm.

use std::time::{Duration, Instant};

use super::*;

fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn is_scim_error(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.body["schemas"], json!([::scim::error::URN]));
    assert_eq!(answer.body["status"], json!(status.as_str()));
    assert!(answer.header("content-type").starts_with("application/scim+json"));
}

#[tokio::test]
async fn a_body_of_16_mib_is_read_and_a_byte_more_is_413_by_name() {
    let server = server(&[]).await;
    let body = |size: usize| {
        let frame = json!({ "userName": "big", "custom": "" }).to_string().len();
        json!({ "userName": "big", "custom": "x".repeat(size - frame) })
            .to_string()
            .into_bytes()
    };
    let at = server
        .send(idp(), Method::POST, "/scim/v2/Users", &[], body(MAX_BODY))
        .await;
    assert_eq!(at.status, StatusCode::CREATED, "{}", at.body);
    for path in ["/Users", "/Groups", "/Bulk", "/.search", "/Users/.search"] {
        let over = server
            .send(idp(), Method::POST, &format!("/scim/v2{path}"), &[], body(MAX_BODY + 1))
            .await;
        is_scim_error(&over, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(over.body["detail"].as_str().unwrap().contains("16777216"));
    }
}

#[tokio::test]
async fn filters_are_taken_to_each_limit_and_refused_over_it_by_name() {
    let server = server(&[]).await;
    let ask = |filter: String| {
        let path = format!("/scim/v2/Users?filter={}", encode(&filter));
        let server = &server;
        async move {
            let by_get = server.send(idp(), Method::GET, &path, &[], Vec::new()).await;
            let by_post = server
                .scim(Method::POST, "/Users/.search", json!({ "filter": filter }))
                .await;
            assert_eq!(by_get.body, by_post.body);
            by_get
        }
    };
    let bytes = |length: usize| format!("id eq \"{}\"", "x".repeat(length - 8));
    let depth = |depth: usize| format!("{}id pr{}", "(".repeat(depth), ")".repeat(depth));
    let terms = |count: usize| vec!["a pr"; count].join(" or ");
    let ored = |count: usize| vec!["id eq a"; count].join(" or ");
    let anded = |count: usize| vec!["not(id pr)"; count].join("or ");
    for (filter, status, name) in [
        (bytes(8192), 200, ""),
        (bytes(8193), 400, "8192"),
        (depth(32), 200, ""),
        (depth(33), 400, "32"),
        (terms(1000), 200, ""),
        (terms(1001), 400, "1000"),
        // As many as fit into 8 KiB, in SQL: SQLite's own limit is expressions 1,000 deep.
        (ored(744), 200, ""),
        (anded(630), 200, ""),
        (depth(4000), 400, "32"),
    ] {
        let answer = ask(filter.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{:.40}: {}", filter, answer.body);
        if status == 400 {
            is_scim_error(&answer, StatusCode::BAD_REQUEST);
            assert_eq!(answer.body["scimType"], json!("tooMany"));
            assert!(answer.body["detail"].as_str().unwrap().contains(name));
        }
    }
}

#[tokio::test]
async fn ten_thousand_operations_in_a_patch_are_the_limit() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let path = format!("/Groups/{}", server.group("Eng", &[]).await);
    let patch = |count: usize| {
        let operation = json!({ "op": "add", "path": "members", "value": [{ "value": ada }] });
        server.scim(Method::PATCH, &path, json!({ "Operations": vec![operation; count] }))
    };
    assert_eq!(patch(10_000).await.status, StatusCode::NO_CONTENT);
    let over = patch(10_001).await;
    is_scim_error(&over, StatusCode::BAD_REQUEST);
    assert_eq!(over.body["scimType"], json!("tooMany"));
    assert!(over.body["detail"].as_str().unwrap().contains("10000"));
}

#[tokio::test]
async fn hostile_bodies_get_a_scim_error_soon_and_the_server_goes_on() {
    let server = server(&[]).await;
    let id = server.user("ada").await;
    let group = server.group("Eng", &[]).await;
    let mib = 1 << 20;
    let many_keys = format!(
        "{{{}\"a\":1}}",
        (0..mib / 8).map(|n| format!("\"k{n}\":1,")).collect::<String>()
    );
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("deep lists", "[".repeat(8 * mib).into_bytes()),
        ("deep objects", "{\"a\":".repeat(mib).into_bytes()),
        ("closed deep lists", format!("{}{}", "[".repeat(mib), "]".repeat(mib)).into_bytes()),
        ("over the depth", format!("{{\"userName\":\"x\",\"a\":{}{}}}", "[".repeat(64), "]".repeat(64)).into_bytes()),
        ("NUL in a string", b"{\"userName\":\"a\\u0000b\"}".to_vec()),
        ("NUL in a key", b"{\"user\\u0000Name\":\"a\"}".to_vec()),
        ("raw NUL", b"\0\0\0\0".to_vec()),
        ("invalid UTF-8", b"{\"userName\":\"\xff\xfe\"}".to_vec()),
        ("half a surrogate", b"{\"userName\":\"\\ud800\"}".to_vec()),
        ("a key twice", b"{\"userName\":\"a\",\"userName\":\"b\"}".to_vec()),
        ("a key in two cases", b"{\"Operations\":[],\"operations\":[],\"userName\":\"a\",\"USERNAME\":\"b\",\"displayName\":\"x\",\"DisplayName\":\"y\",\"filter\":\"id pr\",\"Filter\":\"id pr\"}".to_vec()),
        ("nothing", Vec::new()),
        ("a cut text", many_keys.as_bytes()[..many_keys.len() - 1].to_vec()),
        ("two texts", b"{}{}".to_vec()),
        ("no number", b"{\"userName\":1e999}".to_vec()),
    ];
    let routes = [
        (Method::POST, "/Users".to_owned()),
        (Method::PUT, format!("/Users/{id}")),
        (Method::PATCH, format!("/Users/{id}")),
        (Method::POST, "/Groups".to_owned()),
        (Method::PUT, format!("/Groups/{group}")),
        (Method::PATCH, format!("/Groups/{group}")),
        (Method::POST, "/Bulk".to_owned()),
        (Method::POST, "/.search".to_owned()),
    ];
    let began = Instant::now();
    for (what, body) in &bodies {
        for (method, path) in &routes {
            if body.is_empty() && path == "/.search" {
                continue; // asks for everything
            }
            let answer = server
                .send(idp(), method.clone(), &format!("/scim/v2{path}"), &[], body.clone())
                .await;
            assert_eq!(
                answer.body["scimType"],
                json!("invalidSyntax"),
                "{what} to {method} {path}: {}",
                answer.body
            );
            is_scim_error(&answer, StatusCode::BAD_REQUEST);
        }
    }
    // Generous for a debug build on a busy machine; anything that is not linear takes minutes.
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    // Huge and harmless: unknown attributes are dropped.
    let huge = many_keys.replacen("\"k0\":1", "\"userName\":\"huge\"", 1);
    let made = server
        .send(idp(), Method::POST, "/scim/v2/Users", &[], huge.into_bytes())
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(
        server
            .scim(Method::GET, &format!("/Users/{id}"), Value::Null)
            .await
            .status,
        StatusCode::OK
    );
}
