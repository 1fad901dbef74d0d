//! Whose account it is: a name is where to look, never proof.

use acceptance::{
    grafana::{Account, Credentials},
    idp::ScimClient,
    rig::{Rig, Role, group, user},
    wait::{SOON, throughout, until},
};
use admin_api::{Access, AccountOrigin, People, Person};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const NAME: &str = "j.doe@example.com";
const PASSWORD: &str = "Pass-w0rd-of-a-leaver";
/// Longer than the engine takes from a change to Grafana.
const A_WHILE: Duration = Duration::from_secs(1);

/// A SCIM user with an id of the provider's own, where it has one.
fn person(user_name: &str, email: &str, external_id: Option<&str>) -> Value {
    let mut body = user(user_name, "Some", "Body");
    body["emails"][0]["value"] = json!(email);
    if let Some(id) = external_id {
        body["externalId"] = json!(id);
    }
    body
}

async fn hire(scim: &ScimClient, body: &Value) -> Result<String> {
    Ok(scim.post("/Users", body).await?.expect(&[201])?.id())
}

async fn dismiss(scim: &ScimClient, id: &str) -> Result<()> {
    scim.delete(&format!("/Users/{id}")).await?.expect(&[204]).map(drop)
}

/// The account as Grafana shows it, whatever its names are now.
async fn account(rig: &Rig, id: i64) -> Result<Account> {
    rig.grafana.get(&format!("/api/users/{id}")).await
}

/// The account whose login is this one: no e-mail counts.
async fn with_login(rig: &Rig, login: &str) -> Result<Account> {
    let all = rig.grafana.accounts(login).await?;
    let found = all.into_iter().find(|account| account.login == login);
    account(rig, found.with_context(|| format!("nobody has the login {login}"))?.id).await
}

/// Roles by organization.
async fn roles(rig: &Rig, id: i64) -> Result<Vec<(i64, String)>> {
    let orgs: Vec<Value> = rig.grafana.get(&format!("/api/users/{id}/orgs")).await?;
    let role = |org: &Value| Some((org["orgId"].as_i64()?, org["role"].as_str()?.to_owned()));
    orgs.iter().map(|org| role(org).context("no organization")).collect()
}

async fn give_password(rig: &Rig, id: i64) -> Result<()> {
    let path = format!("/api/admin/users/{id}/password");
    let body = json!({ "password": PASSWORD });
    rig.grafana.send(Method::PUT, &path, &body).await.map(drop)
}

/// Whether the password opens this login.
async fn opens(rig: &Rig, login: &str) -> Result<bool> {
    let somebody = rig.grafana.as_somebody(Credentials::Basic {
        user: login.to_owned(),
        password: PASSWORD.to_owned(),
    });
    Ok(somebody.call(Method::GET, "/api/user", None).await?.status == 200)
}

async fn row(rig: &Rig, id: &str) -> Result<Person> {
    let people: People = rig.grafana.admin(&format!("users?id={id}")).await?;
    people
        .users
        .into_iter()
        .next()
        .context("the page does not show this one")
}

async fn row_is(rig: &Rig, id: &str, access: Access) -> Result<Person> {
    until(&format!("the page says {access:?}"), SOON, async || {
        let shown = row(rig, id).await?;
        ensure!(shown.access == access, "{shown:?}");
        Ok(shown)
    })
    .await
}

async fn disabled(rig: &Rig, id: i64) -> Result<()> {
    until("the account is disabled", SOON, async || {
        let now = account(rig, id).await?;
        ensure!(now.is_disabled, "{now:?}");
        Ok(())
    })
    .await
}

/// An Admin with a password and a team joined by hand, who leaves: Grafana's id of the account.
async fn leaver(rig: &Rig, scim: &ScimClient, body: &Value) -> Result<i64> {
    let id = hire(scim, body).await?;
    let there = rig.account(NAME).await?.id;
    rig.grafana.set_role(there, "Admin").await?;
    give_password(rig, there).await?;
    let team = match rig.grafana.team("By hand").await? {
        Some(team) => team.id,
        None => rig.grafana.make_team("By hand").await?,
    };
    rig.grafana.join_team(team, there).await?;
    ensure!(opens(rig, NAME).await?, "the password was not set");
    dismiss(scim, &id).await?;
    disabled(rig, there).await?;
    rig.settled().await?;
    Ok(there)
}

