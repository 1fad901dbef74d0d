//! JumpCloud.
//!
//! Source: jumpcloud.com/support, custom SCIM; member bodies from a knowledge base of uni-moni (I21).

use acceptance::idp::{GROUP, USER, eq};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{
    okta::members,
    one_plugin::{scim, unique},
};

fn user(user_name: &str) -> Value {
    json!({
        "schemas": [USER], "userName": user_name, "active": true,
        "name": { "givenName": "Jump", "familyName": "Cloud" },
        "emails": [{ "value": user_name, "type": "work", "primary": true }],
    })
}

#[tokio::test]
async fn test_connection_makes_and_deletes_a_user_and_a_group() -> Result<()> {
    let scim = scim()?;
    let user = scim
        .post("/Users", &user(&unique("test.connection@example.com")))
        .await?
        .expect(&[201])?
        .id();
    let group = json!({ "schemas": [GROUP], "displayName": unique("Test connection"), "members": [{ "value": user }] });
    let group = scim.post("/Groups", &group).await?.expect(&[201])?.id();
    for path in [format!("/Groups/{group}"), format!("/Users/{user}")] {
        scim.delete(&path).await?.expect(&[204])?;
        scim.get(&path).await?.expect(&[404])?;
    }
    Ok(())
}

/// Takes over a group of the same name, and sends members without a filter.
#[tokio::test]
async fn a_group_of_the_same_name_is_taken_over() -> Result<()> {
    let scim = scim()?;
    let name = unique("Taken over");
    let made = scim
        .post("/Groups", &json!({ "schemas": [GROUP], "displayName": name }))
        .await?
        .expect(&[201])?;
    let found = scim.find("/Groups", &eq("displayName", &name.to_uppercase())).await?;
    ensure!(found.is_some_and(|found| found["id"] == made.json["id"]), "not found");
    let path = format!("/Groups/{}", made.id());
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(
            scim.post("/Users", &user(&unique("jump@example.com")))
                .await?
                .expect(&[201])?
                .id(),
        );
    }
    for id in &ids {
        scim.patch(
            &path,
            json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]),
        )
        .await?
        .expect(&[200, 204])?;
    }
    scim.patch(
        &path,
        json!([{ "op": "remove", "path": "members", "value": [{ "value": ids[0] }] }]),
    )
    .await?
    .expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(members(&read.json) == [ids[1].clone()], "{}", read.text);
    Ok(())
}
