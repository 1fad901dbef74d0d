//! Who is asking: basic auth, tokens and sessions.
//!
//! Owns: Grafana's order of clients and what each refuses with, opening and rotating a session, the lock after five failures, and the stranger.
//! Must never decide what they may do, apart from the questions [`Identity`] answers for everybody. Start at [`identify`].

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{Answer, Outcome, decode, form},
    quota,
    settings::Settings,
    world::{Role, User, World, now_ms},
};

pub(super) const COOKIE: &str = "grafana_session";

/// Five failures within five minutes lock a name (`loginattemptimpl/login_attempt.go`).
const FAILURES: usize = 5;
const FAILURES_WITHIN_S: i64 = 300;

/// Where a caller cannot be in the organization that is asked about, no permission is named
/// (`accesscontrol/middleware.go` `AuthorizeInOrgMiddleware`).
pub(super) const NO_SUCH_CALLER: &str = "";

/// Who makes a call.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) id: i64,
    pub(super) login: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) service_account: bool,
    pub(super) server_admin: bool,
    /// Nobody signed in, and Grafana lets strangers in.
    pub(super) anonymous: bool,
    /// The organization of this call; none for somebody without one.
    pub(super) org: Option<i64>,
    pub(super) role: Role,
}

impl Identity {
    /// What Grafana gives to server admins in the global organization, which no service account is in
    /// (G46). It does not depend on where the admin is a member.
    pub(super) fn needs_server_admin(&self, permission: &str) -> Result<(), Answer> {
        match self {
            Self { anonymous: true, .. } => Err(Answer::denied(NO_SUCH_CALLER)),
            Self {
                server_admin: true,
                service_account: false,
                ..
            } => Ok(()),
            _ => Err(Answer::denied(permission)),
        }
    }

    /// `middleware.ReqGrafanaAdmin`, which is older than permissions and names none.
    pub(super) fn is_server_admin(&self) -> Result<(), Answer> {
        let refused = |_| Answer::message(403, "Permission denied");
        self.needs_server_admin("").map_err(refused)
    }

    /// What server admins may do while they are in an organization (G29, G34, G46).
    pub(super) fn needs_server_admin_in_org(&self, permission: &str) -> Result<(), Answer> {
        if self.needs_server_admin(permission).is_ok() && self.org.is_some() {
            Ok(())
        } else {
            Err(Answer::denied(permission))
        }
    }

    /// What admins of the organization may do, service accounts too. Returns the organization.
    pub(super) fn needs_org_admin(&self, permission: &str) -> Result<i64, Answer> {
        match self.org {
            Some(org) if self.role == Role::Admin => Ok(org),
            _ => Err(Answer::denied(permission)),
        }
    }

    /// Of the organization that the configuration names; none where there is no such organization.
    fn stranger(world: &World, settings: &Settings) -> Option<Self> {
        let name = settings.get("auth.anonymous", "org_name");
        let org = world.orgs.iter().find(|(_, own)| own.as_str() == name)?;
        Some(Self {
            id: 0,
            login: String::new(),
            name: String::new(),
            email: String::new(),
            service_account: false,
            server_admin: false,
            anonymous: true,
            org: Some(*org.0),
            role: Role::of(settings.get("auth.anonymous", "org_role")).unwrap_or(Role::None),
        })
    }

    fn of(user: &User, org: Option<i64>) -> Self {
        let org = org.or(user.org).filter(|org| user.orgs.contains_key(org));
        Self {
            id: user.id,
            login: user.login.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            service_account: user.service_account,
            server_admin: user.server_admin,
            anonymous: false,
            org,
            role: org.and_then(|org| user.orgs.get(&org)).copied().unwrap_or(Role::None),
        }
    }
}