/// S4: John is dismissed, and Jane gets the same userName.
#[tokio::test]
async fn a_newcomer_with_a_leavers_name_has_a_clean_account() -> Result<()> {
    for (policy, external_id) in [
        ("never", Some("jane-2")),
        ("login", Some("jane-2")),
        ("email", None),
        ("login", Some("j.doe")),
    ] {
        let rig = Rig::start().await?;
        rig.grafana.set("claim_policy", policy).await?.expect(&[200])?;
        let scim = rig.scim().await?;
        let john = leaver(&rig, &scim, &person(NAME, "john@example.com", Some("john-1"))).await?;
        let jane = hire(&scim, &person(NAME, "jane@example.com", external_id)).await?;
        let shown = row_is(&rig, &jane, Access::Active).await?;
        let hers = shown.grafana_id.context("no account")?;
        ensure!(hers != john, "{policy} {external_id:?}: she has the leaver's account");
        ensure!(shown.origin == Some(AccountOrigin::Provisioned), "{shown:?}");
        let (now, old) = (account(&rig, hers).await?, account(&rig, john).await?);
        ensure!(now.login == NAME && !now.is_disabled, "{now:?}");
        ensure!(
            roles(&rig, hers).await? == [(1, "Viewer".to_owned())],
            "not a clean one"
        );
        ensure!(!opens(&rig, NAME).await?, "the old password opens her account");
        ensure!(old.is_disabled && old.login != NAME, "{old:?}");
        ensure!(!opens(&rig, &old.login).await?, "the old account is open");
        rig.may_leave_teams(&old.login);
        rig.finish().await?;
    }
    Ok(())
}

/// The same by the e-mail alone.
#[tokio::test]
async fn a_newcomer_with_a_leavers_email_has_a_clean_account() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let john = leaver(&rig, &scim, &person(NAME, "shared@example.com", Some("john-1"))).await?;
    let jane = hire(&scim, &person("jane", "shared@example.com", Some("jane-2"))).await?;
    let shown = row_is(&rig, &jane, Access::Active).await?;
    ensure!(shown.grafana_id.is_some_and(|id| id != john), "{shown:?}");
    let now = with_login(&rig, "jane").await?;
    ensure!(
        now.email == "shared@example.com" && !opens(&rig, "jane").await?,
        "{now:?}"
    );
    ensure!(account(&rig, john).await?.is_disabled, "the old account is open");
    rig.finish().await
}

/// A leaver's account that may be the same person's, or that was not made by Rollcall, is a question.
#[tokio::test]
async fn a_leavers_account_of_both_names_waits_for_an_answer() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let john = leaver(&rig, &scim, &person(NAME, NAME, Some("john-1"))).await?;
    let again = hire(&scim, &person(NAME, NAME, Some("another-1"))).await?;
    let told = rig.attention(NAME).await?;
    ensure!(told.reason.contains(&format!("id {john}")), "{told:?}");
    let shown = row_is(&rig, &again, Access::NeedsAttention).await?;
    ensure!(shown.may_claim() && shown.grafana_id.is_none(), "{shown:?}");
    throughout("the account stays closed", A_WHILE, async || {
        ensure!(account(&rig, john).await?.is_disabled, "it was opened");
        Ok(())
    })
    .await?;
    // An admin says that it is the same person: everything is back, but for the password.
    let yes = rig
        .grafana
        .admin_send(Method::POST, &format!("users/{again}/claim"), &json!({}))
        .await?;
    yes.expect(&[204])?;
    row_is(&rig, &again, Access::Active).await?;
    ensure!(rig.open(NAME).await?.id == john, "another account");
    ensure!(roles(&rig, john).await? == [(1, "Admin".to_owned())], "not as before");
    ensure!(!opens(&rig, NAME).await?, "the old password opens it");
    rig.finish().await
}

/// R8: the provider's own id says that it is the same person.
#[tokio::test]
async fn the_same_person_returns_but_the_old_password_does_not() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let body = person(NAME, "john@example.com", Some("00u1a2b3c4"));
    let john = leaver(&rig, &scim, &body).await?;
    // Also where both names are others by now.
    for body in [
        body,
        person("john.doe@example.com", "jd@example.com", Some("00u1a2b3c4")),
    ] {
        let login = body["userName"].as_str().unwrap_or_default().to_owned();
        let id = hire(&scim, &body).await?;
        let shown = row_is(&rig, &id, Access::Active).await?;
        ensure!(shown.grafana_id == Some(john), "{shown:?}");
        let now = rig.open(&login).await?;
        ensure!(now.id == john, "another account: {now:?}");
        ensure!(roles(&rig, john).await? == [(1, "Admin".to_owned())], "another role");
        rig.team_has("By hand", &login).await?;
        ensure!(!opens(&rig, &login).await?, "the old password opens it");
        dismiss(&scim, &id).await?;
        disabled(&rig, john).await?;
        rig.settled().await?;
    }
    rig.finish().await
}

