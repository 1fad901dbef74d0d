//! What only a Grafana server admin may do.
//!
//! Owns: the refusal. Must never take a login's word for it: Grafana is asked, each time, by the exact login and then by id.
//! Start at [`needed`].

use axum::http::StatusCode;
use domain::wording;

use super::{
    call::AdminCall,
    failure::{AdminFailure, Answer},
};

/// Refuses everybody who is not a Grafana server admin. `what` begins the sentence: a setting's name, or what is decided.
pub(super) async fn needed(call: &AdminCall, what: &str) -> Answer<()> {
    let callers = call.api.control.callers();
    let said = match callers.is_server_admin(call.org_id(), &call.context.actor).await {
        Some(true) => return Ok(()),
        Some(false) => wording::server_admin_needed(what),
        None => wording::server_admin_unproven(what),
    };
    Err(AdminFailure::new(StatusCode::FORBIDDEN, said))
}
