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
    let away = |e: reqwest::Error| Error::Away(cause(&e));
    let response = request.send().await.map_err(away)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(away)?;
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
        Refusal::read(&self.body).message_id
    }

    /// Grafana's words, for people.
    pub fn words(&self) -> String {
        let refusal = Refusal::read(&self.body);
        if refusal.message.is_empty() {
            self.status.to_string()
        } else {
            refusal.message.chars().take(300).collect()
        }
    }

    /// The session cookie it sets, as `name=value`. Its name can be set (`login_cookie_name`), so it is told by what it is not.
    pub fn session_cookie(&self) -> Option<Secret> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next())
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| !value.is_empty() && !name.ends_with("_expiry") && *name != "redirect_to")
            .map(|(name, value)| Secret::new(format!("{name}={value}")))
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
        Error::of(self.status, &Refusal::read(&self.body), retry_after)
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
        serde_json::from_slice(&answer.body)
            .map_err(|_| Error::NotGrafana("its answer is not what Grafana answers".to_owned()))
    }
}

/// A header value that HTTP debugging prints as `Sensitive`.
pub(super) fn sensitive(secret: &Secret) -> header::HeaderValue {
    let mut value = header::HeaderValue::from_str(secret.expose()).unwrap_or(header::HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
