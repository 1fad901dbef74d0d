//! How many requests identity providers sent, hour by hour, since this process began.
//!
//! Owns: the last day in memory, for the overview's chart. Must never grow: 24 hours an organization. Start at [`Traffic`].

use domain::OrgId;
use std::collections::{BTreeMap, HashMap};

use admin_api::HourCount;

use store::HourTally;

pub(super) const HOUR_MS: i64 = 3_600_000;
const HOURS: i64 = 24;

/// By organization and hour since the Unix epoch: requests, and of them failed ones.
#[derive(Debug, Default)]
pub(super) struct Traffic(HashMap<OrgId, BTreeMap<i64, (i64, i64)>>);

/// When the chart's first hour begins.
pub(super) fn from_ms(now_ms: i64) -> i64 {
    (now_ms.div_euclid(HOUR_MS) - (HOURS - 1)) * HOUR_MS
}

impl Traffic {
    pub(super) fn count(&mut self, org_id: OrgId, now_ms: i64, failed: bool) {
        let hour = now_ms.div_euclid(HOUR_MS);
        let hours = self.0.entry(org_id).or_default();
        let count = hours.entry(hour).or_default();
        count.0 += 1;
        count.1 += i64::from(failed);
        while hours.len() > usize::try_from(HOURS).unwrap_or(usize::MAX) {
            hours.pop_first();
        }
    }

    /// The last 24 hours, this one included, with what the log knows from before this process.
    pub(super) fn chart(&self, org_id: OrgId, now_ms: i64, before: &[HourTally]) -> Vec<HourCount> {
        let seen = self.0.get(&org_id);
        let first = from_ms(now_ms).div_euclid(HOUR_MS);
        let hour = |hour: i64| {
            let (requests, failed) = seen.and_then(|hours| hours.get(&hour)).copied().unwrap_or_default();
            let logged = before.iter().find(|tally| tally.hour == hour);
            HourCount {
                from_ms: hour * HOUR_MS,
                requests: requests + logged.map_or(0, |tally| tally.requests),
                failed: failed + logged.map_or(0, |tally| tally.failed),
            }
        };
        (first..first + HOURS).map(hour).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_is_the_last_24_hours_and_nothing_older() {
        let mut traffic = Traffic::default();
        let now = 100 * HOUR_MS + 5;
        for hour in 0..=100 {
            traffic.count(OrgId::new(1), hour * HOUR_MS + 1, hour == 100);
        }
        traffic.count(OrgId::new(2), now, true);
        let logged = HourTally {
            hour: 100,
            requests: 7,
            failed: 2,
        };
        let chart = traffic.chart(OrgId::new(1), now, &[logged]);
        assert_eq!(chart.len(), 24);
        assert_eq!((chart[0].from_ms, chart[0].requests), (77 * HOUR_MS, 1));
        assert_eq!(
            chart[23],
            HourCount {
                from_ms: 100 * HOUR_MS,
                requests: 8,
                failed: 3
            }
        );
        assert_eq!(from_ms(now), chart[0].from_ms);
        assert_eq!(traffic.0[&OrgId::new(1)].len(), 24, "what is older is forgotten");
        // A day later nothing of it is left.
        assert!(
            traffic
                .chart(OrgId::new(1), now + 24 * HOUR_MS, &[])
                .iter()
                .all(|hour| hour.requests == 0)
        );
    }
}
