//! What several requirements begin with.
//!
//! Owns: steps, never an expectation of its own that a test does not name. Start at [`assigned`].

use std::time::Duration;

use acceptance::{
    connect::Answer,
    grafana::{Account, Credentials},
    idp::ScimClient,
    rig::{Rig, group, user},
};
use admin_api::{Overview, People, Person};
use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};

/// Far longer than the engine takes from a change to Grafana.
pub const A_WHILE: Duration = Duration::from_secs(2);

/// A password for those who sign in.
pub const PASSWORD: &str = "Pass-w0rd-of-a-test";

/// The provider assigns this one: the SCIM id and Grafana's account.
pub async fn assigned(rig: &Rig, scim: &ScimClient, login: &str) -> Result<(String, Account)> {
    let made = scim.post("/Users", &user(login, "Ada", "King")).await?.expect(&[201])?;
    Ok((made.id(), rig.account(login).await?))
}

/// The provider says whether this one may sign in.
pub async fn set_active(scim: &ScimClient, id: &str, active: bool) -> Result<Answer> {
    let operations = json!([{ "op": "replace", "path": "active", "value": active }]);
    scim.patch(&format!("/Users/{id}"), operations).await?.expect(&[200])
}

/// A group of these SCIM ids, mapped to a new team of its name: the group's id and the team's.
pub async fn mapped(
    rig: &Rig,
    scim: &ScimClient,
    name: &str,
    members: &[&str],
    logins: &[&str],
) -> Result<(String, i64)> {
    let made = pushed(scim, name, members).await?;
    rig.map_to_new(&made, name).await?;
    Ok((made, rig.team_is(name, logins).await?))
}

/// The provider pushes a group: its id.
pub async fn pushed(scim: &ScimClient, name: &str, members: &[&str]) -> Result<String> {
    Ok(scim.post("/Groups", &group(name, members)).await?.expect(&[201])?.id())
}

/// The provider puts this one into the group.
pub async fn joins(scim: &ScimClient, group: &str, id: &str) -> Result<()> {
    let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
    scim.patch(&format!("/Groups/{group}"), operations)
        .await?
        .expect(&[200, 204])
        .map(drop)
}

/// The provider takes this one out of the group.
pub async fn leaves(scim: &ScimClient, group: &str, id: &str) -> Result<()> {
    let operations = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
    scim.patch(&format!("/Groups/{group}"), operations)
        .await?
        .expect(&[200, 204])
        .map(drop)
}

/// Everything that Grafana says of an account: itself, its organizations with roles, its teams.
pub async fn whole(rig: &Rig, id: i64) -> Result<(Account, Value, Value)> {
    let account: Account = rig.grafana.get(&format!("/api/users/{id}")).await?;
    let orgs: Value = rig.grafana.get(&format!("/api/users/{id}/orgs")).await?;
    let teams: Value = rig.grafana.get(&format!("/api/users/{id}/teams")).await?;
    Ok((account, orgs, teams))
}

/// The person as the page shows them.
pub async fn shown(rig: &Rig, id: &str) -> Result<Person> {
    let people: People = rig.grafana.admin("users?count=200").await?;
    let found = people.users.into_iter().find(|person| person.id == id);
    found.context("the page does not show them")
}

/// The page's numbers.
pub async fn overview(rig: &Rig) -> Result<Overview> {
    rig.grafana.admin("overview").await
}

/// A full comparison has begun and ended after now.
pub async fn compared(rig: &Rig) -> Result<()> {
    rig.compared().await.map(drop)
}

/// Signs in with a password and gives the session, or Grafana's refusal.
pub async fn sign_in(rig: &Rig, login: &str) -> Result<std::result::Result<String, Answer>> {
    let nobody = rig.grafana.as_somebody(Credentials::Anonymous);
    let body = json!({ "user": login, "password": PASSWORD });
    let answer = nobody.call(Method::POST, "/login", Some(&body)).await?;
    let cookie = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|line| line.to_str().ok()?.split(';').next())
        .find(|pair| pair.starts_with("grafana_session="))
        .map(str::to_owned);
    Ok(match cookie {
        Some(cookie) if answer.status == 200 => Ok(cookie),
        _ => Err(answer),
    })
}

/// One request of who holds this session.
pub async fn as_session(rig: &Rig, cookie: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
    let nobody = rig.grafana.as_somebody(Credentials::Anonymous);
    let mut asked = nobody.request(method, path).header("Cookie", cookie);
    if let Some(body) = body {
        asked = asked.json(body);
    }
    Answer::of(asked).await
}

/// Gives an account a password by hand, so that somebody can sign in.
pub async fn give_password(rig: &Rig, account: i64) -> Result<()> {
    let path = format!("/api/admin/users/{account}/password");
    rig.grafana
        .send(Method::PUT, &path, &json!({ "password": PASSWORD }))
        .await
        .map(drop)
}

/// What Grafana answers to who holds this session.
pub async fn with_session(rig: &Rig, cookie: &str) -> Result<u16> {
    Ok(as_session(rig, cookie, Method::GET, "/api/user", None).await?.status)
}
