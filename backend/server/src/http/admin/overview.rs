//! `GET admin/overview`, `POST admin/sync`, `GET admin/login-doctor`: is everyone in who should be, and no one else?
//!
//! Owns: the handlers and the one sentence on top. Must never say "in sync" while anything waits. Start at [`overview`].

mod next;

use admin_api::{Attention, Counts, GrafanaState, LoginDoctor, Overview, Pending, SyncState};
use axum::{Json, http::StatusCode};
use domain::{
    status::{EngineState, EngineStatus, StoreFile, StoreSeen},
    wording::{self, Numbers},
};

use super::{
    call::AdminCall,
    checks::{callers, sign_in},
    failure::Answer,
};
use crate::http::traffic;
use store::Tally;

const MOST_ATTENTION: i64 = 50;

pub(in crate::http) async fn overview(call: AdminCall) -> Answer<Json<Overview>> {
    let (api, ctx, org_id) = (&call.api, &call.context, call.org_id());
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
    let mut engine = api.control.engine(org_id);
    let seen = api.control.store().await;
    engine.warnings.extend(wording::store_warnings(engine.store, seen.file));
    let sync = state(seen, &engine, &tally, !callers.is_empty());
    let store_question = wording::store_question(engine.store).map(str::to_owned);
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
    let taken = engine.taken_names.iter().map(wording::taken_name);
    let warnings = engine.warnings.iter().cloned().chain(taken).collect();
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
                closing: tally.closing,
                held: tally.held,
                off: engine.off,
                may_return: tally.closed_may_return,
            },
        ),
        scim_url: api.scim_url(org_id),
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
                still_open: row.still_open,
            })
            .collect(),
        store_question,
        warnings,
        chart,
        next,
        sign_in: sign_in(api.control.login_doctor(org_id)),
        checked_ms: engine.checked_ms,
        now_ms: ctx.now_ms,
    }))
}

/// Worst first.
fn state(store: StoreSeen, engine: &EngineStatus, tally: &Tally, called: bool) -> SyncState {
    if !store.takes_changes || store.file == StoreFile::Replaced {
        return SyncState::StoreFails;
    }
    match engine.state {
        _ if engine.store.is_doubted() => SyncState::StoreNotRecognised,
        EngineState::NotConfigured => SyncState::NotConfigured,
        EngineState::WaitingForFirstRequest => SyncState::WaitingForFirstRequest,
        EngineState::CredentialsRefused => SyncState::CredentialsRefused,
        EngineState::GrafanaAway => SyncState::GrafanaAway,
        _ if engine.off.is_some() => SyncState::SwitchedOff,
        EngineState::Running if tally.held > 0 => SyncState::Held,
        EngineState::Running if tally.attention > 0 => SyncState::NeedsAttention,
        EngineState::Running if tally.pending > 0 || tally.closing > 0 => SyncState::Syncing,
        EngineState::Running if tally.users == 0 && tally.groups == 0 && !called => SyncState::Empty,
        EngineState::Running => SyncState::InSync,
    }
}

pub(in crate::http) async fn check_now(call: AdminCall) -> StatusCode {
    call.api.control.check_now(call.org_id());
    StatusCode::ACCEPTED
}

pub(in crate::http) async fn login_doctor(call: AdminCall) -> Json<LoginDoctor> {
    Json(call.api.control.login_doctor(call.org_id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: StoreSeen = StoreSeen {
        takes_changes: true,
        file: StoreFile::Private,
    };

    pub(super) fn engine(state: EngineState) -> EngineStatus {
        EngineStatus::new(state, "http://localhost:3000".into())
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
        assert_eq!(state(WELL, &running, &tally(3, 0, 0), true), SyncState::InSync);
        assert_eq!(state(WELL, &running, &tally(3, 1, 0), true), SyncState::Syncing);
        assert_eq!(state(WELL, &running, &tally(3, 1, 1), true), SyncState::NeedsAttention);
        assert_eq!(state(WELL, &running, &tally(0, 0, 0), false), SyncState::Empty);
        assert_eq!(
            state(WELL, &running, &tally(0, 0, 0), true),
            SyncState::InSync,
            "all were deleted"
        );
        assert_eq!(
            state(WELL, &engine(EngineState::GrafanaAway), &tally(3, 0, 0), true),
            SyncState::GrafanaAway
        );
    }
}
