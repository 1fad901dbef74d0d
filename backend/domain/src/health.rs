//! What the health check finds.
//!
//! Owns: the cases. Must never carry a name: every signed-in user can read the health check.
//! Start at [`Health`]; [`crate::wording::health`] words it.

use crate::operation::Off;

/// Who must be out and was not seen out for so long makes the health check red.
pub const CLOSING_RED_MS: i64 = 5 * 60_000;

/// The worst thing that is known of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The store cannot be opened.
    StoreClosed,
    /// The store does not answer.
    StoreFails,
    /// The store answers, and takes no change: the disk is full, or the file is read-only.
    StoreTakesNoChanges,
    /// The store's file was deleted or replaced while it was open.
    StoreReplaced,
    /// Grafana knows another store than this one.
    StoreForeign,
    /// Grafana knows a later state of this store.
    StoreBehind,
    /// Grafana answers, and does not show which store it knows.
    StoreUnknown,
    /// The engine stands still, or had to be started again a moment ago.
    EngineFails,
    /// There are no credentials for Grafana.
    NotConfigured,
    /// Grafana hands the credentials over with the first request after a start.
    WaitingForFirstRequest,
    /// A secret is not sent, because it was given for another URL or login.
    SecretKeptBack,
    /// Grafana refused the credentials.
    CredentialsRefused,
    /// Grafana's API does not answer.
    GrafanaAway,
    /// Nothing is written, and so many people whom the provider has switched off are open.
    SwitchedOff(Off, i64),
    /// The brake holds what the provider asks of so many people and teams.
    Held(i64),
    /// So many people who must be out were not seen out for minutes.
    StillOpen(i64),
    /// So many settings have values that cannot be used.
    WrongSettings(usize),
    /// So many things wait for a person.
    NeedsAttention(i64),
    /// Grafana's own Team Sync fills so many of the teams that Rollcall fills.
    TeamSyncFills(usize),
    /// Grafana's own Team Sync could fill them.
    TeamSyncLicensed,
    /// Changes are on the way.
    Syncing,
    /// Nothing is left to do.
    InSync,
}

impl Health {
    /// Whether Rollcall does its work.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        match self {
            Self::StoreClosed
            | Self::StoreFails
            | Self::StoreTakesNoChanges
            | Self::StoreReplaced
            | Self::StoreForeign
            | Self::StoreBehind
            | Self::StoreUnknown
            | Self::EngineFails
            | Self::NotConfigured
            | Self::SecretKeptBack
            | Self::CredentialsRefused
            | Self::GrafanaAway
            | Self::SwitchedOff(..)
            | Self::Held(_)
            | Self::StillOpen(_)
            | Self::WrongSettings(_) => false,
            Self::WaitingForFirstRequest
            | Self::NeedsAttention(_)
            | Self::TeamSyncFills(_)
            | Self::TeamSyncLicensed
            | Self::Syncing
            | Self::InSync => true,
        }
    }
}
