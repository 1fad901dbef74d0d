//! The one person who stays Admin of an organization that is served.
//!
//! Owns: the Admin that closing keeps, so that somebody can still sign in and administer. Grafana itself
//! guards nobody who is not the very last Admin, and counts service accounts as Admins (G29). Must
//! never count somebody who cannot sign in, who is to be closed as well, or who is no person.
//! Start at [`is_kept`].

use std::collections::HashSet;

use vocabulary::UserId;

/// Somebody in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrgMember {
    /// Grafana's id.
    pub id: UserId,
    /// The role is Admin.
    pub is_admin: bool,
    /// Grafana's own "disabled".
    pub is_disabled: bool,
    /// A person: not the account that Rollcall is signed in with, and no service account.
    pub is_person: bool,
}

/// Whether closing this account would leave the organization without an Admin who can sign in. Of
/// several who are all to be closed (`leaving`) it is the one with the lowest id, so that every caller decides alike.
#[must_use]
pub fn is_kept(id: UserId, members: impl Iterator<Item = OrgMember>, leaving: &HashSet<UserId>) -> bool {
    let mut lowest = None;
    let mut is_admin = false;
    for member in members.filter(|m| m.is_admin && !m.is_disabled && m.is_person) {
        if member.id == id {
            is_admin = true;
        } else if !leaving.contains(&member.id) {
            return false;
        }
        lowest = lowest.min(Some(member.id)).or(Some(member.id));
    }
    is_admin && lowest == Some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn admin(id: i64) -> OrgMember {
        OrgMember {
            id: UserId::new(id),
            is_admin: true,
            is_disabled: false,
            is_person: true,
        }
    }

    fn kept(id: i64, members: &[OrgMember], leaving: &[i64]) -> bool {
        let leaving = leaving.iter().copied().map(UserId::new).collect();
        is_kept(UserId::new(id), members.iter().copied(), &leaving)
    }

    #[test]
    fn only_who_can_sign_in_and_stays_counts() {
        let disabled = OrgMember {
            is_disabled: true,
            ..admin(2)
        };
        let ourselves = OrgMember {
            is_person: false,
            ..admin(3)
        };
        let viewer = OrgMember {
            is_admin: false,
            ..admin(4)
        };
        let members = [admin(1), disabled, ourselves, viewer];
        assert!(kept(1, &members, &[1]));
        assert!(!kept(4, &members, &[4]), "no Admin");
        assert!(!kept(1, &[admin(1), admin(5)], &[1]));
        assert!(kept(1, &[admin(1), admin(5)], &[1, 5]), "the other one leaves too");
        assert!(!kept(5, &[admin(1), admin(5)], &[1, 5]), "one is enough");
    }

    proptest! {
        #[test]
        fn of_all_who_leave_one_is_kept_if_nobody_stays(
            members in prop::collection::vec((1_i64..9, any::<(bool, bool, bool)>()), 0..8),
            leaving in prop::collection::hash_set((1_i64..9).prop_map(UserId::new), 0..8),
        ) {
            let mut members: Vec<OrgMember> = members
                .into_iter()
                .map(|(id, (is_admin, is_disabled, is_person))| OrgMember {
                    id: UserId::new(id), is_admin, is_disabled, is_person,
                })
                .collect();
            members.sort_by_key(|m| m.id);
            members.dedup_by_key(|m| m.id);
            let can = |m: &&OrgMember| m.is_admin && !m.is_disabled && m.is_person;
            let stays = members.iter().filter(can).any(|m| !leaving.contains(&m.id));
            let leavers = members.iter().filter(can).filter(|m| leaving.contains(&m.id)).count();
            let kept = leaving.iter().filter(|id| is_kept(**id, members.iter().copied(), &leaving)).count();
            prop_assert_eq!(kept, usize::from(!stays && leavers > 0));
        }
    }
}
