//! Where things are, and what they are called.
//!
//! Owns: paths, version and plugin id. Must never be asked twice for what cargo knows: [`Workspace::find`] asks `cargo metadata` once.

use crate::process::{self, cargo};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The id in plugin.json; also the name of the directory in the zip.
pub const PLUGIN_ID: &str = "rollcall-scim-app";
/// The backend's binary as cargo names it.
pub const BACKEND_BIN: &str = "gpx_rollcall";
/// The backend's binary as Grafana looks for it: `<executable>_<GOOS>_<GOARCH>` (G70).
pub const BACKEND_FILE: &str = "gpx_rollcall_linux_amd64";

/// The package whose integration tests need a built plugin.
pub const ACCEPTANCE: &str = "acceptance";

/// How the plugin is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quickly, for this machine.
    Quick,
    /// As it ships: optimised, and starting on any linux-amd64.
    Shipped,
}

/// The checkout and its build directory.
pub struct Workspace {
    /// The repository's root.
    pub root: PathBuf,
    /// Cargo's target directory, wherever configuration put it.
    pub target: PathBuf,
    /// `[workspace.package] version`.
    pub version: String,
    /// The integration tests, as `cargo test --test` names them.
    pub tests: Vec<TestProgram>,
    /// The first file of each crate: libraries, programs, tests, benchmarks.
    pub crates: Vec<PathBuf>,
}

/// One integration test program of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestProgram {
    /// The package it belongs to.
    pub package: String,
    /// What `--test` calls it.
    pub name: String,
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> Result<Self> {
        // `cargo run` sets the variable; the constant serves a binary that is started by hand.
        let manifest_dir =
            std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&manifest_dir)
            .parent()
            .context("xtask lies in the workspace")?
            .to_path_buf();
        let json =
            process::output(
                cargo()
                    .current_dir(&root)
                    .args(["metadata", "--no-deps", "--format-version", "1"]),
            )?;
        let metadata: Value = serde_json::from_str(&json).context("cargo metadata")?;
        let target = metadata["target_directory"]
            .as_str()
            .context("cargo metadata names no target_directory")?
            .into();
        let version = metadata["packages"]
            .as_array()
            .and_then(|packages| packages.iter().find(|p| p["name"] == "server"))
            .and_then(|package| package["version"].as_str())
            .context("cargo metadata knows no package `server`")?
            .to_owned();
        Ok(Self {
            root,
            target,
            version,
            tests: test_programs(&metadata),
            crates: crates(&metadata),
        })
    }

    /// What Grafana is pointed at: the parent of the plugin's directory.
    pub fn plugins_dir(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The assembled plugin.
    pub fn plugin_dir(&self) -> PathBuf {
        self.plugins_dir().join(PLUGIN_ID)
    }

    /// The finished archive.
    pub fn zip(&self) -> PathBuf {
        self.plugins_dir().join(format!("{PLUGIN_ID}-{}.zip", self.version))
    }

    /// `cargo` in the root.
    pub fn cargo(&self) -> std::process::Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// Compiler flags that keep this machine's paths out of what ships (panic messages carry source paths), so that two
    /// builders of one commit get the same bytes.
    pub fn remap_flags(&self) -> String {
        let flag = |(from, to): (PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
        [(cargo_home(), "/cargo"), (self.root.clone(), "/src")]
            .map(flag)
            .join(" ")
    }

    /// Files git tracks or would track, relative to the root.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let mut git = std::process::Command::new("git");
        git.current_dir(&self.root)
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = process::output(&mut git)?;
        let mut files: Vec<PathBuf> = listed
            .split('\0')
            .filter(|f| !f.is_empty())
            .map(PathBuf::from)
            .collect();
        // A file deleted but not yet committed is still listed.
        files.retain(|f| self.root.join(f).is_file());
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The day of the last commit, so that building a commit again gives the same archive.
    pub fn build_date(&self) -> String {
        let mut git = std::process::Command::new("git");
        git.current_dir(&self.root).args(["log", "-1", "--format=%cs"]);
        match process::output(&mut git) {
            Ok(date) if !date.trim().is_empty() => date.trim().to_owned(),
            // A source archive has no history; a fixed day keeps the archive reproducible.
            _ => "1980-01-01".to_owned(),
        }
    }
}

fn test_programs(metadata: &Value) -> Vec<TestProgram> {
    let is_test = |target: &Value| list(&target["kind"]).iter().any(|kind| kind == "test");
    let mut programs = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]).iter().filter(|target| is_test(target)) {
            programs.push(TestProgram {
                package: text(&package["name"]),
                name: text(&target["name"]),
            });
        }
    }
    programs
}

fn crates(metadata: &Value) -> Vec<PathBuf> {
    let packages = list(&metadata["packages"]);
    let targets = packages.iter().flat_map(|package| list(&package["targets"]));
    targets.map(|target| text(&target["src_path"]).into()).collect()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// `$CARGO_HOME`, or where it is by default.
pub fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from)
}

/// `$HOME`.
pub fn home() -> PathBuf {
    std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_integration_tests_are_test_programs() {
        let targets = json!([
            {"kind": ["lib"], "name": "server", "src_path": "/s/src/lib.rs"},
            {"kind": ["test"], "name": "it"},
            {"kind": ["bench"], "name": "requests"},
        ]);
        let metadata = json!({"packages": [{"name": "server", "targets": targets}]});
        let programs = test_programs(&metadata);
        assert_eq!(programs.len(), 1);
        assert_eq!((&*programs[0].package, &*programs[0].name), ("server", "it"));
        assert_eq!(crates(&metadata)[0], Path::new("/s/src/lib.rs"));
    }
}
