//! One thing that was looked at, and how it stands: what every test, the overview's next steps and the sign-in check are lists of.
//!
//! Owns: the shape of a finding. Must never carry a secret: `request` and `lines` are shown and copied. Start at [`Check`].

use serde::{Deserialize, Serialize};

/// One finding, in an admin's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Check {
    /// What it is about, or what to do.
    pub what: String,
    /// How it stands.
    pub outcome: TestOutcome,
    /// Why, and what to do.
    pub detail: String,
    /// The request that was played, e.g. `PATCH /Users/4b2`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request: String,
    /// The status it was answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Lines to copy: of Grafana's configuration file, or an answer's body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// The page of this app where it is fixed, with its query; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub page: String,
}

/// How one check went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// Works.
    #[default]
    Ok,
    /// Worth knowing, or not known.
    Note,
    /// Works with a drawback that `detail` names.
    Warning,
    /// Does not work.
    Failed,
}
