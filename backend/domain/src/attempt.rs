//! Retry or attention: what follows when Grafana did not do what was asked.
//!
//! Owns: the classes of failure and the back-off. Must never give a change up: retries do not end, whether
//! a person is shown something or not, and never wait long where access must end. Start at [`judge`].

use crate::attention::{Attention, Operation, Refusal};

/// How a Grafana call failed, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer, a broken one, or one that is not Grafana's, in the words of the client.
    Away(String),
    /// Grafana refused the credentials.
    Unauthorized,
    /// Grafana refuses it to these credentials.
    Forbidden {
        /// Grafana's words: a quota is a 403 too.
        message: String,
        /// The permission, if Grafana named it.
        permission: Option<String>,
    },
    /// No request can be made of what was asked.
    NotSent(String),
    /// What the call was about is gone: the world changed since it was observed.
    NotFound,
    /// A name is taken, or the thing is as asked already: observe again.
    Conflict(String),
    /// Grafana refuses because a single sign-on provider owns the user.
    ExternalUser,
    /// Grafana asks for patience, in milliseconds if it said how much.
    Busy(Option<i64>),
    /// Any other refusal.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Grafana's words.
        message: String,
    },
}

impl Failure {
    /// Whether Grafana may have had too much to do: no answer, a plea for patience, or a stumble of its own (its SQLite says "database is
    /// locked" with a 500).
    #[must_use]
    pub fn is_strain(&self) -> bool {
        match self {
            Self::Away(_) | Self::Busy(_) => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }
}

/// How urgent a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Somebody must lose access.
    Closing,
    /// Anything else.
    Other,
}

/// What to do about a failure: it is tried again, whatever is shown meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How long to wait.
    pub after_ms: i64,
    /// What a person is shown; `None`: time may be all it needs.
    pub shown: Option<Attention>,
}

/// The longest wait between two attempts to close access, and to do what only waits for time.
pub const LONGEST_WAIT_MS: i64 = 5 * 60 * 1000;
/// The longest wait of all: what a person was shown, and nobody keeps access by.
pub const SLOWEST_MS: i64 = 60 * 60 * 1000;
const FIRST_WAIT_MS: i64 = 1000;
/// A changed world is observed again this often before it counts as a lasting conflict.
const FRESH_LOOKS: i64 = 3;
/// After so many attempts in vain, about five minutes of them, a person is told.
const PATIENCE: i64 = 8;

/// The wait after `attempts` failures: 1 s doubled each time, at most `longest_ms`, of which the half is jitter (`0.0..1.0`), so that
/// a thousand changes that failed together do not come back together.
#[must_use]
pub fn backoff_ms(attempts: i64, longest_ms: i64, jitter: f64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 16)).unwrap_or(0);
    let full = FIRST_WAIT_MS.saturating_mul(1_i64 << doublings).min(longest_ms);
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        1.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "at most 1,800,000, far inside both types"
    )]
    let random = (full as f64 / 2.0 * jitter) as i64;
    full / 2 + random
}

/// The wait after `attempts` failures of such a piece of work.
#[must_use]
pub fn wait_ms(pace: Pace, is_shown: bool, attempts: i64, jitter: f64) -> i64 {
    let longest_ms = match pace {
        Pace::Other if is_shown => SLOWEST_MS,
        Pace::Closing | Pace::Other => LONGEST_WAIT_MS,
    };
    backoff_ms(attempts, longest_ms, jitter)
}

/// Decides about a failure of `operation`, after `attempts` earlier failures. Grafana answers other calls.
#[must_use]
pub fn judge(failure: &Failure, operation: &Operation, pace: Pace, attempts: i64, jitter: f64) -> Verdict {
    let refusal = refusal(failure, attempts);
    let after_ms = wait_ms(pace, refusal.is_some(), attempts, jitter);
    Verdict {
        after_ms: match failure {
            Failure::Busy(wait) => wait.unwrap_or(0).clamp(after_ms, LONGEST_WAIT_MS),
            _ => after_ms,
        },
        shown: refusal.map(|refusal| Attention::GrafanaRefused {
            operation: operation.clone(),
            refusal,
        }),
    }
}

