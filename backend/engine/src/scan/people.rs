//! People, as the listings show them.
//!
//! Owns: the question put to `domain::account::plan` for everybody at once. Must never change anything in Grafana.
//! Start at [`people`].

use std::collections::HashMap;

use domain::{
    account::{self, Access, Desired, End, Plan},
    outlook::{PersonOutlook, Said},
    settings::Deprovision,
};

use super::{listing::Listing, marks::Marks};
use crate::{
    context::{Core, UNDER_WAY_MS},
    error::Result,
    org::Org,
    person::{
        braked, input,
        observe::{Subject, observe},
    },
};
use grafana::OrgUser;
use store::{AccountRecord, Kind, Management, ManagementState};

/// What is remembered of accounts, of every organization.
pub(super) async fn remembered(core: &Core) -> Result<Vec<AccountRecord>> {
    let mut records = Vec::new();
    for tenant in core.store.tenants().await? {
        records.extend(core.store.accounts(&tenant).await?);
    }
    Ok(records)
}

pub(super) async fn people(
    core: &Core,
    org: &Org,
    marks: &Marks<'_>,
    org_users: &[OrgUser],
    outlook: &mut Vec<PersonOutlook>,
) -> Result<()> {
    let Some(accounts) = &org.listing else { return Ok(()) };
    let records = remembered(core).await?;
    let listing = Listing::read(core, org, accounts, marks.tenant, org_users, &records).await?;
    let by_user: HashMap<&str, &AccountRecord> = records.iter().map(|a| (a.user_id.as_str(), a)).collect();
    let now_ms = core.clock.now_ms();
    for (id, user) in &listing.users {
        let record = by_user.get(id.as_str()).copied();
        let management = listing.managements.get(id);
        let desired = input::desired(Some(user), management);
        let considered = consider((marks, now_ms), &listing, id, &desired, record, management).await;
        outlook.extend(on_its_own(marks, org, id, &desired, considered).await?);
    }
    let gone = records
        .iter()
        .filter(|a| a.tenant == *marks.tenant && !listing.users.contains_key(&a.user_id));
    for record in gone {
        let id = &record.user_id;
        let considered = consider(
            (marks, now_ms),
            &listing,
            id,
            &Desired::Gone,
            Some(record),
            listing.managements.get(id),
        )
        .await;
        outlook.extend(on_its_own(marks, org, id, &Desired::Gone, considered).await?);
    }
    Ok(())
}

/// What cannot be read about one person does not keep the others from being looked at: the queue asks again for this one.
async fn on_its_own(
    marks: &Marks<'_>,
    org: &Org,
    id: &str,
    desired: &Desired,
    considered: Result<Option<PersonOutlook>>,
) -> Result<Option<PersonOutlook>> {
    match considered {
        Err(error) if org.is_its_own(&error).await => {
            let closing = !matches!(desired, Desired::Open(_));
            marks.consider(Kind::User, id, closing, true, None).await?;
            Ok(None)
        }
        other => other,
    }
}

/// Asks the planner about one person, and marks the person where there is something to do.
async fn consider(
    (marks, now_ms): (&Marks<'_>, i64),
    listing: &Listing<'_>,
    id: &str,
    desired: &Desired,
    record: Option<&AccountRecord>,
    management: Option<&Management>,
) -> Result<Option<PersonOutlook>> {
    if management.is_some_and(|s| s.state == ManagementState::Unmanaged) {
        return Ok(None);
    }
    let link = record.map(input::link);
    let subject = Subject {
        tenant: marks.tenant,
        user_id: id,
        desired,
        link: link.as_ref(),
        management,
        provider: &input::provider_identity(listing.users.get(id)),
        now_ms,
        waited: false,
    };
    let observed = observe(listing, listing.org, &subject).await?;
    let mut plan = account::plan(desired, link.as_ref(), &observed, &input::rules(listing.org));
    let taking = braked::taking(id, desired, &plan, &observed);
    let by_admin = input::is_kept_closed(management);
    if !by_admin && taking.is_some_and(|taking| marks.rejected.contains(&taking)) {
        // An admin said no: that part is done with.
        if !matches!(desired, Desired::Open(_)) {
            return Ok(None);
        }
        braked::without_names(&mut plan);
    }
    let closing = !matches!(desired, Desired::Open(_));
    let seen_closed = record.is_some_and(|record| record.seen_closed_ms.is_some());
    if closing && seen_closed && !plan.finds_closed() {
        // From now on it is counted among those who must be out and are not.
        marks.found_open(id).await?;
    }
    let unseen = record.is_some() && closing && !seen_closed && plan.finds_closed();
    let outdated = unseen || record.is_some_and(|record| is_outdated(record, &plan));
    let due = !plan.actions.is_empty() || matches!(plan.end, End::Wait { .. }) || outdated;
    marks
        .consider(Kind::User, id, closing, due, plan.end.attention())
        .await?;
    let said = match desired {
        Desired::Open(_) => Said::Active,
        Desired::Closed(_) => Said::SwitchedOff,
        Desired::Gone => Said::Deleted,
    };
    let user = listing.users.get(id).and_then(|user| user.document.user_name());
    let name = user.or_else(|| record.map(|record| record.login.as_str()));
    Ok((!plan.actions.is_empty()).then(|| PersonOutlook {
        user_id: id.to_owned(),
        name: name.unwrap_or(id).to_owned(),
        said,
        actions: plan.actions,
    }))
}

/// What an earlier look remembered may be outdated without anything being to do: a sign-in brought the new name.
fn is_outdated(record: &AccountRecord, plan: &Plan) -> bool {
    let closed = match plan.end.access() {
        Some(Access::Closed { by, holds }) => (Some(by), holds),
        Some(Access::Left { holds }) => (Some(Deprovision::Suspend), holds),
        Some(Access::Open) => (None, None),
        Some(Access::None | Access::AtFirstSignIn) | None => (record.deprovisioned_by, record.holds),
    };
    // Deleted by hand, and only the next sign-in makes it again.
    let gone = plan.end.access() == Some(Access::AtFirstSignIn) && record.grafana_id.is_some();
    gone || (record.deprovisioned_by, record.holds) != closed
        || (plan.end.attention().is_none() && record.deferred != plan.end.deferred())
}

/// Accounts that were asked for when we died, for somebody who must have none by now: nothing else would look for them, and they would be
/// open. So long as the call may still be under way they are looked for at every comparison.
pub(super) async fn being_made(core: &Core, marks: &Marks<'_>) -> Result<()> {
    let now = core.clock.now_ms();
    for asked in core.store.account_creations(marks.tenant).await? {
        let id = asked.user_id.as_str();
        let user = core.store.user(marks.tenant, id).await?;
        let waits = marks.waiting.contains(&(Kind::User, id.to_owned()));
        let over = asked.looked_ms.is_some_and(|at| now.saturating_sub(at) > UNDER_WAY_MS);
        if waits || matches!(input::desired(user.as_ref(), None), Desired::Open(_)) {
            // It is looked for before anything else that is done for them.
        } else if over {
            core.store.clear_account_creation(id).await?;
        } else {
            core.store.note_account_lookup(id, now).await?;
            marks.consider(Kind::User, id, true, true, None).await?;
        }
    }
    Ok(())
}
