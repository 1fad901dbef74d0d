//! The arrows between the modules of `server` (ARCHITECTURE.md).
//!
//! Owns: which module may name which, and reading that from source text. Must never need a compiler: it runs in milliseconds on
//! code that does not build. Start at [`ARROWS`].

/// The arrows between crates, for messages.
pub const CRATES: &str = "the arrows are frontend → admin-api ← server → domain → scim; tests starts processes";

/// From, what of `server` and of the workspace it may name, and what to do instead. A module that is not listed may be named by all
/// and names nothing but these; `app`, `plugin` and the binary put the pieces together and may name everything.
const ARROWS: &[(&str, &[&str], &str)] = &[
    (
        "http",
        &["store", "domain", "scim", "admin_api"],
        "a handler answers from the store and asks for the rest through http::Control (docs/decisions/0002); what needs Grafana is the engine's work",
    ),
    (
        "sync",
        &["store", "grafana", "domain"],
        "the engine takes what it needs from the store or from domain; answers are http's",
    ),
    (
        "store",
        &["domain", "scim"],
        "the store keeps and finds; who calls it decides",
    ),
    (
        "grafana",
        &["domain"],
        "the client knows Grafana's API only; hand it ids and values",
    ),
    ("config", &["domain"], "configuration is read once and handed on"),
    ("telemetry", &[], "log and metrics know no one"),
];
/// May be named by every module.
const LEAVES: &[&str] = &["config", "telemetry"];
/// What the table speaks of; other names after `crate::` are macros and the like.
const ROOMS: &[&str] = &[
    "app",
    "config",
    "grafana",
    "http",
    "plugin",
    "store",
    "sync",
    "telemetry",
];
const WORKSPACE_CRATES: &[&str] = &["admin_api", "domain", "scim"];

/// The forbidden arrows in one file of `server`.
pub fn check(path: &str, text: &str) -> Vec<String> {
    let Some(inside) = path
        .strip_prefix("backend/server/src/")
        .and_then(|rest| rest.strip_suffix(".rs"))
    else {
        return Vec::new();
    };
    let module: Vec<&str> = inside.split('/').collect();
    let Some((from, may, mend)) = ARROWS.iter().find(|(from, ..)| *from == module[0]) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for Edge { to, line } in edges(&module, text) {
        if to != *from && !may.contains(&to) && !LEAVES.contains(&to) {
            problems.push(format!(
                "{path}:{line}: `{from}` may not name `{to}`: {mend} (ARCHITECTURE.md)"
            ));
        }
    }
    problems
}

/// One name of another module or crate.
#[derive(Debug, PartialEq, Eq)]
struct Edge<'a> {
    to: &'a str,
    line: usize,
}

type Token<'a> = (&'a str, usize);

/// Every module of `server` and crate of the workspace that a file names, by `crate::…`, `super::…`, a crate's own name, inside
/// `use` trees too.
fn edges<'a>(module: &[&str], text: &'a str) -> Vec<Edge<'a>> {
    let tokens = tokens(text);
    let mut named: Vec<usize> = Vec::new();
    // Inline modules (`mod tests { … }`) shift what `super` means: the depth of braces at which each began.
    let mut inline: Vec<usize> = Vec::new();
    let mut depth = 0;
    for (index, (token, _)) in tokens.iter().enumerate() {
        let after = |n: usize| tokens.get(index + n).map_or("", |(token, _)| *token);
        let before = |n: usize| index.checked_sub(n).map_or("", |index| tokens[index].0);
        match *token {
            "{" => depth += 1,
            "}" => {
                depth = usize::saturating_sub(depth, 1);
                inline.retain(|began| *began <= depth);
            }
            "mod" if after(2) == "{" => inline.push(depth + 1),
            "crate" if after(1) == "::" => named.extend(roots(&tokens, index + 2)),
            // A chain is read from its first `super`, or after `self::`.
            "super" if before(1) != "::" || before(2) == "self" => {
                let mut ups = 1;
                while after(2 * ups - 1) == "::" && after(2 * ups) == "super" {
                    ups += 1;
                }
                if ups == module.len() + inline.len() && after(2 * ups - 1) == "::" {
                    named.extend(roots(&tokens, index + 2 * ups));
                }
            }
            name if WORKSPACE_CRATES.contains(&name) && after(1) == "::" && before(1) != "::" => named.push(index),
            _ => {}
        }
    }
    let edge = |index: usize| {
        let (to, line) = tokens[index];
        Edge { to, line }
    };
    let known = |edge: &Edge<'_>| ROOMS.contains(&edge.to) || WORKSPACE_CRATES.contains(&edge.to);
    named.into_iter().map(edge).filter(known).collect()
}

