//! scim2-tester (PyPI): every check it has, against the plugin as it is reached in Grafana.
//!
//! Owns: starting `scim2_tester.py` with a plugin whose store is empty. Must never skip: `cargo xtask test` sets its Python up.

use acceptance::rig::Rig;
use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

#[tokio::test]
async fn every_check_of_scim2_tester_passes() -> Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how `cargo xtask test` tells where it set Python up"
    )]
    let python = std::env::var_os("ROLLCALL_SCIM2_PYTHON");
    let python = python.context("ROLLCALL_SCIM2_PYTHON is not set: run `cargo xtask test --only acceptance`")?;
    let rig = Rig::start().await?;
    let connection = rig.connection().await?;
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/scim2_tester.py"))
        .env("SCIM_BASE_URL", &connection.base)
        .env("SCIM_TOKEN", &connection.token)
        .output()
        .await
        .context("starting scim2-tester")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let failed: Vec<&str> = said.lines().filter(|line| !line.starts_with("SUCCESS")).collect();
    ensure!(
        output.status.success(),
        "scim2-tester: {}\n{}\n{}",
        output.status,
        failed.join("\n"),
        String::from_utf8_lossy(&output.stderr)
    );
    rig.finish().await
}
