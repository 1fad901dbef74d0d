//! Where a reliability test may end the process.
//!
//! Owns: the names. Must never do anything where none is set. Start at [`Failpoints::parse`].

use std::sync::atomic::{AtomicBool, Ordering};

/// Just before a changing call to Grafana.
pub(super) const BEFORE_CALL: &str = "before-grafana-call";
/// Grafana has answered; nothing is recorded yet.
pub(super) const AFTER_CALL: &str = "after-grafana-call";
/// Everything was done and seen; the mark is still there.
pub(super) const BEFORE_RECORD: &str = "before-record";

/// The engine's task panics here at its first turn, and only then.
const TURN: &str = "engine-panic";

/// The place where the process aborts, if any: `before-grafana-call`, `after-grafana-call` or `before-record`;
/// or `engine-panic`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failpoints {
    at: Option<String>,
}

impl Failpoints {
    /// From the text of `ROLLCALL_FAILPOINT`; empty means none.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        Self {
            at: text.map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned),
        }
    }

    /// A fault of ours at the first turn, and only there: what keeps the engine running is tried.
    #[expect(clippy::panic, reason = "that is what is asked for")]
    pub(super) fn turn(&self) {
        static DONE: AtomicBool = AtomicBool::new(false);
        if self.at.as_deref() == Some(TURN) && !DONE.swap(true, Ordering::Relaxed) {
            panic!("failpoint {TURN}");
        }
    }

    pub(super) fn reach(&self, place: &str) {
        if self.at.as_deref() == Some(place) {
            tracing::error!(place, "failpoint reached");
            // Like a power cut: no destructor, no flush.
            std::process::abort();
        }
    }
}
