//! The shipped program `gpx_rollcall` as a process: how it starts, ends, and what it prints.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout, Command},
};

use super::client::{Host, PLANTED, context, request, socket_of, soon, with_header};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gpx_rollcall");

/// As go-plugin starts it, with an environment as bare as Grafana 12.4's (G67).
fn as_grafana(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs([
            ("grafana_plugin_type", "datasource"),
            ("PLUGIN_PROTOCOL_VERSIONS", "2"),
            ("GF_VERSION", "11.1.1"),
        ])
        .envs([("PLUGIN_UNIX_SOCKET_DIR", directory), ("GF_PLUGIN_DATA_DIR", directory)])
        .env("GF_PLUGIN_LOG_LEVEL", "trace")
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

struct Plugin {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: ChildStderr,
    host: Host,
    directory: tempfile::TempDir,
}

async fn start() -> Plugin {
    let directory = tempfile::tempdir().unwrap();
    let mut child = as_grafana(PROGRAM, directory.path()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let stderr = child.stderr.take().unwrap();
    let handshake = soon("the handshake", stdout.next_line())
        .await
        .unwrap()
        .expect("a line on stdout");
    let host = Host::connect(socket_of(&handshake)).await;
    Plugin {
        child,
        stdout,
        stderr,
        host,
        directory,
    }
}

/// The process's end: exit code, the rest of stdout, all of stderr.
async fn end(mut plugin: Plugin) -> (Option<i32>, Option<String>, String) {
    let mut stderr = String::new();
    soon("the end of stderr", plugin.stderr.read_to_string(&mut stderr))
        .await
        .unwrap();
    let status = soon("the exit", plugin.child.wait()).await.unwrap();
    let left = plugin.directory.path().read_dir().unwrap().flatten();
    let left: Vec<_> = left
        .map(|e| e.file_name())
        .filter(|n| n.to_string_lossy().starts_with("rollcall-"))
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    (status.code(), plugin.stdout.next_line().await.unwrap(), stderr)
}

async fn run(command: &mut Command) -> Output {
    soon("the exit", command.output()).await.unwrap()
}

async fn signal(name: &str, pid: u32) {
    assert!(
        Command::new("kill")
            .args(["-s", name, &pid.to_string()])
            .status()
            .await
            .unwrap()
            .success()
    );
}

#[tokio::test]
async fn started_by_hand_it_explains_itself_and_exits_with_1() {
    let output = run(Command::new(PROGRAM).env_remove("grafana_plugin_type")).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "stdout belongs to the handshake");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Grafana starts it"));
}

#[tokio::test]
async fn a_host_of_another_protocol_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(as_grafana(PROGRAM, directory.path()).env("PLUGIN_PROTOCOL_VERSIONS", "3,4")).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("3,4"));
}

#[tokio::test]
async fn it_tells_its_version() {
    let output = run(Command::new(PROGRAM).arg("--version")).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        concat!("gpx_rollcall ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[tokio::test]
async fn shutdown_ends_the_process_with_0_in_time() {
    let plugin = start().await;
    assert!(plugin.host.ping().await);
    let asked = Instant::now();
    plugin.host.shutdown().await;
    let (code, more_stdout, log) = end(plugin).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(more_stdout, None, "nothing follows the handshake on stdout");
}

#[tokio::test]
async fn sigterm_ends_it_with_0_and_sigint_does_not() {
    let plugin = start().await;
    let pid = plugin.child.id().unwrap();
    signal("INT", pid).await;
    assert!(plugin.host.ping().await, "Ctrl-C is for Grafana to judge");
    signal("TERM", pid).await;
    assert_eq!(end(plugin).await.0, Some(0));
}

#[tokio::test]
async fn it_ends_when_the_grafana_that_started_it_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    // A shell stands for Grafana. It is killed, so it can tell its child nothing, and nobody reads stderr any more.
    let mut grafana = as_grafana("/bin/sh", directory.path());
    let mut grafana = grafana
        .args(["-c", r#""$0" & echo "pid $!"; wait"#, PROGRAM])
        .spawn()
        .unwrap();
    drop(grafana.stderr.take());
    let mut stdout = BufReader::new(grafana.stdout.take().unwrap()).lines();
    let (mut pid, mut socket) = (None, None);
    while pid.is_none() || socket.is_none() {
        let line = soon("the handshake", stdout.next_line())
            .await
            .unwrap()
            .expect("a line on stdout");
        match line.strip_prefix("pid ") {
            Some(number) => pid = Some(number.parse::<u32>().unwrap()),
            None => socket = Some(socket_of(&line)),
        }
    }
    grafana.kill().await.unwrap();

    // Only the plugin still holds stdout: it ends when the plugin does.
    let ended = tokio::time::timeout(Duration::from_secs(20), stdout.next_line()).await;
    if ended.is_err() {
        signal("KILL", pid.unwrap()).await;
    }
    assert!(matches!(ended, Ok(Ok(None))), "the orphan lived on");
    assert!(!socket.unwrap().parent().unwrap().exists(), "it did not end in order");
}

#[tokio::test]
async fn logs_are_hclog_json_and_hold_no_secret_even_at_trace() {
    let plugin = start().await;
    for role in ["Admin", "None", "no such role"] {
        let mut call = with_header(
            request("POST", "scim/v2/Users"),
            "Content-Type",
            "application/scim+json",
        );
        call.plugin_context = Some(context("sa-7-okta", role));
        call.body = format!(r#"{{"password":"{PLANTED}"}}"#).into();
        plugin.host.call(call).await;
    }
    plugin
        .host
        .call(with_header(
            request("GET", "scim/v2/Users"),
            "X-Bad",
            &format!("{PLANTED}\n"),
        ))
        .await;
    plugin.host.check_health().await;
    plugin.host.shutdown().await;
    let (code, _, stderr) = end(plugin).await;
    assert_eq!(code, Some(0));
    assert!(!stderr.contains("PLANTED"), "{stderr}");
    assert!(
        stderr.lines().count() >= 3,
        "start, stop and stopped at least: {stderr}"
    );
    for line in stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        // Any other type panics in Grafana's own process.
        for field in ["@level", "@message", "@timestamp"] {
            assert!(line[field].is_string(), "{field} in {line}");
        }
    }
}
