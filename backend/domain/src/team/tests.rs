//! What a team's people would notice.

use proptest::prelude::*;
use vocabulary::TeamId;

use super::*;

fn person(id: i64) -> Member {
    Member {
        grafana_id: UserId::new(id),
        email: format!("u{id}@ex.com"),
        admin: false,
        class: MemberClass::Person,
    }
}

fn base(put_there: &[i64]) -> BTreeMap<UserId, MadeAdmin> {
    put_there.iter().map(|id| (UserId::new(*id), MadeAdmin::No)).collect()
}

fn observed(members: Vec<Member>, put_there: &[i64]) -> Observed {
    Observed {
        id: TeamId::new(7),
        name: "eng".into(),
        members,
        base: base(put_there),
        emails: (1..40).map(|id| (UserId::new(id), format!("u{id}@ex.com"))).collect(),
        taken: BTreeMap::new(),
        bulk: true,
    }
}

/// Of mappings, each as (people added by hand are removed, paused).
fn policy_of(mappings: &[(bool, bool)]) -> Policy {
    let feed = |&(remove_others, paused): &(bool, bool)| Feed { remove_others, paused };
    input::combine(&mappings.iter().map(feed).collect::<Vec<_>>(), true)
}

fn desired(members: &[i64]) -> Desired {
    Desired {
        members: members.iter().map(|id| (UserId::new(*id), false)).collect(),
        policy: Policy::default(),
        name: None,
        ended: None,
        held: BTreeSet::new(),
        kept: BTreeSet::new(),
    }
}

#[test]
fn one_change_is_one_single_call() {
    let plan = plan(&desired(&[1, 2]), &observed(vec![person(1)], &[1]));
    assert_eq!(
        plan.actions,
        [Action::Add {
            grafana_id: UserId::new(2),
            admin: false
        }]
    );
    assert_eq!(plan.base, base(&[1, 2]));
}

#[test]
fn two_changes_are_one_bulk_call_in_grafanas_own_spelling() {
    let mut by_hand = person(9);
    by_hand.email = "Nina@Ex.com".into();
    by_hand.admin = true;
    let plan = plan(&desired(&[2, 3]), &observed(vec![person(1), by_hand], &[1]));
    assert_eq!(
        plan.actions,
        [Action::Replace {
            members: vec!["u2@ex.com".into(), "u3@ex.com".into()],
            admins: vec!["Nina@Ex.com".into()],
            changes: 3,
        }]
    );
}

#[test]
fn a_person_added_by_hand_stays_unless_the_mapping_says_remove() {
    let seen = observed(vec![person(1), person(9)], &[1]);
    assert_eq!(plan(&desired(&[1]), &seen).actions, []);
    let strict = Desired {
        policy: policy_of(&[(true, false)]),
        ..desired(&[1])
    };
    assert_eq!(
        plan(&strict, &seen).actions,
        [Action::Remove {
            grafana_id: UserId::new(9)
        }]
    );
}

#[test]
fn a_member_without_a_usable_address_rules_the_bulk_call_out() {
    let mut nameless = person(9);
    nameless.email = String::new();
    let plan = plan(&desired(&[2, 3]), &observed(vec![nameless], &[]));
    assert!(
        plan.actions.iter().all(|a| matches!(a, Action::Add { .. })),
        "{:?}",
        plan.actions
    );
    assert_eq!(plan.actions.len(), 2);
}

#[test]
fn a_member_with_a_shared_address_is_added_singly() {
    let mut seen = observed(vec![person(1)], &[1]);
    seen.emails.insert(UserId::new(4), "U5@ex.com".into());
    let plan = plan(&desired(&[1, 2, 3, 4]), &seen);
    assert!(
        matches!(&plan.actions[..], [Action::Replace { members, .. }, Action::Add { grafana_id, .. }] if members.len() == 3 && *grafana_id == UserId::new(4))
    );
}

#[test]
fn an_admin_is_one_bulk_call_and_a_changed_permission_an_update() {
    let admins = Desired {
        members: BTreeMap::from([(UserId::new(1), true)]),
        ..desired(&[])
    };
    assert!(
        matches!(&plan(&admins, &observed(vec![], &[])).actions[..], [Action::Replace { admins, members, .. }] if admins.len() == 1 && members.is_empty())
    );
    assert_eq!(
        plan(&admins, &observed(vec![person(1)], &[1])).actions,
        [Action::Update {
            grafana_id: UserId::new(1),
            admin: true
        }]
    );
}

