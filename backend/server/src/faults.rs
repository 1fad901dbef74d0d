//! The faults that a reliability test asks for: a crash at one place, and a full disk.
//!
//! Owns: the variables that ask for them. Builds without debug assertions do not have this module. Start at [`Faults::new`].

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use engine::Failpoints;
use store::Store;

/// How often a full disk is asked whether it has room again.
const LOOK_FOR_ROOM: Duration = Duration::from_millis(100);

/// What the environment asks for.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The place where the process ends itself.
    failpoint: Option<String>,
    /// How many pages fill the store.
    pages: Option<u32>,
    /// By how many seconds the clock is ahead.
    clock_ahead_s: i64,
    /// The file that ends that limit as soon as it exists: room on the disk again, without a restart.
    room: Option<PathBuf>,
}

impl Faults {
    /// Reads `environment`.
    #[must_use]
    pub fn new(environment: &HashMap<String, String>) -> Self {
        let filled = |name: &str| environment.get(name).filter(|value| !value.trim().is_empty());
        Self {
            failpoint: filled("ROLLCALL_FAILPOINT").cloned(),
            pages: filled("ROLLCALL_STORE_PAGES").and_then(|pages| pages.trim().parse().ok()),
            clock_ahead_s: filled("ROLLCALL_CLOCK_AHEAD_SECONDS")
                .and_then(|seconds| seconds.trim().parse().ok())
                .unwrap_or_default(),
            room: filled("ROLLCALL_STORE_ROOM").map(PathBuf::from),
        }
    }

    /// The places where the engine ends the process.
    #[must_use]
    pub fn failpoints(&self) -> Failpoints {
        Failpoints::parse(self.failpoint.as_deref())
    }

    /// By how much the clock is ahead.
    #[must_use]
    pub fn clock_ahead_ms(&self) -> i64 {
        self.clock_ahead_s.saturating_mul(1_000)
    }

    /// Fills the disk that the store lies on.
    ///
    /// # Errors
    /// [`store::Error::Unusable`] when the database does not answer.
    pub async fn fill_disk(&self, store: &Store) -> store::Result<()> {
        let Some(pages) = self.pages else { return Ok(()) };
        store.limit(pages).await?;
        if let Some(room) = self.room.clone() {
            let store = store.clone();
            tokio::spawn(async move { make_room(&room, &store).await });
        }
        Ok(())
    }
}

/// Ends the limit as soon as the file exists.
async fn make_room(file: &Path, store: &Store) {
    while !tokio::fs::try_exists(file).await.unwrap_or(false) {
        tokio::time::sleep(LOOK_FOR_ROOM).await;
    }
    if let Err(error) = store.limit(u32::MAX - 1).await {
        tracing::warn!(%error, "the store's limit could not be taken away");
    }
}
