//! What is known without a test: the settings that really go wrong, each with its name.
//!
//! Owns: the words and what counts as wrong. Pure: whoever asks has read everything. Start at [`Facts::checks`].

use std::net::IpAddr;

use admin_api::{Caller, Check, IdentityProvider, TestOutcome};
use axum::http::Uri;
use domain::settings::{Effective, MappingMode};
use scim::resource::Document;

use super::name;
use crate::http::{EngineState, EngineStatus, SettingsView};
use store::Tally;

/// Where Grafana's configuration file says its public address.
const ROOT_URL: [&str; 2] = ["[server]", "root_url = https://grafana.example.com/"];

/// Everything that is looked at.
pub(super) struct Facts<'a> {
    pub provider: IdentityProvider,
    pub public_url: Option<&'a str>,
    pub engine: &'a EngineStatus,
    pub settings: &'a SettingsView,
    pub tally: &'a Tally,
    pub callers: &'a [Caller],
    /// A caller that may not, and why.
    pub refused: Option<(String, String)>,
}

impl Facts<'_> {
    /// In the order in which a request meets them.
    pub fn checks(&self) -> Vec<Check> {
        let wrong = self.settings.resolved.iter().filter_map(|setting| {
            let detail = setting.problem.clone()?;
            Some(settings(
                TestOutcome::Failed,
                format!("Correct {}", setting.name),
                detail,
            ))
        });
        let mut checks = vec![address(self.provider, self.public_url), self.token()];
        checks.extend(wrong);
        checks.push(credentials(self.engine));
        checks.push(groups(&self.settings.effective, self.tally));
        checks
    }

    fn token(&self) -> Check {
        let who = name(self.provider);
        if let Some((login, reason)) = &self.refused {
            return Check {
                page: "activity?outcome=refused".to_owned(),
                ..check(
                    TestOutcome::Failed,
                    format!("Give {login} the role Admin, or use another token"),
                    format!("It called and was refused: {reason}"),
                )
            };
        }
        match self.callers.first() {
            Some(caller) => check(
                TestOutcome::Ok,
                format!("A token of {} has arrived", caller.login),
                if caller.requests > 0 {
                    format!(
                        "{} requests since this plugin started, the last one {}.",
                        caller.requests, caller.last_request
                    )
                } else {
                    "Before this plugin started last.".to_owned()
                },
            ),
            None => check(
                TestOutcome::Warning,
                "No request with a token of this organization has ever arrived".to_owned(),
                format!(
                    "Either {who} was not started yet, or it does not reach the address, or Grafana refuses the token before Rollcall sees \
                     it: 401 if it is mistyped, expired or revoked, 403 if its service account has the role None, 404 if it belongs to \
                     an organization in which this plugin is not enabled. The status is in the log of {who}; paste its answer here."
                ),
            ),
        }
    }
}

fn check(outcome: TestOutcome, what: String, detail: String) -> Check {
    Check {
        what,
        outcome,
        detail,
        ..Check::default()
    }
}

fn settings(outcome: TestOutcome, what: String, detail: String) -> Check {
    Check {
        page: "settings".to_owned(),
        ..check(outcome, what, detail)
    }
}

