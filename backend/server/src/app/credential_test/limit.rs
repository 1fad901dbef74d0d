//! How often credentials may be tested.
//!
//! Owns: the two waits. Grafana locks an account for five minutes after five wrong passwords (G26), and the account may be the one that
//! Rollcall needs; so a password that was refused is followed by no other for two minutes, whichever organization asks. Must never wait itself.
//! Start at [`Limit::begin`].

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::OrgId;

/// An organization tests once in this time.
const EVERY: Duration = Duration::from_secs(60);
/// After a wrong password for an account, nobody tests one for it in this time: three in Grafana's five minutes at most.
const AFTER_WRONG: Duration = Duration::from_secs(120);

/// When what was tested last.
#[derive(Debug, Default)]
pub(in crate::app) struct Limit {
    orgs: HashMap<OrgId, Instant>,
    /// By URL and login.
    wrong: HashMap<(String, String), Instant>,
}

/// Whose password is tried where.
pub(in crate::app) fn account(url: &str, login: Option<&str>) -> (String, String) {
    (url.to_lowercase(), login.unwrap_or_default().trim().to_lowercase())
}

impl Limit {
    /// A test begins now, or has to wait so long.
    pub(in crate::app) fn begin(
        &mut self,
        org_id: OrgId,
        account: &(String, String),
        now: Instant,
    ) -> Result<(), Duration> {
        let left = |since: Option<&Instant>, span: Duration| {
            since.and_then(|at| span.checked_sub(now.saturating_duration_since(*at)))
        };
        let waits = [
            left(self.orgs.get(&org_id), EVERY),
            left(self.wrong.get(account), AFTER_WRONG),
        ];
        if let Some(wait) = waits.into_iter().flatten().filter(|wait| !wait.is_zero()).max() {
            return Err(wait);
        }
        self.orgs.insert(org_id, now);
        Ok(())
    }

    /// The password was wrong.
    pub(in crate::app) fn refused(&mut self, account: (String, String), now: Instant) {
        self.wrong
            .retain(|_, at| now.saturating_duration_since(*at) < AFTER_WRONG);
        self.wrong.insert(account, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_passwords_never_come_often_enough_to_lock_an_account() {
        let (mut limit, began) = (Limit::default(), Instant::now());
        let account = account("http://g", Some("Root"));
        let mut tried = Vec::new();
        // Five organizations, each asking every second for half an hour.
        for second in 0..1_800 {
            let now = began + Duration::from_secs(second);
            for org in 1..=5 {
                if limit.begin(OrgId::new(org), &account, now).is_ok() {
                    limit.refused(account.clone(), now);
                    tried.push(second);
                }
            }
        }
        for window in tried.windows(4) {
            assert!(window[3] - window[0] >= 300, "{window:?}");
        }
    }

    #[test]
    fn an_organization_tests_once_a_minute() {
        let (mut limit, began) = (Limit::default(), Instant::now());
        let account = account("http://g", None);
        let mut at = |org, second| limit.begin(OrgId::new(org), &account, began + Duration::from_secs(second));
        assert_eq!(at(1, 0), Ok(()));
        assert_eq!(at(1, 20), Err(Duration::from_secs(40)));
        assert_eq!(at(2, 20), Ok(()));
        assert_eq!(at(1, 60), Ok(()));
    }
}
