//! PATCH as RFC 7644 has it and as identity providers send it, each test named after the client it is for.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Applied, MemberChange, Patch};
use crate::{
    Document, Error, Member, MemberKind, ResourceType, ScimType, limits,
    render::{Meta, Shown},
    resource, schema,
};

const ENTERPRISE: &str = schema::ENTERPRISE_USER.urn;

fn user() -> Document {
    document(
        ResourceType::User,
        json!({
            "userName": "ada", "displayName": "Ada", "externalId": "e-1", "active": true,
            "name": { "givenName": "Ada", "familyName": "King" },
            "emails": [
                { "value": "ada@work.test", "type": "work", "primary": true },
                { "value": "ada@home.test", "type": "home" },
            ],
            ENTERPRISE: { "department": "Sums", "manager": { "value": "m-1", "$ref": "../Users/m-1" } },
        }),
    )
}

fn group() -> Document {
    document(ResourceType::Group, json!({ "displayName": "Engines" }))
}

fn document(resource_type: ResourceType, body: Value) -> Document {
    resource::create(resource_type, resource::parse(resource_type, &body).unwrap()).unwrap()
}

fn run(resource_type: ResourceType, current: &Document, operations: Value) -> Result<Applied, Error> {
    let body = json!({ "schemas": [super::URN], "Operations": operations });
    Patch::parse(&body)?.apply(resource_type, current, shown(&meta(resource_type)))
}

fn meta(resource_type: ResourceType) -> Meta {
    Meta {
        id: "x-1".into(),
        created_ms: 0,
        modified_ms: 0,
        version: 1,
        location: format!("https://x.test/{}/x-1", resource_type.endpoint()),
    }
}

fn shown(meta: &Meta) -> Shown<'_> {
    Shown { meta, groups: &[] }
}

fn patched(operations: Value) -> Value {
    let applied = run(ResourceType::User, &user(), operations).unwrap();
    Value::Object(applied.document.into_map())
}

fn refused(operations: Value) -> Option<ScimType> {
    run(ResourceType::User, &user(), operations).unwrap_err().scim_type
}

fn members(operations: Value) -> Vec<MemberChange> {
    let applied = run(ResourceType::Group, &group(), operations).unwrap();
    assert!(!applied.document.as_map().contains_key("members"));
    applied.members
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

// ---- the message

#[test]
fn entra_capitalises_ops_and_sends_booleans_as_strings() {
    let after = patched(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    assert_eq!(after["active"], json!(false));
}

#[test]
fn postman_capitalises_keys_and_adds_an_id() {
    let body = json!({ "Schemas": [super::URN.to_uppercase()], "id": "7",
        "operations": [{ "OP": "add", "Path": "nickName", "Value": "A" }] });
    let applied = Patch::parse(&body)
        .unwrap()
        .apply(ResourceType::User, &user(), shown(&meta(ResourceType::User)))
        .unwrap();
    assert_eq!(applied.document.as_map()["nickName"], json!("A"));
}

#[test]
fn microsofts_validator_sends_no_operations_and_nothing_changes() {
    let applied = run(ResourceType::User, &user(), json!([])).unwrap();
    assert!(!applied.changed && applied.members.is_empty());
}

#[test]
fn schemas_may_be_missing_but_not_another_message() {
    assert!(Patch::parse(&json!({ "Operations": [] })).is_ok());
    assert_eq!(Patch::parse(&json!({})), Ok(Patch::default()), "ConnId leaves them out");
    let wrong = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [] });
    assert_eq!(
        Patch::parse(&wrong).unwrap_err().scim_type,
        Some(ScimType::InvalidSyntax)
    );
    for body in [
        json!([]),
        json!({ "Operations": {} }),
        json!({ "Operations": [7] }),
        json!({ "Operations": [{ "op": "move" }] }),
        json!({ "Operations": [], "operations": [] }),
        json!({ "Operations": [{ "op": "add", "OP": "add" }] }),
    ] {
        assert_eq!(
            Patch::parse(&body).unwrap_err().scim_type,
            Some(ScimType::InvalidSyntax),
            "{body}"
        );
    }
}

