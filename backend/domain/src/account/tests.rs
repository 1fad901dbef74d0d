//! What a person, an admin and an identity provider would notice of the account planner.

use proptest::prelude::*;

mod authority;
mod worlds;

use super::*;
use crate::{
    attention::{Attention, Delay},
    evidence::{Doubt, SignIn},
    settings::{ClaimPolicy, MembershipPolicy},
};
use vocabulary::{Attribute, OrgId, TeamId, UserId};

fn profile() -> Profile {
    Profile::new("Ann", Some("ann@ex.com"), Some("Ann Archer"))
}

fn account() -> Account {
    Account {
        id: UserId::new(7),
        login: "ann".into(),
        email: "ann@ex.com".into(),
        name: "Ann Archer".into(),
        is_grafana_admin: false,
        is_external: false,
        sign_ins: Vec::new(),
        is_disabled: false,
        is_self: false,
        orgs: vec![OrgRole {
            org_id: OrgId::new(1),
            role: "Viewer".into(),
        }],
        alone_in: Vec::new(),
        teams: Vec::new(),
        last_admin_of: Vec::new(),
    }
}

fn link() -> Link {
    Link {
        grafana_id: Some(UserId::new(7)),
        origin: AccountOrigin::Provisioned,
        snapshot: None,
        deprovisioned_by: None,
        history: History::new(Authority::Full),
        renew_password: false,
    }
}

fn rules() -> Rules {
    Rules {
        org_id: OrgId::new(1),
        new_role: "Viewer".into(),
        claim: ClaimPolicy::Login,
        sign_in: None,
        renew_claimed: true,
        linking: Linking::PreCreate,
        max_action: Deprovision::Suspend,
        membership: MembershipPolicy::Ask,
        whole_server: false,
        break_glass: vec!["root".into()],
        protected: ProtectedIds::default(),
        role_sync_skipped: Some(true),
        ldap: Some(false),
        sign_up: Some(true),
    }
}

fn under(max_action: Deprovision) -> Rules {
    Rules { max_action, ..rules() }
}

fn seen(account: Account) -> Observed {
    Observed {
        linked: Some(account),
        ..Observed::default()
    }
}

fn stranger(account: Account) -> Observed {
    Observed {
        linked: None,
        others: vec![Candidate {
            account,
            manager: Manager::Nobody,
            approved: false,
            keeps_password: false,
            leaving: false,
        }],
        ..Observed::default()
    }
}

#[test]
fn a_new_person_gets_an_account_with_what_the_provider_says() {
    let plan = plan(&Desired::Open(profile()), None, &Observed::default(), &rules());
    assert!(matches!(&plan.actions[..], [Action::Create(w)] if w.login == "ann" && w.name == "Ann Archer"));
    assert_eq!(plan.end.access(), Some(Access::Open));
}

#[test]
fn an_absent_email_or_name_blanks_nothing() {
    let bare = Desired::Open(Profile::new("ann", None, None));
    assert_eq!(plan(&bare, Some(&link()), &seen(account()), &rules()).actions, []);
}

#[test]
fn a_deleted_or_inactive_person_is_disabled_and_never_deleted() {
    for desired in [Desired::Gone, Desired::Closed(profile())] {
        let plan = plan(&desired, Some(&link()), &seen(account()), &rules());
        assert_eq!(plan.actions, [Action::Disable]);
    }
}

