//! Teams: Grafana's `services/team/teamapi`.
//!
//! Owns: teams and their members (G36–G45), the traps of the bulk call included.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Outcome, id},
    desk::{Desk, any_contains, paged},
    users::avatar,
    world::{ADMIN, MEMBER, Team, User},
};

/// As the caller sees it: hidden members are not counted (G79).
fn seen(desk: &Desk<'_>, team: &Team) -> Value {
    let members = team.members.keys().filter_map(|user| desk.world.users.get(user));
    let mut row = shown(team);
    row["memberCount"] = json!(members.filter(|user| !desk.hides(user)).count());
    row
}

fn shown(team: &Team) -> Value {
    json!({
        "id": team.id, "uid": team.uid, "orgId": team.org, "name": team.name, "email": team.email,
        "avatarUrl": format!("/avatar/{}", team.uid), "memberCount": team.members.len(), "permission": 0, "accessControl": null,
    })
}

fn find<'a>(desk: &'a mut Desk<'_>, org: i64, team: i64) -> Option<&'a mut Team> {
    desk.world.teams.get_mut(&team).filter(|team| team.org == org)
}

fn name_taken(desk: &Desk<'_>, org: i64, name: &str, except: Option<i64>) -> bool {
    let mut teams = desk.world.teams.values();
    teams.any(|team| team.org == org && same_name(desk, &team.name, name) && Some(team.id) != except)
}

/// SQLite and PostgreSQL compare names exactly; MySQL's usual collations do not look at the case (G37).
fn same_name(desk: &Desk<'_>, one: &str, other: &str) -> bool {
    match desk.settings.get("database", "type") {
        "mysql" => one.to_lowercase() == other.to_lowercase(),
        _ => one == other,
    }
}

/// A person who makes a team is in it, as its admin; a service account is not (G36).
pub(super) fn create(desk: &mut Desk<'_>) -> Outcome {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Form {
        name: String,
        email: String,
    }
    let org = desk.who.needs_org_admin("teams:create")?;
    let sent: Form = desk.form()?;
    if sent.name.is_empty() {
        return Err(Answer::message(400, "bad request data"));
    }
    if name_taken(desk, org, &sent.name, None) {
        return Err(Answer::message(409, "Team name taken"));
    }
    let creator = (!desk.who.service_account && !desk.who.anonymous).then_some((desk.who.id, ADMIN));
    let id = desk.world.add_team(org, &sent.name);
    if let Some(team) = desk.world.team_mut(id) {
        team.email = sent.email;
        team.members.extend(creator);
    }
    Ok(Answer::json(200, &json!({ "teamId": id, "message": "Team created" })))
}

/// `name` is exact, `query` a part in any case.
pub(super) fn search(desk: &mut Desk<'_>) -> Outcome {
    let org = desk.who.needs_org_admin("teams:read")?;
    let (query, name) = (desk.param("query"), desk.param("name"));
    let wanted: Vec<i64> = desk
        .query
        .iter()
        .filter(|(key, _)| key == "teamId")
        .filter_map(|(_, value)| value.parse().ok())
        .collect();
    let mut rows: Vec<&Team> = desk
        .world
        .teams
        .values()
        .filter(|team| team.org == org && any_contains(&[&team.name], query))
        .filter(|team| name.is_empty() || same_name(desk, &team.name, name))
        .filter(|team| wanted.is_empty() || wanted.contains(&team.id))
        .collect();
    rows.sort_by_key(|team| &team.name);
    let total = rows.len();
    let page = desk.page();
    let teams: Vec<Value> = paged(rows, page).into_iter().map(|team| seen(desk, team)).collect();
    let body = json!({ "totalCount": total, "teams": teams, "page": page.0, "perPage": page.1 });
    Ok(Answer::json(200, &body))
}

/// Those a user is a member of.
pub(super) fn of_user_by_id(desk: &mut Desk<'_>, user: &str) -> Outcome {
    desk.who.needs_server_admin_in_org("users:read")?;
    of_user(desk, id("id", user)?)
}

/// Those of the caller's organization.
pub(super) fn of_user(desk: &Desk<'_>, user: i64) -> Outcome {
    let teams = desk.world.teams.values();
    let rows: Vec<Value> = teams
        .filter(|team| Some(team.org) == desk.who.org && team.members.contains_key(&user))
        .map(shown)
        .collect();
    Ok(Answer::json(200, &json!(rows)))
}

