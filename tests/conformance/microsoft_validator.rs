//! Microsoft's SCIM Validator: 24 mandatory and 7 preview tests, under its own titles.
//!
//! Source: the list in two result dumps of pranems/SCIMServer ("SCIM Validator Analysis Report", "SCIM Validation Gap Analysis & Fix
//! Plan"; I27); the tool itself is a web page and was not run. Its traps are kept: random words for `profileUrl`,
//! `locale` and `type`, `primary: "True"`, a manager who is nobody, `+` for spaces in filters.

use acceptance::{
    connect::Answer,
    idp::{ENTERPRISE, GROUP, ScimClient, USER},
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::{
    okta::members,
    one_plugin::{scim, unique},
};

fn random_user(user_name: &str) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "userName": user_name,
        "externalId": format!("d8b1c3f0-1f0e-4a77-9b60-6c1e1f6a5f11-{user_name}"),
        "active": true,
        "displayName": "QZJGWLXHPVNE",
        "title": "LMTXKQ",
        "nickName": "WJKRVB",
        "profileUrl": "ZHOOFQXAPKNU",
        "preferredLanguage": "fr-FR",
        "userType": "HKQYTR",
        "locale": "BVNDIGQPLC",
        "timezone": "America/Toronto",
        "name": { "givenName": "Nadia", "familyName": "Odhiambo", "formatted": "Nadia Odhiambo", "middleName": "X",
                  "honorificPrefix": "Dr", "honorificSuffix": "II" },
        "emails": [{ "type": "work", "value": user_name, "primary": true }],
        "phoneNumbers": [
            { "type": "work", "value": "84-123-4567", "primary": true },
            { "type": "mobile", "value": "84-123-4568" },
            { "type": "fax", "value": "84-123-4569" },
        ],
        "addresses": [{ "type": "work", "formatted": "SKJQW", "streetAddress": "7 Rue", "locality": "Lyon", "region": "ARA",
                        "postalCode": "69001", "country": "France", "primary": true }],
        "roles": [{ "primary": "True", "display": "VTQWPL", "value": "XNBQRT", "type": "QHMZKL" }],
        ENTERPRISE: { "employeeNumber": "E-7", "department": "KJWLQP", "costCenter": "QQ", "organization": "OO", "division": "DD",
                      "manager": { "value": "GQZPWKLNMBV" } },
    })
}

/// `filter=userName+eq+"x"`: form encoding, as .NET does it.
fn filter(attribute: &str, value: &str) -> String {
    format!(
        "filter={attribute}+eq+%22{}%22",
        value.replace('@', "%40").replace(' ', "+")
    )
}

async fn new_user(scim: &ScimClient) -> Result<Answer> {
    scim.post("/Users", &random_user(&unique("nadia@validator.example.com")))
        .await?
        .expect(&[201])
}

async fn new_group(scim: &ScimClient) -> Result<Answer> {
    let body =
        json!({ "schemas": [GROUP], "displayName": unique("Validator group"), "externalId": "g-1", "members": [] });
    scim.post("/Groups", &body).await?.expect(&[201])
}

async fn patch(scim: &ScimClient, kind: &str, made: &Answer, operations: Value) -> Result<Value> {
    let path = format!("/{kind}/{}", made.id());
    scim.patch(&path, operations).await?.expect(&[200, 204])?;
    Ok(scim.get(&path).await?.expect(&[200])?.json)
}

async fn found(scim: &ScimClient, endpoint: &str, query: &str) -> Result<Value> {
    let list = scim.get(&format!("{endpoint}?{query}")).await?.expect(&[200])?;
    ensure!(list.json["totalResults"] == 1, "{}: {}", list.request, list.text);
    Ok(list.json["Resources"][0].clone())
}

// Mandatory.

#[tokio::test]
async fn create_a_new_user() -> Result<()> {
    let scim = scim()?;
    let user_name = unique("create@validator.example.com");
    let sent = random_user(&user_name);
    let made = scim.post("/Users", &sent).await?.expect(&[201])?;
    let read = scim.get(&format!("/Users/{}", made.id())).await?.expect(&[200])?;
    for (name, value) in sent.as_object().into_iter().flatten() {
        match name.as_str() {
            "roles" => {
                let role = &read.json["roles"][0];
                ensure!(role["primary"] == json!(true), "“Boolean serialization”: {role}");
                ensure!(
                    role["value"] == "XNBQRT" && role["type"] == "QHMZKL" && role["display"] == "VTQWPL",
                    "{role}"
                );
            }
            "schemas" => {
                let schemas = read.json["schemas"].as_array().cloned().unwrap_or_default();
                ensure!(
                    [USER, ENTERPRISE].iter().all(|urn| schemas.contains(&json!(urn))),
                    "{}",
                    read.text
                );
            }
            _ => contains(&read.json[name.as_str()], value, name)?,
        }
    }
    Ok(())
}

