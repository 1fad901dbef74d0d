//! Users: Grafana's `api/admin_users.go` and `api/user.go`.
//!
//! Owns: what each call on users answers and refuses (G1–G18, G46). Start at the routes in [`super::api`].

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Outcome, id},
    desk::{Desk, any_contains, paged},
    settings::Settings,
    world::{Role, User, now},
};

fn not_found() -> Answer {
    Answer::message(404, "user not found")
}

/// Which section of the configuration a sign-in link belongs to: `oauth_generic_oauth` to `auth.generic_oauth`.
pub(super) fn section_of(module: &str) -> String {
    format!("auth.{}", module.strip_prefix("oauth_").unwrap_or(module))
}

/// Whether their provider is switched on: then Grafana lets nobody change them (`api/utils.go` `isExternalUser`).
fn provider_enabled(user: &User, settings: &Settings) -> bool {
    let last = user.links.last();
    last.is_some_and(|link| settings.is_on(&section_of(&link.module), "enabled"))
}

/// Whether their provider says their role (`login/authinfo.go` `IsExternallySynced`).
pub(super) fn externally_synced(user: &User, settings: &Settings) -> bool {
    let last = user.links.last();
    provider_enabled(user, settings)
        && last.is_some_and(|link| !settings.is_on(&section_of(&link.module), "skip_org_role_sync"))
}

/// `login/authinfo.go` `GetAuthProviderLabel`.
pub(super) fn labels(user: &User) -> Vec<&'static str> {
    let label = |module: &str| match module {
        "oauth_azuread" => "AzureAD",
        "oauth_generic_oauth" => "Generic OAuth",
        "oauth_okta" => "Okta",
        "oauth_google" => "Google",
        "oauth_github" => "GitHub",
        "auth.saml" => "SAML",
        "ldap" => "LDAP",
        "jwt" => "JWT",
        "authproxy" => "Auth Proxy",
        _ => "Unknown",
    };
    user.links.last().map(|link| label(&link.module)).into_iter().collect()
}

pub(super) fn avatar(user: &User) -> String {
    format!("/avatar/{}", user.uid)
}

pub(super) fn create(desk: &mut Desk<'_>) -> Outcome {
    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Form {
        name: String,
        login: String,
        email: String,
        password: String,
        orgid: i64,
    }
    desk.who.needs_server_admin("users:create")?;
    let sent: Form = desk.form()?;
    if sent.password.is_empty() {
        return Err(Answer::message(400, "bad request data"));
    }
    let (mut login, mut email) = (sent.login.to_lowercase(), sent.email.to_lowercase());
    if login.is_empty() {
        login.clone_from(&email);
    }
    if login.is_empty() {
        return Err(empty_names());
    }
    if email.is_empty() {
        email.clone_from(&login);
    }
    // Before the names are looked at, so an organization may be left that nobody is in (G17).
    let named = if sent.email.is_empty() {
        &sent.login
    } else {
        &sent.email
    };
    let org = auto_org(desk, sent.orgid, named)?;
    if desk.world.check_free(&login, &email, None).is_err() {
        let (email, login) = (&sent.email, &sent.login);
        let text = format!("User with email '{email}' or username '{login}' already exists");
        return Err(Answer::message(412, text));
    }
    check_password(&sent.password)?;
    let id = desk.world.add_user(&login, &email, &sent.name);
    if let Some(user) = desk.world.users.get_mut(&id) {
        user.password = Some(sent.password);
    }
    desk.world.join(id, org.0, org.1);
    Ok(Answer::json(200, &json!({ "id": id, "message": "User created" })))
}

