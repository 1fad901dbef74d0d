//! What a comment or a document cites must be in the repository.
//!
//! Owns: the forms of a citation and where each is looked up. Must never ask a network. Start at [`Papers::check`].
//!
//! | Form | Looked up in |
//! |---|---|
//! | a number with the letter G, I or T | the headings of `docs/reference/*.md` |
//! | a number with the letter R | the list of `docs/requirements.md` |
//! | `invariant` and a number | the list "What always holds" of `ARCHITECTURE.md` |
//! | a path to a document, a link in Markdown | the tracked files, and the headings of the page |
//! | a source file in a document | the tracked files; `backend/` and `src/` may be left out, as ARCHITECTURE.md says |
//! | a test in `docs/guarantees.md` | the functions of the tracked Rust files |

use super::prose;
use regex_lite::Regex;
use std::collections::BTreeSet;

/// Where each letter's numbers are.
const NUMBERED: &[(char, &str)] = &[
    ('G', "docs/reference/grafana-behaviour.md"),
    ('I', "docs/reference/identity-providers.md"),
    ('T', "docs/reference/tools.md"),
    ('R', "docs/requirements.md"),
];
const INVARIANTS: &str = "ARCHITECTURE.md";
const GUARANTEES: &str = "docs/guarantees.md";
/// Here paths are those of other programs.
const FOREIGN: &str = "docs/reference/";

/// Papers the first versions were built from, which never were in the repository. In pieces, because this file is tracked too.
const ABSENT: &[&[&str]] = &[
    &["grafana", "-live"],
    &["grafana", "-contract"],
    &["grafana", "-lines"],
    &["scim", "-protocol"],
    &["frontend", "-contract"],
    &["backend", "-spike"],
    &["wasm", "-toolchain"],
    &["design", ".md"],
    &["design", " §"],
    &["design", "-nodes"],
    &["design", "-groups"],
    &["design", ", invariant"],
    &["house", ".md"],
    &["faults", ".md"],
    &["anchors", ".md"],
    &["ux", ".md"],
];

/// Everything that may be cited.
#[derive(Default)]
pub struct Papers {
    numbers: BTreeSet<String>,
    twice: Vec<String>,
    invariants: BTreeSet<String>,
    files: BTreeSet<String>,
    /// `page.md#heading`
    anchors: BTreeSet<String>,
    functions: BTreeSet<String>,
}

impl Papers {
    /// Takes a tracked file: its path, and its text where it has one.
    pub fn add(&mut self, path: &str, text: Option<&str>) {
        self.files.insert(path.to_owned());
        // A link to a folder is good if anything is in it.
        let folders = path.match_indices('/').map(|(end, _)| path[..end].to_owned());
        self.files.extend(folders);
        let Some(text) = text else {
            return;
        };
        if path.ends_with(".rs") {
            self.functions.extend(text.lines().filter_map(function));
        }
        if !is_markdown(path) {
            return;
        }
        if path == INVARIANTS {
            self.invariants = list_under(text, "## What always holds");
        }
        let letter = NUMBERED
            .iter()
            .find(|(_, file)| *file == path)
            .map(|(letter, _)| *letter);
        for line in prose::lines(path, text) {
            if let Some(heading) = line.text.strip_prefix('#') {
                self.anchors.insert(format!("{path}#{}", slug(heading)));
            }
            let Some(number) = letter.and_then(|letter| defined(letter, &line.text)) else {
                continue;
            };
            if !self.numbers.insert(number.clone()) {
                self.twice
                    .push(format!("{path}:{}: {number} is there already", line.number));
            }
        }
    }

    /// What does not resolve in one file.
    pub fn check(&self, path: &str, text: &str) -> Vec<String> {
        let mut problems = absent(path, text);
        for line in prose::lines(path, text) {
            let unresolved = self.unresolved(path, &line.text);
            problems.extend(unresolved.map(|problem| format!("{path}:{}: {problem}", line.number)));
            if path == GUARANTEES {
                let missing = tests(&line.text).into_iter().filter(|test| !self.has_function(test));
                problems.extend(missing.map(|test| format!("{path}:{}: no test is called {test}", line.number)));
            }
        }
        problems
    }

