//! The sentence of the health check.
//!
//! Owns: one sentence for each case. Must never hold configuration, names, e-mails or paths: every
//! signed-in user can read it. Start at [`health`].

use super::operation;
use crate::health::Health;

/// What the health check says. `pending`: how many changes are not in Grafana yet.
#[must_use]
pub fn health(health: Health, pending: i64) -> String {
    let waiting = match pending {
        0 => String::new(),
        n => format!(" {n} changes wait and nothing is lost."),
    };
    match health {
        Health::StoreClosed => "The SCIM store cannot be opened, so nothing is accepted from identity \
             providers. Set data_dir in [plugin.rollcall-scim-app]; Grafana's log says what is wrong."
            .to_owned(),
        Health::StoreFails => "The SCIM store does not answer. Grafana's log says why.".to_owned(),
        Health::StoreTakesNoChanges => "The SCIM store takes no changes, so identity providers are told to \
             send theirs again. The disk is full, or the file is read-only; Grafana's log says which."
            .to_owned(),
        Health::StoreReplaced => "The SCIM store's file was replaced or deleted while it was open, so no \
             change is taken any more. Put the file back if it was moved, and restart Grafana."
            .to_owned(),
        Health::StoreForeign => format!(
            "Grafana knows another SCIM store than this one: two stores work on it, or the store was lost. \
             This one closes and opens nobody. The app's overview asks what to do.{waiting}"
        ),
        Health::StoreBehind => format!(
            "Grafana knows a later state of this SCIM store: it is a restored backup or a copy. \
             It closes and opens nobody. The app's overview asks what to do.{waiting}"
        ),
        Health::StoreUnknown => format!(
            "Which SCIM store is the right one could not be read in Grafana, so nobody is opened. \
             Grafana's log says why.{waiting}"
        ),
        Health::StoreUnproven => format!(
            "Rollcall's account may not manage service accounts, so nothing shows that this is the right SCIM \
             store, and nobody is opened. Make the account Admin of the organization.{waiting}"
        ),
        Health::EngineFails => format!(
            "The engine stood still or ended by a fault, and was started again. Grafana's log says where.{waiting}"
        ),
        Health::NotConfigured => {
            format!("No Grafana credentials are set: open the app's settings.{waiting}")
        }
        Health::WaitingForFirstRequest => {
            format!("Waiting for the first request, with which Grafana hands the credentials over.{waiting}")
        }
        Health::SecretKeptBack => {
            format!(
                "A secret was given for another URL or login, and is not sent to this one: type it again in the app's settings, or set that \
                 back.{waiting}"
            )
        }
        Health::CredentialsRefused => {
            format!(
                "Grafana refused the credentials: change them, or press Check now when they are right again.{waiting}"
            )
        }
        Health::GrafanaAway => format!("Grafana's API does not answer.{waiting}"),
        Health::SwitchedOff(off, open) => {
            format!("{}: {}{waiting}", operation::off_title(off), operation::off(off, open))
        }
        Health::Held(subjects) => format!("{}{waiting}", operation::held(subjects)),
        Health::StillOpen(n) => format!(
            "{n} people must be out and are not closed in Grafana, for more than five minutes: \
             the app's overview names them.{waiting}"
        ),
        Health::NotCompared => format!(
            "Grafana answers, and for five minutes no comparison with it has ended well, so nobody knows \
             whether what was closed is closed still. The app's overview says what fails.{waiting}"
        ),
        Health::WrongSettings(n) => {
            format!("{n} settings have values that cannot be used: the app's settings name them.{waiting}")
        }
        Health::NeedsAttention(n) => {
            format!("{n} things need a person: the app's overview names them.{waiting}")
        }
        Health::TeamSyncFills(n) => format!(
            "Grafana's Team Sync fills {n} of the teams Rollcall fills: \
             the app's overview names them.{waiting}"
        ),
        Health::TeamSyncLicensed => format!(
            "Grafana's licence has Team Sync, and Rollcall syncs groups as well: \
             the app's overview says what to do.{waiting}"
        ),
        Health::Syncing => format!("{pending} changes are on the way to Grafana."),
        Health::InSync => "Grafana matches what the identity provider said.".to_owned(),
    }
}
