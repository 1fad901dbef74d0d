//! People come, change, leave and return.

use acceptance::{
    idp::eq,
    rig::{Rig, user},
    wait::{SOON, until},
};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_deactivated_person_returns_to_the_same_account() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let made = scim
        .post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    let before = rig.account("ada@example.com").await?;
    for round in 0..2 {
        let path = format!("/Users/{}", made.id());
        let closed = scim
            .patch(&path, json!([{ "op": "replace", "value": { "active": false } }]))
            .await?
            .expect(&[200])?;
        ensure!(closed.json["active"] == json!(false), "round {round}: {}", closed.text);
        rig.closed("ada@example.com").await?;
        scim.patch(&path, json!([{ "op": "replace", "value": { "active": true } }]))
            .await?
            .expect(&[200])?;
        let after = rig.open("ada@example.com").await?;
        ensure!(
            after == before,
            "round {round}: not the same account: {before:?}, {after:?}"
        );
    }
    rig.finish().await
}

#[tokio::test]
async fn a_person_inactive_from_the_start_has_no_account() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let mut ada = user("ada@example.com", "Ada", "King");
    ada["active"] = json!(false);
    let made = scim.post("/Users", &ada).await?.expect(&[201])?;
    rig.settled().await?;
    ensure!(
        rig.grafana.account("ada@example.com").await?.is_none(),
        "an account nobody may use"
    );
    let path = format!("/Users/{}", made.id());
    scim.patch(&path, json!([{ "op": "replace", "value": { "active": true } }]))
        .await?
        .expect(&[200])?;
    rig.open("ada@example.com").await?;
    rig.finish().await
}

#[tokio::test]
async fn a_deactivated_user_is_still_found_by_the_provider() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let made = scim
        .post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    // Nobody gets an account who is inactive before they have one.
    rig.open("ada@example.com").await?;
    scim.patch(
        &format!("/Users/{}", made.id()),
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
    )
    .await?
    .expect(&[200])?;
    let found = scim.find("/Users", &eq("userName", "ADA@EXAMPLE.COM")).await?;
    ensure!(
        found.as_ref().is_some_and(|found| found["active"] == json!(false)),
        "{found:?}"
    );
    rig.closed("ada@example.com").await?;
    rig.finish().await
}

#[tokio::test]
async fn a_deleted_person_is_closed_and_rehired_to_the_old_account() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let mut ada = user("ada@example.com", "Ada", "King");
    ada["externalId"] = json!("00u1a2b3c4");
    let made = scim.post("/Users", &ada).await?.expect(&[201])?;
    let before = rig.account("ada@example.com").await?;
    let path = format!("/Users/{}", made.id());
    scim.delete(&path).await?.expect(&[204])?;
    scim.get(&path).await?.expect(&[404])?;
    rig.closed("ada@example.com").await?;
    let again = scim.post("/Users", &ada).await?.expect(&[201])?;
    ensure!(again.id() != made.id(), "a SCIM id is never given twice");
    ensure!(
        rig.open("ada@example.com").await?.id == before.id,
        "a second account was made"
    );
    rig.finish().await
}

#[tokio::test]
async fn an_account_somebody_opened_by_hand_is_closed_again() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let made = scim
        .post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    let account = rig.account("ada@example.com").await?;
    scim.patch(
        &format!("/Users/{}", made.id()),
        json!([{ "op": "replace", "value": { "active": false } }]),
    )
    .await?
    .expect(&[200])?;
    rig.closed("ada@example.com").await?;
    rig.grafana
        .send(
            Method::POST,
            &format!("/api/admin/users/{}/enable", account.id),
            &json!({}),
        )
        .await?;
    rig.check_now().await?;
    rig.closed("ada@example.com").await?;
    rig.finish().await
}

#[tokio::test]
async fn an_sso_person_is_shut_out_and_gets_everything_back() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "oauth_allow_insecure_email_lookup", "true")).await?;
    let scim = rig.scim().await?;
    let made = scim
        .post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    let account = rig.account("ada@example.com").await?;
    rig.grafana.set_role(account.id, "Editor").await?;
    let team = rig.grafana.make_team("By hand").await?;
    rig.grafana.join_team(team, account.id).await?;
    rig.remember_team(team);
    rig.sign_in_by_oauth("ada@example.com").await?;
    ensure!(
        rig.account("ada@example.com").await?.is_external,
        "the sign-in did not link the account"
    );

    // Grafana refuses to disable who signs in through a provider: the way out is out of every organization.
    let path = format!("/Users/{}", made.id());
    scim.patch(&path, json!([{ "op": "replace", "value": { "active": false } }]))
        .await?
        .expect(&[200])?;
    until("she is in no organization", SOON, async || {
        let orgs: Vec<serde_json::Value> = rig.grafana.get(&format!("/api/users/{}/orgs", account.id)).await?;
        ensure!(orgs.is_empty(), "{orgs:?}");
        Ok(())
    })
    .await?;
    let people: admin_api::People = rig.grafana.admin("users").await?;
    ensure!(!people.users[0].active, "{people:?}");

    scim.patch(&path, json!([{ "op": "replace", "value": { "active": true } }]))
        .await?
        .expect(&[200])?;
    until("role and team are hers again", SOON, async || {
        ensure!(rig.role("ada@example.com").await? == "Editor", "another role");
        let members = rig.grafana.members(team).await?;
        ensure!(members.contains("ada@example.com"), "{members:?}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

#[tokio::test]
async fn a_second_user_of_one_name_is_refused_also_at_once() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let body = user("ada@example.com", "Ada", "King");
    let posts = (0..12).map(|_| {
        let (scim, body) = (scim.clone(), body.clone());
        tokio::spawn(async move { scim.post("/Users", &body).await })
    });
    let mut statuses = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        statuses.push(post.await??.status);
    }
    statuses.sort_unstable();
    let mut wanted = vec![201];
    wanted.extend([409; 11]);
    ensure!(statuses == wanted, "{statuses:?}");
    rig.account("ada@example.com").await?;
    rig.settled().await?;
    let accounts = rig.grafana.accounts("ada@example.com").await?;
    ensure!(accounts.len() == 1, "{accounts:?}");
    rig.finish().await
}
