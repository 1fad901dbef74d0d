//! Settings with origin: which value of which source is in force, and what is wrong with the others.
//!
//! Owns: the table of settings ([`KEYS`]), their validation and precedence. Must never read a file or a store: sources come in as maps.
//! Start at [`resolve`].
//!
//! Precedence (docs/settings.md): Grafana's own configuration file (`[auth] team_sync_mode`, `mapping_mode`, R36)
//! over `[plugin.rollcall-scim-app]` over provisioning/`jsonData` over the page over the default. A value that is not valid is
//! refused by name and the next source counts, so a typing error in a file never turns into a surprise.

mod keys;
pub mod reach;

use std::collections::BTreeMap;

pub use vocabulary::MappingMode;

mod claim_policy;
mod effective;
mod team_claim;

pub use claim_policy::ClaimPolicy;
pub use effective::{Deprovision, Effective, Linking, MembershipPolicy, Reach, TeamRemoval, effective};
pub use keys::{KEYS, Key, Kind, Name};
pub use team_claim::TeamClaim;

/// Where a value came from, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `[auth]` in Grafana's configuration file.
    GrafanaIni,
    /// `[plugin.rollcall-scim-app]`.
    PluginIni,
    /// `jsonData`.
    Provisioned,
    /// Our own page.
    Page,
    /// Nobody.
    Default,
}

/// The row of a name.
#[must_use]
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|k| k.name == name)
}

/// The raw texts of every source, by [`Key::name`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// `[auth]` of Grafana's file, as `/api/admin/settings` shows it.
    pub grafana_ini: BTreeMap<String, String>,
    /// `[plugin.rollcall-scim-app]`.
    pub plugin_ini: BTreeMap<String, String>,
    /// `jsonData`.
    pub provisioned: BTreeMap<String, String>,
    /// The page.
    pub page: BTreeMap<String, String>,
}

impl Sources {
    fn in_order(&self) -> [(Origin, &BTreeMap<String, String>); 4] {
        [
            (Origin::GrafanaIni, &self.grafana_ini),
            (Origin::PluginIni, &self.plugin_ini),
            (Origin::Provisioned, &self.provisioned),
            (Origin::Page, &self.page),
        ]
    }
}

/// One setting as resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Its row.
    pub name: &'static str,
    /// The value in force; empty when not set.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
    /// What is wrong with a stronger source's value, in words.
    pub problem: Option<String>,
}

/// A value that may not be used. The text is public and names key, value and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// No such setting.
    #[error("There is no setting “{0}”.")]
    UnknownKey(String),
    /// Not one of the choices.
    #[error("{name} cannot be “{value}”. It is one of: {choices}.")]
    NotAChoice {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        choices: String,
    },
    /// Not a URL.
    #[error(
        "{name} must be a plain URL, like http://localhost:3000 or https://grafana.example.com/grafana: http or https, a host in small \
         letters (xn--… where it is not ASCII), no default port, no user, no ? or #, and nothing that has to be escaped."
    )]
    NotAUrl {
        /// The setting.
        name: &'static str,
    },
    /// Not a whole number, or out of range.
    #[error("{name} cannot be “{value}”. It is a whole number from {least} to {most}.")]
    NotInRange {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: String,
        /// The smallest that may be given.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// It reaches beyond the organization.
    #[error("{name} is set in [plugin.rollcall-scim-app] of Grafana's configuration file and nowhere else.")]
    OnlyInFile {
        /// The setting.
        name: &'static str,
    },
    /// More than one line, or too long.
    #[error("{name} must be one line of at most 1,000 characters.")]
    NotOneLine {
        /// The setting.
        name: &'static str,
    },
    /// A secret was sent where secrets are not kept.
    #[error(
        "{name} is a secret. Grafana keeps it: set it in secureJsonData (the page does), in [plugin.rollcall-scim-app], or in a file."
    )]
    IsSecret {
        /// The setting.
        name: &'static str,
    },
}

