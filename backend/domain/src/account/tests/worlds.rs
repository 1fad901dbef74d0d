//! Random worlds: several accounts in several organizations, who manages them, and what was granted.
//!
//! Owns: the judge. It knows what was granted when an account was made or claimed, and who is in
//! which organization, from the world and not from a plan (docs/decisions/0007-authority.md). Must
//! never ask the planner's own functions. Start at [`World::may`].

use std::collections::{BTreeMap, BTreeSet};

use super::{any_deprovision, any_doubt, any_name, any_policy, *};

const OURS: OrgId = OrgId::new(1);
const IDS: [i64; 3] = [7, 8, 9];

/// What was granted when the account was made or claimed, and whether Rollcall made it.
#[derive(Clone, Copy, Debug)]
struct Grant {
    full: bool,
    made: bool,
}

#[derive(Clone, Debug)]
struct World {
    accounts: BTreeMap<UserId, Account>,
    managers: BTreeMap<UserId, Manager>,
    grants: BTreeMap<UserId, Grant>,
    link: Option<Link>,
    yes: Option<UserId>,
    refused_by: Vec<OrgId>,
    waited: bool,
    rules: Rules,
    next: i64,
}

/// The organization that Grafana made with the account: nobody else is in it.
fn own_org(id: i64) -> OrgId {
    OrgId::new(100 + id)
}

fn roles(ids: &[i64], role: &str) -> Vec<OrgRole> {
    let of = |id: &i64| OrgRole {
        org_id: OrgId::new(*id),
        role: role.into(),
    };
    ids.iter().map(of).collect()
}

fn team(org: i64) -> TeamMembership {
    TeamMembership {
        org_id: OrgId::new(org),
        team_id: TeamId::new(org * 10),
    }
}

prop_compose! {
    fn somebody(id: i64)(
        kind in any::<(bool, bool)>(),
        rare in (prop::bool::weighted(0.1), prop::bool::weighted(0.05), prop::bool::weighted(0.1)),
        orgs in prop::sample::subsequence(vec![1, 2, 3, 100 + id], 0..=4),
        teams in prop::sample::subsequence(vec![1, 2], 0..=2),
        role in prop_oneof![Just("Viewer"), Just("Admin")],
        label in prop_oneof![Just("Okta"), Just("AzureAD")],
    ) -> Account {
        let (is_external, is_disabled) = kind;
        let (is_grafana_admin, is_self, last) = rare;
        let inside = |org: &i64| orgs.contains(org);
        Account {
            id: UserId::new(id),
            is_external,
            is_disabled,
            is_grafana_admin,
            is_self,
            sign_ins: if is_external { vec![label.to_owned()] } else { Vec::new() },
            teams: teams.into_iter().filter(inside).map(team).collect(),
            alone_in: vec![own_org(id)],
            last_admin_of: if last && inside(&1) { vec![OURS] } else { Vec::new() },
            orgs: roles(&orgs, role),
            ..account()
        }
    }
}

prop_compose! {
    /// What is remembered of an account: also what other organizations gave it.
    fn memory(id: Option<i64>)(
        full in any::<bool>(),
        made in any::<bool>(),
        flags in any::<(bool, bool, bool)>(),
        orgs in prop::sample::subsequence(vec![1, 2], 0..=2),
        remembers in any::<bool>(),
        profile in any::<bool>(),
        deprovisioned_by in prop_oneof![Just(None), any_deprovision().prop_map(Some)],
    ) -> Link {
        let snapshot = Snapshot {
            orgs: roles(&orgs, "Editor"),
            teams: orgs.iter().copied().map(team).collect(),
            profile: profile.then(|| Write {
                login: "ann".into(),
                email: "ann@ex.com".into(),
                name: "Ann Archer".into(),
            }),
        };
        Link {
            grafana_id: id.map(UserId::new),
            origin: if made { AccountOrigin::Provisioned } else { AccountOrigin::Claimed },
            snapshot: remembers.then_some(snapshot),
            deprovisioned_by,
            history: History {
                authority: if full { Authority::Full } else { Authority::Organization },
                own_org: id.map(own_org),
                seen_inside: flags.0,
                closed_by_hand: flags.1,
                rejoined_ms: None,
            },
            renew_password: flags.2,
        }
    }
}

fn manager(id: i64) -> impl Strategy<Value = Manager> {
    let gone = (memory(Some(id)), any_doubt(), any::<bool>()).prop_map(|(link, doubt, recent)| Manager::Gone {
        user_id: "before".to_owned(),
        link: Box::new(link),
        doubt,
        recent,
    });
    prop_oneof![Just(Manager::Nobody), Just(Manager::Other), gone]
}

