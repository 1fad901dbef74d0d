//! The login doctor: what it says of Grafana's configuration is what happens to people, and its lines are the cure.

use acceptance::{
    grafana::PLUGIN,
    rig::{Rig, Setup},
    wait::{SOON, until},
};
use admin_api::{Action, Activity, LoginDoctor, LoginFinding, Severity};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

const PROVIDER: &str = "auth.generic_oauth";
const ANN: &str = "ann@example.com";

/// Waits, because Grafana's configuration is read by a call to Grafana.
async fn examined(rig: &Rig) -> Result<LoginDoctor> {
    until("the doctor has looked", SOON, async || {
        let doctor: LoginDoctor = rig.grafana.admin("login-doctor").await?;
        ensure!(doctor.checked_ms.is_some(), "not yet");
        Ok(doctor)
    })
    .await
}

fn said(doctor: &LoginDoctor, severity: Severity) -> Vec<&LoginFinding> {
    doctor.findings.iter().filter(|f| f.severity == severity).collect()
}

async fn health(rig: &Rig) -> Result<Value> {
    rig.grafana.get(&format!("/api/plugins/{PLUGIN}/health")).await
}

#[tokio::test]
async fn the_doctors_lines_let_locked_out_people_in() -> Result<()> {
    // Sick.
    let rig = Rig::with(|setup| {
        setup
            .ini(PROVIDER, "enabled", "true")
            .ini(PROVIDER, "client_secret", "Kx9-the-providers-own-secret")
    })
    .await?;
    let doctor = examined(&rig).await?;
    let problems = said(&doctor, Severity::Problem);
    let [problem] = problems.as_slice() else {
        anyhow::bail!("{doctor:#?}");
    };
    ensure!(
        problem.provider == PROVIDER && doctor.findings[0] == **problem,
        "{doctor:#?}"
    );
    ensure!(
        problem.ini == ["[auth]", "oauth_allow_insecure_email_lookup = true"],
        "{problem:?}"
    );
    let warnings = said(&doctor, Severity::Warning);
    ensure!(
        warnings.len() == 1 && warnings[0].ini == ["[auth.generic_oauth]", "skip_org_role_sync = true"],
        "{doctor:#?}"
    );
    ensure!(!serde_json::to_string(&doctor)?.contains("Kx9"), "a secret is shown");
    let scim = rig.scim().await?;
    rig.people(&scim, [ANN]).await?;
    rig.open(ANN).await?;
    ensure!(
        rig.sign_in_by_oauth(ANN).await.is_err(),
        "the doctor was wrong: Ann got in"
    );
    let lines: Vec<Vec<String>> = [problem, warnings[0]].map(|f| f.ini.clone()).into();
    // Everybody who is signed in can read the health check: numbers, and nothing about how people sign in.
    let shown = health(&rig).await?;
    let details = &shown["details"];
    ensure!(
        details["loginProblems"] == 1 && details["loginWarnings"] == 1 && details["teamSyncConflicts"] == 0,
        "{shown}"
    );
    ensure!(!shown.to_string().contains("oauth"), "{shown}");
    rig.finish().await?;

    // Cured by exactly what was prescribed.
    let cure = |setup: Setup| {
        lines.iter().fold(setup.ini(PROVIDER, "enabled", "true"), |setup, ini| {
            let section = ini[0].trim_matches(['[', ']']);
            let (key, value) = ini[1].split_once(" = ").unwrap_or_default();
            setup.ini(section, key, value)
        })
    };
    let rig = Rig::with(cure).await?;
    let doctor = examined(&rig).await?;
    ensure!(
        doctor.findings.iter().all(|f| f.severity == Severity::Ok),
        "{doctor:#?}"
    );
    let scim = rig.scim().await?;
    rig.people(&scim, [ANN]).await?;
    let made = rig.open(ANN).await?;
    rig.sign_in_by_oauth(ANN).await?;
    ensure!(rig.open(ANN).await?.id == made.id, "a second account");
    rig.finish().await
}

/// "Retry now" and "resync this", as the page's buttons do it.
#[tokio::test]
async fn resync_puts_right_what_was_changed_by_hand() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ann] = rig.people(&scim, [ANN]).await?;
    let account = rig.open(ANN).await?;
    rig.settled().await?;
    let disable = format!("/api/admin/users/{}/disable", account.id);
    rig.grafana.send(Method::POST, &disable, &json!({})).await?;
    rig.closed(ANN).await?;
    let target = json!({ "kind": "User", "id": ann });
    rig.grafana
        .admin_send(Method::POST, "resync", &target)
        .await?
        .expect(&[202])?;
    rig.open(ANN).await?;
    // What was done is written down after it is done.
    rig.settled().await?;
    let log: Activity = rig.grafana.admin("activity?action=user.resync&source=admin").await?;
    let line = log.entries.first().context("the log does not say who asked")?;
    ensure!(
        log.entries.len() == 1 && line.target_id == ann && line.actor == "admin",
        "{log:?}"
    );
    let followed: Activity = rig
        .grafana
        .admin(&format!("activity?source=grafana&correlation={}", line.correlation))
        .await?;
    ensure!(
        followed.entries.iter().any(|entry| entry.action == Action::UserEnable),
        "{followed:?}"
    );
    rig.grafana
        .admin_send(Method::POST, "retry", &target)
        .await?
        .expect(&[202])?;
    rig.grafana
        .admin_send(Method::POST, "retry", &json!({ "kind": "Group", "id": ann }))
        .await?
        .expect(&[404])?;
    rig.finish().await
}
