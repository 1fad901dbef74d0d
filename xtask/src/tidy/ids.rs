//! A number that names something has a type of its own (`vocabulary::OrgId` and its kin).
//!
//! Owns: seeing a bare `i64` where an id is meant. Must never judge tests, the stand-in or the JSON
//! of the page. Start at [`check`].

use super::own_tests;
use regex_lite::Regex;

/// The crates that pass ids on.
const CRATES: [&str; 5] = ["domain", "engine", "grafana", "server", "store"];

/// A field, a parameter or a variable that is an id by its name, of one number or of several.
const BARE: &str = concat!(
    r"\b(org|user|grafana|team|mapping)_ids?: &?(mut )?",
    r"(\[|Option<|Vec<|BTreeSet<|HashSet<)*&?i64\b"
);

/// The lines of the product in which an id is a bare number.
pub fn check(path: &str, text: &str) -> Vec<String> {
    let is_ours = |name: &str| path.starts_with(&format!("backend/{name}/src/"));
    let tests = path.contains("/tests/") || path.ends_with("/tests.rs");
    if tests || !CRATES.iter().any(|name| is_ours(name)) {
        return Vec::new();
    }
    let Ok(bare) = Regex::new(BARE) else {
        return vec![format!("{path}: the pattern of ids.rs is no pattern")];
    };
    let lines = own_tests::without(text).lines().enumerate();
    let hits = lines.filter_map(|(index, line)| Some((index + 1, bare.find(line)?)));
    hits.map(|(line, hit)| {
        format!(
            "{path}:{line}: `{}` is an id: give it its type (OrgId, UserId, TeamId, MappingId)",
            hit.as_str()
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(code: &str) -> usize {
        check("backend/engine/src/scan.rs", code).len()
    }

    #[test]
    fn an_id_that_is_a_bare_number_is_told_with_its_line() {
        assert_eq!(lines("fn leave(org_id: i64, user_id: i64) {}\n"), 1);
        assert_eq!(lines("    pub grafana_id: Option<i64>,\n    team_id: i64,\n"), 2);
        assert_eq!(lines("fn f(team_ids: &[i64], mapping_id: &i64) {}\n"), 1);
        let told = check("backend/store/src/records.rs", "\npub team_id: Option<i64>,\n");
        assert!(told[0].starts_with("backend/store/src/records.rs:2:"), "{told:?}");
        assert!(told[0].contains("TeamId"), "{told:?}");
    }

    #[test]
    fn types_counts_and_times_are_left_alone() {
        let fine = "fn f(org_id: OrgId, team_id: Option<TeamId>, members: i64, now_ms: i64) {}\n";
        assert_eq!(lines(fine), 0);
        // A user's id in SCIM is text.
        assert_eq!(lines("user_id: &str\n"), 0);
    }

    #[test]
    fn tests_and_the_json_of_the_page_keep_their_numbers() {
        let bare = "team_id: i64\n";
        assert_eq!(lines(&format!("mod tests {{\n{bare}}}\n")), 0);
        assert_eq!(check("backend/engine/src/tests/scans.rs", bare).len(), 0);
        assert_eq!(check("backend/admin-api/src/mappings.rs", bare).len(), 0);
    }
}
