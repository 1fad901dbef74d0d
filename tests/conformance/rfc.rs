//! RFC 7643 and 7644 where no provider's list asks and a naive service is wrong.
//!
//! Source: the sections named at each test, and the hard cases (I36).

use acceptance::{
    connect::Answer,
    idp::{ERROR, GROUP, LIST, USER, encoded, eq},
};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::one_plugin::{scim, unique};

fn user(user_name: &str) -> Value {
    json!({
        "schemas": [USER], "userName": user_name, "displayName": "R F C", "title": "Editor", "active": true,
        "name": { "givenName": "R", "familyName": "FC" },
        "emails": [{ "value": user_name, "type": "work", "primary": true }],
    })
}

/// §3.14
#[tokio::test]
async fn versions_if_match_and_if_none_match() -> Result<()> {
    let scim = scim()?;
    let made = scim
        .post("/Users", &user(&unique("etag@example.com")))
        .await?
        .expect(&[201])?;
    let path = format!("/Users/{}", made.id());
    let tag = made.header("etag").to_owned();
    ensure!(
        tag == made.str("/meta/version") && tag.starts_with("W/\""),
        "{tag}: {}",
        made.text
    );
    let same = Answer::of(scim.request(Method::GET, &path).header("If-None-Match", &tag)).await?;
    ensure!(same.status == 304, "{}", same.status);
    let changes = json!({ "schemas": [acceptance::idp::PATCH_OP], "Operations": [{ "op": "replace", "path": "title", "value": "Other" }] });
    let send = |tag: &str| {
        let request = scim
            .request(Method::PATCH, &path)
            .header("Content-Type", "application/scim+json");
        Answer::of(request.header("If-Match", tag).body(changes.to_string()))
    };
    send("W/\"4711\"").await?.expect(&[412])?;
    send(&tag).await?.expect(&[200, 204])?;
    let after = scim.get(&path).await?.expect(&[200])?;
    ensure!(
        after.header("etag") != tag && after.str("/title") == "Other",
        "{}",
        after.text
    );
    send(&tag).await?.expect(&[412])?;
    Ok(())
}

/// §3.5.2: "the server SHALL NOT change lastModified" for nothing.
#[tokio::test]
async fn a_patch_that_changes_nothing_leaves_version_and_time() -> Result<()> {
    let scim = scim()?;
    let made = scim
        .post("/Users", &user(&unique("noop@example.com")))
        .await?
        .expect(&[201])?;
    let path = format!("/Users/{}", made.id());
    for operations in [
        json!([{ "op": "replace", "path": "title", "value": "Editor" }]),
        json!([]),
    ] {
        scim.patch(&path, operations).await?.expect(&[200, 204])?;
        let after = scim.get(&path).await?.expect(&[200])?;
        ensure!(
            after.json["meta"] == made.json["meta"],
            "{} became {}",
            made.text,
            after.text
        );
    }
    Ok(())
}

/// §3.5.2: all or nothing, memberships included.
#[tokio::test]
async fn a_patch_with_one_bad_operation_changes_nothing() -> Result<()> {
    let scim = scim()?;
    let id = scim
        .post("/Users", &user(&unique("atomic@example.com")))
        .await?
        .expect(&[201])?
        .id();
    let made = scim
        .post(
            "/Groups",
            &json!({ "schemas": [GROUP], "displayName": unique("Atomic") }),
        )
        .await?
        .expect(&[201])?;
    let path = format!("/Groups/{}", made.id());
    let before = scim.get(&path).await?.expect(&[200])?;
    let operations = json!([
        { "op": "add", "path": "members", "value": [{ "value": id }] },
        { "op": "replace", "path": "displayName", "value": "Half way" },
        { "op": "add", "path": "members", "value": [{ "value": "nobody-has-this-id" }] },
    ]);
    let refused = scim.patch(&path, operations).await?.expect(&[400])?;
    ensure!(refused.json["schemas"] == json!([ERROR]), "{}", refused.text);
    let after = scim.get(&path).await?.expect(&[200])?;
    ensure!(after.json == before.json, "{} became {}", before.text, after.text);
    Ok(())
}

