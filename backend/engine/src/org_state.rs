//! Whether an organization's Grafana may be called, and what is known of it: one state, and the events that change it.
//!
//! Owns: the transitions. An event that comes late (a call that was under way when another one was refused) changes nothing. Must
//! never call, wait or read a clock. Start at [`OrgState`].

use store::Kind;

use domain::status::EngineState;

use super::settings::OrgSettings;

/// How much Grafana has told of its configuration. It only rises, until the credentials change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Configuration {
    /// It was not asked with these credentials yet.
    Unasked,
    /// It was asked, and answered something else.
    Unanswered,
    /// Known, as far as our account may read it: what a group means, and what closing means.
    Known,
}

/// Why calls are paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// Grafana does not answer.
    Away,
    /// It refused the sign-in.
    Refused,
    /// It takes the sign-in, and does not know the session afterwards.
    Unauthorized,
    /// It asks for patience.
    Busy,
}

/// The state of one organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrgState {
    /// No server admin is set: only new settings change that.
    NoCredentials {
        /// Grafana hands the credentials over with the first request.
        expected: bool,
    },
    /// Calls go through.
    Running {
        configuration: Configuration,
        /// It was paused before, and nobody has asked yet.
        recovered: bool,
    },
    /// Calls failed. After the pause the next call finds out more.
    Paused {
        configuration: Configuration,
        why: Pause,
        /// By the clock that is never set back.
        until_ms: i64,
        /// Calls that failed, one after the other.
        failures: i64,
    },
}

impl OrgState {
    /// Before the first call with these settings.
    pub(super) fn before_first_call(settings: &OrgSettings) -> Self {
        if settings.credentials.admin().is_none() {
            return Self::NoCredentials {
                expected: settings.waiting_for_first_request,
            };
        }
        Self::Running {
            configuration: Configuration::Unasked,
            recovered: false,
        }
    }

    /// As the page shows it.
    pub(super) fn shown(&self) -> EngineState {
        match self {
            Self::NoCredentials { expected: true } => EngineState::WaitingForFirstRequest,
            Self::NoCredentials { expected: false } => EngineState::NotConfigured,
            Self::Paused {
                why: Pause::Refused | Pause::Unauthorized,
                ..
            } => EngineState::CredentialsRefused,
            Self::Paused { why: Pause::Away, .. } => EngineState::GrafanaAway,
            Self::Running { .. } | Self::Paused { why: Pause::Busy, .. } => EngineState::Running,
        }
    }

    /// Whether calls may be made now.
    pub(super) fn is_runnable(&self, now_ms: i64) -> bool {
        match self {
            Self::NoCredentials { .. } => false,
            Self::Running { .. } => true,
            Self::Paused { until_ms, .. } => *until_ms <= now_ms,
        }
    }

    /// Whether such a piece of work may be done now. Credentials may arrive, and a pause may end, between a look and the work that
    /// follows it: acted upon before the look, the team of a deleted group would be kept where `[auth] mapping_mode` says it is archived.
    pub(super) fn may_do(&self, kind: Kind, now_ms: i64) -> bool {
        let informed = match self.configuration() {
            Configuration::Unasked => false,
            Configuration::Unanswered => kind == Kind::User,
            Configuration::Known => true,
        };
        informed && self.is_runnable(now_ms)
    }

    /// When there is something to do at the earliest, if it is `planned_ms` while calls go through. `None`: only new settings change
    /// that.
    pub(super) fn wakes_at(&self, now_ms: i64, planned_ms: i64) -> Option<i64> {
        match self {
            Self::NoCredentials { .. } => None,
            // What was due already when the pause began is in no answer about the future.
            Self::Paused { until_ms, .. } if *until_ms > now_ms => Some(*until_ms),
            Self::Running { .. } | Self::Paused { .. } => Some(planned_ms),
        }
    }

    pub(super) fn configuration(&self) -> Configuration {
        match self {
            Self::NoCredentials { .. } => Configuration::Unasked,
            Self::Running { configuration, .. } | Self::Paused { configuration, .. } => *configuration,
        }
    }

    /// Calls that failed, one after the other, up to now.
    pub(super) fn failures(&self) -> i64 {
        match self {
            Self::Paused { failures, .. } => *failures,
            Self::NoCredentials { .. } | Self::Running { .. } => 0,
        }
    }

    /// Grafana told this much of its configuration.
    pub(super) fn learn(&mut self, learned: Configuration) {
        if let Self::Running { configuration, .. } | Self::Paused { configuration, .. } = self {
            *configuration = learned.max(*configuration);
        }
    }

