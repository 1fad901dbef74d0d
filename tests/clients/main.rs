//! Real SCIM clients, each against the plugin as it is reached in Grafana.
//!
//! Owns: starting each with a plugin of its own, and judging what it says against `known_failures.json`: what is not listed there must
//! pass, and what is listed must fail. Must never skip: `cargo xtask test` (step `clients`) sets up what they need. Start at [`judge`];
//! the clients in Java are the Maven projects beside this file.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use acceptance::{idp::Connection, rig::Rig};
use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

/// A failure that is the client's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    client: String,
    check: String,
    reason: String,
}

/// What each check came to: `None` passed, else why not.
type Checks = BTreeMap<String, Option<String>>;

fn judge(client: &str, checks: &Checks) -> Result<()> {
    let known: Vec<Known> = serde_json::from_str(include_str!("known_failures.json"))?;
    ensure!(!checks.is_empty(), "{client} ran no check");
    let mut wrong = Vec::new();
    for (check, failure) in checks {
        let listed = known
            .iter()
            .find(|known| known.client == client && &known.check == check);
        match (failure, listed) {
            (None, None) => {}
            (Some(_), Some(known)) => println!("{client}: {check}: the client's own: {}", known.reason),
            (Some(why), None) => wrong.push(format!("{check}: {why}")),
            (None, Some(_)) => wrong.push(format!("{check} passes: take it off known_failures.json")),
        }
    }
    let gone = known
        .iter()
        .filter(|known| known.client == client && !checks.contains_key(&known.check));
    wrong.extend(gone.map(|known| format!("{} does not run any more: take it off known_failures.json", known.check)));
    let passed = checks.values().filter(|failure| failure.is_none()).count();
    println!("{client}: {passed} of {} checks pass", checks.len());
    ensure!(wrong.is_empty(), "{client}:\n{}", wrong.join("\n"));
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how `cargo xtask test` tells where it set the clients up"
)]
fn told(name: &str) -> Result<OsString> {
    std::env::var_os(name).with_context(|| format!("{name} is not set: run `cargo xtask test --only clients`"))
}

