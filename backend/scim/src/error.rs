//! The one error type, as RFC 7644 §3.12 puts it on the wire.

use serde_json::{Value, json};

/// The schema URN of an error body.
pub const URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A SCIM detail error keyword (RFC 7644 Table 9, RFC 9865 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// A filter could not be parsed, or its comparison is not defined for the attribute.
    InvalidFilter,
    /// More results, operations or terms than the server is willing to process.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// The change is not allowed by the attribute's mutability or state.
    Mutability,
    /// The body is not the message it should be.
    InvalidSyntax,
    /// A PATCH path is malformed.
    InvalidPath,
    /// A PATCH path that yields nothing to operate on.
    NoTarget,
    /// A required value is missing, or a value has the wrong type.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// Sensitive information in a request URI.
    Sensitive,
    /// The cursor is malformed or was not made by this server (RFC 9865).
    InvalidCursor,
    /// The cursor was good once (RFC 9865).
    ExpiredCursor,
    /// The page size changed between two pages of one cursor (RFC 9865).
    InvalidCount,
}

impl ScimType {
    /// The keyword on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

/// A refusal: HTTP status, SCIM keyword where there is one, and a sentence for the person who reads the IdP's log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {detail}")]
pub struct Error {
    /// The HTTP status.
    pub status: u16,
    /// The SCIM keyword; only 400 and 409 have one.
    pub scim_type: Option<ScimType>,
    /// What is wrong, in words.
    pub detail: String,
}

macro_rules! bad_request {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {
        $($(#[$doc])* pub fn $name(detail: impl Into<String>) -> Self { Self::bad_request(ScimType::$kind, detail) })*
    };
}

impl Error {
    /// An error of any status without a keyword.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
        }
    }

    /// 400 with a keyword.
    pub fn bad_request(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            scim_type: Some(scim_type),
            detail: detail.into(),
        }
    }

    bad_request! {
        /// 400 `invalidFilter`.
        invalid_filter = InvalidFilter;
        /// 400 `tooMany`.
        too_many = TooMany;
        /// 400 `mutability`.
        mutability = Mutability;
        /// 400 `invalidSyntax`.
        invalid_syntax = InvalidSyntax;
        /// 400 `invalidPath`.
        invalid_path = InvalidPath;
        /// 400 `noTarget`.
        no_target = NoTarget;
        /// 400 `invalidValue`.
        invalid_value = InvalidValue;
        /// 400 `invalidCursor`.
        invalid_cursor = InvalidCursor;
        /// 400 `expiredCursor`.
        expired_cursor = ExpiredCursor;
        /// 400 `invalidCount`.
        invalid_count = InvalidCount;
    }

    /// 409 `uniqueness`: another resource has this value of `attribute`.
    pub fn uniqueness(attribute: &str) -> Self {
        let detail = format!("Another resource has this {attribute}; it must be unique (letter case does not count).");
        Self {
            status: 409,
            scim_type: Some(ScimType::Uniqueness),
            detail,
        }
    }

    /// 409 `uniqueness`: something that is no SCIM resource has the value; `detail` says what.
    pub fn not_unique(detail: impl Into<String>) -> Self {
        Self {
            scim_type: Some(ScimType::Uniqueness),
            ..Self::new(409, detail)
        }
    }

    /// 409 without a keyword: the request cannot be carried out in the present state.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, detail)
    }

    /// 401.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, detail)
    }

    /// 403.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, detail)
    }

    /// 404 for a resource (`kind` is its type's name: `User`, `Schema`, …).
    pub fn not_found(kind: &str, id: &str) -> Self {
        Self::new(404, format!("{kind} {id} does not exist."))
    }

    /// 404 for a path that is no endpoint.
    pub fn unknown_endpoint(path: &str) -> Self {
        Self::new(404, format!("There is no SCIM endpoint at {path}."))
    }

    /// 405. The HTTP layer adds `Allow`.
    pub fn method_not_allowed(method: &str, path: &str) -> Self {
        Self::new(405, format!("{method} is not supported on {path}."))
    }

    /// 412: If-Match did not match.
    pub fn precondition_failed() -> Self {
        Self::new(
            412,
            "The resource has changed since: its version is not the one in If-Match.",
        )
    }

    /// 413, naming the limit.
    pub fn too_large(limit: impl Into<String>) -> Self {
        Self::new(413, limit)
    }

    /// 429. The HTTP layer adds `Retry-After`.
    pub fn too_many_requests() -> Self {
        Self::new(429, "Too many requests; slow down and try again.")
    }

    /// 500 that tells nothing of the inside.
    pub fn internal() -> Self {
        Self::new(500, "Something went wrong in the server; its log says what.")
    }

    /// 501.
    pub fn not_implemented(what: &str) -> Self {
        Self::new(501, format!("{what} is not supported."))
    }

    /// 503. The HTTP layer adds `Retry-After`.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(503, detail)
    }

    /// The body. `status` is a JSON *string* (RFC 7644 §3.12).
    pub fn body(&self) -> Value {
        let mut body = json!({ "schemas": [URN], "status": self.status.to_string(), "detail": self.detail });
        if let (Some(object), Some(scim_type)) = (body.as_object_mut(), self.scim_type) {
            object.insert("scimType".to_owned(), Value::from(scim_type.as_str()));
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::Error;
    use serde_json::json;

    #[test]
    fn an_error_body_carries_its_status_as_a_string() {
        let body = Error::uniqueness("userName").body();
        assert_eq!(body["status"], json!("409"));
        assert_eq!(body["scimType"], json!("uniqueness"));
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    }

    #[test]
    fn an_error_without_keyword_has_no_null_in_it() {
        assert!(Error::not_found("User", "1").body().get("scimType").is_none());
    }
}
