//! The page as people see it: in a real browser, inside Grafana's own page.
//!
//! Owns: which test runs in which Grafana, and running them side by side. Must never let two test
//! files share a Grafana: each has a stand-in, a data directory and a port of its own, so that they
//! may run at once and in any order. Start at [`run`].

use crate::dev::{Hosting, StandIn, free_address};
use crate::package;
use crate::process::{self, Server};
use crate::setup;
use crate::tally::Tally;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, anyhow, ensure};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// As many people as the page must be quick with.
const CROWD: u32 = 100_000;
const TESTS: &str = "tests/browser";

/// What depends on Grafana's own page, which differs between its lines: the frame, the router, how
/// plugins are loaded, focus, themes. The other tests see our own page and its backend, which are the
/// same in every line; they run in the newest, and everywhere with `--all-lines`.
const OF_THE_LINE: &[&str] = &[
    "a11y.test.mjs",
    HOSTING_TEST,
    "keyboard.test.mjs",
    "page.test.mjs",
    "screens.test.mjs",
    "settings.test.mjs",
];
/// Runs at the root and below a sub-path in each line.
const HOSTING_TEST: &str = "hosting.test.mjs";

/// In which Grafanas the tests run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// The newest, and in the oldest what can differ there.
    Ends,
    /// Every test in every line there is a page host of.
    All,
}

impl Lines {
    fn names(self) -> Vec<&'static str> {
        match self {
            Self::Ends => vec![setup::NEWEST_LINE, setup::OLDEST_LINE],
            Self::All => setup::LINES.iter().rev().copied().collect(),
        }
    }

    fn includes(self, line: &str, file: &str) -> bool {
        self == Self::All || line == setup::NEWEST_LINE || OF_THE_LINE.contains(&file)
    }
}

/// One test file in a Grafana of its own.
#[derive(Debug, PartialEq, Eq)]
struct Job {
    line: &'static str,
    hosting: Hosting,
    file: PathBuf,
    /// With [`CROWD`] people more than the demo's.
    crowded: bool,
}

impl Job {
    fn name(&self) -> String {
        let test = self.file.file_name().unwrap_or_default().to_string_lossy();
        let test = test.trim_end_matches(".test.mjs");
        format!("{test} in Grafana {} {}", self.line, self.hosting.place())
    }
}

/// Every test, in the archive an admin downloads, unpacked into an empty plugins directory.
pub fn run(workspace: &Workspace, lines: Lines) -> (Tally, Result<()>) {
    let mut tally = Tally::default();
    let result = run_all(workspace, lines, &mut tally);
    (tally, result)
}

fn run_all(workspace: &Workspace, lines: Lines, tally: &mut Tally) -> Result<()> {
    let plugins = package::unpack(workspace, &workspace.target.join("installed/plugins"))?;
    let stand_in = StandIn::of_the_tests(workspace)?;
    let rig = Rig::new(workspace, &lines.names(), &plugins, &stand_in)?;
    let files = test_files(&workspace.root.join(TESTS))?;
    let crowd = test_files(&workspace.root.join(TESTS).join("crowd"))?;
    let jobs = jobs(lines, &files, &crowd)?;
    let demo = rig.demo()?;
    // Two browsers on two cores: while one waits for its page, the other computes.
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{} test files, {at_once} at once", jobs.len());
    let left = Mutex::new(VecDeque::from(jobs));
    let done = Mutex::new((Tally::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(job) = lock(&left).pop_front() {
                    let started = Instant::now();
                    let (found, said, result) = rig.tests(&job, &demo);
                    let mut done = lock(&done);
                    let seconds = started.elapsed().as_secs_f64();
                    println!("\n--- {}, {seconds:.1} s\n{said}", job.name());
                    done.0 += found;
                    if let Err(error) = result {
                        eprintln!("{}: {error:#}", job.name());
                        done.1.push(error.context(job.name()));
                    }
                }
            });
        }
    });
    let (found, failed) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    *tally += found;
    // One file's failure says nothing about the next one's, so all have run.
    failed.into_iter().next().map_or(Ok(()), Err)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest first, so that none is left running alone at the end.
