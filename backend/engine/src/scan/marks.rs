//! What the comparison marks.
//!
//! Owns: what is in the queue already, so that nothing in it is touched without need. Must never mark what waits for its turn or for a
//! person already: that would undo the back-off. Start at [`Marks::consider`].

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{Tenant, attention::Attention, brake::Taking};

use crate::{context::Core, error::Result};
use store::{BrakeState, Kind, Mark, Urgency};

/// The queue as it is, so that nothing in it is touched without need.
pub(super) struct Marks<'a> {
    core: &'a Core,
    pub(super) tenant: &'a Tenant,
    correlation: &'a str,
    /// Waiting for their turn.
    pub(super) waiting: BTreeSet<(Kind, String)>,
    /// What an admin said no to, of all that the brake held.
    pub(super) rejected: HashSet<Taking>,
    /// Waiting for a person, and why.
    shown: HashMap<(Kind, String), Attention>,
}

const ALL: i64 = i64::MAX;

impl<'a> Marks<'a> {
    pub(super) async fn read(core: &'a Core, tenant: &'a Tenant, correlation: &'a str) -> Result<Self> {
        let waiting = core.store.waiting_work(tenant).await?;
        let shown = core.store.attention_rows(tenant, ALL).await?;
        let rejected = core.store.held(tenant, BrakeState::Rejected).await?;
        Ok(Self {
            rejected: rejected.into_iter().map(|row| row.taking).collect(),
            core,
            tenant,
            correlation,
            waiting: waiting.into_iter().map(|w| (w.kind, w.id)).collect(),
            shown: shown.into_iter().map(|a| ((a.kind, a.id), a.attention)).collect(),
        })
    }

    /// The account of somebody who must be out is open again.
    pub(super) async fn found_open(&self, user_id: &str) -> Result<()> {
        Ok(self.core.store.forget_seen_closed(user_id).await?)
    }

    /// Whether the queue tries it by itself, more and more seldom: a comparison does not ask for the same thing in between.
    pub(super) fn is_tried(&self, kind: Kind, id: &str) -> bool {
        let key = (kind, id.to_owned());
        let refused = |shown: &Attention| matches!(shown, Attention::GrafanaRefused { .. });
        self.waiting.contains(&key) || self.shown.get(&key).is_some_and(refused)
    }

    /// Marks what has something to do, or something new to show.
    pub(super) async fn consider(
        &self,
        kind: Kind,
        id: &str,
        closing: bool,
        due: bool,
        attention: Option<&Attention>,
    ) -> Result<()> {
        let key = (kind, id.to_owned());
        if self.waiting.contains(&key) {
            return Ok(());
        }
        let mark = match (self.shown.get(&key), attention) {
            // What a person was told still stands.
            (Some(shown), Some(now)) => shown != now,
            (Some(shown), None) => shown.ends_unseen(due),
            (None, now) => due || now.is_some(),
        };
        if mark {
            let now = self.core.clock.now_ms();
            self.core
                .store
                .mark(&Mark {
                    tenant: self.tenant,
                    kind,
                    id,
                    urgency: Urgency::of_access(!closing),
                    correlation: self.correlation,
                    now_ms: now,
                })
                .await?;
        }
        Ok(())
    }
}
