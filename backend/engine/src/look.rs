//! Answers requests for the members of a team, outside the minute's look: a team that no mapping feeds is in no other listing of members.
//!
//! Owns: what is asked of Grafana for it. Must never change anything. Start at [`look`].

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use domain::{OrgId, TeamId, UserId, status::RosterSeen};

use super::{context::Core, error::Result, org::Org, roster};

/// So long other work waits for the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers the open requests. Where Grafana cannot be asked now, the request ends without an answer.
pub(super) async fn look(core: &Core, orgs: &mut HashMap<OrgId, Org>) -> Result<()> {
    let looks = &core.shared.looks;
    for key in looks.open() {
        core.go_on()?;
        let (now, elapsed) = (core.clock.now_ms(), core.clock.elapsed_ms());
        if let Some(org) = orgs.get_mut(&key.0).filter(|org| org.state.is_runnable(elapsed)) {
            let released = core.store.unmanaged_accounts(org.id()).await?;
            match tokio::time::timeout(PATIENCE, members(org, key.1, &released, now)).await {
                Ok(Ok(seen)) => looks.learn(key, seen, now),
                Ok(Err(error)) => {
                    org.went_wrong(core, &error).await;
                }
                // The page has stopped waiting, and other work must not wait for this team.
                Err(_) => {}
            }
        }
        looks.close(key);
    }
    Ok(())
}

/// `None`: there is no such team any more.
async fn members(
    org: &Org,
    team_id: TeamId,
    released: &HashSet<UserId>,
    now_ms: i64,
) -> std::result::Result<Option<RosterSeen>, grafana::Error> {
    let me = org.grafana.me().await?.id;
    let seen = org.grafana.team_members(team_id).await?;
    Ok(seen.map(|seen| RosterSeen {
        team_id,
        at_ms: now_ms,
        members: seen
            .shown
            .into_iter()
            .map(|seen| (seen.login.clone(), roster::member(org, seen, me, released)))
            .collect(),
    }))
}