fn jobs(lines: Lines, files: &[PathBuf], crowd: &[PathBuf]) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for (at, line) in lines.names().into_iter().enumerate() {
        // Every other line lives below a sub-path, the newest one does.
        let [hosting, other] = if at % 2 == 0 {
            [Hosting::StrictBelow, Hosting::Strict]
        } else {
            [Hosting::Strict, Hosting::StrictBelow]
        };
        let job = |file: &PathBuf, hosting, crowded| Job {
            line,
            hosting,
            file: file.clone(),
            crowded,
        };
        if at == 0 {
            jobs.extend(crowd.iter().map(|file| job(file, other, true)));
        }
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if lines.includes(line, &name) {
                jobs.push(job(file, hosting, false));
            }
            if name == HOSTING_TEST {
                jobs.push(job(file, other, false));
            }
        }
    }
    // A file's length is a fair guess of its time. The crowd has to be made first.
    let mut weighed = BTreeMap::new();
    for (at, job) in jobs.into_iter().enumerate() {
        let length = fs::metadata(&job.file).with_context(|| job.name())?.len();
        weighed.insert((!job.crowded, std::cmp::Reverse(length), at), job);
    }
    Ok(weighed.into_values().collect())
}

/// Named one by one, because a folder after `--test` means something else in each major version of
/// Node.
fn test_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?;
    let is_test = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().ends_with(".test.mjs"))
    };
    let mut tests: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_test).collect();
    tests.sort();
    ensure!(!tests.is_empty(), "there is no *.test.mjs in {}", dir.display());
    Ok(tests)
}

/// What every test needs: a browser, the plugin, and the page host of each line.
pub struct Rig<'a> {
    workspace: &'a Workspace,
    node: setup::Node,
    chromium: PathBuf,
    plugins: &'a Path,
    stand_in: &'a StandIn,
    hosts: BTreeMap<&'a str, PathBuf>,
    /// Held from looking for a free port until somebody listens there.
    port: Mutex<()>,
}

/// The demo company as its Grafana left it, and the address that Grafana had.
struct Demo {
    data_dir: PathBuf,
    url: String,
}

/// A running Grafana and where it is.
struct Running {
    _server: Server,
    url: String,
}