#[test]
fn the_number_of_operations_is_limited_by_name() {
    let operations = |count| json!({ "Operations": vec![json!({ "op": "add", "path": "members", "value": [{ "value": "u" }] }); count] });
    assert!(Patch::parse(&operations(limits::PATCH_OPERATIONS)).is_ok());
    let error = Patch::parse(&operations(limits::PATCH_OPERATIONS + 1)).unwrap_err();
    assert!(error.detail.contains("10000") && error.scim_type == Some(ScimType::TooMany));
}

#[test]
fn members_are_removed_by_few_filters_and_by_any_number_of_ids() {
    let by = |name: &str, count: usize| {
        let operation = |n| json!({ "op": "remove", "path": format!("members[{name} eq \"{n}\"]") });
        run(ResourceType::Group, &group(), (0..count).map(operation).collect())
    };
    assert_eq!(
        by("display", limits::MEMBER_FILTERS).unwrap().members.len(),
        limits::MEMBER_FILTERS
    );
    let error = by("display", limits::MEMBER_FILTERS + 1).unwrap_err();
    assert!(error.detail.contains("100") && error.scim_type == Some(ScimType::TooMany));
    assert_eq!(by("value", limits::PATCH_OPERATIONS).unwrap().members.len(), 1);
}

#[test]
fn the_work_of_a_whole_patch_is_limited_by_name() {
    let values: Vec<Value> = (0..limits::VALUES)
        .map(|n| json!({ "value": format!("v{n}") }))
        .collect();
    let lists = |count: usize| {
        let add = json!({ "op": "add", "path": "entitlements", "value": values });
        run(ResourceType::User, &user(), json!(vec![add; count]))
    };
    // The first finds none there: (1 + 1,000) × 1,000; each after it (1,000 + 1,000) × 1,000.
    assert!(lists(10).is_ok());
    let error = lists(11).unwrap_err();
    assert!(
        error.detail.contains("20000000") && error.scim_type == Some(ScimType::TooMany),
        "{error}"
    );
    // Many operations on a list as long as it may be are well below it.
    let mut one_by_one = vec![json!({ "op": "add", "path": "entitlements", "value": values })];
    one_by_one.resize(
        1_000,
        json!({ "op": "replace", "path": "entitlements[value eq \"v7\"].display", "value": "x" }),
    );
    assert!(run(ResourceType::User, &user(), json!(one_by_one)).is_ok());
}

#[test]
fn a_path_may_be_a_comparison_as_erratum_7122_reads() {
    let after = patched(json!([{ "op": "remove", "path": "emails.type eq \"work\"" }]));
    assert_eq!(after["emails"], json!([{ "value": "ada@home.test", "type": "home" }]));
    assert_eq!(
        patched(json!([{ "op": "remove", "path": "emails eq \"ADA@home.test\"" }]))["emails"][0]["type"],
        json!("work")
    );
    let removed = members(json!([{ "op": "remove", "path": "members eq \"u-1\"" }]));
    assert_eq!(removed, [MemberChange::Remove(ids(&["u-1"]))]);
    let after = patched(json!([{ "op": "remove", "path": format!("schemas eq \"{ENTERPRISE}\"") }]));
    assert!(after.get(ENTERPRISE).is_none(), "with the schema goes what it holds");
    assert_eq!(
        refused(json!([{ "op": "remove", "path": format!("schemas eq \"{}\"", schema::USER.urn) }])),
        Some(ScimType::Mutability)
    );
    assert_eq!(
        refused(json!([{ "op": "remove", "path": "displayName eq \"Ada\"" }])),
        Some(ScimType::InvalidPath)
    );
}

#[test]
fn a_later_failure_leaves_nothing_changed() {
    let current = user();
    let result = run(
        ResourceType::User,
        &current,
        json!([
            { "op": "replace", "path": "displayName", "value": "X" },
            { "op": "replace", "path": "id", "value": "X" },
        ]),
    );
    assert_eq!(result.unwrap_err().scim_type, Some(ScimType::Mutability));
    assert_eq!(current, user());
}

// ---- attributes

