//! Health check and metrics.
//!
//! Owns: what is counted, and which finding is the worst. Every signed-in user can read the health check, and anybody at all the metrics (Grafana serves them without
//! sign-in): must never hold configuration, names, e-mails or paths. Start at [`of`].

use std::fmt::Write as _;

use domain::{OrgId, Tenant, health::Health as Finding, login::Severity, status::EngineState, wording};
use serde_json::json;

use super::settings::{self, SettingsState};
use crate::plugin::Health;
use engine::Engine;
use store::{Store, Tally};

/// The store is the one thing without which nothing works.
pub(super) fn store_closed() -> Health {
    found(Finding::StoreClosed, 0, json!({ "store": "closed" }))
}

fn found(finding: Finding, pending: i64, details: serde_json::Value) -> Health {
    Health {
        ok: finding.is_ok(),
        message: wording::health(finding, pending),
        details,
    }
}

/// One organization's health.
pub(super) async fn of(org_id: OrgId, store: &Store, settings: &SettingsState, engine: &Engine) -> Health {
    let tally = match store.tally(&Tenant::of_org(org_id)).await {
        Ok(tally) => tally,
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            return found(Finding::StoreFails, 0, json!({ "store": "failing" }));
        }
    };
    let status = engine.status(org_id);
    let wrong_settings = settings::problems(&settings.view(org_id)).len();
    let twice_filled = status.twice_filled_teams.len();
    let team_sync = match twice_filled {
        0 if status.team_sync_licensed => TeamSync::Licensed,
        n => TeamSync::Fills(n),
    };
    let finding = if settings.view(org_id).kept_back.is_empty() {
        worst(status.state, &tally, wrong_settings, team_sync)
    } else {
        Finding::SecretKeptBack
    };
    let login = engine.login(org_id).map(|seen| seen.findings).unwrap_or_default();
    let findings = |severity| login.iter().filter(|finding| finding.severity == severity).count();
    found(
        finding,
        tally.pending,
        json!({
            "engine": status.state.code(),
            "pending": tally.pending,
            "attention": tally.attention,
            "wrongSettings": wrong_settings,
            "teamSyncConflicts": twice_filled,
            "teamSyncLicensed": status.team_sync_licensed,
            "loginProblems": findings(Severity::Problem),
            "loginWarnings": findings(Severity::Warning),
        }),
    )
}

/// Grafana's own Team Sync against ours.
#[derive(Clone, Copy)]
enum TeamSync {
    /// It fills so many of our teams.
    Fills(usize),
    /// It fills none that is known, and could.
    Licensed,
}

/// The worst thing that is known.
fn worst(state: EngineState, tally: &Tally, wrong_settings: usize, team_sync: TeamSync) -> Finding {
    match (state, team_sync) {
        (EngineState::NotConfigured, _) => Finding::NotConfigured,
        (EngineState::WaitingForFirstRequest, _) => Finding::WaitingForFirstRequest,
        (EngineState::CredentialsRefused, _) => Finding::CredentialsRefused,
        (EngineState::GrafanaAway, _) => Finding::GrafanaAway,
        (EngineState::Running, _) if wrong_settings > 0 => Finding::WrongSettings(wrong_settings),
        (EngineState::Running, _) if tally.attention > 0 => Finding::NeedsAttention(tally.attention),
        (EngineState::Running, TeamSync::Fills(teams)) if teams > 0 => Finding::TeamSyncFills(teams),
        (EngineState::Running, TeamSync::Licensed) => Finding::TeamSyncLicensed,
        (EngineState::Running, TeamSync::Fills(_)) if tally.pending > 0 => Finding::Syncing,
        (EngineState::Running, TeamSync::Fills(_)) => Finding::InSync,
    }
}

/// Prometheus text: numbers by organization.
pub(super) async fn metrics(store: &Store, engine: &Engine) -> String {
    let mut rows = Vec::new();
    for tenant in store.tenants().await.unwrap_or_default() {
        if let Ok(tally) = store.tally(&tenant).await {
            rows.push((tenant.org_id, tally));
        }
    }
    let mut text = "# TYPE rollcall_store_open gauge\nrollcall_store_open 1\n".to_owned();
    let mut gauge = |name: &str, help: &str, value: &dyn Fn(OrgId, &Tally) -> i64| {
        // Writing to a String cannot fail.
        _ = writeln!(text, "# HELP rollcall_{name} {help}\n# TYPE rollcall_{name} gauge");
        for (org_id, tally) in &rows {
            _ = writeln!(text, "rollcall_{name}{{org_id=\"{org_id}\"}} {}", value(*org_id, tally));
        }
    };
    gauge("users", "SCIM users.", &|_, t| t.users);
    gauge("groups", "SCIM groups.", &|_, t| t.groups);
    gauge("pending", "Changes that are not in Grafana yet.", &|_, t| t.pending);
    gauge("closing", "People whose access is still to be closed.", &|_, t| {
        t.closing
    });
    gauge("attention", "Changes that wait for a person.", &|_, t| t.attention);
    gauge("grafana_reachable", "1 while the engine can work.", &|org_id, _| {
        i64::from(engine.status(org_id).state == EngineState::Running)
    });
    text
}
