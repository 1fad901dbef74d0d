//! PATCH paths (RFC 7644 §3.5.2), on the parser of filters.

use crate::{
    AttrPath, Error,
    filter::{Filter, parser::Parser},
    schema::{self, Schema},
};

/// Where a PATCH operation works.
#[derive(Debug, Clone, PartialEq)]
pub enum Path {
    /// A whole schema, by its bare URN: `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`.
    Schema(String),
    /// `attr`, `attr.sub`, `attr[filter]` or `attr[filter].sub`, each with or without URN.
    Attribute {
        /// The attribute; its `sub` is what follows the bracket where there is one.
        attr: AttrPath,
        /// The filter in brackets.
        filter: Option<Filter>,
    },
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// `invalidPath`; `invalidFilter` for what is wrong inside of the brackets; `tooMany` over a limit, which it names.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        // Before anything else: taken apart, the URN of User would be attribute `User` of schema `urn:…:2.0`.
        if let Some(Schema { urn, .. }) = schema::by_urn(text) {
            return Ok(Self::Schema((*urn).to_owned()));
        }
        let (attr, filter) = Parser::new(text, Error::invalid_path)?.whole_path()?;
        Ok(Self::Attribute { attr, filter })
    }
}