/// Everything that was sent is there; the service may add.
fn contains(have: &Value, sent: &Value, at: &str) -> Result<()> {
    match sent {
        Value::Object(keys) => keys
            .iter()
            .try_for_each(|(key, value)| contains(&have[key], value, &format!("{at}.{key}"))),
        Value::Array(items) => {
            let have = have.as_array().cloned().unwrap_or_default();
            ensure!(have.len() == items.len(), "{at}: {} of {}", have.len(), items.len());
            have.iter()
                .zip(items)
                .try_for_each(|(have, item)| contains(have, item, at))
        }
        sent => {
            ensure!(have == sent, "{at}: {sent} became {have}");
            Ok(())
        }
    }
}

#[tokio::test]
async fn create_a_duplicate_user() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    scim.post("/Users", &random_user(made.str("/userName")))
        .await?
        .expect(&[409])?;
    Ok(())
}

#[tokio::test]
async fn filter_for_an_existing_user() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    let user = found(&scim, "/Users", &filter("userName", made.str("/userName"))).await?;
    ensure!(user["id"] == made.json["id"], "{user}");
    Ok(())
}

#[tokio::test]
async fn filter_for_a_non_existing_user() -> Result<()> {
    let list = scim()?
        .get(&format!("/Users?{}", filter("userName", "8b41ec22-nobody")))
        .await?
        .expect(&[200])?;
    ensure!(
        list.json["totalResults"] == 0 && list.json["Resources"] == json!([]),
        "{}",
        list.text
    );
    Ok(())
}

#[tokio::test]
async fn filter_for_an_existing_user_with_a_different_case() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    found(
        &scim,
        "/Users",
        &filter("userName", &made.str("/userName").to_uppercase()),
    )
    .await?;
    Ok(())
}

#[tokio::test]
async fn patch_user_replace_attributes_verbose_request() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    let changes = [
        ("displayName", "displayName", "/displayName"),
        ("title", "title", "/title"),
        ("name.givenName", "name.givenName", "/name/givenName"),
        ("emails[type eq \"work\"].value", "emails", "/emails/0/value"),
        (
            "phoneNumbers[type eq \"mobile\"].value",
            "phoneNumbers",
            "/phoneNumbers/1/value",
        ),
        (
            "addresses[type eq \"work\"].streetAddress",
            "addresses",
            "/addresses/0/streetAddress",
        ),
        (
            "addresses[type eq \"work\"].locality",
            "addresses",
            "/addresses/0/locality",
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "department",
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
        ),
    ];
    let operations: Vec<Value> = changes
        .iter()
        .map(|(path, word, _)| json!({ "op": "replace", "path": path, "value": format!("new {word}") }))
        .collect();
    let user = patch(&scim, "Users", &made, json!(operations)).await?;
    for (path, word, at) in changes {
        ensure!(
            user.pointer(at) == Some(&json!(format!("new {word}"))),
            "{path}: {user}"
        );
    }
    ensure!(
        user["phoneNumbers"]
            .as_array()
            .is_some_and(|numbers| numbers.len() == 3),
        "{user}"
    );
    ensure!(
        user["addresses"][0]["country"] == "France",
        "the rest of the address is gone: {user}"
    );
    Ok(())
}

#[tokio::test]
async fn update_user_user_name() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    let name = unique("renamed@validator.example.com");
    let user = patch(
        &scim,
        "Users",
        &made,
        json!([{ "op": "replace", "value": { "userName": name } }]),
    )
    .await?;
    ensure!(
        user["userName"] == json!(name) && user["id"] == made.json["id"],
        "{user}"
    );
    Ok(())
}

#[tokio::test]
async fn patch_user_disable_user() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    let user = patch(
        &scim,
        "Users",
        &made,
        json!([{ "op": "replace", "path": "active", "value": false }]),
    )
    .await?;
    ensure!(user["active"] == false, "{user}");
    let user = found(&scim, "/Users", &filter("userName", made.str("/userName"))).await?;
    ensure!(user["active"] == false, "a disabled user stays visible: {user}");
    Ok(())
}

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