#[test]
fn an_admin_by_hand_stays_one_and_one_of_ours_is_demoted() {
    let admin = |id| Member {
        admin: true,
        ..person(id)
    };
    let mut seen = observed(vec![admin(1), admin(2)], &[1, 2]);
    seen.base.insert(UserId::new(2), MadeAdmin::Seen);
    let demoted = plan(&desired(&[1, 2]), &seen);
    assert_eq!(
        demoted.actions,
        [Action::Update {
            grafana_id: UserId::new(2),
            admin: false
        }]
    );
    assert_eq!(demoted.base, base(&[1, 2]));
    // Until that was seen it is remembered.
    assert_eq!(
        demoted.base_meanwhile(&seen).get(&UserId::new(2)),
        Some(&MadeAdmin::Seen)
    );
}

#[test]
fn our_own_account_leaves_only_the_team_it_created() {
    let us = Member {
        admin: true,
        class: MemberClass::Ourselves,
        ..person(1)
    };
    assert_eq!(
        plan(&desired(&[]), &observed(vec![us.clone()], &[1])).actions,
        [Action::Remove {
            grafana_id: UserId::new(1)
        }]
    );
    let strict = Desired {
        policy: policy_of(&[(true, false)]),
        ..desired(&[])
    };
    assert_eq!(plan(&strict, &observed(vec![us], &[])).actions, []);
}

#[test]
fn protected_people_are_not_moved() {
    let guarded = Member {
        class: MemberClass::Protected,
        admin: true,
        ..person(1)
    };
    let strict = Desired {
        policy: policy_of(&[(true, false)]),
        ..desired(&[])
    };
    assert_eq!(plan(&strict, &observed(vec![guarded], &[1])).actions, []);
}

#[test]
fn a_paused_mapping_lets_nobody_go() {
    let held = Desired {
        policy: policy_of(&[(true, false), (true, true)]),
        ..desired(&[2])
    };
    let plan = plan(&held, &observed(vec![person(1)], &[1]));
    assert_eq!(
        plan.actions,
        [Action::Add {
            grafana_id: UserId::new(2),
            admin: false
        }]
    );
    assert_eq!(plan.base, base(&[1, 2]));
}

#[test]
fn the_name_follows_the_group_and_a_taken_name_is_shown() {
    let renamed = Desired {
        name: Some("platform".into()),
        ..desired(&[])
    };
    let mut seen = observed(vec![], &[]);
    assert_eq!(plan(&renamed, &seen).actions, [Action::Rename("platform".into())]);
    seen.taken.insert("platform".into(), TeamId::new(9));
    let plan = plan(&renamed, &seen);
    assert_eq!(plan.actions, []);
    assert!(matches!(&plan.attention, Some(Attention::TeamNameTaken { wanted, .. }) if wanted.contains("platform")));
}

#[test]
fn a_team_whose_group_is_gone_is_archived_deleted_or_kept() {
    let end = |removal| Desired {
        ended: Some(removal),
        ..desired(&[1])
    };
    let seen = observed(vec![person(1), person(9)], &[1]);
    assert_eq!(
        plan(&end(TeamRemoval::Archive), &seen).actions,
        [
            Action::Rename("eng (archived)".into()),
            Action::Remove {
                grafana_id: UserId::new(1)
            }
        ]
    );
    assert_eq!(
        plan(&end(TeamRemoval::Keep), &seen).actions,
        [Action::Remove {
            grafana_id: UserId::new(1)
        }]
    );
    let not_empty = plan(&end(TeamRemoval::Remove), &seen);
    assert_eq!(
        not_empty.actions,
        [Action::Remove {
            grafana_id: UserId::new(1)
        }]
    );
    assert!(not_empty.attention.is_some(), "people added by hand are in it");
    assert_eq!(
        plan(&end(TeamRemoval::Remove), &observed(vec![person(1)], &[1])).actions,
        [Action::Delete]
    );
}

#[test]
fn an_archived_team_tells_its_former_name_once() {
    assert_eq!(name_before_archive("eng (archived)", TeamId::new(7)), Some("eng"));
    assert_eq!(name_before_archive("eng (archived 7)", TeamId::new(7)), Some("eng"));
    assert_eq!(name_before_archive("eng (archived 8)", TeamId::new(7)), None);
    let mut seen = observed(vec![], &[]);
    let end = Desired {
        ended: Some(TeamRemoval::Archive),
        ..desired(&[])
    };
    seen.taken.insert("eng (archived)".into(), TeamId::new(9));
    assert_eq!(plan(&end, &seen).actions, [Action::Rename("eng (archived 7)".into())]);
    seen.name = "eng (archived 7)".into();
    assert_eq!(plan(&end, &seen).actions, []);
}