prop_compose! {
    fn any_rules()(
        claim in any_policy(),
        max_action in any_deprovision(),
        flags in any::<(bool, bool, bool)>(),
        whole_server in prop::bool::weighted(0.1),
        protected in (
            prop::sample::subsequence(IDS.map(UserId::new).to_vec(), 0..=1),
            prop::sample::subsequence(IDS.map(UserId::new).to_vec(), 0..=1),
        ),
        sign_in in prop_oneof![Just(None), any::<bool>().prop_map(Some)],
    ) -> Rules {
        Rules {
            claim,
            max_action,
            linking: if flags.0 { Linking::FirstLogin } else { Linking::PreCreate },
            membership: if flags.1 { MembershipPolicy::Repair } else { MembershipPolicy::Ask },
            renew_claimed: flags.2,
            whole_server,
            sign_in: sign_in.map(|enabled| SignIn { label: "Okta", enabled }),
            protected: ProtectedIds {
                break_glass: protected.0.into_iter().collect(),
                service_accounts: protected.1.into_iter().collect(),
            },
            ..rules()
        }
    }
}

/// No two accounts have one login or one e-mail; one's login may be another's e-mail (G4).
fn names() -> impl Strategy<Value = Vec<&'static str>> {
    Just(vec!["ann", "ann@ex.com", "bob", "bob@ex.com", "cy"]).prop_shuffle()
}

prop_compose! {
    fn any_world()(
        accounts in (somebody(7), somebody(8), somebody(9)),
        managers in (manager(7), manager(8), manager(9)),
        // One of them, one that somebody deleted, or none any more.
        link in prop::option::of(prop_oneof![memory(Some(7)), memory(Some(50)), memory(None)]),
        yes in prop::option::of(prop_oneof![Just(7), Just(8)]),
        refused_by in prop::sample::subsequence(vec![OrgId::new(2), OrgId::new(3)], 0..=2),
        waited in any::<bool>(),
        rules in any_rules(),
        logins in names(),
        emails in names(),
    ) -> World {
        let mut accounts = [accounts.0, accounts.1, accounts.2];
        for (account, (login, email)) in accounts.iter_mut().zip(logins.into_iter().zip(emails)) {
            (account.login, account.email) = (login.into(), email.into());
        }
        let managers = [managers.0, managers.1, managers.2];
        let mut grants = BTreeMap::new();
        let mut grant = |link: &Link| {
            if let Some(id) = link.grafana_id {
                let full = link.history.authority == Authority::Full;
                let made = link.origin == AccountOrigin::Provisioned;
                grants.insert(id, Grant { full, made });
            }
        };
        for manager in &managers {
            if let Manager::Gone { link, .. } = manager {
                grant(link);
            }
        }
        // An account belongs to one user: the person's own record is written last.
        link.iter().for_each(&mut grant);
        let ids = IDS.map(UserId::new);
        World {
            accounts: ids.into_iter().zip(accounts).collect(),
            managers: ids.into_iter().zip(managers).collect(),
            grants,
            link,
            yes: yes.map(UserId::new),
            refused_by,
            waited,
            rules,
            next: 200,
        }
    }
}

fn any_profile() -> impl Strategy<Value = Profile> {
    (any_name(), prop::option::of(any_name()), any::<bool>())
        .prop_map(|(login, email, named)| Profile::new(login, email, named.then_some("Ann Archer")))
}

fn any_leaving() -> impl Strategy<Value = Desired> {
    prop_oneof![any_profile().prop_map(Desired::Closed), Just(Desired::Gone)]
}

fn any_wish() -> impl Strategy<Value = Desired> {
    prop_oneof![any_profile().prop_map(Desired::Open), any_leaving()]
}

impl World {
    fn linked(&self) -> Option<&Account> {
        self.accounts.get(&self.link.as_ref()?.grafana_id?)
    }

    fn observed(&self, desired: &Desired) -> Observed {
        let linked = self.linked().cloned();
        let profile = profile_to_match(desired, self.link.as_ref());
        let named = |account: &&Account| {
            let profile = profile.as_ref();
            profile.is_some_and(|p| p.login == account.login || p.email.as_ref() == Some(&account.email))
        };
        let ours = linked.as_ref().map(|account| account.id);
        let others = self.accounts.values().filter(|account| Some(account.id) != ours);
        let candidate = |account: &Account| Candidate {
            account: account.clone(),
            manager: self.managers.get(&account.id).cloned().unwrap_or(Manager::Nobody),
            approved: self.yes == Some(account.id),
            keeps_password: false,
            leaving: false,
        };
        Observed {
            approved: ours.is_some() && self.yes == ours,
            others: others.filter(named).map(candidate).collect(),
            linked,
            waited: self.waited,
            rejoined_lately: self.waited,
            refused_by: self.refused_by.clone(),
        }
    }

    fn is_protected(&self, account: &Account) -> bool {
        let listed = &self.rules.protected;
        let by_id = [&listed.break_glass, &listed.service_accounts]
            .iter()
            .any(|ids| ids.contains(&account.id));
        by_id || account.is_self || account.is_grafana_admin
    }

