//! Recursive descent over the text of a filter or a PATCH path. Linear in the input, bounded in depth.
//!
//! More than the RFC's grammar gets through, each leniency named where it is.

use serde_json::Value;

use super::{
    tree::{CompareOp, Filter, Literal},
    word::{exact, is_name, split_urn, suited},
};
use crate::{
    AttrPath, Error, limits,
    schema::{Attribute, Kind},
};

pub(crate) struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    terms: usize,
    /// The error outside of a filter: `invalidFilter`, or `invalidPath` when a path is parsed.
    refuse: fn(String) -> Error,
}

/// What names mean: attributes of a resource, or sub-attributes of the values of one attribute.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource,
    Values(&'a AttrPath),
}

impl<'t> Parser<'t> {
    pub(crate) fn new(text: &'t str, refuse: fn(String) -> Error) -> Result<Self, Error> {
        if text.len() > limits::FILTER_BYTES {
            let (length, limit) = (text.len(), limits::FILTER_BYTES);
            return Err(Error::too_many(format!(
                "The filter or path is {length} bytes long; the limit is {limit}."
            )));
        }
        Ok(Self {
            text,
            at: 0,
            depth: 0,
            terms: 0,
            refuse,
        })
    }

    pub(crate) fn whole_filter(mut self) -> Result<Filter, Error> {
        let filter = self.or(Scope::Resource)?;
        self.end()?;
        Ok(filter)
    }

    /// `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub` or a comparison, and nothing after it.
    pub(crate) fn whole_path(mut self) -> Result<(AttrPath, Option<Filter>), Error> {
        self.space();
        let mut attr = self.attribute()?;
        let filter = if self.eat(b'[') {
            Some(self.bracket(&attr)?)
        } else {
            None
        };
        if filter.is_some() && self.eat(b'.') {
            attr.sub = Some(self.sub_name(&attr)?);
        }
        self.space();
        // Erratum 7122 lets a path be an attrExp: `emails.type eq "work"` selects what `emails[type eq "work"]` does.
        let filter = match filter {
            None if self.at < self.text.len() => {
                self.whole_part(&attr)?;
                let definition = attr.definition();
                let sub = attr.sub.take().unwrap_or_else(|| "value".to_owned());
                Some(self.comparison(AttrPath::new(&sub, None), definition)?)
            }
            filter => filter,
        };
        self.end()?;
        Ok((attr, filter))
    }

    fn or(&mut self, scope: Scope<'_>) -> Result<Filter, Error> {
        let mut parts = vec![self.and(scope)?];
        while self.keyword("or") {
            parts.push(self.and(scope)?);
        }
        Ok(Filter::or(parts))
    }

    fn and(&mut self, scope: Scope<'_>) -> Result<Filter, Error> {
        let mut parts = vec![self.unary(scope)?];
        while self.keyword("and") {
            parts.push(self.unary(scope)?);
        }
        Ok(Filter::and(parts))
    }

    fn unary(&mut self, scope: Scope<'_>) -> Result<Filter, Error> {
        self.space();
        if self.eat(b'(') {
            return self.group(scope);
        }
        // The ABNF has `not(`, the RFC's examples `not (` (erratum 7319).
        let start = self.at;
        if self.keyword("not") {
            self.space();
            if self.eat(b'(') {
                return Ok(Filter::Not(Box::new(self.group(scope)?)));
            }
            self.at = start;
        }
        self.term(scope)
    }

    fn group(&mut self, scope: Scope<'_>) -> Result<Filter, Error> {
        self.descend()?;
        let filter = self.or(scope)?;
        self.space();
        if !self.eat(b')') {
            return Err(self.unexpected("a closing parenthesis"));
        }
        self.depth -= 1;
        Ok(filter)
    }

    fn bracket(&mut self, attr: &AttrPath) -> Result<Filter, Error> {
        if attr.sub.is_some() {
            return Err(self.unexpected("no bracket after a sub-attribute"));
        }
        let mut known = attr.known().peekable();
        if known.peek().is_some() && known.all(|it| it.kind != Kind::Complex && !it.multi_valued) {
            return Err((self.refuse)(format!(
                "{attr} has no values to choose from: it takes no filter."
            )));
        }
        self.descend()?;
        let filter = self.or(Scope::Values(attr))?;
        self.space();
        if !self.eat(b']') {
            return Err(self.unexpected("a closing bracket"));
        }
        self.depth -= 1;
        Ok(filter)
    }

