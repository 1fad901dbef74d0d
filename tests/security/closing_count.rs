//! Who must be out and was not seen out is counted, shown first, and never called closed.

use acceptance::{
    grafana::PLUGIN,
    idp::ScimClient,
    rig::{Rig, user},
    wait::{SOON, until},
};
use admin_api::{Overview, SyncState};
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::Fault;
use reqwest::Method;
use serde_json::{Value, json};

const LEAVER: &str = "eve@example.com";

fn deactivates() -> Value {
    json!([{ "op": "replace", "value": { "active": false } }])
}

/// The health check, whatever its colour.
async fn health(rig: &Rig) -> Result<(u16, Value)> {
    let path = format!("/api/plugins/{PLUGIN}/health");
    let answer = rig.grafana.call(Method::GET, &path, None).await?;
    Ok((answer.status, answer.json))
}

/// One number of the metrics.
async fn metric(rig: &Rig, name: &str) -> Result<i64> {
    let path = format!("/metrics/plugins/{PLUGIN}");
    let text = rig.grafana.call(Method::GET, &path, None).await?.text;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let number = line.with_context(|| format!("no {name} in {text}"))?;
    Ok(number.trim().parse()?)
}

async fn closing(rig: &Rig) -> Result<i64> {
    metric(rig, "rollcall_closing{org_id=\"1\"}").await
}

/// What the page's list says of the person's access.
async fn access(rig: &Rig, name: &str) -> Result<String> {
    let people: Value = rig.grafana.admin(&format!("users?query={name}")).await?;
    let access = people["users"][0]["access"].as_str();
    Ok(access.context("the page does not list the person")?.to_owned())
}

/// Waits until the page, its first answer and the metrics say of one person that the account is not closed yet.
async fn not_closed(rig: &Rig, name: &str) -> Result<()> {
    until(&format!("{name} is counted as not closed"), SOON, async || {
        rig.check_now().await?;
        let access = access(rig, name).await?;
        ensure!(access == "not_closed", "it is called {access}");
        let listed: Value = rig.grafana.admin("users?access=not_closed").await?;
        ensure!(
            listed["total"] == 1 && listed["users"][0]["user_name"] == name,
            "{listed}"
        );
        ensure!(listed["counts"].to_string().contains("[\"not_closed\",1]"), "{listed}");
        ensure!(closing(rig).await? == 1, "rollcall_closing is {}", closing(rig).await?);
        let overview: Overview = rig.grafana.admin("overview").await?;
        ensure!(overview.pending.closing == 1, "{:?}", overview.pending);
        ensure!(overview.sync != SyncState::InSync, "{}", overview.summary);
        ensure!(overview.summary.contains("not closed"), "{}", overview.summary);
        Ok(())
    })
    .await
}

/// The account was there before, and no admin said whose it is: the provider's word does not close it, and nobody may say it did.
#[tokio::test]
async fn an_open_account_nobody_claimed_is_not_called_closed() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.grafana.set("claim_policy", "ask").await?.expect(&[200])?;
    let account = rig.grafana.make_account(LEAVER, LEAVER, "Vk7-something-long").await?;
    // Somebody else who waits for a person, and longer.
    rig.grafana
        .make_account("ada@example.com", "ada@example.com", "Vk7-something-long")
        .await?;
    rig.people(&scim, ["ada@example.com"]).await?;
    rig.attention("ada@example.com").await?;
    let [id] = rig.people(&scim, [LEAVER]).await?;
    rig.attention(LEAVER).await?;
    scim.patch(&format!("/Users/{id}"), deactivates())
        .await?
        .expect(&[200])?;

    not_closed(&rig, LEAVER).await?;
    until("the open account is named first", SOON, async || {
        let overview: Overview = rig.grafana.admin("overview").await?;
        let first = overview.attention.first().context("nothing needs a person")?;
        ensure!(first.name == LEAVER && first.still_open, "{first:?} comes first");
        ensure!(first.reason.contains(&format!("id {account}")), "{first:?}");
        Ok(())
    })
    .await?;

    // Somebody closes it in Grafana.
    rig.grafana
        .send(Method::POST, &format!("/api/admin/users/{account}/disable"), &json!({}))
        .await?;
    until("nobody is left to close", SOON, async || {
        rig.check_now().await?;
        ensure!(
            closing(&rig).await? == 0,
            "rollcall_closing is {}",
            closing(&rig).await?
        );
        let access = access(&rig, LEAVER).await?;
        ensure!(access == "closed", "it is called {access}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// Nobody of that name is in Grafana: there is nothing to close, and nothing is alarmed.
#[tokio::test]
async fn who_never_had_an_account_is_not_counted() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let mut leaver = user(LEAVER, "Eve", "Gone");
    leaver["active"] = json!(false);
    scim.post("/Users", &leaver).await?.expect(&[201])?;
    rig.settled().await?;
    ensure!(closing(&rig).await? == 0);
    ensure!(health(&rig).await?.0 == 200);
    rig.finish().await
}

/// Protection keeps an account open; it does not make it closed.
#[tokio::test]
async fn a_protected_leaver_is_counted_as_not_closed() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [LEAVER]).await?;
    rig.open(LEAVER).await?;
    rig.grafana.set("break_glass", LEAVER).await?.expect(&[200])?;
    scim.patch(&format!("/Users/{id}"), deactivates())
        .await?
        .expect(&[200])?;
    not_closed(&rig, LEAVER).await?;
    ensure!(!rig.grafana.existing_account(LEAVER).await?.is_disabled);
    rig.finish().await
}

