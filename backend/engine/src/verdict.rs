//! What follows from how a piece of work ended.
//!
//! Owns: whether it is put off or shown to a person, and its line in the log. Must never do the work itself. Start at [`conclude`].

use domain::{
    attempt::{self, Failure, Verdict, backoff_ms},
    attention::{Attention, Delay},
    wording,
};

use super::{
    context::{AWAY_MS, ActivityEvent, Core},
    error::{Result, SyncError},
    org::Org,
};
use grafana::Error;
use store::{Action, Kind, Outcome, Work};

/// What becomes of a piece of work that did not end well.
enum Next {
    /// It is tried again.
    Retry { after_ms: i64, delay: Delay },
    /// A person must look.
    Show(Attention),
}

/// What was worked on is put off or shown, if it did not end well.
pub(super) async fn conclude(core: &Core, org: &mut Org, work: &Work, done: Result<()>) -> Result<()> {
    let Err(error) = done else {
        org.went_well(core).await;
        return Ok(());
    };
    let now = core.clock.now_ms();
    let jitter = core.ids.jitter();
    let sync = match work.kind {
        Kind::User => Action::UserSync,
        Kind::Group => Action::GroupSync,
    };
    let (action, next, took_ms) = match error {
        SyncError::Store(_) | SyncError::Stopped => return Err(error),
        SyncError::Attention(attention) => {
            // Grafana was asked and has answered.
            org.went_well(core).await;
            (Some(sync), Next::Show(attention), 0)
        }
        SyncError::NotYet(delay) => {
            org.went_well(core).await;
            let after_ms = backoff_ms(work.attempts, jitter);
            (Some(sync), Next::Retry { after_ms, delay }, 0)
        }
        SyncError::Grafana {
            action,
            operation,
            error,
            took_ms,
        } => {
            org.went_wrong(core, &error).await;
            // What was listed may be out of date: the next look is at the thing itself.
            org.listing = None;
            let failure = Failure::from(&error);
            if failure == Failure::Unauthorized && !matches!(error, Error::TokenRefused(_)) {
                // Nothing is wrong with this piece of work: the organization waits as a whole.
                return Ok(());
            }
            let next = match attempt::judge(&failure, &operation, work.attempts, jitter) {
                Verdict::Attention(attention) => Next::Show(attention),
                Verdict::Retry { after_ms } => Next::Retry {
                    // Soon after Grafana is back; the organization's gate keeps the calls few until then.
                    after_ms: if failure == Failure::Away {
                        after_ms.min(AWAY_MS)
                    } else {
                        after_ms
                    },
                    delay: Delay::GrafanaFailed {
                        operation,
                        error: error.to_string(),
                    },
                },
            };
            let quiet = failure == Failure::Away && work.attempts > 0;
            let action = action.or(matches!(next, Next::Show(_)).then_some(sync));
            (action.filter(|_| !quiet), next, took_ms)
        }
    };
    let (outcome, reason) = match &next {
        Next::Retry { delay, .. } => (Outcome::Retry, wording::delay(delay)),
        Next::Show(attention) => (Outcome::Attention, wording::reason(attention)),
    };
    if let Some(action) = action {
        let name = target_name(core, work).await?;
        let event = ActivityEvent {
            action,
            target: (work.kind.into(), &work.id, &name),
            outcome,
            reason: Some(reason),
            took_ms,
        };
        let line = core.line(work, &org.actor().await, event);
        core.store.record(&[line]).await?;
    }
    match next {
        Next::Retry { after_ms, delay } => core.store.retry(work, now.saturating_add(after_ms), delay).await?,
        Next::Show(attention) => core.store.attention(work, attention).await?,
    }
    Ok(())
}

/// userName or displayName, or what is remembered of it.
async fn target_name(core: &Core, work: &Work) -> Result<String> {
    let name = match work.kind {
        Kind::User => match core.store.user(&work.tenant, &work.id).await? {
            Some(user) => user.document.user_name().map(str::to_owned),
            None => core.store.account(&work.id).await?.map(|a| a.login),
        },
        Kind::Group => match core.store.group(&work.tenant, &work.id).await? {
            Some(group) => group.document.display_name().map(str::to_owned),
            None => {
                let mappings = core.store.mappings_of_group(&work.tenant, &work.id).await?;
                mappings.into_iter().next().map(|m| m.group_name)
            }
        },
    };
    Ok(name.unwrap_or_else(|| work.id.clone()))
}
