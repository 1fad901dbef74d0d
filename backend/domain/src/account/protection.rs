//! Which accounts are never touched.
//!
//! Owns: the four reasons. Must never be asked after a change. Start at [`protection`].

use super::model::{Account, Rules};
use crate::attempt::Attention;

/// Why an account is never touched.
#[must_use]
pub fn protection(account: &Account, rules: &Rules) -> Option<&'static str> {
    let listed = |s: &str| !s.is_empty() && rules.break_glass.contains(&s.to_lowercase());
    if account.is_self {
        Some("Rollcall itself is signed in with it")
    } else if account.is_grafana_admin {
        Some("it is a Grafana server admin")
    } else if account.login.starts_with("sa-") && account.email.starts_with("sa-") {
        // Service accounts are rows of the same table; their login and e-mail are both `sa-<org>-<name>`.
        Some("it is a service account")
    } else if listed(&account.login) || listed(&account.email) {
        Some("it is on the break-glass list")
    } else {
        None
    }
}

pub(super) fn protected_attention(login: &str, why: &str) -> Attention {
    Attention::new(
        format!("“{login}” is protected: {why}. Nothing was changed."),
        "Unassign this person in the identity provider, or take the protection away in Grafana or in the setting break_glass.",
    )
}
