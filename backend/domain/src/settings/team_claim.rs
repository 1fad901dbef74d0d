//! The setting `team_claim`: teams that were there before a group of their name.
//!
//! Owns: its two values. Must never be asked about a team that Rollcall made or an admin mapped. Start at
//! [`TeamClaim`].

use serde::{Deserialize, Serialize};

/// Mode *create*: what follows where somebody made a team of the group's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamClaim {
    /// The group fills it.
    #[default]
    Use,
    /// An admin is asked. The provider's admins name groups, and so choose whose rights a group's people
    /// would get.
    Ask,
}

impl TeamClaim {
    /// The value of a text that was checked before.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "ask" => Self::Ask,
            _ => Self::Use,
        }
    }
}
