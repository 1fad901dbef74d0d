//! `admin/operation`, `admin/held`, `admin/plan`: the safety rails.
//!
//! Owns: the handlers. Must never change anything but an admin's answer: `operation` is a setting, and is changed as one.
//! Start at [`operation`].

use admin_api::{Held, HeldAnswer, HeldList, Operation, Plan, PlanRow};
use axum::{Json, http::StatusCode};
use domain::{
    outlook::Outlook,
    settings::Origin,
    wording::{self, held_what},
};

use super::{
    call::{AdminCall, Body},
    failure::{AdminFailure, Answer},
};
use store::{BrakeState, HeldRow};

pub(in crate::http) async fn operation(call: AdminCall) -> Answer<Json<Operation>> {
    let tally = call.api.store.tally(&call.context.tenant).await?;
    let off = call.api.control.engine(call.org_id()).off;
    let settings = call.api.control.settings(call.org_id());
    let row = settings.resolved.iter().find(|row| row.name == "operation");
    Ok(Json(Operation {
        mode: row.map(|row| row.value.clone()).unwrap_or_default(),
        locked: row.is_some_and(|row| row.origin < Origin::Page),
        off: off.map(|off| wording::off_title(off).to_owned()),
        said: off.map(|off| wording::off(off, tally.closing)),
        still_open: tally.closing,
        held: tally.held,
        held_said: (tally.held > 0).then(|| wording::held(tally.held)),
    }))
}

fn held(row: HeldRow) -> Held {
    Held {
        id: row.id,
        kind: row.taking.kind,
        what: held_what(row.taking.kind, &row.detail),
        subject: row.taking.subject,
        name: row.name,
        since_ms: row.since_ms,
        correlation: row.correlation,
        request: row.request,
        decided: (!row.decided_by.is_empty()).then(|| wording::open_by(&row.decided_by)),
    }
}

pub(in crate::http) async fn list(call: AdminCall) -> Answer<Json<HeldList>> {
    let (store, tenant) = (&call.api.store, &call.context.tenant);
    let rows = async |state| Ok::<_, AdminFailure>(store.held(tenant, state).await?.into_iter().map(held).collect());
    Ok(Json(HeldList {
        held: rows(BrakeState::Held).await?,
        rejected: rows(BrakeState::Rejected).await?,
        now_ms: call.context.now_ms,
    }))
}

/// The engine is woken by every changing route, so a yes is done at once.
pub(in crate::http) async fn decide(call: AdminCall, Body(answer): Body<HeldAnswer>) -> Answer<StatusCode> {
    let state = if answer.approve {
        BrakeState::Approved
    } else {
        BrakeState::Rejected
    };
    let by = &call.context.actor;
    let decided = call
        .api
        .store
        .decide_held(&call.context, &answer.ids, state, by)
        .await?;
    if decided == 0 {
        return Err(AdminFailure::conflict("Nothing of that is held any more."));
    }
    // The page's log can be pruned; this line cannot.
    tracing::warn!(
        org = call.org_id().get(),
        decided,
        approve = answer.approve,
        correlation = call.context.correlation,
        "an admin decided about what the brake held"
    );
    call.api.control.retry_now(call.org_id());
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn plan(call: AdminCall) -> Answer<Json<Plan>> {
    let now_ms = call.context.now_ms;
    let Some(outlook) = call.api.control.outlook(call.org_id()) else {
        return Ok(Json(Plan {
            now_ms,
            ..Plan::default()
        }));
    };
    let query = call.text("query").map(str::to_lowercase);
    let mut rows = rows(&outlook);
    if let Some(query) = &query {
        let has = |text: &str| text.to_lowercase().contains(query);
        rows.retain(|row| has(&row.name) || has(&row.why) || row.steps.iter().any(|step| has(step)));
    }
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if let Some(count) = call.number("count")? {
        rows.truncate(usize::try_from(count).unwrap_or_default());
    }
    Ok(Json(Plan {
        at_ms: Some(outlook.at_ms),
        sums: wording::sums(&outlook),
        rows,
        total,
        now_ms,
    }))
}

fn rows(outlook: &Outlook) -> Vec<PlanRow> {
    let people = outlook.people.iter().map(|person| PlanRow {
        kind: "person".to_owned(),
        id: person.user_id.clone(),
        name: person.name.clone(),
        steps: wording::person_steps(&person.actions),
        why: wording::person_why(person.said).to_owned(),
    });
    let teams = outlook.teams.iter().map(|team| PlanRow {
        kind: "team".to_owned(),
        id: team.team_id.map(|id| id.to_string()).unwrap_or_default(),
        name: team.team.clone(),
        steps: wording::team_steps(team),
        why: wording::team_why(team),
    });
    people.chain(teams).filter(|row| !row.steps.is_empty()).collect()
}
