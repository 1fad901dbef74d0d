//! Signing in once, and staying signed in.
//!
//! Owns: the session cookie, its rotation, the fall-back to basic auth, and the breaker. Must never try a refused password twice: five
//! failures lock a server admin out (G26), and ours may be the only one. Start at [`Session::send`].
//!
//! A cookie is five to eight times cheaper for Grafana than basic auth or a token, which hash on every call (G49).

use std::sync::Arc;

use domain::{Secret, UserId};
use reqwest::{RequestBuilder, StatusCode, header};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    call::{self, Answer, sensitive},
    credentials::Credentials,
    failure::{Error, Result},
    http::Http,
};

/// Who we are signed in as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// Grafana's user id.
    pub id: UserId,
    /// Login.
    pub login: String,
    /// Whether server admin.
    pub is_grafana_admin: bool,
    /// Whether every call sends the password, because the login form is off.
    pub by_password: bool,
}

#[derive(Clone, Debug)]
enum Key {
    /// `name=value`.
    Cookie(Secret),
    Basic,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    SignedOut,
    SignedIn(Key, Me),
    Refused(Error),
}

/// A server admin's session, shared by every organization that uses the same credentials: the breaker has to be.
#[derive(Debug)]
pub struct Session {
    credentials: Credentials,
    state: Mutex<State>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrentUser {
    id: UserId,
    login: String,
    #[serde(default)]
    is_grafana_admin: bool,
}

impl Session {
    /// Nothing is sent until the first call.
    #[must_use]
    pub fn new(credentials: &Credentials) -> Arc<Self> {
        Arc::new(Self {
            credentials: credentials.clone(),
            state: Mutex::default(),
        })
    }

    /// What it signs in with.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.credentials.url.trim_end_matches('/'))
    }

    pub(super) async fn known(&self) -> Option<Me> {
        match &*self.state.lock().await {
            State::SignedIn(_, me) => Some(me.clone()),
            _ => None,
        }
    }

    pub(super) async fn me(&self, http: &Http) -> Result<Me> {
        let mut state = self.state.lock().await;
        self.signed_in(http, &mut state).await.map(|(_, me)| me)
    }

    /// Sends a request as the server admin. `request` is called again after a rotation or a new sign-in.
    pub(super) async fn send(&self, http: &Http, request: impl Fn() -> RequestBuilder + Send) -> Result<Answer> {
        let key = {
            let mut state = self.state.lock().await;
            self.signed_in(http, &mut state).await?.0
        };
        let answer = call::send(self.unlock(request(), &key)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let key = {
            let mut state = self.state.lock().await;
            self.renew(http, &mut state, &key, &answer).await?
        };
        call::send(self.unlock(request(), &key)).await
    }

    fn unlock(&self, request: RequestBuilder, key: &Key) -> RequestBuilder {
        match key {
            Key::Cookie(pair) => request.header(header::COOKIE, sensitive(pair)),
            Key::Basic => {
                let (user, password) = self
                    .credentials
                    .admin()
                    .map_or(("", ""), |(user, password)| (user, password.expose()));
                request.basic_auth(user, Some(password))
            }
        }
    }

    async fn signed_in(&self, http: &Http, state: &mut State) -> Result<(Key, Me)> {
        match state {
            State::SignedIn(key, me) => return Ok((key.clone(), me.clone())),
            State::Refused(e) => return Err(e.clone()),
            State::SignedOut => {}
        }
        match self.sign_in(http).await {
            Ok((key, me)) => {
                *state = State::SignedIn(key.clone(), me.clone());
                Ok((key, me))
            }
            Err(e @ Error::SignInRefused { .. }) => {
                *state = State::Refused(e.clone());
                Err(e)
            }
            Err(e) => Err(e),
        }
    }

    async fn sign_in(&self, http: &Http) -> Result<(Key, Me)> {
        let Some((user, password)) = self.credentials.admin() else {
            return Err(Error::NoCredentials);
        };
        let login = http
            .0
            .post(self.url("/login"))
            .json(&serde_json::json!({"user": user, "password": password.expose()}));
        let answer = call::send(login).await?;
        let key = match answer.status.as_u16() {
            200 => answer.session_cookie().map_or(Key::Basic, Key::Cookie),
            401 | 403 => return Err(self.refused(answer.words())),
            // `disable_login_form = true`: 400 `auth.client.notConfigured`, while basic auth still works (G25).
            400 if answer.message_id() == "auth.client.notConfigured" => Key::Basic,
            400 => return Err(self.refused(answer.words())),
            _ => return Err(answer.error()),
        };
        let answer = call::send(self.unlock(http.0.get(self.url("/api/user")), &key)).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(self.refused(answer.words()));
        }
        let user: CurrentUser = answer.json()?;
        Ok((
            key.clone(),
            Me {
                id: user.id,
                login: user.login,
                is_grafana_admin: user.is_grafana_admin,
                by_password: matches!(key, Key::Basic),
            },
        ))
    }

    fn refused(&self, message: String) -> Error {
        Error::SignInRefused {
            login: self.credentials.admin_user.clone().unwrap_or_default(),
            message,
        }
    }

    /// After a 401: another key. A cookie past its age is rotated, one that is gone is replaced by signing in; a refused password ends it.
    async fn renew(&self, http: &Http, state: &mut State, used: &Key, answer: &Answer) -> Result<Key> {
        // Another call was refused the same way a moment ago: what it found out is not asked again.
        if let State::Refused(e) = state {
            return Err(e.clone());
        }
        let Key::Cookie(old) = used else {
            let refused = self.refused(answer.words());
            *state = State::Refused(refused.clone());
            return Err(refused);
        };
        // Another call may have renewed it while this one waited.
        if let State::SignedIn(Key::Cookie(current), _) = state
            && current != old
        {
            return Ok(Key::Cookie(current.clone()));
        }
        if answer.message_id() == "session.token.rotate" {
            let rotate = http
                .0
                .post(self.url("/api/user/auth-tokens/rotate"))
                .header(header::COOKIE, sensitive(old));
            let rotated = call::send(rotate).await?;
            if rotated.status.is_success()
                && let Some(cookie) = rotated.session_cookie()
                && let State::SignedIn(key, _) = state
            {
                *key = Key::Cookie(cookie);
                return Ok(key.clone());
            }
        }
        // A 401 may be about the organization asked for. Signing in for each of those would pile up sessions in Grafana.
        let still = call::send(self.unlock(http.0.get(self.url("/api/user")), used)).await?;
        if still.status.is_success() {
            return Ok(used.clone());
        }
        *state = State::SignedOut;
        self.signed_in(http, state).await.map(|(key, _)| key)
    }

    /// Ends the session in Grafana, so that a credentials test leaves nothing behind.
    pub(super) async fn sign_out(&self, http: &Http) {
        let state = std::mem::take(&mut *self.state.lock().await);
        if let State::SignedIn(Key::Cookie(cookie), _) = state {
            let out = http
                .0
                .get(self.url("/logout"))
                .header(header::COOKIE, sensitive(&cookie));
            _ = call::send(out).await;
        }
    }
}
