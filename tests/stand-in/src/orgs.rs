//! Organizations and who is in them: Grafana's `api/org.go` and `api/org_users.go`.
//!
//! Owns: membership and roles (G29–G35). Grafana protects nobody here but the last admin, and counts a
//! service account as one.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Outcome, id},
    desk::{Desk, any_contains, paged},
    identity::NO_SUCH_CALLER,
    quota,
    users::{avatar, externally_synced, labels},
    world::{Role, User},
};

/// The caller must be in the organization, as its Admin or as a server admin. A server admin who is
/// not in it gets a 403 in this version (G34).
fn may(desk: &Desk<'_>, org: i64, permission: &str) -> Result<(), Answer> {
    match role_in(desk, org) {
        Some(Role::Admin) => Ok(()),
        Some(_) if desk.who.server_admin => Ok(()),
        _ => Err(Answer::denied(permission)),
    }
}

fn role_in(desk: &Desk<'_>, org: i64) -> Option<Role> {
    if desk.who.anonymous {
        return desk.who.org.filter(|own| *own == org).map(|_| desk.who.role);
    }
    desk.world.users.get(&desk.who.id)?.orgs.get(&org).copied()
}

fn may_in_current(desk: &Desk<'_>, permission: &str) -> Result<i64, Answer> {
    let org = desk.who.org.ok_or_else(|| Answer::denied(permission))?;
    may(desk, org, permission)?;
    Ok(org)
}

fn may_in(desk: &Desk<'_>, org: &str, permission: &str) -> Result<i64, Answer> {
    let org = named(desk, org)?;
    may(desk, org, permission)?;
    Ok(org)
}

/// Grafana asks for the permission before it reads the number: what is no organization's is a 403 that
/// names no permission (`accesscontrol/middleware.go` `AuthorizeInOrgMiddleware`).
fn named(desk: &Desk<'_>, org: &str) -> Result<i64, Answer> {
    let org = org.parse().ok().filter(|org| *org != 0);
    // A stranger is in one organization and cannot be looked for in another.
    let org = org.filter(|org| !desk.who.anonymous || desk.who.org == Some(*org));
    org.ok_or_else(|| Answer::denied(NO_SUCH_CALLER))
}

fn shown(desk: &Desk<'_>, org: i64) -> Outcome {
    let name = desk.world.orgs.get(&org);
    let name = name.ok_or_else(|| Answer::message(404, "Organization not found"))?;
    let address = json!({ "address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": "" });
    Ok(Answer::json(
        200,
        &json!({ "id": org, "name": name, "address": address }),
    ))
}

pub(super) fn current(desk: &mut Desk<'_>) -> Outcome {
    let org = desk.who.org.filter(|_| desk.who.role >= Role::Viewer);
    shown(desk, org.ok_or_else(|| Answer::denied("orgs:read"))?)
}

pub(super) fn list(desk: &mut Desk<'_>) -> Outcome {
    desk.who.needs_server_admin("orgs:read")?;
    let orgs = desk.world.orgs.iter();
    let rows: Vec<Value> = orgs.map(|(id, name)| json!({ "id": id, "name": name })).collect();
    Ok(Answer::json(200, &json!(rows)))
}

/// Who makes it is its Admin.
pub(super) fn create(desk: &mut Desk<'_>) -> Outcome {
    #[derive(Deserialize)]
    struct Form {
        name: String,
    }
    desk.who.needs_server_admin("orgs:create")?;
    quota::for_org(desk.world, desk.settings, desk.who.id, desk.who.org)?;
    let sent: Form = desk.form()?;
    if sent.name.is_empty() {
        return Err(Answer::message(400, "bad request data"));
    }
    if desk.world.orgs.values().any(|name| *name == sent.name) {
        return Err(Answer::message(409, "Organization name taken"));
    }
    let org = desk.world.add_org(&sent.name);
    desk.world.join(desk.who.id, org, Role::Admin);
    let body = json!({ "orgId": org, "message": "Organization created" });
    Ok(Answer::json(200, &body))
}

