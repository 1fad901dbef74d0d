//! Members of a group, as they come in and go out (RFC 7643 §4.2).

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{
    Error,
    value::{get_any_case, refuse_case_twins},
};

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MemberKind {
    /// A user. Clients mostly leave `type` out; then it is this.
    #[default]
    User,
    /// A nested group.
    Group,
}

impl MemberKind {
    /// `User` or `Group`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The endpoint, for `$ref`.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The id of the resource.
    pub value: String,
    /// The client's name for it, echoed as it came.
    pub display: Option<String>,
    /// What it is.
    pub kind: MemberKind,
}

impl Member {
    /// A user without a display name.
    pub fn user(id: impl Into<String>) -> Self {
        Self {
            value: id.into(),
            display: None,
            kind: MemberKind::User,
        }
    }

    /// Reads one element of `members`. A bare string is an id (Microsoft's Postman collection); `null` and `{}` are nothing.
    ///
    /// # Errors
    /// `invalidValue` where no id can be read.
    pub fn parse(value: &Value) -> Result<Option<Self>, Error> {
        let object = match value {
            Value::Null => return Ok(None),
            Value::String(id) if !id.is_empty() => return Ok(Some(Self::user(id))),
            Value::Object(object) if object.is_empty() => return Ok(None),
            Value::Object(object) => object,
            _ => {
                return Err(Error::invalid_value(
                    "A member must be an object with a value, or an id.",
                ));
            }
        };
        refuse_case_twins(object)?;
        let text = |name: &str| {
            get_any_case(object, name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        // Entra sends `"$ref": null` beside the value (I4).
        let reference = text("$ref");
        let id = text("value")
            .or_else(|| reference.and_then(|uri| uri.rsplit('/').next()))
            .filter(|id| !id.is_empty())
            .ok_or_else(|| Error::invalid_value("A member has no value: it must be the id of a resource."))?;
        let nested = match text("type") {
            Some(kind) => kind.eq_ignore_ascii_case("Group"),
            None => reference.is_some_and(|uri| uri.contains("/Groups/")),
        };
        let kind = if nested { MemberKind::Group } else { MemberKind::User };
        Ok(Some(Self {
            value: id.to_owned(),
            display: text("display").map(str::to_owned),
            kind,
        }))
    }

    /// Reads `members`: a list, or one element where a list belongs. An id twice is there once, as it came first.
    ///
    /// # Errors
    /// `invalidValue` where an element has no id.
    pub fn parse_list(value: &Value) -> Result<Vec<Self>, Error> {
        let elements = match value {
            Value::Array(elements) => elements.as_slice(),
            Value::String(text) if text.is_empty() => &[],
            other => std::slice::from_ref(other),
        };
        let mut seen = HashSet::with_capacity(elements.len());
        let mut members = Vec::with_capacity(elements.len());
        for element in elements {
            if let Some(member) = Self::parse(element)?
                && seen.insert(member.value.clone())
            {
                members.push(member);
            }
        }
        Ok(members)
    }

    /// The member as JSON. `base` is the endpoints' URL without trailing slash; empty makes relative references.
    pub fn render(&self, base: &str) -> Value {
        let mut object = Map::new();
        object.insert("value".to_owned(), Value::from(self.value.as_str()));
        object.insert(
            "$ref".to_owned(),
            Value::from(format!("{base}/{}/{}", self.kind.endpoint(), self.value)),
        );
        object.insert("type".to_owned(), Value::from(self.kind.as_str()));
        if let Some(display) = &self.display {
            object.insert("display".to_owned(), Value::from(display.as_str()));
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Member, MemberKind};

    #[test]
    fn entra_sends_a_null_reference_beside_the_value() {
        let members = Member::parse_list(&json!([{ "$ref": null, "value": "u-1" }])).unwrap();
        assert_eq!(members, [Member::user("u-1")]);
    }

    #[test]
    fn postman_sends_a_bare_string() {
        assert_eq!(Member::parse_list(&json!("u-1")).unwrap(), [Member::user("u-1")]);
        assert_eq!(Member::parse_list(&json!(["u-1", "u-2"])).unwrap().len(), 2);
    }

    #[test]
    fn a_group_is_told_by_type_or_by_reference() {
        let kinds = |value| Member::parse_list(&value).unwrap()[0].kind;
        assert_eq!(kinds(json!({ "value": "g", "Type": "group" })), MemberKind::Group);
        assert_eq!(
            kinds(json!({ "$ref": "https://x.test/v2/Groups/g" })),
            MemberKind::Group
        );
        assert_eq!(kinds(json!({ "value": "u", "$ref": "../Users/u" })), MemberKind::User);
    }

    #[test]
    fn an_id_twice_is_one_member_and_a_member_without_id_is_refused() {
        assert_eq!(
            Member::parse_list(&json!([{ "value": "a" }, { "value": "a" }]))
                .unwrap()
                .len(),
            1
        );
        assert!(Member::parse_list(&json!([{ "display": "a" }])).is_err());
        assert!(Member::parse_list(&json!([7])).is_err());
        assert!(Member::parse_list(&json!([{ "value": "" }])).is_err());
        assert!(Member::parse_list(&json!([null, {},])).unwrap().is_empty());
    }
}
