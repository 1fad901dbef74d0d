//! Some pieces of work, and what follows from each.
//!
//! Owns: how many people are under way at once. Must never choose what is worked on: the loop does.
//! Start at [`people`].

use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::{
    context::Core,
    error::{Result, SyncError},
    failpoints::BEFORE_RECORD,
    group as sync,
    org::Org,
    person,
    verdict::conclude,
};
use store::Work;

/// People, so many at once. After the first failure nobody new is begun: the others keep their marks and come with the next look at
/// the queue, when it has been judged what the failure means for all.
pub(super) async fn people(core: &Core, org: &mut Org, batch: &[&Work], at_once: usize) -> Result<()> {
    let began = Instant::now();
    let mut ended = Vec::with_capacity(batch.len());
    {
        let org = &*org;
        let mut waiting = batch.iter().copied();
        let mut under_way = FuturesUnordered::new();
        let mut well = true;
        loop {
            while well && under_way.len() < at_once && core.go_on_with(&org.settings).is_ok() {
                let Some(work) = waiting.next() else { break };
                under_way.push(async move { (work, person::sync(core, org, work).await) });
            }
            let Some((work, done)) = under_way.next().await else {
                break;
            };
            well &= done.is_ok();
            ended.push((work, done.map(|person::Recorded| ())));
        }
    }
    if at_once == org.limit.now() && batch.iter().all(|work| !work.closing) {
        org.limit.done(ended.len(), began.elapsed());
        if org.limit.now() != at_once {
            tracing::debug!(
                org = org.id().get(),
                at_once = org.limit.now(),
                "so many people at once from here on"
            );
        }
    }
    // What went well at the same time must not open again what a failure closes.
    ended.sort_by_key(|(_, done)| matches!(done, Err(SyncError::Grafana { .. })));
    let mut all = Ok(());
    for (work, done) in ended {
        all = all.and(conclude(core, org, work, done).await);
    }
    all
}

pub(super) async fn group(core: &Core, org: &mut Org, work: &Work) -> Result<()> {
    let mut done = sync::sync(core, org, work).await;
    if done.is_ok() {
        core.failpoints.reach(BEFORE_RECORD);
        done = core.store.finish(work).await.map_err(SyncError::from);
    }
    conclude(core, org, work, done).await
}
