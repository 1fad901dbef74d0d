//! What must hold of the directory that ships: Grafana's own rules for plugins, as far as a Rust plugin can keep them
//! (G72), and ours.
//!
//! Owns: one function per rule, each with a message that names the fix. Must never repair anything. Start at [`run`].

use super::{archive, elf};
use crate::page::WASM_FILE;
use crate::tidy;
use crate::workspace::{BACKEND_FILE, PLUGIN_ID, Workspace, cargo_home, home};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Every problem, in words.
pub fn run(workspace: &Workspace, dist: &Path) -> Result<Vec<String>> {
    let text = |name: &str| fs::read_to_string(dist.join(name)).with_context(|| format!("{name} of the package"));
    let bytes = |name: &str| fs::read(dist.join(name)).with_context(|| format!("{name} of the package"));
    let manifest: Value = serde_json::from_str(&text("plugin.json")?).context("plugin.json of the package")?;
    let (module, wasm, binary) = (text("module.js")?, bytes(WASM_FILE)?, bytes(BACKEND_FILE)?);

    let mut problems = layout(dist)?;
    problems.extend(modes(dist)?);
    problems.extend(readme(&text("README.md")?));
    problems.extend(readme_links(&text("README.md")?, dist, &manifest));
    problems.extend(tidy::changelog_names(&text("CHANGELOG.md")?, &workspace.version));
    problems.extend(licence(&text("LICENSE")?));
    problems.extend(identity(&manifest));
    problems.extend(versions(&manifest, &workspace.version));
    problems.extend(images(dist, &manifest));
    problems.extend(entry(&module));
    problems.extend(
        elf::ensure_static_amd64(&binary)
            .err()
            .map(|error| format!("{BACKEND_FILE} {error}")),
    );
    let private: Vec<String> = [home(), cargo_home(), workspace.root.clone()]
        .iter()
        .map(|path| format!("{}/", path.display()))
        .collect();
    for (name, content) in [
        ("module.js", module.as_bytes()),
        (WASM_FILE, &wasm),
        (BACKEND_FILE, &binary),
    ] {
        problems.extend(builder_paths(name, content, &private));
    }
    Ok(problems)
}

fn layout(dist: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for file in archive::files(dist)? {
        let name = file.display().to_string();
        let hidden = file
            .components()
            .any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
        if hidden || name.ends_with(".map") || name.ends_with('~') {
            problems.push(format!("{name} does not belong in the package: see xtask/src/build.rs"));
        }
    }
    Ok(problems)
}

fn modes(dist: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for file in archive::files(dist)? {
        let mode = fs::metadata(dist.join(&file))?.permissions().mode() & 0o777;
        let expected = if file == Path::new(BACKEND_FILE) { 0o755 } else { 0o644 };
        if mode != expected {
            problems.push(format!(
                "{} has mode {mode:o}, not {expected:o}: see `place` in xtask/src/build.rs",
                file.display()
            ));
        }
    }
    Ok(problems)
}

fn readme(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("README.md is empty: Grafana shows it as the plugin's page".to_owned());
    }
    ["<!--", "TODO", "Lorem ipsum", "(being written)"]
        .into_iter()
        .find(|unfinished| text.contains(unfinished))
        .map(|unfinished| format!("README.md contains “{unfinished}”: finish or remove that part"))
}

/// Grafana shows the README below its own address. Its sanitizer drops a target that begins neither with `/`, `./` nor a scheme
/// (`sanitizeTextPanelContent`), its router puts a sub-path before a link that begins with `/` (`interceptLinkClicks`), and the page's
/// `<base>` puts it before a picture that begins with `./`.
fn readme_links(text: &str, dist: &Path, manifest: &Value) -> Vec<String> {
    let pages: Vec<&str> = manifest["includes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|page| page["path"].as_str())
        .collect();
    let files = format!("./public/plugins/{PLUGIN_ID}/");
    let leads = |target: &str| {
        let file = target.strip_prefix(&files);
        target.starts_with("https://") || pages.contains(&target) || file.is_some_and(|file| dist.join(file).is_file())
    };
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !leads(target))
        .map(|target| format!("README.md leads to “{target}”, which Grafana does not show: see docs/plugin-page.md"))
        .collect()
}