#[test]
fn a_single_sign_on_user_leaves_organizations_and_returns() {
    let external = Account {
        is_external: true,
        ..account()
    };
    let closed = Desired::Closed(profile());
    let leaving = plan(&closed, Some(&link()), &seen(external.clone()), &rules());
    assert!(matches!(
        &leaving.actions[..],
        [Action::Remember(_), Action::LeaveOrg(org), Action::Logout] if *org == OrgId::new(1)
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
        plan.end.access(),
        Some(Access::Closed {
            by: Deprovision::Suspend,
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
    assert_eq!(
        (&plan.actions[..], plan.end.deferred()),
        (&[][..], &[Attribute::Name][..])
    );
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
        assert_eq!(plan.end.attention().is_some(), !claimed, "{claim:?}");
    }
}

#[test]
fn an_admins_yes_claims_that_one_account() {
    let ask = Rules {
        claim: ClaimPolicy::Ask,
        ..rules()
    };
    let by_email = Account {
        login: "old".into(),
        ..account()
    };
    for (rules, there) in [(&ask, account()), (&ask, by_email.clone()), (&rules(), by_email)] {
        let mut observed = stranger(there.clone());
        let asked = plan(&Desired::Open(profile()), None, &observed, rules);
        assert_eq!(asked.actions, []);
        let question = asked.end.question().expect("a question");
        assert_eq!((question.grafana_id, &question.login), (UserId::new(7), &there.login));
        observed.others[0].approved = true;
        let claimed = plan(&Desired::Open(profile()), None, &observed, rules);
        assert!(
            matches!(claimed.actions.first(), Some(Action::Claim { grafana_id, .. }) if *grafana_id == UserId::new(7)),
            "{claimed:?}"
        );
    }
}

#[test]
fn protected_and_foreign_accounts_are_never_asked_about() {
    let elsewhere = vec![OrgRole {
        org_id: OrgId::new(2),
        role: "Viewer".into(),
    }];
    let admin = |login: &str| Account {
        login: login.into(),
        is_grafana_admin: true,
        ..account()
    };
    let foreign = |login: &str| Account {
        login: login.into(),
        orgs: elsewhere.clone(),
        ..account()
    };
    for claim in [ClaimPolicy::Login, ClaimPolicy::Ask] {
        let rules = Rules { claim, ..rules() };
        for there in [admin("ann"), admin("old"), foreign("ann"), foreign("old")] {
            let mut observed = stranger(there);
            for approved in [false, true] {
                observed.others[0].approved = approved;
                let plan = plan(&Desired::Open(profile()), None, &observed, &rules);
                assert_eq!(
                    (&plan.actions[..], plan.end.question()),
                    (&[][..], None),
                    "{observed:?}"
                );
                assert!(plan.end.attention().is_some());
            }
        }
    }
}

#[test]
fn a_name_is_taken_where_nobody_may_claim_or_ask() {
    let at = |id| Some(NameOwner { id, protected: false });
    let all = [
        ClaimPolicy::Login,
        ClaimPolicy::Email,
        ClaimPolicy::Ask,
        ClaimPolicy::Never,
    ];
    for claim in all {
        assert_eq!(taken(None, None, false, claim), None);
        // Who has an account gets no second one, whatever the policy.
        assert_eq!(
            taken(None, at(UserId::new(8)), true, claim),
            Some(NameConflict::Email(UserId::new(8)))
        );
        assert_eq!(
            taken(at(UserId::new(8)), None, true, claim),
            Some(NameConflict::UserName(UserId::new(8)))
        );
        assert_eq!(
            taken(at(UserId::new(8)), at(UserId::new(9)), false, claim),
            Some(NameConflict::Email(UserId::new(9))),
            "two accounts"
        );
        let held = |id| Some(NameOwner { id, protected: true });
        assert_eq!(
            taken(None, held(UserId::new(1)), false, claim),
            Some(NameConflict::Email(UserId::new(1))),
            "protected"
        );
        assert_eq!(
            taken(held(UserId::new(1)), held(UserId::new(1)), false, claim),
            Some(NameConflict::UserName(UserId::new(1))),
            "protected"
        );
    }
    // As `choose` decides about the same two strangers.
    for claim in all {
        let rules = Rules { claim, ..rules() };
        let by_email = Account {
            login: "old".into(),
            ..account()
        };
        for (there, login) in [(account(), at(UserId::new(7))), (by_email, None)] {
            let plan = plan(&Desired::Open(profile()), None, &stranger(there), &rules);
            // What was stored before can still be approved, so under the policy "login" there is a question as well.
            let open = !plan.actions.is_empty() || (plan.end.question().is_some() && claim == ClaimPolicy::Ask);
            assert_eq!(
                taken(login, at(UserId::new(7)), false, claim).is_none(),
                open,
                "{claim:?}"
            );
        }
    }
}

#[test]
fn an_email_of_another_account_is_shown_and_changes_nothing() {
    let other = Candidate {
        account: Account {
            id: UserId::new(8),
            login: "other".into(),
            email: "new@ex.com".into(),
            ..account()
        },
        manager: Manager::Nobody,
        approved: false,
        keeps_password: false,
        leaving: false,
    };
    let moved = Desired::Open(Profile::new("ann", Some("new@ex.com"), None));
    let observed = Observed {
        others: vec![other],
        ..seen(account())
    };
    let plan = plan(&moved, Some(&link()), &observed, &rules());
    assert_eq!(plan.actions, []);
    assert!(matches!(plan.end.attention(), Some(Attention::NameTaken { .. })));
}

fn bob_holds(email: &str, leaving: bool) -> Candidate {
    Candidate {
        account: Account {
            id: UserId::new(8),
            login: "bob".into(),
            email: email.into(),
            ..account()
        },
        manager: Manager::Other,
        approved: false,
        keeps_password: false,
        leaving,
    }
}

#[test]
fn a_person_waits_for_a_name_and_then_makes_room() {
    let moved = Desired::Open(Profile::new("ann", Some("bob@ex.com"), None));
    let mut observed = Observed {
        others: vec![bob_holds("bob@ex.com", true)],
        ..seen(account())
    };
    let first = plan(&moved, Some(&link()), &observed, &rules());
    assert_eq!((&first.actions[..], first.end.attention()), (&[][..], None));
    assert!(matches!(&first.end, End::Wait { delay: Delay::NameNotFree { owner, .. }, .. } if owner == "bob"));
    observed.waited = true;
    let second = plan(&moved, Some(&link()), &observed, &rules());
    let [Action::Update(room)] = &second.actions[..] else {
        panic!("{second:?}");
    };
    assert_eq!((room.login.as_str(), room.name.as_str()), ("ann", "Ann Archer"));
    assert!(room.email.ends_with(".invalid"));
    // Once is enough.
    observed.linked = Some(Account {
        email: room.email.clone(),
        ..account()
    });
    let third = plan(&moved, Some(&link()), &observed, &rules());
    assert!(
        third.actions.is_empty() && matches!(third.end, End::Wait { .. }),
        "{third:?}"
    );
    // The other one has gone: the name is taken.
    observed.others.clear();
    let last = plan(&moved, Some(&link()), &observed, &rules());
    assert!(matches!(&last.actions[..], [Action::Update(w)] if w.email == "bob@ex.com"));
}

#[test]
fn nobody_makes_room_for_a_name_that_is_kept() {
    let moved = Desired::Open(Profile::new("ann", Some("bob@ex.com"), None));
    let mut external = bob_holds("bob@ex.com", true);
    external.account.is_external = true;
    for other in [bob_holds("bob@ex.com", false), external] {
        let observed = Observed {
            others: vec![other],
            waited: true,
            ..seen(account())
        };
        let plan = plan(&moved, Some(&link()), &observed, &rules());
        assert!(plan.actions.is_empty() && plan.end.attention().is_some());
    }
}

#[test]
fn only_a_person_who_gets_another_name_gives_one_up() {
    let wanted = Profile::new("ann", Some("bob@ex.com"), None);
    let is_to_have = |email| Desired::Open(Profile::new("bob", email, None));
    for (theirs, given_up) in [
        (is_to_have(Some("new@ex.com")), true),
        (is_to_have(Some("bob@ex.com")), false),
        (is_to_have(None), false),
        (Desired::Gone, false),
    ] {
        assert_eq!(
            frees_names(&theirs, "bob", "Bob@ex.com", &wanted),
            given_up,
            "{theirs:?}"
        );
    }
}

#[test]
fn with_first_login_the_account_that_comes_is_claimed() {
    let at_first = Rules {
        linking: Linking::FirstLogin,
        ..rules()
    };
    let open = Desired::Open(profile());
    let waiting = plan(&open, None, &Observed::default(), &at_first);
    assert_eq!(
        (&waiting.actions[..], waiting.end.access(), waiting.end.attention()),
        (&[][..], Some(Access::AtFirstSignIn), None)
    );
    let signed_up = Account {
        is_external: true,
        ..account()
    };
    let claimed = plan(&open, None, &stranger(signed_up.clone()), &at_first);
    assert!(
        matches!(claimed.actions[..], [Action::Claim { grafana_id, .. }] if grafana_id == UserId::new(7)),
        "{claimed:?}"
    );
    // Who was deactivated meanwhile is closed as soon as they come.
    let closed = plan(&Desired::Closed(profile()), None, &stranger(signed_up), &at_first);
    assert!(
        matches!(&closed.actions[..], [Action::Claim { .. }, .., Action::Logout]),
        "{closed:?}"
    );
    // Disabled and linked: it cannot be enabled, and the next sign-in makes another.
    let stuck = Account {
        is_external: true,
        is_disabled: true,
        ..account()
    };
    let disabled = Link {
        deprovisioned_by: Some(Deprovision::Disable),
        ..link()
    };
    // A recreated account is in the way of the sign-in that is to make the account.
    let recreated = Account {
        is_disabled: true,
        ..account()
    };
    let buried = Link {
        deprovisioned_by: Some(Deprovision::Recreate),
        ..link()
    };
    for (link, account) in [(disabled, stuck), (buried.clone(), recreated.clone())] {
        let again = plan(&open, Some(&link), &seen(account), &at_first);
        assert!(matches!(again.actions.last(), Some(Action::Delete(_))), "{again:?}");
        assert_eq!(again.end.access(), Some(Access::AtFirstSignIn));
    }
    let enabled = plan(&open, Some(&buried), &seen(recreated), &rules());
    assert_eq!(enabled.actions, [Action::Enable]);
}

#[test]
fn the_deleted_account_of_who_left_is_forgotten() {
    let nothing = Observed::default();
    assert_eq!(
        plan(&Desired::Gone, Some(&link()), &nothing, &rules()).actions,
        [Action::Forget]
    );
}

#[test]
fn the_last_admin_of_an_organization_stays() {
    let last = Account {
        last_admin_of: vec![OrgId::new(1)],
        ..account()
    };
    let plan = plan(&Desired::Gone, Some(&link()), &seen(last), &rules());
    assert_eq!(plan.actions, []);
    assert!(matches!(
        plan.end.attention(),
        Some(Attention::LastAdmin { org_id: _, .. })
    ));
}

prop_compose! {
    fn any_account()(
        flags in any::<(bool, bool, bool, bool)>(),
        login in prop_oneof![Just("ann"), Just("bob")],
        in_org in any::<bool>(),
        last in prop::bool::weighted(0.2),
    ) -> Account {
        Account {
            login: login.into(),
            is_grafana_admin: flags.0 && flags.1,
            is_external: flags.1,
            is_disabled: flags.2,
            is_self: flags.3 && flags.0,
            orgs: if in_org { account().orgs } else { Vec::new() },
            last_admin_of: if last && in_org { vec![OrgId::new(1)] } else { Vec::new() },
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
            orgs: vec![OrgRole {
                org_id: OrgId::new(1),
                role: "Editor".into()
            }],
            teams: Vec::new(),
            profile: None,
        }))
    ]
}

fn any_deprovision() -> impl Strategy<Value = Deprovision> {
    prop_oneof![
        Just(Deprovision::Disable),
        Just(Deprovision::Suspend),
        Just(Deprovision::Recreate),
        Just(Deprovision::Delete)
    ]
}

fn any_link() -> impl Strategy<Value = Link> {
    let deprovisioned_by = prop_oneof![Just(None), any_deprovision().prop_map(Some)];
    (any_snapshot(), deprovisioned_by).prop_map(|(snapshot, deprovisioned_by)| Link {
        snapshot,
        deprovisioned_by,
        ..link()
    })
}

/// Grafana and our record.
#[derive(Clone, Debug)]
struct World {
    account: Option<Account>,
    link: Option<Link>,
    ids: i64,
}

impl World {
    fn of(account: Account, link: Link) -> Self {
        Self {
            account: Some(account),
            link: Some(link),
            ids: 100,
        }
    }

    fn plan(&self, desired: &Desired, rules: &Rules) -> Plan {
        let observed = Observed {
            linked: self.account.clone(),
            ..Observed::default()
        };
        plan(desired, self.link.as_ref(), &observed, rules)
    }

    /// As the engine does it, up to `steps` actions of the plan: then it dies.
    fn apply(&mut self, plan: &Plan, steps: usize) {
        for action in plan.actions.iter().take(steps) {
            self.act(action);
        }
        if plan.actions.is_empty()
            && let (Some(link), Some(access)) = (&mut self.link, plan.end.access())
        {
            match access {
                Access::Open => {
                    (link.deprovisioned_by, link.snapshot) = (None, None);
                    link.history.closed_by_hand = false;
                }
                Access::Closed { by, .. } => {
                    let by_hand =
                        link.deprovisioned_by.is_none() && self.account.as_ref().is_some_and(|a| a.is_disabled);
                    link.history.closed_by_hand |= by_hand;
                    link.deprovisioned_by = Some(by);
                }
                Access::Left { .. } => link.deprovisioned_by = Some(Deprovision::Suspend),
                Access::None | Access::AtFirstSignIn => {}
            }
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Claim { .. } => {}
            Action::Create(w) => {
                self.ids += 1;
                self.account = Some(Account {
                    id: UserId::new(self.ids),
                    login: w.login.clone(),
                    email: w.email.clone(),
                    name: w.name.clone(),
                    ..account()
                });
                let mut made = self.link.clone().unwrap_or_else(link);
                made.grafana_id = Some(UserId::new(self.ids));
                self.link = Some(made);
            }
            Action::Delete(by) => {
                self.account = None;
                if let Some(link) = &mut self.link {
                    (link.deprovisioned_by, link.grafana_id) = (Some(*by), None);
                }
            }
            Action::Forget => self.link = None,
            Action::Remember(s) => {
                if let Some(link) = &mut self.link {
                    link.snapshot = Some(s.clone());
                }
            }
            _ => {
                if let (Action::Disable, Some(link)) = (action, &mut self.link) {
                    link.deprovisioned_by.get_or_insert(Deprovision::Disable);
                }
                if let Some(account) = &mut self.account {
                    change(account, action);
                }
            }
        }
    }
}

fn change(account: &mut Account, action: &Action) {
    match action {
        Action::Update(w) => {
            account.login.clone_from(&w.login);
            account.email.clone_from(&w.email);
            account.name.clone_from(&w.name);
        }
        Action::Disable => account.is_disabled = true,
        Action::Enable => account.is_disabled = false,
        Action::LeaveOrg(id) => account.orgs.retain(|o| o.org_id != *id),
        Action::JoinOrg(role) => account.orgs.push(role.clone()),
        Action::SetRole(role) => {
            let membership = account.orgs.iter_mut().find(|o| o.org_id == role.org_id);
            membership
                .expect("only who is in it is given another role")
                .role
                .clone_from(&role.role);
        }
        Action::JoinTeam(membership) => account.teams.push(membership.clone()),
        other => assert!(matches!(other, Action::Logout), "{other:?} is no change of an account"),
    }
}

/// Looks, acts and looks again until nothing is left to do.
fn settle(world: &mut World, desired: &Desired, rules: &Rules) -> Plan {
    for _ in 0..4 {
        let plan = world.plan(desired, rules);
        world.apply(&plan, usize::MAX);
        if plan.actions.is_empty() {
            return plan;
        }
    }
    panic!("never done: {world:?} for {desired:?}");
}

fn external() -> Account {
    Account {
        is_external: true,
        orgs: vec![OrgRole {
            org_id: OrgId::new(1),
            role: "Editor".into(),
        }],
        teams: vec![TeamMembership {
            org_id: OrgId::new(1),
            team_id: TeamId::new(3),
        }],
        ..account()
    }
}

#[test]
fn under_recreate_a_single_sign_on_user_is_disabled_and_returns() {
    let rules = under(Deprovision::Recreate);
    for leaving in [Desired::Closed(profile()), Desired::Gone] {
        let mut world = World::of(external(), link());
        let closed = settle(&mut world, &leaving, &rules);
        let by = Deprovision::Recreate;
        assert_eq!(closed.end.access(), Some(Access::Closed { by, holds: Some(true) }));
        let recreated = world.account.clone().expect("a recreated account");
        assert!(recreated.is_disabled && !recreated.is_external && recreated.id != UserId::new(7));
        assert_eq!(
            (recreated.login.as_str(), recreated.email.as_str()),
            ("ann", "ann@ex.com")
        );
        settle(&mut world, &Desired::Open(profile()), &rules);
        let back = world.account.expect("an account");
        assert!(!back.is_disabled);
        assert_eq!((back.orgs, back.teams), (external().orgs, external().teams));
    }
}

#[test]
fn a_local_user_is_disabled_under_every_policy_but_delete() {
    for (max_action, action) in [
        (Deprovision::Disable, Action::Disable),
        (Deprovision::Suspend, Action::Disable),
        (Deprovision::Recreate, Action::Disable),
        (Deprovision::Delete, Action::Delete(Deprovision::Delete)),
    ] {
        let plan = plan(
            &Desired::Closed(profile()),
            Some(&link()),
            &seen(account()),
            &under(max_action),
        );
        assert_eq!(plan.actions.last(), Some(&action), "{max_action:?}");
    }
}

#[test]
fn under_delete_the_account_goes_and_is_made_again() {
    let rules = under(Deprovision::Delete);
    let mut world = World::of(external(), link());
    let closed = settle(&mut world, &Desired::Closed(profile()), &rules);
    assert_eq!(world.account, None);
    let by = Deprovision::Delete;
    assert_eq!(
        closed.end.access(),
        Some(Access::Closed { by, holds: Some(false) }),
        "they may sign up again"
    );
    settle(&mut world, &Desired::Open(profile()), &rules);
    let back = world.account.expect("an account");
    assert_eq!((back.orgs, back.teams), (external().orgs, external().teams));
}

#[test]
fn a_change_of_the_policy_deletes_nobody_who_is_closed_already() {
    let disabled = Account {
        is_disabled: true,
        ..account()
    };
    let suspended = Account {
        orgs: Vec::new(),
        ..external()
    };
    for (account, by) in [(disabled, Deprovision::Disable), (suspended, Deprovision::Suspend)] {
        let link = Link {
            deprovisioned_by: Some(by),
            ..link()
        };
        let plan = plan(&Desired::Gone, Some(&link), &seen(account), &under(Deprovision::Delete));
        assert_eq!(plan.actions, [], "{by:?}");
    }
}

#[test]
fn a_disabled_and_then_linked_account_is_made_again() {
    let stuck = Account {
        is_disabled: true,
        ..external()
    };
    let by_us = Link {
        deprovisioned_by: Some(Deprovision::Disable),
        ..link()
    };
    let mut world = World::of(stuck.clone(), by_us);
    settle(&mut world, &Desired::Open(profile()), &rules());
    let back = world.account.expect("an account");
    assert!(!back.is_disabled && !back.is_external && back.id != UserId::new(7));
    assert_eq!((back.orgs, back.teams), (external().orgs, external().teams));

    // LDAP disables who left its directory, and enables them itself.
    for deprovisioned_by in [None, Some(Deprovision::Suspend)] {
        let link = Link {
            deprovisioned_by,
            ..link()
        };
        let by_others = plan(&Desired::Open(profile()), Some(&link), &seen(stuck.clone()), &rules());
        assert_eq!(by_others.actions, [], "{deprovisioned_by:?}");
        assert!(matches!(
            by_others.end.attention(),
            Some(Attention::CannotEnable { .. })
        ));
    }
}

#[test]
fn with_ldap_on_a_disabled_account_is_said_not_to_hold() {
    for (ldap, holds) in [(Some(true), Some(false)), (Some(false), Some(true)), (None, None)] {
        let rules = Rules { ldap, ..rules() };
        let plan = plan(&Desired::Gone, Some(&link()), &seen(account()), &rules);
        let by = Deprovision::Disable;
        assert_eq!(plan.end.access(), Some(Access::Closed { by, holds }));
    }
}

#[test]
fn people_of_other_organizations_are_not_claimed() {
    let role = |org_id| OrgRole {
        org_id,
        role: "Viewer".into(),
    };
    let in_orgs = |orgs| stranger(Account { orgs, ..account() });
    let elsewhere = plan(
        &Desired::Open(profile()),
        None,
        &in_orgs(vec![role(OrgId::new(2))]),
        &rules(),
    );
    assert_eq!(elsewhere.actions, []);
    assert!(matches!(
        elsewhere.end.attention(),
        Some(Attention::InAnotherOrganization { .. })
    ));
    let closing = plan(
        &Desired::Closed(profile()),
        None,
        &in_orgs(vec![role(OrgId::new(2))]),
        &rules(),
    );
    assert_eq!(closing.actions, []);

    let both = plan(
        &Desired::Open(profile()),
        None,
        &in_orgs(vec![role(OrgId::new(1)), role(OrgId::new(2))]),
        &rules(),
    );
    assert!(matches!(
        both.actions[..],
        [Action::Claim { history, .. }] if history.authority == Authority::Organization
    ));
    let none = plan(&Desired::Open(profile()), None, &in_orgs(Vec::new()), &rules());
    assert_eq!(none.actions.last(), Some(&Action::JoinOrg(role(OrgId::new(1)))));
}

proptest! {
    #[test]
    fn a_protected_account_is_never_changed(
        account in any_account(), desired in any_desired(), link in any_link(), max_action in any_deprovision(),
    ) {
        let plan = plan(&desired, Some(&link), &seen(account.clone()), &under(max_action));
        if account_protection(&account, &rules()).is_some() {
            prop_assert_eq!(plan.actions, vec![]);
        }
    }

    #[test]
    fn after_acting_a_look_finds_nothing_to_do_and_the_action_stays(
        account in any_account(), desired in any_desired(), link in any_link(), max_action in any_deprovision(),
    ) {
        let mut world = World::of(account, link);
        let done = settle(&mut world, &desired, &under(max_action));
        let again = world.plan(&desired, &under(max_action));
        prop_assert_eq!(&again.actions, &vec![]);
        prop_assert_eq!(again.end.access(), done.end.access());
    }

    #[test]
    fn a_crash_between_any_two_steps_ends_in_the_same_state(
        account in any_account(), desired in any_desired(), link in any_link(), max_action in any_deprovision(), steps in 0_usize..6,
    ) {
        let rules = under(max_action);
        let mut straight = World::of(account, link);
        let mut broken = straight.clone();
        settle(&mut straight, &desired, &rules);
        let first = broken.plan(&desired, &rules);
        broken.apply(&first, steps);
        settle(&mut broken, &desired, &rules);
        let plain = |world: &World| {
            let shown = |a: &Account| (a.login.clone(), a.is_disabled, a.is_external, a.orgs.clone(), a.teams.clone());
            (world.account.as_ref().map(shown), world.link.as_ref().map(|l| (l.deprovisioned_by, l.snapshot.clone())))
        };
        prop_assert_eq!(plain(&straight), plain(&broken));
    }

    #[test]
    fn the_last_admin_is_neither_closed_nor_deleted(
        account in any_account(), link in any_link(), max_action in any_deprovision(), gone in any::<bool>(),
    ) {
        let desired = if gone { Desired::Gone } else { Desired::Closed(profile()) };
        let plan = plan(&desired, Some(&link), &seen(account.clone()), &under(max_action));
        if account.last_admin_of.contains(&OrgId::new(1)) {
            let closing = |a: &Action| matches!(a, Action::Disable | Action::LeaveOrg(_) | Action::Logout | Action::Delete(_));
            prop_assert!(!plan.actions.iter().any(closing));
        }
    }

    #[test]
    fn nobody_is_deleted_against_the_policy(
        account in any_account(), desired in any_desired(), link in any_link(),
    ) {
        for max_action in [Deprovision::Disable, Deprovision::Suspend] {
            let plan = plan(&desired, Some(&link), &seen(account.clone()), &under(max_action));
            let deletes = plan.actions.iter().any(|a| matches!(a, Action::Delete(_)));
            let remade = matches!(desired, Desired::Open(_)) && account.is_disabled && account.is_external;
            prop_assert!(!deletes || remade);
        }
    }

    #[test]
    fn nobody_nobody_manages_is_changed_without_being_claimed_first(
        account in any_account(), desired in any_desired(), max_action in any_deprovision(),
    ) {
        let free = account.login != "ann" && account.email != "ann@ex.com";
        let plan = plan(&desired, None, &stranger(account), &under(max_action));
        if let Some(first) = plan.actions.first() {
            let fine = matches!(first, Action::Claim { .. }) || (free && matches!(first, Action::Create(_)));
            prop_assert!(fine, "{first:?}");
        }
    }
}

fn any_name() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("ann"), Just("ann@ex.com"), Just("bob"), Just("bob@ex.com")]
}

