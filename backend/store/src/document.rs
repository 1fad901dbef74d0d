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
