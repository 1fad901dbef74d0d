//! Whose membership a step changes: what an admin reads about each person afterwards.
//!
//! Owns: taking a step apart by person. Must never plan one. Start at [`changes`].

use std::collections::{BTreeMap, BTreeSet};

use vocabulary::UserId;

use super::{Action, Observed};

/// What a step means for one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipChange {
    /// It is in the team from now on.
    Joined {
        /// As team admin.
        admin: bool,
    },
    /// It is in the team no more.
    Left {
        /// Rollcall had not put it there.
        by_hand: bool,
    },
    /// It stays, with another permission.
    Permission {
        /// As team admin.
        admin: bool,
    },
}

/// What a step changes, account by account, once Grafana has done it in a team that was as `observed`.
#[must_use]
pub fn changes(action: &Action, observed: &Observed) -> Vec<(UserId, MembershipChange)> {
    let left = |id: &UserId| MembershipChange::Left {
        by_hand: !observed.base.contains_key(id),
    };
    match action {
        Action::Rename(_) | Action::Delete => Vec::new(),
        Action::Add { grafana_id, admin } => vec![(*grafana_id, MembershipChange::Joined { admin: *admin })],
        Action::Update { grafana_id, admin } => vec![(*grafana_id, MembershipChange::Permission { admin: *admin })],
        Action::Remove { grafana_id } => vec![(*grafana_id, left(grafana_id))],
        Action::Replace { members, admins, .. } => {
            let before: BTreeMap<UserId, bool> = observed.members.iter().map(|m| (m.grafana_id, m.admin)).collect();
            // Grafana takes an account by exactly this text (G40).
            let by_email: BTreeMap<&str, UserId> = observed
                .members
                .iter()
                .map(|m| (m.email.as_str(), m.grafana_id))
                .chain(observed.emails.iter().map(|(id, email)| (email.as_str(), *id)))
                .collect();
            let ids = |emails: &[String]| -> BTreeSet<UserId> {
                emails
                    .iter()
                    .filter_map(|e| by_email.get(e.as_str()))
                    .copied()
                    .collect()
            };
            let (members, admins) = (ids(members), ids(admins));
            let after = members
                .iter()
                .map(|id| (*id, false))
                .chain(admins.iter().map(|id| (*id, true)));
            let come = after.filter_map(|(id, admin)| match before.get(&id) {
                None => Some((id, MembershipChange::Joined { admin })),
                Some(was) if *was != admin => Some((id, MembershipChange::Permission { admin })),
                Some(_) => None,
            });
            let stays = |id: &UserId| members.contains(id) || admins.contains(id);
            let gone = before.keys().filter(|id| !stays(id)).map(|id| (*id, left(id)));
            come.chain(gone).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::team::{MadeAdmin, Member, MemberClass};

    const fn id(id: i64) -> UserId {
        UserId::new(id)
    }

    fn team(members: &[(i64, bool)], emails: &[i64], base: &[i64]) -> Observed {
        let email = |id: i64| format!("u{id}@example.com");
        Observed {
            id: vocabulary::TeamId::new(7),
            name: "Platform".into(),
            members: members
                .iter()
                .map(|(n, admin)| Member {
                    grafana_id: id(*n),
                    email: email(*n),
                    admin: *admin,
                    class: MemberClass::Person,
                })
                .collect(),
            base: base.iter().map(|n| (id(*n), MadeAdmin::No)).collect(),
            emails: emails.iter().map(|n| (id(*n), email(*n))).collect(),
            taken: BTreeMap::new(),
            bulk: true,
        }
    }

    #[test]
    fn a_bulk_call_says_of_each_person_what_it_did() {
        let before = team(
            &[(1, false), (2, false), (3, true), (4, false), (5, false)],
            &[6, 8],
            &[1, 2, 4],
        );
        let named = |ids: &[i64]| ids.iter().map(|n| format!("u{n}@example.com")).collect();
        let step = Action::Replace {
            members: named(&[1, 3, 6]),
            admins: named(&[2, 8]),
            changes: 6,
        };
        use MembershipChange::{Joined, Left, Permission};
        assert_eq!(
            changes(&step, &before),
            [
                (id(3), Permission { admin: false }),
                (id(6), Joined { admin: false }),
                (id(2), Permission { admin: true }),
                (id(8), Joined { admin: true }),
                (id(4), Left { by_hand: false }),
                (id(5), Left { by_hand: true }),
            ]
        );
    }

    #[test]
    fn a_single_call_is_about_one_person_and_a_new_name_about_none() {
        let before = team(&[(1, false)], &[2], &[1]);
        let of = |step: Action| changes(&step, &before);
        let joined = MembershipChange::Joined { admin: true };
        let add = Action::Add {
            grafana_id: id(2),
            admin: true,
        };
        assert_eq!(of(add), [(id(2), joined)]);
        let left = MembershipChange::Left { by_hand: false };
        assert_eq!(of(Action::Remove { grafana_id: id(1) }), [(id(1), left)]);
        assert_eq!(of(Action::Rename("Ops".into())), []);
        assert_eq!(of(Action::Delete), []);
    }
}
