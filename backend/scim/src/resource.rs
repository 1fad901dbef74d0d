//! Resources as they come in by POST and PUT, and as they are kept.
//!
//! A [`Document`] holds the stored attributes only, in canonical case. It never holds `id`, `meta`, `schemas`, `groups`, `members` or a
//! password; those are rows of the store, derived at [`crate::render`], or dropped. Start at [`parse`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Error, Member, ResourceType, names,
    schema::{self, Attribute, Mutability, Schema},
    value::{coerce, get_any_case, refuse_case_twins},
};

/// The stored attributes of a resource, in canonical case.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document(Map<String, Value>);

impl Document {
    /// Wraps what a store kept. It must be what this crate once handed out.
    pub fn from_map(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// The attributes.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The attributes.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// `userName`.
    pub fn user_name(&self) -> Option<&str> {
        self.text("userName")
    }

    /// `displayName`.
    pub fn display_name(&self) -> Option<&str> {
        self.text("displayName")
    }

    /// `externalId`.
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// Whether the user may sign in. A document without `active` (a client removed it) is active, as one created without it.
    pub fn active(&self) -> bool {
        self.0.get("active").and_then(Value::as_bool).unwrap_or(true)
    }

    /// The addresses in `emails`, in order.
    pub fn emails(&self) -> Vec<&str> {
        self.values_of("emails")
            .filter_map(|email| email.get("value")?.as_str())
            .collect()
    }

    /// The address of the primary e-mail, else of the work e-mail, else the first.
    pub fn primary_email(&self) -> Option<&str> {
        let with_value = || {
            self.values_of("emails")
                .filter(|email| email.get("value").is_some_and(Value::is_string))
        };
        let work = |email: &&Value| {
            email
                .get("type")
                .and_then(Value::as_str)
                .is_some_and(|t| t.eq_ignore_ascii_case("work"))
        };
        with_value()
            .find(|email| email.get("primary") == Some(&Value::Bool(true)))
            .or_else(|| with_value().find(work))
            .or_else(|| with_value().next())?
            .get("value")?
            .as_str()
    }

    /// The name to show: `displayName`, else `name.formatted`, else given and family name, else `userName`.
    pub fn formatted_name(&self) -> Option<String> {
        let part = |name: &str| {
            self.0
                .get("name")?
                .get(name)?
                .as_str()
                .filter(|text| !text.trim().is_empty())
        };
        if let Some(name) = self
            .display_name()
            .filter(|text| !text.trim().is_empty())
            .or_else(|| part("formatted"))
        {
            return Some(name.to_owned());
        }
        let parts: Vec<&str> = [part("givenName"), part("familyName")].into_iter().flatten().collect();
        if parts.is_empty() {
            self.user_name().map(str::to_owned)
        } else {
            Some(parts.join(" "))
        }
    }

    fn values_of(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.0
            .get(name)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
            .iter()
    }
}

/// The body of a POST or PUT, checked and coerced.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Incoming {
    /// The attributes it assigns, in canonical case; readOnly and unknown ones are not among them.
    pub document: Map<String, Value>,
    /// The attributes (or extension URNs) it clears by `null`, `[]`, `{}` or `""`.
    pub cleared: BTreeSet<String>,
    /// A group's members: `None` where the key is absent, empty where it is `null` or `[]`.
    pub members: Option<Vec<Member>>,
    /// Attributes that no schema knows: ignored, and counted for the status page.
    pub dropped: Vec<String>,
}

/// Reads the body of a POST or PUT.
///
/// readOnly attributes are ignored (RFC 7644 §3.5.1: Okta sends back the whole GET answer, with `id`, `meta` and `groups`, I14), unknown
/// attributes and schemas are dropped (Entra sends a malformed enterprise URN, I3, rauthy sends `custom`, I24), and `password` is dropped too.
///
/// # Errors
/// `invalidSyntax` where it is no object or names an attribute twice, `invalidValue` where a value has the wrong type.
pub fn parse(resource_type: ResourceType, body: &Value) -> Result<Incoming, Error> {
    let Value::Object(body) = body else {
        return Err(Error::invalid_syntax("The body must be a JSON object."));
    };
    refuse_case_twins(body)?;
    let mut incoming = Incoming::default();
    let mut misplaced = Vec::new();
    for (key, value) in body {
        if let Some(schema) = extension(resource_type, key) {
            incoming.take_extension(schema, value)?;
            continue;
        }
        match schema::resolve_name(resource_type, None, key) {
            None => incoming.dropped.push(key.clone()),
            Some((Some(schema), attribute)) => misplaced.push((schema, attribute, value)),
            Some((None, attribute)) => incoming.take(resource_type, attribute, value)?,
        }
    }
    // After the extension objects, so that those win.
    for (schema, attribute, value) in misplaced {
        incoming.take_misplaced(schema, attribute, value)?;
    }
    Ok(incoming)
}

fn extension(resource_type: ResourceType, urn: &str) -> Option<&'static Schema> {
    resource_type
        .extensions()
        .iter()
        .copied()
        .find(|schema| schema.urn.eq_ignore_ascii_case(urn))
}

impl Incoming {
    fn take(&mut self, resource_type: ResourceType, attribute: &Attribute, value: &Value) -> Result<(), Error> {
        if matches!(attribute.mutability, Mutability::ReadOnly | Mutability::WriteOnly) {
            return Ok(());
        }
        if is_members(resource_type, attribute) {
            self.members = Some(Member::parse_list(value)?);
            return Ok(());
        }
        match coerce(attribute, value, &mut self.dropped)? {
            Some(value) => drop(self.document.insert(attribute.name.to_owned(), value)),
            None => drop(self.cleared.insert(attribute.name.to_owned())),
        }
        Ok(())
    }