/// `Ok(None)`: nobody said who they are. The clients are asked in Grafana's order and the next one is tried after a refusal, but for a
/// session that wants to be rotated (`authnimpl/service.go` `Authenticate`).
pub(super) fn identify(
    world: &mut World,
    settings: &Settings,
    headers: &HeaderMap,
    org: Option<i64>,
) -> Result<Option<Identity>, Answer> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let mut refusal = None;
    if let Some(sent) = sent {
        match by_authorization(world, settings, sent, org) {
            Ok(Some(identity)) => return Ok(Some(identity)),
            Ok(None) => {}
            Err(answer) => refusal = Some(answer),
        }
    }
    if let Some(cookie) = cookie(headers) {
        match by_session(world, settings, &cookie, org) {
            Ok(identity) => return Ok(Some(identity)),
            Err(Session::Rotate) => return Err(Answer::error(401, "session.token.rotate", "Unauthorized")),
            Err(Session::Refused(answer)) => refusal = refusal.or(Some(answer)),
        }
    }
    if settings.is_on("auth.anonymous", "enabled")
        && let Some(stranger) = Identity::stranger(world, settings)
    {
        return Ok(Some(stranger));
    }
    refusal.map_or(Ok(None), Err)
}

fn by_authorization(
    world: &mut World,
    settings: &Settings,
    sent: &str,
    org: Option<i64>,
) -> Result<Option<Identity>, Answer> {
    if let Some(token) = sent.strip_prefix("Bearer ") {
        return by_token(world, token.trim(), org).map(Some);
    }
    let Some(encoded) = sent.strip_prefix("Basic ") else {
        return Ok(None);
    };
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok();
    let Some((user, password)) = decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.split_once(':').map(|(u, p)| (u.to_owned(), p.to_owned())))
    else {
        return Err(Answer::error(
            400,
            "basic-auth.invalid-header",
            "Invalid Basic Auth Header",
        ));
    };
    if user == "api_key" {
        return by_token(world, &password, org).map(Some);
    }
    if !settings.is_on("auth.basic", "enabled") {
        return Ok(None);
    }
    let id = by_password(world, settings, &user, &password)?;
    Ok(world.users.get(&id).map(|user| Identity::of(user, org)))
}

fn by_token(world: &World, token: &str, org: Option<i64>) -> Result<Identity, Answer> {
    let account = world
        .tokens
        .get(token)
        .and_then(|token| world.users.get(&token.account));
    let Some(account) = account else {
        return Err(Answer::error(401, "api-key.invalid", "Invalid API key"));
    };
    if org.is_some_and(|org| account.org != Some(org)) {
        let text = "API key does not belong to the requested organization";
        return Err(Answer::error(401, "api-key.organization-mismatch", text));
    }
    refuse_disabled(account)?;
    Ok(Identity::of(account, None))
}

enum Session {
    Rotate,
    Refused(Answer),
}

fn by_session(world: &World, settings: &Settings, cookie: &str, org: Option<i64>) -> Result<Identity, Session> {
    let session = world.sessions.get(cookie).or_else(|| {
        let rotated = world.sessions.values();
        rotated
            .into_iter()
            .find(|session| session.before.as_deref() == Some(cookie))
    });
    let Some((session, user)) = session.and_then(|session| Some((session, world.users.get(&session.user)?))) else {
        return Err(Session::Refused(Answer::message(401, "Unauthorized")));
    };
    let minutes: f64 = settings
        .get("auth", "token_rotation_interval_minutes")
        .parse()
        .unwrap_or(10.0);
    #[expect(clippy::cast_precision_loss, reason = "an age in milliseconds is far below 2^52")]
    let age = (now_ms() - session.rotated_ms) as f64;
    if age > minutes * 60_000.0 {
        return Err(Session::Rotate);
    }
    refuse_disabled(user).map_err(Session::Refused)?;
    Ok(Identity::of(user, org))
}

fn refuse_disabled(user: &User) -> Result<(), Answer> {
    if user.disabled {
        Err(Answer::error(401, "identity.disabled", "Unauthorized"))
    } else {
        Ok(())
    }
}

