//! The sentence on top of the overview.
//!
//! Owns: one sentence for each state. Must never say that Grafana matches while anything waits.
//! Start at [`summary`].

use super::count;
use vocabulary::SyncState;

/// The numbers in the sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// SCIM users.
    pub users: i64,
    /// SCIM groups.
    pub groups: i64,
    /// Changes that are not in Grafana yet.
    pub pending: i64,
    /// Changes that wait for a person.
    pub attention: i64,
}

/// How things stand.
#[must_use]
pub fn summary(state: SyncState, numbers: Numbers) -> String {
    let waiting = match numbers.pending {
        0 => "Nothing waits.".to_owned(),
        n => format!("{} and nothing is lost.", count(n, "change waits", "changes wait")),
    };
    match state {
        SyncState::NotConfigured => {
            format!("Rollcall has no Grafana credentials yet: set them under Settings. {waiting}")
        }
        SyncState::WaitingForFirstRequest => format!(
            "Grafana hands the credentials over with the first request after a start. {waiting} \
             Credentials in Grafana's configuration file work at once."
        ),
        SyncState::CredentialsRefused => format!(
            "Grafana refused the credentials. Change them, or press Check now when they are right again. \
             Rollcall itself tries them every ten minutes, so that the account is not locked. {waiting}"
        ),
        SyncState::GrafanaAway => format!("Grafana does not answer. {waiting}"),
        SyncState::NeedsAttention => {
            format!("{} you.", count(numbers.attention, "thing needs", "things need"))
        }
        SyncState::Syncing => format!(
            "{} on the way to Grafana.",
            count(numbers.pending, "change is", "changes are")
        ),
        SyncState::Empty => "No identity provider has called yet.".to_owned(),
        SyncState::InSync => format!(
            "Grafana matches: {}, {}.",
            count(numbers.users, "user", "users"),
            count(numbers.groups, "group", "groups")
        ),
    }
}
