//! The log, and what an admin may have done again.

use super::*;
use domain::attention::{Attention, Delay};
use store::{Action, ActivityLine, Kind, Outcome, Source, TargetKind};

const DAY_MS: i64 = 86_400_000;
/// Where the tests' clock begins.
const BEGIN_MS: i64 = 1_700_000_000_000;

/// What the engine would show.
fn needs_you() -> Attention {
    Attention::LastAdmin {
        login: "ada".to_owned(),
        org_id: OrgId::new(1),
    }
}

impl Server {
    async fn log(&self, query: &str) -> Vec<Value> {
        let page = self.admin(Method::GET, &format!("/activity{query}"), Value::Null).await;
        assert_eq!(page.status, StatusCode::OK, "{query}: {}", page.body);
        page.body["entries"].as_array().expect("entries").clone()
    }

    async fn actions(&self, query: &str) -> Vec<String> {
        let lines = self.log(query).await;
        lines.iter().map(|l| l["action"].as_str().unwrap().to_owned()).collect()
    }

    /// Lines as the engine and earlier days leave them.
    async fn remember(&self, lines: &[(i64, Source, &str, Action, Outcome)]) {
        let line = |(at_ms, source, actor, action, outcome): &(i64, Source, &str, Action, Outcome)| ActivityLine {
            tenant: domain::Tenant::of_org(OrgId::new(1)),
            at_ms: *at_ms,
            source: *source,
            actor: (*actor).to_owned(),
            action: *action,
            target_kind: TargetKind::User,
            target_id: format!("target of {}", action.as_str()),
            target_name: "x".into(),
            outcome: *outcome,
            reason: None,
            duration_ms: 1,
            correlation: format!("correlation of {}", action.as_str()),
        };
        let lines: Vec<_> = lines.iter().map(line).collect();
        self.api.store.record(&lines).await.unwrap();
    }

    async fn again(&self, what: &str, kind: &str, id: &str) -> Answer {
        self.admin(Method::POST, &format!("/{what}"), json!({ "kind": kind, "id": id }))
            .await
    }

    async fn due(&self) -> Vec<store::Work> {
        self.api.store.due_work(i64::MAX, 100).await.unwrap()
    }

    async fn all_done(&self) {
        for work in self.due().await {
            self.api.store.finish(&work).await.unwrap();
        }
        assert!(self.due().await.is_empty());
    }
}

