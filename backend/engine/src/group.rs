//! One SCIM group: find or make its teams, and make each match.
//!
//! Owns: which team a group gets, and the order in which a team is changed and remembered. Must never delete and recreate a team, and
//! never touch one that no mapping names. Start at [`sync`].

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use domain::{
    MappingId, TeamId, Tenant, UserId,
    attention::{Delay, Operation, Reading},
    brake::{Taking, Verdict},
    operation::Purpose,
    settings::{MappingMode, TeamRemoval},
    team::{self, Action},
};

use super::{
    brake::{Asked, ask},
    context::{Core, UNDER_WAY_MS, elapsed},
    error::{Result, SyncError, looking},
    failpoints::{AFTER_CALL, BEFORE_CALL},
    org::Org,
    roster::{Roster, TeamContext},
    team_by_name::{ByName, ensure, forget, in_force, remember_ourselves},
    team_log::{log, log_people, unmanaged},
};
use grafana::Team;
use store::{self, Action as Done, HeldKind, Kind, MappingOrigin, MappingRecord, NewMapping, Work};

/// Makes every team of one group match.
pub(super) async fn sync(core: &Core, org: &mut Org, work: &Work) -> Result<()> {
    if !org.settings.effective.group_sync {
        // Users only (R34): stored and shown. Turning group sync on marks every group.
        return Ok(());
    }
    let mut mappings = core.store.mappings_of_group(&work.tenant, &work.id).await?;
    let group = core.store.group(&work.tenant, &work.id).await?;
    adopt(core, org, work, group.is_some(), &mut mappings).await?;
    let Some(group) = group else {
        return gone(core, org, work, mappings).await;
    };
    let name = group.document.display_name().unwrap_or_default().to_owned();
    if mappings.is_empty() {
        if org.settings.effective.mapping_mode == MappingMode::Strict || name.trim().is_empty() {
            return Ok(());
        }
        mappings.extend(map_by_name(core, org, work, &name).await?);
    }
    let mut attention = None;
    for mapping in mappings.into_iter().filter(|m| !m.paused) {
        // One team that needs a person does not hold the group's other teams.
        match one_team(core, org, work, mapping.id).await {
            Err(SyncError::Attention(a)) => attention = Some(a),
            other => other?,
        }
    }
    attention.map_or(Ok(()), |a| Err(SyncError::Attention(a)))
}

/// Grafana was asked for a team, and we died, or its answer was lost, before it was on disk whose it is: it is that group's, even if the
/// group was renamed or deleted meanwhile. Else it would stay behind, with nobody in it, without end. Every comparison marks the groups
/// with such a note, so nothing depends on a mark that was there when we died.
async fn adopt(core: &Core, org: &mut Org, work: &Work, lives: bool, mappings: &mut Vec<MappingRecord>) -> Result<()> {
    let noted = core.store.team_creations(&work.tenant).await?;
    for note in noted.into_iter().filter(|note| note.group_id == work.id) {
        let found = org
            .grafana
            .team_named(&note.name)
            .await
            .map_err(looking(Reading::Teams))?;
        let Some(team) = found else {
            if core.clock.now_ms().saturating_sub(note.since_ms) > UNDER_WAY_MS {
                forget(core, work, &note.name).await?;
            }
            continue;
        };
        if core.store.mappings_of_team(org.id(), team.id).await?.is_empty() && is_as_made(org, team.id).await? {
            remember_ourselves(core, org, team.id).await?;
            let unmade = |m: &&mut MappingRecord| m.team_id.is_none() && m.team_name == note.name;
            let create = org.settings.effective.mapping_mode == MappingMode::Create;
            if let Some(mapping) = mappings.iter_mut().find(unmade) {
                mapping.origin = made_or_used(mapping.origin, false);
                core.store.set_mapping_team(mapping, Some(team.id), &team.name).await?;
                mapping.team_id = Some(team.id);
            } else if lives && create && mappings.is_empty() {
                mappings.extend(map(core, work, &note.name, ByName::from(team)).await?);
            } else {
                // Its group is gone, or has a team by now.
                let context = TeamContext {
                    removal: Some(removal(org, MappingOrigin::Create)),
                    ..TeamContext::default()
                };
                settle(core, org, work, team.id, context).await?;
            }
        }
        forget(core, work, &note.name).await?;
    }
    Ok(())
}

