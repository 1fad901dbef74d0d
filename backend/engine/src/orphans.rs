//! Teams that no mapping feeds any more: our people leave them.
//!
//! Owns: which of them have their turn. One that fails keeps no other waiting. Must never empty a team that a mapping feeds.
//! Start at [`empty`].

use std::collections::HashMap;

use domain::{
    OrgId, TeamId,
    attempt::{SLOWEST_MS, backoff_ms},
    operation::Purpose,
};

use super::{
    context::Core,
    error::{Result, SyncError},
    group,
    org::Org,
};
use store::Kind;

/// Takes our people out of the teams that no mapping feeds any more.
pub(super) async fn empty(core: &Core, orgs: &mut HashMap<OrgId, Org>) -> Result<()> {
    for org in orgs.values_mut() {
        if !org.settings.effective.group_sync || !org.status.store.may_open() || !core.may(org.id(), Purpose::Change) {
            continue;
        }
        for team_id in core.store.orphaned_teams(org.id()).await? {
            let now = core.clock.elapsed_ms();
            let resting = org.resting_teams.get(&team_id);
            let rests = resting.is_some_and(|(until_ms, _)| *until_ms > now);
            if rests || !org.state.may_do(Kind::Group, now) {
                continue;
            }
            org.know_switch(core).await;
            match group::empty_orphan(core, org, team_id).await {
                Ok(()) => _ = org.resting_teams.remove(&team_id),
                Err(e @ (SyncError::Store(_) | SyncError::Stopped)) => return Err(e),
                Err(SyncError::SettingsChanged) => break,
                Err(e) => rest(core, org, team_id, &e).await,
            }
        }
    }
    Ok(())
}

/// A team that could not be emptied is asked again, more and more seldom; the others have their turn.
async fn rest(core: &Core, org: &mut Org, team_id: TeamId, error: &SyncError) {
    tracing::warn!(org = org.id().get(), team_id = team_id.get(), %error, "people of a removed mapping are still in their team");
    if let SyncError::Grafana { error, .. } = error {
        org.went_wrong(core, error).await;
    }
    let attempts = org.resting_teams.get(&team_id).map_or(0, |(_, attempts)| *attempts);
    let wait = backoff_ms(attempts, SLOWEST_MS, core.ids.jitter());
    let until_ms = core.clock.elapsed_ms().saturating_add(wait);
    org.resting_teams
        .insert(team_id, (until_ms, attempts.saturating_add(1)));
}
