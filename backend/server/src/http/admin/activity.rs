//! `GET admin/activity`: what happened, and why; `POST admin/retry` and `admin/resync`: do it again.
//!
//! Owns: the handlers. Must never call Grafana (both only mark, and the engine does the rest), nor show more than the log's own fields. Start at [`list`].

use std::str::FromStr;

use admin_api::{Activity, ActivityEntry, Target};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::{RawQuery, State},
    http::StatusCode,
};

use super::{AdminFailure, Answer, Parameters, body, log};
use crate::http::Api;
use store::{Action, ActivityLine, ActivityQuery, Kind, Outcome, Source, WriteContext};

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

/// A code in a query, or an error that lists them all.
fn code<T: FromStr>(query: &Parameters, name: &'static str, all: &[&str]) -> Answer<Option<T>> {
    let parse = |code: &str| {
        code.parse()
            .map_err(|_| AdminFailure::invalid(name, format!("{name} is one of: {}.", all.join(", "))))
    };
    query.text(name).map(parse).transpose()
}

pub(in crate::http) async fn list(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Activity>> {
    let query = Parameters::of(query.as_deref());
    let text = |name: &str| query.text(name).map(str::to_owned);
    let wanted = ActivityQuery {
        after: query.number("after")?,
        count: query.count()?,
        target: text("target"),
        outcome: code(
            &query,
            "outcome",
            &Outcome::ALL.iter().map(|o| o.as_str()).collect::<Vec<_>>(),
        )?,
        source: code(
            &query,
            "source",
            &Source::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>(),
        )?,
        actor: text("actor"),
        action: text("action"),
        correlation: text("correlation"),
        since_ms: query.number("since")?,
        until_ms: query.number("until")?,
    };
    let page = api.store.activity(&ctx.tenant, &wanted).await?;
    let callers = if wanted.after.is_none() {
        api.store.last_callers(ctx.tenant.org_id).await?
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
pub(in crate::http) async fn retry(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    bytes: Bytes,
) -> Answer<StatusCode> {
    let target: Target = body(&bytes)?;
    let kind = target.kind;
    let found = api.store.retry_now(&ctx.tenant, kind, &target.id, ctx.now_ms).await?;
    let Some((name, waited)) = found else {
        return Err(unknown(kind));
    };
    if waited {
        api.control.wake();
        let action = match kind {
            Kind::User => Action::UserRetry,
            Kind::Group => Action::GroupRetry,
        };
        log(&api, &ctx, action, (kind.into(), &target.id, &name), String::new()).await;
    }
    Ok(StatusCode::ACCEPTED)
}

/// One resource is compared with Grafana as if it had just changed.
pub(in crate::http) async fn resync(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    bytes: Bytes,
) -> Answer<StatusCode> {
    let target: Target = body(&bytes)?;
    let kind = target.kind;
    let found = api
        .store
        .resync(&ctx.tenant, kind, &target.id, &ctx.correlation, ctx.now_ms)
        .await?;
    let Some(name) = found else {
        return Err(unknown(kind));
    };
    api.control.wake();
    let action = match kind {
        Kind::User => Action::UserResync,
        Kind::Group => Action::GroupResync,
    };
    log(&api, &ctx, action, (kind.into(), &target.id, &name), String::new()).await;
    Ok(StatusCode::ACCEPTED)
}
