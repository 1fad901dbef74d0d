//! A list that lost most of what it had a minute ago.
//!
//! Owns: asking for some of those that are missing, one by one. Where one is still there, the list is wrong and nothing is changed by
//! it (feature flags of Grafana made it so, G76); where all are gone, they are gone. Must never take a list for wrong because it is
//! short. Start at [`accounts`].

use std::collections::HashSet;

use domain::{OrgId, TeamId, UserId, attention::Reading};

use super::error::{Result, looking};
use grafana::{Error, Grafana, ListedUser, OrgUser, Team, TeamMembers};

/// So many of the missing are asked for.
const ASKED: usize = 3;

/// What the last lists had in them.
#[derive(Debug, Default)]
pub(super) struct LastSeen {
    accounts: HashSet<UserId>,
    members: HashSet<UserId>,
    teams: HashSet<TeamId>,
}

/// Some of those that are missing, if more than half are.
fn missing<T: Copy + Eq + std::hash::Hash + Ord>(before: &HashSet<T>, now: &HashSet<T>) -> Vec<T> {
    let mut missing: Vec<T> = before.difference(now).copied().collect();
    if missing.len() * 2 <= before.len() {
        return Vec::new();
    }
    missing.sort_unstable();
    missing.truncate(ASKED);
    missing
}

fn wrong(list: &str, still_there: impl std::fmt::Display) -> Error {
    Error::Implausible(format!(
        "its list of {list} lost most of them, and {still_there} is still there"
    ))
}

/// Every account. Our own is always among them.
pub(super) async fn accounts(grafana: &Grafana, seen: &mut LastSeen, listed: &[ListedUser]) -> Result<()> {
    let failed = looking(Reading::AllAccounts);
    let now: HashSet<UserId> = listed.iter().map(|user| user.id).collect();
    let me = grafana.me().await.map_err(looking(Reading::OwnAccount))?;
    if !now.contains(&me.id) {
        return Err(failed(Error::Implausible(
            "its list of users is without Rollcall's own account".to_owned(),
        )));
    }
    for id in missing(&seen.accounts, &now) {
        if let Some(user) = grafana.user(id).await.map_err(looking(Reading::Account))? {
            return Err(failed(wrong("users", format_args!("the user {}", user.id.get()))));
        }
    }
    seen.accounts = now;
    Ok(())
}

/// The people of our organization.
pub(super) async fn people(grafana: &Grafana, seen: &mut LastSeen, org_id: OrgId, listed: &[OrgUser]) -> Result<()> {
    let now: HashSet<UserId> = listed.iter().map(|user| user.user_id).collect();
    for id in missing(&seen.members, &now) {
        let failed = looking(Reading::Organizations);
        let orgs = match grafana.orgs_of_user(id).await {
            Err(Error::NotFound(_)) => continue,
            orgs => orgs.map_err(failed)?,
        };
        if orgs.iter().any(|org| org.org_id == org_id) {
            let user = format_args!("the user {}", id.get()).to_string();
            return Err(looking(Reading::OrgUsers)(wrong("the organization's people", user)));
        }
    }
    seen.members = now;
    Ok(())
}

/// Every team of our organization.
pub(super) async fn teams(grafana: &Grafana, seen: &mut LastSeen, listed: &[Team]) -> Result<()> {
    let now: HashSet<TeamId> = listed.iter().map(|team| team.id).collect();
    for id in missing(&seen.teams, &now) {
        if grafana.team(id).await.map_err(looking(Reading::Team))?.is_some() {
            return Err(looking(Reading::Teams)(wrong(
                "teams",
                format_args!("the team {}", id.get()),
            )));
        }
    }
    seen.teams = now;
    Ok(())
}

/// The members of a team, compared with those that we put there. A list that says of itself that some may be missing is not asked
/// about. By any other a bulk write would leave out everybody who was added by hand.
pub(super) async fn members(
    grafana: &Grafana,
    team_id: TeamId,
    put_there: impl Iterator<Item = &UserId>,
    seen: &TeamMembers,
) -> Result<()> {
    if !seen.all {
        return Ok(());
    }
    let now: HashSet<UserId> = seen.shown.iter().map(|member| member.user_id).collect();
    let before: HashSet<UserId> = put_there.copied().collect();
    for id in missing(&before, &now) {
        let teams = match grafana.teams_of_user(id, grafana.org_id()).await {
            Err(Error::NotFound(_)) => continue,
            teams => teams.map_err(looking(Reading::Teams))?,
        };
        if teams.contains(&team_id) {
            let user = format_args!("the user {}", id.get()).to_string();
            return Err(looking(Reading::TeamMembers)(wrong("the team's members", user)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loss_of_more_than_half_is_sudden() {
        let of = |ids: std::ops::Range<i64>| ids.map(UserId::new).collect::<HashSet<_>>();
        assert_eq!(missing(&of(1..11), &of(1..6)), []);
        assert_eq!(missing(&of(1..11), &of(1..5)), [5, 6, 7].map(UserId::new));
        assert_eq!(missing(&of(1..2), &of(0..0)), [UserId::new(1)]);
        assert_eq!(missing(&of(0..0), &of(0..0)), []);
    }
}
