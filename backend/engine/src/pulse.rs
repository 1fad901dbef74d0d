//! Whether the engine's task is alive.
//!
//! Owns: when it last showed that it goes on, and how often it had to be started again. Must never
//! block. Start at [`Pulse::seen`].

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What is known of the engine's task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PulseSeen {
    /// Since when nothing was heard of it.
    pub silent: Duration,
    /// How often it ended by a fault and was started again, since the process began.
    pub restarts: u64,
    /// How long ago the last time was.
    pub last_restart: Option<Duration>,
    /// Nothing is under way: it waits for the next work, or for a time.
    pub rests: bool,
}

#[derive(Debug)]
pub(super) struct Pulse(Mutex<State>);

#[derive(Debug)]
struct State {
    beat: Instant,
    restarts: u64,
    last_restart: Option<Instant>,
    rests: bool,
}

impl Default for Pulse {
    fn default() -> Self {
        Self(Mutex::new(State {
            beat: Instant::now(),
            restarts: 0,
            last_restart: None,
            rests: false,
        }))
    }
}

impl Pulse {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It goes on: at every turn of the loop, and before every call that changes something.
    pub(super) fn beat(&self) {
        let mut state = self.state();
        (state.beat, state.rests) = (Instant::now(), false);
    }

    /// It has nothing to do now.
    pub(super) fn rests(&self) {
        self.state().rests = true;
    }

    /// It ended by a fault.
    pub(super) fn restarts(&self) {
        let mut state = self.state();
        state.restarts = state.restarts.saturating_add(1);
        state.last_restart = Some(Instant::now());
    }

    pub(super) fn seen(&self) -> PulseSeen {
        let state = self.state();
        PulseSeen {
            silent: state.beat.elapsed(),
            restarts: state.restarts,
            last_restart: state.last_restart.map(|at| at.elapsed()),
            rests: state.rests,
        }
    }
}