    /// Organizations of other people that the account is in.
    fn others_of(&self, account: &Account) -> BTreeSet<OrgId> {
        let orgs = account.orgs.iter().map(|o| o.org_id);
        orgs.filter(|org| !self.rules.whole_server && *org != OURS && org.get() < 100)
            .collect()
    }

    fn is_full(&self, id: UserId) -> bool {
        self.rules.whole_server || self.grants.get(&id).is_some_and(|grant| grant.full)
    }

    /// Whether the table of the decision allows the step, to this account as it was seen.
    fn may(&self, target: Option<UserId>, action: &Action) -> bool {
        let account = match action {
            // Nothing of Grafana's is changed.
            Action::Forget | Action::Remember(_) => return true,
            Action::Claim { grafana_id, .. } | Action::MoveAside { grafana_id, .. } => self.accounts.get(grafana_id),
            Action::Create(_) => return target.is_none(),
            _ => target.and_then(|id| self.accounts.get(&id)),
        };
        // One that this plan makes is ours.
        let Some(account) = account else {
            return target.is_some_and(|id| id.get() >= 200);
        };
        let (full, alone) = (self.is_full(account.id), self.others_of(account).is_empty());
        let made = self.grants.get(&account.id).is_some_and(|grant| grant.made);
        let in_reach = |org: OrgId| org == OURS || full;
        let allowed = match action {
            Action::Claim { .. } => self.managers.get(&account.id) != Some(&Manager::Other),
            Action::MoveAside { .. } => {
                let gone = matches!(self.managers.get(&account.id), Some(Manager::Gone { .. }));
                gone && full && alone && made && account.is_disabled && !account.is_external
            }
            Action::Update(_) | Action::RenewPassword => full && alone,
            Action::Delete(_) => full && alone && made,
            Action::Disable | Action::Enable => full,
            Action::LeaveOrg(org) => in_reach(*org),
            Action::JoinOrg(role) | Action::SetRole(role) => in_reach(role.org_id),
            Action::JoinTeam(team) => in_reach(team.org_id),
            // It leaves our organization, and its sessions end.
            Action::Logout => true,
            Action::Forget | Action::Remember(_) | Action::Create(_) => false,
        };
        allowed && !self.is_protected(account)
    }

    fn act(&mut self, action: &Action) {
        let id = self.link.as_ref().and_then(|link| link.grafana_id);
        match action {
            Action::Claim {
                grafana_id,
                origin,
                history,
                snapshot,
                deprovisioned_by,
                renew_password,
                ..
            } => {
                self.managers.insert(*grafana_id, Manager::Other);
                self.link = Some(Link {
                    grafana_id: Some(*grafana_id),
                    origin: *origin,
                    snapshot: snapshot.clone(),
                    deprovisioned_by: *deprovisioned_by,
                    history: *history,
                    renew_password: *renew_password,
                });
            }
            Action::MoveAside { grafana_id, write } => {
                if let Some(account) = self.accounts.get_mut(grafana_id) {
                    change(account, &Action::Update(write.clone()));
                }
            }
            Action::Create(write) => {
                let id = UserId::new(self.next);
                self.next += 1;
                let made = Account {
                    id,
                    login: write.login.clone(),
                    email: write.email.clone(),
                    name: write.name.clone(),
                    ..account()
                };
                self.accounts.insert(id, made);
                self.grants.insert(id, Grant { full: true, made: true });
                let before = self.link.take();
                self.link = Some(Link {
                    grafana_id: Some(id),
                    snapshot: before.as_ref().and_then(|l| l.snapshot.clone()),
                    deprovisioned_by: before.and_then(|l| l.deprovisioned_by),
                    ..link()
                });
            }
            Action::Delete(by) => {
                id.map(|id| self.accounts.remove(&id));
                if let Some(link) = &mut self.link {
                    (link.deprovisioned_by, link.grafana_id) = (Some(*by), None);
                }
            }
            Action::Forget => self.link = None,
            Action::Remember(snapshot) => {
                if let Some(link) = &mut self.link {
                    link.snapshot = Some(snapshot.clone());
                }
            }
            Action::RenewPassword => {
                if let Some(link) = &mut self.link {
                    link.renew_password = false;
                }
            }
            other => {
                if let (Action::Disable, Some(link)) = (other, &mut self.link) {
                    link.deprovisioned_by.get_or_insert(Deprovision::Disable);
                }
                if let Some(account) = id.and_then(|id| self.accounts.get_mut(&id)) {
                    change(account, other);
                }
            }
        }
    }

