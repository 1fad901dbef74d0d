//! What a change of a mapping would do, by name; and the change itself.

use domain::{
    UserId,
    team::{MadeAdmin, Member, MemberClass},
};

use super::*;

/// Platform (7) as Grafana has it: bo by us, eve by hand, and the account we are signed in with.
fn platform() -> RosterSeen {
    let member = |grafana_id, login: &str, class| {
        let member = Member {
            grafana_id,
            email: format!("{login}@example.com"),
            admin: false,
            class,
        };
        (login.to_owned(), member)
    };
    RosterSeen {
        team_id: TeamId::new(7),
        at_ms: 1234,
        members: vec![
            member(UserId::new(11), "bo", MemberClass::Person),
            member(UserId::new(50), "eve", MemberClass::Person),
            member(UserId::new(1), "admin", MemberClass::Ourselves),
        ],
    }
}

impl Server {
    /// A group with ada and bo, who have accounts, and cy, who has none yet.
    async fn engineering(&self) -> String {
        let (ada, bo, cy) = (self.user("ada").await, self.user("bo").await, self.user("cy").await);
        self.account(&ada, "ada", UserId::new(10), &[]).await;
        self.account(&bo, "bo", UserId::new(11), &[]).await;
        self.group("Engineering", &[ada, bo, cy]).await
    }

    async fn preview(&self, change: Value) -> admin_api::Preview {
        let answer = self.admin(Method::POST, "/mappings/preview", change).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        serde_json::from_value(answer.body).unwrap()
    }

    async fn map(&self, new: Value) -> i64 {
        let made = self.admin(Method::POST, "/mappings", new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        made.body["id"].as_i64().unwrap()
    }

    /// By us, and not by hand.
    async fn bo_was_put_into_the_team(&self) {
        self.api
            .store
            .set_applied_members(
                OrgId::new(1),
                TeamId::new(7),
                &[(UserId::new(11), MadeAdmin::No)].into(),
            )
            .await
            .unwrap();
    }

    fn platform_is_seen(&self) {
        *self.quiet.rosters.lock().unwrap() = vec![platform()];
    }
}

fn says(preview: &admin_api::Preview, line: &str) -> bool {
    preview
        .teams
        .iter()
        .any(|team| team.lines.iter().any(|said| said == line))
}

/// Server admins, the list `break_glass` and released accounts are neither put into a team nor taken out of it.
#[tokio::test]
async fn who_is_never_touched_does_not_join_in_a_preview_either() {
    let server = server(&[]).await;
    let (ada, boss) = (server.user("ada").await, server.user("boss").await);
    server.account(&ada, "ada", UserId::new(10), &[]).await;
    server.account(&boss, "boss", ROOT, &[]).await;
    let group = server.group("Engineering", &[ada, boss]).await;
    let new = server
        .preview(json!({ "add": { "group_id": group, "new_team": "Fresh" } }))
        .await;
    assert_eq!(new.joins, 1);
    assert_eq!(
        new.teams[0].lines,
        [
            "A new team is made.",
            "1 joins: ada.",
            "1 is never touched by Rollcall, and does not join: boss."
        ]
    );
}

#[tokio::test]
async fn a_new_mapping_names_who_joins_who_leaves_and_who_waits() {
    let server = server(&[]).await;
    server.platform_is_seen();
    let group = server.engineering().await;
    let keep = server
        .preview(json!({ "add": { "group_id": group, "team_id": 7 } }))
        .await;
    assert_eq!((keep.joins, keep.leaves, keep.as_of_ms), (1, 0, Some(1234)));
    assert_eq!(
        (keep.summary.as_str(), keep.teams[0].team_name.as_str()),
        ("1 joins and nobody leaves.", "Platform")
    );
    assert_eq!(
        keep.teams[0].lines,
        [
            "1 joins: ada.",
            "3 stay as before.",
            "1 has no account in Grafana yet, and joins with it: cy."
        ]
    );
    let remove = server
        .preview(json!({ "add": { "group_id": group, "team_id": 7, "policy": "remove", "kind": "admin" } }))
        .await;
    assert_eq!((remove.joins, remove.leaves), (1, 1));
    assert!(
        says(&remove, "1 leaves: eve.") && says(&remove, "1 becomes admin of the team: bo."),
        "{remove:?}"
    );
    let new = server
        .preview(json!({ "add": { "group_id": group, "new_team": "Fresh" } }))
        .await;
    assert_eq!(new.teams[0].lines[..2], ["A new team is made.", "2 join: ada, bo."]);
    // The engine takes the team of this name, so its people are looked at.
    let by_name = server
        .preview(json!({ "add": { "group_id": group, "new_team": "Platform" } }))
        .await;
    assert_eq!(by_name.teams, keep.teams);
    // Nothing has been done.
    let groups = server.admin(Method::GET, "/groups", Value::Null).await;
    assert_eq!(groups.body["groups"][0]["mappings"], json!([]));
    // What could not be saved is not previewed either.
    let refused = server
        .admin(
            Method::POST,
            "/mappings/preview",
            json!({ "add": { "group_id": group, "team_id": 4711 } }),
        )
        .await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (StatusCode::BAD_REQUEST, &json!("team_id"))
    );
}

