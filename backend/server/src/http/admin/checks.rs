//! Checks of what is set up, as the overview and the connection test show them.
//!
//! Owns: the words and what counts as wrong. Pure: anybody who asks has read everything. Start at
//! [`credentials`].

use std::{collections::BTreeMap, net::IpAddr};

use admin_api::{Caller, Check, IdentityProvider, LoginDoctor, Severity, TestOutcome};
use axum::http::Uri;
use domain::{
    OrgId,
    settings::{Effective, MappingMode},
    status::{EngineState, EngineStatus},
};
use store::Tally;

use crate::http::api::CallersSeen;

const MOST_CALLERS: usize = 10;
/// Where Grafana's configuration file says its public address.
const ROOT_URL: [&str; 2] = ["[server]", "root_url = https://grafana.example.com/"];

/// In the middle of a sentence.
pub(super) fn provider_name(provider: IdentityProvider) -> &'static str {
    match provider {
        IdentityProvider::Okta => "Okta",
        IdentityProvider::Entra => "Entra ID",
        IdentityProvider::Other => "your identity provider",
    }
}

pub(super) fn check(outcome: TestOutcome, what: impl Into<String>, detail: impl Into<String>) -> Check {
    Check {
        what: what.into(),
        outcome,
        detail: detail.into(),
        ..Check::default()
    }
}

pub(super) fn settings(outcome: TestOutcome, what: String, detail: String) -> Check {
    Check {
        page: "settings".to_owned(),
        ..check(outcome, what, detail)
    }
}

/// Whether Rollcall may write.
pub(super) fn credentials(engine: &EngineStatus) -> Check {
    match engine.state {
        EngineState::Running => {
            let who = engine.signed_in_as.as_deref().unwrap_or("the server admin");
            check(
                TestOutcome::Ok,
                "Rollcall may write to Grafana".to_owned(),
                format!("It is signed in as {who}."),
            )
        }
        EngineState::WaitingForFirstRequest => check(
            TestOutcome::Note,
            "The credentials come with the first request".to_owned(),
            "Grafana keeps them encrypted and hands them over with each request. In its configuration file they work at once."
                .to_owned(),
        ),
        EngineState::NotConfigured if engine.error.is_some() => settings(
            TestOutcome::Failed,
            "Type the secret again, or set back where it goes".to_owned(),
            engine.error.clone().unwrap_or_default(),
        ),
        EngineState::NotConfigured => settings(
            TestOutcome::Failed,
            "Set admin_user and admin_password".to_owned(),
            "Without a server admin nothing gets into Grafana: what the identity provider sends is kept, and waits."
                .to_owned(),
        ),
        EngineState::CredentialsRefused => settings(
            TestOutcome::Failed,
            "Correct admin_user or admin_password".to_owned(),
            "Grafana refused them. They are tried again every ten minutes, and others at once.".to_owned(),
        ),
        EngineState::GrafanaAway => settings(
            TestOutcome::Failed,
            format!("Grafana does not answer at {}", engine.url),
            format!(
                "{} If Grafana runs, grafana_url is wrong; what was sent waits, and nothing is lost.",
                engine.error.as_deref().unwrap_or_default()
            ),
        ),
    }
}

/// Who can reach a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    SameMachine,
    Inside,
    Anywhere,
}

fn reach(host: &str) -> Reach {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let local = |name: &str| host == name || host.ends_with(&format!(".{name}"));
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() || ip.is_unspecified() => Reach::SameMachine,
        Ok(IpAddr::V4(ip)) if ip.is_private() || ip.is_link_local() => Reach::Inside,
        Ok(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Inside,
        Ok(_) => Reach::Anywhere,
        Err(_) if local("localhost") => Reach::SameMachine,
        Err(_) if !host.contains('.') || ["local", "internal", "lan", "home.arpa"].into_iter().any(local) => {
            Reach::Inside
        }
        Err(_) => Reach::Anywhere,
    }
}