/// Which organization a new user is put into, and as what (`orgimpl/org.go`): without `auto_assign_org` they get their own.
fn auto_org(desk: &mut Desk<'_>, wanted: i64, email: &str) -> Result<(i64, Role), Answer> {
    if !desk.settings.is_on("users", "auto_assign_org") {
        // The database's unique index says no.
        if desk.world.orgs.values().any(|name| name == email) {
            return Err(Answer::message(500, "failed to create user"));
        }
        return Ok((desk.world.add_org(email), Role::Admin));
    }
    let role = Role::of(desk.settings.get("users", "auto_assign_org_role")).unwrap_or(Role::Viewer);
    let org = if wanted == 0 {
        desk.settings.get("users", "auto_assign_org_id").parse().unwrap_or(1)
    } else {
        wanted
    };
    if desk.world.orgs.contains_key(&org) {
        Ok((org, role))
    } else {
        Err(Answer::message(400, "organization not found"))
    }
}

fn empty_names() -> Answer {
    let text = "Need to specify either username or email";
    Answer::error(400, "user.empty-username-and-email", text)
}

fn check_password(password: &str) -> Result<(), Answer> {
    if password.chars().count() < 4 {
        let text = "New password is too short";
        return Err(Answer::error(400, "password.password-policy-too-short", text));
    }
    Ok(())
}

pub(super) fn delete(desk: &mut Desk<'_>, user: &str) -> Outcome {
    desk.who.needs_server_admin("users:delete")?;
    let user = id("id", user)?;
    desk.world.person(user).ok_or_else(not_found)?;
    desk.world.delete(user);
    Ok(Answer::message(200, "User deleted"))
}

/// Refused with a 500 as soon as a sign-in link exists, whatever its provider is set to (G9).
pub(super) fn set_disabled(desk: &mut Desk<'_>, user: &str, disabled: bool) -> Outcome {
    let verb = if disabled { "disable" } else { "enable" };
    desk.who.needs_server_admin(&format!("users:{verb}"))?;
    let user = id("id", user)?;
    let row = desk.world.person_mut(user).ok_or_else(not_found)?;
    if !row.links.is_empty() {
        return Err(Answer::message(500, format_args!("Could not {verb} external user")));
    }
    row.disabled = disabled;
    row.updated = now();
    if disabled {
        desk.world.end_sessions(user);
    }
    Ok(Answer::message(200, format_args!("User {verb}d")))
}

pub(super) fn log_out(desk: &mut Desk<'_>, user: &str) -> Outcome {
    desk.who.needs_server_admin("users:logout")?;
    let user = id("id", user)?;
    if user == desk.who.id {
        return Err(Answer::message(400, "You cannot logout yourself"));
    }
    if !desk.world.users.contains_key(&user) {
        return Err(Answer::message(404, "User not found"));
    }
    desk.world.end_sessions(user);
    Ok(Answer::message(200, "User logged out"))
}

pub(super) fn set_password(desk: &mut Desk<'_>, user: &str) -> Outcome {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        password: String,
    }
    desk.who.needs_server_admin("users.password:update")?;
    if desk.settings.is_on("auth", "disable_login_form") || desk.settings.is_on("auth", "disable_login") {
        let text = "Not allowed to reset password when login form is disabled";
        return Err(Answer::message(403, text));
    }
    let sent: Form = desk.form()?;
    if sent.password.is_empty() {
        return Err(Answer::message(400, "bad request data"));
    }
    let user = id("id", user)?;
    let failed = || Answer::message(500, "Failed to update user password");
    let row = desk.world.person(user).ok_or_else(failed)?;
    if provider_enabled(row, desk.settings) {
        return Err(Answer::message(403, "Cannot update external User"));
    }
    check_password(&sent.password).map_err(|_| failed())?;
    desk.world.set_password(user, &sent.password);
    Ok(Answer::message(200, "User password updated"))
}

pub(super) fn set_server_admin(desk: &mut Desk<'_>, user: &str) -> Outcome {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        isgrafanaadmin: bool,
    }
    desk.who.is_server_admin()?;
    let sent: Form = desk.form()?;
    let user = id("id", user)?;
    let last = !desk.world.people().any(|other| other.server_admin && other.id != user);
    let row = desk.world.person_mut(user);
    let row = row.ok_or_else(|| Answer::message(500, "Failed to update user permissions"))?;
    if last && row.server_admin && !sent.isgrafanaadmin {
        return Err(Answer::message(400, "cannot remove last grafana admin"));
    }
    row.server_admin = sent.isgrafanaadmin;
    Ok(Answer::message(200, "User permissions updated"))
}

