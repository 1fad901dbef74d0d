//! PATCH (RFC 7644 §3.5.2): the message, and what applying it yields.
//!
//! Applying works on a copy and hands out the whole result or an error, so it is atomic by construction. Changes of membership come
//! out as [`MemberChange`]s, in order. Start at [`Patch::parse`]; attributes are in `apply`, members in `members`.

mod apply;
mod lists;
mod members;
mod operation;
mod read_only;
mod values;

use serde_json::{Map, Value};

pub use members::{MemberChange, MemberFilter};
pub use operation::{Op, Operation};

use crate::{
    Document, Error, ResourceType, limits,
    path::Path,
    render::Shown,
    resource::{require, require_message},
    schema,
    value::{get_any_case, refuse_case_twins},
};

/// The schema URN of a PATCH body.
pub const URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A PATCH request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Patch {
    /// Its operations, in order. None at all is allowed and changes nothing (Microsoft's validator sends that, ConnId leaves the key out).
    pub operations: Vec<Operation>,
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

    /// Whether an operation says something of this attribute, be it the same as before.
    #[must_use]
    pub fn mentions(&self, attribute: &str) -> bool {
        self.operations
            .iter()
            .any(|operation| match (&operation.path, &operation.value) {
                (Some(Path::Attribute { attr, .. }), _) => attr.attr.eq_ignore_ascii_case(attribute),
                (None, Some(Value::Object(value))) => value.keys().any(|key| key.eq_ignore_ascii_case(attribute)),
                _ => false,
            })
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

#[cfg(test)]
mod tests;
