//! Finds, or makes, a Rust compiler for the browser's target.
//!
//! Owns: the cache of the unpacked compiler. Must never change the system, and never call rustup where
//! `RUSTUP_AUTO_INSTALL=0` says this machine does not want downloads. Start at [`wasm_compiler`].
//!
//! 1. The rustc on PATH has the target: nothing to do.
//! 2. rustup manages it and may download: `rustup target add`.
//! 3. Debian, amd64: `rustc-web` and its sources are unpacked, not installed, into a cache, and the target's standard library is
//!    compiled there once (1 minute). An unpacked tree works because Debian's rustc finds its sysroot from where its driver
//!    library lies. Details and rejected alternatives: T3.

use crate::process::{self, cargo};
use crate::setup;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The browser's target.
pub const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_LIB: &str = "usr/lib/x86_64-linux-gnu";

/// The programs to build the page with.
pub struct Compiler {
    /// rustc and rustdoc; `None` is what cargo would take anyway.
    programs: Option<(PathBuf, PathBuf)>,
}

impl Compiler {
    fn unpacked_in(root: &Path) -> Self {
        Self {
            programs: Some((root.join("bin/rustc"), root.join("bin/rustdoc"))),
        }
    }

    /// Makes a cargo command use it.
    pub fn apply(&self, cargo: &mut Command) {
        if let Some((rustc, rustdoc)) = &self.programs {
            cargo.env("RUSTC", rustc).env("RUSTDOC", rustdoc);
        }
    }
}

/// A compiler that has a standard library for [`TARGET`].
pub fn wasm_compiler() -> Result<Compiler> {
    // For trying the fallback on a machine that does not need it.
    let debian_only = std::env::var("WASM_TOOLCHAIN").is_ok_and(|value| value == "debian");
    if !debian_only {
        if has_target("rustc") {
            return Ok(Compiler { programs: None });
        }
        if std::env::var("RUSTUP_AUTO_INSTALL").as_deref() != Ok("0") && setup::on_path("rustup").is_some() {
            match process::run(Command::new("rustup").args(["target", "add", TARGET])) {
                Ok(()) if has_target("rustc") => return Ok(Compiler { programs: None }),
                Ok(()) => {
                    say("rustup added the target to another compiler than the one on PATH; looking for another way")
                }
                Err(error) => say(&format!("{error:#}; looking for another way")),
            }
        }
    }
    from_debian()
}

fn say(what: &str) {
    eprintln!("wasm compiler: {what}");
}

fn has_target(rustc: impl AsRef<std::ffi::OsStr>) -> bool {
    let asked = process::output(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]));
    asked.is_ok_and(|dir| has_std(Path::new(dir.trim())))
}

fn has_std(libdir: &Path) -> bool {
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    fs::read_dir(libdir).is_ok_and(|dir| dir.flatten().any(|entry| is_std(&entry.file_name().to_string_lossy())))
}

