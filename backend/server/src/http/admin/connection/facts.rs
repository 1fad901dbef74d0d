//! What is known without a test: the settings that really go wrong, each with its name.
//!
//! Owns: the words and what counts as wrong. Pure: anybody who asks has read everything. Start at [`Facts::checks`].

use admin_api::{Caller, Check, IdentityProvider, TestOutcome};
use domain::status::EngineStatus;
use scim::resource::Document;

use crate::http::{
    admin::checks::{address, check, credentials, groups, provider_name, settings},
    control::SettingsView,
};
use store::Tally;

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
        let who = provider_name(self.provider);
        if let Some((login, reason)) = &self.refused {
            return Check {
                page: "activity?outcome=refused".to_owned(),
                ..check(
                    TestOutcome::Failed,
                    format!("Accept {login} on Set-up, under “Who may call”"),
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
