//! Grafana is away for long: everything is taken, and the most urgent goes out first when it is back.

use std::time::{Duration, Instant};

use acceptance::{
    rig::{Rig, group, user},
    wait::{SOON, until},
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::insistence::insist;

/// However long Grafana was away, it is asked again within five seconds; the rest is this machine's.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// No test waits ten minutes. What makes them different from these seconds is the wait between two attempts, and that is seen to stay
/// as short as it is after the first: the sixth attempt comes as soon as the third. Regression: a change that came between two attempts
/// moved the next one to the minute's look, because what was due already when it came was in no answer about the future.
#[tokio::test]
async fn grafana_is_asked_within_seconds_of_its_return() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    rig.open("bob@example.com").await?;
    rig.settled().await?;
    rig.grafana_away();
    let closes = json!([{ "op": "replace", "value": { "active": false } }]);
    scim.patch(&format!("/Users/{ada}"), closes).await?.expect(&[200])?;
    let [cleo] = rig.people(&scim, ["cleo@example.com"]).await?;
    scim.post("/Groups", &group("Engineering", &[&bob, &cleo]))
        .await?
        .expect(&[201])?;
    let mut longest = Duration::ZERO;
    let mut before = rig.unanswered();
    for n in 0..6 {
        rig.people(&scim, [format!("late-{n}@example.com").as_str()]).await?;
        let began = Instant::now();
        before = until("Grafana is asked again", SOON, async || {
            let now = rig.unanswered();
            ensure!(now > before, "{now} attempts");
            Ok(now)
        })
        .await?;
        longest = longest.max(began.elapsed());
    }
    ensure!(longest < BACK_WITHIN, "{longest:?} between two attempts");
    // What is taken can be read back all the while.
    scim.get(&format!("/Users/{cleo}")).await?.expect(&[200])?;
    rig.grafana_back();
    until("she is locked out", BACK_WITHIN, async || {
        let ada = rig.grafana.existing_account("ada@example.com").await?;
        ensure!(ada.is_disabled, "{ada:?}");
        Ok(())
    })
    .await?;
    rig.team_is("Engineering", &["bob@example.com", "cleo@example.com"])
        .await?;
    rig.settled().await?;
    rig.made_once()?;
    rig.finish().await
}

/// What was asked for while Grafana was away costs it no more calls than there are things: one a person, two a team.
#[tokio::test]
async fn a_backlog_costs_one_call_a_person_and_two_a_team() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let scim = rig.scim().await?;
    rig.grafana_away();
    let names: Vec<String> = (0..40).map(|n| format!("person-{n:02}@example.com")).collect();
    let mut ids = Vec::new();
    for name in &names {
        let [id] = rig.people(&scim, [name.as_str()]).await?;
        ids.push(id);
    }
    for (n, part) in ids.chunks(10).enumerate() {
        let members: Vec<&str> = part.iter().map(String::as_str).collect();
        scim.post("/Groups", &group(&format!("Team {n}"), &members))
            .await?
            .expect(&[201])?;
    }
    // Twice renamed and once left: only what it comes to in the end is anybody's business.
    for turn in ["One", "Two"] {
        let names = json!([{ "op": "replace", "path": "name.familyName", "value": turn }]);
        scim.patch(&format!("/Users/{}", ids[0]), names).await?.expect(&[200])?;
    }
    let leaves = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", ids[39]) }]);
    let found = scim.find("/Groups", "filter=displayName%20eq%20%22Team%203%22").await?;
    let last = found.unwrap_or_default()["id"].as_str().unwrap_or_default().to_owned();
    scim.patch(&format!("/Groups/{last}"), leaves)
        .await?
        .expect(&[200, 204])?;
    rig.grafana_back();
    for (n, part) in names.chunks(10).enumerate() {
        let kept = if n == 3 { &part[..9] } else { part };
        let members: Vec<&str> = kept.iter().map(String::as_str).collect();
        rig.team_is(&format!("Team {n}"), &members).await?;
    }
    rig.settled().await?;
    let changes = rig.changes_by_plugin();
    ensure!(changes.len() == 40 + 4 * 2, "{} calls: {changes:?}", changes.len());
    rig.made_once()?;
    rig.finish().await
}

/// Ten thousand people in SCIM's bulk requests.
fn thousand(first: usize) -> Value {
    let operations: Vec<Value> = (first..first + 1_000)
        .map(|n| {
            let body = user(&format!("person-{n:05}@example.com"), "Some", "Body");
            json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{n}"), "data": body })
        })
        .collect();
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

#[tokio::test]
async fn of_ten_thousand_waiting_changes_the_closing_is_first() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    let account = rig.open("ada@example.com").await?;
    rig.settled().await?;
    rig.grafana_away();
    for first in (0..10_000).step_by(1_000) {
        let body = thousand(first);
        let answer = insist(&scim, "a thousand are taken", async |scim| {
            scim.post("/Bulk", &body).await
        })
        .await?;
        let done = answer.expect(&[200])?;
        let refused = done.json["Operations"].as_array().into_iter().flatten();
        let refused = refused.filter(|operation| operation["status"] != "201").count();
        ensure!(refused == 0, "{refused} of a thousand were refused");
    }
    let closes = json!([{ "op": "replace", "value": { "active": false } }]);
    scim.patch(&format!("/Users/{ada}"), closes).await?.expect(&[200])?;
    let before = rig.changes_by_plugin().len();
    rig.grafana_back();
    let back = Instant::now();
    rig.closed("ada@example.com").await?;
    let took = back.elapsed();
    let first = rig.changes_by_plugin()[before].path.clone();
    ensure!(
        first == format!("/api/admin/users/{}/disable", account.id),
        "{first} came before it"
    );
    ensure!(took < Duration::from_secs(20), "it took {took:?}");
    rig.finish().await
}
