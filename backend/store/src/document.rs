//! SCIM documents as the text of a column, and back.
//!
//! Owns: the one format. Must never change what a provider sent. Start at [`text`].

use scim::resource::Document;

use super::{Error, Result};

pub(super) fn document(text: &str) -> Result<Document> {
    serde_json::from_str(text).map_err(|_| Error::Unreadable { what: "SCIM document" })
}

pub(super) fn text(document: &Document) -> Result<String> {
    serde_json::to_string(document).map_err(|_| Error::Unreadable { what: "SCIM document" })
}

/// A column that holds JSON of one of our own types.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::Unreadable { what: "column of JSON" })
}

/// What such a column says; `what` names it.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| Error::Unreadable { what })
}
