//! Why one piece of work did not end well.
//!
//! Owns: the cases the loop tells apart. Must never carry a secret. Start at [`Trouble`].

use domain::attempt::Attention;

/// Each variant is another way to go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// A call failed: retry or attention, as `domain::attempt::judge` says.
    #[error("could not {doing}: {error}")]
    Grafana {
        /// What the log calls it; `None` where nothing was to be changed.
        action: Option<&'static str>,
        /// Completes "could not …".
        doing: String,
        /// How it failed.
        error: grafana::Error,
        /// How long it took.
        took_ms: i64,
    },
    /// A person must look.
    #[error("{}", .0.reason)]
    Attention(Attention),
    /// Grafana said yes and did otherwise: look again later.
    #[error("{0}")]
    NotYet(String),
    /// The store does not answer: nothing can go on.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The engine was asked to end.
    #[error("stopping")]
    Stopped,
}

/// Result of a piece of work.
pub(super) type Result<T> = std::result::Result<T, Trouble>;

/// Turns the failure of a reading call into trouble.
pub(super) fn looking(what: &str) -> impl Fn(grafana::Error) -> Trouble + '_ {
    move |error| Trouble::Grafana {
        action: None,
        doing: format!("look at {what} in Grafana"),
        error,
        took_ms: 0,
    }
}