/// Whether the address that is given away can be called from where the provider is.
pub(super) fn address(provider: IdentityProvider, public_url: Option<&str>) -> Check {
    let who = provider_name(provider);
    let cloud = provider != IdentityProvider::Other;
    let root_url = |outcome, what: &str, detail: String| Check {
        lines: ROOT_URL.map(str::to_owned).into(),
        ..settings(outcome, what.to_owned(), detail)
    };
    let Some(url) = public_url else {
        return root_url(
            TestOutcome::Warning,
            "Set root_url, or public_url",
            "Grafana's public address is not known, so the address that is shown here is only its path.".to_owned(),
        );
    };
    let parsed = url.parse::<Uri>().unwrap_or_default();
    let secure = parsed.scheme_str() == Some("https");
    let below = parsed.path().trim_matches('/');
    match reach(parsed.host().unwrap_or_default()) {
        Reach::SameMachine => root_url(
            if cloud {
                TestOutcome::Failed
            } else {
                TestOutcome::Warning
            },
            "Set root_url to Grafana's public address",
            format!("It is {url}, which nobody but this machine can call; {who} would have to run on it."),
        ),
        Reach::Inside if cloud => root_url(
            TestOutcome::Warning,
            "The address is one of your own network",
            format!("{who} calls from the internet and does not reach {url}, unless an agent of it runs inside."),
        ),
        _ if cloud && !secure => root_url(
            TestOutcome::Warning,
            "The address is not https",
            format!("{who} asks for https, and over {url} the token can be read on the way."),
        ),
        _ if !below.is_empty() => check(
            TestOutcome::Ok,
            "The address can be called".to_owned(),
            format!(
                "{url}. It is below /{below}: serve_from_sub_path = true in [server], or a proxy that takes the path away."
            ),
        ),
        _ => check(
            TestOutcome::Ok,
            "The address can be called".to_owned(),
            format!("{url}, as Grafana's root_url or public_url says."),
        ),
    }
}

/// Whether groups become teams.
pub(super) fn groups(effective: &Effective, tally: &Tally) -> Check {
    let unmapped = tally.groups - tally.groups_mapped;
    let mappings = |outcome, what: String, detail: &str| Check {
        page: "mappings".to_owned(),
        ..check(outcome, what, detail.to_owned())
    };
    if !effective.group_sync {
        return Check {
            lines: vec!["[auth]".to_owned(), "team_sync_mode = scim_sync".to_owned()],
            ..settings(
                if tally.groups > 0 {
                    TestOutcome::Warning
                } else {
                    TestOutcome::Note
                },
                "Set team_sync_mode, if groups shall become teams".to_owned(),
                "It is off: groups are accepted and kept, and touch no team.".to_owned(),
            )
        };
    }
    match effective.mapping_mode {
        MappingMode::Create => check(
            TestOutcome::Ok,
            "Every group becomes a team".to_owned(),
            "mapping_mode is create.".to_owned(),
        ),
        MappingMode::Strict if tally.groups > 0 && tally.groups_mapped == 0 => mappings(
            TestOutcome::Warning,
            "Map a group to a team".to_owned(),
            "mapping_mode is strict and no group is mapped, so no team gets anybody.",
        ),
        MappingMode::Strict if unmapped > 0 => mappings(
            TestOutcome::Note,
            format!("{unmapped} of {} groups are not mapped", tally.groups),
            "mapping_mode is strict: they are kept, and touch no team.",
        ),
        MappingMode::Strict => mappings(
            TestOutcome::Ok,
            "Only mapped groups become teams".to_owned(),
            "mapping_mode is strict.",
        ),
    }
}