/// Viewers of it may read it too (`api/accesscontrol.go` `orgReaderRole`).
pub(super) fn read(desk: &mut Desk<'_>, org: &str) -> Outcome {
    let org = named(desk, org)?;
    match role_in(desk, org) {
        Some(role) if role >= Role::Viewer || desk.who.server_admin => shown(desk, org),
        _ => Err(Answer::denied("orgs:read")),
    }
}

/// A server admin who is in it; its own Admin may not (`orgMaintainerRole`).
pub(super) fn delete(desk: &mut Desk<'_>, org: &str) -> Outcome {
    let org = named(desk, org)?;
    desk.who.needs_server_admin("orgs:delete")?;
    may(desk, org, "orgs:delete")?;
    if Some(org) == desk.who.org {
        return Err(Answer::message(400, "Can not delete org for current user"));
    }
    if desk.world.orgs.remove(&org).is_none() {
        return Err(Answer::message(404, "Failed to delete organization. ID not found"));
    }
    desk.world.teams.retain(|_, team| team.org != org);
    for user in desk.world.users.values_mut() {
        user.orgs.remove(&org);
        if user.org == Some(org) {
            user.org = user.orgs.keys().next().copied();
        }
    }
    Ok(Answer::message(200, "Organization deleted"))
}

fn rows<'a>(desk: &'a Desk<'_>, org: i64) -> Vec<(&'a User, Role)> {
    let query = desk.param("query");
    let mut rows: Vec<_> = desk
        .world
        .people()
        .filter_map(|user| Some((user, *user.orgs.get(&org)?)))
        .filter(|(user, _)| any_contains(&[&user.email, &user.name, &user.login], query))
        .collect();
    rows.sort_by_key(|(user, _)| (&user.login, &user.email));
    rows
}

fn row(desk: &Desk<'_>, org: i64, (user, role): (&User, Role)) -> Value {
    json!({
        "orgId": org, "userId": user.id, "email": user.email, "name": user.name, "avatarUrl": avatar(user), "login": user.login,
        "role": role.name(), "lastSeenAt": user.created, "lastSeenAtAge": "10 years", "isDisabled": user.disabled,
        "authLabels": (!user.links.is_empty()).then(|| labels(user)), "isExternallySynced": externally_synced(user, desk.settings),
    })
}

fn list_of(desk: &Desk<'_>, org: i64) -> Outcome {
    let rows = rows(desk, org).into_iter().filter(|(user, _)| !desk.hides(user));
    let rows: Vec<Value> = rows.map(|one| row(desk, org, one)).collect();
    Ok(Answer::json(200, &json!(rows)))
}

fn page_of(desk: &Desk<'_>, org: i64) -> Outcome {
    let rows = rows(desk, org);
    let total = rows.len();
    let page = desk.page();
    // After paging: a page may be short, and the total counts them (G35).
    let rows = paged(rows, page).into_iter().filter(|(user, _)| !desk.hides(user));
    let rows: Vec<Value> = rows.map(|one| row(desk, org, one)).collect();
    let body = json!({ "totalCount": total, "orgUsers": rows, "page": page.0, "perPage": page.1 });
    Ok(Answer::json(200, &body))
}

pub(super) fn users_of_current(desk: &mut Desk<'_>) -> Outcome {
    let org = may_in_current(desk, "org.users:read")?;
    list_of(desk, org)
}

pub(super) fn search_current(desk: &mut Desk<'_>) -> Outcome {
    let org = may_in_current(desk, "org.users:read")?;
    page_of(desk, org)
}

pub(super) fn users_of(desk: &mut Desk<'_>, org: &str) -> Outcome {
    let org = may_in(desk, org, "org.users:read")?;
    list_of(desk, org)
}

pub(super) fn search(desk: &mut Desk<'_>, org: &str) -> Outcome {
    let org = may_in(desk, org, "org.users:read")?;
    page_of(desk, org)
}

/// A role nobody may give who has a lower one themselves, server admins apart.
fn role(desk: &Desk<'_>, name: &str) -> Result<Role, Answer> {
    let role = Role::of(name).ok_or_else(|| Answer::message(400, "bad request data"))?;
    if role > desk.who.role && !desk.who.server_admin {
        return Err(Answer::message(403, "Cannot assign a role higher than user's role"));
    }
    Ok(role)
}

