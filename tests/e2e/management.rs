//! Who manages an account is an admin's word: approve, release, take back.

use acceptance::{
    grafana::Account,
    idp::ScimClient,
    rig::{Rig, user},
    wait::{SOON, throughout, until},
};
use admin_api::{Access, AccountOrigin, Activity, ClaimMeans, MemberPolicy, People, Person};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const ADA: &str = "ada@example.com";
/// Longer than the engine takes from a change to Grafana.
const A_WHILE: Duration = Duration::from_secs(1);

async fn person(rig: &Rig, id: &str) -> Result<Person> {
    let people: People = rig.grafana.admin(&format!("users?id={id}")).await?;
    people.users.into_iter().next().context("the page does not show her")
}

async fn person_is(rig: &Rig, id: &str, access: Access) -> Result<Person> {
    until(&format!("she is {access:?}"), SOON, async || {
        let person = person(rig, id).await?;
        ensure!(person.access == access, "{person:?}");
        Ok(person)
    })
    .await
}

async fn decide(rig: &Rig, id: &str, what: &str, status: u16) -> Result<String> {
    let answer = rig
        .grafana
        .admin_send(Method::POST, &format!("users/{id}/{what}"), &json!({}))
        .await?
        .expect(&[status])?;
    Ok(answer.text)
}

async fn whole(rig: &Rig, id: i64) -> Result<(Account, Value, Value)> {
    Ok((
        rig.grafana.get(&format!("/api/users/{id}")).await?,
        rig.grafana.get(&format!("/api/users/{id}/orgs")).await?,
        rig.grafana.get(&format!("/api/users/{id}/teams")).await?,
    ))
}

async fn set_active(scim: &ScimClient, id: &str, active: bool) -> Result<()> {
    let operations = json!([{ "op": "replace", "path": "active", "value": active }]);
    scim.patch(&format!("/Users/{id}"), operations)
        .await?
        .expect(&[200])
        .map(drop)
}

#[tokio::test]
async fn a_claim_that_waits_for_an_admin_happens_at_the_yes() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.grafana.set("claim_policy", "ask").await?.expect(&[200])?;
    // One is the same person by login, the other by e-mail only.
    let by_login = rig.grafana.make_account(ADA, ADA, "her own password").await?;
    let by_email = rig
        .grafana
        .make_account("bobby", "bob@example.com", "their own password")
        .await?;
    for (login, account) in [(ADA, by_login), ("bob@example.com", by_email)] {
        let before = whole(&rig, account).await?;
        let id = scim
            .post("/Users", &user(login, "From", "Provider"))
            .await?
            .expect(&[201])?
            .id();
        let told = rig.attention(login).await?;
        ensure!(told.next_step.contains("Manage this account"), "{told:?}");
        rig.compared().await?;
        let shown = person_is(&rig, &id, Access::NeedsAttention).await?;
        ensure!(shown.may_claim() && !shown.may_release, "{shown:?}");
        ensure!(whole(&rig, account).await? == before, "changed before anybody said yes");

        decide(&rig, &id, "claim", 204).await?;
        let shown = person_is(&rig, &id, Access::Active).await?;
        ensure!(
            shown.grafana_id == Some(account) && shown.origin == Some(AccountOrigin::Claimed),
            "{shown:?}"
        );
        ensure!(!shown.may_claim() && shown.may_release, "{shown:?}");
        rig.account_is(login, |now| {
            ensure!(now.id == account && now.name == "From Provider", "{now:?}");
            Ok(())
        })
        .await?;
        let refused = decide(&rig, &id, "claim", 409).await?;
        ensure!(refused.contains("nothing to approve"), "{refused}");
        // The yes is for good: the policy does not ask again.
        set_active(&scim, &id, false).await?;
        rig.closed(login).await?;
        let log: Activity = rig
            .grafana
            .admin(&format!("activity?action=user.claim&source=admin&target={id}"))
            .await?;
        ensure!(
            log.entries.len() == 1 && log.entries[0].actor == "admin",
            "the log does not name who approved: {log:?}"
        );
    }
    rig.finish().await
}

