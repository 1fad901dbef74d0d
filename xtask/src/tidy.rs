//! `cargo xtask tidy`: the rules of this repository that no compiler knows.
//!
//! Owns: one function per rule, each with a message that names the fix. Must never change a file. Start at [`run`];
//! [`citations`] has what may be cited, [`words`] the language, [`programs`] what tests may start.

mod circles;
mod citations;
mod ids;
mod names;
mod own_tests;
mod programs;
mod prose;
mod sentences;
mod sizes;
mod test_names;
mod words;

use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Checks every tracked file.
pub fn run(workspace: &Workspace) -> Result<()> {
    let mut problems = Vec::new();
    for path in workspace.files()? {
        problems.extend(name(&path));
        // Images and the like are no text and have no rules.
        let Ok(text) = fs::read_to_string(workspace.root.join(&path)) else {
            continue;
        };
        let shown = path.display().to_string();
        problems.extend(registry_hosts(&shown, &text));
        if path.extension().is_some_and(|extension| extension == "rs") {
            problems.extend(opening(&shown, &text));
            problems.extend(purity(&shown, &text));
            problems.extend(programs::check(&shown, &text));
            problems.extend(sizes::check(&shown, &text));
            problems.extend(sentences::check(&shown, &text));
            problems.extend(test_names::check(&shown, &text));
            problems.extend(ids::check(&shown, &text));
        }
        if path.ends_with("Cargo.toml") {
            problems.extend(dependencies(&shown, &text));
        }
    }
    problems.extend(papers(workspace)?);
    // A missing file reads as an empty one, and each rule then says what it should hold.
    let read = |name: &str| fs::read_to_string(workspace.root.join(name)).unwrap_or_default();
    problems.extend(sentences::without_need(read));
    problems.extend(lint_reasons(&read("clippy.toml")));
    problems.extend(manifest_version(&read("plugin.json"), &workspace.version));
    problems.extend(changelog_names(&read("CHANGELOG.md"), &workspace.version));
    problems.extend(circles::check(&workspace.root, &workspace.crates)?);
    if problems.is_empty() {
        println!("tidy");
        return Ok(());
    }
    for problem in &problems {
        eprintln!("tidy: {problem}");
    }
    bail!("{} thing(s) to tidy, listed above", problems.len())
}

/// What comments and documents cite, and how they say it.
fn papers(workspace: &Workspace) -> Result<Vec<String>> {
    let mut papers = citations::Papers::default();
    let mut texts = Vec::new();
    for path in workspace.files()? {
        let shown = path.display().to_string();
        let text = fs::read_to_string(workspace.root.join(&path)).ok();
        papers.add(&shown, text.as_deref());
        texts.extend(text.map(|text| (shown, text)));
    }
    let mut problems = papers.doubled();
    for (path, text) in &texts {
        problems.extend(papers.check(path, text));
        problems.extend(words::check(path, text));
    }
    Ok(problems)
}

/// `foo.rs` beside `foo/`, and names of the field: nobody can say what does not belong into `utils`.
fn name(path: &Path) -> Vec<String> {
    const VAGUE: &[&str] = &[
        "util", "utils", "helper", "helpers", "manager", "managers", "common", "misc",
    ];
    let mut problems = Vec::new();
    if path.ends_with("mod.rs") {
        problems.push(format!(
            "{}: write it as {}.rs beside the folder",
            path.display(),
            path.parent().unwrap_or(path).display()
        ));
    }
    for part in path.components() {
        let part = part.as_os_str().to_string_lossy().to_ascii_lowercase();
        if let Some(vague) = part.split(['_', '-', '.']).find(|word| VAGUE.contains(word)) {
            problems.push(format!(
                "{}: “{vague}” says nothing; name it by what it owns",
                path.display()
            ));
        }
    }
    problems
}

/// A module opens by saying what it owns.
fn opening(path: &str, text: &str) -> Option<String> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !first.starts_with("//! ") {
        return Some(format!(
            "{path}: open with `//!`: what it owns, what it must never do, where to start"
        ));
    }
    first
        .contains("(being written)")
        .then(|| format!("{path}: is still a placeholder: write it or remove it"))
}

