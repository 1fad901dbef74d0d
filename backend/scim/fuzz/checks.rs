//! What must hold for any bytes at all. Shared by the fuzz targets and by the test that replays their corpus.
//!
//! Owns: the invariants. Must never accept a panic as an answer: every function returns, whatever comes in.
//! Each function is one target: start at the one named like the target that failed.

use std::collections::{BTreeMap, BTreeSet};

use scim::{
    Document, Filter, ListQuery, MemberChange, Patch, Projection, ResourceType, bulk, filter, json, limits,
    list::{Cursor, SortBy, SortOrder, sort},
    path::Path,
    projection,
    render::{GroupRef, Meta, Shown, render},
    resource,
};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn user() -> Document {
    let body = json!({
        "userName": "ada@x.test", "displayName": "Ada", "externalId": "e-1", "active": true,
        "name": { "givenName": "Ada", "familyName": "King" },
        "emails": [
            { "value": "ada@work.test", "type": "work", "primary": true },
            { "value": "ada@home.test", "type": "home" },
        ],
        "addresses": [{ "type": "work", "locality": "London" }],
        "roles": [{ "value": "countess" }],
        ENTERPRISE: { "department": "Sums", "manager": { "value": "m-1" } },
    });
    made(ResourceType::User, &body)
}

fn group() -> Document {
    made(
        ResourceType::Group,
        &json!({ "displayName": "Engines", "externalId": "g-1" }),
    )
}

fn made(resource_type: ResourceType, body: &Value) -> Document {
    resource::create(
        resource_type,
        resource::parse(resource_type, body).expect("a good body"),
    )
    .expect("a good body")
}

fn meta(resource_type: ResourceType) -> Meta {
    Meta {
        id: "id-1".to_owned(),
        created_ms: 1_700_000_000_000,
        modified_ms: 1_700_000_000_001,
        version: 3,
        location: format!("https://x.test/{}/id-1", resource_type.endpoint()),
    }
}

fn groups() -> [GroupRef; 1] {
    [GroupRef {
        id: "g-1".to_owned(),
        display: "Engines".to_owned(),
    }]
}

fn rendered(resource_type: ResourceType, document: &Document) -> Value {
    let (meta, groups) = (meta(resource_type), groups());
    let members = [scim::Member::user("u-1"), scim::Member::user("u-2")];
    render(resource_type, document, &meta, Some(&groups), Some(&members))
}

/// A filter: what parses prints to something that parses to the same, and matches the same.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    drop(ListQuery::from_query(text));
    let Ok(parsed) = filter::parse(text) else { return };
    let printed = parsed.to_string();
    // Printing may add parentheses and quotes; only then may it go over a limit.
    let Ok(again) = filter::parse(&printed) else {
        assert!(
            printed.len() > limits::FILTER_BYTES || text.len() > limits::FILTER_BYTES / 8,
            "{text:?} prints as {printed:?}"
        );
        return;
    };
    assert_eq!(again, parsed, "{text:?} prints as {printed:?}");
    for (resource_type, document) in [(ResourceType::User, user()), (ResourceType::Group, group())] {
        let resource = rendered(resource_type, &document);
        let matches = filter::matches(&parsed, resource_type, &resource);
        let negated = filter::matches(&Filter::Not(Box::new(parsed.clone())), resource_type, &resource);
        assert_ne!(matches, negated, "{text:?} and its negation");
    }
    filter::matches_member(&parsed, &scim::Member::user("u-1"), "https://x.test");
}

/// A path, wherever one is used: in PATCH, in projections, to sort.
pub fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(parsed) = Path::parse(text) else { return };
    for (resource_type, document) in [(ResourceType::User, user()), (ResourceType::Group, group())] {
        let resource = rendered(resource_type, &document);
        let names = [text];
        for projection in [Projection::new(names, []), Projection::new([], names)]
            .into_iter()
            .flatten()
        {
            let mut shown = resource.clone();
            projection::apply(&projection, resource_type, &mut shown);
            for always in ["id", "schemas"] {
                assert_eq!(shown[always], resource[always], "{text:?} took {always} away");
            }
        }
        if let Path::Attribute { attr, filter: None } = &parsed {
            let by = SortBy {
                path: attr.clone(),
                order: SortOrder::Descending,
            };
            sort::sort(&by, resource_type, &mut [resource.clone(), resource.clone()]);
            assert_eq!(Path::parse(&attr.to_string()).as_ref(), Ok(&parsed), "{text:?}");
            let query = ListQuery {
                sort: Some(by),
                ..ListQuery::default()
            };
            let cursor = Cursor {
                resource_type,
                after: 7,
            };
            let next = ListQuery {
                cursor: Some(cursor.encode(&query)),
                ..query
            };
            assert_eq!(Cursor::of(&next), Ok(Some(cursor)));
        }
        for op in ["add", "replace", "remove"] {
            let operation = json!({ "op": op, "path": text, "value": "v" });
            apply(resource_type, &document, &json!({ "Operations": [operation] }));
        }
    }
}

/// The body of a PATCH on a user and on a group.
pub fn patch(data: &[u8]) {
    let Ok(body) = json::parse(data) else { return };
    apply(ResourceType::User, &user(), &body);
    apply(ResourceType::Group, &group(), &body);
}

