//! The program Grafana starts. Everything is in the library: `server::plugin::run` is the process, `server::app` the application.

use std::{collections::HashMap, io::Write as _, process::ExitCode};

use server::{app::App, plugin};

fn main() -> ExitCode {
    if std::env::args()
        .skip(1)
        .any(|argument| argument == "--version" || argument == "-V")
    {
        let written = writeln!(std::io::stdout(), "gpx_rollcall {}", env!("CARGO_PKG_VERSION"));
        return if written.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    // Not `vars()`: it panics on a value that is not UTF-8, and Grafana before 12.4 passes the host's whole environment on (G67).
    let environment: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    plugin::run(&environment, || App::start(&environment))
}