#[tokio::test]
async fn the_log_is_narrowed_by_each_of_its_filters() {
    let server = server(&[]).await;
    server
        .remember(&[
            (10, Source::Scim, "sa-1-okta", Action::UserCreate, Outcome::Done),
            (20, Source::Grafana, "root", Action::UserCreate, Outcome::Done),
            (30, Source::Grafana, "root", Action::TeamRename, Outcome::Retry),
            (
                40,
                Source::Grafana,
                "root",
                Action::TeamMembersReplace,
                Outcome::Attention,
            ),
            (50, Source::Admin, "ann", Action::SettingChange, Outcome::Done),
            (60, Source::Scim, "sa-1-entra", Action::RequestPost, Outcome::Refused),
        ])
        .await;
    let all = [
        "request.post",
        "setting.change",
        "team.members.replace",
        "team.rename",
        "user.create",
        "user.create",
    ];
    assert_eq!(server.actions("").await, all, "newest first");
    for (query, wanted) in [
        ("?outcome=retry", &["team.rename"][..]),
        ("?source=scim", &["request.post", "user.create"]),
        ("?source=admin", &["setting.change"]),
        ("?actor=root", &["team.members.replace", "team.rename", "user.create"]),
        ("?actor=roo", &[]),
        ("?action=user.", &["user.create", "user.create"]),
        ("?action=user_", &[]),
        ("?action=%25", &[]),
        ("?target=target%20of%20team.members.replace", &["team.members.replace"]),
        ("?correlation=correlation%20of%20team.rename", &["team.rename"]),
        ("?since=40", &["request.post", "setting.change", "team.members.replace"]),
        ("?since=20&until=40", &["team.rename", "user.create"]),
        ("?source=grafana&action=user&until=30", &["user.create"]),
    ] {
        assert_eq!(server.actions(query).await, wanted, "{query}");
    }
    for (query, field) in [
        ("?outcome=fine", "outcome"),
        ("?source=okta", "source"),
        ("?since=yesterday", "since"),
        ("?until=x", "until"),
        ("?after=x", "after"),
    ] {
        let refused = server
            .admin(Method::GET, &format!("/activity{query}"), Value::Null)
            .await;
        assert_eq!(
            (refused.status, refused.body["field"].as_str()),
            (StatusCode::BAD_REQUEST, Some(field)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_filtered_log_is_read_page_by_page_to_its_end() {
    let server = server(&[]).await;
    let lines: Vec<_> = (0..25)
        .map(|n| {
            let source = if n % 5 == 0 { Source::Admin } else { Source::Grafana };
            (n, source, "root", Action::UserUpdate, Outcome::Done)
        })
        .collect();
    server.remember(&lines).await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let query = format!("/activity?source=grafana&count=6{after}");
        let page = server.admin(Method::GET, &query, Value::Null).await;
        let entries = page.body["entries"].as_array().unwrap();
        assert!(!entries.is_empty() && entries.len() <= 6, "{}", page.body);
        seen.extend(entries.iter().map(|entry| entry["at_ms"].as_i64().unwrap()));
        match page.body["next"].as_i64() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let wanted: Vec<i64> = (0..25).rev().filter(|n| n % 5 != 0).collect();
    assert_eq!(seen, wanted, "each once, newest first");
}

#[tokio::test]
async fn old_lines_go_in_small_batches_and_by_organization() {
    let server = server(&[]).await;
    let lines: Vec<_> = (0..10)
        .map(|n| (n * DAY_MS, Source::Grafana, "root", Action::UserUpdate, Outcome::Done))
        .collect();
    server.remember(&lines).await;
    let store = &server.api.store;
    assert_eq!(
        store.prune_activity(OrgId::new(2), i64::MAX, 100).await.unwrap(),
        0,
        "another's"
    );
    assert_eq!(store.prune_activity(OrgId::new(1), 5 * DAY_MS, 3).await.unwrap(), 3);
    assert_eq!(store.prune_activity(OrgId::new(1), 5 * DAY_MS, 3).await.unwrap(), 2);
    assert_eq!(store.prune_activity(OrgId::new(1), 5 * DAY_MS, 3).await.unwrap(), 0);
    let left: Vec<i64> = server
        .log("")
        .await
        .iter()
        .map(|l| l["at_ms"].as_i64().unwrap())
        .collect();
    assert_eq!(left, (5..10).rev().map(|n| n * DAY_MS).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_waits_for_a_person_is_tried_now_when_one_says_so() {
    let server = server(&[]).await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    for work in server.due().await {
        let store = &server.api.store;
        store.attention(&work, None, needs_you()).await.unwrap();
    }
    assert!(server.due().await.is_empty());
    let wakes = server.quiet.wakes.load(Ordering::Relaxed);
    assert_eq!(server.again("retry", "User", &ada).await.status, StatusCode::ACCEPTED);
    assert!(
        server.quiet.wakes.load(Ordering::Relaxed) > wakes,
        "the engine was woken"
    );
    let due: Vec<String> = server.due().await.into_iter().map(|w| w.id).collect();
    assert_eq!(due, std::slice::from_ref(&ada), "and only that one");
    let overview = server.admin(Method::GET, "/overview", Value::Null).await;
    assert_eq!(overview.body["attention"].as_array().unwrap().len(), 1);
    assert_eq!(overview.body["attention"][0]["id"], json!(bob));

    let line = &server.log("?action=user.retry").await[0];
    assert_eq!(
        (
            &line["actor"],
            &line["source"],
            &line["target_id"],
            &line["target_name"]
        ),
        (&json!("ann"), &json!("admin"), &json!(ada), &json!("ada"))
    );
}

#[tokio::test]
async fn what_waits_for_its_turn_after_a_failure_is_due_at_once() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let now = server.api.clock.now_ms();
    let work = server.due().await.remove(0);
    let store = &server.api.store;
    store.retry(&work, now + DAY_MS, Delay::AccountUnchanged).await.unwrap();
    assert!(store.due_work(now + 1000, 10).await.unwrap().is_empty());
    server.again("retry", "User", &ada).await;
    assert_eq!(store.due_work(now + 1000, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_retry_where_nothing_waits_changes_nothing_and_is_no_error() {
    let server = server(&[]).await;
    let group = server.group("Eng", &[]).await;
    server.all_done().await;
    assert_eq!(
        server.again("retry", "Group", &group).await.status,
        StatusCode::ACCEPTED
    );
    assert!(server.due().await.is_empty());
    assert!(server.log("?action=group.retry").await.is_empty());
}

#[tokio::test]
async fn resync_marks_one_resource_and_puts_a_closed_one_first() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let gone = server
        .scim(Method::POST, "/Users", json!({ "userName": "gone", "active": false }))
        .await
        .id();
    let group = server.group("Eng", std::slice::from_ref(&ada)).await;
    server.all_done().await;
    for (kind, id) in [("Group", &group), ("User", &ada), ("User", &gone)] {
        let answer = server.again("resync", kind, id).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{kind} {}", answer.body);
    }
    let due = server.due().await;
    let marks: Vec<_> = due.iter().map(|w| (w.kind, w.id.as_str(), w.closing)).collect();
    assert_eq!(
        marks,
        [
            (Kind::User, gone.as_str(), true),
            (Kind::Group, group.as_str(), false),
            (Kind::User, ada.as_str(), false),
        ]
    );
    let line = &server.log("?action=group.resync").await[0];
    assert_eq!(line["target_name"], json!("Eng"));
    let mark = due.iter().find(|w| w.kind == Kind::Group).unwrap();
    assert_eq!(
        line["correlation"],
        json!(mark.correlation),
        "ties what follows to who asked"
    );
}

#[tokio::test]
async fn a_deleted_user_who_is_still_to_be_closed_can_be_tried_again() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    server.scim(Method::DELETE, &format!("/Users/{ada}"), Value::Null).await;
    let work = server.due().await.remove(0);
    server.api.store.attention(&work, None, needs_you()).await.unwrap();
    assert_eq!(server.again("retry", "User", &ada).await.status, StatusCode::ACCEPTED);
    assert!(server.due().await[0].closing);
    assert_eq!(server.again("resync", "User", &ada).await.status, StatusCode::ACCEPTED);
    assert!(server.due().await[0].closing, "closing stays first");
}

#[tokio::test]
async fn nobody_retries_what_does_not_exist_or_is_anothers() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let group = server.group("Eng", &[]).await;
    server.all_done().await;
    for what in ["retry", "resync"] {
        // An id of the other kind is as unknown as any.
        for (kind, id) in [
            ("User", "nobody"),
            ("Group", "nobody"),
            ("User", &group),
            ("Group", &ada),
        ] {
            let answer = server.again(what, kind, id).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what} {kind}: {}", answer.body);
            assert!(answer.body["message"].is_string());
        }
        for body in [
            json!({ "kind": "Team", "id": ada }),
            json!({ "id": ada }),
            json!({ "kind": "User", "id": ada, "force": true }),
        ] {
            let answer = server.admin(Method::POST, &format!("/{what}"), body.clone()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{what} {body}");
        }
        let other = Caller {
            org_id: OrgId::new(2),
            ..caller("eve", "Admin")
        };
        let body = json!({ "kind": "User", "id": ada }).to_string().into_bytes();
        let answer = server
            .send(other, Method::POST, &format!("/admin/{what}"), &[], body)
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "another organization's {what}");
    }
    assert!(server.due().await.is_empty());
}

#[tokio::test]
async fn the_chart_counts_this_process_and_the_log_before_it() {
    const HOUR_MS: i64 = 3_600_000;
    let server = server(&[]).await;
    server
        .remember(&[
            (
                BEGIN_MS - 2 * HOUR_MS,
                Source::Scim,
                "sa-1-okta",
                Action::UserCreate,
                Outcome::Done,
            ),
            (
                BEGIN_MS - 2 * HOUR_MS,
                Source::Scim,
                "sa-1-okta",
                Action::RequestPost,
                Outcome::Refused,
            ),
            (
                BEGIN_MS - 2 * HOUR_MS,
                Source::Grafana,
                "root",
                Action::UserCreate,
                Outcome::Done,
            ),
            (
                BEGIN_MS - 2 * DAY_MS,
                Source::Scim,
                "sa-1-okta",
                Action::UserCreate,
                Outcome::Done,
            ),
        ])
        .await;
    server.user("ada").await;
    server.scim(Method::GET, "/Users", Value::Null).await;
    server.scim(Method::GET, "/Users/nobody", Value::Null).await;
    server.admin(Method::GET, "/groups", Value::Null).await;
    let overview = server.admin(Method::GET, "/overview", Value::Null).await.body;
    let chart = overview["chart"].as_array().unwrap();
    assert_eq!(chart.len(), 24);
    let busy: Vec<_> = chart
        .iter()
        .filter(|hour| hour["requests"] != json!(0))
        .map(|hour| (&hour["requests"], &hour["failed"]))
        .collect();
    // The write of this process is in its log too, and counted once.
    assert_eq!(busy, [(&json!(2), &json!(1)), (&json!(3), &json!(1))], "{chart:?}");
    let hours: Vec<i64> = chart.iter().map(|hour| hour["from_ms"].as_i64().unwrap()).collect();
    assert!(hours.windows(2).all(|pair| pair[1] - pair[0] == HOUR_MS), "{hours:?}");
    let now = overview["now_ms"].as_i64().unwrap();
    assert!((hours[23]..hours[23] + HOUR_MS).contains(&now));
}

#[tokio::test]
async fn warnings_and_the_login_doctor_are_shown() {
    let server = server(&[]).await;
    let overview = server.admin(Method::GET, "/overview", Value::Null).await;
    assert_eq!(
        overview.body["warnings"],
        json!(["Team Sync fills “Platform” as well."])
    );
    let doctor = server.admin(Method::GET, "/login-doctor", Value::Null).await;
    assert_eq!(
        (doctor.status, &doctor.body),
        (StatusCode::OK, &json!({ "checked_ms": null, "findings": [] })),
        "nothing was read yet"
    );
}

#[tokio::test]
async fn a_line_names_the_attributes_and_no_value() {
    let server = server(&[]).await;
    let id = server.user("ann@example.com").await;
    let operations = json!([
        { "op": "replace", "path": "displayName", "value": "Ann Secret" },
        { "op": "replace", "path": "active", "value": false },
    ]);
    let changed = server
        .scim(
            Method::PATCH,
            &format!("/Users/{id}"),
            json!({ "Operations": operations }),
        )
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let log = server.admin(Method::GET, "/activity?count=1", Value::Null).await.body;
    assert_eq!(log["entries"][0]["reason"], "Changed: displayName.");
    assert_eq!(log["entries"][0]["action"], "user.deactivate");
    assert_eq!(log["callers"], json!(["sa-1-okta"]));
    let older = server
        .admin(Method::GET, "/activity?count=1&after=2", Value::Null)
        .await
        .body;
    assert_eq!(older["callers"], json!([]), "on the first page only");
}
