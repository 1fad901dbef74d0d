//! `GET admin/activity`: what happened, and why; `POST admin/retry` and `admin/resync`: do it again.
//!
//! Owns: the handlers. Must never call Grafana (both only mark, and the engine does the rest), nor show more than the log's own fields. Start at [`list`].

use admin_api::{Activity, ActivityEntry, Target};
use axum::{Json, http::StatusCode};

use super::{
    call::{AdminCall, Body},
    failure::{AdminFailure, Answer},
};
use store::{Action, ActivityLine, ActivityQuery, Kind, Outcome, Source};

fn entry((id, line): (i64, ActivityLine)) -> ActivityEntry {
    ActivityEntry {
        id,
        at_ms: line.at_ms,
        source: line.source,
        actor: line.actor,
        action: line.action,
        target_kind: line.target_kind,
        target_id: line.target_id,
        target_name: line.target_name,
        outcome: line.outcome,
        reason: line.reason,
        duration_ms: line.duration_ms,
        correlation: line.correlation,
    }
}

pub(in crate::http) async fn list(call: AdminCall) -> Answer<Json<Activity>> {
    let (store, tenant) = (&call.api.store, &call.context.tenant);
    let text = |name: &str| call.text(name).map(str::to_owned);
    let wanted = ActivityQuery {
        after: call.number("after")?,
        count: call.count()?,
        target: text("target"),
        outcome: call.code(
            "outcome",
            &Outcome::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
        )?,
        source: call.code(
            "source",
            &Source::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
        )?,
        actor: text("actor"),
        action: text("action"),
        correlation: text("correlation"),
        since_ms: call.number("since")?,
        until_ms: call.number("until")?,
    };
    let page = store.activity(tenant, &wanted).await?;
    let callers = if wanted.after.is_none() {
        store.last_callers(tenant.org_id).await?
    } else {
        Vec::new()
    };
    Ok(Json(Activity {
        callers: callers.into_iter().map(|(login, _)| login).collect(),
        entries: page.lines.into_iter().map(entry).collect(),
        next: page.next,
    }))
}

fn unknown(kind: Kind) -> AdminFailure {
    let what = match kind {
        Kind::User => "user",
        Kind::Group => "group",
    };
    AdminFailure::new(
        StatusCode::NOT_FOUND,
        format!("There is no such {what} any more, and nothing of it is left to do."),
    )
}

/// What waits for its turn, or for a person, is tried now. Twice is as good as once: what waits no more is left alone.
pub(in crate::http) async fn retry(call: AdminCall, Body(target): Body<Target>) -> Answer<StatusCode> {
    let (store, ctx) = (&call.api.store, &call.context);
    let kind = target.kind;
    let found = store.retry_now(&ctx.tenant, kind, &target.id, ctx.now_ms).await?;
    let Some((name, waited)) = found else {
        return Err(unknown(kind));
    };
    if waited {
        let action = match kind {
            Kind::User => Action::UserRetry,
            Kind::Group => Action::GroupRetry,
        };
        call.log(action, (kind.into(), &target.id, &name), String::new()).await;
    }
    call.api.control.retry_now(ctx.tenant.org_id);
    Ok(StatusCode::ACCEPTED)
}

/// One resource is compared with Grafana as if it had just changed.
pub(in crate::http) async fn resync(call: AdminCall, Body(target): Body<Target>) -> Answer<StatusCode> {
    let (store, ctx) = (&call.api.store, &call.context);
    let kind = target.kind;
    let found = store
        .resync(&ctx.tenant, kind, &target.id, &ctx.correlation, ctx.now_ms)
        .await?;
    let Some(name) = found else {
        return Err(unknown(kind));
    };
    let action = match kind {
        Kind::User => Action::UserResync,
        Kind::Group => Action::GroupResync,
    };
    call.log(action, (kind.into(), &target.id, &name), String::new()).await;
    call.api.control.retry_now(ctx.tenant.org_id);
    Ok(StatusCode::ACCEPTED)
}