#[tokio::test]
async fn patch_user_add_manager() -> Result<()> {
    let scim = scim()?;
    let manager = new_user(&scim).await?.id();
    for value in [
        json!({ "value": manager }),
        json!(manager),
        json!([{ "$ref": "", "value": manager }]),
    ] {
        let made = new_user(&scim).await?;
        for path in [MANAGER, "manager"] {
            let user = patch(
                &scim,
                "Users",
                &made,
                json!([{ "op": "Add", "path": path, "value": value }]),
            )
            .await?;
            ensure!(
                user[ENTERPRISE]["manager"]["value"] == json!(manager),
                "{path} {value}: {user}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn patch_user_replace_manager() -> Result<()> {
    let scim = scim()?;
    let manager = new_user(&scim).await?.id();
    let made = new_user(&scim).await?;
    let user = patch(
        &scim,
        "Users",
        &made,
        json!([{ "op": "replace", "path": MANAGER, "value": { "value": manager } }]),
    )
    .await?;
    ensure!(user[ENTERPRISE]["manager"]["value"] == json!(manager), "{user}");
    Ok(())
}

#[tokio::test]
async fn patch_user_remove_manager() -> Result<()> {
    let scim = scim()?;
    for operation in [
        json!({ "op": "remove", "path": MANAGER }),
        json!({ "op": "replace", "path": MANAGER, "value": "" }),
        json!({ "op": "replace", "path": MANAGER, "value": { "value": "" } }),
    ] {
        let made = new_user(&scim).await?;
        let user = patch(&scim, "Users", &made, json!([operation])).await?;
        let manager = user[ENTERPRISE]["manager"]["value"].as_str().unwrap_or_default();
        ensure!(manager.is_empty(), "{operation}: {user}");
    }
    Ok(())
}

#[tokio::test]
async fn delete_a_user() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    let path = format!("/Users/{}", made.id());
    scim.delete(&path).await?.expect(&[204])?;
    scim.get(&path).await?.expect(&[404])?;
    Ok(())
}

#[tokio::test]
async fn get_group_by_id_excluding_members() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    let read = scim
        .get(&format!("/Groups/{}?excludedAttributes=members", made.id()))
        .await?
        .expect(&[200])?;
    ensure!(
        read.json.get("members").is_none() && read.id() == made.id(),
        "{}",
        read.text
    );
    Ok(())
}

#[tokio::test]
async fn filter_for_an_existing_group_excluding_members() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    let query = format!(
        "excludedAttributes=members&{}",
        filter("displayName", made.str("/displayName"))
    );
    let group = found(&scim, "/Groups", &query).await?;
    ensure!(
        group.get("members").is_none() && group["id"] == made.json["id"],
        "{group}"
    );
    Ok(())
}

#[tokio::test]
async fn filter_for_an_existing_group() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    found(&scim, "/Groups", &filter("displayName", made.str("/displayName"))).await?;
    Ok(())
}

#[tokio::test]
async fn filter_for_a_non_existing_group() -> Result<()> {
    let list = scim()?
        .get(&format!("/Groups?{}", filter("displayName", "8b41ec22-no-group")))
        .await?
        .expect(&[200])?;
    ensure!(list.json["totalResults"] == 0, "{}", list.text);
    Ok(())
}

#[tokio::test]
async fn filter_for_an_existing_group_with_a_different_case() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    found(
        &scim,
        "/Groups",
        &filter("displayName", &made.str("/displayName").to_uppercase()),
    )
    .await?;
    Ok(())
}

#[tokio::test]
async fn create_a_new_group() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    let read = scim.get(&format!("/Groups/{}", made.id())).await?.expect(&[200])?;
    ensure!(
        read.json["displayName"] == made.json["displayName"] && read.str("/externalId") == "g-1",
        "{}",
        read.text
    );
    Ok(())
}

#[tokio::test]
async fn create_a_duplicate_group() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    for name in [
        made.str("/displayName").to_owned(),
        made.str("/displayName").to_lowercase(),
    ] {
        let again = scim
            .post("/Groups", &json!({ "schemas": [GROUP], "displayName": name }))
            .await?
            .expect(&[409])?;
        ensure!(again.str("/scimType") == "uniqueness", "{}", again.text);
    }
    Ok(())
}

#[tokio::test]
async fn patch_group_replace_attributes() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    let group = patch(
        &scim,
        "Groups",
        &made,
        json!([{ "op": "replace", "value": { "externalId": "g-2" } }]),
    )
    .await?;
    ensure!(
        group["externalId"] == "g-2" && group["displayName"] == made.json["displayName"],
        "{group}"
    );
    Ok(())
}

#[tokio::test]
async fn update_group_display_name() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    let name = unique("Validator group renamed");
    let group = patch(
        &scim,
        "Groups",
        &made,
        json!([{ "op": "replace", "value": { "displayName": name } }]),
    )
    .await?;
    ensure!(group["displayName"] == json!(name), "{group}");
    Ok(())
}

