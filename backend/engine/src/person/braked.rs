//! What the brake leaves of one person's plan.
//!
//! Owns: which steps take something away: those that close the account, and a change of login or
//! e-mail. Must never let a part of a closing through. Start at [`brake`].

use super::{input::is_kept_closed, record::Person};
use crate::{
    brake::{Asked, ask},
    error::Result,
    org::Org,
};
use domain::{
    account::{self, Action, Desired, Observed},
    brake::{Taking, Verdict},
};
use store::{BrakeState, HeldKind};

/// How a plan goes on.
pub(super) enum Braked {
    /// So: what is held or refused is not in it any more. `held`: something waits for an admin.
    Goes { plan: account::Plan, held: bool },
    /// The whole of it waits for an admin.
    Held,
    /// An admin keeps the account open.
    Kept,
}

/// Asks the brake about what is taken away, and takes out what it does not let through.
pub(super) async fn brake(
    person: &Person<'_>,
    org: &Org,
    desired: &Desired,
    observed: &Observed,
    mut plan: account::Plan,
) -> Result<Braked> {
    let closing = !matches!(desired, Desired::Open(_));
    let by_admin = is_kept_closed(person.management.as_ref());
    let taking = taking(&person.work.id, desired, &plan, observed).filter(|_| !by_admin);
    let asked: Vec<Asked> = taking.map(|taking| asked(person, taking)).into_iter().collect();
    forget_what_is_over(person, &asked).await?;
    let Some(verdict) = ask(person.core, org, person.work, &asked).await?.into_iter().next() else {
        return Ok(Braked::Goes { plan, held: false });
    };
    Ok(match (verdict, closing) {
        (Verdict::Goes { .. }, _) => Braked::Goes { plan, held: false },
        (Verdict::Held { .. }, true) => Braked::Held,
        (Verdict::Refused, true) => Braked::Kept,
        (Verdict::Held { .. } | Verdict::Refused, false) => {
            without_names(&mut plan);
            Braked::Goes {
                plan,
                held: matches!(verdict, Verdict::Held { .. }),
            }
        }
    })
}

/// What a plan takes away from a person, if anything.
pub(crate) fn taking(user_id: &str, desired: &Desired, plan: &account::Plan, observed: &Observed) -> Option<Taking> {
    let of = |kind, object| Taking {
        kind,
        subject: user_id.to_owned(),
        object,
    };
    match desired {
        Desired::Open(_) => renamed(plan, observed).map(|to| of(HeldKind::Rename, to)),
        Desired::Closed(_) | Desired::Gone => closes(plan).then(|| of(HeldKind::Close, String::new())),
    }
}

/// The plan without the step that writes login and e-mail.
pub(crate) fn without_names(plan: &mut account::Plan) {
    plan.actions.retain(|action| !matches!(action, Action::Update(_)));
}

fn asked(person: &Person<'_>, taking: Taking) -> Asked {
    let login = person.record.as_ref().map(|record| record.login.clone());
    Asked {
        name: login.unwrap_or_else(|| person.name.clone()),
        detail: taking.object.clone(),
        taking,
    }
}

/// Whether somebody loses access by it.
fn closes(plan: &account::Plan) -> bool {
    let takes = |action: &Action| {
        matches!(
            action,
            Action::Disable | Action::Delete(_) | Action::LeaveOrg(_) | Action::Logout
        )
    };
    plan.actions.iter().any(takes)
}

/// The login and e-mail that an account gets instead of its own.
fn renamed(plan: &account::Plan, observed: &Observed) -> Option<String> {
    let write = plan.actions.iter().find_map(|action| match action {
        Action::Update(write) => Some(write),
        _ => None,
    })?;
    let claimed = plan.actions.iter().find_map(|action| match action {
        Action::Claim { grafana_id, .. } => Some(*grafana_id),
        _ => None,
    });
    let others = observed.others.iter().map(|candidate| &candidate.account);
    let mut accounts = observed.linked.iter().chain(others);
    let account = match claimed {
        Some(id) => accounts.find(|account| account.id == id)?,
        None => accounts.next()?,
    };
    let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let is_same = same(&write.login, &account.login) && same(&write.email, &account.email);
    (!is_same).then(|| format!("{} {}", write.login, write.email))
}

/// What was held or decided, and is not asked for any more: the provider, or a hand, has undone it.
async fn forget_what_is_over(person: &Person<'_>, asked: &[Asked]) -> Result<()> {
    let (store, work) = (&person.core.store, person.work);
    let is_asked = |taking: &Taking| asked.iter().any(|asked| asked.taking == *taking);
    let over = |kind: HeldKind| move |d: &domain::brake::Decided| d.taking.kind == kind && d.state != BrakeState::Out;
    let known = store.brakes_of(&work.id).await?;
    for kind in [HeldKind::Close, HeldKind::Rename] {
        if known.iter().filter(|d| over(kind)(d)).any(|d| !is_asked(&d.taking)) {
            let asked: Vec<&Taking> = asked.iter().map(|asked| &asked.taking).collect();
            store.keep_only(&work.tenant, kind, &work.id, &asked).await?;
        }
    }
    Ok(())
}