    /// Numbers that two facts have.
    pub fn doubled(&self) -> Vec<String> {
        self.twice.clone()
    }

    fn unresolved(&self, path: &str, line: &str) -> impl Iterator<Item = String> {
        let numbers = numbers(line)
            .into_iter()
            .filter(|number| !self.numbers.contains(number));
        let numbers = numbers.map(|number| {
            let file = NUMBERED.iter().find(|(letter, _)| number.starts_with(*letter));
            let file = file.map_or("", |(_, file)| file);
            format!("cites {number}, and {file} has no such number")
        });
        let invariants = invariants(line).into_iter();
        let invariants = invariants.filter(|number| !self.invariants.contains(number));
        let invariants =
            invariants.map(|number| format!("cites invariant {number}, and {INVARIANTS} has no such number"));
        let documents = documents(line).into_iter().filter(|named| !self.is_there(path, named));
        let documents = documents.map(|named| format!("cites {named}, which is not there"));
        let sources = sources(path, line).into_iter().filter(|named| !self.is_source(named));
        let sources = sources.map(|named| format!("cites {named}, and there is no such file"));
        let links = links(path, line).into_iter().filter(|target| !self.leads(path, target));
        let links = links.map(|target| format!("links to {target}, which is not there"));
        numbers.chain(invariants).chain(documents).chain(sources).chain(links)
    }

    /// A document named from the root, as comments do, or from the page's own folder.
    fn is_there(&self, path: &str, named: &str) -> bool {
        self.files.contains(named) || self.files.contains(&beside(path, named))
    }

    /// From the root, or short: `http/gate.rs`, `engine/person.rs`, `pages/users.rs`.
    fn is_source(&self, named: &str) -> bool {
        let (room, rest) = named.split_once('/').unwrap_or((named, ""));
        let places = [
            named.to_owned(),
            format!("backend/{room}/src/{rest}"),
            format!("backend/server/src/{named}"),
            format!("frontend/src/{named}"),
            format!("frontend/{named}"),
        ];
        places.iter().any(|place| self.files.contains(place))
    }

    /// A name that ends in `…` is the beginning of one.
    fn has_function(&self, name: &str) -> bool {
        match name.strip_suffix('…') {
            Some(beginning) => self.functions.iter().any(|function| function.starts_with(beginning)),
            None => self.functions.contains(name),
        }
    }

    fn leads(&self, path: &str, target: &str) -> bool {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let file = if file.is_empty() {
            path.to_owned()
        } else {
            beside(path, file)
        };
        let page = self.files.contains(&file);
        page && (anchor.is_empty() || self.anchors.contains(&format!("{file}#{anchor}")))
    }
}

fn is_markdown(path: &str) -> bool {
    path.ends_with(".md")
}

/// The names of absent papers, anywhere in a file: in a comment, in a text, in a script.
fn absent(path: &str, text: &str) -> Vec<String> {
    let names: Vec<String> = ABSENT.iter().map(|pieces| pieces.concat()).collect();
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(index, line)| {
            let found = names.iter().filter(move |name| names_word(line, name));
            found.map(move |name| {
                format!(
                    "{path}:{}: names “{name}”, a paper that is not in the repository; cite docs/reference (G, I, T), \
                     docs/requirements.md (R) or an invariant of {INVARIANTS}",
                    index + 1
                )
            })
        })
        .collect()
}

/// Not as the end of a longer word.
fn names_word(line: &str, name: &str) -> bool {
    let mut starts = line.match_indices(name).map(|(at, _)| at);
    starts.any(|at| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_'))
}

/// `### G12. …` defines G12 and `- **R12** …` R12.
fn defined(letter: char, line: &str) -> Option<String> {
    let heading = line.strip_prefix("### ").and_then(|rest| rest.split_once(". "));
    let entry = line.strip_prefix("- **").and_then(|rest| rest.split_once("** "));
    let (number, _) = heading.or(entry)?;
    let digits = number.strip_prefix(letter)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| number.to_owned())
}

