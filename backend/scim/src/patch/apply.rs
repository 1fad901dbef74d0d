//! Operations on attributes, over the schema tables.

use serde_json::{Map, Value};

use super::{
    members::Changes,
    operation::{Op, Operation, whole},
    values::{Selection, remove, write},
};
use crate::{
    AttrPath, Error, Filter, ResourceType, limits,
    path::Path,
    render::{Shown, base_of},
    resource::is_members,
    schema::{self, Attribute, Kind, Mutability, Schema},
    value::refuse_case_twins,
};

pub(super) struct Edit<'s> {
    pub(super) resource_type: ResourceType,
    pub(super) shown: Shown<'s>,
    pub(super) document: Map<String, Value>,
    pub(super) members: Changes,
    pub(super) dropped: Vec<String>,
    compared: usize,
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
