//! Whether more than a name says that an account is a person's.
//!
//! Owns: comparing the provider's own ids, and whether a sign-in link counts. Must never take a name for proof: logins and e-mails are
//! written by their owners and given again by providers. Start at [`doubt`] and [`lack`].

use super::model::{Account, Profile, Rules};
use crate::evidence::{Doubt, Lack, Left, ProviderIdentity, SignedInBy};

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
pub(super) fn signed_in_by(account: &Account) -> SignedInBy {
    match account.sign_ins.first() {
        Some(label) => SignedInBy::Provider { label: label.clone() },
        None => SignedInBy::Password,
    }
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

    const DAY_MS: i64 = 86_400_000;
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

    proptest! {
        #[test]
        fn two_people_with_two_ids_are_never_one(had in ".{0,8}", has in ".{0,8}", days in 0_i64..60) {
            prop_assume!(had != has);
            prop_assert!(judged(&left(Some(&had), days), &comes(Some(&has))).is_some());
        }
    }
}
