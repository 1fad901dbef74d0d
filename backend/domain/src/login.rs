//! The login doctor: will the people we provision get in, and will those we close stay out?
//!
//! Owns: which lines of Grafana's configuration decide that ([`Lines`]), and what follows from them in an admin's words, with the lines
//! to change. Must never keep a line that is not on its list (there are secrets beside them), nor promise what it does not know.
//! Start at [`examine`].
//!
//! The rules are Grafana's own: `UserSync.getUser` looks in `user_auth` first and then by what the sign-in method hands over
//! (G20); what was seen is G19 and G21 to G23.

mod config;
mod rules;
#[cfg(test)]
mod tests;

pub use config::Lines;
pub use rules::Finding;
use rules::{closes, finding, general, links, risks, set_on_page};
pub use vocabulary::Severity;

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
