//! Groups with a team: members come, leave and return, and the team stays the same one.

use acceptance::rig::{Rig, group, user};
use admin_api::MemberPolicy;
use anyhow::{Result, ensure};
use serde_json::json;

#[tokio::test]
async fn a_member_who_leaves_the_group_leaves_the_team() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    let made = scim
        .post("/Groups", &group("Engineering", &[&ada, &bob]))
        .await?
        .expect(&[201])?;
    rig.map_to_new(&made.id(), "Engineering").await?;
    rig.team_is("Engineering", &["ada@example.com", "bob@example.com"])
        .await?;

    let path = format!("/Groups/{}", made.id());
    let leaves = json!([{ "op": "remove", "path": format!("members[value eq \"{bob}\"]") }]);
    scim.patch(&path, leaves).await?.expect(&[200, 204])?;
    rig.team_is("Engineering", &["ada@example.com"]).await?;

    let returns = json!([{ "op": "add", "path": "members", "value": [{ "value": bob }] }]);
    scim.patch(&path, returns).await?.expect(&[200, 204])?;
    rig.team_is("Engineering", &["ada@example.com", "bob@example.com"])
        .await?;

    scim.patch(&path, json!([{ "op": "replace", "path": "members", "value": [] }]))
        .await?
        .expect(&[200, 204])?;
    rig.team_is("Engineering", &[]).await?;
    rig.finish().await
}

/// Entra's own words for "this one", which a naive service reads as "all of them".
#[tokio::test]
async fn removing_one_member_by_value_leaves_the_others_in_the_team() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    let made = scim
        .post("/Groups", &group("Engineering", &[&ada, &bob]))
        .await?
        .expect(&[201])?;
    rig.map_to_new(&made.id(), "Engineering").await?;
    rig.team_is("Engineering", &["ada@example.com", "bob@example.com"])
        .await?;
    let one = json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": bob }] }]);
    scim.patch(&format!("/Groups/{}", made.id()), one)
        .await?
        .expect(&[200, 204])?;
    rig.team_is("Engineering", &["ada@example.com"]).await?;
    rig.finish().await
}

#[tokio::test]
async fn a_returning_member_is_in_the_team_again() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    let made = scim
        .post("/Groups", &group("Engineering", &[&ada, &bob]))
        .await?
        .expect(&[201])?;
    rig.map_to_new(&made.id(), "Engineering").await?;
    rig.team_is("Engineering", &["ada@example.com", "bob@example.com"])
        .await?;
    let path = format!("/Users/{bob}");
    scim.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "False" }]))
        .await?
        .expect(&[200])?;
    rig.closed("bob@example.com").await?;
    let kept = scim.get(&format!("/Groups/{}", made.id())).await?.expect(&[200])?;
    ensure!(
        kept.text.contains(&bob),
        "the group forgot an inactive member: {}",
        kept.text
    );
    scim.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "True" }]))
        .await?
        .expect(&[200])?;
    rig.open("bob@example.com").await?;
    rig.team_is("Engineering", &["ada@example.com", "bob@example.com"])
        .await?;
    rig.finish().await
}

#[tokio::test]
async fn people_put_into_a_team_by_hand_stay_unless_mapped_away() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    let guest = rig
        .grafana
        .make_account("guest", "guest@example.com", "a password")
        .await?;
    for (name, policy) in [
        ("Open house", MemberPolicy::Keep),
        ("Members only", MemberPolicy::Remove),
    ] {
        let team = rig.grafana.make_team(name).await?;
        rig.grafana.join_team(team, guest).await?;
        let made = scim.post("/Groups", &group(name, &[&ada])).await?.expect(&[201])?;
        rig.map_to(&made.id(), team, policy).await?;
    }
    rig.may_leave_teams("guest");
    // Who makes a team by hand is in it; here that is a server admin, and nobody removes those.
    rig.team_is("Open house", &["admin", "ada@example.com", "guest"])
        .await?;
    rig.team_is("Members only", &["admin", "ada@example.com"]).await?;
    rig.finish().await
}

#[tokio::test]
async fn of_24_members_added_at_once_none_is_lost() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let made = scim.post("/Groups", &group("Engineering", &[])).await?.expect(&[201])?;
    rig.map_to_new(&made.id(), "Engineering").await?;
    let names: Vec<String> = (0..24).map(|n| format!("person-{n:02}@example.com")).collect();
    let mut ids = Vec::new();
    for name in &names {
        ids.push(
            scim.post("/Users", &user(name, "Somebody", "Else"))
                .await?
                .expect(&[201])?
                .id(),
        );
    }
    let adds = ids.into_iter().map(|id| {
        let (scim, path) = (scim.clone(), format!("/Groups/{}", made.id()));
        let operation = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": id }] }]);
        tokio::spawn(async move { scim.patch(&path, operation).await })
    });
    for add in adds.collect::<Vec<_>>() {
        add.await??.expect(&[200, 204])?;
    }
    rig.team_is("Engineering", &names.iter().map(String::as_str).collect::<Vec<_>>())
        .await?;
    rig.finish().await
}

#[tokio::test]
async fn a_member_somebody_removed_by_hand_is_put_back() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    let made = scim
        .post("/Groups", &group("Engineering", &[&ada]))
        .await?
        .expect(&[201])?;
    rig.map_to_new(&made.id(), "Engineering").await?;
    let team = rig.team_is("Engineering", &["ada@example.com"]).await?;
    let account = rig.account("ada@example.com").await?;
    let membership = format!("/api/teams/{team}/members/{}", account.id);
    rig.grafana
        .call(reqwest::Method::DELETE, &membership, None)
        .await?
        .expect(&[200])?;
    rig.check_now().await?;
    rig.members_are(team, &["ada@example.com"]).await?;
    rig.finish().await
}
