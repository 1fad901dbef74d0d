//! Who is admin of a team, and whose decision that was.
//!
//! Owns: the decision about one member's permission. Must never take a permission away that Rollcall
//! did not give: a member who was made admin by hand stays admin. Pure. Start at [`permission`].

use super::model::{MadeAdmin, Policy};

/// One member's permission as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Permission {
    /// Team admin now.
    pub admin: bool,
    /// By us.
    pub made: MadeAdmin,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    /// The permission to give; `None`: it stays as it is.
    pub change: Option<bool>,
    /// What is to be remembered once that is done.
    pub made: MadeAdmin,
}

/// What becomes of the permission of a member that a group names. `wanted`: one of its mappings makes
/// team admins. A member that a mapping makes admin may have been demoted by hand: where people added
/// by hand are kept that stays so, and where they are removed the mapping counts.
#[must_use]
pub(super) fn permission(wanted: bool, now: Permission, policy: Policy) -> Decided {
    let (change, made) = match (wanted, now.admin, now.made) {
        // An admin by another's hand stays one, whatever the mapping says later.
        (_, true, MadeAdmin::No) | (false, false, _) => (None, MadeAdmin::No),
        (true, true, MadeAdmin::Asked | MadeAdmin::Seen) => (None, MadeAdmin::Seen),
        (true, false, MadeAdmin::Seen) if !policy.remove_others => (None, MadeAdmin::Seen),
        (true, false, _) => (Some(true), MadeAdmin::Asked),
        // The paused mapping may be the one that makes admins.
        (false, true, made) if policy.hold => (None, made),
        (false, true, MadeAdmin::Asked | MadeAdmin::Seen) => (Some(false), MadeAdmin::No),
    };
    Decided { change, made }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: [MadeAdmin; 3] = [MadeAdmin::No, MadeAdmin::Asked, MadeAdmin::Seen];
    const KEEP: Policy = Policy {
        remove_others: false,
        hold: false,
    };
    const REMOVE: Policy = Policy {
        remove_others: true,
        hold: false,
    };
    const HOLD: Policy = Policy {
        remove_others: true,
        hold: true,
    };

    fn decide(wanted: bool, admin: bool, made: MadeAdmin, policy: Policy) -> (Option<bool>, MadeAdmin) {
        let decided = permission(wanted, Permission { admin, made }, policy);
        (decided.change, decided.made)
    }

    #[test]
    fn only_an_admin_that_we_made_is_demoted() {
        for policy in [KEEP, REMOVE] {
            assert_eq!(decide(false, true, MadeAdmin::No, policy), (None, MadeAdmin::No));
            assert_eq!(
                decide(false, true, MadeAdmin::Seen, policy),
                (Some(false), MadeAdmin::No)
            );
            // We died after the call.
            assert_eq!(
                decide(false, true, MadeAdmin::Asked, policy),
                (Some(false), MadeAdmin::No)
            );
        }
    }

    #[test]
    fn an_admin_made_by_hand_does_not_become_ours() {
        assert_eq!(decide(true, true, MadeAdmin::No, KEEP), (None, MadeAdmin::No));
    }

    #[test]
    fn a_demotion_by_hand_is_told_from_a_call_that_failed() {
        assert_eq!(
            decide(true, false, MadeAdmin::Asked, KEEP),
            (Some(true), MadeAdmin::Asked)
        );
        assert_eq!(decide(true, false, MadeAdmin::Seen, KEEP), (None, MadeAdmin::Seen));
        assert_eq!(
            decide(true, false, MadeAdmin::Seen, REMOVE),
            (Some(true), MadeAdmin::Asked)
        );
    }

    #[test]
    fn a_paused_mapping_demotes_nobody() {
        assert_eq!(decide(false, true, MadeAdmin::Seen, HOLD), (None, MadeAdmin::Seen));
    }

    #[test]
    fn what_was_done_needs_nothing_more() {
        for policy in [KEEP, REMOVE, HOLD] {
            for (wanted, admin) in (0..4).map(|n| (n & 1 > 0, n & 2 > 0)) {
                for made in MADE {
                    let (change, made) = decide(wanted, admin, made, policy);
                    let (again, _) = decide(wanted, change.unwrap_or(admin), made, policy);
                    assert_eq!(again, None, "{wanted} {admin} {made:?} {policy:?}");
                }
            }
        }
    }
}
