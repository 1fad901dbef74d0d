//! Answers in a provider's log to requests that Rollcall never saw, or refused.
//!
//! Owns: their words, and what to fix. Pure. Must never repeat what was pasted but for an error's own sentence.
//! Start at [`answer`].

use admin_api::{Check, TestOutcome};
use serde_json::Value;

use super::body::key;
use crate::http::admin::checks::check;

/// Whether a body was the answer: Grafana's own have a message and no schemas.
pub(super) fn is_answer(body: &Value) -> bool {
    match key(body, "schemas") {
        Some(schemas) => schemas.to_string().contains(":Error"),
        None => key(body, "message").is_some_and(Value::is_string),
    }
}

/// What a provider's log has where Rollcall never saw the request: words of it, what to fix, and why. Grafana's own are those of 11
/// (`clients/api_key.go`, `accesscontrol/middleware.go`, `api/plugin_resource.go`).
const ANSWERS: &[(&[&str], &str, &str)] = &[
    (
        &["<!doctype", "<html"],
        "The address is not Rollcall's, or a proxy answers before Grafana",
        "That is a web page, where SCIM answers JSON. Copy the address from step 3 as it is; a proxy has to let it through without a sign-in.",
    ),
    (
        &["expired api key", "api-key.expired"],
        "Make a new token",
        "The one that is used has expired. Step 2 makes one; replace it at the identity provider.",
    ),
    (
        &[
            "invalid api key",
            "api-key.invalid",
            "invalid username or password",
            "unauthorized",
        ],
        "Replace the token",
        "Grafana does not know it: mistyped, cut off, revoked, or of another Grafana. It goes out as “Authorization: Bearer glsa_…”.",
    ),
    (
        &[
            "need additional permissions",
            "permission denied",
            "access denied",
            "may not use scim",
            "403 forbidden",
        ],
        "Accept the service account, or give it the role Viewer",
        "SCIM is for the service accounts that an Admin accepted on Set-up, under “Who may call”, and that have at least the role Viewer.",
    ),
    (
        &["plugin not found"],
        "Enable the plugin in the organization of the token",
        "A token belongs to one organization, and this plugin is not enabled in that one; or the address has a typing error.",
    ),
    (
        &[
            "plugin unavailable",
            "bad gateway",
            "gateway timeout",
            "an error occurred within the plugin",
        ],
        "The plugin did not run, or a proxy did not reach Grafana",
        "Grafana starts the plugin again by itself; Grafana's log says why it stopped.",
    ),
    (
        &["certificate", "ssl", "tls"],
        "The certificate of the address is not accepted",
        "It has to be valid, complete with its intermediates, and issued for that very host.",
    ),
    (
        &[
            "timed out",
            "timeout",
            "connection refused",
            "unreachable",
            "no such host",
            "not be resolved",
        ],
        "The identity provider does not reach the address",
        "Its name has to resolve and its port to be open from where the provider runs, not only from your network.",
    ),
];

/// `None` where the text says nothing that is known.
pub(super) fn answer(text: &str, json: Option<&Value>) -> Option<Check> {
    let lower = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if let Some((_, what, why)) = ANSWERS.iter().find(|(words, ..)| says(words)) {
        return Some(check(TestOutcome::Failed, *what, *why));
    }
    let json = json.filter(|json| is_answer(json))?;
    let word = |name| json[name].as_str().unwrap_or_default();
    let detail = format!(
        "It was answered {}: {}{} Paste the request itself to see what in it is meant.",
        word("status"),
        word("detail"),
        word("message")
    );
    Some(check(TestOutcome::Failed, "A request was refused", detail))
}