fn licence(text: &str) -> Option<String> {
    let whole = text.contains("Apache License")
        && text.contains("Version 2.0, January 2004")
        && text.contains("9. Accepting Warranty");
    if !whole {
        return Some("LICENSE is not the full text of the Apache License 2.0".to_owned());
    }
    let placeholder = text.contains("[yyyy]") || text.contains("[name of copyright owner]");
    placeholder.then(|| "LICENSE has a placeholder left: name year and owner in its appendix".to_owned())
}

/// plugin.json as Grafana's schema wants it.
fn identity(manifest: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expect = |holds: bool, fix: &str| {
        if !holds {
            problems.push(format!("plugin.json: {fix}"));
        }
    };
    let id = manifest["id"].as_str().unwrap_or_default();
    let words: Vec<&str> = id.split('-').collect();
    let plain = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    expect(
        id == PLUGIN_ID,
        "id is not the one xtask packs: see PLUGIN_ID in xtask/src/workspace.rs",
    );
    expect(
        (2..=3).contains(&words.len()) && words.iter().all(plain),
        "id must be two or three words like acme-scim-app",
    );
    expect(
        words.last() == Some(&"app") && manifest["type"] == "app",
        "type must be app and the id must end with it",
    );
    let name = manifest["name"].as_str().unwrap_or_default();
    expect(
        !name.is_empty() && name != id,
        "name must be a name for people, not the id",
    );
    expect(
        manifest["executable"] == BACKEND_FILE.trim_end_matches("_linux_amd64"),
        "executable must be the binary's stem",
    );
    expect(manifest["backend"] == true, "backend must be true");
    // Either would act on people who never asked: in every organization, or on every page.
    expect(manifest["autoEnabled"] != true, "autoEnabled must stay false");
    expect(manifest["preload"] != true, "preload must stay false");
    let info = &manifest["info"];
    let keywords = info["keywords"].as_array().is_some_and(|words| !words.is_empty());
    expect(keywords, "info.keywords must not be empty");
    let range = manifest["dependencies"]["grafanaDependency"]
        .as_str()
        .unwrap_or_default();
    let oldest = range
        .strip_prefix(">=")
        .is_some_and(|version| is_version(version.trim()));
    expect(
        oldest,
        "dependencies.grafanaDependency must be >= and a version, like >=10.4.0",
    );
    let pages = manifest["includes"].as_array().map_or(&[][..], Vec::as_slice);
    expect(!pages.is_empty(), "includes must name the pages");
    expect(
        pages.iter().all(|page| page["role"] == "Admin"),
        "every page in includes must have role Admin",
    );
    problems
}

fn versions(manifest: &Value, version: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !is_version(version) {
        problems.push(format!(
            "version {version} in Cargo.toml must be three numbers: Grafana compares them"
        ));
    }
    if manifest["info"]["version"] != version {
        problems.push(format!(
            "plugin.json says version {}, Cargo.toml {version}: write %VERSION%",
            manifest["info"]["version"]
        ));
    }
    let updated = manifest["info"]["updated"].as_str().unwrap_or_default();
    let digits = updated.replace('-', "");
    if updated.len() != 10 || digits.len() != 8 || !digits.chars().all(|c| c.is_ascii_digit()) {
        problems.push(format!(
            "plugin.json info.updated is “{updated}”, not a day like 2026-11-24: write %TODAY%"
        ));
    }
    problems
}

fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

/// Logos and screenshots exist, lie inside the package and are the images they claim to be.
fn images(dist: &Path, manifest: &Value) -> Vec<String> {
    let info = &manifest["info"];
    let mut named: Vec<&str> = Vec::new();
    let mut problems = Vec::new();
    for size in ["small", "large"] {
        match info["logos"][size].as_str() {
            Some(path) => named.push(path),
            None => problems.push(format!("plugin.json: info.logos.{size} is missing")),
        }
    }
    named.extend(
        info["screenshots"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|shot| shot["path"].as_str()),
    );
    for path in named {
        let outside = path.starts_with('/') || path.contains("..") || path.contains("://");
        let problem = if outside {
            Some("must be a path inside the package".to_owned())
        } else {
            match fs::read(dist.join(path)) {
                Ok(bytes) => image_problem(path, &bytes),
                Err(error) => Some(format!("cannot be read: {error}")),
            }
        };
        problems.extend(problem.map(|problem| format!("image {path} {problem}")));
    }
    problems
}

