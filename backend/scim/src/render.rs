//! A document and its rows as the resource that goes back (RFC 7643 §3).

use serde_json::{Map, Value, json};

pub use crate::group_ref::GroupRef;
use crate::{Document, Member, ResourceType, datetime, version::Version};

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

/// What answers show of a resource beside its document: what a PATCH compares readOnly attributes with.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its id, times, version and URL.
    pub meta: &'a Meta,
    /// A user's groups.
    pub groups: &'a [GroupRef],
}

/// The whole resource, before any projection. `groups` of a user and `members` of a group are left out where `None` (not asked for) or
/// empty (unassigned). A user's version is made of its groups as well: where it is shown, they must be handed in.
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
    let version = match (resource_type, groups) {
        (ResourceType::User, Some(groups)) => Version::of_user(meta.version, groups),
        _ => Version::new(meta.version),
    };
    resource.insert(
        "meta".to_owned(),
        json!({
            "resourceType": resource_type.name(),
            "created": datetime::format(meta.created_ms),
            "lastModified": datetime::format(meta.modified_ms),
            "location": meta.location,
            "version": version.etag(),
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
pub(crate) fn base_of(location: &str) -> &str {
    location.rsplitn(3, '/').nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests;