/// Grafana, as measured: bulk replaces both lists, comparing e-mails exactly.
fn apply(observed: &Observed, plan: &Plan) -> Option<Observed> {
    let mut next = observed.clone();
    let book: BTreeMap<String, UserId> = observed
        .emails
        .iter()
        .map(|(id, e)| (e.clone(), *id))
        .chain(observed.members.iter().map(|m| (m.email.clone(), m.grafana_id)))
        .collect();
    let member = |id: UserId, admin: bool| Member {
        grafana_id: id,
        email: observed.emails.get(&id).cloned().unwrap_or_default(),
        admin,
        class: MemberClass::Person,
    };
    for action in &plan.actions {
        match action {
            Action::Rename(name) => next.name.clone_from(name),
            Action::Add { grafana_id, admin } => next.members.push(member(*grafana_id, *admin)),
            Action::Update { grafana_id, admin } => {
                for m in next.members.iter_mut().filter(|m| m.grafana_id == *grafana_id) {
                    m.admin = *admin;
                }
            }
            Action::Remove { grafana_id } => next.members.retain(|m| m.grafana_id != *grafana_id),
            Action::Replace { members, admins, .. } => {
                let old = std::mem::take(&mut next.members);
                for (email, admin) in members
                    .iter()
                    .map(|e| (e, false))
                    .chain(admins.iter().map(|e| (e, true)))
                {
                    let id = *book.get(email).expect("a known address");
                    let kept = old.iter().find(|m| m.grafana_id == id).cloned();
                    next.members.push(Member {
                        admin,
                        ..kept.unwrap_or_else(|| member(id, admin))
                    });
                }
            }
            Action::Delete => return None,
        }
    }
    next.base = plan.base.clone();
    Some(next)
}

fn class() -> impl Strategy<Value = MemberClass> {
    prop_oneof![6 => Just(MemberClass::Person), 1 => Just(MemberClass::Protected), 1 => Just(MemberClass::Ourselves)]
}

fn email(id: i64) -> impl Strategy<Value = String> {
    prop_oneof![8 => Just(format!("u{id}@ex.com")), 1 => Just(String::new()), 1 => Just("same@ex.com".to_owned()), 1 => Just(format!("U{id}@Ex.com"))]
}

fn user() -> impl Strategy<Value = UserId> {
    (1_i64..14).prop_map(UserId::new)
}

fn made_admin() -> impl Strategy<Value = MadeAdmin> {
    prop_oneof![2 => Just(MadeAdmin::No), 1 => Just(MadeAdmin::Asked), 1 => Just(MadeAdmin::Seen)]
}

prop_compose! {
    fn world()(
        members in prop::collection::btree_map(user(), (any::<bool>(), class()), 0..10),
        book in (1_i64..14).map(email).collect::<Vec<_>>(),
        base in prop::collection::btree_map(user(), made_admin(), 0..8),
        taken in any::<bool>(),
        bulk in prop::bool::weighted(0.8),
        wanted in prop::collection::btree_map(user(), any::<bool>(), 0..10),
        flags in (any::<bool>(), prop::bool::weighted(0.2)),
        rename in any::<bool>(),
        ended in prop_oneof![4 => Just(None), 1 => Just(Some(TeamRemoval::Archive)), 1 => Just(Some(TeamRemoval::Remove)), 1 => Just(Some(TeamRemoval::Keep))],
    ) -> (Desired, Observed) {
        let emails: BTreeMap<UserId, String> = (1_i64..14).map(UserId::new).zip(book).collect();
        let seen = Observed {
            id: TeamId::new(7),
            name: "eng".into(),
            members: members
                .into_iter()
                .map(|(id, (admin, class))| Member { grafana_id: id, email: emails[&id].clone(), admin, class })
                .collect(),
            base,
            emails,
            taken: taken.then(|| ("platform".to_owned(), TeamId::new(9))).into_iter().collect(),
            bulk,
        };
        let desired = Desired {
            members: wanted,
            policy: Policy { remove_others: flags.0, hold: flags.1 },
            name: rename.then(|| "platform".to_owned()),
            ended,
            held: BTreeSet::new(),
            kept: BTreeSet::new(),
        };
        (desired, seen)
    }
}

