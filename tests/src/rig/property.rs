//! What must hold at the end of every test, whatever it was about: the plugin changed only what is its own.
//!
//! Owns: the reading of Grafana's log of calls. A person is the plugin's to change when a provider has named them, and they are neither
//! server admin, service account nor the plugin's own account; a team, when the plugin made it or an admin mapped it. Must never
//! depend on what the plugin says about a person. Start at [`only_its_own`].

use std::collections::{BTreeMap, HashSet};

use admin_api::Groups;
use anyhow::{Result, bail};
use grafana_stand_in::Call;
use serde_json::Value;

use super::running::{ADMIN, BOT, Rig};

/// A successful call of the plugin that is no reading.
pub(super) fn changed_by_plugin(call: &Call) -> bool {
    let done = call.status.is_some_and(|status| (200..300).contains(&status));
    let session = ["/login", "/logout", "/api/user/auth-tokens/rotate"].contains(&call.path.as_str());
    done && call.who == BOT && call.method != "GET" && !session
}

/// People and teams that were not the plugin's business, with the reason.
struct OffLimits {
    accounts: BTreeMap<i64, (String, &'static str)>,
    teams: BTreeMap<i64, String>,
    removals: HashSet<String>,
    expulsions: HashSet<String>,
}

/// The login an account had before it made room for somebody who has that login now.
fn before_it_was_moved(login: &str, id: i64) -> &str {
    login.strip_suffix(&format!(".rollcall-{id}.invalid")).unwrap_or(login)
}

pub(super) async fn only_its_own(rig: &Rig) -> Result<()> {
    let calls = rig.calls();
    let off_limits = OffLimits::seen(rig, &calls).await?;
    for call in calls.iter().filter(|call| changed_by_plugin(call)) {
        if let Some(why) = off_limits.touched_by(call) {
            bail!("the plugin changed {why}: {} {} {}", call.method, call.path, call.body);
        }
    }
    Ok(())
}

impl OffLimits {
    async fn seen(rig: &Rig, calls: &[Call]) -> Result<Self> {
        // Every word any provider ever sent about people.
        let named: String = calls
            .iter()
            .filter(|call| call.path.contains("/scim/v2/"))
            .map(|call| call.body.to_lowercase())
            .collect();
        let mut accounts = BTreeMap::new();
        for account in rig.grafana.accounts("").await? {
            let why = if account.login == BOT {
                Some("its own account")
            } else if account.is_grafana_admin || account.login == ADMIN.0 {
                Some("a server admin")
            } else if !named.contains(&format!("\"{}\"", before_it_was_moved(&account.login, account.id))) {
                Some("somebody that no provider has named")
            } else {
                None
            };
            if let Some(why) = why {
                accounts.insert(account.id, (account.login, why));
            }
        }
        let robots: Value = rig
            .page
            .get("/api/serviceaccounts/search?perpage=1000&page=1&query=")
            .await?;
        for robot in robots["serviceAccounts"].as_array().into_iter().flatten() {
            let login = robot["login"].as_str().unwrap_or_default().to_owned();
            if login.ends_with("-rollcall-store") {
                // The marker of its store.
                continue;
            }
            accounts.insert(robot["id"].as_i64().unwrap_or_default(), (login, "a service account"));
        }

        let by_hand: HashSet<String> = calls
            .iter()
            .filter(|call| call.who != BOT && call.method == "POST" && call.path == "/api/teams")
            .filter_map(|call| {
                serde_json::from_str::<Value>(&call.body).ok()?["name"]
                    .as_str()
                    .map(str::to_owned)
            })
            .collect();
        let shown: Groups = rig.page.admin("groups").await?;
        let mapped: HashSet<i64> = shown
            .groups
            .iter()
            .flat_map(|group| &group.mappings)
            .filter_map(|mapping| mapping.team_id)
            .collect();
        let permitted = rig.permitted().teams.clone();
        let teams = rig.page.get::<Value>("/api/teams/search?perpage=1000").await?;
        let teams: Vec<crate::grafana::Team> = serde_json::from_value(teams["teams"].clone())?;
        let teams = teams
            .into_iter()
            .filter(|team| by_hand.contains(&team.name) && !mapped.contains(&team.id) && !permitted.contains(&team.id))
            .map(|team| (team.id, team.name))
            .collect();
        let removals = rig.permitted().removals.clone();
        let expulsions = rig.permitted().expulsions.clone();
        Ok(Self {
            accounts,
            teams,
            removals,
            expulsions,
        })
    }

