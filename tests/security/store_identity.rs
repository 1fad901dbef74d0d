//! Two stores, lost stores and restored ones: a store that Grafana does not know opens nobody.

use std::{path::Path, time::Duration};

use acceptance::{
    grafana::PLUGIN,
    idp::ScimClient,
    rig::{BOT, Rig, user},
    wait::{SOON, throughout, until},
};
use admin_api::Overview;
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

/// Far longer than the engine takes from a change to Grafana.
const A_WHILE: Duration = Duration::from_secs(4);
const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const CID: &str = "cid@example.com";

fn active(active: bool) -> Value {
    json!([{ "op": "replace", "value": { "active": active } }])
}

/// The health check, whatever its colour.
async fn health(rig: &Rig) -> Result<(u16, Value)> {
    let path = format!("/api/plugins/{PLUGIN}/health");
    let answer = rig.grafana.call(Method::GET, &path, None).await?;
    Ok((answer.status, answer.json))
}

/// The name of the marker in Grafana.
async fn marker(rig: &Rig) -> Result<String> {
    let path = "/api/serviceaccounts/search?perpage=1000&page=1&query=rollcall-store";
    let found: Value = rig.grafana.get(path).await?;
    let rows = found["serviceAccounts"].as_array().context("no list")?;
    ensure!(rows.len() == 1, "{found}");
    ensure!(rows[0]["role"] == "None" && rows[0]["tokens"] == 0, "{found}");
    let name = rows[0]["name"].as_str().unwrap_or_default();
    ensure!(name.split(' ').count() == 4, "{found}");
    Ok(name.to_owned())
}

/// Waits until health and page say that this store is not the one that Grafana knows.
async fn not_recognised(rig: &Rig) -> Result<()> {
    until("the store is told to be another one", SOON, async || {
        let (status, said) = health(rig).await?;
        ensure!(status == 400, "{status} {said}");
        let message = said["message"].as_str().unwrap_or_default();
        ensure!(message.contains("store"), "{message}");
        let overview: Overview = rig.grafana.admin("overview").await?;
        ensure!(!overview.summary.contains("Grafana matches"), "{}", overview.summary);
        ensure!(overview.store_question.is_some(), "{}", overview.summary);
        Ok(())
    })
    .await
}

async fn decide(rig: &Rig, decision: &str) -> Result<()> {
    let said = json!({ "decision": decision });
    rig.grafana
        .admin_send(Method::POST, "store", &said)
        .await?
        .expect(&[202])
        .map(drop)
}

async fn healthy(rig: &Rig) -> Result<()> {
    until("health is well again", SOON, async || {
        let (status, said) = health(rig).await?;
        ensure!(status == 200, "{status} {said}");
        Ok(())
    })
    .await
}

async fn stays_closed(rig: &Rig, login: &str) -> Result<()> {
    throughout(&format!("{login} stays closed"), A_WHILE, async || {
        rig.check_now().await?;
        let account = rig.grafana.existing_account(login).await?;
        ensure!(account.is_disabled, "{login} is open again");
        Ok(())
    })
    .await
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// One person with an account, and a marker that says so.
async fn settled_with_ada(rig: &Rig) -> Result<(ScimClient, String)> {
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, [ADA]).await?;
    rig.open(ADA).await?;
    rig.settled().await?;
    until("Grafana knows the store", SOON, async || marker(rig).await).await?;
    Ok((scim, ada))
}

