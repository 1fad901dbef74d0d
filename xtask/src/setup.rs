//! Makes sure of what a command needs, and installs it on a bare Debian machine.
//!
//! Owns: the C compiler, Node, Chromium and the npm parts of the browser rig; [`crate::toolchain`] owns the WASM compiler.
//! Must never install what is there, nor anything without root: then it says what to run.

use crate::process;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, bail, ensure};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;

/// The line of Grafana's npm packages whose page the tests and `dev` use.
pub const HOST_LINE: &str = "13.2";
/// What the browser rig needs: playwright-core and esbuild refuse older ones.
const OLDEST_NODE: u32 = 18;

/// A C compiler: SQLite and ring are built from source.
pub fn c_compiler() -> Result<()> {
    if on_path("cc").is_some() {
        Ok(())
    } else {
        apt_install(&["gcc", "libc6-dev"], "a C compiler")
    }
}

/// Node and npm, for tests and `dev` only; the product is built without.
pub fn node() -> Result<()> {
    let mut packages = Vec::new();
    if on_path("node").is_none() {
        packages.push("nodejs");
    }
    if on_path("npm").is_none() {
        packages.push("npm");
    }
    if !packages.is_empty() {
        apt_install(&packages, "Node.js (browser tests and the stand-in's page)")?;
    }
    let version = process::output(Command::new("node").arg("--version"))?;
    let major: u32 = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .unwrap_or_default()
        .parse()?;
    ensure!(
        major >= OLDEST_NODE,
        "Node {} is too old: the browser rig needs {OLDEST_NODE} or newer",
        version.trim()
    );
    Ok(())
}

/// A Chromium for the browser tests.
pub fn chromium() -> Result<PathBuf> {
    if let Some(chosen) = std::env::var_os("CHROMIUM") {
        return Ok(chosen.into());
    }
    let find = || {
        ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find_map(on_path)
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    apt_install(&["chromium", "fonts-liberation"], "Chromium (browser tests)")?;
    find().context("chromium was installed but is not on PATH")
}

/// The page host made of Grafana's own npm packages; returns the directory the stand-in serves.
pub fn page_host(workspace: &Workspace) -> Result<PathBuf> {
    node()?;
    let script = "tests/browser/build.mjs";
    ensure!(
        workspace.root.join(script).is_file(),
        "{script} is missing: it builds the page host of the stand-in"
    );
    process::run(
        Command::new("node")
            .current_dir(&workspace.root)
            .args([script, HOST_LINE]),
    )
    .context("building the page host from Grafana's npm packages")?;
    let dist = workspace.root.join("tests/browser/.cache").join(HOST_LINE).join("dist");
    ensure!(dist.is_dir(), "`node {script} {HOST_LINE}` left no {}", dist.display());
    Ok(dist)
}

/// Installs Debian packages, or says how.
fn apt_install(packages: &[&str], what: &str) -> Result<()> {
    let command = format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    ensure!(on_path("apt-get").is_some(), "{what} is missing. On Debian: {command}");
    if !is_root() {
        bail!("{what} is missing and only root can install it. Run: sudo sh -c '{command}'");
    }
    println!("{what} is missing: installing {}", packages.join(" "));
    apt_update()?;
    let mut install = Command::new("apt-get");
    install
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages);
    process::run(&mut install)
}

/// Refreshes apt's lists; for root only.
pub fn apt_update() -> Result<()> {
    process::run(
        Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-q", "update"]),
    )
}

/// Whether we may install.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// The program's path, if PATH has it.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}
