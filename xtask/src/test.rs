//! `cargo xtask test`: everything a change must pass, from a bare machine.
//!
//! Owns: the order of the steps, their set-up, and the summary line CI reads. Must never skip a step without being told to.
//! Start at [`STEPS`].

use crate::build::{self, Backend};
use crate::check;
use crate::dev::{Hosting, StandIn, free_address};
use crate::package;
use crate::process::{self, Server};
use crate::setup;
use crate::tally::Tally;
use crate::tidy;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What a step found, and how it went.
type Outcome = (Tally, Result<()>);

struct Step {
    name: &'static str,
    run: fn(&Workspace, &Selection) -> Outcome,
    /// Left out by `--fast`.
    slow: bool,
}

/// Cheap ones first: the common mistakes fail within a minute.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        run: |w, _| plain(check::formatting(w)),
        slow: false,
    },
    Step {
        name: "tidy",
        run: |w, _| plain(tidy::run(w)),
        slow: false,
    },
    Step {
        name: "clippy",
        run: |w, _| plain(check::lints(w)),
        slow: false,
    },
    Step {
        name: "unit",
        run: |w, _| check::unit_tests(w),
        slow: false,
    },
    Step {
        name: "build",
        run: |w, _| plain(build::run(w, Backend::Dev).map(drop)),
        slow: false,
    },
    Step {
        name: "acceptance",
        run: |w, _| acceptance(w),
        slow: false,
    },
    Step {
        name: "package",
        run: |w, _| plain(package::run(w).map(drop)),
        slow: true,
    },
    Step {
        name: "chroot",
        run: |w, _| plain(package::starts_in_an_empty_root(w)),
        slow: true,
    },
    Step {
        name: "browser",
        run: browser,
        slow: true,
    },
];

fn plain(result: Result<()>) -> Outcome {
    (Tally::default(), result)
}

/// Which steps to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    fast: bool,
    only: Option<String>,
    /// The browser tests in every line of Grafana we have a page host of, not only in the oldest and the newest.
    all_lines: bool,
}

impl Selection {
    /// Reads `--fast`, `--only STEP` and `--all-lines`.
    pub fn parse(options: &[&str]) -> Result<Self> {
        let mut selection = Self::default();
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match *option {
                "--fast" => selection.fast = true,
                "--all-lines" => selection.all_lines = true,
                "--only" => {
                    let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                    let step = options.next().copied().unwrap_or_default();
                    ensure!(names.contains(&step), "--only takes one of: {}", names.join(", "));
                    selection.only = Some(step.to_owned());
                }
                other => bail!("no such option: {other}"),
            }
        }
        Ok(selection)
    }

    fn lines(&self) -> &'static [&'static str] {
        if self.all_lines {
            setup::LINES
        } else {
            &[setup::OLDEST_LINE, setup::NEWEST_LINE]
        }
    }

    fn includes(&self, step: &Step) -> bool {
        match &self.only {
            Some(only) => step.name == only,
            None => !(self.fast && step.slow),
        }
    }
}

/// Runs the chosen steps up to the first that fails.
pub fn run(workspace: &Workspace, selection: &Selection) -> Result<()> {
    setup::c_compiler()?;
    let mut tally = Tally::default();
    let mut outcome = Ok(());
    for step in STEPS.iter().filter(|step| selection.includes(step)) {
        println!("\n=== {}", step.name);
        let started = Instant::now();
        let (found, result) = (step.run)(workspace, selection);
        tally += found;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "=== {} {} in {seconds:.1} s",
            step.name,
            if result.is_ok() { "passed" } else { "FAILED" }
        );
        if let Err(error) = result {
            // A step that failed without a failed test (a lint, a build) must not read like success.
            if found.failed == 0 {
                tally.failed += 1;
            }
            outcome = Err(error.context(format!(
                "step `{}` failed; alone: cargo xtask test --only {}",
                step.name, step.name
            )));
            break;
        }
    }
    println!("{tally}");
    outcome
}

