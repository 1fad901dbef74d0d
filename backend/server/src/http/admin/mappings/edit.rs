//! What an admin may do to a mapping.
//!
//! Owns: the checks that a change and its preview have in common. Must never write. Start at
//! [`changeable`].

use admin_api::{MappingEdit, MappingKind, MemberPolicy, NewMapping};
use axum::http::StatusCode;
use domain::{MappingId, TeamId, status::TeamSeen};
use store::{GroupRecord, MappingRecord};

use crate::http::admin::{
    call::AdminCall,
    failure::{AdminFailure, Answer},
};

/// Grafana's column has room for 190 characters.
const LONGEST_TEAM_NAME: usize = 190;

/// The team a new mapping is about: one that is there, or the name of one to be made.
pub(super) fn chosen_team(
    wanted: &NewMapping,
    group: Option<&GroupRecord>,
    teams: &[TeamSeen],
) -> Answer<(Option<TeamId>, String)> {
    if group.is_none() {
        return Err(AdminFailure::invalid("group_id", "This group does not exist any more."));
    }
    match (wanted.team_id, wanted.new_team.as_deref().map(str::trim)) {
        (Some(id), None) => {
            let found = teams.iter().find(|t| t.id == TeamId::new(id));
            let found = found.ok_or_else(|| {
                AdminFailure::invalid(
                    "team_id",
                    "This team is not in Grafana. If it is new, press Check now first.",
                )
            })?;
            Ok((Some(TeamId::new(id)), found.name.clone()))
        }
        (None, Some("")) => Err(AdminFailure::invalid("new_team", "Give the new team a name.")),
        (None, Some(name)) if name.chars().count() > LONGEST_TEAM_NAME => Err(AdminFailure::invalid(
            "new_team",
            format!("A team's name has at most {LONGEST_TEAM_NAME} characters."),
        )),
        (None, Some(name)) => Ok((None, name.to_owned())),
        _ => Err(AdminFailure::invalid(
            "team_id",
            "Choose a team, or name a new one: one of the two.",
        )),
    }
}

/// A mapping that the page may change.
pub(super) async fn changeable(call: &AdminCall, id: MappingId) -> Answer<MappingRecord> {
    let missing = || AdminFailure::new(StatusCode::NOT_FOUND, "This mapping does not exist any more.");
    let mapping = call.api.store.mapping(&call.context.tenant, id).await?;
    mapping.ok_or_else(missing)
}

/// The mapping with what an admin wants of it.
pub(super) fn edited(mut mapping: MappingRecord, edit: &MappingEdit) -> MappingRecord {
    mapping.admins = edit.kind == MappingKind::Admin;
    mapping.remove_others = edit.policy == MemberPolicy::Remove;
    mapping.paused = edit.paused;
    mapping
}
