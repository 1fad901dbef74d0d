//! Whether Grafana's own Team Sync (Enterprise) fills the teams we fill, or could.
//!
//! Owns: asking for the licence now and then and a few teams at each comparison. Must never cost more than
//! [`ASKED_AT_ONCE`] calls a comparison and one more in ten minutes, nor stop one: what cannot be asked is not known, and nothing else
//! depends on it. Start at [`refresh`].

use domain::{TeamId, wording};
use std::collections::HashMap;

use super::{context::Core, error::Result, org::Org};
use grafana::Team;

/// Teams asked in one comparison; the others have their turn at the next ones.
const ASKED_AT_ONCE: usize = 5;
/// A licence comes with a restart of Grafana, and one call in ten minutes finds out.
const ASK_AGAIN_MS: i64 = 600_000;
/// Asks a few of the teams our mappings feed, and says in the organization's status which of them are filled twice.
pub(super) async fn refresh(core: &Core, org: &mut Org, teams: &HashMap<TeamId, Team>) -> Result<()> {
    let ours = fed_teams(core, org, teams).await?;
    org.external_groups.filled.retain(|team, _| ours.contains(team));
    let licensed = ask_for_licence(core, org).await?;
    ask_about_teams(core, org, &ours).await?;
    let filled = org.external_groups.filled.iter();
    let twice: Vec<TeamId> = filled.filter_map(|(team, filled)| filled.then_some(*team)).collect();
    tell(org, &twice, licensed);
    let names: Vec<&str> = twice
        .iter()
        .filter_map(|team| teams.get(team))
        .map(|team| team.name.as_str())
        .collect();
    org.status.warnings = wording::filled_by_team_sync(&names)
        .or_else(|| licensed.then(wording::could_be_filled_by_team_sync))
        .into_iter()
        .collect();
    org.status.twice_filled_teams = twice;
    org.status.team_sync_licensed = licensed;
    Ok(())
}

/// The teams that our mappings feed and that are there, by id.
async fn fed_teams(core: &Core, org: &Org, teams: &HashMap<TeamId, Team>) -> Result<Vec<TeamId>> {
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
    Ok(ours)
}

/// Whether Grafana could fill teams, asked now and then.
async fn ask_for_licence(core: &Core, org: &mut Org) -> Result<bool> {
    let now = core.clock.elapsed_ms();
    let group_sync = org.settings.effective.group_sync;
    if group_sync && now >= org.external_groups.licence_from_ms {
        core.go_on()?;
        org.external_groups.licence_from_ms = now.saturating_add(ASK_AGAIN_MS);
        match org.grafana.licensed_for_team_sync().await {
            Ok(licensed) => org.external_groups.licensed = licensed,
            Err(error) => {
                tracing::debug!(org = org.id().get(), %error, "Grafana's licence could not be asked for");
            }
        }
    }
    Ok(group_sync && org.external_groups.licensed)
}

/// A few teams at a time, round and round, beginning after the one asked last.
async fn ask_about_teams(core: &Core, org: &mut Org, ours: &[TeamId]) -> Result<()> {
    let now = core.clock.elapsed_ms();
    if now < org.external_groups.quiet_until_ms {
        return Ok(());
    }
    let last = org.external_groups.last;
    let (before, after): (Vec<TeamId>, Vec<TeamId>) = ours.iter().partition(|team| **team <= last);
    for team in after.into_iter().chain(before).take(ASKED_AT_ONCE) {
        core.go_on()?;
        match org.grafana.external_groups(team).await {
            Ok(Some(groups)) => {
                org.external_groups.filled.insert(team, groups > 0);
                org.external_groups.last = team;
                continue;
            }
            Ok(None) => org.external_groups.filled.clear(),
            // What was seen before still counts.
            Err(error) => {
                tracing::debug!(org = org.id().get(), %error, "whether Team Sync fills a team could not be asked");
            }
        }
        org.external_groups.quiet_until_ms = now.saturating_add(ASK_AGAIN_MS);
        break;
    }
    Ok(())
}

/// Grafana's own log has it once, when it begins.
fn tell(org: &Org, twice: &[TeamId], licensed: bool) {
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
}