/// §3.5.2, Table 9
#[tokio::test]
async fn a_patch_onto_a_taken_name_is_a_409_and_changes_nothing() -> Result<()> {
    let scim = scim()?;
    let taken = scim
        .post("/Users", &user(&unique("taken@example.com")))
        .await?
        .expect(&[201])?;
    let made = scim
        .post("/Users", &user(&unique("other@example.com")))
        .await?
        .expect(&[201])?;
    let path = format!("/Users/{}", made.id());
    let before = scim.get(&path).await?.expect(&[200])?;
    let operations = json!([
        { "op": "replace", "path": "title", "value": "Thief" },
        { "op": "replace", "path": "userName", "value": taken.str("/userName").to_uppercase() },
    ]);
    let refused = scim.patch(&path, operations).await?.expect(&[409])?;
    ensure!(refused.str("/scimType") == "uniqueness", "{}", refused.text);
    let after = scim.get(&path).await?.expect(&[200])?;
    ensure!(after.json == before.json, "{} became {}", before.text, after.text);
    Ok(())
}

/// §3.4.2.2: values are data, never patterns.
#[tokio::test]
async fn filters_take_percent_underscore_quote_and_backslash() -> Result<()> {
    let scim = scim()?;
    let mark = unique("mark").replace(' ', "-");
    for name in [
        "100%",
        "a_b",
        "o'brien",
        "back\\slash",
        "say \"hi\"",
        "[x]",
        "ünïcödé",
        "semi;colon--",
    ] {
        let user_name = format!("{name} {mark}");
        let made = scim.post("/Users", &user(&user_name)).await?.expect(&[201])?;
        let found = scim.find("/Users", &eq("userName", &user_name)).await?;
        ensure!(found.is_some_and(|found| found["id"] == made.json["id"]), "{user_name}");
    }
    let both = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "/Users?count=0&filter={}",
            encoded(&format!("userName co \"{text}\" and userName ew \"{mark}\""))
        )
    };
    for (text, count) in [
        ("%", 1),
        ("_", 1),
        ("'", 1),
        ("\\", 1),
        ("\"", 1),
        ("%%", 0),
        ("a_", 1),
        ("ÜNÏ", 1),
    ] {
        let list = scim.get(&both(text)).await?.expect(&[200])?;
        ensure!(list.json["totalResults"] == count, "{text:?}: {}", list.text);
    }
    Ok(())
}

/// §3.4.2.2: what a filter may be, and what must be refused by name.
#[tokio::test]
async fn filter_grammar() -> Result<()> {
    let scim = scim()?;
    let name = unique("grammar@example.com");
    scim.post("/Users", &user(&name)).await?.expect(&[201])?;
    let found = [
        "title pr and not (active eq false)".to_owned(),
        "not(active eq false)".to_owned(),
        "emails[type eq \"work\" and value co \"grammar\"]".to_owned(),
        "active eq True or title eq \"nobody\"".to_owned(),
        "nickName ne \"somebody\"".to_owned(),
        "nickName eq null".to_owned(),
        "meta.resourceType eq \"User\"".to_owned(),
        format!("schemas eq \"{USER}\""),
        format!("{USER}:title sw \"Ed\""),
        "meta.created gt \"2001-01-01T00:00:00+02:00\"".to_owned(),
        "(title eq \"Editor\")".to_owned(),
    ];
    for filter in found {
        let filter = encoded(&format!("userName eq \"{name}\" and ({filter})"));
        let list = scim.get(&format!("/Users?filter={filter}")).await?.expect(&[200])?;
        ensure!(list.json["totalResults"] == 1, "{}: {}", list.request, list.text);
    }
    let deep = format!("{}title pr{}", "(".repeat(5000), ")".repeat(5000));
    for filter in [
        "userName",
        "userName xx \"a\"",
        "userName eq",
        "active gt true",
        "userName eq \"a\" and",
        "((title pr)",
        "\"a\"",
        &deep,
    ] {
        let answer = scim.get(&format!("/Users?filter={}", encoded(filter))).await?;
        let start: String = filter.chars().take(30).collect();
        let named = ["invalidFilter", "tooMany"].contains(&answer.str("/scimType"));
        ensure!(
            answer.status == 400 && named,
            "{start}: {} {}",
            answer.status,
            answer.text
        );
    }
    Ok(())
}

/// §3.9
#[tokio::test]
async fn attributes_and_excluded_attributes() -> Result<()> {
    let scim = scim()?;
    let path = format!(
        "/Users/{}",
        scim.post("/Users", &user(&unique("attr@example.com")))
            .await?
            .expect(&[201])?
            .id()
    );
    let some = scim
        .get(&format!("{path}?attributes=name.familyName,title"))
        .await?
        .expect(&[200])?;
    let keys: Vec<&str> = some
        .json
        .as_object()
        .map(|keys| keys.keys().map(String::as_str).collect())
        .unwrap_or_default();
    ensure!(
        some.json["name"] == json!({ "familyName": "FC" }) && !keys.contains(&"userName"),
        "{}",
        some.text
    );
    ensure!(
        keys.contains(&"id") && keys.contains(&"schemas"),
        "what is always returned: {}",
        some.text
    );
    let rest = scim
        .get(&format!("{path}?excludedAttributes=title,id,password"))
        .await?
        .expect(&[200])?;
    ensure!(
        rest.json.get("title").is_none() && rest.json.get("id").is_some(),
        "{}",
        rest.text
    );
    scim.get(&format!("{path}?attributes=title&excludedAttributes=name"))
        .await?
        .expect(&[400])?;
    Ok(())
}

