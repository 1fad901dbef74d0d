//! Running other programs so that a failure reads like a sentence.
//!
//! Owns: child processes, their output and their end. Must never end a process it did not start. Start at [`run`].

use crate::tally::Tally;
use anyhow::{Context as _, Result, bail, ensure};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The cargo that started us, without what `cargo run` set for us: build scripts that watch those variables (ring's does) would
/// otherwise rebuild on every call.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text.starts_with("CARGO_BIN_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The command as one would type it.
pub fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

fn start_error(command: &Command) -> String {
    format!("cannot start `{}`", describe(command))
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    ensure!(status.success(), "`{}` failed ({status})", describe(command));
    Ok(())
}

/// Runs to the end, its output being ours.
pub fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", describe(command));
    let status = command.status().with_context(|| start_error(command))?;
    succeeded(command, status)
}

/// Runs to the end and returns what it wrote on stdout; what it wrote on stderr is told when it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| start_error(command))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({}): {}", describe(command), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Copies a program so that it can be started at once, by a program that does nothing else.
///
/// A file that this process has written can refuse to start ("text file busy", `ETXTBSY`): a child
/// that another thread forks meanwhile holds the file open for writing until its own `exec`.
pub fn copy_program(from: &Path, to: &Path) -> Result<()> {
    output(Command::new("install").args(["-m", "755"]).args([from, to])).map(drop)
}

/// Runs a test program, shows its output and counts its tests. The tally is complete even when the program failed.
pub fn run_tests(command: &mut Command) -> (Tally, Result<()>) {
    println!("$ {}", describe(command));
    let mut tally = Tally::default();
    let result = (|| {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| start_error(command))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally.read(&line);
        }
        succeeded(command, child.wait()?)
    })();
    (tally, result)
}

/// The same without showing the output: it is returned, where several run at once.
pub fn quiet_tests(command: &mut Command) -> (Tally, String, Result<()>) {
    let mut tally = Tally::default();
    match command.stdin(Stdio::null()).output() {
        Ok(output) => {
            let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
            said.push_str(&String::from_utf8_lossy(&output.stderr));
            said.lines().for_each(|line| tally.read(line));
            (tally, said, succeeded(command, output.status))
        }
        Err(error) => {
            let error = anyhow::Error::from(error).context(start_error(command));
            (tally, String::new(), Err(error))
        }
    }
}

/// A server we started. It ends when this is dropped: asked first, then killed, by its own pid.
pub struct Server {
    child: Child,
    name: String,
}

impl Server {
    /// Starts it.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        println!("$ {} &", describe(command));
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| start_error(command))?;
        Ok(Self {
            child,
            name: name.to_owned(),
        })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until `GET path` at `address` answers 200, or fails with the reason after `bound`.
    pub fn wait_healthy(&mut self, address: &str, path: &str, bound: Duration) -> Result<()> {
        let deadline = Instant::now() + bound;
        loop {
            if let Some(status) = self.ended()? {
                bail!("{} ended while starting ({status}); its output is above", self.name);
            }
            let last = match get_status(address, path) {
                Ok(200) => return Ok(()),
                Ok(status) => format!("it answers {status}"),
                Err(error) => format!("{error:#}"),
            };
            ensure!(
                Instant::now() < deadline,
                "{} is not healthy after {} s at {address}{path}: {last}",
                self.name,
                bound.as_secs()
            );
            sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The shell's own `kill` is on every machine, and asking lets the server stop the plugins it started.
        let pid = self.child.id();
        let _ = Command::new("sh")
            .args(["-c", &format!("kill -TERM {pid} 2>/dev/null")])
            .status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                eprintln!("{} does not stop when asked; killing it (pid {pid})", self.name);
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

/// The status of one plain-HTTP GET: all a readiness check needs, so xtask needs no HTTP library.
pub fn get_status(address: &str, path: &str) -> Result<u16> {
    let time_out = Some(Duration::from_secs(5));
    let mut stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    stream.set_read_timeout(time_out)?;
    stream.set_write_timeout(time_out)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = [0_u8; 12];
    stream.read_exact(&mut head).context("reading the answer")?;
    let line = String::from_utf8_lossy(&head);
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.with_context(|| format!("{address} does not speak HTTP: {line:?}"))
}

/// Waits for a program that must end by itself, and returns how it ended and all it said.
pub fn finish_within(command: &mut Command, bound: Duration) -> Result<(ExitStatus, String)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| start_error(command))?;
    let deadline = Instant::now() + bound;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            bail!("`{}` was still running after {} s", describe(command), bound.as_secs());
        }
        sleep(Duration::from_millis(20));
    };
    let mut said = String::new();
    if let Some(mut out) = child.stdout.take() {
        out.read_to_string(&mut said)?;
    }
    if let Some(mut err) = child.stderr.take() {
        err.read_to_string(&mut said)?;
    }
    Ok((status, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_what_it_said() {
        let error = output(Command::new("sh").args(["-c", "echo the reason >&2; exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("sh -c") && error.contains("the reason") && error.contains('3'),
            "{error}"
        );
    }

    #[test]
    fn tests_are_counted_even_when_the_program_fails() {
        let script = "echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'; exit 101";
        let (tally, result) = run_tests(Command::new("sh").args(["-c", script]));
        assert_eq!((tally.passed, tally.failed), (2, 1));
        assert!(result.is_err());
    }

    #[test]
    fn tests_that_run_quietly_are_counted_and_told_the_same() {
        let script = "echo 'ℹ pass 2'; echo 'ℹ skipped 1'; echo why >&2; exit 1";
        let (tally, said, result) = quiet_tests(Command::new("sh").args(["-c", script]));
        assert_eq!((tally.passed, tally.failed, tally.skipped), (2, 0, 1));
        assert!(said.contains("pass 2") && said.contains("why"), "{said}");
        assert!(result.is_err());
    }

    #[test]
    fn a_server_that_dies_while_starting_is_told_at_once() {
        let mut server = Server::start("the server", Command::new("sh").args(["-c", "exit 7"])).unwrap();
        let error = server
            .wait_healthy("127.0.0.1:9", "/", Duration::from_secs(30))
            .unwrap_err()
            .to_string();
        assert!(error.contains("the server ended while starting"), "{error}");
    }

    #[test]
    fn a_server_ends_with_the_one_who_started_it() {
        let server = Server::start("the server", Command::new("sleep").arg("600")).unwrap();
        let pid = server.child.id();
        assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
        drop(server);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn a_copied_program_starts_while_other_threads_fork() {
        let dir = tempfile::tempdir().unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        Command::new("/bin/true").status().unwrap();
                    }
                });
            }
            let start = |attempt: usize| {
                let program = dir.path().join(attempt.to_string());
                copy_program(Path::new("/bin/true"), &program)?;
                run(&mut Command::new(&program))
            };
            let started: Vec<_> = (0..100).map(start).collect();
            // Before any failure is told, or the threads would fork on and be waited for.
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            started.into_iter().for_each(Result::unwrap);
        });
    }

    #[test]
    fn a_program_that_should_end_but_does_not_is_killed() {
        let error = finish_within(Command::new("sleep").arg("600"), Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("still running"), "{error}");
    }
}
