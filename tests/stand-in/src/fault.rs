//! Calls as a test sees them: what was asked for, and what is to go wrong.
//!
//! Owns: a line of the log, and which calls a fault is for. Must never know how one comes about. Start at
//! [`Fault`].

use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

use serde_json::json;

/// One call of the API and what came of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method.
    pub method: String,
    /// Path with its query, as it was sent.
    pub path: String,
    /// The caller's login; nothing if nobody signed in.
    pub who: String,
    /// The body as it was sent, with whatever secrets are in it.
    pub body: String,
    /// The status of the answer; none if there was no answer.
    pub status: Option<u16>,
    /// When it had been read.
    pub began: std::time::Instant,
    /// When it was answered.
    pub at: std::time::Instant,
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Grafana answers this and does nothing.
    Answer(u16, String),
    /// No answer for as long as the stand-in runs; nothing is done.
    Hang,
    /// The connection breaks before anything is done.
    Drop,
    /// It is done, and the connection breaks before the answer.
    DropAnswer,
    /// Grafana answers this status and `Retry-After` in seconds, and does nothing.
    Busy(u16, u64),
    /// It is done, and the connection breaks in the middle of the answer.
    Truncate,
    /// It is done, and something on the way answers 200 with JSON of its own.
    Garble,
    /// It is done, and the answer comes so much later.
    Slow(Duration),
}

/// A number of calls that go wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Only calls with this method.
    pub method: Option<String>,
    /// A part of the path with its query; nothing fits all.
    pub path: String,
    /// How many calls.
    pub times: usize,
    /// What happens to each.
    pub effect: Effect,
}

impl Fault {
    /// The next call to `path` gets this status.
    #[must_use]
    pub fn status(path: &str, status: u16) -> Self {
        let body = json!({ "message": "a fault of the test" }).to_string();
        Self::new(path, Effect::Answer(status, body))
    }

    /// The next call to `path`.
    #[must_use]
    pub fn new(path: &str, effect: Effect) -> Self {
        Self {
            method: None,
            path: path.to_owned(),
            times: 1,
            effect,
        }
    }

    /// Only calls with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Every call, until faults are cleared.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// So many calls.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    pub(super) fn fits(&self, method: &str, path: &str) -> bool {
        self.times > 0 && self.method.as_deref().is_none_or(|own| own == method) && path.contains(&self.path)
    }

    /// One call less.
    pub(super) fn take(&mut self) -> Effect {
        self.times -= 1;
        self.effect.clone()
    }
}
