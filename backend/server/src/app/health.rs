//! Health check and metrics.
//!
//! Owns: what is counted; which finding is the worst is `domain::health`'s. Every signed-in user can read the health check, and anybody at all the metrics (Grafana serves them without
//! sign-in): must never hold configuration, names, e-mails or paths. Start at [`of`].

use std::{fmt::Write as _, time::Duration};

use domain::{
    OrgId, Tenant,
    health::{self, Closing, Facts, Health as Finding, Liveness},
    login::Severity,
    operation::Off,
    status::{EngineState, EngineStatus, StoreFile},
    wording,
};
use serde_json::json;

use super::{running::Running, settings};
use crate::plugin::Health;
use engine::PulseSeen;
use store::Tally;

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
pub(super) async fn of(org_id: OrgId, running: &Running) -> Health {
    let (store, engine, now_ms) = (&running.store, &running.engine, running.clock.now_ms());
    let seen = running.watch.seen(store).await;
    let tally = match store.tally(&Tenant::of_org(org_id)).await {
        Ok(tally) => tally,
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            return found(Finding::StoreFails, 0, json!({ "store": "failing" }));
        }
    };
    let status = engine.status(org_id);
    let wrong_settings = settings::problems(&running.settings.view(org_id)).len();
    let twice_filled = status.twice_filled_teams.len();
    let closing = closing(&tally, now_ms);
    let pulse = engine.pulse();
    let finding = health::worst(&Facts {
        store: seen,
        engine: liveness(pulse),
        status: &status,
        elapsed_ms: running.clock.elapsed_ms(),
        kept_back: !running.settings.view(org_id).kept_back.is_empty(),
        closing,
        held: tally.held,
        wrong_settings,
        attention: tally.attention,
        pending: tally.pending,
    });
    let login = engine.login(org_id).map(|seen| seen.findings).unwrap_or_default();
    let findings = |severity| login.iter().filter(|finding| finding.severity == severity).count();
    found(
        finding,
        tally.pending,
        json!({
            "engine": status.state.code(),
            "engineSilentSeconds": pulse.silent.as_secs(),
            "engineRestarts": pulse.restarts,
            "store": if seen.takes_changes { "writable" } else { "takes_no_changes" },
            "storeIdentity": status.store.code(),
            "writes": status.off.map_or("on", Off::code),
            "switchedOffStillOpen": tally.closing,
            "held": tally.held,
            "pending": tally.pending,
            "attention": tally.attention,
            "closing": tally.closing,
            "oldestClosingSeconds": closing.oldest_ms / 1_000,
            "wrongSettings": wrong_settings,
            "teamSyncConflicts": twice_filled,
            "teamSyncLicensed": status.team_sync_licensed,
            "loginProblems": findings(Severity::Problem),
            "loginWarnings": findings(Severity::Warning),
        }),
    )
}

fn liveness(pulse: PulseSeen) -> Liveness {
    let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    Liveness {
        silent_ms: ms(pulse.silent),
        restarted_ms: pulse.last_restart.map(ms),
    }
}

fn closing(tally: &Tally, now_ms: i64) -> Closing {
    Closing::of(tally.closing, tally.oldest_closing_ms, now_ms)
}

/// What the metrics say of the process and its store.
struct Process {
    writable: bool,
    refused_writes: u64,
    pulse: PulseSeen,
    now_ms: i64,
}

/// What they say of an organization.
struct Row {
    org_id: OrgId,
    tally: Tally,
    status: EngineStatus,
}

/// Prometheus text: numbers by organization.
pub(super) async fn metrics(running: &Running) -> String {
    let (store, engine) = (&running.store, &running.engine);
    let seen = running.watch.seen(store).await;
    let mut rows = Vec::new();
    for tenant in store.tenants().await.unwrap_or_default() {
        if let Ok(tally) = store.tally(&tenant).await {
            let (org_id, status) = (tenant.org_id, engine.status(tenant.org_id));
            rows.push(Row { org_id, tally, status });
        }
    }
    let process = Process {
        writable: seen.takes_changes && seen.file != StoreFile::Replaced,
        refused_writes: running.api.refused_writes(),
        pulse: engine.pulse(),
        now_ms: running.clock.now_ms(),
    };
    prometheus(&process, &rows)
}

fn prometheus(process: &Process, rows: &[Row]) -> String {
    let (pulse, now_ms) = (process.pulse, process.now_ms);
    let mut text = "# TYPE rollcall_store_open gauge\nrollcall_store_open 1\n".to_owned();
    let mut whole = |name: &str, kind: &str, help: &str, value: u64| {
        // Writing to a String cannot fail.
        _ = writeln!(
            text,
            "# HELP rollcall_{name} {help}\n# TYPE rollcall_{name} {kind}\nrollcall_{name} {value}"
        );
    };
    let writable = "1 while a change can be written to the store.";
    whole("store_writable", "gauge", writable, u64::from(process.writable));
    let refused = "Changes of identity providers that the store did not take (503).";
    whole("refused_writes_total", "counter", refused, process.refused_writes);
    let silent = "Since when nothing was heard of the engine, in seconds.";
    whole("engine_heartbeat_age_seconds", "gauge", silent, pulse.silent.as_secs());
    let restarts = "How often the engine ended by a fault and was started again.";
    whole("engine_restarts_total", "counter", restarts, pulse.restarts);
    let mut gauge = |name: &str, help: &str, value: &dyn Fn(&Row) -> i64| {
        // Writing to a String cannot fail.
        _ = writeln!(text, "# HELP rollcall_{name} {help}\n# TYPE rollcall_{name} gauge");
        for row in rows {
            _ = writeln!(text, "rollcall_{name}{{org_id=\"{}\"}} {}", row.org_id, value(row));
        }
    };
    gauge("users", "SCIM users.", &|row| row.tally.users);
    gauge("groups", "SCIM groups.", &|row| row.tally.groups);
    gauge("pending", "Changes that are not in Grafana yet.", &|row| {
        row.tally.pending
    });
    gauge("closing", "People who must be out and were not seen out.", &|row| {
        row.tally.closing
    });
    let oldest = "For how long the first of them must be out, in seconds; 0 without any.";
    gauge("oldest_closing_seconds", oldest, &|row| {
        closing(&row.tally, now_ms).oldest_ms / 1_000
    });
    let compared = "Since when everything was last compared with Grafana, in seconds; -1 before the first time.";
    gauge("comparison_age_seconds", compared, &|row| {
        let at = row.status.checked_ms;
        at.map_or(-1, |at| now_ms.saturating_sub(at).max(0) / 1_000)
    });
    let held = "People and teams that the brake holds something of.";
    gauge("held", held, &|row| row.tally.held);
    let writing = "0 while nothing is written: observing, paused, or the app is disabled.";
    gauge("writing", writing, &|row| i64::from(row.status.off.is_none()));
    gauge("attention", "Changes that wait for a person.", &|row| {
        row.tally.attention
    });
    let recognised = "0 while this is not shown to be the store that Grafana knows.";
    gauge("store_recognised", recognised, &|row| {
        i64::from(!row.status.store.is_doubted())
    });
    gauge("grafana_reachable", "1 while the engine can work.", &|row| {
        i64::from(row.status.state == EngineState::Running)
    });
    text
}

#[cfg(test)]
mod tests;
