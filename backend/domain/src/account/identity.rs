//! Which Grafana account is this SCIM user's, and which names cannot be had.
//!
//! Owns: claiming by login and e-mail, and who gives a name up. Must never choose an account that is protected, that another user has,
//! or that is in other organizations only. Start at [`choose`]; [`taken`] asks the same before anything is stored.

use super::{
    model::{Account, Candidate, Desired, Link, Manager, Plan, Profile, Question, Rules, is_recreated, remembered},
    protection::{protected_attention, protection},
};
use crate::{attention::Attention, settings::ClaimPolicy};
use vocabulary::UserId;

/// Why no account was chosen.
pub(super) struct Unclaimed {
    pub(super) attention: Attention,
    question: Option<Question>,
}

impl Unclaimed {
    pub(super) fn plan(self) -> Plan {
        Plan::blocked(self.attention, self.question)
    }

    /// The account is open, of somebody who must be out: that is what is told, and the question stays.
    pub(super) fn still_open(self, wanted: &Profile, account: &Account) -> Plan {
        let attention = Attention::StillOpen {
            login: wanted.login.clone(),
            account: account.login.clone(),
            grafana_id: account.id,
        };
        Plan::blocked(attention, self.question)
    }

    /// An admin's yes would change it.
    fn until_yes(self, account: &Account) -> Self {
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
            attention,
            question: None,
        }
    }
}

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
            ClaimPolicy::Email | ClaimPolicy::Ask if !email.protected => None,
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
    let keeps = [&own.login, own.email.as_ref().unwrap_or(&email)];
    let contested = |name: &&String| **name == wanted.login || wanted.email.as_ref() == Some(*name);
    [&login, &email]
        .into_iter()
        .filter(contested)
        .all(|name| !keeps.contains(&name))
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

/// Which of the accounts in the way is this person's.
pub(super) fn choose<'a>(
    profile: &Profile,
    others: &'a [Candidate],
    rules: &Rules,
) -> Result<&'a Candidate, Unclaimed> {
    let found = by_name(profile, others, rules)?;
    let login = || found.account.login.clone();
    if let Some(why) = protection(&found.account, rules) {
        return Err(protected_attention(&found.account.login, why).into());
    }
    if found.manager == Manager::Nobody && is_elsewhere(&found.account, rules) {
        return Err(Attention::InAnotherOrganization { login: login() }.into());
    }
    match (&found.manager, rules.claim) {
        (Manager::Other, _) => Err(Attention::ManagedForAnother { login: login() }.into()),
        (Manager::Gone { .. }, _) | (Manager::Nobody, ClaimPolicy::Login | ClaimPolicy::Email) => Ok(found),
        (Manager::Nobody, _) if found.approved => Ok(found),
        (Manager::Nobody, ClaimPolicy::Ask) => {
            let asked = Unclaimed::from(Attention::ClaimNeedsApproval { login: login() });
            Err(asked.until_yes(&found.account))
        }
        (Manager::Nobody, ClaimPolicy::Never) => Err(Attention::ClaimForbidden { login: login() }.into()),
    }
}

/// The one account that login and e-mail lead to.
fn by_name<'a>(profile: &Profile, others: &'a [Candidate], rules: &Rules) -> Result<&'a Candidate, Unclaimed> {
    let has_login = |c: &&Candidate| c.account.login.to_lowercase() == profile.login;
    let has_email = |c: &&Candidate| profile.email.as_deref() == Some(c.account.email.to_lowercase().as_str());
    let mut by_email = others.iter().filter(has_email);
    let email_owner = by_email.next();
    let ambiguous = by_email.next().is_some();
    let login = || profile.login.clone();
    match (others.iter().find(has_login), email_owner) {
        (Some(a), Some(b)) if a.account.id != b.account.id => Err(Attention::TwoAccounts {
            login: login(),
            login_owner: a.account.id,
            email_owner: b.account.id,
        }
        .into()),
        (Some(found), _) => Ok(found),
        (None, Some(found)) => {
            let returning = matches!(found.manager, Manager::Gone { .. });
            if !ambiguous && (rules.claim == ClaimPolicy::Email || returning || found.approved) {
                return Ok(found);
            }
            let unclaimed = Unclaimed::from(Attention::EmailTaken {
                login: login(),
                grafana_id: found.account.id,
            });
            let askable = !ambiguous
                && rules.claim != ClaimPolicy::Never
                && found.manager == Manager::Nobody
                && protection(&found.account, rules).is_none()
                && !is_elsewhere(&found.account, rules);
            Err(if askable {
                unclaimed.until_yes(&found.account)
            } else {
                unclaimed
            })
        }
        (None, None) => Err(Attention::NoAccount { login: login() }.into()),
    }
}

/// Grafana's users belong to the whole server: an Admin of one organization must not get hold of another one's people by naming their
/// logins.
pub(super) fn is_elsewhere(account: &Account, rules: &Rules) -> bool {
    !account.orgs.is_empty() && account.orgs.iter().all(|o| o.org_id != rules.org_id)
}
