//! Lists of values: what is added to one, what is removed from one by being listed.
//!
//! Owns: when two values are the same, which the schema's `caseExact` decides. Must never compare each with each: ten thousand
//! operations may name a thousand values. Start at [`append`] and [`remove_listed`].

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::{
    Error,
    schema::Attribute,
    value::{Identity, coerce, equal, one_primary, within_limit},
};

/// Appends, skipping equal values. A value that is there with the same `value` and `type` is updated in place, because a
/// (type, value) pair should be there once (RFC 7643 §2.4).
pub(super) fn append(
    container: &mut Map<String, Value>,
    attribute: &'static Attribute,
    new: Vec<Value>,
) -> Result<(), Error> {
    let mut values = take_values(container, attribute);
    let mut known: HashMap<Identity, usize> = HashMap::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        known.extend(Identity::of(attribute, value).map(|identity| (identity, index)));
    }
    let mut primary = None;
    for value in new {
        let identity = Identity::of(attribute, &value);
        let is_primary = value.get("primary") == Some(&Value::Bool(true));
        let index = match &identity {
            Some(identity) => known.get(identity).copied(),
            None => values.iter().position(|there| equal(attribute, there, &value)),
        };
        let index = index.unwrap_or(values.len());
        match (values.get_mut(index), value) {
            (Some(Value::Object(there)), Value::Object(value)) => update(attribute, there, value),
            (Some(_), _) => {}
            (None, value) => {
                known.extend(identity.map(|identity| (identity, index)));
                values.push(value);
            }
        }
        primary = if is_primary { Some(index) } else { primary };
    }
    put_values(container, attribute, values, primary)
}

/// Takes over what differs; what is equal but for its letter case stays as it came first (RFC 7644 §3.5.2.1).
fn update(attribute: &'static Attribute, there: &mut Map<String, Value>, value: Map<String, Value>) {
    for (name, value) in value {
        let same = there.get(&name).zip(attribute.sub(&name));
        if !same.is_some_and(|(there, sub)| equal(sub, there, &value)) {
            there.insert(name, value);
        }
    }
}

/// `remove` with a `value`, on a list: those listed and no others, as for members.
pub(super) fn remove_listed(
    container: &mut Map<String, Value>,
    attribute: &'static Attribute,
    value: &Value,
    dropped: &mut Vec<String>,
) -> Result<(), Error> {
    let Some(Value::Array(listed)) = coerce(attribute, value, dropped)? else {
        return Ok(());
    };
    let mut values = take_values(container, attribute);
    // Compared by `value` and `type` where there is a `value`: a client may not know `primary` or `display`.
    let (named, other): (Vec<&Value>, Vec<&Value>) = listed
        .iter()
        .partition(|listed| Identity::of(attribute, listed).is_some());
    let mut kinds: HashMap<String, Vec<Option<String>>> = HashMap::new();
    for Identity { value, kind } in named.into_iter().filter_map(|listed| Identity::of(attribute, listed)) {
        kinds.entry(value).or_default().push(kind);
    }
    let is_named = |there: &Value| {
        let there = Identity::of(attribute, there);
        let kinds = there.as_ref().and_then(|there| kinds.get(&there.value));
        kinds.is_some_and(|kinds| {
            kinds
                .iter()
                .any(|kind| kind.is_none() || there.as_ref().map(|t| &t.kind) == Some(kind))
        })
    };
    let is_other = |there: &Value| other.iter().any(|listed| has_parts(attribute, there, listed));
    values.retain(|there| !is_named(there) && !is_other(there));
    put_values(container, attribute, values, None)
}

/// Whether a value has every part that is listed, but for `primary`.
fn has_parts(attribute: &'static Attribute, there: &Value, listed: &Value) -> bool {
    let same = |(name, part): (&String, &Value)| {
        let there = there.get(name).zip(attribute.sub(name));
        name == "primary" || there.is_some_and(|(there, sub)| equal(sub, there, part))
    };
    listed.as_object().is_some_and(|listed| listed.iter().all(same))
}

pub(super) fn take_values(container: &mut Map<String, Value>, attribute: &Attribute) -> Vec<Value> {
    match container.remove(attribute.name) {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    }
}

/// Puts the values back without those emptied; `primary` is the index of the one that just became primary.
pub(super) fn put_values(
    container: &mut Map<String, Value>,
    attribute: &Attribute,
    mut values: Vec<Value>,
    primary: Option<usize>,
) -> Result<(), Error> {
    within_limit(attribute, values.len())?;
    one_primary(&mut values, primary);
    values.retain(|value| value.as_object().is_none_or(|object| !object.is_empty()));
    if !values.is_empty() {
        container.insert(attribute.name.to_owned(), Value::Array(values));
    }
    Ok(())
}
