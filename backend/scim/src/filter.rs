//! Filters (RFC 7644 §3.4.2.2): text to [`Filter`], and back, and evaluated on a resource.
//!
//! The tree is public so that a store can compile the parts it has indexes for. It is in `tree`, parsing in `parser`,
//! evaluation in `evaluate`.

mod evaluate;
pub(crate) mod parser;
mod tree;
mod word;

pub(crate) use evaluate::matches_element;
pub use evaluate::{matches, matches_member};
pub use tree::{CompareOp, Filter, Literal};

use crate::Error;

/// Parses a filter.
///
/// # Errors
/// `invalidFilter` with the position; `tooMany` over a limit, which it names.
pub fn parse(text: &str) -> Result<Filter, Error> {
    parser::Parser::new(text, Error::invalid_filter)?.whole_filter()
}

#[cfg(test)]
mod tests;
