//! How far a setting reaches, and whether a change of it takes protection away.
//!
//! Owns: which settings concern people beyond one organization, so that a Grafana server admin or the file has to set them. Must never
//! decide who somebody is. Start at [`reaches_beyond`] and [`weakens`].

use super::{KEYS, Key, Name, Resolved};

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

/// Whether setting it to `after` concerns people beyond the organization.
#[must_use]
pub fn reaches_beyond(setting: Name, after: &str) -> bool {
    match setting {
        // Where Rollcall works, and as who.
        Name::GrafanaUrl | Name::AdminUser | Name::AdminPassword | Name::ServiceAccountToken => true,
        // An account that nobody may touch is so for every organization; and whose accounts are whose.
        Name::BreakGlass | Name::Authority => true,
        Name::Deprovision => rank(&DEPROVISION, after) > rank(&DEPROVISION, "suspend"),
        // Which accounts come under this organization's provider: `account::authority` decides what that lets it do to them.
        Name::ClaimPolicy | Name::SignIn | Name::ClaimPassword | Name::ReturnDays | Name::Linking => false,
        // Whether its provider is followed, and how far without a question.
        Name::Operation
        | Name::PausedClosings
        | Name::BrakeMinutes
        | Name::BrakeLeast
        | Name::BrakePercent
        | Name::BrakeMost => false,
        // The organization's own people, teams, callers, log and address.
        Name::TeamSyncMode
        | Name::MappingMode
        | Name::TeamClaim
        | Name::Membership
        | Name::TeamRemoval
        | Name::ScimCallers
        | Name::PublicUrl
        | Name::ActivityDays => false,
    }
}

/// Whether a value that Grafana's own route may have brought (`jsonData`) is left out: who wrote it there is not known, and an
/// organization's Admin, or a token with that role, may. Where a secret goes is another matter: it is bound to the URL.
#[must_use]
pub fn is_left_out_of_json(setting: Name, value: &str) -> bool {
    let is_place = matches!(setting, Name::GrafanaUrl | Name::AdminUser);
    setting == Name::ScimCallers || (reaches_beyond(setting, value) && !is_place)
}

/// Whether the change takes protection away, so that Grafana's log has a line of it which no page can prune.
#[must_use]
pub fn weakens(setting: Name, before: &str, after: &str) -> bool {
    if before == after {
        return false;
    }
    match setting {
        // What another server says is believed from then on, and another account works there.
        Name::GrafanaUrl | Name::AdminUser => true,
        Name::BreakGlass => has_more(before, after),
        Name::ScimCallers => has_more(after, before),
        // The harshest lose accounts for good; the mildest leaves in who signs in through a provider.
        Name::Deprovision => rank(&DEPROVISION, after) > rank(&DEPROVISION, before) || after == "disable",
        Name::ClaimPolicy => rank(&CLAIMS, after) > rank(&CLAIMS, before),
        // What a sign-in wrote is believed from then on.
        Name::SignIn => after != "none",
        Name::ClaimPassword => after == "keep",
        Name::ReturnDays => by_number(before, after, |before, after| after > before),
        Name::ActivityDays => by_number(before, after, |before, after| after < before),
        // Who has to leave stays in meanwhile.
        Name::Operation => after != "enforce",
        Name::PausedClosings => after == "wait",
        Name::BrakeMinutes => by_number(before, after, |before, after| after < before),
        Name::BrakeLeast | Name::BrakePercent | Name::BrakeMost => {
            by_number(before, after, |before, after| after > before)
        }
        // Who leaves a group keeps the team.
        Name::TeamSyncMode => before == "scim_sync",
        // Names that the provider chooses decide who gets the rights of a team.
        Name::MappingMode => after == "create",
        Name::TeamClaim => after == "use",
        // A team takes its folder permissions with it.
        Name::TeamRemoval => after == "remove",
        Name::Authority => after == "server",
        // Taking out is how a person closes an account that signs in through a provider.
        Name::Membership => after == "repair",
        // When an account is made, and where the provider finds us, protect nobody; secrets are not changed here.
        Name::Linking | Name::PublicUrl | Name::AdminPassword | Name::ServiceAccountToken => false,
    }
}

