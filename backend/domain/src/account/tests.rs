//! What a person, an admin and an identity provider would notice of the account planner.

use proptest::prelude::*;

use super::*;

fn profile() -> Profile {
    Profile::new("Ann", Some("ann@ex.com"), Some("Ann Archer"))
}

fn account() -> Account {
    Account {
        id: 7,
        login: "ann".into(),
        email: "ann@ex.com".into(),
        name: "Ann Archer".into(),
        is_grafana_admin: false,
        is_external: false,
        is_disabled: false,
        is_self: false,
        orgs: vec![OrgRole {
            org_id: 1,
            role: "Viewer".into(),
        }],
        teams: Vec::new(),
        last_admin_of: Vec::new(),
    }
}

fn link() -> Link {
    Link {
        grafana_id: 7,
        origin: Origin::Provisioned,
        snapshot: None,
    }
}

fn rules() -> Rules {
    Rules {
        claim: ClaimPolicy::Login,
        ceiling: Rung::Suspend,
        break_glass: vec!["root".into()],
        role_sync_skipped: Some(true),
    }
}

fn seen(account: Account) -> Observed {
    Observed {
        linked: Some(account),
        others: Vec::new(),
    }
}

fn stranger(account: Account) -> Observed {
    Observed {
        linked: None,
        others: vec![Candidate {
            account,
            manager: Manager::Nobody,
        }],
    }
}

#[test]
fn a_new_person_gets_an_account_with_what_the_provider_says() {
    let plan = plan(&Desired::Open(profile()), None, &Observed::default(), &rules());
    assert!(matches!(&plan.actions[..], [Action::Create(w)] if w.login == "ann" && w.name == "Ann Archer"));
    assert_eq!(plan.access, Some(Access::Open));
}

#[test]
fn an_absent_email_or_name_blanks_nothing() {
    let bare = Desired::Open(Profile::new("ann", None, None));
    assert_eq!(plan(&bare, Some(&link()), &seen(account()), &rules()).actions, []);
}

#[test]
fn a_deleted_or_deactivated_person_is_disabled_and_never_deleted() {
    for desired in [Desired::Gone, Desired::Closed(profile())] {
        let plan = plan(&desired, Some(&link()), &seen(account()), &rules());
        assert_eq!(plan.actions, [Action::Disable]);
    }
}

#[test]
fn a_single_sign_on_user_leaves_his_organizations_and_gets_them_back() {
    let external = Account {
        is_external: true,
        ..account()
    };
    let closed = Desired::Closed(profile());
    let leaving = plan(&closed, Some(&link()), &seen(external.clone()), &rules());
    assert!(matches!(
        &leaving.actions[..],
        [Action::Remember(_), Action::LeaveOrg(1), Action::Logout]
    ));
    let Some(Action::Remember(snapshot)) = leaving.actions.first().cloned() else {
        unreachable!()
    };
    let remembered = Link {
        snapshot: Some(snapshot),
        ..link()
    };
    let outside = Account {
        orgs: Vec::new(),
        ..external
    };
    let back = plan(&Desired::Open(profile()), Some(&remembered), &seen(outside), &rules());
    assert!(matches!(&back.actions[..], [Action::JoinOrg(role)] if role.role == "Viewer"));
}

#[test]
fn where_roles_are_synced_a_suspension_is_said_not_to_hold() {
    let external = Account {
        is_external: true,
        ..account()
    };
    let synced = Rules {
        role_sync_skipped: Some(false),
        ..rules()
    };
    let plan = plan(&Desired::Gone, Some(&link()), &seen(external), &synced);
    assert_eq!(
        plan.access,
        Some(Access::Closed {
            by: Rung::Suspend,
            holds: Some(false)
        })
    );
}

#[test]
fn what_the_sign_in_provider_owns_waits_for_the_next_sign_in() {
    let external = Account {
        is_external: true,
        name: "Old".into(),
        ..account()
    };
    let plan = plan(&Desired::Open(profile()), Some(&link()), &seen(external), &rules());
    assert_eq!((plan.actions, plan.deferred), (vec![], vec!["name"]));
}

#[test]
fn an_existing_account_is_claimed_as_the_policy_says() {
    for (claim, claimed) in [
        (ClaimPolicy::Login, true),
        (ClaimPolicy::Email, true),
        (ClaimPolicy::Ask, false),
        (ClaimPolicy::Never, false),
    ] {
        let rules = Rules { claim, ..rules() };
        let plan = plan(&Desired::Open(profile()), None, &stranger(account()), &rules);
        assert_eq!(
            matches!(plan.actions.first(), Some(Action::Claim { .. })),
            claimed,
            "{claim:?}"
        );
        assert_eq!(plan.attention.is_some(), !claimed, "{claim:?}");
    }
}

