//! What follows from each line, in an admin's words, with the lines to change.
//!
//! Owns: one function per question about a sign-in method. Must never promise what is not known. Start at [`links`].

use vocabulary::Severity;

use super::config::{Kind, Lines, Method};

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

pub(super) fn finding(severity: Severity, section: &str, what: impl Into<String>, why: impl Into<String>) -> Finding {
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

pub(super) fn set_on_page(lines: &Lines, finding: &mut Finding) {
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
pub(super) fn links(lines: &Lines, method: &Method<'_>) -> Finding {
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
                "Grafana does not look for an existing account: [auth] oauth_allow_insecure_email_lookup is not on. It {} Anybody who \
                 signed in through {title} before keeps getting in. Turn the lookup on only if {title} verifies e-mail addresses and \
                 lets in your own people only; else set linking = first_login in Rollcall's settings, and nobody is made before they sign in.",
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

/// Nobody is made before, so nobody is in their own way; but then the sign-in has to make the account.
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

/// Whether who is closed stays out. Who signed in through a provider once cannot be disabled (500), so they are suspended.
pub(super) fn closes(lines: &Lines, method: &Method<'_>) -> Option<Finding> {
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

pub(super) fn risks(lines: &Lines, method: &Method<'_>) -> Vec<Finding> {
    let Method { section, title, kind } = *method;
    let mut found = Vec::new();
    let lookup = lines.on("auth", "oauth_allow_insecure_email_lookup");
    let unbounded = match section {
        // Anybody who owns a tenant of their own writes any e-mail into it.
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
                format!("{title}: people that it makes Grafana server admins are not closed by Rollcall."),
                "allow_assign_grafana_admin is on, and Rollcall never touches a server admin: each one that leaves becomes an entry under \
                 Attention.",
            )
            .change(section, "allow_assign_grafana_admin = false"),
        );
    }
    found
}

pub(super) fn general(lines: &Lines) -> Vec<Finding> {
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
                "Grafana's own SCIM (Enterprise) is told to let in only those it has provisioned itself, and Rollcall cannot set that mark.",
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
