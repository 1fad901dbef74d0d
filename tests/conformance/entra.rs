//! Microsoft Entra ID at work, in both states of the flag `aadOptscim062020`.
//!
//! Source: MicrosoftDocs/entra-docs `docs/identity/app-provisioning/use-scim-to-provision-users-and-groups.md` @03cc779 and
//! `application-provisioning-config-problem-scim-compatibility.md` @0596ed5 (I1–I12); tests are named by their
//! headings there.

use acceptance::idp::{ENTERPRISE, GROUP, PATCH_OP, ScimClient, USER, encoded, entra::ADSCIM_GROUP, eq};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    okta::members,
    one_plugin::{scim, unique},
};

fn body(user_name: &str) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": unique("0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"),
        "userName": user_name,
        "active": true,
        "emails": [{ "primary": true, "type": "work", "value": user_name }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName" },
        "roles": [],
    })
}

async fn user(scim: &ScimClient) -> Result<(String, Value)> {
    let made = scim
        .post("/Users", &body(&unique("entra@example.com")))
        .await?
        .expect(&[201])?;
    Ok((made.id(), made.json))
}

async fn group(scim: &ScimClient) -> Result<String> {
    let body = json!({
        "schemas": [GROUP, ADSCIM_GROUP], "externalId": unique("8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159"),
        "displayName": unique("Entra group"), "meta": { "resourceType": "Group" },
    });
    let made = scim.post("/Groups", &body).await?.expect(&[201])?;
    ensure!(made.str("/externalId") == body["externalId"], "{}", made.text);
    Ok(made.id())
}

async fn patched(scim: &ScimClient, path: &str, operations: Value) -> Result<Value> {
    scim.patch(path, operations).await?.expect(&[200, 204])?;
    Ok(scim.get(path).await?.expect(&[200])?.json)
}

#[tokio::test]
async fn test_connection() -> Result<()> {
    let scim = scim()?;
    for endpoint in ["/Users", "/Groups"] {
        let attribute = if endpoint == "/Users" {
            "userName"
        } else {
            "displayName"
        };
        let list = scim
            .get(&format!(
                "{endpoint}?{}",
                eq(attribute, "c8a7f6e2-11a4-4d5f-9a1e-000000000000")
            ))
            .await?
            .expect(&[200])?;
        ensure!(
            list.json["totalResults"] == 0 && list.json["Resources"] == json!([]),
            "{}",
            list.text
        );
        ensure!(
            list.header("content-type").starts_with("application/scim+json"),
            "{:?}",
            list.headers
        );
    }
    Ok(())
}

