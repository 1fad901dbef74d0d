//! Whether the store takes changes, and is still the file it was.
//!
//! Owns: the probe, how often it is made, and a line in the log when that changes. Anybody can ask for
//! the metrics, so a question is no reason to write. Start at [`StoreWatch::seen`].

use std::time::{Duration, Instant};

use domain::status::{StoreFile, StoreSeen};
use store::{Exposure, FileState, Store};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// What was seen is good for so long.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// Nobody has to ask: so often it is looked at anyway.
const EVERY: Duration = Duration::from_secs(60);

/// The last look.
#[derive(Default)]
pub(super) struct StoreWatch(Mutex<Option<(Instant, StoreSeen)>>);

impl StoreWatch {
    /// How the store stands now, or stood a moment ago.
    pub(super) async fn seen(&self, store: &Store) -> StoreSeen {
        // Held while it probes: who asks at the same time gets the same answer.
        let mut last = self.0.lock().await;
        if let Some((at, seen)) = *last
            && at.elapsed() < GOOD_FOR
        {
            return seen;
        }
        let before = last.map(|(_, seen)| seen);
        let seen = look(store, before).await;
        *last = Some((Instant::now(), seen));
        seen
    }

    /// Looks each minute until told to stop.
    pub(super) async fn run(&self, store: &Store, stop: CancellationToken) {
        loop {
            self.seen(store).await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}

async fn look(store: &Store, before: Option<StoreSeen>) -> StoreSeen {
    let probed = store.probe().await;
    let file = match (store.file_state(), store.exposure()) {
        (FileState::Replaced | FileState::LockReplaced, _) => StoreFile::Replaced,
        (FileState::Same, Exposure::Writable) => StoreFile::Writable,
        (FileState::Same, Exposure::Readable) => StoreFile::Readable,
        (FileState::Same, Exposure::None) => StoreFile::Private,
    };
    let seen = StoreSeen {
        takes_changes: probed.is_ok(),
        file,
    };
    if before != Some(seen) {
        if let Err(error) = probed {
            tracing::error!(%error, "the store takes no changes");
        } else if before.is_some_and(|before| !before.takes_changes) {
            tracing::info!("the store takes changes again");
        }
        match file {
            StoreFile::Readable => tracing::warn!("the store can be read by others: chmod o-rwx its directory"),
            StoreFile::Writable => tracing::warn!("the store's directory can be written by others: chmod o-rwx it"),
            StoreFile::Replaced | StoreFile::Private => {}
        }
    }
    seen
}