    fn descend(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > limits::FILTER_DEPTH {
            let detail = format!(
                "The filter is nested deeper than the limit of {}.",
                limits::FILTER_DEPTH
            );
            return Err(Error::too_many(detail));
        }
        Ok(())
    }

    fn term(&mut self, scope: Scope<'_>) -> Result<Filter, Error> {
        let start = self.at;
        let path = self.attribute()?;
        match scope {
            Scope::Resource => {
                if !self.eat(b'[') {
                    self.whole_part(&path)?;
                    let definition = path.definition();
                    return self.comparison(path, definition);
                }
                let filter = Box::new(self.bracket(&path)?);
                // Entra's `emails[type eq "work"].value eq "x"` (I2).
                let sub = if self.eat(b'.') {
                    let name = self.sub_name(&path)?;
                    let part = AttrPath {
                        sub: Some(name.clone()),
                        ..path.clone()
                    };
                    self.whole_part(&part)?;
                    let definition = part.definition();
                    Some(Box::new(self.comparison(AttrPath::new(&name, None), definition)?))
                } else {
                    None
                };
                Ok(Filter::ValuePath { path, filter, sub })
            }
            Scope::Values(parent) => {
                if path.schema.is_some() || path.sub.is_some() || self.peek() == Some(b'[') {
                    self.at = start;
                    return Err(self.unexpected("the name of a sub-attribute"));
                }
                let within = AttrPath {
                    sub: Some(path.attr),
                    ..parent.clone()
                }
                .canonical();
                let name = within.sub.clone().unwrap_or_default();
                // The values of `schemas` have no parts: `value` is each of them itself.
                if let Some(plain) = parent.known().find(|it| it.kind != Kind::Complex)
                    && name.eq_ignore_ascii_case("value")
                {
                    return self.comparison(AttrPath::new("value", None), Some(plain));
                }
                self.whole_part(&within)?;
                self.comparison(AttrPath::new(&name, None), within.definition())
            }
        }
    }

    /// Refuses to compare what no schema has: see [`AttrPath::lacks_part`].
    fn whole_part(&self, path: &AttrPath) -> Result<(), Error> {
        if path.lacks_part() {
            let part = path.sub.as_deref().unwrap_or_default();
            let detail = format!("{} has no sub-attribute {part:?}.", path.attr);
            return Err(Error::invalid_filter(detail));
        }
        Ok(())
    }

