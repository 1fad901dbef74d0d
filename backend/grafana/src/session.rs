//! Signing in once, and staying signed in.
//!
//! Owns: the session's cookies, their rotation, the fall-back to basic auth, and whether a refusal is about the session. Must never
//! try a refused password so often that Grafana locks the account (`lock_out.rs`): ours may be the only server admin.
//! Start at [`Session::send`].
//!
//! A cookie is five to eight times cheaper for Grafana than basic auth or a token, which hash on every call (G49).

use std::{sync::Arc, time::Duration};

use domain::UserId;
use reqwest::{RequestBuilder, StatusCode, header};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};

use super::{
    call::{self, Answer, sensitive},
    cookies::Cookies,
    credentials::Credentials,
    failure::{Error, Result},
    http::Http,
    lock_out::LockOut,
    plausible::plausible,
};

const ROTATE: &str = "session.token.rotate";
const WRONG_PASSWORD: &str = "password-auth.failed";
/// A call is sent with so many keys before its refusal is taken as it is: one that is too old, one that is dead, and a fresh one.
const KEYS: usize = 3;

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

#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Cookies(Cookies),
    Basic,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    SignedOut,
    SignedIn(Key, Me),
}

#[derive(Debug, Default)]
struct Inner {
    state: State,
    lock_out: LockOut,
}

/// A server admin's session, shared by every organization that uses the same credentials: what is known of refused sign-ins has to be.
#[derive(Debug)]
pub struct Session {
    credentials: Credentials,
    inner: Mutex<Inner>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrentUser {
    id: UserId,
    login: String,
    #[serde(default)]
    is_grafana_admin: bool,
}

impl CurrentUser {
    fn signed_in_by(self, key: &Key) -> Me {
        Me {
            id: self.id,
            login: self.login,
            is_grafana_admin: self.is_grafana_admin,
            by_password: *key == Key::Basic,
        }
    }
}

/// What `/api/user` says to a key.
enum Alive {
    Yes(CurrentUser),
    /// It is too old, and another one is given for it.
    Rotate,
    /// Nobody is known by it.
    No(Answer),
}

impl Session {
    /// Nothing is sent until the first call.
    #[must_use]
    pub fn new(credentials: &Credentials) -> Arc<Self> {
        Arc::new(Self {
            credentials: credentials.clone(),
            inner: Mutex::default(),
        })
    }

