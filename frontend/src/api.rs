//! The calls of this page, typed.
//!
//! Owns: which route answers what (the types are `admin_api`'s). Must never show anything: a failure is a value, [`ApiError`], which
//! the page that asked puts where it belongs. Start at [`overview`].

mod plain;

use std::collections::BTreeMap;

use admin_api::{
    Activity, Callers, ConnectionReport, ConnectionTest, CredentialTest, CredentialsTest, Groups, HeldAnswer, HeldList,
    MappingEdit, NewMapping, Operation, Overview, People, Plan, Preview, Settings, SettingsUpdate, Teams,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::host::Host;

/// Why there is no answer, in words for an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// What happened and what to do.
    pub message: String,
    /// The field that is wrong, where one is.
    pub field: Option<String>,
}

/// What the shim resolves every call to.
#[derive(Deserialize)]
struct Answer {
    status: u16,
    #[serde(default)]
    body: Value,
}

/// Is everyone in who should be?
pub async fn overview(host: Host) -> Result<Overview, ApiError> {
    call(host, "GET", "admin/overview", None).await
}

/// "Check now": answers at once, the check runs on.
pub async fn check_now(host: Host) -> Result<(), ApiError> {
    succeeded(&host.call("POST", "admin/sync", None).await).map(drop)
}

/// Which store is the right one: `right_store` or `start_over`.
pub async fn decide_store(host: Host, decision: &str) -> Result<(), ApiError> {
    let body = format!("{{\"decision\":\"{decision}\"}}");
    succeeded(&host.call("POST", "admin/store", Some(body)).await).map(drop)
}

/// Is anything written?
pub async fn operation(host: Host) -> Result<Operation, ApiError> {
    call(host, "GET", "admin/operation", None).await
}

/// What the brake holds.
pub async fn held(host: Host) -> Result<HeldList, ApiError> {
    call(host, "GET", "admin/held", None).await
}

/// Yes or no to some of it.
pub async fn decide_held(host: Host, answer: &HeldAnswer) -> Result<(), ApiError> {
    succeeded(&host.call("POST", "admin/held", Some(json(answer))).await).map(drop)
}

/// What would be done, by name, step or reason. Without `count` all of it.
pub async fn plan(host: Host, query: &str, count: Option<u32>) -> Result<Plan, ApiError> {
    let count = count.map(|count| format!("&count={count}")).unwrap_or_default();
    let query = encoded(query);
    call(host, "GET", &format!("admin/plan?query={query}{count}"), None).await
}

/// People by what `filter` says: `query` (in login, name or e-mail), `access`, `id`, `group`, `after`.
pub async fn people(host: Host, count: u32, filter: &[(&str, Option<String>)]) -> Result<People, ApiError> {
    call(host, "GET", &filtered("admin/users", count, filter), None).await
}

/// The newest lines of the log by what `filter` says: `outcome`, `source`, `target`, `correlation`, `since`, `after`.
pub async fn activity(host: Host, count: u32, filter: &[(&str, Option<String>)]) -> Result<Activity, ApiError> {
    call(host, "GET", &filtered("admin/activity", count, filter), None).await
}

fn filtered(path: &str, count: u32, filter: &[(&str, Option<String>)]) -> String {
    let mut path = format!("{path}?count={count}");
    for (key, value) in filter {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            path.push('&');
            path.push_str(key);
            path.push('=');
            path.push_str(&encoded(value));
        }
    }
    path
}

/// What can be done again for one person or group.
#[derive(Clone, Copy)]
pub enum Again {
    /// What waits, now.
    Retry,
    /// A comparison with Grafana, whether something waits or not.
    Resync,
}

/// Puts one person (`User`) or group (`Group`) at the head of the queue.
pub async fn again(host: Host, what: Again, kind: &str, id: &str) -> Result<(), ApiError> {
    let path = match what {
        Again::Retry => "admin/retry",
        Again::Resync => "admin/resync",
    };
    let body = serde_json::json!({ "kind": kind, "id": id }).to_string();
    succeeded(&host.call("POST", path, Some(body)).await).map(drop)
}

