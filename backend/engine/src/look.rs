//! Who is in a team, for an admin who asks what a change would do.
//!
//! Owns: the questions and their answers, outside the minute's look: a team that no mapping feeds is in no other listing of members.
//! Must never change anything, nor wait for long: a page waits for it. Start at [`Looks::answer`] (who asks) and [`look`] (the engine).

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use domain::team::Member;
use tokio::sync::Notify;

use super::{engine::Core, org::Org, roster, trouble::Result, wake::locked};

/// The members of a team as just seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterSeen {
    /// Grafana's id.
    pub team_id: i64,
    /// When.
    pub at_ms: i64,
    /// Each with the login.
    pub members: Vec<(String, Member)>,
}

/// So long a page waits for Grafana; then it is told what was seen last.
const PATIENCE: Duration = Duration::from_secs(3);
/// What was seen before is forgotten: it would say more about then than about now.
const STALE_MS: i64 = 600_000;

/// Questions that are open, and the last answers; by organization and team.
#[derive(Debug, Default)]
pub(super) struct Looks {
    asked: Mutex<BTreeSet<(i64, i64)>>,
    seen: Mutex<HashMap<(i64, i64), RosterSeen>>,
    answered: Notify,
}

impl Looks {
    pub(super) fn ask(&self, org_id: i64, teams: &[i64]) {
        locked(&self.asked).extend(teams.iter().map(|team| (org_id, *team)));
    }

    /// Waits until the engine has looked, or could not.
    pub(super) async fn answer(&self, org_id: i64, teams: &[i64]) -> Vec<RosterSeen> {
        let open = || {
            let asked = locked(&self.asked);
            teams.iter().any(|team| asked.contains(&(org_id, *team)))
        };
        let all = async {
            loop {
                let answered = self.answered.notified();
                tokio::pin!(answered);
                // Before the question whether there is anything to wait for: an answer in between must not be missed.
                answered.as_mut().enable();
                if !open() {
                    return;
                }
                answered.await;
            }
        };
        // Late is as good as never: the last answers then say how old they are.
        drop(tokio::time::timeout(PATIENCE, all).await);
        let seen = locked(&self.seen);
        let known = teams.iter().filter_map(|team| seen.get(&(org_id, *team)));
        known.cloned().collect()
    }
}

/// Answers what was asked meanwhile. What cannot be asked of Grafana now is not kept waiting.
pub(super) async fn look(core: &Core, orgs: &mut HashMap<i64, Org>) -> Result<()> {
    let looks = &core.shared.looks;
    let asked = locked(&looks.asked).clone();
    for key in asked {
        core.go_on()?;
        let now = core.clock.now_ms();
        if let Some(org) = orgs.get_mut(&key.0).filter(|org| org.runnable(now)) {
            let released = core.store.released_accounts(org.id()).await?;
            match members(org, key.1, &released, now).await {
                Ok(seen) => {
                    let mut known = locked(&looks.seen);
                    known.retain(|_, seen| now.saturating_sub(seen.at_ms) < STALE_MS);
                    known.remove(&key);
                    known.extend(seen.map(|seen| (key, seen)));
                }
                Err(error) => org.went_wrong(core, &error).await,
            }
        }
        locked(&looks.asked).remove(&key);
        looks.answered.notify_waiters();
    }
    Ok(())
}

/// `None`: there is no such team any more.
async fn members(
    org: &Org,
    team_id: i64,
    released: &HashSet<i64>,
    now_ms: i64,
) -> std::result::Result<Option<RosterSeen>, grafana::Error> {
    let me = org.grafana.me().await?.id;
    let seen = org.grafana.team_members(team_id).await?;
    Ok(seen.map(|seen| RosterSeen {
        team_id,
        at_ms: now_ms,
        members: seen
            .into_iter()
            .map(|seen| (seen.login.clone(), roster::member(org, seen, me, released)))
            .collect(),
    }))
}
