//! How far access can be closed: people who sign in through a provider, and what they have when they return.

use std::time::Duration;

use acceptance::{
    grafana::Account,
    idp::ScimClient,
    rig::{Failpoint, Rig, Setup, group, user},
    wait::{SOON, throughout, until},
};
use admin_api::{Access, People, Person};
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::Refused;
use reqwest::Method;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";

/// A provider that syncs roles, or not; Grafana finds people by e-mail, or not; and how far closing may go.
async fn rig(lookup: bool, skip_role_sync: bool, policy: &str) -> Result<Rig> {
    let rig = Rig::with(|setup: Setup| {
        setup
            .ini("auth", "oauth_allow_insecure_email_lookup", &lookup.to_string())
            .ini("auth.generic_oauth", "enabled", "true")
            .ini("auth.generic_oauth", "skip_org_role_sync", &skip_role_sync.to_string())
            .ini("plugin.rollcall-scim-app", "sign_in", "auth.generic_oauth")
    })
    .await?;
    rig.grafana.set("deprovision", policy).await?.expect(&[200])?;
    Ok(rig)
}

async fn active(scim: &ScimClient, id: &str, active: bool) -> Result<()> {
    let operations = json!([{ "op": "replace", "value": { "active": active } }]);
    // While the plugin is down Grafana answers 500, and a provider tries again.
    until("the change is taken", SOON, async || {
        let answer = scim.patch(&format!("/Users/{id}"), operations.clone()).await?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
        Ok(())
    })
    .await
}

async fn orgs(rig: &Rig, account: i64) -> Result<Vec<Value>> {
    rig.grafana.get(&format!("/api/users/{account}/orgs")).await
}

async fn out_of_every_organization(rig: &Rig, account: i64) -> Result<()> {
    until("the person is in no organization", SOON, async || {
        let orgs = orgs(rig, account).await?;
        ensure!(orgs.is_empty(), "{orgs:?}");
        Ok(())
    })
    .await
}

/// What the page says of Ada, as soon as it is this.
async fn shown(rig: &Rig, access: Access) -> Result<Person> {
    until(&format!("the page says {access:?}"), SOON, async || {
        let people: People = rig.grafana.admin("users").await?;
        let person = people.users.into_iter().find(|person| person.user_name == ADA);
        let person = person.context("the page does not show her")?;
        ensure!(person.access == access, "{person:?}");
        Ok(person)
    })
    .await
}

/// Ada came by OAuth before anybody provisioned her, is an Editor, and somebody put her into a team by hand.
async fn single_sign_on_ada(rig: &Rig, scim: &ScimClient) -> Result<(String, Account, i64)> {
    rig.comes_by_oauth(ADA)?;
    let ada = rig.grafana.existing_account(ADA).await?;
    let team = with_role_and_team(rig, &ada).await?;
    let [id] = rig.people(scim, [ADA]).await?;
    shown(rig, Access::Active).await?;
    Ok((id, ada, team))
}

/// The same of an account that Rollcall made: what it has not made it neither deletes nor recreates.
async fn single_sign_on_ada_of_ours(rig: &Rig, scim: &ScimClient) -> Result<(String, Account, i64)> {
    let [id] = rig.people(scim, [ADA]).await?;
    rig.open(ADA).await?;
    rig.is_linked(ADA).await?;
    let ada = rig.grafana.existing_account(ADA).await?;
    let team = with_role_and_team(rig, &ada).await?;
    rig.check_now().await?;
    rig.settled().await?;
    Ok((id, ada, team))
}

async fn with_role_and_team(rig: &Rig, ada: &Account) -> Result<i64> {
    // Grafana refuses to change the role of who is synced: as if the provider had said so.
    if rig.grafana.set_role(ada.id, "Editor").await.is_err() {
        rig.sign_in_by_oauth(ADA).await?;
    }
    let team = rig.grafana.make_team("By hand").await?;
    rig.grafana.join_team(team, ada.id).await?;
    rig.remember_team(team);
    ensure!(rig.role(ADA).await? == "Editor");
    Ok(team)
}

