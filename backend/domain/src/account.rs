//! One SCIM user against Grafana's account: which calls make Grafana match.
//!
//! Owns: claiming, protection, the deprovision policy (docs/deprovisioning.md) and deferred attributes. Must never plan a change of a protected
//! account, of an account that is not managed, or of an org role that was not there before. Pure and total.
//! Start at [`plan`]; the engine executes [`Plan::actions`] in order, observes again and plans again until nothing is left to do.

mod authority;
mod break_glass;
mod identity;
mod last_admin;
mod leaver;
mod lifecycle;
mod model;
mod names;
mod profile;
mod proof;
mod protection;
mod steps;
#[cfg(test)]
mod tests;

use authority::{Claimant, at_claim};
use identity::{Choice, choose};
use lifecycle::managed;
use model::{is_recreated, remembered};
use names::Unclaimed;
use profile::first_write;
use protection::account_protection;

use vocabulary::AccountOrigin;

use crate::{
    attention::{Attention, Protection},
    settings::{Deprovision, Linking},
};

pub use break_glass::{Bearer, Entry, resolve};
pub use identity::{NameConflict, NameOwner, frees_names, profile_to_match, taken, texts};
pub use last_admin::{OrgMember, is_kept};
pub use model::{
    Access, Account, Authority, Candidate, Desired, History, Link, Manager, Observed, OrgRole, Profile, ProtectedIds,
    Rules, Snapshot, TeamMembership, Write,
};
pub use profile::differs;
pub use proof::doubt;
pub use protection::{Rank, protection};
pub use steps::{Action, End, Plan, Question};

/// Desired × observed → what to do.
#[must_use]
pub fn plan(desired: &Desired, link: Option<&Link>, observed: &Observed, rules: &Rules) -> Plan {
    if let (Some(link), Some(account)) = (link, &observed.linked) {
        return managed(desired, link, account, observed, rules);
    }
    match desired {
        Desired::Open(profile) if is_deleted_by_hand(link, observed, rules) => deleted_by_hand(profile, link),
        Desired::Open(profile) => arrive(desired, profile, link, &observed.others, rules),
        Desired::Closed(_) | Desired::Gone => absent(desired, link, &observed.others, rules),
    }
}

/// Nobody is made with a name on the list `break_glass`.
fn reserved(login: &str) -> Attention {
    Attention::Protected {
        login: login.to_owned(),
        why: Protection::BreakGlass,
    }
}

fn forget() -> Plan {
    Plan::new(vec![Action::Forget], Access::None)
}

/// Somebody deleted the account of a person who may sign in, and nobody has said yet that it is to be made again (R9). Where the sign-in
/// makes accounts, it asks nobody.
fn is_deleted_by_hand(link: Option<&Link>, observed: &Observed, rules: &Rules) -> bool {
    let by_hand = link.is_some_and(|l| l.grafana_id.is_some() && l.deprovisioned_by.is_none());
    by_hand && !observed.approved && observed.others.is_empty() && rules.linking == Linking::PreCreate
}

fn deleted_by_hand(profile: &Profile, link: Option<&Link>) -> Plan {
    let login = || profile.login.clone();
    let question = link.and_then(|l| l.grafana_id).map(|grafana_id| Question {
        grafana_id,
        login: login(),
    });
    Plan::blocked(Attention::DeletedByHand { login: login() }, question)
}

/// No account, and one is wanted.
fn arrive(desired: &Desired, profile: &Profile, link: Option<&Link>, others: &[Candidate], rules: &Rules) -> Plan {
    match choose(profile, others, rules) {
        Ok(Choice::Claim(chosen)) => take_over(desired, link, chosen, others, rules),
        Ok(Choice::MakeRoom(actions)) => Plan::new(actions, Access::None),
        Ok(Choice::Wait(delay)) => Plan::waiting(delay),
        Ok(Choice::Free) if rules.break_glass.contains(&profile.login) => Plan::blocked(reserved(&profile.login), None),
        Ok(Choice::Free) if rules.linking == Linking::FirstLogin => Plan::nothing(Access::AtFirstSignIn),
        Ok(Choice::Free) => {
            let create = Action::Create(first_write(profile, remembered(link)));
            Plan::new(vec![create], Access::Open)
        }
        Err(unclaimed) => unclaimed.plan(),
    }
}

