//! `POST admin/mappings/preview`: who would join and who would leave which team, by name, before it is done.
//!
//! Owns: the question put to the very planner the engine asks (`domain::team::plan`), and its answer in words. Must never change
//! anything. Who is in a team now is what the engine has seen: it is asked to look. Start at [`preview`].

use std::collections::{BTreeMap, BTreeSet};

use admin_api::{MappingKind, MappingMode, MemberPolicy, PlannedChange, Preview, TeamPreview};
use axum::Json;
use domain::{
    MappingId, OrgId, TeamId, UserId,
    settings::{TeamClaim, TeamRemoval},
    status::{RosterSeen, TeamSeen},
    team::{self, Action, GroupMember, TeamInput, name_before_archive},
    wording,
};

use super::edit::{changeable, chosen_team, edited};
use crate::http::{
    admin::{
        call::{AdminCall, Body},
        failure::Answer,
    },
    api::Api,
};
use store::{MappingOrigin, MappingRecord, TeamMembership, WriteContext};

/// As many names as somebody reads.
const MOST_NAMES: usize = 20;
/// As many teams as a dialog has room for; each is a question to Grafana.
const MOST_TEAMS: usize = 30;

/// One mapping, as it would be.
struct Feed {
    group_id: String,
    admins: bool,
    remove_others: bool,
    paused: bool,
}

impl Feed {
    fn of(mapping: MappingRecord) -> Self {
        Self {
            group_id: mapping.group_id,
            admins: mapping.admins,
            remove_others: mapping.remove_others,
            paused: mapping.paused,
        }
    }

    fn rule(&self) -> team::Feed {
        team::Feed {
            remove_others: self.remove_others,
            paused: self.paused,
        }
    }
}

/// A team, as it would be fed.
struct WhatIf {
    /// `None`: it is to be made.
    team: Option<(TeamId, String)>,
    /// The name it would be given.
    name: Option<String>,
    feeds: Vec<Feed>,
}

pub(in crate::http) async fn preview(call: AdminCall, Body(change): Body<PlannedChange>) -> Answer<Json<Preview>> {
    let (api, ctx, org_id) = (&call.api, &call.context, call.org_id());
    let effective = api.control.settings(org_id).effective.clone();
    let teams = api.control.teams(org_id);
    let (what_ifs, said) = match change {
        PlannedChange::Mode(MappingMode::Strict) => (
            Vec::new(),
            Some(
                "Nobody joins or leaves a team now: a team that was made for a group stays mapped to it. \
                 Groups that come from now on get no team until you map them."
                    .to_owned(),
            ),
        ),
        PlannedChange::Mode(MappingMode::Create) => {
            a_team_for_every_group(api, ctx, &teams, effective.team_claim).await?
        }
        PlannedChange::Add(wanted) => {
            let group = api.store.group(&ctx.tenant, &wanted.group_id).await?;
            let (team_id, name) = chosen_team(&wanted, group.as_ref(), &teams)?;
            // The engine takes a team of this name where there is one.
            let team_id = team_id.or_else(|| teams.iter().find(|team| team.name == name).map(|team| team.id));
            let new = Feed {
                group_id: wanted.group_id,
                admins: wanted.kind == MappingKind::Admin,
                remove_others: wanted.policy == MemberPolicy::Remove,
                paused: false,
            };
            let mut what_if = as_it_is(api, org_id, team_id, name, &teams).await?;
            what_if.feeds.push(new);
            (vec![what_if], None)
        }
        PlannedChange::Edit(id, edit) => {
            let mapping = changeable(&call, MappingId::new(id)).await?;
            let mut what_if = as_it_is(api, org_id, mapping.team_id, mapping.team_name.clone(), &teams).await?;
            what_if.feeds.retain(|feed| feed.group_id != mapping.group_id);
            what_if.feeds.push(Feed::of(edited(mapping, &edit)));
            (vec![what_if], None)
        }
        PlannedChange::Remove(id) => {
            let mapping = changeable(&call, MappingId::new(id)).await?;
            let mut what_if = as_it_is(api, org_id, mapping.team_id, mapping.team_name, &teams).await?;
            what_if.feeds.retain(|feed| feed.group_id != mapping.group_id);
            (vec![what_if], None)
        }
    };
    let mut answer = told(api, org_id, what_ifs, &teams).await?;
    answer.summary = match (said, answer.joins, answer.leaves) {
        (Some(said), ..) => said,
        (None, joins, leaves) => format!(
            "{} and {}.",
            somebody(joins, "joins", "join").replacen("nobody", "Nobody", 1),
            somebody(leaves, "leaves", "leave"),
        ),
    };
    if !effective.group_sync {
        answer
            .summary
            .push_str(" Group sync is off, so none of it happens before it is turned on.");
    }
    Ok(Json(answer))
}

