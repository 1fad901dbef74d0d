//! `admin/groups`, `admin/teams`, `admin/mappings`: which groups become which teams?
//!
//! Owns: the handlers of the strict table. Must never touch a team: a mapping is a row, and the engine does the rest.
//! Start at [`groups`].

mod edit;
mod preview;

use std::collections::HashMap;

use admin_api::{
    GroupRow, GroupStatus, Groups, MappingEdit, MappingKind, MappingMode, MappingOrigin, MappingRow, MemberPolicy,
    NewMapping, Team, Teams,
};
use axum::{Json, extract::Path, http::StatusCode};
use domain::{
    MappingId, TeamId,
    settings::{self, Effective, TeamClaim},
    status::TeamSeen,
};

use self::edit::{changeable, chosen_team, edited};
pub(in crate::http) use self::preview::preview;
use super::{
    call::{AdminCall, Body},
    failure::{AdminFailure, Answer},
    people::waits_for,
};
use store::{self, Action, GroupSummary, Kind, MappingRecord, TargetKind, Urgency, Waiting};

const MOST_TEAMS: usize = 50;

/// Whether the engine would make a mapping again at once.
fn is_made_again(m: &MappingRecord, effective: &Effective) -> bool {
    m.origin.is_by_mode() && effective.mapping_mode == MappingMode::Create && effective.team_claim == TeamClaim::Use
}

fn mapping_row(m: MappingRecord, teams: &[TeamSeen], effective: &Effective) -> MappingRow {
    let may_remove = !is_made_again(&m, effective);
    let now = m.team_id.and_then(|id| teams.iter().find(|t| t.id == id));
    MappingRow {
        id: m.id.get(),
        group_id: m.group_id,
        group_name: m.group_name,
        team_id: m.team_id.map(TeamId::get),
        team_name: now.map_or(m.team_name, |t| t.name.clone()),
        kind: if m.admins {
            MappingKind::Admin
        } else {
            MappingKind::Member
        },
        policy: if m.remove_others {
            MemberPolicy::Remove
        } else {
            MemberPolicy::Keep
        },
        paused: m.paused,
        origin: m.origin,
        may_remove,
    }
}

fn team(t: &TeamSeen) -> Team {
    Team {
        id: t.id.get(),
        name: t.name.clone(),
        members: t.members,
    }
}

fn group_row(summary: GroupSummary, mappings: Vec<MappingRow>, teams: &[TeamSeen]) -> GroupRow {
    let note = summary.waiting.as_ref().and_then(waits_for);
    let status = match &summary.waiting {
        Some(Waiting::Blocked(_)) => GroupStatus::NeedsAttention,
        Some(Waiting::Pending(_)) => GroupStatus::Pending,
        None if mappings.is_empty() => GroupStatus::NotMapped,
        None => GroupStatus::InSync,
    };
    let suggestion = teams
        .iter()
        .find(|t| mappings.is_empty() && t.name == summary.display_name);
    GroupRow {
        suggestion: suggestion.map(team),
        id: summary.id,
        display_name: summary.display_name,
        members: summary.members,
        mappings,
        status,
        note,
    }
}

pub(in crate::http) async fn groups(call: AdminCall) -> Answer<Json<Groups>> {
    let (api, ctx, org_id) = (&call.api, &call.context, call.org_id());
    let view = api.control.settings(org_id);
    let teams = api.control.teams(org_id);
    let mut by_group: HashMap<String, Vec<MappingRow>> = HashMap::new();
    for mapping in api.store.all_mappings(&ctx.tenant).await? {
        by_group
            .entry(mapping.group_id.clone())
            .or_default()
            .push(mapping_row(mapping, &teams, &view.effective));
    }
    let summaries = api.store.group_summaries(&ctx.tenant).await?;
    let groups = summaries
        .into_iter()
        .map(|summary| {
            let mappings = by_group.remove(&summary.id).unwrap_or_default();
            group_row(summary, mappings, &teams)
        })
        .collect();
    Ok(Json(Groups {
        mapping_mode: view.effective.mapping_mode,
        mapping_mode_locked: view
            .resolved
            .iter()
            .any(|r| r.name == "mapping_mode" && r.origin < settings::Origin::Page),
        group_sync: view.effective.group_sync,
        groups,
    }))
}

pub(in crate::http) async fn teams(call: AdminCall) -> Answer<Json<Teams>> {
    let wanted = call.text("query").unwrap_or_default().trim().to_lowercase();
    let mut teams: Vec<Team> = call
        .api
        .control
        .teams(call.org_id())
        .iter()
        .filter(|t| t.name.to_lowercase().contains(&wanted))
        .map(team)
        .collect();
    teams.sort_by_cached_key(|t| t.name.to_lowercase());
    teams.truncate(MOST_TEAMS);
    Ok(Json(Teams { teams }))
}

