//! What the comparison marks.
//!
//! Owns: what is in the queue already, so that nothing in it is touched without need. Must never mark what waits for its turn or for a
//! person already: that would undo the back-off. Start at [`Marks::consider`].

use std::collections::{BTreeSet, HashMap};

use domain::{Tenant, attention::Attention};

use crate::{context::Core, error::Result};
use store::{Kind, Mark, Urgency};

/// The queue as it is, so that nothing in it is touched without need.
pub(super) struct Marks<'a> {
    core: &'a Core,
    pub(super) tenant: &'a Tenant,
    correlation: &'a str,
    /// Waiting for their turn.
    pub(super) waiting: BTreeSet<(Kind, String)>,
    /// Waiting for a person, and why.
    shown: HashMap<(Kind, String), Attention>,
}

const ALL: i64 = i64::MAX;

impl<'a> Marks<'a> {
    pub(super) async fn read(core: &'a Core, tenant: &'a Tenant, correlation: &'a str) -> Result<Self> {
        let due = core.store.due_work(i64::MAX, ALL).await?;
        let shown = core.store.attention_rows(tenant, ALL).await?;
        Ok(Self {
            core,
            tenant,
            correlation,
            waiting: due
                .into_iter()
                .filter(|w| w.tenant == *tenant)
                .map(|w| (w.kind, w.id))
                .collect(),
            shown: shown.into_iter().map(|a| ((a.kind, a.id), a.attention)).collect(),
        })
    }

    /// The account of somebody who must be out is open again.
    pub(super) async fn found_open(&self, user_id: &str) -> Result<()> {
        Ok(self.core.store.forget_seen_closed(user_id).await?)
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
