//! What follows from how a piece of work ended.
//!
//! Owns: whether it is put off or shown to a person, and its line in the log. Must never do the work itself. Start at [`conclude`].

use domain::{
    attempt::{self, Failure, Pace, Verdict, wait_ms},
    attention::{Attention, Delay, Problem},
    wording,
};

use super::{
    context::{AWAY_MS, ActivityEvent, Core},
    error::{Result, SyncError},
    org::Org,
};
use grafana::Error;
use store::{Action, Kind, Outcome, Work};

/// What becomes of a piece of work that did not end well: it is tried again, whatever is shown meanwhile.
struct Next {
    after_ms: i64,
    problem: Problem,
    /// What the log calls it; `None`: it says nothing.
    action: Option<Action>,
    took_ms: i64,
}

/// What was worked on is put off or shown, if it did not end well.
pub(super) async fn conclude(core: &Core, org: &mut Org, work: &Work, done: Result<()>) -> Result<()> {
    let Err(error) = done else {
        org.went_well(core).await;
        return Ok(());
    };
    let sync = match work.kind {
        Kind::User => Action::UserSync,
        Kind::Group => Action::GroupSync,
    };
    let pace = if work.closing { Pace::Closing } else { Pace::Other };
    let wait = |is_shown| wait_ms(pace, is_shown, work.attempts, core.ids.jitter());
    let next = match error {
        SyncError::Store(_) | SyncError::Stopped => return Err(error),
        // The mark stays as it is, and the queue is read again.
        SyncError::SwitchedOff(_) | SyncError::SettingsChanged => return Ok(()),
        SyncError::Attention(attention) => {
            // Grafana was asked and has answered.
            org.went_well(core).await;
            Next {
                after_ms: wait(true),
                problem: attention.into(),
                action: Some(sync),
                took_ms: 0,
            }
        }
        SyncError::NotYet(delay) => {
            org.went_well(core).await;
            Next {
                after_ms: wait(false),
                problem: delay.into(),
                action: Some(sync),
                took_ms: 0,
            }
        }
        SyncError::Grafana {
            action,
            operation,
            error,
            took_ms,
        } => {
            let all_wait = org.went_wrong(core, &error).await;
            // What was listed may be out of date: the next look is at the thing itself.
            org.listing = None;
            let failure = Failure::from(&error);
            if failure == Failure::Unauthorized && !matches!(error, Error::TokenRefused(_)) {
                // Nothing is wrong with this piece of work: the organization waits as a whole.
                return Ok(());
            }
            let verdict = if all_wait {
                // Soon after Grafana is back; the organization's pause keeps the calls few until then.
                Verdict {
                    after_ms: wait(false).min(AWAY_MS),
                    shown: None,
                }
            } else {
                attempt::judge(&failure, &operation, pace, work.attempts, core.ids.jitter())
            };
            let quiet = all_wait && work.attempts > 0;
            let action = action.or(verdict.shown.is_some().then_some(sync));
            let failed = || Delay::GrafanaFailed {
                operation,
                error: error.to_string(),
            };
            Next {
                after_ms: verdict.after_ms,
                problem: verdict.shown.map_or_else(|| failed().into(), Problem::from),
                action: action.filter(|_| !quiet),
                took_ms,
            }
        }
    };
    record(core, org, work, &next).await?;
    let due_ms = core.clock.now_ms().saturating_add(next.after_ms);
    match next.problem {
        Problem::Delay(delay) => core.store.retry(work, due_ms, delay).await?,
        Problem::Attention(attention) => show(core, work, due_ms, attention).await?,
    }
    Ok(())
}

async fn show(core: &Core, work: &Work, due_ms: i64, attention: Attention) -> Result<()> {
    let due_ms = attention.is_retried().then_some(due_ms);
    Ok(core.store.attention(work, due_ms, attention).await?)
}

/// The line in the log. What is tried in vain again and again is told once.
async fn record(core: &Core, org: &Org, work: &Work, next: &Next) -> Result<()> {
    let Some(action) = next.action.filter(|_| work.told.as_ref() != Some(&next.problem)) else {
        return Ok(());
    };
    let (outcome, reason) = match &next.problem {
        Problem::Delay(delay) => (Outcome::Retry, wording::delay(delay)),
        Problem::Attention(attention) => (Outcome::Attention, wording::reason(attention)),
    };
    let name = target_name(core, work).await?;
    let event = ActivityEvent {
        action,
        target: (work.kind.into(), &work.id, &name),
        outcome,
        reason: Some(reason),
        took_ms: next.took_ms,
    };
    let line = core.line(work, &org.actor().await, event);
    Ok(core.store.record(&[line]).await?)
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