impl<'a> Rig<'a> {
    /// Installs what is missing and builds the page hosts.
    pub fn new(workspace: &'a Workspace, lines: &[&'a str], plugins: &'a Path, stand_in: &'a StandIn) -> Result<Self> {
        let node = setup::Node::find()?;
        let host = |line: &&'a str| Ok((*line, setup::page_host(workspace, &node, line)?));
        let hosts = lines.iter().map(host).collect::<Result<_>>()?;
        Ok(Self {
            workspace,
            node,
            chromium: setup::chromium()?,
            plugins,
            stand_in,
            hosts,
            port: Mutex::new(()),
        })
    }

    /// Always from nothing, or a test would see what the last run left.
    fn data_dir(&self, name: &str) -> Result<PathBuf> {
        let data_dir = self.workspace.target.join("browser-tests").join(name);
        if data_dir.exists() {
            fs::remove_dir_all(&data_dir)?;
        }
        fs::create_dir_all(data_dir.parent().unwrap_or(&data_dir))?;
        Ok(data_dir)
    }

    /// Pushes the demo company once; each test gets a copy.
    fn demo(&self) -> Result<Demo> {
        let data_dir = self.data_dir("demo")?;
        fs::create_dir_all(&data_dir)?;
        let line = self.hosts.keys().next_back().copied().context("a page host")?;
        let running = self.start(&data_dir, line, Hosting::Plain, None)?;
        self.stand_in.demo(&running.url, "admin", "admin")?;
        Ok(Demo {
            data_dir,
            url: running.url.clone(),
        })
    }

    /// A Grafana on `data_dir`, for as long as it is held. What knows the address of `demo`'s Grafana
    /// (the app's settings) is told the new one.
    fn start(&self, data_dir: &Path, line: &str, hosting: Hosting, demo: Option<&Demo>) -> Result<Running> {
        let _port = lock(&self.port);
        let listen = free_address()?;
        let url = format!("http://{listen}{}", hosting.sub_path());
        if let Some(demo) = demo {
            let state = data_dir.join("grafana.json");
            let text = fs::read_to_string(&state).context("the stand-in's state")?;
            ensure!(
                text.contains(&demo.url),
                "{} does not name {}",
                state.display(),
                demo.url
            );
            fs::write(&state, text.replace(&demo.url, &url))?;
        }
        let host = self.hosts.get(line).context("a page host of each line")?;
        let log = data_dir.with_extension("log");
        let server = self
            .stand_in
            .serve(self.plugins, &listen, host, data_dir, hosting, Some(&log))?;
        Ok(Running { _server: server, url })
    }

    /// Runs one file. Returns its counts, all it said, and how it went.
    fn tests(&self, job: &Job, demo: &Demo) -> (Tally, String, Result<()>) {
        let prepared = (|| {
            let running = self.start_for(job, demo)?;
            let mut node = self.script(&running.url, if job.crowded { "crowd" } else { job.line })?;
            node.args(["--test", "--test-reporter=spec"]).arg(&job.file);
            anyhow::Ok((running, node))
        })();
        match prepared {
            Ok((_running, mut node)) => {
                let (found, said, result) = process::quiet_tests(&mut node);
                let ran = found.passed + found.skipped > 0;
                let result = result.and_then(|()| ran.then_some(()).ok_or_else(|| anyhow!("node ran no test")));
                (found, said, result)
            }
            Err(error) => (Tally::default(), String::new(), Err(error)),
        }
    }

    fn start_for(&self, job: &Job, demo: &Demo) -> Result<Running> {
        let data_dir = self.data_dir(&job.name().replace([' ', '.'], "-"))?;
        process::output(Command::new("cp").arg("-r").args([&demo.data_dir, &data_dir]))?;
        if job.crowded {
            self.stand_in.crowd(&data_dir, CROWD)?;
        }
        self.start(&data_dir, job.line, job.hosting, Some(demo))
    }

    /// `node` for a script that asks the Grafana at `url`.
    fn script(&self, url: &str, screenshots: &str) -> Result<Command> {
        let mut node = self.node.command(self.workspace)?;
        let screenshots = self.workspace.target.join("screenshots").join(screenshots);
        node.env("GRAFANA_URL", url)
            .env("GRAFANA_USER", "admin")
            .env("GRAFANA_PASSWORD", "admin")
            .env("CHROMIUM", &self.chromium)
            .env("SCREENSHOTS", screenshots);
        Ok(node)
    }

    /// How long the page makes one wait with [`CROWD`] people: `cargo xtask bench`.
    pub fn measure(&self) -> Result<()> {
        let job = Job {
            line: setup::NEWEST_LINE,
            hosting: Hosting::Plain,
            file: PathBuf::from(TESTS).join("measure.mjs"),
            crowded: true,
        };
        let running = self.start_for(&job, &self.demo()?)?;
        process::run(self.script(&running.url, "measured")?.arg(&job.file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &Path, names: &[&str]) -> Vec<PathBuf> {
        for name in names {
            fs::write(dir.join(name), "x".repeat(name.len())).unwrap();
        }
        test_files(dir).unwrap()
    }

    fn planned(lines: Lines) -> Vec<(&'static str, String, bool)> {
        let dir = tempfile::tempdir().unwrap();
        let files = files(dir.path(), &["page.test.mjs", "users.test.mjs", HOSTING_TEST]);
        let crowd = [dir.path().join("users.test.mjs")];
        let jobs = jobs(lines, &files, &crowd).unwrap();
        let plan = |job: &Job| {
            let file = job.file.file_name().unwrap().to_string_lossy().into_owned();
            (job.line, file, job.hosting == Hosting::StrictBelow)
        };
        assert!(jobs[0].crowded && jobs.iter().filter(|job| job.crowded).count() == 1);
        jobs.iter().skip(1).map(plan).collect()
    }

    #[test]
    fn every_test_runs_in_the_newest_line_and_some_in_the_oldest() {
        let (newest, oldest) = (setup::NEWEST_LINE, setup::OLDEST_LINE);
        let expected = [
            (newest, HOSTING_TEST.to_owned(), true),
            (newest, HOSTING_TEST.to_owned(), false),
            (oldest, HOSTING_TEST.to_owned(), false),
            (oldest, HOSTING_TEST.to_owned(), true),
            (newest, "users.test.mjs".to_owned(), true),
            (newest, "page.test.mjs".to_owned(), true),
            (oldest, "page.test.mjs".to_owned(), false),
        ];
        assert_eq!(planned(Lines::Ends), expected);
    }

    #[test]
    fn every_test_runs_in_every_line_where_all_are_asked_for() {
        let planned = planned(Lines::All);
        for line in setup::LINES {
            let here: Vec<_> = planned.iter().filter(|(of, ..)| of == line).collect();
            assert_eq!(here.len(), 4, "{line}: {here:?}");
        }
        assert_eq!(setup::LINES.first(), Some(&setup::OLDEST_LINE));
        assert_eq!(setup::LINES.last(), Some(&setup::NEWEST_LINE));
    }

    #[test]
    fn every_test_that_is_named_is_there() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(TESTS);
        for name in OF_THE_LINE {
            assert!(tests.join(name).is_file(), "{name}");
        }
    }

    #[test]
    fn only_test_files_are_given_to_node() {
        let dir = tempfile::tempdir().unwrap();
        let error = test_files(dir.path()).unwrap_err().to_string();
        assert!(error.contains("*.test.mjs"), "{error}");
        let found = files(dir.path(), &["page.test.mjs", "build.mjs", "settings.test.mjs"]);
        let names: Vec<_> = found.iter().map(|p| p.file_name().unwrap()).collect();
        assert_eq!(names, ["page.test.mjs", "settings.test.mjs"]);
    }
}
