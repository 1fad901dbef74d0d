//! The connection test: it names what is wrong, and touches nothing.

use admin_api::{Check, ConnectionReport, Overview, TestOutcome};

use super::*;

async fn tested(server: &Server, provider: &str, sample: Option<&str>) -> ConnectionReport {
    let body = json!({ "provider": provider, "sample": sample });
    let answer = server.admin(Method::POST, "/connection-test", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    serde_json::from_value(answer.body).unwrap()
}

fn about<'a>(report: &'a ConnectionReport, what: &str) -> &'a Check {
    let found = report.checks.iter().find(|check| check.what.contains(what));
    found.unwrap_or_else(|| panic!("nothing about {what}: {report:#?}"))
}

async fn totals(server: &Server) -> (i64, i64) {
    let total = |body: Value| body["totalResults"].as_i64().unwrap();
    let users = server.scim(Method::GET, "/Users?count=0", Value::Null).await.body;
    let groups = server.scim(Method::GET, "/Groups?count=0", Value::Null).await.body;
    (total(users), total(groups))
}

#[tokio::test]
async fn every_providers_requests_are_played_and_not_kept() {
    let server = server(&[]).await;
    server.user("ann@example.com").await;
    let before = totals(&server).await;
    let log = server.admin(Method::GET, "/activity", Value::Null).await.body;
    let wakes = server.quiet.wakes.load(Ordering::Relaxed);
    for (provider, requests) in [("okta", 10), ("entra", 12), ("other", 10)] {
        let report = tested(&server, provider, None).await;
        let played: Vec<_> = report.checks.iter().filter(|check| check.status.is_some()).collect();
        assert_eq!(played.len(), requests, "{report:#?}");
        for step in played {
            assert_eq!(step.outcome, TestOutcome::Ok, "{provider}: {step:?}");
        }
        assert!(report.ok, "{report:#?}");
    }
    assert_eq!(totals(&server).await, before);
    assert_eq!(server.admin(Method::GET, "/activity", Value::Null).await.body, log);
    assert_eq!(
        server.quiet.wakes.load(Ordering::Relaxed),
        wakes,
        "the engine was woken"
    );
    let overview = server.admin(Method::GET, "/overview", Value::Null).await.body;
    assert!(!overview.to_string().contains("sandbox"), "{overview}");
}

#[tokio::test]
async fn a_token_that_was_refused_is_named_until_it_is_let_in() {
    let server = server(&[]).await;
    let viewer = caller("sa-1-new", "Viewer");
    let nobody = tested(&server, "okta", None).await;
    assert_eq!(about(&nobody, "has ever arrived").outcome, TestOutcome::Warning);
    server
        .send(viewer.clone(), Method::GET, "/scim/v2/Users", &[], Vec::new())
        .await;
    let refused = tested(&server, "okta", None).await;
    assert!(
        !refused.ok && refused.message.contains("Accept sa-1-new on Set-up"),
        "{refused:#?}"
    );
    server.admin(Method::POST, "/callers/9/accept", Value::Null).await;
    server
        .send(viewer, Method::GET, "/scim/v2/Users?count=1", &[], Vec::new())
        .await;
    let served = tested(&server, "okta", None).await;
    assert_eq!(
        about(&served, "A token of sa-1-new has arrived").outcome,
        TestOutcome::Ok
    );
}

#[tokio::test]
async fn groups_without_teams_and_people_without_sign_in_are_named() {
    let server = server(&[("team_sync_mode", "scim_sync")]).await;
    server.group("Data", &[]).await;
    server.user("jo_x.com#EXT#@acme.onmicrosoft.com").await;
    let report = tested(&server, "entra", None).await;
    assert_eq!(about(&report, "Map a group to a team").page, "mappings");
    assert_eq!(about(&report, "Map userName of guests").outcome, TestOutcome::Warning);
    assert!(report.ok, "it works, with drawbacks: {report:#?}");
    assert!(
        report.message.starts_with("It works, with a drawback"),
        "{}",
        report.message
    );
}