/// Names come back with the person, if nobody has them by then.
#[tokio::test]
async fn who_returns_after_a_namesake_came_gets_the_old_account() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let body = person(NAME, "john@example.com", Some("00u1a2b3c4"));
    let john = leaver(&rig, &scim, &body).await?;
    let jane = hire(&scim, &person(NAME, "jane@example.com", Some("jane-2"))).await?;
    row_is(&rig, &jane, Access::Active).await?;
    let moved = account(&rig, john).await?;
    ensure!(moved.login != NAME, "{moved:?}");
    let again = hire(
        &scim,
        &person("john.doe@example.com", "john@example.com", Some("00u1a2b3c4")),
    )
    .await?;
    row_is(&rig, &again, Access::Active).await?;
    let back = account(&rig, john).await?;
    ensure!(!back.is_disabled && back.login == "john.doe@example.com", "{back:?}");
    ensure!(back.email == "john@example.com", "{back:?}");
    rig.may_leave_teams(NAME);
    rig.finish().await
}

#[tokio::test]
async fn two_live_users_cannot_share_an_external_id() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let first = hire(&scim, &person("ann", "ann@example.com", Some("00u1a2b3c4"))).await?;
    let twin = person("bob", "bob@example.com", Some("00u1a2b3c4"));
    let refused = scim.post("/Users", &twin).await?.expect(&[409])?;
    ensure!(refused.str("/scimType") == "uniqueness", "{}", refused.text);
    let bob = hire(&scim, &person("bob", "bob@example.com", Some("00u5d6e7f8"))).await?;
    let changes = json!([{ "op": "replace", "path": "externalId", "value": "00u1a2b3c4" }]);
    let refused = scim.patch(&format!("/Users/{bob}"), changes).await?.expect(&[409])?;
    ensure!(refused.str("/scimType") == "uniqueness", "{}", refused.text);
    // A user who has left has none any more.
    dismiss(&scim, &first).await?;
    rig.settled().await?;
    hire(&scim, &person("ann", "ann@example.com", Some("00u1a2b3c4"))).await?;
    rig.open("ann").await?;
    rig.finish().await
}

/// S5: a local user takes the login of somebody who is about to come.
#[tokio::test]
async fn who_takes_a_newcomers_login_is_not_given_the_teams() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let squatter = rig
        .grafana
        .make_account("mallory", "mallory@example.com", PASSWORD)
        .await?;
    let renamed = json!({ "login": "ceo@example.com", "email": "ceo@example.com", "name": "Chief" });
    let path = format!("/api/users/{squatter}");
    rig.grafana.send(Method::PUT, &path, &renamed).await?;
    ensure!(opens(&rig, "ceo@example.com").await?, "not signed in");
    let id = hire(&scim, &person("ceo@example.com", "ceo@example.com", Some("00uceo"))).await?;
    let made = scim
        .post("/Groups", &group("Board", &[&id]))
        .await?
        .expect(&[201])?
        .id();
    rig.map_to_new(&made, "Board").await?;
    rig.team_is("Board", &[]).await?;
    let told = rig.attention("ceo@example.com").await?;
    ensure!(
        told.reason.contains(&format!("id {squatter}")),
        "the account is not named: {told:?}"
    );
    let shown = row_is(&rig, &id, Access::NeedsAttention).await?;
    ensure!(shown.may_claim(), "{shown:?}");
    rig.compared().await?;
    rig.team_is("Board", &[]).await?;
    // Even an admin who is deceived gives no password away.
    let yes = rig
        .grafana
        .admin_send(Method::POST, &format!("users/{id}/claim"), &json!({}))
        .await?;
    yes.expect(&[204])?;
    rig.team_is("Board", &["ceo@example.com"]).await?;
    ensure!(!opens(&rig, "ceo@example.com").await?, "the old password opens it");
    rig.finish().await
}

