//! The serving loop in this process, with an application that shows what reaches it.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, Uri},
    response::IntoResponse,
    routing::{any, get, post},
};
use domain::{Caller, OrgId};
use serde_json::{Value, json};
use server::{
    http::MAX_BODY,
    plugin::{AppSettings, Application, Health, Host, ServeError, serve},
};
use tokio::{
    net::UnixStream,
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::client::{self, PLANTED, context, request, soon, with_header};

#[derive(Clone, Default)]
struct Tiny(Arc<State>);

struct State {
    settings: Mutex<Vec<AppSettings>>,
    /// How far `POST two-steps` has come.
    step: watch::Sender<u32>,
    /// Lets it take its second step.
    gate: watch::Sender<bool>,
    /// The step at which the application was told to stop.
    stopped_at: Mutex<Option<u32>>,
}

impl Default for State {
    fn default() -> Self {
        let (step, gate) = (watch::Sender::new(0), watch::Sender::new(false));
        Self {
            settings: Mutex::default(),
            step,
            gate,
            stopped_at: Mutex::default(),
        }
    }
}

impl Tiny {
    async fn reach(&self, step: u32) {
        soon("a step", self.0.step.subscribe().wait_for(|at| *at == step))
            .await
            .unwrap();
    }
}

impl Application for Tiny {
    fn router(&self) -> Router {
        let whoami = |Extension(caller): Extension<Caller>, uri: Uri, headers: HeaderMap| async move {
            let headers: HashMap<_, _> = headers
                .keys()
                .map(|k| (k.to_string(), headers.get_all(k).iter().count()))
                .collect();
            let caller = json!({ "org": caller.org_id, "login": caller.login, "role": caller.role });
            Json(json!({ "caller": caller, "path": uri.path(), "query": uri.query(), "headers": headers }))
        };
        let tiny = self.clone();
        let two_steps = move || async move {
            tiny.0.step.send_replace(1);
            tiny.0.gate.subscribe().wait_for(|open| *open).await.unwrap();
            tiny.0.step.send_replace(2);
            "done"
        };
        let repeated = || async { [("set-thing", "a"), ("x-other", "b")].into_response() };
        let repeated = move || async move {
            let mut response = repeated().await;
            response.headers_mut().append("set-thing", "c".parse().unwrap());
            response
        };
        let frames = |last: Result<&'static str, io::Error>| {
            let frames = [Ok("one,"), Ok("two,"), last].map(|frame| frame.map(Bytes::from));
            Body::from_stream(futures_util::stream::iter(frames))
        };
        let panics = || async {
            if true {
                panic!("a handler panicked")
            }
        };
        Router::new()
            .route("/whoami", any(whoami))
            .route("/scim/v2/Users", get(whoami))
            .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
            .route("/repeated", get(repeated))
            .route("/stream", get(move || async move { frames(Ok("three")) }))
            .route(
                "/broken-stream",
                get(move || async move { frames(Err(io::Error::other("gone"))) }),
            )
            .route("/large", get(|| async { vec![b'x'; 20 << 20] }))
            .route(
                "/nothing",
                get(|| async { (StatusCode::NO_CONTENT, "a body by mistake") }),
            )
            .route("/two-steps", post(two_steps))
            .route("/panics", any(panics))
            .route("/scim/v2/panics", any(panics))
    }

    fn settings_seen(&self, settings: AppSettings) {
        self.0.settings.lock().unwrap().push(settings);
    }

    async fn health(&self, org_id: OrgId) -> Health {
        assert_eq!(org_id, OrgId::new(7), "health panics for any other organization");
        Health {
            ok: true,
            message: "All is well.".into(),
            details: json!({ "users": 3 }),
        }
    }

    async fn metrics(&self) -> String {
        "rollcall_requests_total 1\n".into()
    }

    async fn stop(&self) {
        *self.0.stopped_at.lock().unwrap() = Some(*self.0.step.borrow());
    }
}

/// Grafana's end of stdout.
struct Stdout(mpsc::UnboundedSender<Vec<u8>>);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        _ = self.0.send(bytes.to_vec());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Plugin {
    app: Tiny,
    host: client::Host,
    served: JoinHandle<Result<(), ServeError>>,
    sockets: tempfile::TempDir,
    socket: PathBuf,
}

