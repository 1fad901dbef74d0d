//! The connection test of the tab *Set-up*, in a real plugin: it names what is wrong, and nobody notices it.

use acceptance::rig::Rig;
use admin_api::{Check, ConnectionReport, TestOutcome};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::json;

async fn tested(rig: &Rig, provider: &str, sample: Option<&str>) -> Result<ConnectionReport> {
    let body = json!({ "provider": provider, "sample": sample });
    let answer = rig
        .grafana
        .admin_send(Method::POST, "connection-test", &body)
        .await?
        .expect(&[200])?;
    Ok(serde_json::from_value(answer.json)?)
}

fn played(report: &ConnectionReport) -> Vec<&Check> {
    report.checks.iter().filter(|check| check.status.is_some()).collect()
}

#[tokio::test]
async fn a_providers_requests_are_played_without_a_trace() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.people(&scim, ["ann@example.com"]).await?;
    rig.open("ann@example.com").await?;
    rig.settled().await?;
    let changes = rig.changes_by_plugin().len();
    for provider in ["okta", "entra", "other"] {
        let report = tested(&rig, provider, None).await?;
        let steps = played(&report);
        ensure!(
            steps.len() >= 10 && steps.iter().all(|step| step.outcome == TestOutcome::Ok),
            "{report:#?}"
        );
        ensure!(
            report
                .checks
                .iter()
                .any(|check| check.what.starts_with("A token of sa-")),
            "the token that has arrived: {report:#?}"
        );
    }
    // The stand-in listens on this machine only, which is Grafana's default root_url as well.
    let okta = tested(&rig, "okta", None).await?;
    ensure!(
        !okta.ok && okta.message.contains("root_url") && okta.checks[0].lines[0] == "[server]",
        "{okta:#?}"
    );
    rig.check_now().await?;
    rig.settled().await?;
    ensure!(rig.changes_by_plugin().len() == changes, "Grafana was changed");
    let log: admin_api::Activity = rig.grafana.admin("activity?count=200").await?;
    ensure!(
        !log.entries
            .iter()
            .any(|entry| entry.target_name.contains("connection-test")),
        "{log:?}"
    );
    rig.finish().await
}

#[tokio::test]
async fn a_pasted_log_is_answered_with_what_to_fix() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ann] = rig.people(&scim, ["ann@example.com"]).await?;
    rig.open("ann@example.com").await?;
    let expired = tested(&rig, "okta", Some("{\"message\":\"Expired API key\"}")).await?;
    ensure!(
        !expired.ok && expired.message.contains("Make a new token"),
        "{expired:?}"
    );
    let close = format!(
        "PATCH /Users/{ann} {{\"Operations\":[{{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}}]}}"
    );
    let closes = tested(&rig, "entra", Some(&close)).await?;
    let change = closes.checks.get(1).context("two findings")?;
    ensure!(closes.ok && change.detail == "active.", "{closes:#?}");
    rig.settled().await?;
    rig.open("ann@example.com").await?;
    rig.finish().await
}
