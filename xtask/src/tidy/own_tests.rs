//! Where the tests of a Rust file begin.
//!
//! Owns: that line, for the rules that judge the product or the tests alone. Must never need a
//! compiler. Start at [`begin`].

/// Where the tests begin, in bytes: they are a file's last module. Without tests, at its end.
pub fn begin(text: &str) -> usize {
    text.find("mod tests {").unwrap_or(text.len())
}

/// What of a file is no test.
pub fn without(text: &str) -> &str {
    text.get(..begin(text)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_module_is_tests_and_a_file_may_have_none() {
        assert_eq!(without("fn f() {}\nmod tests {\n}\n"), "fn f() {}\n");
        assert_eq!(without("mod tests;\nfn f() {}\n"), "mod tests;\nfn f() {}\n");
    }
}
