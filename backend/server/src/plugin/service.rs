//! The gRPC services Grafana calls: resources, health, metrics.
//!
//! Owns: what is taken from a `PluginContext` (organization, caller, settings) before it is dropped. Must never put one, or a whole
//! request, into a span or log line: it holds every decrypted secret.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, extract::DefaultBodyLimit};
use domain::{Caller, OrgId, Secret};
use futures_util::FutureExt as _;
use grafana_plugin_sdk::pluginv2::{
    self as pb, check_health_response::HealthStatus, diagnostics_server::Diagnostics, resource_server::Resource,
};
use serde_json::Value;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status};

use super::{
    application::{AppSettings, Application, Health},
    bridge::{self, Failure, Messages, Target},
};
use crate::http::MAX_BODY;

#[derive(Clone)]
pub(super) struct Service<A> {
    application: A,
    router: Router,
    mutations: TaskTracker,
    /// A digest of the settings last handed on, by organization.
    settings_seen: Arc<Mutex<HashMap<OrgId, u64>>>,
}

impl<A: Application> Service<A> {
    pub(super) fn new(application: A, mutations: TaskTracker) -> Self {
        // axum's own limit is 2 MiB; the bridge has checked ours by then.
        let router = application.router().layer(DefaultBodyLimit::max(MAX_BODY));
        Self {
            application,
            router,
            mutations,
            settings_seen: Arc::default(),
        }
    }

    /// Hands changed settings on. The lock is held meanwhile, so that a request with the same settings cannot overtake them.
    /// What is compared is the content: Grafana keeps "last updated" by the second, so two saves can carry the same one (G64).
    fn notice_settings(&self, org_id: OrgId, settings: pb::AppInstanceSettings) {
        let updated_ms = settings.last_updated_ms;
        let digest = digest(&settings);
        let mut seen = self.settings_seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.get(&org_id) == Some(&digest) {
            return;
        }
        let json_data = match settings.json_data.as_slice() {
            [] => Value::Object(serde_json::Map::new()),
            bytes => serde_json::from_slice(bytes).unwrap_or_else(|_| {
                tracing::warn!(org_id = org_id.get(), "the plugin's jsonData is not JSON");
                Value::Null
            }),
        };
        let secrets = settings
            .decrypted_secure_json_data
            .into_iter()
            .map(|(name, value)| (name, Secret::new(value)))
            .collect();
        self.application.settings_seen(AppSettings {
            org_id,
            json_data,
            secrets,
            updated_ms,
        });
        seen.insert(org_id, digest);
    }

    /// The caller, with the settings that travelled along handed on first.
    fn admit(&self, context: pb::PluginContext) -> Caller {
        let org_id = context.org_id;
        if let Some(settings) = context.app_instance_settings {
            self.notice_settings(OrgId::new(org_id), settings);
        }
        // No user: Grafana itself calls. Who may do what is for the authorisation table; an empty login opens nothing there.
        let user = context.user.unwrap_or_default();
        Caller {
            org_id: OrgId::new(org_id),
            login: user.login,
            role: user.role,
        }
    }
}

/// Tells settings apart; kept instead of them, because they hold secrets.
fn digest(settings: &pb::AppInstanceSettings) -> u64 {
    let mut secrets: Vec<(&String, &String)> = settings.decrypted_secure_json_data.iter().collect();
    secrets.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (settings.last_updated_ms, &settings.json_data, secrets).hash(&mut hasher);
    hasher.finish()
}

#[tonic::async_trait]
impl<A: Application> Resource for Service<A> {
    type CallResourceStream = Messages;

    async fn call_resource(&self, request: Request<pb::CallResourceRequest>) -> Result<Response<Messages>, Status> {
        let mut call = request.into_inner();
        let context = call.plugin_context.take().unwrap_or_default();
        let target = Target::new(&call.url);
        let scim = target.is_scim();
        let answered = AssertUnwindSafe(async {
            let caller = self.admit(context);
            bridge::answer(self.router.clone(), &self.mutations, target, caller, call).await
        });
        let answered = answered
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| Err(Failure::internal()));
        Ok(Response::new(answered.unwrap_or_else(|failure| failure.messages(scim))))
    }
}

#[tonic::async_trait]
impl<A: Application> Diagnostics for Service<A> {
    async fn check_health(
        &self,
        request: Request<pb::CheckHealthRequest>,
    ) -> Result<Response<pb::CheckHealthResponse>, Status> {
        let context = request.into_inner().plugin_context.unwrap_or_default();
        let checked = AssertUnwindSafe(async {
            let caller = self.admit(context);
            self.application.health(caller.org_id).await
        });
        let health = checked.catch_unwind().await.unwrap_or_else(|_panic| Health {
            ok: false,
            message: "The health check itself failed. The reason is in Grafana's log.".into(),
            details: Value::Object(serde_json::Map::new()),
        });
        let status = if health.ok {
            HealthStatus::Ok
        } else {
            HealthStatus::Error
        };
        Ok(Response::new(pb::CheckHealthResponse {
            status: status.into(),
            message: health.message,
            json_details: health.details.to_string().into_bytes(),
        }))
    }

    async fn collect_metrics(
        &self,
        _: Request<pb::CollectMetricsRequest>,
    ) -> Result<Response<pb::CollectMetricsResponse>, Status> {
        let prometheus = self.application.metrics().await.into_bytes();
        let metrics = Some(pb::collect_metrics_response::Payload { prometheus });
        Ok(Response::new(pb::CollectMetricsResponse { metrics }))
    }
}
