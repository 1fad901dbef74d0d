//! From JSON to `admin_api`'s types, in few bytes.
//!
//! Owns: reading of a [`Value`] as what the backend writes: objects, lists, texts, numbers, yes and no, names of variants. `serde_json`'s
//! own reader takes a struct from a list too, and the code for that, once for each type, is eight of the 350 kB this page may have.
//! Must never read less strictly than it does. Start at [`read`].

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::StringDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Map, Value};

/// `value` as a `T`.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(Plain(value))
}

struct Plain(Value);

impl Plain {
    /// It is something else than was asked for.
    fn unexpected(&self, wanted: &'static str) -> Error {
        let is = match &self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(yes) => Unexpected::Bool(*yes),
            Value::Number(_) => Unexpected::Other("a number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(is, &wanted)
    }

    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.0 {
            Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(n), _) => visitor.visit_i64(n),
                (None, Some(n)) => visitor.visit_f64(n),
                (None, None) => Err(self.unexpected("a number")),
            },
            _ => Err(self.unexpected("a number")),
        }
    }
}

impl<'de> Deserializer<'de> for Plain {
    type Error = Error;

    /// What is not asked for by type: a key nobody knows is skipped, and an object stays one.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Bool(yes) => visitor.visit_bool(yes),
            _ => Err(self.unexpected("yes or no")),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.number(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => Err(self.unexpected("a text")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            _ => Err(self.unexpected("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(Fields(fields.into_iter(), None)),
            _ => Err(self.unexpected("an object")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(StringDeserializer::<Error>::new(name)),
            _ => Err(self.unexpected("a name")),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple_struct identifier
    }
}

struct Items(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|item| seed.deserialize(Plain(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Fields(<Map<String, Value> as IntoIterator>::IntoIter, Option<Value>);

impl<'de> MapAccess<'de> for Fields {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.0.next() else {
            return Ok(None);
        };
        self.1 = Some(value);
        seed.deserialize(IntoDeserializer::<Error>::into_deserializer(key))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Plain(self.1.take().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use admin_api::{Groups, MappingMode, People};
    use serde_json::{Value, json};

    use super::read;

    fn people() -> Value {
        json!({
            "total": 2, "counts": [["active", 1], ["closed", 1]], "later": {"than": ["this page"]},
            "users": [{
                "id": "u1", "user_name": "ada", "name": "Ada", "email": null, "active": true, "access": "closed_may_return",
                "grafana_id": 7, "origin": "claimed", "groups": ["A", "B"], "modified_ms": 1_700_000_000_000_i64, "note": "why",
            }],
            "next": "b",
        })
    }

    #[test]
    fn what_the_backend_writes_is_read_as_serde_json_reads_it() {
        let read = read::<People>(people()).unwrap();
        assert_eq!(read, serde_json::from_value(people()).unwrap());
        assert_eq!(
            (read.users[0].grafana_id, read.users[0].email.as_deref()),
            (Some(7), None)
        );
        let groups = json!({"mapping_mode": "create", "mapping_mode_locked": false, "group_sync": true, "groups": []});
        assert_eq!(super::read::<Groups>(groups).unwrap().mapping_mode, MappingMode::Create);
    }

    #[test]
    fn another_shape_is_refused() {
        for (key, value) in [
            ("total", json!("two")),
            ("users", json!({})),
            ("users", json!([1])),
            ("next", json!(5)),
            ("counts", json!([["active"]])),
        ] {
            let mut answer = people();
            answer[key] = value.clone();
            assert!(read::<People>(answer).is_err(), "{key}: {value}");
        }
        let mut unknown = people();
        unknown["users"][0]["access"] = json!("ajar");
        assert!(read::<People>(unknown).is_err());
        assert!(read::<People>(json!({"total": 1})).is_err());
    }
}
