//! What the health check finds.
//!
//! Owns: the cases, and which is the worst. Must never carry a name: every signed-in user can read
//! the health check. Start at [`worst`]; [`crate::wording::health`] words it.

use crate::{
    operation::Off,
    status::{EngineState, EngineStatus, StoreFile, StoreSeen},
    store_identity::Recognition,
};

/// Who must be out and was not seen out for so long makes the health check red.
pub const CLOSING_RED_MS: i64 = 5 * 60_000;
/// So long no comparison with Grafana has ended, and one has failed: what was seen closed may be open
/// again. That is five of them in a row; one that takes long does not fail.
pub const UNCOMPARED_RED_MS: i64 = 5 * 60_000;
/// So long nothing was heard of the engine, or it has gone well again: a bulk write of thousands, and
/// the wait for it, take less.
pub const ENGINE_RED_MS: i64 = 5 * 60_000;

/// The worst thing that is known of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The store cannot be opened.
    StoreClosed,
    /// The store does not answer.
    StoreFails,
    /// The store answers, and takes no change: the disk is full, or the file is read-only.
    StoreTakesNoChanges,
    /// The store's file was deleted or replaced while it was open.
    StoreReplaced,
    /// Grafana knows another store than this one.
    StoreForeign,
    /// Grafana knows a later state of this store.
    StoreBehind,
    /// Grafana answers, and does not show which store it knows.
    StoreUnknown,
    /// Grafana does not let Rollcall's account see which store it knows.
    StoreUnproven,
    /// The engine stands still, or had to be started again a moment ago.
    EngineFails,
    /// There are no credentials for Grafana.
    NotConfigured,
    /// Grafana hands the credentials over with the first request after a start.
    WaitingForFirstRequest,
    /// A secret is not sent, because it was given for another URL or login.
    SecretKeptBack,
    /// Grafana refused the credentials.
    CredentialsRefused,
    /// Grafana's API does not answer.
    GrafanaAway,
    /// Nothing is written, and so many people are open who were switched off by the provider.
    SwitchedOff(Off, i64),
    /// The brake holds what the provider asks of so many people and teams.
    Held(i64),
    /// So many people who must be out were not seen out for minutes.
    StillOpen(i64),
    /// Grafana answers, and for minutes every comparison with it has failed.
    NotCompared,
    /// So many settings have values that cannot be used.
    WrongSettings(usize),
    /// So many things wait for a person.
    NeedsAttention(i64),
    /// Grafana's own Team Sync fills so many of the teams that Rollcall fills.
    TeamSyncFills(usize),
    /// Grafana's own Team Sync could fill them.
    TeamSyncLicensed,
    /// Changes are on the way.
    Syncing,
    /// Nothing is left to do.
    InSync,
}

impl Health {
    /// Whether Rollcall does its work.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        match self {
            Self::StoreClosed
            | Self::StoreFails
            | Self::StoreTakesNoChanges
            | Self::StoreReplaced
            | Self::StoreForeign
            | Self::StoreBehind
            | Self::StoreUnknown
            | Self::StoreUnproven
            | Self::EngineFails
            | Self::NotConfigured
            | Self::SecretKeptBack
            | Self::CredentialsRefused
            | Self::GrafanaAway
            | Self::SwitchedOff(..)
            | Self::Held(_)
            | Self::StillOpen(_)
            | Self::NotCompared
            | Self::WrongSettings(_) => false,
            Self::WaitingForFirstRequest
            | Self::NeedsAttention(_)
            | Self::TeamSyncFills(_)
            | Self::TeamSyncLicensed
            | Self::Syncing
            | Self::InSync => true,
        }
    }
}

/// How the engine's task is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Liveness {
    /// Since when nothing was heard of it.
    pub silent_ms: i64,
    /// How long ago it had to be started again after a fault.
    pub restarted_ms: Option<i64>,
}

impl Liveness {
    const fn is_alive(self) -> bool {
        let recovered = match self.restarted_ms {
            Some(ago) => ago >= ENGINE_RED_MS,
            None => true,
        };
        self.silent_ms < ENGINE_RED_MS && recovered
    }
}

/// Who must be out and was not seen out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Closing {
    /// How many.
    pub people: i64,
    /// For how long the first of them has been.
    pub oldest_ms: i64,
}

impl Closing {
    /// `since_ms`: since when the first of them must be out.
    #[must_use]
    pub fn of(people: i64, since_ms: Option<i64>, now_ms: i64) -> Self {
        let oldest_ms = now_ms.saturating_sub(since_ms.unwrap_or(now_ms)).max(0);
        Self { people, oldest_ms }
    }

    const fn is_late(self) -> bool {
        self.people > 0 && self.oldest_ms >= CLOSING_RED_MS
    }
}

/// What is known of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The store itself.
    pub store: StoreSeen,
    /// The engine's task.
    pub engine: Liveness,
    /// The connection to Grafana.
    pub status: &'a EngineStatus,
    /// By the clock that is never set back.
    pub elapsed_ms: i64,
    /// A secret is not sent.
    pub kept_back: bool,
    /// Who must be out and was not seen out.
    pub closing: Closing,
    /// People and teams that the brake holds something of.
    pub held: i64,
    /// Settings with values that cannot be used.
    pub wrong_settings: usize,
    /// What waits for a person.
    pub attention: i64,
    /// What waits.
    pub pending: i64,
}

