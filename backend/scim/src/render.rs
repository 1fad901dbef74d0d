//! A document and its rows as the resource that goes back (RFC 7643 §3).

use serde_json::{Map, Value, json};

use crate::{Document, Member, ResourceType, datetime, version};

/// What the store knows of a resource beside its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The id.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it last changed, in milliseconds since 1970.
    pub modified_ms: i64,
    /// Its version.
    pub version: i64,
    /// Its URL, ending in `/Users/{id}` or `/Groups/{id}`; relative where no public URL is known.
    pub location: String,
}

/// A group that a user is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    /// The group's id.
    pub id: String,
    /// The group's `displayName`, exactly: rauthy compares it to decide about membership (I24).
    pub display: String,
}

/// The whole resource, before any projection. `groups` of a user and `members` of a group are left out where `None` (not asked for) or
/// empty (unassigned).
pub fn render(
    resource_type: ResourceType,
    document: &Document,
    meta: &Meta,
    groups: Option<&[GroupRef]>,
    members: Option<&[Member]>,
) -> Value {
    let mut resource: Map<String, Value> = document.as_map().clone();
    let in_use = resource_type
        .extensions()
        .iter()
        .map(|schema| schema.urn)
        .filter(|urn| resource.contains_key(*urn));
    let schemas: Vec<&str> = std::iter::once(resource_type.schema_urn()).chain(in_use).collect();
    resource.insert("schemas".to_owned(), json!(schemas));
    resource.insert("id".to_owned(), json!(meta.id));
    resource.insert(
        "meta".to_owned(),
        json!({
            "resourceType": resource_type.name(),
            "created": datetime::format(meta.created_ms),
            "lastModified": datetime::format(meta.modified_ms),
            "location": meta.location,
            "version": version::etag(meta.version),
        }),
    );
    let base = base_of(&meta.location);
    if let Some(groups) = groups.filter(|groups| !groups.is_empty() && resource_type == ResourceType::User) {
        let group = |group: &GroupRef| json!({ "value": group.id, "$ref": format!("{base}/Groups/{}", group.id), "display": group.display, "type": "direct" });
        resource.insert("groups".to_owned(), groups.iter().map(group).collect());
    }
    if let Some(members) = members.filter(|members| !members.is_empty() && resource_type == ResourceType::Group) {
        resource.insert(
            "members".to_owned(),
            members.iter().map(|member| member.render(base)).collect(),
        );
    }
    Value::Object(resource)
}

/// The URL of the endpoints, out of the URL of a resource.
fn base_of(location: &str) -> &str {
    location.rsplitn(3, '/').nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests;
