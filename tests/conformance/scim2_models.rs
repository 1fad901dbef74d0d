//! scim2-models (PyPI): a second oracle for PATCH, against the plugin as it is reached in Grafana.
//!
//! Owns: starting `scim2_models.py`. Must never skip: `cargo xtask test` sets its Python up.

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::one_plugin::connection;

#[tokio::test]
async fn random_patches_leave_what_scim2_models_leaves() -> Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how `cargo xtask test` tells where it set Python up"
    )]
    let python = std::env::var_os("ROLLCALL_SCIM2_PYTHON");
    let python = python.context("ROLLCALL_SCIM2_PYTHON is not set: run `cargo xtask test --only acceptance`")?;
    let connection = connection()?;
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/scim2_models.py"))
        .env("SCIM_BASE_URL", &connection.base)
        .env("SCIM_TOKEN", &connection.token)
        .output()
        .await
        .context("starting scim2-models")?;
    ensure!(
        output.status.success(),
        "scim2-models: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
