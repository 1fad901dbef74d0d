//! Why one piece of work did not end well.
//!
//! Owns: the cases the loop tells apart. Must never carry a secret. Start at [`SyncError`].

use domain::{
    attention::{Attention, Delay, Operation, Problem, Reading},
    operation::Off,
    wording,
};
use store::Action;

/// Each variant is another way to go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    /// A call failed: retry or attention, as `domain::attempt::judge` says.
    #[error("could not {}: {error}", wording::operation(.operation))]
    Grafana {
        /// What the log calls it; `None` where nothing was to be changed.
        action: Option<Action>,
        /// What was asked.
        operation: Operation,
        /// How it failed.
        error: grafana::Error,
        /// How long it took.
        took_ms: i64,
    },
    /// A person must look.
    #[error("{}", wording::reason(.0))]
    Attention(Attention),
    /// Grafana said yes and did otherwise: look again later.
    #[error("{}", wording::problem(&Problem::Delay(.0.clone())))]
    NotYet(Delay),
    /// The settings were changed meanwhile: the work is begun again with those in force.
    #[error("the settings were changed meanwhile")]
    SettingsChanged,
    /// The store does not answer: nothing can go on.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Nothing is written now: the mark stays as it is.
    #[error("nothing is written to Grafana now")]
    SwitchedOff(Off),
    /// The engine was asked to end.
    #[error("stopping")]
    Stopped,
}

impl SyncError {
    /// A call that failed, or was not sent.
    pub(super) fn of_call(action: Option<Action>, operation: Operation, error: grafana::Error, took_ms: i64) -> Self {
        match error {
            grafana::Error::SwitchedOff(off) => Self::SwitchedOff(off),
            error => Self::Grafana {
                action,
                operation,
                error,
                took_ms,
            },
        }
    }
}

/// Result of a piece of work.
pub(super) type Result<T> = std::result::Result<T, SyncError>;

/// Turns the failure of a reading call into a [`SyncError`].
pub(super) fn looking(reading: Reading) -> impl Fn(grafana::Error) -> SyncError {
    move |error| SyncError::of_call(None, Operation::Read { reading }, error, 0)
}