/// A pod without a volume: each start finds an empty store.
#[tokio::test]
async fn an_emptied_store_is_red_and_opens_nobody() -> Result<()> {
    let mut rig = Rig::start().await?;
    let (scim, ada) = settled_with_ada(&rig).await?;
    let before = marker(&rig).await?;
    rig.restart_with_store(|store| Ok(std::fs::remove_dir_all(store)?))
        .await?;

    // Who may call is lost with the store. An admin lets the provider in again before it is known that more was lost.
    not_recognised(&rig).await?;
    let provider = rig.grafana.existing_service_account("Identity provider").await?;
    rig.grafana.accept(&provider).await?;
    // The provider goes on. What it says is taken, and nobody is made of it.
    let lost = scim.patch(&format!("/Users/{ada}"), active(false)).await?;
    ensure!(lost.status == 404, "{}", lost.text);
    scim.post("/Users", &user(BOB, "Bob", "New")).await?.expect(&[201])?;
    throughout("nobody is made", A_WHILE, async || {
        rig.check_now().await?;
        ensure!(rig.grafana.account(BOB).await?.is_none(), "{BOB} was made");
        Ok(())
    })
    .await?;
    ensure!(marker(&rig).await? == before, "the marker was written over");

    decide(&rig, "start_over").await?;
    rig.open(BOB).await?;
    healthy(&rig).await?;
    ensure!(marker(&rig).await? != before);
    rig.finish().await
}

/// The backup still has the leaver as active.
#[tokio::test]
async fn a_restored_backup_does_not_let_leavers_in() -> Result<()> {
    let mut rig = Rig::start().await?;
    let (scim, ada) = settled_with_ada(&rig).await?;
    let [bob] = rig.people(&scim, [BOB]).await?;
    rig.open(BOB).await?;
    rig.settled().await?;
    let backup = tempfile::tempdir()?;
    rig.restart_with_store(|store| copy(store, backup.path())).await?;
    until("Grafana knows of the start", SOON, async || marker(&rig).await).await?;
    let before = marker(&rig).await?;
    scim.patch(&format!("/Users/{ada}"), active(false))
        .await?
        .expect(&[200])?;
    rig.closed(ADA).await?;
    until("Grafana knows of the closing", SOON, async || {
        rig.check_now().await?;
        let now = marker(&rig).await?;
        ensure!(now != before, "it is still {now}");
        Ok(())
    })
    .await?;

    rig.restart_with_store(|store| copy(backup.path(), store)).await?;
    not_recognised(&rig).await?;
    stays_closed(&rig, ADA).await?;
    // What it is told to close it closes all the same.
    scim.patch(&format!("/Users/{bob}"), active(false))
        .await?
        .expect(&[200])?;
    rig.closed(BOB).await?;
    scim.post("/Users", &user(CID, "Cid", "New")).await?.expect(&[201])?;
    rig.check_now().await?;
    ensure!(rig.grafana.account(CID).await?.is_none(), "{CID} was made");

    // It is the right one, says a person: from then on it opens. Who was closed by a hand it does not know is asked about.
    decide(&rig, "right_store").await?;
    rig.open(CID).await?;
    rig.attention(ADA).await?;
    ensure!(rig.grafana.existing_account(ADA).await?.is_disabled);
    healthy(&rig).await?;
    rig.finish().await
}

/// Two nodes behind a balancer, or a staging copy of the configuration: another plugin with its own store, and the same Grafana.
#[tokio::test]
async fn a_second_store_does_not_reopen_the_firsts_leavers() -> Result<()> {
    let rig = Rig::start().await?;
    let (scim, ada) = settled_with_ada(&rig).await?;
    let second = Rig::unconnected(|setup| setup).await?;
    second.connect_to(&rig).await?;
    let its_scim = second.scim_known_to(&rig).await?;
    not_recognised(&second).await?;
    its_scim
        .post("/Users", &user(ADA, "Some", "Body"))
        .await?
        .expect(&[201])?;
    second.check_now().await?;

    scim.patch(&format!("/Users/{ada}"), active(false))
        .await?
        .expect(&[200])?;
    rig.closed(ADA).await?;
    throughout("the leaver stays out", A_WHILE, async || {
        second.check_now().await?;
        let account = rig.grafana.existing_account(ADA).await?;
        ensure!(account.is_disabled, "the second store let the leaver in again");
        Ok(())
    })
    .await?;
    healthy(&rig).await?;
    second.finish().await?;
    rig.finish().await
}

