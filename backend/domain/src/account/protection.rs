//! Which accounts are never touched.
//!
//! Owns: the four reasons, for the planner, for the roster of a team and for the SCIM handlers. Must
//! never be asked after a change, and never ask a name: login and e-mail are their owner's to write.
//! Start at [`protection`].

use vocabulary::UserId;

use super::model::{Account, Desired, ProtectedIds, Rules};
use crate::attention::{Attention, Protection};

/// What Grafana says of an account beside its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rank {
    /// We are signed in with it.
    pub is_self: bool,
    /// It is a Grafana server admin.
    pub is_server_admin: bool,
}

/// Why an account is never touched.
#[must_use]
pub fn protection(id: UserId, rank: Rank, protected: &ProtectedIds) -> Option<Protection> {
    if rank.is_self {
        Some(Protection::Ourselves)
    } else if rank.is_server_admin {
        Some(Protection::ServerAdmin)
    } else if protected.service_accounts.contains(&id) {
        Some(Protection::ServiceAccount)
    } else if protected.break_glass.contains(&id) {
        Some(Protection::BreakGlass)
    } else {
        None
    }
}

pub(super) fn account_protection(account: &Account, rules: &Rules) -> Option<Protection> {
    let rank = Rank {
        is_self: account.is_self,
        is_server_admin: account.is_grafana_admin,
    };
    protection(account.id, rank, &rules.protected)
}

/// What is told of a protected account: an alarm where the person is to have no access any more.
pub(super) fn protected_attention(login: &str, why: Protection, desired: &Desired) -> Attention {
    let login = login.to_owned();
    match desired {
        Desired::Open(_) => Attention::Protected { login, why },
        Desired::Closed(_) | Desired::Gone => Attention::ProtectedLeaver { login, why },
    }
}
