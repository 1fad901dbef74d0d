//! One SCIM user: observe the account, ask for a plan, act, look again, record.
//!
//! Owns: what the planner is told about an account, and the note that keeps a crash between Grafana's answer and our record from
//! making a second one. Must never act on an account the plan does not name. Start at [`sync`].

use std::{collections::HashSet, time::Instant};

use domain::{
    account::{
        self, Access, Account, Action, Candidate, Desired, Link, Manager, Observed, OrgRole, Origin, Profile, Question,
        Rules, Snapshot, TeamSeat, Write,
    },
    settings::Rung,
};

use super::{
    engine::{Core, Deed},
    failpoints::{AFTER_CALL, BEFORE_CALL, BEFORE_RECORD},
    org::Org,
    trouble::{Result, Trouble, looking},
};
use grafana::{self, Error, ListedUser, OrgMembership, User};
use store::{
    self, AccountOrigin, AccountRecord, ActivityLine, Kind, Outcome, Stewardship, StewardshipState, UserRecord, Work,
};

/// Look, act, look: once more for what a first plan could not know, and then it is Grafana that does not do as it says.
const LOOKS: usize = 4;

/// What is on disk of a person's account is as Grafana shows it, and the mark is away: one commit, so whoever ends a piece of work
/// without [`Person::settle`] has to [`Store::finish`](store::Store::finish) it.
pub(super) struct Recorded;

/// Makes one person's account match. Others may be worked on meanwhile, but none with the same name.
pub(super) async fn sync(core: &Core, org: &Org, work: &Work) -> Result<Recorded> {
    let (user, record, _held) = loop {
        let freed = org.reservations.freed();
        let user = core.store.user(&work.tenant, &work.id).await?;
        let record = core.store.account(&work.id).await?;
        if let Some(held) = org.reservations.hold(names(&desired(user.as_ref()), record.as_ref())) {
            break (user, record, held);
        }
        freed.await;
    };
    let stewardship = core.store.stewardship(&work.id).await?;
    if stewardship
        .as_ref()
        .is_some_and(|s| s.state == StewardshipState::Released)
    {
        // An admin said so: Grafana's account stays as it is, and with the SCIM user the last thing that is ours goes.
        if user.is_none() {
            core.store.forget_released(&work.id).await?;
        }
        core.store.finish(work).await?;
        return Ok(Recorded);
    }
    let desired = desired(user.as_ref());
    let mut person = Person {
        core,
        work,
        name: String::new(),
        told: record.as_ref().map(seat),
        record,
        stewardship,
    };
    person.name = match (&user, &person.record) {
        (Some(user), _) => user.document.user_name().unwrap_or_default().to_owned(),
        (None, Some(record)) => record.login.clone(),
        (None, None) => work.id.clone(),
    };
    person.adopt(org).await?;
    let rules = rules(org);
    let mut written: Option<Write> = None;
    for _ in 0..LOOKS {
        let link = person.record.as_ref().map(link);
        let observed = person.observe(org, &desired, link.as_ref()).await?;
        let plan = account::plan(&desired, link.as_ref(), &observed, &rules);
        if plan.actions.is_empty() {
            person.ask(plan.question.as_ref()).await?;
            let end = match (plan.attention.clone(), plan.waits.clone()) {
                (Some(attention), _) => Err(Trouble::Attention(attention)),
                (None, Some(waits)) => {
                    person.tell_who_leaves(&observed).await?;
                    Err(Trouble::NotYet(waits))
                }
                (None, None) => Ok(Recorded),
            };
            return person.settle(&plan, &observed, end).await;
        }
        if let [Action::Update(write)] = &plan.actions[..]
            && written.as_ref() == Some(write)
        {
            // All else is done; another try would be another mail.
            let end = Err(Trouble::Attention(account::not_applied(&person.name)));
            return person.settle(&plan, &observed, end).await;
        }
        for action in &plan.actions {
            if let Action::Update(write) = action {
                written = Some(write.clone());
            }
            person.act(org, action, &observed).await?;
        }
    }
    Err(Trouble::NotYet(
        "Grafana says it is done, but the account does not look so yet.".to_owned(),
    ))
}

