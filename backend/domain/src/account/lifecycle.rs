//! A managed account: opened, closed, and given back what it had.
//!
//! Owns: the deprovision policy (docs/deprovisioning.md), its order, and what is remembered before
//! something is destroyed. Must never plan a change of a protected account or beyond its authority,
//! close the one Admin who is kept, or open what Rollcall has not closed. Start at [`managed`].

use vocabulary::OrgId;

use super::{
    authority::{Powers, elsewhere},
    model::{
        Access, Account, Desired, Link, Observed, OrgRole, Profile, Rules, Snapshot, TeamMembership, is_recreated,
    },
    profile::{first_write, write},
    protection::{account_protection, protected_attention},
    steps::{Action, Plan, Question},
};
use crate::{
    attention::Attention,
    settings::{Deprovision, Linking, MembershipPolicy},
};

pub(super) fn managed(desired: &Desired, link: &Link, account: &Account, observed: &Observed, rules: &Rules) -> Plan {
    let person = Managed {
        link,
        account,
        observed,
        rules,
        powers: Powers::over(link, account, rules),
    };
    let mut plan = match desired {
        Desired::Open(profile) => person.open(profile),
        Desired::Closed(_) | Desired::Gone => person.close(),
    };
    let deletes = plan.actions.iter().any(|a| matches!(a, Action::Delete(_)));
    let profile = match desired {
        Desired::Open(profile) => Some(profile),
        // Who leaves need not be told that another organization has a say in the name.
        Desired::Closed(profile) => Some(profile).filter(|_| person.powers.write),
        Desired::Gone => None,
    };
    if let Some(profile) = profile.filter(|_| !deletes) {
        let out_of_reach = person.out_of_reach();
        let written = write(profile, account, observed, out_of_reach, rules, &mut plan.actions);
        plan.end = plan.end.with_profile(written);
    }
    match account_protection(account, rules) {
        Some(why) if !plan.actions.is_empty() || plan.end.attention().is_some() => {
            Plan::blocked(protected_attention(&account.login, why, desired), None)
        }
        _ => plan,
    }
}

/// An account, its record, and what may be done to it.
struct Managed<'a> {
    link: &'a Link,
    account: &'a Account,
    observed: &'a Observed,
    rules: &'a Rules,
    powers: Powers,
}