fn any_doubt() -> impl Strategy<Value = Option<Doubt>> {
    prop_oneof![
        Just(None),
        Just(Some(Doubt::NoExternalId)),
        Just(Some(Doubt::OtherExternalId)),
        Just(Some(Doubt::ExternalIdIsName)),
        Just(Some(Doubt::TooLate)),
    ]
}

prop_compose! {
    fn any_candidate(id: i64)(
        names in (any_name(), any_name()),
        flags in any::<(bool, bool, bool, bool)>(),
        role in prop_oneof![Just("Viewer"), Just("Admin")],
        label in prop_oneof![Just("Okta"), Just("AzureAD")],
        doubt in any_doubt(),
        manager in 0_u8..3,
        here in prop::bool::weighted(0.8),
    ) -> Candidate {
        let (external, disabled, approved, recent) = flags;
        let org_id = OrgId::new(if here { 1 } else { 2 });
        Candidate {
            account: Account {
                id: UserId::new(id),
                login: names.0.into(),
                email: names.1.into(),
                is_external: external,
                is_disabled: disabled,
                sign_ins: if external { vec![label.to_owned()] } else { Vec::new() },
                orgs: vec![OrgRole { org_id, role: role.into() }],
                ..account()
            },
            manager: match manager {
                0 => Manager::Nobody,
                1 => Manager::Other,
                _ => Manager::Gone { user_id: "before".to_owned(), link: Box::new(link()), doubt, recent },
            },
            approved: approved && recent,
            keeps_password: false,
            leaving: false,
        }
    }
}