async fn as_it_is(
    api: &Api,
    org_id: OrgId,
    team_id: Option<TeamId>,
    name: String,
    teams: &[TeamSeen],
) -> Answer<WhatIf> {
    let feeds = match team_id {
        Some(team_id) => api.store.mappings_of_team(org_id, team_id).await?,
        None => Vec::new(),
    };
    let now = |id: TeamId| teams.iter().find(|team| team.id == id).map(|team| team.name.clone());
    Ok(WhatIf {
        team: team_id.map(|id| (id, now(id).unwrap_or_else(|| name.clone()))),
        name: Some(name).filter(|_| team_id.is_none()),
        feeds: feeds.into_iter().map(Feed::of).collect(),
    })
}

/// Mode *create*, as the engine does it: a team of the group's name, one that was archived under it, or a new one.
async fn a_team_for_every_group(
    api: &Api,
    ctx: &WriteContext,
    teams: &[TeamSeen],
    claim: TeamClaim,
) -> Answer<(Vec<WhatIf>, Option<String>)> {
    let org_id = ctx.tenant.org_id;
    let mappings = api.store.all_mappings(&ctx.tenant).await?;
    let mapped: BTreeSet<&str> = mappings.iter().map(|m| m.group_id.as_str()).collect();
    let groups = api.store.group_summaries(&ctx.tenant).await?;
    let mut what_ifs = Vec::new();
    let (mut there, mut asked) = (0_usize, 0_usize);
    let unmapped = groups
        .iter()
        .filter(|group| !mapped.contains(group.id.as_str()) && !group.display_name.trim().is_empty());
    for group in unmapped {
        let name = &group.display_name;
        let by_hand = teams.iter().find(|team| team.name == *name);
        if by_hand.is_some() && claim == TeamClaim::Ask {
            asked += 1;
            continue;
        }
        let found = by_hand.or_else(|| {
            let archived = |team: &&TeamSeen| name_before_archive(&team.name, team.id) == Some(name);
            teams.iter().find(archived)
        });
        let team_id = found.map(|team| team.id);
        let mut what_if = as_it_is(api, org_id, team_id, name.clone(), teams).await?;
        what_if.name = Some(name.clone());
        what_if.feeds.push(Feed {
            group_id: group.id.clone(),
            admins: false,
            remove_others: false,
            paused: false,
        });
        there += usize::from(team_id.is_some());
        what_ifs.push(what_if);
    }
    let said = match (what_ifs.len() + asked, there) {
        (0, _) => {
            "Every group is mapped, so nobody joins or leaves now. A group that comes later gets a team of its name."
                .to_owned()
        }
        (all, there) => format!(
            "{} not mapped. Teams to be made: {}. Teams that are there already: {}.{}",
            counted(all, "group is", "groups are"),
            all.saturating_sub(there + asked),
            there + asked,
            if asked > 0 {
                " You are asked before a group fills one of these."
            } else {
                ""
            },
        ),
    };
    // A team that an earlier time in this mode made is called as its group again.
    for mapping in mappings
        .iter()
        .filter(|m| m.origin == MappingOrigin::Create && !m.paused)
    {
        let group = groups.iter().find(|group| group.id == mapping.group_id);
        let now = mapping.team_id.and_then(|id| teams.iter().find(|team| team.id == id));
        if let (Some(group), Some(now)) = (group, now)
            && group.display_name != now.name
        {
            let mut what_if = as_it_is(api, org_id, Some(now.id), now.name.clone(), teams).await?;
            what_if.name = Some(group.display_name.clone());
            what_ifs.push(what_if);
        }
    }
    Ok((what_ifs, Some(said)))
}

