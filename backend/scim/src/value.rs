//! One value against one attribute: checks and coerces on the way in.
//!
//! Owns the leniencies about *values*. `None` everywhere means unassigned, which `null`, `[]`, `{}` and `""` all are (RFC 7643 §2.5;
//! Entra clears an attribute by sending `""`, I6).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    Error, limits,
    schema::{Attribute, Kind, Mutability},
};

/// Refuses an object with two keys that differ only in letter case: names are case-insensitive (RFC 7643 §2.1), so it would have one
/// attribute with two values.
pub(crate) fn refuse_case_twins(object: &Map<String, Value>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    match object.keys().find(|key| !seen.insert(key.to_ascii_lowercase())) {
        Some(key) => Err(Error::invalid_syntax(format!(
            "The key {key:?} is there twice in one object, in different letter case."
        ))),
        None => Ok(()),
    }
}

/// The value of a key in any letter case; the Microsoft Postman collection capitalises all of them.
pub(crate) fn get_any_case<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// The value to keep for `attribute`, or `None` where `value` leaves it unassigned. Names of unknown sub-attributes go to `dropped`.
pub(crate) fn coerce(attribute: &Attribute, value: &Value, dropped: &mut Vec<String>) -> Result<Option<Value>, Error> {
    if !attribute.multi_valued {
        return single(attribute, only(attribute, value)?, dropped);
    }
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        // One value where a list belongs: `"emails": "a@b.test"`, `"emails": {…}`.
        other => std::slice::from_ref(other),
    };
    within_limit(attribute, elements.len())?;
    let mut kept = Vec::with_capacity(elements.len());
    for element in elements {
        kept.extend(single(attribute, element, dropped)?);
    }
    one_primary(&mut kept, None);
    Ok(if kept.is_empty() {
        None
    } else {
        Some(Value::Array(kept))
    })
}

/// A list of one stands for its element: Entra sends the manager as `[{"value": "…"}]` (I6).
pub(crate) fn only<'v>(attribute: &Attribute, value: &'v Value) -> Result<&'v Value, Error> {
    match value {
        Value::Array(elements) => match elements.as_slice() {
            [] => Ok(&Value::Null),
            [element] => Ok(element),
            _ => Err(wrong_type(attribute, "has more than one value, and takes one")),
        },
        other => Ok(other),
    }
}

fn single(attribute: &Attribute, value: &Value, dropped: &mut Vec<String>) -> Result<Option<Value>, Error> {
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (_, Value::String(text)) if text.is_empty() => Ok(None),
        (Kind::Complex, Value::Object(object)) => complex(attribute, object, dropped),
        // A bare value for a complex attribute means its `value`: Entra's manager, bare roles and members (I6, I29).
        (Kind::Complex, bare) => match attribute.sub("value") {
            Some(sub) if !bare.is_array() => Ok(single(sub, bare, dropped)?
                .map(|value| Value::Object([(sub.name.to_owned(), value)].into_iter().collect()))),
            _ => Err(wrong_type(attribute, "must be an object")),
        },
        (Kind::Boolean, Value::Bool(_)) => Ok(Some(value.clone())),
        // Entra and OneLogin send "True" and "False" (I4, I20); RFC 7643 §2.3.2 wants JSON booleans, and those go back.
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(Value::Bool(true))),
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(Value::Bool(false))),
        (Kind::Boolean, _) => Err(wrong_type(attribute, "must be true or false")),
        (_, Value::String(_)) => Ok(Some(value.clone())),
        // An employee number out of a numeric column.
        (_, Value::Number(number)) => Ok(Some(Value::String(number.to_string()))),
        _ => Err(wrong_type(attribute, "must be a string")),
    }
}

fn complex(
    attribute: &Attribute,
    object: &Map<String, Value>,
    dropped: &mut Vec<String>,
) -> Result<Option<Value>, Error> {
    refuse_case_twins(object)?;
    let mut kept = Map::new();
    for (key, value) in object {
        match attribute.sub(key) {
            Some(sub) if sub.mutability == Mutability::ReadOnly => {}
            Some(sub) => {
                if let Some(value) = coerce(sub, value, dropped)? {
                    kept.insert(sub.name.to_owned(), value);
                }
            }
            None => dropped.push(format!("{}.{key}", attribute.name)),
        }
    }
    Ok(if kept.is_empty() {
        None
    } else {
        Some(Value::Object(kept))
    })
}

/// Leaves `primary: true` on at most one value (RFC 7643 §2.4): on `winner`, else on the first that has it.
pub(crate) fn one_primary(values: &mut [Value], winner: Option<usize>) {
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    let Some(winner) = winner.or_else(|| values.iter().position(is_primary)) else {
        return;
    };
    for (index, value) in values.iter_mut().enumerate() {
        if index != winner
            && is_primary(value)
            && let Some(object) = value.as_object_mut()
        {
            object.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}

pub(crate) fn within_limit(attribute: &Attribute, count: usize) -> Result<(), Error> {
    if count > limits::VALUES {
        let detail = format!(
            "{} has {count} values; the limit is {}.",
            attribute.name,
            limits::VALUES
        );
        return Err(Error::too_many(detail));
    }
    Ok(())
}

fn wrong_type(attribute: &Attribute, what: &str) -> Error {
    Error::invalid_value(format!("{} {what}.", attribute.name))
}
