//! How many tests passed and failed, read from what the test programs print.
//!
//! Owns: the two formats (cargo's and node's). Must never guess: a line of another form counts nothing.

/// Counts, to be added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests of node that said they do not apply here.
    pub skipped: u64,
}

impl Tally {
    /// Takes one line of output into account.
    pub fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            // "ok. 3 passed; 0 failed; 0 ignored; …"
            self.passed += before(result, " passed");
            self.failed += before(result, " failed");
        } else if let Some(count) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) {
            // Node's tap reporter writes "# pass 3", its spec reporter "ℹ pass 3"; a cancelled test did not pass.
            let (word, number) = count.split_once(' ').unwrap_or_default();
            let number = number.trim().parse().unwrap_or(0);
            match word {
                "pass" => self.passed += number,
                "fail" | "cancelled" => self.failed += number,
                "skipped" => self.skipped += number,
                _ => {}
            }
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// The form CI reads, alone on its line.
impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn before(text: &str, word: &str) -> u64 {
    let head = text
        .split(word)
        .next()
        .filter(|head| head.len() < text.len())
        .unwrap_or_default();
    head.rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (u64, u64) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read(line));
        (tally.passed, tally.failed)
    }

    #[test]
    fn cargo_results_of_several_programs_add_up() {
        let lines = [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ];
        assert_eq!(read(&lines), (15, 2));
    }

    #[test]
    fn both_of_nodes_reporters_are_understood() {
        assert_eq!(read(&["# tests 5", "# pass 4", "# fail 1", "# cancelled 0"]), (4, 1));
        assert_eq!(read(&["ℹ tests 5", "ℹ pass 3", "ℹ fail 1", "ℹ cancelled 1"]), (3, 2));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(
            read(&["test a::b ... ok", "# Subtest: pass 9 of them", "10 passed, 3 failed"]),
            (0, 0)
        );
    }

    #[test]
    fn the_summary_has_the_form_ci_reads() {
        let tally = Tally {
            passed: 15,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(tally.to_string(), "15 passed, 2 failed");
    }
}
