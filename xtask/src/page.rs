//! The page: WASM bundle and `module.js`.
//!
//! Owns: the browser build. Must never need Node, trunk or wasm-opt (T2 measured why not), nor leave
//! a path of this machine in what it makes. Start at [`bundle`].

use crate::process;
use crate::toolchain::{Compiler, TARGET};
use crate::workspace::{Profile, Workspace};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// wasm-bindgen's name for both files; `mount` lives in the glue under `wasm_bindgen`.
const OUT_NAME: &str = "rollcall";
/// The WASM file beside module.js, as the shim names it.
pub const WASM_FILE: &str = "rollcall_bg.wasm";
/// What each may weigh by `gzip -9`: the page has to be there within a second.
const BUDGETS: [(&str, usize); 2] = [(WASM_FILE, 400_000), ("module.js", 20_000)];
const SHIM: &str = "frontend/shim/module.js";
const GLUE_MARK: &str = "/*GLUE*/";
const STYLE: &str = "frontend/style/rollcall.css";
const STYLE_MARK: &str = "\"/*STYLE*/\"";
const HASH_MARK: &str = "/*HASH*/";

/// What Grafana loads.
pub struct Bundle {
    /// `module.js`.
    pub module: String,
    /// `rollcall_bg.wasm`.
    pub wasm: Vec<u8>,
}

/// Compiles the page.
pub fn bundle(workspace: &Workspace, profile: Profile, compiler: &Compiler) -> Result<Bundle> {
    let cargo_profile = match profile {
        Profile::Quick => "wasm-quick",
        Profile::Shipped => "wasm-release",
    };
    let shim = fs::read_to_string(workspace.root.join(SHIM))
        .with_context(|| format!("{SHIM}: Grafana's entry to the page, with the lines {GLUE_MARK} and {HASH_MARK}"))?;
    // Its own target directory: another compiler and other flags would make cargo rebuild the backend each time.
    let target = workspace.target.join("wasm");
    let mut cargo = workspace.cargo();
    compiler.apply(&mut cargo);
    cargo
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        // Leptos then boxes what it would otherwise compile again for each shape of view: a smaller file.
        .env(
            "RUSTFLAGS",
            format!("{} --cfg=erase_components", workspace.remap_flags()),
        )
        .env("CARGO_TARGET_DIR", &target)
        .args([
            "build",
            "--package",
            "frontend",
            "--lib",
            "--profile",
            cargo_profile,
            "--target",
            TARGET,
        ]);
    process::run(&mut cargo).context("compiling the page")?;

    let input = target.join(TARGET).join(cargo_profile).join("frontend.wasm");
    let mut built = wasm_bindgen_cli_support::Bindgen::new()
        .input_path(&input)
        .out_name(OUT_NAME)
        .no_modules(true)?
        .typescript(false)
        // Half of the file; nobody reads a release's function names.
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()
        .with_context(|| format!("wasm-bindgen on {}", input.display()))?;
    let wasm = built.wasm_mut().emit_wasm();
    let style =
        fs::read_to_string(workspace.root.join(STYLE)).with_context(|| format!("{STYLE}: how the page looks"))?;
    let module = paste(&shim, built.js(), &style, &hash(&wasm))?;
    // Quickly built, it is far larger, and only ever sent to this machine's own browser.
    if profile == Profile::Shipped {
        within_budget(&[gzipped(&wasm)?, gzipped(module.as_bytes())?])?;
    }
    Ok(Bundle { module, wasm })
}

/// Refuses a page that has grown too heavy.
fn within_budget(sizes: &[usize; 2]) -> Result<()> {
    for ((file, budget), size) in BUDGETS.iter().zip(sizes) {
        println!("{file}: {size} bytes by gzip, of {budget}");
        ensure!(size <= budget, "{file} is {size} bytes by gzip; it may have {budget}");
    }
    Ok(())
}

