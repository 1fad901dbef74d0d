//! The HTTP surface: SCIM for identity providers, the admin API for the page. One Router, whatever carries it.
//!
//! Owns: routes, authorisation, the shape of answers. Must never call Grafana: a handler answers from the store and wakes the engine
//! through [`Control`]. Start at [`router`]; the table of routes is in [`routes`], who may call is in [`gate`].

mod admin;
mod control;
mod gate;
mod routes;
mod scim;
mod traffic;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, extract::Request, middleware, response::Response};
use domain::{Caller, Clock, Ids};

pub use control::{
    Boxed, Control, EngineState, EngineStatus, Holders, RosterSeen, SecretOrigin, SettingsView, TeamSeen,
};
pub use routes::PATH_PREFIX;

use store::Store;

/// The largest request body that is routed; over it the caller gets a 413 that names this limit.
pub const MAX_BODY: usize = 16 << 20;

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The SCIM record of truth.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// The rest of the process.
    pub control: Arc<dyn Control>,
    callers: Arc<Mutex<HashMap<(i64, String), CallerSeen>>>,
    traffic: Arc<Mutex<traffic::Traffic>>,
    /// Requests from before are in the log only.
    started_ms: i64,
}

/// What was seen of one caller of the SCIM surface since the process started.
#[derive(Clone, Debug, Default)]
struct CallerSeen {
    last_ms: i64,
    requests: i64,
    failed: i64,
    last_request: String,
    refusal_logged_ms: i64,
}

impl Api {
    /// Puts the pieces together.
    pub fn new(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, control: Arc<dyn Control>) -> Self {
        Self {
            store,
            started_ms: clock.now_ms(),
            clock,
            ids,
            control,
            callers: Arc::default(),
            traffic: Arc::default(),
        }
    }

    fn traffic(&self) -> std::sync::MutexGuard<'_, traffic::Traffic> {
        // Counters: whole after any panic.
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn callers(&self) -> std::sync::MutexGuard<'_, HashMap<(i64, String), CallerSeen>> {
        // The map is whole after any panic: every change is one assignment.
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to everything while the store cannot be opened: nobody learns why who could not have called.
pub fn store_closed(request: &Request) -> Response {
    let surface = routes::surface(request.uri().path());
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let error = match domain::caller::authorise(&caller, surface, &[]) {
        Err(denied) => ::scim::Error::forbidden(denied.to_string()),
        Ok(()) => ::scim::Error::unavailable(
            "The SCIM store cannot be opened; Grafana's log says why. Nothing was changed: send the request again later.",
        ),
    };
    routes::failure(surface, error)
}

/// Every route, behind the gate.
pub fn router(api: Api) -> Router {
    let mut router = Router::new();
    for route in routes::all() {
        router = router.route(route.path, route.methods);
    }
    router
        .fallback(routes::not_found)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .layer(middleware::from_fn_with_state(api.clone(), gate::pass))
        .with_state(api)
}

#[cfg(test)]
mod tests;