    fn take_extension(&mut self, schema: &Schema, value: &Value) -> Result<(), Error> {
        let object = match value {
            Value::Object(object) => object,
            Value::Null => &Map::new(),
            Value::String(text) if text.is_empty() => &Map::new(),
            Value::Array(values) if values.is_empty() => &Map::new(),
            _ => return Err(Error::invalid_value(format!("{} must be an object.", schema.urn))),
        };
        refuse_case_twins(object)?;
        let mut kept = Map::new();
        for (key, value) in object {
            match schema.attribute(key) {
                None => self.dropped.push(format!("{}:{key}", schema.urn)),
                Some(attribute) => {
                    if let Some(value) = coerce(attribute, value, &mut self.dropped)? {
                        kept.insert(attribute.name.to_owned(), value);
                    }
                }
            }
        }
        if kept.is_empty() {
            self.cleared.insert(schema.urn.to_owned());
        } else {
            self.document.insert(schema.urn.to_owned(), Value::Object(kept));
        }
        Ok(())
    }

    /// Microsoft's examples have `Department` and `"manager": null` at the top level: a value there moves to where it belongs.
    fn take_misplaced(&mut self, schema: &Schema, attribute: &Attribute, value: &Value) -> Result<(), Error> {
        let Some(value) = coerce(attribute, value, &mut self.dropped)? else {
            return Ok(());
        };
        let extension = self
            .document
            .entry(schema.urn)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(object) = extension.as_object_mut() {
            object.entry(attribute.name).or_insert(value);
        }
        self.cleared.remove(schema.urn);
        Ok(())
    }
}

pub(crate) fn is_members(resource_type: ResourceType, attribute: &Attribute) -> bool {
    resource_type == ResourceType::Group && attribute.name == "members"
}

/// The document of a new resource. A user without `active` is active.
///
/// # Errors
/// `invalidValue` where a required attribute is missing, or a name does not fit.
pub fn create(resource_type: ResourceType, incoming: Incoming) -> Result<Document, Error> {
    let mut document = incoming.document;
    if resource_type == ResourceType::User {
        document.entry("active").or_insert(Value::Bool(true));
    }
    require(resource_type, &document, None)?;
    Ok(Document(document))
}

/// The document after a PUT (RFC 7644 §3.5.1), and whether it differs.
///
/// What the body leaves out of the core schema is cleared; `externalId`, `active`, extensions and `members` are kept where their key is
/// absent, because the bodies of Okta and rauthy are partial (I32). `null` and `[]` clear, except that `"active": null` keeps what is: it
/// must not let a deactivated user in again.
///
/// # Errors
/// `invalidValue` where a required attribute is missing, or a new name does not fit.
pub fn replace(resource_type: ResourceType, current: &Document, incoming: Incoming) -> Result<(Document, bool), Error> {
    let mut document = incoming.document;
    let mut keep = |name: &str| {
        if let Some(value) = current.0.get(name)
            && !document.contains_key(name)
        {
            document.insert(name.to_owned(), value.clone());
        }
    };
    keep("active");
    for name in ["externalId"]
        .into_iter()
        .chain(resource_type.extensions().iter().map(|schema| schema.urn))
    {
        if !incoming.cleared.contains(name) {
            keep(name);
        }
    }
    require(resource_type, &document, Some(current))?;
    let document = Document(document);
    let changed = document != *current;
    Ok((document, changed))
}

/// Refuses a document without its required attributes, or with a new name that does not fit. Blank is missing.
pub(crate) fn require(
    resource_type: ResourceType,
    document: &Map<String, Value>,
    before: Option<&Document>,
) -> Result<(), Error> {
    for attribute in resource_type
        .schema()
        .attributes
        .iter()
        .filter(|attribute| attribute.required)
    {
        let blank = document
            .get(attribute.name)
            .and_then(Value::as_str)
            .is_none_or(|text| text.trim().is_empty());
        if blank {
            return Err(Error::invalid_value(format!("{} is required.", attribute.name)));
        }
    }
    names::require_fitting(resource_type, document, before.map(Document::as_map))?;
    if resource_type == ResourceType::User {
        // Given and family name are shown as one where nothing else is to be shown.
        let shown = |document: &Document| document.formatted_name().unwrap_or_default();
        let name = shown(&Document::from_map(document.clone()));
        if before.map(shown).as_ref() != Some(&name) {
            names::fits("name", &name)?;
        }
    }
    Ok(())
}

/// Refuses a message whose `schemas` names another message. Missing, `null` and empty pass: some clients leave `schemas` out.
pub(crate) fn require_message(message: &Map<String, Value>, urn: &str) -> Result<(), Error> {
    let named = match get_any_case(message, "schemas") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(urns)) => {
            urns.is_empty()
                || urns
                    .iter()
                    .any(|named| named.as_str().is_some_and(|named| named.eq_ignore_ascii_case(urn)))
        }
        Some(Value::String(named)) => named.eq_ignore_ascii_case(urn),
        Some(_) => false,
    };
    if named {
        Ok(())
    } else {
        Err(Error::invalid_syntax(format!(
            "The schemas of this message must contain {urn}."
        )))
    }
}

#[cfg(test)]
mod tests;
