//! Resources as they go out.

use serde_json::{Value, json};

use super::{GroupRef, Meta, render};
use crate::{Document, Member, MemberKind, ResourceType, resource, schema, version::Version};

fn document(resource_type: ResourceType, body: Value) -> Document {
    resource::create(resource_type, resource::parse(resource_type, &body).unwrap()).unwrap()
}

fn meta(location: &str) -> Meta {
    Meta {
        id: "1".into(),
        created_ms: 0,
        modified_ms: 1,
        version: 3,
        location: location.into(),
    }
}

#[test]
fn a_user_carries_the_schemas_in_use_and_its_groups() {
    let user = document(ResourceType::User, json!({ "userName": "u", "department": "d" }));
    let groups = [GroupRef {
        id: "g".into(),
        display: "Team A".into(),
    }];
    let rendered = render(
        ResourceType::User,
        &user,
        &meta("https://g.test/v2/Users/1"),
        Some(&groups),
        None,
    );
    assert_eq!(
        rendered["schemas"],
        json!([schema::USER.urn, schema::ENTERPRISE_USER.urn])
    );
    assert_eq!(
        rendered["groups"],
        json!([{ "value": "g", "display": "Team A", "$ref": "https://g.test/v2/Groups/g", "type": "direct" }])
    );
    assert_eq!(
        rendered["meta"],
        json!({ "resourceType": "User", "created": "1970-01-01T00:00:00.000Z", "lastModified": "1970-01-01T00:00:00.001Z",
            "location": "https://g.test/v2/Users/1", "version": Version::of_user(3, &groups).etag() })
    );
}

#[test]
fn a_group_has_members_only_when_asked_for_and_there() {
    let group = document(ResourceType::Group, json!({ "displayName": "g" }));
    let show = |members: Option<&[Member]>| render(ResourceType::Group, &group, &meta("/Groups/1"), None, members);
    assert!(show(None).get("members").is_none() && show(Some(&[])).get("members").is_none());
    let nested = Member {
        value: "h".into(),
        display: Some("H".into()),
        kind: MemberKind::Group,
    };
    assert_eq!(
        show(Some(&[Member::user("u"), nested]))["members"],
        json!([{ "value": "u", "$ref": "/Users/u", "type": "User" }, { "value": "h", "$ref": "/Groups/h", "type": "Group", "display": "H" }])
    );
}
