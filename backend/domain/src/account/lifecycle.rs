//! A managed account: opened, closed, and given back what it had.
//!
//! Owns: the deprovision policy (docs/deprovisioning.md) and what is remembered before something is destroyed. Must never plan a change of a protected
//! account, or close the last person who is Admin. Start at [`managed`].

use super::{
    model::{
        Access, Account, Action, Desired, Link, Observed, Plan, Profile, Rules, Snapshot, TeamMembership, is_recreated,
    },
    profile::{first_write, write},
    protection::{protected_attention, protection},
};
use crate::{
    attention::Attention,
    settings::{Deprovision, Linking},
};

pub(super) fn managed(desired: &Desired, link: &Link, account: &Account, observed: &Observed, rules: &Rules) -> Plan {
    let mut plan = match desired {
        Desired::Open(profile) => open(profile, link, account, rules),
        Desired::Closed(_) | Desired::Gone => close(link, account, rules),
    };
    let deletes = plan.actions.iter().any(|a| matches!(a, Action::Delete(_)));
    if let Desired::Open(profile) | Desired::Closed(profile) = desired
        && !deletes
    {
        let written = write(profile, account, observed, rules, &mut plan.actions);
        plan.end = plan.end.with_profile(written);
    }
    match protection(account, rules) {
        Some(why) if !plan.actions.is_empty() || plan.end.attention().is_some() => {
            Plan::blocked(protected_attention(&account.login, why), None)
        }
        _ => plan,
    }
}

/// What must be remembered before the account goes; nothing where that is known already: who came back by themselves has a role the
/// provider gave, and what to restore is what they had before.
fn remember(link: &Link, account: &Account) -> Option<Action> {
    let now = Snapshot::of(account);
    match &link.snapshot {
        None => Some(Action::Remember(now)),
        Some(before) if before.profile.is_none() => Some(Action::Remember(Snapshot {
            profile: now.profile,
            ..before.clone()
        })),
        Some(_) => None,
    }
}

fn open(profile: &Profile, link: &Link, account: &Account, rules: &Rules) -> Plan {
    let mut plan = Plan::nothing(Access::Open);
    // Where the sign-in makes the account, a recreated account would be in its way: Grafana finds its login or e-mail taken.
    let recreated = rules.linking == Linking::FirstLogin && is_recreated(link);
    if account.is_disabled && (account.is_external || recreated) {
        // Disabled first, linked by a sign-in afterwards, and Grafana will not enable it any more (G22).
        if matches!(link.deprovisioned_by, None | Some(Deprovision::Suspend)) {
            // Nor did we disable it: LDAP disables who is no longer in its directory, and enables them itself.
            return Plan::blocked(
                Attention::CannotEnable {
                    login: account.login.clone(),
                },
                None,
            );
        }
        plan.actions.extend(remember(link, account));
        plan.actions.push(Action::Delete(Deprovision::Delete));
        if rules.linking == Linking::FirstLogin {
            return Plan::new(plan.actions, Access::AtFirstSignIn);
        }
        let before = Snapshot::of(account).profile;
        plan.actions.push(Action::Create(first_write(profile, before.as_ref())));
        return plan;
    }
    // Before it is open again, or given anything.
    if link.renew_password && !account.is_external {
        plan.actions.push(Action::RenewPassword);
    }
    if account.is_disabled {
        plan.actions.push(Action::Enable);
    }
    if let Some(snapshot) = &link.snapshot {
        for given in &snapshot.orgs {
            match account.orgs.iter().find(|have| have.org_id == given.org_id) {
                None => plan.actions.push(Action::JoinOrg(given.clone())),
                // A local account has a snapshot only where it was made again. Roles of the others are their provider's.
                Some(have) if have.role != given.role && !account.is_external => {
                    plan.actions.push(Action::SetRole(given.clone()));
                }
                Some(_) => {}
            }
        }
        let missing = |t: &&TeamMembership| !account.teams.contains(t);
        plan.actions
            .extend(snapshot.teams.iter().filter(missing).cloned().map(Action::JoinTeam));
    }
    plan
}

fn close(link: &Link, account: &Account, rules: &Rules) -> Plan {
    let local = if is_recreated(link) {
        Deprovision::Recreate
    } else {
        Deprovision::Disable
    };
    // Deleting what is disabled gains nothing, so a change of the policy deletes nobody who is closed already.
    if account.is_disabled {
        return Plan::nothing(rules.closed(local));
    }
    let enough = match rules.max_action {
        Deprovision::Disable | Deprovision::Suspend => true,
        // Who is in no organization can still sign in, and `recreate` says nobody can.
        Deprovision::Recreate => false,
        Deprovision::Delete => link.deprovisioned_by == Some(Deprovision::Suspend),
    };
    if account.is_external && account.orgs.is_empty() && enough {
        return Plan::nothing(rules.closed(Deprovision::Suspend));
    }
    if let Some(org) = account.last_admin_of.first() {
        return Plan::blocked(
            Attention::LastAdmin {
                login: account.login.clone(),
                org_id: *org,
            },
            None,
        );
    }
    match rules.max_action {
        Deprovision::Delete => {
            let mut actions: Vec<Action> = remember(link, account).into_iter().collect();
            actions.push(Action::Delete(Deprovision::Delete));
            Plan::new(actions, rules.closed(Deprovision::Delete))
        }
        _ if !account.is_external => Plan::new(vec![Action::Disable], rules.closed(local)),
        Deprovision::Disable => Plan::blocked(
            Attention::CannotDisable {
                login: account.login.clone(),
            },
            None,
        ),
        Deprovision::Suspend => {
            let mut actions = Vec::new();
            if link.snapshot.is_none() {
                actions.push(Action::Remember(Snapshot::of(account)));
            }
            actions.extend(account.orgs.iter().map(|o| Action::LeaveOrg(o.org_id)));
            actions.push(Action::Logout);
            Plan::new(actions, rules.closed(Deprovision::Suspend))
        }
        Deprovision::Recreate => {
            let mut actions: Vec<Action> = remember(link, account).into_iter().collect();
            actions.push(Action::Delete(Deprovision::Recreate));
            actions.extend(Snapshot::of(account).profile.map(Action::Create));
            actions.push(Action::Disable);
            Plan::new(actions, rules.closed(Deprovision::Recreate))
        }
    }
}