async fn told(api: &Api, org_id: OrgId, mut what_ifs: Vec<WhatIf>, teams: &[TeamSeen]) -> Answer<Preview> {
    let more = what_ifs.len().saturating_sub(MOST_TEAMS);
    what_ifs.truncate(MOST_TEAMS);
    let ids: Vec<TeamId> = what_ifs
        .iter()
        .filter_map(|w| w.team.as_ref().map(|team| team.0))
        .collect();
    let seen = if ids.is_empty() {
        Vec::new()
    } else {
        api.control.rosters(org_id, ids).await
    };
    let mut answer = Preview {
        summary: String::new(),
        joins: 0,
        leaves: 0,
        as_of_ms: seen.iter().map(|roster| roster.at_ms).min(),
        teams: Vec::new(),
        more: i64::try_from(more).unwrap_or(i64::MAX),
    };
    for what_if in what_ifs {
        let roster = what_if
            .team
            .as_ref()
            .and_then(|team| seen.iter().find(|roster| roster.team_id == team.0));
        let planned = plan_team(api, org_id, what_if, roster, teams).await?;
        render_team(planned, &mut answer);
    }
    Ok(answer)
}

/// What the planner says about one team, with what the sentences about it need.
struct PlannedTeam {
    what_if: WhatIf,
    people: Vec<TeamMembership>,
    /// Who does not join, because nobody may take them out again.
    kept_out: BTreeSet<UserId>,
    /// By Grafana's id.
    logins: BTreeMap<UserId, String>,
    /// Grafana was asked who is in the team now.
    asked: bool,
    /// How many are in it now.
    members: usize,
    /// A mapping is paused: nobody leaves.
    hold: bool,
    plan: team::Plan,
}

/// Asks the planner about one team.
async fn plan_team(
    api: &Api,
    org_id: OrgId,
    what_if: WhatIf,
    roster: Option<&RosterSeen>,
    teams: &[TeamSeen],
) -> Answer<PlannedTeam> {
    let in_force: Vec<(&str, bool)> = what_if
        .feeds
        .iter()
        .filter(|feed| !feed.paused)
        .map(|feed| (feed.group_id.as_str(), feed.admins))
        .collect();
    let people = api.store.team_memberships(org_id, &in_force).await?;
    let member = |person: &TeamMembership| GroupMember {
        grafana_id: person.grafana_id,
        suspended: person.suspended,
        admin: person.admin,
    };
    let base = match &what_if.team {
        Some((id, _)) => api.store.applied_members(org_id, *id).await?,
        None => BTreeMap::new(),
    };
    let mut wanted = team::wanted_members(people.iter().map(member));
    let kept_out = kept_out(api, org_id, &wanted, roster).await?;
    wanted.retain(|id, _| !kept_out.contains(id));
    let (id, name) = what_if.team.clone().unwrap_or_default();
    let others = teams.iter().filter(|team| team.id != id);
    let input = TeamInput {
        id,
        name,
        feeds: what_if.feeds.iter().map(Feed::rule).collect(),
        wanted,
        wanted_name: what_if.name.clone().filter(|_| what_if.team.is_some()),
        removal: Some(TeamRemoval::Keep),
        members: roster.map(|seen| seen.members.iter().map(|(_, member)| member.clone()).collect()),
        base,
        // Teams are offered from a listing, and that shows the server admins first.
        admins_known: true,
        emails: BTreeMap::new(),
        taken: others.map(|team| (team.name.clone(), team.id)).collect(),
        // One step for each person: the names are wanted.
        bulk: false,
    };
    let (desired, observed) = input.assemble();
    let people_with_account = people.iter().filter_map(|p| Some((p.grafana_id?, p.login.clone())));
    let mut logins: BTreeMap<UserId, String> = people_with_account.collect();
    let members = roster.iter().flat_map(|r| &r.members);
    logins.extend(members.map(|(login, m)| (m.grafana_id, login.clone())));
    Ok(PlannedTeam {
        what_if,
        logins,
        asked: roster.is_some(),
        members: observed.members.len(),
        hold: desired.policy.hold,
        plan: team::plan(&desired, &observed),
        people,
        kept_out,
    })
}