    fn comparison(&mut self, path: AttrPath, definition: Option<&'static Attribute>) -> Result<Filter, Error> {
        self.terms += 1;
        if self.terms > limits::FILTER_TERMS {
            let detail = format!(
                "The filter has more comparisons than the limit of {}.",
                limits::FILTER_TERMS
            );
            return Err(Error::too_many(detail));
        }
        self.space();
        let start = self.at;
        let word = self.take_while(|byte| byte.is_ascii_alphabetic());
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present { path });
        }
        let Some(op) = CompareOp::from_word(word) else {
            self.at = start;
            return Err(self.unexpected("an operator (eq ne co sw ew pr gt ge lt le)"));
        };
        // The RFC's own PATCH example has `value eq"…"`, without a space.
        self.space();
        let value = suited(self.literal()?, definition);
        self.check(op, &value, definition)?;
        Ok(Filter::Compare { path, op, value })
    }

    fn check(&self, op: CompareOp, value: &Literal, definition: Option<&Attribute>) -> Result<(), Error> {
        let kind = definition.map(|attribute| attribute.kind);
        // RFC 7644 Table 3: "Boolean and Binary attributes SHALL cause a failed response (HTTP status code 400) with invalidFilter".
        let unordered =
            matches!(kind, Some(Kind::Boolean | Kind::Binary)) || matches!(value, Literal::Boolean(_) | Literal::Null);
        if op.is_ordering() && unordered {
            return Err(Error::invalid_filter(format!(
                "{} is not defined for booleans, binaries and null.",
                op.as_str()
            )));
        }
        if op.is_textual() && (!matches!(value, Literal::String(_)) || kind == Some(Kind::Boolean)) {
            return Err(Error::invalid_filter(format!(
                "{} is defined for text only.",
                op.as_str()
            )));
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<Literal, Error> {
        if self.peek() == Some(b'"') {
            return self.string();
        }
        let start = self.at;
        // Taken for a word, its quotes would be part of it, and nobody would be found.
        let rest = self.text.get(start..).unwrap_or_default();
        if rest.starts_with(OTHER_QUOTES) {
            return Err(self.unexpected("a value in double quotes (\")"));
        }
        let word =
            self.take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' | b'[' | b']' | b'"'));
        let keyword = |name: &str| word.eq_ignore_ascii_case(name);
        if keyword("true") || keyword("false") {
            return Ok(Literal::Boolean(keyword("true")));
        }
        if keyword("null") {
            return Ok(Literal::Null);
        }
        let reserved = ["and", "or", "not", "pr"].into_iter().any(keyword) || CompareOp::from_word(word).is_some();
        if word.is_empty() || reserved {
            self.at = start;
            return Err(self.unexpected("a value"));
        }
        match serde_json::from_str::<Value>(word) {
            Ok(Value::Number(number)) => Ok(Literal::Number(exact(word, number))),
            // Words without quotes are in RFC 7644 §3.4.2.1 and all over Microsoft's Postman collection.
            _ => Ok(Literal::String(word.to_owned())),
        }
    }

    fn string(&mut self) -> Result<Literal, Error> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let mut escaped = false;
        let close = rest.bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let Some(close) = close else {
            return Err(self.unexpected("a closing quote for this string"));
        };
        let end = start + close + 2;
        let string = self
            .text
            .get(start..end)
            .and_then(|quoted| serde_json::from_str::<String>(quoted).ok());
        let Some(string) = string else {
            return Err(self.unexpected("a string with JSON escapes"));
        };
        self.at = end;
        // A quote inside of a name that a client did not escape (I23, I24) ends up here.
        if matches!(self.peek(), None | Some(b' ' | b'\t' | b'\r' | b'\n' | b')' | b']')) {
            Ok(Literal::String(string))
        } else {
            Err(self.unexpected("a space or the end after a string"))
        }
    }

    /// `[URI ":"] ATTRNAME ["." ATTRNAME]`. Names may start with `$` (erratum 8924).
    fn attribute(&mut self) -> Result<AttrPath, Error> {
        let start = self.at;
        let word = self.take_while(|byte| byte.is_ascii_alphanumeric() || b"-_$:./%#+~@".contains(&byte));
        let path = split_urn(word).and_then(|(urn, name)| {
            let (attr, sub) = match name.split_once('.') {
                Some((attr, sub)) => (attr, Some(sub)),
                None => (name, None),
            };
            let valid = is_name(attr) && sub.is_none_or(is_name);
            valid.then(|| AttrPath {
                schema: urn.map(str::to_owned),
                ..AttrPath::new(attr, sub)
            })
        });
        path.map(AttrPath::canonical).ok_or_else(|| {
            self.at = start;
            self.unexpected("an attribute name")
        })
    }

    fn sub_name(&mut self, parent: &AttrPath) -> Result<String, Error> {
        let start = self.at;
        let word = self.take_while(|byte| byte.is_ascii_alphanumeric() || b"-_$".contains(&byte));
        if !is_name(word) {
            self.at = start;
            return Err(self.unexpected("the name of a sub-attribute"));
        }
        let path = AttrPath {
            sub: Some(word.to_owned()),
            ..parent.clone()
        }
        .canonical();
        Ok(path.sub.unwrap_or_default())
    }

    fn keyword(&mut self, name: &str) -> bool {
        let start = self.at;
        self.space();
        let word = self.take_while(|byte| byte.is_ascii_alphanumeric() || b"-_$:.".contains(&byte));
        let found = word.eq_ignore_ascii_case(name);
        if !found {
            self.at = start;
        }
        found
    }

    fn end(&mut self) -> Result<(), Error> {
        self.space();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(self.unexpected("the end"))
        }
    }

    fn space(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Every predicate stops only at ASCII bytes or before the first byte of a character, so `at` stays on a character boundary.
    fn take_while(&mut self, accepts: impl Fn(u8) -> bool) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.bytes().position(|byte| !accepts(byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn unexpected(&self, expected: &str) -> Error {
        let found: String = self.text.get(self.at..).unwrap_or_default().chars().take(20).collect();
        let found = if found.is_empty() {
            "the end".to_owned()
        } else {
            format!("{found:?}")
        };
        let detail = format!("Expected {expected} at position {}, found {found}.", self.at + 1);
        if self.depth > 0 {
            Error::invalid_filter(detail)
        } else {
            (self.refuse)(detail)
        }
    }
}

/// What people and word processors write for `"`.
const OTHER_QUOTES: [char; 12] = [
    '\'', '`', '\u{b4}', '\u{ab}', '\u{bb}', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201c}', '\u{201d}', '\u{201e}',
    '\u{2039}',
];
