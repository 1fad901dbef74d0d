//! The serving loop: socket, handshake, gRPC services, and an orderly end.
//!
//! Owns: what is registered with gRPC and how long the end may take. Must never decide what a
//! request means. Start at [`serve`].

use std::{future::Future, io::Write, path::PathBuf, time::Duration};

use grafana_plugin_sdk::pluginv2::{diagnostics_server::DiagnosticsServer, resource_server::ResourceServer};
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{application::Application, controller, host::Host, service, socket};
use crate::http::MAX_BODY;

/// What one gRPC message may carry: the body, and room for everything that travels beside it (Go takes up to 1 MiB of headers; the app's
/// settings come too). A larger message is refused inside tonic with `OutOfRange`, before any code of ours runs: Grafana makes that a 500
/// of its own (G59).
const MAX_MESSAGE: usize = MAX_BODY + (1 << 20);

// hashicorp/go-plugin kills the process 2 s after it answered Shutdown. What is under way gets most of that, the store the rest.
const DRAIN: Duration = Duration::from_millis(1_200);
const STOP: Duration = Duration::from_millis(500);

/// Why the process could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No private socket could be made.
    #[error("no private socket in {}: {source}", directory.display())]
    Socket {
        /// Where the socket's directory was to be.
        directory: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Grafana could not be told where we listen.
    #[error("the handshake line could not be written: {0}")]
    Announce(std::io::Error),
    /// The runtime or its signal handlers could not be set up.
    #[error("the runtime could not start: {0}")]
    Runtime(std::io::Error),
    /// The gRPC server failed.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The application could not start.
    #[error("the application could not start: {0}")]
    Application(String),
}

/// Serves `application` to the Grafana that started this process, until Grafana asks for the end or `stop` does (its output is the reason
/// for the log). `announce` receives the handshake line and nothing else. Returns when what was under way is done, or was given up.
///
/// # Errors
/// [`ServeError`] when no socket could be made or announced, or the server broke.
pub async fn serve<A: Application>(
    application: A,
    host: &Host,
    mut announce: impl Write,
    stop: impl Future<Output = &'static str>,
) -> Result<(), ServeError> {
    let socket = socket::PrivateSocket::bind(host.socket_dir()).map_err(|source| ServeError::Socket {
        directory: host.socket_dir().into(),
        source,
    })?;
    let stopping = CancellationToken::new();
    let mutations = TaskTracker::new();
    let service = service::Service::new(application.clone(), mutations.clone());
    // go-plugin pings the service called "plugin".
    let (mut reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("plugin", tonic_health::ServingStatus::Serving)
        .await;
    let serving = tonic::transport::Server::builder()
        .add_service(health)
        .add_service(controller::Controller::new(stopping.clone()))
        .add_service(DiagnosticsServer::new(service.clone()).max_decoding_message_size(MAX_MESSAGE))
        // Answers are not limited: tonic's default for what it encodes is usize::MAX, and Grafana takes up to 2 GiB.
        .add_service(ResourceServer::new(service).max_decoding_message_size(MAX_MESSAGE))
        .serve_with_incoming_shutdown(
            UnixListenerStream::new(socket.listener),
            stopping.clone().cancelled_owned(),
        );
    let mut serving = std::pin::pin!(serving);

    // Callers that connect before the server is polled wait in the listener's backlog.
    writeln!(announce, "1|2|unix|{}|grpc", socket.path.display()).map_err(ServeError::Announce)?;
    announce.flush().map_err(ServeError::Announce)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "serving Grafana");

    // The server sees a request of Grafana's to stop as soon as this does, and may have ended first. It must not be awaited again then.
    let (reason, ended) = tokio::select! {
        ended = &mut serving => {
            ended?;
            // By itself it ends only by failing: the listener never runs dry.
            (if stopping.is_cancelled() { "Grafana asked" } else { "the listener closed" }, true)
        }
        () = stopping.cancelled() => ("Grafana asked", false),
        reason = stop => (reason, false),
    };
    tracing::info!(reason, "stopping");
    stopping.cancel();
    let drained = tokio::time::timeout(DRAIN, async {
        let ended = if ended { Ok(()) } else { serving.await };
        mutations.close();
        mutations.wait().await;
        ended
    });
    match drained.await {
        Ok(ended) => ended?,
        Err(_) => tracing::warn!(unfinished = mutations.len(), "stopping with requests under way"),
    }
    if tokio::time::timeout(STOP, application.stop()).await.is_err() {
        tracing::warn!("the application did not stop in time");
    }
    tracing::info!("stopped");
    Ok(())
}
