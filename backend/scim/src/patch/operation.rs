//! One operation of a PATCH, as it comes.
//!
//! Owns: the forms identity providers send it in. Must never look at a resource. Start at [`Operation`].

use serde_json::{Map, Value};

use crate::{
    Error,
    path::Path,
    value::{get_any_case, refuse_case_twins},
};

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

impl Operation {
    pub(super) fn parse(operation: &Value) -> Result<Self, Error> {
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
pub(super) fn whole(value: Option<&Value>) -> Result<&Map<String, Value>, Error> {
    match value {
        Some(Value::Object(object)) => Ok(object),
        // SCIM-SDK's client sends a list of one here too.
        Some(Value::Array(values)) if let [Value::Object(object)] = values.as_slice() => Ok(object),
        _ => Err(Error::invalid_value(
            "The value of an operation without path must be an object.",
        )),
    }
}
