//! The brake between a plan and its calls.
//!
//! Owns: asking `domain::brake` about what a provider takes away, with what the store knows, and
//! writing down what it said before anything is done by it. One question at a time, so that two
//! people who are worked on at once are not both the last one. Must never ask about what an admin
//! has seen and saved. Start at [`ask`].

use domain::brake::{self, Taking, Verdict};

use super::{context::Core, error::Result, org::Org};
use store::{BrakeState, NewTaking, Work};

/// Something that a provider takes away, with its names for the page.
pub(super) struct Asked {
    pub(super) taking: Taking,
    /// The person's or the group's name.
    pub(super) name: String,
    /// The team's name, or what the names would be.
    pub(super) detail: String,
}

/// How each goes on. What is news is on disk when this returns.
pub(super) async fn ask(core: &Core, org: &Org, work: &Work, asked: &[Asked]) -> Result<Vec<Verdict>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let _one_at_a_time = core.shared.brake.lock().await;
    let (limits, now) = (org.settings.effective.brake, core.clock.now_ms());
    let after = now.saturating_sub(limits.window_ms);
    let takings: Vec<Taking> = asked.iter().map(|asked| asked.taking.clone()).collect();
    let subjects: Vec<&str> = takings.iter().map(|taking| taking.subject.as_str()).collect();
    let active = core.store.active_since(&work.tenant, after, limits.enough()).await?;
    let allowed = limits.of(active);
    let most = allowed.saturating_add(1);
    let before = core.store.braked(&work.tenant, after, &subjects, most).await?;
    let verdicts = brake::decide(&takings, &before, allowed, now, limits);
    let new: Vec<NewTaking> = asked
        .iter()
        .zip(&verdicts)
        .filter_map(|(asked, verdict)| {
            let state = match verdict {
                Verdict::Goes { news: true } => BrakeState::Out,
                Verdict::Held { news: true } => BrakeState::Held,
                _ => return None,
            };
            Some(NewTaking {
                taking: asked.taking.clone(),
                state,
                name: asked.name.clone(),
                detail: asked.detail.clone(),
            })
        })
        .collect();
    // Told once, when the limit is reached: a flood may be of thousands.
    if before.others <= allowed && new.iter().any(|new| new.state == BrakeState::Held) {
        tracing::warn!(
            org = org.id().get(),
            allowed,
            correlation = work.correlation,
            "the brake holds what a provider takes away; an admin decides on the app's page"
        );
    }
    if !new.is_empty() {
        core.store.brake(work, &new, now).await?;
    }
    Ok(verdicts)
}