#[tokio::test]
async fn create_user_with_nulls_and_a_malformed_extension() -> Result<()> {
    let scim = scim()?;
    let mut sent = body(&unique("nulls@example.com"));
    sent["schemas"] = json!([USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"]);
    for name in ["addresses", "manager", "department", "phoneNumbers", "title"] {
        sent[name] = json!(null);
    }
    let made = scim.post("/Users", &sent).await?.expect(&[201])?;
    ensure!(made.json["externalId"] == sent["externalId"], "{}", made.text);
    Ok(())
}

#[tokio::test]
async fn get_user_by_query_by_each_matching_attribute() -> Result<()> {
    let scim = scim()?;
    let (id, made) = user(&scim).await?;
    let value = |at: &str| made[at].as_str().unwrap_or_default().to_owned();
    let queries = [
        eq("userName", &value("userName")),
        eq("externalId", &value("externalId")),
        eq("emails[type eq \"work\"].value", &value("userName")),
        eq("id", &id),
        format!(
            "filter={}",
            encoded(&format!(
                "emails[type eq \"work\" and value eq \"{}\"]",
                value("userName")
            ))
        ),
        format!(
            "filter={}",
            encoded(&format!("userName eq \"{}\" and active eq true", value("userName")))
        ),
    ];
    for query in queries {
        let found = scim.find("/Users", &query).await?;
        ensure!(
            found.as_ref().is_some_and(|found| found["id"] == json!(id)),
            "{query}: {found:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn check_of_a_reference_asks_for_the_id_alone() -> Result<()> {
    let scim = scim()?;
    let (manager, _) = user(&scim).await?;
    let (id, _) = user(&scim).await?;
    let path = format!("/Users/{id}");
    patched(
        &scim,
        &path,
        json!([{ "op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": manager }]),
    )
    .await?;
    let filter = encoded(&format!("id eq \"{id}\" and manager eq \"{manager}\""));
    let found = scim.find("/Users", &format!("filter={filter}&attributes=id")).await?;
    ensure!(
        found
            .as_ref()
            .is_some_and(|found| found["id"] == json!(id) && found.get("userName").is_none()),
        "{found:?}"
    );
    Ok(())
}

#[tokio::test]
async fn update_user_multi_valued_properties_flag_off() -> Result<()> {
    let scim = scim()?;
    let (id, _) = user(&scim).await?;
    let operations = json!([
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updatedEmail@example.com" },
        { "op": "Replace", "path": "name.familyName", "value": "updatedFamilyName" },
        { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 555" },
        { "op": "Replace", "path": "emails[type eq \"other\"].value", "value": "other@example.com" },
        { "op": "Replace", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "E-12" },
    ]);
    let user = patched(&scim, &format!("/Users/{id}"), operations).await?;
    ensure!(
        user["emails"][0]["value"] == "updatedEmail@example.com" && user["emails"][0]["primary"] == true,
        "{user}"
    );
    ensure!(
        user["name"]["familyName"] == "updatedFamilyName" && user["name"]["givenName"] == "givenName",
        "{user}"
    );
    ensure!(
        user["phoneNumbers"][0]["value"] == "+1 555" && user["phoneNumbers"][0]["type"] == "mobile",
        "{user}"
    );
    let other = user["emails"]
        .as_array()
        .and_then(|emails| emails.iter().find(|email| email["type"] == "other"));
    ensure!(
        other.is_some_and(|email| email["value"] == "other@example.com"),
        "an absent element is made: {user}"
    );
    ensure!(user[ENTERPRISE]["employeeNumber"] == "E-12", "{user}");
    Ok(())
}

#[tokio::test]
async fn disable_user_flag_off_the_boolean_is_a_text() -> Result<()> {
    let scim = scim()?;
    let (id, _) = user(&scim).await?;
    for (text, active) in [("False", false), ("True", true), ("false", false)] {
        let user = patched(
            &scim,
            &format!("/Users/{id}"),
            json!([{ "op": "Replace", "path": "active", "value": text }]),
        )
        .await?;
        ensure!(user["active"] == json!(active), "{text}: {user}");
    }
    let refused = scim
        .patch(
            &format!("/Users/{id}"),
            json!([{ "op": "Replace", "path": "active", "value": "perhaps" }]),
        )
        .await?;
    ensure!(
        refused.status == 400 && refused.str("/scimType") == "invalidValue",
        "{} {}",
        refused.status,
        refused.text
    );
    Ok(())
}

#[tokio::test]
async fn update_user_flag_on_one_replace_with_dotted_keys() -> Result<()> {
    let scim = scim()?;
    let (id, _) = user(&scim).await?;
    let operations = json!([
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@b.example.com" },
        { "op": "replace", "value": {
            "displayName": "X", "name.givenName": "G", "active": false, format!("{ENTERPRISE}:employeeNumber"): "7",
        } },
    ]);
    // The flag is a query on the tenant URL, so it comes with every request.
    let request = json!({ "schemas": [PATCH_OP], "Operations": operations });
    let path = format!("/Users/{id}?aadOptscim062020");
    scim.send(Method::PATCH, &path, Some(&request))
        .await?
        .expect(&[200, 204])?;
    let user = scim.get(&path).await?.expect(&[200])?.json;
    ensure!(
        user["displayName"] == "X" && user["name"]["givenName"] == "G" && user["active"] == false,
        "{user}"
    );
    ensure!(
        user["name"]["familyName"] == "familyName" && user[ENTERPRISE]["employeeNumber"] == "7",
        "{user}"
    );
    ensure!(user["emails"][0]["value"] == "a@b.example.com", "{user}");
    Ok(())
}

#[tokio::test]
async fn add_manager_in_each_shape_and_remove_it_by_an_empty_text() -> Result<()> {
    let scim = scim()?;
    let (manager, _) = user(&scim).await?;
    let (id, _) = user(&scim).await?;
    let path = format!("/Users/{id}");
    let shapes = [
        (format!("{ENTERPRISE}:manager"), json!(manager)),
        (
            format!("{ENTERPRISE}:manager"),
            json!([{ "$ref": "http://example.com", "value": manager }]),
        ),
        ("manager".to_owned(), json!([{ "$ref": null, "value": manager }])),
    ];
    for (at, value) in shapes {
        let user = patched(&scim, &path, json!([{ "op": "Add", "path": at, "value": value }])).await?;
        ensure!(
            user[ENTERPRISE]["manager"]["value"] == json!(manager),
            "{at} {value}: {user}"
        );
        let user = patched(&scim, &path, json!([{ "op": "Replace", "path": at, "value": "" }])).await?;
        ensure!(
            user[ENTERPRISE]["manager"]["value"]
                .as_str()
                .unwrap_or_default()
                .is_empty(),
            "{at}: {user}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn get_group_by_display_name_and_by_id_without_members() -> Result<()> {
    let scim = scim()?;
    let id = group(&scim).await?;
    let (member, _) = user(&scim).await?;
    let path = format!("/Groups/{id}");
    let whole = patched(
        &scim,
        &path,
        json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": member }] }]),
    )
    .await?;
    ensure!(members(&whole) == [member], "{whole}");
    let name = whole["displayName"].as_str().unwrap_or_default();
    let found = scim
        .find(
            "/Groups",
            &format!("excludedAttributes=members&{}", eq("displayName", name)),
        )
        .await?;
    ensure!(
        found
            .as_ref()
            .is_some_and(|found| found["id"] == json!(id) && found.get("members").is_none()),
        "{found:?}"
    );
    let read = scim
        .get(&format!("{path}?excludedAttributes=members"))
        .await?
        .expect(&[200])?;
    ensure!(read.json.get("members").is_none(), "{}", read.text);
    Ok(())
}

#[tokio::test]
async fn update_group_add_and_remove_members_flag_off() -> Result<()> {
    let scim = scim()?;
    let path = format!("/Groups/{}", group(&scim).await?);
    let ((one, _), (two, _)) = (user(&scim).await?, user(&scim).await?);
    for member in [&one, &two] {
        let add = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": member }] }]);
        let answer = scim.patch(&path, add).await?.expect(&[204])?;
        ensure!(
            answer.text.is_empty(),
            "“returning all members isn't advisable”: {}",
            answer.text
        );
    }
    let group = patched(
        &scim,
        &path,
        json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": one }] }]),
    )
    .await?;
    ensure!(members(&group) == [two.clone()], "only the one that is named: {group}");
    let group = patched(
        &scim,
        &path,
        json!([{ "op": "Remove", "path": "members", "value": [] }]),
    )
    .await?;
    ensure!(
        members(&group) == [two.clone()],
        "an empty list is nobody, not everybody: {group}"
    );
    let group = patched(
        &scim,
        &path,
        json!([{ "op": "Add", "path": "members", "value": [{ "value": two }] }]),
    )
    .await?;
    ensure!(members(&group) == [two], "added twice is a member once: {group}");
    Ok(())
}

#[tokio::test]
async fn update_group_remove_members_flag_on() -> Result<()> {
    let scim = scim()?;
    let path = format!("/Groups/{}", group(&scim).await?);
    let ((one, _), (two, _)) = (user(&scim).await?, user(&scim).await?);
    patched(
        &scim,
        &path,
        json!([{ "op": "add", "path": "members", "value": [{ "value": one }, { "value": two }] }]),
    )
    .await?;
    let group = patched(
        &scim,
        &path,
        json!([{ "op": "remove", "path": format!("members[value eq \"{one}\"]") }]),
    )
    .await?;
    ensure!(members(&group) == [two], "{group}");
    Ok(())
}

/// "The target application should maintain the group membership for the user in inactive state": Entra never sends it again.
#[tokio::test]
async fn disable_user_keeps_the_memberships() -> Result<()> {
    let scim = scim()?;
    let path = format!("/Groups/{}", group(&scim).await?);
    let (id, _) = user(&scim).await?;
    patched(
        &scim,
        &path,
        json!([{ "op": "Add", "path": "members", "value": [{ "value": id }] }]),
    )
    .await?;
    for text in ["False", "True"] {
        patched(
            &scim,
            &format!("/Users/{id}"),
            json!([{ "op": "Replace", "path": "active", "value": text }]),
        )
        .await?;
        let group = scim.get(&path).await?.expect(&[200])?;
        ensure!(members(&group.json) == [id.clone()], "{text}: {}", group.text);
    }
    Ok(())
}

#[tokio::test]
async fn delete_user_and_the_groups_forget_it() -> Result<()> {
    let scim = scim()?;
    let path = format!("/Groups/{}", group(&scim).await?);
    let (id, made) = user(&scim).await?;
    patched(
        &scim,
        &path,
        json!([{ "op": "Add", "path": "members", "value": [{ "value": id }] }]),
    )
    .await?;
    scim.delete(&format!("/Users/{id}")).await?.expect(&[204])?;
    let group = scim.get(&path).await?.expect(&[200])?;
    ensure!(members(&group.json).is_empty(), "{}", group.text);
    // The name is free again.
    scim.post("/Users", &body(made["userName"].as_str().unwrap_or_default()))
        .await?
        .expect(&[201])?;
    Ok(())
}

/// `schema-discovery`: a list, camelCase, and nothing null in it.
#[tokio::test]
async fn schema_discovery() -> Result<()> {
    let schemas = scim()?.get("/Schemas").await?.expect(&[200])?;
    ensure!(
        schemas.json["Resources"].as_array().is_some_and(|all| all.len() >= 3),
        "{}",
        schemas.text
    );
    ensure!(!schemas.text.contains(":null"), "a null in {}", schemas.text);
    Ok(())
}
