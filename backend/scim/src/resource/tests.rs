//! POST and PUT bodies, each test named after the client it is for.

use serde_json::{Value, json};

use super::{Document, Incoming, create, parse, replace};
use crate::{Member, ResourceType, ScimType, schema};

const ENTERPRISE: &str = schema::ENTERPRISE_USER.urn;

fn read(body: Value) -> Incoming {
    parse(ResourceType::User, &body).unwrap()
}

fn created(body: Value) -> Document {
    create(ResourceType::User, read(body)).unwrap()
}

fn refused(body: Value) -> Option<ScimType> {
    parse(ResourceType::User, &body)
        .and_then(|incoming| create(ResourceType::User, incoming))
        .unwrap_err()
        .scim_type
}

#[test]
fn the_microsoft_validators_create_payload_is_kept() {
    let document = created(json!({
        "schemas": [schema::USER.urn, ENTERPRISE], "userName": "u", "externalId": "e", "active": true,
        "profileUrl": "not a uri", "locale": "Dolores", "timezone": "random",
        "roles": [{ "primary": "True", "display": "d", "value": "v", "type": "random" }],
        "phoneNumbers": [{ "type": "work", "value": "1" }, { "type": "fax", "value": "2" }],
        ENTERPRISE: { "manager": { "value": "nobody" }, "department": "D" },
    }));
    let map = document.as_map();
    assert_eq!(
        map["roles"],
        json!([{ "primary": true, "display": "d", "value": "v", "type": "random" }])
    );
    assert_eq!(
        (&map["profileUrl"], &map["locale"]),
        (&json!("not a uri"), &json!("Dolores"))
    );
    assert_eq!(map[ENTERPRISE]["manager"], json!({ "value": "nobody" }));
}

#[test]
fn entra_sends_nulls_a_bad_urn_and_attributes_at_the_top() {
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User";
    let incoming = read(json!({
        "schemas": [urn], "UserName": "u", "addresses": null, "manager": null, "Department": "Sums", "roles": [], urn: { "department": "x" },
    }));
    assert_eq!(incoming.dropped, [urn]);
    assert!(incoming.cleared.contains("addresses") && incoming.cleared.contains("roles"));
    let document = create(ResourceType::User, incoming).unwrap();
    assert_eq!(document.as_map()[ENTERPRISE], json!({ "department": "Sums" }));
    assert_eq!((document.user_name(), document.active()), (Some("u"), true));
}

#[test]
fn okta_sends_back_the_answer_and_read_only_parts_are_ignored() {
    let document = created(json!({
        "id": "x", "meta": { "version": "W/\"1\"" }, "groups": [{ "value": "g" }], "schemas": [schema::USER.urn],
        "userName": "u", "password": "s3cret", "locale": "en-US",
    }));
    assert_eq!(
        document.as_map().keys().collect::<Vec<_>>(),
        ["active", "locale", "userName"]
    );
}

#[test]
fn rauthys_custom_object_is_dropped_and_counted() {
    let incoming = read(json!({
        "userName": "u", "custom": { "a": 1 }, "emails": "a@b.test", "roles": ["x"], "active": "false",
        ENTERPRISE: { "employeeNumber": 7, "manager": "m", "shoeSize": 44 },
    }));
    assert_eq!(incoming.dropped, ["custom", &format!("{ENTERPRISE}:shoeSize")]);
    let document = create(ResourceType::User, incoming).unwrap();
    assert_eq!(document.emails(), ["a@b.test"]);
    assert_eq!(document.as_map()["roles"], json!([{ "value": "x" }]));
    assert_eq!(
        document.as_map()[ENTERPRISE],
        json!({ "employeeNumber": "7", "manager": { "value": "m" } })
    );
    assert!(!document.active());
}

#[test]
fn onelogins_manager_without_a_value_is_no_manager() {
    let document = created(
        json!({ "userName": "u", "id": null, ENTERPRISE: { "manager": { "managerId": "1", "displayName": "d" } } }),
    );
    assert!(!document.as_map().contains_key(ENTERPRISE));
}

