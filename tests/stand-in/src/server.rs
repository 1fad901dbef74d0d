//! The HTTP side: from a connection to the one who answers.
//!
//! Owns: the accept loop, what of a fault happens to a call, the log of calls, and the order in which Grafana asks who somebody is and whether there is such a
//! route. Must never know what a route does. Start at [`Server::answer`].

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, header, request::Parts};
use http_body_util::BodyExt as _;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{
    answer::{Answer, Outcome, decode},
    api::{self, VERSION},
    costs,
    desk::Desk,
    fault::{Call, Effect, Fault},
    identity::{self, Identity},
    page::Pages,
    plugins::{self, Plugin},
    process::Process,
    settings::Settings,
    wire::{End, Wire},
    world::World,
};

/// The connection ends here.
#[derive(Debug, thiserror::Error)]
#[error("the connection is broken on purpose")]
struct Broken;

/// More calls than any test looks at; the oldest go first.
const CALLS_KEPT: usize = 50_000;

pub(super) struct Server {
    world: Mutex<World>,
    /// Locked after the world, where both are.
    settings: Mutex<Settings>,
    plugins: Vec<Plugin>,
    pages: Pages,
    calls: Mutex<VecDeque<Call>>,
    faults: Mutex<Vec<Fault>>,
    changed: AtomicBool,
    costs: bool,
    queues: costs::Queues,
    hanging: AtomicUsize,
    stop: CancellationToken,
}

/// A call that gets no answer, until its caller gives it up.
struct Hanging<'a>(&'a AtomicUsize);

impl<'a> Hanging<'a> {
    fn counted(calls: &'a AtomicUsize) -> Self {
        calls.fetch_add(1, Ordering::SeqCst);
        Self(calls)
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a handler that panicked left is what a transaction that failed leaves: good enough.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    pub(super) fn new(
        world: World,
        settings: Settings,
        plugins: Vec<Plugin>,
        pages: Pages,
        costs: bool,
        stop: CancellationToken,
    ) -> Self {
        Self {
            world: Mutex::new(world),
            settings: Mutex::new(settings),
            plugins,
            pages,
            calls: Mutex::default(),
            faults: Mutex::default(),
            changed: AtomicBool::new(true),
            costs,
            queues: costs::Queues::default(),
            hanging: AtomicUsize::new(0),
            stop,
        }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        lock(&self.calls).iter().cloned().collect()
    }

    pub(super) fn calls_to(&self, start: &str) -> usize {
        let calls = lock(&self.calls);
        calls.iter().filter(|call| call.to_string().starts_with(start)).count()
    }

    pub(super) fn clear_calls(&self) {
        lock(&self.calls).clear();
    }

    pub(super) fn set_fault(&self, fault: Fault) {
        lock(&self.faults).push(fault);
    }

    pub(super) fn clear_faults(&self) {
        lock(&self.faults).clear();
    }

    pub(super) fn hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    /// The one plugin that has a process.
    pub(super) fn process(&self) -> Option<&Process> {
        self.plugins.iter().find_map(Plugin::process)
    }

    pub(super) async fn end_plugins(&self) {
        for process in self.plugins.iter().filter_map(Plugin::process) {
            process.end().await;
        }
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut World, &Settings) -> T) -> T {
        let changed = change(&mut lock(&self.world), &lock(&self.settings));
        self.changed.store(true, Ordering::SeqCst);
        changed
    }