/// What the identity provider says, as far as Grafana has room for it.
pub(super) fn desired(user: Option<&UserRecord>) -> Desired {
    let Some(user) = user else { return Desired::Gone };
    let document = &user.document;
    // A name made up from the userName must not overwrite a real one (R5).
    let says_name = document.display_name().is_some() || document.as_map().contains_key("name");
    let name = document.formatted_name().filter(|_| says_name);
    let profile = Profile::new(
        document.user_name().unwrap_or_default(),
        document.primary_email(),
        name.as_deref(),
    );
    if document.active() {
        Desired::Open(profile)
    } else {
        Desired::Closed(profile)
    }
}

pub(super) fn rules(org: &Org) -> Rules {
    let effective = &org.settings.effective;
    Rules {
        org_id: org.id(),
        new_role: org.doors.new_role.clone().unwrap_or_else(|| "Viewer".to_owned()),
        claim: effective.claim_policy,
        linking: effective.linking,
        ceiling: effective.deprovision,
        break_glass: effective.break_glass.clone(),
        role_sync_skipped: org.role_sync_skipped,
        ldap: org.doors.ldap,
        sign_up: org.doors.sign_up,
    }
}

pub(super) fn link(record: &AccountRecord) -> Link {
    Link {
        grafana_id: record.grafana_id,
        origin: match record.origin {
            AccountOrigin::Provisioned => Origin::Provisioned,
            AccountOrigin::Claimed => Origin::Claimed,
        },
        // A snapshot this version cannot read restores nothing, and what it would have restored is on the page.
        snapshot: record.snapshot.as_deref().and_then(|s| serde_json::from_str(s).ok()),
        closed_by: record.closed_by,
    }
}

pub(super) fn roles(orgs: Vec<OrgMembership>) -> Vec<OrgRole> {
    let role = |o: OrgMembership| OrgRole {
        org_id: o.org_id,
        role: o.role,
    };
    orgs.into_iter().map(role).collect()
}

/// The logins and e-mails an account has to be looked for by: none where the linked one has both already.
pub(super) fn names_to_find<'a>(profile: &'a Profile, linked: Option<(&str, &str)>) -> Vec<&'a str> {
    let mut names = vec![profile.login.as_str()];
    names.extend(profile.email.as_deref().filter(|e| *e != profile.login));
    if let Some((login, email)) = linked {
        let (login, email) = (login.to_lowercase(), email.to_lowercase());
        names.retain(|n| *n != login && *n != email);
    }
    names
}

/// Whatever one person's account is, will be or may be found by.
fn names(desired: &Desired, record: Option<&AccountRecord>) -> HashSet<String> {
    let mut names: HashSet<String> = record.map(|r| r.login.to_lowercase()).into_iter().collect();
    if let Desired::Open(profile) | Desired::Closed(profile) = desired {
        names.insert(profile.login.clone());
        names.extend(profile.email.clone());
    }
    names
}

struct Person<'a> {
    core: &'a Core,
    work: &'a Work,
    name: String,
    record: Option<AccountRecord>,
    stewardship: Option<Stewardship>,
    /// What the teams of the person's groups know.
    told: Option<Seat>,
}

/// As far as a team is concerned: the account, and whether it is out of every organization.
type Seat = (Option<i64>, bool);

fn seat(record: &AccountRecord) -> Seat {
    (record.grafana_id, record.closed_by == Some(Rung::Suspend))
}

/// How much of an account the planner needs this time.
#[derive(Clone, Copy)]
struct Depth {
    closing: bool,
    /// Whoever is closed here is deleted.
    deleting: bool,
    returning: bool,
}

