//! Grafana's configuration file, as far as it decides something here.
//!
//! Owns: sections and keys with Grafana's defaults, what `/api/admin/settings` shows of them, and what a plugin gets of them in its
//! environment. Must never decide behaviour: who reads a key says what follows.

use std::collections::BTreeMap;

/// `[section] key = value`, Grafana's defaults included.
#[derive(Clone, Debug)]
pub struct Settings {
    sections: BTreeMap<String, BTreeMap<String, String>>,
}

/// Those of `conf/defaults.ini` (11.1.1) that are read here, or that a SCIM product has reason to read.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("DEFAULT", "app_mode", "production"),
    ("auth", "disable_login", "false"),
    ("auth", "disable_login_form", "false"),
    ("auth", "login_cookie_name", "grafana_session"),
    ("auth", "oauth_allow_insecure_email_lookup", "false"),
    ("auth", "token_rotation_interval_minutes", "10"),
    ("auth.anonymous", "enabled", "false"),
    ("auth.anonymous", "org_name", "Main Org."),
    ("auth.anonymous", "org_role", "Viewer"),
    ("auth.basic", "enabled", "true"),
    ("auth.basic", "password_policy", "false"),
    ("auth.generic_oauth", "allow_sign_up", "true"),
    ("auth.generic_oauth", "client_secret", ""),
    ("auth.generic_oauth", "enabled", "false"),
    ("auth.generic_oauth", "skip_org_role_sync", "false"),
    ("auth.ldap", "enabled", "false"),
    ("auth.proxy", "enabled", "false"),
    ("enterprise", "license_path", ""),
    ("database", "password", ""),
    ("database", "type", "sqlite3"),
    ("quota", "enabled", "false"),
    ("quota", "global_org", "-1"),
    ("quota", "global_session", "-1"),
    ("quota", "global_user", "-1"),
    ("quota", "org_user", "10"),
    ("quota", "user_org", "10"),
    ("security", "admin_password", "admin"),
    ("security", "admin_user", "admin"),
    ("security", "content_security_policy", "false"),
    (
        "security",
        "content_security_policy_template",
        "script-src 'self' 'unsafe-eval' 'unsafe-inline' 'strict-dynamic' $NONCE;object-src 'none';font-src 'self';style-src 'self' \
         'unsafe-inline' blob:;img-src * data:;base-uri 'self';connect-src 'self' grafana.com ws://$ROOT_PATH \
         wss://$ROOT_PATH;manifest-src 'self';media-src 'none';form-action 'self';",
    ),
    ("security", "disable_brute_force_login_protection", "false"),
    ("server", "serve_from_sub_path", "false"),
    ("smtp", "enabled", "false"),
    ("users", "auto_assign_org", "true"),
    ("users", "auto_assign_org_id", "1"),
    ("users", "auto_assign_org_role", "Viewer"),
    ("users", "hidden_users", ""),
    ("users", "verify_email_enabled", "false"),
];

/// `setting.RedactedValue`; a secret that is not set stays empty.
const MASK: &str = "*********";

impl Default for Settings {
    fn default() -> Self {
        let mut settings = Self {
            sections: BTreeMap::new(),
        };
        for (section, key, value) in DEFAULTS {
            settings.put(section, key, value);
        }
        settings
    }
}

impl Settings {
    /// The same with one more line; keys that Grafana does not know are kept as it keeps them (G69).
    #[must_use]
    pub fn with(mut self, section: &str, key: &str, value: &str) -> Self {
        self.put(section, key, value);
        self
    }

    /// One line of the configuration file.
    pub fn put(&mut self, section: &str, key: &str, value: &str) {
        let section = self.sections.entry(section.to_owned()).or_default();
        section.insert(key.to_owned(), value.to_owned());
    }

    /// The value, or nothing at all where there is no such line.
    #[must_use]
    pub fn get(&self, section: &str, key: &str) -> &str {
        let value = self.sections.get(section).and_then(|keys| keys.get(key));
        value.map_or("", String::as_str)
    }

    /// Whether the line says yes.
    #[must_use]
    pub fn is_on(&self, section: &str, key: &str) -> bool {
        self.get(section, key) == "true"
    }

    /// An Enterprise whose licence is there. The open source edition has the line too, and it does nothing there.
    pub(super) fn is_enterprise(&self) -> bool {
        !self.get("enterprise", "license_path").is_empty()
    }

    pub(super) fn put_default(&mut self, section: &str, key: &str, value: &str) {
        if self.get(section, key).is_empty() {
            self.put(section, key, value);
        }
    }

    /// Every section, secrets masked (G69).
    pub(super) fn shown(&self) -> serde_json::Value {
        let masked = |key: &str, value: &str| {
            let secret = ["password", "secret", "private_key", "token"]
                .iter()
                .any(|word| key.contains(word) && !key.starts_with("token_rotation"));
            if secret && !value.is_empty() {
                MASK.to_owned()
            } else {
                value.to_owned()
            }
        };
        let shown: BTreeMap<&str, BTreeMap<&str, String>> = self
            .sections
            .iter()
            .map(|(section, keys)| {
                let keys = keys.iter().map(|(key, value)| (key.as_str(), masked(key, value)));
                (section.as_str(), keys.collect())
            })
            .collect();
        serde_json::json!(shown)
    }

    /// `[plugin.<id>] key = value` reaches the plugin as `GF_PLUGIN_KEY=value` (G68).
    pub(super) fn environment_of(&self, plugin: &str) -> Vec<(String, String)> {
        let keys = self.sections.get(&format!("plugin.{plugin}"));
        keys.into_iter()
            .flatten()
            .map(|(key, value)| (format!("GF_PLUGIN_{}", key.to_uppercase()), value.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_unknown_keys_are_shown() {
        let settings = Settings::default().with("auth", "team_sync_mode", "scim_sync").with(
            "plugin.x",
            "admin_password",
            "geheim",
        );
        let shown = settings.shown();
        assert_eq!(shown["auth"]["team_sync_mode"], "scim_sync");
        assert_eq!(shown["auth"]["token_rotation_interval_minutes"], "10");
        assert_eq!(shown["plugin.x"]["admin_password"], MASK);
        assert_eq!(shown["database"]["password"], "");
        assert_eq!(
            settings.environment_of("x"),
            [("GF_PLUGIN_ADMIN_PASSWORD".to_owned(), "geheim".to_owned())]
        );
    }
}
