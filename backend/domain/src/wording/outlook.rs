//! What would be done, step by step and in sum.
//!
//! Owns: a few words for each step, and why. Must never leave a call to Grafana unsaid.
//! Start at [`person_steps`].

use super::count;
use crate::{
    account::Action,
    outlook::{Outlook, Said, TeamFate, TeamOutlook},
};

/// The steps about a person. What Grafana is not called for is not among them.
#[must_use]
pub fn person_steps(actions: &[Action]) -> Vec<String> {
    let step = |action: &Action| {
        Some(match action {
            Action::Remember(_) | Action::Forget => return None,
            Action::Claim { .. } => "take the account over".to_owned(),
            Action::MoveAside { write, .. } => format!("rename a former account to {}", write.login),
            Action::RenewPassword => "set a password that nobody knows".to_owned(),
            Action::Create(write) => format!("make the account {}", write.login),
            Action::Delete(_) => "delete the account".to_owned(),
            Action::Update(write) => format!(
                "write login {}, e-mail {} and name {}",
                write.login, write.email, write.name
            ),
            Action::Disable => "disable the account".to_owned(),
            Action::Enable => "enable the account".to_owned(),
            Action::LeaveOrg(org) => format!("take it out of organization {org}"),
            Action::Logout => "end every session".to_owned(),
            Action::JoinOrg(role) => format!("join organization {} as {}", role.org_id, role.role),
            Action::SetRole(role) => format!("give the role {} back in organization {}", role.role, role.org_id),
            Action::JoinTeam(team) => format!("come back to team {}", team.team_id),
        })
    };
    actions.iter().filter_map(step).collect()
}

/// Why something is done about a person.
#[must_use]
pub const fn person_why(said: Said) -> &'static str {
    match said {
        Said::Active => "active at the identity provider",
        Said::SwitchedOff => "switched off by the identity provider",
        Said::Deleted => "deleted at the identity provider",
    }
}

/// The steps about a team.
#[must_use]
pub fn team_steps(team: &TeamOutlook) -> Vec<String> {
    let mut steps = Vec::new();
    match &team.fate {
        TeamFate::Stays => {}
        TeamFate::Made => steps.push("make the team".to_owned()),
        TeamFate::Used => steps.push("use the team of that name".to_owned()),
        TeamFate::Renamed(to) => steps.push(format!("rename it to {to}")),
        TeamFate::Deleted => steps.push("delete the team".to_owned()),
    }
    let lists = [
        ("join", &team.joins),
        ("leave", &team.leaves),
        ("get another permission", &team.changes),
    ];
    for (what, who) in lists.into_iter().filter(|(_, who)| !who.is_empty()) {
        steps.push(format!("{what}: {}", who.join(", ")));
    }
    steps
}

/// Why something is done about a team.
#[must_use]
pub fn team_why(team: &TeamOutlook) -> String {
    if team.groups.is_empty() {
        "its group is gone".to_owned()
    } else {
        format!("fed by {}", team.groups.join(", "))
    }
}

/// How much it is in all, one line for each kind; empty where nothing is to be done.
#[must_use]
pub fn sums(outlook: &Outlook) -> Vec<String> {
    let people = |wanted: fn(&Action) -> bool| {
        let some = outlook.people.iter().filter(|p| p.actions.iter().any(wanted));
        i64::try_from(some.count()).unwrap_or(i64::MAX)
    };
    let closed = outlook.people.iter().filter(|p| p.said != Said::Active).count();
    let teams =
        |of: fn(&TeamOutlook) -> usize| i64::try_from(outlook.teams.iter().map(of).sum::<usize>()).unwrap_or(i64::MAX);
    let lines = [
        (
            i64::try_from(closed).unwrap_or(i64::MAX),
            "account is closed",
            "accounts are closed",
        ),
        (
            people(|a| matches!(a, Action::Delete(_))),
            "account is deleted",
            "accounts are deleted",
        ),
        (
            people(|a| matches!(a, Action::Create(_))),
            "account is made",
            "accounts are made",
        ),
        (
            people(|a| matches!(a, Action::Claim { .. })),
            "account is taken over",
            "accounts are taken over",
        ),
        (
            people(|a| matches!(a, Action::Update(_))),
            "profile is written",
            "profiles are written",
        ),
        (teams(|t| t.leaves.len()), "person leaves a team", "people leave teams"),
        (teams(|t| t.joins.len()), "person joins a team", "people join teams"),
        (
            teams(|t| usize::from(t.fate == TeamFate::Deleted)),
            "team is deleted",
            "teams are deleted",
        ),
        (
            teams(|t| usize::from(t.fate == TeamFate::Made)),
            "team is made",
            "teams are made",
        ),
    ];
    let said = lines.into_iter().filter(|(n, ..)| *n > 0);
    said.map(|(n, one, many)| format!("{}.", count(n, one, many))).collect()
}
