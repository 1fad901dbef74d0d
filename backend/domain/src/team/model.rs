//! What the planner of teams speaks of.
//!
//! Owns: plain data. Must never decide. Start at [`Desired`] and [`Observed`], which `team/input.rs` builds.

use std::collections::{BTreeMap, BTreeSet};
use vocabulary::{TeamId, UserId};

use crate::settings::TeamRemoval;

/// What the groups that feed a team say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Desired {
    /// Who should be in it: Grafana's user id, and whether as team admin. The union over all mappings that are not paused.
    pub members: BTreeMap<UserId, bool>,
    /// What its mappings say about everybody else.
    pub policy: Policy,
    /// The name it must have (mode *create* only); `None` leaves the name alone.
    pub name: Option<String>,
    /// Set when the last group that fed it is gone from the identity provider.
    pub ended: Option<TeamRemoval>,
    /// Whose leaving the brake holds: they stay until an admin has decided.
    pub held: BTreeSet<UserId>,
    /// People kept in by an admin.
    pub kept: BTreeSet<UserId>,
}

/// What a team's mappings together allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// People added by hand are removed: only where every mapping that is in force says so.
    pub remove_others: bool,
    /// A mapping is paused: nobody leaves or is demoted, because it is not known what its group would say.
    pub hold: bool,
}

/// What a member is, as far as Rollcall may change the membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberClass {
    /// Anybody.
    Person,
    /// A server admin, a service account, or somebody on the break-glass list: never moved.
    Protected,
    /// The account we are signed in with. Moved only where Grafana put it in because it created the team.
    Ourselves,
}

/// What Rollcall remembers of a permission that it gave. In this order: what is more certain is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum MadeAdmin {
    /// Rollcall did not make this member an admin.
    #[default]
    No,
    /// Grafana was asked, and nobody has looked since. If it was not done, it is asked again.
    Asked,
    /// Rollcall made this member an admin, and the member was seen as one.
    Seen,
}

/// A member as just seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Grafana's user id.
    pub grafana_id: UserId,
    /// Exactly as Grafana returned it.
    pub email: String,
    /// Team admin (permission 4).
    pub admin: bool,
    /// Whether it may be touched.
    pub class: MemberClass,
}

/// A team as just seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed {
    /// Grafana's id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// Its members.
    pub members: Vec<Member>,
    /// The accounts that Rollcall put there before, and which of them it made admin.
    pub base: BTreeMap<UserId, MadeAdmin>,
    /// E-mails of people who are not in it yet, exactly as Grafana returned them.
    pub emails: BTreeMap<UserId, String>,
    /// Names of other teams of this organization, as far as they matter here.
    pub taken: BTreeMap<String, TeamId>,
    /// Whether the bulk call may be used: not while Grafana hides members from us (`hidden_users`, missing permissions), nor after it
    /// failed, because a member who is not seen would be dropped.
    pub bulk: bool,
}

/// The name of a team whose group is gone.
#[must_use]
pub fn archived_name(name: &str) -> String {
    format!("{name} (archived)")
}

/// The name a team had before it was archived, if it was.
#[must_use]
pub fn name_before_archive(name: &str, id: TeamId) -> Option<&str> {
    name.strip_suffix(" (archived)")
        .or_else(|| name.strip_suffix(&format!(" (archived {id})")))
}