#[test]
fn what_changes_nothing_is_not_a_change() {
    for operations in [
        json!([{ "op": "replace", "path": "active", "value": true }]),
        json!([{ "op": "add", "path": "emails", "value": [{ "value": "ada@home.test", "type": "home" }] }]),
        json!([{ "op": "remove", "path": "nickName" }]),
        json!([{ "op": "remove", "path": "emails[type eq \"other\"]" }]),
        json!([{ "op": "replace", "path": "displayName", "value": "Y" }, { "op": "replace", "path": "displayName", "value": "Ada" }]),
        json!([{ "op": "add", "path": "title", "value": null }]),
    ] {
        assert!(
            !run(ResourceType::User, &user(), operations.clone()).unwrap().changed,
            "{operations}"
        );
    }
}

#[test]
fn replacing_part_of_a_complex_attribute_keeps_the_rest() {
    let after = patched(json!([{ "op": "replace", "path": "name", "value": { "familyName": "Lovelace" } }]));
    assert_eq!(after["name"], json!({ "givenName": "Ada", "familyName": "Lovelace" }));
    let after = patched(json!([{ "op": "replace", "path": "name", "value": { "familyName": null } }]));
    assert_eq!(after["name"], json!({ "givenName": "Ada" }));
    let after =
        patched(json!([{ "op": "remove", "path": "name.givenName" }, { "op": "remove", "path": "name.familyName" }]));
    assert!(after.get("name").is_none());
}