/// Where the first names of a path or `use` tree are that starts at `index`.
fn roots(tokens: &[Token<'_>], index: usize) -> Vec<usize> {
    if tokens.get(index).is_none_or(|(first, _)| *first != "{") {
        return (index < tokens.len()).then_some(index).into_iter().collect();
    }
    let mut found = Vec::new();
    let mut depth = 0;
    let mut previous = "";
    for (at, (token, _)) in tokens.iter().enumerate().skip(index) {
        match *token {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && matches!(previous, "{" | ",") => found.push(at),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        previous = token;
    }
    found
}

/// Words, `::` and single signs with their line, without comments, strings and character literals.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if rest.starts_with('"') {
            quoted(rest)
        } else if rest.starts_with('\'') {
            character(rest)
        } else if rest.starts_with("::") {
            tokens.push((&rest[..2], line));
            2
        } else {
            let word = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let length = if word > 0 {
                word
            } else {
                rest.chars().next().map_or(1, char::len_utf8)
            };
            if !rest[..length].trim().is_empty() {
                tokens.push((&rest[..length], line));
            }
            length
        };
        line += bytes[at..at + length].iter().filter(|byte| **byte == b'\n').count();
        at += length;
    }
    tokens
}

fn raw_string(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = body.bytes().take_while(|byte| *byte == b'#').count();
    let inside = body[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = inside.find(&close).map_or(inside.len(), |end| end + close.len());
    Some(rest.len() - inside.len() + end)
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal, or the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((escaped, _))) => {
            let from = escaped + 1;
            rest.get(from..)
                .and_then(|tail| tail.find('\''))
                .map_or(1, |end| from + end + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str, text: &str) -> Vec<String> {
        let module: Vec<&str> = path.split('/').collect();
        edges(&module, text)
            .into_iter()
            .map(|edge| format!("{}:{}", edge.line, edge.to))
            .collect()
    }

    #[test]
    fn an_arrow_from_http_to_grafana_is_forbidden_with_its_mend() {
        let problems = check(
            "backend/server/src/http/scim.rs",
            "//! Owns.\n\nuse crate::grafana::Client;\n",
        );
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].starts_with("backend/server/src/http/scim.rs:3: `http` may not name `grafana`"),
            "{problems:?}"
        );
        assert!(problems[0].contains("engine's work"));
    }

    #[test]
    fn arrows_of_the_design_are_allowed() {
        assert!(check("backend/server/src/http.rs", "use crate::{store::Store, config};").is_empty());
        assert!(
            check(
                "backend/server/src/sync/act.rs",
                "use crate::grafana::Client; use domain::team;"
            )
            .is_empty()
        );
        assert!(check("backend/server/src/app.rs", "use crate::grafana::Client;").is_empty());
        assert!(check("backend/domain/src/team.rs", "use crate::grafana::Client;").is_empty());
    }

    #[test]
    fn the_store_may_not_know_the_page_and_the_client_not_the_store() {
        assert!(
            check(
                "backend/server/src/store/users.rs",
                "fn f() -> admin_api::Person { todo!() }"
            )[0]
            .contains("admin_api")
        );
        assert!(
            check("backend/server/src/grafana.rs", "use crate::store::Store;")[0]
                .contains("`grafana` may not name `store`")
        );
    }

    #[test]
    fn of_the_engine_a_handler_may_name_nothing() {
        let problems = check("backend/server/src/http.rs", "use crate::{store::Store,\nsync::Wake};");
        assert!(
            problems.len() == 1 && problems[0].contains("http.rs:2: `http` may not name `sync`"),
            "{problems:?}"
        );
        assert!(problems[0].contains("http::Control"), "{problems:?}");
    }

    #[test]
    fn use_trees_are_read_at_their_first_level_only() {
        let text = "use crate::{\n    store::{sync, http::X},\n    grafana,\n};";
        assert_eq!(named("http", text), ["2:store", "3:grafana"]);
    }

    #[test]
    fn super_counts_only_where_it_reaches_the_root() {
        assert_eq!(named("http", "use super::grafana::Client;"), ["1:grafana"]);
        assert_eq!(
            named("http/admin", "use super::grafana::X; use super::super::store::Y;"),
            ["1:store"]
        );
        assert_eq!(
            named(
                "http",
                "mod tests { use super::grafana; use super::super::store; }\nuse super::sync;"
            ),
            ["1:store", "2:sync"]
        );
    }

    #[test]
    fn a_local_module_named_as_a_crate_is_no_arrow() {
        assert_eq!(named("http", "crate::http::domain::x(); self::scim::y();"), ["1:http"]);
    }

    #[test]
    fn comments_and_strings_name_nothing() {
        let text = "// crate::grafana\n/* crate::grafana */ let a = \"crate::grafana \\\" crate::grafana\";\nlet b = r#\"\"crate::grafana\"#; let c = '\"'; let d: &'static str = crate::store::N; let e = '\\'';\n";
        assert_eq!(named("http", text), ["3:store"]);
    }
}
