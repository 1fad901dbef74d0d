//! `cargo xtask test --only clients`: real SCIM clients against the plugin.
//!
//! Owns: what they need, installed by package name where it is missing, and which of them run. Must
//! never judge what a client says: `tests/clients` does, against its list of failures that are the
//! client's own. Start at [`run`].

use crate::process;
use crate::setup;
use crate::tally::Tally;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::process::Command;

/// The test program, which no other step runs.
pub const TESTS: &str = "clients";

/// Those of every run: together they take under a minute.
const CHEAPEST: &[&str] = &["scim2_cli", "scim_sanity", "unboundid"];

/// Runs the three cheapest, or all of them.
pub fn run(workspace: &Workspace, all: bool) -> (Tally, Result<()>) {
    let (python, java) = match (in_python(workspace), in_java(workspace)) {
        (Ok(python), Ok(java)) => (python, java),
        (Err(error), _) | (_, Err(error)) => return (Tally::default(), Err(error)),
    };
    let mut cargo = workspace.cargo();
    cargo
        .env("ROLLCALL_PLUGIN_DIR", workspace.plugin_dir())
        .env("ROLLCALL_CLIENTS_PYTHON", python)
        .env("ROLLCALL_CLIENTS_JAVA", java)
        // With the features of the whole workspace, as the acceptance tests: nothing is compiled again.
        .args(["test", "--workspace", "--test", TESTS, "--no-fail-fast", "--"]);
    if !all {
        cargo.args(CHEAPEST);
    }
    process::run_tests(&mut cargo)
}

/// The folder of programs of a Python with the clients of PyPI, pinned in `requirements.txt`.
fn in_python(workspace: &Workspace) -> Result<PathBuf> {
    let requirements = workspace.root.join("tests/clients/requirements.txt");
    let python = setup::python(&requirements, "rollcall-scim-clients", "SCIM clients")?;
    let folder = python.parent().context("a program lies in a folder")?;
    Ok(folder.to_path_buf())
}

/// The folder of the clients in Java, compiled, each with its classpath beside its classes.
fn in_java(workspace: &Workspace) -> Result<PathBuf> {
    let missing: Vec<&str> = [("javac", "default-jdk-headless"), ("mvn", "maven")]
        .into_iter()
        .filter(|(program, _)| setup::on_path(program).is_none())
        .map(|(_, package)| package)
        .collect();
    if !missing.is_empty() {
        setup::apt_install(&missing, "Java and Maven (SCIM clients)")?;
    }
    let folder = workspace.root.join("tests/clients");
    let mut maven = Command::new("mvn");
    maven
        .current_dir(&folder)
        .args(["--quiet", "--batch-mode", "compile", "dependency:build-classpath"])
        .arg("-Dmdep.outputFile=target/classpath");
    process::run(&mut maven).context("compiling the SCIM clients in Java")?;
    Ok(folder)
}
