//! Health check and metrics.
//!
//! Owns: their words. Every signed-in user can read the health check, and anybody at all the metrics (Grafana serves them without
//! sign-in): must never hold configuration, names, e-mails or paths. Start at [`of`].

use std::fmt::Write as _;

use domain::{Tenant, login::Severity, status::EngineState};
use serde_json::json;

use super::settings::{self, SettingsState};
use crate::plugin::Health;
use engine::Engine;
use store::{Store, Tally};

/// The store is the one thing without which nothing works.
pub(super) fn store_closed() -> Health {
    Health {
        ok: false,
        message: "The SCIM store cannot be opened, so nothing is accepted from identity providers. \
                  Set data_dir in [plugin.rollcall-scim-app]; Grafana's log says what is wrong."
            .into(),
        details: json!({ "store": "closed" }),
    }
}

/// One organization's health.
pub(super) async fn of(org_id: i64, store: &Store, settings: &SettingsState, engine: &Engine) -> Health {
    let tally = match store.tally(&Tenant::of_org(org_id)).await {
        Ok(tally) => tally,
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            return Health {
                ok: false,
                message: "The SCIM store does not answer. Grafana's log says why.".into(),
                details: json!({ "store": "failing" }),
            };
        }
    };
    let status = engine.status(org_id);
    let wrong_settings = settings::problems(&settings.view(org_id)).len();
    let twice_filled = status.twice_filled_teams.len();
    let team_sync = match twice_filled {
        0 if status.team_sync_licensed => TeamSync::Licensed,
        n => TeamSync::Fills(n),
    };
    let (ok, message) = words(status.state, &tally, wrong_settings, team_sync);
    let login = engine.login(org_id).map(|seen| seen.findings).unwrap_or_default();
    let found = |severity| login.iter().filter(|finding| finding.severity == severity).count();
    Health {
        ok,
        message,
        details: json!({
            "engine": status.state.code(),
            "pending": tally.pending,
            "attention": tally.attention,
            "wrongSettings": wrong_settings,
            "teamSyncConflicts": twice_filled,
            "teamSyncLicensed": status.team_sync_licensed,
            "loginProblems": found(Severity::Problem),
            "loginWarnings": found(Severity::Warning),
        }),
    }
}

/// Grafana's own Team Sync against ours.
#[derive(Clone, Copy)]
enum TeamSync {
    /// It fills so many of our teams.
    Fills(usize),
    /// It fills none that is known, and could.
    Licensed,
}

fn words(state: EngineState, tally: &Tally, wrong_settings: usize, team_sync: TeamSync) -> (bool, String) {
    let waiting = match tally.pending {
        0 => String::new(),
        n => format!(" {n} changes wait and nothing is lost."),
    };
    match state {
        EngineState::NotConfigured => (
            false,
            format!("No Grafana credentials are set: open the app's settings.{waiting}"),
        ),
        EngineState::WaitingForFirstRequest => (
            true,
            format!("Waiting for the first request, with which Grafana hands the credentials over.{waiting}"),
        ),
        EngineState::CredentialsRefused => (false, format!("Grafana refused the credentials: change them.{waiting}")),
        EngineState::GrafanaAway => (false, format!("Grafana's API does not answer.{waiting}")),
        EngineState::Running if wrong_settings > 0 => (
            false,
            format!(
                "{wrong_settings} settings have values that cannot be used: the app's settings name them.{waiting}"
            ),
        ),
        EngineState::Running if tally.attention > 0 => (
            true,
            format!(
                "{} things need a person: the app's overview names them.{waiting}",
                tally.attention
            ),
        ),
        EngineState::Running => running(tally, team_sync, &waiting),
    }
}

fn running(tally: &Tally, team_sync: TeamSync, waiting: &str) -> (bool, String) {
    let message = match team_sync {
        TeamSync::Fills(teams) if teams > 0 => format!(
            "Grafana's Team Sync fills {teams} of the teams Rollcall fills: the app's overview names them.{waiting}"
        ),
        TeamSync::Licensed => format!(
            "Grafana's licence has Team Sync, and Rollcall syncs groups as well: the app's overview says what to do.{waiting}"
        ),
        TeamSync::Fills(_) if tally.pending > 0 => format!("{} changes are on the way to Grafana.", tally.pending),
        TeamSync::Fills(_) => "Grafana matches what the identity provider said.".into(),
    };
    (true, message)
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
    let mut gauge = |name: &str, help: &str, value: &dyn Fn(i64, &Tally) -> i64| {
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