/// Grafana does not let Rollcall's account see which store it knows.
#[tokio::test]
async fn a_store_that_may_not_prove_itself_opens_nobody() -> Result<()> {
    let rig = Rig::start().await?;
    let (scim, ada) = settled_with_ada(&rig).await?;
    let bot = rig.grafana.existing_account(BOT).await?;
    rig.grafana.set_role(bot.id, "Viewer").await?;
    rig.check_now().await?;
    until("health is red", SOON, async || {
        let (status, said) = health(&rig).await?;
        ensure!(status == 400, "{status} {said}");
        let message = said["message"].as_str().unwrap_or_default();
        ensure!(message.contains("Admin of the organization"), "{message}");
        Ok(())
    })
    .await?;
    scim.post("/Users", &user(BOB, "Bob", "New")).await?.expect(&[201])?;
    scim.patch(&format!("/Users/{ada}"), active(false))
        .await?
        .expect(&[200])?;
    rig.closed(ADA).await?;
    throughout("nobody is made", A_WHILE, async || {
        rig.check_now().await?;
        ensure!(rig.grafana.account(BOB).await?.is_none(), "{BOB} was made");
        Ok(())
    })
    .await?;
    rig.grafana.set_role(bot.id, "Admin").await?;
    rig.check_now().await?;
    rig.open(BOB).await?;
    healthy(&rig).await?;
    rig.finish().await
}

/// Somebody tidies up Grafana's service accounts.
#[tokio::test]
async fn a_deleted_marker_is_made_again() -> Result<()> {
    let rig = Rig::start().await?;
    settled_with_ada(&rig).await?;
    let path = "/api/serviceaccounts/search?perpage=1000&page=1&query=rollcall-store";
    let found: Value = rig.grafana.get(path).await?;
    let id = &found["serviceAccounts"][0]["id"];
    rig.grafana
        .call(Method::DELETE, &format!("/api/serviceaccounts/{id}"), None)
        .await?
        .expect(&[200])?;
    until("there is a marker again", SOON, async || {
        rig.check_now().await?;
        marker(&rig).await
    })
    .await?;
    until("the log says so", SOON, async || {
        ensure!(rig.plugin_log().contains("the marker of this store is gone"));
        Ok(())
    })
    .await?;
    healthy(&rig).await?;
    rig.finish().await
}

/// The volume was replaced, or somebody deleted the file: what is written now would be in a file without a name.
#[tokio::test]
async fn a_deleted_database_file_takes_no_more_changes() -> Result<()> {
    let mut rig = Rig::start().await?;
    let (scim, ada) = settled_with_ada(&rig).await?;
    std::fs::remove_file(rig.store_dir().join("rollcall.db"))?;
    let answer = scim.patch(&format!("/Users/{ada}"), active(false)).await?;
    ensure!(answer.status == 503, "{} {}", answer.status, answer.text);
    ensure!(!answer.header("retry-after").is_empty(), "no Retry-After");
    until("health is red", SOON, async || {
        let (status, said) = health(&rig).await?;
        ensure!(status == 400, "{status} {said}");
        let message = said["message"].as_str().unwrap_or_default();
        ensure!(message.contains("replaced or deleted"), "{message}");
        ensure!(!message.contains('/'), "a path, which everybody can read: {message}");
        Ok(())
    })
    .await?;
    rig.restart_in(vec![]).await?;
    not_recognised(&rig).await?;
    rig.finish().await
}

/// Only Grafana may read who is in a company.
#[tokio::test]
async fn files_that_others_can_read_are_told() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut rig = Rig::start().await?;
    settled_with_ada(&rig).await?;
    rig.restart_with_store(|store| {
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(store, all)?;
        let all = std::fs::Permissions::from_mode(0o644);
        Ok(std::fs::set_permissions(store.join("rollcall.db"), all)?)
    })
    .await?;
    until("the page warns", SOON, async || {
        let overview: Overview = rig.grafana.admin("overview").await?;
        let told = overview
            .warnings
            .iter()
            .any(|warning| warning.contains("can be read by others"));
        ensure!(told, "{:?}", overview.warnings);
        Ok(())
    })
    .await?;
    rig.finish().await
}
