//! The zip: the same bytes from the same files, and the layout `grafana cli` unpacks.
//!
//! Owns: order, times, modes. Must never take a time or an order from the file system.

use crate::workspace::{BACKEND_FILE, PLUGIN_ID};
use anyhow::{Context as _, Result, ensure};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Packs `dir` under one top-level directory named as the plugin.
pub fn write(dir: &Path, zip: &Path) -> Result<()> {
    let mut writer = ZipWriter::new(File::create(zip).with_context(|| format!("writing {}", zip.display()))?);
    for file in files(dir)? {
        let path = dir.join(&file);
        let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
        // DateTime's default is the oldest day a zip can name.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        writer.start_file(format!("{PLUGIN_ID}/{}", file.display()), options)?;
        writer.write_all(&fs::read(&path)?)?;
    }
    writer.finish()?;
    Ok(())
}

/// Takes it apart again, modes included.
pub fn unpack(zip: &Path, into: &Path) -> Result<()> {
    let file = File::open(zip).with_context(|| format!("reading {}", zip.display()))?;
    ZipArchive::new(file)?
        .extract(into)
        .with_context(|| format!("unpacking {}", zip.display()))
}

/// Every file below `dir`, relative to it, sorted.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(dir.join(&folder)).with_context(|| format!("reading {}", dir.display()))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type()?;
            ensure!(
                !kind.is_symlink(),
                "{} is a link; a zip must hold the file itself",
                path.display()
            );
            if kind.is_dir() {
                open.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What the finished archive must look like to Grafana.
pub fn check(zip: &Path) -> Result<Vec<String>> {
    let mut archive = ZipArchive::new(File::open(zip)?)?;
    let mut problems = Vec::new();
    let mut binary_mode = None;
    for index in 0..archive.len() {
        let file = archive.by_index(index)?;
        let Some(inside) = file.name().strip_prefix(&format!("{PLUGIN_ID}/")) else {
            problems.push(format!(
                "{} lies outside {PLUGIN_ID}/: Grafana wants one directory named as the plugin",
                file.name()
            ));
            continue;
        };
        if inside == BACKEND_FILE {
            binary_mode = file.unix_mode().map(|mode| mode & 0o777);
        }
    }
    if binary_mode != Some(0o755) {
        let mode = binary_mode.map_or_else(|| "none".to_owned(), |mode| format!("{mode:o}"));
        problems.push(format!(
            "{BACKEND_FILE} has mode {mode} in the archive; Grafana can start it with 755 only"
        ));
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(binary_mode: u32) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("img")).unwrap();
        for (name, mode) in [
            ("plugin.json", 0o644),
            ("img/logo.svg", 0o644),
            (BACKEND_FILE, binary_mode),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, name).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        dir
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let (first, second) = (plugin(0o755), plugin(0o755));
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::options()
            .write(true)
            .open(second.path().join("plugin.json"))
            .unwrap()
            .set_modified(old)
            .unwrap();
        let zips = tempfile::tempdir().unwrap();
        let (a, b) = (zips.path().join("a.zip"), zips.path().join("b.zip"));
        write(first.path(), &a).unwrap();
        write(second.path(), &b).unwrap();
        assert_eq!(fs::read(a).unwrap(), fs::read(b).unwrap());
    }

    #[test]
    fn everything_lies_in_one_directory_and_the_binary_starts() {
        let zips = tempfile::tempdir().unwrap();
        let zip = zips.path().join("a.zip");
        write(plugin(0o755).path(), &zip).unwrap();
        assert_eq!(check(&zip).unwrap(), Vec::<String>::new());
        let mut archive = ZipArchive::new(File::open(&zip).unwrap()).unwrap();
        let names: Vec<String> = (0..archive.len())
            .map(|i| archive.by_index(i).unwrap().name().to_owned())
            .collect();
        let expected = [
            &format!("{PLUGIN_ID}/{BACKEND_FILE}"),
            "rollcall-scim-app/img/logo.svg",
            "rollcall-scim-app/plugin.json",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_binary_that_cannot_be_started_is_told() {
        let zips = tempfile::tempdir().unwrap();
        let zip = zips.path().join("a.zip");
        write(plugin(0o644).path(), &zip).unwrap();
        assert!(check(&zip).unwrap()[0].contains("755"));
    }

    #[test]
    fn a_link_is_refused() {
        let dir = plugin(0o755);
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
        assert!(files(dir.path()).unwrap_err().to_string().contains("is a link"));
    }
}
