//! A stand-in for Grafana 11.1.1: its users, teams, organizations and sign-ins, and a host for
//! plugins, as a real one answered (docs/reference/grafana-behaviour.md; `tests/contract/` asks both).
//!
//! Owns: what the plugin and the people around it see of Grafana. It exists because a real Grafana cannot be had everywhere; where there
//! is one, the tests run against that. It must never be kinder than Grafana: a refusal or trap that was measured is a behaviour here.
//! Start at [`StandIn::start`]; the routes are in `api.rs`. It runs in the process of a test ([`Options::default`]), which then looks
//! and changes behind its API ([`World`]), or in one of its own (`bin/grafana_stand_in.rs`).

mod answer;
mod api;
mod costs;
pub mod crowd;
mod desk;
mod fault;
mod files;
mod identity;
mod oauth;
mod orgs;
mod page;
mod plugins;
mod process;
mod quota;
mod server;
mod service_accounts;
mod settings;
mod teams;
mod users;
mod wire;
mod world;
pub mod wrong;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use fault::{Call, Effect, Fault, Gate};
pub use oauth::{OauthSignIn, Refused, SignedIn};
pub use settings::Settings;
pub use world::{ADMIN, MEMBER, Role, Team, User, World};

use process::Launch;
use server::Server;

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// `paths.plugins`: every folder in it with a `plugin.json` is a plugin.
    pub plugins_dir: Option<PathBuf>,
    /// Port 0 is any that is free.
    pub listen: SocketAddr,
    /// What `tests/browser/build.mjs` built; without it there are no pages.
    pub host_assets: Option<PathBuf>,
    /// `paths.data`: the state of this Grafana, kept over restarts, its plugins' data and logs. Without it
    /// nothing is written anywhere, and there can be no plugin.
    pub data_dir: Option<PathBuf>,
    /// The configuration file.
    pub settings: Settings,
    /// More environment for plugins; it wins over everything else.
    pub plugin_env: Vec<(String, String)>,
    /// `/grafana` for a Grafana that is served below a path.
    pub sub_path: String,
    /// Whether plugins' logs are also written to stderr; `plugins.log` in the data directory has them anyway.
    pub show_plugin_log: bool,
    /// Whether a call takes as long as it did on a real Grafana (G49–G52).
    pub costs: bool,
}

impl Default for Options {
    /// Nothing on disk, any free port, no plugin, no pages, Grafana's defaults, server admin `admin` / `admin`.
    fn default() -> Self {
        Self {
            plugins_dir: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            host_assets: None,
            data_dir: None,
            settings: Settings::default(),
            plugin_env: vec![],
            sub_path: String::new(),
            show_plugin_log: false,
            costs: false,
        }
    }
}

impl Options {
    /// The default with a data directory, in which it is kept over restarts.
    #[must_use]
    pub fn in_dir(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: Some(data_dir.into()),
            ..Self::default()
        }
    }

    /// The same with these plugins.
    #[must_use]
    pub fn with_plugins(mut self, plugins_dir: impl Into<PathBuf>) -> Self {
        self.plugins_dir = Some(plugins_dir.into());
        self
    }

    /// The same with one more line in its configuration file.
    #[must_use]
    pub fn with_setting(mut self, section: &str, key: &str, value: &str) -> Self {
        self.settings.put(section, key, value);
        self
    }
}

/// State is written this often at most, if it changed.
const SAVE_EVERY: Duration = Duration::from_millis(300);

/// A running stand-in. Dropped without [`StandIn::stop`] it still ends its plugins, by SIGKILL.
pub struct StandIn {
    url: String,
    server: Arc<Server>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl StandIn {
    /// Starts the plugins, then listens: what is returned answers.
    ///
    /// # Errors
    /// If the data directory cannot be used or is missing for a plugin, a plugin does not start, or the
    /// address is taken.
    pub async fn start(options: Options) -> Result<Self> {
        let data_dir = options.data_dir.as_deref().map(absolute).transpose()?;
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("listening on {}", options.listen))?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}{}", options.sub_path);

        let mut settings = options.settings.clone();
        settings.put_default("server", "root_url", &format!("{url}/"));
        if let Some(data_dir) = &data_dir {
            settings.put_default("paths", "data", &data_dir.to_string_lossy());
        }
        let first = || {
            let (user, password) = (
                settings.get("security", "admin_user"),
                settings.get("security", "admin_password"),
            );
            World::new(user, password)
        };
        let state = data_dir.as_ref().map(|data_dir| data_dir.join("grafana.json"));
        let kept = match &state {
            Some(file) => World::load(file).with_context(|| format!("reading {}", file.display()))?,
            None => None,
        };
        let world = kept.unwrap_or_else(first);

        let plugins = match (&options.plugins_dir, &data_dir) {
            (Some(folder), Some(data_dir)) => {
                let launch = |id: &str, executable: PathBuf| Launch {
                    executable,
                    environment: environment(id, &settings, data_dir, &options.plugin_env),
                    log: data_dir.join("plugins.log"),
                    show_log: options.show_plugin_log,
                };
                install(&absolute(folder)?, launch).await?
            }
            (Some(_), None) => bail!("plugins write, and there is no data directory"),
            (None, _) => vec![],
        };

