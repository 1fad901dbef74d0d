//! The two surfaces: which one a path belongs to, and a refusal in the words of each.
//!
//! Owns: [`surface`], by which authorisation decides before routing. Must never give a path under
//! `/scim/` to another surface than SCIM, or the rest to another than the admin's. Start at
//! [`surface`].

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::Surface;

use super::{admin::failure::AdminFailure, scim::failure::ScimFailure};

/// Where Grafana serves us, below its own URL.
pub const PATH_PREFIX: &str = "/api/plugins/rollcall-scim-app/resources";

/// The surface a path belongs to; what is neither is the admin's, so that an unknown path tells a
/// stranger nothing.
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
            AdminFailure::new(status, error.detail).into_response()
        }
    }
}
