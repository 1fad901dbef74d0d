//! What the serving loop and the application know of each other.
//!
//! Owns: the trait and its plain types. Must never know gRPC. Start at [`Application`].

use std::{collections::HashMap, future::Future};

use domain::{OrgId, Secret};

/// What the serving loop needs from the application.
pub trait Application: Clone + Send + Sync + 'static {
    /// All routes. Asked for once. Handlers read who calls from the request extension [`domain::Caller`], and from nowhere else.
    fn router(&self) -> axum::Router;
    /// Called before a request is routed whenever an organization's settings are first seen, or differ from those last seen: Grafana pushes no change, it sends the settings with every call. Calls never overlap. Must be quick: requests wait for it.
    fn settings_seen(&self, settings: AppSettings);
    /// What Grafana's health check shows for an organization.
    fn health(&self, org_id: OrgId) -> impl Future<Output = Health> + Send;
    /// Prometheus text. Grafana serves it **without sign-in** under `/metrics/plugins/…`: no names, e-mails or group names in it.
    fn metrics(&self) -> impl Future<Output = String> + Send;
    /// Closes what is open. Called once, after the last request; it has half a second.
    fn stop(&self) -> impl Future<Output = ()> + Send;
}

/// One organization's app settings, as Grafana sent them with a call.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// The organization they belong to.
    pub org_id: OrgId,
    /// `jsonData`: `{}` when Grafana has none, `null` when what it has is not JSON.
    pub json_data: serde_json::Value,
    /// `secureJsonData`, decrypted by Grafana.
    pub secrets: HashMap<String, Secret>,
    /// When Grafana stored them; its Go zero time (a large negative number) when it never did.
    pub updated_ms: i64,
}

/// The answer to a health check.
#[derive(Clone, Debug)]
pub struct Health {
    /// Whether all is well: Grafana answers 200, else 400.
    pub ok: bool,
    /// One sentence for the person who pressed the button. Every signed-in user can read it.
    pub message: String,
    /// A JSON object with details. Every signed-in user can read it: no configuration.
    pub details: serde_json::Value,
}