fn any_policy() -> impl Strategy<Value = ClaimPolicy> {
    prop_oneof![
        Just(ClaimPolicy::Linked),
        Just(ClaimPolicy::Login),
        Just(ClaimPolicy::Email),
        Just(ClaimPolicy::Ask),
        Just(ClaimPolicy::Never),
    ]
}

/// What entitles to an account, said once more and apart from the planner.
fn entitled(candidate: &Candidate, claim: ClaimPolicy, sign_in: Option<&SignIn>) -> bool {
    let account = &candidate.account;
    let linked = |s: &SignIn| s.enabled && account.sign_ins.iter().any(|label| label == s.label);
    match &candidate.manager {
        Manager::Other => false,
        Manager::Gone { doubt, .. } => doubt.is_none() || candidate.approved,
        Manager::Nobody if candidate.approved => true,
        Manager::Nobody => match claim {
            ClaimPolicy::Login => account.login == "ann",
            ClaimPolicy::Email => account.login == "ann" || account.email == "ann@ex.com",
            ClaimPolicy::Linked => sign_in.is_some_and(linked) && account.orgs.iter().all(|o| o.role != "Admin"),
            ClaimPolicy::Ask | ClaimPolicy::Never => false,
        },
    }
}

proptest! {
    #[test]
    fn no_account_is_claimed_by_a_name_alone(
        others in (any_candidate(11), any_candidate(12), any_candidate(13)),
        count in 0_usize..4, desired in any_desired(), claim in any_policy(), max_action in any_deprovision(),
        named in any::<bool>(), enabled in any::<bool>(),
    ) {
        let others: Vec<Candidate> = [others.0, others.1, others.2].into_iter().take(count).collect();
        let sign_in = named.then_some(SignIn { label: "Okta", enabled });
        let rules = Rules { claim, sign_in, ..under(max_action) };
        let observed = Observed { others: others.clone(), ..Observed::default() };
        let plan = plan(&desired, None, &observed, &rules);
        let claimed = plan.actions.iter().find_map(|a| match a {
            Action::Claim { grafana_id, renew_password, .. } => Some((*grafana_id, *renew_password)),
            _ => None,
        });
        if let Some((id, renews)) = claimed {
            let found = others.iter().find(|c| c.account.id == id).expect("one that was seen");
            prop_assert!(entitled(found, claim, rules.sign_in.as_ref()), "{found:?}");
            prop_assert_eq!(renews, !found.account.is_external, "who knows a password keeps it: {:?}", found);
        }
        for action in &plan.actions {
            if let Action::MoveAside { grafana_id, .. } = action {
                let moved = others.iter().find(|c| c.account.id == *grafana_id).expect("one that was seen");
                let gone = matches!(moved.manager, Manager::Gone { .. });
                prop_assert!(gone && moved.account.is_disabled && !moved.account.is_external, "{moved:?}");
            }
        }
    }
}