/// A service account of Grafana.
#[derive(Deserialize)]
pub struct ServiceAccount {
    /// Its id.
    pub id: i64,
    /// Its login, by which our log calls it.
    pub login: String,
}

/// A service account with the role Viewer, the least with which Grafana lets it reach a plugin.
pub async fn add_service_account(host: Host, name: &str) -> Result<ServiceAccount, ApiError> {
    let body = serde_json::json!({ "name": name, "role": "Viewer", "isDisabled": false }).to_string();
    parse(&host.grafana("POST", "/api/serviceaccounts", Some(body)).await)
}

/// Which service accounts may call SCIM.
pub async fn callers(host: Host) -> Result<Callers, ApiError> {
    call(host, "GET", "admin/callers", None).await
}

/// Lets one call (`accept`), or not (`dismiss`).
pub async fn decide_caller(host: Host, id: i64, what: &str, login: Option<&str>) -> Result<Callers, ApiError> {
    let body = login.map(|login| serde_json::json!({ "login": login }).to_string());
    call(host, "POST", &format!("admin/callers/{id}/{what}"), body).await
}

#[derive(Deserialize)]
struct Token {
    key: String,
}

/// A token of it, which Grafana tells once. Without `seconds` it does not expire.
pub async fn add_token(host: Host, account: i64, name: &str, seconds: Option<u32>) -> Result<String, ApiError> {
    let path = format!("/api/serviceaccounts/{account}/tokens");
    let body = serde_json::json!({ "name": name, "secondsToLive": seconds.unwrap_or(0) }).to_string();
    let token: Token = parse(&host.grafana("POST", &path, Some(body)).await)?;
    Ok(token.key)
}

/// Every group with its teams.
pub async fn groups(host: Host) -> Result<Groups, ApiError> {
    call(host, "GET", "admin/groups", None).await
}

/// Grafana's teams whose name contains `query`.
pub async fn teams(host: Host, query: &str) -> Result<Teams, ApiError> {
    call(host, "GET", &format!("admin/teams?query={}", encoded(query)), None).await
}

/// A change of the mappings: what its preview is asked with, and the call that makes it.
#[derive(Clone, PartialEq)]
pub struct Change {
    /// `admin_api::PlannedChange`, as JSON.
    pub preview: String,
    method: &'static str,
    path: String,
    body: Option<String>,
}

impl Change {
    /// A mapping more.
    pub fn add(mapping: &NewMapping) -> Self {
        let body = json(mapping);
        Self {
            preview: format!("{{\"add\":{body}}}"),
            method: "POST",
            path: "admin/mappings".to_owned(),
            body: Some(body),
        }
    }

    /// A mapping changed, paused or resumed.
    pub fn edit(id: i64, edit: MappingEdit) -> Self {
        let body = json(&edit);
        Self {
            preview: format!("{{\"edit\":[{id},{body}]}}"),
            method: "PUT",
            path: format!("admin/mappings/{id}"),
            body: Some(body),
        }
    }

    /// A mapping less.
    pub fn remove(id: i64) -> Self {
        Self {
            preview: format!("{{\"remove\":{id}}}"),
            method: "DELETE",
            path: format!("admin/mappings/{id}"),
            body: None,
        }
    }

    /// The other mode, by its name in the API.
    pub fn mode(mode: &str) -> Self {
        Self {
            preview: format!("{{\"mode\":\"{mode}\"}}"),
            method: "PUT",
            path: "admin/settings".to_owned(),
            body: Some(format!("{{\"settings\":{{\"mapping_mode\":\"{mode}\"}}}}")),
        }
    }
}

/// What a change of the mappings would do. Nothing is done.
pub async fn preview(host: Host, change: String) -> Result<Preview, ApiError> {
    call(host, "POST", "admin/mappings/preview", Some(change)).await
}

/// Does it.
pub async fn apply(host: Host, change: Change) -> Result<(), ApiError> {
    succeeded(&host.call(change.method, &change.path, change.body).await).map(drop)
}

