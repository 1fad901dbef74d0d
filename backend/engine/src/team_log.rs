//! The lines in the log about teams.
//!
//! Owns: what such a line names. Must never tell of what was not done. Start at [`log`].

use super::{
    context::{ActivityEvent, Core},
    error::Result,
    org::Org,
};
use grafana::Team;
use store::{Action, Outcome, TargetKind, Work};

pub(super) async fn log(
    core: &Core,
    org: &Org,
    work: &Work,
    action: Action,
    team: &Team,
    reason: Option<String>,
    took_ms: i64,
) -> Result<()> {
    let event = ActivityEvent {
        action,
        target: (TargetKind::Team, &team.id.to_string(), &team.name),
        outcome: Outcome::Done,
        reason,
        took_ms,
    };
    let line = core.line(work, &org.actor().await, event);
    Ok(core.store.record(&[line]).await?)
}
