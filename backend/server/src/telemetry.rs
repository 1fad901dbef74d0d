//! Log lines in the form Grafana understands: hclog JSON, one line each, on stderr.
//!
//! Owns: the level, the size of a line, and what becomes of a panic. The format is the SDK's layer; go-plugin needs `@level`, `@message`
//! and `@timestamp` to be strings (anything else panics *in Grafana*), six digits of fraction, and lines below 64 KiB.
//! Must never be given a secret: redaction is by type (`domain::Secret`), not here.

use std::io::{self, Write};

use serde_json::{Value, json};
use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt as _, registry::LookupSpan};

// go-plugin reads lines into 64 KiB and logs what is cut off as unstructured text at debug.
const MAX_LINE: usize = 60 << 10;
// Six bytes is the longest JSON escape of one.
const MAX_MESSAGE: usize = MAX_LINE / 6 - 200;

/// Starts logging at `level` (`[plugin.rollcall-scim-app] log_level`; info if absent or unknown), and logs panics from here on.
pub fn init(level: Option<&str>) {
    let known = level.map_or(Some(Level::INFO), |level| level.trim().parse().ok());
    let subscriber = tracing_subscriber::registry()
        .with(targets(known.unwrap_or(Level::INFO)))
        .with(layer(io::stderr));
    // Fails only where a test has set one before.
    _ = tracing::subscriber::set_global_default(subscriber);
    log_panics();
    if known.is_none() {
        tracing::warn!("log_level is none of error, warn, info, debug, trace; using info");
    }
}

/// The level is for our own crates. Dependencies stay at warnings whatever is asked for: h2, hyper and sqlx log bytes and values that
/// are not ours to redact.
fn targets(level: Level) -> Targets {
    let ours = ["server", "engine", "store", "grafana", "domain", "scim", "gpx_rollcall"]
        .map(|target| (target, LevelFilter::from_level(level)));
    Targets::new()
        .with_default(LevelFilter::from_level(level.min(Level::WARN)))
        .with_targets(ours)
}

fn layer<S, W>(sink: impl Fn() -> W + Send + Sync + 'static) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    // When Grafana was killed nobody reads stderr. Reporting that on the same stderr would panic, before the store is closed.
    grafana_plugin_sdk::backend::layer()
        .log_internal_errors(false)
        .with_writer(move || Line(sink()))
}

/// Writes whole lines, shortened where needed. The layer hands over each in one piece.
struct Line<W>(W);

impl<W: Write> Write for Line<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if line.len() <= MAX_LINE {
            self.0.write_all(line)
        } else {
            self.0.write_all(&shorten(line))
        }?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shorten(line: &[u8]) -> Vec<u8> {
    let whole: Value = serde_json::from_slice(line).unwrap_or_default();
    let message = whole["@message"].as_str().unwrap_or("(a log line without a message)");
    let mut short = json!({
        "@timestamp": whole["@timestamp"].as_str().unwrap_or("1970-01-01T00:00:00.000000Z"),
        "@level": whole["@level"].as_str().unwrap_or("ERROR"),
        "@message": &message[..message.floor_char_boundary(MAX_MESSAGE)],
        "shortened_from_bytes": line.len(),
    })
    .to_string();
    short.push('\n');
    short.into_bytes()
}

/// Without this a panic is several lines of plain text, which Grafana logs at debug: nobody sees them.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        tracing::error!(
            location,
            thread,
            "panic: {}",
            panic.payload_as_str().unwrap_or("(no text)")
        );
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Level, log: impl FnOnce()) -> Vec<Value> {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::registry()
            .with(targets(level))
            .with(layer(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| {
                assert!(line.len() < 64 << 10, "a line of {} bytes", line.len());
                serde_json::from_str(line).unwrap()
            })
            .collect()
    }

    #[test]
    fn every_line_is_hclog_json_as_go_plugin_reads_it() {
        let lines = logged(Level::INFO, || {
            let span = tracing::info_span!("request", correlation = "c1");
            let _entered = span.enter();
            tracing::warn!(org_id = 7, "two\nlines");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(line["@level"], "WARN");
        assert_eq!(line["@message"], "two\nlines");
        assert_eq!(line["org_id"], 7);
        assert_eq!(line["span"]["correlation"], "c1");
        let fraction = line["@timestamp"].as_str().unwrap().split_once('.').unwrap().1;
        assert!(
            fraction.starts_with(|c: char| c.is_ascii_digit()) && fraction.find('+') == Some(6),
            "{fraction}"
        );
    }

    #[test]
    fn a_huge_line_is_shortened_and_stays_valid() {
        for message in ["x".repeat(200_000), "\u{1}".repeat(200_000), "ü".repeat(100_000)] {
            let lines = logged(Level::INFO, || tracing::error!("{message}"));
            let text = lines[0]["@message"].as_str().unwrap();
            assert!(text.len() > 5_000 && message.starts_with(text));
            assert_eq!(lines[0]["@level"], "ERROR");
        }
    }

    #[test]
    fn at_trace_only_our_own_crates_say_more() {
        let lines = logged(Level::TRACE, || {
            tracing::trace!(target: "server::plugin", "ours");
            tracing::debug!(target: "h2::codec", "theirs");
            tracing::info!(target: "sqlx::query", "theirs");
            tracing::warn!(target: "sqlx::query", "a warning");
        });
        let messages: Vec<_> = lines.iter().map(|line| line["@message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["ours", "a warning"]);
        assert!(logged(Level::ERROR, || tracing::warn!(target: "sqlx::query", "a warning")).is_empty());
    }

    #[test]
    fn a_panic_becomes_one_error_line() {
        let before = std::panic::take_hook();
        let lines = logged(Level::INFO, || {
            log_panics();
            _ = std::panic::catch_unwind(|| panic!("the store is on fire"));
        });
        std::panic::set_hook(before);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["@level"], "ERROR");
        assert_eq!(lines[0]["@message"], "panic: the store is on fire");
        assert!(lines[0]["location"].as_str().unwrap().contains("telemetry.rs"));
    }
}