/// Assembled, because this file is tracked too.
fn registry_host_names() -> Vec<String> {
    let hosts = [
        ["crates", "io"],
        ["npmjs", "org"],
        ["npmjs", "com"],
        ["yarnpkg", "com"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["rubygems", "org"],
        ["proxy.golang", "org"],
        ["ghcr", "io"],
        ["quay", "io"],
        ["docker", "io"],
        ["deb.debian", "org"],
        ["rustup", "rs"],
        ["static.rust-lang", "org"],
    ];
    hosts.map(|parts| parts.join(".")).to_vec()
}

/// Which mirror a machine uses is its own affair; a host in a file overrides that.
fn registry_hosts(path: &str, text: &str) -> Vec<String> {
    // Cargo writes the default registry's name into its lock file, whatever mirror serves it.
    let lock = path == "Cargo.lock";
    let found = |host: &String| {
        text.lines()
            .position(|line| line.contains(host.as_str()) && !(lock && line.starts_with("source = ")))
    };
    let hosts = registry_host_names();
    let hits = hosts.iter().filter_map(|host| found(host).map(|line| (line + 1, host)));
    hits.map(|(line, host)| format!("{path}:{line}: names the package registry {host}; leave the host to the machine (npm: omit-lockfile-registry-resolved=true)"))
        .collect()
}

/// Crates without I/O, and what else they may depend on.
const PURE: &[(&str, &[&str])] = &[
    ("vocabulary", &[]),
    ("scim", &[]),
    ("domain", &["vocabulary"]),
    ("admin-api", &["vocabulary"]),
];
/// Libraries that do no I/O.
const PURE_LIBRARIES: &[&str] = &[
    "url",
    "serde",
    "serde_json",
    "thiserror",
    "time",
    "unicode-normalization",
    "base64",
    "sha2",
    "indexmap",
    "winnow",
    "memchr",
];

/// Which crates of the workspace a crate may depend on. The compiler holds the rest: what a
/// manifest does not list cannot be named.
const ARROWS: &[(&str, &[&str])] = &[
    ("backend/vocabulary", &[]),
    ("backend/scim", &[]),
    ("backend/domain", &["vocabulary"]),
    ("backend/admin-api", &["vocabulary"]),
    ("backend/store", &["domain", "scim", "vocabulary"]),
    ("backend/grafana", &["domain"]),
    ("backend/engine", &["store", "grafana", "domain", "vocabulary"]),
    (
        "backend/server",
        &["engine", "store", "domain", "scim", "admin-api", "vocabulary"],
    ),
    ("frontend", &["admin-api"]),
    // Black box: what tests may know of the server is what its users know.
    ("tests", &["admin-api", "grafana-stand-in"]),
    // So is Grafana: it must be no kinder to the server because it knows it.
    ("tests/stand-in", &[]),
];

/// What the package in a folder of [`ARROWS`] is called.
fn package(dir: &str) -> &str {
    match dir {
        "tests" => "acceptance",
        "tests/stand-in" => "grafana-stand-in",
        _ => dir.trim_start_matches("backend/"),
    }
}

/// The arrows between crates, and no I/O in a pure one.
fn dependencies(path: &str, text: &str) -> Vec<String> {
    let declared = declared_dependencies(text);
    let mut problems = Vec::new();
    let crate_of = |dir: &str| path == format!("{dir}/Cargo.toml");
    for (name, may) in PURE.iter().filter(|(name, _)| crate_of(&format!("backend/{name}"))) {
        for dependency in declared
            .iter()
            .filter(|d| !may.contains(&d.as_str()) && !PURE_LIBRARIES.contains(&d.as_str()))
        {
            problems.push(format!(
                "{path}: `{name}` is pure, so it may not depend on {dependency}. Take what it gives as an argument; or, if it does no I/O, list it in PURE_LIBRARIES (xtask/src/tidy.rs)"
            ));
        }
    }
    let ours = |name: &str| ARROWS.iter().any(|(dir, _)| package(dir) == name);
    for (dir, may) in ARROWS.iter().filter(|(dir, _)| crate_of(dir)) {
        for dependency in declared.iter().filter(|d| ours(d) && !may.contains(&d.as_str())) {
            problems.push(format!(
                "{path}: `{dir}` may not depend on {dependency}; it may depend on: {}",
                may.join(", ")
            ));
        }
    }
    problems
}

/// Names in `[dependencies]`, `[build-dependencies]` and their target-specific forms; not those of tests.
fn declared_dependencies(text: &str) -> BTreeSet<String> {
    let mut declared = BTreeSet::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            let (table, single) = section.rsplit_once("dependencies").unwrap_or((section, "-"));
            inside = section.ends_with("dependencies") && !section.ends_with("dev-dependencies");
            // `[dependencies.name]`
            if let Some(name) = single.strip_prefix('.').filter(|_| !table.ends_with("dev-")) {
                declared.insert(name.to_owned());
            }
        } else if inside
            && !line.starts_with('#')
            && let Some((key, _)) = line.split_once('=')
        {
            // `serde.workspace = true`
            declared.insert(
                key.trim()
                    .split('.')
                    .next()
                    .unwrap_or_default()
                    .trim_matches('"')
                    .to_owned(),
            );
        }
    }
    declared
}

