//! `attributes` and `excludedAttributes` (RFC 7644 §3.4.2.5, §3.9).

use serde_json::{Map, Value};

use crate::{
    AttrPath, Error, ResourceType,
    list::query_string,
    path::Path,
    schema::{self, Attribute, Returned, Schema},
};

/// Which attributes an answer has.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Projection {
    /// Those returned by default.
    #[default]
    Default,
    /// These, and those always returned.
    Only(Vec<Path>),
    /// All but these; those always returned stay.
    Without(Vec<Path>),
}

impl Projection {
    /// Reads the two parameters, each a list of names. Empty ones are as good as absent, names that cannot be read are ignored.
    ///
    /// # Errors
    /// `invalidValue` where both are given.
    pub fn new<'n>(
        attributes: impl IntoIterator<Item = &'n str>,
        excluded: impl IntoIterator<Item = &'n str>,
    ) -> Result<Self, Error> {
        let attributes: Vec<&str> = attributes.into_iter().filter(|name| !name.trim().is_empty()).collect();
        let excluded: Vec<&str> = excluded.into_iter().filter(|name| !name.trim().is_empty()).collect();
        // A filter in `emails[type eq "work"]` (Microsoft's Postman collection) is read and not applied.
        let paths = |names: Vec<&str>| names.into_iter().filter_map(|name| Path::parse(name).ok()).collect();
        match (attributes.is_empty(), excluded.is_empty()) {
            (true, true) => Ok(Self::Default),
            (false, true) => Ok(Self::Only(paths(attributes))),
            (true, false) => Ok(Self::Without(paths(excluded))),
            (false, false) => Err(Error::invalid_value(
                "attributes and excludedAttributes cannot be used in one request.",
            )),
        }
    }

    /// Reads the two parameters out of the query of a request that answers one resource.
    ///
    /// # Errors
    /// As [`Projection::new`].
    pub fn from_query(raw_query: &str) -> Result<Self, Error> {
        let parameters = query_string::parse(raw_query);
        Self::new(
            query_string::names(&parameters, "attributes"),
            query_string::names(&parameters, "excludedAttributes"),
        )
    }

    /// Whether an answer shows any of a group's members. If not, the store need not look for them.
    pub fn wants_members(&self) -> bool {
        self.wants(ResourceType::Group, "members")
    }

    /// Whether an answer shows any of a user's groups.
    pub fn wants_groups(&self) -> bool {
        self.wants(ResourceType::User, "groups")
    }

    /// Whether an answer shows a user's version, which is made of the groups as well.
    pub fn wants_version(&self) -> bool {
        self.wants(ResourceType::User, "meta")
    }

    fn wants(&self, resource_type: ResourceType, name: &str) -> bool {
        let names = |path: &Path, whole: bool| match path {
            Path::Schema(urn) => urn == resource_type.schema_urn(),
            Path::Attribute { attr, .. } => attr
                .core(resource_type)
                .is_some_and(|(attr, sub)| attr == name && (sub.is_none() || !whole)),
        };
        match self {
            Self::Default => true,
            Self::Only(paths) => paths.iter().any(|path| names(path, false)),
            Self::Without(paths) => !paths.iter().any(|path| names(path, true)),
        }
    }
}

/// Takes out of a rendered resource what the projection leaves out.
pub fn apply(projection: &Projection, resource_type: ResourceType, resource: &mut Value) {
    let Value::Object(object) = resource else { return };
    match projection {
        Projection::Default => {}
        Projection::Only(paths) => *object = only(paths, resource_type, object),
        Projection::Without(paths) => {
            for path in paths {
                without(path, resource_type, object);
            }
        }
    }
}

fn only(paths: &[Path], resource_type: ResourceType, object: &Map<String, Value>) -> Map<String, Value> {
    let mut kept: Map<String, Value> = object
        .iter()
        .filter(|(key, _)| {
            attribute_of(resource_type, key).is_some_and(|attribute| attribute.returned == Returned::Always)
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for path in paths {
        match path {
            Path::Schema(urn) if urn == resource_type.schema_urn() => {
                let core = object
                    .iter()
                    .filter(|(key, _)| resource_type.schema().attribute(key).is_some());
                kept.extend(core.map(|(key, value)| (key.clone(), value.clone())));
            }
            Path::Schema(urn) => kept.extend(object.get(urn).map(|value| (urn.clone(), value.clone()))),
            Path::Attribute { attr, .. } => keep(attr, resource_type, object, &mut kept),
        }
    }
    kept
}

fn keep(path: &AttrPath, resource_type: ResourceType, from: &Map<String, Value>, to: &mut Map<String, Value>) {
    let Some(found) = schema::resolve(resource_type, path) else {
        return;
    };
    let (from, to) = match found.extension {
        None => (Some(from), Some(to)),
        Some(Schema { urn, .. }) => {
            let Some(from) = from.get(*urn).and_then(Value::as_object) else {
                return;
            };
            (
                Some(from),
                to.entry(*urn)
                    .or_insert_with(|| Value::Object(Map::new()))
                    .as_object_mut(),
            )
        }
    };
    let name = found.attribute.name;
    let (Some(to), Some(value)) = (to, from.and_then(|from| from.get(name))) else {
        return;
    };
    match found.sub {
        None => drop(to.insert(name.to_owned(), value.clone())),
        Some(sub) => match (value, to.get_mut(name)) {
            (Value::Array(values), Some(Value::Array(there))) => {
                for (value, there) in values.iter().zip(there) {
                    copy_part(value, sub.name, there);
                }
            }
            (Value::Array(values), _) => {
                let parts = values.iter().map(|value| part_of(value, sub.name)).collect();
                to.insert(name.to_owned(), Value::Array(parts));
            }
            (value, Some(there)) => copy_part(value, sub.name, there),
            (value, None) => drop(to.insert(name.to_owned(), part_of(value, sub.name))),
        },
    }
}

fn part_of(value: &Value, name: &str) -> Value {
    let mut part = Value::Object(Map::new());
    copy_part(value, name, &mut part);
    part
}

fn copy_part(from: &Value, name: &str, to: &mut Value) {
    if let (Some(part), Some(to)) = (from.get(name), to.as_object_mut()) {
        to.insert(name.to_owned(), part.clone());
    }
}

fn without(path: &Path, resource_type: ResourceType, object: &mut Map<String, Value>) {
    let attr = match path {
        Path::Schema(urn) if urn == resource_type.schema_urn() => {
            object.retain(|key, _| resource_type.schema().attribute(key).is_none());
            return;
        }
        Path::Schema(urn) => return drop(object.remove(urn)),
        Path::Attribute { attr, .. } => attr,
    };
    let Some(found) = schema::resolve(resource_type, attr) else {
        return;
    };
    let name = found.attribute.name;
    if found.attribute.returned == Returned::Always {
        return;
    }
    let container = match found.extension {
        None => Some(object),
        Some(schema) => object.get_mut(schema.urn).and_then(Value::as_object_mut),
    };
    let Some(container) = container else { return };
    match (found.sub, container.get_mut(name)) {
        (None, _) => drop(container.remove(name)),
        (Some(sub), Some(Value::Array(values))) => {
            for value in values.iter_mut().filter_map(Value::as_object_mut) {
                value.remove(sub.name);
            }
        }
        (Some(sub), Some(Value::Object(value))) => drop(value.remove(sub.name)),
        _ => {}
    }
}

fn attribute_of(resource_type: ResourceType, name: &str) -> Option<&'static Attribute> {
    schema::resolve_name(resource_type, None, name).map(|(_, attribute)| attribute)
}

#[cfg(test)]
mod tests;
