//! `linking = first_login`: nobody is made, and anybody who signs in is linked.

use acceptance::{
    rig::{Rig, group},
    wait::{SOON, until},
};
use admin_api::{Access, AccountOrigin, People, Person, SyncState};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

async fn shown(rig: &Rig, id: &str, access: Access) -> Result<Person> {
    until(&format!("the page says {access:?}"), SOON, async || {
        let people: People = rig.grafana.admin(&format!("users?id={id}")).await?;
        let person = people
            .users
            .into_iter()
            .next()
            .context("the page does not show this one")?;
        ensure!(person.access == access, "{person:?}");
        Ok(person)
    })
    .await
}

#[tokio::test]
async fn nobody_is_made_before_the_first_sign_in() -> Result<()> {
    // Without the look-up by e-mail Grafana would refuse the sign-in of somebody Rollcall had made before.
    let rig = Rig::with(|setup| {
        setup.ini("auth.generic_oauth", "enabled", "true").ini(
            "plugin.rollcall-scim-app",
            "sign_in",
            "auth.generic_oauth",
        )
    })
    .await?;
    rig.grafana.set("linking", "first_login").await?.expect(&[200])?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, [ADA, BOB]).await?;
    let made = scim
        .post("/Groups", &group("Engineering", &[&ada, &bob]))
        .await?
        .expect(&[201])?
        .id();
    rig.map_to_new(&made, "Engineering").await?;
    rig.team_is("Engineering", &[]).await?;
    let told = rig.compared().await?;
    ensure!(
        told.sync == SyncState::InSync && told.attention.is_empty(),
        "waiting is no problem: {told:?}"
    );
    for (id, login) in [(&ada, ADA), (&bob, BOB)] {
        let person = shown(&rig, id, Access::WaitingForSignIn).await?;
        ensure!(person.grafana_id.is_none() && person.note.is_some(), "{person:?}");
        ensure!(rig.grafana.account(login).await?.is_none(), "{login} was made");
    }
    let found: People = rig.grafana.admin("users?access=waiting_for_sign_in").await?;
    ensure!(found.total == 2, "{found:?}");

    // Bob is deactivated before they ever came: they are closed when they do.
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    scim.patch(&format!("/Users/{bob}"), off.clone())
        .await?
        .expect(&[200])?;
    shown(&rig, &bob, Access::Closed).await?;
    for login in [ADA, BOB] {
        rig.comes_by_oauth(login)?;
    }
    let (adas, bobs) = (
        rig.grafana.existing_account(ADA).await?,
        rig.grafana.existing_account(BOB).await?,
    );
    rig.check_now().await?;
    let linked = shown(&rig, &ada, Access::Active).await?;
    ensure!(
        linked.grafana_id == Some(adas.id) && linked.origin == Some(AccountOrigin::Claimed),
        "{linked:?}"
    );
    rig.team_is("Engineering", &[ADA]).await?;
    until("Bob is in no organization", SOON, async || {
        let orgs: Vec<Value> = rig.grafana.get(&format!("/api/users/{}/orgs", bobs.id)).await?;
        ensure!(orgs.is_empty(), "{orgs:?}");
        Ok(())
    })
    .await?;

    // Deleted by hand: not made again, and linked again at the next sign-in.
    rig.settled().await?;
    let by_hand = format!("/api/admin/users/{}", adas.id);
    rig.grafana
        .call(reqwest::Method::DELETE, &by_hand, None)
        .await?
        .expect(&[200])?;
    rig.check_now().await?;
    shown(&rig, &ada, Access::WaitingForSignIn).await?;
    rig.comes_by_oauth(ADA)?;
    rig.check_now().await?;
    let again = shown(&rig, &ada, Access::Active).await?;
    ensure!(again.grafana_id.is_some_and(|id| id != adas.id), "{again:?}");
    rig.team_is("Engineering", &[ADA]).await?;
    scim.patch(&format!("/Users/{ada}"), off).await?.expect(&[200])?;
    shown(&rig, &ada, Access::ClosedMayReturn).await?;
    rig.finish().await
}

/// Who waits is made as soon as accounts are to be made before the first sign-in.
#[tokio::test]
async fn who_waits_is_made_at_once_when_the_setting_changes() -> Result<()> {
    let rig = Rig::start().await?;
    rig.grafana.set("linking", "first_login").await?.expect(&[200])?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, [ADA]).await?;
    shown(&rig, &ada, Access::WaitingForSignIn).await?;
    rig.grafana.set("linking", "pre_create").await?.expect(&[200])?;
    rig.open(ADA).await?;
    let made = shown(&rig, &ada, Access::Active).await?;
    ensure!(made.origin == Some(AccountOrigin::Provisioned), "{made:?}");
    rig.finish().await
}
