//! `GET admin/activity`: what happened, and why.
//!
//! Owns: the handler. Must never show more than the log's own fields. Start at [`list`].

use admin_api::{Activity, ActivityEntry, ActivityOutcome, ActivitySource};
use axum::{
    Extension, Json,
    extract::{RawQuery, State},
};

use super::{AdminFailure, Answer, Parameters};
use crate::{
    http::Api,
    store::{ActivityLine, Outcome, Source, WriteContext},
};

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

pub(in crate::http) async fn list(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
) -> Answer<Json<Activity>> {
    let query = Parameters::of(query.as_deref());
    let only = query.text("outcome").map(outcome).transpose()?;
    let (after, target) = (query.number("after")?, query.text("target"));
    let page = api
        .store
        .activity(&ctx.tenant, after, query.count()?, target, only)
        .await?;
    Ok(Json(Activity {
        entries: page.lines.into_iter().map(entry).collect(),
        next: page.next,
    }))
}
