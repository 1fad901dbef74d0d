//! One Grafana team: which calls make its members and its name match the groups that feed it.
//!
//! Owns: the three-way comparison (groups × team × those we put there) and the choice between one bulk call and single ones. Must
//! never plan to delete and recreate a team (its id carries folder permissions), and never plan a bulk call that drops somebody who
//! stays: Grafana removes anybody who is not listed, in exactly the spelling it returned (G40). Pure and total.
//! Start at [`plan`]; its input is built in `team/input.rs`.

use std::collections::{BTreeMap, BTreeSet};
use vocabulary::UserId;

use crate::{attention::Attention, settings::TeamRemoval};

mod action;
mod changes;
mod input;
mod model;
mod permission;
#[cfg(test)]
mod tests;

pub use action::Action;
pub use changes::{MembershipChange, changes};
pub use input::{Feed, GroupMember, TeamInput, wanted_members};
pub use model::{Desired, MadeAdmin, Member, MemberClass, Observed, Policy, archived_name, name_before_archive};

use permission::{Permission, permission};

/// The answer of [`plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in this order.
    pub actions: Vec<Action>,
    /// Those we have put there once it is done, and which of them we made admin.
    pub base: BTreeMap<UserId, MadeAdmin>,
    /// What a person must look at. Members are put right all the same.
    pub attention: Option<Attention>,
}

impl Plan {
    /// What is to be remembered while it is being done: what was and what will be, so that everybody it adds or makes an admin is known
    /// as ours if we die right after the call.
    #[must_use]
    pub fn base_meanwhile(&self, observed: &Observed) -> BTreeMap<UserId, MadeAdmin> {
        let mut both = self.base.clone();
        for (id, before) in &observed.base {
            let made = both.entry(*id).or_default();
            *made = (*made).max(*before);
        }
        both
    }
}

enum Change {
    Add(UserId, bool),
    Update(UserId, bool),
    Remove(UserId),
}

impl Change {
    /// How many single calls it takes: Grafana adds everybody as a plain member first.
    fn calls(&self) -> usize {
        match self {
            Self::Add(_, true) => 2,
            _ => 1,
        }
    }

    fn single(&self) -> Action {
        match *self {
            Self::Add(grafana_id, admin) => Action::Add { grafana_id, admin },
            Self::Update(grafana_id, admin) => Action::Update { grafana_id, admin },
            Self::Remove(grafana_id) => Action::Remove { grafana_id },
        }
    }
}

/// Desired × observed × base → what to do.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let (changes, base) = compare(desired, observed);
    let mut plan = Plan {
        actions: Vec::new(),
        base,
        attention: None,
    };
    // A team that is deleted need not be emptied first; one that holds anybody else is not ours to delete.
    // Nor is one that somebody stays in.
    let stays = |id: &UserId| !observed.base.contains_key(id) || desired.kept.contains(id);
    if desired.ended == Some(TeamRemoval::Remove) && !desired.policy.hold && desired.held.is_empty() {
        let others = observed.members.iter().filter(|m| stays(&m.grafana_id));
        match others.count() {
            0 => {
                plan.actions.push(Action::Delete);
                plan.base.clear();
                return plan;
            }
            others => {
                plan.attention = Some(Attention::TeamNotDeleted {
                    team: observed.name.clone(),
                    others,
                });
            }
        }
    }
    if desired.ended.is_none() || desired.held.is_empty() {
        name(desired, observed, &mut plan);
    }
    plan.actions.extend(calls(&changes, observed));
    plan
}

/// Who joins, leaves or gets another permission, however it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Who joins.
    pub joins: Vec<UserId>,
    /// Who leaves.
    pub leaves: Vec<UserId>,
    /// Who is made an admin, or a member again.
    pub others: Vec<UserId>,
}

/// What [`plan`] changes, by person.
#[must_use]
pub fn difference(desired: &Desired, observed: &Observed) -> Changes {
    let mut told = Changes::default();
    for change in compare(desired, observed).0 {
        match change {
            Change::Add(id, _) => told.joins.push(id),
            Change::Update(id, _) => told.others.push(id),
            Change::Remove(id) => told.leaves.push(id),
        }
    }
    told
}

/// The people that the groups take out of the team, of those that they put there: what the brake is
/// asked about. People held or kept are among them.
#[must_use]
pub fn leaving(desired: &Desired, observed: &Observed) -> Vec<UserId> {
    if desired.policy.hold {
        return Vec::new();
    }
    let wanted = |id: &UserId| desired.ended.is_none() && desired.members.contains_key(id);
    let members = observed.members.iter().filter(|m| m.class == MemberClass::Person);
    let ids = members.map(|m| m.grafana_id);
    ids.filter(|id| observed.base.contains_key(id) && !wanted(id)).collect()
}

