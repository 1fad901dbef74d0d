//! The files of the store, as they are on the disk now.
//!
//! Owns: whether what has a name there is still what is open here, and whether others can read it.
//! SQLite goes on with a file that has no name any more, and acknowledges what nobody will read.
//! Must never open or change a file. Start at [`OnDisk::state`].

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// What is found where the store's files were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// What is open.
    Same,
    /// Nothing, or another file: the volume was replaced, or somebody deleted or restored the file
    /// while the process ran.
    Replaced,
    /// The lock file is another one: a second process can take this store.
    LockReplaced,
}

/// Who can get at the store without being Grafana.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Nobody.
    None,
    /// Others can read it.
    Readable,
    /// Others can replace it: they can write the directory.
    Writable,
}

/// The files of a store that is open.
#[derive(Clone, Debug)]
pub(super) struct OnDisk {
    directory: PathBuf,
    database: Known,
    lock: Known,
}

#[derive(Clone, Debug)]
struct Known {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Known {
    fn of(path: PathBuf, found: &Metadata) -> Self {
        Self {
            path,
            device: found.dev(),
            inode: found.ino(),
        }
    }

    fn is_there(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode))
    }
}

impl OnDisk {
    /// Both files are open.
    pub(super) fn new(directory: &Path, database: (PathBuf, &Metadata), lock: (PathBuf, &Metadata)) -> Self {
        Self {
            directory: directory.to_owned(),
            database: Known::of(database.0, database.1),
            lock: Known::of(lock.0, lock.1),
        }
    }

    pub(super) fn database(&self) -> &Path {
        &self.database.path
    }

    pub(super) fn state(&self) -> FileState {
        if !self.database.is_there() {
            FileState::Replaced
        } else if !self.lock.is_there() {
            FileState::LockReplaced
        } else {
            FileState::Same
        }
    }

    pub(super) fn exposure(&self) -> Exposure {
        let mode = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.mode());
        let (directory, database) = (mode(&self.directory), mode(&self.database.path));
        // The sticky bit leaves a file to its owner.
        if directory & 0o002 != 0 && directory & 0o1000 == 0 {
            Exposure::Writable
        } else if directory & 0o001 != 0 && database & 0o004 != 0 {
            Exposure::Readable
        } else {
            Exposure::None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt as _,
    };

    use super::*;

    fn made(dir: &Path) -> OnDisk {
        let (database, lock) = (dir.join("db"), dir.join("lock"));
        for path in [&database, &lock] {
            fs::write(path, "").unwrap();
        }
        let found = [&database, &lock].map(|path| fs::metadata(path).unwrap());
        OnDisk::new(dir, (database, &found[0]), (lock, &found[1]))
    }

    #[test]
    fn a_file_that_was_deleted_or_replaced_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let files = made(dir.path());
        assert_eq!(files.state(), FileState::Same);
        fs::write(files.database(), "more").unwrap();
        assert_eq!(files.state(), FileState::Same, "it was only written");
        // Kept open elsewhere: its inode is not free for the next one.
        fs::rename(files.database(), dir.path().join("before")).unwrap();
        assert_eq!(files.state(), FileState::Replaced);
        fs::write(files.database(), "").unwrap();
        assert_eq!(files.state(), FileState::Replaced);
        fs::rename(dir.path().join("before"), files.database()).unwrap();
        fs::remove_file(dir.path().join("lock")).unwrap();
        assert_eq!(files.state(), FileState::LockReplaced);
    }

    #[test]
    fn what_others_can_read_or_replace_is_exposed() {
        let dir = tempfile::tempdir().unwrap();
        let files = made(dir.path());
        let exposed = |directory: u32, file: u32| {
            fs::set_permissions(dir.path(), Permissions::from_mode(directory)).unwrap();
            fs::set_permissions(files.database(), Permissions::from_mode(file)).unwrap();
            files.exposure()
        };
        assert_eq!(exposed(0o700, 0o644), Exposure::None, "nobody gets as far as the file");
        assert_eq!(exposed(0o755, 0o600), Exposure::None);
        assert_eq!(exposed(0o755, 0o644), Exposure::Readable);
        assert_eq!(exposed(0o777, 0o600), Exposure::Writable);
        assert_eq!(exposed(0o1777, 0o600), Exposure::None);
    }
}
