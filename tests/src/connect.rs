//! The one HTTP client of these tests, and what an answer is.
//!
//! Owns: how a request leaves this process and what is kept of its answer. Must never follow a redirect, use a proxy or print a
//! credential. Start at [`client`] and [`Answer`].

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Okta's own timeout (I17); nothing here may need longer.
const LONGEST: Duration = Duration::from_secs(60);

/// A new client. One for each test: a connection pool must not outlive the runtime it was opened in.
///
/// # Panics
/// If the client cannot be built, which only a broken TLS set-up does.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "tests cannot reach the server's own client, and are its opposite side"
)]
pub fn client() -> reqwest::Client {
    // An error means that another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(LONGEST)
        .build()
        .expect("an HTTP client")
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked, without headers: for messages.
    pub request: String,
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

impl Answer {
    /// Sends and reads everything.
    ///
    /// # Errors
    /// If there is no answer at all; every status is an answer.
    pub async fn of(request: RequestBuilder) -> Result<Self> {
        let (client, request) = request.build_split();
        let request = request.context("a request that cannot be built")?;
        let asked = format!("{} {}", request.method(), request.url());
        let response = client
            .execute(request)
            .await
            .with_context(|| format!("{asked}: no answer"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response
            .text()
            .await
            .with_context(|| format!("{asked}: the answer broke off"))?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self {
            request: asked,
            status,
            headers,
            text,
            json,
        })
    }

    /// The answer, if its status is one of `wanted`.
    ///
    /// # Errors
    /// Names request, status and body otherwise.
    pub fn expect(self, wanted: &[u16]) -> Result<Self> {
        if wanted.contains(&self.status) {
            return Ok(self);
        }
        let start: String = self.text.chars().take(600).collect();
        bail!("{}: {} instead of {wanted:?}: {start}", self.request, self.status)
    }

    /// A text in the body, or nothing.
    #[must_use]
    pub fn str(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The SCIM id of the resource.
    #[must_use]
    pub fn id(&self) -> String {
        self.str("/id").to_owned()
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}
