//! One SCIM user: observe the account, ask for a plan, act, look again, record.
//!
//! Owns: the order of it, and that no two people with one name are worked on at once. Must never decide what the account should look
//! like (`domain::account` does). Start at [`sync`]; then `person/observe.rs`, `person/act.rs` and
//! `person/record.rs`.

mod act;
pub(crate) mod braked;
mod hand_over;
pub(crate) mod input;
mod join;
pub(crate) mod live;
pub(crate) mod observe;
mod record;
mod turn;

use domain::{
    account::{self, Action, Desired, End},
    attention::{Attention, Delay},
    operation::Purpose,
    store_identity,
};

pub(super) use self::record::Recorded;
use self::{
    braked::{Braked, brake},
    input::{desired, link, names, provider_identity, rules},
    live::Live,
    observe::{Subject, observe},
    record::{Person, teams_view},
    turn::Turn,
};
use super::{
    context::Core,
    error::{Result, SyncError},
    org::Org,
    reservation::Reservation,
};
use store::{AccountRecord, Management, ManagementState, UserRecord, Work};

/// Look, act, look: once more for what a first plan could not know, and then it is Grafana that does not do as it says.
const LOOKS: usize = 4;

/// Makes one person's account match. Others may be worked on meanwhile, but none with the same name.
pub(super) async fn sync(core: &Core, org: &Org, work: &Work) -> Result<Recorded> {
    let (user, record, _reservation) = reserve(core, org, work).await?;
    let management = core.store.management(&work.id).await?;
    if management
        .as_ref()
        .is_some_and(|m| m.state == ManagementState::Unmanaged)
    {
        return leave_alone(core, work, user.is_none()).await;
    }
    let desired = desired(user.as_ref(), management.as_ref());
    let recognised = org.status.store;
    if matches!(desired, Desired::Open(_)) && !recognised.may_open() {
        // It was to be closed a moment ago.
        return Err(SyncError::NotYet(Delay::StoreNotRecognised));
    }
    let mut person = person_of(core, work, user.as_ref(), record, management);
    person.adopt(org).await?;
    let rules = rules(org);
    let mut turn = Turn::new(&desired, &rules);
    let mut done: Vec<Action> = Vec::new();
    for _ in 0..LOOKS {
        let link = person.record.as_ref().map(link);
        let subject = Subject {
            tenant: &work.tenant,
            user_id: &work.id,
            desired: &desired,
            link: link.as_ref(),
            management: person.management.as_ref(),
            provider: &person.provider,
            now_ms: core.clock.now_ms(),
            waited: work.attempts > 0,
        };
        let mut observed = observe(&Live { core, org }, org, &subject).await?;
        observed.refused_by.clone_from(&turn.refused_by);
        if std::mem::take(&mut turn.made) {
            person.learn_own_org(&observed).await?;
            // The next look knows it.
            observed.linked.iter_mut().for_each(|account| {
                let own = person.record.as_ref().and_then(|r| r.history.own_org);
                account.alone_in.extend(own);
            });
        }
        let plan = account::plan(&desired, link.as_ref(), &observed, &rules);
        let plan = store_identity::permitted(recognised, plan);
        let (plan, held) = match brake(&person, org, &desired, &observed, plan).await? {
            Braked::Goes { plan, held } => (plan, held),
            Braked::Held => return Err(SyncError::NotYet(Delay::Held)),
            Braked::Kept => {
                core.store.finish(work).await?;
                return Ok(Recorded);
            }
        };
        if plan.actions.is_empty() {
            person.ask(plan.end.question()).await?;
            let end = match &plan.end {
                _ if held => Err(SyncError::NotYet(Delay::Held)),
                _ if turn.refusal.is_some() => turn.refusal.take().map_or(Ok(Recorded), Err),
                End::Done { .. } => Ok(Recorded),
                End::Blocked { attention, .. } => Err(SyncError::Attention(attention.clone())),
                End::Wait { delay, .. } => {
                    person.tell_who_leaves(&observed).await?;
                    Err(SyncError::NotYet(delay.clone()))
                }
            };
            return person.settle(&plan, &observed, end).await;
        }
        let names_only = |a: &Action| matches!(a, Action::Update(_) | Action::MoveAside { .. });
        if plan.actions == done && plan.actions.iter().all(names_only) {
            // All else is done; another try would be another mail.
            let end = Err(SyncError::Attention(Attention::ProfileNotApplied {
                login: person.name.clone(),
            }));
            return person.settle(&plan, &observed, end).await;
        }
        turn.run(&mut person, org, &plan, &observed).await?;
        done = plan.actions;
    }
    Err(SyncError::NotYet(Delay::AccountUnchanged))
}

/// An admin said so: Grafana's account stays as it is, and with the SCIM user the last thing that is ours goes.
async fn leave_alone(core: &Core, work: &Work, gone: bool) -> Result<Recorded> {
    if gone {
        core.store.forget_unmanaged(&work.id).await?;
    }
    core.store.finish(work).await?;
    Ok(Recorded)
}

fn person_of<'a>(
    core: &'a Core,
    work: &'a Work,
    user: Option<&UserRecord>,
    record: Option<AccountRecord>,
    management: Option<Management>,
) -> Person<'a> {
    let name = match (user, &record) {
        (Some(user), _) => user.document.user_name().unwrap_or_default().to_owned(),
        (None, Some(record)) => record.login.clone(),
        (None, None) => work.id.clone(),
    };
    let purpose = match desired(user, management.as_ref()) {
        Desired::Open(_) => Purpose::Change,
        Desired::Closed(_) | Desired::Gone => Purpose::Closing,
    };
    Person {
        core,
        work,
        name,
        told: record.as_ref().map(teams_view),
        record,
        management,
        provider: provider_identity(user),
        gone: user.is_none(),
        purpose,
    }
}

/// The person and the account as stored, once nobody else who shares a name is worked on.
async fn reserve<'a>(
    core: &Core,
    org: &'a Org,
    work: &Work,
) -> Result<(Option<UserRecord>, Option<AccountRecord>, Reservation<'a>)> {
    loop {
        let freed = org.reservations.freed();
        let user = core.store.user(&work.tenant, &work.id).await?;
        let record = core.store.account(&work.id).await?;
        let names = names(
            &desired(user.as_ref(), None),
            record.as_ref(),
            &provider_identity(user.as_ref()),
        );
        if let Some(reservation) = org.reservations.hold(names) {
            return Ok((user, record, reservation));
        }
        freed.await;
    }
}
