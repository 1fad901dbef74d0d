//! Grafana's own Team Sync beside ours: what an admin is told.
//!
//! Owns: the sentences. Must never decide whether it is so. Start at [`filled_by_team_sync`].

/// Named in the warning; of the others only how many.
const NAMED: usize = 3;

/// No team of ours is filled twice as far as is known, and every one could be.
#[must_use]
pub fn could_be_filled_by_team_sync() -> String {
    "Grafana's licence has Team Sync, and Rollcall syncs groups as well. A team that both fill is changed by each against the other: give \
     Rollcall's teams no external groups in Grafana, or leave the teams to Team Sync: set team_sync_mode = team_sync, and Rollcall \
     handles users only."
        .to_owned()
}

/// Which teams are filled twice; `None`: none is.
#[must_use]
pub fn filled_by_team_sync(names: &[&str]) -> Option<String> {
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
        assert_eq!(filled_by_team_sync(&[]), None);
        let said = filled_by_team_sync(&["A", "B", "C", "D", "E"]).expect("a warning");
        assert!(said.contains("“A”, “B”, “C”, 2 more as well"), "{said}");
        let said = filled_by_team_sync(&["A", "B", "C"]).expect("a warning");
        assert!(said.contains("“A”, “B”, “C” as well"), "{said}");
    }
}
