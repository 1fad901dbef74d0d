//! Login, e-mail and name: written, deferred, or in somebody's way.
//!
//! Owns: what is sent to Grafana of a profile. Must never write a name that another account has. Start at [`write`].

use super::model::{Account, Action, Candidate, Observed, Plan, Profile, Write};
use crate::attempt::Attention;

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

const NOT_APPLIED: &str = "Could not change the profile of ";

/// Grafana answered 200 to a profile and shows the old one: with `[users] verify_email_enabled` it sends a mail instead, and every
/// further try would be one more (`api/user.go`, `handleUpdateUser`).
#[must_use]
pub fn not_applied(login: &str) -> Attention {
    Attention::new(
        format!("{NOT_APPLIED}“{login}”: Grafana took the change and shows the old values."),
        "If [users] verify_email_enabled is on, the person must follow the link in Grafana's mail; or turn it off and press Check now.",
    )
}

/// Whether a reason is [`not_applied`]'s: it ends by itself, when the person has followed the link.
#[must_use]
pub fn is_not_applied(reason: &str) -> bool {
    reason.starts_with(NOT_APPLIED)
}

/// A name nobody else wants, for an account that has to make room before it can have its own: `.invalid` is nobody's domain (RFC 2606).
fn parked(account: &Account, differs: &[&str]) -> Write {
    let changes = |what: &str| differs.contains(&what);
    let (login, email) = (
        format!("rollcall-{}", account.id),
        format!("rollcall-{}@rollcall.invalid", account.id),
    );
    Write {
        login: if changes("userName") {
            login
        } else {
            account.login.clone()
        },
        email: if changes("emails") {
            email
        } else {
            account.email.clone()
        },
        name: account.name.clone(),
    }
}

/// Profile attributes: written, deferred, or in somebody's way.
pub(super) fn write(profile: &Profile, account: &Account, observed: &Observed, plan: &mut Plan) {
    let email = profile.email.as_deref().unwrap_or(&account.email);
    let name = profile.name.as_deref().unwrap_or(&account.name);
    let mut differs = Vec::new();
    if profile.login != account.login.to_lowercase() {
        differs.push("userName");
    }
    if email.to_lowercase() != account.email.to_lowercase() {
        differs.push("emails");
    }
    if name != account.name {
        differs.push("name");
    }
    if differs.is_empty() {
        return;
    }
    if account.is_external {
        // Grafana answers 403 and copies all three from the provider at the next sign-in.
        plan.deferred = differs;
        return;
    }
    // Grafana would answer 500 to a taken login or e-mail (R10): nothing is written, and a person is told.
    let mut in_the_way = observed.others.iter().filter(|c| {
        let theirs = [c.account.login.to_lowercase(), c.account.email.to_lowercase()];
        theirs.contains(&profile.login) || theirs.contains(&email.to_lowercase())
    });
    // Whose names a single sign-on provider owns gives them up at his next sign-in, which may be never.
    let stays = |c: &&Candidate| !c.leaving || c.account.is_external;
    if let Some(other) = in_the_way.clone().find(stays) {
        if plan.attention.is_none() {
            plan.attention = Some(Attention::new(
                format!(
                    "The new user name or e-mail of “{}” belongs to another account in Grafana (id {}). Nothing was changed.",
                    account.login, other.account.id
                ),
                "Change the user name or e-mail of one of the two.",
            ));
        }
        return;
    }
    if let Some(other) = in_the_way.next() {
        plan.waits = Some(format!(
            "The new user name or e-mail of “{}” is still “{}”'s, who is to have another.",
            account.login, other.account.login
        ));
        // Each of the two may be waiting for the other: who waited already makes room.
        let room = parked(account, &differs);
        if observed.waited && (&room.login, &room.email) != (&account.login, &account.email) {
            plan.actions.push(Action::Update(room));
        }
        return;
    }
    plan.actions.push(Action::Update(Write {
        login: profile.login.clone(),
        email: email.to_owned(),
        name: name.to_owned(),
    }));
}
