//! What SQL answers is what evaluation answers: the store compiles parts of filters, and must never answer almost the same.

use super::*;
use ::scim::{ResourceType, filter};

async fn directory() -> Server {
    let server = server(&[]).await;
    let mut ids = Vec::new();
    for (n, user) in [
        json!({ "userName": "Ada@ex.com", "externalId": "E-1", "displayName": "Ada 100%", "title": "Dr",
            "emails": [{ "value": "ada@work.test", "type": "work", "primary": true }, { "value": "ada@home.test", "type": "home" }] }),
        json!({ "userName": "bob_x", "externalId": "e-1", "active": false, "emails": [{ "value": "ADA@home.test", "type": "work" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "id-1" }, "employeeNumber": "7" } }),
        json!({ "userName": "Zo\u{eb}", "displayName": "zo\u{eb}", "emails": [{ "type": "work", "display": "none" }] }),
        json!({ "userName": "100%", "displayName": "a\\b_c", "name": { "familyName": "King" } }),
    ]
    .into_iter()
    .enumerate()
    {
        let made = server.scim(Method::POST, "/Users", user).await;
        assert_eq!(made.status, StatusCode::CREATED, "{n}");
        ids.push(made.id());
    }
    server.group("Engines", &ids[..2]).await;
    server.group("engines 2", &[]).await;
    let made = server
        .scim(
            Method::POST,
            "/Groups",
            json!({ "displayName": "Z", "externalId": "E-1", "members": [ids[2]] }),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    server
}

fn filters() -> Vec<String> {
    let ada = "id-1";
    let terms = [
        format!("id eq \"{ada}\""),
        "id pr".into(),
        "id co \"id\"".into(),
        "userName eq \"ADA@EX.COM\"".into(),
        "userName ne \"ada@ex.com\"".into(),
        "userName co \"%\"".into(),
        "userName co \"_\"".into(),
        "userName sw \"bob\"".into(),
        "userName ew \"X\"".into(),
        "userName gt \"b\"".into(),
        "userName eq \"ZOE\u{308}\"".into(),
        "userName eq null".into(),
        "externalId eq \"E-1\"".into(),
        "externalId ne \"E-1\"".into(),
        "externalId pr".into(),
        "externalId co \"e-\"".into(),
        "externalId eq null".into(),
        "displayName eq \"engines\"".into(),
        "displayName pr".into(),
        "displayName co \"\\\\\"".into(),
        "displayName ne \"z\"".into(),
        "active eq true".into(),
        "active ne true".into(),
        "active pr".into(),
        "emails eq \"ada@HOME.test\"".into(),
        "emails.value eq \"ada@work.test\"".into(),
        "emails.value ne \"ada@work.test\"".into(),
        "emails pr".into(),
        "emails.value pr".into(),
        "emails co \"home\"".into(),
        "emails[value eq \"ada@home.test\"]".into(),
        "emails[type eq \"work\" and value eq \"ada@home.test\"]".into(),
        "emails[type eq \"work\" or value eq \"ada@home.test\"]".into(),
        "emails[type eq \"work\"].value eq \"ada@home.test\"".into(),
        "emails[value eq \"ada@home.test\"].type eq \"home\"".into(),
        "emails[not (value eq \"ada@home.test\")]".into(),
        "emails[value pr]".into(),
        "meta.created pr".into(),
        "meta.created gt \"2023-11-14T22:13:20.010Z\"".into(),
        "meta.created lt \"2023-11-14T23:13:20.0100000+01:00\"".into(),
        "meta.lastModified ge \"2023-11-14T22:13:20.0100001Z\"".into(),
        "meta.lastModified eq \"yesterday\"".into(),
        "meta.resourceType eq Group".into(),
        "meta.version eq \"W/\\\"1\\\"\"".into(),
        "meta.resourceType ne user".into(),
        "meta.resourceType pr".into(),
        format!("meta.location eq \"https://grafana.example{PATH_PREFIX}/scim/v2/Users/{ada}\""),
        "meta.location ew \"/Users/id-4\" or meta.location ew \"/Groups/id-13\"".into(),
        format!("members.$ref eq \"https://grafana.example{PATH_PREFIX}/scim/v2/Users/{ada}\""),
        "members pr".into(),
        format!("members eq \"{ada}\""),
        format!("members.value ne \"{ada}\""),
        format!("members[value eq \"{ada}\"]"),
        format!("members[value eq \"{ada}\" and type eq \"User\"]"),
        format!("members[$ref ew \"/Users/{ada}\"]"),
        "members.display co \"ADA\"".into(),
        "groups.display eq \"engines\"".into(),
        "groups pr".into(),
        "manager eq \"id-1\"".into(),
        "employeeNumber eq 7".into(),
        "title eq \"dr\"".into(),
        "name.familyName sw \"k\"".into(),
        "schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"".into(),
        "nosuch eq 1".into(),
        "nosuch ne 1".into(),
        "nosuch eq null".into(),
        "nosuch pr".into(),
        "nosuch[a eq 1]".into(),
    ];
    let mut all: Vec<String> = terms.to_vec();
    for (n, left) in terms.iter().enumerate() {
        // Every term beside several others, without trying all of a square.
        for step in [1, 7, 19] {
            let right = &terms[(n + step) % terms.len()];
            all.push(format!("{left} and {right}"));
            all.push(format!("{left} or {right}"));
            all.push(format!("not ({left} and not ({right}))"));
        }
        all.push(format!("not ({left})"));
        all.push(format!("id eq \"{ada}\" and {left}"));
    }
    all
}

#[tokio::test]
async fn sql_and_evaluation_find_the_same() {
    let server = directory().await;
    let tenant = domain::Tenant::of_org(OrgId::new(1));
    for (resource_type, path) in [(ResourceType::User, "/Users"), (ResourceType::Group, "/Groups")] {
        let everything = server.scim(Method::GET, path, Value::Null).await;
        let resources: Vec<Value> = everything.body["Resources"].as_array().unwrap().clone();
        for filter in filters() {
            let parsed = filter::parse(&filter).unwrap_or_else(|e| panic!("{filter}: {e}"));
            let expected: Vec<&str> = resources
                .iter()
                .filter(|resource| filter::matches(&parsed, resource_type, resource))
                .map(|resource| resource["id"].as_str().unwrap())
                .collect();
            let query = store::PageQuery {
                filter: Some(parsed),
                base: format!("https://grafana.example{PATH_PREFIX}/scim/v2"),
                limit: 100,
                ..Default::default()
            };
            let (total, found): (i64, Vec<String>) = match resource_type {
                ResourceType::User => {
                    let page = server.api.store.list_users(&tenant, &query, false).await.unwrap();
                    (page.total, page.items.into_iter().map(|view| view.record.id).collect())
                }
                ResourceType::Group => {
                    let page = server.api.store.list_groups(&tenant, &query, false).await.unwrap();
                    (page.total, page.items.into_iter().map(|view| view.record.id).collect())
                }
            };
            assert_eq!(found, expected, "{path}?filter={filter}");
            assert_eq!(total, i64::try_from(expected.len()).unwrap(), "{filter}");
        }
    }
}
