//! `GET admin/activity`: what happened, and why; `POST admin/retry` and `admin/resync`: do it again.
//!
//! Owns: the handlers. Must never call Grafana (both only mark, and the engine does the rest), nor show more than the log's own fields. Start at [`list`].

use admin_api::{Activity, ActivityEntry, ActivityOutcome, ActivitySource, Target, TargetKind};
use axum::{Json, http::StatusCode};

use super::{
    call::{AdminCall, Body},
    failure::{AdminFailure, Answer},
};
use store::{ActivityLine, ActivityQuery, Kind, Outcome, Source};

fn entry((id, line): (i64, ActivityLine)) -> ActivityEntry {
    ActivityEntry {
        id,
        at_ms: line.at_ms,
        source: match line.source {
            Source::Scim => ActivitySource::Scim,
            Source::Grafana => ActivitySource::Grafana,
            Source::Admin => ActivitySource::Admin,
        },
        actor: line.actor,
        action: line.action.into_owned(),
        target_kind: line.target_kind.into_owned(),
        target_id: line.target_id,
        target_name: line.target_name,
        outcome: match line.outcome {
            Outcome::Done => ActivityOutcome::Done,
            Outcome::Refused => ActivityOutcome::Refused,
            Outcome::Retry => ActivityOutcome::Retry,
            Outcome::Attention => ActivityOutcome::Attention,
        },
        reason: line.reason,
        duration_ms: line.duration_ms,
        correlation: line.correlation,
    }
}

fn outcome(name: &str) -> Answer<Outcome> {
    match name {
        "done" => Ok(Outcome::Done),
        "refused" => Ok(Outcome::Refused),
        "retry" => Ok(Outcome::Retry),
        "attention" => Ok(Outcome::Attention),
        _ => Err(AdminFailure::invalid(
            "outcome",
            "outcome is one of: done, refused, retry, attention.",
        )),
    }
}

fn source(name: &str) -> Answer<Source> {
    match name {
        "scim" => Ok(Source::Scim),
        "grafana" => Ok(Source::Grafana),
        "admin" => Ok(Source::Admin),
        _ => Err(AdminFailure::invalid(
            "source",
            "source is one of: scim, grafana, admin.",
        )),
    }
}

pub(in crate::http) async fn list(call: AdminCall) -> Answer<Json<Activity>> {
    let (store, tenant) = (&call.api.store, &call.context.tenant);
    let text = |name: &str| call.text(name).map(str::to_owned);
    let wanted = ActivityQuery {
        after: call.number("after")?,
        count: call.count()?,
        target: text("target"),
        outcome: call.text("outcome").map(outcome).transpose()?,
        source: call.text("source").map(source).transpose()?,
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

fn kind(kind: TargetKind) -> Kind {
    match kind {
        TargetKind::User => Kind::User,
        TargetKind::Group => Kind::Group,
    }
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
    let kind = kind(target.kind);
    let found = store.retry_now(&ctx.tenant, kind, &target.id, ctx.now_ms).await?;
    let Some((name, waited)) = found else {
        return Err(unknown(kind));
    };
    if waited {
        let action = match kind {
            Kind::User => "user.retry",
            Kind::Group => "group.retry",
        };
        call.log(action, (kind.as_str(), &target.id, &name), String::new())
            .await;
    }
    Ok(StatusCode::ACCEPTED)
}

/// One resource is compared with Grafana as if it had just changed.
pub(in crate::http) async fn resync(call: AdminCall, Body(target): Body<Target>) -> Answer<StatusCode> {
    let (store, ctx) = (&call.api.store, &call.context);
    let kind = kind(target.kind);
    let found = store
        .resync(&ctx.tenant, kind, &target.id, &ctx.correlation, ctx.now_ms)
        .await?;
    let Some(name) = found else {
        return Err(unknown(kind));
    };
    let action = match kind {
        Kind::User => "user.resync",
        Kind::Group => "group.resync",
    };
    call.log(action, (kind.as_str(), &target.id, &name), String::new())
        .await;
    Ok(StatusCode::ACCEPTED)
}
