//! One token beyond a generous rate waits, and nobody else does.

use std::time::Duration;

use domain::rate::Rate;

use super::*;

#[tokio::test]
async fn a_token_in_a_loop_is_told_to_wait_and_no_other() {
    let server = server(&[]).await;
    let rate = Rate {
        burst: 3,
        every: Duration::from_secs(3600),
    };
    let router = router(server.api.clone().at_rate(rate));
    let server = Server { router, ..server };
    let create = |name: &str| json!({ "userName": name }).to_string().into_bytes();
    for name in ["a", "b", "c"] {
        let made = server
            .send(idp(), Method::POST, "/scim/v2/Users", &[], create(name))
            .await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    for name in ["d", "e"] {
        let refused = server
            .send(idp(), Method::POST, "/scim/v2/Users", &[], create(name))
            .await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.body["schemas"], json!([::scim::error::URN]));
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((3590..=3601).contains(&wait), "{wait}");
    }
    let other = caller("sa-1-entra", "Admin");
    let found = server.send(other, Method::GET, "/scim/v2/Users", &[], Vec::new()).await;
    assert_eq!((found.status, &found.body["totalResults"]), (StatusCode::OK, &json!(3)));
    let page = server.admin(Method::GET, "/activity", Value::Null).await;
    assert_eq!(page.status, StatusCode::OK, "the page has no such limit");
    let lines = page.body["lines"].as_array().cloned().unwrap_or_default();
    let refused: Vec<_> = lines
        .iter()
        .filter(|line| line["outcome"] == json!("refused"))
        .collect();
    assert!(refused.len() <= 1, "once a minute: {refused:?}");
}

#[tokio::test]
async fn a_stranger_uses_up_nobodys_rate() {
    let server = server(&[]).await;
    let rate = Rate {
        burst: 1,
        every: Duration::from_secs(3600),
    };
    let router = router(server.api.clone().at_rate(rate));
    let server = Server { router, ..server };
    for _ in 0..3 {
        let stranger = caller("sa-1-new", "Viewer");
        let refused = server
            .send(stranger, Method::GET, "/scim/v2/Users", &[], Vec::new())
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(
        server.scim(Method::GET, "/Users", Value::Null).await.status,
        StatusCode::OK
    );
}
