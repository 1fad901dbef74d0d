//! What is known of Grafana's own Team Sync (Enterprise) in one organization.
//!
//! Owns: plain data between two comparisons. Must never ask anything. Start at [`ExternalGroups`]; `team_sync.rs` fills it.

use domain::TeamId;
use std::collections::BTreeMap;

/// What is known of it, from the calls of earlier comparisons.
#[derive(Debug, Default)]
pub(super) struct ExternalGroups {
    /// Of our teams: whether it has external groups too. Not there: not asked yet.
    pub(super) filled: BTreeMap<TeamId, bool>,
    /// The team asked last.
    pub(super) last: TeamId,
    /// Grafana has no Team Sync, or does not tell: not asked before this time.
    pub(super) quiet_until_ms: i64,
    /// Whether Grafana's licence has it, as last told.
    pub(super) licensed: bool,
    /// The licence is not asked for before this time.
    pub(super) licence_from_ms: i64,
}