#[test]
fn an_email_that_belongs_to_somebody_else_is_shown_and_changes_nothing() {
    let other = Candidate {
        account: Account {
            id: 8,
            login: "other".into(),
            email: "new@ex.com".into(),
            ..account()
        },
        manager: Manager::Nobody,
    };
    let moved = Desired::Open(Profile::new("ann", Some("new@ex.com"), None));
    let observed = Observed {
        others: vec![other],
        ..seen(account())
    };
    let plan = plan(&moved, Some(&link()), &observed, &rules());
    assert_eq!(plan.actions, []);
    assert!(
        plan.attention
            .is_some_and(|a| a.reason.contains("belongs to another account"))
    );
}

#[test]
fn an_account_deleted_by_hand_is_made_again_or_forgotten() {
    let nothing = Observed::default();
    let open = plan(&Desired::Open(profile()), Some(&link()), &nothing, &rules());
    assert!(matches!(open.actions[..], [Action::Create(_)]));
    assert_eq!(
        plan(&Desired::Gone, Some(&link()), &nothing, &rules()).actions,
        [Action::Forget]
    );
}

#[test]
fn the_last_admin_of_an_organization_stays() {
    let last = Account {
        last_admin_of: vec![1],
        ..account()
    };
    let plan = plan(&Desired::Gone, Some(&link()), &seen(last), &rules());
    assert_eq!(plan.actions, []);
    assert!(plan.attention.is_some_and(|a| a.reason.contains("last person")));
}

prop_compose! {
    fn any_account()(
        flags in any::<(bool, bool, bool, bool)>(),
        login in prop_oneof![Just("ann"), Just("bob"), Just("root"), Just("sa-1-x")],
        in_org in any::<bool>(),
        last in prop::bool::weighted(0.2),
    ) -> Account {
        Account {
            login: login.into(),
            email: if login.starts_with("sa-") { login.into() } else { "ann@ex.com".into() },
            is_grafana_admin: flags.0 && flags.1,
            is_external: flags.1,
            is_disabled: flags.2,
            is_self: flags.3 && flags.0,
            orgs: if in_org { account().orgs } else { Vec::new() },
            last_admin_of: if last && in_org { vec![1] } else { Vec::new() },
            ..account()
        }
    }
}

fn any_desired() -> impl Strategy<Value = Desired> {
    prop_oneof![
        Just(Desired::Open(profile())),
        Just(Desired::Closed(profile())),
        Just(Desired::Gone)
    ]
}

fn any_snapshot() -> impl Strategy<Value = Option<Snapshot>> {
    prop_oneof![
        Just(None),
        Just(Some(Snapshot {
            orgs: account().orgs,
            teams: Vec::new()
        }))
    ]
}

/// Grafana and our record, after the plan.
fn apply(account: &Account, link: &Link, plan: &Plan) -> (Account, Link) {
    let (mut account, mut link) = (account.clone(), link.clone());
    for action in &plan.actions {
        match action {
            Action::Update(w) => {
                account.login.clone_from(&w.login);
                account.email.clone_from(&w.email);
                account.name.clone_from(&w.name);
            }
            Action::Disable => account.is_disabled = true,
            Action::Enable => account.is_disabled = false,
            Action::Remember(s) => link.snapshot = Some(s.clone()),
            Action::LeaveOrg(id) => account.orgs.retain(|o| o.org_id != *id),
            Action::JoinOrg(role) => account.orgs.push(role.clone()),
            Action::JoinTeam(seat) => account.teams.push(seat.clone()),
            Action::Claim { .. } | Action::Create(_) | Action::Logout | Action::Forget => {}
        }
    }
    (account, link)
}

proptest! {
    #[test]
    fn a_protected_account_is_never_changed(account in any_account(), desired in any_desired(), snapshot in any_snapshot()) {
        let link = Link { snapshot, ..link() };
        let plan = plan(&desired, Some(&link), &seen(account.clone()), &rules());
        if protection(&account, &rules()).is_some() {
            prop_assert_eq!(plan.actions, vec![]);
        }
    }

    #[test]
    fn a_second_look_finds_nothing_to_do(account in any_account(), desired in any_desired(), snapshot in any_snapshot()) {
        let link = Link { snapshot, ..link() };
        let first = plan(&desired, Some(&link), &seen(account.clone()), &rules());
        let (account, link) = apply(&account, &link, &first);
        let second = plan(&desired, Some(&link), &seen(account), &rules());
        prop_assert_eq!(second.actions, vec![]);
    }

    #[test]
    fn the_last_admin_is_neither_disabled_nor_taken_out(account in any_account(), desired in any_desired()) {
        let plan = plan(&desired, Some(&link()), &seen(account.clone()), &rules());
        if account.last_admin_of.contains(&1) {
            let closing = |a: &Action| matches!(a, Action::Disable | Action::LeaveOrg(_) | Action::Logout);
            prop_assert!(!plan.actions.iter().any(closing));
        }
    }

    #[test]
    fn nobody_nobody_manages_is_changed_without_being_claimed_first(account in any_account(), desired in any_desired()) {
        let plan = plan(&desired, None, &stranger(account), &rules());
        if let Some(first) = plan.actions.first() {
            let claims = matches!(first, Action::Claim { .. });
            prop_assert!(claims, "{first:?}");
        }
    }
}