/// As in the engine: nobody is brought in who is never taken out again.
async fn kept_out(
    api: &Api,
    org_id: OrgId,
    wanted: &BTreeMap<UserId, bool>,
    roster: Option<&RosterSeen>,
) -> Answer<BTreeSet<UserId>> {
    let released = api.store.unmanaged_accounts(org_id).await?;
    let members = roster.iter().flat_map(|seen| &seen.members);
    let present: BTreeSet<UserId> = members.map(|(_, member)| member.grafana_id).collect();
    let is_out = |id: &UserId| released.contains(id) || api.control.protection(org_id, *id).is_some();
    let newcomers = wanted.keys().filter(|id| !present.contains(id));
    Ok(newcomers.filter(|id| is_out(id)).copied().collect())
}

/// One team, in words.
fn render_team(planned: PlannedTeam, answer: &mut Preview) {
    let named = |id: &UserId| {
        let login = planned.logins.get(id).cloned();
        login.unwrap_or_else(|| format!("Grafana user {id}"))
    };
    let (mut join, mut leave, mut admins, mut plain) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut lines = Vec::new();
    if planned.what_if.team.is_none() {
        lines.push("A new team is made.".to_owned());
    } else if !planned.asked {
        lines.push(
            "Grafana could not be asked who is in it now: anybody who was added by hand is not counted here."
                .to_owned(),
        );
    }
    for action in &planned.plan.actions {
        match action {
            Action::Rename(to) => lines.push(format!("It is renamed to “{to}”.")),
            Action::Add { grafana_id, .. } => join.push(named(grafana_id)),
            Action::Update {
                grafana_id,
                admin: true,
            } => admins.push(named(grafana_id)),
            Action::Update { grafana_id, .. } => plain.push(named(grafana_id)),
            Action::Remove { grafana_id } => leave.push(named(grafana_id)),
            // Neither is planned without `bulk` and for a team that is kept.
            Action::Replace { .. } | Action::Delete => {}
        }
    }
    let stay = planned.members.saturating_sub(leave.len());
    let without_account = planned.people.iter().filter(|p| p.active && p.grafana_id.is_none());
    let waiting: Vec<String> = without_account.map(|p| p.login.clone()).collect();
    answer.joins += i64::try_from(join.len()).unwrap_or(i64::MAX);
    answer.leaves += i64::try_from(leave.len()).unwrap_or(i64::MAX);
    lines.extend(
        [
            listed(join, "joins", "join"),
            listed(leave, "leaves", "leave"),
            listed(admins, "becomes admin of the team", "become admins of the team"),
            listed(plain, "becomes a plain member", "become plain members"),
        ]
        .into_iter()
        .flatten(),
    );
    if planned.what_if.team.is_some() {
        lines.extend((stay > 0).then(|| format!("{} as before.", counted(stay, "stays", "stay"))));
    }
    lines.extend(listed(
        waiting,
        "has no account in Grafana yet, and joins with it",
        "have no account in Grafana yet, and join with it",
    ));
    lines.extend(listed(
        planned.kept_out.iter().map(named).collect(),
        "is never touched by Rollcall, and does not join",
        "are never touched by Rollcall, and do not join",
    ));
    if planned.hold {
        lines.push("A mapping of this team is paused, so nobody leaves it.".to_owned());
    }
    lines.extend(planned.plan.attention.as_ref().map(wording::reason));
    let team_name = match planned.what_if.team {
        Some((_, name)) => name,
        None => planned.what_if.name.unwrap_or_default(),
    };
    answer.teams.push(TeamPreview { team_name, lines });
}

/// "nobody joins", "1 joins", "2 join".
fn somebody(n: i64, one: &str, many: &str) -> String {
    match n {
        0 => format!("nobody {one}"),
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// "3 leave: ann, bo, cy."; `None` where there is nobody.
fn listed(mut names: Vec<String>, one: &str, many: &str) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let first = counted(names.len(), one, many);
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let rest = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    Some(format!("{first}: {}{rest}.", names.join(", ")))
}
