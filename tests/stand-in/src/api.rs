//! Grafana's HTTP API as a table: which call is answered by which caller.
//!
//! Owns: the routes. Must never wait: a call is one step on the world, as a transaction of Grafana's
//! database is. What talks to a plugin is in [`super::plugins`].

use serde_json::{Value, json};

use super::{
    answer::{Answer, Outcome},
    desk::Desk,
    identity::{self, Identity},
    orgs, service_accounts,
    settings::Settings,
    teams, users,
};

/// The version this Grafana says it is: the one its behaviour was measured on.
pub(super) const VERSION: &str = "11.1.1";

/// Answers for somebody who signed in. `path` is what follows `/api/`, decoded.
pub(super) fn answer(desk: &mut Desk<'_>, method: &str, path: &[&str]) -> Outcome {
    match (method, path) {
        ("GET", ["admin", "settings"]) => {
            desk.who.needs_server_admin_in_org("settings:read")?;
            Ok(Answer::json(200, &desk.settings.shown()))
        }
        ("POST", ["admin", "users"]) => users::create(desk),
        ("DELETE", ["admin", "users", id]) => users::delete(desk, id),
        ("POST", ["admin", "users", id, "disable"]) => users::set_disabled(desk, id, true),
        ("POST", ["admin", "users", id, "enable"]) => users::set_disabled(desk, id, false),
        ("POST", ["admin", "users", id, "logout"]) => users::log_out(desk, id),
        ("PUT", ["admin", "users", id, "password"]) => users::set_password(desk, id),
        ("PUT", ["admin", "users", id, "permissions"]) => users::set_server_admin(desk, id),

        ("GET", ["user"]) => users::own_profile(desk),
        ("PUT", ["user"]) => users::update_own(desk),
        ("GET", ["user", "orgs"]) => users::orgs_of(desk, desk.who.id),
        ("GET", ["user", "teams"]) => teams::of_user(desk, desk.who.id),
        ("POST", ["user", "using", org]) => users::switch_org(desk, org),
        ("POST", ["user", "auth-tokens", "rotate"]) => identity::rotate(desk.world, desk.headers),
        ("GET", ["users"]) => users::search(desk, false),
        ("GET", ["users", "search"]) => users::search(desk, true),
        ("GET", ["users", "lookup"]) => users::lookup(desk),
        ("GET", ["users", id]) => users::read(desk, id),
        ("PUT", ["users", id]) => users::update(desk, id),
        ("GET", ["users", id, "orgs"]) => users::orgs_by_id(desk, id),
        ("GET", ["users", id, "teams"]) => teams::of_user_by_id(desk, id),

        ("GET", ["org"]) => orgs::current(desk),
        ("GET", ["org", "users"]) => orgs::users_of_current(desk),
        ("GET", ["org", "users", "search"]) => orgs::search_current(desk),
        ("POST", ["org", "users"]) => orgs::add_to_current(desk),
        ("PATCH", ["org", "users", user]) => orgs::set_role_in_current(desk, user),
        ("DELETE", ["org", "users", user]) => orgs::remove_from_current(desk, user),
        ("GET", ["orgs"]) => orgs::list(desk),
        ("POST", ["orgs"]) => orgs::create(desk),
        ("GET", ["orgs", org]) => orgs::read(desk, org),
        ("DELETE", ["orgs", org]) => orgs::delete(desk, org),
        ("GET", ["orgs", org, "users"]) => orgs::users_of(desk, org),
        ("GET", ["orgs", org, "users", "search"]) => orgs::search(desk, org),
        ("POST", ["orgs", org, "users"]) => orgs::add(desk, org),
        ("PATCH", ["orgs", org, "users", user]) => orgs::set_role(desk, org, user),
        ("DELETE", ["orgs", org, "users", user]) => orgs::remove(desk, org, user),

        ("POST", ["teams"]) => teams::create(desk),
        ("GET", ["teams", "search"]) => teams::search(desk),
        ("GET", ["teams", team]) => teams::read(desk, team),
        ("PUT", ["teams", team]) => teams::update(desk, team),
        ("DELETE", ["teams", team]) => teams::delete(desk, team),
        ("GET", ["teams", team, "members"]) => teams::members(desk, team),
        ("POST", ["teams", team, "members"]) => teams::add_member(desk, team),
        ("PUT", ["teams", team, "members"]) => teams::set_members(desk, team),
        ("PUT", ["teams", team, "members", user]) => teams::set_permission(desk, team, user),
        ("DELETE", ["teams", team, "members", user]) => teams::remove_member(desk, team, user),

        ("POST", ["serviceaccounts"]) => service_accounts::create(desk),
        ("GET", ["serviceaccounts", "search"]) => service_accounts::search(desk),
        ("GET", ["serviceaccounts", account]) => service_accounts::read(desk, account),
        ("PATCH", ["serviceaccounts", account]) => service_accounts::update(desk, account),
        ("DELETE", ["serviceaccounts", account]) => service_accounts::delete(desk, account),
        ("GET", ["serviceaccounts", account, "tokens"]) => service_accounts::tokens(desk, account),
        ("POST", ["serviceaccounts", account, "tokens"]) => service_accounts::create_token(desk, account),
        ("DELETE", ["serviceaccounts", account, "tokens", token]) => {
            service_accounts::delete_token(desk, account, token)
        }

        ("GET", ["access-control", "user", "permissions"]) => Ok(Answer::json(200, &permissions(&desk.who))),
        ("GET", ["frontend", "settings"]) => Ok(Answer::json(200, &frontend_settings(desk.settings))),
        ("GET", ["teams", team, "groups"]) if desk.settings.is_enterprise() => teams::external_groups(desk, team),
        ("POST", ["teams", team, "groups"]) if desk.settings.is_enterprise() => teams::add_external_group(desk, team),
        ("DELETE", ["teams", team, "groups"]) if desk.settings.is_enterprise() => {
            teams::remove_external_group(desk, team)
        }
        // Also every route of Team Sync, which the open-source edition does not have (G45).
        _ => Err(Answer::message(404, "Not found")),
    }
}

