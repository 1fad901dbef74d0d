//! The lines of Grafana's configuration that decide about sign-ins.
//!
//! Owns: which lines matter, and what they mean by themselves. Must never keep a line that is not on its list: there are secrets beside
//! them. Start at [`Lines`].

use std::collections::{BTreeMap, BTreeSet};

/// Keys of `[auth]`.
const AUTH: &[&str] = &["oauth_allow_insecure_email_lookup", "disable_login_form"];
/// Keys of every `[auth.<method>]`. None of them is a secret.
const METHOD: &[&str] = &[
    "allow_assign_grafana_admin",
    "allow_non_provisioned_users",
    "allow_sign_up",
    "allowed_domains",
    "allowed_organizations",
    "auto_sign_up",
    "email_attribute_path",
    "email_claim",
    "enabled",
    "header_property",
    "headers",
    "reject_non_provisioned_users",
    "skip_org_role_sync",
    "user_sync_enabled",
    "username_attribute_path",
    "username_claim",
];

/// What `social` of Grafana 11 knows; each is looked up the same way.
const OAUTH: &[(&str, &str)] = &[
    ("azuread", "Entra ID"),
    ("generic_oauth", "Generic OAuth"),
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("google", "Google"),
    ("grafana_com", "Grafana.com"),
    ("grafananet", "Grafana.com"),
    ("okta", "Okta"),
];
/// Sections under `auth.` that sign nobody in from outside.
const NOT_A_PROVIDER: &[&str] = &["anonymous", "basic", "scim", "extended_jwt"];

/// The lines of Grafana's configuration that decide about sign-ins: section, key, value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    sections: BTreeMap<String, BTreeMap<String, String>>,
    /// Sections whose provider is set up on Grafana's own page: that wins over the file, line by line.
    pub(super) on_page: BTreeSet<String>,
    /// Whether that page could be read. Where not, a provider on it is not seen.
    pub(super) page_read: bool,
    /// Rollcall makes no account before the first sign-in.
    pub(super) first_login: bool,
}

impl Lines {
    /// Keeps a line if it matters here.
    pub fn put(&mut self, section: &str, key: &str, value: &str) {
        let matters = match section {
            "auth" => AUTH.contains(&key),
            "users" => ["allow_sign_up", "auto_assign_org", "verify_email_enabled"].contains(&key),
            "smtp" => key == "enabled",
            _ => section.starts_with("auth.") && METHOD.contains(&key),
        };
        if matters {
            let section = self.sections.entry(section.to_owned()).or_default();
            section.insert(key.to_owned(), value.trim().to_owned());
        }
    }

    /// What Grafana's own page (Administration, Authentication) says could be read, whether it says anything or not.
    pub fn page_read(&mut self) {
        self.page_read = true;
    }

    /// A provider that is set up there: its section is that page's, and what the file says of it counts no more. The page's own
    /// names are camelCase.
    pub fn put_on_page<'a>(&mut self, provider: &str, settings: impl IntoIterator<Item = (&'a str, String)>) {
        let section = format!("auth.{provider}");
        self.sections.remove(&section);
        for (key, value) in settings {
            self.put(&section, &snake_case(key), &value);
        }
        self.on_page.insert(section);
    }

    /// Rollcall is set to `linking = first_login`: the first sign-in makes the account, and Rollcall takes it over.
    pub fn links_at_first_login(&mut self) {
        self.first_login = true;
    }

    /// Every way to sign in that is on, by its section.
    #[must_use]
    pub fn sign_ins(&self) -> BTreeSet<String> {
        self.methods().iter().map(|method| method.section.to_owned()).collect()
    }

    /// Whether nobody can sign in by a password on Grafana's page: then Grafana takes no new password for anybody either.
    #[must_use]
    pub fn login_form_off(&self) -> bool {
        self.on("auth", "disable_login_form")
    }

    /// Whether LDAP is on, in the file or on Grafana's page: a sign-in by it enables a disabled account (`authn/clients/ldap.go`).
    #[must_use]
    pub fn ldap_on(&self) -> bool {
        self.methods().iter().any(|method| method.kind == Kind::Ldap)
    }

    /// Whether a sign-in method that is on, or Grafana itself, makes accounts for who has none. Unknown where neither is seen.
    #[must_use]
    pub fn makes_accounts(&self) -> Option<bool> {
        let itself = self.on("users", "allow_sign_up");
        let methods = self.methods();
        if methods.is_empty() {
            return itself.then_some(true);
        }
        // JWT and the auth proxy have their own word for it.
        let makes = |m: &Method<'_>| {
            ["allow_sign_up", "auto_sign_up"]
                .iter()
                .any(|key| self.on(m.section, key))
        };
        Some(itself || methods.iter().any(makes))
    }

    pub(super) fn get(&self, section: &str, key: &str) -> &str {
        self.sections
            .get(section)
            .and_then(|keys| keys.get(key))
            .map_or("", String::as_str)
    }

    pub(super) fn on(&self, section: &str, key: &str) -> bool {
        is_true(self.get(section, key))
    }

    pub(super) fn off(&self, section: &str, key: &str) -> bool {
        let value = self.get(section, key);
        !value.is_empty() && !is_true(value)
    }

    /// Every way to sign in that is on, by section.
    pub(super) fn methods(&self) -> Vec<Method<'_>> {
        let sections = self.sections.keys().filter_map(|section| {
            let name = section.strip_prefix("auth.")?;
            (self.on(section, "enabled") && !NOT_A_PROVIDER.contains(&name)).then_some((section.as_str(), name))
        });
        sections
            .map(|(section, name)| {
                let oauth = OAUTH.iter().find(|(known, _)| *known == name);
                let (kind, title) = match (name, oauth) {
                    (_, Some((_, title))) => (Kind::Oauth, *title),
                    ("ldap", _) => (Kind::Ldap, "LDAP"),
                    ("jwt", _) => (Kind::Jwt, "JWT"),
                    ("proxy", _) => (Kind::Proxy, "Auth proxy"),
                    ("saml", _) => (Kind::Saml, "SAML"),
                    _ => (Kind::Unknown, name),
                };
                Method { section, title, kind }
            })
            .collect()
    }

    /// Whether a sign-in by this method writes nobody into an organization.
    pub(super) fn leaves_roles_alone(&self, method: &Method<'_>) -> bool {
        match method.kind {
            // There is no `skip_org_role_sync`; without a role in a header there is nothing to write (`clients/grafana.go`).
            Kind::Proxy => !self
                .get(method.section, "headers")
                .split_whitespace()
                .any(|header| header.to_ascii_lowercase().starts_with("role:")),
            _ => self.on(method.section, "skip_org_role_sync"),
        }
    }

    /// Whether a suspension (out of every organization, signed out) holds against every sign-in method that is on. Unknown where none
    /// is seen.
    #[must_use]
    pub fn suspension_holds(&self) -> Option<bool> {
        let methods = self.methods();
        (!methods.is_empty()).then(|| methods.iter().all(|method| self.leaves_roles_alone(method)))
    }
}

/// `skipOrgRoleSync` as the file writes it.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Go's `strconv.ParseBool` and ini's own words: what Grafana's `MustBool` takes for yes.
fn is_true(value: &str) -> bool {
    ["true", "t", "1", "yes", "y", "on"].contains(&value.to_ascii_lowercase().as_str())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Oauth,
    Ldap,
    Jwt,
    Proxy,
    Saml,
    Unknown,
}

#[derive(Debug)]
pub(super) struct Method<'a> {
    pub(super) section: &'a str,
    pub(super) title: &'a str,
    pub(super) kind: Kind,
}
