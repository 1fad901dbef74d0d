//! A provider's attribute mappings, as its page or its export has them.
//!
//! Owns: which mapping is wrong, and why. Pure. Must never guess: what is no mapping is none. Start at [`look`].

use admin_api::{Check, IdentityProvider, TestOutcome};
use serde_json::Value;

use crate::http::admin::checks::check;

/// What feeds an attribute of SCIM.
struct Pair {
    target: String,
    source: String,
}

/// Entra's export: anywhere in it, objects with `targetAttributeName` and a `source` that has a name or an expression.
fn exported(json: &Value, pairs: &mut Vec<Pair>) {
    match json {
        Value::Array(all) => all.iter().for_each(|inner| exported(inner, pairs)),
        Value::Object(map) => {
            let source = &json["source"];
            let source = [&source["expression"], &source["name"]]
                .into_iter()
                .find_map(Value::as_str);
            match (json["targetAttributeName"].as_str(), source) {
                (Some(target), Some(source)) => pairs.push(Pair {
                    target: target.to_ascii_lowercase(),
                    source: source.to_owned(),
                }),
                _ => map.values().for_each(|inner| exported(inner, pairs)),
            }
        }
        _ => {}
    }
}

fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["username", "externalid", "active", "displayname"].contains(&name.as_str())
        || ["emails", "name."].into_iter().any(|begin| name.starts_with(begin))
}

/// One mapping a line, with an arrow or an equals sign between the two.
fn written(text: &str) -> Vec<Pair> {
    let pair = |line: &str| {
        let (left, right) = ["→", "->", "=>", "\t", " = "]
            .into_iter()
            .find_map(|sign| line.split_once(sign))?;
        let (left, right) = (left.trim(), right.trim());
        // Both of Entra's columns may have our names ("displayName"): what is fed stands on the right there.
        let (target, source) = if is_ours(right) { (right, left) } else { (left, right) };
        is_ours(target).then(|| Pair {
            target: target.to_ascii_lowercase(),
            source: source.to_owned(),
        })
    };
    text.lines().filter_map(pair).collect()
}

/// `None` where the text is no list of mappings.
pub(super) fn look(provider: IdentityProvider, text: &str, json: Option<&Value>) -> Option<Vec<Check>> {
    let mut pairs = Vec::new();
    match json {
        Some(json) => exported(json, &mut pairs),
        None => pairs = written(text),
    }
    (!pairs.is_empty()).then(|| judge(provider, &pairs))
}

fn judge(provider: IdentityProvider, pairs: &[Pair]) -> Vec<Check> {
    let source = |target: &str| {
        let pair = pairs.iter().find(|pair| pair.target.starts_with(target));
        pair.map(|pair| pair.source.to_ascii_lowercase())
    };
    let user_name = source("username");
    let mut checks = vec![
        of_user_name(user_name.as_deref()),
        of_email(source("emails").as_deref(), user_name.as_deref()),
    ];
    checks.extend(of_active(source("active").as_deref(), provider));
    checks.extend(of_external_id(source("externalid").as_deref(), provider));
    checks
}

fn of_user_name(source: Option<&str>) -> Check {
    let one_of = |source: &str, words: &[&str]| words.iter().any(|word| source.contains(word));
    match source {
        None => check(
            TestOutcome::Failed,
            "Map userName",
            "It is required, and becomes the Grafana login.",
        ),
        Some(source) if one_of(source, &["objectid", "immutableid", "employeeid", "user.id"]) => check(
            TestOutcome::Failed,
            "Map userName to the name people sign in with",
            "This mapping feeds it an id, which becomes the Grafana login.",
        ),
        Some(source) => check(
            TestOutcome::Ok,
            "userName is mapped",
            format!("From {source}; it becomes the Grafana login."),
        ),
    }
}

