//! Bulk (RFC 7644 §3.7) as pure functions: the message, the order of execution, the references, the answer.
//!
//! Owns: the message and the references in it. Must never run anything. The caller reads a [`BulkRequest`], runs its operations in
//! the order of [`BulkRequest::order`], each with its references filled in by [`BulkOperation::with_ids`], stops when
//! [`BulkRequest::stops_after`] says so, and answers with [`response`].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    Error,
    resource::require_message,
    value::{get_any_case, refuse_case_twins},
};

/// The schema URN of a bulk request.
pub const REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The schema URN of a bulk answer.
pub const RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

const REFERENCE: &str = "bulkId:";

/// The method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Makes a resource.
    Post,
    /// Replaces one.
    Put,
    /// Changes one.
    Patch,
    /// Deletes one.
    Delete,
}

impl Method {
    const ALL: [Self; 4] = [Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkOperation {
    /// The method.
    pub method: Method,
    /// The client's name for the resource that a POST makes.
    pub bulk_id: Option<String>,
    /// The path below the base URL, such as `/Users` or `/Users/{id}`.
    pub path: String,
    /// The body; null for DELETE.
    pub data: Value,
    /// The version that `If-Match` would carry.
    pub version: Option<String>,
}

/// A bulk request.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRequest {
    /// After how many errors to stop; `None` goes on to the end.
    pub fail_on_errors: Option<u64>,
    /// The operations.
    pub operations: Vec<BulkOperation>,
}

impl BulkRequest {
    /// Reads the body.
    ///
    /// # Errors
    /// 413 over `max_operations`; `invalidSyntax` or `invalidValue` where it is no bulk request.
    pub fn parse(body: &Value, max_operations: usize) -> Result<Self, Error> {
        let Value::Object(body) = body else {
            return Err(Error::invalid_syntax("A bulk request must be a JSON object."));
        };
        refuse_case_twins(body)?;
        require_message(body, REQUEST_URN)?;
        let Some(Value::Array(operations)) = get_any_case(body, "Operations") else {
            return Err(Error::invalid_syntax("A bulk request must have Operations, a list."));
        };
        if operations.len() > max_operations {
            let count = operations.len();
            let detail =
                format!("The bulk request has {count} operations; the limit (maxOperations) is {max_operations}.");
            return Err(Error::too_large(detail));
        }
        let fail_on_errors = match get_any_case(body, "failOnErrors") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let count = value.as_u64().filter(|count| *count > 0);
                Some(count.ok_or_else(|| Error::invalid_value("failOnErrors must be an integer above 0."))?)
            }
        };
        let operations: Vec<BulkOperation> = operations.iter().map(BulkOperation::parse).collect::<Result<_, _>>()?;
        let mut ids = std::collections::BTreeSet::new();
        if let Some(twice) = operations
            .iter()
            .filter_map(|operation| operation.bulk_id.as_deref())
            .find(|id| !ids.insert(*id))
        {
            return Err(Error::invalid_value(format!("The bulkId {twice:?} is there twice.")));
        }
        Ok(Self {
            fail_on_errors,
            operations,
        })
    }

    /// Whether to stop after this many errors.
    pub fn stops_after(&self, errors: u64) -> bool {
        self.fail_on_errors.is_some_and(|limit| errors >= limit)
    }

    /// In which order to run the operations: indices, each after those whose `bulkId` it refers to, otherwise as they came. Linear in
    /// the size of the request.
    ///
    /// RFC 7644 §3.7.1: circular references "MUST" be tried. One of a circle then runs before what it refers to, so the caller
    /// gives out the ids of everything that is to be made beforehand, and takes back the id of what could not be made.
    pub fn order(&self) -> Vec<usize> {
        let makers: BTreeMap<&str, usize> = self
            .operations
            .iter()
            .enumerate()
            .filter(|(_, operation)| operation.method == Method::Post)
            .filter_map(|(index, operation)| Some((operation.bulk_id.as_deref()?, index)))
            .collect();
        let needs_of = |operation: &BulkOperation| -> Vec<usize> {
            let references = operation.references();
            let mut needs: Vec<usize> = references
                .iter()
                .filter_map(|reference| makers.get(reference.as_str()).copied())
                .collect();
            needs.sort_unstable_by(|left, right| right.cmp(left));
            needs
        };
        let mut needs: Vec<Vec<usize>> = self.operations.iter().map(needs_of).collect();
        let mut reached = vec![false; needs.len()];
        let mut order = Vec::with_capacity(needs.len());
        for first in 0..needs.len() {
            // A walk down the references, on a stack of its own: a chain of a thousand must not be a thousand calls deep.
            let mut open: Vec<usize> = Some(first)
                .filter(|index| reached.get(*index) == Some(&false))
                .into_iter()
                .collect();
            while let Some(index) = open.last().copied() {
                if let Some(reached) = reached.get_mut(index) {
                    *reached = true;
                }
                match needs.get_mut(index).and_then(Vec::pop) {
                    Some(maker) if reached.get(maker) == Some(&false) => open.push(maker),
                    // Done already, or further up on the stack: a circle, which is cut here.
                    Some(_) => {}
                    None => {
                        open.pop();
                        order.push(index);
                    }
                }
            }
        }
        order
    }
}

