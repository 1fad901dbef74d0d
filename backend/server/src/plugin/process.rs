//! The process around the serving loop: who started us, and when to end.
//!
//! Owns: the runtime, signals and the watch on the parent.
//! Must never read the environment itself: it is handed in. Start at [`run`].

use std::{
    collections::HashMap, fmt::Display, future::Future, io::Write as _, os::unix::process::parent_id,
    process::ExitCode, time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};

use super::{
    application::Application,
    host::Host,
    serving::{ServeError, serve},
};
use crate::telemetry;

const PARENT_WATCH: Duration = Duration::from_millis(500);

/// The life of the process: checks that Grafana started it, starts the application, serves, and gives the exit code.
pub fn run<A, S, E>(environment: &HashMap<String, String>, start: impl FnOnce() -> S) -> ExitCode
where
    A: Application,
    S: Future<Output = Result<A, E>>,
    E: Display,
{
    let host = match Host::from_environment(environment) {
        Ok(host) => host,
        Err(refusal) => {
            // Nobody to tell if stderr is closed.
            _ = writeln!(std::io::stderr(), "{refusal}");
            return ExitCode::FAILURE;
        }
    };
    let parent = parent_id();
    telemetry::init(environment.get("GF_PLUGIN_LOG_LEVEL").map(String::as_str));
    match serve_in_runtime(&host, parent, start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the plugin could not serve");
            ExitCode::FAILURE
        }
    }
}

fn serve_in_runtime<A, S, E>(host: &Host, parent: u32, start: impl FnOnce() -> S) -> Result<(), ServeError>
where
    A: Application,
    S: Future<Output = Result<A, E>>,
    E: Display,
{
    let runtime = tokio::runtime::Runtime::new().map_err(ServeError::Runtime)?;
    let served = runtime.block_on(async {
        let stop = stop_signal(parent).map_err(ServeError::Runtime)?;
        let application = start()
            .await
            .map_err(|error| ServeError::Application(error.to_string()))?;
        serve(application, host, std::io::stdout(), stop).await
    });
    // Whatever still runs had its time in `serve`.
    runtime.shutdown_background();
    served
}

/// Ends with the reason when the process has to.
fn stop_signal(parent: u32) -> std::io::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate())?;
    // Ctrl-C in a terminal goes to the whole process group: Grafana gets it too, and decides when we stop (as go-plugin does).
    // Taking the signal once keeps it from ending the process for good.
    _ = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            () = parent_gone(parent) => "Grafana is gone",
        }
    })
}

/// Ends when the process has another parent than at its start: a Grafana that was killed leaves its plugins behind, and the next one
/// starts its own (G66). Asked for again and again, because the kernel's own signal for it (PDEATHSIG) fires
/// when the *thread* ends that forked, and Go ends threads as it likes.
async fn parent_gone(parent: u32) {
    let mut tick = tokio::time::interval(PARENT_WATCH);
    while parent_id() == parent {
        tick.tick().await;
    }
}