/// The worst thing that is known.
#[must_use]
pub fn worst(facts: &Facts<'_>) -> Health {
    let store = of_store(facts.store, facts.status);
    let engine = (!facts.engine.is_alive()).then_some(Health::EngineFails);
    let kept_back = facts.kept_back.then_some(Health::SecretKeptBack);
    let found = store.or(engine).or(kept_back).or_else(|| of_access(facts));
    found.unwrap_or_else(|| of_the_rest(facts))
}

/// What is wrong with the store: nothing of what follows can be believed.
fn of_store(seen: StoreSeen, status: &EngineStatus) -> Option<Health> {
    match (seen.file, status.store) {
        (StoreFile::Replaced, _) => Some(Health::StoreReplaced),
        _ if !seen.takes_changes => Some(Health::StoreTakesNoChanges),
        (_, Recognition::Foreign) => Some(Health::StoreForeign),
        (_, Recognition::Behind) => Some(Health::StoreBehind),
        (_, Recognition::Unproven) => Some(Health::StoreUnproven),
        // A whole comparison has gone well, and this alone has not.
        (_, Recognition::Unknown) if status.state == EngineState::Running && status.checked_ms.is_some() => {
            Some(Health::StoreUnknown)
        }
        _ => None,
    }
}

/// Why somebody may be in who must be out.
fn of_access(facts: &Facts<'_>) -> Option<Health> {
    let since = facts.status.uncompared_since;
    let uncompared = since.is_some_and(|at| facts.elapsed_ms.saturating_sub(at) >= UNCOMPARED_RED_MS);
    match facts.status.state {
        EngineState::NotConfigured => Some(Health::NotConfigured),
        EngineState::CredentialsRefused => Some(Health::CredentialsRefused),
        EngineState::GrafanaAway => Some(Health::GrafanaAway),
        EngineState::WaitingForFirstRequest | EngineState::Running if facts.status.off.is_some() => facts
            .status
            .off
            .map(|off| Health::SwitchedOff(off, facts.closing.people)),
        EngineState::Running if facts.held > 0 => Some(Health::Held(facts.held)),
        EngineState::WaitingForFirstRequest | EngineState::Running if facts.closing.is_late() => {
            Some(Health::StillOpen(facts.closing.people))
        }
        EngineState::WaitingForFirstRequest => Some(Health::WaitingForFirstRequest),
        EngineState::Running if uncompared => Some(Health::NotCompared),
        EngineState::Running => None,
    }
}

fn of_the_rest(facts: &Facts<'_>) -> Health {
    let (wrong, filled) = (facts.wrong_settings, facts.status.twice_filled_teams.len());
    if wrong > 0 {
        Health::WrongSettings(wrong)
    } else if facts.attention > 0 {
        Health::NeedsAttention(facts.attention)
    } else if filled > 0 {
        Health::TeamSyncFills(filled)
    } else if facts.status.team_sync_licensed {
        Health::TeamSyncLicensed
    } else if facts.pending > 0 {
        Health::Syncing
    } else {
        Health::InSync
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> EngineStatus {
        EngineStatus {
            checked_ms: Some(0),
            store: Recognition::Ours,
            ..EngineStatus::new(EngineState::Running, String::new())
        }
    }

    fn facts(status: &EngineStatus) -> Facts<'_> {
        Facts {
            store: StoreSeen {
                takes_changes: true,
                file: StoreFile::Private,
            },
            engine: Liveness::default(),
            status,
            elapsed_ms: UNCOMPARED_RED_MS,
            kept_back: false,
            closing: Closing::default(),
            held: 0,
            wrong_settings: 0,
            attention: 0,
            pending: 0,
        }
    }

    #[test]
    fn comparisons_that_fail_for_minutes_are_red() {
        for (since, red) in [(None, false), (Some(1), false), (Some(0), true)] {
            let status = EngineStatus {
                uncompared_since: since,
                ..status()
            };
            let found = worst(&facts(&status));
            assert_eq!(found == Health::NotCompared, red, "{since:?}: {found:?}");
            assert_eq!(found.is_ok(), !red);
        }
    }

    #[test]
    fn who_is_still_open_turns_it_red_after_minutes() {
        let status = status();
        for (since, red) in [(Some(1), false), (Some(0), true), (None, false)] {
            let closing = Closing::of(3, since, CLOSING_RED_MS);
            let found = worst(&Facts {
                closing,
                ..facts(&status)
            });
            assert_eq!(found == Health::StillOpen(3), red, "{since:?}: {found:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_store_or_the_engine_comes_first() {
        fn late(status: &EngineStatus) -> Facts<'_> {
            Facts {
                closing: Closing::of(3, Some(0), CLOSING_RED_MS),
                ..facts(status)
            }
        }
        let status = status();
        let silent = Liveness {
            silent_ms: ENGINE_RED_MS,
            restarted_ms: None,
        };
        let again = Liveness {
            silent_ms: 0,
            restarted_ms: Some(ENGINE_RED_MS - 1),
        };
        for engine in [silent, again] {
            let found = worst(&Facts {
                engine,
                ..late(&status)
            });
            assert_eq!(found, Health::EngineFails);
        }
        for (recognition, found) in [
            (Recognition::Foreign, Health::StoreForeign),
            (Recognition::Behind, Health::StoreBehind),
            (Recognition::Unknown, Health::StoreUnknown),
            (Recognition::Unproven, Health::StoreUnproven),
        ] {
            let status = EngineStatus {
                store: recognition,
                ..status.clone()
            };
            assert_eq!(worst(&late(&status)), found);
        }
    }
}
