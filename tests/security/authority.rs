//! What an organization's provider may do to an account, and to people of other organizations.
//!
//! Owns: S2, S3, S12, G2, G4 and F1 of the attack on the running plugin. Must never give the
//! plugin's account a right it would not have: the second organization is one it is not in.

use std::time::Duration;

use acceptance::{
    grafana::{Account, Credentials, Grafana},
    idp::ScimClient,
    rig::{ADMIN, BOT, Rig, WATCHER, group, user},
    wait::{SOON, throughout, until},
};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

/// Longer than the engine takes from a change to Grafana.
const A_WHILE: Duration = Duration::from_secs(1);
const PASSWORD: &str = "Pass-w0rd-of-a-test";
const ERIN: &str = "erin@example.com";

async fn set_active(scim: &ScimClient, id: &str, active: bool) -> Result<()> {
    let operations = json!([{ "op": "replace", "path": "active", "value": active }]);
    scim.patch(&format!("/Users/{id}"), operations)
        .await?
        .expect(&[200])
        .map(drop)
}

/// A second organization, which the plugin's account is not in.
async fn second_org(rig: &Rig) -> Result<i64> {
    let made = rig
        .grafana
        .send(Method::POST, "/api/orgs", &json!({ "name": "Second" }))
        .await?;
    made.json["orgId"].as_i64().context("an organization without id")
}

async fn join(rig: &Rig, org: i64, login: &str, role: &str) -> Result<()> {
    let body = json!({ "loginOrEmail": login, "role": role });
    rig.grafana
        .send(Method::POST, &format!("/api/orgs/{org}/users"), &body)
        .await
        .map(drop)
}

async fn orgs(rig: &Rig, account: i64) -> Result<Vec<(i64, String)>> {
    let orgs: Vec<Value> = rig.grafana.get(&format!("/api/users/{account}/orgs")).await?;
    let row = |org: &Value| Some((org["orgId"].as_i64()?, org["role"].as_str()?.to_owned()));
    Ok(orgs.iter().filter_map(row).collect())
}

async fn rename(rig: &Rig, account: i64, login: &str, email: &str) -> Result<()> {
    let body = json!({ "login": login, "email": email, "name": login });
    rig.grafana
        .send(Method::PUT, &format!("/api/users/{account}"), &body)
        .await
        .map(drop)
}

/// Erin is Admin of the second organization, and an Admin of the first one adds her to the first.
async fn erin(rig: &Rig) -> Result<(i64, Account)> {
    let second = second_org(rig).await?;
    let body = json!({ "login": ERIN, "email": ERIN, "name": "Erin", "password": "her own", "OrgId": second });
    rig.grafana.send(Method::POST, "/api/admin/users", &body).await?;
    let erin = rig.grafana.existing_account(ERIN).await?;
    let path = format!("/api/orgs/{second}/users/{}", erin.id);
    rig.grafana
        .send(Method::PATCH, &path, &json!({ "role": "Admin" }))
        .await?;
    join(rig, 1, ERIN, "Viewer").await?;
    Ok((second, erin))
}

/// S2, with every policy that is harsher than the default.
#[tokio::test]
async fn another_organizations_admin_only_leaves_ours() -> Result<()> {
    for deprovision in ["suspend", "recreate", "delete"] {
        let rig = Rig::start().await?;
        let scim = rig.scim().await?;
        rig.grafana.set("claim_policy", "login").await?.expect(&[200])?;
        rig.grafana.set("deprovision", deprovision).await?.expect(&[200])?;
        let (second, erin) = erin(&rig).await?;
        let mut body = user(ERIN, "Evil", "Attacker");
        body["emails"][0]["value"] = json!("evil@attacker.example");
        let id = scim.post("/Users", &body).await?.expect(&[201])?.id();
        rig.compared().await?;
        set_active(&scim, &id, false).await?;
        until("she is out of our organization", SOON, async || {
            let orgs = orgs(&rig, erin.id).await?;
            ensure!(orgs == [(second, "Admin".to_owned())], "{orgs:?}");
            Ok(())
        })
        .await?;
        let told = rig.attention(ERIN).await?;
        ensure!(told.reason.contains(&second.to_string()), "{told:?}");
        scim.delete(&format!("/Users/{id}")).await?.expect(&[204])?;
        rig.compared().await?;
        throughout("she is who she was", A_WHILE, async || {
            let now: Account = rig.grafana.get(&format!("/api/users/{}", erin.id)).await?;
            ensure!(now == erin, "{deprovision}: {erin:?} became {now:?}");
            let orgs = orgs(&rig, erin.id).await?;
            ensure!(orgs == [(second, "Admin".to_owned())], "{orgs:?}");
            Ok(())
        })
        .await?;
        rig.finish().await?;
    }
    Ok(())
}

