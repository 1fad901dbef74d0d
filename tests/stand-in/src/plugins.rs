//! What Grafana does for an installed app: its settings, its files, and the way to its process.
//!
//! Owns: what is in the plugins directory, and everything under `/api/plugins/`, `/public/plugins/` and `/metrics/plugins/`
//! (G53–G71). Start at [`Plugin::install`]; [`Plugin::resource`] is the interesting one.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use grafana_plugin_sdk::pluginv2 as pb;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Outcome, decode},
    desk::Desk,
    files,
    identity::Identity,
    process::{Launch, Process, Resource},
    world::{App, Role, World, app_key, now_ms},
};

/// Go's name for this platform, as `plugins.go` appends it to `executable`.
const PLATFORM: &str = "linux_amd64";
/// Go's zero time in milliseconds: an app nobody has stored settings of.
const NEVER_MS: i64 = -62_135_596_800_000;

type Secrets = BTreeMap<String, String>;

/// An installed app plugin.
pub(super) struct Plugin {
    pub(super) id: String,
    pub(super) manifest: Value,
    directory: PathBuf,
    process: Option<Process>,
    /// Secrets as they were decrypted, by organization, and of which save.
    decrypted: Mutex<BTreeMap<i64, (i64, Secrets)>>,
}

/// What a resource call carries besides who asks.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// What follows `/resources`, as it was sent.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) headers: &'a HeaderMap,
    pub(super) peer: SocketAddr,
    pub(super) body: Bytes,
}

impl Plugin {
    /// Reads a plugin's directory; none if there is no plugin in it. Its process starts whether or not the app is enabled anywhere
    /// (G66).
    pub(super) async fn install(directory: PathBuf, launch: impl Fn(&str, PathBuf) -> Launch) -> Result<Option<Self>> {
        let file = directory.join("plugin.json");
        if !file.is_file() {
            return Ok(None);
        }
        let manifest: Value = serde_json::from_slice(&std::fs::read(&file)?).context("plugin.json")?;
        let id = manifest["id"].as_str().context("plugin.json has no id")?.to_owned();
        let process = match (manifest["backend"].as_bool(), manifest["executable"].as_str()) {
            (Some(true), Some(executable)) => {
                let executable = directory.join(format!("{executable}_{PLATFORM}"));
                Some(Process::start(launch(&id, executable)).await?)
            }
            _ => None,
        };
        Ok(Some(Self {
            id,
            manifest,
            directory,
            process,
            decrypted: Mutex::default(),
        }))
    }