/// The login doctor's findings, as every other list of findings has them.
pub(super) fn sign_in(doctor: LoginDoctor) -> Vec<Check> {
    if doctor.checked_ms.is_none() {
        return vec![Check {
            what: "How people sign in is not known yet".to_owned(),
            outcome: TestOutcome::Note,
            detail: "Grafana's configuration is read as soon as Rollcall has signed in.".to_owned(),
            ..Check::default()
        }];
    }
    let check = |found: admin_api::LoginFinding| Check {
        what: found.what,
        outcome: match found.severity {
            Severity::Ok => TestOutcome::Ok,
            Severity::Note => TestOutcome::Note,
            Severity::Warning => TestOutcome::Warning,
            Severity::Problem => TestOutcome::Failed,
        },
        detail: found.why,
        lines: found.ini,
        ..Check::default()
    };
    doctor.findings.into_iter().map(check).collect()
}

/// The log knows who called before this process began, memory who called since.
pub(super) fn callers(org_id: OrgId, known: Vec<(String, i64)>, seen: &CallersSeen) -> Vec<Caller> {
    let before = |(login, last_ms): (String, i64)| {
        let row = Caller {
            login: login.clone(),
            last_ms,
            requests: 0,
            failed: 0,
            last_request: String::new(),
        };
        (login, row)
    };
    let mut rows: BTreeMap<String, Caller> = known.into_iter().map(before).collect();
    for ((_, login), c) in seen.iter().filter(|((org, _), _)| *org == org_id) {
        let row = Caller {
            login: login.clone(),
            last_ms: c.last_ms,
            requests: c.requests,
            failed: c.failed,
            last_request: c.last_request.clone(),
        };
        rows.insert(login.clone(), row);
    }
    let mut rows: Vec<Caller> = rows.into_values().filter(|c| !c.login.is_empty()).collect();
    rows.sort_by_key(|c| std::cmp::Reverse(c.last_ms));
    rows.truncate(MOST_CALLERS);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::api::CallerSeen;

    fn said(provider: IdentityProvider, url: &str) -> (TestOutcome, String) {
        let check = address(provider, Some(url));
        (check.outcome, check.what)
    }

    #[test]
    fn an_address_that_no_cloud_can_call_is_named() {
        use IdentityProvider::{Entra, Okta, Other};
        assert_eq!(said(Okta, "http://localhost:3000/").0, TestOutcome::Failed);
        assert_eq!(said(Okta, "http://[::1]:3000/").0, TestOutcome::Failed);
        assert_eq!(said(Other, "http://localhost:3000/").0, TestOutcome::Warning);
        assert_eq!(said(Entra, "https://10.1.2.3/").0, TestOutcome::Warning);
        assert_eq!(said(Entra, "https://grafana.corp.internal/").0, TestOutcome::Warning);
        assert_eq!(
            said(Entra, "http://grafana.acme.com/"),
            (TestOutcome::Warning, "The address is not https".to_owned())
        );
        assert_eq!(said(Other, "http://grafana/").0, TestOutcome::Ok);
        assert_eq!(said(Okta, "https://grafana.acme.com/").0, TestOutcome::Ok);
        assert_eq!(address(Okta, None).lines, ROOT_URL);
        let below = address(Okta, Some("https://acme.com/grafana/"));
        assert!(
            below.outcome == TestOutcome::Ok && below.detail.contains("/grafana"),
            "{below:?}"
        );
    }

    #[test]
    fn callers_of_an_earlier_process_stay_known() {
        let seen = |last_ms| CallerSeen {
            last_ms,
            requests: 1,
            ..CallerSeen::default()
        };
        let memory = [
            ((OrgId::new(1), "sa-1-okta".to_owned()), seen(50)),
            ((OrgId::new(2), "sa-2-entra".to_owned()), seen(90)),
            ((OrgId::new(1), String::new()), seen(99)),
        ];
        let rows = callers(
            OrgId::new(1),
            vec![("sa-1-okta".into(), 40), ("sa-1-entra".into(), 60)],
            &memory.into_iter().collect(),
        );
        let shown: Vec<_> = rows.iter().map(|c| (c.login.as_str(), c.last_ms, c.requests)).collect();
        assert_eq!(shown, [("sa-1-entra", 60, 0), ("sa-1-okta", 50, 1)]);
    }
}
