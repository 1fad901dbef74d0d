//! Keeps the engine's task running.
//!
//! Owns: starting it again after a fault, and the wait before that. Nothing is lost by an end in the
//! middle of a piece of work: it is as a crash, whose mark is still there. Must never look into what
//! the task does. Start at [`run`].

use std::time::Duration;

use tokio::task::JoinSet;

use super::{context::Core, reconcile_loop};

/// After the first fault. It doubles with each that follows at once.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// A fault that comes at every start must not keep a core busy, and closing must not wait long.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Who ran so long did well: the next fault is a first one again.
const DID_WELL: Duration = Duration::from_secs(300);

/// Runs the engine until it is told to stop.
pub(super) async fn run(core: Core) {
    let mut wait = FIRST_WAIT;
    loop {
        let began = std::time::Instant::now();
        // Aborted with this future: a task that is only spawned would go on.
        let mut task = JoinSet::new();
        task.spawn(reconcile_loop::run(core.clone()));
        let ended = task.join_next().await;
        if core.stop.is_cancelled() {
            return;
        }
        core.shared.pulse.restarts();
        // A panic has said its own line, by the hook.
        let panicked = matches!(ended, Some(Err(error)) if error.is_panic());
        if began.elapsed() > DID_WELL {
            wait = FIRST_WAIT;
        }
        tracing::error!(
            panicked,
            wait_s = wait.as_secs(),
            "the engine ended; it is started again"
        );
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = wait.saturating_mul(2).min(LONGEST_WAIT);
    }
}