    pub(super) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    fn app<'a>(&self, world: &'a World, who: &Identity) -> Option<&'a App> {
        world.apps.get(&app_key(who.org?, &self.id))
    }

    /// Decrypted once for each save, and saves are told apart by the second (`pluginsettings/service/service.go` `DecryptedValues`): a
    /// secret that is saved in the same second as something that was already read stays what it was until the next save.
    fn secrets(&self, world: &World, who: &Identity) -> Secrets {
        let (Some(app), Some(org)) = (self.app(world, who), who.org) else {
            return Secrets::new();
        };
        let mut decrypted = self.decrypted.lock().unwrap_or_else(PoisonError::into_inner);
        let known = decrypted.get(&org).filter(|(updated, _)| *updated == app.updated_ms);
        if let Some((_, secrets)) = known {
            return secrets.clone();
        }
        decrypted.insert(org, (app.updated_ms, app.secrets.clone()));
        app.secrets.clone()
    }

    /// Who asks and with which settings; the secrets decrypted.
    pub(super) fn context(&self, world: &World, who: &Identity) -> pb::PluginContext {
        let app = self.app(world, who);
        let settings = pb::AppInstanceSettings {
            json_data: app.map_or_else(|| b"{}".to_vec(), |app| app.json_data.to_string().into_bytes()),
            decrypted_secure_json_data: self.secrets(world, who).into_iter().collect(),
            last_updated_ms: app.map_or(NEVER_MS, |app| app.updated_ms),
        };
        let user = pb::User {
            login: who.login.clone(),
            name: who.name.clone(),
            email: who.email.clone(),
            role: who.role.name().to_owned(),
        };
        pb::PluginContext {
            org_id: who.org.unwrap_or(-1),
            plugin_id: self.id.clone(),
            user: Some(user),
            app_instance_settings: Some(settings),
            ..Default::default()
        }
    }

    /// Whether the caller may use the app at all: any role will do, `None` is none (G53).
    fn needs_access(who: &Identity) -> Result<(), Answer> {
        if who.org.is_some() && who.role >= Role::Viewer {
            Ok(())
        } else {
            Err(Answer::denied("plugins.app:access"))
        }
    }

    /// Everything that is decided before the plugin is asked. The app must be enabled where the caller is (`api/plugin_checks.go`).
    pub(super) fn admit(&self, world: &World, who: &Identity) -> Result<pb::PluginContext, Answer> {
        Self::needs_access(who)?;
        match self.app(world, who) {
            None => Err(Answer::message(404, "Plugin not found")),
            Some(app) if !app.enabled => Err(Answer::message(404, "Plugin is not enabled")),
            Some(_) => Ok(self.context(world, who)),
        }
    }

    pub(super) async fn resource(&self, context: pb::PluginContext, call: Call<'_>) -> Answer {
        let Ok(path) = splat(call.path) else {
            return Answer::message(404, "Not found");
        };
        let request = pb::CallResourceRequest {
            plugin_context: Some(context),
            url: go_url(&path, call.query),
            path,
            method: call.method.to_owned(),
            headers: forwarded(call.headers, call.peer),
            body: call.body,
        };
        let failed = || Answer::error(500, "plugin.downstreamError", "An error occurred within the plugin");
        let Some(process) = self.process() else { return failed() };
        match process.call_resource(request).await {
            Ok(answer) => returned(answer).unwrap_or_else(failed),
            Err(status) => {
                tracing::debug!(%status, "a resource call failed");
                failed()
            }
        }
    }

    /// `GET /api/plugins/<id>/health`: no check of the role (G65).
    pub(super) async fn health(&self, context: pb::PluginContext) -> Answer {
        let failed = || Answer::error(500, "plugin.downstreamError", "An error occurred within the plugin");
        let Some(process) = self.process() else {
            return failed();
        };
        let Ok(health) = process.check_health(Some(context)).await else {
            return failed();
        };
        let ok = health.status() == pb::check_health_response::HealthStatus::Ok;
        let status = health.status().as_str_name();
        let mut body = json!({ "status": status.to_uppercase(), "message": health.message });
        if !health.json_details.is_empty() {
            body["details"] = serde_json::from_slice(&health.json_details).unwrap_or_default();
        }
        Answer::json(if ok { 200 } else { 400 }, &body)
    }

    /// Without sign-in, and with the plugin's id alone for a context (G65).
    pub(super) async fn metrics(&self) -> Answer {
        let context = pb::PluginContext {
            plugin_id: self.id.clone(),
            ..Default::default()
        };
        let metrics = match self.process() {
            Some(process) => process.metrics(Some(context)).await.ok(),
            None => None,
        };
        match metrics {
            Some(text) => Answer::new(200, "text/plain", text),
            None => Answer::message(500, "Internal Server Error"),
        }
    }

    pub(super) fn read_settings(&self, world: &World, who: &Identity) -> Outcome {
        Self::needs_access(who).map_err(|_| Answer::message(403, "Access Denied"))?;
        Ok(Answer::json(200, &self.settings(world, who)))
    }

    /// The app as the frontend sees it. Secrets are shown by name only.
    pub(super) fn settings(&self, world: &World, who: &Identity) -> Value {
        let app = self.app(world, who);
        let mut info = self.manifest["info"].clone();
        let base = format!("public/plugins/{}", self.id);
        for size in ["small", "large"] {
            if let Some(logo) = info["logos"][size].as_str() {
                info["logos"][size] = json!(format!("{base}/{logo}"));
            }
        }
        let fields = self.secrets(world, who).into_iter();
        let fields: serde_json::Map<String, Value> = fields
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, _)| (name, Value::Bool(true)))
            .collect();
        json!({
            "id": self.id, "name": self.manifest["name"], "type": self.manifest["type"], "info": info,
            "enabled": app.is_some_and(|app| app.enabled), "pinned": app.is_some_and(|app| app.pinned),
            "module": format!("{base}/module.js"), "baseUrl": base, "includes": self.manifest["includes"],
            "dependencies": self.manifest["dependencies"], "jsonData": app.map(|app| &app.json_data), "secureJsonFields": fields,
            "signature": "unsigned", "hasUpdate": false, "latestVersion": "", "defaultNavUrl": format!("/plugins/{}/", self.id),
        })
    }

    /// `jsonData` is replaced as a whole, secrets key by key (G63).
    pub(super) fn write_settings(&self, desk: &mut Desk<'_>) -> Outcome {
        #[derive(Deserialize)]
        struct Form {
            #[serde(default)]
            enabled: bool,
            #[serde(default)]
            pinned: bool,
            #[serde(default)]
            jsondata: Value,
            #[serde(default)]
            securejsondata: Secrets,
        }
        let org = desk.who.needs_org_admin("plugins:write")?;
        let sent: Form = desk.form()?;
        let key = app_key(org, &self.id);
        let before = desk.world.apps.remove(&key);
        let mut app = App {
            enabled: sent.enabled,
            pinned: sent.pinned,
            json_data: if sent.jsondata.is_null() {
                json!({})
            } else {
                sent.jsondata
            },
            secrets: before.map(|app| app.secrets).unwrap_or_default(),
            updated_ms: now_ms() / 1_000 * 1_000,
        };
        app.secrets.extend(sent.securejsondata);
        desk.world.apps.insert(key, app);
        Ok(Answer::message(200, "Plugin settings updated"))
    }

    /// A file of the plugin. Browsers may keep it for an hour.
    pub(super) fn asset(&self, path: &str) -> Answer {
        let missing = || Answer::message(404, "Plugin file not found");
        let Some(file) = files::inside(&self.directory, path) else {
            return missing();
        };
        match std::fs::read(&file) {
            Ok(bytes) => {
                Answer::new(200, files::content_type(&file), bytes).with(header::CACHE_CONTROL, "public, max-age=3600")
            }
            Err(_) => missing(),
        }
    }
}

