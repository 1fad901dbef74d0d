//! `POST admin/store`: which store is the right one.
//!
//! Owns: who may say so. Must never write the marker: the engine does. Start at [`decide`].

use admin_api::{StoreAnswer, StoreDecision as Said};
use axum::http::StatusCode;
use domain::store_identity::StoreDecision;

use super::{
    call::{AdminCall, Body},
    failure::{AdminFailure, Answer},
    server_admin,
};
use store::{Action, TargetKind};

/// A store speaks for everybody in Grafana, not for one organization's people, so an Admin of one
/// organization may not decide about it.
pub(in crate::http) async fn decide(call: AdminCall, Body(answer): Body<StoreAnswer>) -> Answer<StatusCode> {
    let (control, org_id) = (&call.api.control, call.org_id());
    if !control.engine(org_id).store.needs_decision() {
        return Err(AdminFailure::conflict(
            "There is nothing to decide: Grafana knows this store, or was not asked yet.",
        ));
    }
    server_admin::needed(&call, "Which store is the right one").await?;
    let (decision, reason) = match answer.decision {
        Said::RightStore => (StoreDecision::RightStore, "this is the right store now"),
        Said::StartOver => (StoreDecision::StartOver, "start over with this store"),
    };
    // The page's log can be pruned; this line cannot.
    tracing::warn!(
        org = org_id.get(),
        decision = reason,
        "an admin decided about the store"
    );
    call.log(
        Action::StoreDecide,
        (TargetKind::Service, "store", "store"),
        reason.to_owned(),
    )
    .await;
    control.decide_store(org_id, decision);
    Ok(StatusCode::ACCEPTED)
}
