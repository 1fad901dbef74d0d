//! OneLogin.
//!
//! Source: developers.onelogin.com `scim/implement-scim-api`, keepnetlabs' guide (I20). The bodies of PATCH are
//! partly from third parties.

use acceptance::{
    connect::Answer,
    idp::{ENTERPRISE, GROUP, USER, eq},
};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

use crate::{
    okta::members,
    one_plugin::{scim, unique},
};

#[tokio::test]
async fn provision_update_and_deactivate_with_the_json_template() -> Result<()> {
    let scim = scim()?;
    let user_name = unique("onelogin@example.com");
    let probe = scim.get(&format!("/Users?{}", eq("userName", &user_name))).await?;
    ensure!(probe.status == 200 || probe.status == 404, "{}", probe.status);
    // The template fills in texts for everything, and null for what OneLogin has not.
    let template = json!({
        "schemas": [USER, ENTERPRISE], "id": null, "userName": user_name, "active": "true", "externalId": "138432",
        "name": { "givenName": "One", "familyName": "Login", "formatted": "One Login" },
        "emails": [{ "value": user_name, "type": "work", "primary": true }],
        "title": null, "phoneNumbers": [{ "value": "", "type": "work" }],
        ENTERPRISE: { "department": "IT", "manager": { "managerId": "", "displayName": "" } },
    });
    let made = scim.post("/Users", &template).await?.expect(&[201])?;
    ensure!(made.json["active"] == json!(true), "{}", made.text);
    let path = format!("/Users/{}", made.id());
    let mut put = template.clone();
    put["id"] = json!(made.id());
    put["active"] = json!("false");
    let put = scim.put(&path, &put).await?.expect(&[200])?;
    ensure!(
        put.json["active"] == json!(false) && put.str("/externalId") == "138432",
        "{}",
        put.text
    );
    Ok(())
}

#[tokio::test]
async fn refresh_entitlements_reads_the_groups_as_plain_json() -> Result<()> {
    let scim = scim()?;
    let name = unique("Entitlement");
    scim.post(
        "/Groups",
        &json!({ "schemas": [GROUP], "displayName": name, "members": [] }),
    )
    .await?
    .expect(&[201])?;
    let request = scim
        .request(Method::GET, "/Groups")
        .header("Accept", "application/json");
    let list = Answer::of(request).await?.expect(&[200])?;
    ensure!(list.json["Resources"].is_array(), "{}", list.text);
    Ok(())
}

#[tokio::test]
async fn set_groups_of_a_user() -> Result<()> {
    let scim = scim()?;
    let user = scim
        .post(
            "/Users",
            &json!({ "schemas": [USER], "userName": unique("rule@example.com") }),
        )
        .await?
        .expect(&[201])?
        .id();
    let group = json!({ "schemas": [GROUP], "displayName": unique("Rule"), "members": [] });
    let path = format!("/Groups/{}", scim.post("/Groups", &group).await?.expect(&[201])?.id());
    scim.patch(
        &path,
        json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]),
    )
    .await?
    .expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(members(&read.json) == [user.clone()], "{}", read.text);
    scim.patch(
        &path,
        json!([{ "op": "remove", "path": format!("members[value eq \"{user}\"]") }]),
    )
    .await?
    .expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(members(&read.json).is_empty(), "{}", read.text);
    Ok(())
}
