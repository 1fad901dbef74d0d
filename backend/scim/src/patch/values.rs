//! Values of one attribute, written and removed (RFC 7644 §3.5.2).
//!
//! Owns: which values an operation selects, and what becomes of their parts. Must never look at another attribute.
//! Start at [`write`] and [`remove`].

use serde_json::{Map, Value};

use super::{
    lists::{append, put_values, remove_listed, take_values},
    operation::Op,
};
use crate::{
    Error, Filter,
    filter::matches_element,
    schema::{Attribute, Kind, Mutability},
    value::{coerce, only, refuse_case_twins},
};

/// What the brackets and the name after them select.
#[derive(Clone, Copy)]
pub(super) struct Selection<'a> {
    pub(super) filter: Option<&'a Filter>,
    pub(super) sub: Option<&'static Attribute>,
}

/// `add` and `replace`.
pub(super) fn write(
    container: &mut Map<String, Value>,
    attribute: &'static Attribute,
    selection: Selection<'_>,
    op: Op,
    value: &Value,
    dropped: &mut Vec<String>,
) -> Result<(), Error> {
    if attribute.multi_valued && (selection.filter.is_some() || selection.sub.is_some()) {
        return write_selected(container, attribute, selection, op, value, dropped);
    }
    if let Some(sub) = selection.sub {
        return write_complex(container, attribute, op, &part(sub, value), dropped);
    }
    if attribute.kind == Kind::Complex && !attribute.multi_valued {
        return write_complex(container, attribute, op, value, dropped);
    }
    match (op, coerce(attribute, value, dropped)?) {
        // As in a PUT: `null` for `active` must not let a deactivated user in again.
        (Op::Replace, None) if attribute.name == "active" => Ok(()),
        (Op::Replace, None) => unassign(container, attribute),
        // Adding nothing.
        (_, None) => Ok(()),
        (Op::Add, Some(Value::Array(new))) if attribute.multi_valued => append(container, attribute, new),
        (_, Some(value)) => {
            container.insert(attribute.name.to_owned(), value);
            Ok(())
        }
    }
}

/// The complex value that has this part alone.
fn part(sub: &Attribute, value: &Value) -> Value {
    Value::Object([(sub.name.to_owned(), value.clone())].into_iter().collect())
}

/// RFC 7644 §3.5.2.1 and §3.5.2.3: sub-attributes that are not mentioned stay.
fn write_complex(
    container: &mut Map<String, Value>,
    attribute: &'static Attribute,
    op: Op,
    value: &Value,
    dropped: &mut Vec<String>,
) -> Result<(), Error> {
    let mut object = match container.get(attribute.name) {
        Some(Value::Object(object)) => object.clone(),
        _ => Map::new(),
    };
    match only(attribute, value)? {
        Value::Object(incoming) => merge_object(&mut object, attribute, op, incoming, dropped)?,
        other => match coerce(attribute, other, dropped)? {
            Some(Value::Object(incoming)) => merge_object(&mut object, attribute, op, &incoming, dropped)?,
            _ if op == Op::Replace => object.clear(),
            _ => {}
        },
    }
    if object.is_empty() {
        return unassign(container, attribute);
    }
    container.insert(attribute.name.to_owned(), Value::Object(object));
    Ok(())
}

fn merge_object(
    object: &mut Map<String, Value>,
    attribute: &'static Attribute,
    op: Op,
    incoming: &Map<String, Value>,
    dropped: &mut Vec<String>,
) -> Result<(), Error> {
    refuse_case_twins(incoming)?;
    let before = object.clone();
    for (key, value) in incoming {
        let Some(sub) = attribute.sub(key) else {
            dropped.push(format!("{}.{key}", attribute.name));
            continue;
        };
        if sub.mutability == Mutability::ReadOnly {
            continue;
        }
        match coerce(sub, value, dropped)? {
            Some(value) => drop(object.insert(sub.name.to_owned(), value)),
            None if op == Op::Replace => drop(object.remove(sub.name)),
            None => {}
        }
    }
    // A new manager with the URI of the old one would be two people.
    if before.get("$ref") == object.get("$ref") && before.get("value") != object.get("value") {
        object.remove("$ref");
    }
    Ok(())
}

