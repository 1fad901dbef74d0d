//! No code reads a sentence (invariant: reasons, actions and states are types).
//!
//! Owns: seeing a comparison with words that a person reads. Must never judge tests, which compare
//! sentences on purpose. Start at [`check`].

use super::own_tests;
use regex_lite::Regex;

/// Code that reads sentences of others, and whose they are.
const OTHERS: &[(&str, &str)] = &[
    (
        "backend/grafana/src/failure.rs",
        "Grafana names some refusals by a message only",
    ),
    (
        "backend/grafana/src/users.rs",
        "Grafana answers a taken login by a message only",
    ),
];

/// A text with a blank between two words, where it is compared: by an operator, by a method that
/// looks into a text, or by an arm of a `match`.
const COMPARISON: &str = concat!(
    r#"(?:\b(?:starts_with|ends_with|contains|strip_prefix|strip_suffix|find|eq_ignore_ascii_case)"#,
    r#"\(\s*|[=!]=\s*)&?"[^"\\]*[A-Za-z,.:]\s[A-Za-z][^"\\]*"|"[^"\\]*[A-Za-z]\s[A-Za-z][^"\\]*"\s*=>"#
);

/// The lines of the product that compare something with a sentence.
pub fn check(path: &str, text: &str) -> Vec<String> {
    let product = path.starts_with("backend/") || path.starts_with("frontend/src/");
    let tests = path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/benches/");
    if !product || tests || OTHERS.iter().any(|(other, _)| *other == path) {
        return Vec::new();
    }
    let Ok(comparison) = Regex::new(COMPARISON) else {
        return vec![format!("{path}: the pattern of sentences.rs is no pattern")];
    };
    let code = own_tests::without(text);
    comparison
        .find_iter(code)
        .map(|hit| {
            let line = code.get(..hit.start()).unwrap_or_default().matches('\n').count() + 1;
            format!(
                "{path}:{line}: compares with a sentence ({}): make what it says a type, and the \
                 sentence of it in domain/src/wording; another program's sentence has a line in \
                 xtask/src/tidy/sentences.rs",
                hit.as_str()
            )
        })
        .collect()
}

/// Entries of files that read no sentence any more, or are gone.
pub fn without_need(read: impl Fn(&str) -> String) -> Vec<String> {
    let Ok(comparison) = Regex::new(COMPARISON) else {
        return Vec::new();
    };
    let idle = OTHERS.iter().filter(|(path, _)| !comparison.is_match(&read(path)));
    idle.map(|(path, _)| format!("{path} reads no sentence: take it off the list in xtask/src/tidy/sentences.rs"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(code: &str) -> usize {
        check("backend/engine/src/scan.rs", code).len()
    }

    #[test]
    fn a_comparison_with_a_sentence_is_told_with_its_line() {
        // The five that this project had, in their shapes.
        assert_eq!(lines("if !shown.starts_with(\"Could not disable\") {"), 1);
        assert_eq!(lines("let mail = problem.contains(\n    \"the e-mail of\");"), 1);
        assert_eq!(lines("if line.reason == \"This is not a caller.\" {"), 1);
        assert_eq!(lines("match action { \"deleted team\" => 1, other => 2 }"), 1);
        let told = check("frontend/src/format.rs", "\nlet x = verb != \"waits for you\";");
        assert!(told[0].starts_with("frontend/src/format.rs:2:"), "{told:?}");
    }

    #[test]
    fn codes_sentences_that_are_written_and_tests_are_none() {
        assert_eq!(lines("if kind == \"User\" { say(\"The user waits for you.\") }"), 0);
        assert_eq!(lines("path.starts_with(\"/api/users\")"), 0);
        assert_eq!(lines("fn f() {}\nmod tests {\n assert!(x == \"two words\"); }"), 0);
        assert!(check("tests/e2e/main.rs", "x == \"two words\"").is_empty());
        assert!(check("backend/grafana/src/failure.rs", "x == \"Team name taken\"").is_empty());
    }

    #[test]
    fn a_file_that_reads_no_sentence_leaves_the_list() {
        assert_eq!(without_need(|_| String::new()).len(), OTHERS.len());
        assert!(without_need(|_| "x == \"two words\"".to_owned()).is_empty());
    }
}