/// Black-box tests against the plugin as built.
fn acceptance(workspace: &Workspace) -> Outcome {
    let python = match setup::scim2_tester(workspace) {
        Ok(python) => python,
        Err(error) => return plain(Err(error)),
    };
    let mut cargo = workspace.cargo();
    cargo
        .env("ROLLCALL_PLUGIN_DIR", workspace.plugin_dir())
        .env("ROLLCALL_SCIM2_PYTHON", python);
    process::run_tests(cargo.args(["test", "--package", "acceptance", "--no-fail-fast"]))
}

/// The page as people see it: the archive an admin downloads, unpacked into an empty plugins directory of the stand-in, with the demo
/// company, in a real browser, inside the oldest and the newest Grafana we support, or in all that `--all-lines` asks for.
fn browser(workspace: &Workspace, selection: &Selection) -> Outcome {
    let mut tally = Tally::default();
    let result = (|| {
        let node = setup::Node::find()?;
        let chromium = setup::chromium()?;
        let plugins = package::unpack(workspace, &workspace.target.join("installed/plugins"))?;
        let stand_in = StandIn::build(workspace)?;
        let tests = workspace.root.join("tests/browser");
        let mut failed = Vec::new();
        for (at, line) in selection.lines().iter().enumerate() {
            // Every other line lives below a sub-path; the newest one does with the crowd.
            let hosting = if at % 2 == 0 {
                Hosting::StrictBelow
            } else {
                Hosting::Strict
            };
            println!("in Grafana {line}, {hosting:?}:");
            let rig = BrowserRig::new(workspace, line, &node, &chromium, &plugins, &stand_in)?;
            failed.extend(rig.run(hosting, &tests, &mut tally).err());
        }
        println!("in Grafana {} with {CROWD} people:", setup::NEWEST_LINE);
        let rig = BrowserRig::new(workspace, setup::NEWEST_LINE, &node, &chromium, &plugins, &stand_in)?;
        failed.extend(
            rig.run_crowded(Hosting::StrictBelow, &tests.join("crowd"), &mut tally)
                .err(),
        );
        // One line's failure says nothing about the next one's.
        failed.into_iter().next().map_or(Ok(()), Err)
    })();
    (tally, result)
}

/// As many people as the page must be quick with.
pub const CROWD: u32 = 100_000;

/// One line of Grafana's page, and what its tests need.
pub struct BrowserRig<'a> {
    workspace: &'a Workspace,
    line: &'a str,
    node: &'a setup::Node,
    chromium: &'a Path,
    plugins: &'a Path,
    stand_in: &'a StandIn,
    host_assets: PathBuf,
}

impl<'a> BrowserRig<'a> {
    /// Builds the page host.
    pub fn new(
        workspace: &'a Workspace,
        line: &'a str,
        node: &'a setup::Node,
        chromium: &'a Path,
        plugins: &'a Path,
        stand_in: &'a StandIn,
    ) -> Result<Self> {
        let host_assets = setup::page_host(workspace, node, line)?;
        Ok(Self {
            workspace,
            line,
            node,
            chromium,
            plugins,
            stand_in,
            host_assets,
        })
    }

    /// A Grafana with the demo company, for as long as the server is held, and where it is.
    fn start(&self, data_dir: &Path, hosting: Hosting) -> Result<(Server, String)> {
        let listen = free_address()?;
        let server = self
            .stand_in
            .serve(self.plugins, &listen, &self.host_assets, data_dir, hosting)?;
        Ok((server, format!("http://{listen}{}", hosting.sub_path())))
    }

    /// Always from nothing, or a test would see what the last run left.
    fn data_dir(&self, name: &str) -> Result<PathBuf> {
        let data_dir = self.workspace.target.join("browser-tests").join(name);
        if data_dir.exists() {
            fs::remove_dir_all(&data_dir)?;
        }
        fs::create_dir_all(&data_dir)?;
        Ok(data_dir)
    }

    /// `node` for a script that asks the Grafana at `url`.
    fn script(&self, url: &str, screenshots: &str) -> Result<Command> {
        let mut node = self.node.command(self.workspace)?;
        node.env("GRAFANA_URL", url)
            .env("GRAFANA_USER", "admin")
            .env("GRAFANA_PASSWORD", "admin")
            .env("CHROMIUM", self.chromium)
            .env(
                "SCREENSHOTS",
                self.workspace.target.join("screenshots").join(screenshots),
            );
        Ok(node)
    }