    /// The same for other credentials. Failed sign-ins of one account count together, and `other` knows of some.
    pub async fn after(other: &Self, credentials: &Credentials) -> Arc<Self> {
        let lock_out = LockOut::after(&other.inner.lock().await.lock_out);
        Arc::new(Self {
            credentials: credentials.clone(),
            inner: Mutex::new(Inner {
                lock_out,
                ..Inner::default()
            }),
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
        match &self.inner.lock().await.state {
            State::SignedIn(_, me) => Some(me.clone()),
            State::SignedOut => None,
        }
    }

    pub(super) async fn me(&self, http: &Http) -> Result<Me> {
        let mut inner = self.inner.lock().await;
        self.signed_in(http, &mut inner).await.map(|(_, me)| me)
    }

    /// A person asks for another try with a password that was refused.
    pub(super) async fn try_again(&self) {
        self.inner.lock().await.lock_out.ask();
    }

    /// For how long nothing is tried after a refusal.
    pub(super) async fn refused_for(&self) -> Option<Duration> {
        let inner = self.inner.lock().await;
        inner.lock_out.wait(Instant::now()).map(|(wait, _)| wait)
    }

    /// Sends a request as the server admin. `request` is called again after a rotation or a new sign-in.
    ///
    /// That Grafana refuses (401, 403) is believed only while it knows the session: a dead one gets either, depending on whether there is
    /// anonymous access (G80).
    pub(super) async fn send(&self, http: &Http, request: impl Fn() -> RequestBuilder + Send) -> Result<Answer> {
        let mut key = {
            let mut inner = self.inner.lock().await;
            self.signed_in(http, &mut inner).await?.0
        };
        for _ in 0..KEYS {
            let answer = call::send(self.with_key(request(), &key)).await?;
            if !answer.doubts_session() {
                return Ok(answer);
            }
            let mut inner = self.inner.lock().await;
            match self.renew(http, &mut inner, &key, &answer).await? {
                Some(other) => key = other,
                None => return Ok(answer),
            }
        }
        call::send(self.with_key(request(), &key)).await
    }

    fn with_key(&self, request: RequestBuilder, key: &Key) -> RequestBuilder {
        match key {
            Key::Cookies(cookies) => match cookies.header() {
                Some(cookies) => request.header(header::COOKIE, sensitive(&cookies)),
                None => request,
            },
            Key::Basic => {
                let (user, password) = self
                    .credentials
                    .admin()
                    .map_or(("", ""), |(user, password)| (user, password.expose()));
                request.basic_auth(user, Some(password))
            }
        }
    }

    async fn signed_in(&self, http: &Http, inner: &mut Inner) -> Result<(Key, Me)> {
        if let State::SignedIn(key, me) = &inner.state {
            return Ok((key.clone(), me.clone()));
        }
        if let Some((_, refusal)) = inner.lock_out.wait(Instant::now()) {
            let message = || "too many sign-ins failed a moment ago, and one more could lock the account".to_owned();
            return Err(refusal.cloned().unwrap_or_else(|| self.refused(message())));
        }
        match self.sign_in(http).await {
            Ok((key, me)) => {
                inner.lock_out.accepted();
                inner.state = State::SignedIn(key.clone(), me.clone());
                Ok((key, me))
            }
            Err(e) => {
                if matches!(e, Error::SignInRefused { .. }) {
                    inner.lock_out.refused(e.clone(), Instant::now());
                }
                Err(e)
            }
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
            200 => self.key_of(&answer)?,
            401 if answer.is_refusal() => return Err(self.refused(answer.words())),
            // `disable_login_form = true`: 400 `auth.client.notConfigured`, while basic auth still works (G25).
            400 if answer.message_id() == "auth.client.notConfigured" => Key::Basic,
            _ => return Err(at_sign_in(answer.error())),
        };
        match self.alive(http, &key).await? {
            Alive::Yes(user) => Ok((key.clone(), user.signed_in_by(&key))),
            // Only a password that came with the call can be wrong: the one at `/login` was right.
            Alive::No(answer) if key == Key::Basic => Err(self.refused(refused_by_basic_auth(&answer))),
            Alive::No(answer) => Err(Error::SessionLost(answer.words())),
            Alive::Rotate => {
                let key = self.rotated(http, &key).await?;
                let key = key.ok_or_else(|| Error::SessionLost("it asks for a rotation".to_owned()))?;
                match self.alive(http, &key).await? {
                    Alive::Yes(user) => Ok((key.clone(), user.signed_in_by(&key))),
                    Alive::Rotate | Alive::No(_) => Err(Error::SessionLost("after a rotation".to_owned())),
                }
            }
        }
    }

    /// What a sign-in's answer gives. A page that is a 200 is no sign-in.
    fn key_of(&self, answer: &Answer) -> Result<Key> {
        answer.is_done()?;
        let mut cookies = Cookies::default();
        cookies.take(answer.set_cookies());
        Ok(cookies.header().map_or(Key::Basic, |_| Key::Cookies(cookies)))
    }

    /// The cheapest call there is, and the only one that says 401 to everybody who is not signed in, anonymous access or not (G80).
    async fn alive(&self, http: &Http, key: &Key) -> Result<Alive> {
        let answer = call::send(self.with_key(http.0.get(self.url("/api/user")), key)).await?;
        if answer.status == StatusCode::UNAUTHORIZED && answer.is_refusal() {
            return Ok(if answer.message_id() == ROTATE {
                Alive::Rotate
            } else {
                Alive::No(answer)
            });
        }
        if answer.status.is_success() {
            let user: CurrentUser = answer.json()?;
            plausible((user.id, user.login.as_str()))?;
            return Ok(Alive::Yes(user));
        }
        // That is no answer to the question.
        Err(at_sign_in(answer.error()))
    }

    /// The key that takes the place of one that is too old; `None`: there is none.
    async fn rotated(&self, http: &Http, old: &Key) -> Result<Option<Key>> {
        let Key::Cookies(cookies) = old else { return Ok(None) };
        let rotate = http.0.post(self.url("/api/user/auth-tokens/rotate"));
        let answer = call::send(self.with_key(rotate, old)).await?;
        if !answer.status.is_success() {
            return Ok(None);
        }
        let mut fresh = cookies.clone();
        fresh.take(answer.set_cookies());
        Ok((fresh != *cookies).then_some(Key::Cookies(fresh)))
    }

    fn refused(&self, message: String) -> Error {
        Error::SignInRefused {
            login: self.credentials.admin_user.clone().unwrap_or_default(),
            message,
        }
    }

    /// After a 401 or 403: another key, or `None` where Grafana knows this one and means what it said. One that is too old is rotated,
    /// one that is gone is replaced by signing in.
    async fn renew(&self, http: &Http, inner: &mut Inner, used: &Key, answer: &Answer) -> Result<Option<Key>> {
        match &inner.state {
            // Another call found out a moment ago, while this one waited.
            State::SignedOut => return self.signed_in(http, inner).await.map(|(key, _)| Some(key)),
            State::SignedIn(current, _) if current != used => return Ok(Some(current.clone())),
            State::SignedIn(..) => {}
        }
        let wrong_password = *used == Key::Basic && answer.message_id() == WRONG_PASSWORD;
        let mut old = answer.message_id() == ROTATE;
        let mut words = answer.words();
        if !old && !wrong_password {
            match self.alive(http, used).await? {
                // Signing in for each of those would pile up sessions in Grafana.
                Alive::Yes(_) => return Ok(None),
                Alive::Rotate => old = true,
                Alive::No(answer) => {
                    words = answer.words();
                    if *used == Key::Basic {
                        // The call before this question was one of a stranger, and a failed sign-in as well.
                        inner.lock_out.count(Instant::now());
                    }
                }
            }
        }
        if old
            && let Some(fresh) = self.rotated(http, used).await?
            && let State::SignedIn(key, _) = &mut inner.state
        {
            *key = fresh;
            return Ok(Some(key.clone()));
        }
        inner.state = State::SignedOut;
        if *used == Key::Basic {
            // Each call was a sign-in, and this one failed.
            let refused = self.refused(words);
            inner.lock_out.refused(refused.clone(), Instant::now());
            return Err(refused);
        }
        self.signed_in(http, inner).await.map(|(key, _)| Some(key))
    }

    /// Ends the session in Grafana, so that a credentials test leaves nothing behind.
    pub(super) async fn sign_out(&self, http: &Http) {
        let state = std::mem::take(&mut self.inner.lock().await.state);
        if let State::SignedIn(key @ Key::Cookies(_), _) = state {
            let out = self.with_key(http.0.get(self.url("/logout")), &key);
            _ = call::send(out).await;
        }
    }
}

/// What is neither a yes nor a wrong password says nothing about the password: a proxy may have answered, or Grafana fell over.
fn at_sign_in(error: Error) -> Error {
    match error {
        Error::Away(_) | Error::NotGrafana(_) | Error::Implausible(_) | Error::Busy { .. } => error,
        other => Error::Away(format!("signing in was answered by: {other}")),
    }
}

/// Without the login form and without basic auth there is no way in for a password, and no password is wrong.
fn refused_by_basic_auth(answer: &Answer) -> String {
    if answer.message_id() == WRONG_PASSWORD {
        answer.words()
    } else {
        "its login form ([auth] disable_login_form) and basic auth ([auth.basic] enabled) are both off, so nobody can sign in by password"
            .to_owned()
    }
}
