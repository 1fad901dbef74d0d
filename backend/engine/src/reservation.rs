//! Logins and e-mails of the people who are being worked on.
//!
//! Owns: that no two who share one are worked on at the same time. Grafana has the account of the one before it is on disk whose it
//! is, and the other, finding it, would take it for a stranger's. Start at [`Reservations::hold`].

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, futures::Notified};

#[derive(Debug, Default)]
pub(super) struct Reservations {
    held: Mutex<HashSet<String>>,
    freed: Notify,
}

/// Names are free again when it goes.
#[derive(Debug)]
pub(super) struct Reservation<'a> {
    all: &'a Reservations,
    names: HashSet<String>,
}

impl Reservations {
    /// All of them, or none where somebody holds one already.
    pub(super) fn hold(&self, names: HashSet<String>) -> Option<Reservation<'_>> {
        let mut held = self.lock();
        if !held.is_disjoint(&names) {
            return None;
        }
        held.extend(names.iter().cloned());
        Some(Reservation { all: self, names })
    }

    /// Ends when somebody lets go after this was called, so it is to be called before [`Self::hold`].
    pub(super) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        // A set of words is usable whatever panicked elsewhere.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.all.lock().retain(|name| !self.names.contains(name));
        self.all.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> HashSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[tokio::test]
    async fn who_shares_a_name_waits_and_nobody_else_does() {
        let names = Reservations::default();
        let ann = names.hold(set(&["ann", "ann@ex.com"])).expect("nobody was there");
        assert!(names.hold(set(&["other", "ann@ex.com"])).is_none());
        let bob = names.hold(set(&["bob", "other"])).expect("another name");
        let freed = names.freed();
        drop(ann);
        freed.await;
        let other = names.hold(set(&["ann@ex.com"])).expect("free again");
        assert!(names.hold(set(&["bob"])).is_none(), "only her names were freed");
        drop((bob, other));
    }
}