#[tokio::test]
async fn a_person_kept_closed_is_out_whatever_the_provider_says() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let mut body = user(ADA, "Ada", "Lovelace");
    body["externalId"] = json!("00u-ada");
    let ada = scim.post("/Users", &body).await?.expect(&[201])?.id();
    let account = rig.open(ADA).await?;
    rig.settled().await?;

    decide(&rig, &ada, "keep-closed", 204).await?;
    rig.closed(ADA).await?;
    let shown = person_is(&rig, &ada, Access::Closed).await?;
    ensure!(shown.may_follow && !shown.may_keep_closed, "{shown:?}");
    set_active(&scim, &ada, false).await?;
    set_active(&scim, &ada, true).await?;
    rig.compared().await?;
    let shown = person_is(&rig, &ada, Access::Closed).await?;
    ensure!(
        shown.note.is_some_and(|note| note.contains("An admin keeps")),
        "no note"
    );
    ensure!(rig.account(ADA).await?.is_disabled, "the provider opened it");

    // Deleted and made again there, it is the same person, and a question.
    scim.delete(&format!("/Users/{ada}")).await?.expect(&[204])?;
    rig.settled().await?;
    let again = scim.post("/Users", &body).await?.expect(&[201])?.id();
    let shown = person_is(&rig, &again, Access::NeedsAttention).await?;
    ensure!(shown.claim == Some(ClaimMeans::SamePerson), "{shown:?}");
    ensure!(rig.account(ADA).await?.is_disabled, "made again, it was opened");
    decide(&rig, &again, "claim", 204).await?;
    let opened = rig.open(ADA).await?;
    ensure!(opened.id == account.id, "another account: {opened:?}");

    decide(&rig, &again, "keep-closed", 204).await?;
    rig.closed(ADA).await?;
    person_is(&rig, &again, Access::Closed).await?;
    decide(&rig, &again, "follow", 204).await?;
    rig.open(ADA).await?;
    person_is(&rig, &again, Access::Active).await?;
    rig.finish().await
}

#[tokio::test]
async fn a_released_person_keeps_account_and_teams() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, [ADA, "bob@example.com"]).await?;
    let group = scim
        .post("/Groups", &acceptance::rig::group("Engineering", &[&ada, &bob]))
        .await?
        .expect(&[201])?
        .id();
    // Anybody who is not in the group is taken out of this team.
    let team = rig.grafana.make_team("Engineering").await?;
    rig.map_to(&group, team, MemberPolicy::Remove).await?;
    rig.may_leave_teams("admin");
    rig.members_are(team, &[ADA, "bob@example.com", "admin"]).await?;
    let account = rig.open(ADA).await?;
    rig.settled().await?;

    decide(&rig, &ada, "release", 204).await?;
    let before = whole(&rig, account.id).await?;
    let shown = person_is(&rig, &ada, Access::Released).await?;
    ensure!(shown.may_claim() && !shown.may_release, "{shown:?}");
    set_active(&scim, &ada, false).await?;
    let leaves = json!([{ "op": "remove", "path": format!("members[value eq \"{ada}\"]") }]);
    scim.patch(&format!("/Groups/{group}"), leaves)
        .await?
        .expect(&[200, 204])?;
    let found = scim.get(&format!("/Users/{ada}")).await?.expect(&[200])?;
    ensure!(found.json["active"] == json!(false), "not stored: {}", found.text);
    // The engine has seen all of it when what came later is done.
    let [_] = rig.people(&scim, ["cy@example.com"]).await?;
    rig.open("cy@example.com").await?;
    rig.compared().await?;
    throughout("her account stays as it is", A_WHILE, async || {
        ensure!(whole(&rig, account.id).await? == before, "it was changed");
        Ok(())
    })
    .await?;
    person_is(&rig, &ada, Access::Released).await?;

    // Taken back: what the provider has said meanwhile is made true at once.
    decide(&rig, &ada, "claim", 204).await?;
    rig.closed(ADA).await?;
    person_is(&rig, &ada, Access::Closed).await?;
    rig.compared().await?;
    rig.members_are(team, &["bob@example.com", "admin"]).await?;
    set_active(&scim, &ada, true).await?;
    rig.open(ADA).await?;

    // Deleted while released: the account is nobody's and stays.
    rig.settled().await?;
    decide(&rig, &ada, "release", 204).await?;
    let before = whole(&rig, account.id).await?;
    scim.delete(&format!("/Users/{ada}")).await?.expect(&[204])?;
    let [_] = rig.people(&scim, ["dee@example.com"]).await?;
    rig.open("dee@example.com").await?;
    rig.compared().await?;
    ensure!(whole(&rig, account.id).await? == before, "it was changed");
    rig.finish().await
}