proptest! {
    #[test]
    fn only_those_we_put_there_leave_unless_the_policy_says_remove((desired, seen) in world()) {
        let plan = plan(&desired, &seen);
        if let Some(next) = apply(&seen, &plan) {
            for member in &seen.members {
                let gone = !next.members.iter().any(|m| m.grafana_id == member.grafana_id);
                prop_assert!(!gone || seen.base.contains_key(&member.grafana_id) || desired.policy.remove_others, "{member:?} left");
                prop_assert!(!gone || member.class != MemberClass::Protected, "{member:?} is protected");
            }
        } else {
            prop_assert!(seen.members.iter().all(|m| seen.base.contains_key(&m.grafana_id)));
        }
    }

    #[test]
    fn a_second_look_finds_nothing_to_do((desired, seen) in world()) {
        let first = plan(&desired, &seen);
        if let Some(next) = apply(&seen, &first) {
            let second = plan(&desired, &next);
            // A team that is to be deleted and has become empty is deleted then.
            if desired.ended != Some(TeamRemoval::Remove) {
                prop_assert_eq!(second.actions, vec![]);
            }
        }
    }

    #[test]
    fn the_bulk_call_has_all_who_stay_and_all_who_come((desired, seen) in world()) {
        let plan = plan(&desired, &seen);
        if let Some(next) = apply(&seen, &plan) {
            let singly: BTreeSet<UserId> = compare(&desired, &seen).0.iter().filter_map(|c| match c {
                Change::Remove(id) => Some(*id),
                _ => None,
            }).collect();
            let ids: BTreeSet<UserId> = next.members.iter().map(|m| m.grafana_id).collect();
            for member in &seen.members {
                prop_assert!(singly.contains(&member.grafana_id) != ids.contains(&member.grafana_id));
            }
            if desired.ended.is_none() {
                prop_assert!(desired.members.keys().all(|id| ids.contains(id)));
            }
        }
    }

    #[test]
    fn an_empty_list_is_sent_only_to_an_emptied_team((desired, seen) in world()) {
        let plan = plan(&desired, &seen);
        for action in &plan.actions {
            if let Action::Replace { members, admins, .. } = action && members.is_empty() && admins.is_empty() {
                let left = apply(&seen, &plan).map_or(0, |t| t.members.len());
                let by_hand = plan.actions.iter().filter(|a| matches!(a, Action::Add { .. })).count();
                prop_assert_eq!(left, by_hand);
            }
        }
    }

    #[test]
    fn only_an_admin_that_we_made_is_demoted((desired, seen) in world()) {
        let plan = plan(&desired, &seen);
        let next = apply(&seen, &plan).map_or(Vec::new(), |next| next.members);
        for member in seen.members.iter().filter(|m| m.admin) {
            let demoted = next.iter().any(|m| m.grafana_id == member.grafana_id && !m.admin);
            let made = seen.base.get(&member.grafana_id).copied().unwrap_or_default();
            prop_assert!(!demoted || made != MadeAdmin::No, "{member:?} was made admin by hand");
        }
    }

    #[test]
    fn no_bulk_call_leaves_out_a_member_who_was_seen((desired, seen) in world()) {
        for action in plan(&desired, &seen).actions {
            let Action::Replace { members, admins, .. } = action else { continue };
            for member in &seen.members {
                let id = &member.grafana_id;
                let named = members.contains(&member.email) || admins.contains(&member.email);
                let wanted = desired.members.contains_key(id) && desired.ended.is_none();
                let may_leave = !wanted && (seen.base.contains_key(id) || desired.policy.remove_others);
                prop_assert!(named || may_leave, "{member:?} is left out");
                prop_assert!(named || member.class != MemberClass::Protected, "{member:?} is protected");
            }
        }
    }
}

#[test]
fn who_is_held_or_kept_stays_and_the_others_leave() {
    let seen = || observed(vec![person(1), person(2), person(3), person(4)], &[1, 2, 3, 4]);
    let wanted = Desired {
        held: BTreeSet::from([UserId::new(2)]),
        kept: BTreeSet::from([UserId::new(3)]),
        ..desired(&[1])
    };
    let leaving: Vec<UserId> = [2, 3, 4].map(UserId::new).to_vec();
    assert_eq!(leaving, super::leaving(&wanted, &seen()));
    let done = plan(&wanted, &seen());
    assert_eq!(
        done.actions,
        [Action::Remove {
            grafana_id: UserId::new(4)
        }]
    );
    assert_eq!(done.base, base(&[1, 2, 3]));
    // The group is gone: the team waits for the people held, and one kept by an admin is nobody's.
    let ended = Desired {
        ended: Some(TeamRemoval::Remove),
        ..wanted
    };
    let done = plan(&ended, &seen());
    assert!(
        !done.actions.contains(&Action::Delete) && done.base == base(&[2]),
        "{done:?}"
    );
}
