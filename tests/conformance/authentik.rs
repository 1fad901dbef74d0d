//! authentik.
//!
//! Source: authentik `groups.py` @0027271 and `users.py` @02a34d2, read (I23).

use acceptance::idp::{GROUP, USER, eq};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    okta::members,
    one_plugin::{scim, unique},
};

fn user(user_name: &str) -> Value {
    json!({
        "schemas": [USER], "userName": user_name, "externalId": unique("b5c1a0").replace(' ', "-"), "active": true,
        "name": { "givenName": "Auth", "familyName": "Entik", "formatted": "Auth Entik" },
        "displayName": "Auth Entik", "photos": [], "locale": "en",
        "emails": [{ "value": user_name, "type": "other", "primary": true }], "entitlements": [], "x509Certificates": [],
    })
}

#[tokio::test]
async fn the_service_provider_config_says_how_many_operations_fit() -> Result<()> {
    let config = scim()?.get("/ServiceProviderConfig").await?.expect(&[200])?;
    ensure!(
        config.json["patch"]["supported"] == true && config.json["filter"]["supported"] == true,
        "{}",
        config.text
    );
    // It cuts its *patches* by the limit of *bulk*; less than one means "all in one".
    let fit = config.json["bulk"]["maxOperations"]
        .as_i64()
        .context("bulk.maxOperations")?;
    ensure!(!(1..100).contains(&fit), "members would come {fit} at a time");
    Ok(())
}

#[tokio::test]
async fn user_create_conflict_lookup_and_put() -> Result<()> {
    let scim = scim()?;
    let body = user(&unique("akadmin@example.com"));
    let made = scim.post("/Users", &body).await?.expect(&[201])?;
    scim.post("/Users", &body).await?.expect(&[409])?;
    let found = scim
        .find("/Users", &eq("userName", made.str("/userName")))
        .await?
        .context("the one in the way")?;
    let mut put = body.clone();
    put["id"] = found["id"].clone();
    put["active"] = json!(false);
    let put = scim.put(&format!("/Users/{}", made.id()), &put).await?.expect(&[200])?;
    ensure!(
        put.json["active"] == false && put.json["externalId"] == body["externalId"],
        "{}",
        put.text
    );
    Ok(())
}

#[tokio::test]
async fn group_update_is_a_replace_of_the_whole_object_without_a_path() -> Result<()> {
    let scim = scim()?;
    let member = scim
        .post("/Users", &user(&unique("member@example.com")))
        .await?
        .expect(&[201])?
        .id();
    let group = json!({ "schemas": [GROUP], "displayName": unique("authentik Admins"), "externalId": "7f0c", "members": [{ "value": member }] });
    let made = scim.post("/Groups", &group).await?.expect(&[201])?;
    let name = unique("authentik Renamed");
    let whole = json!({ "schemas": [GROUP], "id": made.id(), "displayName": name, "externalId": "7f0d" });
    let path = format!("/Groups/{}", made.id());
    scim.patch(&path, json!([{ "op": "replace", "path": null, "value": whole }]))
        .await?
        .expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(
        read.str("/displayName") == name && read.str("/externalId") == "7f0d",
        "{}",
        read.text
    );
    ensure!(
        members(&read.json) == [member],
        "members that are not named stay: {}",
        read.text
    );
    Ok(())
}

/// One operation a member, as many in one request as fit.
#[tokio::test]
async fn members_come_as_one_operation_each() -> Result<()> {
    let scim = scim()?;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(
            scim.post("/Users", &user(&unique("chunk@example.com")))
                .await?
                .expect(&[201])?
                .id(),
        );
    }
    let group = json!({ "schemas": [GROUP], "displayName": unique("Chunked") });
    let path = format!("/Groups/{}", scim.post("/Groups", &group).await?.expect(&[201])?.id());
    let each = |op: &str, ids: &[String]| -> Vec<Value> {
        ids.iter()
            .map(|id| json!({ "op": op, "path": "members", "value": [{ "value": id }] }))
            .collect()
    };
    // A thousand, most of them said before.
    let adds: Vec<Value> = each("add", &ids).into_iter().cycle().take(1000).collect();
    scim.patch(&path, json!(adds)).await?.expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(members(&read.json).len() == 20, "{}", members(&read.json).len());
    scim.patch(&path, json!(each("remove", &ids[..15])))
        .await?
        .expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(members(&read.json).len() == 5, "{}", members(&read.json).len());
    // In the order of the request: out and in again is in.
    let mut turn = each("remove", &ids[15..16]);
    turn.extend(each("add", &ids[15..16]));
    scim.patch(&path, json!(turn)).await?.expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(members(&read.json).contains(&ids[15]), "{}", read.text);
    Ok(())
}

/// `while seen < totalResults`, without a count: an empty page before the end would never end.
#[tokio::test]
async fn discover_walks_to_the_end() -> Result<()> {
    let scim = scim()?;
    for _ in 0..3 {
        scim.post(
            "/Groups",
            &json!({ "schemas": [GROUP], "displayName": unique("Walked") }),
        )
        .await?
        .expect(&[201])?;
    }
    let (mut seen, mut rounds) = (0, 0);
    loop {
        let list = scim
            .get(&format!("/Groups?startIndex={}", seen + 1))
            .await?
            .expect(&[200])?;
        let here = list.json["Resources"].as_array().map_or(0, Vec::len) as u64;
        seen += here;
        rounds += 1;
        if seen >= list.json["totalResults"].as_u64().context("totalResults")? {
            return Ok(());
        }
        ensure!(
            here > 0 && rounds < 1000,
            "an empty page at {seen} of {}",
            list.json["totalResults"]
        );
    }
}
