//! One request and its answer.
//!
//! Owns: sending, reading the whole answer, and telling Grafana's answers from a proxy's. Must never log a body. Start at [`send`].

use std::{error::Error as _, sync::atomic::Ordering, time::Instant};

use bytes::Bytes;
use domain::Secret;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Grafana,
    failure::{Error, Refusal, Result},
    session::sensitive,
};

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

/// With which identity a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// As the server admin, about all of Grafana.
    Server,
    /// As the server admin, in one organization.
    Org(i64),
    /// In our organization, by the token where there is one.
    Team,
}

impl Grafana {
    /// Sends a call. `path` begins with `/api/`; nothing in it may need escaping.
    pub(super) async fn call<B: Serialize + Sync>(
        &self,
        scope: Scope,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&B>,
    ) -> Result<Answer> {
        let url = self.session.url(path);
        let request = || {
            let mut request = self.http.0.request(method.clone(), &url).query(query);
            if let Some(body) = body {
                request = request.json(body);
            } else if method == Method::POST {
                // Without a content type Grafana answers 400 `bad request data` (G3).
                request = request.json(&serde_json::json!({}));
            }
            match scope {
                Scope::Org(org) => request.header("X-Grafana-Org-Id", org),
                // By token too: one of another organization is then refused (401 `api-key.organization-mismatch`) instead of used there.
                Scope::Team => request.header("X-Grafana-Org-Id", self.org_id),
                Scope::Server => request,
            }
        };
        let began = Instant::now();
        let answer = match (&self.token, scope) {
            (Some(token), Scope::Team) => {
                let bearer = Secret::new(format!("Bearer {}", token.expose()));
                let answer = send(request().header(header::AUTHORIZATION, sensitive(&bearer))).await;
                match answer {
                    Ok(a) if a.status == StatusCode::UNAUTHORIZED => Err(Error::TokenRefused(a.words())),
                    other => other,
                }
            }
            _ => self.session.send(&self.http, request).await,
        };
        let took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.latency_ms.store(took, Ordering::Relaxed);
        let status = answer.as_ref().map_or(0, |a| a.status.as_u16());
        tracing::debug!(%method, path, status, took, "grafana call");
        answer
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, scope: Scope, path: &str, query: &[(&str, &str)]) -> Result<T> {
        self.call::<()>(scope, Method::GET, path, query, None).await?.json()
    }

    /// A call whose answer says nothing but that it was done.
    pub(super) async fn act<B: Serialize + Sync>(
        &self,
        scope: Scope,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<()> {
        self.call(scope, method, path, &[], body).await?.checked().map(|_| ())
    }
}
