//! A plugin's process, as hashicorp/go-plugin runs it for Grafana.
//!
//! Owns: start, handshake, the gRPC channel, restart after an end, the polite end and the other one. Must never know HTTP.
//! Start at [`Process::start`].

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use grafana_plugin_sdk::pluginv2::{
    self as pb, diagnostics_client::DiagnosticsClient, resource_client::ResourceClient,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    sync::{Notify, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{
    Status,
    codec::ProstCodec,
    transport::{Channel, Endpoint},
};

/// Grafana looks every second; measured from the kill to the next answer: 0.13 s (G66).
const RESTART_AFTER: Duration = Duration::from_millis(100);
/// go-plugin's `StartTimeout`.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(60);
/// How long go-plugin waits after `Shutdown` before it kills.
const END_WITHIN: Duration = Duration::from_secs(2);

/// What is started.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) executable: PathBuf,
    /// On top of our own environment, which 11.1.1 passes on whole (G67).
    pub(super) environment: Vec<(String, String)>,
    /// Where its stderr goes.
    pub(super) log: PathBuf,
    /// Whether its stderr is also written to ours.
    pub(super) show_log: bool,
}

/// A running plugin, whichever process it is at the moment.
pub(super) struct Process {
    channel: watch::Receiver<Option<Channel>>,
    pid: Arc<AtomicU32>,
    kill: Arc<Notify>,
    stop: CancellationToken,
    supervisor: TaskTracker,
}

/// What the plugin answered to a resource call.
pub(super) struct Resource {
    pub(super) code: i32,
    pub(super) headers: Vec<(String, Vec<String>)>,
    pub(super) body: Vec<u8>,
}

impl Process {
    /// Returns when it answers.
    pub(super) async fn start(launch: Launch) -> Result<Self> {
        let first = launch.spawn().await?;
        let (sender, channel) = watch::channel(Some(first.1.clone()));
        let pid = Arc::new(AtomicU32::new(first.0.id().unwrap_or_default()));
        let (kill, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let supervisor = TaskTracker::new();
        supervisor.spawn(supervise(
            launch,
            first,
            sender,
            pid.clone(),
            kill.clone(),
            stop.clone(),
        ));
        Ok(Self {
            channel,
            pid,
            kill,
            stop,
            supervisor,
        })
    }

    /// None while it is down.
    pub(super) fn pid(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
    }

    /// SIGKILL, as the kernel's out-of-memory killer does; returns when it is gone.
    pub(super) async fn kill(&self) -> Result<()> {
        let before = self.pid().context("the plugin does not run")?;
        self.kill.notify_one();
        let mut channel = self.channel.clone();
        let gone = async { while self.pid() == Some(before) && channel.changed().await.is_ok() {} };
        tokio::time::timeout(END_WITHIN, gone)
            .await
            .context("the plugin did not go")
    }

    /// As Grafana ends it: asked first, then killed.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.supervisor.close();
        self.supervisor.wait().await;
    }

    fn channel(&self) -> Option<Channel> {
        self.channel.borrow().clone()
    }

    pub(super) async fn call_resource(&self, request: pb::CallResourceRequest) -> Result<Resource, Status> {
        // Grafana's client takes messages of any size both ways.
        let mut client = ResourceClient::new(self.channel().ok_or_else(down)?).max_decoding_message_size(usize::MAX);
        let mut messages = client.call_resource(request).await?.into_inner();
        let first = messages.message().await?;
        let first = first.ok_or_else(|| Status::internal("no message at all"))?;
        let headers = first.headers.into_iter();
        let mut answer = Resource {
            code: first.code,
            headers: headers.map(|(name, list)| (name, list.values)).collect(),
            body: first.body.to_vec(),
        };
        // Status and headers of later messages are ignored (`plugins/httpresponsesender`).
        while let Some(message) = messages.message().await? {
            answer.body.extend_from_slice(&message.body);
        }
        Ok(answer)
    }

    pub(super) async fn check_health(
        &self,
        context: Option<pb::PluginContext>,
    ) -> Result<pb::CheckHealthResponse, Status> {
        let request = pb::CheckHealthRequest {
            plugin_context: context,
            ..Default::default()
        };
        let answer = DiagnosticsClient::new(self.channel().ok_or_else(down)?)
            .check_health(request)
            .await?;
        Ok(answer.into_inner())
    }

    pub(super) async fn metrics(&self, context: Option<pb::PluginContext>) -> Result<Vec<u8>, Status> {
        let request = pb::CollectMetricsRequest {
            plugin_context: context,
        };
        let answer = DiagnosticsClient::new(self.channel().ok_or_else(down)?)
            .collect_metrics(request)
            .await?;
        Ok(answer.into_inner().metrics.map(|m| m.prometheus).unwrap_or_default())
    }
}

fn down() -> Status {
    Status::unavailable("the plugin process is down")
}

async fn supervise(
    launch: Launch,
    first: (Child, Channel),
    sender: watch::Sender<Option<Channel>>,
    pid: Arc<AtomicU32>,
    kill: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut running = Some(first);
    loop {
        if let Some((mut child, channel)) = running.take() {
            pid.store(child.id().unwrap_or_default(), Ordering::SeqCst);
            sender.send_replace(Some(channel.clone()));
            tokio::select! {
                _ = child.wait() => {}
                () = kill.notified() => { _ = child.kill().await; }
                () = stop.cancelled() => { end(child, channel).await; }
            }
            pid.store(0, Ordering::SeqCst);
            sender.send_replace(None);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RESTART_AFTER) => {}
        }
        match launch.spawn().await {
            Ok(next) => running = Some(next),
            Err(error) => tracing::warn!(%error, "the plugin could not be started again"),
        }
    }
}

