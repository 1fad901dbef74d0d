//! The plugin is killed at the worst moment: what was acknowledged arrives, and nothing happens twice.

use acceptance::{
    idp::{ScimClient, eq},
    rig::{Failpoint, Rig, group, user},
    wait::{SOON, until},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// As an identity provider retries: until there is an answer that is not a server error. Grafana answers 500 while the plugin is
/// down, and a request may have been done though its answer was lost.
async fn insist(
    scim: &ScimClient,
    what: &str,
    mut send: impl AsyncFnMut(&ScimClient) -> Result<acceptance::connect::Answer>,
) -> Result<u16> {
    until(what, SOON, async || {
        let answer = send(scim).await?;
        ensure!(answer.status < 500, "{} {}", answer.status, answer.text);
        Ok(answer.status)
    })
    .await
}

async fn id_of(scim: &ScimClient, endpoint: &str, attribute: &str, value: &str) -> Result<String> {
    until(&format!("{value} is in the store"), SOON, async || {
        let found = scim.find(endpoint, &eq(attribute, value)).await?;
        let id = found.as_ref().and_then(|found| found["id"].as_str()).map(str::to_owned);
        id.with_context(|| format!("{value} was acknowledged or retried, and is not there"))
    })
    .await
}

#[tokio::test]
async fn what_was_acknowledged_while_grafana_was_away_survives_a_kill() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [bob] = rig.people(&scim, ["bob@example.com"]).await?;
    rig.open("bob@example.com").await?;
    // Between the acknowledgement and the call to Grafana there is now as much time as the test needs.
    rig.grafana_away();
    let ada = scim
        .post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?
        .id();
    let made = scim
        .post("/Groups", &group("Engineering", &[&ada, &bob]))
        .await?
        .expect(&[201])?
        .id();
    scim.patch(
        &format!("/Users/{bob}"),
        json!([{ "op": "replace", "value": { "active": false } }]),
    )
    .await?
    .expect(&[200])?;
    rig.kill_plugin().await?;
    rig.grafana_back();
    rig.account("ada@example.com").await?;
    rig.closed("bob@example.com").await?;
    rig.map_to_new(&made, "Engineering").await?;
    rig.team_has("Engineering", "ada@example.com").await?;
    nothing_twice(&rig, &["ada@example.com", "bob@example.com"], &["Engineering"]).await?;
    rig.finish().await
}

#[tokio::test]
async fn killed_after_each_acknowledgement_grafana_converges() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let scim = rig.scim().await?;
    let names: Vec<String> = (0..8).map(|n| format!("person-{n}@example.com")).collect();
    let mut ids = Vec::new();
    for name in &names {
        let body = user(name, "Somebody", "Else");
        insist(&scim, "a user is taken", async |scim| scim.post("/Users", &body).await).await?;
        rig.kill_plugin().await?;
        ids.push(id_of(&scim, "/Users", "userName", name).await?);
    }
    let members: Vec<&str> = ids.iter().map(String::as_str).collect();
    let body = group("Engineering", &members);
    insist(&scim, "a group is taken", async |scim| {
        scim.post("/Groups", &body).await
    })
    .await?;
    rig.kill_plugin().await?;
    let made = id_of(&scim, "/Groups", "displayName", "Engineering").await?;
    let leaves = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", ids[0]) }]);
    insist(&scim, "a member leaves", async |scim| {
        scim.patch(&format!("/Groups/{made}"), leaves.clone()).await
    })
    .await?;
    rig.kill_plugin().await?;

    for name in &names {
        rig.open(name).await?;
    }
    let stay: Vec<&str> = names[1..].iter().map(String::as_str).collect();
    rig.team_is("Engineering", &stay).await?;
    nothing_twice(
        &rig,
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
        &["Engineering"],
    )
    .await?;
    rig.finish().await
}

/// The process ends by itself at the named place, at the first change; then it is started again without.
async fn dies_at(place: Failpoint) -> Result<()> {
    let mut rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    rig.open("ada@example.com").await?;
    rig.restart_with(Some(place)).await?;
    let first = rig.plugin_pid();

    // From here on the plugin dies whenever it is about to call, or has just called, Grafana: answers may be lost.
    let body = user("bob@example.com", "Bob", "Else");
    insist(&scim, "bob is taken", async |scim| scim.post("/Users", &body).await).await?;
    let bob = id_of(&scim, "/Users", "userName", "bob@example.com").await?;
    let body = group("Engineering", &[&ada, &bob]);
    insist(&scim, "the group is taken", async |scim| {
        scim.post("/Groups", &body).await
    })
    .await?;
    id_of(&scim, "/Groups", "displayName", "Engineering").await?;
    let closes = json!([{ "op": "replace", "value": { "active": false } }]);
    insist(&scim, "ada is closed", async |scim| {
        scim.patch(&format!("/Users/{ada}"), closes.clone()).await
    })
    .await?;
    until("the plugin died there at least once", SOON, async || {
        let now = rig.plugin_pid();
        ensure!(now.is_some() && now != first, "its process is still {first:?}");
        Ok(())
    })
    .await?;

    rig.restart_with(None).await?;
    rig.open("bob@example.com").await?;
    rig.closed("ada@example.com").await?;
    rig.team_has("Engineering", "bob@example.com").await?;
    nothing_twice(&rig, &["ada@example.com", "bob@example.com"], &["Engineering"]).await?;
    rig.finish().await
}

#[tokio::test]
async fn a_kill_before_grafanas_call_loses_nothing() -> Result<()> {
    dies_at(Failpoint::BeforeGrafanaCall).await
}

#[tokio::test]
async fn a_kill_after_grafanas_call_does_nothing_twice() -> Result<()> {
    dies_at(Failpoint::AfterGrafanaCall).await
}

#[tokio::test]
async fn a_kill_before_the_record_of_what_was_done_does_nothing_twice() -> Result<()> {
    dies_at(Failpoint::BeforeRecord).await
}

/// One account for each login, one team for each name, and the page agrees.
async fn nothing_twice(rig: &Rig, logins: &[&str], teams: &[&str]) -> Result<()> {
    rig.settled().await?;
    for login in logins {
        let accounts = rig.grafana.accounts(login).await?;
        ensure!(accounts.len() == 1, "{login}: {accounts:?}");
    }
    let all = rig.grafana.teams().await?;
    for name in teams {
        let same = all.iter().filter(|team| team.name.eq_ignore_ascii_case(name)).count();
        ensure!(same == 1, "{same} teams {name}: {all:?}");
    }
    let people: Value = rig.grafana.admin("users?count=200").await?;
    ensure!(people["total"].as_u64() == Some(logins.len() as u64), "{people}");
    Ok(())
}
