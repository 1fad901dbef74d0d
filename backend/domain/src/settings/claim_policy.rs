//! Which accounts that exist already are taken over.
//!
//! Owns: the choices and their words. Must never decide about an account. Start at [`ClaimPolicy`].

use serde::{Deserialize, Serialize};

/// Which existing Grafana account a SCIM user may take over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimPolicy {
    /// One that the connection's sign-in made or signed in; an admin is asked about every other one.
    #[default]
    Linked,
    /// The one with the same login, no matter who chose it.
    Login,
    /// The one with the same login, else the one with the same e-mail.
    Email,
    /// None until an admin says so.
    Ask,
    /// None, ever.
    Never,
}

impl ClaimPolicy {
    /// Of the word in a file; another word is the default.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "ask" => Self::Ask,
            "login" => Self::Login,
            "email" => Self::Email,
            "never" => Self::Never,
            _ => Self::Linked,
        }
    }
}

impl ClaimPolicy {
    /// Whether equal names are enough, no matter who wrote them.
    #[must_use]
    pub const fn is_by_name(self) -> bool {
        matches!(self, Self::Login | Self::Email)
    }
}
