//! How far a setting reaches, and whether a change of it takes protection away.
//!
//! Owns: which settings concern people beyond one organization, so that a Grafana server admin or the file has to set them. Must never
//! decide who somebody is. Start at [`reaches_beyond`] and [`weakens`].

/// What only the file may say: on the page, callers are accepted one by one.
pub const FILE_ONLY: &str = "scim_callers";

/// How harsh each way of closing is, the mildest first.
const DEPROVISION: [&str; 4] = ["disable", "suspend", "recreate", "delete"];
/// How many accounts each policy takes over, the fewest first.
const CLAIMS: [&str; 5] = ["never", "ask", "linked", "login", "email"];

fn rank(of: &[&str], value: &str) -> usize {
    // A word that is not known is taken for the strongest.
    of.iter().position(|word| *word == value).unwrap_or(of.len())
}

/// Whether setting `name` to `after` concerns people beyond the organization.
#[must_use]
pub fn reaches_beyond(name: &str, after: &str) -> bool {
    match name {
        "grafana_url" | "admin_user" | "break_glass" => true,
        "deprovision" => rank(&DEPROVISION, after) > rank(&DEPROVISION, "suspend"),
        _ => false,
    }
}

/// Whether a value that Grafana's own route may have brought (`jsonData`) is left out: who wrote it there is not known, and an
/// organization's Admin, or a token with that role, may. Where a secret goes is another matter: it is bound to the URL.
#[must_use]
pub fn is_left_out_of_json(name: &str, value: &str) -> bool {
    name == FILE_ONLY || (reaches_beyond(name, value) && !matches!(name, "grafana_url" | "admin_user"))
}

/// Whether the change takes protection away, so that Grafana's log has a line of it which no page can prune.
#[must_use]
pub fn weakens(name: &str, before: &str, after: &str) -> bool {
    match name {
        "break_glass" => {
            let stays: Vec<&str> = entries(after).collect();
            entries(before).any(|entry| !stays.contains(&entry))
        }
        "deprovision" => rank(&DEPROVISION, after) > rank(&DEPROVISION, before),
        "claim_policy" => rank(&CLAIMS, after) > rank(&CLAIMS, before),
        // What a sign-in wrote is believed from then on.
        "sign_in" => after != before && after != "none",
        // Who has to leave stays in meanwhile.
        "operation" => after != before && after != "enforce",
        "paused_closings" => after != before && after == "wait",
        "brake_minutes" => fewer(before, after),
        "brake_least" | "brake_percent" | "brake_most" => fewer(after, before),
        "claim_password" => after != before && after == "keep",
        "activity_days" => fewer(before, after),
        "return_days" => fewer(after, before),
        _ => false,
    }
}

fn fewer(before: &str, after: &str) -> bool {
    matches!((before.parse::<i64>(), after.parse::<i64>()), (Ok(before), Ok(after)) if after < before)
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_beyond_the_organization_is_told_by_its_value() {
        for (name, value) in [
            ("grafana_url", "http://x"),
            ("break_glass", ""),
            ("deprovision", "recreate"),
            ("deprovision", "delete"),
            ("deprovision", "something new"),
        ] {
            assert!(reaches_beyond(name, value), "{name} {value}");
        }
        for (name, value) in [
            ("deprovision", "disable"),
            ("deprovision", "suspend"),
            ("claim_policy", "email"),
        ] {
            assert!(!reaches_beyond(name, value), "{name} {value}");
        }
        assert!(is_left_out_of_json("break_glass", "ann") && is_left_out_of_json("scim_callers", "sa-1-x"));
        assert!(!is_left_out_of_json("grafana_url", "http://x") && !is_left_out_of_json("deprovision", "suspend"));
    }

    #[test]
    fn a_change_weakens_where_it_takes_protection_away() {
        for (name, before, after) in [
            ("break_glass", "ann, bob", "bob"),
            ("break_glass", "ann", ""),
            ("deprovision", "suspend", "delete"),
            ("claim_policy", "never", "ask"),
            ("claim_policy", "login", "email"),
            ("sign_in", "none", "auth.okta"),
            ("claim_password", "renew", "keep"),
            ("return_days", "30", "31"),
            ("operation", "enforce", "observe"),
            ("operation", "observe", "paused"),
            ("paused_closings", "run", "wait"),
            ("brake_minutes", "15", "14"),
            ("brake_least", "5", "6"),
            ("brake_percent", "10", "100"),
            ("brake_most", "50", "51"),
            ("activity_days", "90", "89"),
        ] {
            assert!(weakens(name, before, after), "{name} {before} {after}");
        }
        for (name, before, after) in [
            ("break_glass", "ann", "bob, ann"),
            ("deprovision", "delete", "suspend"),
            ("claim_policy", "email", "ask"),
            ("activity_days", "90", "90"),
            ("operation", "paused", "enforce"),
            ("paused_closings", "wait", "run"),
            ("brake_most", "50", "49"),
            ("public_url", "a", "b"),
        ] {
            assert!(!weakens(name, before, after), "{name} {before} {after}");
        }
    }
}
