//! What `attributes` and `excludedAttributes` leave.

use serde_json::{Value, json};

use super::{Projection, apply};
use crate::{ResourceType, ScimType, schema};

const ENTERPRISE: &str = schema::ENTERPRISE_USER.urn;

fn user() -> Value {
    json!({
        "schemas": ["s"], "id": "1", "meta": { "version": "v" }, "userName": "u",
        "name": { "givenName": "g", "familyName": "f" },
        "emails": [{ "value": "a", "type": "work" }, { "value": "b" }],
        ENTERPRISE: { "department": "d", "division": "x" },
    })
}

fn shown(attributes: &[&str], excluded: &[&str]) -> Value {
    let projection = Projection::new(attributes.iter().copied(), excluded.iter().copied()).unwrap();
    let mut user = user();
    apply(&projection, ResourceType::User, &mut user);
    user
}

#[test]
fn only_what_is_asked_for_and_what_is_always_returned() {
    assert_eq!(
        shown(&["USERNAME"], &[]),
        json!({ "schemas": ["s"], "id": "1", "userName": "u" })
    );
    assert_eq!(shown(&["nosuch"], &[]), json!({ "schemas": ["s"], "id": "1" }));
    assert_eq!(shown(&["name.familyName"], &[])["name"], json!({ "familyName": "f" }));
    assert_eq!(
        shown(&["emails.value"], &[])["emails"],
        json!([{ "value": "a" }, { "value": "b" }])
    );
    assert_eq!(shown(&["emails.type", "emails.value"], &[])["emails"], user()["emails"]);
    assert_eq!(
        shown(&[&format!("{ENTERPRISE}:department")], &[])[ENTERPRISE],
        json!({ "department": "d" })
    );
    assert_eq!(shown(&[ENTERPRISE], &[])[ENTERPRISE], user()[ENTERPRISE]);
    assert_eq!(shown(&["", " "], &[]), user());
}

#[test]
fn postman_asks_for_attributes_with_a_filter() {
    assert_eq!(shown(&["emails[type eq \"work\"]"], &[])["emails"], user()["emails"]);
}

#[test]
fn what_is_excluded_goes_and_what_is_always_returned_stays() {
    let rest = shown(
        &[],
        &[
            "id",
            "schemas",
            "emails",
            "name.givenName",
            &format!("{ENTERPRISE}:division"),
            "nosuch",
        ],
    );
    assert_eq!(
        rest,
        json!({ "schemas": ["s"], "id": "1", "meta": { "version": "v" }, "userName": "u", "name": { "familyName": "f" }, ENTERPRISE: { "department": "d" } })
    );
    assert!(shown(&[], &[ENTERPRISE]).get(ENTERPRISE).is_none());
}

#[test]
fn both_at_once_is_refused() {
    assert_eq!(
        Projection::new(["id"], ["name"]).unwrap_err().scim_type,
        Some(ScimType::InvalidValue)
    );
}

#[test]
fn members_are_looked_for_only_when_they_are_shown() {
    let wants = |attributes: &[&str], excluded: &[&str]| {
        Projection::new(attributes.iter().copied(), excluded.iter().copied())
            .unwrap()
            .wants_members()
    };
    assert!(
        wants(&[], &[])
            && wants(&["members.value"], &[])
            && wants(&[], &["members.display"])
            && wants(&[schema::GROUP.urn], &[])
    );
    assert!(
        !wants(&["displayName"], &[])
            && !wants(&[], &["Members"])
            && !wants(&[], &["urn:ietf:params:scim:schemas:core:2.0:Group:members"])
    );
    assert!(!Projection::new(["userName"], []).unwrap().wants_groups());
}
