//! `admin/settings`, `admin/credentials/test`: every setting with its origin.
//!
//! Owns: the shapes of the *Settings* tab. Must never carry a secret back: a secret is a [`Setting`] whose `value` is absent.
//! Start at [`Settings`].
//!
//! Routes: `GET admin/settings` → [`Settings`]; `PUT admin/settings` ([`SettingsUpdate`]) → [`Settings`], or 400 naming the field, or 409 when a file sets it;
//! `POST admin/credentials/test` ([`CredentialsTest`]) → [`CredentialTest`], or 429 within a minute of the last;
//! `POST admin/credentials/given` ([`CredentialsGiven`]) → [`Settings`], 409 where it is not what Grafana keeps, 429 after that for a minute.
//!
//! Secrets are not sent to us at all: the page hands them to Grafana (`POST /api/plugins/<id>/settings`, `secureJsonData`), which
//! keeps them encrypted and gives them to us with each request.

use serde::{Deserialize, Serialize};

use crate::Check;

/// `GET admin/settings`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Settings {
    /// Every setting, in the order to show them.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Setting {
    /// Its key, e.g. `mapping_mode`, the same in every file.
    pub key: String,
    /// The value in force; absent for secrets and for what is not set.
    pub value: Option<String>,
    /// Whether this is a secret, and if so whether it is set.
    pub secret_set: Option<bool>,
    /// Where the value comes from.
    pub origin: SettingOrigin,
    /// A file sets it: the page shows it locked.
    pub locked: bool,
    /// The values it may have, where they are few.
    #[serde(default)]
    pub choices: Vec<String>,
    /// What is wrong with the value some file gives (then the next origin is in force), in words.
    #[serde(default)]
    pub problem: Option<String>,
}

/// Where a value comes from, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingOrigin {
    /// `[auth] team_sync_mode` / `mapping_mode` in Grafana's own configuration file.
    GrafanaIni,
    /// `[plugin.rollcall-scim-app]` in Grafana's configuration file.
    PluginIni,
    /// `provisioning/plugins/*.yaml`, or whatever else wrote this app's `jsonData` / `secureJsonData`.
    Provisioned,
    /// This page.
    Page,
    /// Nobody: the documented default.
    Default,
}

/// `PUT admin/settings`: only the keys to change. A `null` value goes back to the default.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsUpdate {
    /// Key to new value.
    pub settings: std::collections::BTreeMap<String, Option<String>>,
}

/// `POST admin/credentials/test`: what to try. Absent fields mean "as it is set now". Nothing of this is kept.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialsTest {
    /// Grafana's URL as the plugin reaches it.
    #[serde(default)]
    pub grafana_url: Option<String>,
    /// Server admin's login.
    #[serde(default)]
    pub admin_user: Option<String>,
    /// Server admin's password.
    #[serde(default)]
    pub admin_password: Option<String>,
    /// Service-account token for teams.
    #[serde(default)]
    pub service_account_token: Option<String>,
}

// By hand, so that no log line can ever print what somebody typed into a password field.
impl std::fmt::Debug for CredentialsTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialsTest")
            .field("grafana_url", &self.grafana_url)
            .finish_non_exhaustive()
    }
}

/// `POST admin/credentials/given`: an admin typed these secrets again, which Grafana keeps. One that is right may go to the URL, and for
/// the login, that are in force now. Nothing of this is kept.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialsGiven {
    /// Server admin's password.
    #[serde(default)]
    pub admin_password: Option<String>,
    /// Service-account token for teams.
    #[serde(default)]
    pub service_account_token: Option<String>,
}

impl std::fmt::Debug for CredentialsGiven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialsGiven").finish_non_exhaustive()
    }
}

/// What a credentials test found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CredentialTest {
    /// Whether everything that is needed works.
    pub ok: bool,
    /// One sentence.
    pub message: String,
    /// One line per thing that was tried.
    pub checks: Vec<Check>,
}
