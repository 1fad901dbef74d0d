//! `cargo xtask test`: everything a change must pass, from a bare machine.
//!
//! Owns: the order of the steps, their set-up, and the summary line CI reads. Must never skip a step
//! without being told to. Start at [`STEPS`].
//!
//! The crates are compiled three times and no more: checked (clippy), for the tests, and as they
//! ship. The browser tests and the clients try what ships; the acceptance tests try the build with
//! debug assertions, because only that one has the places where a test ends the process or fills the disk.

use crate::browser::{self, Lines};
use crate::build;
use crate::check;
use crate::clients;
use crate::dependencies;
use crate::package;
use crate::process;
use crate::setup;
use crate::steps::Steps;
use crate::tally::Tally;
use crate::tidy;
use crate::workspace::{ACCEPTANCE, Profile, Workspace};
use anyhow::{Result, bail, ensure};

/// What a step found, and how it went.
type Outcome = (Tally, Result<()>);

struct Step {
    name: &'static str,
    run: fn(&Workspace, &Selection) -> Outcome,
    when: When,
}

/// Which runs have a step in them. Each can be asked for alone by `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Every run.
    Always,
    /// Not with `--fast`.
    Slow,
    /// With `--nightly` only.
    Nightly,
    /// By name only: the step needs what not every machine has.
    Asked,
}

/// Cheap ones first: the common mistakes fail within a minute.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        run: |w, _| plain(check::formatting(w)),
        when: When::Always,
    },
    Step {
        name: "tidy",
        run: |w, _| plain(tidy::run(w)),
        when: When::Always,
    },
    Step {
        name: "clippy",
        run: |w, _| plain(check::lints(w)),
        when: When::Always,
    },
    Step {
        name: "unit",
        run: |w, _| check::unit_tests(w),
        when: When::Always,
    },
    Step {
        name: "build",
        run: |w, selection| plain(build::run(w, selection.profile()).map(drop)),
        when: When::Always,
    },
    Step {
        name: "acceptance",
        run: |w, _| acceptance(w),
        when: When::Always,
    },
    Step {
        name: "clients",
        run: |w, selection| clients::run(w, selection.all_clients || selection.nightly),
        when: When::Slow,
    },
    Step {
        name: "package",
        run: |w, _| plain(package::run(w).map(drop)),
        when: When::Slow,
    },
    Step {
        name: "chroot",
        run: |w, _| plain(package::starts_in_an_empty_root(w)),
        when: When::Slow,
    },
    Step {
        name: "browser",
        run: |w, selection| browser::run(w, selection.lines()),
        when: When::Slow,
    },
    Step {
        name: "machete",
        run: |w, _| plain(dependencies::are_used(w)),
        when: When::Nightly,
    },
    Step {
        name: "deny",
        run: |w, _| plain(dependencies::may_come_in(w)),
        when: When::Nightly,
    },
    Step {
        name: "advisories",
        run: |w, _| plain(dependencies::have_no_advisory(w)),
        when: When::Asked,
    },
];

fn plain(result: Result<()>) -> Outcome {
    (Tally::default(), result)
}

/// Which steps to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    fast: bool,
    nightly: bool,
    only: Vec<String>,
    all_lines: bool,
    all_clients: bool,
}

impl Selection {
    /// Reads `--fast`, `--nightly`, `--all-lines`, `--clients` and `--only STEP`, which may be there
    /// several times.
    pub fn parse(options: &[&str]) -> Result<Self> {
        let mut selection = Self::default();
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match *option {
                "--fast" => selection.fast = true,
                "--nightly" => selection.nightly = true,
                "--all-lines" => selection.all_lines = true,
                "--clients" => selection.all_clients = true,
                "--only" => {
                    let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                    let step = options.next().copied().unwrap_or_default();
                    ensure!(names.contains(&step), "--only takes one of: {}", names.join(", "));
                    selection.only.push(step.to_owned());
                }
                other => bail!("no such option: {other}"),
            }
        }
        ensure!(
            !(selection.fast && selection.nightly),
            "--fast and --nightly are opposites"
        );
        Ok(selection)
    }

    fn lines(&self) -> Lines {
        if self.all_lines || self.nightly {
            Lines::All
        } else {
            Lines::Ends
        }
    }

    /// What is assembled: as it ships, unless all is to be fast.
    fn profile(&self) -> Profile {
        if self.fast { Profile::Quick } else { Profile::Shipped }
    }

    fn includes(&self, step: &Step) -> bool {
        if !self.only.is_empty() {
            return self.only.iter().any(|only| only == step.name);
        }
        match step.when {
            When::Always => true,
            When::Slow => !self.fast,
            When::Nightly => self.nightly,
            When::Asked => false,
        }
    }
}