/// `scim` and `domain` do no I/O and read no clock, not even by the standard library.
fn purity(path: &str, text: &str) -> Vec<String> {
    if !PURE
        .iter()
        .any(|(name, _)| path.starts_with(&format!("backend/{name}/src/")))
    {
        return Vec::new();
    }
    const IMPURE: &[&str] = &[
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::io",
        "std::thread",
        "SystemTime::now",
        "Instant::now",
        "now_utc(",
    ];
    let code = |line: &str| !line.trim_start().starts_with("//");
    let lines = text.lines().enumerate().filter(|(_, line)| code(line));
    lines
        .filter_map(|(index, line)| {
            IMPURE
                .iter()
                .find(|impure| line.contains(**impure))
                .map(|impure| (index + 1, impure))
        })
        .map(|(line, impure)| format!("{path}:{line}: uses {impure} in a pure crate; take it as an argument"))
        .collect()
}

/// A forbidden method without a reason teaches nothing to the person it stops.
fn lint_reasons(clippy_toml: &str) -> Vec<String> {
    let lines = clippy_toml
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("path =") && !line.contains("reason = \""));
    lines
        .map(|(index, _)| format!("clippy.toml:{}: give it a reason: what to call instead", index + 1))
        .collect()
}

fn manifest_version(plugin_json: &str, version: &str) -> Option<String> {
    let same = plugin_json.contains("\"%VERSION%\"") || plugin_json.contains(&format!("\"version\": \"{version}\""));
    (!same).then(|| format!("plugin.json: write \"%VERSION%\"; the version ({version}) lives in Cargo.toml"))
}

