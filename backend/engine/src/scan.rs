//! The minute's look at everything: listings in, marks out.
//!
//! Owns: finding what drifted, by asking the same planners with what the listings show. Must never change anything in Grafana, nor
//! mark what waits for its turn or for a person already (that would undo the back-off). Start at [`scan`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::{
    Tenant,
    account::{self, Access, Account, Candidate, Desired, Manager, Observed, OrgRole},
    attempt::Attention,
    login,
    settings::{Linking, MappingMode, TeamRemoval},
    team,
};

use super::{
    directory::Directory,
    engine::{self, Core},
    group::UNDER_WAY_MS,
    org::{Configuration, Org},
    person,
    roster::{Occasion, Roster},
    status::{LoginSeen, TeamSeen},
    team_sync,
    trouble::{Result, looking},
};
use grafana::{Doors, Error, ListedUser, OrgUser, Team};
use store::{AccountRecord, Kind, Mark, PageQuery, Stewardship, StewardshipState, Urgency, UserRecord};

/// Compares everything of an organization with Grafana.
pub(super) async fn scan(core: &Core, org: &mut Org) -> Result<()> {
    let version = org.grafana.health().await.map_err(looking("Grafana"))?;
    org.status.version = version.or(org.status.version.take());
    org.grafana.me().await.map_err(looking("its own account"))?;
    let now = core.clock.now_ms();
    match org.grafana.admin_settings().await {
        Ok(mut settings) => {
            if org.settings.effective.linking == Linking::FirstLogin {
                settings.login.links_at_first_login();
            }
            org.role_sync_skipped = settings.login.suspension_holds();
            let findings = login::examine(&settings.login);
            core.shared.set_login(org.id(), LoginSeen { at_ms: now, findings });
            org.doors = settings.doors;
            core.settings.grafana_seen(org.id(), settings.auth, settings.public_url);
        }
        // An account that is in no organization may not (`grafana-live.md` §5); what depends on it is said to be unknown.
        Err(Error::Forbidden { .. } | Error::NotFound(_) | Error::Refused { .. }) => {
            (org.role_sync_skipped, org.doors) = (None, Doors::default());
            let findings = login::unreadable();
            core.shared.set_login(org.id(), LoginSeen { at_ms: now, findings });
        }
        Err(e) => return Err(looking("Grafana's settings")(e)),
    }
    org.configuration = Configuration::Known;
    engine::fresh_directory(core, org).await?;
    let org_users = org
        .grafana
        .org_users(org.id())
        .await
        .map_err(looking("the organization's people"))?;
    let correlation = core.ids.correlation();
    let mut tenants = core.store.tenants().await?;
    tenants.retain(|t| t.org_id == org.id());
    for tenant in &tenants {
        core.go_on()?;
        let marks = Marks::read(core, tenant, &correlation).await?;
        people(core, org, &marks, &org_users).await?;
        being_made(core, &marks).await?;
    }
    let mut managed: HashSet<i64> = remembered(core).await?.iter().filter_map(|a| a.grafana_id).collect();
    for released in core.store.released_accounts(org.id()).await? {
        managed.remove(&released);
    }
    let unmanaged = org_users.iter().filter(|u| !managed.contains(&u.user_id)).count();
    org.status.unmanaged = i64::try_from(unmanaged).ok();
    // Afterwards, because it may be another credential: people must not wait for a token.
    let teams = org.grafana.all_teams().await.map_err(looking("teams"))?;
    let seen = |t: &Team| TeamSeen {
        id: t.id,
        name: t.name.clone(),
        members: t.member_count,
    };
    core.shared.set_teams(org.id(), teams.iter().map(seen).collect());
    let teams: HashMap<i64, Team> = teams.into_iter().map(|t| (t.id, t)).collect();
    let synced = if org.settings.effective.group_sync {
        tenants
    } else {
        Vec::new()
    };
    for tenant in &synced {
        let marks = Marks::read(core, tenant, &correlation).await?;
        groups(core, org, &marks, &teams).await?;
    }
    team_sync::look(core, org, &teams).await?;
    prune(core, org).await?;
    org.status.checked_ms = Some(core.clock.now_ms());
    Ok(())
}

