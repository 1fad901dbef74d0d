//! The words of a filter: names and literals.
//!
//! Owns: how a name is parted, and the type that a literal has. Must never know where in a filter it is.
//! Start at [`split_urn`] and [`suited`].

use serde_json::Number;

use super::tree::Literal;
use crate::schema::{self, Attribute, Kind};

/// Splits the URN off a qualified name. Known URNs first: they end in `:User`, which would else be taken for the attribute, and hold a
/// dot, which would else be taken for the sub-attribute.
pub(super) fn split_urn(word: &str) -> Option<(Option<&str>, &str)> {
    for schema in schema::PUBLISHED {
        let length = schema.urn.len();
        if word
            .get(..length)
            .is_some_and(|start| start.eq_ignore_ascii_case(schema.urn))
            && let Some(rest) = word.get(length..)
            && let Some(name) = rest.strip_prefix([':', '.'])
        {
            return Some((word.get(..length), name));
        }
    }
    match word.rsplit_once(':') {
        Some((urn, name)) => Some((Some(urn).filter(|urn| !urn.is_empty()), name)),
        None => Some((None, word)),
    }
}

pub(super) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'$')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The number nearest to `text`. serde_json reads long ones a bit off, so that what is printed would be read as another number.
pub(super) fn exact(text: &str, read: Number) -> Number {
    if read.is_f64() {
        text.parse().ok().and_then(Number::from_f64).unwrap_or(read)
    } else {
        read
    }
}

/// The literal as the attribute's type has it: `active eq "True"` is a boolean, `employeeNumber eq 7` is text.
pub(super) fn suited(literal: Literal, definition: Option<&Attribute>) -> Literal {
    match (definition.map(|attribute| attribute.kind), literal) {
        (Some(Kind::Boolean), Literal::String(text)) if text.eq_ignore_ascii_case("true") => Literal::Boolean(true),
        (Some(Kind::Boolean), Literal::String(text)) if text.eq_ignore_ascii_case("false") => Literal::Boolean(false),
        (Some(Kind::String | Kind::Reference | Kind::Binary), Literal::Number(number)) => {
            Literal::String(number.to_string())
        }
        (Some(Kind::String | Kind::Reference | Kind::Binary), Literal::Boolean(value)) => {
            Literal::String(value.to_string())
        }
        (_, literal) => literal,
    }
}
