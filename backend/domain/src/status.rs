//! How it stands with an organization's Grafana: what the engine knows and the page shows.
//!
//! Owns: plain data, the same for the engine that fills it and the handlers that answer it. Must
//! never hold a secret. Start at [`EngineStatus`].

use crate::{account::NameOwner, operation::Off, store_identity::Recognition, team::Member};
use vocabulary::{TeamId, UserId};

/// Whether the engine can work: the state of the connection, as far as it keeps work waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineState {
    /// No server admin is set.
    NotConfigured,
    /// The credentials come with the first request.
    WaitingForFirstRequest,
    /// Grafana refused them; tried again every ten minutes, and others at once.
    CredentialsRefused,
    /// Grafana does not answer; tried again by itself.
    GrafanaAway,
    /// Calls go through.
    Running,
}

impl EngineState {
    /// Its code in the health check.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::WaitingForFirstRequest => "waiting_for_first_request",
            Self::CredentialsRefused => "credentials_refused",
            Self::GrafanaAway => "grafana_away",
            Self::Running => "running",
        }
    }
}

/// What is known of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineStatus {
    /// Whether the engine can work.
    pub state: EngineState,
    /// Where Grafana is called.
    pub url: String,
    /// Its version, once it has told.
    pub version: Option<String>,
    /// Our login there.
    pub signed_in_as: Option<String>,
    /// Duration of the last call.
    pub latency_ms: Option<i64>,
    /// What went wrong last, if that still stands.
    pub error: Option<String>,
    /// When the last full comparison began that has ended: what was changed since may not have been seen.
    pub checked_ms: Option<i64>,
    /// When the first of the comparisons failed that have failed since the last good one, by the
    /// clock that is never set back.
    pub uncompared_since: Option<i64>,
    /// What works against us, in words.
    pub warnings: Vec<String>,
    /// What this store is to this Grafana.
    pub store: Recognition,
    /// Teams that Grafana's own Team Sync fills as well.
    pub twice_filled_teams: Vec<TeamId>,
    /// Grafana's licence has Team Sync while groups are synced.
    pub team_sync_licensed: bool,
    /// Names on the list `break_glass` that another account has than the one they protect.
    pub taken_names: Vec<TakenName>,
    /// People of the organization that nobody manages, as counted then.
    pub unmanaged: Option<i64>,
    /// Why nothing is written, if nothing is.
    pub off: Option<Off>,
}

impl EngineStatus {
    /// Nothing is known but where Grafana is called.
    #[must_use]
    pub fn new(state: EngineState, url: String) -> Self {
        Self {
            state,
            url,
            version: None,
            signed_in_as: None,
            latency_ms: None,
            error: None,
            checked_ms: None,
            uncompared_since: None,
            warnings: Vec::new(),
            store: Recognition::Unknown,
            twice_filled_teams: Vec::new(),
            team_sync_licensed: false,
            taken_names: Vec::new(),
            unmanaged: None,
            off: None,
        }
    }
}

/// A listed name that protects nobody who has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenName {
    /// The entry.
    pub entry: String,
    /// The account it protects, whatever that is called by now.
    pub protects: Option<UserId>,
    /// The account that has the name.
    pub taken_by: UserId,
}

/// How the store itself stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSeen {
    /// A change was written, committed and taken back a moment ago.
    pub takes_changes: bool,
    /// Its file.
    pub file: StoreFile,
}

/// The store's file, as it lies on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFile {
    /// The one that is open, and nobody else's business.
    Private,
    /// Others can read it.
    Readable,
    /// Others can write its directory, and so replace it.
    Writable,
    /// It was deleted or replaced while it was open.
    Replaced,
}

/// A team as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamSeen {
    /// Grafana's id.
    pub id: TeamId,
    /// Name.
    pub name: String,
    /// How many members.
    pub members: i64,
}

/// The members of a team as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterSeen {
    /// Grafana's id.
    pub team_id: TeamId,
    /// When.
    pub at_ms: i64,
    /// Each with the login.
    pub members: Vec<(String, Member)>,
}

/// The accounts in Grafana that have a person's names; one is protected where it is a server admin's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameOwners {
    /// The one that has the userName for a login.
    pub login: Option<NameOwner>,
    /// The one that has the e-mail.
    pub email: Option<NameOwner>,
}
