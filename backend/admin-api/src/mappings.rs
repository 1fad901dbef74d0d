//! `admin/groups`, `admin/mappings`, `admin/teams`: which groups become which teams?
//!
//! Owns: the shapes of the *Team mappings* tab. Start at [`Groups`].
//!
//! Routes: `GET admin/groups` → [`Groups`]; `GET admin/teams?query=` → [`Teams`]; `POST admin/mappings` ([`NewMapping`]) → 201 [`MappingRow`];
//! `PUT admin/mappings/{id}` ([`MappingEdit`]) → [`MappingRow`]; `DELETE admin/mappings/{id}` → 204. The mapping mode itself is a setting:
//! `PUT admin/settings` with `mapping_mode`. `POST admin/mappings/preview` ([`PlannedChange`]) → [`Preview`] says what any of these would do.

use serde::{Deserialize, Serialize};
use vocabulary::{MappingMode, MappingOrigin};

/// `GET admin/groups`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Groups {
    /// The mode in force.
    pub mapping_mode: MappingMode,
    /// Whether a file sets the mode, so that the page cannot.
    pub mapping_mode_locked: bool,
    /// Whether groups are synced at all (`team_sync_mode = scim_sync`). Otherwise users only.
    pub group_sync: bool,
    /// Every SCIM group, by display name.
    pub groups: Vec<GroupRow>,
}

/// One SCIM group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GroupRow {
    /// SCIM id.
    pub id: String,
    /// displayName.
    pub display_name: String,
    /// How many members the identity provider has put in.
    pub members: i64,
    /// The teams it feeds; none means it is accepted, stored and shown, and touches no team.
    pub mappings: Vec<MappingRow>,
    /// How it stands.
    pub status: GroupStatus,
    /// Why, in words, when not in sync.
    pub note: Option<String>,
    /// A team of exactly this name that exists in Grafana, when unmapped: "Map to it".
    pub suggestion: Option<Team>,
}

/// How a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupStatus {
    /// Every team has the members it should.
    InSync,
    /// A change is on its way.
    Pending,
    /// No team.
    NotMapped,
    /// A person must look.
    NeedsAttention,
}

/// One row of the strict table: `group × org × team`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MappingRow {
    /// This mapping's own id.
    pub id: i64,
    /// SCIM group id.
    pub group_id: String,
    /// SCIM group's displayName.
    pub group_name: String,
    /// Grafana team id; absent until the team has been made.
    pub team_id: Option<i64>,
    /// Team name as last seen (or to be made).
    pub team_name: String,
    /// Members or admins.
    pub kind: MappingKind,
    /// What about people who were added by hand.
    pub policy: MemberPolicy,
    /// Held back by an admin.
    pub paused: bool,
    /// Who made this row.
    pub origin: MappingOrigin,
    /// Whether it can be removed; else it would be made again at once.
    pub may_remove: bool,
}

/// What the group's members become in the team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingKind {
    /// Team members.
    #[default]
    Member,
    /// Team admins.
    Admin,
}

/// What happens to people somebody else put into the team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberPolicy {
    /// They stay.
    #[default]
    Keep,
    /// They go.
    Remove,
}

/// `POST admin/mappings`. Exactly one of `team_id` (an existing team) and `new_team` (a name to make) is set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMapping {
    /// SCIM group id.
    pub group_id: String,
    /// An existing team.
    #[serde(default)]
    pub team_id: Option<i64>,
    /// The name of a team to make.
    #[serde(default)]
    pub new_team: Option<String>,
    /// Members (default) or admins.
    #[serde(default)]
    pub kind: MappingKind,
    /// Keep (default) or remove people added by hand.
    #[serde(default)]
    pub policy: MemberPolicy,
}

/// `PUT admin/mappings/{id}`: all three, as they shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingEdit {
    /// Members or admins.
    pub kind: MappingKind,
    /// Keep or remove people added by hand.
    pub policy: MemberPolicy,
    /// Held back: its group changes nothing in the team, and nobody leaves it.
    pub paused: bool,
}

/// `POST admin/mappings/preview`: a change that is not made yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedChange {
    /// A mapping more.
    Add(NewMapping),
    /// One mapping changed, paused or resumed.
    Edit(i64, MappingEdit),
    /// One mapping less.
    Remove(i64),
    /// The other mode.
    Mode(MappingMode),
}

/// What a change would do, by name. Nothing has been done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Preview {
    /// All of it in one or two sentences.
    pub summary: String,
    /// How many join a team, over all teams below.
    pub joins: i64,
    /// How many leave one.
    pub leaves: i64,
    /// When Grafana was asked who is in these teams now; absent where that does not matter or could not be done.
    pub as_of_ms: Option<i64>,
    /// Team by team, as many as can be read.
    pub teams: Vec<TeamPreview>,
    /// Teams that are not among them.
    pub more: i64,
}

/// What a change would do to one team.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TeamPreview {
    /// Its name now, or the name of the team to be made.
    pub team_name: String,
    /// In sentences with names: who joins, who leaves, who stays.
    pub lines: Vec<String>,
}

/// `GET admin/teams?query=`: Grafana's teams as last seen, at most fifty, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Teams {
    /// The teams.
    pub teams: Vec<Team>,
}

/// A Grafana team.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Team {
    /// Grafana's id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Members, as last seen.
    pub members: i64,
}
