//! Which groups become teams: the strict table and mode *create*.

use std::time::Duration;

use acceptance::{
    rig::{Rig, group},
    wait::{SOON, throughout, until},
};
use admin_api::{Action, Activity, GroupStatus, Groups, MappingMode, MemberPolicy, Preview};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::json;

/// Far longer than the engine takes from a change to Grafana.
const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn in_strict_mode_an_unmapped_group_touches_no_team() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    let team = rig.grafana.make_team("Engineering").await?;
    let before = rig.grafana.members(team).await?;
    scim.post("/Groups", &group("Engineering", &[&ada]))
        .await?
        .expect(&[201])?;
    scim.post("/Groups", &group("Finance", &[&ada])).await?.expect(&[201])?;
    throughout("no team changes", A_WHILE, async || {
        let teams = rig.grafana.teams().await?;
        ensure!(teams.len() == 1, "{teams:?}");
        let members = rig.grafana.members(team).await?;
        ensure!(members == before, "{members:?}");
        Ok(())
    })
    .await?;
    // The team was made by hand a moment ago: the next comparison sees it, or the one a person asks for.
    rig.check_now().await?;
    let shown: Groups = until("the team of that name is suggested", SOON, async || {
        let shown: Groups = rig.grafana.admin("groups").await?;
        ensure!(shown.groups.iter().any(|row| row.suggestion.is_some()), "{shown:?}");
        Ok(shown)
    })
    .await?;
    ensure!(
        shown.mapping_mode == MappingMode::Strict && shown.groups.len() == 2,
        "{shown:?}"
    );
    for row in &shown.groups {
        ensure!(
            row.status == GroupStatus::NotMapped && row.members == 1 && row.mappings.is_empty(),
            "{row:?}"
        );
    }
    // "Map to it": a team of exactly that name is there.
    let suggested = shown
        .groups
        .iter()
        .find(|row| row.display_name == "Engineering")
        .and_then(|row| row.suggestion.clone());
    ensure!(suggested.is_some_and(|suggested| suggested.id == team), "{shown:?}");
    rig.finish().await
}

#[tokio::test]
async fn a_group_may_feed_two_teams_and_two_groups_one_team() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    let one = scim
        .post("/Groups", &group("Engineering", &[&ada]))
        .await?
        .expect(&[201])?
        .id();
    let two = scim
        .post("/Groups", &group("On-call", &[&bob]))
        .await?
        .expect(&[201])?
        .id();
    let all = rig.map_to_new(&one, "Everybody").await?;
    rig.map_to_new(&one, "Engineers").await?;
    let team = rig.team_is("Everybody", &["ada@example.com"]).await?;
    ensure!(all.team_id.is_none_or(|id| id == team), "{all:?}");
    rig.map_to(&two, team, admin_api::MemberPolicy::Keep).await?;
    rig.team_is("Everybody", &["ada@example.com", "bob@example.com"])
        .await?;
    rig.team_is("Engineers", &["ada@example.com"]).await?;
    // Who is in both groups stays as long as one has them.
    let path = format!("/Groups/{two}");
    scim.patch(
        &path,
        json!([{ "op": "add", "path": "members", "value": [{ "value": ada }] }]),
    )
    .await?
    .expect(&[200, 204])?;
    scim.patch(
        &format!("/Groups/{one}"),
        json!([{ "op": "replace", "path": "members", "value": [] }]),
    )
    .await?
    .expect(&[200, 204])?;
    rig.team_is("Engineers", &[]).await?;
    rig.team_is("Everybody", &["ada@example.com", "bob@example.com"])
        .await?;
    rig.finish().await
}