fn image_problem(path: &str, bytes: &[u8]) -> Option<String> {
    let real = match path.rsplit('.').next() {
        Some("png") => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        Some("jpg" | "jpeg") => bytes.starts_with(b"\xff\xd8\xff"),
        Some("svg") => return svg_problem(&String::from_utf8_lossy(bytes)),
        _ => return Some("must be png, jpg or svg".to_owned()),
    };
    (!real).then(|| "is not the kind of image its name says".to_owned())
}

/// Grafana shows the logo in its own origin, so nothing in it may run or fetch.
fn svg_problem(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if !lower.contains("<svg") || !lower.contains("</svg>") {
        return Some("is not an SVG image".to_owned());
    }
    let active = [
        "<script",
        "<foreignobject",
        "javascript:",
        "<iframe",
        "<!entity",
        "href=\"http",
        "href='http",
    ];
    let handler = lower
        .split([' ', '\n', '\t'])
        .any(|word| word.starts_with("on") && word.contains('='));
    let found = active
        .into_iter()
        .find(|what| lower.contains(what))
        .or(handler.then_some("an event handler"));
    found.map(|what| format!("contains {what}: a logo must not run or fetch anything"))
}

/// What makes Grafana 11 and later refuse a plugin as Angular (G73). wasm-bindgen's glue could in principle
/// contain one.
const ANGULAR: &[&str] = &[
    "PanelCtrl",
    "ConfigCtrl",
    "app/plugins/sdk",
    "angular.isNumber(",
    "ctrl.annotation",
    "\"QueryCtrl\"",
    "'QueryCtrl'",
];

fn entry(module: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for pattern in ANGULAR {
        if module.contains(pattern) {
            problems.push(format!(
                "module.js contains “{pattern}”, by which Grafana takes it for Angular: rename that"
            ));
        }
    }
    for mark in ["/*GLUE*/", "?v=/*HASH*/"] {
        if module.contains(mark) {
            problems.push(format!(
                "module.js still contains {mark}: see `paste` in xtask/src/page.rs"
            ));
        }
    }
    if !module.contains("define(") {
        problems.push("module.js calls no define(…): Grafana's loader finds no plugin in it".to_owned());
    }
    if !module.contains(WASM_FILE) {
        problems.push(format!("module.js does not name {WASM_FILE}"));
    }
    problems
}

