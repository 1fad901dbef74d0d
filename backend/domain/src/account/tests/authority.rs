//! What our provider may do to an account, over random worlds: organizations, memberships, names, authority.

use super::*;

fn in_orgs(ids: &[i64]) -> Vec<OrgRole> {
    let role = |id: &i64| OrgRole {
        org_id: OrgId::new(*id),
        role: "Admin".into(),
    };
    ids.iter().map(role).collect()
}

fn of_organization() -> Link {
    Link {
        origin: AccountOrigin::Claimed,
        history: History::new(Authority::Organization),
        ..link()
    }
}

prop_compose! {
    fn any_history()(
        full in any::<bool>(), own in any::<bool>(), flags in any::<(bool, bool)>(),
    ) -> History {
        History {
            authority: if full { Authority::Full } else { Authority::Organization },
            own_org: own.then_some(OrgId::new(9)),
            seen_inside: flags.0,
            closed_by_hand: flags.1,
            rejoined_ms: None,
        }
    }
}

prop_compose! {
    fn any_world()(
        account in any_account(),
        orgs in prop::sample::subsequence(vec![1, 2, 3, 9], 0..=4),
        link in any_link(),
        history in any_history(),
        claimed in any::<bool>(),
        called in prop_oneof![Just("Ann Archer"), Just("Somebody Else")],
        refused_by in prop::sample::subsequence(vec![OrgId::new(2), OrgId::new(3)], 0..=2),
        approved in any::<bool>(),
    ) -> (Link, Observed) {
        let origin = if claimed { AccountOrigin::Claimed } else { AccountOrigin::Provisioned };
        let account = Account {
            name: called.into(),
            orgs: in_orgs(&orgs),
            alone_in: history.own_org.into_iter().collect(),
            last_admin_of: Vec::new(),
            ..account
        };
        let observed = Observed { linked: Some(account), refused_by, approved, ..Observed::default() };
        (Link { origin, history, ..link }, observed)
    }
}

/// In an organization that others are in too.
fn with_others(account: &Account, ours: bool) -> bool {
    let other = |o: &OrgRole| !account.alone_in.contains(&o.org_id) && (ours || o.org_id != OrgId::new(1));
    account.orgs.iter().any(other)
}

fn is_ours(action: &Action) -> bool {
    let ours = OrgId::new(1);
    match action {
        Action::LeaveOrg(org) => *org == ours,
        Action::JoinOrg(role) | Action::SetRole(role) => role.org_id == ours,
        Action::JoinTeam(team) => team.org_id == ours,
        Action::Claim { .. } | Action::Remember(_) | Action::Logout => true,
        _ => false,
    }
}

fn overwrites(action: &Action) -> bool {
    matches!(action, Action::Update(_) | Action::Delete(_) | Action::Create(_))
}

