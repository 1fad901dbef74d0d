//! Login, e-mail and name: written, deferred, or in somebody's way.
//!
//! Owns: what is sent to Grafana of a profile. Must never write a name that another account has. Start at [`write`].

use super::{
    leaver::{makes_room, move_aside},
    model::{Account, Action, Candidate, Observed, Profile, ProfileEnd, Rules, Write},
};
use crate::attention::{Attention, Delay};
use vocabulary::{Attribute, OrgId};

/// A profile for an account to be made. What the provider does not say is as it was; without any e-mail Grafana uses the login, and
/// without a name it shows the login.
pub(super) fn first_write(profile: &Profile, before: Option<&Write>) -> Write {
    let or_before = |now: &Option<String>, old: fn(&Write) -> &String| {
        now.clone()
            .or_else(|| before.map(|w| old(w).clone()))
            .unwrap_or_else(|| profile.login.clone())
    };
    Write {
        login: profile.login.clone(),
        email: or_before(&profile.email, |w| &w.email),
        name: or_before(&profile.name, |w| &w.name),
    }
}

/// A name nobody else wants, for an account that has to make room before it can have its own: `.invalid` is nobody's domain (RFC 2606).
fn placeholder_profile(account: &Account, differs: &[Attribute]) -> Write {
    let changes = |what| differs.contains(&what);
    let (login, email) = (
        format!("rollcall-{}", account.id),
        format!("rollcall-{}@rollcall.invalid", account.id),
    );
    Write {
        login: if changes(Attribute::UserName) {
            login
        } else {
            account.login.clone()
        },
        email: if changes(Attribute::Emails) {
            email
        } else {
            account.email.clone()
        },
        name: account.name.clone(),
    }
}

/// Which attributes of the account are not as the provider wants them.
fn differing(profile: &Profile, account: &Account, email: &str, name: &str) -> Vec<Attribute> {
    let mut differs = Vec::new();
    if profile.login != account.login.to_lowercase() {
        differs.push(Attribute::UserName);
    }
    if email.to_lowercase() != account.email.to_lowercase() {
        differs.push(Attribute::Emails);
    }
    if name != account.name {
        differs.push(Attribute::Name);
    }
    differs
}

/// Whether the account is not called as the provider wants.
#[must_use]
pub fn differs(profile: &Profile, account: &Account) -> bool {
    let email = profile.email.as_deref().unwrap_or(&account.email);
    let name = profile.name.as_deref().unwrap_or(&account.name);
    !differing(profile, account, email, name).is_empty()
}

/// Profile attributes: written, deferred, or in somebody's way. `out_of_reach`: nothing is written,
/// because these organizations have a say too; the e-mail is the key to the password.
pub(super) fn write(
    profile: &Profile,
    account: &Account,
    observed: &Observed,
    out_of_reach: Option<Vec<OrgId>>,
    rules: &Rules,
    actions: &mut Vec<Action>,
) -> ProfileEnd {
    let email = profile.email.as_deref().unwrap_or(&account.email);
    let name = profile.name.as_deref().unwrap_or(&account.name);
    let differs = differing(profile, account, email, name);
    if differs.is_empty() {
        return ProfileEnd::Written;
    }
    if account.is_external {
        // Grafana answers 403 and copies all three from the provider at the next sign-in.
        return ProfileEnd::Deferred(differs);
    }
    if let Some(org_ids) = out_of_reach {
        return ProfileEnd::Blocked(Attention::ProfileNotOurs {
            login: account.login.clone(),
            org_ids,
        });
    }
    // Grafana would answer 500 to a taken login or e-mail (R10): nothing is written, and a person is
    // told. That one's login is another one's e-mail is no conflict (G4).
    let mut in_the_way = observed.others.iter().filter(|c| {
        c.account.login.to_lowercase() == profile.login || c.account.email.to_lowercase() == email.to_lowercase()
    });
    let moves: Vec<Action> = in_the_way.clone().filter_map(|c| move_aside(c, rules)).collect();
    if !moves.is_empty() {
        actions.extend(moves);
        return ProfileEnd::Written;
    }
    // A name that a single sign-on provider owns is given up at the next sign-in, which may be never.
    let leaves = |c: &Candidate| c.leaving || makes_room(c, rules);
    let stays = |c: &&Candidate| !leaves(c) || c.account.is_external;
    if let Some(other) = in_the_way.clone().find(stays) {
        return ProfileEnd::Blocked(Attention::NameTaken {
            login: account.login.clone(),
            grafana_id: other.account.id,
        });
    }
    if let Some(other) = in_the_way.next() {
        // Each of the two may be waiting for the other: the one that waited already makes room.
        let room = placeholder_profile(account, &differs);
        if observed.waited && (&room.login, &room.email) != (&account.login, &account.email) {
            actions.push(Action::Update(room));
        }
        return ProfileEnd::Wait(Delay::NameNotFree {
            login: account.login.clone(),
            owner: other.account.login.clone(),
        });
    }
    actions.push(Action::Update(Write {
        login: profile.login.clone(),
        email: email.to_owned(),
        name: name.to_owned(),
    }));
    ProfileEnd::Written
}
