//! The brake: how much a provider may take away before an admin is asked.
//!
//! Owns: what counts, the limit, and which of the things asked for go on and which are held. What is
//! counted is people (and teams): one who leaves five teams is one. Must never read a clock or a
//! store: counts and times come in. Start at [`decide`].

use std::collections::BTreeSet;

use vocabulary::{BrakeState, HeldKind};

/// The limit, as the settings `brake_…` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Over so much time is counted.
    pub window_ms: i64,
    /// So many are never held up.
    pub least: i64,
    /// Of the active people so many percent…
    pub percent: i64,
    /// …but no more than so many.
    pub most: i64,
}

impl Limits {
    /// So many active people are enough to know the limit.
    #[must_use]
    pub fn enough(self) -> i64 {
        self.most.saturating_add(1).saturating_mul(100) / self.percent.max(1)
    }

    /// How many people may lose something within the window, of so many active ones.
    #[must_use]
    pub fn of(self, active: i64) -> i64 {
        let share = active.max(0).saturating_mul(self.percent) / 100;
        self.least.max(share.min(self.most))
    }
}

/// One thing that a provider takes away.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Taking {
    /// What.
    pub kind: HeldKind,
    /// Who loses it: a SCIM user's id, or a group's where a team goes.
    pub subject: String,
    /// What exactly: a team's id, a new login and e-mail; empty where the kind says it all.
    pub object: String,
}

/// What was decided about a taking before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The taking.
    pub taking: Taking,
    /// The decision.
    pub state: BrakeState,
    /// When it was asked for, or approved.
    pub at_ms: i64,
}

impl Decided {
    /// Whether it counts in the window that ends now.
    fn counts(&self, now_ms: i64, limits: Limits) -> bool {
        let is_open = matches!(self.state, BrakeState::Out | BrakeState::Held);
        is_open && now_ms.saturating_sub(self.at_ms) < limits.window_ms
    }
}

/// How a taking goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done. `news`: it counts from now on, and has to be written down.
    Goes {
        /// Nothing was written down about it, or only something too old to count.
        news: bool,
    },
    /// It waits for an admin.
    Held {
        /// It was not held before.
        news: bool,
    },
    /// An admin said no: it is not done.
    Refused,
}

impl Verdict {
    /// Whether it is done.
    #[must_use]
    pub const fn goes(self) -> bool {
        matches!(self, Self::Goes { .. })
    }
}

/// What was decided before, as far as the subjects of a question need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Everything about those subjects.
    pub known: Vec<Decided>,
    /// How many other subjects count in the window; enough to see whether there is room.
    pub others: i64,
}

/// Decides about takings in the order given. `allowed` is [`Limits::of`].
///
/// What is held counts too, so that a flood that goes on does not get through by waiting, and what
/// an admin decided about does not.
#[must_use]
pub fn decide(asked: &[Taking], before: &Before, allowed: i64, now_ms: i64, limits: Limits) -> Vec<Verdict> {
    let known = &before.known;
    let recent = |at_ms: i64| now_ms.saturating_sub(at_ms) < limits.window_ms;
    let subjects_of = |wanted: &dyn Fn(&Decided) -> bool| -> BTreeSet<&str> {
        let of = known.iter().filter(|d| wanted(d));
        of.map(|d| d.taking.subject.as_str()).collect()
    };
    let mut counted = subjects_of(&|d| d.counts(now_ms, limits));
    // One thing of a person that waits, and the person keeps everything else too.
    let mut held = subjects_of(&|d| d.state == BrakeState::Held);
    let mut out = subjects_of(&|d| matches!(d.state, BrakeState::Out | BrakeState::Approved) && recent(d.at_ms));
    // Who is out takes nothing along that would count again; who stays open keeps everything.
    let closing = |d: &Decided| d.taking.kind == HeldKind::Close;
    let closed = subjects_of(&|d| closing(d) && matches!(d.state, BrakeState::Out | BrakeState::Approved));
    let kept = subjects_of(&|d| closing(d) && d.state == BrakeState::Rejected);
    let mut verdicts = Vec::with_capacity(asked.len());
    for taking in asked {
        let subject = taking.subject.as_str();
        let own = known.iter().find(|d| d.taking == *taking);
        let has_room = || count(&counted).saturating_add(before.others) < allowed;
        let verdict = match own.map(|d| (d.state, d.at_ms)) {
            Some((BrakeState::Held, _)) => Verdict::Held { news: false },
            Some((BrakeState::Rejected, _)) => Verdict::Refused,
            Some((BrakeState::Approved, _)) => Verdict::Goes { news: false },
            // A closing that was let through is one until the provider opens the person again:
            // doing it once more is nobody's wish but the same.
            _ if closed.contains(subject) => Verdict::Goes { news: false },
            _ if kept.contains(subject) => Verdict::Refused,
            Some((BrakeState::Out, at_ms)) if recent(at_ms) => Verdict::Goes { news: false },
            _ if held.contains(subject) => Verdict::Held { news: true },
            _ if out.contains(subject) || counted.contains(subject) || has_room() => Verdict::Goes { news: true },
            _ => Verdict::Held { news: true },
        };
        match verdict {
            Verdict::Goes { news: true } => {
                out.insert(subject);
                counted.insert(subject);
            }
            Verdict::Held { .. } => {
                held.insert(subject);
                counted.insert(subject);
            }
            Verdict::Goes { news: false } | Verdict::Refused => {}
        }
        verdicts.push(verdict);
    }
    verdicts
}

fn count(subjects: &BTreeSet<&str>) -> i64 {
    i64::try_from(subjects.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