/// Checks one value that somebody other than Grafana's configuration file gives.
///
/// # Errors
/// [`Invalid`] says what is wrong and what may be given.
pub fn validate_outside_file(key: &'static Key, raw: &str) -> Result<String, Invalid> {
    match key.kind {
        Kind::FileChoice(_) => Err(Invalid::OnlyInFile { name: key.name }),
        _ => validate(key, raw),
    }
}

/// Checks one value and returns it trimmed.
///
/// # Errors
/// [`Invalid`] says what is wrong and what may be given.
pub fn validate(key: &'static Key, raw: &str) -> Result<String, Invalid> {
    // The seed document writes `team_sync_mode = "scim_sync"`, and Grafana's ini parser keeps quotes in some places.
    let value = raw.trim().trim_matches('"').trim();
    if value.chars().any(char::is_control) || value.chars().count() > 1000 {
        return Err(Invalid::NotOneLine { name: key.name });
    }
    match key.kind {
        Kind::Choice(choices) | Kind::FileChoice(choices) if !choices.contains(&value) => Err(Invalid::NotAChoice {
            name: key.name,
            value: value.to_owned(),
            choices: choices.join(", "),
        }),
        Kind::Url if value.is_empty() => Ok(String::new()),
        Kind::Url => match plain_url(value) {
            Some(plain) => Ok(plain.to_owned()),
            None => Err(Invalid::NotAUrl { name: key.name }),
        },
        Kind::Number(least, most) => match value.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number.to_string()),
            // Back to the default.
            Err(_) if value.is_empty() => Ok(String::new()),
            _ => Err(Invalid::NotInRange {
                name: key.name,
                value: value.to_owned(),
                least,
                most,
            }),
        },
        Kind::Secret => Err(Invalid::IsSecret { name: key.name }),
        _ => Ok(value.to_owned()),
    }
}

/// A URL that Grafana itself says is its public one, written as a plain URL; `None` where it is none.
#[must_use]
pub fn public_form(said: &str) -> Option<String> {
    let parsed = url::Url::parse(said.trim()).ok()?;
    plain_url(parsed.as_str()).map(str::to_owned)
}

/// The URL as it is, if reading it as one changes nothing: it goes into headers and documents.
fn plain_url(value: &str) -> Option<&str> {
    let plain = value.trim_end_matches('/');
    let parsed = url::Url::parse(value).ok()?;
    let is_bare = parsed.username().is_empty() && parsed.password().is_none() && parsed.query().is_none();
    let is_web = matches!(parsed.scheme(), "http" | "https") && parsed.host_str().is_some_and(|host| !host.is_empty());
    let is_same = parsed.as_str().trim_end_matches('/') == plain;
    (is_web && is_bare && is_same && parsed.fragment().is_none()).then_some(plain)
}

/// Resolves every setting that is not a secret.
#[must_use]
pub fn resolve(sources: &Sources) -> Vec<Resolved> {
    KEYS.iter()
        .filter(|k| k.kind != Kind::Secret)
        .map(|k| resolve_one(k, sources))
        .collect()
}

