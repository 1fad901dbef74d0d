//! The demo company as a program: `cargo xtask dev` fills a Grafana with it, the browser tests a larger one.
//!
//! Owns: the command line, which `xtask/src/dev.rs` knows too. Must never print a password. Start at [`main`].

use std::{io::Write as _, process::ExitCode};

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "usage: demo-company demo --url URL --user USER --password PASSWORD
       demo-company crowd --data-dir DIR --people NUMBER   (of a stand-in, after a demo, while nothing runs on DIR)";

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ran = match words.split_first() {
        Some((first, rest)) if first == "demo" => demo(rest).await,
        Some((first, rest)) if first == "crowd" => crowd(rest).await,
        _ => Err(anyhow::anyhow!(USAGE)),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody to tell if stderr is closed.
            _ = writeln!(std::io::stderr(), "demo-company: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(words: &[String]) -> Result<()> {
    let (mut url, mut user, mut password) = ("", "", "");
    for (name, value) in pairs(words)? {
        match name {
            "--url" => url = value,
            "--user" => user = value,
            "--password" => password = value,
            _ => bail!("no such option: {name}\n{USAGE}"),
        }
    }
    acceptance::demo::run(url, user, password).await
}

async fn crowd(words: &[String]) -> Result<()> {
    let (mut data_dir, mut people) = ("", 0);
    for (name, value) in pairs(words)? {
        match name {
            "--data-dir" => data_dir = value,
            "--people" => people = value.parse().with_context(|| format!("--people {value}"))?,
            _ => bail!("no such option: {name}\n{USAGE}"),
        }
    }
    acceptance::crowd::add(data_dir.as_ref(), people).await
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
