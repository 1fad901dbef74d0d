//! `cargo xtask build`: everything Grafana loads, in `dist/rollcall-scim-app`.
//!
//! Owns: that directory. Must never leave a half-written file where a running Grafana would read it. Start at [`run`].

use crate::page::{self, Bundle, WASM_FILE};
use crate::process;
use crate::setup;
use crate::toolchain;
use crate::workspace::{BACKEND_BIN, BACKEND_FILE, PLUGIN_ID, Profile, Workspace, cargo_home};
use anyhow::{Context as _, Result, anyhow, ensure};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Grafana's containers are Alpine: a binary linked against glibc's shared library does not start there.
const STATIC_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds and assembles; returns the plugin's directory.
pub fn run(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    setup::c_compiler()?;
    // Before anything runs beside it: it may have to write a compiler, and then starts it.
    let compiler = toolchain::wasm_compiler()?;
    // Both end with one crate on one core (link-time optimisation), so they run side by side.
    let (binary, bundle) = std::thread::scope(|scope| {
        let page = scope.spawn(|| page::bundle(workspace, profile, &compiler));
        (backend(workspace, profile), page.join())
    });
    let bundle = bundle.map_err(|_| anyhow!("the thread that compiled the page ended by a panic"))?;
    assemble(workspace, &binary?, &bundle?)
}

/// Puts everything that Grafana loads into the plugin's directory, and returns that.
pub fn assemble(workspace: &Workspace, binary: &Path, bundle: &Bundle) -> Result<PathBuf> {
    let dist = workspace.plugin_dir();
    fs::create_dir_all(&dist).with_context(|| format!("making {}", dist.display()))?;
    remove_strangers(&dist)?;
    let template = read(&workspace.root.join("plugin.json"))?;
    let manifest = String::from_utf8(template)?
        .replace("%VERSION%", &workspace.version)
        .replace("%TODAY%", &workspace.build_date());
    place(&dist.join("plugin.json"), manifest.as_bytes())?;
    place(&dist.join("module.js"), bundle.module.as_bytes())?;
    place(&dist.join(WASM_FILE), &bundle.wasm)?;
    place_program(&dist.join(BACKEND_FILE), binary)?;
    // Grafana shows it as the plugin's page, where the repository's links lead nowhere.
    for (source, text) in [
        ("docs/plugin-page.md", "README.md"),
        ("CHANGELOG.md", "CHANGELOG.md"),
        ("LICENSE", "LICENSE"),
    ] {
        place(&dist.join(text), &read(&workspace.root.join(source))?)?;
    }
    copy_tree(&workspace.root.join("frontend/img"), &dist.join("img"))?;
    // Dashboards come with the plugin once there are some: plugin.json names them as `dashboards/…`.
    let dashboards = workspace.root.join("frontend/dashboards");
    if dashboards.is_dir() {
        copy_tree(&dashboards, &dist.join("dashboards"))?;
    }
    println!("built {} ({} bytes of WASM)", dist.display(), bundle.wasm.len());
    Ok(dist)
}

/// Compiles the backend and returns the binary.
pub fn backend(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--bin", BACKEND_BIN]);
    let binary = match profile {
        Profile::Quick => {
            // With the features that the whole workspace asks for, as everything for this machine is
            // compiled: what the tests have compiled already is not compiled once more.
            cargo.arg("--workspace");
            workspace.target.join("debug").join(BACKEND_BIN)
        }
        Profile::Shipped => {
            ensure!(
                cfg!(all(target_arch = "x86_64", target_os = "linux")),
                "the static linux-amd64 binary is built on linux-amd64 only"
            );
            // Its own target directory: other flags would make cargo rebuild the dev backend each time.
            let target = workspace.target.join("static");
            cargo
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                .env(
                    "RUSTFLAGS",
                    format!("-Ctarget-feature=+crt-static {}", workspace.remap_flags()),
                )
                // SQLite's and ring's C sources carry `__FILE__` in their assertions.
                .env("CFLAGS", format!("-ffile-prefix-map={}=/cargo", cargo_home().display()))
                .env("CARGO_TARGET_DIR", &target)
                .args(["--package", "server", "--profile", "dist", "--target", STATIC_TARGET]);
            target.join(STATIC_TARGET).join("dist").join(BACKEND_BIN)
        }
    };
    process::run(&mut cargo).context("compiling the backend")?;
    Ok(binary)
}

/// The assembled plugin once more, beside it, with the backend that tests can break: the failpoints and
/// the full disk of `tests/reliability`, and overflow checks, are only in a build with debug assertions.
/// Returns that plugin's directory.
pub fn breakable(workspace: &Workspace) -> Result<PathBuf> {
    let binary = backend(workspace, Profile::Quick)?;
    let copy = workspace.target.join("breakable").join(PLUGIN_ID);
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| format!("removing {}", copy.display()))?;
    }
    copy_tree(&workspace.plugin_dir(), &copy)?;
    place_program(&copy.join(BACKEND_FILE), &binary)?;
    Ok(copy)
}

/// Empties the directory of what an earlier build left, but for the files about to be replaced: a Grafana that runs from here
/// keeps finding them.
fn remove_strangers(dist: &Path) -> Result<()> {
    let replaced = [
        "plugin.json",
        "module.js",
        WASM_FILE,
        BACKEND_FILE,
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
    ];
    for entry in fs::read_dir(dist)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else if !replaced.iter().any(|name| entry.file_name() == *name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{}: the plugin ships it", path.display()))
}

/// Writes beside and renames: nobody sees half a file.
fn place(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = beside(path)?;
    fs::write(&beside, bytes).with_context(|| format!("writing {}", beside.display()))?;
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o644))?;
    fs::rename(&beside, path).with_context(|| format!("writing {}", path.display()))
}

/// The same for a program. It may be running from there, and a running file cannot be overwritten
/// ("text file busy"), but its name can be given to another.
fn place_program(path: &Path, from: &Path) -> Result<()> {
    let beside = beside(path)?;
    process::copy_program(from, &beside)?;
    fs::rename(&beside, path).with_context(|| format!("writing {}", path.display()))
}

fn beside(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().context("a file name")?.to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.new")))
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{}: the plugin ships it", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            place(&target, &read(&entry.path())?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_that_is_running_can_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let binary = dir.path().join("sleeper");
        place_program(&binary, Path::new("/bin/sleep")).unwrap();
        let mut child = std::process::Command::new(&binary).arg("60").spawn().unwrap();
        let replaced = place_program(&binary, Path::new("/bin/true"));
        child.kill().unwrap();
        child.wait().unwrap();
        replaced.unwrap();
        assert_eq!(fs::read(&binary).unwrap(), fs::read("/bin/true").unwrap());
    }

    #[test]
    fn what_an_earlier_build_left_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("img")).unwrap();
        fs::write(dir.path().join("old_bg.wasm"), "x").unwrap();
        fs::write(dir.path().join("plugin.json"), "{}").unwrap();
        remove_strangers(dir.path()).unwrap();
        let left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(left, ["plugin.json"]);
    }
}
