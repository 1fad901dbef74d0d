//! Strict JSON: bytes to a [`Value`], or a SCIM error, in time linear in the input.
//!
//! Stricter than `serde_json` alone: a key twice in one object is refused (which of the two would win is how checks get bypassed),
//! so is nesting beyond [`limits::JSON_DEPTH`] and U+0000 (which PostgreSQL cannot store).
//! Keys that differ only in letter case are the same attribute too; that is refused where the schema is known, by `resource` and `patch`.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{Error, limits};

/// Parses a request body.
///
/// # Errors
/// `invalidSyntax` for anything that is not one JSON text under the rules above.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::invalid_syntax(format!("The body is not UTF-8 (byte {}).", error.valid_up_to())))?;
    // RFC 8259 §8.1 lets a parser ignore a byte order mark; .NET clients send one.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut source = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }
        .deserialize(&mut source)
        .and_then(|value| source.end().map(|()| value));
    value.map_err(|error| Error::invalid_syntax(format!("The body is not acceptable JSON: {error}.")))
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= limits::JSON_DEPTH {
            return Err(E::custom(format_args!(
                "nested deeper than the limit of {} levels",
                limits::JSON_DEPTH
            )));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

fn without_nul<E: serde::de::Error>(text: String) -> Result<String, E> {
    if text.contains('\0') {
        Err(E::custom("a string contains U+0000"))
    } else {
        Ok(text)
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        without_nul(text.to_owned()).map(Value::String)
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Value, E> {
        without_nul(text).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let key = without_nul(key)?;
            let value = entries.next_value_seed(inner)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} is there twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::parse;
    use crate::{ScimType, limits};

    fn refusal(bytes: &[u8]) -> String {
        let error = parse(bytes).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidSyntax)));
        error.detail
    }

    #[test]
    fn ordinary_bodies_pass_unchanged() {
        let text = r#"{"a":[1,-2,2.5,true,null,"\u00e9"],"b":{"c":{}}}"#;
        assert_eq!(
            parse(text.as_bytes()).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
        assert_eq!(parse(b"\xef\xbb\xbf{}").unwrap(), json!({}));
    }

    #[test]
    fn a_key_twice_in_one_object_is_refused() {
        assert!(refusal(br#"{"active":false,"active":true}"#).contains("twice"));
        assert!(refusal(br#"{"a":[{"b":1,"b":1}]}"#).contains("twice"));
        assert!(parse(br#"{"a":{"x":1},"b":{"x":1}}"#).is_ok());
    }

    #[test]
    fn nesting_is_allowed_to_the_limit_and_refused_over_it_by_name() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(limits::JSON_DEPTH).as_bytes()).is_ok());
        assert!(refusal(nested(limits::JSON_DEPTH + 1).as_bytes()).contains("64"));
        refusal(nested(1_000_000).as_bytes());
        refusal("{\"a\":".repeat(100_000).as_bytes());
    }

    #[test]
    fn nul_bad_utf8_and_trailing_text_are_refused() {
        refusal(b"{\"a\":\"\\u0000\"}");
        refusal(b"{\"a\":\"\0\"}");
        refusal(b"{\"a\":\"\xff\"}");
        refusal(b"{} {}");
        refusal(b"");
        refusal(b"{\"a\":\"\\ud800\"}");
        refusal(b"1e999");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            drop(parse(&bytes));
        }

        #[test]
        fn arbitrary_json_like_text_never_panics(text in r#"[\[\]{}":,0-9a-z\\ .eE-]{0,128}"#) {
            drop(parse(text.as_bytes()));
        }
    }
}
