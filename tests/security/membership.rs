//! What people did by hand in Grafana, and who is in our organization.
//!
//! Owns: S10, G7 and *By hand*. Must never count a person as in order who sees nothing.

use std::time::Duration;

use acceptance::{
    grafana::Account,
    idp::ScimClient,
    rig::Rig,
    wait::{SOON, throughout, until},
};
use admin_api::{Access, People, Person, SyncState};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

/// Longer than the engine takes from a change to Grafana.
const A_WHILE: Duration = Duration::from_secs(1);
const ANN: &str = "ann@example.com";

async fn set_active(scim: &ScimClient, id: &str, active: bool) -> Result<()> {
    let operations = json!([{ "op": "replace", "path": "active", "value": active }]);
    scim.patch(&format!("/Users/{id}"), operations)
        .await?
        .expect(&[200])
        .map(drop)
}

async fn by_hand(rig: &Rig, method: Method, path: &str) -> Result<()> {
    rig.grafana.send(method, path, &json!({})).await.map(drop)
}

async fn is_in_ours(rig: &Rig, account: i64) -> Result<bool> {
    let orgs: Vec<Value> = rig.grafana.get(&format!("/api/users/{account}/orgs")).await?;
    Ok(orgs.iter().any(|org| org["orgId"] == 1))
}

async fn person(rig: &Rig, id: &str) -> Result<Person> {
    let people: People = rig.grafana.admin(&format!("users?id={id}")).await?;
    people.users.into_iter().next().context("the page does not show her")
}

/// The page asks, and somebody says yes.
async fn says_yes(rig: &Rig, id: &str) -> Result<()> {
    ensure!(person(rig, id).await?.may_claim(), "nothing is asked");
    rig.grafana
        .admin_send(Method::POST, &format!("users/{id}/claim"), &json!({}))
        .await?
        .expect(&[204])
        .map(drop)
}

async fn needs_somebody(rig: &Rig, id: &str) -> Result<String> {
    let told = rig.attention(ANN).await?;
    let shown = person(rig, id).await?;
    ensure!(shown.access == Access::NeedsAttention, "{shown:?}");
    rig.state(&[SyncState::NeedsAttention]).await?;
    Ok(told.reason)
}

async fn ann(rig: &Rig, scim: &ScimClient) -> Result<(String, Account)> {
    let [id] = rig.people(scim, [ANN]).await?;
    let ann = rig.open(ANN).await?;
    rig.settled().await?;
    rig.compared().await?;
    Ok((id, ann))
}

