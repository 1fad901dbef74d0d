//! No name of a test over 60 characters: it is read in a list of a thousand.
//!
//! Owns: the bound, and which functions are tests. Must never need a compiler.
//! Start at [`check`].

/// What a list of failures shows beside the name of the module.
const LONGEST: usize = 60;

/// The tests of one file whose names are too long.
pub fn check(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut is_test = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.starts_with("#[") {
            is_test = is_test || line.contains("test]") || line.contains("test(");
            continue;
        }
        let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = name.filter(|_| is_test) {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
            if name.len() > LONGEST {
                problems.push(format!(
                    "{path}:{}: `{name}` has {} characters; a test is named in up to {LONGEST}: \
                     what a user notices, without how",
                    at + 1,
                    name.len()
                ));
            }
        }
        is_test = false;
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_with_a_long_name_is_told_and_another_function_is_not() {
        let (long, short) = ("x".repeat(61), "x".repeat(60));
        for attribute in ["#[test]", "#[tokio::test]", "#[tokio::test(start_paused = true)]"] {
            let named = |name: &str| format!("{attribute}\n    async fn {name}() {{\n");
            assert!(check("a.rs", &named(&long))[0].starts_with("a.rs:2: `xxx"));
            assert!(check("a.rs", &named(&short)).is_empty());
        }
        assert!(check("a.rs", &format!("fn {long}() {{}}\n")).is_empty());
        assert!(check("a.rs", &format!("#[must_use]\nfn {long}() {{}}\n")).is_empty());
    }
}
