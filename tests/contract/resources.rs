//! The way to a plugin (G53–G65), asked through a plugin that says what arrived.
//!
//! A real Grafana is asked too if it has that plugin (`rollcall-echo-app`: this file's `plugin.json` and the binary `gpx-echo`).

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, Instant},
};

use acceptance::connect::Answer;
use serde_json::{Value, json};

use crate::target::{As, Target, contract, login_of_service_account, with_stand_in};

pub const ID: &str = "rollcall-echo-app";

pub fn install(plugins: &Path) {
    let folder = plugins.join(ID);
    fs::create_dir_all(&folder).unwrap();
    let manifest = json!({
        "type": "app", "id": ID, "name": "Echo", "backend": true, "executable": "gpx_echo",
        "info": { "version": "1.0.0", "author": { "name": "Rollcall" }, "logos": { "small": "logo.svg", "large": "logo.svg" } },
        "includes": [{ "type": "page", "name": "Admins", "path": format!("/a/{ID}"), "role": "Admin", "addToNav": true }],
        "dependencies": { "grafanaDependency": ">=10.4.0", "plugins": [] },
    });
    fs::write(folder.join("plugin.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("module.js"), "define([], function () { return {}; });").unwrap();
    fs::write(folder.join("page.wasm"), b"\0asm").unwrap();
    // A link, not a copy: a program that this process has written cannot be started while a child
    // that another thread forks still holds it open ("text file busy").
    symlink(env!("CARGO_BIN_EXE_gpx-echo"), folder.join("gpx_echo_linux_amd64")).unwrap();
}

/// With the plugin, enabled.
async fn echo(test: impl AsyncFnOnce(&Target)) {
    let plugins = tempfile::tempdir().unwrap();
    install(plugins.path());
    let enabled = async |g: &Target| {
        g.post(&settings(), json!({ "enabled": true, "pinned": true, "jsonData": {} }))
            .await
            .expect(&[200])
            .unwrap();
        test(g).await;
    };
    let mut test = Some(enabled);
    contract(async |g| {
        if g.is_real() && g.get(&settings()).await.status == 200 {
            test.take().unwrap()(g).await;
        } else if g.is_real() {
            test = None;
        }
    })
    .await;
    if let Some(test) = test {
        with_stand_in(|options| options.with_plugins(plugins.path()), test).await;
    }
}

fn settings() -> String {
    format!("/api/plugins/{ID}/settings")
}

fn resource(rest: &str) -> String {
    format!("/api/plugins/{ID}/resources{rest}")
}

/// A path as it is, which no URL library would leave alone.
async fn raw(g: &Target, who: &As, method: &str, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let As::Bearer(token) = who else { panic!("by token") };
    let address = g.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_caller_arrives_with_login_role_and_organization() {
    echo(async |g| {
        for role in ["Admin", "Editor", "Viewer"] {
            let (name, account) = g.service_account(role).await;
            let seen = g
                .call(&account, "GET", &resource("/x"), Value::Null)
                .await
                .expect(&[200])
                .unwrap()
                .json;
            assert_eq!(seen["login"], login_of_service_account(&name));
            assert_eq!((&seen["role"], &seen["org"]), (&json!(role), &json!(1)));
        }
        let ann = g.person().await;
        let seen = g
            .call(&ann.basic(), "GET", &resource("/x"), Value::Null)
            .await
            .expect(&[200])
            .unwrap()
            .json;
        assert_eq!((&seen["login"], &seen["role"]), (&json!(ann.login), &json!("Viewer")));
    })
    .await;
}

#[tokio::test]
async fn a_caller_without_a_role_is_refused_and_a_stranger_too() {
    echo(async |g| {
        let (_, account) = g.service_account("None").await;
        let answer = g.call(&account, "GET", &resource("/x"), Value::Null).await;
        assert_eq!((answer.status, answer.str("/title")), (403, "Access denied"));
        assert_eq!(
            g.call(&As::Nobody, "GET", &resource("/x"), Value::Null).await.status,
            401
        );
    })
    .await;
}

#[tokio::test]
async fn every_method_but_trace_arrives() {
    echo(async |g| {
        let (_, account) = g.service_account("Viewer").await;
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let seen = g
                .call(&account, method, &resource("/x"), Value::Null)
                .await
                .expect(&[200])
                .unwrap()
                .json;
            assert_eq!(seen["method"], method);
        }
        assert_eq!(g.call(&account, "HEAD", &resource("/x"), Value::Null).await.status, 200);
        assert_eq!(
            g.call(&account, "TRACE", &resource("/x"), Value::Null).await.status,
            404
        );
    })
    .await;
}

#[tokio::test]
async fn a_path_is_decoded_and_a_query_is_not() {
    echo(async |g| {
        let (_, account) = g.service_account("Viewer").await;
        for (sent, path, url) in [
            ("/scim/v2/Users/", "scim/v2/Users", "scim/v2/Users"),
            (
                "/scim/v2/Users/a%2Fb%20c",
                "scim/v2/Users/a/b c",
                "scim/v2/Users/a/b%20c",
            ),
            ("/scim/v2/Users/a%40b", "scim/v2/Users/a@b", "scim/v2/Users/a@b"),
            ("/scim/v2/Users/a%3Fb", "scim/v2/Users/a?b", "scim/v2/Users/a%3Fb"),
            (
                "/Users?filter=a%20eq%20%22b%2Bc%22&x=+",
                "Users",
                "Users?filter=a%20eq%20%22b%2Bc%22&x=+",
            ),
            ("/Users/../Groups", "Users/../Groups", "Users/../Groups"),
        ] {
            let answer = raw(g, &account, "GET", &resource(sent)).await;
            let start = answer.find("{\"").unwrap_or_else(|| panic!("{sent}: {answer}"));
            let end = answer.rfind('}').unwrap();
            let seen: Value = serde_json::from_str(&answer[start..=end]).unwrap();
            assert_eq!((&seen["path"], &seen["url"]), (&json!(path), &json!(url)), "{sent}");
        }
    })
    .await;
}

#[tokio::test]
async fn some_headers_arrive_and_some_do_not() {
    echo(async |g| {
        let (_, account) = g.service_account("Viewer").await;
        let mut request = g.request(&account, "POST", &resource("/x")).body("{}");
        for (name, value) in [
            ("content-type", "application/scim+json"),
            ("accept", "application/scim+json"),
            ("if-match", "W/\"1\""),
            ("if-none-match", "W/\"2\""),
            ("prefer", "return=minimal"),
            ("x-request-id", "r1"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-grafana-user", "forged"),
            ("cookie", "a=b"),
            ("user-agent", "Okta"),
            ("origin", "https://x"),
            ("x-forwarded-host", "x"),
            ("x-forwarded-proto", "https"),
        ] {
            request = request.header(name, value);
        }
        let seen = Answer::of(request).await.unwrap().expect(&[200]).unwrap().json;
        let got = |name: &str| seen["headers"][name][0].as_str().map(str::to_owned);
        for (name, value) in [
            ("Content-Type", "application/scim+json"),
            ("Accept", "application/scim+json"),
            ("If-Match", "W/\"1\""),
            ("If-None-Match", "W/\"2\""),
            ("Prefer", "return=minimal"),
            ("X-Request-Id", "r1"),
            ("X-Grafana-User", "forged"),
            ("X-Forwarded-For", "10.0.0.1, 127.0.0.1"),
        ] {
            assert_eq!(got(name).as_deref(), Some(value), "{name}");
        }
        for name in [
            "Authorization",
            "Cookie",
            "User-Agent",
            "Host",
            "Origin",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
        ] {
            assert_eq!(got(name), None, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn statuses_and_headers_come_back_with_grafanas_own_on_top() {
    echo(async |g| {
        let (_, account) = g.service_account("Viewer").await;
        for status in [
            200, 201, 204, 304, 400, 401, 403, 404, 409, 412, 413, 429, 500, 501, 503,
        ] {
            let answer = g
                .call(&account, "GET", &resource(&format!("/status/{status}")), Value::Null)
                .await;
            assert_eq!(answer.status, status);
            let got = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
            for (name, value) in [
                ("etag", "W/\"1\""),
                ("location", "https://x/y"),
                ("retry-after", "7"),
                ("www-authenticate", "Bearer"),
                ("x-own", "kept"),
                ("cache-control", "no-store"),
                ("content-security-policy", "sandbox"),
            ] {
                assert_eq!(got(name), Some(value), "{status} {name}");
            }
            assert_eq!(got("set-cookie").filter(|cookie| cookie.starts_with("a=")), None);
            if status == 200 {
                assert_eq!(got("content-type"), Some("application/scim+json"));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_500_and_a_large_answer_passes() {
    echo(async |g| {
        let (_, account) = g.service_account("Viewer").await;
        let send = async |size: usize| {
            let request = g.request(&account, "POST", &resource("/x")).body(vec![b'x'; size]);
            Answer::of(request).await.unwrap()
        };
        assert_eq!(send(16 << 20).await.expect(&[200]).unwrap().json["size"], 16 << 20);
        assert_eq!(send(18 << 20).await.status, 500);
        let answer = g.call(&account, "GET", &resource("/bytes/20000000"), Value::Null).await;
        assert_eq!((answer.status, answer.text.len()), (200, 20_000_000));
    })
    .await;
}

/// Saves until the plugin gets it: Grafana tells saves of one second apart in nothing but `jsonData`.
async fn save(g: &Target, body: &Value) -> Value {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let answer = g.post(&settings(), body.clone()).await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (200, "Plugin settings updated")
        );
        let seen = g.get(&resource("/x")).await.expect(&[200]).unwrap().json;
        let wanted = body["secureJsonData"].as_object().unwrap();
        if wanted.iter().all(|(name, value)| &seen["secrets"][name] == value) {
            return seen;
        }
        assert!(Instant::now() < deadline, "the secrets never arrived");
    }
}

#[tokio::test]
async fn settings_travel_with_every_call_and_secrets_are_never_shown() {
    echo(async |g| {
        let first = json!({ "enabled": true, "jsonData": { "a": 1 }, "secureJsonData": { "one": "s1", "two": "s2" } });
        assert_eq!(save(g, &first).await["jsonData"], json!({ "a": 1 }));
        // jsonData is replaced, secrets are merged.
        let second = json!({ "enabled": true, "jsonData": { "b": 2 }, "secureJsonData": { "two": "s3" } });
        let after = save(g, &second).await;
        assert_eq!(after["jsonData"], json!({ "b": 2 }));
        assert_eq!(
            (&after["secrets"]["one"], &after["secrets"]["two"]),
            (&json!("s1"), &json!("s3"))
        );
        let shown = g.get(&settings()).await;
        assert_eq!(shown.json["secureJsonFields"]["one"], true);
        assert!(shown.json["enabled"] == true && shown.json["jsonData"] == json!({ "b": 2 }));
        assert!(!shown.text.contains("s3"));
    })
    .await;
}

/// The trap: the time of a save is in whole seconds, and secrets are decrypted once for each.
#[tokio::test]
async fn a_secret_saved_twice_within_a_second_arrives_as_the_first() {
    echo(async |g| {
        for round in 0..20 {
            let secret =
                |text: &str| json!({ "enabled": true, "jsonData": { "n": text }, "secureJsonData": { "k": text } });
            let (one, two) = (format!("one-{round}"), format!("two-{round}"));
            let first = save(g, &secret(&one)).await;
            g.post(&settings(), secret(&two)).await.expect(&[200]).unwrap();
            let second = g.get(&resource("/x")).await.json;
            assert_eq!(second["jsonData"]["n"], two);
            assert_eq!(second["updated"].as_i64().unwrap() % 1_000, 0);
            if first["updated"] == second["updated"] {
                assert_eq!(second["secrets"]["k"], one);
                return;
            }
        }
        panic!("never twice in one second");
    })
    .await;
}

#[tokio::test]
async fn an_app_that_is_not_enabled_is_a_404() {
    echo(async |g| {
        g.post(&settings(), json!({ "enabled": false }))
            .await
            .expect(&[200])
            .unwrap();
        assert_eq!(g.get(&resource("/x")).await.status, 404);
        g.post(&settings(), json!({ "enabled": true }))
            .await
            .expect(&[200])
            .unwrap();
        assert_eq!(g.get(&resource("/x")).await.status, 200);
        let answer = g.get("/api/plugins/no-such-app/resources/x").await;
        assert_eq!((answer.status, answer.str("/message")), (404, "Plugin not found"));
    })
    .await;
}

#[tokio::test]
async fn health_asks_for_a_sign_in_and_metrics_do_not() {
    echo(async |g| {
        let health = format!("/api/plugins/{ID}/health");
        let answer = g.get(&health).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.json,
            json!({ "status": "OK", "message": "well", "details": { "a": 1 } })
        );
        assert_eq!(g.call(&As::Nobody, "GET", &health, Value::Null).await.status, 401);
        let metrics = g
            .call(&As::Nobody, "GET", &format!("/metrics/plugins/{ID}"), Value::Null)
            .await;
        assert_eq!((metrics.status, metrics.text.as_str()), (200, "echo_up 1\n"));
    })
    .await;
}

#[tokio::test]
async fn files_of_a_plugin_are_public_and_typed() {
    echo(async |g| {
        let file = async |name: &str| {
            let answer = g
                .call(&As::Nobody, "GET", &format!("/public/plugins/{ID}/{name}"), Value::Null)
                .await;
            let kind = answer
                .headers
                .get("content-type")
                .map(|value| value.to_str().unwrap().to_owned());
            (answer.status, kind.unwrap_or_default())
        };
        assert_eq!(file("page.wasm").await, (200, "application/wasm".to_owned()));
        assert!(file("module.js").await.1.contains("javascript"));
        assert_eq!(file("missing.js").await.0, 404);
        let out = raw(
            g,
            &As::Bearer("x".into()),
            "GET",
            &format!("/public/plugins/{ID}/../../etc/passwd"),
        )
        .await;
        assert!(!out.contains("root:"));
    })
    .await;
}