/// The size by `gzip -9`, which is part of every Debian.
pub fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut gzip = Command::new("gzip")
        .args(["-9", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("running gzip")?;
    let mut into = gzip.stdin.take().context("gzip reads from us")?;
    // From a thread of its own: gzip writes before it has read everything.
    let packed = std::thread::scope(|scope| {
        scope.spawn(move || into.write_all(bytes));
        gzip.wait_with_output()
    })?;
    ensure!(packed.status.success(), "gzip failed: {}", packed.status);
    Ok(packed.stdout.len())
}

/// Puts wasm-bindgen's glue, the style and the content hash into the shim: one file cannot get out of step with itself.
fn paste(shim: &str, glue: &str, style: &str, hash: &str) -> Result<String> {
    let is_mark = |line: &&str| line.trim() == GLUE_MARK;
    let marks = shim.lines().filter(is_mark).count();
    ensure!(
        marks == 1,
        "{SHIM} must have exactly one line that is {GLUE_MARK} alone; it has {marks}"
    );
    ensure!(
        shim.contains(HASH_MARK),
        "{SHIM} must name the WASM with ?v={HASH_MARK}, else browsers keep an old one for an hour"
    );
    ensure!(
        shim.matches(STYLE_MARK).count() == 1,
        "{SHIM} must have {STYLE_MARK} exactly once, where its style is to stand"
    );
    // A JSON string is a JavaScript string.
    let style = serde_json::to_string(&squeezed(style))?;
    let mut module = String::with_capacity(shim.len() + glue.len() + style.len());
    for line in shim.lines() {
        if is_mark(&line) {
            module.push_str(glue.trim_end());
        } else {
            module.push_str(&line.replace(HASH_MARK, hash).replace(STYLE_MARK, &style));
        }
        module.push('\n');
    }
    Ok(module)
}

/// A style sheet without its comments and indentation, which are for us.
fn squeezed(style: &str) -> String {
    let mut parts = style.split("/*");
    let mut code = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        code.push_str(part.split_once("*/").map_or("", |(_, after)| after));
    }
    let lines = code.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// FNV-1a, 64 bits: the URL only has to change when the bytes do, and to be the same on every machine.
fn hash(bytes: &[u8]) -> String {
    let offset_basis = 0xcbf2_9ce4_8422_2325_u64;
    let folded = bytes.iter().fold(offset_basis, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{folded:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIM: &str = "define(['react'], function (React) {\n  /*GLUE*/\n  style(\"/*STYLE*/\");\n  load('rollcall_bg.wasm?v=/*HASH*/');\n});\n";

    #[test]
    fn glue_style_and_hash_land_where_the_shim_says() {
        let module = paste(
            SHIM,
            "let wasm_bindgen = 1;\n\n",
            "a::after { content: \"x\"; }",
            "00ff",
        )
        .unwrap();
        assert_eq!(
            module,
            "define(['react'], function (React) {\nlet wasm_bindgen = 1;\n  style(\"a::after { content: \\\"x\\\"; }\");\n  load('rollcall_bg.wasm?v=00ff');\n});\n"
        );
    }

    #[test]
    fn a_page_that_grew_too_heavy_is_refused_by_name() {
        within_budget(&[400_000, 20_000]).unwrap();
        let error = |sizes| within_budget(sizes).unwrap_err().to_string();
        assert!(error(&[400_001, 1]).starts_with(WASM_FILE), "{}", error(&[350_001, 1]));
        assert!(error(&[1, 20_001]).starts_with("module.js"));
    }

    #[test]
    fn what_is_written_twice_weighs_little_more() {
        let once = gzipped(&[7; 1000]).unwrap();
        assert!(once > 0 && gzipped(&[7; 2_000_000]).unwrap() < 10_000);
    }

    #[test]
    fn a_mark_inside_the_glue_stays_as_it_is() {
        let module = paste(SHIM, "let text = '/*HASH*/';", "", "00ff").unwrap();
        assert!(module.contains("let text = '/*HASH*/';"));
    }

    #[test]
    fn a_style_is_sent_without_what_is_only_for_us() {
        let style = "/* Why.\n   More. */\n.a {\n  color: red; /* or so */\n}\n\n.b { }\n";
        assert_eq!(squeezed(style), ".a {\ncolor: red;\n}\n.b { }");
    }

    #[test]
    fn a_shim_without_its_marks_is_refused() {
        let why = |shim: &str| paste(shim, "", "", "").unwrap_err().to_string();
        assert!(why("/*HASH*/").contains("it has 0"));
        assert!(why("/*GLUE*/\n/*GLUE*/\n/*HASH*/").contains("it has 2"));
        assert!(why("/*GLUE*/\n").contains("?v="));
        assert!(why("/*GLUE*/\n/*HASH*/\n").contains("style"));
    }

    #[test]
    fn the_hash_is_the_published_one_and_changes_with_the_bytes() {
        // Test vectors of FNV-1a.
        assert_eq!(hash(b""), "cbf29ce484222325");
        assert_eq!(hash(b"foobar"), "85944171f73967e8");
    }
}