/// Whether Rollcall may write.
pub(in crate::http::admin) fn credentials(engine: &EngineStatus) -> Check {
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
        EngineState::NotConfigured => settings(
            TestOutcome::Failed,
            "Set admin_user and admin_password".to_owned(),
            "Without a server admin nothing gets into Grafana: what the identity provider sends is kept, and waits."
                .to_owned(),
        ),
        EngineState::CredentialsRefused => settings(
            TestOutcome::Failed,
            "Correct admin_user or admin_password".to_owned(),
            "Grafana refused them, and nothing is tried again until they change.".to_owned(),
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
pub(in crate::http::admin) fn address(provider: IdentityProvider, public_url: Option<&str>) -> Check {
    let who = name(provider);
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
pub(in crate::http::admin) fn groups(effective: &Effective, tally: &Tally) -> Check {
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

/// What is odd about how a provider maps a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    Guest,
    Opaque,
    NoEmail,
    Differs,
}

fn odd(person: &Document) -> Option<Odd> {
    let user_name = person.user_name().unwrap_or_default();
    let hex = user_name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let id_of_okta = user_name.len() == 20 && user_name.starts_with("00u");
    let email = person.primary_email();
    if user_name.contains("#EXT#") {
        Some(Odd::Guest)
    } else if id_of_okta || hex && (user_name.len() == 36 || user_name.bytes().all(|b| b.is_ascii_digit())) {
        Some(Odd::Opaque)
    } else if email.is_none() {
        Some(Odd::NoEmail)
    } else if user_name.contains('@') && email.is_some_and(|email| !email.eq_ignore_ascii_case(user_name)) {
        Some(Odd::Differs)
    } else {
        None
    }
}

/// How people are mapped, told by those who have come.
pub(super) fn people<'a>(documents: impl Iterator<Item = &'a Document>) -> Vec<Check> {
    let mut seen: Vec<(Odd, usize, &str)> = Vec::new();
    let mut all = 0;
    for document in documents {
        all += 1;
        let Some(odd) = odd(document) else { continue };
        match seen.iter_mut().find(|(known, ..)| *known == odd) {
            Some((_, count, _)) => *count += 1,
            None => seen.push((odd, 1, document.user_name().unwrap_or_default())),
        }
    }
    if all > 0 && seen.is_empty() {
        return vec![check(
            TestOutcome::Ok,
            "userName and e-mail are what a sign-in sends".to_owned(),
            format!("Looked at the newest {all}."),
        )];
    }
    let told = |(odd, count, example): (Odd, usize, &str)| {
        let of = if all > 1 {
            format!("{count} of {all}, for example {example}. ")
        } else {
            String::new()
        };
        let (outcome, what, why) = match odd {
            Odd::Guest => (
                TestOutcome::Warning,
                "Map userName of guests to their e-mail",
                "#EXT# is Entra's own name for a guest; it becomes the Grafana login, and nobody signs in with it.",
            ),
            Odd::Opaque => (
                TestOutcome::Warning,
                "Map userName to the name people sign in with",
                "It is an id, and becomes the Grafana login.",
            ),
            Odd::NoEmail => (
                TestOutcome::Warning,
                "Map an e-mail (emails[type eq \"work\"].value)",
                "Without one, Grafana cannot find the account of who signs in by OAuth, and several changes of a team cannot go at once.",
            ),
            Odd::Differs => (
                TestOutcome::Note,
                "userName is not the e-mail",
                "Grafana finds who signs in by OAuth by e-mail, by LDAP or a proxy by login (userName): each has to be what the sign-in sends.",
            ),
        };
        check(outcome, what.to_owned(), format!("{of}{why}"))
    };
    seen.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(provider: IdentityProvider, url: &str) -> (TestOutcome, String) {
        let check = address(provider, Some(url));
        (check.outcome, check.what)
    }

    #[test]
    fn an_address_that_a_cloud_cannot_call_is_named_with_the_line_that_mends_it() {
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
    fn a_mapping_that_nobody_can_sign_in_with_is_named() {
        let person = |user_name: &str, email: Option<&str>| {
            let mut map = serde_json::Map::new();
            map.insert("userName".into(), json!(user_name));
            if let Some(email) = email {
                map.insert("emails".into(), json!([{ "value": email, "primary": true }]));
            }
            Document::from_map(map)
        };
        let oddity = |user_name: &str, email| odd(&person(user_name, email));
        assert_eq!(oddity("jo@acme.com", Some("Jo@acme.com")), None);
        assert_eq!(oddity("jo", Some("jo@acme.com")), None);
        assert_eq!(
            oddity("jo_x.com#EXT#@acme.onmicrosoft.com", Some("jo@x.com")),
            Some(Odd::Guest)
        );
        assert_eq!(
            oddity("5f0c9a1e-7d52-4f4b-9a52-0d1f4e6b7c11", Some("jo@x.com")),
            Some(Odd::Opaque)
        );
        assert_eq!(oddity("00u1ab2cd3ef4gh5ij6k", Some("jo@x.com")), Some(Odd::Opaque));
        assert_eq!(oddity("4711", Some("jo@x.com")), Some(Odd::Opaque));
        assert_eq!(oddity("beef", Some("beef@x.com")), None, "somebody may be called so");
        assert_eq!(oddity("jo@acme.com", None), Some(Odd::NoEmail));
        assert_eq!(
            oddity("jo@acme.onmicrosoft.com", Some("jo@acme.com")),
            Some(Odd::Differs)
        );
        let both = [
            person("4711", Some("a@x.com")),
            person("4712", Some("b@x.com")),
            person("c", Some("c@x.com")),
        ];
        let told = people(both.iter());
        assert!(
            told.len() == 1 && told[0].detail.starts_with("2 of 3, for example 4711."),
            "{told:?}"
        );
    }
}