    pub(super) fn configure(&self, section: &str, key: &str, value: &str) {
        lock(&self.settings).put(section, key, value);
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&lock(&self.world))
    }

    /// The world, if it is not the one that was given out last.
    pub(super) fn changed(&self) -> Option<World> {
        let changed = self.changed.swap(false, Ordering::SeqCst);
        changed.then(|| lock(&self.world).clone())
    }

    fn fault(&self, method: &str, path: &str) -> Option<Effect> {
        let mut faults = lock(&self.faults);
        let fault = faults
            .iter_mut()
            .find_map(|fault| fault.hits(method, path).then_some(fault))?;
        Some(fault.effect.clone())
    }

    /// One request, faults and the log around it.
    async fn serve(&self, parts: Parts, body: Bytes, peer: SocketAddr, end: &End) -> Result<Response<Body>, Broken> {
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str())
            .to_owned();
        let Some(path) = parts.uri.path().strip_prefix(self.pages.sub_path.as_str()) else {
            return Ok(Answer::message(404, "Not found").into_response());
        };
        let logged = path.starts_with("/api/") || path == "/login" || path == "/logout";
        let now = std::time::Instant::now();
        let mut call = Call {
            method: parts.method.to_string(),
            path: target,
            who: String::new(),
            body: String::from_utf8_lossy(&body).into_owned(),
            status: None,
            began: now,
            at: now,
        };
        let fault = logged.then(|| self.fault(&call.method, &call.path)).flatten();
        let cut = matches!(fault, Some(Effect::Truncate));
        let answer = match fault {
            Some(Effect::Answer(status, body)) => Some(Answer::new(
                status,
                "application/json; charset=UTF-8",
                body.into_bytes(),
            )),
            Some(Effect::Page(status)) => Some(Answer::page_of_a_proxy(status)),
            Some(Effect::Busy(status, seconds)) => {
                let busy = Answer::message(status, "a fault of the test");
                Some(busy.with(header::RETRY_AFTER, &seconds.to_string()))
            }
            Some(Effect::Hang) => {
                let _counted = Hanging::counted(&self.hanging);
                self.stop.cancelled().await;
                None
            }
            Some(Effect::Drop) => None,
            Some(Effect::Reset) => {
                end.reset();
                None
            }
            done => {
                let before = (self.costs && done.is_none()).then(std::time::Instant::now);
                let answer = self.answer(&parts, path, body, peer, &mut call.who).await;
                if let Some(before) = before {
                    costs::spend(&self.queues, &parts, &call, &answer, before).await;
                }
                on_its_way(done, answer).await
            }
        };
        call.at = std::time::Instant::now();
        call.status = answer.as_ref().map(|answer| answer.status.as_u16());
        if logged {
            let mut calls = lock(&self.calls);
            calls.push_back(call);
            if calls.len() > CALLS_KEPT {
                calls.pop_front();
            }
        }
        let answer = answer.map(|answer| if logged { answer.hardened() } else { answer });
        let into_response = if cut { Answer::half } else { Answer::into_response };
        answer.map(into_response).ok_or(Broken)
    }

    async fn answer(&self, parts: &Parts, path: &str, body: Bytes, peer: SocketAddr, who: &mut String) -> Answer {
        // Go's router of 11.1.1 has no handler for it, whatever the path (G57).
        if parts.method == http::Method::TRACE {
            return Answer::message(404, "Not found");
        }
        let get = parts.method == http::Method::GET || parts.method == http::Method::HEAD;
        if let Some(rest) = path.strip_prefix("/api/") {
            return self
                .api(parts, rest, body, peer, who)
                .await
                .unwrap_or_else(|refused| refused);
        }
        match path {
            "/login" if parts.method == http::Method::POST => {
                let json = json_sent(parts);
                let login = |world: &mut World, settings: &Settings| {
                    identity::login(world, settings, &parts.headers, json, &body)
                };
                self.change(login).unwrap_or_else(|refused| refused)
            }
            "/login" if get => self.pages.sign_in(),
            "/logout" if get => self.change(|world, _| identity::logout(world, &parts.headers)),
            // Answered to everybody who asks (G65).
            _ if path.starts_with("/metrics/plugins/") => {
                match self.plugin(path.trim_start_matches("/metrics/plugins/")) {
                    Ok(plugin) => plugin.metrics().await,
                    Err(refused) => refused,
                }
            }
            _ if path.starts_with("/public/plugins/") => {
                let rest = path.trim_start_matches("/public/plugins/");
                let (id, file) = rest.split_once('/').unwrap_or((rest, ""));
                self.plugin(id)
                    .map_or_else(|refused| refused, |plugin| plugin.asset(file))
            }
            "/host.js" | "/host.css" => self.pages.asset(path),
            _ if path.starts_with("/public/") || path == "/favicon.ico" => self.pages.asset(path),
            _ if get => {
                let identity = self.identify(parts).ok().flatten();
                let query = parts.uri.query().unwrap_or_default();
                self.pages
                    .page(path, query, identity.as_ref(), &lock(&self.world), &self.plugins)
            }
            _ => Answer::message(404, "Not found"),
        }
    }

    fn plugin(&self, id: &str) -> Result<&Plugin, Answer> {
        let found = self.plugins.iter().find(|plugin| plugin.id == id);
        found.ok_or_else(|| Answer::message(404, "Plugin not found, no installed plugin with that id"))
    }

    /// The organization of a call: `X-Grafana-Org-Id`, else `?targetOrgId` (`authnimpl/service.go` `orgIDFromRequest`).
    fn identify(&self, parts: &Parts) -> Result<Option<Identity>, Answer> {
        let header = parts
            .headers
            .get("x-grafana-org-id")
            .and_then(|value| value.to_str().ok());
        let query = || {
            parts
                .uri
                .query()?
                .split('&')
                .find_map(|pair| pair.strip_prefix("targetOrgId="))
        };
        let org = header
            .or_else(query)
            .and_then(|org| org.parse().ok())
            .filter(|org| *org > 0);
        identity::identify(&mut lock(&self.world), &lock(&self.settings), &parts.headers, org)
    }

    async fn api(&self, parts: &Parts, path: &str, body: Bytes, peer: SocketAddr, who: &mut String) -> Outcome {
        if path == "health" {
            return Ok(Answer::json(
                200,
                &json!({ "commit": "stand-in", "database": "ok", "version": VERSION }),
            ));
        }
        // A session that is due is rotated before anybody asks whose it is.
        if path == "user/auth-tokens/rotate" && parts.method == http::Method::POST {
            return self.change(|world, _| identity::rotate(world, &parts.headers));
        }
        let identity = self.identify(parts)?;
        let identity = identity.ok_or_else(|| Answer::error(401, "auth.unauthorized", "Unauthorized"))?;
        who.clone_from(&identity.login);
        // `ReqSignedInNoAnonymous`: what is about the caller needs one (G80).
        if identity.anonymous && (path == "user" || path.starts_with("user/")) {
            return Err(Answer::message(401, "Unauthorized"));
        }
        if let Some(rest) = path.strip_prefix("plugins/") {
            return self.plugin_api(parts, rest, body, peer, identity).await;
        }
        let decoded: Option<Vec<String>> = path.trim_end_matches('/').split('/').map(decode).collect();
        let decoded = decoded.ok_or_else(|| Answer::message(404, "Not found"))?;
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        self.at_desk(parts, identity, &body, |desk| {
            api::answer(desk, parts.method.as_str(), &segments)
        })
    }

    fn at_desk(
        &self,
        parts: &Parts,
        who: Identity,
        body: &[u8],
        job: impl FnOnce(&mut Desk<'_>) -> Outcome,
    ) -> Outcome {
        let uri = http::Uri::builder().path_and_query(parts.uri.path_and_query().map_or("/", |whole| whole.as_str()));
        let query = uri
            .build()
            .ok()
            .and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok());
        let query: Vec<(String, String)> = query.map(|axum::extract::Query(pairs)| pairs).unwrap_or_default();
        let mut world = lock(&self.world);
        let outcome = job(&mut Desk {
            world: &mut world,
            settings: &lock(&self.settings),
            who,
            headers: &parts.headers,
            query: &query,
            json_sent: json_sent(parts),
            body,
        });
        if parts.method != http::Method::GET {
            self.changed.store(true, Ordering::SeqCst);
        }
        outcome
    }

    async fn plugin_api(&self, parts: &Parts, path: &str, body: Bytes, peer: SocketAddr, who: Identity) -> Outcome {
        let (id, rest) = path.split_once('/').unwrap_or((path, ""));
        let method = parts.method.as_str();
        if let Some(rest) = rest
            .strip_prefix("resources")
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            let plugin = self.plugin(id).map_err(|_| Answer::message(404, "Plugin not found"))?;
            let context = plugin.admit(&lock(&self.world), &who)?;
            let call = plugins::Call {
                method,
                path: rest,
                query: parts.uri.query(),
                headers: &parts.headers,
                peer,
                body,
            };
            return Ok(plugin.resource(context, call).await);
        }
        let plugin = self.plugin(id)?;
        match (method, rest) {
            ("GET", "settings") => plugin.read_settings(&lock(&self.world), &who),
            ("POST", "settings") => self.at_desk(parts, who, &body, |desk| plugin.write_settings(desk)),
            ("GET", "health") => {
                let context = plugin.context(&lock(&self.world), &who);
                Ok(plugin.health(context).await)
            }
            ("GET", "metrics") => {
                who.needs_org_admin("plugins:write")?;
                Ok(plugin.metrics().await)
            }
            _ => Err(Answer::message(404, "Not found")),
        }
    }
}