fn add_to(desk: &mut Desk<'_>, org: i64) -> Outcome {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Form {
        loginoremail: String,
        role: String,
    }
    let sent: Form = desk.form()?;
    if sent.loginoremail.is_empty() || sent.role.is_empty() {
        return Err(Answer::message(400, "bad request data"));
    }
    let role = role(desk, &sent.role)?;
    let user = desk.world.by_login_or_email(&sent.loginoremail);
    let user = user.ok_or_else(|| Answer::message(404, "User not found"))?;
    if desk.world.users[&user].orgs.contains_key(&org) {
        let body = json!({ "message": "User is already member of this organization", "userId": user });
        return Err(Answer::json(409, &body));
    }
    if !desk.world.orgs.contains_key(&org) {
        return Err(Answer::message(500, "Could not add user to organization"));
    }
    desk.world.join(user, org, role);
    let body = json!({ "message": "User added to organization", "userId": user });
    Ok(Answer::json(200, &body))
}

pub(super) fn add_to_current(desk: &mut Desk<'_>) -> Outcome {
    let org = may_in_current(desk, "org.users:add")?;
    // This way in alone has one; by the organization's number there is none (G82).
    quota::for_user(desk.world, desk.settings)?;
    quota::for_org(desk.world, desk.settings, desk.who.id, desk.who.org)?;
    add_to(desk, org)
}

pub(super) fn add(desk: &mut Desk<'_>, org: &str) -> Outcome {
    let org = may_in(desk, org, "org.users:add")?;
    add_to(desk, org)
}

fn set_role_in(desk: &mut Desk<'_>, org: i64, user: &str) -> Outcome {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        role: String,
    }
    let sent: Form = desk.form()?;
    let user = id("userId", user)?;
    let role = role(desk, &sent.role)?;
    let row = desk.world.users.get(&user);
    if row.is_some_and(|row| externally_synced(row, desk.settings)) {
        let text = "cannot change role for externally synced user";
        return Err(Answer::error(403, "org.externallySynced", text));
    }
    if !row.is_some_and(|row| row.orgs.contains_key(&org)) {
        return Err(Answer::message(500, "Failed update org user"));
    }
    if desk.world.check_admin_left(org, user, role).is_err() {
        let text = "Cannot change role so that there is no organization admin left";
        return Err(Answer::message(400, text));
    }
    desk.world.join(user, org, role);
    Ok(Answer::message(200, "Organization user updated"))
}

pub(super) fn set_role_in_current(desk: &mut Desk<'_>, user: &str) -> Outcome {
    let org = may_in_current(desk, "org.users:write")?;
    set_role_in(desk, org, user)
}

pub(super) fn set_role(desk: &mut Desk<'_>, org: &str, user: &str) -> Outcome {
    let org = may_in(desk, org, "org.users:write")?;
    set_role_in(desk, org, user)
}

/// A user who is not a member is removed with a 200 too; team rows of that organization go (G30).
fn remove_from(desk: &mut Desk<'_>, org: i64, user: i64) -> Result<(), Answer> {
    let failed = || Answer::message(500, "Failed to remove user from organization");
    desk.world.person(user).ok_or_else(failed)?;
    let left = desk.world.leave(user, org);
    left.map_err(|_| Answer::message(400, "Cannot remove last organization admin"))
}

/// The trap: with the last organization the whole user goes (G31).
pub(super) fn remove_from_current(desk: &mut Desk<'_>, user: &str) -> Outcome {
    let org = may_in_current(desk, "org.users:remove")?;
    let user = id("userId", user)?;
    remove_from(desk, org, user)?;
    if desk.world.person(user).is_some_and(|row| row.orgs.is_empty()) {
        desk.world.delete(user);
        return Ok(Answer::message(200, "User deleted"));
    }
    Ok(Answer::message(200, "User removed from organization"))
}

/// The safe one: the user stays, without an organization if it was their last.
pub(super) fn remove(desk: &mut Desk<'_>, org: &str, user: &str) -> Outcome {
    let org = may_in(desk, org, "org.users:remove")?;
    let user = id("userId", user)?;
    remove_from(desk, org, user)?;
    Ok(Answer::message(200, "User removed from organization"))
}