/// The shape of `GET /api/access-control/user/permissions`: what the caller may do in their organization. Only what a provisioning
/// product has reason to look for; global permissions of a server admin are not in it, as in Grafana.
fn permissions(who: &Identity) -> Value {
    let mut may = serde_json::Map::new();
    let mut grant = |actions: &[&str], scope: &str| {
        for action in actions {
            may.insert((*action).to_owned(), json!([scope]));
        }
    };
    if who.needs_org_admin("").is_ok() {
        grant(
            &["org.users:add", "org.users:read", "org.users:remove", "org.users:write"],
            "users:*",
        );
        grant(&["teams:create"], "");
        grant(
            &[
                "teams:delete",
                "teams:read",
                "teams:write",
                "teams.permissions:read",
                "teams.permissions:write",
            ],
            "teams:*",
        );
        grant(&["plugins:write"], "plugins:*");
        grant(&["serviceaccounts:create"], "");
    }
    if who.needs_server_admin_in_org("").is_ok() {
        grant(
            &[
                "users:read",
                "users:write",
                "users:disable",
                "users:enable",
                "users:delete",
                "users:logout",
            ],
            "global.users:*",
        );
        grant(&["users:create"], "");
        grant(&["settings:read"], "settings:*");
    }
    if who.role >= super::world::Role::Viewer {
        grant(&["plugins.app:access"], "plugins:*");
    }
    Value::Object(may)
}

/// `licensing/oss.go`: no features. An Enterprise names those of its licence, Team Sync as its pages ask for it
/// (`features/teams/TeamPages.tsx`).
fn frontend_settings(settings: &Settings) -> Value {
    let (edition, features) = if settings.is_enterprise() {
        ("Enterprise", json!({ "teamsync": true }))
    } else {
        ("Open Source", json!({}))
    };
    json!({
        "buildInfo": { "version": VERSION, "edition": edition, "commit": "stand-in", "env": "production" },
        "licenseInfo": { "edition": edition, "enabledFeatures": features },
        "featureToggles": {},
    })
}
