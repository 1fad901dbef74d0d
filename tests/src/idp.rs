//! Identity providers as clients: what they send, in their order and their words.
//!
//! Owns: the shapes of docs/reference/identity-providers.md, each with its source named where it is made. Must never know what the plugin answers
//! beyond what the real client reads. Start at [`Directory`] (a small company and what happens to it), then [`okta`] and [`entra`].

mod directory;
pub mod entra;
pub mod okta;

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

pub use directory::{Directory, Group, Member, Person, Provider};
pub use entra::Entra;
pub use okta::Okta;

use crate::connect::{self, Answer};

/// RFC 7643 §4.1.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// RFC 7643 §4.2.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// RFC 7643 §4.3.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// RFC 7644 §3.5.2.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// RFC 7644 §3.4.2.
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// RFC 7644 §3.12.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What an admin pastes into an identity provider. No `Debug`: it holds a secret.
#[derive(Clone)]
pub struct Connection {
    /// The SCIM base URL, without a last slash.
    pub base: String,
    /// A service-account token.
    pub token: String,
}

/// A SCIM client without habits.
#[derive(Clone)]
pub struct ScimClient {
    connection: Connection,
    http: reqwest::Client,
}

impl ScimClient {
    /// A client of one connection.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            http: connect::client(),
        }
    }

    /// Builds one request. `path` begins with `/`, query included, and is sent as it stands where HTTP allows it.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.connection.base))
            .bearer_auth(&self.connection.token)
            .header("Accept", "application/scim+json")
    }

    /// Sends one request, whatever comes back.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/scim+json")
                .body(body.to_string());
        }
        Answer::of(request).await
    }

    /// GET.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None).await
    }

    /// POST.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// PUT.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// PATCH with these operations.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn patch(&self, path: &str, operations: Value) -> Result<Answer> {
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        self.send(Method::PATCH, path, Some(&body)).await
    }

    /// DELETE.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(Method::DELETE, path, None).await
    }

    /// The one resource that a `filter` finds, or none; `query` is the whole query string.
    ///
    /// # Errors
    /// If it finds several, or the answer is no list.
    pub async fn find(&self, endpoint: &str, query: &str) -> Result<Option<Value>> {
        let answer = self.get(&format!("{endpoint}?{query}")).await?.expect(&[200])?;
        let found = answer.json["Resources"].as_array().cloned().unwrap_or_default();
        ensure!(found.len() < 2, "{} finds {}", answer.request, found.len());
        Ok(found.into_iter().next())
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters, as most clients do.
#[must_use]
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `filter=<attribute> eq "<value>"`, encoded.
#[must_use]
pub fn eq(attribute: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("filter={}", encoded(&format!("{attribute} eq \"{value}\"")))
}

/// Two numbers that look random and are the same for the same text: object ids of a made-up directory.
fn opaque(text: &str) -> (u64, u64) {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let of = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        hasher.finish()
    };
    (of(1), of(2))
}

fn id_of(resource: &Value) -> Result<String> {
    let id = resource["id"].as_str().unwrap_or_default();
    ensure!(!id.is_empty(), "a resource without id: {resource}");
    Ok(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_value_cannot_end_its_own_quotes_or_query() {
        assert_eq!(
            eq("userName", "a\"b&c+d"),
            "filter=userName%20eq%20%22a%5C%22b%26c%2Bd%22"
        );
    }

    #[test]
    fn object_ids_are_stable_and_differ() {
        assert_eq!(opaque("a"), opaque("a"));
        assert_ne!(opaque("a"), opaque("b"));
    }
}