async fn with_sign_in(provider: &str) -> Result<Rig> {
    let rig = Rig::with(|setup| {
        setup
            .ini("auth.generic_oauth", "enabled", "true")
            .ini("auth.generic_oauth", "allow_sign_up", "true")
            .ini("plugin.rollcall-scim-app", "sign_in", provider)
    })
    .await?;
    Ok(rig)
}

/// The provider that signs people in wrote both names, and Grafana lets nobody else change them.
#[tokio::test]
async fn an_account_that_the_named_sign_in_made_is_claimed() -> Result<()> {
    let rig = with_sign_in("auth.generic_oauth").await?;
    let scim = rig.scim().await?;
    let there = rig.sign_up_by_oauth("ada@example.com").await?;
    let id = hire(&scim, &person("ada@example.com", "ada@example.com", Some("00uada"))).await?;
    let shown = row_is(&rig, &id, Access::Active).await?;
    ensure!(
        shown.grafana_id == Some(there.id) && shown.origin == Some(AccountOrigin::Claimed),
        "{shown:?}"
    );
    rig.finish().await
}

/// Another provider's account, an Admin's, and every account where no sign-in is named.
#[tokio::test]
async fn an_account_without_that_evidence_waits_for_an_answer() -> Result<()> {
    for (provider, role) in [
        ("auth.azuread", Role::Viewer),
        ("auth.generic_oauth", Role::Admin),
        ("", Role::Viewer),
    ] {
        let rig = with_sign_in(provider).await?;
        let scim = rig.scim().await?;
        let there = rig.sign_up_by_oauth("ada@example.com").await?;
        rig.change_role(there.id, role);
        let id = hire(&scim, &person("ada@example.com", "ada@example.com", Some("00uada"))).await?;
        let shown = row_is(&rig, &id, Access::NeedsAttention).await?;
        ensure!(
            shown.may_claim() && shown.grafana_id.is_none(),
            "{provider} {role:?}: {shown:?}"
        );
        let told = rig.attention("ada@example.com").await?;
        ensure!(told.reason.contains(&format!("id {}", there.id)), "{told:?}");
        rig.finish().await?;
    }
    Ok(())
}

/// An organization, and an account that is in it only: both ids.
async fn neighbour(rig: &Rig, login: &str, email: &str) -> Result<(i64, i64)> {
    let made = rig
        .grafana
        .send(Method::POST, "/api/orgs", &json!({ "name": "Other" }))
        .await?;
    let other = made.json["orgId"].as_i64().context("no organization")?;
    let id = rig.grafana.make_account(login, email, PASSWORD).await?;
    let body = json!({ "loginOrEmail": login, "role": "Viewer" });
    let path = format!("/api/orgs/{other}/users");
    rig.grafana.send(Method::POST, &path, &body).await?;
    let path = format!("/api/orgs/1/users/{id}");
    rig.grafana.call(Method::DELETE, &path, None).await?.expect(&[200])?;
    Ok((other, id))
}

/// G1: an Admin is out of the organization, and somebody else's e-mail is the Admin's login.
#[tokio::test]
async fn a_returning_admin_gives_the_role_to_nobody_else() -> Result<()> {
    let rig = with_sign_in("auth.generic_oauth").await?;
    let scim = rig.scim().await?;
    let (login, email) = ("pat@example.com", "pat.lee@example.com");
    let id = hire(&scim, &person(login, email, Some("00upat"))).await?;
    let pat = rig.account(login).await?.id;
    rig.grafana.set_role(pat, "Admin").await?;
    rig.link(pat, "pat's subject");
    rig.settled().await?;
    let off = |active: bool| json!([{ "op": "replace", "path": "active", "value": active }]);
    scim.patch(&format!("/Users/{id}"), off(false)).await?.expect(&[200])?;
    until("Pat is in no organization", SOON, async || {
        let left = roles(&rig, pat).await?;
        ensure!(left.is_empty(), "{left:?}");
        Ok(())
    })
    .await?;
    rig.settled().await?;
    let (other, eve) = neighbour(&rig, "eve", "eve@example.com").await?;
    rig.change_email(eve, login);
    scim.patch(&format!("/Users/{id}"), off(true)).await?.expect(&[200])?;
    row_is(&rig, &id, Access::Active).await?;
    until("Pat is Admin again", SOON, async || {
        let now = roles(&rig, pat).await?;
        ensure!(now == [(1, "Admin".to_owned())], "{now:?}");
        Ok(())
    })
    .await?;
    let hers = roles(&rig, eve).await?;
    ensure!(hers == [(other, "Viewer".to_owned())], "she got {hers:?}");
    rig.finish().await
}

