//! How many people are worked on at once, found by trying.
//!
//! Owns: the rule, which is additive increase and multiplicative decrease with a proof: one more is tried, and kept only if more was
//! done in the same time; an overload of any kind ends at one. Must never start above one: Grafana's SQLite knows no parallel writers
//! (G51: two callers make 161 accounts a second where one makes 128, and four make 151). Start at [`Limit::done`].

use std::time::Duration;

/// So many pieces of work are one measurement: fewer, and a pause of Grafana's decides.
const WINDOW: u64 = 20;
/// Never more than this, whatever it gives: a Grafana with a big database has people to serve, too.
const MOST: usize = 4;
/// A step up must give a tenth more, or it is not worth the load.
const WORTH_PERCENT: u64 = 110;
/// So many windows until one more is tried again: twice as many each time it was in vain, because a try may have met a noisy moment.
const RESTS: std::ops::RangeInclusive<u32> = 1..=16;
/// …and after an overload, which is no noise.
const REST_AFTER_OVERLOAD: u32 = 8;

/// How many at once, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    now: usize,
    /// The last that was worth it. Above it, `now` is a try.
    proven: usize,
    /// Pieces in a thousand seconds: with `proven`, and with one at a time.
    rate: u64,
    alone: u64,
    rest: u32,
    /// After the next try in vain.
    next_rest: u32,
    /// This window.
    pieces: u64,
    took: Duration,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            now: 1,
            proven: 1,
            rate: 0,
            alone: 0,
            rest: 0,
            next_rest: *RESTS.start(),
            pieces: 0,
            took: Duration::ZERO,
        }
    }
}

impl Limit {
    /// How many at once now.
    #[must_use]
    pub fn now(&self) -> usize {
        self.now
    }

    /// So many pieces were done in this time, with [`Self::now`] at once and nothing going wrong.
    pub fn done(&mut self, pieces: usize, took: Duration) {
        self.pieces = self.pieces.saturating_add(u64::try_from(pieces).unwrap_or(u64::MAX));
        self.took = self.took.saturating_add(took);
        if self.pieces < WINDOW {
            return;
        }
        let micros = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX).max(1);
        let rate = self.pieces.saturating_mul(1_000_000_000) / micros;
        (self.pieces, self.took) = (0, Duration::ZERO);
        self.judge(rate);
    }

    fn judge(&mut self, rate: u64) {
        if self.now > self.proven {
            if rate.saturating_mul(100) < self.rate.saturating_mul(WORTH_PERCENT) {
                self.now = self.proven;
                return self.in_vain();
            }
            (self.proven, self.rate, self.next_rest) = (self.now, rate, *RESTS.start());
        } else if self.now > 1 && rate < self.alone {
            // Slower than one at a time was: Grafana has other work, or ours has become another.
            *self = Self {
                next_rest: self.next_rest,
                ..Self::default()
            };
            return self.in_vain();
        } else {
            self.rate = rate;
            if self.now == 1 {
                self.alone = rate;
            }
        }
        if self.rest > 0 {
            self.rest -= 1;
        } else if self.now < MOST {
            self.now += 1;
        }
    }

    fn in_vain(&mut self) {
        self.rest = self.next_rest;
        self.next_rest = self.next_rest.saturating_mul(2).min(*RESTS.end());
    }

    /// Grafana was busy, away or stumbled: one at a time, for a while.
    pub fn overload(&mut self) {
        *self = Self {
            rest: REST_AFTER_OVERLOAD,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One window against a Grafana that does a piece in 10 ms and so many at once, each more costing as the measured one does.
    fn window(limit: &mut Limit, abreast: usize) {
        let helping = u32::try_from(limit.now().min(abreast)).expect("at most four");
        let pieces = u32::try_from(WINDOW).expect("a few");
        limit.done(20, Duration::from_millis(10) * pieces / helping);
    }

    #[test]
    fn the_first_window_has_one_at_a_time_and_the_second_tries_two() {
        let mut limit = Limit::default();
        for _ in 0..19 {
            assert_eq!(limit.now(), 1);
            limit.done(1, Duration::from_millis(10));
        }
        assert_eq!(limit.now(), 1);
        limit.done(1, Duration::from_millis(10));
        assert_eq!(limit.now(), 2);
    }

    #[test]
    fn a_grafana_that_does_one_at_a_time_gets_one() {
        let mut limit = Limit::default();
        let mut tries = 0;
        for _ in 0..100 {
            tries += usize::from(limit.now() > 1);
            window(&mut limit, 1);
        }
        assert!((5..=11).contains(&tries), "{tries} of 100 windows");
    }

    #[test]
    fn as_many_are_kept_as_grafana_does_at_once() {
        for abreast in 1..=6 {
            let mut limit = Limit::default();
            for _ in 0..7 {
                window(&mut limit, abreast);
            }
            assert_eq!(limit.now(), abreast.min(MOST));
        }
    }

    #[test]
    fn what_gives_less_than_a_tenth_is_given_back() {
        let mut limit = Limit::default();
        limit.done(20, Duration::from_millis(200));
        assert_eq!(limit.now(), 2);
        limit.done(20, Duration::from_millis(185));
        assert_eq!(limit.now(), 1);
    }

    #[test]
    fn slower_than_alone_ends_at_one() {
        let mut limit = Limit::default();
        for _ in 0..4 {
            window(&mut limit, 2);
        }
        assert_eq!(limit.now(), 2);
        limit.done(20, Duration::from_millis(220));
        assert_eq!(limit.now(), 1);
    }

    #[test]
    fn overload_ends_at_one_and_the_next_try_waits() {
        let mut limit = Limit::default();
        for _ in 0..6 {
            window(&mut limit, 4);
        }
        assert_eq!(limit.now(), 4);
        limit.overload();
        for _ in 0..REST_AFTER_OVERLOAD {
            assert_eq!(limit.now(), 1);
            window(&mut limit, 4);
        }
        assert_eq!(limit.now(), 1);
        window(&mut limit, 4);
        assert_eq!(limit.now(), 2);
    }

    proptest! {
        #[test]
        fn the_limit_is_small_rises_by_one_and_falls_to_one(
            steps in prop::collection::vec((0_usize..60, 0_u64..10_000_000, prop::bool::weighted(0.1)), 0..300),
        ) {
            let mut limit = Limit::default();
            for (pieces, micros, overload) in steps {
                let before = limit.now();
                if overload {
                    limit.overload();
                    prop_assert_eq!(limit.now(), 1);
                } else {
                    limit.done(pieces, Duration::from_micros(micros));
                }
                prop_assert!((1..=MOST).contains(&limit.now()));
                prop_assert!(limit.now() <= before + 1);
            }
        }
    }
}
