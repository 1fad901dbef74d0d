//! `cargo xtask dev`: a Grafana with the plugin and a small company in it.
//!
//! Owns: which Grafana, and what runs in front of you. Must never leave a process behind. Start at [`run`]; [`StandIn`] is the one
//! place that knows the stand-in's command line.

use crate::build;
use crate::page;
use crate::process::{self, Server};
use crate::setup;
use crate::steps::Steps;
use crate::toolchain;
use crate::workspace::{BACKEND_BIN, PLUGIN_ID, Profile, Workspace};
use anyhow::{Context as _, Result, bail, ensure};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// What to do once everything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// Serve until Ctrl-C.
    UntilStopped,
    /// Stop again, for scripts.
    Once,
}

const FIRST_PORT: u16 = 3000;
const HEALTH: &str = "/api/health";

/// Builds, starts, fills and waits.
pub fn run(workspace: &Workspace, stay: Stay) -> Result<()> {
    // Taken first, so that Ctrl-C during the start ends what has been started too.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let (events, happened) = mpsc::channel();
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = events.send(());
            // The second Ctrl-C is for a start that hangs.
            if signals.forever().next().is_some() {
                std::process::exit(128 + signal);
            }
        }
    });
    let place = Place::find();
    let mut steps = Steps::open(workspace, "dev", place.steps());
    let (mut grafana, stand_in) = Grafana::start(workspace, &place, &mut steps)?;
    let stopped = || happened.try_recv().is_ok();
    if stopped() {
        return Ok(());
    }
    let demo = || stand_in.demo(&grafana.url, &grafana.user, &grafana.password);
    steps.step("demo company", demo, Result::is_ok)?;
    println!(
        "\n  {}/a/{PLUGIN_ID}\n  login {}, password {}\n",
        grafana.url,
        grafana.user,
        grafana.shown_password()
    );
    if stay == Stay::Once {
        return Ok(());
    }
    println!("Ctrl-C stops it.");
    loop {
        match happened.recv_timeout(Duration::from_millis(500)) {
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if let Some(server) = &mut grafana.server
                    && let Some(status) = server.ended()?
                {
                    bail!("Grafana ended by itself ({status}); its output is above");
                }
            }
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// The Grafana to look at.
struct Grafana {
    url: String,
    user: String,
    password: String,
    /// What we started and stop; a Grafana by URL is somebody else's.
    server: Option<Server>,
    _container: Option<Container>,
}

/// Where the Grafana is to be.
enum Place {
    /// Somebody else's.
    Url(String),
    /// Of this image, in Docker.
    Docker(String),
    /// The stand-in.
    StandIn,
}

impl Place {
    fn find() -> Self {
        if let Ok(url) = std::env::var("GRAFANA_URL") {
            return Self::Url(url.trim_end_matches('/').to_owned());
        }
        if docker_answers() {
            return Self::Docker(setting("GRAFANA_IMAGE", "grafana/grafana"));
        }
        println!("no GRAFANA_URL and no docker engine: using the stand-in");
        Self::StandIn
    }

    /// Programs, page and demo; what is started here is a step too, and so is the stand-in's page host.
    fn steps(&self) -> usize {
        match self {
            Self::Url(_) => 3,
            Self::Docker(_) => 4,
            Self::StandIn => 5,
        }
    }

    /// A container has another C library; another machine may have.
    fn profile(&self) -> Profile {
        if matches!(self, Self::StandIn) {
            Profile::Quick
        } else {
            Profile::Shipped
        }
    }
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

impl Grafana {
    /// Builds what it needs and starts it; the demo's clients are the stand-in's program.
    fn start(workspace: &Workspace, place: &Place, steps: &mut Steps) -> Result<(Self, StandIn)> {
        let programs = || {
            setup::c_compiler()?;
            let stand_in = StandIn::with_the_backend(workspace)?;
            anyhow::Ok((stand_in, build::backend(workspace, place.profile())?))
        };
        let (stand_in, binary) = steps.step("programs", programs, Result::is_ok)?;
        let page = || {
            let bundle = page::bundle(workspace, place.profile(), &toolchain::wasm_compiler()?)?;
            build::assemble(workspace, &binary, &bundle)
        };
        let dist = steps.step("page", page, Result::is_ok)?;
        let grafana = match place {
            Place::Url(url) => {
                println!(
                    "using the Grafana at {url}; its plugins directory must hold {}",
                    dist.display()
                );
                Self {
                    url: url.clone(),
                    user: setting("GRAFANA_USER", "admin"),
                    password: setting("GRAFANA_PASSWORD", "admin"),
                    server: None,
                    _container: None,
                }
            }
            Place::Docker(image) => steps.step("start", || Self::in_docker(&dist, image), Result::is_ok)?,
            Place::StandIn => {
                let host = || setup::page_host(workspace, &setup::Node::find()?, setup::NEWEST_LINE);
                let host = steps.step("page host", host, Result::is_ok)?;
                let start = || Self::in_stand_in(workspace, &stand_in, &host);
                steps.step("start", start, Result::is_ok)?
            }
        };
        Ok((grafana, stand_in))
    }

    fn in_stand_in(workspace: &Workspace, stand_in: &StandIn, host_assets: &Path) -> Result<Self> {
        let listen = free_address()?;
        let server = stand_in.serve(
            &workspace.plugins_dir(),
            &listen,
            host_assets,
            &workspace.root.join(".dev"),
            Hosting::Plain,
            None,
        )?;
        Ok(Self::ours(&listen, server, None))
    }

    fn in_docker(dist: &Path, image: &str) -> Result<Self> {
        let listen = free_address()?;
        let name = format!("rollcall-dev-{}", std::process::id());
        let mut mount = OsString::from(dist);
        mount.push(format!(":/var/lib/grafana/plugins/{PLUGIN_ID}:ro"));
        let mut docker = Command::new("docker");
        docker
            .args(["run", "--rm", "--name", &name, "-p", &format!("{listen}:3000")])
            .args(["-e", &format!("GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS={PLUGIN_ID}")])
            .args([
                "-e",
                "GF_SECURITY_ADMIN_PASSWORD=admin",
                "-e",
                "GF_PATHS_DATA=/var/lib/grafana",
            ])
            .arg("-v")
            .arg(mount)
            .arg(image);
        let container = Container { name };
        let mut server = Server::start("Grafana in Docker", &mut docker)?;
        // The image may have to be fetched first.
        server.wait_healthy(&listen, HEALTH, Duration::from_secs(600))?;
        Ok(Self::ours(&listen, server, Some(container)))
    }

    fn ours(listen: &str, server: Server, container: Option<Container>) -> Self {
        let admin = || "admin".to_owned();
        Self {
            url: format!("http://{listen}"),
            user: admin(),
            password: admin(),
            server: Some(server),
            _container: container,
        }
    }

    /// A password somebody else chose stays out of the terminal.
    fn shown_password(&self) -> &str {
        if self.server.is_some() {
            &self.password
        } else {
            "as in GRAFANA_PASSWORD"
        }
    }
}

/// Removed by name when dropped: the docker client's end does not always end the container.
struct Container {
    name: String,
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "-f", &self.name])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// A client without an engine is common, so the engine itself must answer.
fn docker_answers() -> bool {
    setup::on_path("docker").is_some() && process::output(Command::new("docker").arg("info")).is_ok()
}

/// Port 3000 as Grafana's, or the next one nobody has.
pub fn free_address() -> Result<String> {
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = (FIRST_PORT..FIRST_PORT + 100)
        .find(free)
        .context("no free port from 3000 to 3099")?;
    Ok(format!("127.0.0.1:{port}"))
}

/// How a Grafana is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosting {
    /// At the root of its address, as it comes.
    Plain,
    /// At the root, with Grafana's Content-Security-Policy on.
    Strict,
    /// The same below `/grafana`.
    StrictBelow,
}

