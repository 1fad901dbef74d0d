//! The demo company is what the pages of the documentation and the browser tests see.

use acceptance::{
    demo,
    rig::{ADMIN, Rig},
};
use admin_api::{GroupStatus, Groups, MappingMode, Overview, People, SyncState};
use anyhow::{Result, ensure};

#[tokio::test]
async fn the_demo_has_people_teams_and_mappings_and_runs_again() -> Result<()> {
    let rig = Rig::unconnected(|setup| setup).await?;
    let (user, password) = ADMIN;
    let mut teams_before = None;
    for round in 0..2 {
        demo::run(rig.grafana.url(), user, password).await?;
        let people: People = rig.grafana.admin("users?count=200").await?;
        ensure!(people.total == 12, "round {round}: {} people", people.total);
        ensure!(
            people.users.iter().filter(|person| !person.active).count() == 1,
            "round {round}: {people:?}"
        );
        ensure!(
            people.users.iter().all(|person| person.grafana_id.is_some()),
            "round {round}: {people:?}"
        );
        let shown: Groups = rig.grafana.admin("groups").await?;
        ensure!(shown.mapping_mode == MappingMode::Strict, "{:?}", shown.mapping_mode);
        let status = |name: &str| {
            shown
                .groups
                .iter()
                .find(|row| row.display_name == name)
                .map(|row| row.status)
        };
        for (name, wanted) in [
            ("Engineering", GroupStatus::InSync),
            ("Finance", GroupStatus::InSync),
            ("On-call", GroupStatus::NotMapped),
            ("Contractors", GroupStatus::NotMapped),
        ] {
            ensure!(
                status(name) == Some(wanted),
                "round {round}: {name} is {:?}",
                status(name)
            );
        }
        let overview: Overview = rig.grafana.admin("overview").await?;
        ensure!(
            overview.sync == SyncState::InSync && overview.attention.is_empty(),
            "round {round}: {overview:?}"
        );
        ensure!(overview.callers.len() == 2, "round {round}: {:?}", overview.callers);
        let mut teams = rig.grafana.teams().await?;
        teams.sort_by_key(|team| team.id);
        ensure!(teams.len() == 2, "round {round}: {teams:?}");
        if let Some(before) = teams_before.replace(teams.clone()) {
            ensure!(
                before == teams,
                "the second run made other teams: {before:?}, {teams:?}"
            );
        }
    }
    rig.finish().await
}
