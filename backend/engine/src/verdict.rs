//! What follows from how a piece of work ended.
//!
//! Owns: whether it is put off or shown to a person, and its line in the log. Must never do the work itself. Start at [`conclude`].

use domain::attempt::{self, Failure, Verdict, backoff_ms};

use super::{
    context::{AWAY_MS, Core, Deed},
    org::Org,
    trouble::{Result, Trouble},
};
use grafana::Error;
use store::{Kind, Outcome, Work};

/// What was worked on is put off or shown, if it did not end well.
pub(super) async fn conclude(core: &Core, org: &mut Org, work: &Work, done: Result<()>) -> Result<()> {
    let Err(trouble) = done else {
        org.went_well(core).await;
        return Ok(());
    };
    let now = core.clock.now_ms();
    let jitter = core.ids.jitter();
    let sync = match work.kind {
        Kind::User => "user.sync",
        Kind::Group => "group.sync",
    };
    let (action, verdict, text, took_ms) = match trouble {
        Trouble::Store(_) | Trouble::Stopped => return Err(trouble),
        Trouble::Attention(attention) => {
            // Grafana was asked and has answered.
            org.went_well(core).await;
            (Some(sync), Verdict::Attention(attention), String::new(), 0)
        }
        Trouble::NotYet(text) => {
            org.went_well(core).await;
            let after_ms = backoff_ms(work.attempts, jitter);
            (Some(sync), Verdict::Retry { after_ms }, text, 0)
        }
        Trouble::Grafana {
            action,
            doing,
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
            let mut verdict = attempt::judge(&failure, &doing, work.attempts, jitter);
            if let (Failure::Away, Verdict::Retry { after_ms }) = (&failure, &mut verdict) {
                // Soon after Grafana is back; the organization's gate keeps the calls few until then.
                *after_ms = (*after_ms).min(AWAY_MS);
            }
            let quiet = failure == Failure::Away && work.attempts > 0;
            let action = action.or(matches!(verdict, Verdict::Attention(_)).then_some(sync));
            (
                action.filter(|_| !quiet),
                verdict,
                format!("Could not {doing}: {error}."),
                took_ms,
            )
        }
    };
    let (outcome, reason) = match &verdict {
        Verdict::Retry { .. } => (Outcome::Retry, text.clone()),
        Verdict::Attention(a) => (Outcome::Attention, a.reason.clone()),
    };
    if let Some(action) = action {
        let name = target_name(core, work).await?;
        let deed = Deed {
            action,
            target: (work.kind.as_str(), &work.id, &name),
            outcome,
            reason: Some(reason),
            took_ms,
        };
        let line = core.line(work, &org.actor().await, deed);
        core.store.record(&[line]).await?;
    }
    match verdict {
        Verdict::Retry { after_ms } => core.store.retry(work, now.saturating_add(after_ms), &text).await?,
        Verdict::Attention(a) => core.store.attention(work, &a.reason, &a.next_step).await?,
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