impl Managed<'_> {
    fn login(&self) -> String {
        self.account.login.clone()
    }

    /// What an admin's yes is about.
    fn question(&self) -> Option<Question> {
        Some(Question {
            grafana_id: self.account.id,
            login: self.login(),
        })
    }

    /// Organizations whose say it is what the account is called; none where it may be written.
    fn out_of_reach(&self) -> Option<Vec<OrgId>> {
        (!self.powers.write).then(|| elsewhere(self.account, self.rules))
    }

    fn is_inside(&self) -> bool {
        self.account.orgs.iter().any(|o| self.rules.serves(o.org_id))
    }

    /// Whether Rollcall may put the account into this organization or take it out of it, as far as
    /// is known.
    fn reaches(&self, org: OrgId) -> bool {
        (self.powers.everywhere || self.rules.serves(org)) && !self.observed.refused_by.contains(&org)
    }

    /// What must be remembered before the account goes; nothing where that is known already: who
    /// came back by themselves has a role the provider gave, and what to restore is what the
    /// account had before.
    fn remember(&self) -> Option<Action> {
        let mut now = Snapshot::of(self.account);
        if !self.powers.everywhere {
            now.orgs.retain(|o| self.rules.serves(o.org_id));
            now.teams.retain(|t| self.rules.serves(t.org_id));
        }
        match &self.link.snapshot {
            None => Some(Action::Remember(now)),
            Some(before) if before.profile.is_none() => Some(Action::Remember(Snapshot {
                profile: now.profile,
                ..before.clone()
            })),
            Some(_) => None,
        }
    }

    fn open(&self, profile: &Profile) -> Plan {
        let (account, link) = (self.account, self.link);
        let mut plan = Plan::nothing(Access::Open);
        if account.is_disabled
            && let Some(other) = self.enable(profile, &mut plan.actions)
        {
            return other;
        }
        // Before it is open again, or given anything. A password is the whole server's.
        if link.renew_password && !account.is_external && self.powers.write {
            plan.actions.insert(0, Action::RenewPassword);
        }
        if let Some(snapshot) = &link.snapshot {
            self.give_back(snapshot, &mut plan.actions);
        }
        let returns = plan
            .actions
            .iter()
            .any(|a| matches!(a, Action::JoinOrg(o) if self.rules.serves(o.org_id)));
        if self.is_inside() || returns {
            return plan;
        }
        let again = self.observed.rejoined_lately;
        let repairs = self.rules.membership == MembershipPolicy::Repair && !again;
        if link.history.seen_inside && !self.observed.approved && !repairs {
            // Taking out is how a person closes an account that signs in through a provider.
            let attention = Attention::TakenOutByHand {
                login: self.login(),
                org_id: self.rules.org_id,
                again: again && self.rules.membership == MembershipPolicy::Repair,
            };
            plan.end = Plan::blocked_at(Access::Open, attention, self.question()).end;
            return plan;
        }
        plan.actions.push(Action::JoinOrg(OrgRole {
            org_id: self.rules.org_id,
            role: self.rules.new_role.clone(),
        }));
        plan
    }

    /// Opens a disabled account, if that is ours to do; another plan where it is not, or where
    /// Grafana has no such call.
    fn enable(&self, profile: &Profile, actions: &mut Vec<Action>) -> Option<Plan> {
        let (account, link, rules) = (self.account, self.link, self.rules);
        // Where the sign-in makes the account, a recreated one would be in its way: Grafana finds
        // its login or e-mail taken.
        let recreated = rules.linking == Linking::FirstLogin && is_recreated(link);
        let cannot = account.is_external || recreated;
        let by_rollcall = link.deprovisioned_by.is_some() && !link.history.closed_by_hand;
        let lost = matches!(link.deprovisioned_by, None | Some(Deprovision::Suspend)) || !self.powers.delete;
        if cannot && lost {
            // Disabled first, linked by a sign-in afterwards, and Grafana will not enable it any
            // more (G22). Or LDAP disables who is no longer in its directory, and enables them
            // itself.
            return Some(Plan::blocked(Attention::CannotEnable { login: self.login() }, None));
        }
        let may = self.powers.everywhere;
        if !may || (!by_rollcall && !self.observed.approved) {
            let question = self.question().filter(|_| may);
            return Some(Plan::blocked(
                Attention::DisabledByHand { login: self.login() },
                question,
            ));
        }
        if cannot {
            actions.extend(self.remember());
            actions.push(Action::Delete(Deprovision::Delete));
            let actions = std::mem::take(actions);
            if rules.linking == Linking::FirstLogin {
                return Some(Plan::new(actions, Access::AtFirstSignIn));
            }
            let before = Snapshot::of(account).profile;
            let create = Action::Create(first_write(profile, before.as_ref()));
            return Some(Plan::new(actions.into_iter().chain([create]).collect(), Access::Open));
        }
        actions.push(Action::Enable);
        None
    }

    /// Organizations, roles and teams that Rollcall took away.
    fn give_back(&self, snapshot: &Snapshot, actions: &mut Vec<Action>) {
        let account = self.account;
        for given in snapshot.orgs.iter().filter(|o| self.reaches(o.org_id)) {
            match account.orgs.iter().find(|have| have.org_id == given.org_id) {
                None => actions.push(Action::JoinOrg(given.clone())),
                // A local account has a snapshot only where it was made again. Roles of the others
                // are their provider's.
                Some(have) if have.role != given.role && !account.is_external => {
                    actions.push(Action::SetRole(given.clone()));
                }
                Some(_) => {}
            }
        }
        let missing = |t: &&TeamMembership| !account.teams.contains(t) && self.reaches(t.org_id);
        actions.extend(snapshot.teams.iter().filter(missing).cloned().map(Action::JoinTeam));
    }

    fn close(&self) -> Plan {
        let (account, link, rules) = (self.account, self.link, self.rules);
        let local = if is_recreated(link) {
            Deprovision::Recreate
        } else {
            Deprovision::Disable
        };
        // Deleting what is disabled gains nothing, so a change of the policy deletes nobody who is
        // closed already.
        if account.is_disabled {
            return Plan::nothing(rules.closed(local));
        }
        if !self.powers.everywhere {
            return self.leave_ours();
        }
        let policy = match rules.max_action {
            // What Rollcall has not made, or another organization has too, is not its to delete.
            Deprovision::Recreate | Deprovision::Delete if !self.powers.delete => Deprovision::Suspend,
            policy => policy,
        };
        let enough = match policy {
            Deprovision::Disable | Deprovision::Suspend => true,
            // Who is in no organization can still sign in, and `closed` says nobody can.
            Deprovision::Recreate => false,
            Deprovision::Delete => link.deprovisioned_by == Some(Deprovision::Suspend),
        };
        if account.is_external && enough && self.left().is_empty() {
            return Plan::nothing(rules.closed(Deprovision::Suspend));
        }
        if let Some(org) = account.last_admin_of.first() {
            return self.last_admin(*org);
        }
        match policy {
            Deprovision::Delete => {
                let mut actions: Vec<Action> = self.remember().into_iter().collect();
                actions.push(Action::Delete(Deprovision::Delete));
                Plan::new(actions, rules.closed(Deprovision::Delete))
            }
            _ if !account.is_external => Plan::new(vec![Action::Disable], rules.closed(local)),
            Deprovision::Disable => Plan::blocked(Attention::CannotDisable { login: self.login() }, None),
            Deprovision::Suspend => self.suspend(self.left()),
            Deprovision::Recreate => {
                let mut actions: Vec<Action> = self.remember().into_iter().collect();
                actions.push(Action::Delete(Deprovision::Recreate));
                actions.extend(Snapshot::of(account).profile.map(Action::Create));
                actions.push(Action::Disable);
                Plan::new(actions, rules.closed(Deprovision::Recreate))
            }
        }
    }

    fn last_admin(&self, org_id: OrgId) -> Plan {
        Plan::blocked(
            Attention::LastAdmin {
                login: self.login(),
                org_id,
            },
            None,
        )
    }

    /// The organizations that the account is still to leave, ours first: what another one refuses
    /// must not come before what ends access to ours.
    fn left(&self) -> Vec<OrgId> {
        let account = self.account;
        let mut orgs: Vec<OrgId> = account.orgs.iter().map(|o| o.org_id).collect();
        orgs.retain(|org| !account.alone_in.contains(org));
        orgs.sort_by_key(|org| !self.rules.serves(*org));
        orgs
    }

    /// Only what is ours: access to other organizations is their Admins' to end.
    fn leave_ours(&self) -> Plan {
        let rules = self.rules;
        if self.is_inside() {
            if let Some(org) = self.account.last_admin_of.iter().find(|org| rules.serves(**org)) {
                return self.last_admin(*org);
            }
            let ours = self.left().into_iter().filter(|org| rules.serves(*org)).collect();
            return self.suspend(ours);
        }
        self.out_of(elsewhere(self.account, rules))
    }

    fn suspend(&self, leaves: Vec<OrgId>) -> Plan {
        let (may, may_not): (Vec<OrgId>, Vec<OrgId>) = leaves.into_iter().partition(|org| self.reaches(*org));
        if may.is_empty() {
            return self.out_of(may_not);
        }
        let mut actions: Vec<Action> = Vec::new();
        if self.link.snapshot.is_none() {
            actions.extend(self.remember());
        }
        let (ours, others): (Vec<OrgId>, Vec<OrgId>) = may.into_iter().partition(|org| self.rules.serves(*org));
        // Signed out already, where all that is left is what another organization refuses.
        let signed_out = ours.is_empty() && self.link.deprovisioned_by == Some(Deprovision::Suspend);
        actions.extend(ours.into_iter().map(Action::LeaveOrg));
        if !signed_out {
            actions.push(Action::Logout);
        }
        actions.extend(others.into_iter().map(Action::LeaveOrg));
        Plan::new(actions, self.rules.closed(Deprovision::Suspend))
    }

    /// Out of ours; `still_in`: organizations that others have to take the account out of.
    fn out_of(&self, still_in: Vec<OrgId>) -> Plan {
        if still_in.is_empty() {
            return Plan::nothing(self.rules.closed(Deprovision::Suspend));
        }
        let left = Access::Left {
            holds: self.rules.holds(Deprovision::Suspend),
        };
        let attention = Attention::StillInOrganizations {
            login: self.login(),
            org_ids: still_in,
        };
        Plan::blocked_at(left, attention, None)
    }
}
