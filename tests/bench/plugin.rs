//! Whole-process figures of the plugin as it ships: `cargo xtask bench` builds it and runs this; `docs/performance.md` says how to read it.
//!
//! Owns: what is measured and in which order. Must never be a test: no figure here passes or fails. Start at [`main`].

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use acceptance::{
    grafana::{Credentials, Grafana},
    idp::{Connection, ScimClient},
};
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::{Options, StandIn};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    task::JoinSet,
};

const STARTS: usize = 21;
const READ_FOR: Duration = Duration::from_secs(3);
const CALLERS: [usize; 3] = [1, 8, 64];

#[tokio::main]
async fn main() -> Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how `cargo xtask bench` tells where the plugin is"
    )]
    let plugin = std::env::var_os("ROLLCALL_PLUGIN_DIR").map(PathBuf::from);
    let plugin = plugin.context("ROLLCALL_PLUGIN_DIR names no plugin: run `cargo xtask bench`")?;
    let program = plugin.join("gpx_rollcall_linux_amd64");
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(handshake(&program).await?);
    }
    say(&format!("start to handshake, {STARTS} starts: {}", spread(&mut starts)))?;

    let data = tempfile::tempdir()?;
    let plugins = plugin.parent().context("the plugin lies in a plugins directory")?;
    let stand_in = StandIn::start(Options::in_dir(data.path()).with_plugins(plugins)).await?;
    let admin = Grafana::new(
        stand_in.url(),
        Credentials::Basic {
            user: "admin".into(),
            password: "admin".into(),
        },
    );
    admin
        .enable_app(
            &json!({ "grafanaUrl": stand_in.url(), "adminUser": "admin" }),
            &json!({ "adminPassword": "admin" }),
        )
        .await?;
    let connection = admin.scim_connection("bench").await?;
    let client = ScimClient::new(connection.clone());
    let made = client
        .post(
            "/Users",
            &json!({ "userName": "ada@ex.com", "emails": [{ "value": "ada@ex.com" }] }),
        )
        .await?
        .expect(&[201])?;
    let pid = stand_in.plugin_pid().context("the plugin runs")?;
    say(&format!(
        "memory at rest after one user: {} kB resident",
        resident(pid)?
    ))?;

    let user = format!("/Users/{}", made.id());
    for callers in CALLERS {
        // The same endpoint with the smallest answer the plugin has tells how much of a call is the rig and the way to the plugin.
        let ours = reads(&connection, &user, callers).await?;
        let least = reads(&connection, "/Me", callers).await?;
        say(&format!("GET one user, {callers} callers: {ours}"))?;
        say(&format!(
            "  the least answer there is (501), {callers} callers: {least}"
        ))?;
    }
    say(&format!("memory after that: {} kB resident", resident(pid)?))?;
    stand_in.stop().await;
    Ok(())
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// From exec to the whole handshake line, as Grafana waits for it: store opened and migrated, socket bound.
async fn handshake(program: &Path) -> Result<Duration> {
    let data = tempfile::tempdir()?;
    let started = Instant::now();
    let mut child = Command::new(program)
        .env_clear()
        .env("grafana_plugin_type", "datasource")
        .env("PLUGIN_PROTOCOL_VERSIONS", "2")
        .env("GF_PLUGIN_DATA_DIR", data.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().context("stdout is piped")?;
    let line = BufReader::new(stdout).lines().next_line().await?;
    let took = started.elapsed();
    ensure!(line.is_some_and(|l| l.starts_with("1|2|unix|")), "no handshake");
    child.kill().await?;
    Ok(took)
}

fn resident(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let number = line.and_then(|l| l.split_whitespace().next());
    number.context("VmRSS")?.parse().context("VmRSS is a number")
}

async fn reads(connection: &Connection, path: &str, callers: usize) -> Result<String> {
    let mut all = JoinSet::new();
    let started = Instant::now();
    for _ in 0..callers {
        let client = ScimClient::new(connection.clone());
        let path = path.to_owned();
        all.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < READ_FOR {
                let one = Instant::now();
                client.request(Method::GET, &path).send().await?.bytes().await?;
                times.push(one.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(found) = all.join_next().await {
        times.extend(found??);
    }
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let rate = times.len() as f64 / seconds;
    Ok(format!("{rate:.0} per s, {}", spread(&mut times)))
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| {
        times
            .get(times.len() * part / 100)
            .copied()
            .unwrap_or_default()
            .as_secs_f64()
            * 1000.0
    };
    format!("median {:.2} ms, p95 {:.2} ms", at(50), at(95))
}
