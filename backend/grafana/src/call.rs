//! One request and its answer.
//!
//! Owns: sending, reading the whole answer, and telling Grafana's answers from a proxy's. Must never log a body. Start at [`send`].

use std::error::Error as _;

use bytes::Bytes;
use domain::Secret;
use reqwest::{RequestBuilder, StatusCode, header};
use serde::de::DeserializeOwned;

use super::failure::{Error, Refusal, Result};

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    headers: header::HeaderMap,
    body: Bytes,
}

pub(super) async fn send(request: RequestBuilder) -> Result<Answer> {
    // What no request can be made of (a name that is too long for a URL) says nothing about Grafana.
    let failed = |e: reqwest::Error| {
        if e.is_builder() {
            Error::NotSent(cause(&e))
        } else {
            Error::Away(cause(&e))
        }
    };
    let response = request.send().await.map_err(failed)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(failed)?;
    Ok(Answer { status, headers, body })
}

/// Why there is no answer, without the URL: it may hold somebody's e-mail.
pub(super) fn cause(e: &reqwest::Error) -> String {
    if e.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = e;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if e.source().is_some() {
        cause.to_string()
    } else {
        "the connection failed".to_owned()
    }
}

impl Answer {
    pub fn message_id(&self) -> String {
        Refusal::read(&self.body).map_or_else(String::new, |refusal| refusal.message_id)
    }

    /// Grafana's words, for people.
    pub fn words(&self) -> String {
        let refusal = Refusal::read(&self.body).unwrap_or_default();
        refusal.words(self.status)
    }

    /// Whether Grafana refused, and nobody on the way to it: its API says why in JSON, a proxy has a page, or nothing.
    pub fn is_refusal(&self) -> bool {
        Refusal::read(&self.body).is_some()
    }

    /// Whether it may be about the session instead of the call: with anonymous access a dead one is answered by 403 (G80).
    pub fn doubts_session(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && self.is_refusal()
    }

    /// What it sets and unsets.
    pub fn set_cookies(&self) -> impl Iterator<Item = &str> {
        let set = self.headers.get_all(header::SET_COOKIE).iter();
        set.filter_map(|value| value.to_str().ok())
    }

    /// What Grafana says beside its words, in a refusal too.
    pub fn fields<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn error(&self) -> Error {
        if self.status.is_redirection() {
            let to = self
                .headers
                .get(header::LOCATION)
                .and_then(|l| l.to_str().ok())
                .and_then(|l| l.split(['?', '#']).next())
                .unwrap_or("elsewhere");
            return Error::NotGrafana(format!("it redirects to {to}"));
        }
        let retry_after = self.headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok());
        Error::of(self.status, Refusal::read(&self.body).as_ref(), retry_after)
    }

    pub fn checked(self) -> Result<Self> {
        if self.status.is_success() {
            Ok(self)
        } else {
            Err(self.error())
        }
    }

    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        let answer = self.checked()?;
        // Not serde's own words: they may quote a value.
        serde_json::from_slice(&answer.body).map_err(|_| not_grafanas())
    }

    /// The answer to a call that changes something: that it was done, in JSON. A page that is a 200 (another sign-in in front of
    /// Grafana) says nothing.
    pub fn done(self) -> Result<()> {
        self.checked()?.is_done()
    }

    /// The same of an answer that is a success.
    pub fn is_done(&self) -> Result<()> {
        let says = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&self.body);
        if self.body.is_empty() || says.is_ok() {
            Ok(())
        } else {
            Err(not_grafanas())
        }
    }
}

fn not_grafanas() -> Error {
    Error::NotGrafana("its answer is not what Grafana answers".to_owned())
}

/// A header value that HTTP debugging prints as `Sensitive`.
pub(super) fn sensitive(secret: &Secret) -> header::HeaderValue {
    let mut value = header::HeaderValue::from_str(secret.expose()).unwrap_or(header::HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
