//! What would be done about teams, for the page's *Plan*.
//!
//! Owns: putting what the planner of teams says into names. Must never plan by itself, nor ask
//! Grafana. Start at [`of_team`].

use std::collections::{BTreeSet, HashMap};

use domain::{
    TeamId, Tenant, UserId,
    outlook::{Outlook, TeamFate, TeamOutlook},
    team::{self, Action, Plan},
};

use crate::{context::Core, error::Result, org::Org, roster::Roster};

/// Who arrives, by SCIM id: with an account, the people join their teams.
pub(super) fn arriving(outlook: &Outlook) -> HashMap<String, String> {
    let arrives = outlook.people.iter().filter(|person| person.arrives());
    arrives
        .map(|person| (person.user_id.clone(), person.name.clone()))
        .collect()
}

/// A team that is there; `None`: nothing is to be done.
pub(super) fn of_team(
    org: &Org,
    (roster, plan): (&Roster, &Plan),
    groups: Vec<String>,
    arriving: &HashMap<String, String>,
) -> Option<TeamOutlook> {
    let changes = team::difference(&roster.desired, &roster.observed);
    let mut joins = BTreeSet::new();
    for person in &roster.people {
        joins.extend(arriving.get(person).cloned());
    }
    joins.extend(logins(org, &changes.joins));
    let mut fate = TeamFate::Stays;
    for action in &plan.actions {
        match action {
            Action::Rename(to) => fate = TeamFate::Renamed(to.clone()),
            Action::Delete => fate = TeamFate::Deleted,
            _ => {}
        }
    }
    let told = TeamOutlook {
        team_id: Some(roster.team.id),
        team: roster.team.name.clone(),
        groups,
        fate,
        joins: joins.into_iter().collect(),
        leaves: logins(org, &changes.leaves),
        changes: logins(org, &changes.others),
    };
    let nothing =
        told.fate == TeamFate::Stays && told.joins.is_empty() && told.leaves.is_empty() && told.changes.is_empty();
    (!nothing).then_some(told)
}

/// A group's team that is not there, or that nobody has mapped it to.
pub(super) async fn of_new_team(
    core: &Core,
    org: &Org,
    tenant: &Tenant,
    (group_id, group, team): (&str, &str, &str),
    found: Option<TeamId>,
    arriving: &HashMap<String, String>,
) -> Result<TeamOutlook> {
    let mut joins = BTreeSet::new();
    for (user_id, account) in core.store.members_with_accounts(tenant, group_id).await? {
        joins.extend(arriving.get(&user_id).cloned());
        joins.extend(account.and_then(|id| logins(org, &[id]).pop()));
    }
    Ok(TeamOutlook {
        team_id: found,
        team: team.to_owned(),
        groups: vec![group.to_owned()],
        fate: if found.is_some() {
            TeamFate::Used
        } else {
            TeamFate::Made
        },
        joins: joins.into_iter().collect(),
        leaves: Vec::new(),
        changes: Vec::new(),
    })
}

fn logins(org: &Org, ids: &[UserId]) -> Vec<String> {
    let listing = org.listing.as_ref();
    let login = |id: &UserId| {
        let listed = listing.and_then(|listing| listing.user(*id));
        listed.map_or_else(|| format!("Grafana user {id}"), |user| user.login)
    };
    ids.iter().map(login).collect()
}