/// What was made here and joined another organization keeps its name: its e-mail is the key to its
/// password. It is still disabled when the person leaves.
#[tokio::test]
async fn a_member_of_another_organization_keeps_the_email() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.grafana.set("deprovision", "delete").await?.expect(&[200])?;
    let second = second_org(&rig).await?;
    let [id] = rig.people(&scim, [ERIN]).await?;
    let erin = rig.open(ERIN).await?;
    rig.compared().await?;
    join(&rig, second, ERIN, "Viewer").await?;
    let moved = json!([{ "op": "replace", "path": "emails[primary eq true].value", "value": "evil@attacker.example" }]);
    scim.patch(&format!("/Users/{id}"), moved).await?.expect(&[200])?;
    let told = rig.attention(ERIN).await?;
    ensure!(told.reason.contains(&second.to_string()), "{told:?}");
    ensure!(
        rig.grafana.existing_account(ERIN).await? == erin,
        "her account was changed"
    );
    set_active(&scim, &id, false).await?;
    let closed = rig.closed(ERIN).await?;
    ensure!(closed.id == erin.id && closed.email == erin.email, "{closed:?}");
    rig.finish().await
}

/// G2: Grafana answers 403 to who asks about an organization they are not in.
#[tokio::test]
async fn an_organization_we_are_not_in_keeps_no_leaver_open() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let second = second_org(&rig).await?;
    let [id] = rig.people(&scim, [ERIN]).await?;
    rig.open(ERIN).await?;
    rig.compared().await?;
    join(&rig, second, ERIN, "Admin").await?;
    set_active(&scim, &id, false).await?;
    rig.closed(ERIN).await?;
    rig.finish().await
}