/// What an admin decides about a person: `claim`, `release`, `keep-closed` or `follow`.
pub async fn decide(host: Host, what: &str, id: &str, keep_password: bool) -> Result<(), ApiError> {
    let password = if keep_password { "?password=keep" } else { "" };
    let path = format!("admin/users/{}/{what}{password}", encoded(id));
    succeeded(&host.call("POST", &path, None).await).map(drop)
}

/// Every setting with its origin.
pub async fn settings(host: Host) -> Result<Settings, ApiError> {
    call(host, "GET", "admin/settings", None).await
}

/// Changes settings that are not secrets.
pub async fn save_settings(host: Host, update: &SettingsUpdate) -> Result<Settings, ApiError> {
    call(host, "PUT", "admin/settings", Some(json(update))).await
}

/// Tries credentials without keeping them.
pub async fn test_credentials(host: Host, test: &CredentialsTest) -> Result<CredentialTest, ApiError> {
    call(host, "POST", "admin/credentials/test", Some(json(test))).await
}

/// Plays an identity provider's requests in a sandbox, or looks at what was pasted.
pub async fn test_connection(host: Host, test: &ConnectionTest) -> Result<ConnectionReport, ApiError> {
    call(host, "POST", "admin/connection-test", Some(json(test))).await
}

/// Hands secrets to Grafana, which keeps them encrypted. `POST /api/plugins/<id>/settings` replaces the plugin's whole setting except
/// for the secrets it is not given, so what is there now is read first and sent back.
pub async fn save_secrets(host: Host, secrets: &[(String, String)]) -> Result<(), ApiError> {
    let path = format!("/api/plugins/{}/settings", host.plugin_id());
    let now = succeeded(&host.grafana("GET", &path, None).await)?;
    succeeded(
        &host
            .grafana("POST", &path, Some(with_secrets(&now, secrets).to_string()))
            .await,
    )?;
    // Grafana tells nobody that the same secret was typed for another URL.
    let given: BTreeMap<&str, &str> = secrets.iter().map(|(key, value)| (&**key, &**value)).collect();
    succeeded(&host.call("POST", "admin/credentials/given", Some(json(&given))).await).map(drop)
}

fn with_secrets(now: &Value, secrets: &[(String, String)]) -> Value {
    let mut next = Map::new();
    for kept in ["enabled", "pinned", "jsonData"] {
        if let Some(value) = now.get(kept) {
            next.insert(kept.to_owned(), value.clone());
        }
    }
    let secrets = secrets
        .iter()
        .map(|(key, value)| (secure_key(key), Value::from(value.as_str())));
    next.insert("secureJsonData".to_owned(), Value::Object(secrets.collect()));
    Value::Object(next)
}

/// `admin_password` is `adminPassword` in Grafana's `secureJsonData`.
fn secure_key(key: &str) -> String {
    let mut words = key.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

async fn call<T: DeserializeOwned>(host: Host, method: &str, path: &str, body: Option<String>) -> Result<T, ApiError> {
    parse(&host.call(method, path, body).await)
}

fn parse<T: DeserializeOwned>(answer: &str) -> Result<T, ApiError> {
    let body = succeeded(answer)?;
    plain::read(body).map_err(|error| {
        ApiError::new(format!("The backend answered something this page does not understand ({error}). Reload the page: it may be older than the plugin."))
    })
}

/// The body, if the answer is a 2xx.
fn succeeded(answer: &str) -> Result<Value, ApiError> {
    let Ok(Answer { status, body }) = serde_json::from_str::<Value>(answer).and_then(plain::read) else {
        return Err(ApiError::new("Grafana did not answer."));
    };
    if (200..300).contains(&status) {
        return Ok(body);
    }
    if let Ok(error) = plain::read::<admin_api::Error>(body) {
        // 0: the browser's own words ("Failed to fetch") help nobody.
        if status != 0 && !error.message.is_empty() {
            return Err(ApiError {
                message: error.message,
                field: error.field,
            });
        }
    }
    Err(ApiError::new(match status {
        0 => "Grafana does not answer. Check your connection.".to_owned(),
        403 => "You need the role Admin in this organization.".to_owned(),
        502..=504 => {
            "The plugin's process does not answer. Grafana starts it again by itself; its log says why it stopped."
                .to_owned()
        }
        other => format!("Grafana answered with status {other}."),
    }))
}

impl ApiError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            field: None,
        }
    }
}