/// The rest of the path as the plugin gets it: decoded, one trailing slash cut (`web/tree.go`; G58).
fn splat(sent: &str) -> Result<String, ()> {
    let rest = sent.strip_prefix('/').unwrap_or(sent);
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    decode(rest).ok_or(())
}

/// Go's `(&url.URL{Path: path, RawQuery: query}).String()`: the path escaped again, the query as it came.
fn go_url(path: &str, query: Option<&str>) -> String {
    let mut url = String::with_capacity(path.len());
    // A colon in the first segment would read as a scheme.
    if path.split('/').next().is_some_and(|first| first.contains(':')) {
        url.push_str("./");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        url.push('?');
        url.push_str(query);
    }
    url
}

/// Never reach a plugin: what authenticates, what says where the call came from, and what belongs to the connection
/// (G56). `X-Grafana-*` does, forged or not (G55).
const WITHHELD: &[&str] = &[
    "authorization",
    "connection",
    "cookie",
    "host",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-grafana-device-id",
];

fn forwarded(sent: &HeaderMap, peer: SocketAddr) -> HashMap<String, pb::StringList> {
    let mut headers: HashMap<String, pb::StringList> = sent
        .keys()
        .filter(|name| !WITHHELD.contains(&name.as_str()))
        .map(|name| {
            let values = sent.get_all(name).into_iter();
            let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            (
                go_name(name),
                pb::StringList {
                    values: values.collect(),
                },
            )
        })
        .collect();
    let mut chain: Vec<String> = headers
        .remove("X-Forwarded-For")
        .into_iter()
        .flat_map(|list| list.values)
        .collect();
    chain.push(peer.ip().to_string());
    let values = vec![chain.join(", ")];
    headers.insert("X-Forwarded-For".to_owned(), pb::StringList { values });
    // Always there (`util/proxyutil`).
    let referer = sent.get(header::REFERER).and_then(|value| value.to_str().ok());
    let values = vec![referer.unwrap_or_default().to_owned()];
    headers.insert("X-Grafana-Referer".to_owned(), pb::StringList { values });
    headers
}