#[test]
fn adding_to_a_list_appends_and_replacing_it_replaces() {
    let other = json!([{ "value": "a@other.test", "type": "other" }]);
    assert_eq!(
        patched(json!([{ "op": "add", "path": "emails", "value": other }]))["emails"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        patched(json!([{ "op": "replace", "path": "emails", "value": other }]))["emails"],
        other
    );
    assert!(
        patched(json!([{ "op": "replace", "path": "emails", "value": [] }]))
            .get("emails")
            .is_none()
    );
}

#[test]
fn a_new_primary_takes_it_from_the_old_one() {
    for operation in [
        json!({ "op": "add", "path": "emails", "value": { "value": "n@x.test", "primary": true } }),
        json!({ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": "True" }),
        json!({ "op": "add", "path": "emails", "value": [{ "value": "ada@home.test", "type": "home", "primary": true }] }),
    ] {
        let after = patched(json!([operation]));
        let emails = after["emails"].as_array().unwrap();
        assert_eq!(emails[0]["primary"], json!(false), "{operation}");
        assert_eq!(
            emails.iter().filter(|email| email["primary"] == json!(true)).count(),
            1,
            "{operation}"
        );
    }
}

#[test]
fn a_filtered_path_changes_every_match_and_nothing_else() {
    let after =
        patched(json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@work.test" }]));
    assert_eq!(after["emails"][0]["value"], json!("new@work.test"));
    assert_eq!(after["emails"][1]["value"], json!("ada@home.test"));
    let after = patched(json!([{ "op": "remove", "path": "emails[type eq \"work\" and value ew \"work.test\"]" }]));
    assert_eq!(after["emails"], json!([{ "value": "ada@home.test", "type": "home" }]));
    let after = patched(json!([{ "op": "remove", "path": "emails[value pr]" }]));
    assert!(after.get("emails").is_none());
    let after = patched(json!([{ "op": "replace", "path": "emails[value pr].display", "value": "D" }]));
    assert!(
        after["emails"]
            .as_array()
            .unwrap()
            .iter()
            .all(|email| email["display"] == json!("D"))
    );
}

#[test]
fn entra_expects_the_element_it_names_to_be_made() {
    for op in ["Add", "Replace"] {
        let after = patched(json!([{ "op": op, "path": "emails[type eq \"other\"].value", "value": "o@x.test" }]));
        assert_eq!(after["emails"][2], json!({ "type": "other", "value": "o@x.test" }));
        let after =
            patched(json!([{ "op": op, "path": "addresses[type eq \"work\"].streetAddress", "value": "1 Way" }]));
        assert_eq!(
            after["addresses"],
            json!([{ "type": "work", "streetAddress": "1 Way" }])
        );
    }
    let after = patched(json!([
        { "op": "add", "path": "roles[primary eq \"True\"].value", "value": "r" },
        { "op": "add", "path": "phoneNumbers[type eq \"mobile\" and primary eq true].value", "value": "1" },
    ]));
    assert_eq!(after["roles"], json!([{ "primary": true, "value": "r" }]));
    assert_eq!(
        after["phoneNumbers"],
        json!([{ "type": "mobile", "primary": true, "value": "1" }])
    );
}

#[test]
fn a_filter_that_describes_no_value_has_no_target() {
    for path in [
        "emails[type ne \"work\" and type ne \"home\"].value",
        "emails[value co \"nobody\"]",
        "ims[not (value pr)].value",
    ] {
        let operation = json!([{ "op": "replace", "path": path, "value": { "value": "x" } }]);
        let operation = if path.ends_with("value") {
            json!([{ "op": "replace", "path": path, "value": "x" }])
        } else {
            operation
        };
        assert_eq!(refused(operation), Some(ScimType::NoTarget), "{path}");
    }
}

#[test]
fn entra_clears_by_an_empty_string_or_null() {
    for empty in [json!(""), json!(null)] {
        let after = patched(json!([
            { "op": "Replace", "path": "displayName", "value": empty },
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": empty },
            { "op": "Replace", "path": format!("{ENTERPRISE}:manager"), "value": empty },
            { "op": "Replace", "path": "externalId", "value": empty },
        ]));
        assert!(after.get("displayName").is_none() && after.get("externalId").is_none());
        assert_eq!(after["emails"], json!([{ "value": "ada@home.test", "type": "home" }]));
        assert_eq!(after[ENTERPRISE], json!({ "department": "Sums" }));
    }
}

#[test]
fn clearing_active_does_not_let_a_deactivated_user_in() {
    let off = document(ResourceType::User, json!({ "userName": "ada", "active": false }));
    let applied = run(
        ResourceType::User,
        &off,
        json!([{ "op": "replace", "value": { "active": null } }]),
    )
    .unwrap();
    assert!(!applied.changed && !applied.document.active());
}

#[test]
fn required_and_read_only_attributes_cannot_be_touched() {
    for operation in [
        json!({ "op": "remove", "path": "userName" }),
        json!({ "op": "replace", "path": "userName", "value": "" }),
        json!({ "op": "replace", "path": "id", "value": "x" }),
        json!({ "op": "add", "path": "groups", "value": [{ "value": "g" }] }),
        json!({ "op": "remove", "path": "meta.version" }),
        json!({ "op": "replace", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "x" }),
    ] {
        assert_eq!(refused(json!([operation])), Some(ScimType::Mutability), "{operation}");
    }
    assert_eq!(refused(json!([{ "op": "remove" }])), Some(ScimType::NoTarget));
    assert_eq!(
        refused(json!([{ "op": "add", "path": "name[", "value": 1 }])),
        Some(ScimType::InvalidFilter)
    );
    assert_eq!(
        refused(json!([{ "op": "add", "path": "na me", "value": 1 }])),
        Some(ScimType::InvalidPath)
    );
    assert_eq!(
        refused(json!([{ "op": "add", "path": "userName[value eq \"x\"]", "value": 1 }])),
        Some(ScimType::InvalidPath)
    );
    assert_eq!(
        refused(json!([{ "op": "replace", "path": "displayName" }])),
        Some(ScimType::InvalidValue)
    );
    assert_eq!(
        refused(json!([{ "op": "replace", "path": "active", "value": "maybe" }])),
        Some(ScimType::InvalidValue)
    );
    assert_eq!(
        refused(json!([{ "op": "replace", "value": "x" }])),
        Some(ScimType::InvalidValue)
    );
    assert_eq!(
        refused(json!([{ "op": "replace", "value": { "active": true, "Active": false } }])),
        Some(ScimType::InvalidSyntax)
    );
}

#[test]
fn entra_with_the_flag_sends_dotted_and_qualified_keys() {
    let after = patched(json!([{ "op": "replace", "value": {
        "DisplayName": "X", "name.givenName": "G", format!("{ENTERPRISE}:employeeNumber"): 7,
        "emails[type eq \"work\"].value": "k@x.test", ENTERPRISE: { "division": "D" }, "custom": { "a": 1 },
    } }]));
    assert_eq!(after["displayName"], json!("X"));
    assert_eq!(after["name"], json!({ "givenName": "G", "familyName": "King" }));
    assert_eq!(after["emails"][0]["value"], json!("k@x.test"));
    assert_eq!(after[ENTERPRISE]["employeeNumber"], json!("7"));
    assert_eq!(
        (&after[ENTERPRISE]["division"], &after[ENTERPRISE]["department"]),
        (&json!("D"), &json!("Sums"))
    );
}

#[test]
fn unknown_attributes_are_dropped_and_counted() {
    let applied = run(ResourceType::User, &user(), json!([
        { "op": "add", "path": "urn:acme:User:badge", "value": 7 },
        { "op": "add", "path": "members", "value": [{ "value": "x" }] },
        { "op": "add", "value": { "custom": 1, "name": { "nick": "x" } } },
        { "op": "replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department", "value": "D" },
    ])).unwrap();
    assert!(!applied.changed && applied.members.is_empty());
    assert_eq!(applied.dropped.len(), 5);
}

#[test]
fn okta_and_authentik_repeat_id_and_schemas_in_the_value() {
    let applied = run(ResourceType::Group, &group(), json!([
        { "op": "replace", "path": null, "value": { "id": "g-1", "schemas": [schema::GROUP.urn], "displayName": "New", "externalId": "x", "meta": {} } },
    ])).unwrap();
    assert_eq!(applied.document.display_name(), Some("New"));
    assert!(!applied.document.as_map().contains_key("id"));
}

#[test]
fn the_manager_comes_from_entra_as_string_list_or_object() {
    for value in [
        json!("m-2"),
        json!([{ "$ref": null, "value": "m-2" }]),
        json!({ "value": "m-2", "displayName": "Eve" }),
    ] {
        for path in [
            "manager".to_owned(),
            format!("{ENTERPRISE}:manager"),
            format!("{ENTERPRISE}:manager.value"),
        ] {
            let value = if path.ends_with("value") {
                json!("m-2")
            } else {
                value.clone()
            };
            let after = patched(json!([{ "op": "Add", "path": path, "value": value }]));
            assert_eq!(
                after[ENTERPRISE]["manager"],
                json!({ "value": "m-2" }),
                "{path} {value}"
            );
        }
    }
    assert!(
        patched(json!([{ "op": "Remove", "path": "manager", "value": { "value": "m-1" } }]))[ENTERPRISE]
            .get("manager")
            .is_none()
    );
}

#[test]
fn scim2_tester_patches_a_bare_extension_urn() {
    let after = patched(json!([{ "op": "add", "path": ENTERPRISE, "value": { "division": "D" } }]));
    assert_eq!(after[ENTERPRISE]["division"], json!("D"));
    assert!(
        patched(json!([{ "op": "remove", "path": ENTERPRISE.to_uppercase() }]))
            .get(ENTERPRISE)
            .is_none()
    );
    let after = patched(json!([{ "op": "remove", "path": "department" }, { "op": "remove", "path": "manager" }]));
    assert!(after.get(ENTERPRISE).is_none(), "an empty extension is not in use");
    let after = patched(json!([{ "op": "add", "path": schema::USER.urn, "value": { "title": "T" } }]));
    assert_eq!(after["title"], json!("T"));
}

#[test]
fn removing_with_a_value_removes_only_what_is_listed() {
    let after = patched(json!([{ "op": "remove", "path": "emails", "value": [{ "value": "ada@work.test" }] }]));
    assert_eq!(after["emails"], json!([{ "value": "ada@home.test", "type": "home" }]));
    assert_eq!(
        patched(json!([{ "op": "remove", "path": "emails", "value": [] }]))["emails"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert!(
        patched(json!([{ "op": "remove", "path": "emails" }]))
            .get("emails")
            .is_none()
    );
}

#[test]
fn a_password_is_taken_and_never_kept() {
    let applied = run(
        ResourceType::User,
        &user(),
        json!([{ "op": "replace", "path": "password", "value": "s3cret" },
        { "op": "replace", "value": { "password": "s3cret" } }]),
    )
    .unwrap();
    assert!(!applied.changed && !format!("{applied:?}").contains("s3cret"));
}

#[test]
fn values_of_one_attribute_are_limited_by_name() {
    let many = |count: usize| -> Value { (0..count).map(|n| json!({ "value": n.to_string() })).collect() };
    assert!(
        run(
            ResourceType::User,
            &user(),
            json!([{ "op": "replace", "path": "roles", "value": many(limits::VALUES) }])
        )
        .is_ok()
    );
    let error = run(
        ResourceType::User,
        &user(),
        json!([{ "op": "replace", "path": "roles", "value": many(limits::VALUES) },
        { "op": "add", "path": "roles", "value": [{ "value": "more" }] }]),
    )
    .unwrap_err();
    assert!(error.detail.contains("1000"));
}

// ---- members

#[test]
fn entra_removes_only_the_members_it_lists() {
    let changes = members(json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "u-1" }] }]));
    assert_eq!(changes, [MemberChange::Remove(ids(&["u-1"]))]);
}

#[test]
fn removing_an_empty_list_removes_nobody() {
    for value in [json!([]), json!(""), json!([null]), json!({})] {
        assert!(members(json!([{ "op": "remove", "path": "members", "value": value }])).is_empty());
    }
    let garbage = json!([{ "op": "remove", "path": "members", "value": [{ "display": "x" }] }]);
    assert!(run(ResourceType::Group, &group(), garbage).is_err());
}

#[test]
fn removing_members_without_a_value_removes_all() {
    assert_eq!(
        members(json!([{ "op": "remove", "path": "members" }])),
        [MemberChange::Clear]
    );
    assert_eq!(
        members(json!([{ "op": "replace", "path": "members", "value": [] }])),
        [MemberChange::Clear]
    );
    let no_value = json!([{ "op": "replace", "path": "members" }]);
    assert!(
        run(ResourceType::Group, &group(), no_value).is_err(),
        "a forgotten value must not empty the group"
    );
}

#[test]
fn okta_removes_by_filter_and_adds_in_the_same_request() {
    let changes = members(json!([
        { "op": "remove", "path": "members[value eq \"u-1\"]" },
        { "op": "add", "path": "members", "value": [{ "value": "u-2", "display": "u2@x.test" }] },
        { "op": "remove", "path": "members[value eq \"u-3\" or value eq \"u-4\"]" },
        { "op": "remove", "path": "members[display sw \"x\"]" },
        { "op": "replace", "value": { "members": [{ "value": "g", "type": "Group" }] } },
    ]));
    assert!(
        matches!(&changes[..], [MemberChange::Remove(one), MemberChange::Add(two), MemberChange::Remove(three),
        MemberChange::RemoveMatching(_), MemberChange::Replace(four)]
        if *one == ids(&["u-1"]) && two[0].display.as_deref() == Some("u2@x.test") && *three == ids(&["u-3", "u-4"])
            && four[0].kind == MemberKind::Group),
        "{changes:?}"
    );
}

#[test]
fn postman_and_keycloak_add_members_in_their_own_shapes() {
    assert_eq!(
        members(json!([{ "op": "add", "path": "members", "value": "u-1" }])),
        [MemberChange::Add(vec![Member::user("u-1")])]
    );
    assert_eq!(
        members(json!([{ "op": "add", "value": { "members": [{ "value": "u-1" }] } }])),
        [MemberChange::Add(vec![Member::user("u-1")])]
    );
}

#[test]
fn authentik_sends_one_operation_per_member_by_the_thousand() {
    let operations: Value = (0..limits::PATCH_OPERATIONS)
        .map(|n| json!({ "op": "add", "path": "members", "value": [{ "value": format!("u-{n}") }] }))
        .collect();
    let changes = members(operations);
    assert!(matches!(&changes[..], [MemberChange::Add(all)] if all.len() == limits::PATCH_OPERATIONS));
}

#[test]
fn parts_of_a_member_are_immutable() {
    let operation = json!([{ "op": "replace", "path": "members[value eq \"u\"].display", "value": "x" }]);
    assert_eq!(
        run(ResourceType::Group, &group(), operation).unwrap_err().scim_type,
        Some(ScimType::Mutability)
    );
}

// ---- properties

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec!["", "x", "True", "work", "ada@work.test"]).prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "userName",
        "value",
        "type",
        "primary",
        "emails",
        "members",
        "name",
        "givenName",
        "active",
        "Active",
        "manager",
        "$ref",
        "id",
        "name.familyName",
        "emails[type eq \"x\"].value",
        ENTERPRISE,
        "nosuch",
        "",
        "schemas",
    ]);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..4).prop_map(|object| object
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<Value>()),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "userName",
        "emails",
        "emails.value",
        "emails[type eq \"work\"]",
        "emails[type eq \"new\"].value",
        "emails[primary eq true]",
        "name",
        "name.givenName",
        "active",
        "manager",
        "manager.value",
        ENTERPRISE,
        "members",
        "members[value eq \"x\"]",
        "nosuch",
        "addresses",
        "addresses[type eq \"x\"].locality",
        "displayName",
        "roles",
        "externalId",
        "x509Certificates.value",
        "[",
        "id",
    ]);
    (
        prop::sample::select(vec!["add", "Replace", "remove"]),
        prop::option::of(path),
        prop::option::of(json_value()),
    )
        .prop_map(|(op, path, value)| {
            let mut operation = json!({ "op": op });
            operation
                .as_object_mut()
                .unwrap()
                .extend(path.map(|path| ("path".to_owned(), json!(path))));
            operation
                .as_object_mut()
                .unwrap()
                .extend(value.map(|value| ("value".to_owned(), value)));
            operation
        })
}

