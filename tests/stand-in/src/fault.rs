//! Calls as a test sees them: what was asked for, and what is to go wrong.
//!
//! Owns: a line of the log, and which calls a fault is for. Must never know how one comes about. Start at
//! [`Fault`].

use std::{
    fmt::{self, Display, Formatter},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::Semaphore;

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
    /// The connection is reset (RST) before anything is done.
    Reset,
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
    /// It is done, and the answer comes when the test opens the gate.
    Held(Gate),
    /// A proxy answers this status with a page of its own, as one that asks for a sign-in (403) or
    /// finds nobody behind it (502) does; nothing is done.
    Page(u16),
    /// It is done, and a load balancer puts its own cookies before Grafana's.
    BalancerCookie,
    /// It is done, and the JSON of the answer is another: see [`crate::wrong`].
    Rewrite(fn(&mut Value)),
}

/// Where answers wait until the test lets them go. Its clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    waiting: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self {
            waiting: closed(),
            open: closed(),
        }
    }
}

impl Gate {
    /// Waits until one more call was done whose answer waits here.
    pub async fn reached(&self) {
        if let Ok(call) = self.waiting.acquire().await {
            call.forget();
        }
    }

    /// Every answer goes, now and later.
    pub fn open(&self) {
        self.open.close();
    }

    pub(super) async fn pass(&self) {
        self.waiting.add_permits(1);
        // Nobody ever gets a permit: it ends when the gate is opened.
        drop(self.open.acquire().await);
    }
}

/// A number of calls that go wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Only calls with this method.
    pub method: Option<String>,
    /// A part of the path with its query; nothing fits all. `*` is any text: `/api/teams/*/members`.
    pub path: String,
    /// Whether `path` is the whole path, without its query.
    pub whole: bool,
    /// So many calls that fit go right first.
    pub after: usize,
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

    /// The next call to `path` finds a quota used up, in Grafana's words (G82).
    #[must_use]
    pub fn quota(path: &str, target: &str) -> Self {
        let body = json!({ "message": format!("{target} Quota reached") }).to_string();
        Self::new(path, Effect::Answer(403, body))
    }

    /// The next call to `path`.
    #[must_use]
    pub fn new(path: &str, effect: Effect) -> Self {
        Self {
            method: None,
            path: path.to_owned(),
            whole: false,
            after: 0,
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

    /// Only calls to exactly this path: `/api/user` and not `/api/users/search`.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// So many calls that fit go right first.
    #[must_use]
    pub fn after(mut self, calls: usize) -> Self {
        self.after = calls;
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

    /// Whether this call goes wrong by it; then it is one call less.
    pub(super) fn hits(&mut self, method: &str, path: &str) -> bool {
        if self.times == 0 || !self.fits(method, path) {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.times = self.times.saturating_sub(usize::from(self.times != usize::MAX));
        true
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        if self.method.as_deref().is_some_and(|own| own != method) {
            return false;
        }
        let bare = path.split('?').next().unwrap_or_default();
        let path = if self.whole { bare } else { path };
        let mut parts = self.path.split('*');
        let first = parts.next().unwrap_or_default();
        let rest = if self.whole {
            path.strip_prefix(first)
        } else {
            path.split_once(first).map(|(_, rest)| rest)
        };
        let after = |rest: &str, part: &str| Some(rest.split_once(part)?.1.to_owned());
        let last = rest.and_then(|rest| parts.try_fold(rest.to_owned(), |rest, part| after(&rest, part)));
        last.is_some_and(|left| !self.whole || left.is_empty() || self.path.ends_with('*'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_for_the_calls_it_names() {
        let fits = |fault: &Fault, path: &str| fault.fits("GET", path);
        let part = Fault::status("/api/teams", 500);
        assert!(fits(&part, "/api/teams/7/members?x=y") && !fits(&part, "/api/user"));
        let members = Fault::status("/api/teams/*/members", 500);
        assert!(fits(&members, "/api/teams/7/members") && !fits(&members, "/api/teams/7"));
        let own = Fault::status("/api/user", 500).whole();
        assert!(fits(&own, "/api/user?x=y") && !fits(&own, "/api/users/search"));
        let one = Fault::status("/api/users/*", 500).whole();
        assert!(fits(&one, "/api/users/7") && !fits(&one, "/x/api/users/7"));
        let put = Fault::status("", 500).method("PUT");
        assert!(!fits(&put, "/api/user") && put.fits("PUT", "/api/user"));
    }

    #[test]
    fn a_fault_waits_and_ends() {
        let mut fault = Fault::status("/api/users", 500).after(1).times(2);
        let hits: Vec<bool> = (0..4).map(|_| fault.hits("GET", "/api/users")).collect();
        assert_eq!(hits, [false, true, true, false]);
    }
}