/// The changelog has an entry of the version, with something in it.
pub fn changelog_names(changelog: &str, version: &str) -> Option<String> {
    let heading = |line: &str| {
        line.strip_prefix("## ")
            .map(|rest| rest.trim_start_matches(['[', 'v']).to_owned())
    };
    let is_ours = |rest: &str| {
        rest.strip_prefix(version)
            .is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
    };
    let mut lines = changelog
        .lines()
        .skip_while(|line| !heading(line).is_some_and(|rest| is_ours(&rest)));
    if lines.next().is_none() {
        return Some(format!(
            "CHANGELOG.md has no entry “## {version}”: say what changed and what one must do"
        ));
    }
    let empty = lines
        .take_while(|line| heading(line).is_none())
        .all(|line| line.trim().is_empty());
    empty.then(|| format!("CHANGELOG.md says nothing under “## {version}”"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vague_names_and_mod_files_are_told() {
        assert!(name(Path::new("backend/server/src/http/mod.rs"))[0].contains("backend/server/src/http.rs"));
        assert!(name(Path::new("backend/server/src/store_utils.rs"))[0].contains("utils"));
        assert!(name(Path::new("frontend/src/common/x.js"))[0].contains("common"));
        assert!(name(Path::new("backend/server/src/store/mappings.rs")).is_empty());
    }

    #[test]
    fn a_module_that_does_not_say_what_it_owns_is_told() {
        assert!(opening("a.rs", "use std::fs;\n").is_some());
        assert!(
            opening("a.rs", "//! (being written)\n")
                .unwrap()
                .contains("placeholder")
        );
        assert!(opening("a.rs", "//! What it owns.\n").is_none());
    }

    #[test]
    fn a_registry_in_a_file_is_told_with_its_line() {
        let host = registry_host_names().remove(0);
        assert!(registry_hosts("docs/x.md", &format!("a\nsee https://{host}/y\n"))[0].contains("docs/x.md:2"));
        assert!(
            registry_hosts(
                "Cargo.lock",
                &format!("source = \"registry+https://github.com/rust-lang/{host}-index\"")
            )
            .is_empty()
        );
    }

    #[test]
    fn a_pure_crate_with_an_impure_dependency_is_told() {
        let manifest =
            "[dependencies]\nserde.workspace = true\nreqwest = \"0.13\"\n[dev-dependencies]\ntempfile = \"3\"\n";
        let problems = dependencies("backend/domain/Cargo.toml", manifest);
        assert!(problems.len() == 1 && problems[0].contains("reqwest"), "{problems:?}");
        assert!(
            dependencies(
                "backend/scim/Cargo.toml",
                "[dependencies.domain]\npath = \"../domain\"\n"
            )[0]
            .contains("domain")
        );
        assert!(dependencies("backend/server/Cargo.toml", manifest).is_empty());
    }

    #[test]
    fn tests_that_link_the_server_are_told() {
        assert!(dependencies("tests/Cargo.toml", "[dependencies]\nserver.workspace = true\n")[0].contains("server"));
        assert!(dependencies("tests/Cargo.toml", "[dependencies]\nadmin-api.workspace = true\n").is_empty());
    }

    #[test]
    fn a_crate_that_lists_one_it_may_not_is_told() {
        let lists = |path: &str, name: &str| dependencies(path, &format!("[dependencies]\n{name}.workspace = true\n"));
        assert!(lists("backend/store/Cargo.toml", "grafana")[0].contains("domain, scim"));
        assert!(lists("backend/server/Cargo.toml", "grafana")[0].contains("may not depend on grafana"));
        assert!(lists("frontend/Cargo.toml", "domain")[0].contains("domain"));
        assert!(lists("tests/stand-in/Cargo.toml", "domain")[0].contains("domain"));
        assert!(lists("backend/grafana/Cargo.toml", "grafana-stand-in")[0].contains("grafana-stand-in"));
        assert!(lists("backend/engine/Cargo.toml", "grafana").is_empty());
    }

    #[test]
    fn a_pure_crate_that_reads_the_clock_is_told() {
        let problems = purity(
            "backend/domain/src/team.rs",
            "// SystemTime::now is forbidden\nlet now = SystemTime::now();\n",
        );
        assert!(problems.len() == 1 && problems[0].contains("team.rs:2"), "{problems:?}");
        assert!(purity("backend/server/src/app.rs", "SystemTime::now()").is_empty());
    }

    #[test]
    fn a_lint_without_a_reason_is_told() {
        assert!(lint_reasons("[\n{ path = \"a::b\" },\n{ path = \"c\", reason = \"x\" }\n]")[0].contains(":2:"));
    }

    #[test]
    fn the_changelog_must_name_the_version_and_say_something() {
        assert!(changelog_names("## 0.1.1\ntext", "0.1.0").unwrap().contains("no entry"));
        assert!(changelog_names("## 0.1.00\ntext", "0.1.0").is_some());
        assert!(
            changelog_names("## [0.1.0]\n\n## 0.0.9\nold", "0.1.0")
                .unwrap()
                .contains("nothing")
        );
        assert!(changelog_names("# Changes\n\n## 0.1.0 (2026-11-24)\n\nFirst.\n", "0.1.0").is_none());
    }

    #[test]
    fn the_version_lives_in_one_place() {
        assert!(manifest_version("\"version\": \"%VERSION%\"", "0.1.0").is_none());
        assert!(
            manifest_version("\"version\": \"0.0.9\"", "0.1.0")
                .unwrap()
                .contains("%VERSION%")
        );
    }
}