fn profile(user: &User, settings: &Settings) -> Value {
    json!({
        "id": user.id, "uid": user.uid, "email": user.email, "name": user.name, "login": user.login, "theme": user.theme,
        // Go leaves a zero out; -1 is Grafana's mark for somebody without an organization.
        "orgId": user.org.unwrap_or(-1),
        "isGrafanaAdmin": user.server_admin, "isDisabled": user.disabled,
        // As soon as a sign-in link exists (G9).
        "isExternal": !user.links.is_empty(),
        "isExternallySynced": externally_synced(user, settings), "isGrafanaAdminExternallySynced": false,
        "authLabels": labels(user), "updatedAt": user.updated, "createdAt": user.created, "avatarUrl": avatar(user),
    })
}

/// A service account gets a profile with nothing but names (`api/user.go` `GetSignedInUser`).
pub(super) fn own_profile(desk: &mut Desk<'_>) -> Outcome {
    if let Some(user) = desk.world.person(desk.who.id) {
        return Ok(Answer::json(200, &profile(user, desk.settings)));
    }
    let who = &desk.who;
    let body = json!({
        "id": 0, "uid": format!("service-account:{}", who.id), "email": who.email, "name": who.name, "login": who.login,
        "theme": "", "orgId": who.org, "isGrafanaAdmin": false, "isDisabled": false, "isExternal": false,
        "isExternallySynced": false, "isGrafanaAdminExternallySynced": false, "authLabels": null,
        "updatedAt": "0001-01-01T00:00:00Z", "createdAt": "0001-01-01T00:00:00Z", "avatarUrl": "",
    });
    Ok(Answer::json(200, &body))
}

pub(super) fn read(desk: &mut Desk<'_>, user: &str) -> Outcome {
    desk.who.needs_server_admin_in_org("users:read")?;
    let user = id("id", user)?;
    let user = desk.world.person(user).ok_or_else(not_found)?;
    Ok(Answer::json(200, &profile(user, desk.settings)))
}

/// `uid` is empty here and in the search, and `isDisabled`, `isExternal` are always false (G5).
pub(super) fn lookup(desk: &mut Desk<'_>) -> Outcome {
    desk.who.needs_server_admin_in_org("users:read")?;
    let found = desk.world.by_login_or_email(desk.param("loginOrEmail"));
    let user = found.and_then(|id| desk.world.person(id)).ok_or_else(not_found)?;
    let body = json!({
        "id": user.id, "uid": "", "email": user.email, "name": user.name, "login": user.login, "theme": user.theme,
        "orgId": user.org.unwrap_or(-1), "isGrafanaAdmin": user.server_admin, "isDisabled": false, "isExternal": false,
        "isExternallySynced": false, "isGrafanaAdminExternallySynced": false, "authLabels": null,
        "updatedAt": user.updated, "createdAt": user.created, "avatarUrl": "",
    });
    Ok(Answer::json(200, &body))
}

pub(super) fn search(desk: &mut Desk<'_>, with_paging: bool) -> Outcome {
    desk.who.needs_server_admin_in_org("users:read")?;
    let query = desk.param("query");
    let mut rows: Vec<&User> = desk
        .world
        .people()
        .filter(|user| any_contains(&[&user.email, &user.name, &user.login], query))
        .collect();
    rows.sort_by_key(|user| (&user.login, &user.email));
    let total = rows.len();
    let page = desk.page();
    let hits: Vec<Value> = paged(rows, page)
        .into_iter()
        .map(|user| {
            json!({
                "id": user.id, "uid": "", "name": user.name, "login": user.login, "email": user.email,
                "avatarUrl": avatar(user), "isAdmin": user.server_admin, "isDisabled": user.disabled,
                "lastSeenAt": user.created, "lastSeenAtAge": "10 years", "authLabels": labels(user),
            })
        })
        .collect();
    let body = if with_paging {
        json!({ "totalCount": total, "users": hits, "page": page.0, "perPage": page.1 })
    } else {
        json!(hits)
    };
    Ok(Answer::json(200, &body))
}

