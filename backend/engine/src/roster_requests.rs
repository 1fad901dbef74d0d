//! Who is in a team, for an admin who asks what a change would do: the questions and their answers.
//!
//! Owns: what is open and what was answered. Must never ask Grafana itself, nor wait for long: a page waits for it.
//! Start at [`RosterRequests::answer`]; the engine answers in `look.rs`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Mutex,
    time::Duration,
};

use domain::{OrgId, TeamId, status::RosterSeen};
use tokio::sync::Notify;

use super::lock::locked;

/// So long a page waits for Grafana; then it is told what was seen last.
const PATIENCE: Duration = Duration::from_secs(3);
/// What was seen before is forgotten: it would say more about then than about now.
const STALE_MS: i64 = 600_000;

/// Questions that are open, and the last answers; by organization and team.
#[derive(Debug, Default)]
pub(super) struct RosterRequests {
    asked: Mutex<BTreeSet<(OrgId, TeamId)>>,
    seen: Mutex<HashMap<(OrgId, TeamId), RosterSeen>>,
    answered: Notify,
}

impl RosterRequests {
    pub(super) fn ask(&self, org_id: OrgId, teams: &[TeamId]) {
        locked(&self.asked).extend(teams.iter().map(|team| (org_id, *team)));
    }

    /// Waits until the engine has looked, or could not.
    pub(super) async fn answer(&self, org_id: OrgId, teams: &[TeamId]) -> Vec<RosterSeen> {
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

    /// What was asked and is not answered yet, by organization and team.
    pub(super) fn open(&self) -> BTreeSet<(OrgId, TeamId)> {
        locked(&self.asked).clone()
    }

    /// What was just seen; `None`: there is no such team any more.
    pub(super) fn learn(&self, key: (OrgId, TeamId), seen: Option<RosterSeen>, now_ms: i64) {
        let mut known = locked(&self.seen);
        known.retain(|_, seen| now_ms.saturating_sub(seen.at_ms) < STALE_MS);
        known.remove(&key);
        known.extend(seen.map(|seen| (key, seen)));
    }

    /// Nobody needs to wait for this one any more.
    pub(super) fn close(&self, key: (OrgId, TeamId)) {
        locked(&self.asked).remove(&key);
        self.answered.notify_waiters();
    }
}
