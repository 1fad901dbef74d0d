//! The names a person is to have, and why no account with them is the person's.
//!
//! Owns: which of an account's names are wanted. Must never decide whose an account is. Start at [`WantedNames`].

use super::model::{Account, Candidate, Profile};
use super::steps::{Plan, Question};
use crate::attention::{Attention, Protection};

/// The names that an account of this person is to have.
pub(super) struct WantedNames<'a> {
    pub(super) login: &'a str,
    email: Option<&'a str>,
}

impl<'a> WantedNames<'a> {
    pub(super) fn of(profile: &'a Profile, others: &[Candidate]) -> Self {
        let login = profile.login.as_str();
        let is_new = || !others.iter().any(|c| c.account.login.to_lowercase() == login);
        Self {
            login,
            // A new account without an e-mail has the login for one.
            email: profile.email.as_deref().or_else(|| is_new().then_some(login)),
        }
    }

    pub(super) fn login_of(&self, account: &Account) -> bool {
        account.login.to_lowercase() == self.login
    }

    pub(super) fn email_of(&self, account: &Account) -> bool {
        self.email == Some(account.email.to_lowercase().as_str())
    }

    /// Grafana keeps each kind of name unique by itself: a login that is somebody's e-mail is free (G4).
    pub(super) fn any_of(&self, account: &Account) -> bool {
        self.login_of(account) || self.email_of(account)
    }

    pub(super) fn both_of(&self, account: &Account) -> bool {
        self.login_of(account) && self.email.is_none_or(|_| self.email_of(account))
    }
}

/// Why no account was chosen.
pub(super) struct Unclaimed {
    pub(super) attention: Box<Attention>,
    question: Option<Question>,
}

impl Unclaimed {
    pub(super) fn plan(self) -> Plan {
        Plan::blocked(*self.attention, self.question)
    }

    /// The account is open, of somebody who must be out: that is what is told, and the question, if
    /// there is one, stays.
    pub(super) fn still_open(asked: Option<Self>, wanted: &Profile, account: &Account) -> Plan {
        let attention = Attention::StillOpen {
            login: wanted.login.clone(),
            account: account.login.clone(),
            grafana_id: account.id,
        };
        Plan::blocked(attention, asked.and_then(|asked| asked.question))
    }

    /// An admin's yes would change it.
    pub(super) fn until_yes(self, account: &Account) -> Self {
        Self {
            question: Some(Question {
                grafana_id: account.id,
                login: account.login.clone(),
            }),
            ..self
        }
    }
}

impl From<Attention> for Unclaimed {
    fn from(attention: Attention) -> Self {
        Self {
            attention: Box::new(attention),
            question: None,
        }
    }
}

pub(super) fn is_protected(account: &Account, why: Protection) -> Unclaimed {
    Attention::Protected {
        login: account.login.clone(),
        why,
    }
    .into()
}
