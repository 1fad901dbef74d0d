//! rauthy 0.36.
//!
//! Source: `clients_scim.rs` @f622330, read, and a recording of the real program against two peers (I24).

use acceptance::idp::{ERROR, GROUP, USER, encoded};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    okta::members,
    one_plugin::{scim, unique},
};

fn user(user_name: &str, external_id: &Value) -> Value {
    json!({
        "schemas": [USER], "externalId": external_id, "userName": user_name, "displayName": user_name, "active": true,
        "name": { "givenName": "Rau", "familyName": "Thy" },
        "emails": [{ "value": user_name, "primary": true }],
        "roles": [{ "value": "user" }], "custom": { "department": "IT" },
    })
}

#[tokio::test]
async fn initial_sync_walks_pages_of_100_and_needs_the_envelope() -> Result<()> {
    let list = scim()?.get("/Groups?startIndex=1&count=100").await?.expect(&[200])?;
    for number in ["itemsPerPage", "startIndex", "totalResults"] {
        ensure!(
            list.json[number].is_u64(),
            "{number} is not optional to it: {}",
            list.text
        );
    }
    let here = list.json["Resources"].as_array().context("Resources")?.len() as u64;
    let total = list.json["totalResults"].as_u64().unwrap_or_default();
    ensure!(
        here == total.min(100),
        "it stops at a page that is not full: {here} of {total}"
    );
    Ok(())
}

#[tokio::test]
async fn user_sync_looks_up_by_external_id_then_by_name_and_puts() -> Result<()> {
    let scim = scim()?;
    let external = unique("rauthy").replace(' ', "-");
    let user_name = unique("rauthy@example.com");
    for filter in [
        format!("externalId eq \"{external}\""),
        format!("userName eq \"{user_name}\""),
    ] {
        // The `@` is sent as it is.
        let found = scim
            .find("/Users", &format!("filter={}", encoded(&filter).replace("%40", "@")))
            .await?;
        ensure!(found.is_none(), "{found:?}");
    }
    let made = scim
        .post("/Users", &user(&user_name, &json!(external)))
        .await?
        .expect(&[201])?;
    ensure!(made.str("/externalId") == external, "{}", made.text);
    let mut put = user(&user_name, &json!(external));
    put["active"] = json!(false);
    let path = format!("/Users/{}", made.id());
    let put = scim.put(&path, &put).await?.expect(&[200])?;
    ensure!(put.json["active"] == false, "{}", put.text);
    // Its way to let go of somebody without deleting them.
    scim.put(&path, &user(&user_name, &json!(null))).await?.expect(&[200])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(read.str("/externalId").is_empty(), "null clears: {}", read.text);
    Ok(())
}

/// It decides by `User.groups[].display` what to remove: without them a member who moved stays in both groups without end.
#[tokio::test]
async fn a_move_between_groups_is_seen_in_the_users_derived_groups() -> Result<()> {
    let scim = scim()?;
    let id = scim
        .post("/Users", &user(&unique("mover@example.com"), &json!(null)))
        .await?
        .expect(&[201])?
        .id();
    let (from, to) = (unique("From"), unique("To"));
    let mut ids = Vec::new();
    for name in [&from, &to] {
        let body = json!({ "schemas": [GROUP], "displayName": name, "externalId": unique("g").replace(' ', "-") });
        ids.push(scim.post("/Groups", &body).await?.expect(&[201])?.id());
    }
    let in_groups = async || -> Result<Vec<(String, String)>> {
        let read = scim.get(&format!("/Users/{id}")).await?.expect(&[200])?;
        let groups = read.json["groups"].as_array().cloned().unwrap_or_default();
        let text = |group: &Value, key: &str| group[key].as_str().unwrap_or_default().to_owned();
        Ok(groups
            .iter()
            .map(|group| (text(group, "value"), text(group, "display")))
            .collect())
    };
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id, "display": "mover" }] }]);
    scim.patch(&format!("/Groups/{}", ids[0]), add.clone())
        .await?
        .expect(&[200, 204])?;
    ensure!(
        in_groups().await? == [(ids[0].clone(), from)],
        "{:?}",
        in_groups().await?
    );
    scim.patch(&format!("/Groups/{}", ids[1]), add)
        .await?
        .expect(&[200, 204])?;
    let remove = json!([{ "op": "remove", "path": "members", "value": [{ "value": id }] }]);
    scim.patch(&format!("/Groups/{}", ids[0]), remove)
        .await?
        .expect(&[200, 204])?;
    ensure!(in_groups().await? == [(ids[1].clone(), to)], "{:?}", in_groups().await?);
    Ok(())
}

#[tokio::test]
async fn group_update_replaces_without_a_path_and_keeps_members() -> Result<()> {
    let scim = scim()?;
    let id = scim
        .post("/Users", &user(&unique("stays@example.com"), &json!(null)))
        .await?
        .expect(&[201])?
        .id();
    let body =
        json!({ "schemas": [GROUP], "displayName": unique("rauthy"), "externalId": "x", "members": [{ "value": id }] });
    let path = format!("/Groups/{}", scim.post("/Groups", &body).await?.expect(&[201])?.id());
    let name = unique("rauthy renamed");
    let value = json!({ "displayName": name, "externalId": null });
    scim.patch(&path, json!([{ "op": "replace", "value": value }]))
        .await?
        .expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(
        read.str("/displayName") == name && read.str("/externalId").is_empty(),
        "{}",
        read.text
    );
    ensure!(members(&read.json) == [id], "{}", read.text);
    Ok(())
}

/// It puts names into filters as they are, quotes included.
#[tokio::test]
async fn a_name_with_a_quote_makes_a_bad_filter_and_no_crash() -> Result<()> {
    let scim = scim()?;
    let answer = scim
        .get(&format!(
            "/Groups?filter={}",
            encoded("displayName eq \"The \"best\" group\"")
        ))
        .await?
        .expect(&[400])?;
    ensure!(
        answer.json["schemas"] == json!([ERROR]) && answer.str("/scimType") == "invalidFilter",
        "{}",
        answer.text
    );
    Ok(())
}