const DAY_MS: i64 = 86_400_000;
/// Lines of the log that end at once: a request that wants to write waits for no more than these.
const PRUNED_AT_ONCE: i64 = 500;
/// …and so often in one comparison: 7 million a day, which is more than anybody writes.
const PRUNED_OFTEN: usize = 10;

/// Ends lines of the log that are older than `activity_days`.
async fn prune(core: &Core, org: &Org) -> Result<()> {
    let age = org.settings.effective.activity_days.saturating_mul(DAY_MS);
    let before = core.clock.now_ms().saturating_sub(age);
    for _ in 0..PRUNED_OFTEN {
        core.go_on()?;
        if core.store.prune_activity(org.id(), before, PRUNED_AT_ONCE).await? < PRUNED_AT_ONCE {
            break;
        }
    }
    Ok(())
}

/// The queue as it is, so that nothing in it is touched without need.
struct Marks<'a> {
    core: &'a Core,
    tenant: &'a Tenant,
    correlation: &'a str,
    /// Waiting for their turn.
    waiting: BTreeSet<(Kind, String)>,
    /// Waiting for a person, and why.
    shown: HashMap<(Kind, String), String>,
}

const ALL: i64 = i64::MAX;

impl<'a> Marks<'a> {
    async fn read(core: &'a Core, tenant: &'a Tenant, correlation: &'a str) -> Result<Self> {
        let due = core.store.due_work(i64::MAX, ALL).await?;
        let shown = core.store.attention_rows(tenant, ALL).await?;
        Ok(Self {
            core,
            tenant,
            correlation,
            waiting: due
                .into_iter()
                .filter(|w| w.tenant == *tenant)
                .map(|w| (w.kind, w.id))
                .collect(),
            shown: shown.into_iter().map(|a| ((a.kind, a.id), a.reason)).collect(),
        })
    }

    /// Marks what has something to do, or something new to show.
    async fn consider(
        &self,
        kind: Kind,
        id: &str,
        closing: bool,
        due: bool,
        attention: Option<&Attention>,
    ) -> Result<()> {
        let key = (kind, id.to_owned());
        if self.waiting.contains(&key) {
            return Ok(());
        }
        let mark = match (self.shown.get(&key), attention) {
            // What a person was told still stands.
            (Some(shown), Some(now)) => *shown != now.reason,
            // What Grafana refused is tried again when a person says so; what the planner asked for has been done.
            (Some(shown), None) => !shown.starts_with("Could not ") || (account::is_not_applied(shown) && !due),
            (None, now) => due || now.is_some(),
        };
        if mark {
            let now = self.core.clock.now_ms();
            self.core
                .store
                .mark(&Mark {
                    tenant: self.tenant,
                    kind,
                    id,
                    urgency: Urgency::of_access(!closing),
                    correlation: self.correlation,
                    now_ms: now,
                })
                .await?;
        }
        Ok(())
    }
}

/// What is remembered of accounts, of every organization.
async fn remembered(core: &Core) -> Result<Vec<AccountRecord>> {
    let mut records = Vec::new();
    for tenant in core.store.tenants().await? {
        records.extend(core.store.accounts(&tenant).await?);
    }
    Ok(records)
}

async fn people(core: &Core, org: &Org, marks: &Marks<'_>, org_users: &[OrgUser]) -> Result<()> {
    let Some(directory) = &org.directory else { return Ok(()) };
    let me = org.grafana.me().await.map_err(looking("its own account"))?.id;
    let records = remembered(core).await?;
    let managed: HashMap<i64, &AccountRecord> = records.iter().filter_map(|a| Some((a.grafana_id?, a))).collect();
    let mut look = Look {
        org,
        directory,
        me,
        here: org_users.iter().map(|u| (u.user_id, u.role.as_str())).collect(),
        org_users,
        users: HashMap::new(),
        stewardships: core.store.stewardships(marks.tenant).await?,
    };
    let mut query = PageQuery {
        limit: 1000,
        ..PageQuery::default()
    };
    loop {
        let page = core.store.list_users(marks.tenant, &query, false).await?;
        let count = i64::try_from(page.items.len()).unwrap_or(i64::MAX);
        look.users
            .extend(page.items.into_iter().map(|v| (v.record.id.clone(), v.record)));
        query.offset = query.offset.saturating_add(count);
        if count < query.limit {
            break;
        }
    }
    let by_user: HashMap<&str, &AccountRecord> = records.iter().map(|a| (a.user_id.as_str(), a)).collect();
    for (id, user) in &look.users {
        let record = by_user.get(id.as_str()).copied();
        let desired = person::desired(Some(user));
        look.one(marks, id, &desired, record, &managed).await?;
    }
    let gone = records
        .iter()
        .filter(|a| a.tenant == *marks.tenant && !look.users.contains_key(&a.user_id));
    for record in gone {
        look.one(marks, &record.user_id, &Desired::Gone, Some(record), &managed)
            .await?;
    }
    Ok(())
}