fn builder_paths(name: &str, content: &[u8], private: &[String]) -> Option<String> {
    let contains = |path: &&String| content.windows(path.len()).any(|window| window == path.as_bytes());
    let found = private.iter().find(contains)?;
    Some(format!(
        "{name} contains a path of this machine ({found}…): see `remap_flags` in xtask/src/workspace.rs"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest() -> Value {
        json!({
            "id": PLUGIN_ID, "type": "app", "name": "Rollcall SCIM", "backend": true, "executable": "gpx_rollcall",
            "info": {"keywords": ["scim"], "version": "1.2.3", "updated": "2026-11-24", "logos": {"small": "img/a.svg", "large": "img/a.svg"}},
            "includes": [{"role": "Admin"}], "dependencies": {"grafanaDependency": ">=10.4.0"}
        })
    }

    #[test]
    fn a_link_that_grafana_drops_is_named() {
        let dist = tempfile::tempdir().unwrap();
        fs::write(dist.path().join("a.png"), "").unwrap();
        let manifest = json!({"includes": [{"path": "/a/rollcall-scim-app/setup"}]});
        let named = |target: &str| readme_links(&format!("[x]({target})"), dist.path(), &manifest);
        for sound in [
            "/a/rollcall-scim-app/setup",
            "./public/plugins/rollcall-scim-app/a.png",
            "https://example.com/",
        ] {
            assert_eq!(named(sound), Vec::<String>::new());
        }
        for dead in [
            "docs/limits.md",
            "./a/rollcall-scim-app/setup",
            "/a/rollcall-scim-app/gone",
            "./public/plugins/rollcall-scim-app/b.png",
            "/public/plugins/rollcall-scim-app/a.png",
        ] {
            assert_eq!(named(dead).len(), 1, "{dead}");
        }
    }

    #[test]
    fn a_sound_manifest_has_no_problem() {
        assert_eq!(identity(&manifest()), Vec::<String>::new());
        assert_eq!(versions(&manifest(), "1.2.3"), Vec::<String>::new());
    }

    #[test]
    fn each_wrong_line_of_the_manifest_is_named() {
        for (pointer, wrong, named) in [
            ("/id", json!("rollcall_scim-app"), "two or three words"),
            ("/type", json!("panel"), "type must be app"),
            ("/name", json!(PLUGIN_ID), "name for people"),
            ("/executable", json!("gpx_other"), "executable"),
            ("/autoEnabled", json!(true), "autoEnabled"),
            ("/preload", json!(true), "preload"),
            ("/info/keywords", json!([]), "keywords"),
            ("/includes/0/role", json!("Viewer"), "role Admin"),
            ("/dependencies/grafanaDependency", json!("10.4"), "grafanaDependency"),
        ] {
            let mut manifest = manifest();
            manifest["autoEnabled"] = json!(false);
            manifest["preload"] = json!(false);
            *manifest.pointer_mut(pointer).unwrap() = wrong;
            let problems = identity(&manifest);
            assert!(
                problems.iter().any(|problem| problem.contains(named)),
                "{pointer}: {problems:?}"
            );
        }
    }

    #[test]
    fn versions_that_differ_and_unfilled_places_are_told() {
        assert!(versions(&manifest(), "1.2.4")[0].contains("%VERSION%"));
        let mut unfilled = manifest();
        unfilled["info"]["updated"] = json!("%TODAY%");
        assert!(versions(&unfilled, "1.2.3")[0].contains("%TODAY%"));
    }

    #[test]
    fn a_logo_that_can_run_something_is_refused() {
        assert_eq!(svg_problem("<svg xmlns='x'><path d='M0 0'/></svg>"), None);
        for bad in [
            "<svg><script>1</script></svg>",
            "<svg onload=\"x()\"></svg>",
            "<svg><foreignObject/></svg>",
            "<png>",
        ] {
            assert!(svg_problem(bad).is_some(), "{bad}");
        }
        assert!(
            image_problem("img/shot.png", b"GIF89a")
                .unwrap()
                .contains("not the kind")
        );
        assert_eq!(image_problem("img/shot.png", b"\x89PNG\r\n\x1a\n..."), None);
    }

    #[test]
    fn images_outside_the_package_or_missing_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut manifest = manifest();
        manifest["info"]["logos"]["small"] = json!("../logo.svg");
        let problems = images(dir.path(), &manifest);
        assert!(
            problems[0].contains("inside the package") && problems[1].contains("cannot be read"),
            "{problems:?}"
        );
    }

    #[test]
    fn an_entry_that_grafana_would_refuse_is_told() {
        let good = "define(['react'], () => load('rollcall_bg.wasm?v=00'));";
        assert_eq!(entry(good), Vec::<String>::new());
        assert!(entry(&format!("{good} class PanelCtrl {{}}"))[0].contains("Angular"));
        assert!(entry(&good.replace("00", "/*HASH*/"))[0].contains("HASH"));
        assert_eq!(entry("export const plugin = 1;").len(), 2);
    }

    #[test]
    fn a_path_of_the_builder_is_found_inside_binary_data() {
        let private = ["/root/.cargo/".to_owned()];
        assert!(builder_paths("x", b"\0\0/root/.cargo/registry\0", &private).is_some());
        assert!(builder_paths("x", b"\0/cargo/registry\0", &private).is_none());
    }

    #[test]
    fn unfinished_texts_are_told() {
        assert!(readme("# Rollcall\n<!-- later -->").is_some());
        assert!(readme("  \n").is_some());
        assert!(licence("MIT").unwrap().contains("full text"));
        let apache = "Apache License\nVersion 2.0, January 2004\n9. Accepting Warranty\nCopyright [yyyy]";
        assert!(licence(apache).unwrap().contains("placeholder"));
    }
}
