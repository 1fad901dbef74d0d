//! `cargo xtask check`: what to run before every commit.
//!
//! Owns: the four quick checks, which `test` runs too. Must never need a browser, a network or the WASM compiler: the page is
//! checked for this machine, where Leptos compiles as well.

use crate::process;
use crate::setup;
use crate::tally::Tally;
use crate::tidy;
use crate::workspace::{ACCEPTANCE, Workspace};
use anyhow::{Context as _, Result};

/// All four.
pub fn run(workspace: &Workspace) -> Result<()> {
    setup::c_compiler()?;
    formatting(workspace)?;
    tidy::run(workspace)?;
    lints(workspace)?;
    let (tally, result) = unit_tests(workspace);
    println!("{tally}");
    result
}

/// rustfmt.
pub fn formatting(workspace: &Workspace) -> Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"])).context("run `cargo fmt --all`")
}

/// clippy on everything.
pub fn lints(workspace: &Workspace) -> Result<()> {
    process::run(
        workspace
            .cargo()
            .args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    )
}

/// Every test that needs no built plugin.
///
/// Of the whole workspace, because the set of packages decides the features of what they depend on:
/// for another set, most of it would be compiled once more.
pub fn unit_tests(workspace: &Workspace) -> (Tally, Result<()>) {
    let mut programs = workspace.cargo();
    programs.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins"]);
    for test in workspace.tests.iter().filter(|test| test.package != ACCEPTANCE) {
        programs.args(["--test", &test.name]);
    }
    let (mut tally, result) = process::run_tests(&mut programs);
    let mut examples = workspace.cargo();
    let (found, shown) = process::run_tests(examples.args(["test", "--workspace", "--no-fail-fast", "--doc"]));
    tally += found;
    (tally, result.and(shown))
}
