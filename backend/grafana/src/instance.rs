//! Grafana itself: its version and its configuration.
//!
//! Owns: what is read of `/api/health` and `/api/admin/settings`. Must never keep the whole configuration: it has masked secrets and
//! everybody's settings in it. Start at [`Grafana::admin_settings`].

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::login::Lines;
use serde::Deserialize;

use super::{
    call,
    client::{Grafana, Scope},
    failure::{Error, Result},
};

/// What of Grafana's configuration file matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdminSettings {
    /// The section `[auth]`, keys that Grafana does not know included (G69).
    pub auth: BTreeMap<String, String>,
    /// `server.root_url`.
    pub public_url: Option<String>,
    /// What decides about sign-ins, in the file and on Grafana's own page.
    pub login: Lines,
    /// How people get in.
    pub sign_in: SignInSettings,
}

/// What bears on whether a closed account stays closed, and on who is new. Everything is `None` where it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInSettings {
    /// Whether LDAP is on: a sign-in by it enables a disabled account.
    pub ldap: Option<bool>,
    /// Whether a provider that is on, or Grafana itself, makes accounts for who has none. Unknown where no provider is seen.
    pub sign_up: Option<bool>,
    /// The role of who is new in an organization.
    pub new_role: Option<String>,
    /// The sections of the providers that are on.
    pub providers: Option<BTreeSet<String>>,
    /// Whether Grafana takes no new password for anybody.
    pub login_form_off: Option<bool>,
}

impl SignInSettings {
    fn of(login: &Lines, new_role: Option<String>) -> Self {
        Self {
            ldap: Some(login.ldap_on()),
            sign_up: login.makes_accounts(),
            new_role,
            providers: Some(login.sign_ins()),
            login_form_off: Some(login.login_form_off()),
        }
    }
}

/// An app, as its settings say.
#[derive(Deserialize)]
struct AppSwitch {
    enabled: Option<bool>,
}

/// One provider of `/api/v1/sso-settings`, secrets redacted by Grafana.
#[derive(Deserialize)]
struct SsoSettings {
    provider: String,
    #[serde(default)]
    settings: BTreeMap<String, serde_json::Value>,
    /// `database` where it is set up on Grafana's page; `system` where it is in the file.
    #[serde(default)]
    source: String,
}

/// What `/api/frontend/settings` says of the licence: `{}` in the open source edition (`services/licensing/oss.go`).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FrontendSettings {
    license_info: LicenseInfo,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LicenseInfo {
    enabled_features: BTreeMap<String, bool>,
}

/// It costs Grafana one `SELECT 1`. Who does not answer it by then answers nothing else either.
const HEALTH: Duration = Duration::from_secs(5);

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
        let request = self.http.0.get(self.session.url("/api/health")).timeout(HEALTH);
        let answer = call::send(request).await?;
        if answer.status.as_u16() == 404 {
            return Err(Error::NotGrafana("it has no /api/health".to_owned()));
        }
        let health: Health = answer.json()?;
        Ok(health.version.filter(|v| !v.is_empty()))
    }

    /// Whether the licence has Team Sync: Grafana's pages call the feature `teamsync` (`features/teams/TeamPages.tsx`), its own code
    /// `teamgroupsync` (`teamapi/team_members.go`).
    pub async fn licensed_for_team_sync(&self) -> Result<bool> {
        let settings: FrontendSettings = self.get(Scope::Server, "/api/frontend/settings", &[]).await?;
        let features = settings.license_info.enabled_features;
        Ok(["teamsync", "teamgroupsync"]
            .iter()
            .any(|feature| features.get(*feature) == Some(&true)))
    }

    /// Whether an app is on in our organization; `None` where Grafana does not know it.
    pub async fn is_app_enabled(&self, plugin_id: &str) -> Result<Option<bool>> {
        let path = format!("/api/plugins/{plugin_id}/settings");
        match self.get::<AppSwitch>(Scope::Org(self.org_id()), &path, &[]).await {
            Ok(app) => Ok(app.enabled),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Grafana's configuration, as far as it matters here.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody who is no server admin.
    pub async fn admin_settings(&self) -> Result<AdminSettings> {
        let sections: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
            self.get(Scope::Server, "/api/admin/settings", &[]).await?;
        let mut read = read(&sections);
        // The page (Grafana 10.4 has it behind a toggle) wins over the file (G24).
        match self
            .get::<Vec<SsoSettings>>(Scope::Server, "/api/v1/sso-settings", &[])
            .await
        {
            Ok(providers) => {
                read.login.page_read();
                for sso in providers.iter().filter(|sso| sso.source == "database") {
                    let settings = sso.settings.iter().map(|(key, value)| (key.as_str(), text(value)));
                    read.login.put_on_page(&sso.provider, settings);
                }
                read.sign_in = SignInSettings::of(&read.login, read.sign_in.new_role.take());
            }
            // Not there, or not for us: the file is all that is known.
            Err(Error::NotFound(_) | Error::Forbidden { .. } | Error::Refused { .. }) => {}
            Err(e) => return Err(e),
        }
        Ok(read)
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn read(sections: &BTreeMap<String, BTreeMap<String, serde_json::Value>>) -> AdminSettings {
    let get = |section: &str, key: &str| {
        sections
            .get(section)
            .and_then(|s| s.get(key))
            .map(text)
            .filter(|v| !v.is_empty())
    };
    let mut login = Lines::default();
    for (section, keys) in sections {
        for (key, value) in keys {
            login.put(section, key, &text(value));
        }
    }
    let new_role = get("users", "auto_assign_org_role");
    AdminSettings {
        auth: sections
            .get("auth")
            .map(|section| section.iter().map(|(k, v)| (k.clone(), text(v))).collect())
            .unwrap_or_default(),
        public_url: get("server", "root_url"),
        sign_in: SignInSettings::of(&login, new_role),
        login,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(json: serde_json::Value) -> AdminSettings {
        read(&serde_json::from_value(json).expect("sections of settings"))
    }

    #[test]
    fn what_decides_about_sign_ins_is_handed_over_and_no_secret() {
        let read = sections(serde_json::json!({
            "auth.okta": {"enabled": true, "skip_org_role_sync": "true", "client_secret": "hunter2"},
            "security": {"admin_password": "hunter2"},
        }));
        assert_eq!(read.login.suspension_holds(), Some(true));
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn a_deletion_holds_where_no_provider_makes_accounts() {
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
            assert_eq!(read.sign_in.sign_up, sign_up, "{provider} {users}");
            assert_eq!(read.sign_in.ldap, Some(false));
        }
        let proxy = sections(serde_json::json!({"auth.proxy": {"enabled": "true", "auto_sign_up": "true"}}));
        assert_eq!(proxy.sign_in.sign_up, Some(true));
        let ldap = sections(serde_json::json!({"auth.ldap": {"enabled": "true", "allow_sign_up": "false"}}));
        assert_eq!(ldap.sign_in.ldap, Some(true));
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
