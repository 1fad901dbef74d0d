//! No function over 80 lines and no file over 500, outside tests.
//!
//! Owns: both bounds. Must never need a compiler: rustfmt has put the
//! end of each function where its beginning stands. Start at [`check`].

use super::own_tests;

/// What fits on two screens.
const FUNCTION_LINES: usize = 80;
/// What one sits down to read.
const FILE_LINES: usize = 500;

/// Each function here gives every case of an enum its sentence. That is a list, read by looking a
/// case up, and the compiler holds it complete.
const LISTS: &str = "backend/domain/src/wording/";

/// What one file has that is too long.
pub fn check(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs") {
        return Vec::new();
    }
    let lines: Vec<&str> = own_tests::without(text).lines().collect();
    let mut problems = Vec::new();
    if lines.len() > FILE_LINES {
        problems.push(format!(
            "{path}: has {} lines without its tests; up to {FILE_LINES}, so part it by what its parts own",
            lines.len()
        ));
    }
    let functions = if path.starts_with(LISTS) {
        Vec::new()
    } else {
        long_functions(&lines)
    };
    for (line, name, length) in functions {
        problems.push(format!(
            "{path}:{line}: `{name}` has {length} lines; up to {FUNCTION_LINES}, so give a part of it a name"
        ));
    }
    problems
}

/// Line, name and length of the functions that are too long.
fn long_functions<'a>(lines: &[&'a str]) -> Vec<(usize, &'a str, usize)> {
    let mut long = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else { continue };
        // A function of one line, or one that a trait only declares.
        if line.ends_with([';', '}']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let same = |line: &&str| line.len() - line.trim_start().len() == indent;
        let after = lines.get(at + 1..).unwrap_or_default().iter();
        let body = after.take_while(|line| !(same(line) && line.ends_with(';')));
        let mut inside = body.enumerate();
        let end = inside.find(|(_, line)| same(line) && line.trim_start() == "}");
        let length = end.map_or(0, |(end, _)| end + 2);
        if length > FUNCTION_LINES {
            long.push((at + 1, name, length));
        }
    }
    long
}

/// The name of the function that begins in this line.
fn function(line: &str) -> Option<&str> {
    const BEFORE: &[&str] = &["pub", "async", "const", "unsafe", "extern", "default"];
    let (before, after) = line.split_once("fn ")?;
    let known = |word: &str| BEFORE.contains(&word) || word.starts_with("pub(");
    if !before.split_whitespace().all(known) {
        return None;
    }
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    after.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: usize) -> String {
        format!(
            "fn short() {{}}\n\npub(crate) async fn long() {{\n{}}}\n",
            "    x();\n".repeat(lines - 2)
        )
    }

    #[test]
    fn a_function_over_the_bound_is_told_with_its_length() {
        assert!(check("a/src/b.rs", &text(80)).is_empty());
        let problems = check("a/src/b.rs", &text(81));
        assert!(
            problems.len() == 1 && problems[0].contains("b.rs:3: `long` has 81 lines"),
            "{problems:?}"
        );
        assert!(check("a/src/tests/b.rs", &text(81)).is_empty());
        assert!(check("a/src/b.rs", &format!("mod tests {{\n{}", text(81))).is_empty());
    }

    #[test]
    fn a_file_over_the_bound_is_told_and_its_tests_do_not_count() {
        let lines = "//\n".repeat(500);
        assert!(check("a.rs", &format!("{lines}mod tests {{\n//\n}}\n")).is_empty());
        assert!(check("a.rs", &format!("{lines}//\n"))[0].contains("501 lines"));
    }

    #[test]
    fn functions_are_known_by_their_first_line() {
        assert_eq!(function("    pub(super) const fn name<T>(x: T) {"), Some("name"));
        assert_eq!(function("let f: fn (u8) = g;"), None);
        assert_eq!(function("// what fn does"), None);
    }
}