    fn touched_by(&self, call: &Call) -> Option<String> {
        let path = call.path.split('?').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).skip(1).collect();
        let body: Value = serde_json::from_str(&call.body).unwrap_or_default();
        let number = |text: &str| text.parse::<i64>().ok();
        let (account, team) = match segments.as_slice() {
            ["admin", "users", id, ..] | ["users", id, ..] | ["org", "users", id] | ["orgs", _, "users", id] => {
                (number(id), None)
            }
            ["serviceaccounts", id, ..] => (number(id), None),
            ["teams", team, "members", id] => (number(id), number(team)),
            ["teams", team, "members"] => (body["userId"].as_i64(), number(team)),
            ["teams", team, ..] => (None, number(team)),
            ["orgs", _, "users"] | ["org", "users"] => {
                let named = body["loginOrEmail"].as_str().unwrap_or_default();
                (
                    self.accounts
                        .iter()
                        .find(|(_, (login, _))| login == named)
                        .map(|(id, _)| *id),
                    None,
                )
            }
            _ => (None, None),
        };
        let team_hit = team
            .and_then(|id| self.teams.get(&id))
            .map(|name| format!("the team {name}, which nobody mapped"));
        let account_hit = account.and_then(|id| self.accounts.get(&id)).and_then(|(login, why)| {
            let leaves_team = call.method == "DELETE" && team.is_some();
            // Who makes a team is in it, so the plugin takes itself out again.
            let permitted = leaves_team && (login == BOT || self.removals.contains(login));
            let leaves_org = matches!(segments.as_slice(), ["orgs", _, "users", _]) && call.method == "DELETE";
            let permitted = permitted || (leaves_org && self.expulsions.contains(login));
            (!permitted).then(|| format!("{login} ({why})"))
        });
        account_hit.or(team_hit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str, body: &str) -> Call {
        let now = std::time::Instant::now();
        Call {
            method: method.into(),
            path: path.into(),
            who: BOT.into(),
            body: body.into(),
            status: Some(200),
            began: now,
            at: now,
        }
    }

    fn off_limits() -> OffLimits {
        OffLimits {
            accounts: [
                (1, ("admin".to_owned(), "a server admin")),
                (2, (BOT.to_owned(), "its own account")),
            ]
            .into(),
            teams: [(7, "By hand".to_owned())].into(),
            removals: HashSet::new(),
            expulsions: HashSet::new(),
        }
    }

    #[test]
    fn every_way_to_change_somebody_is_seen() {
        for (method, path, body) in [
            ("POST", "/api/admin/users/1/disable", ""),
            ("DELETE", "/api/admin/users/1", ""),
            ("PUT", "/api/users/1", "{}"),
            ("DELETE", "/api/orgs/1/users/1", ""),
            (
                "POST",
                "/api/orgs/1/users",
                "{\"loginOrEmail\":\"admin\",\"role\":\"Viewer\"}",
            ),
            ("PATCH", "/api/serviceaccounts/1", "{}"),
            ("POST", "/api/teams/9/members", "{\"userId\":1}"),
            ("DELETE", "/api/teams/9/members/1", ""),
            ("PUT", "/api/teams/7/members", "{\"members\":[]}"),
            ("DELETE", "/api/teams/7", ""),
        ] {
            assert!(
                off_limits().touched_by(&call(method, path, body)).is_some(),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn what_is_its_own_is_not() {
        for (method, path, body) in [
            ("POST", "/api/admin/users", "{\"login\":\"ada\"}"),
            ("POST", "/api/admin/users/3/disable", ""),
            ("PUT", "/api/teams/9/members", "{\"members\":[\"ada@example.com\"]}"),
            ("DELETE", "/api/teams/9/members/2", ""),
        ] {
            assert!(
                off_limits().touched_by(&call(method, path, body)).is_none(),
                "{method} {path}"
            );
        }
    }
}
