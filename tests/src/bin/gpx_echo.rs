//! A plugin that says what it was sent: so the host's side of the plugin protocol is tested without the product, and a real Grafana can
//! be asked the same.
//!
//! Owns: its answers. `status/418` answers that status with a set of headers, `bytes/1000` so many bytes, everything else what arrived.

use std::{collections::HashMap, io::Write as _, os::unix::process::parent_id, time::Duration};

use anyhow::{Result, ensure};
use grafana_plugin_sdk::pluginv2::{
    self as pb,
    diagnostics_server::{Diagnostics, DiagnosticsServer},
    resource_server::{Resource, ResourceServer},
};
use serde_json::{Value, json};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::{Request, Response, Status};

/// As the product's.
const MAX_MESSAGE: usize = 17 << 20;

#[tokio::main]
async fn main() -> Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one look at the environment of this program"
    )]
    let cookie = std::env::var("grafana_plugin_type");
    ensure!(cookie.as_deref() == Ok("datasource"), "no Grafana started this");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("s");
    let listener = tokio::net::UnixListener::bind(&path)?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "1|2|unix|{}|grpc", path.display())?;
    stdout.flush()?;
    let parent = parent_id();
    tonic::transport::Server::builder()
        .add_service(ResourceServer::new(Echo).max_decoding_message_size(MAX_MESSAGE))
        .add_service(DiagnosticsServer::new(Echo))
        .serve_with_incoming_shutdown(UnixListenerStream::new(listener), async move {
            let mut tick = tokio::time::interval(Duration::from_millis(200));
            while parent_id() == parent {
                tick.tick().await;
            }
        })
        .await?;
    Ok(())
}

struct Echo;

fn seen(call: &pb::CallResourceRequest) -> Value {
    let context = call.plugin_context.clone().unwrap_or_default();
    let user = context.user.unwrap_or_default();
    let app = context.app_instance_settings.unwrap_or_default();
    let headers: HashMap<&String, &Vec<String>> =
        call.headers.iter().map(|(name, list)| (name, &list.values)).collect();
    json!({
        "method": call.method, "path": call.path, "url": call.url, "headers": headers, "size": call.body.len(),
        "org": context.org_id, "login": user.login, "role": user.role, "updated": app.last_updated_ms,
        "jsonData": serde_json::from_slice::<Value>(&app.json_data).unwrap_or_default(), "secrets": app.decrypted_secure_json_data,
    })
}

fn headers(pairs: &[(&str, &str)]) -> HashMap<String, pb::StringList> {
    let list = |value: &str| pb::StringList {
        values: vec![value.to_owned()],
    };
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), list(value)))
        .collect()
}

#[tonic::async_trait]
impl Resource for Echo {
    type CallResourceStream = tokio_stream::Iter<std::vec::IntoIter<Result<pb::CallResourceResponse, Status>>>;

    async fn call_resource(
        &self,
        request: Request<pb::CallResourceRequest>,
    ) -> Result<Response<Self::CallResourceStream>, Status> {
        let call = request.into_inner();
        let number = |prefix: &str| {
            call.path
                .strip_prefix(prefix)
                .and_then(|rest| rest.parse::<usize>().ok())
        };
        let mut answer = pb::CallResourceResponse {
            code: 200,
            headers: headers(&[("Content-Type", "application/scim+json")]),
            body: seen(&call).to_string().into_bytes().into(),
        };
        if let Some(code) = number("status/") {
            answer.code = i32::try_from(code).unwrap_or(500);
            answer.headers.extend(headers(&[
                ("ETag", "W/\"1\""),
                ("Location", "https://x/y"),
                ("Retry-After", "7"),
                ("WWW-Authenticate", "Bearer"),
                ("X-Own", "kept"),
                ("Set-Cookie", "a=b"),
                ("Cache-Control", "max-age=9"),
                ("Connection", "close"),
            ]));
            if code == 204 || code == 304 {
                answer.body = vec![].into();
            }
        } else if let Some(size) = number("bytes/") {
            answer.body = vec![b'x'; size].into();
        }
        Ok(Response::new(tokio_stream::iter(vec![Ok(answer)])))
    }
}

#[tonic::async_trait]
impl Diagnostics for Echo {
    async fn check_health(
        &self,
        _: Request<pb::CheckHealthRequest>,
    ) -> Result<Response<pb::CheckHealthResponse>, Status> {
        Ok(Response::new(pb::CheckHealthResponse {
            status: pb::check_health_response::HealthStatus::Ok.into(),
            message: "well".to_owned(),
            json_details: br#"{"a":1}"#.to_vec(),
        }))
    }

    async fn collect_metrics(
        &self,
        _: Request<pb::CollectMetricsRequest>,
    ) -> Result<Response<pb::CollectMetricsResponse>, Status> {
        let prometheus = b"echo_up 1\n".to_vec();
        let metrics = Some(pb::collect_metrics_response::Payload { prometheus });
        Ok(Response::new(pb::CollectMetricsResponse { metrics }))
    }
}
