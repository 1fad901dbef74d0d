//! `GET admin/users`: why does (or doesn't) this person have access? `POST admin/users/{id}/claim` and `…/release`: who manages it.
//!
//! Owns: the handlers and how a person's state is put into words. Start at [`list`].

use admin_api::{Access, Attribute, AttributeState, People, Person};
use axum::{Json, extract::Path, http::StatusCode};
use domain::{
    account::is_not_applied,
    settings::{Linking, Rung},
};

use super::{
    call::AdminCall,
    failure::{AdminFailure, Answer},
};
use store::{self, Decided, ManagementState, PeopleQuery, PersonRow};

fn access(row: &PersonRow) -> Access {
    if row.management == Some(ManagementState::Unmanaged) {
        return Access::Released;
    }
    match (&row.waiting, row.closed) {
        (Some(w), _) if w.next_step.is_some() => Access::NeedsAttention,
        (Some(_), _) => Access::Pending,
        // The engine is done, and makes no account before he signs in.
        (None, _) if row.user.document.active() && row.account.is_none() => Access::WaitingForSignIn,
        (None, Some((_, Some(false)))) => Access::ClosedMayReturn,
        (None, Some(_)) => Access::Closed,
        (None, None) if row.user.document.active() => Access::Active,
        // Inactive from the start: an account was never made.
        (None, None) => Access::Closed,
    }
}

fn note(row: &PersonRow) -> Option<String> {
    match access(row) {
        Access::Released => {
            return Some("Rollcall leaves this account as it is, whatever the identity provider says.".to_owned());
        }
        Access::WaitingForSignIn => {
            return Some("Grafana has no account yet: it is linked as soon as this person has signed in.".to_owned());
        }
        _ => {}
    }
    if let Some(waiting) = &row.waiting {
        let problem = waiting.problem.clone()?;
        return Some(match &waiting.next_step {
            Some(step) => format!("{problem} {step}"),
            None => problem,
        });
    }
    if let Some(note) = row.closed.and_then(|(rung, holds)| closed_note(rung, holds)) {
        return Some(note.to_owned());
    }
    if row.deferred.is_empty() {
        return None;
    }
    let waiting = row.deferred.join(", ");
    Some(format!(
        "Waits for the next sign-in, because the single sign-on provider owns it: {waiting}."
    ))
}

/// How access was closed, where that is not plain, and what makes it hold where it does not.
fn closed_note(rung: Rung, holds: Option<bool>) -> Option<&'static str> {
    match (rung, holds) {
        (Rung::Disable | Rung::Tombstone, Some(false)) => Some(
            "A sign-in by LDAP enables the account again; the next check closes it once more. \
             Take this person out of the LDAP directory, or out of Grafana's search filter, to make it hold.",
        ),
        (Rung::Suspend, Some(false)) => Some(
            "The single sign-on provider may let this person in again; the next check closes the account once more. \
             Set skip_org_role_sync = true for the provider, or deprovision = closed, to make it hold.",
        ),
        (Rung::Delete, Some(false)) => Some(
            "The account was deleted. The next sign-in by the provider makes another one, which the next check deletes. \
             Set allow_sign_up = false for the provider, or deprovision = closed, to make it hold.",
        ),
        (Rung::Tombstone, _) => Some("The account was deleted and made again, disabled, under a new id."),
        (Rung::Delete, _) => {
            Some("The account was deleted. On return it is made anew, with its organizations, roles and teams.")
        }
        (Rung::Disable | Rung::Suspend, _) => None,
    }
}

/// What of the profile has reached Grafana. Names are those the planner defers by.
fn attributes(row: &PersonRow) -> Vec<Attribute> {
    let document = &row.user.document;
    let deferred = |name: &str| row.deferred.iter().any(|waits| waits == name);
    let told = row.waiting.as_ref().and_then(|waiting| waiting.problem.as_deref());
    let problem = told.unwrap_or_default();
    let needs_you = row.waiting.as_ref().is_some_and(|waiting| waiting.next_step.is_some());
    let said = |why: &str| Some(why.to_owned());
    let how_far = |name: &str| match &row.waiting {
        Some(_) if needs_you && (is_not_applied(problem) || (name != "name" && problem.contains("e-mail"))) => {
            (AttributeState::Failed, said(problem))
        }
        Some(_) if needs_you => (AttributeState::Pending, said("Waits for what needs you above.")),
        Some(_) => (AttributeState::Pending, told.map(str::to_owned)),
        None if row.account.is_none() => (AttributeState::Stored, said("There is no account in Grafana.")),
        None if deferred(name) => (
            AttributeState::Deferred,
            said(
                "The account belongs to a single sign-on provider, so Grafana refuses a change from elsewhere: \
                 it takes this over from the provider at the person's next sign-in.",
            ),
        ),
        None => (AttributeState::Applied, None),
    };
    // One made up from the userName is not sent.
    let says_name = document.display_name().is_some() || document.as_map().contains_key("name");
    let profile = [
        ("userName", "Login", document.user_name().map(str::to_owned)),
        ("emails", "Email", document.primary_email().map(str::to_owned)),
        ("name", "Name", document.formatted_name().filter(|_| says_name)),
    ];
    profile
        .into_iter()
        .filter_map(|(key, name, value)| {
            let (state, reason) = how_far(key);
            Some(Attribute {
                name: name.to_owned(),
                value: value?,
                state,
                reason,
            })
        })
        .collect()
}

