//! Operations on attributes, over the schema tables.

use serde_json::{Map, Value};

use super::{
    lists::{append, put_values, remove_listed, take_values},
    members::Changes,
    operation::{Op, Operation, whole},
};
use crate::{
    AttrPath, Error, Filter, ResourceType,
    filter::matches_element,
    limits,
    path::Path,
    render::{Shown, base_of},
    resource::is_members,
    schema::{self, Attribute, Kind, Mutability, Schema},
    value::{coerce, only, refuse_case_twins},
};

pub(super) struct Edit<'s> {
    pub(super) resource_type: ResourceType,
    pub(super) shown: Shown<'s>,
    pub(super) document: Map<String, Value>,
    pub(super) members: Changes,
    pub(super) dropped: Vec<String>,
    compared: usize,
}

/// What the brackets and the name after them select.
#[derive(Clone, Copy)]
struct Selection<'a> {
    filter: Option<&'a Filter>,
    sub: Option<&'static Attribute>,
}

/// Where an operation works.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// As the client wrote it.
    pub(super) attr: &'a AttrPath,
    pub(super) extension: Option<&'static Schema>,
    pub(super) attribute: &'static Attribute,
    pub(super) sub: Option<&'static Attribute>,
    pub(super) filter: Option<&'a Filter>,
}

impl<'s> Edit<'s> {
    pub(super) fn new(resource_type: ResourceType, document: Map<String, Value>, shown: Shown<'s>) -> Self {
        Self {
            resource_type,
            shown,
            document,
            members: Changes::new(base_of(&shown.meta.location)),
            dropped: Vec::new(),
            compared: 0,
        }
    }

    pub(super) fn run(&mut self, operation: &Operation) -> Result<(), Error> {
        let Operation { op, path, value } = operation;
        match path {
            Some(path) => self.at(*op, path, value.as_ref(), true),
            None if *op == Op::Remove => Err(Error::no_target("A remove operation needs a path.")),
            None => self.merge(*op, value.as_ref(), ""),
        }
    }

    /// An operation without path, or with a schema as path: each key is a path of its own. With the flag `aadOptscim062020` Entra
    /// sends dotted and URN-qualified keys (I5); authentik sends the whole resource back (I23); Okta
    /// repeats the `id` (I15).
    fn merge(&mut self, op: Op, value: Option<&Value>, prefix: &str) -> Result<(), Error> {
        let object = whole(value)?;
        refuse_case_twins(object)?;
        for (key, value) in object {
            match Path::parse(&format!("{prefix}{key}")) {
                Ok(path) => self.at(op, &path, Some(value), false)?,
                Err(_) => self.dropped.push(key.clone()),
            }
        }
        Ok(())
    }

    /// `explicit` is whether the client wrote the path as path: only then is touching a readOnly attribute an error.
    fn at(&mut self, op: Op, path: &Path, value: Option<&Value>, explicit: bool) -> Result<(), Error> {
        let (attr, filter) = match path {
            Path::Schema(urn) => return self.at_schema(op, urn, value),
            Path::Attribute { attr, filter } => (attr, filter.as_ref()),
        };
        let Some(found) = schema::resolve(self.resource_type, attr) else {
            return self.at_unknown(attr, explicit);
        };
        let (attribute, sub) = (found.attribute, found.sub);
        if [Some(attribute), sub]
            .into_iter()
            .flatten()
            .any(|part| part.mutability == Mutability::ReadOnly)
        {
            if !explicit {
                return Ok(());
            }
            let place = Place {
                attr,
                extension: found.extension,
                attribute,
                sub,
                filter,
            };
            return self.at_read_only(op, place, value);
        }
        if op != Op::Remove && value.is_none() {
            return Err(Error::invalid_value(format!("The operation on {attr} has no value.")));
        }
        if attribute.mutability == Mutability::WriteOnly {
            return Ok(());
        }
        if filter.is_some() && !(attribute.multi_valued && attribute.kind == Kind::Complex) {
            return Err(Error::invalid_path(format!(
                "{} is not a list of objects: it takes no filter.",
                attribute.name
            )));
        }
        if is_members(self.resource_type, attribute) {
            return match sub {
                Some(sub) => Err(Error::mutability(format!(
                    "members.{} is immutable; add and remove members.",
                    sub.name
                ))),
                None => self.members.run(op, filter, value),
            };
        }
        self.spend(attribute, filter, value)?;
        let selection = Selection { filter, sub };
        let mut dropped = std::mem::take(&mut self.dropped);
        let null = Value::Null;
        let done = self.within(found.extension, |container| match op {
            Op::Remove => remove(container, attribute, selection, value, &mut dropped),
            _ => write(
                container,
                attribute,
                selection,
                op,
                value.unwrap_or(&null),
                &mut dropped,
            ),
        });
        self.dropped = dropped;
        done
    }

