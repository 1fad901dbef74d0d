//! What speaks for it that an account is a person's, where it is more than a name.
//!
//! Owns: the cases, and which sign-in of Grafana counts. Must never decide whose an account is (`account::proof` does). Start at
//! [`Evidence`].

use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;

/// What the provider says of a user beside the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderIdentity {
    /// `externalId`: the provider's own id of the person, or whatever it was mapped to.
    pub external_id: Option<String>,
    /// `nickName`: Entra's `mailNickname`, which is what its default sends as `externalId`.
    pub nickname: Option<String>,
}

/// A SCIM user that was deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The provider's own id of the person at that time.
    pub external_id: Option<String>,
    /// When; `None`: not known.
    pub gone_ms: Option<i64>,
}

impl Left {
    /// Whether the person may still return to the account.
    #[must_use]
    pub fn is_recent(&self, now_ms: i64, return_days: i64) -> bool {
        // A clock that was set back makes nobody return from the future.
        self.gone_ms
            .is_some_and(|at| now_ms.saturating_sub(at) <= return_days.saturating_mul(DAY_MS))
    }
}

/// Why a deleted user and a new one are not known to be one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// One of the two has no `externalId`.
    NoExternalId,
    /// They have two.
    OtherExternalId,
    /// It is made of a name, which the next person of that name has as well.
    ExternalIdIsName,
    /// `return_days` are over.
    TooLate,
    /// Several users that were deleted had it.
    Several,
    /// It is the same person, and an admin keeps the account closed.
    KeptClosed,
}

/// What an account is signed in to by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SignedInBy {
    /// A password: its owner writes login and e-mail.
    Password,
    /// A provider, as Grafana calls it.
    Provider {
        /// Grafana's label.
        label: String,
    },
}

/// What is missing for a claim without a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// `claim_policy` is `ask`, or names less than what is equal here.
    Policy,
    /// `sign_in` names no provider.
    NoSignInNamed,
    /// The provider that `sign_in` names is off, or Grafana's settings cannot be read.
    SignInOff,
    /// The account was never signed in to by that provider.
    NotByThatSignIn,
    /// It is an Admin's.
    Admin,
    /// Several accounts have one of the names.
    Several,
}

/// What an admin sees who is to say whether an account is a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The userName is its login.
    pub login: bool,
    /// The e-mail is its e-mail.
    pub email: bool,
    /// How it is signed in to.
    pub by: SignedInBy,
    /// Why it is asked.
    pub lack: Lack,
}

/// The sign-in of a connection: it writes the names of everybody it signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// What Grafana shows at accounts that came by it.
    pub label: &'static str,
    /// It is switched on. While it is off, Grafana lets people change their own names.
    pub enabled: bool,
}

/// Providers that write login and e-mail, both of which their people cannot change in Grafana while they are on (`IsProviderEnabled`, G9):
/// the section of Grafana's configuration, and the label that Grafana shows (`GetAuthProviderLabel`). The auth proxy is not among them.
const PROVIDERS: &[(&str, &str)] = &[
    ("auth.azuread", "AzureAD"),
    ("auth.generic_oauth", "Generic OAuth"),
    ("auth.github", "GitHub"),
    ("auth.gitlab", "GitLab"),
    ("auth.google", "Google"),
    ("auth.grafana_com", "grafana.com"),
    ("auth.jwt", "JWT"),
    ("auth.ldap", "LDAP"),
    ("auth.okta", "Okta"),
    ("auth.saml", "SAML"),
];

/// `sign_in` names no provider.
const NONE: &str = "none";

/// What `sign_in` may name.
pub const SIGN_INS: &[&str] = &[
    NONE,
    "auth.azuread",
    "auth.generic_oauth",
    "auth.github",
    "auth.gitlab",
    "auth.google",
    "auth.grafana_com",
    "auth.jwt",
    "auth.ldap",
    "auth.okta",
    "auth.saml",
];

/// What Grafana shows at accounts that came by this section of its configuration.
#[must_use]
pub fn label_of(section: &str) -> Option<&'static str> {
    let found = PROVIDERS.iter().find(|(name, _)| *name == section);
    found.map(|(_, label)| *label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_in_that_may_be_named_has_a_label() {
        let sections: Vec<&str> = PROVIDERS.iter().map(|(section, _)| *section).collect();
        assert_eq!((SIGN_INS[0], &SIGN_INS[1..]), (NONE, &sections[..]));
        assert_eq!(label_of(NONE), None);
        assert_eq!(label_of("auth.proxy"), None);
    }
}
