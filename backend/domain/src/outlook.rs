//! What would be done if everything that may be written were written now.
//!
//! Owns: the shape of it. What is in it comes from the planners of people and teams, at each
//! comparison with Grafana. Must never plan by itself. Start at [`Outlook`].

use vocabulary::TeamId;

use crate::account;

/// Everything that is to be done in an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// When Grafana was looked at.
    pub at_ms: i64,
    /// People with something to do, by name.
    pub people: Vec<PersonOutlook>,
    /// Teams with something to do, by name.
    pub teams: Vec<TeamOutlook>,
}

/// What the identity provider says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Active.
    Active,
    /// `active: false`.
    SwitchedOff,
    /// Deleted.
    Deleted,
}

/// What would be done about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonOutlook {
    /// SCIM id.
    pub user_id: String,
    /// userName, or the account's login where the user is deleted.
    pub name: String,
    /// Why.
    pub said: Said,
    /// The steps.
    pub actions: Vec<account::Action>,
}

impl PersonOutlook {
    /// Whether the person has an account afterwards, and had none, or not in the organization.
    #[must_use]
    pub fn arrives(&self) -> bool {
        use account::Action::{Claim, Create, JoinOrg};
        let arrives = |action: &account::Action| matches!(action, Create(_) | Claim { .. } | JoinOrg(_));
        self.said == Said::Active && self.actions.iter().any(arrives)
    }
}

/// What becomes of a team itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamFate {
    /// It stays as it is.
    Stays,
    /// It is made.
    Made,
    /// It is used for the group of its name.
    Used,
    /// It gets another name.
    Renamed(String),
    /// It is deleted.
    Deleted,
}

/// What would be done about one team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamOutlook {
    /// Grafana's id; `None`: it is to be made.
    pub team_id: Option<TeamId>,
    /// Its name.
    pub team: String,
    /// The groups that feed it: why.
    pub groups: Vec<String>,
    /// What becomes of it.
    pub fate: TeamFate,
    /// Who joins, by login.
    pub joins: Vec<String>,
    /// Who leaves.
    pub leaves: Vec<String>,
    /// Who gets another permission.
    pub changes: Vec<String>,
}
