//! What a change costs Grafana: no account and no team is changed more often than a provider asked for.
//!
//! Owns: the bound that `docs/guarantees.md` states (its third), computed from what providers sent, and its comparison with Grafana's log. Must
//! never judge a test in which something was broken on purpose, or changed by anybody but a provider: there a call more is a repair.
//! Start at [`no_more_than_asked_for`].

use std::collections::{BTreeMap, BTreeSet};

use admin_api::Groups;
use anyhow::{Result, ensure};
use grafana_stand_in::Call;
use serde_json::Value;

use super::{
    property::changed_by_plugin,
    running::{BOT, Rig},
};
use crate::idp::ScimClient;

/// One change that a provider sent and the plugin took.
struct Asked {
    /// Where in the log.
    at: usize,
    method: String,
    /// `Users` or `Groups`.
    kind: String,
    /// SCIM id; nothing for what is made.
    id: String,
    body: Value,
}

impl Asked {
    /// What the calls of one SCIM request ask for.
    fn of(at: usize, call: &Call) -> Vec<Self> {
        let done = call.status.is_some_and(|status| (200..300).contains(&status));
        let path = call.path.split('?').next().unwrap_or_default();
        let Some((_, path)) = path.split_once("/scim/v2/").filter(|_| done && call.method != "GET") else {
            return Vec::new();
        };
        let body: Value = serde_json::from_str(&call.body).unwrap_or_default();
        let one = |method: &str, path: &str, body: Value| {
            let mut parts = path.trim_start_matches('/').splitn(2, '/');
            let mut part = || parts.next().unwrap_or_default().to_owned();
            Self {
                at,
                method: method.to_owned(),
                kind: part(),
                id: part(),
                body,
            }
        };
        let text = |operation: &Value, key: &str| operation[key].as_str().unwrap_or_default().to_owned();
        match body["Operations"].as_array().filter(|_| path == "Bulk") {
            Some(operations) => operations
                .iter()
                .map(|o| one(&text(o, "method"), &text(o, "path"), o["data"].clone()))
                .collect(),
            None => vec![one(&call.method, path, body)],
        }
    }

    fn names(&self, id: &str) -> bool {
        self.body.to_string().contains(id)
    }
}

/// Calls that one change of a group: its team is made, and filled at once; it is renamed, and its members written.
fn cost_of_group(asked: &Asked) -> usize {
    let both = asked.method != "PATCH" || (asked.names("displayName") && asked.names("members"));
    if both { 2 } else { 1 }
}

/// Compares Grafana's log with what providers asked for, where nothing else happened.
///
/// # Errors
/// Names the account or team that was changed too often.
pub(super) async fn no_more_than_asked_for(rig: &Rig) -> Result<()> {
    let Some(began) = rig.undisturbed_since() else {
        return Ok(());
    };
    let calls = rig.calls();
    let by_hand = |call: &&Call| call.who != BOT && call.method != "GET" && touches_grafana(&call.path);
    let Some(connection) = rig
        .scim
        .get()
        .filter(|_| !calls.iter().skip(began).any(|call| by_hand(&call)))
    else {
        return Ok(());
    };
    let asked: Vec<Asked> = calls
        .iter()
        .enumerate()
        .flat_map(|(at, call)| Asked::of(at, call))
        .collect();
    let changes: Vec<&Call> = calls.iter().filter(|call| changed_by_plugin(call)).collect();
    let scim = ScimClient::new(connection.clone());
    let listed = scim.get("/Users?count=1000").await?;
    let mut people = BTreeMap::new();
    for user in listed.json["Resources"].as_array().into_iter().flatten() {
        let text = |key: &str| user[key].as_str().unwrap_or_default();
        let ids = (text("id").to_owned(), text("externalId").to_owned());
        people.insert(text("userName").to_lowercase(), ids);
    }
    for account in rig.grafana.accounts("").await? {
        let Some((id, external_id)) = people.get(&account.login.to_lowercase()) else {
            continue;
        };
        let made = |a: &&Asked| {
            let named = a.body["userName"].as_str().unwrap_or_default();
            // By which a person is known again under another name.
            let known = !external_id.is_empty() && a.body["externalId"] == external_id.as_str();
            a.kind == "Users" && a.method == "POST" && (known || named.eq_ignore_ascii_case(&account.login))
        };
        // Who is hired again has another id, and the one they had is nobody's now.
        let again = asked.iter().filter(made).count() > 1;
        let of_them = |a: &&Asked| {
            let before = again && a.method != "POST" && !people.values().any(|(id, _)| *id == a.id);
            made(a) || (a.kind == "Users" && (a.id == *id || before))
        };
        let bound: usize = asked.iter().filter(of_them).count();
        let own = account.id.to_string();
        // Of two who swap their names one makes room by a name nobody has: one call more, which no provider asked for by itself.
        // Neither did one ask for another password, which comes with each return.
        let makes_room = |call: &Call| {
            call.body.contains("@rollcall.invalid")
                || call.body.contains(".rollcall-")
                || call.path.ends_with("/password")
        };
        // Without it Grafana puts a new account into no organization of ours, and that is one call more.
        let joins = usize::from(rig.options.settings.get("users", "auto_assign_org") == "false");
        let mine = |call: &&&Call| match parts(&call.path).as_slice() {
            ["admin", "users"] => text(&call.body, "login").eq_ignore_ascii_case(&account.login),
            ["admin", "users", id, ..] | ["users", id, ..] | ["org", "users", id] | ["orgs", _, "users", id] => {
                *id == own && !makes_room(call)
            }
            ["orgs", _, "users"] => text(&call.body, "loginOrEmail").eq_ignore_ascii_case(&account.login),
            _ => false,
        };
        within(
            &account.login,
            bound + joins,
            &changes.iter().filter(mine).copied().collect::<Vec<_>>(),
        )?;
    }
    // A mapping made, changed or taken away fills or empties a team, which may have to be made first.
    let mapping = |call: &&Call| call.method != "GET" && call.path.contains("/resources/admin/mappings");
    let mapped = calls.iter().filter(mapping).count();
    let shown: Groups = rig.page.admin("groups").await?;
    let mut teams: BTreeMap<i64, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for mapping in shown.groups.iter().flat_map(|group| &group.mappings) {
        if let Some(team) = mapping.team_id {
            let (groups, names) = teams.entry(team).or_default();
            groups.insert(mapping.group_id.clone());
            names.extend([mapping.group_name.clone(), mapping.team_name.clone()]);
        }
    }
    for (team, (groups, names)) in teams {
        let of_group = |a: &&Asked| {
            let made = a.method == "POST" && names.contains(a.body["displayName"].as_str().unwrap_or_default());
            a.kind == "Groups" && (made || groups.contains(&a.id))
        };
        let of_groups: Vec<&Asked> = asked.iter().filter(of_group).collect();
        // Anybody who joins by a later change of their own: they are let in again, or were not let in yet.
        let later = |a: &&Asked| {
            a.kind == "Users"
                && of_groups
                    .iter()
                    .any(|g| g.at < a.at && !a.id.is_empty() && g.names(&a.id))
        };
        let bound =
            of_groups.iter().map(|a| cost_of_group(a)).sum::<usize>() + asked.iter().filter(later).count() + 2 * mapped;
        let own = team.to_string();
        let its = |call: &&&Call| match parts(&call.path).as_slice() {
            ["teams"] => names.contains(&text(&call.body, "name")),
            ["teams", id, ..] => *id == own,
            _ => false,
        };
        let named = format!("the team {}", names.first().cloned().unwrap_or_default());
        within(&named, bound, &changes.iter().filter(its).copied().collect::<Vec<_>>())?;
    }
    Ok(())
}