    /// A call went well.
    pub(super) fn succeed(&mut self) {
        if let Self::Paused { configuration, .. } = *self {
            *self = Self::Running {
                configuration,
                recovered: true,
            };
        }
    }

    /// A call failed, and the next one waits.
    pub(super) fn pause(&mut self, reason: Pause, until_ms: i64) {
        let why = match (self.shown(), reason) {
            // A plea for patience says nothing about what was wrong before.
            (EngineState::GrafanaAway, Pause::Busy) => Pause::Away,
            (EngineState::CredentialsRefused, Pause::Busy) => Pause::Refused,
            _ => reason,
        };
        if let Self::Running { configuration, .. } | Self::Paused { configuration, .. } = *self {
            *self = Self::Paused {
                configuration,
                why,
                until_ms,
                failures: self.failures().saturating_add(1),
            };
        }
    }

    /// Whether calls wait because the sign-in was refused.
    pub(super) fn is_refused(&self) -> bool {
        matches!(
            self,
            Self::Paused {
                why: Pause::Refused,
                ..
            }
        )
    }

    /// Whether Grafana did not answer, and the pause for it is over: the simplest question finds out whether it does now.
    pub(super) fn is_to_be_asked(&self, now_ms: i64) -> bool {
        matches!(self, Self::Paused { why: Pause::Away | Pause::Busy, until_ms, .. } if *until_ms <= now_ms)
    }

    /// A person asked, or another organization found out more: a pause ends now.
    pub(super) fn end_pause(&mut self) {
        if let Self::Paused { until_ms, .. } = self {
            *until_ms = i64::MIN;
        }
    }

    /// Whether calls go through again after a pause: true once.
    pub(super) fn take_recovered(&mut self) -> bool {
        match self {
            Self::Running { recovered, .. } => std::mem::take(recovered),
            Self::NoCredentials { .. } | Self::Paused { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> OrgState {
        OrgState::Running {
            configuration: Configuration::Known,
            recovered: false,
        }
    }

    #[test]
    fn a_refused_sign_in_is_waited_for_like_everything_else() {
        let mut state = running();
        state.pause(Pause::Refused, 100);
        assert_eq!(state.shown(), EngineState::CredentialsRefused);
        assert!(state.is_refused() && !state.is_runnable(99) && state.is_runnable(100));
        assert_eq!(state.wakes_at(0, 5), Some(100));
        state.end_pause();
        assert!(state.is_refused() && state.is_runnable(0));
        state.succeed();
        assert_eq!(state.shown(), EngineState::Running);
    }

    #[test]
    fn calls_wait_for_the_end_of_a_pause_and_failures_count() {
        let mut state = running();
        state.pause(Pause::Away, 100);
        assert!(!state.is_runnable(99) && state.is_runnable(100));
        assert_eq!((state.wakes_at(99, 7), state.wakes_at(100, 7)), (Some(100), Some(7)));
        state.pause(Pause::Away, 300);
        assert_eq!(state.failures(), 2);
        state.end_pause();
        assert!(state.is_runnable(0));
        assert_eq!(state.failures(), 2, "the next failure waits longer all the same");
    }

    #[test]
    fn a_recovery_is_told_once() {
        let mut state = running();
        state.succeed();
        assert!(!state.take_recovered(), "it was never paused");
        state.pause(Pause::Away, 100);
        state.succeed();
        assert_eq!((state.take_recovered(), state.take_recovered()), (true, false));
        assert_eq!(state, running());
    }

    #[test]
    fn patience_hides_neither_absence_nor_refusal() {
        for (pause, shown) in [
            (Pause::Away, EngineState::GrafanaAway),
            (Pause::Refused, EngineState::CredentialsRefused),
            (Pause::Unauthorized, EngineState::CredentialsRefused),
            (Pause::Busy, EngineState::Running),
        ] {
            let mut state = running();
            state.pause(pause, 100);
            state.pause(Pause::Busy, 200);
            assert_eq!((state.shown(), state.failures()), (shown, 2));
        }
    }

    #[test]
    fn what_is_known_of_the_configuration_only_rises() {
        let mut state = OrgState::Running {
            configuration: Configuration::Unasked,
            recovered: false,
        };
        assert!(!state.may_do(Kind::User, 0));
        state.learn(Configuration::Unanswered);
        assert!(state.may_do(Kind::User, 0) && !state.may_do(Kind::Group, 0));
        state.learn(Configuration::Known);
        state.learn(Configuration::Unanswered);
        state.pause(Pause::Away, 100);
        state.succeed();
        assert!(state.may_do(Kind::Group, 0));
    }
}
