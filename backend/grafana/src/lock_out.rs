//! When a refused sign-in may be tried again.
//!
//! Owns: how many failed sign-ins may come how close together, so that Grafana's lock-out (five within five minutes, G26) is never
//! ours. Must never call, or read a clock. Start at [`LockOut::wait`].

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::failure::Error;

/// Between two tries that nobody asked for.
const TRY_AGAIN: Duration = Duration::from_mins(10);
/// Grafana counts for five minutes, by its own clock; a minute more is for what a call takes.
const COUNTED: Duration = Duration::from_mins(6);
/// So many with one password: a session by password that ends costs two, and one is left for the next password.
const MOST: usize = 3;
/// One fewer than lock an account. Another password may be the right one, and is not kept waiting by the wrong one before.
const MOST_OF_ALL: usize = 4;

/// Failed sign-ins of one account: they count together, whatever the password was.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures(Arc<Mutex<VecDeque<Instant>>>);

impl Failures {
    fn count(&self, at: Instant) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.push_back(at);
        while failures.len() > MOST_OF_ALL {
            failures.pop_front();
        }
    }

    /// From when on there are fewer than so many; `None`: there always were.
    fn fewer_than(&self, most: usize) -> Option<Instant> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last_too_many = failures.len().checked_sub(most)?;
        Some(*failures.get(last_too_many)? + COUNTED)
    }
}

/// What is known of the sign-ins with one password.
#[derive(Debug, Default)]
pub(super) struct LockOut {
    failures: Failures,
    /// The last answer, if it was a refusal, and when it came.
    refused: Option<(Error, Instant)>,
    /// A person asked for another try since.
    asked: bool,
}

impl LockOut {
    /// Another password for an account whose failures are known.
    pub fn after(other: &Self) -> Self {
        Self {
            failures: other.failures.clone(),
            ..Self::default()
        }
    }

    /// A call that carried the password failed, and it is not clear yet why.
    pub fn count(&self, now: Instant) {
        self.failures.count(now);
    }

    /// Grafana refused the password.
    pub fn refused(&mut self, error: Error, now: Instant) {
        self.failures.count(now);
        self.refused = Some((error, now));
        self.asked = false;
    }

    /// Grafana took the password.
    pub fn accepted(&mut self) {
        self.refused = None;
        self.asked = false;
    }

    /// A person asks for another try.
    pub fn ask(&mut self) {
        self.asked = self.refused.is_some();
    }

    /// For how long nothing may be tried, and why; `None`: now is a good time.
    pub fn wait(&self, now: Instant) -> Option<(Duration, Option<&Error>)> {
        let (error, until) = match &self.refused {
            Some((error, at)) if !self.asked => (Some(error), Some(*at + TRY_AGAIN)),
            Some((error, _)) => (Some(error), self.failures.fewer_than(MOST)),
            None => (None, self.failures.fewer_than(MOST_OF_ALL)),
        };
        let until = until?;
        let wait = until.saturating_duration_since(now);
        (!wait.is_zero()).then_some((wait, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal() -> Error {
        Error::SignInRefused {
            login: "admin".to_owned(),
            message: "no".to_owned(),
        }
    }

    fn wait(lock_out: &LockOut, now: Instant) -> Option<Duration> {
        lock_out.wait(now).map(|(wait, _)| wait)
    }

    #[test]
    fn a_refused_password_is_tried_again_after_ten_minutes() {
        let (mut lock_out, now) = (LockOut::default(), Instant::now());
        assert_eq!(wait(&lock_out, now), None);
        lock_out.refused(refusal(), now);
        assert_eq!(wait(&lock_out, now), Some(TRY_AGAIN));
        assert_eq!(wait(&lock_out, now + TRY_AGAIN), None);
        lock_out.accepted();
        assert_eq!(wait(&lock_out, now), None);
    }

    #[test]
    fn a_person_may_ask_at_once_but_five_never_come_together() {
        let (mut lock_out, began) = (LockOut::default(), Instant::now());
        let mut tries: Vec<Instant> = Vec::new();
        // A person who presses the button every second for an hour.
        for second in 0..3_600 {
            let now = began + Duration::from_secs(second);
            lock_out.ask();
            if wait(&lock_out, now).is_none() {
                tries.push(now);
                lock_out.refused(refusal(), now);
            }
        }
        let together = |end: Instant| {
            let near = |at: &&Instant| **at <= end && end - **at < Duration::from_mins(5);
            tries.iter().filter(near).count()
        };
        let most = tries.iter().map(|end| together(*end)).max();
        assert_eq!(most, Some(MOST));
        assert!(tries.len() >= 20, "{} tries in an hour", tries.len());
    }

    #[test]
    fn another_password_is_tried_at_once_and_counts_too() {
        let now = Instant::now();
        let mut lock_out = LockOut::default();
        for _ in 0..MOST {
            lock_out.refused(refusal(), now);
            lock_out = LockOut::after(&lock_out);
            assert_eq!(wait(&lock_out, now), None);
        }
        lock_out.refused(refusal(), now);
        let other = LockOut::after(&lock_out);
        assert_eq!(wait(&other, now), Some(COUNTED));
        assert_eq!(other.wait(now).and_then(|(_, error)| error.cloned()), None);
    }
}