/// Found by `replacing_twice_is_replacing_once`: each time one more value was made, which the filter did not name either.
#[test]
fn a_value_that_its_own_filter_does_not_name_is_not_made() {
    for (path, value) in [
        ("emails[type eq \"work\"]", json!({"type": 0})),
        (
            "emails[type eq \"work\"]",
            json!({"type": "home", "value": "new@ex.com"}),
        ),
        ("emails[type eq \"new\"].type", json!("old")),
        ("roles[primary eq true]", json!({"value": "a", "primary": false})),
        ("roles[type eq \"x\" and value eq \"y\"]", json!({"value": "z"})),
    ] {
        for op in ["add", "replace"] {
            let operation = json!([{"op": op, "path": path, "value": value}]);
            // What is there and is named by it, gets the other part; then nothing is.
            let once = run(ResourceType::User, &user(), operation.clone());
            let after = once.map_or_else(|_| user(), |once| once.document);
            let error = run(ResourceType::User, &after, operation).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::NoTarget), "{op} {path} {value}");
        }
    }
}

proptest! {
    #[test]
    fn a_patch_never_panics_and_fails_whole(
        operations in prop::collection::vec(operation(), 0..5), on_group in any::<bool>(),
    ) {
        let (resource_type, current) = if on_group { (ResourceType::Group, group()) } else { (ResourceType::User, user()) };
        let before = current.clone();
        let result = run(resource_type, &current, json!(operations));
        prop_assert_eq!(&current, &before);
        if let Ok(applied) = result {
            prop_assert_eq!(applied.changed, applied.document != before);
            // What is kept is canonical: sent back as a PUT, it is the same document with nothing dropped.
            let body = Value::Object(applied.document.as_map().clone());
            let incoming = resource::parse(resource_type, &body).unwrap();
            prop_assert!(incoming.dropped.is_empty() && incoming.members.is_none() && incoming.cleared.is_empty());
            prop_assert_eq!(resource::replace(resource_type, &applied.document, incoming).unwrap(), (applied.document.clone(), false));
        } else {
            // The operations before the one that fails could have been applied; none was.
            prop_assert!((0..operations.len()).any(|n| run(resource_type, &before, json!(operations[..=n])).is_err()));
        }
    }

    #[test]
    fn replacing_twice_is_replacing_once(operations in prop::collection::vec(operation(), 1..3)) {
        let replace: Vec<Value> = operations.into_iter().map(|mut operation| { operation["op"] = json!("replace"); operation }).collect();
        if let [only] = &replace[..]
            && let Ok(once) = run(ResourceType::User, &user(), json!([only]))
            && let Ok(twice) = run(ResourceType::User, &once.document, json!([only]))
        {
            prop_assert!(!twice.changed);
        }
    }

    #[test]
    fn arbitrary_json_never_panics(body in json_value(), path in "\\PC{0,24}") {
        drop(Patch::parse(&body));
        drop(resource::parse(ResourceType::User, &body));
        drop(resource::parse(ResourceType::Group, &body));
        drop(crate::path::Path::parse(&path));
    }
}