/// No text names the account alone: nobody joins, and a person is told who is in the way.
#[tokio::test]
async fn where_no_text_names_the_account_nobody_else_joins() -> Result<()> {
    let rig = Rig::start().await?;
    rig.grafana.set("claim_policy", "login").await?.expect(&[200])?;
    let scim = rig.scim().await?;
    let pat = rig.grafana.make_account("pat@example.com", "pat", PASSWORD).await?;
    let path = format!("/api/orgs/1/users/{pat}");
    rig.grafana.call(Method::DELETE, &path, None).await?.expect(&[200])?;
    let (other, eve) = neighbour(&rig, "eve", "eve@example.com").await?;
    rig.change_email(eve, "pat@example.com");
    let joe = rig.grafana.make_account("pat", "joe@example.com", PASSWORD).await?;
    let mut body = person("pat@example.com", "pat", Some("00upat"));
    body["emails"] = json!([]);
    let id = hire(&scim, &body).await?;
    let told = rig.attention("pat@example.com").await?;
    ensure!(told.reason.contains(&format!("id {pat}")), "{told:?}");
    row_is(&rig, &id, Access::NeedsAttention).await?;
    ensure!(roles(&rig, eve).await? == [(other, "Viewer".to_owned())], "Eve joined");
    ensure!(roles(&rig, joe).await? == [(1, "Viewer".to_owned())], "Joe changed");
    ensure!(roles(&rig, pat).await?.is_empty(), "Pat is in");
    rig.finish().await
}

/// The moment between the look and the call: an account that was taken in by mistake is out again.
#[tokio::test]
async fn who_joined_by_mistake_is_taken_out_again_and_shown() -> Result<()> {
    let rig = Rig::start().await?;
    rig.grafana.set("claim_policy", "login").await?.expect(&[200])?;
    let scim = rig.scim().await?;
    let (login, email) = ("pat@example.com", "pat.lee@example.com");
    let pat = rig.grafana.make_account(login, email, PASSWORD).await?;
    let path = format!("/api/orgs/1/users/{pat}");
    rig.grafana.call(Method::DELETE, &path, None).await?.expect(&[200])?;
    let (other, eve) = neighbour(&rig, "eve", "eve@example.com").await?;
    // Grafana takes the text of the call for Eve, whatever it is.
    rig.adds_another(eve);
    rig.may_leave_organizations("eve");
    let id = hire(&scim, &person(login, email, Some("00upat"))).await?;
    let told = rig.attention(login).await?;
    ensure!(
        told.reason.contains(&format!("id {eve}")) && told.reason.contains(&format!("id {pat}")),
        "{told:?}"
    );
    ensure!(
        roles(&rig, eve).await? == [(other, "Viewer".to_owned())],
        "Eve is still in"
    );
    rig.compared().await?;
    // Who was in no organization has names that are not this organization's to write.
    let shown = row_is(&rig, &id, Access::NeedsAttention).await?;
    ensure!(shown.note.is_some_and(|note| note.contains("stay as they are")));
    ensure!(roles(&rig, pat).await? == [(1, "Viewer".to_owned())], "Pat is not in");
    ensure!(roles(&rig, eve).await? == [(other, "Viewer".to_owned())], "Eve is in");
    rig.finish().await
}

/// G8: Grafana takes both, so nobody has to be asked.
#[tokio::test]
async fn a_name_that_is_somebodys_other_name_is_no_dead_end() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let kim = rig
        .grafana
        .make_account("kim@example.com", "kim.old@example.com", PASSWORD)
        .await?;
    let lee = rig.grafana.make_account("lee", "lee@example.com", PASSWORD).await?;
    rig.compared().await?;
    // A new e-mail that is Kim's login, and a userName that is Lee's e-mail.
    for (user_name, email) in [
        ("kimnew@example.com", "kim@example.com"),
        ("lee@example.com", "lee.new@example.com"),
    ] {
        let id = hire(&scim, &person(user_name, email, Some(&format!("00u-{user_name}")))).await?;
        let shown = row_is(&rig, &id, Access::Active).await?;
        let made = with_login(&rig, user_name).await?;
        ensure!(shown.grafana_id == Some(made.id) && made.email == email, "{made:?}");
        ensure!(made.id != kim && made.id != lee, "{made:?}");
    }
    // The same for who has an account already.
    let id = hire(&scim, &person("max", "max@example.com", Some("00umax"))).await?;
    let max = row_is(&rig, &id, Access::Active)
        .await?
        .grafana_id
        .context("no account")?;
    let sent = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "lee" }]);
    scim.patch(&format!("/Users/{id}"), sent).await?.expect(&[200])?;
    until("the e-mail is written", SOON, async || {
        let now = account(&rig, max).await?;
        ensure!(now.email == "lee", "{now:?}");
        Ok(())
    })
    .await?;
    let told = rig.settled().await?;
    ensure!(told.attention.is_empty(), "{:?}", told.attention);
    rig.finish().await
}