fn resolve_one(key: &'static Key, sources: &Sources) -> Resolved {
    let mut problem = None;
    for (origin, map) in sources.in_order() {
        if origin == Origin::GrafanaIni && !key.in_auth_section {
            continue;
        }
        let Some(raw) = map.get(key.name).filter(|v| !v.trim().is_empty()) else {
            continue;
        };
        if matches!(key.kind, Kind::FileChoice(_)) && origin != Origin::PluginIni {
            problem = Some(problem.unwrap_or_else(|| Invalid::OnlyInFile { name: key.name }.to_string()));
            continue;
        }
        match validate(key, raw) {
            Ok(value) => {
                return Resolved {
                    name: key.name,
                    value,
                    origin,
                    problem,
                };
            }
            Err(invalid) => problem = Some(problem.unwrap_or_else(|| invalid.to_string())),
        }
    }
    Resolved {
        name: key.name,
        value: key.default.to_owned(),
        origin: Origin::Default,
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
        rows.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn of(sources: &Sources, name: &str) -> Resolved {
        resolve(sources)
            .into_iter()
            .find(|r| r.name == name)
            .expect("a row of the table")
    }

    #[test]
    fn each_row_is_a_setting_of_its_own() {
        for (n, key) in KEYS.iter().enumerate() {
            let twin = KEYS[..n]
                .iter()
                .find(|k| k.setting == key.setting || k.name == key.name);
            assert!(twin.is_none(), "{}", key.name);
            let camel: String = key.name.split('_').map(str::to_owned).collect();
            assert_eq!(format!("{:?}", key.setting).to_lowercase(), camel);
        }
    }

    #[test]
    fn the_seed_documents_own_lines_win_over_everything() {
        let sources = Sources {
            grafana_ini: map(&[("mapping_mode", "\"create\""), ("team_sync_mode", "scim_sync")]),
            plugin_ini: map(&[("mapping_mode", "strict")]),
            page: map(&[("mapping_mode", "strict")]),
            ..Sources::default()
        };
        assert_eq!(of(&sources, "mapping_mode").origin, Origin::GrafanaIni);
        assert_eq!(effective(&resolve(&sources)).mapping_mode, MappingMode::Create);
    }

    #[test]
    fn an_unknown_value_is_refused_and_the_next_source_counts() {
        let sources = Sources {
            plugin_ini: map(&[("mapping_mode", "loose")]),
            page: map(&[("mapping_mode", "create")]),
            ..Sources::default()
        };
        let row = of(&sources, "mapping_mode");
        assert_eq!((row.value.as_str(), row.origin), ("create", Origin::Page));
        assert!(
            row.problem
                .is_some_and(|p| p.contains("loose") && p.contains("strict, create"))
        );
    }

    #[test]
    fn any_other_team_sync_mode_means_users_only() {
        for (mode, on) in [("scim_sync", true), ("team_sync", false), ("off", false)] {
            let sources = Sources {
                page: map(&[("team_sync_mode", mode)]),
                ..Sources::default()
            };
            assert_eq!(effective(&resolve(&sources)).group_sync, on, "{mode}");
        }
    }

    #[test]
    fn the_auth_section_sets_only_the_seeds_two_keys() {
        let sources = Sources {
            grafana_ini: map(&[("claim_policy", "never")]),
            ..Sources::default()
        };
        assert_eq!(of(&sources, "claim_policy").origin, Origin::Default);
    }

    #[test]
    fn urls_lose_their_last_slash_and_must_name_a_host() {
        let url = key("grafana_url").expect("a row");
        assert_eq!(
            validate(url, " http://grafana:3000/sub/ "),
            Ok("http://grafana:3000/sub".into())
        );
        for bad in [
            "grafana:3000",
            "http://",
            "ftp://x",
            "http://a b",
            "http://user@host",
            "http://x/<script>",
            "http://x/\u{2028}b",
            "http://ä",
            "HTTP://x",
            "http://x:80",
            "http://x/a/../b",
            "http://x?y",
            "http://x#y",
            "http://[::1]x",
        ] {
            assert!(validate(url, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_are_never_taken_as_a_setting() {
        assert!(matches!(
            validate(key("admin_password").expect("a row"), "x"),
            Err(Invalid::IsSecret { .. })
        ));
        assert!(
            resolve(&Sources::default())
                .iter()
                .all(|r| key(r.name).is_some_and(|k| k.kind != Kind::Secret))
        );
    }

    #[test]
    fn the_logs_age_is_a_number_in_its_range_or_refused_by_name() {
        let days = key("activity_days").expect("a row");
        assert_eq!(validate(days, " 030 "), Ok("30".into()));
        for bad in ["0", "3651", "-1", "a year", "1.5", "99999999999999999999"] {
            let said = validate(days, bad).expect_err(bad).to_string();
            assert!(said.contains("activity_days") && said.contains("1 to 3650"), "{said}");
        }
        assert_eq!(effective(&resolve(&Sources::default())).activity_days, 90);
        let sources = Sources {
            plugin_ini: map(&[("activity_days", "0")]),
            ..Sources::default()
        };
        assert_eq!(
            effective(&resolve(&sources)).activity_days,
            90,
            "a wrong value is not in force"
        );
    }
}