/// What becomes of a team that no group feeds any more: only what we made ourselves is archived or deleted.
pub(super) fn removal(org: &Org, origin: MappingOrigin) -> TeamRemoval {
    let effective = &org.settings.effective;
    if origin == MappingOrigin::Create && effective.mapping_mode == MappingMode::Create {
        effective.team_removal
    } else {
        TeamRemoval::Keep
    }
}

/// Whether nobody has used a team yet: somebody else may have made one of that name, and it is theirs.
async fn is_as_made(org: &Org, team_id: TeamId) -> Result<bool> {
    let me = org.grafana.me().await.map_err(looking(Reading::OwnAccount))?.id;
    let members = org
        .grafana
        .team_members(team_id)
        .await
        .map_err(looking(Reading::TeamMembers))?;
    Ok(members.is_some_and(|members| members.all && members.shown.iter().all(|member| member.user_id == me)))
}

async fn one_team(core: &Core, org: &mut Org, work: &Work, id: MappingId) -> Result<()> {
    // Twice: a team that was deleted by hand is made again, under its old mapping.
    for _ in 0..2 {
        let Some(mut mapping) = in_force(core, work, id).await? else {
            return Ok(());
        };
        if mapping.team_id.is_none() {
            mapping = match first_team(core, org, work, mapping).await? {
                Some(mapping) => mapping,
                None => return Ok(()),
            };
        }
        let Some(team_id) = mapping.team_id else { return Ok(()) };
        let context = TeamContext {
            attempts: work.attempts,
            ..TeamContext::default()
        };
        match settle(core, org, work, team_id, context).await? {
            Some(name) => {
                if name != mapping.team_name {
                    core.store.set_mapping_team(&mapping, Some(team_id), &name).await?;
                }
                return Ok(());
            }
            None => {
                core.store
                    .set_applied_members(org.id(), team_id, &BTreeMap::new())
                    .await?;
                core.store.set_mapping_team(&mapping, None, &mapping.team_name).await?;
            }
        }
    }
    Err(SyncError::NotYet(Delay::TeamDisappears))
}

/// Whether the team of a mapping of mode *create* was made by us, as of now: one that was deleted by hand is another one afterwards.
fn made_or_used(origin: MappingOrigin, by_hand: bool) -> MappingOrigin {
    match (origin.is_by_mode(), by_hand) {
        (false, _) => origin,
        (true, false) => MappingOrigin::Create,
        (true, true) => MappingOrigin::Use,
    }
}

/// A mapping that has only its team's name, with its team; `None` where it needs none any more.
async fn first_team(core: &Core, org: &Org, work: &Work, mapping: MappingRecord) -> Result<Option<MappingRecord>> {
    let found = ensure(core, org, work, &mapping.team_name, Some(&mapping)).await?;
    let Some(ByName { team, by_hand }) = found else {
        return Ok(None);
    };
    let name = mapping.team_name.clone();
    let mapping = MappingRecord {
        team_id: Some(team.id),
        team_name: team.name.clone(),
        origin: made_or_used(mapping.origin, by_hand),
        ..mapping
    };
    match core.store.set_mapping_team(&mapping, mapping.team_id, &team.name).await {
        Ok(()) => {}
        // The group feeds that team already: one mapping is enough.
        Err(store::Error::MappingTaken) => {
            core.store.remove_mapping(mapping.id).await?;
            return Ok(None);
        }
        Err(e) => return Err(e.into()),
    }
    forget(core, work, &name).await?;
    if by_hand {
        log(core, org, work, Done::TeamUse, &team, None, 0).await?;
    }
    Ok(Some(mapping))
}

/// Mode *create*: a team of the group's name is used, where `team_claim` says so, else made (R23, R24).
async fn map_by_name(core: &Core, org: &Org, work: &Work, name: &str) -> Result<Option<MappingRecord>> {
    let Some(found) = ensure(core, org, work, name, None).await? else {
        return Ok(None);
    };
    let used = found.by_hand.then(|| found.team.clone());
    let mapping = map(core, work, name, found).await?;
    forget(core, work, name).await?;
    if let (Some(team), Some(_)) = (used, &mapping) {
        log(core, org, work, Done::TeamUse, &team, None, 0).await?;
    }
    Ok(mapping)
}