/// Go writes `content-type` as `Content-Type`.
fn go_name(name: &HeaderName) -> String {
    let words = name.as_str().split('-').map(|word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}

/// Do not come back from a plugin.
const KEPT_BACK: &[&str] = &[
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The plugin's answer with what Grafana adds and overwrites (G60).
fn returned(answer: Resource) -> Option<Answer> {
    let status = http::StatusCode::from_u16(u16::try_from(answer.code).ok()?).ok()?;
    let mut sent = Answer {
        status,
        headers: vec![],
        body: answer.body,
    };
    for (name, values) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let overwritten = name == header::CACHE_CONTROL || name == header::CONTENT_SECURITY_POLICY;
        if overwritten || KEPT_BACK.contains(&name.as_str()) {
            continue;
        }
        for value in values {
            sent.headers
                .push((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?));
        }
    }
    let typed = sent.headers.iter().any(|(name, _)| name == header::CONTENT_TYPE);
    if !typed && status != http::StatusCode::NO_CONTENT {
        sent = sent.with(header::CONTENT_TYPE, "application/json");
    }
    Some(
        sent.with(header::CACHE_CONTROL, "no-store")
            .with(header::CONTENT_SECURITY_POLICY, "sandbox")
            .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .with(header::X_FRAME_OPTIONS, "deny")
            .with(header::X_XSS_PROTECTION, "1; mode=block"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Grafana's own `tree.go` made of each path (G58).
    #[test]
    fn a_path_reaches_the_plugin_as_grafana_makes_it() {
        let cases = [
            ("", "", ""),
            ("/", "", ""),
            ("/scim/v2/Users/", "scim/v2/Users", "scim/v2/Users"),
            (
                "/scim/v2/Users/a%2Fb%20c",
                "scim/v2/Users/a/b c",
                "scim/v2/Users/a/b%20c",
            ),
            (
                "/scim/v2/Users/a%40b.com",
                "scim/v2/Users/a@b.com",
                "scim/v2/Users/a@b.com",
            ),
            ("/scim/v2/Users/a%3Fb", "scim/v2/Users/a?b", "scim/v2/Users/a%3Fb"),
            ("/scim/v2/Users/%C3%A9", "scim/v2/Users/é", "scim/v2/Users/%C3%A9"),
            ("/urn:x", "urn:x", "./urn:x"),
            ("/scim//v2/../Users", "scim//v2/../Users", "scim//v2/../Users"),
        ];
        for (sent, path, url) in cases {
            let got = splat(sent).unwrap();
            assert_eq!((got.as_str(), go_url(&got, None).as_str()), (path, url), "{sent}");
        }
        assert_eq!(go_url("a", Some("filter=x eq \"y\"")), "a?filter=x eq \"y\"");
        assert!(splat("/a%zz").is_err());
    }

    #[test]
    fn headers_are_named_as_go_names_them() {
        let mut sent = HeaderMap::new();
        for name in [
            "content-type",
            "authorization",
            "user-agent",
            "x-grafana-user",
            "x-forwarded-for",
        ] {
            sent.insert(HeaderName::from_static(name), HeaderValue::from_static("v"));
        }
        let got = forwarded(&sent, ([127, 0, 0, 1], 9).into());
        let mut names: Vec<&str> = got.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["Content-Type", "X-Forwarded-For", "X-Grafana-Referer", "X-Grafana-User"]
        );
        assert_eq!(got["X-Forwarded-For"].values, ["v, 127.0.0.1"]);
    }
}