/// Accounts that were asked for when we died, for somebody who must have none by now: nothing else would look for them, and they would be
/// open. So long as the call may still be under way they are looked for at every comparison.
async fn being_made(core: &Core, marks: &Marks<'_>) -> Result<()> {
    let now = core.clock.now_ms();
    for asked in core.store.accounts_being_made(marks.tenant).await? {
        let id = asked.user_id.as_str();
        let user = core.store.user(marks.tenant, id).await?;
        let waits = marks.waiting.contains(&(Kind::User, id.to_owned()));
        let over = asked.looked_ms.is_some_and(|at| now.saturating_sub(at) > UNDER_WAY_MS);
        if waits || matches!(person::desired(user.as_ref()), Desired::Open(_)) {
            // It is looked for before anything else that is done for him.
        } else if over {
            core.store.clear_creating(id).await?;
        } else {
            core.store.look_for_account(id, now).await?;
            marks.consider(Kind::User, id, true, true, None).await?;
        }
    }
    Ok(())
}

struct Look<'a> {
    org: &'a Org,
    directory: &'a Directory,
    me: i64,
    here: HashMap<i64, &'a str>,
    org_users: &'a [OrgUser],
    users: HashMap<String, UserRecord>,
    /// What an admin decided, or is asked.
    stewardships: HashMap<String, Stewardship>,
}

impl Look<'_> {
    async fn one(
        &self,
        marks: &Marks<'_>,
        id: &str,
        desired: &Desired,
        record: Option<&AccountRecord>,
        managed: &HashMap<i64, &AccountRecord>,
    ) -> Result<()> {
        let stewardship = self.stewardships.get(id);
        if stewardship.is_some_and(|s| s.state == StewardshipState::Released) {
            return Ok(());
        }
        let closing = !matches!(desired, Desired::Open(_));
        let link = record.map(person::link);
        let linked = link.as_ref().and_then(|l| self.directory.user(l.grafana_id?));
        let mut observed = Observed {
            linked: linked.as_ref().map(|u| self.account(u, closing)),
            ..Observed::default()
        };
        if let Some(profile) = account::sought(desired, link.as_ref()) {
            let names = person::names_to_find(&profile, linked.as_ref().map(|u| (u.login.as_str(), u.email.as_str())));
            let ids = self
                .directory
                .named(names)
                .into_iter()
                .filter(|i| link.as_ref().is_none_or(|l| l.grafana_id != Some(*i)));
            for user in ids.filter_map(|i| self.directory.user(i)) {
                let manager = match managed.get(&user.id) {
                    None => Manager::Nobody,
                    Some(r) if r.tenant != *marks.tenant || self.users.contains_key(&r.user_id) => Manager::Other,
                    Some(r) => Manager::Gone {
                        user_id: r.user_id.clone(),
                        link: person::link(r),
                    },
                };
                let theirs = managed.get(&user.id).filter(|r| r.tenant == *marks.tenant);
                let leaving = theirs.is_some_and(|r| {
                    let theirs = person::desired(self.users.get(&r.user_id));
                    account::gives_up(&theirs, &user.login, &user.email, &profile)
                });
                let mut account = self.account(&user, closing);
                if manager == Manager::Nobody && account.orgs.is_empty() {
                    // The listing shows this organization only, and whether he is in another one decides.
                    let orgs = self.org.grafana.orgs_of_user(user.id).await;
                    account.orgs = person::roles(orgs.map_err(looking("organizations"))?);
                }
                observed.others.push(Candidate {
                    approved: stewardship.is_some_and(|s| person::approves(s, user.id)),
                    account,
                    manager,
                    leaving,
                });
            }
        }
        let plan = account::plan(desired, link.as_ref(), &observed, &person::rules(self.org));
        // What an earlier look remembered may be outdated without anything being to do: a sign-in brought the new name.
        let remembered = record.is_some_and(|r| {
            let closed = match plan.access {
                Some(Access::Closed { by, holds }) => (Some(by), holds),
                Some(Access::Open) => (None, None),
                Some(Access::None | Access::AtFirstSignIn) | None => (r.closed_by, r.holds),
            };
            // Deleted by hand, and only the next sign-in makes it again.
            let gone = plan.access == Some(Access::AtFirstSignIn) && r.grafana_id.is_some();
            gone || (r.closed_by, r.holds) != closed || (plan.attention.is_none() && r.deferred != plan.deferred)
        });
        marks
            .consider(
                Kind::User,
                id,
                closing,
                !plan.actions.is_empty() || plan.waits.is_some() || remembered,
                plan.attention.as_ref(),
            )
            .await
    }

    /// An account as the listings show it: a provider's label means a sign-in link.
    fn account(&self, user: &ListedUser, closing: bool) -> Account {
        let org_id = self.org.id();
        let role = self.here.get(&user.id);
        let last = closing && role == Some(&"Admin") && person::is_last_admin(self.org_users, user.id);
        Account {
            id: user.id,
            login: user.login.clone(),
            email: user.email.clone(),
            name: user.name.clone(),
            is_grafana_admin: user.is_admin,
            is_external: !user.auth_labels.is_empty(),
            is_disabled: user.is_disabled,
            is_self: user.id == self.me,
            orgs: role
                .map(|role| OrgRole {
                    org_id,
                    role: (*role).to_owned(),
                })
                .into_iter()
                .collect(),
            teams: Vec::new(),
            last_admin_of: if last { vec![org_id] } else { Vec::new() },
        }
    }
}

