//! The steps that make a team match.
//!
//! Owns: the cases. Must never decide which one is taken: the planner does. Start at [`Action`].

use vocabulary::UserId;

/// One step. Every one is safe to run twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The same team under another name.
    Rename(String),
    /// Replace both lists in one call.
    Replace {
        /// E-mails of members.
        members: Vec<String>,
        /// E-mails of team admins.
        admins: Vec<String>,
        /// How many join, change or leave by it, for the log.
        changes: usize,
    },
    /// One more member.
    Add {
        /// The user.
        grafana_id: UserId,
        /// As team admin.
        admin: bool,
    },
    /// Another permission.
    Update {
        /// The user.
        grafana_id: UserId,
        /// As team admin.
        admin: bool,
    },
    /// One member less.
    Remove {
        /// The user.
        grafana_id: UserId,
    },
    /// The team itself, where the setting `team_removal` says so.
    Delete,
}

impl Action {
    /// Whether Grafana drops everybody who is not named in it.
    #[must_use]
    pub const fn names_everybody(&self) -> bool {
        matches!(self, Self::Replace { .. })
    }
}
