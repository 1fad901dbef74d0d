//! `cargo xtask package`: the archive an admin installs, checked before and after it is made.
//!
//! Owns: `dist/rollcall-scim-app-<version>.zip`. Must never make one that fails a check. Start at [`run`]; [`checks`] says what holds.

mod archive;
mod checks;
mod elf;

use crate::build;
use crate::process;
use crate::setup;
use crate::workspace::{BACKEND_FILE, Profile, Workspace};
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Builds, checks and packs; returns the archive.
pub fn run(workspace: &Workspace) -> Result<PathBuf> {
    let dist = build::run(workspace, Profile::Shipped)?;
    let mut problems = checks::run(workspace, &dist)?;
    if problems.is_empty() {
        let zip = workspace.zip();
        archive::write(&dist, &zip)?;
        problems = archive::check(&zip)?;
        if problems.is_empty() {
            println!("packed {} ({} bytes)", zip.display(), fs::metadata(&zip)?.len());
            return Ok(zip);
        }
        fs::remove_file(&zip)?;
    }
    for problem in &problems {
        eprintln!("package: {problem}");
    }
    bail!("the package is not fit to ship: {} problem(s) above", problems.len())
}

/// Unpacks the finished archive into `plugins`, emptied before, as `grafana cli` does; returns that directory.
pub fn unpack(workspace: &Workspace, plugins: &Path) -> Result<PathBuf> {
    let zip = workspace.zip();
    ensure!(
        zip.is_file(),
        "there is no {}: run the step package first",
        zip.display()
    );
    if plugins.exists() {
        fs::remove_dir_all(plugins)?;
    }
    fs::create_dir_all(plugins)?;
    archive::unpack(&zip, plugins)?;
    Ok(plugins.to_owned())
}

/// Starts the shipped binary where there is nothing else at all: no loader, no library, no `/etc`. It must explain itself and end.
pub fn starts_in_an_empty_root(workspace: &Workspace) -> Result<()> {
    if !setup::is_root() {
        println!("not root, so no chroot: the check of the ELF header alone says that the binary is static");
        return Ok(());
    }
    let room = workspace.target.join("empty-root");
    if room.exists() {
        fs::remove_dir_all(&room)?;
    }
    fs::create_dir_all(&room)?;
    process::copy_program(&workspace.plugin_dir().join(BACKEND_FILE), &room.join(BACKEND_FILE))
        .context("the packaged binary")?;
    let mut chroot = Command::new("chroot");
    chroot
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .arg(&room)
        .arg(format!("/{BACKEND_FILE}"));
    let (status, said) = process::finish_within(&mut chroot, Duration::from_secs(10))?;
    fs::remove_dir_all(&room)?;
    if said.contains("cannot change root directory") {
        println!("this container forbids chroot; the check of the ELF header alone says that the binary is static");
        return Ok(());
    }
    // 126 and 127 are chroot's own: it could not start the binary.
    ensure!(
        !matches!(status.code(), Some(126 | 127) | None),
        "the binary does not start in an empty root: {}",
        said.trim()
    );
    ensure!(
        said.contains("Grafana"),
        "started without Grafana, the binary must say that Grafana starts it ({status}); it said: {:?}",
        said.trim()
    );
    println!("in an empty root it says: {}", said.lines().next().unwrap_or_default());
    Ok(())
}
