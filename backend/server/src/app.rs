//! The application: store, engine and HTTP surface put together.
//!
//! Owns: the order in which they start and stop, and what is served while the store cannot be opened. Must never hold a decision of its
//! own about SCIM or Grafana. Start at [`App::start`].

mod callers;
mod control;
mod credential_test;
mod health;
mod ids;
mod secret_binding;
mod settings;
mod store_watch;

use domain::OrgId;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    convert::Infallible,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use domain::Clock;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    config::Config,
    http::{self, Api},
    plugin::{AppSettings, Application, Health},
};
use callers::ScimCallers;
use control::Controls;
use engine::{Engine, Failpoints};
use ids::{RandomIds, SystemClock};
use settings::SettingsState;
use store::{self, Store};
use store_watch::StoreWatch;

/// How often a store that cannot be opened is tried again: the other process may end, the disk may get room.
const OPEN_AGAIN: Duration = Duration::from_secs(2);

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Set once the store is open.
    running: Arc<OnceLock<Running>>,
    /// Settings that came with requests before that.
    early: Arc<std::sync::Mutex<Vec<AppSettings>>>,
}

struct Running {
    api: Api,
    watch: Arc<StoreWatch>,
    /// Ends the watch.
    stop: CancellationToken,
    store: Store,
    clock: Arc<dyn Clock>,
    settings: Arc<SettingsState>,
    engine: Engine,
    router: Router,
}

impl Running {
    /// What is new of where a secret may go is in force at once, and written down behind the request.
    fn settings_seen(&self, seen: AppSettings) {
        let org_id = seen.org_id;
        let new = self.settings.seen(seen);
        if !new.is_empty() {
            let store = self.store.clone();
            tokio::spawn(async move { control::write_down(&store, org_id, &new).await });
        }
    }
}

impl Running {
    fn parts(&self) -> health::Parts<'_> {
        health::Parts {
            store: &self.store,
            engine: &self.engine,
            settings: &self.settings,
            watch: &self.watch,
            refused_writes: self.api.refused_writes(),
            now_ms: self.clock.now_ms(),
        }
    }
}

impl App {
    /// Opens the store and starts the engine. `environment` is the process's, read once in `main`.
    ///
    /// A store that cannot be opened does not keep the process from serving: Grafana would only start it again and again, and nobody
    /// would learn why. Health check and every route say so instead, and it is tried again until it opens.
    ///
    /// # Errors
    /// None.
    pub async fn start(environment: &HashMap<String, String>) -> Result<Self, Infallible> {
        let executable = std::env::current_exe().unwrap_or_default();
        let config = Config::new(environment, &executable);
        let app = Self {
            running: Arc::default(),
            early: Arc::default(),
        };
        if let Err(error) = app.open(&config).await {
            tracing::error!(%error, "the store cannot be opened: set [plugin.rollcall-scim-app] data_dir to a directory Grafana may write to");
            let again = app.clone();
            tokio::spawn(async move {
                while again.open(&config).await.is_err() {
                    tokio::time::sleep(OPEN_AGAIN).await;
                }
                tracing::info!("the store is open now");
            });
        }
        Ok(app)
    }

    async fn open(&self, config: &Config) -> store::Result<()> {
        let store = Store::open(&config.data_dir).await?;
        #[cfg(debug_assertions)]
        config.faults.fill_disk(&store).await?;
        let mut page = BTreeMap::new();
        for org_id in store.orgs_with_settings().await? {
            page.insert(org_id, store.page_settings(org_id).await?);
        }
        let known: BTreeSet<OrgId> = store.tenants().await?.into_iter().map(|t| t.org_id).collect();
        let bindings = store.secret_bindings().await?;
        let settings = Arc::new(SettingsState::new(config, page, known, bindings));
        let (clock, ids): (Arc<dyn Clock>, _) = (Arc::new(clock(config)), Arc::new(RandomIds));
        let failpoints = failpoints(config);
        let (watch, stop) = (Arc::new(StoreWatch::default()), CancellationToken::new());
        let (watching, watched, ends) = (watch.clone(), store.clone(), stop.clone());
        tokio::spawn(async move { watching.run(&watched, ends).await });
        let engine = Engine::start(store.clone(), clock.clone(), ids.clone(), settings.clone(), failpoints);
        let callers = ScimCallers::new(store.clone(), engine.clone(), settings.clone(), clock.clone());
        let controls = Controls::new(engine.clone(), settings.clone(), store.clone(), callers, watch.clone());
        let api = Api::new(store.clone(), clock.clone(), ids, Arc::new(controls));
        let router = http::router(api.clone());
        let running = Running {
            api,
            watch,
            stop,
            store,
            clock,
            settings,
            engine,
            router,
        };
        // Held while it is set, so that no settings fall between.
        let mut early = self.early.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for seen in early.drain(..) {
            running.settings_seen(seen);
        }
        // Nobody else opens.
        _ = self.running.set(running);
        Ok(())
    }
}

#[cfg(debug_assertions)]
fn failpoints(config: &Config) -> Failpoints {
    config.faults.failpoints()
}

#[cfg(not(debug_assertions))]
fn failpoints(_: &Config) -> Failpoints {
    Failpoints::default()
}

#[cfg(debug_assertions)]
fn clock(config: &Config) -> SystemClock {
    SystemClock::ahead_by(config.faults.clock_ahead_ms())
}

#[cfg(not(debug_assertions))]
fn clock(_: &Config) -> SystemClock {
    SystemClock::ahead_by(0)
}

async fn route(State(app): State<App>, request: Request) -> Response {
    match app.running.get() {
        Some(running) => running
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {}),
        None => http::store_closed(&request),
    }
}

impl Application for App {
    fn router(&self) -> Router {
        match self.running.get() {
            Some(running) => running.router.clone(),
            None => Router::new().fallback(route).with_state(self.clone()),
        }
    }

    fn settings_seen(&self, settings: AppSettings) {
        let mut early = self.early.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match self.running.get() {
            Some(running) => running.settings_seen(settings),
            None => {
                early.retain(|old| old.org_id != settings.org_id);
                early.push(settings);
            }
        }
    }

    async fn health(&self, org_id: OrgId) -> Health {
        match self.running.get() {
            Some(running) => health::of(org_id, &running.parts()).await,
            None => health::store_closed(),
        }
    }

    async fn metrics(&self) -> String {
        match self.running.get() {
            Some(running) => health::metrics(&running.parts()).await,
            None => "# TYPE rollcall_store_open gauge\nrollcall_store_open 0\n".to_owned(),
        }
    }

    async fn stop(&self) {
        if let Some(running) = self.running.get() {
            running.stop.cancel();
            running.engine.stop().await;
            running.store.close().await;
        }
    }
}
