//! Why a person joined a team, left it, or has another permission in it.
//!
//! Owns: the sentences. Must never decide who belongs in a team. Start at [`membership`].

use crate::team::MembershipChange;

/// Of one change, while the team was made to match `group`.
#[must_use]
pub fn membership(change: MembershipChange, team: &str, group: &str) -> String {
    let so = match change {
        MembershipChange::Joined { admin: true } => format!("group “{group}” makes its people team admins."),
        MembershipChange::Joined { admin: false } => format!("group “{group}” is mapped to it."),
        MembershipChange::Left { by_hand: true } => {
            "added by hand, and the mapping lets nobody stay who is in no group.".to_owned()
        }
        MembershipChange::Left { by_hand: false } => {
            "no group that is mapped to it has this person any more.".to_owned()
        }
        MembershipChange::Permission { admin: true } => format!("now team admin, because group “{group}” says so."),
        MembershipChange::Permission { admin: false } => {
            "now an ordinary member: no group says team admin any more.".to_owned()
        }
    };
    format!("Team “{team}”: {so}")
}