/// What a program said, with its errors where it said nothing.
async fn said(mut command: Command, connection: &Connection) -> Result<String> {
    let output = command.env("SCIM_TOKEN", &connection.token).kill_on_drop(true).output();
    let output = output.await.with_context(|| format!("starting {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !said.trim().is_empty(),
        "{command:?} said nothing ({}): {errors}",
        output.status
    );
    Ok(said)
}

/// A client in Java: a line a check, `PASS name` or `FAIL name | why`.
async fn java(client: &str, project: &str, main: &str, more: &[&str]) -> Result<()> {
    let classes = PathBuf::from(told("ROLLCALL_CLIENTS_JAVA")?)
        .join(project)
        .join("target");
    let classpath = std::fs::read_to_string(classes.join("classpath")).context("the classpath Maven wrote")?;
    let rig = Rig::start().await?;
    let connection = rig.connection().await?;
    let mut java = Command::new("java");
    java.arg("-cp")
        .arg(format!("{}:{}", classes.join("classes").display(), classpath.trim()));
    java.arg(main).arg(&connection.base).args(more);
    let said = said(java, &connection).await?;
    let checks = said.lines().filter_map(|line| match line.split_once(' ')? {
        ("PASS", check) => Some((check.to_owned(), None)),
        // Names of checks have a colon and a space in them; a reason begins after a bar.
        ("FAIL", rest) => rest
            .split_once(" | ")
            .map(|(check, why)| (check.to_owned(), Some(why.to_owned()))),
        _ => None,
    });
    judge(client, &checks.collect())?;
    rig.finish().await
}

#[tokio::test]
async fn unboundid() -> Result<()> {
    java("UnboundID", "unboundid", "UnboundId", &[]).await
}

#[tokio::test]
async fn scim_sdk() -> Result<()> {
    java("SCIM-SDK", "scim-sdk", "ScimSdk", &[]).await
}

#[tokio::test]
async fn connid_by_put() -> Result<()> {
    java("ConnId by PUT", "connid", "ConnId", &["PUT"]).await
}

#[tokio::test]
async fn connid_by_patch() -> Result<()> {
    java("ConnId by PATCH", "connid", "ConnId", &["PATCH"]).await
}

/// Its probe says which of its checks passed, as JSON.
#[tokio::test]
async fn scim_sanity() -> Result<()> {
    let rig = Rig::start().await?;
    let connection = rig.connection().await?;
    let mut probe = Command::new(PathBuf::from(told("ROLLCALL_CLIENTS_PYTHON")?).join("scim-sanity"));
    probe.args(["probe", &connection.base, "--token", &connection.token]);
    probe.args(["--json-output", "--i-accept-side-effects", "--timeout", "60"]);
    let said = said(probe, &connection).await?;
    let report: Value = serde_json::from_str(&said).with_context(|| format!("scim-sanity said {said}"))?;
    let text = |result: &Value, name: &str| result[name].as_str().unwrap_or_default().to_owned();
    let results = report["results"].as_array().cloned().unwrap_or_default();
    let checks = results
        .iter()
        .filter(|result| text(result, "status") != "skip")
        .map(|result| {
            let failed = text(result, "status") != "pass";
            (text(result, "name"), failed.then(|| text(result, "message")))
        });
    judge("scim-sanity", &checks.collect())?;
    rig.finish().await
}

/// Its command line: what a person who tries a provider by hand would type.
#[tokio::test]
async fn scim2_cli() -> Result<()> {
    let rig = Rig::start().await?;
    let connection = rig.connection().await?;
    let program = PathBuf::from(told("ROLLCALL_CLIENTS_PYTHON")?).join("scim2");
    let scim2 = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.env(
            "SCIM_CLI_HEADERS",
            format!("Authorization: Bearer {}", connection.token),
        );
        command
            .args(["--url", &connection.base])
            .args(arguments)
            .stdin(std::process::Stdio::null());
        said(command, &connection)
    };
    let mut checks = Checks::new();
    let mut check = |name: &str, good: bool, said: &str| {
        checks.insert(name.to_owned(), (!good).then(|| said.to_owned()));
    };
    let made = scim2(&[
        "create",
        "user",
        "--user-name",
        "cli@example.com",
        "--display-name",
        "C L I",
    ])
    .await?;
    let id = serde_json::from_str::<Value>(&made)
        .ok()
        .and_then(|user| Some(user["id"].as_str()?.to_owned()));
    check("create user", id.is_some(), &made);
    let id = id.unwrap_or_default();
    let read = scim2(&["query", "user", &id]).await?;
    check("query user", read.contains("cli@example.com"), &read);
    let found = scim2(&["query", "user", "--filter", "userName eq \"cli@example.com\""]).await?;
    check("query by filter", found.contains(&id), &found);
    let searched = scim2(&["search", "--filter", "userName eq \"cli@example.com\""]).await?;
    check("search", searched.contains(&id), &searched);
    let put = scim2(&[
        "replace",
        "user",
        "--id",
        &id,
        "--user-name",
        "cli@example.com",
        "--nick-name",
        "nick",
    ])
    .await?;
    check("replace user", put.contains("nick"), &put);
    let tested = scim2(&["test", "--verbose"]).await?;
    // The tester removes `active`, whose value is random: from a deactivated person that is no change, and meant so.
    let lines: Vec<&str> = tested.lines().collect();
    let is_error = |line: &str| line.contains("ERROR") || line.contains("CRITICAL");
    let kept_out = |at: usize| {
        lines
            .iter()
            .skip(at)
            .take(3)
            .any(|line| line.contains("remove attribute") && line.contains("active'"))
    };
    let failed: Vec<&str> = (0..lines.len())
        .filter(|at| is_error(lines[*at]) && !kept_out(*at))
        .map(|at| lines[at])
        .collect();
    check(
        "test",
        failed.is_empty() && tested.contains("SUCCESS"),
        &failed.join("\n"),
    );
    judge("scim2-cli", &checks)?;
    rig.finish().await
}