/// Who joins, changes or leaves, and those we have put there afterwards.
fn compare(desired: &Desired, observed: &Observed) -> (Vec<Change>, BTreeMap<UserId, MadeAdmin>) {
    let mut changes = Vec::new();
    let mut base = BTreeMap::new();
    let wanted = |id: &UserId| desired.members.get(id).copied().filter(|_| desired.ended.is_none());
    let mut present = BTreeSet::new();
    for member in &observed.members {
        let id = member.grafana_id;
        if !present.insert(id) {
            continue;
        }
        let ours = observed.base.get(&id).copied();
        match (wanted(&id), member.class, ours) {
            (Some(admin), MemberClass::Person, ours) => {
                // A member that a group names is the group's, however it came in: it leaves with the group (R26).
                let now = Permission {
                    admin: member.admin,
                    made: ours.unwrap_or_default(),
                };
                let decided = permission(admin, now, desired.policy);
                base.insert(id, decided.made);
                changes.extend(decided.change.map(|admin| Change::Update(id, admin)));
            }
            (Some(_), _, Some(made)) => _ = base.insert(id, made),
            (Some(_), _, None) | (None, MemberClass::Protected, _) => {}
            (None, MemberClass::Ourselves, Some(_)) => changes.push(Change::Remove(id)),
            (None, MemberClass::Ourselves, None) => {}
            (None, MemberClass::Person, ours) if desired.policy.hold => base.extend(ours.map(|made| (id, made))),
            // The group is gone, and an admin keeps the person in: as if by hand from then on.
            (None, MemberClass::Person, Some(_)) if desired.kept.contains(&id) && desired.ended.is_some() => {}
            (None, MemberClass::Person, Some(made)) if desired.kept.contains(&id) || desired.held.contains(&id) => {
                base.insert(id, made);
            }
            (None, MemberClass::Person, Some(_)) => changes.push(Change::Remove(id)),
            (None, MemberClass::Person, None) => {
                if desired.policy.remove_others && desired.ended.is_none() {
                    changes.push(Change::Remove(id));
                }
            }
        }
    }
    if desired.ended.is_none() {
        for (id, admin) in desired.members.iter().filter(|(id, _)| !present.contains(id)) {
            let made = if *admin { MadeAdmin::Asked } else { MadeAdmin::No };
            base.insert(*id, made);
            changes.push(Change::Add(*id, *admin));
        }
    }
    (changes, base)
}

/// The team's name: kept, followed, archived, or in somebody's way.
fn name(desired: &Desired, observed: &Observed, plan: &mut Plan) {
    let wanted = match (desired.ended, &desired.name) {
        (Some(TeamRemoval::Archive), _) if desired.policy.hold => return,
        (Some(TeamRemoval::Archive), _) => {
            if name_before_archive(&observed.name, observed.id).is_some() {
                return;
            }
            // An archived team of the same name may be there from last time.
            let first = archived_name(&observed.name);
            if observed.taken.contains_key(&first) {
                format!("{} (archived {})", observed.name, observed.id)
            } else {
                first
            }
        }
        (Some(_), _) | (None, None) => return,
        (None, Some(name)) => name.clone(),
    };
    if wanted == observed.name || wanted.is_empty() {
        return;
    }
    // Grafana answers 400 `Team name taken` (G38).
    if let Some(owner) = observed.taken.get(&wanted) {
        plan.attention = Some(Attention::TeamNameTaken {
            team: observed.name.clone(),
            wanted,
            owner: *owner,
        });
        return;
    }
    plan.actions.push(Action::Rename(wanted));
}

/// One bulk call from the second change on, where everybody concerned can be named by e-mail.
fn calls(changes: &[Change], observed: &Observed) -> Vec<Action> {
    let single = || changes.iter().map(Change::single).collect::<Vec<_>>();
    if changes.iter().map(Change::calls).sum::<usize>() < 2 || !observed.bulk {
        return single();
    }
    let usable = usable_emails(observed);
    let mut leaving = BTreeSet::new();
    let mut changed: BTreeMap<UserId, bool> = BTreeMap::new();
    let mut by_hand = Vec::new();
    let mut in_bulk = 0_usize;
    for change in changes {
        match *change {
            Change::Add(id, admin) if usable.contains_key(&id) => _ = changed.insert(id, admin),
            // After the bulk call: it would drop them again.
            Change::Add(..) => {
                by_hand.push(change.single());
                continue;
            }
            Change::Update(id, admin) => _ = changed.insert(id, admin),
            Change::Remove(id) => _ = leaving.insert(id),
        }
        in_bulk += change.calls();
    }
    let mut stay: BTreeMap<UserId, bool> = observed
        .members
        .iter()
        .filter(|m| !leaving.contains(&m.grafana_id))
        .map(|m| (m.grafana_id, m.admin))
        .collect();
    stay.extend(changed);
    if in_bulk < 2 {
        return single();
    }
    let (mut members, mut admins) = (Vec::new(), Vec::new());
    for (id, admin) in stay {
        // Somebody who stays and cannot be named would be dropped: no bulk call for this team.
        let Some(email) = usable.get(&id) else {
            return single();
        };
        if admin {
            admins.push((*email).to_owned());
        } else {
            members.push((*email).to_owned());
        }
    }
    let mut actions = vec![Action::Replace {
        members,
        admins,
        changes: changes.len().saturating_sub(by_hand.len()),
    }];
    actions.extend(by_hand);
    actions
}

/// E-mails that name exactly one person here.
fn usable_emails(observed: &Observed) -> BTreeMap<UserId, &str> {
    let mut all: BTreeMap<UserId, &str> = observed.emails.iter().map(|(id, e)| (*id, e.as_str())).collect();
    all.extend(observed.members.iter().map(|m| (m.grafana_id, m.email.as_str())));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for email in all.values() {
        *seen.entry(email.to_lowercase()).or_default() += 1;
    }
    all.retain(|_, email| !email.trim().is_empty() && seen.get(&email.to_lowercase()) == Some(&1));
    all
}
