//! The team of a name: there already, archived earlier, or made now.
//!
//! Owns: whether a team that is there may be used, and that a team we make is known as ours whatever happens. Must never put anybody
//! into it. Start at [`ensure`].

use std::time::Instant;

use domain::{
    MappingId, TeamId,
    attention::{Attention, Operation, Reading},
    operation::Purpose,
    settings::{MappingMode, TeamClaim},
    team::{MadeAdmin, archived_name, name_before_archive},
};

use super::{
    context::{Core, elapsed},
    error::{Result, SyncError, looking},
    failpoints::{AFTER_CALL, BEFORE_CALL},
    org::Org,
    team_log::log,
};
use grafana::{Error, Team};
use store::{Action as Done, MappingOrigin, MappingRecord, Work};

/// What was found or made for a name.
pub(super) struct ByName {
    pub(super) team: Team,
    /// Somebody had made it, and no admin named it for this group.
    pub(super) by_hand: bool,
}

impl From<Team> for ByName {
    fn from(team: Team) -> Self {
        Self { team, by_hand: false }
    }
}

/// The team of a name: there, archived earlier, or made now. What was noted about making it stays until it is on disk whose it is. `None`:
/// the mapping that asked for it was removed or paused meanwhile.
pub(super) async fn ensure(
    core: &Core,
    org: &Org,
    work: &Work,
    name: &str,
    mapping: Option<&MappingRecord>,
) -> Result<Option<ByName>> {
    let found = org.grafana.team_named(name).await.map_err(looking(Reading::Teams))?;
    let archived = match found {
        Some(_) => None,
        None => archived(org, name).await?,
    };
    if let Some(mapping) = mapping
        && in_force(core, work, mapping.id).await?.is_none()
    {
        return Ok(None);
    }
    let origin = mapping.map_or(MappingOrigin::Create, |mapping| mapping.origin);
    let team = match (found, archived) {
        (Some(team), _) => claim(core, org, work, team, origin).await?,
        (None, Some(team)) => team.into(),
        (None, None) => make(core, org, work, name).await?.into(),
    };
    Ok(Some(team))
}

/// A team that was there before has rights, and the name of a group, which the provider chooses, decides whose people get them.
async fn claim(core: &Core, org: &Org, work: &Work, team: Team, origin: MappingOrigin) -> Result<ByName> {
    let mappings = core.store.mappings_of_group(&work.tenant, &work.id).await?;
    // An admin typed its name, or mapped the group to it.
    if origin == MappingOrigin::Page || mappings.iter().any(|m| m.team_id == Some(team.id)) {
        return Ok(team.into());
    }
    match org.settings.effective.team_claim {
        TeamClaim::Use => Ok(ByName { team, by_hand: true }),
        TeamClaim::Ask => Err(SyncError::Attention(Attention::TeamClaimNeedsApproval {
            team: team.name,
            team_id: team.id,
        })),
    }
}

async fn make(core: &Core, org: &Org, work: &Work, name: &str) -> Result<Team> {
    core.go_on_with(&org.settings)?;
    let now = core.clock.now_ms();
    core.store.note_team_creation(&work.tenant, &work.id, name, now).await?;
    core.failpoints.reach(BEFORE_CALL);
    let began = Instant::now();
    let created = org.grafana.writer(Purpose::Change).create_team(name).await;
    core.failpoints.reach(AFTER_CALL);
    let id = match created {
        Ok(id) => id,
        Err(error) => {
            // A name that was free a moment ago and is taken now may be taken by a call of ours that was still under way.
            if error.says_no() && !matches!(error, Error::Conflict(_)) {
                forget(core, work, name).await?;
            }
            let operation = Operation::CreateTeam { team: name.to_owned() };
            return Err(SyncError::of_call(
                Some(Done::TeamCreate),
                operation,
                error,
                elapsed(began),
            ));
        }
    };
    remember_ourselves(core, org, id).await?;
    let team = Team {
        id,
        name: name.to_owned(),
        email: String::new(),
        member_count: 0,
    };
    log(core, org, work, Done::TeamCreate, &team, None, elapsed(began)).await?;
    Ok(team)
}

/// A person who creates a team becomes its admin (G36): remembered as somebody we put there, so the plan takes us out.
pub(super) async fn remember_ourselves(core: &Core, org: &Org, team_id: TeamId) -> Result<()> {
    if org.grafana.has_token() {
        return Ok(());
    }
    let me = org.grafana.me().await.map_err(looking(Reading::OwnAccount))?;
    let mut base = core.store.applied_members(org.id(), team_id).await?;
    base.insert(me.id, MadeAdmin::No);
    Ok(core.store.set_applied_members(org.id(), team_id, &base).await?)
}

/// The team this name had before its group was deleted: the group is back, and so is the team, with its folder permissions.
async fn archived(org: &Org, name: &str) -> Result<Option<Team>> {
    if org.settings.effective.mapping_mode != MappingMode::Create {
        return Ok(None);
    }
    let like = archived_name(name);
    let like = like.strip_suffix(')').unwrap_or(&like);
    let teams = org.grafana.teams_like(like).await.map_err(looking(Reading::Teams))?;
    Ok(teams
        .into_iter()
        .find(|t| name_before_archive(&t.name, t.id) == Some(name)))
}

/// A mapping as it is now, if it is neither removed nor paused. A sync takes its time, and an admin may decide meanwhile.
pub(super) async fn in_force(core: &Core, work: &Work, id: MappingId) -> Result<Option<MappingRecord>> {
    let mapping = core.store.mapping(&work.tenant, id).await?;
    Ok(mapping.filter(|mapping| !mapping.paused))
}

/// It is on disk whose the team of this name is, or there is none.
pub(super) async fn forget(core: &Core, work: &Work, name: &str) -> Result<()> {
    Ok(core.store.clear_team_creation(&work.tenant, &work.id, name).await?)
}