#[tokio::test]
async fn patch_group_add_member() -> Result<()> {
    let scim = scim()?;
    let (made, user) = (new_group(&scim).await?, new_user(&scim).await?.id());
    let add = json!([{ "op": "add", "path": "members", "value": [{ "$ref": null, "value": user }] }]);
    let group = patch(&scim, "Groups", &made, add).await?;
    ensure!(members(&group) == [user], "{group}");
    Ok(())
}

#[tokio::test]
async fn patch_group_remove_member() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    let (one, two, three) = (
        new_user(&scim).await?.id(),
        new_user(&scim).await?.id(),
        new_user(&scim).await?.id(),
    );
    let all =
        json!([{ "op": "add", "path": "members", "value": [{ "value": one }, { "value": two }, { "value": three }] }]);
    patch(&scim, "Groups", &made, all).await?;
    let by_path = json!([{ "op": "remove", "path": format!("members[value eq \"{one}\"]") }]);
    let group = patch(&scim, "Groups", &made, by_path).await?;
    ensure!(members(&group).len() == 2 && !members(&group).contains(&one), "{group}");
    let by_value = json!([{ "op": "remove", "path": "members", "value": [{ "$ref": null, "value": two }] }]);
    let group = patch(&scim, "Groups", &made, by_value).await?;
    ensure!(members(&group) == [three], "{group}");
    Ok(())
}

#[tokio::test]
async fn delete_a_group() -> Result<()> {
    let scim = scim()?;
    let made = new_group(&scim).await?;
    let path = format!("/Groups/{}", made.id());
    scim.delete(&path).await?.expect(&[204])?;
    scim.get(&path).await?.expect(&[404])?;
    Ok(())
}

// Preview.

#[tokio::test]
async fn patch_user_multiple_ops_on_different_attributes() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    let operations = json!([
        { "op": "remove", "path": "title" },
        { "op": "add", "path": "displayName", "value": "Added" },
        { "op": "replace", "path": "nickName", "value": "Replaced" },
    ]);
    let user = patch(&scim, "Users", &made, operations).await?;
    ensure!(
        user.get("title").is_none() && user["displayName"] == "Added" && user["nickName"] == "Replaced",
        "{user}"
    );
    Ok(())
}

#[tokio::test]
async fn patch_user_multiple_ops_on_same_attribute() -> Result<()> {
    let scim = scim()?;
    let made = new_user(&scim).await?;
    let operations = json!([
        { "op": "remove", "path": "displayName" },
        { "op": "add", "path": "displayName", "value": "First" },
        { "op": "replace", "path": "displayName", "value": "Last" },
    ]);
    let user = patch(&scim, "Users", &made, operations).await?;
    ensure!(user["displayName"] == "Last", "{user}");
    Ok(())
}

#[tokio::test]
async fn delete_a_non_existent_user() -> Result<()> {
    scim()?
        .delete("/Users/2e6c0f4b-0000-4000-8000-000000000000")
        .await?
        .expect(&[404])
        .map(drop)
}

#[tokio::test]
async fn delete_the_same_user_twice() -> Result<()> {
    let scim = scim()?;
    let path = format!("/Users/{}", new_user(&scim).await?.id());
    scim.delete(&path).await?.expect(&[204])?;
    scim.delete(&path).await?.expect(&[404]).map(drop)
}

#[tokio::test]
async fn patch_group_multiple_ops_on_same_attribute() -> Result<()> {
    let scim = scim()?;
    let (made, user) = (new_group(&scim).await?, new_user(&scim).await?.id());
    let by_path = format!("members[value eq \"{user}\"]");
    let operations = json!([
        { "op": "add", "path": "members", "value": [{ "value": user }] },
        { "op": "remove", "path": by_path },
        { "op": "add", "path": "members", "value": [{ "value": user }] },
    ]);
    let group = patch(&scim, "Groups", &made, operations).await?;
    ensure!(members(&group) == [user], "{group}");
    Ok(())
}

#[tokio::test]
async fn delete_a_non_existent_group() -> Result<()> {
    scim()?
        .delete("/Groups/2e6c0f4b-0000-4000-8000-000000000000")
        .await?
        .expect(&[404])
        .map(drop)
}

#[tokio::test]
async fn delete_the_same_group_twice() -> Result<()> {
    let scim = scim()?;
    let path = format!("/Groups/{}", new_group(&scim).await?.id());
    scim.delete(&path).await?.expect(&[204])?;
    scim.delete(&path).await?.expect(&[404]).map(drop)
}
