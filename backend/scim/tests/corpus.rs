//! Replays the corpus that fuzzing left behind (`fuzz/corpus`) through the functions it fuzzes, so that what was found once stays fixed.

use std::{fs, path::Path};

#[path = "../fuzz/checks.rs"]
mod checks;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{} is empty", folder.display());
    for input in inputs {
        let bytes = fs::read(&input).unwrap();
        let outcome = std::panic::catch_unwind(|| check(&bytes));
        assert!(
            outcome.is_ok(),
            "{} fails: run it through fuzz/run.sh {target}",
            input.display()
        );
    }
}

#[test]
fn filters() {
    replay("filter", checks::filter);
}

#[test]
fn paths() {
    replay("path", checks::path);
}

#[test]
fn patches() {
    replay("patch", checks::patch);
}

#[test]
fn resources() {
    replay("resource", checks::resource);
}

#[test]
fn bulk_requests() {
    replay("bulk", checks::bulk);
}
