//! A pasted JSON body, read as a provider may have written it.
//!
//! Owns: keys in any letter case. Must never change one. Start at [`key`].

use serde_json::Value;

/// The value of a key in any letter case.
pub(super) fn key<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    let body = body.as_object()?;
    body.iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
