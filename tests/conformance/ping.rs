//! PingOne and PingFederate.
//!
//! Source: docs.pingidentity.com, `pingfederate_scim_connector` settings (I22).

use acceptance::idp::{GROUP, USER, encoded};
use anyhow::{Result, ensure};
use serde_json::json;

use crate::one_plugin::{scim, unique};

#[tokio::test]
async fn the_unique_id_may_be_the_work_email() -> Result<()> {
    let scim = scim()?;
    let email = unique("ping@example.com");
    let body = json!({ "schemas": [USER], "userName": unique("ping"), "emails": [{ "value": email, "type": "work" }] });
    let made = scim.post("/Users", &body).await?.expect(&[201])?;
    for filter in [
        format!("emails eq \"{email}\""),
        format!("emails.value eq \"{}\"", email.to_uppercase()),
    ] {
        let found = scim.find("/Users", &format!("filter={}", encoded(&filter))).await?;
        ensure!(found.is_some_and(|found| found["id"] == made.json["id"]), "{filter}");
    }
    Ok(())
}

/// "Overwrite" and "merge" are the two ways it writes a group.
#[tokio::test]
async fn group_memberships_are_overwritten_or_merged() -> Result<()> {
    let scim = scim()?;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(
            scim.post("/Users", &json!({ "schemas": [USER], "userName": unique("pf") }))
                .await?
                .expect(&[201])?
                .id(),
        );
    }
    let name = unique("Ping");
    let made = scim
        .post(
            "/Groups",
            &json!({ "schemas": [GROUP], "displayName": name, "members": [{ "value": ids[0] }] }),
        )
        .await?;
    let path = format!("/Groups/{}", made.expect(&[201])?.id());
    let overwrite = json!({ "schemas": [GROUP], "displayName": name, "members": [{ "value": ids[1] }] });
    scim.put(&path, &overwrite).await?.expect(&[200])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(crate::okta::members(&read.json) == [ids[1].clone()], "{}", read.text);
    scim.patch(
        &path,
        json!([{ "op": "add", "path": "members", "value": [{ "value": ids[0] }] }]),
    )
    .await?
    .expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(crate::okta::members(&read.json).len() == 2, "{}", read.text);
    Ok(())
}
