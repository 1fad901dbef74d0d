//! Keycloak with the extension scim-for-keycloak.
//!
//! Source: issues #132 and #134 of scim-for-keycloak (I25). Keycloak's own client was not released when this was
//! written.

use acceptance::idp::{GROUP, USER, encoded};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{
    okta::members,
    one_plugin::{scim, unique},
};

fn user(user_name: &str) -> Value {
    json!({ "schemas": [USER], "userName": user_name, "active": true, "emails": [{ "value": user_name, "primary": true }] })
}

#[tokio::test]
async fn the_filter_operator_is_in_capitals() -> Result<()> {
    let scim = scim()?;
    let name = unique("Keycloak");
    let made = scim
        .post("/Groups", &json!({ "schemas": [GROUP], "displayName": name }))
        .await?
        .expect(&[201])?;
    let found = scim
        .find(
            "/Groups",
            &format!("filter={}", encoded(&format!("displayName EQ \"{name}\""))),
        )
        .await?;
    ensure!(found.is_some_and(|found| found["id"] == made.json["id"]), "not found");
    Ok(())
}

#[tokio::test]
async fn patch_resource_sends_all_members_without_a_path() -> Result<()> {
    let scim = scim()?;
    let group = json!({ "schemas": [GROUP], "displayName": unique("All of them") });
    let path = format!("/Groups/{}", scim.post("/Groups", &group).await?.expect(&[201])?.id());
    let mut all = Vec::new();
    for round in 1..=3 {
        all.push(json!({ "value": scim.post("/Users", &user(&unique("kc@example.com"))).await?.expect(&[201])?.id() }));
        scim.patch(&path, json!([{ "op": "add", "value": { "members": all } }]))
            .await?
            .expect(&[200, 204])?;
        let read = scim.get(&path).await?.expect(&[200])?;
        ensure!(members(&read.json).len() == round, "round {round}: {}", read.text);
    }
    Ok(())
}

#[tokio::test]
async fn an_id_in_a_post_is_not_taken() -> Result<()> {
    let scim = scim()?;
    let mut body = user(&unique("own-id@example.com"));
    body["id"] = json!("11111111-2222-4333-8444-555555555555");
    let made = scim.post("/Users", &body).await?.expect(&[201])?;
    ensure!(
        made.id() != "11111111-2222-4333-8444-555555555555",
        "the client chose the id"
    );
    ensure!(
        made.header("location") == made.str("/meta/location") && made.header("location").ends_with(&made.id()),
        "{:?}",
        made.headers
    );
    Ok(())
}
