//! The steps of a long command: which of how many, how long each took, now and the last time.
//!
//! Owns: what is printed around a step, and the times kept for the next run. Must never decide which
//! steps run. Start at [`Steps::open`].

use crate::workspace::Workspace;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

/// The steps of one run of a command.
pub struct Steps {
    file: PathBuf,
    count: usize,
    last: BTreeMap<String, f64>,
    taken: Vec<Taken>,
}

struct Taken {
    name: String,
    seconds: f64,
    passed: bool,
}

impl Steps {
    /// The `count` steps of `command`, with the times of its last run.
    pub fn open(workspace: &Workspace, command: &str, count: usize) -> Self {
        let file = workspace.target.join("steps").join(format!("{command}.json"));
        // The times are for people only: without them, or with damaged ones, everything works.
        let last = fs::read_to_string(&file).ok();
        let last = last.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            file,
            count,
            last: last.unwrap_or_default(),
            taken: Vec::new(),
        }
    }

    /// Announces the step, does it, and says how long it took.
    pub fn step<T>(&mut self, name: &str, job: impl FnOnce() -> T, ok: impl Fn(&T) -> bool) -> T {
        println!(
            "\n=== [{}/{}] {name}{}",
            self.taken.len() + 1,
            self.count,
            self.last_time(name)
        );
        let started = Instant::now();
        let result = job();
        let (seconds, passed) = (started.elapsed().as_secs_f64(), ok(&result));
        println!(
            "=== {name} {} in {}",
            if passed { "passed" } else { "FAILED" },
            time(seconds)
        );
        if passed {
            self.last.insert(name.to_owned(), seconds);
            self.keep();
        }
        self.taken.push(Taken {
            name: name.to_owned(),
            seconds,
            passed,
        });
        result
    }

    fn last_time(&self, name: &str) -> String {
        let last = self.last.get(name);
        last.map_or_else(String::new, |seconds| format!(" (last time {})", time(*seconds)))
    }

    fn keep(&self) {
        if let (Some(folder), Ok(text)) = (self.file.parent(), serde_json::to_string(&self.last)) {
            let _ = fs::create_dir_all(folder).and_then(|()| fs::write(&self.file, text));
        }
    }

    /// One line per step, and their sum.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for Taken { name, seconds, passed } in &self.taken {
            let verdict = if *passed { "passed" } else { "FAILED" };
            _ = writeln!(table, "{name:12}{:>11}  {verdict}", time(*seconds));
        }
        let sum = self.taken.iter().map(|step| step.seconds).sum();
        _ = writeln!(table, "{:12}{:>11}", "together", time(sum));
        table
    }
}

fn time(seconds: f64) -> String {
    let minutes = (seconds / 60.0).floor();
    if minutes < 1.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{minutes:.0} min {:02.0} s", (seconds - minutes * 60.0).floor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(target: &std::path::Path) -> Steps {
        let workspace = Workspace {
            root: target.to_owned(),
            target: target.to_owned(),
            version: String::new(),
            tests: Vec::new(),
            crates: Vec::new(),
        };
        Steps::open(&workspace, "test", 2)
    }

    #[test]
    fn the_next_run_knows_how_long_a_step_that_passed_took() {
        let target = tempfile::tempdir().unwrap();
        let mut first = steps(target.path());
        first.step("fmt", || true, |passed| *passed);
        first.step("unit", || false, |passed| *passed);
        let second = steps(target.path());
        assert!(second.last_time("fmt").contains("last time 0.0 s"));
        assert_eq!(second.last_time("unit"), "");
    }

    #[test]
    fn the_table_has_a_line_per_step_and_their_sum() {
        let target = tempfile::tempdir().unwrap();
        let mut steps = steps(target.path());
        steps.step("fmt", || true, |passed| *passed);
        steps.step("unit", || false, |passed| *passed);
        let table = steps.table();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 3, "{table}");
        assert!(lines[0].starts_with("fmt") && lines[0].ends_with("passed"), "{table}");
        assert!(lines[1].starts_with("unit") && lines[1].ends_with("FAILED"), "{table}");
        assert!(lines[2].starts_with("together"), "{table}");
    }

    #[test]
    fn a_time_is_told_in_minutes_from_one_minute_on() {
        assert_eq!(time(59.94), "59.9 s");
        assert_eq!(time(60.0), "1 min 00 s");
        assert_eq!(time(754.9), "12 min 34 s");
    }
}