/// The whole row by a server admin.
pub(super) fn update(desk: &mut Desk<'_>, user: &str) -> Outcome {
    desk.who.needs_server_admin_in_org("users:write")?;
    let sent: Names = desk.form()?;
    write_names(desk, id("id", user)?, sent)
}

/// `PUT /api/user`: by basic auth and by session, in an organization or in none (G78).
pub(super) fn update_own(desk: &mut Desk<'_>) -> Outcome {
    let sent: Names = desk.form()?;
    if desk.who.service_account {
        return Err(Answer::message(403, "Endpoint only available for users"));
    }
    write_names(desk, desk.who.id, sent)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Names {
    name: String,
    login: String,
    email: String,
    theme: String,
}

/// What is empty is not written; without a login the e-mail becomes it (G6).
fn write_names(desk: &mut Desk<'_>, user: i64, sent: Names) -> Outcome {
    let failed = || Answer::message(500, "Failed to update user");
    if let Some(row) = desk.world.person(user)
        && provider_enabled(row, desk.settings)
    {
        return Err(Answer::message(403, "Cannot update external User"));
    }
    let email = sent.email.trim().to_lowercase();
    let mut login = sent.login.trim().to_lowercase();
    if login.is_empty() {
        login.clone_from(&email);
    }
    if login.is_empty() {
        return Err(empty_names());
    }
    if desk.settings.is_on("smtp", "enabled") && desk.settings.is_on("users", "verify_email_enabled") {
        let row = desk.world.person(user).ok_or_else(not_found)?;
        let new_login = login.contains('@') && row.login != login && row.email != login;
        // Nothing of the request is written (`api/user.go` `handleUpdateUser`); a mail goes out instead.
        if (!email.is_empty() && row.email != email) || new_login {
            return Ok(Answer::message(200, "Email sent for verification"));
        }
    }
    // The database's own unique index says no, and Grafana does not know what it heard.
    desk.world
        .check_free(&login, &email, Some(user))
        .map_err(|_| failed())?;
    let row = desk.world.person_mut(user).ok_or_else(failed)?;
    let write = |field: &mut String, value: String| {
        if !value.is_empty() {
            *field = value;
        }
    };
    write(&mut row.login, login);
    write(&mut row.email, email);
    write(&mut row.name, sent.name);
    write(&mut row.theme, sent.theme);
    row.updated = now();
    Ok(Answer::message(200, "User updated"))
}

pub(super) fn orgs_by_id(desk: &mut Desk<'_>, user: &str) -> Outcome {
    desk.who.needs_server_admin_in_org("users:read")?;
    orgs_of(desk, id("id", user)?)
}

pub(super) fn orgs_of(desk: &Desk<'_>, user: i64) -> Outcome {
    let orgs = desk.world.person(user).map(|user| &user.orgs);
    let mut rows: Vec<Value> = orgs
        .into_iter()
        .flatten()
        .map(|(org, role)| json!({ "orgId": org, "name": desk.world.orgs.get(org), "role": role.name() }))
        .collect();
    rows.sort_by_key(|row| row["name"].to_string());
    Ok(Answer::json(200, &json!(rows)))
}

pub(super) fn switch_org(desk: &mut Desk<'_>, org: &str) -> Outcome {
    let org = id("id", org)?;
    let invalid = || Answer::message(401, "Not a valid organization");
    let row = desk.world.person_mut(desk.who.id).ok_or_else(invalid)?;
    if !row.orgs.contains_key(&org) {
        return Err(invalid());
    }
    row.org = Some(org);
    Ok(Answer::message(200, "Active organization changed"))
}
