//! The one door: `cargo xtask <command>`.
//!
//! Owns: reading the command line. Must never do the work itself: one module per command does. Start at [`COMMANDS`];
//! [`setup`] is what makes a bare machine able to run them.

mod bench;
mod browser;
mod build;
mod check;
mod clients;
mod dependencies;
mod dev;
mod package;
mod page;
mod process;
mod setup;
mod steps;
mod tally;
mod test;
mod tidy;
mod toolchain;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;
use workspace::{Profile, Workspace};

/// Name, what it takes, what it does: the help text is made of this table.
const COMMANDS: &[(&str, &str, &str)] = &[
    (
        "dev",
        "[--once]",
        "build, start a Grafana with the plugin and a demo company, print where to look",
    ),
    (
        "test",
        "[--fast | --nightly] [--only STEP]… [--all-lines] [--clients]",
        "everything a change must pass, on a machine with nothing but Rust",
    ),
    (
        "check",
        "",
        "formatting, lints, tidy and unit tests: the quick half of test",
    ),
    (
        "build",
        "[--release]",
        "dist/rollcall-scim-app: backend, page, module.js",
    ),
    (
        "package",
        "",
        "dist/rollcall-scim-app-<version>.zip with a static binary, checked",
    ),
    (
        "bench",
        "",
        "what the plugin costs as it ships: figures, never a verdict",
    ),
    (
        "tidy",
        "",
        "the rules no compiler knows: arrows between crates, names, versions",
    ),
];

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // On one line and without a backtrace: what failed is mostly another program, which said its part already.
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let Some((&command, options)) = args.split_first() else {
        help();
        bail!("say which command");
    };
    if matches!(command, "help" | "--help" | "-h") {
        help();
        return Ok(());
    }
    let workspace = Workspace::find()?;
    match (command, options) {
        ("dev", []) => dev::run(&workspace, dev::Stay::UntilStopped),
        ("dev", ["--once"]) => dev::run(&workspace, dev::Stay::Once),
        ("test", options) => test::run(&workspace, &test::Selection::parse(options)?),
        ("check", []) => check::run(&workspace),
        ("build", []) => build::run(&workspace, Profile::Quick).map(drop),
        ("build", ["--release"]) => build::run(&workspace, Profile::Shipped).map(drop),
        ("package", []) => package::run(&workspace).map(drop),
        ("bench", []) => bench::run(&workspace),
        ("tidy", []) => tidy::run(&workspace),
        _ => {
            help();
            bail!("no such command or option: {}", args.join(" "))
        }
    }
}

fn help() {
    eprintln!("cargo xtask <command>\n");
    for (name, options, what) in COMMANDS {
        eprintln!("  {:57}{what}", format!("{name} {options}"));
    }
    eprintln!();
}