fn within(what: &str, bound: usize, calls: &[&Call]) -> Result<()> {
    let told: Vec<String> = calls
        .iter()
        .map(|call| format!("{} {}", call.method, call.path))
        .collect();
    ensure!(
        calls.len() <= bound,
        "{what} was changed by {} calls where {bound} are enough: {told:?}",
        calls.len()
    );
    Ok(())
}

/// What changes people, teams or the plugin's settings beside SCIM. Reading, tokens and "Check now" do not; mappings are counted.
fn touches_grafana(path: &str) -> bool {
    let own = ["/api/admin/", "/api/user", "/api/org", "/api/teams"];
    let page = ["/resources/admin/settings", "/settings"];
    own.iter().any(|begin| path.starts_with(begin)) || page.iter().any(|part| path.contains(part))
}

fn parts(path: &str) -> Vec<&str> {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').filter(|part| !part.is_empty()).skip(1).collect()
}

fn text(body: &str, key: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body[key].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(method: &str, path: &str, body: &Value) -> Call {
        let now = std::time::Instant::now();
        Call {
            method: method.into(),
            path: format!("/api/{path}"),
            who: BOT.into(),
            body: body.to_string(),
            status: Some(200),
            began: now,
            at: now,
        }
    }

    #[test]
    fn a_refused_bulk_operation_asks_for_nothing() {
        let scim = "plugins/rollcall-scim-app/resources/scim/v2";
        let made = json!({ "method": "POST", "path": "/Users", "data": { "userName": "ada" } });
        let left = json!({ "method": "DELETE", "path": "/Users/u1" });
        let bulk = call("POST", &format!("{scim}/Bulk"), &json!({ "Operations": [made, left] }));
        let asked = Asked::of(3, &bulk);
        let told = asked
            .iter()
            .map(|a| (a.method.as_str(), a.kind.as_str(), a.id.as_str()));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [("POST", "Users", ""), ("DELETE", "Users", "u1")]
        );
        assert_eq!(asked[0].body["userName"], "ada");
        let mut refused = call(
            "PATCH",
            &format!("{scim}/Groups/g1?excludedAttributes=members"),
            &json!({}),
        );
        assert_eq!(Asked::of(0, &refused)[0].id, "g1");
        refused.status = Some(409);
        assert!(Asked::of(0, &refused).is_empty());
    }

    #[test]
    fn a_call_too_many_is_named() {
        let again = call("PUT", "teams/7/members", &json!({}));
        assert!(within("the team Engineering", 1, &[&again]).is_ok());
        let error = within("the team Engineering", 1, &[&again, &again])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("Engineering") && error.contains("PUT /api/teams/7/members"),
            "{error}"
        );
    }

    #[test]
    fn what_a_person_changes_beside_scim_is_seen() {
        for path in [
            "/api/admin/users/5/disable",
            "/api/users/5",
            "/api/orgs/1/users/5",
            "/api/teams/7/members",
            "/api/plugins/rollcall-scim-app/settings",
            "/api/plugins/rollcall-scim-app/resources/admin/settings",
        ] {
            assert!(touches_grafana(path), "{path}");
        }
        for path in [
            "/api/plugins/rollcall-scim-app/resources/scim/v2/Users",
            "/api/plugins/rollcall-scim-app/resources/admin/sync",
            "/api/serviceaccounts/3/tokens",
        ] {
            assert!(!touches_grafana(path), "{path}");
        }
    }
}
