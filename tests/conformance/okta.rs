//! Okta's applications at work: the CRUD suite, custom (AIW) and catalogue (OIN) bodies.
//!
//! Source: okta/okta-developer-docs `docs/reference/scim/scim-20/index.md` @02e8ee8 (I13–I18).

use acceptance::idp::{GROUP, USER, eq};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::one_plugin::{scim, unique};

/// Okta's own id of a person: no two have one.
fn okta_id(user_name: &str) -> String {
    format!("00ujl29u0le5T6Aj10h7-{user_name}")
}

fn assigned(user_name: &str) -> Value {
    json!({
        "schemas": [USER],
        "userName": user_name,
        "name": { "givenName": "Test", "familyName": "User" },
        "emails": [{ "primary": true, "value": user_name, "type": "work" }],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": okta_id(user_name),
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    })
}

/// Second suite: assign, update firstName, deactivate, reactivate, unassign.
#[tokio::test]
async fn crud_test_of_a_custom_app_put_for_everything() -> Result<()> {
    let scim = scim()?;
    let user_name = unique("test.user@okta.example.com");
    let empty = scim
        .get(&format!("/Users?{}&startIndex=1&count=100", eq("userName", &user_name)))
        .await?
        .expect(&[200])?;
    ensure!(
        empty.json["totalResults"] == 0 && empty.json["Resources"] == json!([]),
        "{}",
        empty.text
    );
    let made = scim.post("/Users", &assigned(&user_name)).await?.expect(&[201])?;
    ensure!(!made.text.contains("1mz050nq"), "the password comes back");
    ensure!(made.str("/externalId") == okta_id(&user_name), "{}", made.text);
    let path = format!("/Users/{}", made.id());
    let steps: [(&str, Value); 4] = [
        ("/name/givenName", json!("Another")),
        ("/active", json!(false)),
        ("/active", json!(true)),
        ("/active", json!(false)),
    ];
    for (at, value) in steps {
        // What was read goes back whole: `id`, `meta` and `groups` included.
        let mut user = scim.get(&path).await?.expect(&[200])?.json;
        if let Some(place) = user.pointer_mut(at) {
            *place = value.clone();
        }
        let put = scim.put(&path, &user).await?.expect(&[200])?;
        ensure!(put.json.pointer(at) == Some(&value), "{at}: {}", put.text);
        ensure!(
            put.id() == made.id() && put.str("/userName") == user_name,
            "{}",
            put.text
        );
    }
    Ok(())
}

/// A PUT that Okta composes itself is partial: what it does not name stays.
#[tokio::test]
async fn profile_push_without_external_id_and_active_keeps_both() -> Result<()> {
    let scim = scim()?;
    let user_name = unique("partial@okta.example.com");
    let made = scim.post("/Users", &assigned(&user_name)).await?.expect(&[201])?;
    let path = format!("/Users/{}", made.id());
    scim.patch(&path, json!([{ "op": "replace", "value": { "active": false } }]))
        .await?
        .expect(&[200, 204])?;
    let body = json!({
        "schemas": [USER], "id": made.id(), "userName": user_name,
        "name": { "givenName": "New", "familyName": "Name" },
        "emails": [{ "primary": true, "value": user_name, "type": "work" }],
        "groups": [], "meta": { "resourceType": "User" },
    });
    let put = scim.put(&path, &body).await?.expect(&[200])?;
    ensure!(
        put.json["active"] == false,
        "who was deactivated is active again: {}",
        put.text
    );
    ensure!(
        put.str("/externalId") == okta_id(&user_name) && put.str("/name/givenName") == "New",
        "{}",
        put.text
    );
    Ok(())
}

#[tokio::test]
async fn update_a_specific_user_patch_of_a_catalogue_app() -> Result<()> {
    let scim = scim()?;
    let made = scim
        .post("/Users", &assigned(&unique("oin@okta.example.com")))
        .await?
        .expect(&[201])?;
    let path = format!("/Users/{}", made.id());
    for active in [false, true] {
        let patched = scim
            .patch(&path, json!([{ "op": "replace", "value": { "active": active } }]))
            .await?
            .expect(&[200])?;
        ensure!(
            patched.json["active"] == active && patched.id() == made.id(),
            "{}",
            patched.text
        );
    }
    // "Sync password": taken, forgotten, never shown.
    let patched = scim
        .patch(
            &path,
            json!([{ "op": "replace", "value": { "password": "n3wpassw0rd" } }]),
        )
        .await?;
    ensure!(
        [200, 204].contains(&patched.status) && !patched.text.contains("n3wpassw0rd"),
        "{} {}",
        patched.status,
        patched.text
    );
    Ok(())
}