/// Grafana refuses, with words that no other try would change: the account is open as long as it is not seen closed.
async fn refused(rig: &Rig, scim: &ScimClient) -> Result<()> {
    let [id] = rig.people(scim, [LEAVER]).await?;
    rig.open(LEAVER).await?;
    rig.settled().await?;
    rig.fault(Fault::status("/disable", 403).always());
    rig.fault(Fault::status("/logout", 403).always());
    rig.fault(Fault::status("/api/orgs/1/users/", 403).method("DELETE").always());
    scim.patch(&format!("/Users/{id}"), deactivates())
        .await?
        .expect(&[200])?;
    not_closed(rig, LEAVER).await
}

#[tokio::test]
async fn a_refused_closing_is_counted_until_it_is_seen_done() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    refused(&rig, &scim).await?;
    rig.grafana_back();
    rig.check_now().await?;
    rig.closed(LEAVER).await?;
    until("nobody is left to close", SOON, async || {
        ensure!(
            closing(&rig).await? == 0,
            "rollcall_closing is {}",
            closing(&rig).await?
        );
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// There is no row of the person any more: what is counted is the account.
#[tokio::test]
async fn who_is_deleted_and_still_open_is_counted() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [LEAVER]).await?;
    rig.open(LEAVER).await?;
    rig.settled().await?;
    for path in ["/disable", "/logout"] {
        rig.fault(Fault::status(path, 403).always());
    }
    scim.delete(&format!("/Users/{id}")).await?.expect(&[204])?;
    until("the account is counted and comes first", SOON, async || {
        let closing = closing(&rig).await?;
        ensure!(closing == 1, "rollcall_closing is {closing}");
        let overview: Overview = rig.grafana.admin("overview").await?;
        ensure!(overview.pending.closing == 1, "{:?}", overview.pending);
        ensure!(overview.summary.contains("not closed"), "{}", overview.summary);
        let first = overview.attention.first().context("nothing needs a person")?;
        ensure!(first.name == LEAVER && first.still_open, "{first:?} comes first");
        Ok(())
    })
    .await?;
    rig.grafana_back();
    rig.check_now().await?;
    rig.closed(LEAVER).await?;
    until("nobody is left to close", SOON, async || {
        let closing = closing(&rig).await?;
        ensure!(closing == 0, "rollcall_closing is {closing}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// Six minutes later by the plugin's clock.
#[tokio::test]
async fn health_is_red_when_a_closing_is_older_than_minutes() -> Result<()> {
    let mut rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.grafana.set("claim_policy", "ask").await?.expect(&[200])?;
    rig.grafana.make_account(LEAVER, LEAVER, "Vk7-something-long").await?;
    let mut leaver = user(LEAVER, "Eve", "Gone");
    leaver["active"] = json!(false);
    scim.post("/Users", &leaver).await?.expect(&[201])?;
    not_closed(&rig, LEAVER).await?;
    ensure!(health(&rig).await?.0 == 200, "red at once: {}", health(&rig).await?.1);
    rig.restart_in(vec![("ROLLCALL_CLOCK_AHEAD_SECONDS".into(), "360".into())])
        .await?;
    until("health is red", SOON, async || {
        let (status, said) = health(&rig).await?;
        ensure!(status == 400, "{status} {said}");
        let message = said["message"].as_str().unwrap_or_default();
        ensure!(message.contains("not closed"), "{message}");
        ensure!(!message.contains("eve"), "everybody can read it: {message}");
        ensure!(said["details"]["closing"] == 1, "{said}");
        let age = metric(&rig, "rollcall_oldest_closing_seconds{org_id=\"1\"}").await?;
        ensure!((360..1_000).contains(&age), "{age}");
        Ok(())
    })
    .await?;
    rig.finish().await
}
