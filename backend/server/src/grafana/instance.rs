//! Grafana itself: its version and its configuration.
//!
//! Owns: what is read of `/api/health` and `/api/admin/settings`. Must never keep the whole configuration: it has masked secrets and
//! everybody's settings in it. Start at [`Grafana::admin_settings`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Grafana,
    call::{self, Scope},
    failure::{Error, Result},
};

/// What of Grafana's configuration file matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdminSettings {
    /// The section `[auth]`, the seed document's own keys included (`grafana-live.md` §7).
    pub auth: BTreeMap<String, String>,
    /// `server.root_url`.
    pub public_url: Option<String>,
    /// Whether every provider that is on leaves org roles alone (`skip_org_role_sync`): only then does a suspension hold. Unknown where
    /// no provider is seen: one that was set up on Grafana's own page is not in its configuration file.
    pub role_sync_skipped: Option<bool>,
    /// How people get in.
    pub doors: Doors,
}

/// What bears on whether a closed account stays closed, and on who is new. Everything is `None` where it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doors {
    /// Whether LDAP is on: a sign-in by it enables a disabled account.
    pub ldap: Option<bool>,
    /// Whether a provider that is on, or Grafana itself, makes accounts for who has none. Unknown where no provider is seen: one that was
    /// set up on Grafana's own page is not in its configuration file.
    pub sign_up: Option<bool>,
    /// The role of who is new in an organization.
    pub new_role: Option<String>,
}

#[derive(Deserialize)]
struct Health {
    #[serde(default)]
    version: Option<String>,
}

impl Grafana {
    /// Whether Grafana answers, and its version where it tells it (`hide_version`).
    ///
    /// # Errors
    /// [`Error::Away`] or [`Error::NotGrafana`].
    pub async fn health(&self) -> Result<Option<String>> {
        let answer = call::send(self.http.0.get(self.session.url("/api/health"))).await?;
        if answer.status.as_u16() == 404 {
            return Err(Error::NotGrafana("it has no /api/health".to_owned()));
        }
        let health: Health = answer.json()?;
        Ok(health.version.filter(|v| !v.is_empty()))
    }

    /// Grafana's configuration, as far as it matters here.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for whoever is no server admin.
    pub async fn admin_settings(&self) -> Result<AdminSettings> {
        let sections: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
            self.get(Scope::Server, "/api/admin/settings", &[]).await?;
        Ok(read(&sections))
    }
}

fn read(sections: &BTreeMap<String, BTreeMap<String, serde_json::Value>>) -> AdminSettings {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let get = |section: &str, key: &str| {
        sections
            .get(section)
            .and_then(|s| s.get(key))
            .map(text)
            .filter(|v| !v.is_empty())
    };
    let on = |section: &str, key: &str| get(section, key).is_some_and(|v| v == "true");
    let providers = sections.keys().filter(|name| {
        name.starts_with("auth.") && on(name, "enabled") && !["auth.basic", "auth.anonymous"].contains(&name.as_str())
    });
    let mut skipped = None;
    let mut sign_up = on("users", "allow_sign_up").then_some(true);
    for provider in providers {
        // JWT and the auth proxy have their own word for it.
        let may = ["allow_sign_up", "auto_sign_up"].iter().any(|key| on(provider, key));
        sign_up = Some(may || sign_up == Some(true));
        // `oauth_skip_org_role_update_sync` is the older switch for every OAuth provider at once.
        let skips = on(provider, "skip_org_role_sync")
            || (provider != "auth.ldap" && provider != "auth.saml" && on("auth", "oauth_skip_org_role_update_sync"));
        skipped = Some(skips && skipped != Some(false));
    }
    AdminSettings {
        auth: sections
            .get("auth")
            .map(|section| section.iter().map(|(k, v)| (k.clone(), text(v))).collect())
            .unwrap_or_default(),
        public_url: get("server", "root_url"),
        role_sync_skipped: skipped,
        doors: Doors {
            ldap: Some(on("auth.ldap", "enabled")),
            sign_up,
            new_role: get("users", "auto_assign_org_role"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(json: serde_json::Value) -> AdminSettings {
        read(&serde_json::from_value(json).expect("sections of settings"))
    }

    #[test]
    fn a_suspension_holds_only_where_every_provider_leaves_roles_alone() {
        let both = sections(serde_json::json!({
            "auth.okta": {"enabled": "true", "skip_org_role_sync": "true"},
            "auth.github": {"enabled": "false", "skip_org_role_sync": "false"},
            "auth.basic": {"enabled": "true"},
        }));
        assert_eq!(both.role_sync_skipped, Some(true));
        let one = sections(serde_json::json!({"auth.okta": {"enabled": "true", "skip_org_role_sync": "false"}}));
        assert_eq!(one.role_sync_skipped, Some(false));
        let none = sections(serde_json::json!({"auth.basic": {"enabled": "true"}}));
        assert_eq!(none.role_sync_skipped, None, "it may be set up on Grafana's page");
    }

    #[test]
    fn a_deletion_holds_only_where_no_provider_that_is_on_makes_accounts() {
        for (provider, users, sign_up) in [
            (
                serde_json::json!({"enabled": "true", "allow_sign_up": "true"}),
                "false",
                Some(true),
            ),
            (
                serde_json::json!({"enabled": "true", "allow_sign_up": "false"}),
                "false",
                Some(false),
            ),
            (
                serde_json::json!({"enabled": "true", "allow_sign_up": "false"}),
                "true",
                Some(true),
            ),
            (
                serde_json::json!({"enabled": "false", "allow_sign_up": "true"}),
                "false",
                None,
            ),
        ] {
            let read = sections(serde_json::json!({"auth.okta": provider, "users": {"allow_sign_up": users}}));
            assert_eq!(read.doors.sign_up, sign_up, "{provider} {users}");
            assert_eq!(read.doors.ldap, Some(false));
        }
        let proxy = sections(serde_json::json!({"auth.proxy": {"enabled": "true", "auto_sign_up": "true"}}));
        assert_eq!(proxy.doors.sign_up, Some(true));
        let ldap = sections(serde_json::json!({"auth.ldap": {"enabled": "true", "allow_sign_up": "false"}}));
        assert_eq!(ldap.doors.ldap, Some(true));
    }

    #[test]
    fn the_seeds_lines_and_the_public_url_are_read() {
        let read = sections(serde_json::json!({
            "auth": {"team_sync_mode": "scim_sync", "mapping_mode": "create"},
            "server": {"root_url": "https://g.example/"},
        }));
        assert_eq!(read.auth.get("mapping_mode").map(String::as_str), Some("create"));
        assert_eq!(read.public_url.as_deref(), Some("https://g.example/"));
    }
}
