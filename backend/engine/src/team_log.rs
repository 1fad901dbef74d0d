//! The lines in the log about teams.
//!
//! Owns: what such a line names. Must never tell of what was not done. Start at [`log`] and [`log_people`].

use domain::{
    UserId,
    team::{self, Action as Step, MembershipChange},
    wording,
};

use super::{
    context::{ActivityEvent, Core},
    error::Result,
    org::Org,
    roster::Roster,
};
use grafana::Team;
use store::{Action, ActivityLine, Outcome, TargetKind, Work};

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

/// What stands for the SCIM id of an account that Rollcall does not manage: it has none.
pub(super) fn unmanaged(id: UserId) -> String {
    format!("grafana-{id}")
}

/// One line for each person that a step has put in, taken out or given another permission. The call is one line, and from that alone
/// nobody could say later through which group a person came.
pub(super) async fn log_people(core: &Core, org: &Org, work: &Work, roster: &Roster, action: &Step) -> Result<()> {
    let changes = team::changes(action, &roster.observed);
    if changes.is_empty() {
        return Ok(());
    }
    let ids: Vec<UserId> = changes.iter().map(|(id, _)| *id).collect();
    let owners = core.store.account_owners(&ids).await?;
    let group = core.store.group(&work.tenant, &work.id).await?;
    let group = group.as_ref().and_then(|g| g.document.display_name());
    // Where it is gone, people only leave, and no sentence names it.
    let group = group.unwrap_or_default();
    let actor = org.actor().await;
    let email = |id: UserId| {
        let member = roster.observed.members.iter().find(|m| m.grafana_id == id);
        member.map_or_else(|| id.to_string(), |m| m.email.clone())
    };
    let line = |(id, change): &(UserId, MembershipChange)| {
        let owner = owners.get(id).cloned();
        let (target, name) = owner.unwrap_or_else(|| (unmanaged(*id), email(*id)));
        let action = match change {
            MembershipChange::Joined { .. } => Action::UserTeamAdd,
            MembershipChange::Left { .. } => Action::UserTeamRemove,
            MembershipChange::Permission { .. } => Action::UserTeamPermission,
        };
        let event = ActivityEvent {
            action,
            target: (TargetKind::User, &target, &name),
            outcome: Outcome::Done,
            reason: Some(wording::membership(*change, &roster.team.name, group)),
            took_ms: 0,
        };
        core.line(work, &actor, event)
    };
    let lines: Vec<ActivityLine> = changes.iter().map(line).collect();
    Ok(core.store.record(&lines).await?)
}
