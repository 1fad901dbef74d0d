//! Whether Grafana's own Team Sync (Enterprise) fills the teams we fill, or could.
//!
//! Owns: asking for the licence now and then and a few teams at each comparison, and the words. Must never cost more than
//! [`ASKED_AT_ONCE`] calls a comparison and one more in ten minutes, nor stop one: what cannot be asked is not known, and nothing else
//! depends on it. Start at [`refresh`].

use domain::TeamId;
use std::collections::HashMap;

use super::{context::Core, error::Result, org::Org};
use grafana::Team;

/// Teams asked in one comparison; the others have their turn at the next ones.
const ASKED_AT_ONCE: usize = 5;
/// A licence comes with a restart of Grafana, and one call in ten minutes finds out.
const ASK_AGAIN_MS: i64 = 600_000;
/// Named in the warning; of the others only how many.
const NAMED: usize = 3;

/// Asks a few of the teams our mappings feed, and says in the organization's status which of them are filled twice.
pub(super) async fn refresh(core: &Core, org: &mut Org, teams: &HashMap<TeamId, Team>) -> Result<()> {
    let mut ours: Vec<TeamId> = Vec::new();
    if org.settings.effective.group_sync {
        for tenant in core.store.tenants().await?.into_iter().filter(|t| t.org_id == org.id()) {
            let mappings = core.store.all_mappings(&tenant).await?;
            let fed = mappings.iter().filter(|m| !m.paused).filter_map(|m| m.team_id);
            ours.extend(fed.filter(|team| teams.contains_key(team)));
        }
    }
    ours.sort_unstable();
    ours.dedup();
    org.external_groups.filled.retain(|team, _| ours.contains(team));
    let now = core.clock.now_ms();
    let group_sync = org.settings.effective.group_sync;
    if group_sync && now >= org.external_groups.licence_from_ms {
        core.go_on()?;
        org.external_groups.licence_from_ms = now.saturating_add(ASK_AGAIN_MS);
        match org.grafana.licensed_for_team_sync().await {
            Ok(licensed) => org.external_groups.licensed = licensed,
            Err(error) => tracing::debug!(org = org.id().get(), %error, "Grafana's licence could not be asked for"),
        }
    }
    let licensed = group_sync && org.external_groups.licensed;
    if now >= org.external_groups.quiet_until_ms {
        let last = org.external_groups.last;
        // Round and round, beginning after the one asked last.
        let (before, after): (Vec<TeamId>, Vec<TeamId>) = ours.iter().partition(|team| **team <= last);
        for team in after.into_iter().chain(before).take(ASKED_AT_ONCE) {
            core.go_on()?;
            match org.grafana.external_groups(team).await {
                Ok(Some(groups)) => {
                    org.external_groups.filled.insert(team, groups > 0);
                    org.external_groups.last = team;
                }
                Ok(None) => {
                    org.external_groups.filled.clear();
                    org.external_groups.quiet_until_ms = now.saturating_add(ASK_AGAIN_MS);
                    break;
                }
                // What was seen before still counts.
                Err(error) => {
                    tracing::debug!(org = org.id().get(), %error, "whether Team Sync fills a team could not be asked");
                    org.external_groups.quiet_until_ms = now.saturating_add(ASK_AGAIN_MS);
                    break;
                }
            }
        }
    }
    let twice: Vec<TeamId> = org
        .external_groups
        .filled
        .iter()
        .filter_map(|(team, filled)| filled.then_some(*team))
        .collect();
    if !twice.is_empty() && org.status.twice_filled_teams != twice {
        tracing::warn!(
            org = org.id().get(),
            teams = ?twice,
            "Grafana's Team Sync fills teams that Rollcall fills: each undoes what the other does"
        );
    }
    if licensed && !org.status.team_sync_licensed {
        tracing::warn!(
            org = org.id().get(),
            "Grafana's licence has Team Sync, and Rollcall syncs groups: a team must not be filled by both"
        );
    }
    let names: Vec<&str> = twice
        .iter()
        .filter_map(|team| teams.get(team))
        .map(|team| team.name.as_str())
        .collect();
    org.status.warnings = warning(&names)
        .or_else(|| licensed.then(could_be))
        .into_iter()
        .collect();
    org.status.twice_filled_teams = twice;
    org.status.team_sync_licensed = licensed;
    Ok(())
}

/// No team of ours is filled twice as far as is known, and every one could be.
fn could_be() -> String {
    "Grafana's licence has Team Sync, and Rollcall syncs groups as well. A team that both fill is changed by each against the other: give \
     Rollcall's teams no external groups in Grafana, or leave the teams to Team Sync: set team_sync_mode = team_sync, and Rollcall \
     handles users only."
        .to_owned()
}

fn warning(names: &[&str]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let mut listed: Vec<String> = names.iter().take(NAMED).map(|name| format!("“{name}”")).collect();
    if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        listed.push(format!("{more} more"));
    }
    Some(format!(
        "Grafana's Team Sync fills {} as well, and each of the two undoes what the other does. In Grafana, remove the external groups \
         under External group sync of the team, or leave the teams to Team Sync: set team_sync_mode = team_sync, and Rollcall handles \
         users only.",
        listed.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_names_three_teams_and_counts_the_others() {
        assert_eq!(warning(&[]), None);
        let said = warning(&["A", "B", "C", "D", "E"]).expect("a warning");
        assert!(said.contains("“A”, “B”, “C”, 2 more as well"), "{said}");
        let said = warning(&["A", "B", "C"]).expect("a warning");
        assert!(said.contains("“A”, “B”, “C” as well"), "{said}");
    }
}
