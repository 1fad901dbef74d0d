//! `cargo xtask bench`: what the plugin costs as it ships. Figures, never a verdict.
//!
//! Owns: building what is measured. Must never be part of `test`: the machines are noisy. `docs/performance.md` has the method.

use crate::browser::Rig;
use crate::dev::StandIn;
use crate::package;
use crate::page::{self, WASM_FILE};
use crate::process;
use crate::setup;
use crate::workspace::{BACKEND_FILE, PLUGIN_ID, Workspace};
use anyhow::{Context as _, Result};
use std::path::Path;

/// Packages the plugin, unpacks it, measures it.
pub fn run(workspace: &Workspace) -> Result<()> {
    package::run(workspace)?;
    let plugins = package::unpack(workspace, &workspace.target.join("bench/plugins"))?;
    let plugin = plugins.join(PLUGIN_ID);
    for file in ["module.js", WASM_FILE, BACKEND_FILE] {
        let (raw, gzip) = sizes(&plugin.join(file))?;
        println!("{file}: {raw} bytes, {gzip} by gzip -9");
    }
    let stand_in = StandIn::of_the_tests(workspace)?;
    Rig::new(workspace, &[setup::NEWEST_LINE], &plugins, &stand_in)?.measure()?;
    let mut cargo = workspace.cargo();
    cargo.env("ROLLCALL_PLUGIN_DIR", plugin);
    // The callers are not what is measured: built as the tests are, so that nothing is compiled twice.
    let bench = ["bench", "--profile", "dev", "--workspace", "--bench", "plugin"];
    process::run(cargo.args(bench))
}

fn sizes(file: &Path) -> Result<(usize, usize)> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok((bytes.len(), page::gzipped(&bytes)?))
}
