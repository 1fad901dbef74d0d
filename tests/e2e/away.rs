//! Grafana does not answer, or refuses us: changes wait, nothing is lost, and no account is locked by trying.

use std::time::Duration;

use acceptance::{
    rig::{BOT, Rig, user},
    wait::{SOON, throughout, until},
};
use admin_api::{Overview, SyncState};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

#[tokio::test]
async fn changes_are_taken_while_grafana_is_away_and_arrive_later() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    rig.open("ada@example.com").await?;
    rig.grafana_away();
    scim.post("/Users", &user("bob@example.com", "Bob", "Else"))
        .await?
        .expect(&[201])?;
    scim.patch(
        &format!("/Users/{ada}"),
        json!([{ "op": "replace", "value": { "active": false } }]),
    )
    .await?
    .expect(&[200])?;
    let overview = rig.state(&[SyncState::GrafanaAway]).await?;
    ensure!(
        overview.pending.count >= 2 && overview.pending.closing >= 1,
        "{:?}",
        overview.pending
    );
    ensure!(
        overview.grafana.error.is_some(),
        "the page does not say what went wrong"
    );
    rig.grafana_back();
    rig.open("bob@example.com").await?;
    rig.closed("ada@example.com").await?;
    rig.settled().await?;
    rig.finish().await
}

#[tokio::test]
async fn an_unfinished_answer_is_asked_for_again_and_done_once() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.drop_answers();
    scim.post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    rig.open("ada@example.com").await?;
    rig.settled().await?;
    let accounts = rig.grafana.accounts("ada@example.com").await?;
    ensure!(accounts.len() == 1, "{accounts:?}");
    rig.finish().await
}

/// Five failures lock the account (G26), so Rollcall does not try again by itself, and once for a person who asks.
#[tokio::test]
async fn a_wrong_password_is_tried_seldom_and_the_page_says_so() -> Result<()> {
    let rig = Rig::unconnected(|setup| setup).await?;
    rig.connect("not the password").await?;
    let scim = rig.scim().await?;
    scim.post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    let overview = rig.state(&[SyncState::CredentialsRefused]).await?;
    ensure!(!overview.summary.is_empty(), "no sentence for it");
    ensure!(rig.refused_sign_ins() == 1, "{} attempts", rig.refused_sign_ins());
    rig.check_now().await?;
    throughout(
        "the sign-in is tried once more and no third time",
        Duration::from_secs(3),
        async || {
            let refused = rig.refused_sign_ins();
            ensure!(refused <= 2, "{refused} attempts");
            let overview: Overview = rig.grafana.admin("overview").await?;
            ensure!(overview.sync == SyncState::CredentialsRefused, "{:?}", overview.sync);
            Ok(())
        },
    )
    .await?;

    rig.connect_right().await?;
    rig.account("ada@example.com").await?;
    let overview = rig.state(&[SyncState::InSync]).await?;
    ensure!(
        overview.grafana.signed_in_as.as_deref() == Some(BOT),
        "{:?}",
        overview.grafana
    );
    rig.finish().await
}

#[tokio::test]
async fn changes_without_credentials_are_kept() -> Result<()> {
    let rig = Rig::unconnected(|setup| setup).await?;
    let scim = rig.scim().await?;
    scim.post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    rig.state(&[SyncState::NotConfigured]).await?;
    ensure!(
        rig.grafana.account("ada@example.com").await?.is_none(),
        "who made that account?"
    );
    rig.connect_right().await?;
    rig.account("ada@example.com").await?;
    rig.finish().await
}

#[tokio::test]
async fn a_closed_door_comes_before_new_ones_when_grafana_is_back() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    let account = rig.open("ada@example.com").await?;
    rig.grafana_away();
    for n in 0..20 {
        scim.post("/Users", &user(&format!("person-{n}@example.com"), "Somebody", "Else"))
            .await?
            .expect(&[201])?;
    }
    scim.patch(
        &format!("/Users/{ada}"),
        json!([{ "op": "replace", "value": { "active": false } }]),
    )
    .await?
    .expect(&[200])?;
    rig.grafana_back();
    rig.closed("ada@example.com").await?;
    rig.settled().await?;
    let order = rig.changes_by_plugin();
    let closing = order
        .iter()
        .position(|change| change.path.ends_with(&format!("/users/{}/disable", account.id)));
    let closing = closing.context("she was closed by no call")?;
    let made = order[..closing]
        .iter()
        .filter(|change| change.method == "POST" && change.path == "/api/admin/users")
        .count();
    // Her own account, and what two writers had in hand at that moment.
    ensure!(made <= 3, "{made} accounts were made before she was closed");
    until("everybody is there", SOON, async || {
        let people = rig.grafana.accounts("person-").await?;
        ensure!(people.len() == 20, "{} of 20", people.len());
        Ok(())
    })
    .await?;
    rig.finish().await
}