#[tokio::test]
async fn a_pasted_request_is_answered_and_changes_nothing() {
    let server = server(&[]).await;
    let made = server
        .scim(
            Method::POST,
            "/Users",
            json!({ "userName": "ann@example.com", "emails": [{ "value": "ann@example.com" }], "active": true }),
        )
        .await
        .id();
    let patch = |id: &str, value: &str| {
        format!(
            "PATCH https://g.example/api/plugins/rollcall-scim-app/resources/scim/v2/Users/{id} HTTP/1.1\n\
             Authorization: Bearer glsa_secret\n\n{{\"Operations\":[{{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"{value}\"}}]}}"
        )
    };
    let closes = tested(&server, "entra", Some(&patch(&made, "False"))).await;
    assert!(closes.ok, "{closes:#?}");
    assert_eq!(about(&closes, "What it changes").detail, "active.");
    assert!(!format!("{closes:?}").contains("glsa_secret"));
    let again = tested(&server, "entra", Some(&patch(&made, "True"))).await;
    assert_eq!(about(&again, "It changes nothing").outcome, TestOutcome::Note);
    let kept = server.scim(Method::GET, &format!("/Users/{made}"), Value::Null).await;
    assert_eq!(kept.body["active"], json!(true), "the real one was changed");

    let unknown = tested(&server, "entra", Some(&patch("4b2f", "False"))).await;
    assert_eq!(
        about(&unknown, "no person with the id 4b2f").outcome,
        TestOutcome::Warning
    );
    let twice = tested(&server, "okta", Some("{\"userName\":\"ANN@example.com\"}")).await;
    assert!(
        !twice.ok && about(&twice, "has this name already").status == Some(409),
        "{twice:#?}"
    );
    let found = tested(
        &server,
        "okta",
        Some("GET /Users?filter=userName eq \"ann@example.com\""),
    )
    .await;
    assert!(
        found.ok
            && found.checks[0]
                .lines
                .iter()
                .any(|line| line.contains("\"totalResults\": 1")),
        "{found:#?}"
    );
    let broken = tested(&server, "okta", Some("POST /Users {\"userName\": \"jo")).await;
    assert!(!broken.ok && broken.message.contains("cannot be read"), "{broken:#?}");
    let refused = tested(
        &server,
        "okta",
        Some("{\"Operations\":[{\"op\":\"replace\",\"path\":\"a b c\",\"value\":1}]}"),
    )
    .await;
    assert!(!refused.ok && refused.checks[0].status == Some(400), "{refused:#?}");
    let answered = "GET https://g.example/scim/v2/Users?count=1 401 {\"message\":\"Invalid API key\"}";
    assert!(
        tested(&server, "okta", Some(answered))
            .await
            .message
            .contains("Replace the token")
    );
    assert!(!tested(&server, "okta", Some("hello")).await.ok);
}

#[tokio::test]
async fn a_person_scim_must_not_touch_is_refused_in_the_test_too() {
    let server = server(&[]).await;
    let report = tested(&server, "okta", Some("{\"userName\":\"root\"}")).await;
    assert!(
        !report.ok && report.checks[0].detail.contains("server admin"),
        "{report:#?}"
    );
}

#[tokio::test]
async fn what_is_too_long_to_be_one_request_is_refused_at_its_field() {
    let server = server(&[]).await;
    let body = json!({ "provider": "okta", "sample": "x".repeat(300 << 10) });
    let answer = server.admin(Method::POST, "/connection-test", body).await;
    assert_eq!(
        (answer.status, answer.body["field"].as_str()),
        (StatusCode::BAD_REQUEST, Some("sample"))
    );
}

#[tokio::test]
async fn the_overview_says_what_to_do_next_and_how_people_sign_in() {
    let server = server(&[]).await;
    let overview = || async {
        let body = server.admin(Method::GET, "/overview", Value::Null).await.body;
        serde_json::from_value::<Overview>(body).unwrap()
    };
    let blank = overview().await;
    assert!(blank.next.iter().any(|step| step.page == "setup"), "{:?}", blank.next);
    assert!(
        blank.next.iter().any(|step| step.what.contains("Team Sync")),
        "a warning is a step too"
    );
    assert_eq!(blank.sign_in.len(), 1);
    server.user("ann@example.com").await;
    assert!(overview().await.next.iter().all(|step| step.page != "setup"));
}