fn from_debian() -> Result<Compiler> {
    let debian = setup::on_path("apt-get").is_some() && setup::on_path("dpkg-deb").is_some();
    let amd64 = debian && process::output(Command::new("dpkg").arg("--print-architecture"))?.trim() == "amd64";
    ensure!(
        amd64,
        "no compiler for {TARGET}. On an ordinary machine: rustup target add {TARGET}"
    );
    let version = debian_version()?;

    let cache = setup::cache_dir().join("rollcall-wasm-toolchain");
    let done = cache.join(cache_name(&version));
    if done.join(".complete").exists() {
        return Ok(Compiler::unpacked_in(&done));
    }
    fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
    // Two callers at once: the second waits and finds it done.
    let lock = File::create(cache.join("lock"))?;
    lock.lock().context("waiting for another build of the WASM compiler")?;
    if done.join(".complete").exists() {
        return Ok(Compiler::unpacked_in(&done));
    }
    say(&format!(
        "unpacking Debian's rustc-web {version} into {} (140 MB to fetch, 1 minute to build)",
        done.display()
    ));
    let work = Scratch::new(&cache)?;
    let root = unpack(&work.0, &version)?;
    build_std(&work.0, &root)?;
    // Only needed to build the standard library.
    for folder in ["usr/src", "usr/lib/rustlib/src", "usr/share"] {
        let folder = root.join(folder);
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    ensure!(
        has_target(root.join("bin/rustc")),
        "the unpacked compiler still has no standard library for {TARGET}"
    );
    File::create(root.join(".complete"))?;
    if done.exists() {
        fs::remove_dir_all(&done)?;
    }
    fs::rename(&root, &done)?;
    say("ready");
    Ok(Compiler::unpacked_in(&done))
}

/// A working folder that is gone afterwards, whatever happened.
struct Scratch(PathBuf);

impl Scratch {
    /// The caller holds the lock, so whatever lies there was left by a run that was killed.
    fn new(cache: &Path) -> Result<Self> {
        for entry in fs::read_dir(cache)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("tmp.") {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let dir = cache.join(format!("tmp.{}", std::process::id()));
        fs::create_dir(&dir)?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One folder per version, so that a newer one never meets half of an older one.
fn cache_name(version: &str) -> String {
    version
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || ".+".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

fn debian_version() -> Result<String> {
    let candidate = || -> Result<Option<String>> {
        let policy = process::output(Command::new("apt-cache").args(["policy", "rustc-web"]))?;
        let version = policy.lines().find_map(|line| line.strip_prefix("  Candidate: "));
        Ok(version.filter(|v| *v != "(none)").map(str::to_owned))
    };
    if let Some(version) = candidate()? {
        return Ok(version);
    }
    if setup::is_root() {
        setup::apt_update()?;
    }
    candidate()?.context(
        "apt knows no rustc-web package: Debian 12 and 13 with their security suite have one. Run `apt-get update` as root, \
         or give rustc the target yourself: rustup target add wasm32-unknown-unknown",
    )
}

/// Fetches and unpacks the compiler; returns its root.
fn unpack(work: &Path, version: &str) -> Result<PathBuf> {
    let root = work.join("root");
    fs::create_dir_all(root.join("bin"))?;
    let of = |package: &str| format!("{package}={version}");
    let std_package = dependency(&of("libstd-rust-web-dev"), "libstd-rust-web-")?;
    let llvm = dependency(&of(&std_package), "libllvm")?;
    let llvm_version = llvm.trim_start_matches("libllvm");
    let lld = format!("lld-{llvm_version}");
    let ours = ["rustc-web", "libstd-rust-web-dev", &std_package, "rust-web-src"].map(of);
    fetch_and_unpack(
        &work.join("debs"),
        &root,
        ours.iter().map(String::as_str).chain([llvm.as_str(), lld.as_str()]),
    )?;

    // A slim image lacks libraries LLVM needs (libz3, libxml2, libedit, …).
    let lld_binary = root.join(format!("usr/lib/llvm-{llvm_version}/bin/lld"));
    if !missing_libraries(&root, &lld_binary)?.is_empty() {
        let listed = process::output(Command::new("apt-cache").args([
            "depends",
            "--recurse",
            "--no-recommends",
            "--no-suggests",
            "--no-conflicts",
            "--no-breaks",
            "--no-replaces",
            "--no-enhances",
            &llvm,
        ]))?;
        let on_every_machine = ["libc6", "libgcc-s1", "libstdc++6", "libcrypt1", "libllvm"];
        let mut libraries: Vec<&str> = listed
            .lines()
            .filter(|l| l.starts_with("lib") && !on_every_machine.iter().any(|known| l.starts_with(known)))
            .collect();
        libraries.sort_unstable();
        libraries.dedup();
        say(&format!(
            "also fetching the libraries LLVM needs: {}",
            libraries.join(" ")
        ));
        fetch_and_unpack(&work.join("more-debs"), &root, libraries)?;
        let missing = missing_libraries(&root, &lld_binary)?;
        ensure!(missing.is_empty(), "the unpacked compiler lacks {}", missing.join(", "));
    }

    // The linker where rustc looks for one, and wrappers that find the unpacked libraries.
    let linkers = root.join("usr/lib/rustlib/x86_64-unknown-linux-gnu/bin");
    if linkers.exists() {
        fs::remove_dir_all(&linkers)?;
    }
    fs::create_dir_all(&linkers)?;
    symlink(
        format!("../../../llvm-{llvm_version}/bin/lld"),
        linkers.join("rust-lld"),
    )?;
    for tool in ["rustc", "rustdoc"] {
        let wrapper = format!(
            "#!/bin/sh\nr=$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")\n\
             LD_LIBRARY_PATH=$r/{DEBIAN_LIB}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}} exec \"$r/usr/bin/{tool}\" \"$@\"\n"
        );
        let path = root.join("bin").join(tool);
        fs::write(&path, wrapper)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(root)
}

/// The one direct dependency of a package whose name is `prefix` and a version number.
fn dependency(package: &str, prefix: &str) -> Result<String> {
    let listed = process::output(Command::new("apt-cache").args(["depends", package]))?;
    versioned_dependency(&listed, prefix)
        .with_context(|| format!("Debian's {package} depends on no {prefix}<version>: its packaging changed"))
}

fn versioned_dependency(listed: &str, prefix: &str) -> Option<String> {
    let is_version = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    listed
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.strip_prefix(prefix).is_some_and(is_version))
        .map(str::to_owned)
}

fn fetch_and_unpack<'a>(debs: &Path, root: &Path, packages: impl IntoIterator<Item = &'a str>) -> Result<()> {
    fs::create_dir_all(debs)?;
    let packages: Vec<&str> = packages.into_iter().collect();
    let download = || {
        let mut command = Command::new("apt-get");
        // Without the option apt warns that its download user may not write here.
        command
            .current_dir(debs)
            .args(["-q", "-o", "APT::Sandbox::User=root", "download"])
            .args(&packages);
        process::output(&mut command).map(drop)
    };
    if let Err(error) = download() {
        // Lists older than the mirror's last clean-up name files that are gone.
        if !setup::is_root() {
            return Err(error.context("if apt's lists are old, run `apt-get update` as root"));
        }
        say(&format!("{error:#}; refreshing apt's lists"));
        setup::apt_update()?;
        download()?;
    }
    for deb in fs::read_dir(debs)?.flatten() {
        process::output(Command::new("dpkg-deb").arg("-x").arg(deb.path()).arg(root))?;
    }
    Ok(())
}

fn missing_libraries(root: &Path, lld: &Path) -> Result<Vec<String>> {
    let libraries = root.join(DEBIAN_LIB);
    let driver = fs::read_dir(&libraries)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("librustc_driver-"))
        })
        .context("the unpacked compiler has no driver library")?;
    let mut missing = Vec::new();
    for file in [driver.as_path(), lld] {
        let listed = process::output(Command::new("ldd").env("LD_LIBRARY_PATH", &libraries).arg(file))?;
        let names = listed
            .lines()
            .filter_map(|line| line.trim().strip_suffix(" => not found"));
        missing.extend(names.map(str::to_owned));
    }
    missing.sort();
    missing.dedup();
    Ok(missing)
}

