//! The planner's input about one team: the one place where it is built.
//!
//! Owns: how mappings, people and what was seen become a [`Desired`] and an [`Observed`]. The engine and the preview both come here, and
//! no other crate can build the two (`non_exhaustive`), so that what is previewed is what is done. Pure. Start at [`TeamInput`].

use std::collections::{BTreeMap, BTreeSet};
use vocabulary::{TeamId, UserId};

use super::model::{Desired, MadeAdmin, Member, MemberClass, Observed, Policy, archived_name};
use crate::settings::TeamRemoval;

/// A mapping that feeds the team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// People added by hand are removed.
    pub remove_others: bool,
    /// Nothing is done for it.
    pub paused: bool,
}

/// A person in a group whose mapping is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The account, once there is one.
    pub grafana_id: Option<UserId>,
    /// The account is out of every organization.
    pub suspended: bool,
    /// The mapping makes team admins.
    pub admin: bool,
}

/// What the mappings say together about everybody else.
pub(super) fn combine(feeds: &[Feed], admins_known: bool) -> Policy {
    let mut in_force = feeds.iter().filter(|feed| !feed.paused).peekable();
    Policy {
        // Until a listing has shown the server admins, nobody is removed for not being in a group.
        remove_others: admins_known && in_force.peek().is_some() && in_force.all(|feed| feed.remove_others),
        hold: feeds.iter().any(|feed| feed.paused),
    }
}

/// Who should be in the team, and whether as team admin: the union over all groups. A person without an account joins with it; a
/// suspended one comes back with the organizations.
#[must_use]
pub fn wanted_members(people: impl IntoIterator<Item = GroupMember>) -> BTreeMap<UserId, bool> {
    let mut wanted = BTreeMap::new();
    for person in people {
        if let Some(id) = person.grafana_id.filter(|_| !person.suspended) {
            *wanted.entry(id).or_default() |= person.admin;
        }
    }
    wanted
}

/// Everything that bears on one team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamInput {
    /// Grafana's id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// The mappings that feed it.
    pub feeds: Vec<Feed>,
    /// Who should be in it ([`wanted_members`]), without those whose account is gone in Grafana.
    pub wanted: BTreeMap<UserId, bool>,
    /// The name it must have; `None` leaves the name alone.
    pub wanted_name: Option<String>,
    /// What becomes of it where nothing feeds it any more.
    pub removal: Option<TeamRemoval>,
    /// Its members as just seen. `None`: nobody could look, and `base` is all that is known.
    pub members: Option<Vec<Member>>,
    /// The accounts that Rollcall put there before, and which of them it made admin.
    pub base: BTreeMap<UserId, MadeAdmin>,
    /// A listing has shown the server admins.
    pub admins_known: bool,
    /// E-mails of people who are not in it yet, exactly as Grafana returned them.
    pub emails: BTreeMap<UserId, String>,
    /// Names of other teams of this organization: at least those of [`Self::names_to_check`] that are taken.
    pub taken: BTreeMap<String, TeamId>,
    /// Whether several changes may go in one call.
    pub bulk: bool,
}

impl TeamInput {
    fn ended(&self) -> Option<TeamRemoval> {
        self.removal.filter(|_| self.feeds.is_empty())
    }

    /// The names this team may be given: whether another team has one of them must be known.
    #[must_use]
    pub fn names_to_check(&self) -> Vec<String> {
        let mut names: Vec<String> = self.wanted_name.iter().filter(|n| **n != self.name).cloned().collect();
        if self.ended() == Some(TeamRemoval::Archive) {
            names.push(archived_name(&self.name));
        }
        names
    }

    /// What the planner is asked.
    #[must_use]
    pub fn assemble(self) -> (Desired, Observed) {
        let ended = self.ended();
        let put_there = |id: &UserId| Member {
            grafana_id: *id,
            email: String::new(),
            admin: self.wanted.get(id).copied().unwrap_or_default(),
            class: MemberClass::Person,
        };
        let observed = Observed {
            id: self.id,
            name: self.name,
            members: self
                .members
                .unwrap_or_else(|| self.base.keys().map(put_there).collect()),
            base: self.base,
            emails: self.emails,
            taken: self.taken,
            bulk: self.bulk,
        };
        let desired = Desired {
            members: self.wanted,
            policy: combine(&self.feeds, self.admins_known),
            name: self.wanted_name,
            ended,
            held: BTreeSet::new(),
            kept: BTreeSet::new(),
        };
        (desired, observed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(remove_others: bool, paused: bool) -> Feed {
        Feed { remove_others, paused }
    }

    fn policy(feeds: &[Feed]) -> (bool, bool) {
        let policy = combine(feeds, true);
        (policy.remove_others, policy.hold)
    }

    #[test]
    fn others_leave_only_where_every_mapping_in_force_says_so() {
        assert_eq!(policy(&[]), (false, false));
        assert_eq!(policy(&[feed(true, false)]), (true, false));
        assert_eq!(policy(&[feed(true, false), feed(false, false)]), (false, false));
        assert_eq!(policy(&[feed(true, false), feed(false, true)]), (true, true));
        assert_eq!(policy(&[feed(true, true)]), (false, true));
    }

    #[test]
    fn nobody_leaves_before_the_server_admins_are_known() {
        assert!(!combine(&[feed(true, false)], false).remove_others);
    }

    #[test]
    fn one_group_that_makes_admins_is_enough() {
        let person = |id, suspended, admin| GroupMember {
            grafana_id: id,
            suspended,
            admin,
        };
        let people = [
            person(Some(UserId::new(1)), false, false),
            person(Some(UserId::new(1)), false, true),
            person(Some(UserId::new(1)), false, false),
            person(Some(UserId::new(2)), true, true),
            person(None, false, true),
        ];
        assert_eq!(wanted_members(people), BTreeMap::from([(UserId::new(1), true)]));
    }

    #[test]
    fn a_team_ends_with_its_last_mapping() {
        let mut input = TeamInput {
            name: "Ops".into(),
            removal: Some(TeamRemoval::Archive),
            feeds: vec![feed(false, true)],
            ..TeamInput::default()
        };
        assert_eq!(input.names_to_check(), Vec::<String>::new());
        assert_eq!(input.clone().assemble().0.ended, None);
        input.feeds.clear();
        assert_eq!(input.names_to_check(), ["Ops (archived)"]);
        assert_eq!(input.assemble().0.ended, Some(TeamRemoval::Archive));
    }

    #[test]
    fn where_nobody_could_look_the_base_stands_in() {
        let input = TeamInput {
            wanted: BTreeMap::from([(UserId::new(1), true)]),
            base: BTreeMap::from([1, 2].map(|id| (UserId::new(id), MadeAdmin::No))),
            ..TeamInput::default()
        };
        let seen = |input: TeamInput| {
            let members = input.assemble().1.members.into_iter();
            members.map(|m| (m.grafana_id, m.admin)).collect::<Vec<_>>()
        };
        assert_eq!(seen(input.clone()), [(UserId::new(1), true), (UserId::new(2), false)]);
        let empty = TeamInput {
            members: Some(Vec::new()),
            ..input
        };
        assert_eq!(seen(empty), []);
    }
}
