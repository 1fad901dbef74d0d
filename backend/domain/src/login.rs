//! The login doctor: will the people we provision get in, and will those we close stay out?
//!
//! Owns: which lines of Grafana's configuration decide that ([`Lines`]), and what follows from them in an admin's words, with the lines
//! to change. Must never keep a line that is not on its list (there are secrets beside them), nor promise what it does not know.
//! Start at [`examine`].
//!
//! The rules are Grafana's own: `UserSync.getUser` looks in `user_auth` first and then by what the sign-in method hands over
//! (G20); what was seen is G19 and G21 to G23.

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
    on_page: BTreeSet<String>,
    /// Whether that page could be read. Where not, a provider on it is not seen.
    page_read: bool,
    /// Rollcall makes no account before the first sign-in.
    first_login: bool,
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

    fn get(&self, section: &str, key: &str) -> &str {
        self.sections
            .get(section)
            .and_then(|keys| keys.get(key))
            .map_or("", String::as_str)
    }

    fn on(&self, section: &str, key: &str) -> bool {
        is_true(self.get(section, key))
    }

    fn off(&self, section: &str, key: &str) -> bool {
        let value = self.get(section, key);
        !value.is_empty() && !is_true(value)
    }

    /// Every way to sign in that is on, by section.
    fn methods(&self) -> Vec<Method<'_>> {
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
    fn leaves_roles_alone(&self, method: &Method<'_>) -> bool {
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
enum Kind {
    Oauth,
    Ldap,
    Jwt,
    Proxy,
    Saml,
    Unknown,
}

#[derive(Debug)]
struct Method<'a> {
    section: &'a str,
    title: &'a str,
    kind: Kind,
}

/// How much it matters, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works.
    Ok,
    /// Worth knowing, or not known.
    Note,
    /// It works with a drawback or a risk.
    Warning,
    /// People are locked out, or get a second account.
    Problem,
}

/// One thing the doctor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The section it is about, e.g. `auth.okta`.
    pub provider: String,
    /// What will happen.
    pub what: String,
    /// Why, naming the line that decides it.
    pub why: String,
    /// The lines that change it, as they stand in Grafana's configuration file; none where nothing needs to change.
    pub ini: Vec<String>,
}

fn finding(severity: Severity, section: &str, what: impl Into<String>, why: impl Into<String>) -> Finding {
    Finding {
        severity,
        provider: section.to_owned(),
        what: what.into(),
        why: why.into(),
        ini: Vec::new(),
    }
}

impl Finding {
    fn change(mut self, section: &str, line: &str) -> Self {
        self.ini.push(format!("[{section}]"));
        self.ini.push(line.to_owned());
        self
    }
}

/// What is said where Grafana does not show its configuration to our account.
#[must_use]
pub fn unreadable() -> Vec<Finding> {
    vec![finding(
        Severity::Note,
        "auth",
        "How people sign in is not known.",
        "Grafana does not show its configuration to the account Rollcall uses: it needs the permission settings:read, which a server \
         admin who is Admin of an organization has.",
    )]
}