/// What becomes of the answer to a call that was done.
async fn on_its_way(fault: Option<Effect>, answer: Answer) -> Option<Answer> {
    match fault {
        Some(Effect::DropAnswer) => None,
        Some(Effect::Garble) => Some(Answer::json(200, &json!(["not", "Grafana"]))),
        Some(Effect::Slow(by)) => {
            tokio::time::sleep(by).await;
            Some(answer)
        }
        Some(Effect::Held(gate)) => {
            gate.pass().await;
            Some(answer)
        }
        Some(Effect::BalancerCookie) => Some(answer.after_a_balancer()),
        Some(Effect::Rewrite(rewrite)) => Some(answer.rewritten(rewrite)),
        _ => Some(answer),
    }
}

fn json_sent(parts: &Parts) -> bool {
    let sent = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    sent.is_some_and(|kind| kind.starts_with("application/json"))
}

/// Serves until the stand-in stops. Not axum's own loop: that one cannot end a connection without an answer.
pub(super) async fn accept(server: Arc<Server>, listener: TcpListener) {
    loop {
        tokio::select! {
            () = server.stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => { tokio::spawn(connection(server.clone(), stream, peer)); }
                Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
            },
        }
    }
}

async fn connection(server: Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    _ = stream.set_nodelay(true);
    let stop = server.stop.clone();
    let end = End::default();
    let wire = Wire::new(stream, end.clone());
    let service = tower::service_fn(move |request| enter(server.clone(), request, peer, end.clone()));
    let builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    let serving = builder.serve_connection(TokioIo::new(wire), TowerToHyperService::new(service));
    tokio::select! {
        () = stop.cancelled() => {}
        // An error is the other side gone, or a fault's doing.
        _ = serving => {}
    }
}

async fn enter<B>(
    server: Arc<Server>,
    request: Request<B>,
    peer: SocketAddr,
    end: End,
) -> Result<Response<Body>, Broken>
where
    B: http_body::Body,
{
    let (parts, body) = request.into_parts();
    // Grafana reads the whole body, without a limit (G59).
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    server.serve(parts, body, peer, &end).await
}
