//! Which names a directory behind this one can hold.
//!
//! Owns: the attributes that become names there, and what is refused in them. Must never refuse what was there before: somebody with a
//! name from before the limit must still be closed. Start at [`require_fitting`].

use serde_json::{Map, Value};

use crate::{Error, ResourceType, limits};

/// Refuses a document with a new name that is too long, or has control characters in it; the attribute is named.
pub(crate) fn require_fitting(
    resource_type: ResourceType,
    document: &Map<String, Value>,
    before: Option<&Map<String, Value>>,
) -> Result<(), Error> {
    let known: Vec<(&str, &str)> = before.map(|before| names(resource_type, before)).unwrap_or_default();
    for (attribute, name) in names(resource_type, document) {
        if known.contains(&(attribute, name)) {
            continue;
        }
        if let Some(control) = name.chars().find(|character| character.is_control()) {
            return Err(Error::invalid_value(format!(
                "{attribute} has a control character in it (U+{:04X}).",
                u32::from(control)
            )));
        }
        fits(attribute, name)?;
    }
    Ok(())
}

/// Refuses a name that is too long; the attribute is named.
pub(crate) fn fits(attribute: &str, name: &str) -> Result<(), Error> {
    let (length, limit) = (name.chars().count(), limits::NAME_CHARACTERS);
    if length > limit {
        return Err(Error::invalid_value(format!(
            "{attribute} has {length} characters; Grafana holds {limit} at most."
        )));
    }
    Ok(())
}

/// The texts that become names, each with its attribute.
fn names(resource_type: ResourceType, document: &Map<String, Value>) -> Vec<(&'static str, &str)> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let mut names = vec![("displayName", text("displayName"))];
    if resource_type == ResourceType::User {
        let part = |name: &str| document.get("name")?.get(name)?.as_str();
        names.extend([
            ("userName", text("userName")),
            ("name.formatted", part("formatted")),
            ("name.givenName", part("givenName")),
            ("name.familyName", part("familyName")),
        ]);
        let emails = document.get("emails").and_then(Value::as_array).into_iter().flatten();
        names.extend(emails.map(|email| ("emails.value", email.get("value").and_then(Value::as_str))));
    }
    names
        .into_iter()
        .filter_map(|(attribute, name)| Some((attribute, name?)))
        .collect()
}