/// `plugin.GRPCController/Shutdown`, then two seconds, then SIGKILL. Never SIGTERM.
async fn end(mut child: Child, channel: Channel) {
    let mut grpc = tonic::client::Grpc::new(channel);
    let asked = async {
        grpc.ready().await.map_err(|_| Status::unavailable("gone"))?;
        let path = http::uri::PathAndQuery::from_static("/plugin.GRPCController/Shutdown");
        grpc.unary(tonic::Request::new(()), path, ProstCodec::<(), ()>::default())
            .await
    };
    _ = tokio::time::timeout(END_WITHIN, asked).await;
    if tokio::time::timeout(END_WITHIN, child.wait()).await.is_err() {
        _ = child.kill().await;
    }
}

impl Launch {
    async fn spawn(&self) -> Result<(Child, Channel)> {
        let mut child = Command::new(&self.executable)
            // The "magic cookie" of every kind of plugin says datasource.
            .env("grafana_plugin_type", "datasource")
            .env("PLUGIN_MIN_PORT", "10000")
            .env("PLUGIN_MAX_PORT", "25000")
            .env("PLUGIN_PROTOCOL_VERSIONS", "2")
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", self.executable.display()))?;
        let stderr = child.stderr.take().context("stderr is piped")?;
        tokio::spawn(copy_log(stderr, self.log.clone(), self.show_log));
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(HANDSHAKE_WITHIN, lines.next_line())
            .await
            .context("no handshake line within a minute")??;
        let Some(line) = line else {
            let status = child.wait().await?;
            bail!(
                "the plugin ended before its handshake ({status}); see {}",
                self.log.display()
            );
        };
        // What else it writes there is read and dropped.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let channel = connect(&line)
            .await
            .with_context(|| format!("the handshake line {line:?}"))?;
        Ok((child, channel))
    }
}

/// `1|2|unix|/path|grpc`: the protocol's version, ours, and where it listens.
async fn connect(line: &str) -> Result<Channel> {
    let fields: Vec<&str> = line.trim_end().split('|').collect();
    ensure!(
        fields.len() >= 5 && fields[0] == "1" && fields[1] == "2",
        "not protocol 1, plugin version 2"
    );
    ensure!(fields[4] == "grpc", "not gRPC");
    let endpoint = Endpoint::from_static("http://plugin");
    match fields[2] {
        "unix" => {
            let path = Path::new(fields[3]).to_path_buf();
            let connect = tower::service_fn(move |_| {
                let path = path.clone();
                async move { std::io::Result::Ok(TokioIo::new(tokio::net::UnixStream::connect(path).await?)) }
            });
            Ok(endpoint.connect_with_connector(connect).await?)
        }
        "tcp" => Ok(Endpoint::new(format!("http://{}", fields[3]))?.connect().await?),
        other => bail!("no such network: {other}"),
    }
}

async fn copy_log(stderr: tokio::process::ChildStderr, file: PathBuf, show: bool) {
    let log = tokio::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .await;
    let mut log = log
        .inspect_err(|error| tracing::warn!(%error, "no log file {}", file.display()))
        .ok();
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(mut line)) = lines.next_line().await {
        line.push('\n');
        if let Some(log) = &mut log {
            _ = log.write_all(line.as_bytes()).await;
            _ = log.flush().await;
        }
        if show {
            _ = tokio::io::stderr().write_all(line.as_bytes()).await;
        }
    }
}
