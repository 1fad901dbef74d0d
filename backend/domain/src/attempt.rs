//! Retry or attention: what follows when Grafana did not do what was asked.
//!
//! Owns: the classes of failure and the back-off. Must never give a change up: retries do not end, and
//! attention is looked at again whenever something changes. Start at [`judge`].

use crate::attention::{Attention, Operation, Refusal};

/// How a Grafana call failed, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer, a broken one, or one that is not Grafana's.
    Away,
    /// Grafana refused the credentials.
    Unauthorized,
    /// The credentials may not do this; the permission, if Grafana named it.
    Forbidden(Option<String>),
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
            Self::Away | Self::Busy(_) => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after this many milliseconds.
    Retry {
        /// How long to wait.
        after_ms: i64,
    },
    /// Show it to a person.
    Attention(Attention),
}

/// The longest wait between two attempts.
pub const LONGEST_WAIT_MS: i64 = 5 * 60 * 1000;
const FIRST_WAIT_MS: i64 = 1000;
/// A changed world is observed again this often before it counts as a lasting conflict.
const FRESH_LOOKS: i64 = 3;

/// The wait after `attempts` failures: 1 s doubled each time, at most five minutes, of which the half is jitter (`0.0..1.0`), so that
/// a thousand changes that failed together do not come back together.
#[must_use]
pub fn backoff_ms(attempts: i64, jitter: f64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 16)).unwrap_or(0);
    let full = FIRST_WAIT_MS.saturating_mul(1_i64 << doublings).min(LONGEST_WAIT_MS);
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        1.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "at most 150,000, far inside both types"
    )]
    let random = (full as f64 / 2.0 * jitter) as i64;
    full / 2 + random
}

/// Decides about a failure of `operation`, after `attempts` earlier failures.
#[must_use]
pub fn judge(failure: &Failure, operation: &Operation, attempts: i64, jitter: f64) -> Verdict {
    let later = Verdict::Retry {
        after_ms: backoff_ms(attempts, jitter),
    };
    let shown = |refusal| {
        Verdict::Attention(Attention::GrafanaRefused {
            operation: operation.clone(),
            refusal,
        })
    };
    match failure {
        Failure::Away | Failure::Unauthorized | Failure::NotFound => later,
        Failure::Busy(wait) => Verdict::Retry {
            after_ms: wait.unwrap_or(0).clamp(backoff_ms(attempts, jitter), LONGEST_WAIT_MS),
        },
        Failure::Conflict(_) | Failure::ExternalUser if attempts < FRESH_LOOKS => later,
        Failure::Conflict(message) => shown(Refusal::Conflict {
            message: message.clone(),
        }),
        Failure::ExternalUser => shown(Refusal::ExternalUser),
        Failure::Forbidden(permission) => shown(Refusal::Forbidden {
            permission: permission.clone(),
        }),
        // A 500 may be a moment's weakness of Grafana's database; a 4xx is an answer.
        Failure::Refused { status, .. } if *status >= 500 => later,
        Failure::Refused { status, message } => shown(Refusal::Other {
            status: *status,
            message: message.clone(),
        }),
    }
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

    fn signing_out() -> Operation {
        Operation::SignOut {
            login: "ann".to_owned(),
        }
    }

    #[test]
    fn waits_double_and_end_at_five_minutes() {
        assert_eq!(backoff_ms(0, 1.0), 1000);
        assert_eq!(backoff_ms(3, 1.0), 8000);
        assert_eq!(backoff_ms(3, 0.0), 4000);
        assert_eq!(backoff_ms(1_000_000, 1.0), LONGEST_WAIT_MS);
    }

    #[test]
    fn what_time_fixes_is_tried_on_and_what_a_person_fixes_is_shown() {
        let shown = |f: &Failure, n| matches!(judge(f, &signing_out(), n, 0.5), Verdict::Attention(_));
        for f in [
            Failure::Away,
            Failure::Unauthorized,
            Failure::NotFound,
            Failure::Busy(None),
            refused(500),
        ] {
            assert!(!shown(&f, 1_000), "{f:?}");
        }
        for f in [Failure::Forbidden(None), refused(400)] {
            assert!(shown(&f, 0), "{f:?}");
        }
        for f in [Failure::Conflict("taken".into()), Failure::ExternalUser] {
            assert!(!shown(&f, 0), "{f:?} may have settled meanwhile");
            assert!(shown(&f, 3), "{f:?}");
        }
    }

    #[test]
    fn only_what_one_call_at_a_time_may_fix_is_overload() {
        for f in [Failure::Away, Failure::Busy(None), refused(500)] {
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
        assert_eq!(
            judge(&Failure::Busy(Some(30_000)), &signing_out(), 0, 1.0),
            Verdict::Retry { after_ms: 30_000 }
        );
    }

    proptest! {
        #[test]
        fn a_wait_is_never_zero_nor_longer_than_five_minutes(attempts in any::<i64>(), jitter in any::<f64>()) {
            let wait = backoff_ms(attempts, jitter);
            prop_assert!((500..=LONGEST_WAIT_MS).contains(&wait));
        }
    }
}
