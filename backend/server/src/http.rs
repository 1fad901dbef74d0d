//! The HTTP surface: SCIM for identity providers, the admin API for the page. One Router, whatever carries it.
//!
//! Owns: routes, authorisation, the shape of answers. Must never call Grafana: a handler answers from the store and wakes the engine
//! through [`Control`]. Start at [`router`]; the table of routes is in [`routes`], who may call is in [`gate`].

mod admin;
mod api;
mod boxed;
mod callers;
mod control;
mod gate;
mod routes;
mod scim;
mod surface;
mod traffic;
mod wake;

use admin::connection::RealService;
use axum::{Extension, Router, extract::Request, middleware, response::Response};
use domain::Caller;

pub use api::{Api, MAX_BODY};
pub use boxed::Boxed;
pub use callers::{CallerDecision, Callers, KnownCallers};
pub use control::{Control, Given, SecretOrigin, SettingsView, TestAnswer};
pub use surface::PATH_PREFIX;

/// The answer to everything while the store cannot be opened: nobody learns why who could not have called.
pub fn store_closed(request: &Request) -> Response {
    let surface = surface::surface(request.uri().path());
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let error = match domain::caller::never(&caller, surface) {
        Some(denied) => ::scim::Error::forbidden(denied.to_string()),
        None => ::scim::Error::unavailable(
            "The SCIM store cannot be opened; Grafana's log says why. Nothing was changed: send the request again later.",
        ),
    };
    surface::failure(surface, error)
}

/// Every route, behind the gate.
pub fn router(api: Api) -> Router {
    let wakes = middleware::from_fn_with_state(api.clone(), wake::wake);
    let mut routes = Router::new();
    for route in routes::all() {
        let methods = if route.reads {
            route.methods
        } else {
            route.methods.layer(wakes.clone())
        };
        routes = routes.route(route.path, methods);
    }
    routes
        .fallback(routes::not_found)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .layer(Extension(RealService(router)))
        .layer(middleware::from_fn_with_state(api.clone(), gate::pass))
        .with_state(api)
}

#[cfg(test)]
mod tests;