impl Hosting {
    /// What goes before every path.
    pub fn sub_path(self) -> &'static str {
        if self == Self::StrictBelow { "/grafana" } else { "" }
    }

    /// In words.
    pub fn place(self) -> &'static str {
        if self == Self::StrictBelow {
            "below a sub-path"
        } else {
            "at the root"
        }
    }

    fn options(self) -> Vec<&'static str> {
        let mut options = vec![];
        if self != Self::Plain {
            options.extend(["--setting", "security.content_security_policy=true"]);
        }
        if self == Self::StrictBelow {
            options.extend([
                "--sub-path",
                self.sub_path(),
                "--setting",
                "server.serve_from_sub_path=true",
            ]);
        }
        options
    }
}

/// The programs as cargo names them.
const STAND_IN: &str = "grafana-stand-in";
const COMPANY: &str = "demo-company";

/// The stand-in Grafana, and the program that fills a Grafana with people.
pub struct StandIn {
    program: PathBuf,
    company: PathBuf,
}

impl StandIn {
    /// With what the acceptance tests share, not once more by itself.
    pub fn of_the_tests(workspace: &Workspace) -> Result<Self> {
        // Naming a test gives it the features that dev-dependencies ask for, as `cargo test` does.
        Self::compile(workspace, &["--test", "contract"])
    }

