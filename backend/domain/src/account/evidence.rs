//! What speaks for it that an account is a person's, where it is more than a name.
//!
//! Owns: whether a deleted user and a new one are one person, and whether a sign-in link counts. Must never take a name for proof:
//! logins and e-mails are written by their owners and given again by providers. Start at [`doubt`] and [`lack`].

use serde::{Deserialize, Serialize};

use super::model::{Account, Profile, Rules};

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
}

/// Why the user who comes is not known to be the one who left; `None`: it is the same person.
#[must_use]
pub fn doubt(left: &Left, comes: &ProviderIdentity, profile: &Profile, now_ms: i64, return_days: i64) -> Option<Doubt> {
    let (Some(had), Some(has)) = (given(left.external_id.as_deref()), given(comes.external_id.as_deref())) else {
        return Some(Doubt::NoExternalId);
    };
    if had != has {
        Some(Doubt::OtherExternalId)
    } else if is_name(has, comes, profile) {
        Some(Doubt::ExternalIdIsName)
    } else if !left.is_recent(now_ms, return_days) {
        Some(Doubt::TooLate)
    } else {
        None
    }
}

fn given(id: Option<&str>) -> Option<&str> {
    id.filter(|id| !id.trim().is_empty())
}

/// Whether an `externalId` is one of the person's names, or the part of one before the `@`.
fn is_name(external_id: &str, comes: &ProviderIdentity, profile: &Profile) -> bool {
    let external_id = external_id.trim().to_lowercase();
    let names = [
        Some(profile.login.as_str()),
        profile.email.as_deref(),
        comes.nickname.as_deref(),
    ];
    names.into_iter().flatten().any(|name| {
        let name = name.trim().to_lowercase();
        let local_part = name.split('@').next().unwrap_or_default();
        external_id == name || external_id == local_part
    })
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

impl SignedInBy {
    pub(super) fn of(account: &Account) -> Self {
        match account.sign_ins.first() {
            Some(label) => Self::Provider { label: label.clone() },
            None => Self::Password,
        }
    }
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

/// The sign-in of a connection: whom it signs in, it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// What Grafana shows at accounts that came by it.
    pub label: &'static str,
    /// It is switched on. While it is off, Grafana lets people change their own names.
    pub enabled: bool,
}

/// Providers that write login and e-mail, and whose people Grafana lets change neither while they are on (`IsProviderEnabled`, G9):
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

/// What an account nobody manages lacks for being claimed by its sign-in link. `several`: it is not the only one with one of the names.
#[must_use]
pub fn lack(account: &Account, several: bool, rules: &Rules) -> Option<Lack> {
    let Some(sign_in) = &rules.sign_in else {
        return Some(Lack::NoSignInNamed);
    };
    if !account.is_external || !account.sign_ins.iter().any(|label| label == sign_in.label) {
        Some(Lack::NotByThatSignIn)
    } else if !sign_in.enabled {
        Some(Lack::SignInOff)
    } else if account.is_grafana_admin || account.orgs.iter().any(|o| o.role == "Admin") {
        Some(Lack::Admin)
    } else if several {
        Some(Lack::Several)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn left(external_id: Option<&str>, days_ago: i64) -> Left {
        Left {
            external_id: external_id.map(str::to_owned),
            gone_ms: Some(NOW - days_ago * DAY_MS),
        }
    }

    fn comes(external_id: Option<&str>) -> ProviderIdentity {
        ProviderIdentity {
            external_id: external_id.map(str::to_owned),
            nickname: Some("Annie".to_owned()),
        }
    }

    fn judged(left: &Left, comes: &ProviderIdentity) -> Option<Doubt> {
        let ann = Profile::new("ann.archer@ex.com", Some("a.archer@ex.com"), None);
        doubt(left, comes, &ann, NOW, 30)
    }

    #[test]
    fn the_same_person_has_the_same_id_of_the_provider() {
        assert_eq!(judged(&left(Some("00u1"), 29), &comes(Some("00u1"))), None);
    }

    #[test]
    fn an_id_that_follows_a_name_is_nobodys() {
        for id in [
            "ann.archer@ex.com",
            "ANN.archer",
            "a.archer",
            "A.Archer@ex.com",
            "annie",
        ] {
            assert_eq!(
                judged(&left(Some(id), 1), &comes(Some(id))),
                Some(Doubt::ExternalIdIsName),
                "{id}"
            );
        }
    }

    #[test]
    fn no_other_or_late_id_proves_nothing() {
        for (had, has, days, why) in [
            (Some("00u1"), Some("00u2"), 1, Doubt::OtherExternalId),
            (Some("00u1"), Some("00U1"), 1, Doubt::OtherExternalId),
            (Some("00u1"), None, 1, Doubt::NoExternalId),
            (None, Some("00u1"), 1, Doubt::NoExternalId),
            (Some(" "), Some(" "), 1, Doubt::NoExternalId),
            (Some("00u1"), Some("00u1"), 31, Doubt::TooLate),
        ] {
            assert_eq!(judged(&left(had, days), &comes(has)), Some(why), "{had:?} {has:?}");
        }
        let unknown = Left {
            gone_ms: None,
            ..left(Some("00u1"), 0)
        };
        assert_eq!(judged(&unknown, &comes(Some("00u1"))), Some(Doubt::TooLate));
    }

    #[test]
    fn every_sign_in_that_may_be_named_has_a_label() {
        let sections: Vec<&str> = PROVIDERS.iter().map(|(section, _)| *section).collect();
        assert_eq!((SIGN_INS[0], &SIGN_INS[1..]), (NONE, &sections[..]));
        assert_eq!(label_of(NONE), None);
        assert_eq!(label_of("auth.proxy"), None);
    }

    proptest! {
        #[test]
        fn two_people_with_two_ids_are_never_one(had in ".{0,8}", has in ".{0,8}", days in 0_i64..60) {
            prop_assume!(had != has);
            prop_assert!(judged(&left(Some(&had), days), &comes(Some(&has))).is_some());
        }
    }
}
