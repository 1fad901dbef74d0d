//! Groups and their teams, as the listings show them.
//!
//! Owns: the question put to `domain::team::plan` for every team that is fed. Must never change anything in Grafana.
//! Start at [`groups`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    TeamId,
    attention::Attention,
    operation::Purpose,
    outlook::{Outlook, TeamOutlook},
    settings::{MappingMode, TeamClaim, TeamRemoval},
    team,
};

use super::{
    marks::Marks,
    outlook::{arriving, of_new_team, of_team},
};
use crate::{
    context::Core,
    error::Result,
    group::removal,
    org::Org,
    roster::{Roster, TeamContext},
};
use grafana::Team;
use store::{Kind, MappingRecord};

pub(super) async fn groups(
    core: &Core,
    org: &mut Org,
    marks: &Marks<'_>,
    teams: &HashMap<TeamId, Team>,
    outlook: &mut Outlook,
) -> Result<()> {
    let names_of = core.store.group_names(marks.tenant).await?;
    let mappings = core.store.all_mappings(marks.tenant).await?;
    let names: BTreeMap<String, TeamId> = teams.values().map(|t| (t.name.clone(), t.id)).collect();
    // A group may feed several teams: it is considered once, with all of them.
    let mut found: BTreeMap<&str, (bool, Option<Attention>)> = BTreeMap::new();
    let mut feeds: HashMap<TeamId, Vec<&str>> = HashMap::new();
    for mapping in mappings.iter().filter(|m| !m.paused) {
        let id = mapping.group_id.as_str();
        match mapping.team_id.filter(|team| teams.contains_key(team)) {
            Some(team_id) if names_of.contains_key(id) => feeds.entry(team_id).or_default().push(id),
            // No team yet, deleted by hand, or its group is gone.
            _ => found.entry(id).or_default().0 = true,
        }
    }
    unmapped(org, (&names_of, &mappings, &names), &mut found);
    let arriving = arriving(outlook);
    let news = found.iter().filter(|(_, (_, attention))| attention.is_none());
    let news: Vec<&str> = news.map(|(id, _)| *id).collect();
    let told = new_teams(core, org, marks, (&news, &mappings, &names), &names_of, &arriving).await?;
    outlook.teams.extend(told);
    ended_teams(core, org, (&mappings, teams), &names_of, outlook).await?;
    // What was being made when we died is in no mapping, and its group may be gone.
    let being_made = core.store.team_creations(marks.tenant).await?;
    for note in &being_made {
        found.entry(&note.group_id).or_default().0 = true;
    }
    for (team_id, group_ids) in feeds {
        core.go_on()?;
        let context = TeamContext {
            removal: Some(TeamRemoval::Keep),
            names: Some(&names),
            ..TeamContext::default()
        };
        // A team that does not answer costs a comparison twenty seconds once, and then the queue asks for it.
        let writes = core.may(org.id(), Purpose::Change);
        if writes && group_ids.iter().all(|id| marks.is_tried(Kind::Group, id)) {
            continue;
        }
        let team = teams.get(&team_id).cloned();
        let roster = match Roster::observe(core, org, team_id, team, context).await {
            Ok(Some(roster)) => roster,
            Ok(None) => continue,
            Err(error) if org.is_its_own(&error).await => {
                for id in group_ids {
                    found.entry(id).or_default().0 = true;
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        let plan = team::plan(&roster.desired, &roster.observed);
        let fed_by = group_ids.iter().filter_map(|id| names_of.get(*id).cloned()).collect();
        let told = of_team(org, (&roster, &plan), fed_by, &arriving);
        outlook.teams.extend(told);
        let due = !plan.actions.is_empty() || plan.base != roster.observed.base;
        for id in group_ids {
            let group = found.entry(id).or_default();
            group.0 |= due;
            if group.1.is_none() {
                group.1.clone_from(&plan.attention);
            }
        }
    }
    for (id, (due, attention)) in found {
        marks.consider(Kind::Group, id, false, due, attention.as_ref()).await?;
    }
    Ok(())
}

/// Mode *create*: groups that nobody mapped get a team by their name.
fn unmapped<'a>(
    org: &Org,
    (groups, mappings, names): (&'a HashMap<String, String>, &[MappingRecord], &BTreeMap<String, TeamId>),
    found: &mut BTreeMap<&'a str, (bool, Option<Attention>)>,
) {
    let effective = &org.settings.effective;
    if effective.mapping_mode != MappingMode::Create {
        return;
    }
    let mapped: BTreeSet<&str> = mappings.iter().map(|m| m.group_id.as_str()).collect();
    for (id, name) in groups.iter().filter(|(id, _)| !mapped.contains(id.as_str())) {
        // Somebody made a team of that name, and an admin is asked whether the group may fill it.
        let asked = (effective.team_claim == TeamClaim::Ask)
            .then(|| names.get(name))
            .flatten()
            .map(|team_id| Attention::TeamClaimNeedsApproval {
                team: name.clone(),
                team_id: *team_id,
            });
        *found.entry(id).or_default() = (asked.is_none(), asked);
    }
}

/// What would be done for groups without a team.
async fn new_teams(
    core: &Core,
    org: &Org,
    marks: &Marks<'_>,
    (ids, mappings, names): (&[&str], &[MappingRecord], &BTreeMap<String, TeamId>),
    names_of: &HashMap<String, String>,
    arriving: &HashMap<String, String>,
) -> Result<Vec<TeamOutlook>> {
    let mut told = Vec::new();
    for id in ids {
        let Some(group) = names_of.get(*id) else { continue };
        let mapping = mappings.iter().find(|m| m.group_id == **id && !m.paused);
        let team = mapping.map_or(group, |m| &m.team_name);
        let there = names.get(team).copied();
        told.push(of_new_team(core, org, marks.tenant, (id, group, team), there, arriving).await?);
    }
    Ok(told)
}

/// What would be done about teams whose group, or whose mapping, is gone. What cannot be read of one is told by the queue.
async fn ended_teams(
    core: &Core,
    org: &mut Org,
    (mappings, teams): (&[MappingRecord], &HashMap<TeamId, Team>),
    names_of: &HashMap<String, String>,
    outlook: &mut Outlook,
) -> Result<()> {
    let gone = mappings
        .iter()
        .filter(|m| !m.paused && !names_of.contains_key(&m.group_id));
    let gone = gone.filter_map(|m| Some((m.team_id?, Some(m.id), removal(org, m.origin))));
    let mut ended: Vec<_> = gone.collect();
    let orphans = core.store.orphaned_teams(org.id()).await?;
    ended.extend(orphans.into_iter().map(|id| (id, None, TeamRemoval::Keep)));
    for (team_id, without, removal) in ended {
        core.go_on()?;
        let context = TeamContext {
            without,
            removal: Some(removal),
            ..TeamContext::default()
        };
        let team = teams.get(&team_id).cloned();
        if let Ok(Some(roster)) = Roster::observe(core, org, team_id, team, context).await {
            let plan = team::plan(&roster.desired, &roster.observed);
            outlook
                .teams
                .extend(of_team(org, (&roster, &plan), Vec::new(), &HashMap::new()));
        }
    }
    Ok(())
}
