//! The gate every request passes: who calls, may they, and what was the outcome.
//!
//! Owns: authorisation (default deny), the correlation id, and what the page knows of callers. Must never read an
//! `X-Grafana-*` header: Grafana passes them on as the client sent them. Start at [`pass`].

use std::time::{Duration, Instant};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use domain::{Caller, Denied, Surface, Tenant};

use super::{
    api::Api,
    scim::failure::Refusal,
    surface::{failure, surface},
};
use store::{Action, ActivityLine, Outcome, Source, TargetKind, WriteContext};

/// A caller that is refused again and again is logged this often, so that a stranger cannot fill the log.
const REFUSAL_LOG_EVERY_MS: i64 = 60_000;

/// Authorises, then routes, then remembers.
pub(super) async fn pass(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let surface = surface(request.uri().path());
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let context = WriteContext {
        tenant: Tenant::of_org(caller.org_id),
        actor: caller.login.clone(),
        correlation: api.ids.correlation(),
        now_ms: api.clock.now_ms(),
        started: Instant::now(),
    };
    let mut seen = Seen::of(&request);
    let callers = api.control.callers();
    let authorised = match surface {
        Surface::Scim => callers.may_use_scim(&caller).await,
        Surface::Admin => callers.may_use_page(&caller).await,
    };
    let taken = match (&authorised, surface) {
        // A stranger is refused anyway, and must not use up what a provider may send.
        (Ok(()), Surface::Scim) => api.take_request(&context),
        _ => Ok(()),
    };
    let mut response = match (authorised, taken) {
        (Ok(()), Err(wait)) => too_many_requests(wait),
        (Ok(()), Ok(())) => {
            let wants_plain_json = wants_plain_json(&request);
            request.extensions_mut().insert(context.clone());
            let mut response = next.run(request).await;
            // OneLogin's client asks for application/json and means it; SCIM's own type is the default (RFC 7644 §3.1).
            if surface == Surface::Scim && wants_plain_json && response.headers().contains_key(header::CONTENT_TYPE) {
                response.headers_mut().insert(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json; charset=utf-8"),
                );
            }
            response
        }
        (Err(denied), _) => {
            seen.turned_away = true;
            turned_away(surface, denied)
        }
    };
    if let Ok(id) = HeaderValue::from_str(&context.correlation) {
        response.headers_mut().insert("x-correlation-id", id);
    }
    if surface == Surface::Scim {
        let status = response.status();
        let refusal = response.extensions().get::<Refusal>().map(|r| r.0.clone());
        remember(&api, &context, &seen, status, refusal).await;
    }
    response
}

/// Who may not. One that may be let in a moment later is told to come again.
fn turned_away(surface: Surface, denied: Denied) -> Response {
    if denied.may_pass() {
        return failure(surface, ::scim::Error::unavailable(denied.to_string()));
    }
    failure(surface, ::scim::Error::forbidden(denied.to_string()))
}

/// A caller beyond its rate: one provider must not starve the other.
fn too_many_requests(wait: Duration) -> Response {
    let mut response = failure(Surface::Scim, ::scim::Error::too_many_requests());
    // In whole seconds (RFC 9110 §10.2.3), and never 0.
    let seconds = wait.as_secs() + 1;
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn wants_plain_json(request: &Request) -> bool {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    accept.contains("application/json") && !accept.contains("scim+json")
}

/// What is remembered of a request: its kind, never a name in it.
struct Seen {
    method: Method,
    resource: String,
    id: String,
    /// The caller may not use this surface at all.
    turned_away: bool,
}

impl Seen {
    fn of(request: &Request) -> Self {
        let mut rest = request
            .uri()
            .path()
            .trim_start_matches("/scim/v2")
            .trim_start_matches('/')
            .splitn(2, '/');
        Self {
            method: request.method().clone(),
            resource: rest.next().unwrap_or_default().to_owned(),
            id: rest.next().unwrap_or_default().to_owned(),
            turned_away: false,
        }
    }
}

/// What a path's first part is called in the log.
pub(super) fn kind(resource: &str) -> TargetKind {
    match resource {
        "Groups" => TargetKind::Group,
        "Users" => TargetKind::User,
        _ => TargetKind::Service,
    }
}

/// What a request of this method is called in the log.
pub(super) fn action(method: &str) -> Action {
    match method {
        "POST" => Action::RequestPost,
        "PUT" => Action::RequestPut,
        "PATCH" => Action::RequestPatch,
        "DELETE" => Action::RequestDelete,
        _ => Action::RequestGet,
    }
}

async fn remember(api: &Api, context: &WriteContext, seen: &Seen, status: StatusCode, refusal: Option<String>) {
    let failed = status.as_u16() >= 400;
    // Both come by the thousand, and each says the same.
    let denied = status == StatusCode::FORBIDDEN || status == StatusCode::TOO_MANY_REQUESTS;
    if status == StatusCode::SERVICE_UNAVAILABLE && seen.method != Method::GET {
        api.count_refused_write();
    }
    api.traffic().count(context.tenant.org_id, context.now_ms, failed);
    let log = {
        let mut callers = api.callers();
        let caller = callers
            .entry((context.tenant.org_id, context.actor.clone()))
            .or_default();
        caller.last_ms = context.now_ms;
        caller.requests += 1;
        caller.failed += i64::from(failed);
        caller.last_request = format!("{} /{}", seen.method, seen.resource);
        let due = context.now_ms - caller.refusal_logged_ms >= REFUSAL_LOG_EVERY_MS;
        if denied && due {
            caller.refusal_logged_ms = context.now_ms;
        }
        // A GET that finds nothing is how every identity provider probes: not worth a line.
        (denied && due) || (failed && !denied && seen.method != Method::GET)
    };
    if !log {
        return;
    }
    let action = if seen.turned_away {
        Action::CallerDeny
    } else {
        action(seen.method.as_str())
    };
    let target = (kind(&seen.resource), seen.id.as_str(), seen.resource.as_str());
    let line = ActivityLine::of_request(context, Source::Scim, action, target, Outcome::Refused, refusal);
    // The answer is decided: a log that cannot be written must not change it.
    if let Err(error) = api.store.record(&[line]).await {
        tracing::warn!(%error, "a refusal could not be logged");
    }
}
