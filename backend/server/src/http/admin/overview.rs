//! `GET admin/overview`, `POST admin/sync`, `GET admin/login-doctor`: is everyone in who should be, and no one else?
//!
//! Owns: the handlers and the one sentence on top. Must never say "in sync" while anything waits. Start at [`overview`].

mod next;

use std::collections::BTreeMap;

use admin_api::{
    Attention, Caller, Check, Counts, GrafanaState, LoginDoctor, LoginSeverity, Overview, Pending, SyncState,
    TestOutcome,
};
use axum::{Extension, Json, extract::State, http::StatusCode};
use domain::wording::{self, Numbers};

use super::Answer;
use crate::http::{Api, CallerSeen, EngineState, EngineStatus, scim, traffic};
use store::{Tally, WriteContext};

const MOST_ATTENTION: i64 = 50;
const MOST_CALLERS: usize = 10;

pub(in crate::http) async fn overview(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
) -> Answer<Json<Overview>> {
    let org_id = ctx.tenant.org_id;
    let tally = api.store.tally(&ctx.tenant).await?;
    let attention = api.store.attention_rows(&ctx.tenant, MOST_ATTENTION).await?;
    let known = api.store.last_callers(org_id).await?;
    let callers = callers(org_id, known, &api.callers());
    let day_ago = traffic::from_ms(ctx.now_ms);
    let logged = if day_ago < api.started_ms {
        api.store.requests_by_hour(org_id, day_ago, api.started_ms).await?
    } else {
        Vec::new()
    };
    let chart = api.traffic().chart(org_id, ctx.now_ms, &logged);
    let engine = api.control.engine(org_id);
    let sync = state(&engine, &tally, !callers.is_empty());
    let settings = api.control.settings(org_id);
    let public_url = api.control.public_url(org_id);
    let next = next::steps(
        &engine,
        &settings.effective,
        public_url.as_deref(),
        &tally,
        !callers.is_empty(),
        &chart,
    );
    Ok(Json(Overview {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sync,
        summary: wording::summary(
            sync,
            Numbers {
                users: tally.users,
                groups: tally.groups,
                pending: tally.pending,
                attention: tally.attention,
            },
        ),
        scim_url: scim::base(&api, org_id),
        grafana: GrafanaState {
            url: engine.url,
            version: engine.version,
            signed_in_as: engine.signed_in_as,
            latency_ms: engine.latency_ms,
            error: engine.error,
        },
        counts: Counts {
            users: tally.users,
            users_active: tally.users_active,
            closed: tally.closed,
            closed_may_return: tally.closed_may_return,
            provisioned: tally.provisioned,
            claimed: tally.claimed,
            unmanaged: engine.unmanaged,
            groups: tally.groups,
            groups_mapped: tally.groups_mapped,
            groups_unmapped: tally.groups - tally.groups_mapped,
            pending: tally.pending,
            attention: tally.attention,
        },
        callers,
        pending: Pending {
            count: tally.pending,
            oldest_ms: tally.oldest_ms,
            closing: tally.closing,
        },
        attention: attention
            .into_iter()
            .map(|row| Attention {
                kind: row.kind.as_str().to_owned(),
                id: row.id,
                name: row.name,
                reason: wording::reason(&row.attention),
                next_step: wording::next_step(&row.attention).to_owned(),
                since_ms: row.since_ms,
            })
            .collect(),
        warnings: engine.warnings,
        chart,
        next,
        sign_in: sign_in(api.control.login_doctor(org_id)),
        checked_ms: engine.checked_ms,
        now_ms: ctx.now_ms,
    }))
}

/// The login doctor's findings, as every other list of findings has them.
pub(super) fn sign_in(doctor: LoginDoctor) -> Vec<Check> {
    if doctor.checked_ms.is_none() {
        return vec![Check {
            what: "How people sign in is not known yet".to_owned(),
            outcome: TestOutcome::Note,
            detail: "Grafana's configuration is read as soon as Rollcall has signed in.".to_owned(),
            ..Check::default()
        }];
    }
    let check = |found: admin_api::LoginFinding| Check {
        what: found.what,
        outcome: match found.severity {
            LoginSeverity::Ok => TestOutcome::Ok,
            LoginSeverity::Note => TestOutcome::Note,
            LoginSeverity::Warning => TestOutcome::Warning,
            LoginSeverity::Problem => TestOutcome::Failed,
        },
        detail: found.why,
        lines: found.ini,
        ..Check::default()
    };
    doctor.findings.into_iter().map(check).collect()
}

