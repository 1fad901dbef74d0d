//! How fast one caller may ask, so that it cannot starve another.
//!
//! Owns: the decision. Must never read a clock: the time is handed in, and only has to be monotonic. Start at [`Allowance::take`].

use std::time::Duration;

/// What a caller may do: so many requests at once, and one more each interval.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Requests at once.
    pub burst: u32,
    /// After how long there is one more.
    pub every: Duration,
}

/// For one token of an identity provider. Entra asks for 25 requests a second to be taken; a whole company of 10,000 people with
/// their groups fits into the burst. What goes on beyond it is a loop, or somebody who means harm.
pub const SCIM: Rate = Rate {
    burst: 20_000,
    every: Duration::from_millis(5),
};

/// What is left of one caller's rate (the generic cell rate algorithm: one number, whatever the rate).
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowance {
    /// When the whole burst is there again.
    full_at: Duration,
}

impl Allowance {
    /// Takes one request at `now`, the time since any fixed moment.
    ///
    /// # Errors
    /// How long to wait, where nothing is left.
    pub fn take(&mut self, now: Duration, rate: &Rate) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + rate.every;
        let earliest = full_at.saturating_sub(rate.every * rate.burst);
        if earliest > now {
            return Err(earliest - now);
        }
        self.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        every: Duration::from_secs(2),
    };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_burst_is_taken_and_then_one_request_each_interval() {
        let mut left = Allowance::default();
        for _ in 0..3 {
            assert_eq!(left.take(at(10), &RATE), Ok(()));
        }
        assert_eq!(left.take(at(10), &RATE), Err(at(2)));
        assert_eq!(left.take(at(11), &RATE), Err(at(1)), "a refusal costs nothing");
        assert_eq!(left.take(at(12), &RATE), Ok(()));
        assert_eq!(left.take(at(12), &RATE), Err(at(2)));
    }

    #[test]
    fn who_waits_has_the_whole_burst_again_and_no_more() {
        let mut left = Allowance::default();
        while left.take(at(0), &RATE).is_ok() {}
        let taken = (0..9).filter(|_| left.take(at(3600), &RATE).is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn entras_rate_is_never_refused() {
        let mut left = Allowance::default();
        let mut now = Duration::ZERO;
        for _ in 0..100_000 {
            now += Duration::from_millis(40);
            assert_eq!(left.take(now, &SCIM), Ok(()));
        }
    }
}
