//! The stand-in Grafana as a program: `cargo xtask dev` serves it.
//!
//! Owns: the command line, which `xtask/src/dev.rs` knows too. Start at [`main`].

use std::{io::Write as _, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use grafana_stand_in::{Options, StandIn};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: grafana-stand-in --plugins-dir DIR --listen 127.0.0.1:PORT --host-assets DIR --data-dir DIR
                        [--sub-path /PATH] [--setting SECTION.KEY=VALUE]…";

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let words: Vec<String> = std::env::args().skip(1).collect();
    match serve(&words).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody to tell if stderr is closed.
            _ = writeln!(std::io::stderr(), "grafana-stand-in: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(words: &[String]) -> Result<()> {
    let mut options = Options {
        show_plugin_log: true,
        ..Options::default()
    };
    for (name, value) in pairs(words)? {
        match name {
            "--plugins-dir" => options.plugins_dir = Some(value.into()),
            "--listen" => options.listen = value.parse().with_context(|| format!("--listen {value}"))?,
            "--host-assets" => options.host_assets = Some(value.into()),
            "--sub-path" => value.clone_into(&mut options.sub_path),
            "--setting" => {
                let (name, value) = value.split_once('=').context(USAGE)?;
                let (section, key) = name.rsplit_once('.').context(USAGE)?;
                options.settings.put(section, key, value);
            }
            "--data-dir" => options.data_dir = Some(value.into()),
            _ => bail!("no such option: {name}\n{USAGE}"),
        }
    }
    if options.data_dir.is_none() {
        bail!(USAGE);
    }
    // Taken first, so that a signal during the start ends it in order too.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stand_in = StandIn::start(options).await?;
    tracing::info!("serving at {}", stand_in.url());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stand_in.stop().await;
    Ok(())
}

/// `--name value`, again and again.
fn pairs(words: &[String]) -> Result<Vec<(&str, &str)>> {
    words
        .chunks(2)
        .map(|chunk| match chunk {
            [name, value] => Ok((name.as_str(), value.as_str())),
            _ => bail!(USAGE),
        })
        .collect()
}