#[tokio::test]
async fn update_a_specific_group_name_with_its_own_id_in_the_value() -> Result<()> {
    let scim = scim()?;
    let ada = scim
        .post("/Users", &assigned(&unique("ada@okta.example.com")))
        .await?
        .expect(&[201])?
        .id();
    let bob = scim
        .post("/Users", &assigned(&unique("bob@okta.example.com")))
        .await?
        .expect(&[201])?
        .id();
    let body = json!({ "schemas": [GROUP], "displayName": unique("Test SCIMv2"), "members": [{ "value": ada, "display": "ada" }] });
    let made = scim.post("/Groups", &body).await?.expect(&[201])?;
    let path = format!("/Groups/{}", made.id());
    let name = unique("Test SCIMv2 renamed");
    let rename = json!({ "op": "replace", "value": { "id": made.id(), "displayName": name } });
    let update = json!([
        rename.clone(),
        { "op": "remove", "path": format!("members[value eq \"{ada}\"]") },
        { "op": "add", "path": "members", "value": [{ "value": bob, "display": "bob@okta.example.com" }] },
    ]);
    scim.patch(&path, update).await?.expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(
        read.str("/displayName") == name && read.id() == made.id(),
        "{}",
        read.text
    );
    ensure!(members(&read.json) == [bob.clone()], "{}", read.text);
    // "Push now": the whole membership.
    let all = json!([rename, { "op": "replace", "path": "members", "value": [{ "value": ada }, { "value": bob }] }]);
    scim.patch(&path, all).await?.expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    ensure!(members(&read.json).len() == 2, "{}", read.text);
    Ok(())
}

#[tokio::test]
async fn update_a_specific_group_membership_put_of_a_custom_app() -> Result<()> {
    let scim = scim()?;
    let ada = scim
        .post("/Users", &assigned(&unique("ada@okta.example.com")))
        .await?
        .expect(&[201])?
        .id();
    let name = unique("Put group");
    let made = scim
        .post(
            "/Groups",
            &json!({ "schemas": [GROUP], "displayName": name, "members": [] }),
        )
        .await?
        .expect(&[201])?;
    let path = format!("/Groups/{}", made.id());
    for wanted in [vec![ada.clone()], vec![]] {
        let list: Vec<Value> = wanted
            .iter()
            .map(|id| json!({ "value": id, "display": "ada" }))
            .collect();
        let body = json!({ "schemas": [GROUP], "id": made.id(), "displayName": name, "members": list });
        scim.put(&path, &body).await?.expect(&[200])?;
        let read = scim.get(&path).await?.expect(&[200])?;
        ensure!(members(&read.json) == wanted, "{}", read.text);
    }
    scim.delete(&path).await?.expect(&[204])?;
    scim.get(&path).await?.expect(&[404])?;
    Ok(())
}

#[tokio::test]
async fn import_users_in_pages_of_100() -> Result<()> {
    let scim = scim()?;
    for _ in 0..3 {
        scim.post("/Users", &assigned(&unique("import@okta.example.com")))
            .await?
            .expect(&[201])?;
    }
    // Other tests make users meanwhile, so the pages only have to agree with themselves.
    let page = scim.get("/Users?startIndex=1&count=100").await?.expect(&[200])?;
    let total = page.json["totalResults"].as_u64().unwrap_or_default();
    let here = page.json["Resources"].as_array().map_or(0, Vec::len) as u64;
    ensure!(
        here == total.min(100) && page.json["itemsPerPage"] == here && page.json["startIndex"] == 1,
        "{}",
        page.text
    );
    let second = scim.get("/Users?startIndex=2&count=1").await?.expect(&[200])?;
    ensure!(
        second.json["Resources"][0]["id"] == page.json["Resources"][1]["id"],
        "the order changed between two pages"
    );
    let beyond = scim.get("/Users?startIndex=100000&count=100").await?.expect(&[200])?;
    ensure!(
        beyond.json["Resources"] == json!([]) && beyond.json["itemsPerPage"] == 0,
        "{}",
        beyond.text
    );
    Ok(())
}

pub fn members(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().cloned().unwrap_or_default();
    members
        .iter()
        .filter_map(|member| member["value"].as_str())
        .map(str::to_owned)
        .collect()
}
