//! Static files: of the page host and of a plugin.
//!
//! Owns: which file a path names, and what kind it is. Must never give out a file above its folder. Start at
//! [`inside`].

use std::path::{Component, Path, PathBuf};

/// The file at `path` below `root`, unless it points out of it.
pub(super) fn inside(root: &Path, path: &str) -> Option<PathBuf> {
    let path = Path::new(path.trim_start_matches('/'));
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let file = root.join(path);
    (plain && file.is_file()).then_some(file)
}

pub(super) fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