pub(super) fn read(desk: &mut Desk<'_>, team: &str) -> Outcome {
    let org = desk.who.needs_org_admin("teams:read")?;
    let team = id("teamId", team)?;
    let team = desk.world.teams.get(&team).filter(|team| team.org == org);
    let team = team.ok_or_else(|| Answer::message(404, "Team not found"))?;
    Ok(Answer::json(200, &seen(desk, team)))
}

/// A taken name is a 400 here, where making one is a 409 (G38). An empty name is not written, an empty e-mail is.
pub(super) fn update(desk: &mut Desk<'_>, team: &str) -> Outcome {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Form {
        name: String,
        email: String,
    }
    let org = desk.who.needs_org_admin("teams:write")?;
    let sent: Form = desk.form()?;
    let team = id("teamId", team)?;
    if name_taken(desk, org, &sent.name, Some(team)) {
        return Err(Answer::message(400, "Team name taken"));
    }
    let row = find(desk, org, team).ok_or_else(|| Answer::message(500, "Failed to update Team"))?;
    if !sent.name.is_empty() {
        row.name = sent.name;
    }
    row.email = sent.email;
    Ok(Answer::message(200, "Team updated"))
}

pub(super) fn delete(desk: &mut Desk<'_>, team: &str) -> Outcome {
    let org = desk.who.needs_org_admin("teams:delete")?;
    let team = id("teamId", team)?;
    if find(desk, org, team).is_none() {
        return Err(Answer::message(404, "Failed to delete Team. ID not found"));
    }
    desk.world.teams.remove(&team);
    Ok(Answer::message(200, "Team deleted"))
}

/// The members as they are listed: by login, and without service accounts (`is_service_account=?`, G44). The id 0 is no team's, and
/// Grafana leaves the condition out: it gets the members of all teams (G83).
fn rows<'a>(desk: &'a Desk<'_>, org: i64, team: i64) -> Vec<(&'a Team, &'a User, i64)> {
    let teams = desk.world.teams.values();
    let teams = teams.filter(|row| row.org == org && (row.id == team || team == 0));
    let mut rows: Vec<_> = teams
        .flat_map(|team| {
            team.members
                .iter()
                .map(move |(user, permission)| (team, user, permission))
        })
        .filter_map(|(team, user, permission)| Some((team, desk.world.person(*user)?, *permission)))
        .collect();
    rows.sort_by_key(|(_, user, _)| (&user.login, &user.email));
    rows
}

/// All of them that are not hidden, unpaged; a team that is not there has none. The bulk call works on all (G79).
pub(super) fn members(desk: &mut Desk<'_>, team: &str) -> Outcome {
    let org = desk.who.needs_org_admin("teams.permissions:read")?;
    let team = id("teamId", team)?;
    let members: Vec<Value> = rows(desk, org, team)
        .into_iter()
        .filter(|(_, user, _)| !desk.hides(user))
        .map(|(team, user, permission)| {
            json!({
                "orgId": org, "teamId": team.id, "teamUID": team.uid, "userId": user.id,
                "auth_module": user.links.last().map_or("", |link| link.module.as_str()), "email": user.email, "name": user.name,
                "login": user.login, "avatarUrl": avatar(user), "labels": [], "permission": permission,
            })
        })
        .collect();
    Ok(Answer::json(200, &json!(members)))
}

/// Every user can be one, also a disabled one or one in no organization (G39).
pub(super) fn add_member(desk: &mut Desk<'_>, team: &str) -> Outcome {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        userid: i64,
    }
    let org = desk.who.needs_org_admin("teams.permissions:write")?;
    let Form { userid: user } = desk.form()?;
    if user == 0 {
        return Err(Answer::message(400, "bad request data"));
    }
    let team = id("teamId", team)?;
    let known = desk.world.users.contains_key(&user);
    let failed = || Answer::message(500, "Failed to add Member to Team");
    let row = find(desk, org, team).ok_or_else(failed)?;
    if row.members.contains_key(&user) {
        return Err(Answer::message(400, "User is already added to this team"));
    }
    if !known {
        return Err(failed());
    }
    row.members.insert(user, MEMBER);
    Ok(Answer::message(200, "Member added to Team"))
}

pub(super) fn set_permission(desk: &mut Desk<'_>, team: &str, user: &str) -> Outcome {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        permission: i64,
    }
    let org = desk.who.needs_org_admin("teams.permissions:write")?;
    let sent: Form = desk.form()?;
    let (team, user) = (id("teamId", team)?, id("userId", user)?);
    let row = find(desk, org, team).and_then(|team| team.members.get_mut(&user));
    let row = row.ok_or_else(|| Answer::message(404, "Team member not found."))?;
    if sent.permission != MEMBER && sent.permission != ADMIN {
        return Err(Answer::message(500, "Failed to update team member."));
    }
    *row = sent.permission;
    Ok(Answer::message(200, "Team member updated"))
}