async fn has_everything_back(rig: &Rig, team: i64) -> Result<Account> {
    let account = rig.open(ADA).await?;
    until("role and team are hers again", SOON, async || {
        ensure!(
            rig.role(ADA).await? == "Editor",
            "another role: {}",
            rig.role(ADA).await?
        );
        let members = rig.grafana.members(team).await?;
        ensure!(members.contains(ADA), "{members:?}");
        Ok(())
    })
    .await?;
    rig.settled().await?;
    let accounts = rig.grafana.accounts(ADA).await?;
    ensure!(accounts.len() == 1, "{accounts:?}");
    Ok(account)
}

#[tokio::test]
async fn a_suspended_person_who_signs_in_by_sso_is_out_again() -> Result<()> {
    let rig = rig(false, false, "suspend").await?;
    let scim = rig.scim().await?;
    let (id, ada, team) = single_sign_on_ada(&rig, &scim).await?;
    active(&scim, &id, false).await?;
    out_of_every_organization(&rig, ada.id).await?;
    let told = shown(&rig, Access::ClosedMayReturn).await?;
    ensure!(told.note.is_some_and(|note| note.contains("skip_org_role_sync")));

    // The provider still lets her in, and Grafana makes her what it says.
    rig.comes_by_oauth(ADA)?;
    ensure!(
        orgs(&rig, ada.id).await?.len() == 1,
        "the sign-in was to bring her back"
    );
    rig.check_now().await?;
    out_of_every_organization(&rig, ada.id).await?;

    active(&scim, &id, true).await?;
    let back = has_everything_back(&rig, team).await?;
    ensure!(back.id == ada.id, "another account: {back:?}");
    rig.finish().await
}

#[tokio::test]
async fn a_suspension_holds_where_the_provider_leaves_roles_alone() -> Result<()> {
    let rig = rig(false, true, "suspend").await?;
    let scim = rig.scim().await?;
    let (id, ada, team) = single_sign_on_ada(&rig, &scim).await?;
    active(&scim, &id, false).await?;
    out_of_every_organization(&rig, ada.id).await?;
    shown(&rig, Access::Closed).await?;
    rig.comes_by_oauth(ADA)?;
    ensure!(orgs(&rig, ada.id).await?.is_empty(), "it did not hold");
    active(&scim, &id, true).await?;
    has_everything_back(&rig, team).await?;
    rig.finish().await
}

async fn recreated(lookup: bool) -> Result<()> {
    let rig = rig(lookup, false, "recreate").await?;
    let scim = rig.scim().await?;
    let (id, ada, team) = single_sign_on_ada_of_ours(&rig, &scim).await?;
    active(&scim, &id, false).await?;
    let recreated = rig.closed(ADA).await?;
    ensure!(recreated.id != ada.id && !recreated.is_external, "{recreated:?}");
    ensure!(recreated.email == ada.email, "{recreated:?}");
    shown(&rig, Access::Closed).await?;

    let refused = rig.comes_by_oauth(ADA).err();
    // With the lookup on she is found, linked to the recreated account, and out all the same.
    let wanted = if lookup { Refused::Disabled } else { Refused::SyncFailed };
    ensure!(refused == Some(wanted), "{refused:?}");
    rig.check_now().await?;
    rig.settled().await?;
    shown(&rig, Access::Closed).await?;
    ensure!(rig.closed(ADA).await?.id == recreated.id, "a second recreated account");

    active(&scim, &id, true).await?;
    let back = has_everything_back(&rig, team).await?;
    ensure!((back.id == recreated.id) != lookup, "{recreated:?} became {back:?}");
    shown(&rig, Access::Active).await?;
    rig.finish().await
}