/// What a person is shown of it; `None`: time may be all it needs.
fn refusal(failure: &Failure, attempts: i64) -> Option<Refusal> {
    let stands = match failure {
        Failure::Unauthorized | Failure::NotFound | Failure::Busy(_) => false,
        Failure::Conflict(_) | Failure::ExternalUser => attempts >= FRESH_LOOKS,
        // A 500 may be a moment's weakness of Grafana's database; a 4xx is an answer.
        Failure::Away(_) => attempts >= PATIENCE,
        Failure::Refused { status, .. } if *status >= 500 => attempts >= PATIENCE,
        Failure::Forbidden { .. } | Failure::NotSent(_) | Failure::Refused { .. } => true,
    };
    if !stands {
        return None;
    }
    Some(match failure.clone() {
        Failure::Unauthorized | Failure::NotFound | Failure::Busy(_) => return None,
        Failure::Away(error) => Refusal::NoAnswer { error },
        Failure::Conflict(message) => Refusal::Conflict { message },
        Failure::ExternalUser => Refusal::ExternalUser,
        Failure::Forbidden { message, permission } => Refusal::Forbidden { message, permission },
        Failure::NotSent(why) => Refusal::NotSent { why },
        Failure::Refused { status, message } => Refusal::Other { status, message },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(status: u16) -> Failure {
        Failure::Refused {
            status,
            message: "no".into(),
        }
    }

    fn away() -> Failure {
        Failure::Away("no answer in time".into())
    }

    fn forbidden() -> Failure {
        Failure::Forbidden {
            message: "Quota reached".into(),
            permission: None,
        }
    }

    fn signing_out() -> Operation {
        Operation::SignOut {
            login: "ann".to_owned(),
        }
    }

    fn judged(failure: &Failure, pace: Pace, attempts: i64) -> Verdict {
        judge(failure, &signing_out(), pace, attempts, 1.0)
    }

    #[test]
    fn waits_double_and_end_at_the_longest() {
        let wait = |attempts, jitter| backoff_ms(attempts, LONGEST_WAIT_MS, jitter);
        assert_eq!(wait(0, 1.0), 1000);
        assert_eq!(wait(3, 1.0), 8000);
        assert_eq!(wait(3, 0.0), 4000);
        assert_eq!(wait(1_000_000, 1.0), LONGEST_WAIT_MS);
    }

    #[test]
    fn what_needs_only_time_is_tried_and_the_rest_is_shown_too() {
        let shown = |f: &Failure, n| judged(f, Pace::Other, n).shown.is_some();
        for f in [Failure::Unauthorized, Failure::NotFound, Failure::Busy(None)] {
            assert!(!shown(&f, 1_000), "{f:?}");
        }
        for f in [forbidden(), refused(400), refused(401), Failure::NotSent("long".into())] {
            assert!(shown(&f, 0), "{f:?}");
        }
        for f in [Failure::Conflict("taken".into()), Failure::ExternalUser] {
            assert!(!shown(&f, 0), "{f:?} may have settled meanwhile");
            assert!(shown(&f, 3), "{f:?}");
        }
        for f in [away(), refused(500)] {
            assert!(!shown(&f, PATIENCE - 1), "{f:?} may be a moment's");
            assert!(shown(&f, PATIENCE), "{f:?}");
        }
    }

    #[test]
    fn closing_is_tried_every_five_minutes_and_the_rest_every_hour() {
        for f in [away(), refused(500), refused(400), forbidden(), Failure::ExternalUser] {
            assert_eq!(judged(&f, Pace::Closing, 1_000).after_ms, LONGEST_WAIT_MS, "{f:?}");
            assert_eq!(judged(&f, Pace::Other, 1_000).after_ms, SLOWEST_MS, "{f:?}");
            assert_eq!(judged(&f, Pace::Closing, 0).after_ms, 1000, "{f:?}");
        }
    }

    #[test]
    fn only_what_one_call_at_a_time_may_fix_is_strain() {
        for f in [away(), Failure::Busy(None), refused(500)] {
            assert!(f.is_strain(), "{f:?}");
        }
        for f in [
            Failure::Unauthorized,
            Failure::NotFound,
            Failure::ExternalUser,
            refused(400),
        ] {
            assert!(!f.is_strain(), "{f:?}");
        }
    }

    #[test]
    fn grafanas_own_retry_after_is_honoured() {
        let asked = Failure::Busy(Some(30_000));
        assert_eq!(judged(&asked, Pace::Closing, 0).after_ms, 30_000);
        assert_eq!(
            judged(&Failure::Busy(Some(i64::MAX)), Pace::Closing, 0).after_ms,
            LONGEST_WAIT_MS
        );
    }

    proptest! {
        #[test]
        fn a_wait_is_never_zero_nor_longer_than_the_longest(attempts in any::<i64>(), jitter in any::<f64>()) {
            for longest_ms in [LONGEST_WAIT_MS, SLOWEST_MS] {
                let wait = backoff_ms(attempts, longest_ms, jitter);
                prop_assert!((500..=longest_ms).contains(&wait));
            }
        }
    }
}
