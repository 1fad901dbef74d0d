//! What an admin reads about who may call, who may change a setting, and where a secret goes.
//!
//! Owns: those sentences. Must never hold a secret. Start at [`caller_warning`].

/// What is to be known about a service account that may call SCIM.
#[must_use]
pub fn caller_warning(role: &str, is_listed: bool) -> Option<&'static str> {
    if !is_listed {
        return Some(
            "Grafana's list has no such service account: it was deleted. Dismiss it, or accept the one that replaces it.",
        );
    }
    match role {
        "Admin" | "Editor" => Some(
            "Its role is higher than it needs. With the role Viewer the token can call SCIM and change nothing else in Grafana.",
        ),
        _ => None,
    }
}

/// A file names a caller that Grafana does not have.
#[must_use]
pub fn caller_of_file_unknown(login: &str) -> String {
    format!("scim_callers names “{login}”, and this organization has no service account with that login.")
}

/// Grafana's list of service accounts could not be read again.
#[must_use]
pub fn callers_unread(why: &str) -> String {
    format!(
        "Grafana's list of service accounts cannot be read: {why}. Who was known as a caller still is; a new one is not seen."
    )
}

/// Who may set what reaches beyond the organization.
#[must_use]
pub fn server_admin_needed(what: &str) -> String {
    format!(
        "{what} reaches beyond this organization: only a Grafana server admin may do it here, or [plugin.rollcall-scim-app] in Grafana's \
         configuration file says it."
    )
}

/// The same, where it could not be asked who somebody is.
#[must_use]
pub fn server_admin_unproven(what: &str) -> String {
    format!(
        "{what} reaches beyond this organization and needs a Grafana server admin. Whether you are one could not be asked: Rollcall is not \
         signed in to Grafana. Fix that first, or say it in [plugin.rollcall-scim-app]."
    )
}

/// A value of `jsonData` that is not in force.
#[must_use]
pub fn left_out_of_json(name: &str) -> String {
    if name == "scim_callers" {
        return "jsonData sets scim_callers, which counts in [plugin.rollcall-scim-app] only. Callers are accepted on the page Set-up."
            .to_owned();
    }
    format!(
        "jsonData sets {name}, and that is not in force: it reaches beyond this organization, so a Grafana server admin sets it here, or \
         [plugin.rollcall-scim-app] does."
    )
}

/// A secret that is not sent, because it was given for somewhere else than `now`.
#[must_use]
pub fn secret_kept_back(name: &str, url: &str, login: &str, now: &str) -> String {
    let whose = if login.is_empty() {
        String::new()
    } else {
        format!(" and the login {login}")
    };
    format!(
        "{name} was given for {url}{whose}, so it is not sent to {now}. If that is your Grafana, type it again on this page; else set it \
         back."
    )
}
