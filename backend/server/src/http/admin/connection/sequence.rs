//! The requests of a provider, from its connection test to the day somebody leaves.
//!
//! Owns: each provider's order, bodies and what it checks in the answers (docs/reference/identity-providers.md; the same habits as
//! `tests/src/idp`). Must never name a person who could exist. Start at [`play`].

use admin_api::{Check, IdentityProvider, TestOutcome};
use axum::http::Method;
use serde_json::{Value, json};

use super::sandbox::{Reply, Sandbox};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The schema Entra adds to groups.
const ADSCIM_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
/// Reserved for examples by RFC 2606.
const PERSON: &str = "connection-test@rollcall.example";

/// One request. `{user}` and `{group}` stand for the ids that were answered before.
struct Step {
    what: &'static str,
    method: Method,
    path: String,
    body: Value,
    /// What it has to be answered with.
    status: &'static [u16],
    /// What has to stand where in the answer.
    shows: Vec<(&'static str, Value)>,
}

impl Step {
    fn shows(mut self, at: &'static str, value: Value) -> Self {
        self.shows.push((at, value));
        self
    }
}

fn get(what: &'static str, path: impl Into<String>) -> Step {
    let (method, path) = (Method::GET, path.into());
    Step {
        what,
        method,
        path,
        body: Value::Null,
        status: &[200],
        shows: Vec::new(),
    }
}

fn send(what: &'static str, method: Method, path: &str, body: Value) -> Step {
    let status: &[u16] = match method {
        Method::POST => &[201],
        Method::DELETE => &[204],
        _ => &[200, 204],
    };
    Step {
        method,
        body,
        status,
        ..get(what, path)
    }
}

fn patch(what: &'static str, path: &str, operations: Value) -> Step {
    let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
    send(what, Method::PATCH, path, body)
}

fn eq(path: &str, attribute: &str, value: &str) -> String {
    format!("{path}filter={attribute} eq \"{value}\"")
}

fn okta() -> Vec<Step> {
    let profile = |active: bool, name: &str| {
        json!({
            "schemas": [USER], "userName": PERSON, "name": { "givenName": "Connection", "familyName": name },
            "emails": [{ "primary": true, "value": PERSON, "type": "work" }], "displayName": format!("Connection {name}"),
            "locale": "en-US", "externalId": "00u0connectiontest0", "active": active, "groups": [],
        })
    };
    let found = eq("/Users?", "userName", PERSON) + "&startIndex=1&count=100";
    let member = json!([{ "value": "{user}", "display": PERSON }]);
    vec![
        get("Test Connector Configuration", "/Users?startIndex=1&count=2").shows("/startIndex", json!(1)),
        get("Look for somebody who is new", found).shows("/totalResults", json!(0)),
        send("Create Users", Method::POST, "/Users", profile(true, "Test")).shows("/active", json!(true)),
        get("Read the person back", "/Users/{user}").shows("/userName", json!(PERSON)),
        send(
            "Update User Attributes",
            Method::PUT,
            "/Users/{user}",
            profile(true, "Renamed"),
        )
        .shows("/name/familyName", json!("Renamed")),
        send(
            "Push Groups",
            Method::POST,
            "/Groups",
            json!({ "schemas": [GROUP], "displayName": "Connection test", "members": member }),
        )
        .shows("/members/0/value", json!("{user}")),
        patch(
            "Take a member out of the group",
            "/Groups/{group}",
            json!([
                { "op": "replace", "value": { "id": "{group}", "displayName": "Connection test" } },
                { "op": "remove", "path": "members[value eq \"{user}\"]" },
            ]),
        ),
        patch(
            "Deactivate Users (catalogue application)",
            "/Users/{user}",
            json!([{ "op": "replace", "value": { "active": false } }]),
        )
        .shows("/active", json!(false)),
        send(
            "Deactivate Users (application made with the wizard)",
            Method::PUT,
            "/Users/{user}",
            profile(false, "Renamed"),
        )
        .shows("/active", json!(false)),
        send("Unlink the group", Method::DELETE, "/Groups/{group}", Value::Null),
    ]
}

fn entra() -> Vec<Step> {
    let object_id = "5f0c9a1e-7d52-4f4b-9a52-0d1f4e6b7c11";
    let person = json!({
        "schemas": [USER, ENTERPRISE], "externalId": object_id, "userName": PERSON, "active": true, "displayName": "Connection Test",
        "emails": [{ "primary": true, "type": "work", "value": PERSON }], "meta": { "resourceType": "User" },
        "name": { "formatted": "Connection Test", "familyName": "Test", "givenName": "Connection" }, "roles": [],
    });
    let member = json!([{ "$ref": null, "value": "{user}" }]);
    vec![
        get(
            "Test Connection",
            eq("/Users?", "userName", "9f2c8a53-6d10-4b17-8a64-3b5d1c0de9a1"),
        )
        .shows("/totalResults", json!(0)),
        get("Look for the object id", eq("/Users?", "externalId", object_id)).shows("/totalResults", json!(0)),
        send("Create a user", Method::POST, "/Users", person).shows("/externalId", json!(object_id)),
        get(
            "Look for the group",
            eq("/Groups?excludedAttributes=members&", "displayName", "Connection test"),
        )
        .shows("/totalResults", json!(0)),
        send(
            "Create a group, without members",
            Method::POST,
            "/Groups",
            json!({ "schemas": [GROUP, ADSCIM_GROUP], "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "Connection test" }),
        ),
        patch(
            "Update attributes (capital “Replace”)",
            "/Users/{user}",
            json!([
                { "op": "Replace", "path": "displayName", "value": "Connection Renamed" },
                { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": PERSON },
            ]),
        )
        .shows("/displayName", json!("Connection Renamed")),
        patch(
            "Add a member",
            "/Groups/{group}",
            json!([{ "op": "Add", "path": "members", "value": member }]),
        ),
        get("The member is in the group", "/Groups/{group}").shows("/members/0/value", json!("{user}")),
        patch(
            "Remove the member (a remove with a value)",
            "/Groups/{group}",
            json!([{ "op": "Remove", "path": "members", "value": member }]),
        ),
        patch(
            "Disable a user (“False” as text)",
            "/Users/{user}",
            json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        )
        .shows("/active", json!(false)),
        get("The disabled user is still found", eq("/Users?", "userName", PERSON))
            .shows("/Resources/0/active", json!(false)),
        send(
            "Delete the user, 30 days later",
            Method::DELETE,
            "/Users/{user}",
            Value::Null,
        ),
    ]
}

fn other() -> Vec<Step> {
    let person = |active: bool| {
        json!({
            "schemas": [USER], "userName": PERSON, "externalId": "connection-test", "active": active,
            "name": { "givenName": "Connection", "familyName": "Test" }, "emails": [{ "value": PERSON, "primary": true }],
        })
    };
    vec![
        get("Read what the service can do", "/ServiceProviderConfig").shows("/patch/supported", json!(true)),
        get("Look for somebody who is new", eq("/Users?", "userName", PERSON)).shows("/totalResults", json!(0)),
        send("Create a user", Method::POST, "/Users", person(true)).shows("/active", json!(true)),
        send("Replace the user", Method::PUT, "/Users/{user}", person(true)).shows("/userName", json!(PERSON)),
        send(
            "Create a group",
            Method::POST,
            "/Groups",
            json!({ "schemas": [GROUP], "displayName": "Connection test" }),
        ),
        patch(
            "Add a member",
            "/Groups/{group}",
            json!([{ "op": "add", "path": "members", "value": [{ "value": "{user}" }] }]),
        ),
        patch(
            "Remove the member",
            "/Groups/{group}",
            json!([{ "op": "remove", "path": "members[value eq \"{user}\"]" }]),
        ),
        patch(
            "Deactivate the user",
            "/Users/{user}",
            json!([{ "op": "replace", "path": "active", "value": false }]),
        )
        .shows("/active", json!(false)),
        send("Delete the group", Method::DELETE, "/Groups/{group}", Value::Null),
        send("Delete the user", Method::DELETE, "/Users/{user}", Value::Null),
    ]
}

/// Plays all of them; the first that goes wrong is the last.
pub(super) async fn play(sandbox: &Sandbox, provider: IdentityProvider) -> Vec<Check> {
    let steps = match provider {
        IdentityProvider::Okta => okta(),
        IdentityProvider::Entra => entra(),
        IdentityProvider::Other => other(),
    };
    let (mut user, mut group) = (String::new(), String::new());
    let mut checks = Vec::new();
    for step in steps {
        let filled = |text: &str| text.replace("{user}", &user).replace("{group}", &group);
        let path = filled(&step.path);
        let body = (!step.body.is_null()).then(|| filled(&step.body.to_string()));
        let reply = sandbox.send(&step.method, &path, body).await;
        let wrong = wrong(&step, &reply, &user);
        let failed = wrong.is_some();
        checks.push(Check {
            what: step.what.to_owned(),
            outcome: if failed { TestOutcome::Failed } else { TestOutcome::Ok },
            detail: wrong.unwrap_or_default(),
            request: format!("{} {path}", step.method),
            status: Some(reply.status),
            ..Check::default()
        });
        if failed {
            break;
        }
        if step.method == Method::POST {
            let made = if path == "/Users" { &mut user } else { &mut group };
            reply.id().unwrap_or_default().clone_into(made);
        }
    }
    checks
}

/// What the provider would stumble over.
fn wrong(step: &Step, reply: &Reply, user: &str) -> Option<String> {
    if !step.status.contains(&reply.status) {
        return Some(format!("It was refused: {}", reply.detail()));
    }
    if step.method == Method::POST && reply.id().is_none_or(str::is_empty) {
        return Some("The answer has no id.".to_owned());
    }
    // A PATCH may be answered without a body.
    if reply.status == 204 {
        return None;
    }
    let missing = |(at, value): &(&'static str, Value)| {
        let wanted = if value == "{user}" { json!(user) } else { value.clone() };
        reply.body.pointer(at) != Some(&wanted)
    };
    let (at, value) = step.shows.iter().find(|shown| missing(shown))?;
    Some(format!("The answer does not have {value} at {at}."))
}
