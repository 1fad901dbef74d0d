//! Numbers, times and states as words.
//!
//! Owns: every sentence that is made of data, so that they can be tested without a browser. Must never touch the DOM.
//! Start at [`ago`]; lines of the log are worded
//! in [`crate::sentence`].

use admin_api::{Access, ActivityEntry, Person, PlanRow, SettingOrigin, SyncState};

/// "12 s ago". What lies ahead (clocks differ) is now.
pub fn ago(now_ms: i64, at_ms: i64) -> String {
    match span(now_ms - at_ms).as_str() {
        "0 s" => "just now".to_owned(),
        span => format!("{span} ago"),
    }
}

/// "12 s", "3 min", "5 h", "2 days".
pub fn span(ms: i64) -> String {
    let s = ms.max(0) / 1000;
    match s {
        0..60 => format!("{s} s"),
        60..3_600 => format!("{} min", s / 60),
        3_600..86_400 => format!("{} h", s / 3_600),
        86_400..172_800 => "1 day".to_owned(),
        _ => format!("{} days", s / 86_400),
    }
}

/// "1 person", "2 people".
pub fn counted(n: i64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Bars of a chart, 8 wide of every 10 and up to 40 high, as the path of an SVG. What is not nothing is seen.
pub fn bars(values: &[i64], most: i64) -> String {
    let mut path = String::new();
    for (n, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
        let high = (value * 40 / most.max(1)).clamp(1, 40);
        path.push_str(&format!("M{} 40v-{high}h8v{high}z", n * 10));
    }
    path
}

/// The answer to the overview's question, before the server's sentence.
pub fn sync_title(state: SyncState) -> &'static str {
    match state {
        SyncState::StoreFails => "The store takes no changes.",
        SyncState::StoreNotRecognised => "This is not the store that Grafana knows.",
        SyncState::NotConfigured => "Not set up yet.",
        SyncState::WaitingForFirstRequest => "Waiting for the first request.",
        SyncState::CredentialsRefused => "Grafana refused the credentials.",
        SyncState::GrafanaAway => "Grafana does not answer.",
        SyncState::SwitchedOff => "Nothing is written.",
        SyncState::Held => "The brake holds something.",
        SyncState::NeedsAttention => "Something needs you.",
        SyncState::Syncing => "Syncing.",
        SyncState::Empty => "Nothing yet.",
        SyncState::InSync => "In sync.",
    }
}

/// What holds for a person, as a sentence.
pub fn access_sentence(person: &Person) -> &'static str {
    match person.access {
        Access::Active => "May sign in to Grafana, as your identity provider wants.",
        Access::NotClosed => {
            "Your identity provider says that this person must be out, and the account was not seen closed yet."
        }
        Access::Closed if person.grafana_id.is_none() => "Was never active, so there is no account in Grafana.",
        Access::Closed => "Cannot sign in to Grafana, as your identity provider wants.",
        Access::ClosedMayReturn => "Closed, but the next sign-in may open it until Rollcall looks again.",
        Access::Pending => "The last change is on its way to Grafana.",
        Access::NeedsAttention => "Rollcall cannot go on here without you.",
        Access::WaitingForSignIn => "Waits for the first sign-in.",
        Access::KeptOpen => "Switched off by your identity provider, and kept open by an admin until it says so again.",
        Access::Released => {
            "You stopped managing this account: it stays in Grafana as it is, whatever your identity provider says."
        }
    }
}

/// One line of a CSV file (RFC 4180). A spreadsheet must not take what somebody was called for a formula.
fn csv_line(out: &mut String, cells: &[&str]) {
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out.push('"');
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            out.push('\'');
        }
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    }
    out.push_str("\r\n");
}

/// The plan as a CSV file.
pub fn plan_csv(rows: &[PlanRow]) -> String {
    let mut out = String::new();
    csv_line(&mut out, &["kind", "id", "name", "steps", "why"]);
    for row in rows {
        csv_line(
            &mut out,
            &[&row.kind, &row.id, &row.name, &row.steps.join("; "), &row.why],
        );
    }
    out
}

/// The log as a CSV file; `time` writes a moment.
pub fn activity_csv(entries: &[ActivityEntry], time: fn(i64) -> String) -> String {
    let mut out = String::new();
    csv_line(
        &mut out,
        &[
            "time",
            "source",
            "actor",
            "action",
            "target_kind",
            "target_id",
            "target_name",
            "outcome",
            "reason",
            "duration_ms",
            "correlation",
        ],
    );
    for e in entries {
        csv_line(
            &mut out,
            &[
                &time(e.at_ms),
                e.source.as_str(),
                &e.actor,
                e.action.as_str(),
                e.target_kind.as_str(),
                &e.target_id,
                &e.target_name,
                e.outcome.as_str(),
                e.reason.as_deref().unwrap_or_default(),
                &e.duration_ms.to_string(),
                &e.correlation,
            ],
        );
    }
    out
}

/// Where a setting comes from.
pub fn origin(origin: SettingOrigin) -> &'static str {
    match origin {
        SettingOrigin::GrafanaIni => "Set in [auth] of Grafana's configuration file",
        SettingOrigin::PluginIni => "Set in [plugin.rollcall-scim-app] of Grafana's configuration file",
        SettingOrigin::Provisioned => "Set by provisioning",
        SettingOrigin::Page => "Set on this page",
        SettingOrigin::Default => "Default",
    }
}

/// `team_sync_mode` → "Team sync mode": for settings this page has no own words for.
pub fn title_of_key(key: &str) -> String {
    let words = key.replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use admin_api::{Action, ActivityEntry, Outcome, Source, TargetKind};

    use super::{activity_csv, ago, bars, counted, span, title_of_key};

    #[test]
    fn times_are_told_in_the_largest_unit_that_fits() {
        assert_eq!(ago(12_400, 0), "12 s ago");
        assert_eq!(ago(61_000, 0), "1 min ago");
        assert_eq!(ago(7_200_000, 0), "2 h ago");
        assert_eq!(span(86_400_000), "1 day");
        assert_eq!(span(3 * 86_400_000), "3 days");
    }

    #[test]
    fn a_server_whose_clock_is_ahead_was_not_seen_in_the_future() {
        assert_eq!(ago(0, 5_000), "just now");
    }

    #[test]
    fn the_busiest_hour_is_as_high_as_the_chart() {
        assert_eq!(bars(&[0, 400, 1], 400), "M10 40v-40h8v40zM20 40v-1h8v1z");
        assert_eq!(bars(&[0, 0], 0), "");
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(1, "person", "people"), "1 person");
        assert_eq!(counted(0, "person", "people"), "0 people");
    }

    #[test]
    fn an_exported_name_is_neither_a_formula_nor_a_second_cell() {
        let entry = ActivityEntry {
            id: 1,
            at_ms: 0,
            source: Source::Scim,
            actor: "okta".into(),
            action: Action::UserCreate,
            target_kind: TargetKind::User,
            target_id: "id-1".into(),
            target_name: "=cmd(\"x\"),y".into(),
            outcome: Outcome::Done,
            reason: None,
            duration_ms: 1,
            correlation: String::new(),
        };
        let csv = activity_csv(&[entry], |_| "now".to_owned());
        let line = csv.lines().nth(1).unwrap();
        assert!(
            line.starts_with(r#""now","scim","okta","user.create","User","id-1","'=cmd(""x""),y","done","","1","#),
            "{line}"
        );
    }

    #[test]
    fn a_setting_without_own_words_still_has_a_title() {
        assert_eq!(title_of_key("team_sync_mode"), "Team sync mode");
    }
}
