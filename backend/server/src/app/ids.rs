//! The real sources of time, ids and randomness.
//!
//! Owns: the one place each is taken from. Must never be reached for directly: whatever needs one takes `domain::Clock` or
//! `domain::Ids`, so that tests can stand in it.

use std::time::Instant;

use domain::{Clock, Ids, Secret};
use rand::{
    Rng as _,
    seq::{IndexedRandom as _, SliceRandom as _},
};

/// The system's clock.
pub(super) struct SystemClock {
    started: Instant,
    /// How far it is ahead, for tests.
    ahead_ms: i64,
}

impl SystemClock {
    /// The wall clock is so far ahead: for tests, else 0.
    pub(super) fn ahead_by(ahead_ms: i64) -> Self {
        Self {
            started: Instant::now(),
            ahead_ms,
        }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn now_ms(&self) -> i64 {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // Before 1970 only where the clock is not set.
        let now = since_epoch.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        now.saturating_add(self.ahead_ms)
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// Random ids.
pub(super) struct RandomIds;

/// Grafana's strong password policy wants one of each class.
const CLASSES: [&[u8]; 4] = [
    b"abcdefghijkmnopqrstuvwxyz",
    b"ABCDEFGHJKLMNPQRSTUVWXYZ",
    b"23456789",
    b"!#%+-./:=?@_",
];
const PASSWORD_LENGTH: usize = 40;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn resource_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn correlation(&self) -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn unknown_password(&self) -> Secret {
        let mut rng = rand::rng();
        let all = CLASSES.concat();
        let one_of_each = CLASSES
            .iter()
            .filter_map(|class| class.choose(&mut rand::rng()).copied());
        let mut password: Vec<u8> = one_of_each.collect();
        password.extend((password.len()..PASSWORD_LENGTH).filter_map(|_| all.choose(&mut rand::rng()).copied()));
        password.shuffle(&mut rng);
        Secret::new(String::from_utf8_lossy(&password))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn jitter(&self) -> f64 {
        rand::rng().random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_password_passes_grafanas_strong_policy() {
        let one = RandomIds.unknown_password();
        assert_eq!(one.expose().len(), PASSWORD_LENGTH);
        for class in CLASSES {
            assert!(one.expose().bytes().any(|b| class.contains(&b)));
        }
        assert_ne!(one, RandomIds.unknown_password());
    }

    #[test]
    fn an_id_needs_no_escaping_in_a_path() {
        let id = RandomIds.resource_id();
        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{id}");
    }
}
