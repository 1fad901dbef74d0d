//! One organization of one Grafana.
//!
//! Owns: in whose name a call is made ([`Scope`]), and how long the last one took. Must never decide what
//! an answer means for one route: `users`, `orgs`, `teams` and `instance` do. Start at [`Grafana`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{OrgId, Secret};
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    call::{self, Answer, sensitive},
    failure::{Error, Result},
    gate::Gate,
    http::Http,
    session::{Me, Session},
};

mod writer;

pub use writer::Writer;

/// With which identity a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// As the server admin, about all of Grafana.
    Server,
    /// As the server admin, in one organization.
    Org(OrgId),
    /// In our organization, by the token where there is one.
    Team,
}

/// One organization of one Grafana. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Grafana {
    pub(super) http: Http,
    pub(super) session: Arc<Session>,
    token: Option<Secret>,
    pub(super) org_id: OrgId,
    gate: Arc<dyn Gate>,
    latency_ms: Arc<AtomicI64>,
}

impl Grafana {
    /// Calls as `session`, and for teams by `token` where there is one; what changes something only
    /// while `gate` lets it.
    #[must_use]
    pub fn new(http: Http, session: Arc<Session>, token: Option<Secret>, org_id: OrgId, gate: Arc<dyn Gate>) -> Self {
        Self {
            http,
            session,
            token,
            org_id,
            gate,
            latency_ms: Arc::new(AtomicI64::new(-1)),
        }
    }

    /// The organization it calls for.
    #[must_use]
    pub fn org_id(&self) -> OrgId {
        self.org_id
    }

    /// How long the last call took, once there was one.
    #[must_use]
    pub fn latency_ms(&self) -> Option<i64> {
        Some(self.latency_ms.load(Ordering::Relaxed)).filter(|ms| *ms >= 0)
    }

    /// Whether teams are handled by a service account, which never becomes a member of what it creates.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Who we are signed in as, signing in where that has not happened yet.
    ///
    /// # Errors
    /// [`Error::SignInRefused`] once Grafana refused the password, until it may be tried again.
    pub async fn me(&self) -> Result<Me> {
        self.session.me(&self.http).await
    }

    /// The same, where it is known already.
    pub async fn signed_in_as(&self) -> Option<Me> {
        self.session.known().await
    }

    /// A person asks: a refused sign-in may be tried at once, as far as the lock-out of Grafana allows (G26).
    pub async fn try_again(&self) {
        self.session.try_again().await;
    }

    /// For how long no sign-in is tried, because the last one was refused.
    pub async fn refused_for(&self) -> Option<Duration> {
        self.session.refused_for().await
    }

    /// Sends a call; one that changes something comes from `writer.rs`. `path` begins with `/api/`; nothing in it may need escaping.
    async fn call<B: Serialize + Sync>(
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
                Scope::Org(org) => request.header("X-Grafana-Org-Id", org.get()),
                // By token too: one of another organization is then refused (401 `api-key.organization-mismatch`) instead of used there.
                Scope::Team => request.header("X-Grafana-Org-Id", self.org_id.get()),
                Scope::Server => request,
            }
        };
        let began = Instant::now();
        let answer = match (&self.token, scope) {
            (Some(token), Scope::Team) => self.by_token(token, request()).await,
            _ => self.session.send(&self.http, request).await,
        };
        let took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.latency_ms.store(took, Ordering::Relaxed);
        let status = answer.as_ref().map_or(0, |a| a.status.as_u16());
        tracing::debug!(%method, path, status, took, "grafana call");
        answer
    }

    /// A 403 counts as the token's own only while `/api/user` knows the token: with anonymous access a deleted one gets 403 too (G80).
    async fn by_token(&self, token: &Secret, request: RequestBuilder) -> Result<Answer> {
        let bearer = Secret::new(format!("Bearer {}", token.expose()));
        let by = |request: RequestBuilder| call::send(request.header(header::AUTHORIZATION, sensitive(&bearer)));
        let answer = by(request).await?;
        if !answer.doubts_session() {
            return Ok(answer);
        }
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(Error::TokenRefused(answer.words()));
        }
        let known = by(self.http.0.get(self.session.url("/api/user"))).await?;
        if known.status == StatusCode::UNAUTHORIZED && known.is_refusal() {
            return Err(Error::TokenRefused(known.words()));
        }
        Ok(answer)
    }

    /// As the server admin in our organization; where that account is no Admin there, by the token, which may be one.
    pub(super) async fn or_by_token<T>(
        &self,
        by_admin: impl Future<Output = Result<T>>,
        by_token: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let refused = match by_admin.await {
            Err(refused @ Error::Forbidden { .. }) if self.token.is_some() => refused,
            answer => return answer,
        };
        match by_token.await {
            // What is wrong with the token is told where nothing else would do.
            Err(Error::TokenRefused(_)) => Err(refused),
            answer => answer,
        }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, scope: Scope, path: &str, query: &[(&str, &str)]) -> Result<T> {
        self.call::<()>(scope, Method::GET, path, query, None).await?.json()
    }
}