fn person(row: PersonRow) -> Person {
    let (access, note) = (access(&row), note(&row));
    let asked = row.management == Some(ManagementState::NeedsApproval) && access == Access::NeedsAttention;
    let document = &row.user.document;
    let user_name = document.user_name().unwrap_or_default().to_owned();
    Person {
        name: document.formatted_name().unwrap_or_else(|| user_name.clone()),
        email: document.primary_email().map(str::to_owned),
        active: document.active(),
        access,
        grafana_id: row.account.map(|(id, _)| id),
        origin: row.account.map(|(_, origin)| origin),
        groups: row.groups,
        modified_ms: row.user.modified_ms,
        note,
        synced_ms: row.synced_ms,
        attributes: Vec::new(),
        may_claim: asked || access == Access::Released,
        may_release: row.account.is_some() && access != Access::Released,
        id: row.user.id,
        user_name,
    }
}

pub(in crate::http) async fn list(call: AdminCall) -> Answer<Json<People>> {
    let (api, ctx) = (&call.api, &call.context);
    let mut wanted = PeopleQuery::default();
    wanted.text = call.text("query").unwrap_or_default().to_owned();
    wanted.after = call.text("after").map(str::to_owned);
    wanted.count = call.count()?;
    wanted.id = call.text("id").map(str::to_owned);
    wanted.group = call.text("group").map(str::to_owned);
    let access = call.text("access");
    if let Some(access) = access {
        wanted = wanted.with_access(access).ok_or_else(|| {
            AdminFailure::invalid(
                "access",
                "access is one of: active, closed, closed_may_return, pending, needs_attention, waiting_for_sign_in, released.",
            )
        })?;
    }
    let mut counts = Vec::new();
    if wanted.id.is_none() && wanted.group.is_none() {
        let linking = api.control.settings(ctx.tenant.org_id).effective.linking;
        let by_access = api
            .store
            .access_counts(&ctx.tenant, &wanted.text, linking == Linking::FirstLogin)
            .await?;
        wanted.total = Some(match access {
            Some(access) => by_access.get(access).copied().unwrap_or_default(),
            None => by_access.values().sum(),
        });
        counts = by_access
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect();
    }
    let (total, rows, next) = api.store.people(&ctx.tenant, &wanted).await?;
    let all_of_it = wanted.id.is_some();
    let shown = |row: PersonRow| Person {
        attributes: if all_of_it { attributes(&row) } else { Vec::new() },
        ..person(row)
    };
    Ok(Json(People {
        total,
        counts,
        users: rows.into_iter().map(shown).collect(),
        next,
    }))
}

fn unknown() -> AdminFailure {
    AdminFailure::new(StatusCode::NOT_FOUND, "There is no such user any more.")
}

/// An admin says that the account which waits for him is this person's, or takes back a released one.
pub(in crate::http) async fn claim(call: AdminCall, Path(id): Path<String>) -> Answer<StatusCode> {
    let (api, ctx) = (&call.api, &call.context);
    if api.store.user(&ctx.tenant, &id).await?.is_none() {
        return Err(unknown());
    }
    let nothing = || {
        AdminFailure::conflict(
            "There is nothing to approve: no account in Grafana waits for a decision about this person.",
        )
    };
    let seen = api.store.management(&id).await?.ok_or_else(nothing)?;
    // No guard, as at a POST: that is the planner, which looks anew. But a yes that can have no effect is not taken.
    let login = seen.login.to_lowercase();
    let org_id = ctx.tenant.org_id;
    if api.control.is_server_admin(org_id, &login) {
        return Err(AdminFailure::conflict(format!(
            "Grafana's account “{login}” is a server admin and cannot be managed by SCIM."
        )));
    }
    if api.control.settings(org_id).effective.break_glass.contains(&login) {
        return Err(AdminFailure::conflict(format!(
            "Grafana's account “{login}” is on the break-glass list and cannot be managed by SCIM."
        )));
    }
    match api.store.approve_claim(ctx, &id, &seen).await? {
        Decided::Done => {}
        Decided::NoSuchUser => return Err(unknown()),
        Decided::Nothing => return Err(nothing()),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// An admin says that Rollcall is to leave this person's account alone.
pub(in crate::http) async fn release(call: AdminCall, Path(id): Path<String>) -> Answer<StatusCode> {
    let (api, ctx) = (&call.api, &call.context);
    match api.store.stop_managing(ctx, &id).await? {
        Decided::Done => Ok(StatusCode::NO_CONTENT),
        Decided::NoSuchUser => Err(unknown()),
        Decided::Nothing => Err(AdminFailure::conflict("Rollcall manages no account of this person.")),
    }
}