/// `attr[filter]`, `attr[filter].sub` and `attr.sub` of a list: every selected value.
fn write_selected(
    container: &mut Map<String, Value>,
    attribute: &'static Attribute,
    selection: Selection<'_>,
    op: Op,
    value: &Value,
    dropped: &mut Vec<String>,
) -> Result<(), Error> {
    // What to merge into each selected value: the sub-attribute, or the object given. Empty clears.
    let change = match selection.sub {
        Some(sub) => part(sub, value),
        None => only(attribute, value)?.clone(),
    };
    let assigned = coerce_element(attribute, &change, dropped)?;
    let mut values = take_values(container, attribute);
    let mut selected = selected(&values, attribute, selection.filter);
    let found = !selected.is_empty();
    let no_target = || Error::no_target(format!("No value of {} matches the filter.", attribute.name));
    if !found {
        if assigned.is_none() {
            return put_values(container, attribute, values, None);
        }
        // RFC 7644 §3.5.2.3 wants noTarget here; Entra expects the value to be made, from the equalities of its filter (I7).
        let made = selection
            .filter
            .map_or_else(|| Some(Map::new()), |filter| value_for(filter, attribute, dropped));
        selected.push(values.len());
        values.push(Value::Object(made.ok_or_else(no_target)?));
    }
    let cleared = assigned.is_none();
    let change = match (change, assigned) {
        (Value::Object(change), _) => change,
        (_, Some(Value::Object(assigned))) => assigned,
        _ => Map::new(),
    };
    let mut primary = None;
    for index in &selected {
        let Some(Value::Object(object)) = values.get_mut(*index) else {
            continue;
        };
        if cleared && selection.sub.is_none() && op == Op::Replace {
            object.clear();
            continue;
        }
        merge_object(object, attribute, op, &change, dropped)?;
        if cleared && op == Op::Replace && is_hollow(object) {
            object.clear();
        }
        if change.keys().any(|key| key.eq_ignore_ascii_case("primary"))
            && object.get("primary") == Some(&Value::Bool(true))
        {
            primary = Some(*index);
        }
    }
    // A value that the operation gives another `type` is not the one that the filter names: the same operation sent again would make
    // another, without end.
    let is_named = |index: &usize| {
        let named = |value| {
            selection
                .filter
                .is_none_or(|filter| matches_element(filter, attribute, value))
        };
        values.get(*index).is_some_and(named)
    };
    if !found && !selected.iter().all(is_named) {
        return Err(no_target());
    }
    if let (None, Some(filter)) = (primary, selection.filter)
        && let [made] = selected.as_slice()
        && filter
            .equalities()
            .is_some_and(|equalities| equalities.iter().any(|(path, _)| path.attr == "primary"))
    {
        primary = Some(*made)
            .filter(|made| values.get(*made).and_then(|value| value.get("primary")) == Some(&Value::Bool(true)));
    }
    put_values(container, attribute, values, primary)
}

/// One element of a list, coerced.
fn coerce_element(attribute: &Attribute, element: &Value, dropped: &mut Vec<String>) -> Result<Option<Value>, Error> {
    let single = Attribute {
        multi_valued: false,
        ..*attribute
    };
    let known = dropped.len();
    let coerced = coerce(&single, element, dropped);
    // The merge after this reports the same names.
    dropped.truncate(known);
    coerced
}

/// The value that a filter of equalities describes.
fn value_for(filter: &Filter, attribute: &'static Attribute, dropped: &mut Vec<String>) -> Option<Map<String, Value>> {
    let mut made = Map::new();
    for (path, literal) in filter.equalities()? {
        let sub = attribute.sub(&path.attr)?;
        let value = coerce(sub, &literal.to_json(), dropped).ok().flatten()?;
        made.insert(sub.name.to_owned(), value);
    }
    Some(made)
}

pub(super) fn remove(
    container: &mut Map<String, Value>,
    attribute: &'static Attribute,
    selection: Selection<'_>,
    value: Option<&Value>,
    dropped: &mut Vec<String>,
) -> Result<(), Error> {
    match selection {
        Selection {
            filter: None,
            sub: Some(sub),
        } if !attribute.multi_valued => {
            if let Some(Value::Object(object)) = container.get_mut(attribute.name) {
                object.remove(sub.name);
                if object.is_empty() {
                    return unassign(container, attribute);
                }
            }
            Ok(())
        }
        Selection {
            filter: None,
            sub: None,
        } => match value.filter(|value| attribute.multi_valued && !value.is_null()) {
            Some(value) => remove_listed(container, attribute, value, dropped),
            None => unassign(container, attribute),
        },
        Selection { filter, sub } => {
            let mut values = take_values(container, attribute);
            for index in selected(&values, attribute, filter) {
                let Some(Value::Object(object)) = values.get_mut(index) else {
                    continue;
                };
                match sub {
                    Some(sub) => {
                        object.remove(sub.name);
                        if is_hollow(object) {
                            object.clear();
                        }
                    }
                    None => object.clear(),
                }
            }
            put_values(container, attribute, values, None)
        }
    }
}

fn selected(values: &[Value], attribute: &'static Attribute, filter: Option<&Filter>) -> Vec<usize> {
    let matches = |value: &Value| filter.is_none_or(|filter| matches_element(filter, attribute, value));
    values
        .iter()
        .enumerate()
        .filter(|(_, value)| matches(value))
        .map(|(index, _)| index)
        .collect()
}

/// Whether nothing but a label is left of a value.
fn is_hollow(object: &Map<String, Value>) -> bool {
    object.keys().all(|key| key == "type" || key == "primary")
}

/// Removing what is not there is no error; removing what must be there is (RFC 7644 §3.5.2.2). `active` counts as true where it is not
/// there: an attribute mapping that became empty must not let a deactivated user in again, whether it is sent as `remove` or as `null`.
fn unassign(container: &mut Map<String, Value>, attribute: &Attribute) -> Result<(), Error> {
    if attribute.required {
        return Err(Error::mutability(format!(
            "{} is required and cannot be removed.",
            attribute.name
        )));
    }
    let keeps_out = attribute.name == "active" && container.get(attribute.name) == Some(&Value::Bool(false));
    if !keeps_out {
        container.remove(attribute.name);
    }
    Ok(())
}