async fn start() -> Plugin {
    let sockets = tempfile::tempdir().unwrap();
    let environment = [
        ("grafana_plugin_type", "datasource"),
        ("PLUGIN_PROTOCOL_VERSIONS", "2"),
        ("PLUGIN_UNIX_SOCKET_DIR", sockets.path().to_str().unwrap()),
    ];
    let environment = environment
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let from_grafana = Host::from_environment(&environment).unwrap();
    let app = Tiny::default();
    let (stdout, mut printed) = mpsc::unbounded_channel();
    let served = tokio::spawn({
        let app = app.clone();
        async move { serve(app, &from_grafana, Stdout(stdout), std::future::pending()).await }
    });
    let mut handshake = vec![];
    while !handshake.ends_with(b"\n") {
        handshake.extend(
            soon("the handshake", printed.recv())
                .await
                .expect("the server ended before its handshake"),
        );
    }
    let socket = client::socket_of(std::str::from_utf8(&handshake).unwrap());
    Plugin {
        app,
        host: client::Host::connect(socket.clone()).await,
        served,
        sockets,
        socket,
    }
}

/// Ends when nobody listens on the socket any more.
async fn refused(socket: &Path) {
    while UnixStream::connect(socket)
        .await
        .err()
        .is_none_or(|e| e.kind() != io::ErrorKind::ConnectionRefused)
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_role_grafana_can_send_reaches_the_handlers_as_text() {
    let plugin = start().await;
    for role in ["Admin", "Viewer", "None", "", "Grafana Admin", "RoleOfAYearToCome"] {
        let mut call = request("GET", "whoami");
        call.plugin_context = Some(context("sa-7-okta", role));
        let caller = plugin.host.call(call).await.json()["caller"].take();
        assert_eq!(caller, json!({ "org": 7, "login": "sa-7-okta", "role": role }));
    }
}

#[tokio::test]
async fn who_calls_is_told_by_the_context_and_never_by_a_header() {
    let plugin = start().await;
    let mut call = with_header(request("GET", "whoami"), "X-Grafana-User", "admin");
    call.plugin_context.as_mut().unwrap().user = None;
    assert_eq!(
        plugin.host.call(call).await.json()["caller"],
        json!({ "org": 7, "login": "", "role": "" })
    );

    let mut call = request("GET", "whoami");
    call.plugin_context = None;
    assert_eq!(
        plugin.host.call(call).await.json()["caller"],
        json!({ "org": 0, "login": "", "role": "" })
    );
}

#[tokio::test]
async fn header_values_that_repeat_survive_in_both_directions() {
    let plugin = start().await;
    let mut call = request("GET", "whoami");
    call.headers.insert(
        "Prefer".into(),
        grafana_plugin_sdk::pluginv2::StringList {
            values: vec!["a".into(), "b".into()],
        },
    );
    assert_eq!(plugin.host.call(call).await.json()["headers"]["prefer"], 2);

    let answer = plugin.host.get("repeated").await;
    assert_eq!(answer.headers["set-thing"], ["a", "c"]);
    assert_eq!(answer.headers["x-other"], ["b"]);
}

#[tokio::test]
async fn urls_as_people_type_them_arrive_with_their_meaning() {
    let plugin = start().await;
    let answer = plugin
        .host
        .get(r#"scim/v2/Users?filter=emails[type eq "work"] and a<"é""#)
        .await;
    assert_eq!(answer.code, 200);
    assert_eq!(
        answer.json()["query"],
        "filter=emails%5Btype%20eq%20%22work%22%5D%20and%20a%3C%22%C3%A9%22"
    );
    assert_eq!(plugin.host.get("./whoami").await.json()["path"], "/whoami");
    assert_eq!(plugin.host.get("no/such/route").await.code, 404);
    assert_eq!(plugin.host.get("").await.code, 404);
}

#[tokio::test]
async fn what_http_does_not_allow_is_a_400_and_no_grpc_error() {
    let plugin = start().await;
    let bad_value = |url| with_header(request("GET", url), "X-Bad", "line\nbreak glsa_PLANTED");
    let answer = plugin.host.call(bad_value("scim/v2/Users")).await;
    assert!(answer.is_scim_error(400), "{answer:?}");
    assert!(
        !String::from_utf8_lossy(&answer.body).contains(PLANTED),
        "a header's value is not for the answer"
    );

    let answer = plugin.host.call(bad_value("whoami")).await;
    assert_eq!(
        (answer.code, answer.headers["content-type"][0].as_str()),
        (400, "application/json")
    );
    assert!(answer.json()["message"].as_str().unwrap().contains("x-bad"));

    assert!(
        plugin
            .host
            .call(with_header(request("GET", "scim/v2/Users"), "b ad", "x"))
            .await
            .is_scim_error(400)
    );
    assert!(
        plugin
            .host
            .call(request("G ET", "scim/v2/Users"))
            .await
            .is_scim_error(400)
    );
    assert!(
        plugin
            .host
            .get(&format!("scim/v2/Users?filter={}", "x".repeat(70_000)))
            .await
            .is_scim_error(414)
    );
    let non_ascii = with_header(request("GET", "whoami"), "X-Name", "Jürgen");
    assert_eq!(plugin.host.call(non_ascii).await.code, 200);
}

#[tokio::test]
async fn bodies_pass_up_to_16_mib_and_over_it_the_limit_is_named() {
    let plugin = start().await;
    let body = |size: usize, url: &str| {
        let mut call = request("POST", url);
        call.body = vec![b'x'; size].into();
        call
    };
    for size in [5 << 20, 15 << 20, MAX_BODY] {
        assert_eq!(
            plugin.host.call(body(size, "length")).await.body,
            size.to_string().as_bytes()
        );
    }
    let answer = plugin.host.call(body(MAX_BODY + 1, "scim/v2/Bulk")).await;
    assert!(answer.is_scim_error(413), "{answer:?}");
    assert!(answer.json()["detail"].as_str().unwrap().contains("16777216"));
    // Over the whole message's limit tonic refuses by itself, and Grafana answers 500. The process goes on.
    let refused = soon("a refusal", plugin.host.try_call(body(17 << 20, "length")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::OutOfRange);
    assert_eq!(plugin.host.get("whoami").await.code, 200);
}

#[tokio::test]
async fn an_answer_of_known_length_is_one_message() {
    let plugin = start().await;
    assert_eq!(plugin.host.get("whoami").await.messages, 1);
    let large = plugin.host.get("large").await;
    assert_eq!((large.body.len(), large.messages), (20 << 20, 1));
    let stream = plugin.host.get("stream").await;
    assert_eq!(
        (stream.body.as_slice(), stream.messages),
        (b"one,two,three".as_slice(), 4)
    );
    let broken = plugin.host.get("broken-stream").await;
    assert_eq!((broken.code, broken.body.as_slice()), (200, b"one,two,".as_slice()));
    let nothing = plugin.host.get("nothing").await;
    assert_eq!((nothing.code, nothing.body.len()), (204, 0));
}

#[tokio::test]
async fn a_panic_is_a_500_of_ours_and_the_process_goes_on() {
    let plugin = start().await;
    for method in ["GET", "POST"] {
        let answer = plugin.host.call(request(method, "scim/v2/panics")).await;
        assert!(answer.is_scim_error(500), "{method}: {answer:?}");
        let answer = plugin.host.call(request(method, "panics")).await;
        assert_eq!(answer.code, 500);
        assert!(answer.json()["message"].is_string());
    }
    assert_eq!(plugin.host.get("whoami").await.code, 200);
}

#[tokio::test]
async fn a_post_whose_caller_went_away_still_finishes() {
    let Plugin {
        app,
        host,
        sockets: _kept,
        ..
    } = start().await;
    let caller = tokio::spawn({
        let host = host.clone();
        async move { host.call(request("POST", "two-steps")).await }
    });
    app.reach(1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    // The reset went out before this call, on the same connection: the server knows that the caller is gone.
    assert_eq!(host.get("whoami").await.code, 200);
    assert!(host.ping().await);
    app.0.gate.send_replace(true);
    app.reach(2).await;
}

#[tokio::test]
async fn new_settings_are_handed_on_before_the_request() {
    let plugin = start().await;
    let seen = || {
        let seen = plugin.app.0.settings.lock().unwrap();
        seen.iter()
            .map(|s| (s.org_id.get(), s.updated_ms, s.json_data.clone()))
            .collect::<Vec<_>>()
    };
    let call = |org_id, updated_ms, json_data: &str| {
        let mut call = request("GET", "whoami");
        let context = call.plugin_context.as_mut().unwrap();
        context.org_id = org_id;
        let settings = context.app_instance_settings.as_mut().unwrap();
        (settings.last_updated_ms, settings.json_data) = (updated_ms, json_data.into());
        plugin.host.call(call)
    };
    let (strict, never) = (json!({ "mappingMode": "strict" }), -62_135_596_800_000);

    plugin.host.get("whoami").await;
    plugin.host.get("whoami").await;
    assert_eq!(seen(), [(7, 1, strict.clone())]);
    let secret = plugin.app.0.settings.lock().unwrap()[0].secrets["grafanaToken"].clone();
    assert_eq!(secret.expose(), PLANTED);

    call(8, never, "").await;
    call(7, 2, "not json").await;
    assert_eq!(seen(), [(7, 1, strict), (8, never, json!({})), (7, 2, Value::Null)]);
}

#[tokio::test]
async fn health_metrics_and_ping_answer() {
    let plugin = start().await;
    let health = plugin.host.check_health().await;
    assert_eq!((health.status, health.message.as_str()), (1, "All is well."));
    assert_eq!(health.json_details, br#"{"users":3}"#);
    assert_eq!(plugin.host.metrics().await, "rollcall_requests_total 1\n");
    assert!(plugin.host.ping().await);
    assert_eq!(
        plugin.host.controller("/plugin.GRPCController/Nope").await,
        Err(tonic::Code::Unimplemented)
    );
}

#[tokio::test]
async fn shutdown_ends_an_idle_server_at_once_and_removes_its_socket() {
    let plugin = start().await;
    plugin.host.get("whoami").await;
    let asked = Instant::now();
    plugin.host.shutdown().await;
    soon("the end", plugin.served).await.unwrap().expect("a clean end");
    // A few milliseconds when the machine is free. At 2 s go-plugin kills.
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(
        *plugin.app.0.stopped_at.lock().unwrap(),
        Some(0),
        "the application was told to stop"
    );
    assert_eq!(plugin.sockets.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn shutdown_lets_a_mutation_finish_before_the_application_stops() {
    for caller_stays in [true, false] {
        let Plugin {
            app,
            host,
            served,
            socket,
            sockets: _kept,
        } = start().await;
        let caller = tokio::spawn({
            let host = host.clone();
            async move { host.call(request("POST", "two-steps")).await }
        });
        app.reach(1).await;
        if !caller_stays {
            caller.abort();
            assert!(host.ping().await, "the server has seen the reset");
        }
        host.shutdown().await;
        if !caller_stays {
            // From then on nothing but the mutation can be waited for.
            soon("the end of the listener", refused(&socket)).await;
        }
        app.0.gate.send_replace(true);
        soon("the end", served).await.unwrap().unwrap();
        assert_eq!(
            *app.0.stopped_at.lock().unwrap(),
            Some(2),
            "caller stays: {caller_stays}"
        );
        if caller_stays {
            assert_eq!(soon("the answer", caller).await.unwrap().body, b"done");
        }
    }
}

#[tokio::test]
async fn shutdown_does_not_wait_without_end_for_a_mutation_that_hangs() {
    let Plugin {
        app,
        host,
        served,
        sockets: _kept,
        ..
    } = start().await;
    let caller = tokio::spawn({
        let host = host.clone();
        async move { host.try_call(request("POST", "two-steps")).await }
    });
    app.reach(1).await;
    let asked = Instant::now();
    host.shutdown().await;
    soon("the end", served).await.unwrap().unwrap();
    // go-plugin kills after 2 s.
    assert!(asked.elapsed() < Duration::from_millis(1_900), "{:?}", asked.elapsed());
    assert_eq!(*app.0.stopped_at.lock().unwrap(), Some(1));
    caller.abort();
}