impl Person<'_> {
    /// We asked Grafana for an account and died before its answer was on disk: it is ours, whatever the claim policy says of
    /// strangers, and even if the user is to be closed or was deleted meanwhile.
    async fn adopt(&mut self, org: &Org) -> Result<()> {
        let store = &self.core.store;
        if self.record.as_ref().is_some_and(|r| r.grafana_id.is_some()) {
            return Ok(());
        }
        let Some(login) = store.creating(&self.work.id).await? else {
            return Ok(());
        };
        let id = org.grafana.lookup(&login).await.map_err(looking("users"))?;
        let Some(id) = id else { return Ok(()) };
        let user = org.grafana.user(id).await.map_err(looking("the account"))?;
        let Some(user) = user.filter(|u| u.login.to_lowercase() == login.to_lowercase()) else {
            return Ok(());
        };
        if store.account_by_grafana_id(user.id).await?.is_none() {
            let line = self.line(org, "user.claim", 0).await;
            return self.save_made(self.made(user.id, user.login), line).await;
        }
        Ok(self.core.store.clear_creating(&self.work.id).await?)
    }

    fn new_record(&self, grafana_id: i64, origin: AccountOrigin, login: String) -> AccountRecord {
        AccountRecord {
            user_id: self.work.id.clone(),
            tenant: self.work.tenant.clone(),
            grafana_id: Some(grafana_id),
            origin,
            login,
            closed_by: None,
            holds: None,
            snapshot: None,
            deferred: Vec::new(),
            synced_ms: self.core.clock.now_ms(),
        }
    }

    /// The record of an account we made. What is remembered of an earlier one stays: it is what this one is made for.
    fn made(&self, grafana_id: i64, login: String) -> AccountRecord {
        let before = self.record.as_ref();
        AccountRecord {
            closed_by: before.and_then(|r| r.closed_by),
            snapshot: before.and_then(|r| r.snapshot.clone()),
            ..self.new_record(grafana_id, AccountOrigin::Provisioned, login)
        }
    }

    async fn observe(&self, org: &Org, desired: &Desired, link: Option<&Link>) -> Result<Observed> {
        let depth = Depth {
            closing: !matches!(desired, Desired::Open(_)),
            deleting: org.settings.effective.deprovision == Rung::Delete,
            returning: link.is_some_and(|l| l.snapshot.is_some()),
        };
        let mut observed = Observed {
            waited: self.work.attempts > 0,
            ..Observed::default()
        };
        if let Some(id) = link.and_then(|l| l.grafana_id)
            && let Some(user) = org.grafana.user(id).await.map_err(looking("the account"))?
        {
            observed.linked = Some(self.account(org, user, depth).await?);
        }
        let Some(profile) = account::sought(desired, link) else {
            return Ok(observed);
        };
        let linked = observed.linked.as_ref().map(|a| (a.login.as_str(), a.email.as_str()));
        let names = names_to_find(&profile, linked);
        for id in self.find(org, &names).await? {
            if link.is_some_and(|l| l.grafana_id == Some(id)) {
                continue;
            }
            if let Some(user) = org.grafana.user(id).await.map_err(looking("the account"))? {
                let manager = self.manager(&user).await?;
                let depth = Depth {
                    returning: match &manager {
                        Manager::Gone { link, .. } => link.snapshot.is_some(),
                        // Which organizations he is in decides whether he may be claimed.
                        Manager::Nobody => true,
                        Manager::Other => false,
                    },
                    ..depth
                };
                let leaving = manager == Manager::Other && self.gives_up(&user, &profile).await?;
                let account = self.account(org, user, depth).await?;
                let approved = self.stewardship.as_ref().is_some_and(|s| approves(s, id));
                observed.others.push(Candidate {
                    account,
                    manager,
                    approved,
                    leaving,
                });
            }
        }
        Ok(observed)
    }

    async fn find(&self, org: &Org, names: &[&str]) -> Result<Vec<i64>> {
        if let Some(directory) = &org.directory
            && self.core.clock.now_ms().saturating_sub(directory.at_ms) <= super::engine::SCAN_MS
        {
            return Ok(directory.named(names.iter().copied()));
        }
        let mut ids = Vec::new();
        for name in names {
            // By an address Grafana's look-up finds one of two: the owner of the e-mail hides the one with that login.
            if name.contains('@') {
                ids.extend(org.grafana.users_named(name).await.map_err(looking("users"))?);
            } else {
                ids.extend(org.grafana.lookup(name).await.map_err(looking("users"))?);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    async fn manager(&self, user: &User) -> Result<Manager> {
        let store = &self.core.store;
        if let Some(record) = store.account_by_grafana_id(user.id).await? {
            let exists = store.user(&record.tenant, &record.user_id).await?.is_some();
            // Whom another organization's provider manages, or managed, is not for this one to take over.
            let elsewhere = record.tenant != self.work.tenant;
            return Ok(if elsewhere || (exists && record.user_id != self.work.id) {
                Manager::Other
            } else {
                Manager::Gone {
                    link: link(&record),
                    user_id: record.user_id,
                }
            });
        }
        Ok(Manager::Nobody)
    }

    /// Whether another user's account is about to have other names.
    async fn gives_up(&self, account: &User, wanted: &Profile) -> Result<bool> {
        let store = &self.core.store;
        let Some(record) = store.account_by_grafana_id(account.id).await? else {
            return Ok(false);
        };
        if record.tenant != self.work.tenant {
            return Ok(false);
        }
        let theirs = desired(store.user(&record.tenant, &record.user_id).await?.as_ref());
        Ok(account::gives_up(&theirs, &account.login, &account.email, wanted))
    }

    async fn account(&self, org: &Org, user: User, depth: Depth) -> Result<Account> {
        let me = org.grafana.me().await.map_err(looking("its own account"))?;
        let mut account = Account {
            is_self: me.id == user.id,
            id: user.id,
            login: user.login,
            email: user.email,
            name: user.name,
            is_grafana_admin: user.is_grafana_admin,
            is_external: user.is_external,
            is_disabled: user.is_disabled,
            orgs: Vec::new(),
            teams: Vec::new(),
            last_admin_of: Vec::new(),
        };
        // Disabled and linked: it may have to be made anew, with all that it has.
        let returning = depth.returning || (account.is_disabled && account.is_external);
        if !depth.closing && !returning {
            return Ok(account);
        }
        let orgs = org
            .grafana
            .orgs_of_user(account.id)
            .await
            .map_err(looking("organizations"))?;
        account.orgs = roles(orgs);
        if depth.closing && !account.is_disabled {
            for o in account.orgs.iter().filter(|o| o.role == "Admin") {
                let users = org
                    .grafana
                    .org_users(o.org_id)
                    .await
                    .map_err(looking("the organization's people"))?;
                if is_last_admin(&users, account.id) {
                    account.last_admin_of.push(o.org_id);
                }
            }
        }
        if returning || account.is_external || depth.deleting {
            let ours = org.id();
            if account.orgs.iter().any(|o| o.org_id == ours) {
                account.teams = self.teams(org, account.id, depth).await?;
            }
        }
        Ok(account)
    }

    /// Seats in teams of this organization. Before a suspension only those no group of ours gives: the others come back by their group.
    async fn teams(&self, org: &Org, id: i64, depth: Depth) -> Result<Vec<TeamSeat>> {
        let org_id = org.id();
        let mut seats = Vec::new();
        for team_id in org.grafana.teams_of_user(id, org_id).await.map_err(looking("teams"))? {
            if !depth.closing || self.core.store.mappings_of_team(org_id, team_id).await?.is_empty() {
                seats.push(TeamSeat { org_id, team_id });
            }
        }
        Ok(seats)
    }

    async fn act(&mut self, org: &Org, action: &Action, observed: &Observed) -> Result<()> {
        let core = self.core;
        core.go_on()?;
        let id = self.record.as_ref().and_then(|r| r.grafana_id).unwrap_or(0);
        let name = format!("“{}”", self.name);
        match action {
            Action::Claim {
                grafana_id,
                origin,
                from,
                snapshot,
                closed_by,
            } => {
                if let Some(from) = from.as_ref().filter(|f| **f != self.work.id) {
                    core.store.remove_account(from).await?;
                }
                let login = observed.others.iter().find(|c| c.account.id == *grafana_id);
                let login = login.map_or_else(|| self.name.clone(), |c| c.account.login.clone());
                let origin = match origin {
                    Origin::Provisioned => AccountOrigin::Provisioned,
                    Origin::Claimed => AccountOrigin::Claimed,
                };
                let mut record = self.new_record(*grafana_id, origin, login);
                record.closed_by = *closed_by;
                record.snapshot = snapshot.as_ref().and_then(|s| serde_json::to_string(s).ok());
                self.save(record).await?;
                self.log(org, "user.claim", 0).await
            }
            Action::Create(write) => self.create(org, write).await,
            Action::Delete(rung) => self.delete(org, id, *rung).await,
            Action::Update(write) => {
                let doing = format!("update {name}");
                let call = org.grafana.update_user(id, sent(write));
                self.call(org, "user.update", doing, call).await?;
                learn(org, id, write);
                Ok(())
            }
            Action::Disable => {
                let call = org.grafana.disable_user(id);
                self.call(org, "user.disable", format!("disable {name}"), call).await
            }
            Action::Enable => {
                let call = org.grafana.enable_user(id);
                self.call(org, "user.enable", format!("enable {name}"), call).await
            }
            Action::Remember(snapshot) => self.remember(Some(snapshot)).await,
            Action::LeaveOrg(org_id) => {
                let doing = format!("take {name} out of organization {org_id}");
                let call = async {
                    match org.grafana.leave_org(*org_id, id).await {
                        Err(Error::NotFound(_)) => Ok(()),
                        other => other,
                    }
                };
                self.call(org, "user.leave_org", doing, call).await
            }
            Action::Logout => {
                let call = org.grafana.logout_user(id);
                self.call(org, "user.logout", format!("sign {name} out"), call).await
            }
            Action::JoinOrg(role) => {
                let doing = format!("bring {name} back to organization {}", role.org_id);
                let login = observed
                    .linked
                    .as_ref()
                    .map_or(self.name.as_str(), |a| a.login.as_str());
                let login = login.to_owned();
                let call = async {
                    match org.grafana.join_org(role.org_id, &login, &role.role).await {
                        // The organization was deleted meanwhile: there is nothing to come back to.
                        Err(Error::NotFound(_)) => Ok(()),
                        other => other,
                    }
                };
                self.call(org, "user.join_org", doing, call).await?;
                self.restored(|s| s.orgs.retain(|o| o.org_id != role.org_id)).await
            }
            Action::SetRole(role) => {
                let doing = format!("give {name} back the role in organization {}", role.org_id);
                let call = org.grafana.set_role(role.org_id, id, &role.role);
                self.call(org, "user.restore", doing, call).await?;
                self.restored(|s| s.orgs.retain(|o| o.org_id != role.org_id)).await
            }
            Action::JoinTeam(seat) => {
                let doing = format!("bring {name} back to team {}", seat.team_id);
                let call = async {
                    match org.grafana.add_team_member(seat.team_id, id, false).await {
                        // The team was deleted meanwhile; Grafana answers 404 or 500 to that.
                        Err(Error::NotFound(_) | Error::Refused { status: 500, .. }) => Ok(()),
                        other => other,
                    }
                };
                self.call(org, "team.member.add", doing, call).await?;
                self.restored(|s| s.teams.retain(|t| t != seat)).await
            }
            Action::Forget => {
                core.store.remove_account(&self.work.id).await?;
                self.record = None;
                Ok(())
            }
        }
    }

    /// The rung goes to disk before the account goes: after a crash in between, what is missing is known to be missing by our hand, and
    /// is made again.
    async fn delete(&mut self, org: &Org, id: i64, rung: Rung) -> Result<()> {
        let Some(mut record) = self.record.clone().filter(|r| r.grafana_id == Some(id)) else {
            return Err(Trouble::NotYet("There is no account to delete.".to_owned()));
        };
        (record.closed_by, record.holds) = (Some(rung), None);
        self.save(record.clone()).await?;
        let call = org.grafana.delete_user(id);
        self.call(org, "user.delete", format!("delete “{}”", self.name), call)
            .await?;
        if let Some(directory) = &org.directory {
            directory.forget(id);
        }
        self.core.shared.forget_holder(org.id(), id);
        record.grafana_id = None;
        self.save(record).await
    }

    async fn create(&mut self, org: &Org, write: &Write) -> Result<()> {
        let core = self.core;
        // Whoever deleted the account: only a record without one takes up what the note below is about.
        if let Some(mut record) = self.record.clone().filter(|r| r.grafana_id.is_some()) {
            record.grafana_id = None;
            self.save(record).await?;
        }
        core.store
            .note_creating(&self.work.tenant, &self.work.id, &write.login)
            .await?;
        core.failpoints.reach(BEFORE_CALL);
        let began = Instant::now();
        let created = org.grafana.create_user(sent(write), &core.ids.unknown_password()).await;
        core.failpoints.reach(AFTER_CALL);
        let grafana_id = match created {
            Ok(id) => id,
            Err(error) => {
                // Grafana said no, so nothing of ours is there. Without an answer it may be: the note stays.
                if error.says_no() {
                    core.store.clear_creating(&self.work.id).await?;
                }
                return Err(Trouble::Grafana {
                    action: Some("user.create"),
                    doing: format!("create the account “{}”", self.name),
                    error,
                    took_ms: elapsed(began),
                });
            }
        };
        let line = self.line(org, "user.create", elapsed(began)).await;
        self.save_made(self.made(grafana_id, write.login.clone()), line).await?;
        learn(org, grafana_id, write);
        Ok(())
    }

    /// One changing call, with its line in the log.
    async fn call(
        &self,
        org: &Org,
        action: &'static str,
        doing: String,
        call: impl Future<Output = grafana::Result<()>>,
    ) -> Result<()> {
        self.core.failpoints.reach(BEFORE_CALL);
        let began = Instant::now();
        let done = call.await;
        self.core.failpoints.reach(AFTER_CALL);
        let took_ms = elapsed(began);
        match done {
            Ok(()) => self.log(org, action, took_ms).await,
            Err(error) => Err(Trouble::Grafana {
                action: Some(action),
                doing,
                error,
                took_ms,
            }),
        }
    }

    async fn line(&self, org: &Org, action: &'static str, took_ms: i64) -> ActivityLine {
        let deed = Deed {
            action,
            target: ("User", &self.work.id, &self.name),
            outcome: Outcome::Done,
            reason: None,
            took_ms,
        };
        self.core.line(self.work, &org.actor().await, deed)
    }

    async fn log(&self, org: &Org, action: &'static str, took_ms: i64) -> Result<()> {
        let line = self.line(org, action, took_ms).await;
        Ok(self.core.store.record(&[line]).await?)
    }

    async fn save(&mut self, record: AccountRecord) -> Result<()> {
        self.core.store.save_account(&record).await.map_err(saving)?;
        self.record = Some(record);
        Ok(())
    }

    /// The account Grafana made for us is on disk with all that follows, or nothing of it is.
    async fn save_made(&mut self, record: AccountRecord, line: ActivityLine) -> Result<()> {
        let groups = self.groups_to_tell(Some(&record)).await?;
        let saved = self.core.store.save_made(&record, self.work, &line, &groups).await;
        saved.map_err(saving)?;
        self.told = Some(seat(&record));
        self.record = Some(record);
        Ok(())
    }

    async fn remember(&mut self, snapshot: Option<&Snapshot>) -> Result<()> {
        if let Some(mut record) = self.record.clone() {
            record.snapshot = snapshot.and_then(|s| serde_json::to_string(s).ok());
            self.save(record).await?;
        }
        Ok(())
    }

    /// Given back: so that what is impossible now (a deleted team) is not tried for ever.
    async fn restored(&mut self, forget: impl FnOnce(&mut Snapshot)) -> Result<()> {
        if let Some(mut snapshot) = self.record.as_ref().and_then(|r| link(r).snapshot) {
            forget(&mut snapshot);
            self.remember(Some(&snapshot)).await?;
        }
        Ok(())
    }

    /// What an admin is to say yes to; without a question, none is open any more.
    async fn ask(&self, question: Option<&Question>) -> Result<()> {
        let store = &self.core.store;
        match (question, &self.stewardship) {
            (Some(q), _) => {
                let (tenant, id) = (&self.work.tenant, &self.work.id);
                Ok(store.ask_about(tenant, id, q.grafana_id, &q.login).await?)
            }
            (None, Some(_)) => Ok(store.end_question(&self.work.id).await?),
            (None, None) => Ok(()),
        }
    }

    /// Nothing is left to do: what was seen is what we remember. At a good `end` the mark goes with it.
    async fn settle(&mut self, plan: &account::Plan, observed: &Observed, end: Result<Recorded>) -> Result<Recorded> {
        let now = self.core.clock.now_ms();
        let seen = self.seen(plan, observed, now);
        let groups = self.groups_to_tell(seen.as_ref().or(self.record.as_ref())).await?;
        if end.is_ok() {
            self.core.failpoints.reach(BEFORE_RECORD);
        }
        let store = &self.core.store;
        let settled = store.settle_account(seen.as_ref(), self.work, &groups, end.is_ok(), now);
        settled.await.map_err(saving)?;
        end
    }

    /// The record as it has to be now; `None`: as it is.
    fn seen(&self, plan: &account::Plan, observed: &Observed, now_ms: i64) -> Option<AccountRecord> {
        let mut record = self.record.clone()?;
        match &observed.linked {
            Some(account) => record.login.clone_from(&account.login),
            None if matches!(plan.access, Some(Access::Closed { .. } | Access::AtFirstSignIn)) => {
                record.grafana_id = None
            }
            None => return None,
        }
        record.deferred = plan.deferred.iter().map(|a| (*a).to_owned()).collect();
        match plan.access {
            Some(Access::Open) => (record.closed_by, record.holds, record.snapshot) = (None, None, None),
            Some(Access::Closed { by, holds }) => (record.closed_by, record.holds) = (Some(by), holds),
            Some(Access::None | Access::AtFirstSignIn) | None => {}
        }
        record.synced_ms = now_ms;
        Some(record)
    }

    /// Whose name is waited for may himself be shown as in conflict with this one: two who swap come one after the other.
    async fn tell_who_leaves(&self, observed: &Observed) -> Result<()> {
        let (store, now) = (&self.core.store, self.core.clock.now_ms());
        for other in observed.others.iter().filter(|c| c.leaving) {
            if let Some(record) = store.account_by_grafana_id(other.account.id).await? {
                store
                    .reconsider(&record.tenant, Kind::User, &record.user_id, now)
                    .await?;
            }
        }
        Ok(())
    }

    /// A new account, or one that left or re-entered every organization: the teams of its groups must look again (R11).
    async fn groups_to_tell(&self, record: Option<&AccountRecord>) -> Result<Vec<String>> {
        if self.told == record.map(seat) {
            return Ok(Vec::new());
        }
        let (store, tenant) = (&self.core.store, &self.work.tenant);
        Ok(store.groups_of_user(tenant, &self.work.id).await?)
    }
}

/// Somebody else's account since a moment ago: there is another plan now.
fn saving(error: store::Error) -> Trouble {
    match error {
        store::Error::AccountTaken { .. } => {
            Trouble::NotYet("The account in Grafana has just become another user's.".to_owned())
        }
        error => error.into(),
    }
}

/// Whether an admin said that this account is the person's.
pub(super) fn approves(stewardship: &Stewardship, grafana_id: i64) -> bool {
    stewardship.state == StewardshipState::Approved && stewardship.grafana_id == grafana_id
}

/// Whether nobody else could still administer the organization. Grafana itself counts service accounts as admins and guards nobody
/// (`grafana-live.md` §1.1).
pub(super) fn is_last_admin(users: &[grafana::OrgUser], id: i64) -> bool {
    let admin = |u: &&grafana::OrgUser| u.role == "Admin" && !u.is_disabled && !u.login.starts_with("sa-");
    users.iter().filter(admin).any(|u| u.user_id == id) && !users.iter().filter(admin).any(|u| u.user_id != id)
}

fn sent(write: &Write) -> grafana::Write<'_> {
    grafana::Write {
        login: &write.login,
        email: &write.email,
        name: &write.name,
    }
}

fn learn(org: &Org, id: i64, write: &Write) {
    if let Some(directory) = &org.directory {
        directory.learn(ListedUser {
            id,
            login: write.login.clone(),
            email: write.email.clone(),
            name: write.name.clone(),
            is_admin: false,
            is_disabled: false,
            auth_labels: Vec::new(),
        });
    }
}

pub(super) fn elapsed(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)
}
