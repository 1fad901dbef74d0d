//! Grafana's users as one listing showed them.
//!
//! Owns: finding who has a login or an e-mail without a call each: the whole table of 10,000 is ten reads of 20 ms
//! (G52). Must never be believed about one account before it is changed: that one is read again.
//! Start at [`UserListing::of`].

use domain::{UserId, attention::Protection};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::names::Names;
use grafana::ListedUser;

#[derive(Debug)]
pub(super) struct UserListing {
    /// By the clock that is never set back.
    pub(super) at_ms: i64,
    /// Several people who are worked on at once read and teach it.
    listed: Mutex<Listed>,
}

#[derive(Debug, Default)]
struct Listed {
    users: HashMap<UserId, ListedUser>,
    by_name: HashMap<String, HashSet<UserId>>,
}

impl UserListing {
    pub(super) fn of(users: Vec<ListedUser>, at_ms: i64) -> Self {
        let mut listed = Listed {
            users: HashMap::with_capacity(users.len()),
            by_name: HashMap::with_capacity(users.len() * 2),
        };
        for user in users {
            listed.learn(user);
        }
        Self {
            at_ms,
            listed: Mutex::new(listed),
        }
    }

    fn listed(&self) -> MutexGuard<'_, Listed> {
        // At worst one person is not found, and looked for in Grafana at the next comparison.
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was just made or written, so that a long batch sees its own changes.
    pub(super) fn learn(&self, user: ListedUser) {
        self.listed().learn(user);
    }

    /// Other names, and all else as it was.
    pub(super) fn rename(&self, id: UserId, login: &str, email: &str) {
        let mut listed = self.listed();
        if let Some(user) = listed.users.get(&id).cloned() {
            listed.learn(ListedUser {
                login: login.to_owned(),
                email: email.to_owned(),
                ..user
            });
        }
    }

    /// Deleted.
    pub(super) fn forget(&self, id: UserId) {
        self.listed().forget(id);
    }

    pub(super) fn user(&self, id: UserId) -> Option<ListedUser> {
        self.listed().users.get(&id).cloned()
    }

    /// Everybody with one of these logins or e-mails (in lower case), by id.
    pub(super) fn named<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<UserId> {
        let listed = self.listed();
        let mut ids: Vec<UserId> = names
            .into_iter()
            .filter_map(|name| listed.by_name.get(name))
            .flatten()
            .copied()
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// For handlers to ask.
    pub(super) fn names(&self, protection: impl Fn(&ListedUser) -> Option<Protection>) -> Names {
        Names::of(self.listed().users.values(), protection)
    }

    pub(super) fn admins(&self) -> HashSet<UserId> {
        let listed = self.listed();
        listed.users.values().filter(|u| u.is_admin).map(|u| u.id).collect()
    }
}

impl Listed {
    fn learn(&mut self, user: ListedUser) {
        self.forget(user.id);
        for name in [&user.login, &user.email] {
            if !name.is_empty() {
                self.by_name.entry(name.to_lowercase()).or_default().insert(user.id);
            }
        }
        self.users.insert(user.id, user);
    }

    fn forget(&mut self, id: UserId) {
        if let Some(old) = self.users.remove(&id) {
            for name in [&old.login, &old.email] {
                if let Some(ids) = self.by_name.get_mut(&name.to_lowercase()) {
                    ids.remove(&id);
                }
            }
        }
    }
}
