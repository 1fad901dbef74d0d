//! Accounts as the minute's listings show them.
//!
//! Owns: answering without a call each. A listing shows this organization only and no teams. Must never change anything in Grafana.
//! Start at [`Listing::read`].

use std::collections::{HashMap, HashSet};

use domain::{
    Tenant, UserId,
    account::{self, Account, OrgMember, OrgRole},
    attention::Reading,
};

use crate::{
    context::Core,
    error::{Result, looking},
    org::Org,
    person::{
        input,
        observe::{AccountSource, Depth, ManagedBy},
    },
    user_listing::UserListing,
};
use grafana::OrgUser;
use store::{AccountRecord, Management, PageQuery, UserRecord};

/// Everything that was listed, and the store as it was then.
pub(crate) struct Listing<'a> {
    pub(super) org: &'a Org,
    accounts: &'a UserListing,
    /// Grafana's id of the account we are signed in with.
    me: UserId,
    /// Roles in this organization.
    roles: HashMap<UserId, &'a str>,
    org_members: Vec<OrgMember>,
    /// Everybody to be closed.
    leaving: HashSet<UserId>,
    /// The SCIM users of the tenant.
    pub(super) users: HashMap<String, UserRecord>,
    /// What admins decided about them, by SCIM id.
    pub(super) managements: HashMap<String, Management>,
    /// What is remembered of accounts, of every organization.
    managed: HashMap<UserId, &'a AccountRecord>,
}

impl<'a> Listing<'a> {
    /// What was listed, with all SCIM users of the tenant. `records` are those of every organization.
    pub(crate) async fn read(
        core: &Core,
        org: &'a Org,
        accounts: &'a UserListing,
        tenant: &Tenant,
        org_users: &'a [OrgUser],
        records: &'a [AccountRecord],
    ) -> Result<Self> {
        let me = org.grafana.me().await.map_err(looking(Reading::OwnAccount))?.id;
        let mut users = HashMap::new();
        let mut query = PageQuery {
            limit: 1000,
            ..PageQuery::default()
        };
        loop {
            let page = core.store.list_users(tenant, &query, false).await?;
            let count = i64::try_from(page.items.len()).unwrap_or(i64::MAX);
            users.extend(page.items.into_iter().map(|v| (v.record.id.clone(), v.record)));
            query.offset = query.offset.saturating_add(count);
            if count < query.limit {
                break;
            }
        }
        Ok(Self {
            org,
            accounts,
            me,
            roles: org_users.iter().map(|u| (u.user_id, u.role.as_str())).collect(),
            org_members: input::members(org, org_users, me),
            leaving: input::leaving(core, org).await?,
            users,
            managements: core.store.managements(tenant).await?,
            managed: records.iter().filter_map(|a| Some((a.grafana_id?, a))).collect(),
        })
    }
}

impl AccountSource for Listing<'_> {
    async fn account(&self, id: UserId, depth: Depth) -> Result<Option<Account>> {
        let Some(user) = self.accounts.user(id) else {
            return Ok(None);
        };
        let org_id = self.org.id();
        let role = self.roles.get(&id).map(|role| OrgRole {
            org_id,
            role: (*role).to_owned(),
        });
        let is_admin = role.as_ref().is_some_and(|r| r.role == "Admin");
        let last_admin =
            depth.closing && is_admin && account::is_kept(id, self.org_members.iter().copied(), &self.leaving);
        let mut orgs: Vec<OrgRole> = role.into_iter().collect();
        if depth.everywhere || (depth.unmanaged && orgs.is_empty()) {
            // The listing shows this organization only, and whether it is in another one decides.
            let all = self.org.grafana.orgs_of_user(id).await;
            orgs = input::roles(all.map_err(looking(Reading::Organizations))?);
        }
        Ok(Some(Account {
            id,
            login: user.login,
            email: user.email,
            name: user.name,
            is_grafana_admin: user.is_admin,
            // A provider's label means a sign-in link.
            is_external: !user.auth_labels.is_empty(),
            sign_ins: user.auth_labels,
            is_disabled: user.is_disabled,
            is_self: id == self.me,
            orgs,
            alone_in: Vec::new(),
            teams: Vec::new(),
            last_admin_of: if last_admin { vec![org_id] } else { Vec::new() },
        }))
    }

    async fn ids_named(&self, names: &[&str]) -> Result<Vec<UserId>> {
        Ok(self.accounts.named(names.iter().copied()))
    }

    async fn managed_by(&self, grafana_id: UserId) -> Result<Option<ManagedBy>> {
        // Of another organization's users only that they are theirs counts; they are not in `users`.
        Ok(self.managed.get(&grafana_id).map(|record| {
            let management = self.managements.get(&record.user_id);
            ManagedBy {
                record: (*record).clone(),
                desired: input::desired(self.users.get(&record.user_id), management),
                kept_closed: input::is_kept_closed(management),
            }
        }))
    }

    async fn left_with(&self, tenant: &Tenant, external_id: &str) -> Result<Vec<AccountRecord>> {
        let left = self
            .managed
            .values()
            .filter(|r| r.gone_ms.is_some() && r.tenant == *tenant);
        let same = left.filter(|r| r.external_id.as_deref() == Some(external_id));
        Ok(same.map(|r| (*r).clone()).collect())
    }
}
