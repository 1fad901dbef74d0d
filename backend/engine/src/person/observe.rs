//! What the planner is told about one person: the one place where its input is built.
//!
//! Owns: which accounts bear on a person, who manages each, and who gives up a name. Where accounts are seen is an [`AccountSource`]:
//! `person/live.rs` asks Grafana, `scan/listing.rs` reads the minute's listings. Must never change anything in Grafana.
//! Start at [`observe`].

use domain::{
    Tenant, UserId,
    account::{self, Account, Candidate, Desired, Link, Manager, Observed, Profile},
    settings::Deprovision,
};

use super::input::{self, approves, names_to_find};
use crate::{error::Result, org::Org};
use store::{AccountRecord, Management};

/// Where accounts are seen, and what is remembered of them.
pub(crate) trait AccountSource {
    /// The account with this id; `None`: there is none.
    async fn account(&self, id: UserId, depth: Depth) -> Result<Option<Account>>;
    /// The ids of all accounts with one of these logins or e-mails.
    async fn ids_named(&self, names: &[&str]) -> Result<Vec<UserId>>;
    /// The SCIM user that this account is remembered for.
    async fn managed_by(&self, grafana_id: UserId) -> Result<Option<ManagedBy>>;
}

/// A SCIM user with an account.
pub(crate) struct ManagedBy {
    /// What is remembered.
    pub(crate) record: AccountRecord,
    /// What the identity provider says about that user.
    pub(crate) desired: Desired,
}

/// How much of an account the planner needs this time.
#[derive(Clone, Copy)]
pub(crate) struct Depth {
    /// Access ends: organizations and last Admins matter.
    pub(crate) closing: bool,
    /// Closing deletes the account here.
    pub(crate) deleting: bool,
    /// There is something to give back.
    pub(crate) returning: bool,
    /// Nobody manages it: the organizations it is in decide whether it may be claimed.
    pub(crate) unmanaged: bool,
}

/// The person who is looked at.
pub(crate) struct Subject<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) user_id: &'a str,
    pub(crate) desired: &'a Desired,
    pub(crate) link: Option<&'a Link>,
    pub(crate) management: Option<&'a Management>,
    /// The person had to wait for a name before.
    pub(crate) waited: bool,
}

/// Everything that bears on one person.
pub(crate) async fn observe(source: &impl AccountSource, org: &Org, subject: &Subject<'_>) -> Result<Observed> {
    let (desired, link) = (subject.desired, subject.link);
    let depth = Depth {
        closing: !matches!(desired, Desired::Open(_)),
        deleting: org.settings.effective.deprovision == Deprovision::Delete,
        returning: link.is_some_and(|l| l.snapshot.is_some()),
        unmanaged: false,
    };
    let linked_id = link.and_then(|l| l.grafana_id);
    let linked = match linked_id {
        Some(id) => source.account(id, depth).await?,
        None => None,
    };
    let mut observed = Observed {
        linked,
        others: Vec::new(),
        waited: subject.waited,
    };
    let Some(profile) = account::profile_to_match(desired, link) else {
        return Ok(observed);
    };
    let linked = observed.linked.as_ref().map(|a| (a.login.as_str(), a.email.as_str()));
    let names = names_to_find(&profile, linked);
    for id in source.ids_named(&names).await? {
        if linked_id != Some(id) {
            observed
                .others
                .extend(candidate(source, subject, &profile, id, depth).await?);
        }
    }
    Ok(observed)
}

/// Another account that has a name the person is to get.
async fn candidate(
    source: &impl AccountSource,
    subject: &Subject<'_>,
    profile: &Profile,
    id: UserId,
    depth: Depth,
) -> Result<Option<Candidate>> {
    let managed_by = source.managed_by(id).await?;
    let manager = manager(subject, managed_by.as_ref());
    let depth = Depth {
        returning: matches!(&manager, Manager::Gone { link, .. } if link.snapshot.is_some()),
        unmanaged: manager == Manager::Nobody,
        ..depth
    };
    let Some(account) = source.account(id, depth).await? else {
        return Ok(None);
    };
    let leaving = managed_by.is_some_and(|other| {
        manager == Manager::Other
            && other.record.tenant == *subject.tenant
            && account::frees_names(&other.desired, &account.login, &account.email, profile)
    });
    Ok(Some(Candidate {
        approved: subject.management.is_some_and(|s| approves(s, id)),
        account,
        manager,
        leaving,
    }))
}

fn manager(subject: &Subject<'_>, managed_by: Option<&ManagedBy>) -> Manager {
    let Some(ManagedBy { record, desired }) = managed_by else {
        return Manager::Nobody;
    };
    // An account that another organization's provider manages, or managed, cannot be taken over from here.
    let elsewhere = record.tenant != *subject.tenant;
    if elsewhere || (*desired != Desired::Gone && record.user_id != subject.user_id) {
        return Manager::Other;
    }
    Manager::Gone {
        link: input::link(record),
        user_id: record.user_id.clone(),
    }
}