        let stop = CancellationToken::new();
        let pages = page::Pages {
            host_assets: options.host_assets,
            root_url: settings.get("server", "root_url").to_owned(),
            sub_path: options.sub_path,
            security_policy: settings
                .is_on("security", "content_security_policy")
                .then(|| settings.get("security", "content_security_policy_template").to_owned()),
        };
        let server = Arc::new(Server::new(
            world,
            settings,
            plugins,
            pages,
            options.costs,
            stop.clone(),
        ));
        let mut tasks = vec![tokio::spawn(server::accept(server.clone(), listener))];
        tasks.extend(state.map(|file| tokio::spawn(save(server.clone(), file, stop.clone()))));
        Ok(Self {
            url,
            server,
            stop,
            tasks,
        })
    }

    /// Where it answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends as Grafana does when it is told to: no new calls, the plugins asked to end, the state saved.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.server.end_plugins().await;
        for task in std::mem::take(&mut self.tasks) {
            if let Err(error) = task.await {
                tracing::warn!(%error, "a task of the stand-in failed");
            }
        }
    }

    /// Every call so far, in order of its answer: `/api/…`, `/login` and `/logout`.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.server.calls()
    }

    /// How many calls so far begin with this: `POST /api/teams`.
    #[must_use]
    pub fn calls_to(&self, start: &str) -> usize {
        self.server.calls_to(start)
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.server.clear_calls();
    }

    /// What is there now.
    pub fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        self.server.look(look)
    }

    /// Somebody changes something behind every client's back.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        self.server.change(|world, _| change(world))
    }

    /// The person or service account with this login.
    #[must_use]
    pub fn user(&self, login: &str) -> Option<User> {
        self.look(|world| world.by_login(login).cloned())
    }

    /// The team of this name.
    #[must_use]
    pub fn team(&self, name: &str) -> Option<Team> {
        self.look(|world| world.team_named(name).cloned())
    }

    /// Ends the plugin by SIGKILL and returns when it is gone. It is started again as Grafana does; calls meanwhile get a 500.
    ///
    /// # Errors
    /// If no plugin runs.
    pub async fn kill_plugin(&self) -> Result<()> {
        let process = self.server.process().context("there is no plugin with a process")?;
        process.kill().await
    }

    /// The plugin's process; none while it is down.
    #[must_use]
    pub fn plugin_pid(&self) -> Option<u32> {
        self.server.process()?.pid()
    }

    /// Another line in the configuration file, as after a restart with it; plugins are not told.
    pub fn configure(&self, section: &str, key: &str, value: &str) {
        self.server.configure(section, key, value);
    }

    /// A person comes back from the provider. Links, makes or refuses the account as Grafana does (G19–G23).
    ///
    /// # Errors
    /// What the browser would show on the sign-in page.
    pub fn oauth_sign_in(&self, sign_in: &OauthSignIn) -> Result<SignedIn, Refused> {
        self.server
            .change(|world, settings| oauth::sign_in(world, settings, sign_in))
    }

    /// From now on the next calls that match go wrong. Faults are looked through in the order they were set.
    pub fn set_fault(&self, fault: Fault) {
        self.server.set_fault(fault);
    }

    /// All calls go right again. Those that hang stay so.
    pub fn clear_faults(&self) {
        self.server.clear_faults();
    }

    /// How many calls are kept waiting by [`Effect::Hang`] now.
    #[must_use]
    pub fn hanging(&self) -> usize {
        self.server.hanging()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn absolute(folder: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    folder.canonicalize().with_context(|| folder.display().to_string())
}

async fn install(folder: &Path, launch: impl Fn(&str, PathBuf) -> Launch + Copy) -> Result<Vec<plugins::Plugin>> {
    let mut plugins = vec![];
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)?
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    for folder in folders {
        let plugin = plugins::Plugin::install(folder.clone(), launch)
            .await
            .with_context(|| format!("the plugin in {}", folder.display()))?;
        plugins.extend(plugin);
    }
    Ok(plugins)
}

/// What Grafana tells its plugins (`pluginconfig/envvars.go`); `GF_PATHS_DATA` is how its image and packages are configured.
fn environment(plugin: &str, settings: &Settings, data_dir: &Path, more: &[(String, String)]) -> Vec<(String, String)> {
    let mut environment = vec![
        ("GF_VERSION".to_owned(), api::VERSION.to_owned()),
        ("GF_EDITION".to_owned(), "Open Source".to_owned()),
        ("GF_PATHS_DATA".to_owned(), data_dir.to_string_lossy().into_owned()),
    ];
    environment.extend(settings.environment_of(plugin));
    environment.extend(more.iter().cloned());
    environment
}

async fn save(server: Arc<Server>, file: PathBuf, stop: CancellationToken) {
    loop {
        let stopping = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(SAVE_EVERY) => false,
        };
        if let Some(world) = server.changed()
            && let Err(error) = world.save(&file)
        {
            tracing::warn!(%error, "the stand-in's state could not be saved");
        }
        if stopping {
            return;
        }
    }
}
