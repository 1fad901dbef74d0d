//! The owner of each login and e-mail in Grafana, as the last listing showed it, for handlers to ask.
//!
//! Owns: a table small enough for 100,000 accounts (16 bytes a name: a keyed hash and the id, no text). Must never be believed where
//! Grafana is about to be changed: the planner looks again. Start at [`Names::of`].

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
};

use domain::{UserId, account::NameOwner, attention::Protection};
use grafana::ListedUser;

/// Logins and e-mails, in lower case, as Grafana compares them (G2).
#[derive(Debug, Default)]
pub(super) struct Names {
    // Keyed differently in every process: nobody can make two names meet.
    keys: RandomState,
    logins: Vec<(u64, UserId)>,
    emails: Vec<(u64, UserId)>,
    protected: HashMap<UserId, Protection>,
    /// Deleted by us since.
    gone: HashSet<UserId>,
}

impl Names {
    pub(super) fn of<'a>(
        users: impl Iterator<Item = &'a ListedUser>,
        protection: impl Fn(&ListedUser) -> Option<Protection>,
    ) -> Self {
        let mut names = Self::default();
        for user in users {
            names
                .logins
                .push((names.keys.hash_one(user.login.to_lowercase()), user.id));
            if !user.email.is_empty() {
                names
                    .emails
                    .push((names.keys.hash_one(user.email.to_lowercase()), user.id));
            }
            if let Some(why) = protection(user) {
                names.protected.insert(user.id, why);
            }
        }
        for table in [&mut names.logins, &mut names.emails] {
            table.sort_unstable();
            table.shrink_to_fit();
        }
        names
    }

    pub(super) fn login(&self, login: &str) -> Option<NameOwner> {
        self.find(&self.logins, login)
    }

    pub(super) fn email(&self, email: &str) -> Option<NameOwner> {
        self.find(&self.emails, email)
    }

    /// Why an account is never touched.
    pub(super) fn protection(&self, id: UserId) -> Option<Protection> {
        self.protected.get(&id).copied()
    }

    pub(super) fn forget(&mut self, id: UserId) {
        self.gone.insert(id);
    }

    fn find(&self, table: &[(u64, UserId)], name: &str) -> Option<NameOwner> {
        let key = self.keys.hash_one(name.trim().to_lowercase());
        let at = table.partition_point(|(hash, _)| *hash < key);
        let (_, id) = table
            .get(at)
            .filter(|(hash, id)| *hash == key && !self.gone.contains(id))?;
        Some(NameOwner {
            id: *id,
            protected: self.protected.contains_key(id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::UserId;

    fn listed(id: UserId, login: &str, email: &str, is_admin: bool) -> ListedUser {
        ListedUser {
            id,
            login: login.into(),
            email: email.into(),
            name: String::new(),
            is_admin,
            is_disabled: false,
            auth_labels: Vec::new(),
        }
    }

    #[test]
    fn a_name_is_found_in_any_case_and_a_login_is_no_email() {
        let users = [
            listed(UserId::new(1), "admin", "root@Example.com", true),
            listed(UserId::new(2), "ada@example.com", "", false),
        ];
        let names = Names::of(users.iter(), |user| user.is_admin.then_some(Protection::ServerAdmin));
        let admin = Some(NameOwner {
            id: UserId::new(1),
            protected: true,
        });
        assert_eq!(
            (names.login("ADMIN"), names.email(" root@example.COM ")),
            (admin, admin)
        );
        assert_eq!(names.login("Ada@Example.com").map(|h| h.id), Some(UserId::new(2)));
        assert_eq!(
            (names.email("ada@example.com"), names.email(""), names.login("")),
            (None, None, None)
        );
    }
}