impl BulkOperation {
    fn parse(operation: &Value) -> Result<Self, Error> {
        let Value::Object(operation) = operation else {
            return Err(Error::invalid_syntax("Each of the Operations must be a JSON object."));
        };
        refuse_case_twins(operation)?;
        let text = |name: &str| {
            get_any_case(operation, name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let method = text("method")
            .and_then(|name| {
                Method::ALL
                    .into_iter()
                    .find(|method| method.as_str().eq_ignore_ascii_case(name))
            })
            .ok_or_else(|| {
                Error::invalid_syntax("The method of a bulk operation must be POST, PUT, PATCH or DELETE.")
            })?;
        let path = text("path").ok_or_else(|| Error::invalid_syntax("A bulk operation must have a path."))?;
        let bulk_id = text("bulkId").map(str::to_owned);
        if method == Method::Post && bulk_id.is_none() {
            return Err(Error::invalid_syntax("A bulk operation with POST must have a bulkId."));
        }
        Ok(Self {
            method,
            bulk_id,
            path: path.to_owned(),
            data: get_any_case(operation, "data").cloned().unwrap_or_default(),
            version: text("version").map(str::to_owned),
        })
    }

    /// The `bulkId`s it refers to, each once.
    fn references(&self) -> std::collections::BTreeSet<String> {
        let mut references = std::collections::BTreeSet::new();
        let mut operation = self.clone();
        operation.each_reference(&mut |reference| {
            references.insert(reference.to_owned());
            None
        });
        references
    }

    /// The operation with `bulkId:…` replaced by the ids of the resources made so far.
    ///
    /// # Errors
    /// 409 where a reference is not among them: its operation failed, or there is none (RFC 7644 §3.7.1).
    pub fn with_ids(&self, ids: &BTreeMap<String, String>) -> Result<Self, Error> {
        let mut resolved = self.clone();
        let mut missing = None;
        resolved.each_reference(&mut |reference| {
            let id = ids.get(reference).cloned();
            if id.is_none() {
                missing = Some(reference.to_owned());
            }
            id
        });
        match missing {
            None => Ok(resolved),
            Some(reference) => Err(Error::conflict(format!(
                "bulkId:{reference} does not stand for a resource."
            ))),
        }
    }

    /// Shows every reference to `resolve`, and replaces it with what comes back. References are in the path, and in the body where an
    /// id of a resource belongs: elsewhere `bulkId:` is somebody's text.
    fn each_reference(&mut self, resolve: &mut impl FnMut(&str) -> Option<String>) {
        let segments: Vec<String> = self
            .path
            .split('/')
            .map(|segment| {
                segment
                    .strip_prefix(REFERENCE)
                    .and_then(&mut *resolve)
                    .unwrap_or_else(|| segment.to_owned())
            })
            .collect();
        self.path = segments.join("/");
        references_in(&mut self.data, false, resolve);
    }
}

fn references_in(value: &mut Value, holds_ids: bool, resolve: &mut impl FnMut(&str) -> Option<String>) {
    match value {
        Value::String(text) if holds_ids => {
            if let Some(id) = text.strip_prefix(REFERENCE).and_then(resolve) {
                *text = id;
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| references_in(value, holds_ids, resolve)),
        Value::Object(object) => {
            for (key, value) in object {
                let holds_ids = ["value", "$ref", "members", "manager"]
                    .iter()
                    .any(|name| key.eq_ignore_ascii_case(name));
                references_in(value, holds_ids, resolve);
            }
        }
        _ => {}
    }
}

/// How one operation went.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkResult {
    /// The method.
    pub method: Method,
    /// The client's name for it.
    pub bulk_id: Option<String>,
    /// The URL of the resource; only a failed POST has none.
    pub location: Option<String>,
    /// The new version, as an ETag.
    pub version: Option<String>,
    /// The HTTP status, or the error.
    pub outcome: Result<u16, Error>,
}

/// The answer, itself always with HTTP 200. An error carries its body as `response` (RFC 7644 §3.7.3).
pub fn response(results: &[BulkResult]) -> Value {
    let render = |result: &BulkResult| {
        let mut object = Map::new();
        let mut put = |name: &str, value: Option<Value>| object.extend(value.map(|value| (name.to_owned(), value)));
        put("method", Some(json!(result.method.as_str())));
        put("bulkId", result.bulk_id.as_ref().map(|id| json!(id)));
        put("location", result.location.as_ref().map(|location| json!(location)));
        put("version", result.version.as_ref().map(|version| json!(version)));
        match &result.outcome {
            Ok(status) => put("status", Some(json!(status.to_string()))),
            Err(error) => {
                put("status", Some(json!(error.status.to_string())));
                put("response", Some(error.body()));
            }
        }
        Value::Object(object)
    };
    json!({ "schemas": [RESPONSE_URN], "Operations": results.iter().map(render).collect::<Value>() })
}

#[cfg(test)]
mod tests;
