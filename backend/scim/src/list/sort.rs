//! The order of a list (RFC 7644 §3.4.2.3).

use serde_json::Value;

use crate::{
    AttrPath, ResourceType, datetime,
    schema::{self, Kind},
};

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortOrder {
    /// Resources without a value last.
    #[default]
    Ascending,
    /// Resources without a value first.
    Descending,
}

/// By what, and which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortBy {
    /// The attribute.
    pub path: AttrPath,
    /// The way.
    pub order: SortOrder,
}

/// What a resource sorts by: compare these. No value comes after every value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// A boolean.
    Boolean(bool),
    /// A date and time, as nanoseconds since 1970.
    Instant(i128),
    /// Text, folded unless letter case counts.
    Text(String),
    /// No value.
    Missing,
}

/// The key of a rendered resource. Of a multi-valued attribute, the primary value counts, else the first.
pub fn sort_key(path: &AttrPath, resource_type: ResourceType, resource: &Value) -> SortKey {
    let Some(found) = schema::resolve(resource_type, path) else {
        return SortKey::Missing;
    };
    let container = match found.extension {
        Some(schema) => resource.get(schema.urn),
        None => Some(resource),
    };
    let value = match container.and_then(|container| container.get(found.attribute.name)) {
        Some(Value::Array(values)) => values
            .iter()
            .find(|value| value.get("primary") == Some(&Value::Bool(true)))
            .or_else(|| values.first()),
        value => value,
    };
    let compared = found.sub.unwrap_or_else(|| found.attribute.compared());
    let value = if compared.name == found.attribute.name {
        value
    } else {
        value.and_then(|value| value.get(compared.name))
    };
    match value {
        Some(Value::Bool(value)) => SortKey::Boolean(*value),
        Some(Value::String(text)) => match datetime::parse(text).filter(|_| compared.kind == Kind::DateTime) {
            Some(instant) => SortKey::Instant(instant),
            None => SortKey::Text(compared.key(text).into_owned()),
        },
        _ => SortKey::Missing,
    }
}

/// Sorts rendered resources of one type. Stable: those with equal keys keep their order.
pub fn sort(sort: &SortBy, resource_type: ResourceType, resources: &mut [Value]) {
    sort_by(sort.order, resources, |resource| {
        sort_key(&sort.path, resource_type, resource)
    });
}

/// Sorts rendered resources of several types, each by what the attribute is in its own type. Stable.
pub fn sort_all(sort: &SortBy, resources: &mut [(ResourceType, Value)]) {
    sort_by(sort.order, resources, |(resource_type, resource)| {
        sort_key(&sort.path, *resource_type, resource)
    });
}

fn sort_by<T>(order: SortOrder, resources: &mut [T], key: impl Fn(&T) -> SortKey) {
    match order {
        SortOrder::Ascending => resources.sort_by_cached_key(key),
        SortOrder::Descending => resources.sort_by_cached_key(|resource| std::cmp::Reverse(key(resource))),
    }
}
