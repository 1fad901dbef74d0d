//! The Grafana that started this process, from the environment it gives a plugin.
//!
//! Owns: the check that there is one, and that it speaks a protocol of ours. Must never read the
//! environment itself: it is handed in. Start at [`Host::from_environment`].

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// What the Grafana that started us wants.
#[derive(Clone, Debug)]
pub struct Host {
    socket_dir: PathBuf,
}

/// Why this is no process of a Grafana. The texts are for the person at the terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGrafana {
    /// Started by hand.
    #[error(
        "This program is the backend of the Grafana app plugin rollcall-scim-app. Grafana starts it; on its own it does nothing.\n\
         Put the plugin into Grafana's plugins directory, or run `cargo xtask dev` in its sources to try it."
    )]
    NoCookie,
    /// Started by a host that speaks other versions of the plugin protocol.
    #[error("This plugin speaks version 2 of Grafana's plugin protocol; the program that started it offers: {0}.")]
    OtherProtocol(String),
}

impl Host {
    /// Reads what hashicorp/go-plugin put into the environment.
    ///
    /// # Errors
    /// [`NotGrafana`] if no Grafana started this process, or none that we can talk to.
    pub fn from_environment(environment: &HashMap<String, String>) -> Result<Self, NotGrafana> {
        // The "magic cookie" of every kind of plugin, apps too, says datasource.
        if environment.get("grafana_plugin_type").map(String::as_str) != Some("datasource") {
            return Err(NotGrafana::NoCookie);
        }
        // Hosts that predate negotiation send no list; they speak 2.
        if let Some(offered) = environment.get("PLUGIN_PROTOCOL_VERSIONS")
            && !offered.split(',').any(|version| version.trim() == "2")
        {
            return Err(NotGrafana::OtherProtocol(offered.clone()));
        }
        // Set where the plugin runs in a container of its own: a directory both sides see.
        let socket_dir = environment
            .get("PLUGIN_UNIX_SOCKET_DIR")
            .filter(|directory| !directory.is_empty());
        Ok(Self {
            socket_dir: socket_dir.map_or_else(std::env::temp_dir, PathBuf::from),
        })
    }

    pub(super) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(environment: &[(&str, &str)]) -> Result<Host, NotGrafana> {
        Host::from_environment(&environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect())
    }

    #[test]
    fn only_a_grafana_that_speaks_version_2_is_served() {
        let cookie = ("grafana_plugin_type", "datasource");
        assert!(host(&[cookie, ("PLUGIN_PROTOCOL_VERSIONS", "2")]).is_ok());
        assert!(host(&[cookie, ("PLUGIN_PROTOCOL_VERSIONS", "2,3")]).is_ok());
        assert!(host(&[cookie]).is_ok());
        assert_eq!(host(&[]).unwrap_err(), NotGrafana::NoCookie);
        assert_eq!(
            host(&[("grafana_plugin_type", "app")]).unwrap_err(),
            NotGrafana::NoCookie
        );
        assert_eq!(
            host(&[cookie, ("PLUGIN_PROTOCOL_VERSIONS", "1,22")]).unwrap_err(),
            NotGrafana::OtherProtocol("1,22".into())
        );
    }

    #[test]
    fn the_socket_goes_where_the_host_says() {
        let host = host(&[
            ("grafana_plugin_type", "datasource"),
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/plugins"),
        ])
        .unwrap();
        assert_eq!(host.socket_dir(), Path::new("/run/plugins"));
    }
}