/// S10: the security team closes a stolen account; it stays closed until somebody says otherwise.
#[tokio::test]
async fn who_was_disabled_by_hand_stays_so_until_a_yes() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let (id, ann) = ann(&rig, &scim).await?;
    by_hand(&rig, Method::POST, &format!("/api/admin/users/{}/disable", ann.id)).await?;
    rig.compared().await?;
    let told = needs_somebody(&rig, &id).await?;
    ensure!(told.contains("by hand"), "{told}");
    throughout("she stays closed", A_WHILE, async || {
        ensure!(rig.grafana.existing_account(ANN).await?.is_disabled, "open again");
        Ok(())
    })
    .await?;
    // The provider's own off and on is no yes: it did not know.
    set_active(&scim, &id, false).await?;
    rig.settled().await?;
    set_active(&scim, &id, true).await?;
    rig.compared().await?;
    ensure!(
        rig.grafana.existing_account(ANN).await?.is_disabled,
        "opened by the provider"
    );
    says_yes(&rig, &id).await?;
    rig.open(ANN).await?;
    until("all is well", SOON, async || {
        ensure!(person(&rig, &id).await?.access == Access::Active);
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// Deleted by hand: made again when somebody says so.
#[tokio::test]
async fn an_account_deleted_by_hand_waits_for_a_yes() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let (id, ann) = ann(&rig, &scim).await?;
    by_hand(&rig, Method::DELETE, &format!("/api/admin/users/{}", ann.id)).await?;
    rig.compared().await?;
    let told = needs_somebody(&rig, &id).await?;
    ensure!(told.contains("by hand"), "{told}");
    throughout("there is none", A_WHILE, async || {
        ensure!(rig.grafana.account(ANN).await?.is_none(), "made again");
        Ok(())
    })
    .await?;
    says_yes(&rig, &id).await?;
    rig.open(ANN).await?;
    until("all is well", SOON, async || {
        ensure!(person(&rig, &id).await?.access == Access::Active);
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// …or when the provider switches the person off and on.
#[tokio::test]
async fn an_account_deleted_by_hand_is_made_at_the_next_hiring() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let (id, ann) = ann(&rig, &scim).await?;
    by_hand(&rig, Method::DELETE, &format!("/api/admin/users/{}", ann.id)).await?;
    rig.compared().await?;
    set_active(&scim, &id, false).await?;
    rig.settled().await?;
    set_active(&scim, &id, true).await?;
    rig.open(ANN).await?;
    rig.finish().await
}

/// G7: taking out is how a person closes an SSO account, and how Terraform does.
#[tokio::test]
async fn who_was_taken_out_by_hand_stays_out_until_a_yes() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let (id, ann) = ann(&rig, &scim).await?;
    by_hand(&rig, Method::DELETE, &format!("/api/orgs/1/users/{}", ann.id)).await?;
    rig.compared().await?;
    let told = needs_somebody(&rig, &id).await?;
    ensure!(told.contains("by hand"), "{told}");
    throughout("she stays out", A_WHILE, async || {
        ensure!(!is_in_ours(&rig, ann.id).await?, "joined again");
        Ok(())
    })
    .await?;
    says_yes(&rig, &id).await?;
    until("she is in again", SOON, async || {
        ensure!(is_in_ours(&rig, ann.id).await?, "she is out");
        ensure!(person(&rig, &id).await?.access == Access::Active);
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// `membership = repair`: Rollcall joins again by itself, once a day.
#[tokio::test]
async fn who_was_taken_out_is_back_where_membership_is_repaired() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.grafana.set("membership", "repair").await?.expect(&[200])?;
    let (id, ann) = ann(&rig, &scim).await?;
    by_hand(&rig, Method::DELETE, &format!("/api/orgs/1/users/{}", ann.id)).await?;
    rig.check_now().await?;
    until("she is in again", SOON, async || {
        ensure!(is_in_ours(&rig, ann.id).await?, "she is out");
        Ok(())
    })
    .await?;
    rig.compared().await?;
    // Once a day: who takes out once more means it.
    by_hand(&rig, Method::DELETE, &format!("/api/orgs/1/users/{}", ann.id)).await?;
    rig.compared().await?;
    let told = needs_somebody(&rig, &id).await?;
    ensure!(told.contains("once more"), "{told}");
    throughout("she stays out", A_WHILE, async || {
        ensure!(!is_in_ours(&rig, ann.id).await?, "joined again");
        Ok(())
    })
    .await?;
    says_yes(&rig, &id).await?;
    until("she is in again", SOON, async || {
        ensure!(is_in_ours(&rig, ann.id).await?, "she is out");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// G7: without `auto_assign_org` a new account is put into an organization of its own only.
#[tokio::test]
async fn a_new_account_is_in_our_organization_whatever_grafana_does() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("users", "auto_assign_org", "false")).await?;
    let scim = rig.scim().await?;
    let (id, ann) = ann(&rig, &scim).await?;
    until("she is in our organization", SOON, async || {
        ensure!(is_in_ours(&rig, ann.id).await?, "she is in none of ours");
        ensure!(person(&rig, &id).await?.access == Access::Active);
        Ok(())
    })
    .await?;
    ensure!(rig.role(ANN).await? == "Viewer", "{}", rig.role(ANN).await?);
    rig.finish().await
}