/// All externalIds are others: nobody is shut out by it, and who left before stays out.
#[tokio::test]
async fn a_replaced_provider_is_asked_about_and_lets_no_leaver_in() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let names = ["ann@example.com", "bob@example.com"];
    let mut old = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let id = hire(&scim, &person(name, name, Some(&format!("old-{n}")))).await?;
        old.push((id, rig.account(name).await?.id));
    }
    let gone = hire(&scim, &person(NAME, NAME, Some("old-9"))).await?;
    let leaver = rig.account(NAME).await?.id;
    dismiss(&scim, &gone).await?;
    disabled(&rig, leaver).await?;
    // The new one finds the first by userName and lays its own id over it: nothing changes.
    let (ann, anns) = &old[0];
    let laid = json!([{ "op": "replace", "path": "externalId", "value": "new-0" }]);
    scim.patch(&format!("/Users/{ann}"), laid).await?.expect(&[200])?;
    rig.settled().await?;
    ensure!(!account(&rig, *anns).await?.is_disabled, "closed by another externalId");
    // The second is removed by the old one, and pushed again by the new one.
    let (bob, bobs) = &old[1];
    dismiss(&scim, bob).await?;
    disabled(&rig, *bobs).await?;
    rig.settled().await?;
    let again = hire(&scim, &person(names[1], names[1], Some("new-1"))).await?;
    let asked = row_is(&rig, &again, Access::NeedsAttention).await?;
    ensure!(asked.may_claim(), "{asked:?}");
    let yes = rig
        .grafana
        .admin_send(Method::POST, &format!("users/{again}/claim"), &json!({}))
        .await?;
    yes.expect(&[204])?;
    row_is(&rig, &again, Access::Active).await?;
    ensure!(rig.open(names[1]).await?.id == *bobs, "another account");
    rig.compared().await?;
    ensure!(account(&rig, leaver).await?.is_disabled, "who left before is in");
    // From the id that counts now Ann returns to what is hers.
    dismiss(&scim, ann).await?;
    disabled(&rig, *anns).await?;
    rig.settled().await?;
    hire(&scim, &person(names[0], names[0], Some("new-0"))).await?;
    ensure!(rig.open(names[0]).await?.id == *anns, "another account");
    rig.finish().await
}

/// Everybody is renamed; the ids stay.
#[tokio::test]
async fn a_mail_domain_that_moves_keeps_every_account() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let mut people = Vec::new();
    for n in 0..3 {
        let name = format!("person-{n}@old.example.com");
        let id = hire(&scim, &person(&name, &name, Some(&format!("00u{n}")))).await?;
        people.push((n, id, rig.account(&name).await?.id));
    }
    rig.settled().await?;
    for (n, id, _) in &people {
        let name = format!("person-{n}@new.example.com");
        let body = person(&name, &name, Some(&format!("00u{n}")));
        scim.put(&format!("/Users/{id}"), &body).await?.expect(&[200])?;
    }
    for (n, _, there) in &people {
        let name = format!("person-{n}@new.example.com");
        let now = rig.open(&name).await?;
        ensure!(now.id == *there && now.email == name, "{now:?}");
    }
    // And a person who left and returns under the new name has the old account.
    let (_, id, there) = &people[0];
    rig.settled().await?;
    dismiss(&scim, id).await?;
    disabled(&rig, *there).await?;
    rig.settled().await?;
    let name = "person-0@newest.example.com";
    hire(&scim, &person(name, name, Some("00u0"))).await?;
    ensure!(rig.open(name).await?.id == *there, "another account");
    rig.finish().await
}
