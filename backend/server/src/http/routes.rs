//! The authorisation table: every route there is, and the surface it belongs to.
//!
//! Owns: [`all`], from which alone the Router is built: a route without a row does not exist. Must never give a path under `/scim/`
//! to another surface than SCIM, or the rest to another than the admin's: [`gate`](super::gate) decides by path, before routing, and a
//! test holds the two together.

use axum::{
    extract::Request,
    http::{Method, Uri},
    response::Response,
    routing::{MethodRouter, get, post, put},
};
use domain::Surface;

use super::{
    admin::{activity, callers, connection, credentials, mappings, overview, people, rails, settings, store},
    api::Api,
    scim::{bulk, discovery, endpoint::Endpoint, groups::Groups, handlers, users::Users},
    surface::{failure, surface},
};

/// One row.
pub(super) struct Route {
    /// Who may call it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the gate decides by path; the test compares the two")
    )]
    pub surface: Surface,
    /// axum's path.
    pub path: &'static str,
    /// What answers.
    pub methods: MethodRouter<Api>,
    /// Whether its POST only reads, so that the engine sleeps on.
    pub reads: bool,
}

impl Route {
    fn reads(self) -> Self {
        Self { reads: true, ..self }
    }
}

fn scim(path: &'static str, methods: MethodRouter<Api>) -> Route {
    Route {
        surface: Surface::Scim,
        path,
        methods,
        reads: false,
    }
}

fn admin(path: &'static str, methods: MethodRouter<Api>) -> Route {
    Route {
        surface: Surface::Admin,
        path,
        methods,
        reads: false,
    }
}

fn collection<E: Endpoint>() -> MethodRouter<Api> {
    get(handlers::list::<E>).post(handlers::create::<E>)
}

fn resource<E: Endpoint>() -> MethodRouter<Api> {
    get(handlers::read::<E>)
        .put(handlers::replace::<E>)
        .patch(handlers::patch::<E>)
        .delete(handlers::delete::<E>)
}

/// Every route.
pub(super) fn all() -> Vec<Route> {
    vec![
        // Clients join base and path with one slash or with none.
        scim("/scim/v2", get(handlers::list_all)),
        scim("/scim/v2/", get(handlers::list_all)),
        scim("/scim/v2/.search", post(handlers::search_all)).reads(),
        scim("/scim/v2/Users", collection::<Users>()),
        scim("/scim/v2/Users/.search", post(handlers::search::<Users>)).reads(),
        scim("/scim/v2/Users/{id}", resource::<Users>()),
        scim("/scim/v2/Groups", collection::<Groups>()),
        scim("/scim/v2/Groups/.search", post(handlers::search::<Groups>)).reads(),
        scim("/scim/v2/Groups/{id}", resource::<Groups>()),
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
        admin("/admin/store", post(store::decide)),
        admin("/admin/users", get(people::list)),
        admin("/admin/users/{id}/claim", post(people::claim)),
        admin("/admin/users/{id}/release", post(people::release)),
        admin("/admin/users/{id}/keep-closed", post(people::keep_closed)),
        admin("/admin/users/{id}/follow", post(people::follow)),
        admin("/admin/groups", get(mappings::groups)),
        admin("/admin/teams", get(mappings::teams)),
        admin("/admin/mappings", post(mappings::add)),
        admin("/admin/mappings/preview", post(mappings::preview)).reads(),
        admin("/admin/mappings/{id}", put(mappings::change).delete(mappings::remove)),
        admin("/admin/operation", get(rails::operation)),
        admin("/admin/held", get(rails::list).post(rails::decide)),
        admin("/admin/plan", get(rails::plan)),
        admin("/admin/settings", get(settings::read).put(settings::change)),
        admin("/admin/credentials/test", post(credentials::test)).reads(),
        admin("/admin/credentials/given", post(credentials::given)),
        admin("/admin/callers", get(callers::list)),
        admin("/admin/callers/{id}/accept", post(callers::accept)).reads(),
        admin("/admin/callers/{id}/dismiss", post(callers::dismiss)).reads(),
        admin("/admin/connection-test", post(connection::test)).reads(),
        admin("/admin/activity", get(activity::list)),
        admin("/admin/retry", post(activity::retry)),
        admin("/admin/resync", post(activity::resync)),
        admin("/admin/login-doctor", get(overview::login_doctor)),
    ]
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