proptest! {
    #[test]
    fn no_plan_goes_beyond_its_authority(
        (link, observed) in any_world(), desired in any_desired(), max_action in any_deprovision(),
    ) {
        let account = observed.linked.clone().unwrap();
        let plan = plan(&desired, Some(&link), &observed, &under(max_action));
        for action in &plan.actions {
            if link.history.authority == Authority::Organization {
                prop_assert!(is_ours(action), "{action:?}");
            }
            if with_others(&account, false) {
                prop_assert!(!overwrites(action), "{action:?}");
            }
            if link.origin == AccountOrigin::Claimed {
                prop_assert!(!matches!(action, Action::Delete(_)), "{action:?}");
            }
        }
    }

    #[test]
    fn who_is_claimed_is_changed_within_the_authority(
        (_, observed) in any_world(), desired in any_desired(), max_action in any_deprovision(),
    ) {
        let account = observed.linked.clone().unwrap();
        let ours = account.orgs.iter().any(|o| o.org_id == OrgId::new(1));
        let full = ours && !with_others(&account, false);
        let plan = plan(&desired, None, &stranger(account), &under(max_action));
        for action in &plan.actions {
            prop_assert!(!matches!(action, Action::Delete(_) | Action::Create(_)), "{action:?}");
            prop_assert!(full || is_ours(action), "{action:?}");
        }
        if let Some(Action::Claim { history, .. }) = plan.actions.first() {
            prop_assert_eq!(history.authority == Authority::Full, full);
        }
    }

    #[test]
    fn nobody_seen_open_is_called_closed(
        (link, observed) in any_world(), desired in any_desired(), max_action in any_deprovision(),
    ) {
        let account = observed.linked.clone().unwrap();
        let plan = plan(&desired, Some(&link), &observed, &under(max_action));
        let open = !account.is_disabled && with_others(&account, true);
        if open && plan.actions.is_empty() {
            prop_assert!(!matches!(plan.end.access(), Some(Access::Closed { .. })), "{plan:?}");
        }
    }

    #[test]
    fn ours_comes_first_and_others_last(
        (link, observed) in any_world(), max_action in any_deprovision(),
    ) {
        let plan = plan(&Desired::Gone, Some(&link), &observed, &under(max_action));
        let rank = |action: &Action| match action {
            Action::LeaveOrg(org) if *org == OrgId::new(1) => Some(0),
            Action::Logout => Some(1),
            Action::Disable | Action::Delete(_) => Some(2),
            Action::LeaveOrg(_) => Some(3),
            _ => None,
        };
        let ranks: Vec<i32> = plan.actions.iter().filter_map(rank).collect();
        prop_assert!(ranks.is_sorted(), "{:?}", plan.actions);
    }

    #[test]
    fn only_what_rollcall_closed_is_opened_without_a_yes(
        (link, observed) in any_world(), max_action in any_deprovision(),
    ) {
        let account = observed.linked.clone().unwrap();
        let by_rollcall = link.deprovisioned_by.is_some() && !link.history.closed_by_hand;
        let plan = plan(&Desired::Open(profile()), Some(&link), &observed, &under(max_action));
        let opens = |a: &Action| matches!(a, Action::Enable | Action::Delete(_) | Action::Create(_));
        if account.is_disabled && !by_rollcall && !observed.approved {
            prop_assert!(!plan.actions.iter().any(opens), "{:?}", plan.actions);
        }
    }
}

#[test]
fn another_organizations_person_leaves_ours_and_nothing_else() {
    let erin = Account {
        orgs: in_orgs(&[2, 1]),
        ..account()
    };
    let claimed = plan(&Desired::Open(profile()), None, &stranger(erin.clone()), &rules());
    assert!(matches!(
        claimed.actions[..],
        [Action::Claim { history, .. }] if history.authority == Authority::Organization
    ));
    for max_action in [Deprovision::Disable, Deprovision::Recreate, Deprovision::Delete] {
        let mut world = World::of(erin.clone(), of_organization());
        let done = settle(&mut world, &Desired::Gone, &under(max_action));
        assert_eq!(world.account.clone().unwrap().orgs, in_orgs(&[2]));
        assert!(!world.account.unwrap().is_disabled);
        assert!(matches!(
            done.end.attention(),
            Some(Attention::StillInOrganizations { org_ids, .. }) if *org_ids == [OrgId::new(2)]
        ));
    }
}

#[test]
fn what_another_organization_refuses_stops_nothing() {
    let leaver = Account {
        orgs: in_orgs(&[2, 1]),
        ..external()
    };
    let observed = Observed {
        refused_by: vec![OrgId::new(2)],
        ..seen(leaver.clone())
    };
    let first = plan(&Desired::Gone, Some(&link()), &seen(leaver), &rules());
    let (ours, other) = (Action::LeaveOrg(OrgId::new(1)), Action::LeaveOrg(OrgId::new(2)));
    assert_eq!(first.actions[1..], [ours.clone(), Action::Logout, other]);
    let again = plan(&Desired::Gone, Some(&link()), &observed, &rules());
    assert_eq!(again.actions[1..], [ours, Action::Logout]);
}

#[test]
fn an_organization_of_its_own_is_nobody_elses() {
    let own = Account {
        orgs: in_orgs(&[5, 1]),
        alone_in: vec![OrgId::new(5)],
        ..account()
    };
    let claimed = plan(&Desired::Open(profile()), None, &stranger(own.clone()), &rules());
    assert!(matches!(
        claimed.actions[..],
        [Action::Claim { history, .. }, ..] if history.authority == Authority::Full
    ));
    let nowhere = Account {
        orgs: in_orgs(&[5]),
        ..own
    };
    let ask = Rules {
        claim: ClaimPolicy::Ask,
        ..rules()
    };
    let refused = plan(&Desired::Open(profile()), None, &stranger(nowhere), &ask);
    assert_eq!((refused.actions.len(), refused.end.question()), (0, None));
    assert!(matches!(
        refused.end.attention(),
        Some(Attention::InNoOrganization { .. })
    ));
}

