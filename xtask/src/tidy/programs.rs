//! No test starts a program that its own process has written.
//!
//! Owns: seeing that in the text. Must never need a compiler. `process::copy_program` says why such
//! a start fails now and then ("text file busy").

use super::own_tests;

/// What makes a file a program, or copies one.
const WRITES: &[&str] = &["0o755", "0o700", "0o777", "fs::copy(env!(\"CARGO_BIN_EXE"];
/// What starts one: by this process, or by the stand-in that runs in it.
const STARTS: &[&str] = &["Command::new(", "with_plugins("];

/// The lines of tests that write a program, in files whose tests start programs.
pub fn check(path: &str, text: &str) -> Vec<String> {
    let own = if path.starts_with("tests/") || path.contains("/tests/") {
        0
    } else {
        own_tests::begin(text)
    };
    let above = text.get(..own).unwrap_or_default().lines().count();
    let tests = text.get(own..).unwrap_or_default();
    if !STARTS.iter().any(|start| tests.contains(start)) {
        return Vec::new();
    }
    let writes = |line: &str| WRITES.iter().any(|write| line.contains(write));
    let lines = tests.lines().enumerate().filter(|(_, line)| writes(line));
    lines
        .map(|(index, _)| {
            format!(
                "{path}:{}: a test may not start what its own process wrote (“text file busy”): \
                 link to the program, or have another process copy it",
                above + index + 1
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // In parts, because this file is checked too.
    const MODE: &str = concat!("0o", "755");
    const COPY: &str = concat!("fs::copy(", "env!(\"CARGO_BIN_EXE_gpx-echo\"), plugin).unwrap();\n");

    #[test]
    fn a_test_that_writes_and_starts_a_program_is_told() {
        let text = format!("//! Owns.\n{COPY}options.with_plugins(plugins)");
        let problems = check("tests/contract/resources.rs", &text);
        assert!(
            problems.len() == 1 && problems[0].contains("resources.rs:2:"),
            "{problems:?}"
        );
        let text = format!("fn f() {{}}\nmod tests {{\nplace(&p, {MODE});\nCommand::new(&p);\n}}\n");
        let problems = check("xtask/src/build.rs", &text);
        assert!(
            problems.len() == 1 && problems[0].contains("build.rs:3:"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_test_that_only_writes_or_only_starts_is_none() {
        assert!(check("tests/contract/resources.rs", COPY).is_empty());
        assert!(check("tests/e2e/main.rs", "Command::new(program)").is_empty());
        assert!(
            check(
                "xtask/src/build.rs",
                &format!("{MODE}; Command::new(p);\nmod tests {{\n}}")
            )
            .is_empty()
        );
    }
}
