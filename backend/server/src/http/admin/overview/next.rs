//! What an admin should do next, most urgent first.
//!
//! Owns: the order, and what is worth a line. Must never repeat what *Needs you* lists, nor say anything where nothing is to do.
//! Start at [`steps`].

use admin_api::{Check, HourCount, IdentityProvider, TestOutcome};
use domain::{
    settings::Effective,
    status::{EngineState, EngineStatus},
};

use crate::http::admin::checks;
use store::Tally;

pub(super) fn steps(
    engine: &EngineStatus,
    effective: &Effective,
    public_url: Option<&str>,
    tally: &Tally,
    called: bool,
    chart: &[HourCount],
) -> Vec<Check> {
    let mut steps = Vec::new();
    if engine.state != EngineState::WaitingForFirstRequest {
        steps.push(checks::credentials(engine));
    }
    if !called {
        steps.push(checks::address(IdentityProvider::Other, public_url));
        steps.push(Check {
            what: "Connect your identity provider".to_owned(),
            outcome: TestOutcome::Note,
            detail: "None has called yet. Set-up has the values to paste, and a test that names what is wrong."
                .to_owned(),
            page: "setup".to_owned(),
            ..Check::default()
        });
    }
    let requests: i64 = chart.iter().map(|hour| hour.requests).sum();
    let failed: i64 = chart.iter().map(|hour| hour.failed).sum();
    if failed > 0 {
        steps.push(Check {
            what: format!("See why {failed} of {requests} requests were not served"),
            outcome: TestOutcome::Warning,
            detail: "In the last 24 hours. Set-up has a test to which you can paste what your identity provider sent."
                .to_owned(),
            page: "activity?outcome=refused&hours=24".to_owned(),
            ..Check::default()
        });
    }
    steps.extend(engine.warnings.iter().map(|warning| Check {
        what: warning.clone(),
        outcome: TestOutcome::Warning,
        ..Check::default()
    }));
    if tally.groups > 0 {
        steps.push(checks::groups(effective, tally));
    }
    steps.retain(|step| step.outcome != TestOutcome::Ok);
    steps
}

#[cfg(test)]
mod tests {
    use domain::settings::{Sources, effective, resolve};

    use super::{super::tests::engine, *};

    fn said(state: EngineState, mode: &str, tally: &Tally, called: bool, failed: i64) -> Vec<String> {
        let page = [("team_sync_mode", "scim_sync"), ("mapping_mode", mode)];
        let sources = Sources {
            page: page.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            ..Sources::default()
        };
        let hour = HourCount {
            from_ms: 0,
            requests: 9,
            failed,
        };
        let effective = effective(&resolve(&sources));
        let url = Some("https://grafana.example/");
        let steps = steps(&engine(state), &effective, url, tally, called, &[hour]);
        steps.into_iter().map(|step| step.what).collect()
    }

    #[test]
    fn where_nothing_is_left_to_do_nothing_is_said() {
        let tally = Tally {
            groups: 3,
            ..Tally::default()
        };
        assert!(said(EngineState::Running, "create", &tally, true, 0).is_empty());
    }

    #[test]
    fn problems_come_in_the_order_of_how_much_they_keep_out() {
        let tally = Tally {
            groups: 3,
            ..Tally::default()
        };
        assert_eq!(
            said(EngineState::CredentialsRefused, "strict", &tally, true, 2),
            [
                "Correct admin_user or admin_password",
                "See why 2 of 9 requests were not served",
                "Map a group to a team"
            ]
        );
        assert_eq!(
            said(EngineState::Running, "strict", &Tally::default(), false, 0),
            ["Connect your identity provider"]
        );
    }
}
