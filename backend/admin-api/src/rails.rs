//! `admin/operation`, `admin/held` and `admin/plan`: is anything written, what waits for an answer, what would be done?
//!
//! Owns: the shapes of the safety rails. Must never hold logic. Start at [`Operation`].

use serde::{Deserialize, Serialize};
use vocabulary::HeldKind;

/// `GET admin/operation`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operation {
    /// The setting: `enforce`, `observe` or `paused`.
    pub mode: String,
    /// A file sets it, so the page cannot.
    pub locked: bool,
    /// Why nothing is written, in two or three words; absent while everything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<String>,
    /// The same in a sentence, with the count of those who are still open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// People switched off by the provider, and still open.
    pub still_open: i64,
    /// People and teams that the brake holds something of.
    pub held: i64,
    /// What that means, while it holds something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_said: Option<String>,
}

/// `GET admin/held`: what the brake holds, and what an admin said no to; oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeldList {
    /// What waits for an answer.
    pub held: Vec<Held>,
    /// What is kept as it is until the provider asks again.
    pub rejected: Vec<Held>,
    /// When this answer was made.
    pub now_ms: i64,
}

/// One thing that a provider wants to take away.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Held {
    /// By which it is decided about.
    pub id: i64,
    /// What it is.
    pub kind: HeldKind,
    /// SCIM id of the person, or of the group whose team it is.
    pub subject: String,
    /// The name of that.
    pub name: String,
    /// What is to be done, in words.
    pub what: String,
    /// Since when the provider asks for it.
    pub since_ms: i64,
    /// By which request: the log has it under this.
    pub correlation: String,
    /// Whose request it was and what it did; empty where the log does not know any more.
    pub request: String,
    /// “open by ann”, where an admin said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<String>,
}

/// `POST admin/held`: the answer to some of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeldAnswer {
    /// Which.
    pub ids: Vec<i64>,
    /// Yes: it is done at once. No: it stays as it is.
    pub approve: bool,
}

/// `GET admin/plan`: what would be done if everything were written now. `query` is searched in names and steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plan {
    /// When Grafana was compared; absent before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<i64>,
    /// How much it is in all, a sentence for each kind; empty where nothing is to be done.
    pub sums: Vec<String>,
    /// Everybody and every team that `query` finds.
    pub rows: Vec<PlanRow>,
    /// How many those are.
    pub total: i64,
    /// When this answer was made.
    pub now_ms: i64,
}

/// A person or a team.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PlanRow {
    /// `person` or `team`.
    pub kind: String,
    /// SCIM id of the person; Grafana's id of the team, empty where it is to be made.
    pub id: String,
    /// Name.
    pub name: String,
    /// What would be done, in this order.
    pub steps: Vec<String>,
    /// Why.
    pub why: String,
}
