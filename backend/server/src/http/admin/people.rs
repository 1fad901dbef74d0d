//! `GET admin/users`: why does (or doesn't) this person have access? `POST admin/users/{id}/claim`, `…/release`, `…/keep-closed` and
//! `…/follow`: who decides about it.
//!
//! Owns: the handlers and how a person's state is put into words. Start at [`list`].

use admin_api::{Access, AttributeState, ClaimMeans, People, Person, PersonAttribute};
use axum::{Json, extract::Path, http::StatusCode};
use domain::{UserId, attention::Attention, settings::Linking, wording};

use super::{
    call::AdminCall,
    failure::{AdminFailure, Answer},
};
use store::{self, Attribute, Decided, Management, ManagementState, PeopleQuery, PersonRow, Waiting};

fn access(row: &PersonRow) -> Access {
    if row.management == Some(ManagementState::Unmanaged) {
        return Access::Released;
    }
    if row.kept_open_by.is_some() && !row.user.document.active() {
        return Access::KeptOpen;
    }
    if row.still_open {
        return Access::NotClosed;
    }
    match (&row.waiting, row.closed) {
        (Some(Waiting::Blocked(_)), _) => Access::NeedsAttention,
        (Some(Waiting::Pending(_)), _) => Access::Pending,
        // The engine is done, and makes no account before they sign in.
        (None, _) if row.wanted_open && row.account.is_none() => Access::WaitingForSignIn,
        (None, Some((_, Some(false)))) => Access::ClosedMayReturn,
        (None, Some(_)) => Access::Closed,
        (None, None) if row.wanted_open => Access::Active,
        // Inactive from the start: an account was never made.
        (None, None) => Access::Closed,
    }
}

fn note(row: &PersonRow) -> Option<String> {
    match access(row) {
        Access::Released => return Some(wording::NOT_MANAGED.to_owned()),
        Access::KeptOpen => return row.kept_open_by.as_deref().map(wording::open_by),
        Access::WaitingForSignIn => return Some(wording::WAITS_FOR_SIGN_IN.to_owned()),
        _ => {}
    }
    if let Some(waiting) = &row.waiting {
        let waits = waits_for(waiting);
        return waits.or_else(|| row.still_open.then(|| wording::NOT_CLOSED.to_owned()));
    }
    if row.still_open {
        return Some(wording::NOT_CLOSED.to_owned());
    }
    if row.management == Some(ManagementState::KeptClosed) {
        return Some(wording::KEPT_CLOSED.to_owned());
    }
    if let Some(note) = row.closed.and_then(|(by, holds)| wording::closed_note(by, holds)) {
        return Some(note.to_owned());
    }
    (!row.deferred.is_empty()).then(|| wording::deferred_note(&row.deferred))
}

/// Why a resource waits, and what to do where a person must do it.
pub(super) fn waits_for(waiting: &Waiting) -> Option<String> {
    match waiting {
        Waiting::Blocked(attention) => {
            let (why, step) = (wording::reason(attention), wording::next_step(attention));
            Some(format!("{why} {step}"))
        }
        Waiting::Pending(last) => last.as_ref().map(wording::problem),
    }
}

/// How far an attribute of the profile got, and why no further.
fn how_far(row: &PersonRow, attribute: Attribute) -> (AttributeState, Option<String>) {
    let said = |why: &str| Some(why.to_owned());
    match &row.waiting {
        Some(Waiting::Blocked(attention)) if attention.attributes().contains(&attribute) => {
            (AttributeState::Failed, Some(wording::reason(attention)))
        }
        Some(Waiting::Blocked(_)) => (AttributeState::Pending, said(wording::WAITS_FOR_YOU)),
        Some(Waiting::Pending(last)) => (AttributeState::Pending, last.as_ref().map(wording::problem)),
        None if row.account.is_none() => (AttributeState::Stored, said(wording::NO_ACCOUNT)),
        None if row.deferred.contains(&attribute) => (AttributeState::Deferred, said(wording::PROVIDER_OWNS_IT)),
        None => (AttributeState::Applied, None),
    }
}

/// What of the profile has reached Grafana.
fn attributes(row: &PersonRow) -> Vec<PersonAttribute> {
    let document = &row.user.document;
    // One made up from the userName is not sent.
    let says_name = document.display_name().is_some() || document.as_map().contains_key("name");
    let profile = [
        (Attribute::UserName, "Login", document.user_name().map(str::to_owned)),
        (Attribute::Emails, "Email", document.primary_email().map(str::to_owned)),
        (Attribute::Name, "Name", document.formatted_name().filter(|_| says_name)),
    ];
    profile
        .into_iter()
        .filter_map(|(attribute, name, value)| {
            let (state, reason) = how_far(row, attribute);
            Some(PersonAttribute {
                name: name.to_owned(),
                value: value?,
                state,
                reason,
            })
        })
        .collect()
}

