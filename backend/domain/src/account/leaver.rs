//! Accounts of people who left, and somebody else is to have their names.
//!
//! Owns: which of them makes room, and which is a question. Must never give one to somebody who is not known to be the same person, and
//! never move one that is open. Start at [`make_room`].

use vocabulary::AccountOrigin;

use super::{
    authority::Powers,
    model::{Account, Candidate, Link, Manager, Rules, Write},
    names::{Unclaimed, WantedNames, is_protected},
    protection::account_protection,
    steps::Action,
};
use crate::{
    attention::{Attention, Delay},
    evidence::Doubt,
};

/// The columns of Grafana's database (G16).
const LONGEST_NAME: usize = 190;

/// The names of the account of somebody who left, once somebody else is to have these: readable, and nobody's domain.
fn names_aside(account: &Account) -> Write {
    let suffix = format!(".rollcall-{}.invalid", account.id);
    let aside = |name: &str| {
        let kept = LONGEST_NAME.saturating_sub(suffix.chars().count());
        let name: String = name.chars().take(kept).collect();
        format!("{name}{suffix}")
    };
    let login = aside(&account.login);
    Write {
        email: if account.email.is_empty() {
            login.clone()
        } else {
            aside(&account.email)
        },
        login,
        name: account.name.clone(),
    }
}

/// What becomes of the names that people who left still have.
pub(super) enum Room {
    /// Nobody who left has one.
    Free,
    /// These make room.
    Moves(Vec<Action>),
    /// Somebody is not closed yet, and makes room then.
    Soon(Delay),
}

/// What Rollcall knows of an account whose user was deleted.
fn left(candidate: &Candidate) -> Option<(&Link, Option<Doubt>, bool)> {
    match &candidate.manager {
        Manager::Gone {
            link, doubt, recent, ..
        } => Some((link, *doubt, *recent)),
        Manager::Nobody | Manager::Other => None,
    }
}

/// Whether the account was the person's before, by the provider's own id or an admin's word.
pub(super) fn is_the_persons(candidate: &Candidate) -> bool {
    left(candidate).is_some_and(|(_, doubt, _)| doubt.is_none() || candidate.approved)
}

/// Whether an account gives its names up once it is closed: Rollcall made it, it is in no other organization, and Grafana lets it be
/// renamed.
pub(super) fn makes_room(candidate: &Candidate, rules: &Rules) -> bool {
    let account = &candidate.account;
    let ours = |link: &Link| link.origin == AccountOrigin::Provisioned && Powers::over(link, account, rules).write;
    left(candidate).is_some_and(|(link, _, _)| ours(link))
        && !is_the_persons(candidate)
        && !account.is_external
        && account_protection(account, rules).is_none()
}

/// The call that takes the names from an account that is closed.
pub(super) fn move_aside(candidate: &Candidate, rules: &Rules) -> Option<Action> {
    let account = &candidate.account;
    (makes_room(candidate, rules) && account.is_disabled).then(|| Action::MoveAside {
        grafana_id: account.id,
        write: names_aside(account),
    })
}

/// Looks at everybody who left and has a name that is wanted.
pub(super) fn make_room(wanted: &WantedNames<'_>, others: &[Candidate], rules: &Rules) -> Result<Room, Unclaimed> {
    let mut moves = Vec::new();
    let mut soon = None;
    for candidate in others {
        let account = &candidate.account;
        let Some((_, Some(doubt), recent)) = left(candidate) else {
            continue;
        };
        // It is the person's own, whatever it is called.
        let kept = doubt == Doubt::KeptClosed;
        if !kept && !wanted.any_of(account) {
            continue;
        }
        if let Some(why) = account_protection(account, rules) {
            return Err(is_protected(account, why));
        }
        // Both names within the time of a return: the same person made again, another provider with other ids, or a namesake.
        if kept || (recent && wanted.both_of(account)) || !makes_room(candidate, rules) {
            let asked = Unclaimed::from(Attention::LeaversAccount {
                login: account.login.clone(),
                grafana_id: account.id,
                doubt,
            });
            return Err(asked.until_yes(account));
        }
        match move_aside(candidate, rules) {
            Some(action) => moves.push(action),
            None => {
                soon = Some(Delay::NameNotFree {
                    login: wanted.login.to_owned(),
                    owner: account.login.clone(),
                });
            }
        }
    }
    Ok(match soon {
        _ if !moves.is_empty() => Room::Moves(moves),
        Some(delay) => Room::Soon(delay),
        None => Room::Free,
    })
}