    /// The backend for this machine with it: what both need is compiled once.
    pub fn with_the_backend(workspace: &Workspace) -> Result<Self> {
        Self::compile(workspace, &["--bin", BACKEND_BIN])
    }

    fn compile(workspace: &Workspace, more: &[&str]) -> Result<Self> {
        let mut cargo = workspace.cargo();
        cargo
            .args(["build", "--workspace", "--bin", STAND_IN, "--bin", COMPANY])
            .args(more);
        process::run(&mut cargo).context("compiling the stand-in Grafana")?;
        let built = |name: &str| {
            let program = workspace.target.join("debug").join(name);
            ensure!(program.is_file(), "{} was not built", program.display());
            Ok(program)
        };
        Ok(Self {
            program: built(STAND_IN)?,
            company: built(COMPANY)?,
        })
    }

    /// Serves the plugins in `plugins_dir` at `listen` and waits until it is healthy. What it logs
    /// is shown, or kept in `log`.
    pub fn serve(
        &self,
        plugins_dir: &Path,
        listen: &str,
        host_assets: &Path,
        data_dir: &Path,
        hosting: Hosting,
        log: Option<&Path>,
    ) -> Result<Server> {
        let mut command = Command::new(&self.program);
        command.arg("--plugins-dir").arg(plugins_dir).args(["--listen", listen]);
        command
            .arg("--host-assets")
            .arg(host_assets)
            .arg("--data-dir")
            .arg(data_dir)
            .args(hosting.options());
        if let Some(log) = log {
            let file = File::create(log).with_context(|| format!("writing {}", log.display()))?;
            command.stdout(file.try_clone()?).stderr(file);
        }
        let mut server = Server::start("the stand-in Grafana", &mut command)?;
        let health = format!("{}{HEALTH}", hosting.sub_path());
        let healthy = server.wait_healthy(listen, &health, Duration::from_secs(60));
        match log {
            Some(log) => healthy.with_context(|| format!("its log is {}", log.display()))?,
            None => healthy?,
        }
        Ok(server)
    }

    /// Fills the data of one that is not running, after its demo.
    pub fn crowd(&self, data_dir: &Path, people: u32) -> Result<()> {
        let mut command = Command::new(&self.company);
        command
            .args(["crowd", "--people", &people.to_string(), "--data-dir"])
            .arg(data_dir);
        process::run(&mut command)
    }

    /// Enables the app and lets two identity providers push the demo company.
    pub fn demo(&self, url: &str, user: &str, password: &str) -> Result<()> {
        let mut command = Command::new(&self.company);
        command.args(["demo", "--url", url, "--user", user, "--password", password]);
        // Not through `process::run`, which would print the password.
        println!("$ demo-company demo --url {url} --user {user} --password …");
        let status = command.status().context("starting the demo clients")?;
        ensure!(
            status.success(),
            "the demo company could not be pushed to {url} ({status}); the reason is above"
        );
        Ok(())
    }
}
