//! PATCH (RFC 7644 §3.5.2): the message, and what applying it yields.
//!
//! Applying works on a copy and hands out the whole result or an error, so it is atomic by construction. Changes of membership come
//! out as [`MemberChange`]s, in order. Start at [`Patch::parse`]; attributes are in `apply`, members in `members`.

mod apply;
mod lists;
mod members;
mod read_only;

use serde_json::{Map, Value};

use crate::{
    Document, Error, Filter, Member, ResourceType,
    filter::matches_member,
    limits,
    path::Path,
    render::Shown,
    resource::{require, require_message},
    schema,
    value::{get_any_case, refuse_case_twins},
};

/// The schema URN of a PATCH body.
pub const URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `add`
    Add,
    /// `replace`
    Replace,
    /// `remove`
    Remove,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// Where; `None` is the whole resource.
    pub path: Option<Path>,
    /// The value; `None` where the key is absent.
    pub value: Option<Value>,
}

/// A PATCH request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Patch {
    /// Its operations, in order. None at all is allowed and changes nothing (Microsoft's validator sends that, ConnId leaves the key out).
    pub operations: Vec<Operation>,
}

/// A change of a group's membership.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberChange {
    /// Add these; those already there stay as they are.
    Add(Vec<Member>),
    /// Remove these; those not there are no error.
    Remove(Vec<String>),
    /// Remove those that match.
    RemoveMatching(MemberFilter),
    /// These and no others.
    Replace(Vec<Member>),
    /// None.
    Clear,
}

/// Which members a PATCH selects by `members[…]`.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberFilter {
    filter: Filter,
    /// The endpoints' URL, so that `$ref` is the one answers show.
    base: String,
}

impl MemberFilter {
    /// Whether it selects this one.
    pub fn matches(&self, member: &Member) -> bool {
        matches_member(&self.filter, member, &self.base)
    }
}

/// What a PATCH yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The new document.
    pub document: Document,
    /// Whether the document differs. Without a change of the document or the rows, version and lastModified stay (RFC 7644 §3.5.2).
    pub changed: bool,
    /// Changes of membership, in order; neighbours of one kind are one.
    pub members: Vec<MemberChange>,
    /// Attributes that no schema knows: ignored, and counted for the status page.
    pub dropped: Vec<String>,
}

impl Patch {
    /// Reads a PATCH body. Keys and ops in any letter case (Entra sends `Add`, I4), `schemas` may be missing.
    ///
    /// # Errors
    /// `invalidSyntax`, `invalidPath`, `invalidFilter`, or `tooMany` over [`limits::PATCH_OPERATIONS`].
    pub fn parse(body: &Value) -> Result<Self, Error> {
        let Value::Object(body) = body else {
            return Err(Error::invalid_syntax("The body of a PATCH must be a JSON object."));
        };
        refuse_case_twins(body)?;
        let operations = match get_any_case(body, "Operations") {
            None | Some(Value::Null) => return Self::of_resource(body),
            Some(Value::Array(operations)) => operations.as_slice(),
            Some(_) => return Err(Error::invalid_syntax("The Operations of a PATCH must be a list.")),
        };
        require_message(body, URN)?;
        if operations.len() > limits::PATCH_OPERATIONS {
            let (count, limit) = (operations.len(), limits::PATCH_OPERATIONS);
            return Err(Error::too_many(format!(
                "The PATCH has {count} operations; the limit is {limit}."
            )));
        }
        let operations = operations.iter().map(Operation::parse).collect::<Result<_, _>>()?;
        Ok(Self { operations })
    }

    /// A body without Operations. Nothing but `schemas` in it asks for nothing. ConnId, set to update by PATCH, sends the resource
    /// itself, as SCIM 1.1 had it: its attributes replace those that are there, and a deactivation among them must not be lost
    /// behind a 200.
    fn of_resource(body: &Map<String, Value>) -> Result<Self, Error> {
        let is_resource = schema::PUBLISHED
            .iter()
            .any(|schema| require_message(body, schema.urn).is_ok());
        if !is_resource {
            require_message(body, URN)?;
        }
        let is_message = |key: &str| key.eq_ignore_ascii_case("schemas") || key.eq_ignore_ascii_case("Operations");
        let attributes: Map<String, Value> = body
            .iter()
            .filter(|(key, _)| !is_message(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let operations = if attributes.is_empty() {
            Vec::new()
        } else {
            vec![Operation {
                op: Op::Replace,
                path: None,
                value: Some(Value::Object(attributes)),
            }]
        };
        Ok(Self { operations })
    }

    /// Applies all operations, or none. `shown` is what answers show beside the document.
    ///
    /// # Errors
    /// `mutability`, `noTarget`, `invalidValue`, `invalidPath` or `tooMany`, as RFC 7644 §3.5.2 says for the first operation that fails.
    pub fn apply(&self, resource_type: ResourceType, current: &Document, shown: Shown<'_>) -> Result<Applied, Error> {
        let mut edit = apply::Edit::new(resource_type, current.as_map().clone(), shown);
        for operation in &self.operations {
            edit.run(operation)?;
        }
        let apply::Edit {
            document,
            members,
            dropped,
            ..
        } = edit;
        let document = Document::from_map(document);
        let changed = document != *current;
        if changed {
            require(resource_type, document.as_map(), Some(current))?;
        }
        Ok(Applied {
            document,
            changed,
            members: members.into_changes(),
            dropped,
        })
    }
}

impl Operation {
    fn parse(operation: &Value) -> Result<Self, Error> {
        let Value::Object(operation) = operation else {
            return Err(Error::invalid_syntax("Each of the Operations must be a JSON object."));
        };
        refuse_case_twins(operation)?;
        let op = match get_any_case(operation, "op").and_then(Value::as_str) {
            Some(op) if op.eq_ignore_ascii_case("add") => Op::Add,
            Some(op) if op.eq_ignore_ascii_case("replace") => Op::Replace,
            Some(op) if op.eq_ignore_ascii_case("remove") => Op::Remove,
            _ => {
                return Err(Error::invalid_syntax(
                    "The op of an operation must be add, replace or remove.",
                ));
            }
        };
        // authentik sends `"path": null` (I23).
        let path = match get_any_case(operation, "path") {
            None | Some(Value::Null) => None,
            Some(Value::String(path)) if path.trim().is_empty() => None,
            Some(Value::String(path)) => Some(Path::parse(path)?),
            Some(_) => return Err(Error::invalid_path("The path of an operation must be a string.")),
        };
        Ok(Self {
            op,
            path,
            value: get_any_case(operation, "value").cloned(),
        })
    }
}

/// The object of a path-less operation.
fn whole(value: Option<&Value>) -> Result<&Map<String, Value>, Error> {
    match value {
        Some(Value::Object(object)) => Ok(object),
        // SCIM-SDK's client sends a list of one here too.
        Some(Value::Array(values)) if let [Value::Object(object)] = values.as_slice() => Ok(object),
        _ => Err(Error::invalid_value(
            "The value of an operation without path must be an object.",
        )),
    }
}

#[cfg(test)]
mod tests;