/// The numbers of an ordered list below a heading.
fn list_under(text: &str, heading: &str) -> BTreeSet<String> {
    let below = text.lines().skip_while(|line| *line != heading).skip(1);
    let entries = below.take_while(|line| !line.starts_with("## "));
    entries
        .filter_map(|line| line.split_once(". "))
        .filter(|(number, _)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|(number, _)| number.to_owned())
        .collect()
}

fn numbers(line: &str) -> Vec<String> {
    let pattern = Regex::new(r"(?:^|[^A-Za-z0-9_/@#.-])([GITR][0-9]{1,3})(?:[^A-Za-z0-9_:]|:[^0-9]|:?$)");
    captures(line, pattern)
}

fn invariants(line: &str) -> Vec<String> {
    captures(line, Regex::new(r"[Ii]nvariants? ([0-9]+)"))
}

/// Paths to documents of ours. A path with a commit behind it, as in `docs/x.md` @02e8ee8, is another repository's.
fn documents(line: &str) -> Vec<String> {
    let ours =
        r"(?:^|[^A-Za-z0-9_/.-])((?:docs/[a-z0-9/-]+|ARCHITECTURE|CHANGELOG|CONTRIBUTING|README|SECURITY)\.md)(` @)?";
    let Ok(ours) = Regex::new(ours) else {
        return Vec::new();
    };
    let found = ours.captures_iter(line).filter(|captures| captures.get(2).is_none());
    found
        .filter_map(|captures| captures.get(1))
        .map(|path| path.as_str().to_owned())
        .collect()
}

/// Source files that a document names as code.
fn sources(path: &str, line: &str) -> Vec<String> {
    if !is_markdown(path) || path.starts_with(FOREIGN) {
        return Vec::new();
    }
    let named = r"`([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+\.(?:rs|js|mjs|tsx|css|toml|sql|yaml))(?:`|::)";
    captures(line, Regex::new(named))
}

/// `fn name(` and `async fn name(`.
fn function(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("fn ")?;
    let end = rest.find(['(', '<'])?;
    Some(rest[..end].to_owned())
}

/// The tests that a guarantee names, as `file::test`.
fn tests(line: &str) -> Vec<String> {
    captures(line, Regex::new(r"::([a-z0-9_]+…?)`"))
}

/// Where links in Markdown lead, addresses elsewhere left out.
fn links(path: &str, line: &str) -> Vec<String> {
    // Grafana shows that one below its own address: the package's check follows its links.
    if !is_markdown(path) || path == "docs/plugin-page.md" {
        return Vec::new();
    }
    let mut targets = captures(line, Regex::new(r"\]\(([^)\s]+)\)"));
    targets.retain(|target| !target.contains("://") && !target.starts_with("mailto:"));
    targets
}

/// Every first group, also where one match ends in the character that the next begins with.
fn captures(line: &str, pattern: Result<Regex, regex_lite::Error>) -> Vec<String> {
    let Ok(pattern) = pattern else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(group) = pattern.captures_at(line, from).and_then(|captures| captures.get(1)) {
        found.push(group.as_str().to_owned());
        from = group.end();
    }
    found
}

