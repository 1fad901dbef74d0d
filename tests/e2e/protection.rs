//! Accounts that SCIM never touches, whatever a provider says about them.

use std::time::Duration;

use acceptance::{
    connect::Answer,
    grafana::{Account, Credentials},
    idp::ScimClient,
    rig::{BOT, Rig, WATCHER, user},
    wait::throughout,
};
use admin_api::Overview;
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

/// Far longer than the engine takes from a change to Grafana.
const A_WHILE: Duration = Duration::from_secs(2);

/// Everything a provider can do to the account of this login, the worst last. Each step may be refused.
async fn do_everything_to(scim: &ScimClient, login: &str) -> Result<Vec<Answer>> {
    let mut body = user(login, "Owned", "Byus");
    body["emails"][0]["value"] = json!("attacker@example.com");
    let made = scim.post("/Users", &body).await?;
    let mut answers = vec![made.clone()];
    if made.status == 201 {
        let path = format!("/Users/{}", made.id());
        let closes = json!([{ "op": "replace", "value": { "active": false } }]);
        answers.push(scim.patch(&path, closes).await?);
        answers.push(scim.delete(&path).await?);
    }
    Ok(answers)
}

/// The account stays as it is, and anybody who asked is told: by 409 at once, or on the page.
async fn untouched(rig: &Rig, scim: &ScimClient, login: &str) -> Result<()> {
    let before: Account = rig.grafana.existing_account(login).await?;
    let orgs: Value = rig.grafana.get(&format!("/api/users/{}/orgs", before.id)).await?;
    let made = scim.post("/Users", &user(login, "Owned", "Byus")).await?;
    if made.status == 201 {
        let told = rig.attention(login).await?;
        ensure!(!told.reason.is_empty() && !told.next_step.is_empty(), "{told:?}");
        scim.delete(&format!("/Users/{}", made.id())).await?.expect(&[204])?;
    } else {
        ensure!(
            made.status == 409 && !made.str("/detail").is_empty(),
            "{} {}",
            made.status,
            made.text
        );
    }
    for answer in do_everything_to(scim, login).await? {
        ensure!(
            answer.status < 500,
            "{}: {} {}",
            answer.request,
            answer.status,
            answer.text
        );
    }
    rig.check_now().await?;
    throughout(&format!("{login} stays as it is"), A_WHILE, async || {
        let now = rig.grafana.existing_account(login).await?;
        ensure!(now == before, "{before:?} became {now:?}");
        let now: Value = rig.grafana.get(&format!("/api/users/{}/orgs", before.id)).await?;
        ensure!(now == orgs, "{orgs} became {now}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_server_admin_is_never_touched() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    untouched(&rig, &scim, "admin").await?;
    rig.finish().await
}

#[tokio::test]
async fn the_account_rollcall_works_with_is_never_touched() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    untouched(&rig, &scim, BOT).await?;
    rig.finish().await
}

#[tokio::test]
async fn a_break_glass_account_is_never_touched() -> Result<()> {
    let rig = Rig::start().await?;
    rig.grafana
        .make_account("glass", "glass@example.com", "in a sealed envelope")
        .await?;
    rig.grafana.set("break_glass", "Glass, other").await?.expect(&[200])?;
    let scim = rig.scim().await?;
    untouched(&rig, &scim, "glass").await?;
    rig.finish().await
}

#[tokio::test]
async fn a_service_account_is_never_touched() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let robot = rig.grafana.service_account("Backup robot", "Editor").await?;
    let before: Value = rig.grafana.get(&format!("/api/serviceaccounts/{}", robot.id)).await?;
    for answer in do_everything_to(&scim, &robot.login).await? {
        ensure!(
            answer.status < 500,
            "{}: {} {}",
            answer.request,
            answer.status,
            answer.text
        );
    }
    rig.check_now().await?;
    throughout("the robot stays as it is", A_WHILE, async || {
        let now: Value = rig.grafana.get(&format!("/api/serviceaccounts/{}", robot.id)).await?;
        ensure!(now == before, "{before} became {now}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// Grafana does not guard the last admin: it counts service accounts as admins (G29).
#[tokio::test]
async fn the_last_admin_among_people_is_never_closed() -> Result<()> {
    let rig = Rig::start().await?;
    for (key, value) in [("claim_policy", "login"), ("claim_password", "keep")] {
        rig.grafana.set(key, value).await?.expect(&[200])?;
    }
    let scim = rig.scim().await?;
    let password = "a good password".to_owned();
    let boss = rig.grafana.make_account("boss", "boss@example.com", &password).await?;
    rig.grafana.set_role(boss, "Admin").await?;
    let mut body = user("boss", "The", "Boss");
    body["emails"][0]["value"] = json!("boss@example.com");
    let made = scim.post("/Users", &body).await?.expect(&[201])?;
    rig.open("boss").await?;
    rig.settled().await?;
    // From now on they are the only person with the role; the others stay in the organization.
    let page = rig.grafana.as_somebody(Credentials::Basic {
        user: "boss".into(),
        password,
    });
    for login in ["admin", BOT, WATCHER] {
        let account = rig.grafana.existing_account(login).await?;
        page.set_role(account.id, "Viewer").await?;
    }
    let before = rig.grafana.existing_account("boss").await?;
    scim.patch(
        &format!("/Users/{}", made.id()),
        json!([{ "op": "replace", "value": { "active": false } }]),
    )
    .await?;
    page.admin_send(Method::POST, "sync", &json!({}))
        .await?
        .expect(&[202])?;
    throughout("the last admin can sign in and is Admin", A_WHILE, async || {
        let now = rig.grafana.existing_account("boss").await?;
        ensure!(now == before, "{before:?} became {now:?}");
        let orgs: Vec<Value> = rig.grafana.get(&format!("/api/users/{boss}/orgs")).await?;
        ensure!(orgs.iter().any(|org| org["role"] == "Admin"), "{orgs:?}");
        Ok(())
    })
    .await?;
    let overview: Overview = page.admin("overview").await?;
    let told = overview
        .attention
        .iter()
        .find(|attention| attention.name == "boss")
        .context("nobody is told")?;
    ensure!(!told.next_step.is_empty(), "{told:?}");

    // With a second one they are an admin like others.
    rig.grafana
        .make_account("deputy", "deputy@example.com", "a good password")
        .await?;
    let deputy = rig.grafana.existing_account("deputy").await?;
    page.set_role(deputy.id, "Admin").await?;
    let page = rig.grafana.as_somebody(Credentials::Basic {
        user: "deputy".into(),
        password: "a good password".into(),
    });
    page.admin_send(Method::POST, "sync", &json!({}))
        .await?
        .expect(&[202])?;
    rig.closed("boss").await?;
    let watcher = rig.grafana.existing_account(WATCHER).await?;
    page.set_role(watcher.id, "Admin").await?;
    rig.finish().await
}

#[tokio::test]
async fn a_person_nobody_provisions_is_left_alone_by_a_full_check() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.grafana
        .make_account("bystander", "bystander@example.com", "a good password")
        .await?;
    let team = rig.grafana.make_team("Bystanders").await?;
    let before = (
        rig.grafana.existing_account("bystander").await?,
        rig.grafana.members(team).await?,
    );
    rig.people(&scim, ["ada@example.com"]).await?;
    rig.open("ada@example.com").await?;
    rig.check_now().await?;
    rig.settled().await?;
    let after = (
        rig.grafana.existing_account("bystander").await?,
        rig.grafana.members(team).await?,
    );
    ensure!(after == before, "{before:?} became {after:?}");
    rig.finish().await
}