/// What an admin's yes would mean for this person now.
fn claim_means(row: &PersonRow) -> Option<ClaimMeans> {
    match (row.management?, &row.waiting) {
        (ManagementState::Unmanaged, _) => Some(ClaimMeans::ManageAgain),
        (ManagementState::NeedsApproval, Some(Waiting::Blocked(attention))) => Some(match attention {
            Attention::DisabledByHand { .. } => ClaimMeans::OpenAgain,
            Attention::TakenOutByHand { .. } => ClaimMeans::JoinAgain,
            Attention::DeletedByHand { .. } => ClaimMeans::MakeAgain,
            Attention::LeaversAccount { .. } => ClaimMeans::SamePerson,
            _ => ClaimMeans::ManageThis,
        }),
        _ => None,
    }
}

fn person(row: PersonRow) -> Person {
    let (access, note) = (access(&row), note(&row));
    let kept_closed = row.management == Some(ManagementState::KeptClosed);
    let claim = claim_means(&row);
    let has_account = row.account.is_some() && access != Access::Released;
    let document = &row.user.document;
    let user_name = document.user_name().unwrap_or_default().to_owned();
    Person {
        name: document.formatted_name().unwrap_or_else(|| user_name.clone()),
        email: document.primary_email().map(str::to_owned),
        active: document.active(),
        access,
        grafana_id: row.account.map(|(id, _)| id).map(UserId::get),
        origin: row.account.map(|(_, origin)| origin),
        groups: row.groups,
        modified_ms: row.user.modified_ms,
        note,
        synced_ms: row.synced_ms,
        attributes: Vec::new(),
        claim,
        may_release: has_account,
        may_keep_closed: has_account && !kept_closed,
        may_follow: kept_closed,
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
                "access is one of: active, not_closed, closed, closed_may_return, pending, needs_attention, waiting_for_sign_in, released, kept_open.",
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

/// An admin says that the account which waits for the person is this person's, or takes back a released one.
/// `?password=keep`: its password stays as it is.
pub(in crate::http) async fn claim(call: AdminCall, Path(id): Path<String>) -> Answer<StatusCode> {
    let (api, ctx) = (&call.api, &call.context);
    if api.store.user(&ctx.tenant, &id).await?.is_none() {
        return Err(unknown());
    }
    let nothing = "There is nothing to approve: no account in Grafana waits for a decision about this person.";
    // Else it becomes random: another person may know it.
    let seen = Management {
        keep_password: call.text("password") == Some("keep"),
        ..api
            .store
            .management(&id)
            .await?
            .ok_or_else(|| AdminFailure::conflict(nothing))?
    };
    // No guard, as at a POST: that is the planner, which looks again. But a yes that can have no effect is not taken.
    let login = seen.login.to_lowercase();
    let org_id = ctx.tenant.org_id;
    if let Some(why) = api.control.protection(org_id, seen.grafana_id) {
        return Err(AdminFailure::conflict(format!(
            "Grafana's account “{login}” cannot be managed by SCIM: {}.",
            wording::protection(why)
        )));
    }
    decided(api.store.approve_claim(ctx, &id, &seen).await?, nothing)
}

/// What a decision about a person ended as, in an answer; `nothing`: why there was nothing to decide.
fn decided(decided: Decided, nothing: &str) -> Answer<StatusCode> {
    match decided {
        Decided::Done => Ok(StatusCode::NO_CONTENT),
        Decided::NoSuchUser => Err(unknown()),
        Decided::Nothing => Err(AdminFailure::conflict(nothing)),
    }
}

/// An admin says that Rollcall is to leave this person's account alone.
pub(in crate::http) async fn release(call: AdminCall, Path(id): Path<String>) -> Answer<StatusCode> {
    let done = call.api.store.stop_managing(&call.context, &id).await?;
    decided(done, "Rollcall manages no account of this person.")
}

/// An admin keeps this person out, whatever the identity provider says.
pub(in crate::http) async fn keep_closed(call: AdminCall, Path(id): Path<String>) -> Answer<StatusCode> {
    let done = call.api.store.keep_closed(&call.context, &id).await?;
    decided(
        done,
        "Rollcall manages no account of this person, or keeps it closed already.",
    )
}

/// An admin lets the identity provider decide again about a person who was kept closed.
pub(in crate::http) async fn follow(call: AdminCall, Path(id): Path<String>) -> Answer<StatusCode> {
    let done = call.api.store.follow_provider(&call.context, &id).await?;
    decided(done, "Nobody keeps this person closed.")
}
