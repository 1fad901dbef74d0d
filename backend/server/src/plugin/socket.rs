//! The unix socket Grafana talks to us through.
//!
//! Owns: a directory only this user can enter, its end, and the remains of processes that were killed. Over TCP any process of the
//! machine could send us a `PluginContext` of its own making; anybody who can enter the directory already has Grafana's rights.

use std::{
    fs, io,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tokio::net::UnixListener;

const PREFIX: &str = "rollcall-";
// Short: the whole path may have 107 bytes.
const SOCKET: &str = "s";

pub(super) struct PrivateSocket {
    pub(super) listener: UnixListener,
    pub(super) path: PathBuf,
    // Removes itself when dropped.
    _directory: TempDir,
}

impl PrivateSocket {
    /// Listens in a new directory in `base`.
    pub(super) fn bind(base: &Path) -> io::Result<Self> {
        remove_stale(base);
        let directory = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(base)?;
        let path = directory.path().join(SOCKET);
        Ok(Self {
            listener: UnixListener::bind(&path)?,
            path,
            _directory: directory,
        })
    }
}

/// Removes the directories of processes that are gone. What cannot be read or removed is left: it is somebody else's, or harmless.
fn remove_stale(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')?.0.parse::<u32>().ok());
        let Some(pid) = pid else { continue };
        // A process of another container is not in our /proc, but its socket still answers.
        let alive =
            Path::new("/proc").join(pid.to_string()).exists() || UnixStream::connect(entry.path().join(SOCKET)).is_ok();
        if !alive && entry.file_type().is_ok_and(|kind| kind.is_dir()) && fs::remove_dir_all(entry.path()).is_ok() {
            tracing::debug!(pid, "removed the socket directory of a process that is gone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_private_and_leaves_nothing_behind() {
        let base = tempfile::tempdir().unwrap();
        let socket = PrivateSocket::bind(base.path()).unwrap();
        let directory = socket.path.parent().unwrap().to_owned();
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        drop(socket);
        assert!(!directory.exists());
    }

    #[tokio::test]
    async fn remains_of_killed_processes_are_removed_and_nothing_else() {
        let base = tempfile::tempdir().unwrap();
        let make = |name: String| {
            let directory = base.path().join(name);
            fs::create_dir(&directory).unwrap();
            directory
        };
        // The kernel's highest possible pid is 4194304.
        let stale = make("rollcall-4194305-abc".into());
        fs::write(stale.join(SOCKET), "").unwrap();
        let of_a_live_process = make(format!("rollcall-{}-abc", std::process::id()));
        let foreign = make("rollcall-notes".into());
        let unseen_but_listening = make("rollcall-4194306-abc".into());
        let _listener = UnixListener::bind(unseen_but_listening.join(SOCKET)).unwrap();

        let _socket = PrivateSocket::bind(base.path()).unwrap();

        assert!(!stale.exists());
        for kept in [of_a_live_process, foreign, unseen_but_listening] {
            assert!(kept.exists(), "{} was removed", kept.display());
        }
    }
}