/// The user with this password (`clients/password.go`). A wrong one counts against the text that was typed, not against the user,
/// and the fifth locks that text; a right one does not reset the count (G26).
fn by_password(world: &mut World, settings: &Settings, login: &str, password: &str) -> Result<i64, Answer> {
    let failed = || Answer::error(401, "password-auth.failed", "Invalid username or password");
    let now = now_ms() / 1_000;
    let guarded = !settings.is_on("security", "disable_brute_force_login_protection");
    let typed = login.to_lowercase();
    if guarded && world.failures_since(&typed, now - FAILURES_WITHIN_S) >= FAILURES {
        return Err(failed());
    }
    if password.is_empty() {
        return Err(failed());
    }
    let user = world.by_login_or_email(login).and_then(|id| world.users.get(&id));
    let user = user.ok_or_else(failed)?;
    if user.password.as_deref() != Some(password) {
        if guarded {
            world.failures.entry(typed).or_default().push(now);
        }
        return Err(failed());
    }
    refuse_disabled(user)?;
    Ok(user.id)
}

/// The session's cookie of a request.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    named_cookie(headers, COOKIE)
}

fn named_cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    cookies
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned())
}

fn set_cookie(cookie: &str) -> String {
    format!("{COOKIE}={cookie}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
}

/// `POST /login`. With the form switched off there is no such client, while basic auth still works (G25).
pub(super) fn login(
    world: &mut World,
    settings: &Settings,
    headers: &HeaderMap,
    json_sent: bool,
    body: &[u8],
) -> Outcome {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        user: String,
        #[serde(default)]
        password: String,
    }
    quota::for_session(world, settings)?;
    if settings.is_on("auth", "disable_login_form") || settings.is_on("auth", "disable_login") {
        return Err(Answer::error(400, "auth.client.notConfigured", "Bad Request"));
    }
    let Ok(Form { user, password }) = form(json_sent, body) else {
        return Err(Answer::error(400, "form-auth.invalid", "bad login data"));
    };
    let id = by_password(world, settings, &user, &password)?;
    let cookie = world.open_session(id);
    // A path here, never another server.
    let target = named_cookie(headers, "redirect_to").and_then(|target| decode(&target));
    let target = target.filter(|target| target.starts_with('/') && !target.starts_with("//"));
    let body = json!({ "message": "Logged in", "redirectUrl": target.as_deref().unwrap_or("/") });
    Ok(Answer::json(200, &body)
        .with(header::SET_COOKIE, &set_cookie(&cookie))
        .with(
            header::SET_COOKIE,
            "redirect_to=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
        ))
}

/// `POST /api/user/auth-tokens/rotate`: the old cookie for a new one.
pub(super) fn rotate(world: &mut World, headers: &HeaderMap) -> Outcome {
    let cookie = cookie(headers).unwrap_or_default();
    let key = if world.sessions.contains_key(&cookie) {
        Some(cookie)
    } else {
        let mut sessions = world.sessions.iter();
        sessions
            .find(|(_, session)| session.before.as_ref() == Some(&cookie))
            .map(|(key, _)| key.clone())
    };
    let Some((old, session)) = key.and_then(|key| world.sessions.remove_entry(&key)) else {
        return Err(Answer::message(401, "Unauthorized"));
    };
    let fresh = world.open_session(session.user);
    if let Some(session) = world.sessions.get_mut(&fresh) {
        session.before = Some(old);
    }
    Ok(Answer::json(200, &json!({})).with(header::SET_COOKIE, &set_cookie(&fresh)))
}

/// `GET /logout`.
pub(super) fn logout(world: &mut World, headers: &HeaderMap) -> Answer {
    if let Some(cookie) = cookie(headers) {
        world.sessions.remove(&cookie);
    }
    Answer::redirect("/login").with(header::SET_COOKIE, &format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly"))
}