    fn run(&self, hosting: Hosting, tests: &Path, tally: &mut Tally) -> Result<()> {
        let (_server, url) = self.start(&self.data_dir(self.line)?, hosting)?;
        self.stand_in.demo(&url, "admin", "admin")?;
        self.tests(&url, self.line, tests, tally)
    }

    /// The same with [`CROWD`] people more.
    fn run_crowded(&self, hosting: Hosting, tests: &Path, tally: &mut Tally) -> Result<()> {
        let (_server, url) = self.start_crowded(hosting)?;
        self.tests(&url, "crowd", tests, tally)
    }

    /// The demo company grows while its Grafana is down: what was pushed once is copied in the store.
    fn start_crowded(&self, hosting: Hosting) -> Result<(Server, String)> {
        let data_dir = self.data_dir("crowd")?;
        let (server, url) = self.start(&data_dir, hosting)?;
        self.stand_in.demo(&url, "admin", "admin")?;
        drop(server);
        self.stand_in.crowd(&data_dir, CROWD)?;
        self.start(&data_dir, hosting)
    }

    /// How long the page makes one wait with [`CROWD`] people: `cargo xtask bench`.
    pub fn measure(&self) -> Result<()> {
        let (_server, url) = self.start_crowded(Hosting::Plain)?;
        process::run(self.script(&url, "measured")?.arg("tests/browser/measure.mjs"))
    }

    fn tests(&self, url: &str, screenshots: &str, tests: &Path, tally: &mut Tally) -> Result<()> {
        let mut node = self.script(url, screenshots)?;
        // One at a time: they share one Grafana, and the machines are small.
        node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
            .args(browser_tests(tests)?);
        let (found, result) = process::run_tests(&mut node);
        let passed = found.passed;
        *tally += found;
        result?;
        ensure!(passed > 0, "node ran no browser test in Grafana {}", self.line);
        Ok(())
    }
}

/// Named one by one, because a folder after `--test` means something else in each major version of Node.
fn browser_tests(dir: &Path) -> Result<Vec<PathBuf>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(options: &[&str]) -> Vec<&'static str> {
        let selection = Selection::parse(options).unwrap();
        STEPS
            .iter()
            .filter(|step| selection.includes(step))
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn everything_runs_unless_told_otherwise() {
        assert_eq!(chosen(&[]).len(), STEPS.len());
        assert_eq!(
            chosen(&["--fast"]),
            ["fmt", "tidy", "clippy", "unit", "build", "acceptance"]
        );
        assert_eq!(chosen(&["--fast", "--only", "browser"]), ["browser"]);
    }

    #[test]
    fn the_oldest_and_the_newest_grafana_are_tried_unless_all_are_asked_for() {
        let lines = |options: &[&str]| Selection::parse(options).unwrap().lines();
        assert_eq!(lines(&["--only", "browser"]), [setup::OLDEST_LINE, setup::NEWEST_LINE]);
        assert_eq!(lines(&["--all-lines"]), setup::LINES);
        assert_eq!(setup::LINES.first(), Some(&setup::OLDEST_LINE));
        assert_eq!(setup::LINES.last(), Some(&setup::NEWEST_LINE));
    }

    #[test]
    fn a_step_that_does_not_exist_is_told_with_those_that_do() {
        let error = Selection::parse(&["--only", "lint"]).unwrap_err().to_string();
        assert!(error.contains("clippy") && error.contains("browser"), "{error}");
        assert!(Selection::parse(&["--only"]).is_err() && Selection::parse(&["--quick"]).is_err());
    }

    #[test]
    fn only_test_files_are_given_to_node() {
        let dir = tempfile::tempdir().unwrap();
        assert!(
            browser_tests(dir.path())
                .unwrap_err()
                .to_string()
                .contains("*.test.mjs")
        );
        for name in ["page.test.mjs", "build.mjs", "settings.test.mjs"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let names: Vec<_> = browser_tests(dir.path())
            .unwrap()
            .iter()
            .map(|p| p.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["page.test.mjs", "settings.test.mjs"]);
    }
}