    /// What no schema has. An attribute is dropped (Entra sends a malformed enterprise URN), but part of a known one is a mistake in the
    /// path: those are closed sets (RFC 7643 §7).
    fn at_unknown(&mut self, attr: &AttrPath, explicit: bool) -> Result<(), Error> {
        let known = schema::resolve_name(self.resource_type, attr.schema.as_deref(), &attr.attr);
        if let (true, Some((_, attribute)), Some(sub)) = (explicit, known, &attr.sub) {
            return Err(Error::invalid_path(format!(
                "{} has no sub-attribute {sub:?}.",
                attribute.name
            )));
        }
        self.dropped.push(attr.to_string());
        Ok(())
    }

    /// Keeps the whole request from costing more than it is long: ten thousand operations may each compare a list with a list.
    fn spend(&mut self, attribute: &Attribute, filter: Option<&Filter>, value: Option<&Value>) -> Result<(), Error> {
        let length = |value: Option<&Value>| value.and_then(Value::as_array).map_or(1, Vec::len);
        let coming = if attribute.multi_valued { length(value) } else { 1 };
        let there = length(self.document.get(attribute.name));
        self.compared += (there + coming) * coming.max(filter.map_or(1, Filter::terms));
        if self.compared > limits::PATCH_COMPARISONS {
            let limit = limits::PATCH_COMPARISONS;
            return Err(Error::too_many(format!(
                "The PATCH compares more values of {} than the limit of {limit} comparisons; send it in parts.",
                attribute.name
            )));
        }
        Ok(())
    }

    /// scim2-tester uses the bare URN of an extension as path.
    fn at_schema(&mut self, op: Op, urn: &str, value: Option<&Value>) -> Result<(), Error> {
        let extension = self.resource_type.extensions().iter().any(|schema| schema.urn == urn);
        if !extension && urn != self.resource_type.schema_urn() {
            self.dropped.push(urn.to_owned());
            return Ok(());
        }
        match (op, value) {
            (Op::Remove, _) | (Op::Replace, Some(Value::Null)) if extension => {
                self.document.remove(urn);
                Ok(())
            }
            (Op::Remove, _) => Err(Error::mutability("The core schema of a resource cannot be removed.")),
            (_, Some(Value::Null)) => Ok(()),
            _ => self.merge(op, value, &format!("{urn}:")),
        }
    }

    /// Works on the object that holds the attribute; an extension's is made where it is missing and goes when it is empty.
    fn within<R>(&mut self, extension: Option<&Schema>, work: impl FnOnce(&mut Map<String, Value>) -> R) -> R {
        let Some(schema) = extension else {
            return work(&mut self.document);
        };
        let mut object = match self.document.remove(schema.urn) {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        let done = work(&mut object);
        if !object.is_empty() {
            self.document.insert(schema.urn.to_owned(), Value::Object(object));
        }
        done
    }
}

/// `add` and `replace`.
fn write(
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
        let part = Value::Object([(sub.name.to_owned(), value.clone())].into_iter().collect());
        return write_complex(container, attribute, op, &part, dropped);
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
        Some(sub) => Value::Object([(sub.name.to_owned(), value.clone())].into_iter().collect()),
        None => only(attribute, value)?.clone(),
    };
    let assigned = coerce_element(attribute, &change, dropped)?;
    let mut values = take_values(container, attribute);
    let mut selected = selected(&values, attribute, selection.filter);
    if selected.is_empty() {
        if assigned.is_none() {
            return put_values(container, attribute, values, None);
        }
        // RFC 7644 §3.5.2.3 wants noTarget here; Entra expects the value to be made, from the equalities of its filter (I7).
        let made = selection
            .filter
            .map_or_else(|| Some(Map::new()), |filter| value_for(filter, attribute, dropped));
        let made =
            made.ok_or_else(|| Error::no_target(format!("No value of {} matches the filter.", attribute.name)))?;
        selected.push(values.len());
        values.push(Value::Object(made));
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

fn remove(
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
