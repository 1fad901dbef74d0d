//! Waiting on a state, with a bound.
//!
//! Owns: the only place where time passes in these tests. Must never wait for a time instead of a state. Start at [`until`].

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

/// Long enough for two slow cores that others use too; a state that takes longer never comes.
pub const SOON: Duration = Duration::from_secs(30);

const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Asks `probe` again and again until it succeeds; its error says what is still missing.
///
/// # Errors
/// The last error of `probe`, when `limit` is over.
pub async fn until<T>(what: &str, limit: Duration, mut probe: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + limit;
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = anyhow::anyhow!("it was never answered");
    loop {
        ticks.tick().await;
        match timeout_at(deadline, probe()).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(missing)) => last = missing,
            Err(_) => return Err(last).with_context(|| late(what, limit)),
        }
        if Instant::now() >= deadline {
            return Err(last).with_context(|| late(what, limit));
        }
    }
}

/// Holds if `probe` succeeds at every look for the whole of `span`: how one shows that something does *not* happen.
///
/// # Errors
/// The first error of `probe`.
pub async fn throughout(what: &str, span: Duration, mut probe: impl AsyncFnMut() -> Result<()>) -> Result<()> {
    let end = Instant::now() + span;
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < end {
        ticks.tick().await;
        probe().await.with_context(|| format!("it did not hold that {what}"))?;
    }
    Ok(())
}

fn late(what: &str, limit: Duration) -> String {
    format!("waited {} s for this in vain: {what}", limit.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_reason_is_told_when_the_time_is_over() {
        let mut looks = 0;
        let error = until("the moon", Duration::from_millis(60), async || -> Result<()> {
            looks += 1;
            anyhow::bail!("look {looks}")
        })
        .await
        .unwrap_err();
        assert!(looks > 1);
        assert!(format!("{error:#}").contains("the moon"), "{error:#}");
        assert!(format!("{error:#}").contains(&format!("look {looks}")), "{error:#}");
    }

    #[tokio::test]
    async fn a_probe_that_hangs_is_left_at_the_deadline() {
        let hanging = until("an answer", Duration::from_millis(50), async || -> Result<()> {
            std::future::pending().await
        });
        assert!(hanging.await.is_err());
    }
}
