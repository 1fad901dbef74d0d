//! Which accounts are never touched.
//!
//! Owns: the four reasons. Must never be asked after a change. Start at [`protection`].

use super::model::{Account, Rules};
use crate::attention::{Attention, Protection};

/// Why an account is never touched.
#[must_use]
pub fn protection(account: &Account, rules: &Rules) -> Option<Protection> {
    let listed = |s: &str| !s.is_empty() && rules.break_glass.contains(&s.to_lowercase());
    if account.is_self {
        Some(Protection::Ourselves)
    } else if account.is_grafana_admin {
        Some(Protection::ServerAdmin)
    } else if account.login.starts_with("sa-") && account.email.starts_with("sa-") {
        // Service accounts are rows of the same table; their login and e-mail are both `sa-<org>-<name>`.
        Some(Protection::ServiceAccount)
    } else if listed(&account.login) || listed(&account.email) {
        Some(Protection::BreakGlass)
    } else {
        None
    }
}

pub(super) fn protected_attention(login: &str, why: Protection) -> Attention {
    Attention::Protected {
        login: login.to_owned(),
        why,
    }
}