/// The settings that protect less than before.
#[must_use]
pub fn weaker(before: &[Resolved], after: &[Resolved]) -> Vec<&'static str> {
    let is_weaker = |key: &&Key| {
        let value = |rows: &[Resolved]| {
            let row = rows.iter().find(|row| row.name == key.name);
            row.map_or_else(String::new, |row| row.value.clone())
        };
        weakens(key.setting, &value(before), &value(after))
    };
    KEYS.iter().filter(is_weaker).map(|key| key.name).collect()
}

/// Whether the first list has an entry that the second has not.
fn has_more(list: &str, than: &str) -> bool {
    let others: Vec<&str> = entries(than).collect();
    entries(list).any(|entry| !others.contains(&entry))
}

fn by_number(before: &str, after: &str, weaker: impl Fn(i64, i64) -> bool) -> bool {
    match (before.parse(), after.parse()) {
        (Ok(before), Ok(after)) => weaker(before, after),
        _ => false,
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_beyond_the_organization_is_told_by_its_value() {
        for (setting, value) in [
            (Name::GrafanaUrl, "http://x"),
            (Name::BreakGlass, ""),
            (Name::Authority, "server"),
            (Name::Deprovision, "recreate"),
            (Name::Deprovision, "delete"),
            (Name::Deprovision, "something new"),
        ] {
            assert!(reaches_beyond(setting, value), "{setting:?} {value}");
        }
        for (setting, value) in [
            (Name::Deprovision, "disable"),
            (Name::Deprovision, "suspend"),
            (Name::ClaimPolicy, "email"),
            (Name::Membership, "repair"),
        ] {
            assert!(!reaches_beyond(setting, value), "{setting:?} {value}");
        }
        assert!(is_left_out_of_json(Name::BreakGlass, "ann") && is_left_out_of_json(Name::ScimCallers, "sa-1-x"));
        assert!(!is_left_out_of_json(Name::GrafanaUrl, "http://x"));
        assert!(!is_left_out_of_json(Name::Deprovision, "suspend"));
    }

    #[test]
    fn a_change_weakens_where_it_takes_protection_away() {
        for (setting, before, after) in [
            (Name::BreakGlass, "ann, bob", "bob"),
            (Name::BreakGlass, "ann", ""),
            (Name::ScimCallers, "a", "a, b"),
            (Name::Deprovision, "suspend", "delete"),
            (Name::Deprovision, "suspend", "disable"),
            (Name::ClaimPolicy, "never", "ask"),
            (Name::ClaimPolicy, "login", "email"),
            (Name::SignIn, "none", "auth.okta"),
            (Name::ClaimPassword, "renew", "keep"),
            (Name::ReturnDays, "30", "31"),
            (Name::ActivityDays, "90", "89"),
            (Name::TeamClaim, "ask", "use"),
            (Name::TeamRemoval, "archive", "remove"),
            (Name::TeamSyncMode, "scim_sync", "off"),
            (Name::MappingMode, "strict", "create"),
            (Name::Membership, "ask", "repair"),
            (Name::Authority, "organization", "server"),
            (Name::GrafanaUrl, "http://a", "http://b"),
            (Name::Operation, "enforce", "observe"),
            (Name::Operation, "observe", "paused"),
            (Name::PausedClosings, "run", "wait"),
            (Name::BrakeMinutes, "15", "14"),
            (Name::BrakeLeast, "5", "6"),
            (Name::BrakePercent, "10", "100"),
            (Name::BrakeMost, "50", "51"),
        ] {
            assert!(weakens(setting, before, after), "{setting:?} {before} {after}");
            assert!(!weakens(setting, after, after), "{setting:?} {after}");
        }
        for (setting, before, after) in [
            (Name::BreakGlass, "ann", "bob, ann"),
            (Name::Deprovision, "delete", "suspend"),
            (Name::ClaimPolicy, "email", "ask"),
            (Name::ReturnDays, "30", "29"),
            (Name::TeamClaim, "use", "ask"),
            (Name::Membership, "repair", "ask"),
            (Name::PublicUrl, "a", "b"),
            (Name::Operation, "paused", "enforce"),
            (Name::PausedClosings, "wait", "run"),
            (Name::BrakeMost, "50", "49"),
        ] {
            assert!(!weakens(setting, before, after), "{setting:?} {before} {after}");
        }
    }
}