fn json<T: Serialize>(body: &T) -> String {
    // Plain structs of strings and numbers: serde_json has no way to fail on them.
    serde_json::to_string(body).unwrap_or_default()
}

fn encoded(value: &str) -> String {
    js_sys::encode_uri_component(value).into()
}

#[cfg(test)]
mod tests {
    use admin_api::{MappingEdit, MappingKind, MappingMode, MemberPolicy, NewMapping, PlannedChange};
    use serde_json::json;

    use super::{Change, parse, secure_key, succeeded, with_secrets};

    #[test]
    fn what_is_previewed_is_what_is_done() {
        let mapping = NewMapping {
            group_id: "g\"1".into(),
            team_id: Some(7),
            new_team: None,
            kind: MappingKind::Admin,
            policy: MemberPolicy::Remove,
        };
        let edit = MappingEdit {
            kind: MappingKind::Member,
            policy: MemberPolicy::Keep,
            paused: true,
        };
        for (change, planned) in [
            (Change::add(&mapping), PlannedChange::Add(mapping)),
            (Change::edit(3, edit), PlannedChange::Edit(3, edit)),
            (Change::remove(3), PlannedChange::Remove(3)),
            (Change::mode("create"), PlannedChange::Mode(MappingMode::Create)),
        ] {
            assert_eq!(serde_json::from_str::<PlannedChange>(&change.preview).unwrap(), planned);
        }
        let settings =
            serde_json::from_str::<admin_api::SettingsUpdate>(&Change::mode("strict").body.unwrap()).unwrap();
        assert_eq!(settings.settings["mapping_mode"].as_deref(), Some("strict"));
    }

    #[test]
    fn a_refusal_carries_the_servers_words_and_the_field() {
        let error =
            succeeded(r#"{"status":409,"body":{"message":"A file sets this.","field":"mapping_mode"}}"#).unwrap_err();
        assert_eq!(error.message, "A file sets this.");
        assert_eq!(error.field.as_deref(), Some("mapping_mode"));
    }

    #[test]
    fn no_answer_is_said_in_words_not_in_the_browsers() {
        let error = succeeded(r#"{"status":0,"body":{"message":"Failed to fetch"}}"#).unwrap_err();
        assert_eq!(error.message, "Grafana does not answer. Check your connection.");
        assert_eq!(succeeded("").unwrap_err().message, "Grafana did not answer.");
    }

    #[test]
    fn an_error_page_of_a_proxy_is_not_shown_as_it_is() {
        let error = succeeded(r#"{"status":502,"body":"<html>Bad Gateway</html>"}"#).unwrap_err();
        assert!(error.message.starts_with("The plugin's process does not answer."));
    }

    #[test]
    fn a_shape_we_do_not_know_asks_for_a_reload() {
        let error = parse::<admin_api::Teams>(r#"{"status":200,"body":{"people":[]}}"#).unwrap_err();
        assert!(error.message.contains("Reload the page"));
    }

    #[test]
    fn saving_a_secret_keeps_what_else_the_plugin_setting_holds() {
        let now = json!({"id": "x", "enabled": true, "pinned": false, "jsonData": {"dataDir": "/d"}, "secureJsonFields": {"adminPassword": true}});
        let next = with_secrets(&now, &[("service_account_token".into(), "glsa_1".into())]);
        assert_eq!(
            next,
            json!({"enabled": true, "pinned": false, "jsonData": {"dataDir": "/d"}, "secureJsonData": {"serviceAccountToken": "glsa_1"}})
        );
    }

    #[test]
    fn a_secrets_key_is_spelt_as_grafana_spells_it() {
        assert_eq!(secure_key("admin_password"), "adminPassword");
        assert_eq!(secure_key("token"), "token");
    }
}
