//! The process around the serving loop: who started us, and when to end.
//!
//! Owns: the check of the environment Grafana gives a plugin, the runtime, signals and the watch on the parent.
//! Must never read the environment itself: it is handed in. Start at [`run`].

use std::{
    collections::HashMap,
    fmt::Display,
    future::Future,
    io::Write as _,
    os::unix::process::parent_id,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};

use super::{Application, ServeError, serve};
use crate::telemetry;

const PARENT_WATCH: Duration = Duration::from_millis(500);

/// What the Grafana that started us wants.
#[derive(Clone, Debug)]
pub struct Host {
    socket_dir: PathBuf,
}

/// Why this is no process of a Grafana. The texts are for the person at the terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGrafana {
    /// Started by hand.
    #[error(
        "This program is the backend of the Grafana app plugin rollcall-scim-app. Grafana starts it; on its own it does nothing.\n\
         Put the plugin into Grafana's plugins directory, or run `cargo xtask dev` in its sources to try it."
    )]
    NoCookie,
    /// Started by a host that speaks other versions of the plugin protocol.
    #[error("This plugin speaks version 2 of Grafana's plugin protocol; the program that started it offers: {0}.")]
    OtherProtocol(String),
}

impl Host {
    /// Reads what hashicorp/go-plugin put into the environment.
    ///
    /// # Errors
    /// [`NotGrafana`] if no Grafana started this process, or none that we can talk to.
    pub fn from_environment(environment: &HashMap<String, String>) -> Result<Self, NotGrafana> {
        // The "magic cookie" of every kind of plugin, apps too, says datasource.
        if environment.get("grafana_plugin_type").map(String::as_str) != Some("datasource") {
            return Err(NotGrafana::NoCookie);
        }
        // Hosts that predate negotiation send no list; they speak 2.
        if let Some(offered) = environment.get("PLUGIN_PROTOCOL_VERSIONS")
            && !offered.split(',').any(|version| version.trim() == "2")
        {
            return Err(NotGrafana::OtherProtocol(offered.clone()));
        }
        // Set where the plugin runs in a container of its own: a directory both sides see.
        let socket_dir = environment
            .get("PLUGIN_UNIX_SOCKET_DIR")
            .filter(|directory| !directory.is_empty());
        Ok(Self {
            socket_dir: socket_dir.map_or_else(std::env::temp_dir, PathBuf::from),
        })
    }

    pub(super) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn host(environment: &[(&str, &str)]) -> Result<Host, NotGrafana> {
        Host::from_environment(&environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect())
    }

    #[test]
    fn only_a_grafana_that_speaks_version_2_is_served() {
        let cookie = ("grafana_plugin_type", "datasource");
        assert!(host(&[cookie, ("PLUGIN_PROTOCOL_VERSIONS", "2")]).is_ok());
        assert!(host(&[cookie, ("PLUGIN_PROTOCOL_VERSIONS", "2,3")]).is_ok());
        assert!(host(&[cookie]).is_ok());
        assert_eq!(host(&[]).unwrap_err(), NotGrafana::NoCookie);
        assert_eq!(
            host(&[("grafana_plugin_type", "app")]).unwrap_err(),
            NotGrafana::NoCookie
        );
        assert_eq!(
            host(&[cookie, ("PLUGIN_PROTOCOL_VERSIONS", "1,22")]).unwrap_err(),
            NotGrafana::OtherProtocol("1,22".into())
        );
    }

    #[test]
    fn the_socket_goes_where_the_host_says() {
        let host = host(&[
            ("grafana_plugin_type", "datasource"),
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/plugins"),
        ])
        .unwrap();
        assert_eq!(host.socket_dir(), Path::new("/run/plugins"));
    }
}