fn of_email(source: Option<&str>, user_name: Option<&str>) -> Check {
    match source {
        None => check(
            TestOutcome::Failed,
            "Map an e-mail to emails[type eq \"work\"].value",
            "Without one, Grafana cannot find the account of who signs in by OAuth.",
        ),
        Some("mail") if user_name == Some("userprincipalname") => check(
            TestOutcome::Note,
            "userName and e-mail come from different attributes",
            "Somebody whose user principal name is not their mail address has two names. Grafana \
             finds who signs in by OAuth by e-mail, by LDAP or a proxy by login: each has to be \
             what the sign-in sends.",
        ),
        Some(source) => check(TestOutcome::Ok, "An e-mail is mapped", format!("From {source}.")),
    }
}

fn of_active(source: Option<&str>, provider: IdentityProvider) -> Option<Check> {
    Some(match source {
        // Okta sends `active` without a mapping.
        None if provider == IdentityProvider::Okta => return None,
        None => check(
            TestOutcome::Failed,
            "Map active",
            "Without it nobody who leaves is ever closed. Entra: Switch([IsSoftDeleted], , \
             \"False\", \"True\", \"True\", \"False\").",
        ),
        Some("issoftdeleted" | "[issoftdeleted]" | "issoftdeleted()") => check(
            TestOutcome::Failed,
            "Turn the mapping of active around",
            "IsSoftDeleted is true for those who left: active would be true for them only. \
             Use Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\").",
        ),
        Some(_) => check(TestOutcome::Ok, "active is mapped", "Who leaves is closed."),
    })
}

fn of_external_id(source: Option<&str>, provider: IdentityProvider) -> Option<Check> {
    match source {
        None if provider == IdentityProvider::Entra => Some(check(
            TestOutcome::Note,
            "externalId is not mapped",
            "It works without; with objectId in it, a person who is renamed is still known.",
        )),
        Some("mailnickname") => Some(check(
            TestOutcome::Note,
            "externalId comes from mailNickname",
            "That is Entra's default and changes with a person's name; objectId does not.",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failed(checks: &[Check]) -> Vec<&str> {
        let failed = checks.iter().filter(|check| check.outcome == TestOutcome::Failed);
        failed.map(|check| check.what.as_str()).collect()
    }

    #[test]
    fn an_export_of_entra_is_read_and_what_is_missing_is_named() {
        let map = |target: &str, source: Value| json!({ "targetAttributeName": target, "source": source });
        let export = json!({ "synchronizationRules": [{ "objectMappings": [{ "attributeMappings": [
            map("userName", json!({ "name": "objectId", "type": "Attribute" })),
            map("active", json!({ "expression": "[IsSoftDeleted]" })),
        ] }] }] });
        let checks = look(IdentityProvider::Entra, "", Some(&export)).unwrap();
        assert_eq!(
            failed(&checks),
            [
                "Map userName to the name people sign in with",
                "Map an e-mail to emails[type eq \"work\"].value",
                "Turn the mapping of active around"
            ]
        );
    }

    #[test]
    fn lines_with_arrows_are_read_in_either_direction() {
        let entra = "userPrincipalName → userName\nmail → emails[type eq \"work\"].value\nSwitch([IsSoftDeleted], , \"False\") → active";
        let checks = look(IdentityProvider::Entra, entra, None).unwrap();
        assert!(failed(&checks).is_empty(), "{checks:?}");
        assert!(
            checks
                .iter()
                .any(|check| check.what.starts_with("userName and e-mail come from"))
        );
        let okta = "userName = user.login\nemails = user.email";
        assert!(failed(&look(IdentityProvider::Okta, okta, None).unwrap()).is_empty());
    }

    #[test]
    fn what_is_no_mapping_is_none() {
        assert!(look(IdentityProvider::Other, "GET /Users?filter=userName eq \"jo\"", None).is_none());
        assert!(look(IdentityProvider::Other, "", Some(&json!({ "userName": "jo" }))).is_none());
    }
}
