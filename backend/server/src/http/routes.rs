//! The authorisation table: every route there is, and the surface it belongs to.
//!
//! Owns: [`all`], from which alone the Router is built: a route without a row does not exist. Must never give a path under `/scim/`
//! to another surface than SCIM, or the rest to another than the admin's: [`gate`](super::gate) decides by path, before routing, and a
//! test holds the two together.

use axum::{
    extract::Request,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post, put},
};
use domain::Surface;

use super::{
    Api,
    admin::{activity, connection, credentials, mappings, overview, people, settings},
    scim::{ScimFailure, bulk, discovery, groups, root, users},
};

/// Where Grafana serves us, below its own URL.
pub const PATH_PREFIX: &str = "/api/plugins/rollcall-scim-app/resources";

/// One row.
pub(super) struct Route {
    /// Whom it is for.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the gate decides by path; the test compares the two")
    )]
    pub surface: Surface,
    /// axum's path.
    pub path: &'static str,
    /// What answers.
    pub methods: MethodRouter<Api>,
}

fn scim(path: &'static str, methods: MethodRouter<Api>) -> Route {
    Route {
        surface: Surface::Scim,
        path,
        methods,
    }
}

fn admin(path: &'static str, methods: MethodRouter<Api>) -> Route {
    Route {
        surface: Surface::Admin,
        path,
        methods,
    }
}

/// Every route.
pub(super) fn all() -> Vec<Route> {
    vec![
        // Clients join base and path with one slash or with none.
        scim("/scim/v2", get(root::list)),
        scim("/scim/v2/", get(root::list)),
        scim("/scim/v2/.search", post(root::search)),
        scim("/scim/v2/Users", get(users::list).post(users::create)),
        scim("/scim/v2/Users/.search", post(users::search)),
        scim(
            "/scim/v2/Users/{id}",
            get(users::read)
                .put(users::replace)
                .patch(users::patch)
                .delete(users::delete),
        ),
        scim("/scim/v2/Groups", get(groups::list).post(groups::create)),
        scim("/scim/v2/Groups/.search", post(groups::search)),
        scim(
            "/scim/v2/Groups/{id}",
            get(groups::read)
                .put(groups::replace)
                .patch(groups::patch)
                .delete(groups::delete),
        ),
        scim(
            "/scim/v2/ServiceProviderConfig",
            get(discovery::service_provider_config),
        ),
        scim("/scim/v2/ResourceTypes", get(discovery::resource_types)),
        scim("/scim/v2/ResourceTypes/{name}", get(discovery::resource_type)),
        scim("/scim/v2/Schemas", get(discovery::schemas)),
        scim("/scim/v2/Schemas/{urn}", get(discovery::schema)),
        scim("/scim/v2/Me", axum::routing::any(discovery::not_implemented)),
        scim("/scim/v2/Bulk", post(bulk::run)),
        admin("/admin/overview", get(overview::overview)),
        admin("/admin/sync", post(overview::check_now)),
        admin("/admin/users", get(people::list)),
        admin("/admin/users/{id}/claim", post(people::claim)),
        admin("/admin/users/{id}/release", post(people::release)),
        admin("/admin/groups", get(mappings::groups)),
        admin("/admin/teams", get(mappings::teams)),
        admin("/admin/mappings", post(mappings::add)),
        admin("/admin/mappings/preview", post(mappings::preview)),
        admin("/admin/mappings/{id}", put(mappings::change).delete(mappings::remove)),
        admin("/admin/settings", get(settings::read).put(settings::change)),
        admin("/admin/credentials/test", post(credentials::test)),
        admin("/admin/connection-test", post(connection::test)),
        admin("/admin/activity", get(activity::list)),
        admin("/admin/retry", post(activity::retry)),
        admin("/admin/resync", post(activity::resync)),
        admin("/admin/login-doctor", get(overview::login_doctor)),
    ]
}

/// The surface a path belongs to; what is neither is the admin's, so that an unknown path tells a stranger nothing.
pub(super) fn surface(path: &str) -> Surface {
    if path == "/scim" || path.starts_with("/scim/") {
        Surface::Scim
    } else {
        Surface::Admin
    }
}

/// An answer in the surface's own shape.
pub(super) fn failure(surface: Surface, error: ::scim::Error) -> Response {
    match surface {
        Surface::Scim => ScimFailure::from(error).into_response(),
        Surface::Admin => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            super::admin::failure(status, error.detail, None)
        }
    }
}

pub(super) async fn not_found(uri: Uri) -> Response {
    failure(surface(uri.path()), ::scim::Error::unknown_endpoint(uri.path()))
}

/// axum adds `Allow` itself.
pub(super) async fn method_not_allowed(method: Method, request: Request) -> Response {
    let path = request.uri().path();
    failure(surface(path), ::scim::Error::method_not_allowed(method.as_str(), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_and_the_table_agree_on_every_route() {
        for route in all() {
            assert_eq!(surface(route.path), route.surface, "{}", route.path);
        }
    }
}