/// §3.4.2.3, §3.4.3
#[tokio::test]
async fn search_by_post_sorts() -> Result<()> {
    let scim = scim()?;
    let mark = unique("sort").replace(' ', "-");
    for name in ["c", "A", "b"] {
        scim.post("/Users", &user(&format!("{name}-{mark}@example.com")))
            .await?
            .expect(&[201])?;
    }
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": format!("userName co \"-{mark}@\""),
        "sortBy": "userName", "sortOrder": "descending", "attributes": ["userName"], "startIndex": 1, "count": 2,
    });
    let list = scim.post("/Users/.search", &body).await?.expect(&[200])?;
    let names: Vec<&str> = list.json["Resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|user| user["userName"].as_str())
        .collect();
    let wanted = [format!("c-{mark}@example.com"), format!("b-{mark}@example.com")];
    ensure!(
        names == wanted && list.json["totalResults"] == 3 && list.json["schemas"] == json!([LIST]),
        "{}",
        list.text
    );
    Ok(())
}

/// §3.4.2.4
#[tokio::test]
async fn pages_out_of_range() -> Result<()> {
    let scim = scim()?;
    for (query, start) in [
        ("startIndex=0&count=1", 1),
        ("startIndex=-5&count=1", 1),
        ("startIndex=1&count=-1", 1),
    ] {
        let list = scim.get(&format!("/Users?{query}")).await?.expect(&[200])?;
        ensure!(list.json["startIndex"] == start, "{query}: {}", list.text);
    }
    let far = scim.get("/Users?startIndex=10000000&count=10").await?.expect(&[200])?;
    ensure!(
        far.json["Resources"] == json!([]) && far.json["itemsPerPage"] == 0,
        "{}",
        far.text
    );
    Ok(())
}

/// §4, §3.11, §3.7
#[tokio::test]
async fn discovery_me_and_bulk() -> Result<()> {
    let scim = scim()?;
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        scim.get(path).await?.expect(&[200])?;
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            scim.send(method, path, Some(&json!({}))).await?.expect(&[405])?;
        }
    }
    for path in ["/ResourceTypes", "/Schemas"] {
        scim.get(&format!("{path}?filter={}", encoded("id eq \"User\"")))
            .await?
            .expect(&[403])?;
    }
    for name in ["User", "Group"] {
        let one = scim.get(&format!("/ResourceTypes/{name}")).await?.expect(&[200])?;
        ensure!(one.str("/endpoint") == format!("/{name}s"), "{}", one.text);
    }
    let me = scim.get("/Me").await?.expect(&[501])?;
    ensure!(me.json["schemas"] == json!([ERROR]), "{}", me.text);
    let config = scim.get("/ServiceProviderConfig").await?.expect(&[200])?;
    let bulk = scim.post("/Bulk", &json!({ "Operations": [] })).await?;
    ensure!(
        config.json["bulk"]["supported"] == json!(bulk.status != 501),
        "{}: {}",
        bulk.status,
        config.text
    );
    Ok(())
}

/// RFC 7643 §2.4: one primary value.
#[tokio::test]
async fn a_new_primary_value_ends_the_old_one() -> Result<()> {
    let scim = scim()?;
    let path = format!(
        "/Users/{}",
        scim.post("/Users", &user(&unique("primary@example.com")))
            .await?
            .expect(&[201])?
            .id()
    );
    let second = json!([{ "op": "add", "path": "emails", "value": [{ "value": "second@example.com", "type": "home", "primary": true }] }]);
    scim.patch(&path, second).await?.expect(&[200, 204])?;
    let read = scim.get(&path).await?.expect(&[200])?;
    let emails = read.json["emails"].as_array().cloned().unwrap_or_default();
    let primary: Vec<&Value> = emails.iter().filter(|email| email["primary"] == true).collect();
    ensure!(
        emails.len() == 2 && primary.len() == 1 && primary[0]["value"] == "second@example.com",
        "{}",
        read.text
    );
    Ok(())
}