/// Runs the chosen steps up to the first that fails.
pub fn run(workspace: &Workspace, selection: &Selection) -> Result<()> {
    setup::c_compiler()?;
    let chosen: Vec<&Step> = STEPS.iter().filter(|step| selection.includes(step)).collect();
    let mut steps = Steps::open(workspace, "test", chosen.len());
    let mut tally = Tally::default();
    let mut outcome = Ok(());
    for step in chosen {
        let run = || (step.run)(workspace, selection);
        let (found, result) = steps.step(step.name, run, |(_, result)| result.is_ok());
        tally += found;
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
    println!("\n{}\n{tally}", steps.table());
    outcome
}

/// Black-box tests against the plugin as built.
fn acceptance(workspace: &Workspace) -> Outcome {
    let python = match setup::scim2_tester(workspace) {
        Ok(python) => python,
        Err(error) => return plain(Err(error)),
    };
    let plugin = match build::breakable(workspace) {
        Ok(plugin) => plugin,
        Err(error) => return plain(Err(error)),
    };
    let mut cargo = workspace.cargo();
    cargo
        .env("ROLLCALL_PLUGIN_DIR", plugin)
        .env("ROLLCALL_SCIM2_PYTHON", python)
        .args(["test", "--workspace", "--no-fail-fast"]);
    for test in workspace
        .tests
        .iter()
        .filter(|test| test.package == ACCEPTANCE && test.name != clients::TESTS)
    {
        cargo.args(["--test", &test.name]);
    }
    process::run_tests(&mut cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(options: &[&str]) -> Vec<&'static str> {
        let selection = Selection::parse(options).unwrap();
        let included = STEPS.iter().filter(|step| selection.includes(step));
        included.map(|step| step.name).collect()
    }

    #[test]
    fn everything_runs_unless_told_otherwise() {
        let fast = ["fmt", "tidy", "clippy", "unit", "build", "acceptance"];
        assert_eq!(chosen(&["--fast"]), fast);
        let all = chosen(&[]);
        assert_eq!(all[..6], fast);
        assert_eq!(all[6..], ["clients", "package", "chroot", "browser"]);
        assert_eq!(chosen(&["--fast", "--only", "browser"]), ["browser"]);
        let in_their_order = chosen(&["--only", "acceptance", "--only", "build"]);
        assert_eq!(in_their_order, ["build", "acceptance"]);
    }

    #[test]
    fn what_takes_longer_runs_by_night_or_by_name() {
        let nightly = chosen(&["--nightly"]);
        assert!(nightly.contains(&"deny") && nightly.contains(&"machete"), "{nightly:?}");
        assert_eq!(chosen(&["--only", "advisories"]), ["advisories"]);
        assert!(Selection::parse(&["--fast", "--nightly"]).is_err());
    }

    #[test]
    fn every_line_of_grafana_is_tried_where_asked_for_and_by_night() {
        let lines = |options: &[&str]| Selection::parse(options).unwrap().lines();
        assert_eq!(lines(&["--only", "browser"]), Lines::Ends);
        assert_eq!(lines(&["--all-lines"]), Lines::All);
        assert_eq!(lines(&["--nightly"]), Lines::All);
    }

    #[test]
    fn what_is_tried_is_what_ships_unless_it_is_to_be_fast() {
        let profile = |options: &[&str]| Selection::parse(options).unwrap().profile();
        assert_eq!(profile(&[]), Profile::Shipped);
        assert_eq!(profile(&["--fast"]), Profile::Quick);
    }

    #[test]
    fn a_step_that_does_not_exist_is_told_with_those_that_do() {
        let error = Selection::parse(&["--only", "lint"]).unwrap_err().to_string();
        assert!(error.contains("clippy") && error.contains("browser"), "{error}");
        assert!(Selection::parse(&["--only"]).is_err() && Selection::parse(&["--quick"]).is_err());
    }
}