pub(in crate::http) async fn add(
    call: AdminCall,
    Body(wanted): Body<NewMapping>,
) -> Answer<(StatusCode, Json<MappingRow>)> {
    let (api, ctx) = (&call.api, &call.context);
    let group = api.store.group(&ctx.tenant, &wanted.group_id).await?;
    let teams = api.control.teams(ctx.tenant.org_id);
    let (team_id, team_name) = chosen_team(&wanted, group.as_ref(), &teams)?;
    // While the team is not made, only its name can tell that two rows would feed the same one.
    let existing = api.store.mappings_of_group(&ctx.tenant, &wanted.group_id).await?;
    if existing.iter().any(|m| m.team_name == team_name) {
        return Err(store::Error::MappingTaken.into());
    }
    let new = store::NewMapping {
        tenant: ctx.tenant.clone(),
        group_id: wanted.group_id,
        group_name: group
            .and_then(|group| group.document.display_name().map(str::to_owned))
            .unwrap_or_default(),
        team_id,
        team_name,
        admins: wanted.kind == MappingKind::Admin,
        remove_others: wanted.policy == MemberPolicy::Remove,
        origin: MappingOrigin::Page,
    };
    let record = api.store.add_mapping(&new, &ctx.correlation, ctx.now_ms).await?;
    let target = (TargetKind::Mapping, record.id.to_string(), &record.group_name);
    call.log(
        Action::MappingAdd,
        (target.0, &target.1, target.2),
        format!("to the team {}", record.team_name),
    )
    .await;
    Ok((
        StatusCode::CREATED,
        Json(mapping_row(
            record,
            &teams,
            &call.api.control.settings(call.org_id()).effective,
        )),
    ))
}

pub(in crate::http) async fn change(
    call: AdminCall,
    Path(id): Path<MappingId>,
    Body(edit): Body<MappingEdit>,
) -> Answer<Json<MappingRow>> {
    let (api, ctx) = (&call.api, &call.context);
    let before = changeable(&call, id).await?;
    let after = edited(before.clone(), &edit);
    if after != before {
        grant(&call, &before).await?;
        api.store.change_mapping(&after, &ctx.correlation, ctx.now_ms).await?;
        let action = match (before.paused, after.paused) {
            (false, true) => Action::MappingPause,
            (true, false) => Action::MappingResume,
            _ => Action::MappingUpdate,
        };
        let reason = format!(
            "to the team {}: as {}; people added by hand are {}",
            after.team_name,
            if after.admins { "admins" } else { "members" },
            if after.remove_others { "removed" } else { "kept" },
        );
        let target = (TargetKind::Mapping, id.to_string(), &after.group_name);
        call.log(action, (target.0, &target.1, target.2), reason).await;
    }
    let teams = api.control.teams(ctx.tenant.org_id);
    Ok(Json(mapping_row(
        after,
        &teams,
        &call.api.control.settings(call.org_id()).effective,
    )))
}

/// The admin was shown what follows, so the brake does not ask again.
async fn grant(call: &AdminCall, mapping: &MappingRecord) -> Answer<()> {
    if let Some(team_id) = mapping.team_id {
        call.api
            .store
            .grant(call.org_id(), team_id, call.context.now_ms)
            .await?;
    }
    Ok(())
}

pub(in crate::http) async fn remove(call: AdminCall, Path(id): Path<MappingId>) -> Answer<StatusCode> {
    let (api, ctx) = (&call.api, &call.context);
    let mapping = changeable(&call, id).await?;
    if is_made_again(&mapping, &call.api.control.settings(call.org_id()).effective) {
        return Err(AdminFailure::conflict(
            "In mode create every group has a team. Pause the mapping, set team_claim to “ask”, or switch to strict \
             to choose which.",
        ));
    }
    grant(&call, &mapping).await?;
    api.store.remove_mapping(id).await?;
    // Those we put into that team have to leave it, now that nothing feeds it.
    api.store
        .mark(&ctx.mark(Kind::Group, &mapping.group_id, Urgency::Normal))
        .await?;
    let id = id.to_string();
    let reason = format!("from the team {}", mapping.team_name);
    call.log(
        Action::MappingRemove,
        (TargetKind::Mapping, &id, &mapping.group_name),
        reason,
    )
    .await;
    Ok(StatusCode::NO_CONTENT)
}
