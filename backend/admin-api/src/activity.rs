//! `GET admin/activity`: what happened to X, and why? `POST admin/retry`, `POST admin/resync` ([`Target`]): do it again.
//!
//! Owns: the shape of one line of the log. Must never carry a secret or a raw body. Start at [`ActivityEntry`].

use serde::{Deserialize, Serialize};
use vocabulary::{Action, Outcome, ResourceKind, Source, TargetKind};

/// `GET admin/activity`, newest first. `count` is at most 200 (default 50).
///
/// Filters, all of which must fit: `target` (an id), `outcome` and `source` (the codes of [`Outcome`] and [`Source`]),
/// `actor` (a login), `action` (how an [`Action`] begins: `user.` for all about users), `correlation`, and the time: `since` (from then on) and
/// `until` (before then), in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Activity {
    /// This page.
    pub entries: Vec<ActivityEntry>,
    /// Pass as `after` for older entries; absent on the last page.
    pub next: Option<i64>,
    /// Who has called last, newest first, at most ten: what `actor` may be set to. On the first page only.
    #[serde(default)]
    pub callers: Vec<String>,
}

/// One SCIM request that changed something or was refused, or one change made in Grafana.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ActivityEntry {
    /// Grows with time.
    pub id: i64,
    /// When.
    pub at_ms: i64,
    /// Which half of the product.
    pub source: Source,
    /// Who: the caller's Grafana login, or `rollcall`.
    pub actor: String,
    /// What was done, or was to be done.
    pub action: Action,
    /// What it is about.
    pub target_kind: TargetKind,
    /// Its id.
    pub target_id: String,
    /// Its name at that time.
    pub target_name: String,
    /// How it went.
    pub outcome: Outcome,
    /// Why, when not done; or what exactly was done.
    pub reason: Option<String>,
    /// Milliseconds it took.
    pub duration_ms: i64,
    /// Ties a SCIM request to the Grafana calls it led to.
    pub correlation: String,
}

/// `POST admin/retry`: what waits for its turn, or for a person, is tried now. `POST admin/resync`: it is compared with Grafana as if
/// it had just changed. 202 without a body; 404 where nobody knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What kind of resource.
    pub kind: ResourceKind,
    /// Its SCIM id.
    pub id: String,
}
