//! `POST admin/connection-test`: is an identity provider answered as it expects, and if not, which setting is wrong?
//!
//! Owns: the order of the findings and the sentence on top. Must never change what is kept, call Grafana, or keep or log what was
//! pasted: it may hold names, and a token. Start at [`test`]; [`facts`] has the settings, [`sequence`] the requests that are played,
//! [`pasted`] what an admin found in the provider's log.

pub(super) mod facts;
mod mapping;
mod pasted;
mod sandbox;
mod sequence;

use admin_api::{Check, ConnectionReport, ConnectionTest, IdentityProvider, TestOutcome};
use axum::{Extension, Json};
use domain::caller::Denied;

pub(in crate::http) use self::sandbox::RealService;
use self::{facts::Facts, sandbox::Sandbox};
use super::{
    call::{AdminCall, Body},
    checks,
    failure::{AdminFailure, Answer},
};
use store::{Action, ActivityQuery, Outcome, PageQuery, Source};

/// A request of a provider is a few kilobytes; its whole log is too much to look at.
const MAX_SAMPLE_BYTES: usize = 256 << 10;
/// So many people tell how a provider maps them.
const PEOPLE: i64 = 100;

pub(in crate::http) async fn test(
    call: AdminCall,
    Extension(service): Extension<RealService>,
    Body(wanted): Body<ConnectionTest>,
) -> Answer<Json<ConnectionReport>> {
    let sample = wanted.sample.as_deref().unwrap_or_default().trim();
    if sample.len() > MAX_SAMPLE_BYTES {
        let limit = format!(
            "That is more than {} kB: paste one request, or one mapping.",
            MAX_SAMPLE_BYTES >> 10
        );
        return Err(AdminFailure::invalid("sample", limit));
    }
    let sandbox = Sandbox::open(service, &call.api, call.org_id()).await?;
    let report = if sample.is_empty() {
        let mut found = known(&call, wanted.provider).await?;
        found.extend(sequence::play(&sandbox, wanted.provider).await);
        report(
            found,
            &format!(
                "Nothing is wrong that can be seen from here. What {} sends would be answered as it expects; nothing of the test was kept.",
                checks::provider_name(wanted.provider)
            ),
        )
    } else {
        let found = pasted::look(&call, &sandbox, wanted.provider, sample).await?;
        report(
            found,
            "This is in order. It was tried on a copy, and nothing of it was kept.",
        )
    };
    sandbox.close().await;
    Ok(Json(report))
}

/// The first thing that is wrong is the one to fix.
fn report(checks: Vec<Check>, fine: &str) -> ConnectionReport {
    let worst = |outcome| checks.iter().find(|check| check.outcome == outcome);
    let failed = worst(TestOutcome::Failed);
    let message = match (failed, worst(TestOutcome::Warning)) {
        (Some(check), _) => format!("Fix this first: {}.", check.what),
        (None, Some(check)) => format!("It works, with a drawback: {}.", check.what),
        (None, None) => fine.to_owned(),
    };
    ConnectionReport {
        ok: failed.is_none(),
        message,
        checks,
    }
}

/// What the settings, the log and the people who came already tell.
async fn known(call: &AdminCall, provider: IdentityProvider) -> Answer<Vec<Check>> {
    let (api, org_id, tenant) = (&call.api, call.org_id(), &call.context.tenant);
    let public_url = api.control.public_url(org_id);
    let engine = api.control.engine(org_id);
    let settings = api.control.settings(org_id);
    let tally = api.store.tally(tenant).await?;
    let known = api.store.last_callers(org_id).await?;
    let callers = checks::callers(org_id, known, &api.callers());
    let newest = PageQuery {
        limit: PEOPLE,
        offset: (tally.users - PEOPLE).max(0),
        ..PageQuery::default()
    };
    let people = api.store.list_users(tenant, &newest, false).await?;
    let facts = Facts {
        provider,
        public_url: public_url.as_deref(),
        engine: &engine,
        settings: &settings,
        tally: &tally,
        callers: &callers,
        refused: refused(call).await?,
    };
    let documents = people.items.iter().map(|person| &person.record.document);
    let mut found = facts.checks();
    found.extend(facts::people(documents));
    found.extend(checks::sign_in(api.control.login_doctor(org_id)));
    Ok(found)
}

/// A caller that was turned away here, and has not been let in since.
async fn refused(call: &AdminCall) -> Answer<Option<(String, String)>> {
    let of_scim = |outcome| ActivityQuery {
        count: 20,
        source: Some(Source::Scim),
        outcome: Some(outcome),
        ..ActivityQuery::default()
    };
    let (api, tenant) = (&call.api, &call.context.tenant);
    let turned_away = ActivityQuery {
        action: Some(Action::CallerDeny.as_str().to_owned()),
        ..of_scim(Outcome::Refused)
    };
    let lines = api.store.activity(tenant, &turned_away).await?.lines;
    // An anonymous caller has no name to show.
    let Some((_, line)) = lines.into_iter().find(|(_, line)| !line.actor.is_empty()) else {
        return Ok(None);
    };
    let reason = Denied::NotAccepted.to_string();
    let served = api
        .callers()
        .get(&(tenant.org_id, line.actor.clone()))
        .is_some_and(|seen| seen.failed < seen.requests);
    let since = ActivityQuery {
        actor: Some(line.actor.clone()),
        since_ms: Some(line.at_ms),
        ..of_scim(Outcome::Done)
    };
    let done = api.store.activity(tenant, &since).await?.lines;
    Ok((!served && done.is_empty()).then_some((line.actor, reason)))
}