/// The preview asks the planner that the engine asks, about what the engine has just seen: what it names is what happens.
#[tokio::test]
async fn what_a_preview_names_is_what_happens() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    rig.open("ada@example.com").await?;
    rig.open("bob@example.com").await?;
    // Anybody who makes a team is its admin, and is a server admin here: never moved.
    let team = rig.grafana.make_team("Engineering").await?;
    rig.may_leave_teams("hand@example.com");
    let hand = rig
        .grafana
        .make_account("hand@example.com", "hand@example.com", "secret-1")
        .await?;
    rig.grafana.join_team(team, hand).await?;
    let made = scim
        .post("/Groups", &group("Engineering", &[&ada, &bob]))
        .await?
        .expect(&[201])?;
    rig.check_now().await?;
    let preview = async |change: serde_json::Value| -> Result<Preview> {
        let answer = rig
            .grafana
            .admin_send(Method::POST, "mappings/preview", &change)
            .await?;
        serde_json::from_str(&answer.text).with_context(|| answer.text.clone())
    };
    let add = json!({ "group_id": made.id(), "team_id": team, "policy": "remove" });
    let told = until("the new team is known", SOON, async || {
        preview(json!({ "add": add })).await
    })
    .await?;
    let lines = told.teams.first().map(|team| team.lines.join(" ")).unwrap_or_default();
    ensure!(
        told.as_of_ms.is_some() && (told.joins, told.leaves) == (2, 1),
        "{told:?}"
    );
    ensure!(
        lines.contains("2 join: ada@example.com, bob@example.com.") && lines.contains("1 leaves: hand@example.com."),
        "{lines}"
    );
    let mapping = rig.map_to(&made.id(), team, admin_api::MemberPolicy::Remove).await?;
    rig.team_is("Engineering", &["admin", "ada@example.com", "bob@example.com"])
        .await?;

    // Paused, the group changes nothing; resumed, it does what the preview says.
    let edit = |paused: bool| json!({ "kind": "member", "policy": "keep", "paused": paused });
    let path = format!("mappings/{}", mapping.id);
    let put = async |paused: bool| rig.grafana.admin_send(Method::PUT, &path, &edit(paused)).await;
    ensure!(put(true).await?.status == 200);
    scim.patch(
        &format!("/Groups/{}", made.id()),
        json!([{ "op": "replace", "path": "members", "value": [{ "value": ada }] }]),
    )
    .await?
    .expect(&[200, 204])?;
    throughout("nobody leaves", A_WHILE, async || {
        rig.members_are(team, &["admin", "ada@example.com", "bob@example.com"])
            .await
    })
    .await?;
    let told = preview(json!({ "edit": [mapping.id, edit(false)] })).await?;
    ensure!((told.joins, told.leaves) == (0, 1), "{told:?}");
    ensure!(put(false).await?.status == 200);
    rig.team_is("Engineering", &["admin", "ada@example.com"]).await?;
    rig.finish().await
}

#[tokio::test]
async fn a_mapping_that_cannot_be_is_refused_at_its_field() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let made = scim.post("/Groups", &group("Engineering", &[])).await?.expect(&[201])?;
    let refused = [
        json!({ "group_id": "nobody-knows-it", "new_team": "Engineering" }),
        json!({ "group_id": made.id() }),
        json!({ "group_id": made.id(), "new_team": "Engineering", "team_id": 1 }),
        json!({ "group_id": made.id(), "team_id": 4711 }),
        json!({ "group_id": made.id(), "new_team": "" }),
        json!({ "group_id": made.id(), "new_team": "Engineering", "kind": "owner" }),
    ];
    for body in refused {
        let answer = rig.grafana.admin_send(Method::POST, "mappings", &body).await?;
        ensure!(
            (400..500).contains(&answer.status),
            "{body}: {} {}",
            answer.status,
            answer.text
        );
        let error: admin_api::Error =
            serde_json::from_str(&answer.text).with_context(|| format!("{body}: {}", answer.text))?;
        ensure!(!error.message.is_empty(), "{body}");
    }
    rig.finish().await
}

#[tokio::test]
async fn a_persons_history_names_the_team_and_the_group() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    let team = rig.grafana.make_team("Platform").await?;
    let cy = rig.grafana.make_account("cy", "cy@example.com", "secret").await?;
    rig.grafana.join_team(team, cy).await?;
    let group = scim
        .post("/Groups", &group("Engineering", &[&ada, &bob]))
        .await?
        .expect(&[201])?
        .id();
    rig.may_leave_teams("cy");
    rig.may_leave_teams("admin");
    rig.map_to(&group, team, MemberPolicy::Remove).await?;
    rig.members_are(team, &["admin", "ada@example.com", "bob@example.com"])
        .await?;
    rig.settled().await?;
    let leaves = json!([{ "op": "remove", "path": format!("members[value eq \"{bob}\"]") }]);
    scim.patch(&format!("/Groups/{group}"), leaves)
        .await?
        .expect(&[200, 204])?;
    rig.members_are(team, &["admin", "ada@example.com"]).await?;
    rig.settled().await?;
    let told = async |query: &str| -> Result<Vec<(Action, String, String)>> {
        let log: Activity = rig.grafana.admin(&format!("activity?{query}")).await?;
        let told = log
            .entries
            .into_iter()
            .filter(|line| matches!(line.action, Action::UserTeamAdd | Action::UserTeamRemove));
        Ok(told
            .map(|l| (l.action, l.target_name, l.reason.unwrap_or_default()))
            .collect())
    };
    let hers = told(&format!("target={ada}")).await?;
    ensure!(
        matches!(&hers[..], [(Action::UserTeamAdd, _, why)] if why.contains("Platform") && why.contains("Engineering")),
        "{hers:?}"
    );
    let bobs = told(&format!("target={bob}")).await?;
    ensure!(
        matches!(&bobs[..], [(Action::UserTeamRemove, ..), (Action::UserTeamAdd, ..)]),
        "{bobs:?}"
    );
    // Added by hand, and known to Rollcall by the id in Grafana only.
    let others = told(&format!("target=grafana-{cy}")).await?;
    ensure!(
        matches!(&others[..], [(Action::UserTeamRemove, name, why)] if name == "cy@example.com" && why.contains("by hand")),
        "{others:?}"
    );
    rig.finish().await
}
