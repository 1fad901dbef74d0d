//! What the process is told by its environment, read once.
//!
//! Owns: the names of the variables and the choice of the data directory. Must never print the environment: Grafana before 12.4
//! passes its whole own one on, secrets included (G67). Start at [`Config::new`].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use domain::{
    OrgId, Secret,
    settings::{self, Kind},
};

#[cfg(debug_assertions)]
use crate::faults::Faults;

/// Everything that is fixed for the life of the process.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the store lies.
    pub data_dir: PathBuf,
    /// `[plugin.rollcall-scim-app]`, without secrets.
    pub plugin_ini: BTreeMap<String, String>,
    /// The organizations that may use the secrets of that section: `orgs`, 1 if not set. An Admin of any organization can enable the
    /// app in their own; they must not thereby command a server admin's account.
    pub orgs: BTreeSet<OrgId>,
    /// The secrets of that section.
    pub secrets: BTreeMap<&'static str, Secret>,
    /// Grafana's public URL, where it says so by itself (with an `iam` block, and from 12 on).
    pub app_url: Option<String>,
    /// The faults that a reliability test asks for.
    #[cfg(debug_assertions)]
    pub faults: Faults,
}

impl Config {
    /// Reads `environment`. `executable` is this program's own path, the last resort for the data directory.
    #[must_use]
    pub fn new(environment: &HashMap<String, String>, executable: &Path) -> Self {
        let filled = |name: &str| environment.get(name).filter(|value| !value.trim().is_empty());
        let mut plugin_ini = BTreeMap::new();
        let mut secrets = BTreeMap::new();
        for key in settings::KEYS {
            // Grafana makes `GF_PLUGIN_PUBLIC_URL` of `[plugin.<id>] public_url`.
            let Some(value) = filled(&format!("GF_PLUGIN_{}", key.name.to_ascii_uppercase())) else {
                continue;
            };
            if key.kind == Kind::Secret {
                secrets.insert(key.name, Secret::new(value.trim()));
            } else {
                plugin_ini.insert(key.name.to_owned(), value.clone());
            }
        }
        Self {
            data_dir: data_dir(
                filled("GF_PLUGIN_DATA_DIR").map(String::as_str),
                filled("GF_PATHS_DATA").map(String::as_str),
                executable,
            ),
            orgs: orgs(filled("GF_PLUGIN_ORGS").map_or("1", String::as_str)),
            plugin_ini,
            secrets,
            app_url: filled("GF_APP_URL").cloned(),
            #[cfg(debug_assertions)]
            faults: Faults::new(environment),
        }
    }
}

/// A list like `1, 3`. What is no number names no organization.
fn orgs(list: &str) -> BTreeSet<OrgId> {
    list.split([',', ' ']).filter_map(|id| id.parse().ok()).collect()
}

/// Outside the plugin's own directory, which an upgrade wipes. The store has to be open before the first request, so `jsonData`, which
/// travels with requests, cannot name it.
fn data_dir(ini: Option<&str>, grafana_data: Option<&str>, executable: &Path) -> PathBuf {
    match (ini, grafana_data) {
        (Some(chosen), _) => PathBuf::from(chosen.trim()),
        (None, Some(data)) => Path::new(data.trim()).join("rollcall"),
        (None, None) => {
            // <data>/plugins/rollcall-scim-app/gpx_rollcall_linux_amd64 → <data>/rollcall
            let beside = executable.ancestors().nth(3).unwrap_or(Path::new("."));
            beside.join("rollcall")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(rows: &[(&str, &str)]) -> Config {
        let environment = rows.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let executable = Path::new("/var/lib/grafana/plugins/rollcall-scim-app/gpx_rollcall_linux_amd64");
        Config::new(&environment, executable)
    }

    #[test]
    fn the_store_lies_where_an_upgrade_does_not_wipe_it() {
        assert_eq!(config(&[]).data_dir, Path::new("/var/lib/grafana/rollcall"));
        let docker = ("GF_PATHS_DATA", "/data");
        assert_eq!(config(&[docker]).data_dir, Path::new("/data/rollcall"));
        assert_eq!(
            config(&[docker, ("GF_PLUGIN_DATA_DIR", "/srv/scim")]).data_dir,
            Path::new("/srv/scim")
        );
    }

    #[test]
    fn secrets_of_the_ini_file_serve_the_main_organization() {
        assert_eq!(config(&[]).orgs, BTreeSet::from([OrgId::new(1)]));
        assert_eq!(
            config(&[("GF_PLUGIN_ORGS", "1, 3,x")]).orgs,
            BTreeSet::from([1, 3].map(OrgId::new))
        );
    }

    #[test]
    fn secrets_of_the_ini_file_are_kept_apart_and_cannot_be_printed() {
        let config = config(&[
            ("GF_PLUGIN_ADMIN_USER", "root"),
            ("GF_PLUGIN_ADMIN_PASSWORD", "hunter2"),
            ("GF_PLUGIN_MAPPING_MODE", " "),
        ]);
        assert_eq!(
            config.plugin_ini,
            BTreeMap::from([("admin_user".into(), "root".into())])
        );
        assert_eq!(config.secrets["admin_password"].expose(), "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