    /// As the engine remembers it where nothing is left to do.
    fn settle(&mut self, plan: &Plan) {
        let disabled = self.linked().is_some_and(|account| account.is_disabled);
        let Some(link) = &mut self.link else { return };
        match plan.end.access() {
            Some(Access::Open) => (link.deprovisioned_by, link.snapshot) = (None, None),
            Some(Access::Closed { by, .. }) => {
                link.history.closed_by_hand |= disabled && link.deprovisioned_by.is_none();
                link.deprovisioned_by = Some(by);
            }
            Some(Access::Left { .. }) => link.deprovisioned_by = Some(Deprovision::Suspend),
            Some(Access::None | Access::AtFirstSignIn) | None => {}
        }
    }

    /// The account of the person that can be used in our organization, whatever is recorded: the
    /// linked one, or one of the person's names here that nobody else has.
    fn open_here(&self, desired: &Desired) -> Option<&Account> {
        let inside = |account: &Account| account.orgs.iter().any(|o| o.org_id == OURS);
        if let Some(account) = self.linked() {
            let elsewhere = account.orgs.iter().any(|o| o.org_id.get() < 100);
            let reached = if self.is_full(account.id) {
                elsewhere
            } else {
                inside(account)
            };
            // Out of everything that is not its own: there is nothing to sign in to.
            return Some(account).filter(|account| !account.is_disabled && reached);
        }
        let Desired::Closed(profile) = desired else { return None };
        let email = |account: &Account| profile.email.as_ref() == Some(&account.email);
        let named = |account: &&Account| account.login == profile.login || email(account);
        let nobodys = |account: &&Account| self.managers.get(&account.id) == Some(&Manager::Nobody);
        let accounts = self.accounts.values().filter(named).filter(nobodys);
        accounts
            .filter(|account| !account.is_disabled && inside(account))
            .min_by_key(|account| account.id)
    }

    /// What a plan's steps are done to, one after the other.
    fn judge(&mut self, plan: &Plan) -> Result<(), TestCaseError> {
        let seen = self.clone();
        let mut target = self.linked().map(|account| account.id);
        let mut next = self.next;
        for action in &plan.actions {
            let judge = if let Action::Claim {
                grafana_id,
                history,
                origin,
                ..
            } = action
            {
                prop_assert!(seen.may(target, action), "{action:?} in {seen:?}");
                self.claimed(&seen, *grafana_id, *origin, history.authority)?;
                target = Some(*grafana_id);
                continue;
            } else {
                // What a claim granted counts for what follows it.
                World {
                    grants: self.grants.clone(),
                    managers: seen.managers.clone(),
                    ..seen.clone()
                }
            };
            prop_assert!(judge.may(target, action), "{action:?} to {target:?} in {judge:?}");
            match action {
                Action::Create(_) => {
                    target = Some(UserId::new(next));
                    next += 1;
                }
                Action::Delete(_) | Action::Forget => target = None,
                _ => {}
            }
        }
        Ok(())
    }

    /// A claim records what the world grants, and no more.
    fn claimed(
        &mut self,
        seen: &Self,
        id: UserId,
        origin: AccountOrigin,
        authority: Authority,
    ) -> Result<(), TestCaseError> {
        let account = &seen.accounts[&id];
        let before = match seen.managers.get(&id) {
            Some(Manager::Gone { .. }) => self.grants.get(&id).copied(),
            _ => None,
        };
        let ours = account.orgs.iter().any(|o| o.org_id == OURS);
        let found = Grant {
            full: ours && seen.others_of(account).is_empty(),
            made: false,
        };
        let grant = before.unwrap_or(found);
        prop_assert_eq!(authority == Authority::Full, grant.full, "{:?}", account);
        prop_assert_eq!(origin == AccountOrigin::Provisioned, grant.made, "{:?}", account);
        self.grants.insert(id, grant);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_step_of_any_plan_exceeds_what_was_granted(
        world in any_world(), wishes in prop::collection::vec((any_wish(), 0_usize..9), 1..6),
    ) {
        let mut world = world;
        for (desired, steps) in wishes {
            let plan = plan(&desired, world.link.as_ref(), &world.observed(&desired), &world.rules);
            world.judge(&plan)?;
            // A crash may come after any of them.
            for action in plan.actions.iter().take(steps) {
                world.act(action);
            }
            if plan.actions.is_empty() {
                world.settle(&plan);
            }
        }
    }

    #[test]
    fn what_is_called_closed_is_open_nowhere(
        world in any_world(), desired in any_leaving(), rounds in 1_usize..4,
    ) {
        let mut world = world;
        for _ in 0..rounds {
            let plan = plan(&desired, world.link.as_ref(), &world.observed(&desired), &world.rules);
            if plan.finds_closed() {
                prop_assert_eq!(world.open_here(&desired), None, "{:?}", plan);
            }
            plan.actions.iter().for_each(|action| world.act(action));
            if plan.actions.is_empty() {
                world.settle(&plan);
            }
        }
    }
}