/// The log knows who called before this process began, memory who called since.
pub(super) fn callers(
    org_id: i64,
    known: Vec<(String, i64)>,
    seen: &std::collections::HashMap<(i64, String), CallerSeen>,
) -> Vec<Caller> {
    let before = |(login, last_ms): (String, i64)| {
        let row = Caller {
            login: login.clone(),
            last_ms,
            requests: 0,
            failed: 0,
            last_request: String::new(),
        };
        (login, row)
    };
    let mut rows: BTreeMap<String, Caller> = known.into_iter().map(before).collect();
    for ((_, login), c) in seen.iter().filter(|((org, _), _)| *org == org_id) {
        let row = Caller {
            login: login.clone(),
            last_ms: c.last_ms,
            requests: c.requests,
            failed: c.failed,
            last_request: c.last_request.clone(),
        };
        rows.insert(login.clone(), row);
    }
    let mut rows: Vec<Caller> = rows.into_values().filter(|c| !c.login.is_empty()).collect();
    rows.sort_by_key(|c| std::cmp::Reverse(c.last_ms));
    rows.truncate(MOST_CALLERS);
    rows
}

/// Worst first.
fn state(engine: &EngineStatus, tally: &Tally, called: bool) -> SyncState {
    match engine.state {
        EngineState::NotConfigured => SyncState::NotConfigured,
        EngineState::WaitingForFirstRequest => SyncState::WaitingForFirstRequest,
        EngineState::CredentialsRefused => SyncState::CredentialsRefused,
        EngineState::GrafanaAway => SyncState::GrafanaAway,
        EngineState::Running if tally.attention > 0 => SyncState::NeedsAttention,
        EngineState::Running if tally.pending > 0 => SyncState::Syncing,
        EngineState::Running if tally.users == 0 && tally.groups == 0 && !called => SyncState::Empty,
        EngineState::Running => SyncState::InSync,
    }
}

pub(in crate::http) async fn check_now(State(api): State<Api>, Extension(ctx): Extension<WriteContext>) -> StatusCode {
    api.control.check_now(ctx.tenant.org_id);
    StatusCode::ACCEPTED
}

pub(in crate::http) async fn login_doctor(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
) -> Json<LoginDoctor> {
    Json(api.control.login_doctor(ctx.tenant.org_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn engine(state: EngineState) -> EngineStatus {
        EngineStatus {
            state,
            url: "http://localhost:3000".into(),
            version: None,
            signed_in_as: None,
            latency_ms: None,
            error: None,
            checked_ms: None,
            warnings: Vec::new(),
            unmanaged: None,
        }
    }

    #[test]
    fn in_sync_is_said_only_when_nothing_waits_and_nobody_is_needed() {
        let running = engine(EngineState::Running);
        let tally = |users, pending, attention| Tally {
            users,
            pending,
            attention,
            ..Tally::default()
        };
        assert_eq!(state(&running, &tally(3, 0, 0), true), SyncState::InSync);
        assert_eq!(state(&running, &tally(3, 1, 0), true), SyncState::Syncing);
        assert_eq!(state(&running, &tally(3, 1, 1), true), SyncState::NeedsAttention);
        assert_eq!(state(&running, &tally(0, 0, 0), false), SyncState::Empty);
        assert_eq!(
            state(&running, &tally(0, 0, 0), true),
            SyncState::InSync,
            "all were deleted"
        );
        assert_eq!(
            state(&engine(EngineState::GrafanaAway), &tally(3, 0, 0), true),
            SyncState::GrafanaAway
        );
    }

    #[test]
    fn callers_of_an_earlier_process_stay_known_and_other_organizations_are_not_shown() {
        let seen = |last_ms| CallerSeen {
            last_ms,
            requests: 1,
            ..CallerSeen::default()
        };
        let memory = [
            ((1, "sa-1-okta".to_owned()), seen(50)),
            ((2, "sa-2-entra".to_owned()), seen(90)),
            ((1, String::new()), seen(99)),
        ];
        let rows = callers(
            1,
            vec![("sa-1-okta".into(), 40), ("sa-1-entra".into(), 60)],
            &memory.into_iter().collect(),
        );
        let shown: Vec<_> = rows.iter().map(|c| (c.login.as_str(), c.last_ms, c.requests)).collect();
        assert_eq!(shown, [("sa-1-entra", 60, 0), ("sa-1-okta", 50, 1)]);
    }
}