/// G2: Grafana does not disable who signs in through a provider.
#[tokio::test]
async fn a_single_sign_on_leaver_is_out_of_ours_whatever_others_say() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "oauth_allow_insecure_email_lookup", "true")).await?;
    let scim = rig.scim().await?;
    let second = second_org(&rig).await?;
    let [id] = rig.people(&scim, [ERIN]).await?;
    let erin = rig.open(ERIN).await?;
    rig.sign_in_by_oauth(ERIN).await?;
    rig.compared().await?;
    // The other organization comes first in every list.
    join(&rig, second, ERIN, "Viewer").await?;
    let signed_out = |call: &&grafana_stand_in::Call| call.path.ends_with(&format!("/users/{}/logout", erin.id));
    set_active(&scim, &id, false).await?;
    until("she is out of our organization, signed out", SOON, async || {
        let orgs = orgs(&rig, erin.id).await?;
        ensure!(orgs == [(second, "Viewer".to_owned())], "{orgs:?}");
        ensure!(rig.calls().iter().any(|call| signed_out(&call)), "her sessions go on");
        Ok(())
    })
    .await?;
    let told = rig.attention(ERIN).await?;
    ensure!(told.reason.contains(&format!("organization {second}")), "{told:?}");
    // And comes back to what she had.
    set_active(&scim, &id, true).await?;
    until("she is back", SOON, async || {
        ensure!(rig.role(ERIN).await? == "Editor");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// S3, F1, G4: Grafana never shows a service account among users.
#[tokio::test]
async fn a_person_called_like_a_service_account_is_closed() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let ids = rig
        .people(&scim, ["sa-jane@example.com", "sa-kim", "ann@example.com"])
        .await?;
    let [jane, kim, ann] = &ids;
    let made = scim
        .post("/Groups", &group("Robots", &[jane, kim, ann]))
        .await?
        .expect(&[201])?;
    rig.map_to_new(&made.id(), "Robots").await?;
    rig.team_is("Robots", &["sa-jane@example.com", "sa-kim", "ann@example.com"])
        .await?;
    // Kim calls herself so on her own profile page, the e-mail too.
    let account = rig.grafana.existing_account("sa-kim").await?;
    rename(&rig, account.id, "sa-kim", "sa-kim").await?;
    let leaves = json!([{ "op": "remove", "path": format!("members[value eq \"{jane}\"]") }]);
    scim.patch(&format!("/Groups/{}", made.id()), leaves)
        .await?
        .expect(&[200, 204])?;
    rig.team_is("Robots", &["sa-kim", "ann@example.com"]).await?;
    set_active(&scim, jane, false).await?;
    set_active(&scim, kim, false).await?;
    rig.closed("sa-jane@example.com").await?;
    rig.closed("sa-kim").await?;
    rig.finish().await
}

/// S3: a listed name protects the account it was listed for, and not who takes the name.
#[tokio::test]
async fn who_takes_a_break_glass_name_is_closed_all_the_same() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let glass = rig
        .grafana
        .make_account("breakglass", "glass@example.com", "sealed")
        .await?;
    rig.grafana.set("break_glass", "breakglass").await?.expect(&[200])?;
    let [id] = rig.people(&scim, ["mallory"]).await?;
    let mallory = rig.open("mallory").await?;
    rig.compared().await?;
    // Also once the account that was listed is called something else.
    rename(&rig, glass, "sealed", "glass@example.com").await?;
    rename(&rig, mallory.id, "mallory", "breakglass").await?;
    set_active(&scim, &id, false).await?;
    until("Mallory is closed", SOON, async || {
        let now: Account = rig.grafana.get(&format!("/api/users/{}", mallory.id)).await?;
        ensure!(now.is_disabled, "{now:?}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// S3: the account is protected, whatever it is called by now.
#[tokio::test]
async fn a_break_glass_account_stays_protected_under_another_name() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.grafana.set("claim_policy", "login").await?.expect(&[200])?;
    let glass = rig
        .grafana
        .make_account("breakglass", "glass@example.com", "sealed")
        .await?;
    rig.grafana.set("break_glass", "breakglass").await?.expect(&[200])?;
    // At once: an account is meant by the name that it has when it is listed.
    rename(&rig, glass, "sealed", "glass@example.com").await?;
    rig.compared().await?;
    let before: Account = rig.grafana.get(&format!("/api/users/{glass}")).await?;
    let answer = scim.post("/Users", &user("sealed", "Owned", "Byus")).await?;
    ensure!([201, 409].contains(&answer.status), "{} {}", answer.status, answer.text);
    if answer.status == 201 {
        set_active(&scim, &answer.id(), false).await?;
    }
    rig.compared().await?;
    throughout("the account stays as it is", A_WHILE, async || {
        let now: Account = rig.grafana.get(&format!("/api/users/{glass}")).await?;
        ensure!(now == before, "{before:?} became {now:?}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// S3: that somebody else has the name now is told.
#[tokio::test]
async fn a_break_glass_name_on_another_account_is_an_alarm() -> Result<()> {
    let rig = Rig::start().await?;
    let glass = rig
        .grafana
        .make_account("breakglass", "glass@example.com", "sealed")
        .await?;
    let mallory = rig
        .grafana
        .make_account("mallory", "mallory@example.com", "a secret")
        .await?;
    rig.grafana.set("break_glass", "breakglass").await?.expect(&[200])?;
    rename(&rig, glass, "sealed", "glass@example.com").await?;
    rename(&rig, mallory, "breakglass", "mallory@example.com").await?;
    rig.check_now().await?;
    until("the page warns", SOON, async || {
        let overview: admin_api::Overview = rig.grafana.admin("overview").await?;
        let warned = |w: &String| w.contains("breakglass") && w.contains(&format!("id {mallory}"));
        ensure!(overview.warnings.iter().any(warned), "{:?}", overview.warnings);
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// From now on only these people and the plugin's own account are Admins.
async fn only_admins(rig: &Rig, logins: &[&str]) -> Result<()> {
    for login in logins {
        let account = rig.open(login).await?;
        rig.grafana.set_role(account.id, "Admin").await?;
        let path = format!("/api/admin/users/{}/password", account.id);
        let password = json!({ "password": PASSWORD });
        rig.grafana.send(Method::PUT, &path, &password).await?;
    }
    rig.compared().await?;
    for login in [ADMIN.0, WATCHER] {
        let account = rig.grafana.existing_account(login).await?;
        rig.grafana.set_role(account.id, "Viewer").await?;
    }
    ensure!(rig.role(BOT).await? == "Admin", "the plugin's account is to be Admin");
    Ok(())
}

/// The page as this Admin sees it.
fn page_of(rig: &Rig, login: &str) -> Grafana {
    let (user, password) = (login.to_owned(), PASSWORD.to_owned());
    rig.grafana.as_somebody(Credentials::Basic { user, password })
}

/// The test is over, and it reads what only an Admin may.
async fn finish(rig: Rig, page: &Grafana) -> Result<()> {
    for login in [ADMIN.0, WATCHER] {
        let account = rig.grafana.existing_account(login).await?;
        page.set_role(account.id, "Admin").await?;
    }
    rig.finish().await
}

/// What the page says of somebody, to this one.
async fn told(page: &Grafana, name: &str) -> Result<String> {
    until(&format!("the page tells about {name}"), SOON, async || {
        let overview: admin_api::Overview = page.admin("overview").await?;
        let found = overview.attention.into_iter().find(|attention| attention.name == name);
        Ok(found.context("it does not")?.reason)
    })
    .await
}

/// S12: the account that the plugin signs in with is nobody who could help.
#[tokio::test]
async fn rollcalls_own_account_is_no_last_admin() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let boss = "boss@example.com";
    let [id] = rig.people(&scim, [boss]).await?;
    only_admins(&rig, &[boss]).await?;
    let page = page_of(&rig, boss);
    set_active(&scim, &id, false).await?;
    let reason = told(&page, boss).await?;
    ensure!(reason.contains("Admin"), "{reason}");
    ensure!(!rig.grafana.existing_account(boss).await?.is_disabled, "closed");
    finish(rig, &page).await
}

/// All but one go, and the one kept is shown.
#[tokio::test]
async fn of_several_leaving_admins_all_but_one_are_closed() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let logins = ["a@example.com", "b@example.com", "c@example.com"];
    let ids = rig.people(&scim, logins).await?;
    only_admins(&rig, &logins).await?;
    for id in &ids {
        set_active(&scim, id, false).await?;
    }
    let open = async || -> Result<Vec<&str>> {
        let mut open = Vec::new();
        for login in logins {
            if !rig.grafana.existing_account(login).await?.is_disabled {
                open.push(login);
            }
        }
        Ok(open)
    };
    let kept = until("one is open", SOON, async || {
        let open = open().await?;
        ensure!(open.len() == 1, "{open:?}");
        Ok(open[0])
    })
    .await?;
    let page = page_of(&rig, kept);
    told(&page, kept).await?;
    page.admin_send(Method::POST, "sync", &json!({}))
        .await?
        .expect(&[202])?;
    throughout("that one stays open", A_WHILE, async || {
        let open = open().await?;
        ensure!(open == [kept], "{open:?}");
        Ok(())
    })
    .await?;
    finish(rig, &page).await
}

/// Without `auto_assign_org` everybody is the only Admin of an organization of their own.
#[tokio::test]
async fn an_organization_of_ones_own_shields_nobody() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("users", "auto_assign_org", "false")).await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [ERIN]).await?;
    rig.open(ERIN).await?;
    rig.compared().await?;
    set_active(&scim, &id, false).await?;
    rig.closed(ERIN).await?;
    rig.finish().await
}

/// A person the provider switched off and Rollcall may not touch is open, and is never called closed.
#[tokio::test]
async fn a_protected_leaver_is_an_alarm_and_not_closed() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [id] = rig.people(&scim, [ERIN]).await?;
    let erin = rig.open(ERIN).await?;
    rig.compared().await?;
    let permissions = format!("/api/admin/users/{}/permissions", erin.id);
    rig.grafana
        .send(Method::PUT, &permissions, &json!({ "isGrafanaAdmin": true }))
        .await?;
    set_active(&scim, &id, false).await?;
    let told = rig.attention(ERIN).await?;
    ensure!(told.reason.contains("can still sign in"), "{told:?}");
    rig.check_now().await?;
    throughout("she is not called closed", A_WHILE, async || {
        let people: admin_api::People = rig.grafana.admin(&format!("users?id={id}")).await?;
        let shown = people.users.first().context("the page does not show her")?;
        let waits = [
            admin_api::Access::NeedsAttention,
            admin_api::Access::NotClosed,
            admin_api::Access::Pending,
        ];
        ensure!(waits.contains(&shown.access), "{shown:?}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// Nobody of the organization can vouch for an account that is in none.
#[tokio::test]
async fn an_account_in_no_organization_is_nobodys_to_claim() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.grafana.set("claim_policy", "ask").await?.expect(&[200])?;
    let account = rig.grafana.make_account(ERIN, ERIN, "her own").await?;
    let path = format!("/api/orgs/1/users/{account}");
    rig.grafana.send(Method::DELETE, &path, &json!({})).await?;
    let [id] = rig.people(&scim, [ERIN]).await?;
    let told = rig.attention(ERIN).await?;
    ensure!(told.reason.contains("no organization"), "{told:?}");
    let people: admin_api::People = rig.grafana.admin(&format!("users?id={id}")).await?;
    ensure!(!people.users[0].may_claim(), "an Admin of one organization may say yes");
    ensure!(orgs(&rig, account).await?.is_empty(), "it joined");
    rig.finish().await
}
