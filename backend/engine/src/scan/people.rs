//! People, as the listings show them.
//!
//! Owns: the question put to `domain::account::plan` for everybody at once. Must never change anything in Grafana.
//! Start at [`people`].

use std::collections::HashMap;

use domain::account::{self, Access, Account, Candidate, Desired, Manager, Observed, OrgRole};

use super::marks::Marks;
use crate::{
    context::{Core, UNDER_WAY_MS},
    directory::Directory,
    org::Org,
    person::input,
    trouble::{Result, looking},
};
use grafana::{ListedUser, OrgUser};
use store::{AccountRecord, Kind, PageQuery, Stewardship, StewardshipState, UserRecord};

/// What is remembered of accounts, of every organization.
pub(super) async fn remembered(core: &Core) -> Result<Vec<AccountRecord>> {
    let mut records = Vec::new();
    for tenant in core.store.tenants().await? {
        records.extend(core.store.accounts(&tenant).await?);
    }
    Ok(records)
}

pub(super) async fn people(core: &Core, org: &Org, marks: &Marks<'_>, org_users: &[OrgUser]) -> Result<()> {
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
        let desired = input::desired(Some(user));
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
pub(super) async fn being_made(core: &Core, marks: &Marks<'_>) -> Result<()> {
    let now = core.clock.now_ms();
    for asked in core.store.accounts_being_made(marks.tenant).await? {
        let id = asked.user_id.as_str();
        let user = core.store.user(marks.tenant, id).await?;
        let waits = marks.waiting.contains(&(Kind::User, id.to_owned()));
        let over = asked.looked_ms.is_some_and(|at| now.saturating_sub(at) > UNDER_WAY_MS);
        if waits || matches!(input::desired(user.as_ref()), Desired::Open(_)) {
            // It is looked for before anything else that is done for him.
        } else if over {
            core.store.forget_account(id).await?;
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
        let link = record.map(input::link);
        let linked = link.as_ref().and_then(|l| self.directory.user(l.grafana_id?));
        let mut observed = Observed {
            linked: linked.as_ref().map(|u| self.account(u, closing)),
            ..Observed::default()
        };
        if let Some(profile) = account::sought(desired, link.as_ref()) {
            let names = input::names_to_find(&profile, linked.as_ref().map(|u| (u.login.as_str(), u.email.as_str())));
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
                        link: input::link(r),
                    },
                };
                let theirs = managed.get(&user.id).filter(|r| r.tenant == *marks.tenant);
                let leaving = theirs.is_some_and(|r| {
                    let theirs = input::desired(self.users.get(&r.user_id));
                    account::gives_up(&theirs, &user.login, &user.email, &profile)
                });
                let mut account = self.account(&user, closing);
                if manager == Manager::Nobody && account.orgs.is_empty() {
                    // The listing shows this organization only, and whether he is in another one decides.
                    let orgs = self.org.grafana.orgs_of_user(user.id).await;
                    account.orgs = input::roles(orgs.map_err(looking("organizations"))?);
                }
                observed.others.push(Candidate {
                    approved: stewardship.is_some_and(|s| input::approves(s, user.id)),
                    account,
                    manager,
                    leaving,
                });
            }
        }
        let plan = account::plan(desired, link.as_ref(), &observed, &input::rules(self.org));
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
        let last = closing && role == Some(&"Admin") && input::is_last_admin(self.org_users, user.id);
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