/// The mapping that mode *create* makes.
async fn map(core: &Core, work: &Work, name: &str, of: ByName) -> Result<Option<MappingRecord>> {
    let new = NewMapping {
        tenant: work.tenant.clone(),
        group_id: work.id.clone(),
        group_name: name.to_owned(),
        team_id: Some(of.team.id),
        team_name: of.team.name,
        admins: false,
        remove_others: false,
        origin: made_or_used(MappingOrigin::Create, of.by_hand),
    };
    let now = core.clock.now_ms();
    match core.store.add_mapping(&new, &work.correlation, now).await {
        Ok(mapping) => Ok(Some(mapping)),
        // An admin mapped it a moment ago, which marked the group again.
        Err(store::Error::MappingTaken) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// The group was deleted in the identity provider (R29).
async fn gone(core: &Core, org: &mut Org, work: &Work, mappings: Vec<MappingRecord>) -> Result<()> {
    for mapping in mappings {
        let Some(mapping) = in_force(core, work, mapping.id).await? else {
            continue;
        };
        if let Some(team_id) = mapping.team_id {
            let context = TeamContext {
                without: Some(mapping.id),
                removal: Some(removal(org, mapping.origin)),
                attempts: work.attempts,
                by_admin: false,
                names: None,
            };
            settle(core, org, work, team_id, context).await?;
        }
        core.store.remove_mapping_in_force(mapping.id).await?;
    }
    Ok(())
}

/// A team no mapping feeds any more: those we put there leave.
pub(super) async fn empty_orphan(core: &Core, org: &mut Org, team_id: TeamId) -> Result<()> {
    let work = Work {
        tenant: Tenant::of_org(org.id()),
        kind: Kind::Group,
        id: team_id.to_string(),
        generation: 0,
        closing: false,
        since_ms: core.clock.now_ms(),
        attempts: 0,
        correlation: core.ids.correlation(),
        told: None,
    };
    let context = TeamContext {
        removal: Some(TeamRemoval::Keep),
        by_admin: true,
        ..TeamContext::default()
    };
    if settle(core, org, &work, team_id, context).await?.is_none() {
        core.store
            .set_applied_members(org.id(), team_id, &BTreeMap::new())
            .await?;
    }
    Ok(())
}

/// Asks the brake about the people that the groups take out of the team, and about the team itself where it goes with them.
async fn brake(core: &Core, org: &Org, work: &Work, roster: &mut Roster) -> Result<()> {
    let team = &roster.team;
    let leaving = team::leaving(&roster.desired, &roster.observed);
    let owners = core.store.account_owners(&leaving).await?;
    let leaves = |id: &UserId| {
        let owner = owners.get(id).cloned();
        let (subject, name) = owner.unwrap_or_else(|| (unmanaged(*id), format!("Grafana user {id}")));
        Asked {
            taking: Taking {
                kind: HeldKind::LeaveTeam,
                subject,
                object: team.id.to_string(),
            },
            name,
            detail: team.name.clone(),
        }
    };
    let mut asked: Vec<Asked> = leaving.iter().map(leaves).collect();
    let takings: Vec<&Taking> = asked.iter().map(|asked| &asked.taking).collect();
    let of = team.id.to_string();
    core.store
        .keep_only(&work.tenant, HeldKind::LeaveTeam, &of, &takings)
        .await?;
    if roster.desired.ended == Some(TeamRemoval::Remove) {
        asked.push(Asked {
            taking: Taking {
                kind: HeldKind::DeleteTeam,
                subject: work.id.clone(),
                object: of,
            },
            name: team.name.clone(),
            detail: team.name.clone(),
        });
    }
    let verdicts = ask(core, org, work, &asked).await?;
    match verdicts.get(leaving.len()) {
        // With the team its people go: all of it waits.
        Some(Verdict::Held { .. }) => return Err(SyncError::NotYet(Delay::Held)),
        Some(Verdict::Refused) => roster.desired.ended = Some(TeamRemoval::Keep),
        Some(Verdict::Goes { .. }) | None => {}
    }
    let such = |wanted: fn(Verdict) -> bool| -> BTreeSet<UserId> {
        let of = leaving.iter().zip(&verdicts).filter(|(_, verdict)| wanted(**verdict));
        of.map(|(id, _)| *id).collect()
    };
    roster.desired.held = such(|verdict| matches!(verdict, Verdict::Held { .. }));
    roster.desired.kept = such(|verdict| verdict == Verdict::Refused);
    Ok(())
}

/// So often a team is looked at until nothing is left to do: a rename, the members, and whether it was done; one to spare.
const LOOKS: usize = 4;

/// Observe, plan, act, look again. Returns the team's name; `None` when it was deleted by hand.
async fn settle(
    core: &Core,
    org: &mut Org,
    work: &Work,
    team_id: TeamId,
    context: TeamContext<'_>,
) -> Result<Option<String>> {
    let org_id = org.id();
    for _ in 0..LOOKS {
        let Some(mut roster) = Roster::observe(core, org, team_id, None, context).await? else {
            return Ok(None);
        };
        let by_admin = context.by_admin || core.store.is_granted(org_id, team_id).await?;
        if !by_admin {
            brake(core, org, work, &mut roster).await?;
        }
        let mut plan = team::plan(&roster.desired, &roster.observed);
        if plan.actions.iter().any(Action::names_everybody) {
            if !roster.look_again(org).await? {
                return Ok(None);
            }
            if !by_admin {
                brake(core, org, work, &mut roster).await?;
            }
            plan = team::plan(&roster.desired, &roster.observed);
        }
        if !roster.is_as_decided(core, org).await? {
            continue;
        }
        if plan.actions.is_empty() {
            core.store.set_applied_members(org_id, team_id, &plan.base).await?;
            if by_admin {
                core.store.end_grant(org_id, team_id).await?;
            }
            return match plan.attention {
                _ if !roster.desired.held.is_empty() => Err(SyncError::NotYet(Delay::Held)),
                None => Ok(Some(roster.team.name)),
                Some(a) => Err(SyncError::Attention(a)),
            };
        }
        let meanwhile = plan.base_meanwhile(&roster.observed);
        core.store.set_applied_members(org_id, team_id, &meanwhile).await?;
        for (n, action) in plan.actions.iter().enumerate() {
            // Not after another call: somebody may have joined meanwhile.
            if n > 0 && (action.names_everybody() || !roster.is_as_decided(core, org).await?) {
                break;
            }
            act(core, org, work, &roster.team, action).await?;
            log_people(core, org, work, &roster, action).await?;
        }
        if plan.actions.contains(&Action::Delete) {
            core.store
                .set_applied_members(org_id, team_id, &BTreeMap::new())
                .await?;
            return Ok(Some(roster.team.name));
        }
    }
    Err(SyncError::NotYet(Delay::TeamUnchanged))
}

async fn act(core: &Core, org: &Org, work: &Work, team: &Team, action: &Action) -> Result<()> {
    core.go_on_with(&org.settings)?;
    core.failpoints.reach(BEFORE_CALL);
    let (grafana, id) = (org.grafana.writer(Purpose::Change), team.id);
    let name = || team.name.clone();
    let began = Instant::now();
    let (what, operation, done, note) = match action {
        Action::Rename(to) => (
            Done::TeamRename,
            Operation::RenameTeam {
                team: name(),
                to: to.clone(),
            },
            grafana.rename_team(team, to).await,
            Some(format!("to “{to}”")),
        ),
        Action::Replace {
            members,
            admins,
            changes,
        } => (
            Done::TeamMembersReplace,
            Operation::ReplaceMembers { team: name() },
            grafana.replace_team_members(id, members, admins).await,
            Some(format!("{changes} members joined, changed or left in one call")),
        ),
        Action::Add { grafana_id, admin } => (
            Done::TeamMemberAdd,
            Operation::AddMember { team: name() },
            grafana.add_team_member(id, *grafana_id, *admin).await,
            Some(format!("Grafana user {grafana_id}")),
        ),
        Action::Update { grafana_id, admin } => (
            Done::TeamMemberUpdate,
            Operation::UpdateMember { team: name() },
            grafana.update_team_member(id, *grafana_id, *admin).await,
            Some(format!("Grafana user {grafana_id}")),
        ),
        Action::Remove { grafana_id } => (
            Done::TeamMemberRemove,
            Operation::RemoveMember { team: name() },
            grafana.remove_team_member(id, *grafana_id).await,
            Some(format!("Grafana user {grafana_id}")),
        ),
        Action::Delete => (
            Done::TeamDelete,
            Operation::DeleteTeam { team: name() },
            grafana.delete_team(id).await,
            None,
        ),
    };
    core.failpoints.reach(AFTER_CALL);
    match done {
        Ok(()) => log(core, org, work, what, team, note, elapsed(began)).await,
        Err(error) => Err(SyncError::of_call(Some(what), operation, error, elapsed(began))),
    }
}