/// A path from the folder of the page that names it.
fn beside(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// A heading as the end of a link, as GitHub makes it.
fn slug(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars();
    let kept = kept.filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn papers() -> Papers {
        let mut papers = Papers::default();
        let behaviour = "# Facts\n\n### G1. A fact\n\n### G2. Another\n";
        papers.add("docs/reference/grafana-behaviour.md", Some(behaviour));
        papers.add("docs/requirements.md", Some("- **R10** Something.\n"));
        papers.add(
            "ARCHITECTURE.md",
            Some("## What always holds\n\n1. One.\n2. Two.\n\n## More\n3. No.\n"),
        );
        papers.add("README.md", Some("# Rollcall\n\n## What is `it`?\n"));
        papers.add("frontend/img/a.png", None);
        papers
    }

    #[test]
    fn a_number_that_no_document_has_is_told_with_its_line() {
        let told = papers().check("a.rs", "// a (G1)\n// b (G2, G7)\n");
        assert!(told.len() == 1 && told[0].contains("a.rs:2: cites G7"), "{told:?}");
        assert!(papers().check("a.rs", "// R1–R10\n")[0].contains("cites R1,"));
        assert!(papers().check("a.rs", "// R10, G1–G2: fine\n").is_empty());
    }

    #[test]
    fn what_only_looks_like_a_number_is_none() {
        let text = "struct G9<T1>(T1); // (G1)\n// 2026-01-01T00:00:00Z, g9, sha512-G9, G9x\nlet r = \"R9\";\n";
        assert!(
            papers().check("a.rs", text).is_empty(),
            "{:?}",
            papers().check("a.rs", text)
        );
    }

    #[test]
    fn an_invariant_that_does_not_hold_is_told() {
        assert!(papers().check("a.rs", "// invariant 2\n").is_empty());
        assert!(papers().check("a.rs", "// invariant 3\n")[0].contains("invariant 3"));
    }

    #[test]
    fn an_absent_paper_is_told_wherever_it_stands() {
        for name in ABSENT.iter().map(|pieces| pieces.concat()) {
            let told = papers().check("a.sh", &format!("x\nsee {name} 2\n"));
            assert!(told.len() == 1 && told[0].contains("a.sh:2"), "{name}: {told:?}");
        }
        let folder = ["rollcall-wasm", "-toolchain", " and redesign", ".md"].concat();
        assert!(papers().check("a.sh", &folder).is_empty());
    }

    #[test]
    fn a_document_that_is_not_there_is_told() {
        assert!(papers().check("a.rs", "// see `docs/requirements.md`\n").is_empty());
        assert!(papers().check("a.rs", "// see `docs/nothing.md`\n")[0].contains("docs/nothing.md"));
        assert!(
            papers()
                .check("a.rs", "// Okta's `docs/nothing.md` @02e8ee8\n")
                .is_empty()
        );
        assert!(papers().check("a.rs", "// see CONTRIBUTING.md\n")[0].contains("CONTRIBUTING.md"));
    }

    #[test]
    fn a_link_that_leads_nowhere_is_told() {
        let page = "docs/guides/okta.md";
        for good in [
            "../../README.md",
            "../../README.md#what-is-it",
            "../../frontend/img",
            "https://x/y",
        ] {
            assert!(papers().check(page, &format!("[a]({good})")).is_empty(), "{good}");
        }
        for bad in ["README.md", "../../README.md#what-was-it", "#here"] {
            assert!(papers().check(page, &format!("[a]({bad})"))[0].contains(bad), "{bad}");
        }
    }

    #[test]
    fn a_source_file_that_has_moved_is_told() {
        let mut papers = papers();
        for path in [
            "backend/engine/src/person.rs",
            "backend/server/src/http/gate.rs",
            "frontend/src/pages/users.rs",
        ] {
            papers.add(path, Some(""));
        }
        let good = "`engine/person.rs`, `http/gate.rs`, `pages/users.rs`, `backend/engine/src/person.rs::a`\n";
        assert_eq!(papers.check("ARCHITECTURE.md", good), Vec::<String>::new());
        assert!(papers.check("ARCHITECTURE.md", "`sync/person.rs`\n")[0].contains("sync/person.rs"));
        assert!(papers.check("docs/reference/x.md", "`pkg/api/user.rs`\n").is_empty());
    }

    #[test]
    fn a_guarantee_without_its_test_is_told() {
        let mut papers = papers();
        papers.add("tests/e2e/away.rs", Some("async fn closing_comes_first() {\n"));
        let page = "- `away::closing_comes_first`, `away::closing_comes…`\n- `away::closing_comes_last`\n";
        let told = papers.check("docs/guarantees.md", page);
        assert!(told.len() == 1 && told[0].contains("closing_comes_last"), "{told:?}");
    }

    #[test]
    fn a_number_that_two_facts_have_is_told() {
        let mut papers = papers();
        papers.add("docs/reference/grafana-behaviour.md", Some("### G1. Again\n"));
        assert!(papers.doubled()[0].contains("G1"));
    }
}
