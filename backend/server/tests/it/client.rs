//! The host's side of the plugin protocol, as Grafana's hashicorp/go-plugin client speaks it.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use grafana_plugin_sdk::pluginv2::{
    self as pb, diagnostics_client::DiagnosticsClient, resource_client::ResourceClient,
};
use hyper_util::rt::TokioIo;
use tonic::{
    Code, Status,
    codec::ProstCodec,
    transport::{Channel, Endpoint},
};

/// The secret that every context carries and that must appear nowhere.
pub const PLANTED: &str = "glsa_PLANTED";

/// Fails a test that would hang. Generous: the machine is shared.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// The socket's path in a handshake line.
pub fn socket_of(handshake: &str) -> PathBuf {
    match handshake.trim_end().split('|').collect::<Vec<_>>()[..] {
        ["1", "2", "unix", path, "grpc"] => path.into(),
        _ => panic!("not a handshake line: {handshake:?}"),
    }
}

pub fn context(login: &str, role: &str) -> pb::PluginContext {
    let user = pb::User {
        login: login.into(),
        name: "Okta".into(),
        email: String::new(),
        role: role.into(),
    };
    pb::PluginContext {
        org_id: 7,
        plugin_id: "rollcall-scim-app".into(),
        user: Some(user),
        app_instance_settings: Some(pb::AppInstanceSettings {
            json_data: br#"{"mappingMode":"strict"}"#.to_vec(),
            decrypted_secure_json_data: HashMap::from([("grafanaToken".into(), PLANTED.into())]),
            last_updated_ms: 1,
        }),
        ..Default::default()
    }
}

pub fn request(method: &str, url: &str) -> pb::CallResourceRequest {
    pb::CallResourceRequest {
        plugin_context: Some(context("sa-7-okta", "Admin")),
        path: url.split('?').next().unwrap().into(),
        method: method.into(),
        url: url.into(),
        ..Default::default()
    }
}

pub fn with_header(mut request: pb::CallResourceRequest, name: &str, value: &str) -> pb::CallResourceRequest {
    request.headers.insert(
        name.into(),
        pb::StringList {
            values: vec![value.into()],
        },
    );
    request
}

/// What the caller of a resource gets.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub headers: HashMap<String, Vec<String>>,
    pub body: Vec<u8>,
    pub messages: usize,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub fn is_scim_error(&self, status: i32) -> bool {
        self.code == status
            && self.headers["content-type"] == ["application/scim+json"]
            && self.json()["schemas"] == serde_json::json!(["urn:ietf:params:scim:api:messages:2.0:Error"])
            && self.json()["status"].as_str() == Some(&status.to_string())
            && self.json()["detail"].is_string()
    }
}

#[derive(Clone)]
pub struct Host {
    channel: Channel,
}

impl Host {
    pub async fn connect(socket: PathBuf) -> Self {
        let connect = tower::service_fn(move |_| {
            let socket = socket.clone();
            async move { std::io::Result::Ok(TokioIo::new(tokio::net::UnixStream::connect(socket).await?)) }
        });
        Self {
            channel: Endpoint::from_static("http://plugin")
                .connect_with_connector(connect)
                .await
                .unwrap(),
        }
    }

    pub async fn try_call(&self, request: pb::CallResourceRequest) -> Result<Answer, Status> {
        let mut client = ResourceClient::new(self.channel.clone()).max_decoding_message_size(usize::MAX);
        let mut stream = client.call_resource(request).await?.into_inner();
        let mut answer = Answer {
            code: 0,
            headers: HashMap::new(),
            body: vec![],
            messages: 0,
        };
        while let Some(message) = stream.message().await? {
            if answer.messages == 0 {
                answer.code = message.code;
                answer.headers = message
                    .headers
                    .into_iter()
                    .map(|(name, list)| (name, list.values))
                    .collect();
            }
            answer.messages += 1;
            answer.body.extend_from_slice(&message.body);
        }
        Ok(answer)
    }

    pub async fn call(&self, request: pb::CallResourceRequest) -> Answer {
        soon("an answer", self.try_call(request))
            .await
            .expect("CallResource never ends in a gRPC error")
    }

    pub async fn get(&self, url: &str) -> Answer {
        self.call(request("GET", url)).await
    }

    pub async fn check_health(&self) -> pb::CheckHealthResponse {
        let plugin_context = Some(context("ann", "None"));
        let request = pb::CheckHealthRequest {
            plugin_context,
            ..Default::default()
        };
        DiagnosticsClient::new(self.channel.clone())
            .check_health(request)
            .await
            .unwrap()
            .into_inner()
    }

    pub async fn metrics(&self) -> String {
        let request = pb::CollectMetricsRequest { plugin_context: None };
        let answer = DiagnosticsClient::new(self.channel.clone())
            .collect_metrics(request)
            .await
            .unwrap()
            .into_inner();
        String::from_utf8(answer.metrics.unwrap().prometheus).unwrap()
    }

    /// go-plugin's Ping: false also when there is no connection.
    pub async fn ping(&self) -> bool {
        let request = tonic_health::pb::HealthCheckRequest {
            service: "plugin".into(),
        };
        let mut health = tonic_health::pb::health_client::HealthClient::new(self.channel.clone());
        let serving = tonic_health::pb::health_check_response::ServingStatus::Serving;
        health
            .check(request)
            .await
            .is_ok_and(|answer| answer.into_inner().status() == serving)
    }

    pub async fn controller(&self, method: &'static str) -> Result<(), Code> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let path = http::uri::PathAndQuery::from_static(method);
        grpc.unary(tonic::Request::new(()), path, ProstCodec::<(), ()>::default())
            .await
            .map(tonic::Response::into_inner)
            .map_err(|status| status.code())
    }

    pub async fn shutdown(&self) {
        self.controller("/plugin.GRPCController/Shutdown")
            .await
            .expect("Shutdown is answered");
    }
}
