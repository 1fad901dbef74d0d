//! `admin/callers`: who may call SCIM, and who asked to.
//!
//! Owns: the handlers. Must never accept anything but an id that Grafana's list of service accounts has. Start at [`list`].

use admin_api::{AcceptCaller, CallerRow, Callers};
use axum::{Json, body::Bytes, extract::Path, http::StatusCode};
use domain::{UserId, wording};
use store::{Action, TargetKind};

use super::{
    call::{AdminCall, parsed},
    failure::{AdminFailure, Answer},
};
use crate::http::callers::CallerDecision;

pub(in crate::http) async fn list(call: AdminCall) -> Answer<Json<Callers>> {
    let known = call.api.control.callers().known(call.org_id()).await?;
    let unread = known.problem.as_deref().map(wording::callers_unread);
    let missing = known.missing.iter().map(|login| wording::caller_of_file_unknown(login));
    let row = |(record, is_listed): (store::CallerRecord, bool)| CallerRow {
        // Nobody is missed while it could not be looked.
        warning: wording::caller_warning(&record.role, is_listed || unread.is_some()).map(str::to_owned),
        id: record.id.get(),
        login: record.login,
        role: record.role,
        state: record.state,
        first_ms: record.first_ms,
        last_ms: record.last_ms,
    };
    Ok(Json(Callers {
        rows: known.rows.into_iter().map(row).collect(),
        problems: unread.iter().cloned().chain(missing).collect(),
    }))
}

pub(in crate::http) async fn accept(call: AdminCall, Path(id): Path<i64>, bytes: Bytes) -> Answer<Json<Callers>> {
    let said = if bytes.is_empty() {
        AcceptCaller::default()
    } else {
        parsed(&bytes)?
    };
    let login = said.login.unwrap_or_default();
    let decided = call
        .api
        .control
        .callers()
        .accept(call.org_id(), UserId::new(id), login)
        .await?;
    let login = done(decided)?;
    tracing::warn!(
        org = call.org_id().get(),
        account = id,
        login,
        correlation = call.context.correlation,
        "an admin let a service account call SCIM"
    );
    call.log(
        Action::CallerAccept,
        (TargetKind::Service, &id.to_string(), &login),
        String::new(),
    )
    .await;
    list(call).await
}

pub(in crate::http) async fn dismiss(call: AdminCall, Path(id): Path<i64>) -> Answer<Json<Callers>> {
    let decided = call
        .api
        .control
        .callers()
        .dismiss(call.org_id(), UserId::new(id))
        .await?;
    let login = done(decided)?;
    call.log(
        Action::CallerDismiss,
        (TargetKind::Service, &id.to_string(), &login),
        String::new(),
    )
    .await;
    list(call).await
}

fn done(decided: CallerDecision) -> Answer<String> {
    match decided {
        CallerDecision::Done(login) => Ok(login),
        CallerDecision::Unknown => Err(AdminFailure::new(
            StatusCode::NOT_FOUND,
            "This organization has no such service account, or it has not called. A person is never a caller.",
        )),
        CallerDecision::File => Err(AdminFailure::conflict(
            "scim_callers in [plugin.rollcall-scim-app] names this account: change it there.",
        )),
    }
}