/// Everything there is to say, worst first.
#[must_use]
pub fn examine(lines: &Lines) -> Vec<Finding> {
    let methods = lines.methods();
    let mut findings = Vec::new();
    for method in &methods {
        findings.push(links(lines, method));
        findings.extend(closes(lines, method));
        findings.extend(risks(lines, method));
    }
    if methods.is_empty() {
        findings.push(finding(
            Severity::Note,
            "auth",
            "No single sign-on is seen, and the accounts Rollcall makes have no password anybody knows.",
            if lines.page_read {
                "No [auth.…] section of Grafana's configuration is enabled, and no provider is set up on Grafana's own page \
                 (Administration, Authentication)."
            } else {
                "No [auth.…] section of Grafana's configuration is enabled. A provider that was set up on Grafana's own page \
                 (Administration, Authentication) is not in there, and the page could not be read: look at it by hand."
            },
        ));
    }
    findings.extend(general(lines));
    for finding in &mut findings {
        set_on_page(lines, finding);
    }
    // Stable: within a severity the order of the sections stays.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// A line in the file would change nothing for a provider that is set up on Grafana's page.
fn set_on_page(lines: &Lines, finding: &mut Finding) {
    let [section, line] = finding.ini.as_slice() else {
        return;
    };
    if lines.on_page.contains(section.trim_matches(['[', ']'])) {
        finding.why = format!(
            "{} This provider is set up on Grafana's own page, which wins over the file: set {line} there, under Administration, \
             Authentication.",
            finding.why
        );
        finding.ini.clear();
    }
}

/// Whether the first sign-in finds the account that was made before.
fn links(lines: &Lines, method: &Method<'_>) -> Finding {
    let Method { section, title, kind } = *method;
    if lines.first_login && kind == Kind::Oauth {
        return at_first_login(lines, method);
    }
    match kind {
        Kind::Oauth if lines.on("auth", "oauth_allow_insecure_email_lookup") => finding(
            Severity::Ok,
            section,
            format!("{title}: the first sign-in links to the account Rollcall made, by e-mail."),
            "[auth] oauth_allow_insecure_email_lookup = true. Grafana then believes every e-mail this provider sends, so it must be one \
             that verifies them and lets in your own people only (CVE-2023-3128).",
        ),
        Kind::Oauth => finding(
            Severity::Problem,
            section,
            format!("{title}: who has an account made by Rollcall cannot sign in."),
            format!(
                "Grafana does not look for an existing account: [auth] oauth_allow_insecure_email_lookup is not on. It {} Whoever \
                 signed in through {title} before keeps getting in. Turn the lookup on only if {title} verifies e-mail addresses and \
                 lets in your own people only; else set linking = first_login in Rollcall's settings, and nobody is made before he signs in.",
                if lines.off(section, "allow_sign_up") {
                    "then refuses the sign-in, because allow_sign_up is off."
                } else {
                    "then tries to make a new one, which fails because login or e-mail is taken (“User sync failed”); where both \
                     differ, the person gets a second account without the teams."
                }
            ),
        )
        .change("auth", "oauth_allow_insecure_email_lookup = true"),
        Kind::Ldap => finding(
            Severity::Ok,
            section,
            "LDAP: the first sign-in links to the account Rollcall made.",
            "Grafana looks for the e-mail first and for the login second. One of the two has to be the same in the directory and in what \
             the identity provider sends.",
        ),
        Kind::Jwt => jwt(lines, section),
        Kind::Proxy => {
            let by_email = lines.get(section, "header_property") == "email";
            finding(
                Severity::Ok,
                section,
                "Auth proxy: the first sign-in links to the account Rollcall made.",
                if by_email {
                    "The header holds an e-mail (header_property = email), and Grafana looks for it as e-mail and as login. It has to be \
                     the e-mail or userName that the identity provider sends."
                } else {
                    "Grafana looks for what the header holds as login, and as e-mail where it is one. It has to be the userName (or \
                     e-mail) that the identity provider sends."
                },
            )
        }
        Kind::Saml => finding(
            Severity::Note,
            section,
            "SAML: whether the first sign-in links to the account Rollcall made is not known.",
            "SAML is part of Grafana Enterprise, with which Rollcall was not tried. Let one person sign in and see that no second account \
             appears before you provision everybody.",
        ),
        Kind::Unknown => finding(
            Severity::Note,
            section,
            format!("{title}: whether the first sign-in links to the account Rollcall made is not known."),
            "Rollcall does not know this sign-in method. Let one person sign in and see that no second account appears.",
        ),
    }
}

/// Nobody is made before, so nobody is in his own way; but then the sign-in has to make him.
fn at_first_login(lines: &Lines, method: &Method<'_>) -> Finding {
    let Method { section, title, .. } = *method;
    if lines.off(section, "allow_sign_up") {
        return finding(
            Severity::Problem,
            section,
            format!("{title}: who has no account yet cannot get one."),
            "Rollcall is set to linking = first_login and makes no account, and allow_sign_up is off, so Grafana makes none either.",
        )
        .change(section, "allow_sign_up = true");
    }
    finding(
        Severity::Ok,
        section,
        format!("{title}: the first sign-in makes the account, and Rollcall links it within a minute."),
        "Rollcall is set to linking = first_login. The login that the provider sends has to be the userName the identity provider sends, \
         or claim_policy has to be email.",
    )
}

fn jwt(lines: &Lines, section: &str) -> Finding {
    let set = |keys: [&str; 2]| keys.iter().any(|key| !lines.get(section, key).is_empty());
    let login = set(["username_claim", "username_attribute_path"]);
    let email = set(["email_claim", "email_attribute_path"]);
    let by = match (login, email) {
        (true, true) => "by e-mail, else by login",
        (true, false) => "by login",
        (false, true) => "by e-mail",
        (false, false) => {
            return finding(
                Severity::Problem,
                section,
                "JWT: nobody is found by a token.",
                "Neither username_claim nor email_claim is set, so Grafana has nothing to look for.",
            )
            .change(section, "email_claim = email");
        }
    };
    finding(
        Severity::Ok,
        section,
        format!("JWT: the first sign-in links to the account Rollcall made, {by}."),
        "Grafana looks for what the token's claims say. It has to be the userName or e-mail that the identity provider sends.",
    )
}

/// Whether who is closed stays out. Who signed in through a provider once cannot be disabled (500), so he is suspended.
fn closes(lines: &Lines, method: &Method<'_>) -> Option<Finding> {
    let Method { section, title, kind } = *method;
    if lines.leaves_roles_alone(method) {
        return Some(finding(
            Severity::Ok,
            section,
            format!("{title}: who is closed stays out."),
            "Grafana does not let people who sign in through a provider be disabled, so Rollcall takes them out of every organization. \
             Signing in writes no organization role here, so they stay without access even if the provider still lets them in.",
        ));
    }
    let found = finding(
        Severity::Warning,
        section,
        format!("{title}: who is closed may come back until the next check, if the provider still lets them in."),
        "Grafana does not let people who sign in through a provider be disabled, so Rollcall takes them out of every organization. A \
         sign-in writes the organization role again and so puts them back; Rollcall's check, once a minute, takes them out again.",
    );
    match kind {
        Kind::Proxy => Some(Finding {
            why: format!("{} Take Role out of headers to make it hold.", found.why),
            ..found
        }),
        Kind::Unknown => None,
        Kind::Oauth | Kind::Ldap | Kind::Jwt | Kind::Saml => Some(found.change(section, "skip_org_role_sync = true")),
    }
}

fn risks(lines: &Lines, method: &Method<'_>) -> Vec<Finding> {
    let Method { section, title, kind } = *method;
    let mut found = Vec::new();
    let lookup = lines.on("auth", "oauth_allow_insecure_email_lookup");
    let unbounded = match section {
        // Whoever owns a tenant of their own writes any e-mail into it.
        "auth.azuread" => Some("allowed_organizations").filter(|key| lines.get(section, key).is_empty()),
        "auth.google" => Some("allowed_domains").filter(|key| lines.get(section, key).is_empty()),
        _ => None,
    };
    if let (true, Some(key)) = (lookup, unbounded) {
        let value = if key == "allowed_domains" {
            "your company's domain"
        } else {
            "your tenant id"
        };
        found.push(
            finding(
                Severity::Warning,
                section,
                format!("{title}: accounts of others may be let in as your people."),
                format!(
                    "The e-mail lookup is on and {key} is empty: Grafana takes the word of any {title} account about its e-mail."
                ),
            )
            .change(section, &format!("{key} = <{value}>")),
        );
    }
    if lines.on(section, "allow_assign_grafana_admin") && kind != Kind::Unknown {
        found.push(
            finding(
                Severity::Warning,
                section,
                format!("{title}: people whom it makes Grafana server admins are not closed by Rollcall."),
                "allow_assign_grafana_admin is on, and Rollcall never touches a server admin: each one that leaves becomes an entry under \
                 Attention.",
            )
            .change(section, "allow_assign_grafana_admin = false"),
        );
    }
    found
}

fn general(lines: &Lines) -> Vec<Finding> {
    let mut found = Vec::new();
    let scim = "auth.scim";
    let rejects = lines.on(scim, "reject_non_provisioned_users") || lines.off(scim, "allow_non_provisioned_users");
    if lines.on(scim, "user_sync_enabled") && rejects {
        let line = if lines.on(scim, "reject_non_provisioned_users") {
            "reject_non_provisioned_users = false"
        } else {
            "allow_non_provisioned_users = true"
        };
        found.push(
            finding(
                Severity::Problem,
                scim,
                "Everybody's single sign-on is refused.",
                "Grafana's own SCIM (Enterprise) is told to let in only whom it has provisioned itself, and Rollcall cannot set that mark.",
            )
            .change(scim, line),
        );
    }
    if lines.off("users", "auto_assign_org") {
        found.push(
            finding(
                Severity::Warning,
                "users",
                "Every new account gets an organization of its own.",
                "auto_assign_org is off: Grafana makes an organization for each account, with the person as its Admin, beside the one \
                 Rollcall puts them into.",
            )
            .change("users", "auto_assign_org = true"),
        );
    }
    if lines.on("users", "verify_email_enabled") && lines.on("smtp", "enabled") {
        found.push(
            finding(
                Severity::Warning,
                "users",
                "A changed e-mail waits until the person confirms it.",
                "verify_email_enabled is on: Grafana writes to the new address and, until the person follows the link, keeps the old one \
                 and leaves the other changes of that request undone.",
            )
            .change("users", "verify_email_enabled = false"),
        );
    }
    if lines.on("auth", "disable_login_form") {
        found.push(finding(
            Severity::Note,
            "auth",
            "Break-glass accounts cannot use the sign-in page.",
            "disable_login_form is on: with a password one gets in by API only. If the provider is down, turn it off to let an admin in.",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[(&str, &str, &str)]) -> Lines {
        let mut lines = Lines::default();
        for (section, key, value) in rows {
            lines.put(section, key, value);
        }
        lines
    }

    const OKTA: (&str, &str, &str) = ("auth.okta", "enabled", "true");
    const LOOKUP: (&str, &str, &str) = ("auth", "oauth_allow_insecure_email_lookup", "true");

    fn worst(rows: &[(&str, &str, &str)]) -> Finding {
        examine(&lines(rows))
            .into_iter()
            .next()
            .expect("something is always said")
    }

    fn says<'a>(findings: &'a [Finding], word: &str) -> &'a Finding {
        findings
            .iter()
            .find(|f| f.what.contains(word))
            .unwrap_or_else(|| panic!("nothing about “{word}” in {findings:#?}"))
    }

    #[test]
    fn where_the_first_sign_in_makes_the_account_nobody_is_locked_out_by_one_that_was_made_before() {
        let (on, no) = (
            ("auth.okta", "enabled", "true"),
            ("auth.okta", "allow_sign_up", "false"),
        );
        for (rows, wanted) in [(vec![on], Severity::Ok), (vec![on, no], Severity::Problem)] {
            let mut lines = lines(&rows);
            lines.links_at_first_login();
            let found = examine(&lines);
            let first = found.iter().find(|f| f.why.contains("first_login")).expect("a finding");
            assert_eq!(first.severity, wanted, "{found:?}");
            assert_eq!(first.ini.is_empty(), wanted == Severity::Ok, "{first:?}");
        }
    }

    #[test]
    fn oauth_without_the_lookup_locks_out_and_the_line_that_mends_it_is_named() {
        let found = worst(&[OKTA]);
        assert_eq!(
            (found.severity, found.provider.as_str()),
            (Severity::Problem, "auth.okta")
        );
        assert_eq!(found.ini, ["[auth]", "oauth_allow_insecure_email_lookup = true"]);
        assert!(found.why.contains("second account"), "{}", found.why);
        let closed = worst(&[OKTA, ("auth.okta", "allow_sign_up", "false")]);
        assert!(closed.why.contains("allow_sign_up is off") && !closed.why.contains("second account"));
    }

    #[test]
    fn with_the_lookup_oauth_links_and_the_lines_it_names_leave_nothing_to_say() {
        let mut rows = vec![OKTA];
        // Doing what the doctor says makes it content: its lines are the cure and not only words.
        for _ in 0..3 {
            let found = worst(&rows);
            let [section, line] = found.ini.as_slice() else { break };
            let (key, value) = line.split_once(" = ").expect("key = value");
            let section = section.trim_matches(['[', ']']).to_owned();
            let (section, key, value): (&str, &str, &str) =
                (section.leak(), key.to_owned().leak(), value.to_owned().leak());
            rows.push((section, key, value));
        }
        let found = examine(&lines(&rows));
        assert!(
            found.iter().all(|f| f.severity == Severity::Ok && f.ini.is_empty()),
            "{found:#?}"
        );
        assert!(says(&found, "links").why.contains("CVE-2023-3128"));
        assert_eq!(lines(&rows).suspension_holds(), Some(true));
    }

    #[test]
    fn a_suspension_that_does_not_hold_names_the_providers_own_line() {
        let found = examine(&lines(&[OKTA, LOOKUP]));
        let back = says(&found, "may come back");
        assert_eq!(back.severity, Severity::Warning);
        assert_eq!(back.ini, ["[auth.okta]", "skip_org_role_sync = true"]);
        assert_eq!(lines(&[OKTA, LOOKUP]).suspension_holds(), Some(false));
    }

    #[test]
    fn a_suspension_holds_only_where_every_method_leaves_roles_alone() {
        let skip = ("auth.okta", "skip_org_role_sync", "true");
        assert_eq!(lines(&[OKTA, skip]).suspension_holds(), Some(true));
        assert_eq!(
            lines(&[OKTA, skip, ("auth.ldap", "enabled", "true")]).suspension_holds(),
            Some(false)
        );
        assert_eq!(
            lines(&[OKTA, skip, ("auth.github", "enabled", "false")]).suspension_holds(),
            Some(true)
        );
        let basic = ("auth.basic", "enabled", "true");
        assert_eq!(
            lines(&[basic]).suspension_holds(),
            None,
            "it may be set up on Grafana's page"
        );
        // Grafana 11 does not read the older switch for every OAuth provider at once.
        let older = ("auth", "oauth_skip_org_role_update_sync", "true");
        assert_eq!(lines(&[OKTA, older]).suspension_holds(), Some(false));
    }

    #[test]
    fn a_proxy_puts_people_back_only_where_it_sends_a_role() {
        let on = ("auth.proxy", "enabled", "true");
        assert_eq!(lines(&[on]).suspension_holds(), Some(true));
        let role = ("auth.proxy", "headers", "Email:X-User-Email Role:X-User-Role");
        assert_eq!(lines(&[on, role]).suspension_holds(), Some(false));
        assert!(
            says(&examine(&lines(&[on, role])), "may come back")
                .why
                .contains("Take Role out")
        );
    }

    #[test]
    fn ldap_proxy_and_a_token_with_claims_link_without_any_change() {
        for rows in [
            vec![("auth.ldap", "enabled", "true")],
            vec![("auth.proxy", "enabled", "true")],
            vec![("auth.jwt", "enabled", "true"), ("auth.jwt", "email_claim", "email")],
            vec![
                ("auth.jwt", "enabled", "true"),
                ("auth.jwt", "username_attribute_path", "sub"),
            ],
        ] {
            let found = examine(&lines(&rows));
            assert_eq!(says(&found, "links").severity, Severity::Ok, "{rows:?}");
        }
        let nothing = worst(&[("auth.jwt", "enabled", "true")]);
        assert_eq!(nothing.severity, Severity::Problem);
        assert_eq!(nothing.ini, ["[auth.jwt]", "email_claim = email"]);
    }

    #[test]
    fn what_is_not_known_is_said_to_be_unknown() {
        for method in ["auth.saml", "auth.passwordless"] {
            let found = examine(&lines(&[(method, "enabled", "true")]));
            assert_eq!(says(&found, "not known").severity, Severity::Note, "{method}");
        }
        assert!(worst(&[]).why.contains("could not be read"));
        assert!(unreadable()[0].why.contains("settings:read"));
    }

    #[test]
    fn the_lookup_for_a_tenant_of_everybody_is_a_risk() {
        let azure = ("auth.azuread", "enabled", "true");
        let found = examine(&lines(&[azure, LOOKUP]));
        assert_eq!(
            says(&found, "accounts of others").ini[1],
            "allowed_organizations = <your tenant id>"
        );
        let bound = examine(&lines(&[
            azure,
            LOOKUP,
            ("auth.azuread", "allowed_organizations", "t1"),
        ]));
        assert!(!bound.iter().any(|f| f.what.contains("accounts of others")));
    }

    #[test]
    fn grafanas_own_scim_that_refuses_our_people_is_a_problem() {
        let scim = |key, value| [("auth.scim", "user_sync_enabled", "true"), ("auth.scim", key, value)];
        let newer = worst(&scim("reject_non_provisioned_users", "true"));
        assert_eq!(newer.ini, ["[auth.scim]", "reject_non_provisioned_users = false"]);
        let older = worst(&scim("allow_non_provisioned_users", "false"));
        assert_eq!(older.ini, ["[auth.scim]", "allow_non_provisioned_users = true"]);
        assert!(worst(&scim("allow_non_provisioned_users", "true")).severity < Severity::Problem);
    }

    #[test]
    fn settings_of_users_that_surprise_are_named() {
        let found = examine(&lines(&[
            ("users", "auto_assign_org", "false"),
            ("users", "verify_email_enabled", "true"),
            ("smtp", "enabled", "true"),
            ("auth", "disable_login_form", "true"),
            ("auth.okta", "enabled", "true"),
            ("auth.okta", "allow_assign_grafana_admin", "true"),
        ]));
        assert_eq!(says(&found, "organization of its own").ini[1], "auto_assign_org = true");
        assert_eq!(says(&found, "waits until").ini[1], "verify_email_enabled = false");
        assert_eq!(says(&found, "Break-glass").severity, Severity::Note);
        assert_eq!(says(&found, "server admins").ini[0], "[auth.okta]");
        let without_mail = examine(&lines(&[("users", "verify_email_enabled", "true")]));
        assert!(!without_mail.iter().any(|f| f.what.contains("waits until")));
    }

    #[test]
    fn a_provider_of_grafanas_own_page_counts_as_that_page_says_and_is_changed_there() {
        let mut both = lines(&[OKTA, LOOKUP, ("auth.okta", "skip_org_role_sync", "true")]);
        both.page_read();
        let page = |skip: bool| {
            [
                ("enabled", "true".to_owned()),
                ("skipOrgRoleSync", skip.to_string()),
                ("clientSecret", "hunter2".to_owned()),
            ]
        };
        both.put_on_page("okta", page(false));
        assert_eq!(both.suspension_holds(), Some(false), "the page wins");
        let found = examine(&both);
        let back = says(&found, "may come back");
        assert!(
            back.ini.is_empty() && back.why.contains("set skip_org_role_sync = true there"),
            "{back:?}"
        );
        assert!(!format!("{both:?}").contains("hunter2"));
        both.put_on_page("okta", page(true));
        assert_eq!(both.suspension_holds(), Some(true));
        // The lookup is in no provider's settings: it stays a line of the file.
        let mut locked = Lines::default();
        locked.page_read();
        assert!(examine(&locked)[0].why.contains("no provider is set up"));
        locked.put_on_page("okta", page(true));
        assert_eq!(
            examine(&locked)[0].ini,
            ["[auth]", "oauth_allow_insecure_email_lookup = true"]
        );
        // Turned off on the page: nobody signs in by it, whatever the file says.
        both.put_on_page("okta", [("enabled", "false".to_owned())]);
        assert_eq!(both.suspension_holds(), None);
    }

    #[test]
    fn secrets_and_everything_else_are_not_kept() {
        let kept = lines(&[
            ("auth.okta", "client_secret", "hunter2"),
            ("auth.okta", "client_id", "abc"),
            ("security", "admin_password", "hunter2"),
            ("database", "password", "hunter2"),
        ]);
        assert_eq!(kept, Lines::default());
    }
}