/// No account, and none is wanted: none is made but a recreated one, and one that would be claimed is closed.
fn absent(desired: &Desired, link: Option<&Link>, others: &[Candidate], rules: &Rules) -> Plan {
    let recreated = link.is_some_and(is_recreated);
    let profile = profile_to_match(desired, link);
    if let Some(profile) = profile.as_ref().filter(|_| !others.is_empty()) {
        let protected = others.iter().any(|c| account_protection(&c.account, rules).is_some());
        let unclaimed = match choose(profile, others, rules) {
            Ok(Choice::Claim(chosen)) => return take_over(desired, link, chosen, others, rules),
            // Somebody who left is closed by a plan of their own.
            Ok(Choice::Free | Choice::MakeRoom(_) | Choice::Wait(_)) => None,
            Err(unclaimed) if protected || recreated => return Plan::blocked(*unclaimed.attention, None),
            Err(unclaimed) => Some(unclaimed),
        };
        // Nobody said whose it is, so it is not closed. That is no reason to call it closed.
        let open = others.iter().find(|c| {
            let elsewhere = at_claim(&c.account, rules) == Claimant::AnotherOrganization;
            c.manager == Manager::Nobody && !c.account.is_disabled && !elsewhere
        });
        if let Some(open) = open {
            return Unclaimed::still_open(unclaimed, profile, &open.account);
        }
    }
    let Some(link) = link else {
        return Plan::nothing(Access::None);
    };
    match link.deprovisioned_by {
        // We deleted it to make it again as disabled, or somebody deleted the recreated account by hand: without it the next sign-in at the
        // provider makes an open account.
        Some(Deprovision::Recreate) => {
            let write = remembered(Some(link)).cloned();
            match write.or_else(|| profile.map(|p| first_write(&p, None))) {
                Some(write) if rules.break_glass.contains(&write.login) => Plan::blocked(reserved(&write.login), None),
                Some(write) => Plan::new(
                    vec![Action::Create(write), Action::Disable],
                    rules.closed(Deprovision::Recreate),
                ),
                None => forget(),
            }
        }
        // Remembered for the return; who is deleted at the provider too has none.
        Some(Deprovision::Delete) if *desired != Desired::Gone => Plan::nothing(rules.closed(Deprovision::Delete)),
        _ => forget(),
    }
}

fn take_over(desired: &Desired, own: Option<&Link>, chosen: &Candidate, others: &[Candidate], rules: &Rules) -> Plan {
    let grafana_id = Some(chosen.account.id);
    let policy = match chosen.manager {
        Manager::Gone { doubt: None, .. } => true,
        _ if chosen.approved => !chosen.keeps_password,
        _ => rules.renew_claimed,
    };
    // A provider's people have no password of Grafana's.
    let renew_password = policy && !chosen.account.is_external;
    let (link, from) = match &chosen.manager {
        Manager::Gone { user_id, link, .. } => (
            Link {
                grafana_id,
                renew_password,
                ..Link::clone(link)
            },
            Some(user_id.clone()),
        ),
        Manager::Nobody | Manager::Other => {
            let authority = match at_claim(&chosen.account, rules) {
                Claimant::Ours(authority) => authority,
                Claimant::AnotherOrganization | Claimant::NoOrganization => Authority::Organization,
            };
            let link = Link {
                grafana_id,
                origin: AccountOrigin::Claimed,
                snapshot: own.and_then(|l| l.snapshot.clone()),
                deprovisioned_by: own.and_then(|l| l.deprovisioned_by),
                history: History::new(authority),
                renew_password,
            };
            (link, None)
        }
    };
    let others = others.iter().filter(|c| c.account.id != chosen.account.id);
    let rest = Observed {
        others: others.cloned().collect(),
        ..Observed::default()
    };
    let mut plan = managed(desired, &link, &chosen.account, &rest, rules);
    plan.actions.insert(
        0,
        Action::Claim {
            grafana_id: chosen.account.id,
            origin: link.origin,
            history: link.history,
            from,
            snapshot: link.snapshot,
            deprovisioned_by: link.deprovisioned_by,
            renew_password,
        },
    );
    plan
}