/// Compiles the standard library from the sources of exactly this compiler and puts it where a prebuilt one would lie.
fn build_std(work: &Path, root: &Path) -> Result<()> {
    let probe = work.join("probe");
    fs::create_dir_all(probe.join("src"))?;
    fs::write(probe.join("src/lib.rs"), "")?;
    let manifest = "[package]\nname = \"stdprobe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n";
    fs::write(probe.join("Cargo.toml"), manifest)?;
    let sources = root.join("usr/lib/rustlib/src/rust");
    let target = work.join("target");
    let mut command = cargo();
    for inherited in [
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_BUILD_TARGET",
        "CARGO_ENCODED_RUSTFLAGS",
    ] {
        command.env_remove(inherited);
    }
    command
        .current_dir(&probe)
        .env("RUSTC", root.join("bin/rustc"))
        // -Z build-std needs it. Here only: the page is then built as on any stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &target)
        .env(
            "RUSTFLAGS",
            format!(
                "-Cembed-bitcode=yes --remap-path-prefix={}=/rustc/src",
                sources.display()
            ),
        )
        .args([
            "build",
            "-q",
            "--offline",
            "--release",
            "--target",
            TARGET,
            "-Z",
            "build-std=std,panic_abort,proc_macro,test",
        ])
        // std's own dependencies come with its sources, so nothing is downloaded.
        .args(["--config", "source.crates-io.replace-with=\"std\""])
        .arg("--config")
        .arg(format!(
            "source.std.directory='{}'",
            sources.join("library/vendor").display()
        ));
    process::run(&mut command).context("building the standard library for the browser")?;

    let libdir = root.join("usr/lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&libdir)?;
    let built = target.join(TARGET).join("release/deps");
    let mut copied = 0;
    for entry in fs::read_dir(&built)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libstdprobe-") {
            fs::copy(entry.path(), libdir.join(&name))?;
            copied += 1;
        }
    }
    if copied == 0 {
        bail!("no library in {}", built.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_becomes_one_plain_folder_name() {
        assert_eq!(cache_name("1.96.0+dfsg1-1~deb12u2"), "1.96.0+dfsg1_1_deb12u2");
        assert_eq!(cache_name("1:2/../3"), "1_2_.._3");
    }

    #[test]
    fn the_versioned_library_is_found_among_other_dependencies() {
        let listed = "libstd-rust-web-dev\n  Depends: libc6-dev\n  Depends: libstd-rust-web-1.96\n  Depends: libstd-rust-web-dev-x\n";
        assert_eq!(
            versioned_dependency(listed, "libstd-rust-web-").as_deref(),
            Some("libstd-rust-web-1.96")
        );
        assert_eq!(versioned_dependency(listed, "libllvm"), None);
    }
}