async fn groups(core: &Core, org: &mut Org, marks: &Marks<'_>, teams: &HashMap<i64, Team>) -> Result<()> {
    let groups: BTreeSet<String> = core.store.all_group_ids(marks.tenant).await?.into_iter().collect();
    let mappings = core.store.all_mappings(marks.tenant).await?;
    let names: BTreeSet<String> = teams.values().map(|t| t.name.clone()).collect();
    // A group may feed several teams: it is considered once, with all of them.
    let mut found: BTreeMap<&str, (bool, Option<Attention>)> = BTreeMap::new();
    let mut feeds: HashMap<i64, Vec<&str>> = HashMap::new();
    for mapping in mappings.iter().filter(|m| !m.paused) {
        let id = mapping.group_id.as_str();
        match mapping.team_id.filter(|team| teams.contains_key(team)) {
            Some(team_id) if groups.contains(id) => feeds.entry(team_id).or_default().push(id),
            // No team yet, deleted by hand, or its group is gone.
            _ => found.entry(id).or_default().0 = true,
        }
    }
    if org.settings.effective.mapping_mode == MappingMode::Create {
        let mapped: BTreeSet<&str> = mappings.iter().map(|m| m.group_id.as_str()).collect();
        for id in groups.iter().map(String::as_str).filter(|id| !mapped.contains(id)) {
            found.entry(id).or_default().0 = true;
        }
    }
    // What was being made when we died is in no mapping, and its group may be gone.
    let being_made = core.store.teams_being_made(marks.tenant).await?;
    for note in &being_made {
        found.entry(&note.group_id).or_default().0 = true;
    }
    for (team_id, group_ids) in feeds {
        core.go_on()?;
        let occasion = Occasion {
            removal: Some(TeamRemoval::Keep),
            names: Some(&names),
            ..Occasion::default()
        };
        let team = teams.get(&team_id).cloned();
        let Some(roster) = Roster::observe(core, org, team_id, team, occasion).await? else {
            continue;
        };
        let plan = team::plan(&roster.desired, &roster.observed);
        let due = !plan.actions.is_empty() || plan.base != roster.observed.base;
        for id in group_ids {
            let group = found.entry(id).or_default();
            group.0 |= due;
            if group.1.is_none() {
                group.1.clone_from(&plan.attention);
            }
        }
    }
    for (id, (due, attention)) in found {
        marks.consider(Kind::Group, id, false, due, attention.as_ref()).await?;
    }
    Ok(())
}
