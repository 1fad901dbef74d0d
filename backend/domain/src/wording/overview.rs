//! The sentence on top of the overview.
//!
//! Owns: one sentence for each state. Must never say that Grafana matches while anything waits.
//! Start at [`summary`].

use super::{count, operation};
use crate::{operation::Off, status::StoreFile, store_identity::Recognition};
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
    /// People who must be out and were not seen out.
    pub closing: i64,
    /// People and teams that the brake holds something of.
    pub held: i64,
    /// Why nothing is written, if nothing is.
    pub off: Option<Off>,
    /// People who are out, and whose next sign-in can bring them back until the next comparison.
    pub may_return: i64,
}

/// How things stand.
#[must_use]
pub fn summary(state: SyncState, numbers: Numbers) -> String {
    let waiting = match numbers.pending {
        0 => "Nothing waits.".to_owned(),
        n => format!("{} and nothing is lost.", count(n, "change waits", "changes wait")),
    };
    // What must never be overlooked comes before everything else.
    let not_closed = match numbers.closing {
        0 => String::new(),
        n => format!("{} not closed yet. ", count(n, "person is", "people are")),
    };
    let may_return = match numbers.may_return {
        0 => String::new(),
        n => format!("{} can come back. ", count(n, "person who left", "people who left")),
    };
    let rest = match state {
        SyncState::StoreFails => "The store takes no changes: its disk is full, its file is read-only, or \
             the file was deleted or replaced. Identity providers are told to send theirs again."
            .to_owned(),
        SyncState::StoreNotRecognised => {
            format!("This store closes and opens nobody until it is shown to be the right one. {waiting}")
        }
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
        SyncState::SwitchedOff => match numbers.off {
            Some(off) => return operation::off(off, numbers.closing),
            None => waiting,
        },
        SyncState::Held => operation::held(numbers.held),
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
    };
    format!("{not_closed}{may_return}{rest}")
}

/// Why an admin is asked about the store, where one is.
#[must_use]
pub const fn store_question(recognition: Recognition) -> Option<&'static str> {
    match recognition {
        Recognition::Foreign => Some(
            "Grafana's service account “rollcall-store” names another store. Either a second Grafana node or \
             a copy of this installation works on the same Grafana with a store of its own, or the store was \
             lost (a container without a volume) and this one is new. If another one is right, stop this one \
             or give both the same store. If this one is right, or the other is lost, say so here.",
        ),
        Recognition::Behind => Some(
            "Grafana has seen a later state of this store. It is a backup that was restored, or a copy. \
             People who were closed since are still active in it. Let the identity provider send everything \
             again, and then say that this is the right store; or put the later store back.",
        ),
        Recognition::Unknown | Recognition::Ours | Recognition::Unproven => None,
    }
}

/// What is wrong about the store's file or marker, and nobody has to decide.
#[must_use]
pub fn store_warnings(recognition: Recognition, file: StoreFile) -> Vec<String> {
    let unproven = match recognition {
        Recognition::Unproven => Some(
            "Rollcall's account may not manage service accounts of this organization, so a second store on \
             this Grafana, or a lost one, would not be known, and nobody is opened. Make the account Admin of \
             the organization, or give Rollcall the token of a service account that is.",
        ),
        _ => None,
    };
    let file = match file {
        StoreFile::Readable => Some(
            "The store's file can be read by others on this machine: it holds names and e-mails. Take the \
             rights of others away from its directory.",
        ),
        StoreFile::Writable => Some(
            "The store's directory can be written by others on this machine, who can replace the store. Take \
             their rights away.",
        ),
        StoreFile::Private | StoreFile::Replaced => None,
    };
    [unproven, file].into_iter().flatten().map(str::to_owned).collect()
}
