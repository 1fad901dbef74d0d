//! A company arrives at once and its people are made several at a time, while the process is killed again and again.

use std::time::Duration;

use acceptance::{
    rig::{Rig, group, user},
    wait::until,
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// Enough for each of the kills to come when several are under way: the first twenty after each start are made one at a time.
const PEOPLE: usize = 300;
const KILLS: usize = 5;
const MADE_BETWEEN: usize = 32;
const LONG: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_company_made_concurrently_is_made_once_despite_kills() -> Result<()> {
    // Whatever Grafana made without our knowing is ours by the note alone.
    let rig = Rig::with(|setup| {
        setup
            .ini("auth", "mapping_mode", "create")
            .ini("plugin.rollcall-scim-app", "claim_policy", "never")
    })
    .await?;
    let scim = rig.scim().await?;
    rig.grafana_away();
    let names: Vec<String> = (0..PEOPLE).map(|n| format!("person-{n:03}@example.com")).collect();
    let operations: Vec<Value> = names
        .iter()
        .map(|name| json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": user(name, "Some", "Body") }))
        .collect();
    let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
    let made = scim.post("/Bulk", &bulk).await?.expect(&[200])?;
    let places = made.json["Operations"].as_array().into_iter().flatten();
    let ids: Vec<&str> = places
        .filter_map(|operation| operation["location"].as_str()?.rsplit('/').next())
        .collect();
    ensure!(ids.len() == PEOPLE, "{} were taken", ids.len());
    scim.post("/Groups", &group("Everybody", &ids)).await?.expect(&[201])?;
    rig.grafana_back();
    for _ in 0..KILLS {
        let before = rig.changes_by_plugin().len();
        until("more of them are made", LONG, async || {
            let now = rig.changes_by_plugin().len();
            ensure!(now >= before + MADE_BETWEEN, "{} more", now - before);
            Ok(())
        })
        .await?;
        rig.kill_plugin().await?;
    }
    until("all are made", LONG, async || {
        let made = rig.grafana.accounts("person-").await?.len();
        ensure!(made == PEOPLE, "{made} of them");
        Ok(())
    })
    .await?;
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    rig.team_is("Everybody", &all).await?;
    let overview = rig.settled().await?;
    ensure!(overview.attention.is_empty(), "{overview:?}");
    rig.made_once()?;
    rig.finish().await
}