#[test]
fn what_is_missing_or_of_the_wrong_type_is_refused() {
    for body in [
        json!({}),
        json!({ "userName": "" }),
        json!({ "userName": "  " }),
        json!({ "userName": null }),
        json!({ "userName": ["a", "b"] }),
        json!({ "userName": "u", "active": "yes" }),
        json!({ "userName": "u", "name": "Ada" }),
        json!({ "userName": true }),
        json!({ "userName": "u", "emails": [["x"]] }),
        json!({ "userName": "u", "addresses": ["x"] }),
        json!({ "userName": "u", ENTERPRISE: 7 }),
    ] {
        assert_eq!(refused(body.clone()), Some(ScimType::InvalidValue), "{body}");
    }
    for body in [
        json!([]),
        json!("x"),
        json!({ "userName": "a", "USERNAME": "b" }),
        json!({ "userName": "a", "name": { "givenName": "a", "GivenName": "b" } }),
    ] {
        assert_eq!(refused(body.clone()), Some(ScimType::InvalidSyntax), "{body}");
    }
}

#[test]
fn at_most_one_value_is_primary() {
    let document = created(json!({ "userName": "u", "emails": [
        { "value": "a", "primary": true }, { "value": "b", "primary": true }, { "value": "c", "primary": false }] }));
    assert_eq!(document.primary_email(), Some("a"));
    assert_eq!(document.as_map()["emails"][1]["primary"], json!(false));
}

#[test]
fn a_put_clears_what_is_left_out_but_not_for_partial_clients() {
    let current = created(json!({
        "userName": "u", "nickName": "n", "externalId": "e", "active": false, "emails": [{ "value": "a" }], ENTERPRISE: { "department": "d" },
    }));
    let (after, changed) = replace(ResourceType::User, &current, read(json!({ "userName": "u" }))).unwrap();
    assert!(changed);
    assert_eq!((after.external_id(), after.active()), (Some("e"), false));
    assert!(after.as_map().contains_key(ENTERPRISE));
    assert!(!after.as_map().contains_key("nickName") && !after.as_map().contains_key("emails"));

    let cleared = read(json!({ "userName": "u", "externalId": null, "active": null, ENTERPRISE: null }));
    let (after, _) = replace(ResourceType::User, &current, cleared).unwrap();
    assert_eq!(after.external_id(), None);
    assert!(!after.as_map().contains_key(ENTERPRISE));
    assert!(!after.active(), "null must not let a deactivated user in");

    assert_eq!(
        replace(ResourceType::User, &current, read(json!({})))
            .unwrap_err()
            .scim_type,
        Some(ScimType::InvalidValue)
    );
}

#[test]
fn a_put_of_what_is_there_changes_nothing() {
    let current = created(json!({ "userName": "u", "emails": [{ "value": "a", "primary": "True" }] }));
    let body = Value::Object(current.as_map().clone());
    assert_eq!(
        replace(ResourceType::User, &current, read(body)).unwrap(),
        (current, false)
    );
}

#[test]
fn absent_members_are_told_from_no_members() {
    let members = |body| parse(ResourceType::Group, &body).unwrap().members;
    assert_eq!(members(json!({ "displayName": "g" })), None);
    assert_eq!(members(json!({ "displayName": "g", "members": null })), Some(vec![]));
    assert_eq!(members(json!({ "displayName": "g", "members": [] })), Some(vec![]));
    assert_eq!(
        members(json!({ "displayName": "g", "Members": [{ "value": "u" }, "u"] })),
        Some(vec![Member::user("u")])
    );
}

#[test]
fn the_name_to_show_is_the_best_there_is() {
    let name = |body: Value| created(body).formatted_name().unwrap();
    let full = json!({ "formatted": "F", "givenName": "G", "familyName": "N" });
    assert_eq!(name(json!({ "userName": "u", "displayName": "D", "name": full })), "D");
    assert_eq!(name(json!({ "userName": "u", "name": full })), "F");
    assert_eq!(
        name(json!({ "userName": "u", "name": { "givenName": "G", "familyName": "N" } })),
        "G N"
    );
    assert_eq!(
        name(json!({ "userName": "u", "displayName": " ", "name": { "familyName": "N" } })),
        "N"
    );
    assert_eq!(name(json!({ "userName": "u" })), "u");
}

#[test]
fn the_e_mail_is_the_primary_else_the_work_one_else_the_first() {
    let email = |emails: Value| {
        created(json!({ "userName": "u", "emails": emails }))
            .primary_email()
            .map(str::to_owned)
    };
    assert_eq!(
        email(json!([{ "value": "a" }, { "value": "b", "type": "Work" }, { "value": "c", "primary": true }])),
        Some("c".into())
    );
    assert_eq!(
        email(json!([{ "value": "a" }, { "value": "b", "type": "Work" }])),
        Some("b".into())
    );
    assert_eq!(email(json!([{ "type": "work" }, { "value": "a" }])), Some("a".into()));
    assert_eq!(email(json!([])), None);
}
