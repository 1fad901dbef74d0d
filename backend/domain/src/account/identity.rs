//! Which Grafana account is this SCIM user's, and which names cannot be had.
//!
//! Owns: claiming by login and e-mail, and who gives a name up. Must never choose an account that is protected, that another user has,
//! or that is in other organizations only. Start at [`choose`]; [`taken`] asks the same before anything is stored.

use super::{
    authority::{Claimant, at_claim},
    leaver::{Room, is_the_persons, make_room},
    model::{Account, Action, Candidate, Desired, Link, Manager, Profile, Rules, is_recreated, remembered},
    names::{Unclaimed, WantedNames, is_protected},
    proof::{lack, signed_in_by},
    protection::account_protection,
};
use crate::{
    attention::{Attention, Delay},
    evidence::{Evidence, Lack},
    settings::ClaimPolicy,
};
use vocabulary::UserId;

/// An account that nobody manages and that has a name somebody is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameOwner {
    /// Grafana's id.
    pub id: UserId,
    /// Server admin or on the break-glass list: never claimed.
    pub protected: bool,
}

/// A name that cannot be had, and the account in Grafana that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameConflict {
    /// The userName is its login.
    UserName(UserId),
    /// The e-mail is its e-mail.
    Email(UserId),
}

/// Whether a name cannot be had (R10), by the rules of the planner, for who asks before anything is stored. `login` has the userName for a
/// login and `email` the e-mail; `linked`: the person has an account. An account that is claimed, or that an admin is to be asked about,
/// is in nobody's way.
#[must_use]
pub fn taken(
    login: Option<NameOwner>,
    email: Option<NameOwner>,
    linked: bool,
    claim: ClaimPolicy,
) -> Option<NameConflict> {
    let of_login = |h: NameOwner| Some(NameConflict::UserName(h.id));
    let of_email = |h: NameOwner| Some(NameConflict::Email(h.id));
    match (login, email) {
        (None, None) => None,
        (Some(login), _) if linked => of_login(login),
        (None, Some(email)) if linked => of_email(email),
        (Some(login), Some(email)) if login.id != email.id => of_email(email),
        (Some(login), _) => (login.protected || claim == ClaimPolicy::Never)
            .then(|| of_login(login))
            .flatten(),
        (None, Some(email)) => match claim {
            ClaimPolicy::Email | ClaimPolicy::Ask | ClaimPolicy::Linked if !email.protected => None,
            _ => of_email(email),
        },
    }
}

/// Whether the account with this login and e-mail gives up what of it somebody else is `wanted` to have, once its own person (`theirs`) is
/// as the provider says: two people may swap their names.
#[must_use]
pub fn frees_names(theirs: &Desired, login: &str, email: &str, wanted: &Profile) -> bool {
    let (Desired::Open(own) | Desired::Closed(own)) = theirs else {
        return false;
    };
    let (login, email) = (login.to_lowercase(), email.to_lowercase());
    let keeps_login = login == wanted.login && own.login == login;
    let keeps_email = wanted.email.as_ref() == Some(&email) && own.email.as_ref().is_none_or(|e| *e == email);
    !keeps_login && !keeps_email
}

/// The texts that Grafana may take for this account, the safest first: nobody else has its e-mail, while its login may be somebody's
/// e-mail, which Grafana looks for first in whatever has an `@` (G4).
#[must_use]
pub fn texts(account: &Account) -> Vec<&str> {
    let (login, email) = (account.login.as_str(), account.email.as_str());
    let mut texts = if email.contains('@') {
        vec![email, login]
    } else {
        vec![login, email]
    };
    texts.retain(|text| !text.is_empty());
    texts.dedup();
    texts
}

/// Whose login and e-mail other accounts may be in the way of: the provider's word, or what a recreated account is to be made with again.
#[must_use]
pub fn profile_to_match(desired: &Desired, link: Option<&Link>) -> Option<Profile> {
    match desired {
        Desired::Open(profile) | Desired::Closed(profile) => Some(profile.clone()),
        Desired::Gone => {
            let write = remembered(link.filter(|l| is_recreated(l)))?;
            Some(Profile::new(&write.login, Some(&write.email), Some(&write.name)))
        }
    }
}

/// What to do about accounts that have a name the person is to have.
pub(super) enum Choice<'a> {
    /// Nobody has one.
    Free,
    /// This one is the person's.
    Claim(&'a Candidate),
    /// People who left make room first.
    MakeRoom(Vec<Action>),
    /// Somebody who left has one, and is about to be closed.
    Wait(Delay),
}

