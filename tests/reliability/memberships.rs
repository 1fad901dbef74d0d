//! Grafana's bulk write replaces a team's members by a list of e-mails, and drops every member who is
//! not on it in exactly its own spelling (G40): no write takes out or brings in anybody the plan did not name.

use std::collections::BTreeSet;

use acceptance::{
    idp::ScimClient,
    rig::{Rig, group, user},
};
use admin_api::MemberPolicy;
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

/// A team of Hand, who was put there by hand, and of ada and bob, who are in the group.
struct Team {
    rig: Rig,
    scim: ScimClient,
    group: String,
    id: i64,
}

const HAND: &str = "hand@example.com";
const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

impl Team {
    async fn new() -> Result<Self> {
        let rig = Rig::start().await?;
        let scim = rig.scim().await?;
        let id = rig.grafana.make_team("Engineering").await?;
        let hand = rig.grafana.make_account(HAND, HAND, "nobody needs it").await?;
        rig.grafana.join_team(id, hand).await?;
        let [ada, bob] = rig.people(&scim, [ADA, BOB]).await?;
        let made = scim.post("/Groups", &group("Engineering", &[&ada, &bob])).await?;
        let group = made.expect(&[201])?.id();
        rig.map_to(&group, id, MemberPolicy::Keep).await?;
        // Anybody who makes a team by hand is in it, here the server admin.
        rig.members_are(id, &["admin", HAND, ADA, BOB]).await?;
        rig.settled().await?;
        Ok(Self { rig, scim, group, id })
    }

    async fn join(&self, ids: &[String]) -> Result<()> {
        let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        let joins = json!([{ "op": "add", "path": "members", "value": members }]);
        let path = format!("/Groups/{}", self.group);
        self.scim.patch(&path, joins).await?.expect(&[200, 204]).map(drop)
    }

    /// In the end exactly these are in it, and no bulk write on the way named anybody else or forgot one of those who were to stay.
    async fn ends_with(self, named: &[&str]) -> Result<()> {
        let always = ["admin@localhost", HAND, ADA, BOB];
        let members: Vec<&str> = ["admin", HAND, ADA, BOB].iter().chain(named).copied().collect();
        self.rig.members_are(self.id, &members).await?;
        self.rig.settled().await?;
        let may: BTreeSet<String> = always.iter().chain(named).map(|name| (*name).to_owned()).collect();
        let writes = self.rig.bulk_writes();
        ensure!(!writes.is_empty(), "there was no bulk write: this test shows nothing");
        for (n, write) in writes.iter().enumerate() {
            let write: BTreeSet<String> = write.iter().cloned().collect();
            ensure!(write.is_subset(&may), "bulk write {n} names {write:?}");
            // The first one brought ada and bob in.
            ensure!(
                always.iter().all(|name| write.contains(*name)),
                "bulk write {n} drops somebody: {write:?}"
            );
        }
        self.rig.finish().await
    }
}

#[tokio::test]
async fn an_upper_case_address_throws_nobody_out() -> Result<()> {
    let team = Team::new().await?;
    let mut ids = Vec::new();
    for name in ["Cleo@Example.COM", "DAN@EXAMPLE.COM"] {
        let made = team.scim.post("/Users", &user(name, "Some", "Body")).await?;
        ids.push(made.expect(&[201])?.id());
    }
    // Twice, because it is the members already there that Grafana looks for by exact spelling.
    team.join(&ids).await?;
    team.rig
        .members_are(
            team.id,
            &["admin", HAND, ADA, BOB, "cleo@example.com", "dan@example.com"],
        )
        .await?;
    let more = team
        .rig
        .people(&team.scim, ["eve@example.com", "fay@example.com"])
        .await?;
    team.join(&more).await?;
    let all = [
        "cleo@example.com",
        "dan@example.com",
        "eve@example.com",
        "fay@example.com",
    ];
    team.ends_with(&all).await
}

#[tokio::test]
async fn where_nothing_is_to_be_done_nothing_is_written() -> Result<()> {
    let team = Team::new().await?;
    let before = team.rig.changes_by_plugin().len();
    let member = team.scim.get(&format!("/Groups/{}", team.group)).await?;
    let ada = member.str("/members/0/value").to_owned();
    // Members who are in it, one who never was, and an empty list.
    team.join(&[ada]).await?;
    for operation in [
        json!({ "op": "remove", "path": "members[value eq \"nobody-at-all\"]" }),
        json!({ "op": "add", "path": "members", "value": [] }),
    ] {
        let path = format!("/Groups/{}", team.group);
        let answer = team.scim.patch(&path, json!([operation])).await?;
        ensure!(answer.status < 500, "{} {}", answer.status, answer.text);
    }
    for _ in 0..3 {
        team.rig.check_now().await?;
        team.rig.settled().await?;
    }
    let after = team.rig.changes_by_plugin();
    ensure!(after.len() == before, "{:?}", &after[before..]);
    team.ends_with(&[]).await
}

/// A group that lost everybody is a plan too: its own leave, and who was put there by hand stays.
#[tokio::test]
async fn an_emptied_group_empties_its_own_memberships_only() -> Result<()> {
    let team = Team::new().await?;
    let path = format!("/Groups/{}", team.group);
    let empties = json!([{ "op": "replace", "path": "members", "value": [] }]);
    team.scim.patch(&path, empties).await?.expect(&[200, 204])?;
    team.rig.members_are(team.id, &["admin", HAND]).await?;
    team.rig.settled().await?;
    for write in team.rig.bulk_writes() {
        ensure!(write.iter().any(|name| name == HAND), "{write:?}");
    }
    team.rig.finish().await
}

/// Grafana refuses the whole list for one address it does not know.
#[tokio::test]
async fn an_account_deleted_by_hand_keeps_nobody_else_waiting() -> Result<()> {
    let team = Team::new().await?;
    let [cleo, dan, eve] = team
        .rig
        .people(&team.scim, ["cleo@example.com", "dan@example.com", "eve@example.com"])
        .await?;
    let account = team.rig.account("cleo@example.com").await?;
    team.rig.account("eve@example.com").await?;
    team.rig.settled().await?;
    team.rig
        .grafana
        .call(Method::DELETE, &format!("/api/admin/users/{}", account.id), None)
        .await?
        .expect(&[200])?;
    team.join(&[cleo.clone(), dan, eve]).await?;
    let others = ["admin", HAND, ADA, BOB, "dan@example.com", "eve@example.com"];
    team.rig.members_are(team.id, &others).await?;
    // After a yes she is made again, with the same SCIM id, and comes in after the others.
    team.rig
        .grafana
        .admin_send(Method::POST, "resync", &json!({ "kind": "User", "id": cleo }))
        .await?
        .expect(&[202])?;
    team.ends_with(&["cleo@example.com", "dan@example.com", "eve@example.com"])
        .await
}

#[tokio::test]
async fn somebody_in_no_organization_throws_nobody_out() -> Result<()> {
    let team = Team::new().await?;
    let [cleo, dan] = team
        .rig
        .people(&team.scim, ["cleo@example.com", "dan@example.com"])
        .await?;
    let account = team.rig.account("cleo@example.com").await?;
    team.rig.account("dan@example.com").await?;
    team.rig.settled().await?;
    team.rig
        .grafana
        .call(Method::DELETE, &format!("/api/orgs/1/users/{}", account.id), None)
        .await?
        .expect(&[200])?;
    team.join(&[cleo, dan]).await?;
    team.ends_with(&["cleo@example.com", "dan@example.com"]).await
}