#[tokio::test]
async fn under_recreate_no_sign_in_gets_in_and_all_comes_back() -> Result<()> {
    recreated(false).await
}

#[tokio::test]
async fn under_recreate_no_sign_in_gets_in_by_the_email_lookup() -> Result<()> {
    recreated(true).await
}

#[tokio::test]
async fn a_recreated_account_is_made_again_if_somebody_deletes_it() -> Result<()> {
    let rig = rig(false, false, "recreate").await?;
    let scim = rig.scim().await?;
    let (id, ada, _) = single_sign_on_ada_of_ours(&rig, &scim).await?;
    scim.delete(&format!("/Users/{id}")).await?.expect(&[204])?;
    let recreated = rig.closed(ADA).await?;
    ensure!(recreated.id != ada.id, "{recreated:?}");
    rig.settled().await?;
    let path = format!("/api/admin/users/{}", recreated.id);
    rig.grafana.call(Method::DELETE, &path, None).await?.expect(&[200])?;
    rig.check_now().await?;
    let second = rig.closed(ADA).await?;
    ensure!(second.id != recreated.id, "{second:?}");
    ensure!(rig.comes_by_oauth(ADA).is_err(), "she is in");
    rig.finish().await
}

#[tokio::test]
async fn the_team_of_a_group_follows_a_recreated_account() -> Result<()> {
    let rig = rig(false, true, "recreate").await?;
    let scim = rig.scim().await?;
    let (id, ada, _) = single_sign_on_ada_of_ours(&rig, &scim).await?;
    let [bob] = rig.people(&scim, ["bob@example.com"]).await?;
    let made = scim
        .post("/Groups", &group("Engineering", &[&id, &bob]))
        .await?
        .expect(&[201])?
        .id();
    rig.map_to_new(&made, "Engineering").await?;
    rig.team_is("Engineering", &[ADA, "bob@example.com"]).await?;
    active(&scim, &id, false).await?;
    let recreated = rig.closed(ADA).await?;
    ensure!(recreated.id != ada.id);
    rig.settled().await?;
    active(&scim, &id, true).await?;
    rig.open(ADA).await?;
    rig.team_is("Engineering", &[ADA, "bob@example.com"]).await?;
    rig.settled().await?;
    // Nothing drifts that is looked at again and again.
    let done = rig.changes_by_plugin().len();
    rig.check_now().await?;
    throughout("nothing more is changed", Duration::from_secs(2), async || {
        let more = rig.changes_by_plugin().split_off(done);
        ensure!(more.is_empty(), "{more:?}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

#[tokio::test]
async fn a_local_user_is_only_disabled_under_closed() -> Result<()> {
    let rig = rig(false, false, "recreate").await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [ADA]).await?;
    let before = rig.open(ADA).await?;
    active(&scim, &id, false).await?;
    ensure!(rig.closed(ADA).await?.id == before.id, "deleted and made again");
    active(&scim, &id, true).await?;
    ensure!(rig.open(ADA).await? == before);
    rig.finish().await
}

async fn killed_while_recreating(place: Failpoint) -> Result<()> {
    let mut rig = rig(false, false, "recreate").await?;
    let scim = rig.scim().await?;
    let (id, ada, team) = single_sign_on_ada_of_ours(&rig, &scim).await?;
    // What is found after the crash is ours by the note alone.
    rig.grafana.set("claim_policy", "never").await?.expect(&[200])?;
    rig.restart_with(Some(place)).await?;
    active(&scim, &id, false).await?;
    let recreated = until("there is a recreated account", SOON, async || {
        // The password comes to the plugin with a request, again after each start.
        rig.grafana.admin::<People>("users").await?;
        let account = rig.grafana.existing_account(ADA).await?;
        ensure!(account.id != ada.id && account.is_disabled, "{account:?}");
        Ok(account)
    })
    .await?;
    rig.restart_with(None).await?;
    rig.settled().await?;
    shown(&rig, Access::Closed).await?;
    ensure!(
        rig.grafana.existing_account(ADA).await? == recreated,
        "it was made twice"
    );
    active(&scim, &id, true).await?;
    has_everything_back(&rig, team).await?;
    rig.finish().await
}

#[tokio::test]
async fn killed_before_recreation_is_recorded_it_ends_the_same() -> Result<()> {
    killed_while_recreating(Failpoint::BeforeRecord).await
}

#[tokio::test]
async fn killed_after_each_call_of_recreation_it_ends_the_same() -> Result<()> {
    killed_while_recreating(Failpoint::AfterGrafanaCall).await
}

#[tokio::test]
async fn a_disabled_and_linked_account_is_made_again_on_return() -> Result<()> {
    let rig = rig(true, true, "suspend").await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [ADA]).await?;
    let ada = rig.open(ADA).await?;
    let team = with_role_and_team(&rig, &ada).await?;
    active(&scim, &id, false).await?;
    rig.closed(ADA).await?;
    rig.settled().await?;
    ensure!(rig.comes_by_oauth(ADA).err() == Some(Refused::Disabled));
    ensure!(
        rig.grafana.existing_account(ADA).await?.is_external,
        "the sign-in did not link her"
    );

    active(&scim, &id, true).await?;
    let back = until("she is made again", SOON, async || {
        let account = rig.grafana.existing_account(ADA).await?;
        ensure!(account.id != ada.id, "{account:?}");
        Ok(account)
    })
    .await?;
    ensure!(has_everything_back(&rig, team).await?.id == back.id);
    rig.finish().await
}

#[tokio::test]
async fn under_delete_what_was_made_here_goes_and_returns_whole() -> Result<()> {
    let rig = rig(false, true, "delete").await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [ADA]).await?;
    let ada = rig.open(ADA).await?;
    let team = with_role_and_team(&rig, &ada).await?;
    let gone = async || {
        until("there is no account", SOON, async || {
            let account = rig.grafana.account(ADA).await?;
            ensure!(account.is_none(), "{account:?}");
            Ok(())
        })
        .await
    };
    active(&scim, &id, false).await?;
    gone().await?;
    let told = shown(&rig, Access::ClosedMayReturn).await?;
    ensure!(told.note.is_some_and(|note| note.contains("allow_sign_up")) && told.grafana_id.is_none());

    // Who signs up meanwhile has an account that Rollcall has not made.
    rig.comes_by_oauth(ADA)?;
    let signed_up = rig.grafana.existing_account(ADA).await?;
    rig.check_now().await?;
    out_of_every_organization(&rig, signed_up.id).await?;
    shown(&rig, Access::Closed).await?;

    active(&scim, &id, true).await?;
    let back = has_everything_back(&rig, team).await?;
    ensure!(back.id != ada.id, "it was never deleted: {back:?}");
    rig.finish().await
}

#[tokio::test]
async fn an_account_that_was_claimed_is_never_deleted() -> Result<()> {
    for policy in ["recreate", "delete"] {
        let rig = rig(false, true, policy).await?;
        let scim = rig.scim().await?;
        let (id, ada, team) = single_sign_on_ada(&rig, &scim).await?;
        active(&scim, &id, false).await?;
        out_of_every_organization(&rig, ada.id).await?;
        shown(&rig, Access::Closed).await?;
        active(&scim, &id, true).await?;
        ensure!(has_everything_back(&rig, team).await?.id == ada.id, "another account");
        rig.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn with_ldap_on_a_disabled_account_is_not_called_closed() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth.ldap", "enabled", "true")).await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [ADA]).await?;
    rig.open(ADA).await?;
    active(&scim, &id, false).await?;
    rig.closed(ADA).await?;
    let told = shown(&rig, Access::ClosedMayReturn).await?;
    ensure!(told.note.is_some_and(|note| note.contains("LDAP")));
    rig.finish().await
}

#[tokio::test]
async fn a_change_that_waits_for_a_mail_is_asked_for_once() -> Result<()> {
    let rig = Rig::with(|setup| {
        setup
            .ini("smtp", "enabled", "true")
            .ini("users", "verify_email_enabled", "true")
    })
    .await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [ADA]).await?;
    let ada = rig.open(ADA).await?;
    rig.settled().await?;
    let path = format!("/api/users/{}", ada.id);
    let mails = || {
        let writes = |call: &&grafana_stand_in::Call| call.method == "PUT" && call.path == path;
        rig.changes_by_plugin().iter().filter(writes).count()
    };
    let operations = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@example.com" }]);
    scim.patch(&format!("/Users/{id}"), operations).await?.expect(&[200])?;
    let told = rig.attention(ADA).await?;
    ensure!(told.next_step.contains("verify_email_enabled"), "{told:?}");
    ensure!(mails() == 1, "{} mails", mails());
    rig.finish().await
}

#[tokio::test]
async fn people_of_another_organization_are_not_taken_over() -> Result<()> {
    let rig = Rig::start().await?;
    rig.grafana.set("claim_policy", "login").await?.expect(&[200])?;
    let scim = rig.scim().await?;
    let made = rig
        .grafana
        .send(Method::POST, "/api/orgs", &json!({ "name": "Other" }))
        .await?;
    let other = made.json["orgId"].as_i64().context("no organization")?;
    for (login, stays) in [("eve@example.com", true), ("ida@example.com", false)] {
        let account = rig.grafana.make_account(login, login, "a good password").await?;
        if stays {
            let body = json!({ "loginOrEmail": login, "role": "Editor" });
            rig.grafana
                .send(Method::POST, &format!("/api/orgs/{other}/users"), &body)
                .await?;
        }
        let path = format!("/api/orgs/1/users/{account}");
        rig.grafana.call(Method::DELETE, &path, None).await?.expect(&[200])?;
    }
    let eve = rig.grafana.existing_account("eve@example.com").await?;
    let taken = scim
        .post("/Users", &user("eve@example.com", "Not", "Eve"))
        .await?
        .expect(&[201])?;
    let told = rig.attention("eve@example.com").await?;
    ensure!(told.reason.contains("another organization"), "{told:?}");
    active(&scim, &taken.id(), false).await?;
    rig.settled().await?;
    rig.check_now().await?;
    rig.settled().await?;
    ensure!(
        rig.grafana.existing_account("eve@example.com").await? == eve,
        "she was touched"
    );

    scim.post("/Users", &user("ida@example.com", "Ida", "Rhodes"))
        .await?
        .expect(&[201])?;
    until("she is in this organization", SOON, async || {
        ensure!(rig.role("ida@example.com").await? == "Viewer");
        Ok(())
    })
    .await?;
    rig.finish().await
}

#[tokio::test]
async fn who_became_a_server_admin_is_not_closed_and_somebody_is_told() -> Result<()> {
    let rig = rig(false, false, "delete").await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [ADA]).await?;
    let ada = rig.open(ADA).await?;
    rig.settled().await?;
    let path = format!("/api/admin/users/{}/permissions", ada.id);
    let body = json!({ "isGrafanaAdmin": true });
    rig.grafana.send(Method::PUT, &path, &body).await?.expect(&[200])?;
    active(&scim, &id, false).await?;
    let told = rig.attention(ADA).await?;
    ensure!(told.reason.contains("protected"), "{told:?}");
    ensure!(!rig.grafana.existing_account(ADA).await?.is_disabled);

    // The protection ends, and what the provider said counts.
    let body = json!({ "isGrafanaAdmin": false });
    rig.grafana.send(Method::PUT, &path, &body).await?.expect(&[200])?;
    rig.check_now().await?;
    until("she is gone", SOON, async || {
        ensure!(rig.grafana.account(ADA).await?.is_none());
        Ok(())
    })
    .await?;
    rig.finish().await
}