#[test]
fn one_provider_may_speak_for_the_whole_server() {
    let both = Account {
        orgs: in_orgs(&[2, 1]),
        name: "Somebody Else".into(),
        ..account()
    };
    let whole = Rules {
        whole_server: true,
        ..rules()
    };
    let written = plan(
        &Desired::Open(profile()),
        Some(&of_organization()),
        &seen(both.clone()),
        &whole,
    );
    assert!(matches!(written.actions[..], [Action::Update(_)]));
    let closed = plan(&Desired::Gone, Some(&of_organization()), &seen(both), &whole);
    assert_eq!(closed.actions, [Action::Disable]);
}

#[test]
fn a_protected_leaver_is_told_apart() {
    let admin = Account {
        is_grafana_admin: true,
        ..account()
    };
    let plan = plan(&Desired::Gone, Some(&link()), &seen(admin), &rules());
    assert_eq!(plan.actions, []);
    assert!(matches!(plan.end.attention(), Some(Attention::ProtectedLeaver { .. })));
}

#[test]
fn a_name_is_no_protection() {
    let called = Account {
        login: "sa-1-x".into(),
        email: "root".into(),
        ..account()
    };
    assert_eq!(
        plan(&Desired::Gone, Some(&link()), &seen(called), &rules()).actions,
        [Action::Disable]
    );
    let listed = Rules {
        protected: ProtectedIds {
            break_glass: [UserId::new(7)].into(),
            ..ProtectedIds::default()
        },
        ..rules()
    };
    assert_eq!(
        plan(&Desired::Gone, Some(&link()), &seen(account()), &listed).actions,
        []
    );
}

#[test]
fn who_was_taken_out_by_hand_is_asked_about() {
    let out = Account {
        orgs: Vec::new(),
        ..account()
    };
    let open = Desired::Open(profile());
    let role = OrgRole {
        org_id: OrgId::new(1),
        role: "Viewer".into(),
    };
    let seen_inside = Link {
        history: History {
            seen_inside: true,
            ..History::new(Authority::Full)
        },
        ..link()
    };
    let never = plan(&open, Some(&link()), &seen(out.clone()), &rules());
    assert_eq!(never.actions, [Action::JoinOrg(role.clone())]);
    let asked = plan(&open, Some(&seen_inside), &seen(out.clone()), &rules());
    assert_eq!((asked.actions.len(), asked.end.question().is_some()), (0, true));
    let repair = Rules {
        membership: MembershipPolicy::Repair,
        ..rules()
    };
    let repaired = plan(&open, Some(&seen_inside), &seen(out.clone()), &repair);
    assert_eq!(repaired.actions, [Action::JoinOrg(role.clone())]);
    let again = Observed {
        rejoined_lately: true,
        ..seen(out.clone())
    };
    let fight = plan(&open, Some(&seen_inside), &again, &repair);
    assert_eq!((fight.actions.len(), fight.end.question().is_some()), (0, true));
    assert!(matches!(
        fight.end.attention(),
        Some(Attention::TakenOutByHand { again: true, .. })
    ));
    let yes = Observed {
        approved: true,
        ..seen(out)
    };
    for rules in [rules(), repair] {
        assert_eq!(
            plan(&open, Some(&seen_inside), &yes, &rules).actions,
            [Action::JoinOrg(role.clone())]
        );
    }
}

#[test]
fn what_was_deleted_by_hand_is_made_again_after_a_yes() {
    let open = Desired::Open(profile());
    let gone = Observed::default();
    let asked = plan(&open, Some(&link()), &gone, &rules());
    assert_eq!((asked.actions.len(), asked.end.question().is_some()), (0, true));
    let yes = Observed {
        approved: true,
        ..Observed::default()
    };
    assert!(matches!(
        plan(&open, Some(&link()), &yes, &rules()).actions[..],
        [Action::Create(_)]
    ));
    let by_us = Link {
        deprovisioned_by: Some(Deprovision::Delete),
        ..link()
    };
    assert!(matches!(
        plan(&open, Some(&by_us), &gone, &rules()).actions[..],
        [Action::Create(_)]
    ));
}
