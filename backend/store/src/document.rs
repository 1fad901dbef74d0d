//! SCIM documents as the text of a column, and back.
//!
//! Owns: the one format. Must never change what a provider sent. Start at [`text`].

use scim::resource::Document;

use super::{Error, Result};

/// The name of a document in [`Error::Unreadable`].
pub(super) const WHAT: &str = "SCIM document";

pub(super) fn parse(text: &str) -> Option<Document> {
    serde_json::from_str(text).ok()
}

pub(super) fn text(document: &Document) -> Result<String> {
    serde_json::to_string(document).map_err(|_| Error::Unreadable { what: WHAT })
}