fn apply(resource_type: ResourceType, before: &Document, body: &Value) {
    let Ok(patch) = Patch::parse(body) else { return };
    if resource_type == ResourceType::User {
        opens_nobody(&patch, body);
    }
    let (meta, groups) = (meta(resource_type), groups());
    let shown = Shown {
        meta: &meta,
        groups: &groups,
    };
    let Ok(applied) = patch.apply(resource_type, before, shown) else {
        return;
    };
    for change in &applied.members {
        if let MemberChange::RemoveMatching(filter) = change {
            filter.matches(&scim::Member::user("u-1"));
        }
    }
    assert_eq!(applied.changed, applied.document != *before, "{body}");
    sound(resource_type, &applied.document);
    if resource_type == ResourceType::User {
        assert!(applied.members.is_empty(), "{body}");
    }
    for change in &applied.members {
        if let MemberChange::Add(members) | MemberChange::Replace(members) = change {
            assert!(members.iter().all(|member| !member.value.is_empty()), "{body}");
        }
    }
}

/// Nothing but a `true` lets a deactivated person in again.
fn opens_nobody(patch: &Patch, body: &Value) {
    let closed = made(ResourceType::User, &json!({ "userName": "ada", "active": false }));
    let meta = meta(ResourceType::User);
    let shown = Shown {
        meta: &meta,
        groups: &[],
    };
    if let Ok(applied) = patch.apply(ResourceType::User, &closed, shown)
        && applied.document.active()
    {
        assert!(body.to_string().to_ascii_lowercase().contains("true"), "{body} opens");
    }
}

/// The body of a POST or PUT of a user and of a group.
pub fn resource(data: &[u8]) {
    let parsed = json::parse(data);
    if let Ok(value) = &parsed {
        let lenient = serde_json::from_slice::<Value>(data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data));
        assert_eq!(lenient.ok().as_ref(), Some(value), "strict JSON reads what JSON reads");
    }
    let Ok(body) = parsed else { return };
    for (resource_type, before) in [(ResourceType::User, user()), (ResourceType::Group, group())] {
        let Ok(incoming) = resource::parse(resource_type, &body) else {
            continue;
        };
        if let Ok(document) = resource::create(resource_type, incoming.clone()) {
            sound(resource_type, &document);
            // RFC 7644 §3.3: what comes back can be sent again.
            let answer = rendered(resource_type, &document);
            let again = resource::parse(resource_type, &answer).expect("our own answer");
            assert_eq!(
                resource::replace(resource_type, &document, again),
                Ok((document, false)),
                "{body}"
            );
        }
        if let Ok((document, changed)) = resource::replace(resource_type, &before, incoming) {
            assert_eq!(changed, document != before, "{body}");
            sound(resource_type, &document);
        }
    }
}

/// A bulk request.
pub fn bulk(data: &[u8]) {
    let Ok(body) = json::parse(data) else { return };
    let Ok(request) = bulk::BulkRequest::parse(&body, 1_000) else {
        return;
    };
    let order = request.order();
    assert_eq!(order.len(), request.operations.len());
    assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), order.len(), "{body}");
    let planned: BTreeMap<String, String> = request
        .operations
        .iter()
        .filter_map(|operation| operation.bulk_id.clone())
        .map(|bulk_id| (bulk_id, "real".to_owned()))
        .collect();
    for operation in &request.operations {
        if let Ok(resolved) = operation.with_ids(&planned) {
            // Nothing is left to resolve.
            assert_eq!(resolved.with_ids(&BTreeMap::new()).as_ref(), Ok(&resolved), "{body}");
            apply(ResourceType::Group, &group(), &resolved.data);
        }
    }
}

/// What holds for every document that is kept.
fn sound(resource_type: ResourceType, document: &Document) {
    let map = document.as_map();
    for derived in ["id", "meta", "schemas", "groups", "members", "password"] {
        assert!(!map.contains_key(derived), "{derived} is kept");
    }
    assert!(!has_unassigned(&Value::Object(map.clone())), "{map:?}");
    for list in map.values().filter_map(Value::as_array) {
        let primaries = list.iter().filter(|value| value["primary"] == json!(true)).count();
        assert!(primaries <= 1, "{list:?}");
        assert!(list.len() <= limits::VALUES);
    }
    // Canonical: sent as a PUT it is the same, with nothing dropped.
    let incoming = resource::parse(resource_type, &Value::Object(map.clone())).expect("a kept document");
    assert!(incoming.dropped.is_empty() && incoming.cleared.is_empty(), "{map:?}");
    assert_eq!(
        resource::replace(resource_type, document, incoming),
        Ok((document.clone(), false))
    );
    match resource_type {
        ResourceType::User => assert!(document.user_name().is_some_and(|name| !name.trim().is_empty())),
        ResourceType::Group => assert!(document.display_name().is_some_and(|name| !name.trim().is_empty())),
    }
    drop((document.emails(), document.primary_email(), document.formatted_name()));
}

fn has_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty() || values.iter().any(has_unassigned),
        Value::Object(object) => object.is_empty() || object.values().any(has_unassigned),
        _ => false,
    }
}