/// `teamapi/team_members.go` `getTeamMembershipUpdates`, step by step, because its order makes the traps (G40):
/// members are found by their e-mail exactly as sent, new ones in any case, and those to remove are removed last. So a member sent in
/// upper case is added again and then removed. No list at all is an empty one.
pub(super) fn set_members(desk: &mut Desk<'_>, team: &str) -> Outcome {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Form {
        members: Vec<String>,
        admins: Vec<String>,
    }
    let org = desk.who.needs_org_admin("teams.permissions:write")?;
    let sent: Form = desk.form()?;
    let team = id("teamId", team)?;
    let mut admins: BTreeSet<String> = sent.admins.into_iter().collect();
    let mut members: BTreeSet<String> = sent.members.into_iter().collect();
    let mut gone = vec![];
    for (_, user, permission) in rows(desk, org, team) {
        if admins.contains(&user.email) {
            if permission == ADMIN {
                admins.remove(&user.email);
            }
        } else if members.contains(&user.email) {
            if permission == MEMBER {
                members.remove(&user.email);
            }
        } else {
            gone.push(user.id);
        }
    }
    let ids = |emails: &BTreeSet<String>| {
        let found = emails.iter().map(|email| desk.world.by_email(email));
        let all: Option<Vec<i64>> = found.collect();
        all.ok_or_else(|| Answer::message(404, "user not found"))
    };
    let (admins, members) = (ids(&admins)?, ids(&members)?);
    let row = find(desk, org, team).ok_or_else(|| Answer::message(404, "team not found"))?;
    row.members.extend(admins.into_iter().map(|user| (user, ADMIN)));
    row.members.extend(members.into_iter().map(|user| (user, MEMBER)));
    row.members.retain(|user, _| !gone.contains(user));
    Ok(Answer::message(200, "Team memberships have been updated"))
}

pub(super) fn remove_member(desk: &mut Desk<'_>, team: &str, user: &str) -> Outcome {
    let org = desk.who.needs_org_admin("teams.permissions:write")?;
    let (team, user) = (id("teamId", team)?, id("userId", user)?);
    let known = desk.world.users.contains_key(&user);
    let row = find(desk, org, team).ok_or_else(|| Answer::message(404, "Team not found"))?;
    if !known {
        return Err(Answer::message(500, "Failed to remove Member from Team"));
    }
    if row.members.remove(&user).is_none() {
        return Err(Answer::message(404, "Team member not found"));
    }
    Ok(Answer::message(200, "Team Member removed"))
}

/// Team Sync's own routes exist in Enterprise only (`docs/sources/developers/http_api/team_sync.md`).
pub(super) fn external_groups(desk: &mut Desk<'_>, team: &str) -> Outcome {
    let org = desk.who.needs_org_admin("teams.permissions:read")?;
    let team = id("teamId", team)?;
    let row = find(desk, org, team).ok_or_else(|| Answer::message(404, "Team not found"))?;
    let groups = row.external_groups.iter();
    let groups: Vec<Value> = groups
        .map(|group| json!({ "orgId": org, "teamId": team, "groupId": group }))
        .collect();
    Ok(Answer::json(200, &json!(groups)))
}

pub(super) fn add_external_group(desk: &mut Desk<'_>, team: &str) -> Outcome {
    #[derive(Deserialize)]
    struct Form {
        groupid: String,
    }
    let org = desk.who.needs_org_admin("teams.permissions:write")?;
    let Form { groupid: group } = desk.form()?;
    let team = id("teamId", team)?;
    let row = find(desk, org, team).ok_or_else(|| Answer::message(404, "Team not found"))?;
    if !row.external_groups.insert(group) {
        return Err(Answer::message(400, "Group is already added to this team"));
    }
    Ok(Answer::message(200, "Group added to Team"))
}

pub(super) fn remove_external_group(desk: &mut Desk<'_>, team: &str) -> Outcome {
    let org = desk.who.needs_org_admin("teams.permissions:write")?;
    let (team, group) = (id("teamId", team)?, desk.param("groupId").to_owned());
    let row = find(desk, org, team).ok_or_else(|| Answer::message(404, "Team not found"))?;
    if !row.external_groups.remove(&group) {
        return Err(Answer::message(404, "Group not found"));
    }
    Ok(Answer::message(200, "Team Group removed"))
}