/// Which of these accounts is this person's.
pub(super) fn choose<'a>(profile: &Profile, others: &'a [Candidate], rules: &Rules) -> Result<Choice<'a>, Unclaimed> {
    if let Some(own) = others.iter().find(|c| is_the_persons(c)) {
        return match account_protection(&own.account, rules) {
            Some(why) => Err(is_protected(&own.account, why)),
            None => Ok(Choice::Claim(own)),
        };
    }
    let wanted = WantedNames::of(profile, others);
    match make_room(&wanted, others, rules)? {
        Room::Free => {}
        Room::Moves(actions) => return Ok(Choice::MakeRoom(actions)),
        Room::Soon(delay) => return Ok(Choice::Wait(delay)),
    }
    let by_login = others.iter().find(|c| wanted.login_of(&c.account));
    let mut by_email = others.iter().filter(|c| wanted.email_of(&c.account));
    let email_owner = by_email.next();
    let several = by_email.next().is_some();
    let found = match (by_login, email_owner) {
        (None, None) => return Ok(Choice::Free),
        (Some(a), Some(b)) if a.account.id != b.account.id => {
            return Err(Attention::TwoAccounts {
                login: profile.login.clone(),
                login_owner: a.account.id,
                email_owner: b.account.id,
            }
            .into());
        }
        (Some(found), _) | (None, Some(found)) => found,
    };
    let (account, login) = (&found.account, || found.account.login.clone());
    if let Some(why) = account_protection(account, rules) {
        return Err(is_protected(account, why));
    }
    match found.manager {
        Manager::Other | Manager::Gone { .. } if by_login.is_some() => {
            Err(Attention::ManagedForAnother { login: login() }.into())
        }
        Manager::Other | Manager::Gone { .. } => Err(email_taken(profile, account)),
        Manager::Nobody => {
            claimable(account, rules)?;
            strangers(profile, &wanted, found, several, rules).map(|()| Choice::Claim(found))
        }
    }
}

/// Grafana's users belong to the whole server: an Admin of one organization must not get hold of another one's people by naming their
/// logins, and who is in none has nobody here who could vouch for it.
fn claimable(account: &Account, rules: &Rules) -> Result<(), Unclaimed> {
    let login = || account.login.clone();
    match at_claim(account, rules) {
        Claimant::Ours(_) => Ok(()),
        Claimant::AnotherOrganization => Err(Attention::InAnotherOrganization { login: login() }.into()),
        // Only a server admin can say whose it is, and the page cannot tell one from an Admin yet.
        Claimant::NoOrganization if !rules.claim.is_by_name() => {
            Err(Attention::InNoOrganization { login: login() }.into())
        }
        Claimant::NoOrganization => Ok(()),
    }
}

fn email_taken(profile: &Profile, account: &Account) -> Unclaimed {
    Attention::EmailTaken {
        login: profile.login.clone(),
        grafana_id: account.id,
    }
    .into()
}

/// Whether an account that nobody ever managed is the person's: an admin's word, or what the policy takes for enough.
fn strangers(
    profile: &Profile,
    wanted: &WantedNames<'_>,
    found: &Candidate,
    several: bool,
    rules: &Rules,
) -> Result<(), Unclaimed> {
    let account = &found.account;
    let by_login = wanted.login_of(account);
    if found.approved {
        return Ok(());
    }
    let missing = match rules.claim {
        ClaimPolicy::Login if by_login => return Ok(()),
        ClaimPolicy::Email if by_login || !several => return Ok(()),
        ClaimPolicy::Linked => lack(account, several, rules),
        ClaimPolicy::Never if by_login => {
            let login = account.login.clone();
            return Err(Attention::ClaimForbidden { login }.into());
        }
        ClaimPolicy::Never => return Err(email_taken(profile, account)),
        // Two have the e-mail: a yes would not say which.
        _ if several && !by_login => return Err(email_taken(profile, account)),
        ClaimPolicy::Login | ClaimPolicy::Email => return Err(email_taken(profile, account).until_yes(account)),
        ClaimPolicy::Ask => Some(Lack::Policy),
    };
    let Some(lack) = missing else { return Ok(()) };
    let asked = Unclaimed::from(Attention::ClaimNeedsApproval {
        login: account.login.clone(),
        grafana_id: account.id,
        evidence: Evidence {
            login: by_login,
            email: wanted.email_of(account),
            by: signed_in_by(account),
            lack,
        },
    });
    Err(asked.until_yes(account))
}
