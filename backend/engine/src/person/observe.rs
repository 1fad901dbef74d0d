//! What the planner is told about one person: the one place where its input is built.
//!
//! Owns: which accounts bear on a person, who manages each, and who gives up a name. Where accounts are seen is an [`AccountSource`]:
//! `person/live.rs` asks Grafana, `scan/listing.rs` reads the minute's listings. Must never change anything in Grafana.
//! Start at [`observe`].

use domain::{
    Tenant, UserId,
    account::{self, Account, Authority, Candidate, Desired, Link, Manager, Observed, Profile},
    evidence::{Doubt, Left, ProviderIdentity},
    settings::{ClaimPolicy, Deprovision},
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
    /// What is remembered of deleted users who had this `externalId`.
    async fn left_with(&self, tenant: &Tenant, external_id: &str) -> Result<Vec<AccountRecord>>;
    /// The SCIM user that this account is remembered for.
    async fn managed_by(&self, grafana_id: UserId) -> Result<Option<ManagedBy>>;
}

/// A SCIM user with an account.
pub(crate) struct ManagedBy {
    /// What is remembered.
    pub(crate) record: AccountRecord,
    /// What the identity provider says about that user, and no admin says otherwise.
    pub(crate) desired: Desired,
    /// An admin keeps that user out.
    pub(crate) kept_closed: bool,
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
    /// Every organization it is in bears on the plan, not ours alone.
    pub(crate) everywhere: bool,
}

/// The person who is looked at.
pub(crate) struct Subject<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) user_id: &'a str,
    pub(crate) desired: &'a Desired,
    pub(crate) link: Option<&'a Link>,
    pub(crate) management: Option<&'a Management>,
    /// What the provider says of the user beside the names.
    pub(crate) provider: &'a ProviderIdentity,
    pub(crate) now_ms: i64,
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
        everywhere: false,
    };
    let linked_id = link.and_then(|l| l.grafana_id);
    let mut linked = match linked_id {
        Some(id) => source.account(id, depth).await?,
        None => None,
    };
    if let (Some(account), Some(link)) = (&linked, link)
        && others_have_a_say(desired, link, account)
    {
        let depth = Depth {
            everywhere: true,
            ..depth
        };
        linked = source.account(account.id, depth).await?;
    }
    if let (Some(account), Some(own)) = (&mut linked, link.and_then(|l| l.history.own_org))
        && !account.alone_in.contains(&own)
    {
        account.alone_in.push(own);
    }
    let mut observed = Observed {
        linked,
        approved: linked_id.is_some_and(|id| subject.management.is_some_and(|s| approves(s, id))),
        waited: subject.waited,
        rejoined_lately: link.is_some_and(|l| l.history.rejoined_lately(subject.now_ms)),
        ..Observed::default()
    };
    let Some(profile) = account::profile_to_match(desired, link) else {
        return Ok(observed);
    };
    let linked = observed.linked.as_ref().map(|a| (a.login.as_str(), a.email.as_str()));
    let names = names_to_find(&profile, linked);
    let mut ids = source.ids_named(&names).await?;
    let returning = returning(source, subject, linked_id.is_some()).await?;
    ids.extend(returning.account());
    ids.sort_unstable();
    ids.dedup();
    let look = Look {
        org,
        subject,
        profile: &profile,
        several: returning.several,
    };
    for id in ids {
        if linked_id != Some(id) {
            observed.others.extend(candidate(source, &look, id, depth).await?);
        }
    }
    Ok(observed)
}

/// Whether what is to be done depends on organizations that are not ours.
fn others_have_a_say(desired: &Desired, link: &Link, account: &Account) -> bool {
    match desired {
        Desired::Open(profile) => !account.is_external && account::differs(profile, account),
        Desired::Closed(_) | Desired::Gone => link.history.authority == Authority::Organization && !account.is_disabled,
    }
}

/// Deleted users who had the `externalId` of the person.
struct Returning {
    records: Vec<AccountRecord>,
    /// Two had it: then it says of neither that this is the same person.
    several: bool,
}

impl Returning {
    /// The account of the one who had it, whatever it is called by now.
    fn account(&self) -> Option<UserId> {
        self.records.first().filter(|_| !self.several)?.grafana_id
    }
}

/// Who has no account may be somebody who left.
async fn returning(source: &impl AccountSource, subject: &Subject<'_>, has_account: bool) -> Result<Returning> {
    let records = match &subject.provider.external_id {
        Some(id) if !has_account => source.left_with(subject.tenant, id).await?,
        _ => Vec::new(),
    };
    Ok(Returning {
        several: records.len() > 1,
        records,
    })
}

/// A person whose account another one may be.
struct Look<'a> {
    org: &'a Org,
    subject: &'a Subject<'a>,
    profile: &'a Profile,
    several: bool,
}

/// Another account that has a name the person is to get.
async fn candidate(
    source: &impl AccountSource,
    look: &Look<'_>,
    id: UserId,
    depth: Depth,
) -> Result<Option<Candidate>> {
    let subject = look.subject;
    let managed_by = source.managed_by(id).await?;
    let manager = manager(look, managed_by.as_ref());
    let effective = &look.org.settings.effective;
    let depth = Depth {
        returning: matches!(&manager, Manager::Gone { link, .. } if link.snapshot.is_some()),
        unmanaged: manager == Manager::Nobody,
        everywhere: match &manager {
            Manager::Gone { doubt, .. } => doubt.is_some(),
            Manager::Nobody => effective.claim_policy == ClaimPolicy::Linked && effective.sign_in.is_some(),
            Manager::Other => false,
        },
        ..depth
    };
    let Some(mut account) = source.account(id, depth).await? else {
        return Ok(None);
    };
    account
        .alone_in
        .extend(managed_by.as_ref().and_then(|m| m.record.history.own_org));
    let leaving = managed_by.is_some_and(|other| {
        manager == Manager::Other
            && other.record.tenant == *subject.tenant
            && account::frees_names(&other.desired, &account.login, &account.email, look.profile)
    });
    let approval = subject.management.filter(|s| approves(s, id));
    Ok(Some(Candidate {
        approved: approval.is_some(),
        keeps_password: approval.is_some_and(|a| a.keep_password),
        account,
        manager,
        leaving,
    }))
}

fn manager(look: &Look<'_>, managed_by: Option<&ManagedBy>) -> Manager {
    let Some(ManagedBy {
        record,
        desired,
        kept_closed,
    }) = managed_by
    else {
        return Manager::Nobody;
    };
    let subject = look.subject;
    // An account that another organization's provider manages, or managed, cannot be taken over from here.
    let elsewhere = record.tenant != *subject.tenant;
    let own = record.user_id == subject.user_id;
    if elsewhere || (*desired != Desired::Gone && !own) {
        return Manager::Other;
    }
    let left = Left {
        external_id: record.external_id.clone(),
        gone_ms: record.gone_ms,
    };
    let (now_ms, days) = (subject.now_ms, look.org.settings.effective.return_days);
    let doubt = match account::doubt(&left, subject.provider, look.profile, now_ms, days) {
        _ if own => None,
        None if look.several => Some(Doubt::Several),
        None if *kept_closed => Some(Doubt::KeptClosed),
        doubt => doubt,
    };
    Manager::Gone {
        link: Box::new(input::link(record)),
        user_id: record.user_id.clone(),
        doubt,
        recent: left.is_recent(now_ms, days),
    }
}
