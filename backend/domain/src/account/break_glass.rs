//! Which account each entry of `break_glass` means.
//!
//! Owns: resolving a listed name to an account's id, once. A name is its owner's to write, so it
//! protects nobody by itself: the id that it had first does, whatever the account is called later.
//! Must never give an entry that had an account to another one. Start at [`resolve`].

use vocabulary::UserId;

/// An account that has a listed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Grafana's id.
    pub id: UserId,
    /// It is the login; otherwise the e-mail.
    pub by_login: bool,
    /// A SCIM user has the account.
    pub managed: bool,
}

/// What an entry means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The account that is protected; `None`: nobody had the name so far.
    pub account: Option<UserId>,
    /// Another account that has the name now, and is not protected by it.
    pub taken_by: Option<UserId>,
}

/// What an entry means. `known`: what it meant so far; `None` for one that was just listed.
#[must_use]
pub fn resolve(known: Option<Entry>, bearers: &[Bearer]) -> Entry {
    let account = match known {
        Some(Entry {
            account: Some(account), ..
        }) => Some(account),
        // A managed person could have taken the name to become untouchable.
        Some(Entry { account: None, .. }) => first(bearers, |b| !b.managed && b.by_login),
        None => first(bearers, |b| b.by_login).or(match bearers {
            [only] => Some(only.id),
            _ => None,
        }),
    };
    let other = |b: &&Bearer| Some(b.id) != account;
    Entry {
        account,
        taken_by: bearers.iter().find(other).map(|b| b.id),
    }
}

fn first(bearers: &[Bearer], fits: impl Fn(&Bearer) -> bool) -> Option<UserId> {
    bearers.iter().find(|b| fits(b)).map(|b| b.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(id: i64, by_login: bool, managed: bool) -> Bearer {
        Bearer {
            id: UserId::new(id),
            by_login,
            managed,
        }
    }

    fn entry(account: Option<i64>, taken_by: Option<i64>) -> Entry {
        Entry {
            account: account.map(UserId::new),
            taken_by: taken_by.map(UserId::new),
        }
    }

    #[test]
    fn an_entry_means_the_login_and_else_the_only_email() {
        let (login, email, other) = (bearer(1, true, true), bearer(2, false, false), bearer(3, false, false));
        assert_eq!(resolve(None, &[email, login]), entry(Some(1), Some(2)));
        assert_eq!(resolve(None, &[email]), entry(Some(2), None));
        assert_eq!(resolve(None, &[email, other]), entry(None, Some(2)));
        assert_eq!(resolve(None, &[]), entry(None, None));
    }

    #[test]
    fn who_takes_the_name_later_is_not_protected_by_it() {
        let thief = bearer(7, true, true);
        assert_eq!(resolve(Some(entry(Some(1), None)), &[thief]), entry(Some(1), Some(7)));
        assert_eq!(resolve(Some(entry(Some(1), None)), &[]), entry(Some(1), None));
    }

    #[test]
    fn a_name_that_nobody_had_is_given_to_nobody_managed() {
        let unknown = Some(entry(None, None));
        assert_eq!(resolve(unknown, &[bearer(7, true, true)]), entry(None, Some(7)));
        assert_eq!(resolve(unknown, &[bearer(7, false, false)]), entry(None, Some(7)));
        assert_eq!(resolve(unknown, &[bearer(7, true, false)]), entry(Some(7), None));
    }
}