#[tokio::test]
async fn a_changed_mapping_says_its_consequence_and_is_in_force() {
    let server = server(&[]).await;
    server.platform_is_seen();
    let group = server.engineering().await;
    let id = server.map(json!({ "group_id": group, "team_id": 7 })).await;
    server.bo_was_put_into_the_team().await;
    server.nothing_waits().await;

    let removal = server.preview(json!({ "remove": id })).await;
    assert_eq!((removal.joins, removal.leaves), (0, 1));
    assert!(
        says(&removal, "1 leaves: bo.") && says(&removal, "2 stay as before."),
        "{removal:?}"
    );
    let edit = |paused: bool| json!({ "kind": "member", "policy": "remove", "paused": paused });
    let pause = server.preview(json!({ "edit": [id, edit(true)] })).await;
    assert_eq!(pause.summary, "Nobody joins and nobody leaves.");
    assert!(
        says(&pause, "A mapping of this team is paused, so nobody leaves it."),
        "{pause:?}"
    );

    let path = format!("/mappings/{id}");
    let changed = server.admin(Method::PUT, &path, edit(true)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(
        (&changed.body["paused"], &changed.body["policy"]),
        (&json!(true), &json!("remove"))
    );
    let due = server.api.store.due_work(i64::MAX, 10).await.unwrap();
    assert_eq!(due.len(), 1, "the group is looked at: {due:?}");
    let resume = server.preview(json!({ "edit": [id, edit(false)] })).await;
    assert!(
        says(&resume, "1 joins: ada.") && says(&resume, "1 leaves: eve."),
        "{resume:?}"
    );
    server.admin(Method::PUT, &path, edit(false)).await;
    // Once more the same is no news.
    server.admin(Method::PUT, &path, edit(false)).await;
    let log = server.admin(Method::GET, "/activity?source=admin", Value::Null).await;
    let actions: Vec<_> = log.body["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["action"].clone())
        .collect();
    assert_eq!(actions, ["mapping.resume", "mapping.pause", "mapping.add"]);
    let gone = server.admin(Method::PUT, "/mappings/4711", edit(false)).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_preview_without_grafana_says_what_it_does_not_know() {
    let server = server(&[]).await;
    let group = server.engineering().await;
    let id = server.map(json!({ "group_id": group, "team_id": 7 })).await;
    server.bo_was_put_into_the_team().await;
    let removal = server.preview(json!({ "remove": id })).await;
    assert_eq!((removal.leaves, removal.as_of_ms), (1, None));
    assert!(removal.teams[0].lines[0].contains("could not be asked"), "{removal:?}");
}

#[tokio::test]
async fn a_switch_of_the_mode_names_each_team_it_would_make_or_use() {
    let server = server(&[]).await;
    server.platform_is_seen();
    let ada = server.user("ada").await;
    server.account(&ada, "ada", UserId::new(10), &[]).await;
    for name in ["Platform", "Finance"] {
        server.group(name, std::slice::from_ref(&ada)).await;
    }
    let create = server.preview(json!({ "mode": "create" })).await;
    assert_eq!(
        create.summary,
        "2 groups are not mapped. Teams to be made: 1. Teams that are there already: 1."
    );
    assert_eq!((create.joins, create.leaves, create.more), (2, 0, 0));
    let lines = |name: &str| {
        create
            .teams
            .iter()
            .find(|team| team.team_name == name)
            .unwrap()
            .lines
            .clone()
    };
    assert_eq!(lines("Finance"), ["A new team is made.", "1 joins: ada."]);
    assert_eq!(lines("Platform"), ["1 joins: ada.", "3 stay as before."]);
    let strict = server.preview(json!({ "mode": "strict" })).await;
    assert!(
        strict.teams.is_empty() && strict.summary.starts_with("Nobody joins or leaves"),
        "{strict:?}"
    );
}

#[tokio::test]
async fn a_long_list_of_names_is_counted_from_the_twenty_first_on() {
    let server = server(&[]).await;
    let mut members = Vec::new();
    for n in 0..23 {
        let id = server.user(&format!("p{n:02}")).await;
        server
            .account(&id, &format!("p{n:02}"), UserId::new(100 + n), &[])
            .await;
        members.push(id);
    }
    let group = server.group("Everybody", &members).await;
    let preview = server
        .preview(json!({ "add": { "group_id": group, "new_team": "Fresh" } }))
        .await;
    let line = &preview.teams[0].lines[1];
    assert!(
        line.starts_with("23 join: p00, p01,") && line.ends_with("p19 and 3 more."),
        "{line}"
    );
}
