//! What comes in by a dependency: licences, sources, known faults, and what nobody uses.
//!
//! Owns: cargo-deny and cargo-machete, each of one release, compiled once per machine. Must never be
//! part of a run without a flag: compiling cargo-deny alone takes minutes. `deny.toml` says what
//! holds.

use crate::process;
use crate::setup;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

const DENY: (&str, &str) = ("cargo-deny", "0.20.2");
const MACHETE: (&str, &str) = ("cargo-machete", "0.9.2");

/// Every dependency a manifest names is used by its crate.
pub fn are_used(workspace: &Workspace) -> Result<()> {
    let mut machete = Command::new(tool(workspace, MACHETE)?);
    // The folders that hold our crates: another one may hold a checkout of somebody else's.
    let ours = ["backend", "frontend", "tests", "xtask"];
    process::run(machete.current_dir(&workspace.root).args(ours))
}

/// Bans, licences and sources; the advisories need the network and are a step of their own.
pub fn may_come_in(workspace: &Workspace) -> Result<()> {
    let mut deny = deny(workspace)?;
    process::run(deny.args(["--offline", "check", "bans", "licenses", "sources"]))?;
    println!("advisories are not part of this: cargo xtask test --only advisories, where the network allows");
    Ok(())
}

/// No dependency has a known fault, by the database of today. Fails where that cannot be fetched.
pub fn have_no_advisory(workspace: &Workspace) -> Result<()> {
    process::run(deny(workspace)?.args(["check", "advisories"]))
}

fn deny(workspace: &Workspace) -> Result<Command> {
    let mut deny = Command::new(tool(workspace, DENY)?);
    deny.current_dir(&workspace.root);
    Ok(deny)
}

/// The tool's program, compiled if this machine has not got this release of it.
fn tool(workspace: &Workspace, (name, version): (&str, &str)) -> Result<PathBuf> {
    let root = place(&setup::cache_dir(), name, version);
    let program = root.join("bin").join(name);
    if !program.is_file() {
        println!("compiling {name} {version} into {}", root.display());
        let mut install = workspace.cargo();
        install
            .args(["install", "--locked", "--version", version, name, "--root"])
            .arg(&root);
        process::run(&mut install).with_context(|| format!("installing {name}"))?;
    }
    Ok(program)
}

/// A folder for each release, so that an older one is never taken for the one that is wanted.
fn place(cache: &Path, name: &str, version: &str) -> PathBuf {
    cache.join("rollcall-tools").join(format!("{name}-{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_release_of_a_tool_has_its_own_folder() {
        let (old, new) = (place(Path::new("/c"), "a", "1.0"), place(Path::new("/c"), "a", "1.1"));
        assert_ne!(old, new);
    }
}
