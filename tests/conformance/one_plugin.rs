//! The one plugin that all tests of this program share, and names that nobody else has.
//!
//! Owns: its life. Must never be stopped while a test runs; it ends by itself when this process is gone, because a plugin watches its
//! parent. Start at [`scim`].

use std::{
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use acceptance::{
    idp::{Connection, ScimClient},
    rig::Rig,
};
use anyhow::{Context as _, Result, anyhow};

/// A SCIM client of the shared plugin.
pub fn scim() -> Result<ScimClient> {
    Ok(ScimClient::new(connection()?))
}

/// Base URL and token, for requests that no client would send.
pub fn connection() -> Result<Connection> {
    static SHARED: OnceLock<Result<Connection, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| started().map_err(|error| format!("{error:#}")));
    shared.clone().map_err(|error| anyhow!(error))
}

/// On a thread and a runtime of its own: each test brings a runtime that ends with the test.
fn started() -> Result<Connection> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return drop(sender.send(Err(error.into()))),
        };
        runtime.block_on(async move {
            // In the build folder, because nobody is there to remove it at the end.
            let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
            let rig = match Rig::in_dir(&data).await {
                Ok(rig) => rig,
                Err(error) => return drop(sender.send(Err(error))),
            };
            drop(sender.send(rig.connection().await));
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().context("the thread of the plugin ended")?
}

/// `ada-7@example.com`: a name that no other test of this program has.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    match name.split_once('@') {
        Some((local, domain)) => format!("{local}-{n}@{domain}"),
        None => format!("{name} {n}"),
    }
}
