//! How it stands with an organization's Grafana: what the engine knows and the page shows.
//!
//! Owns: plain data, the same for the engine that fills it and the handlers that answer it. Must
//! never hold a secret. Start at [`EngineStatus`].

use crate::{account::NameOwner, team::Member};
use vocabulary::TeamId;

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
    /// When the last full comparison ended.
    pub checked_ms: Option<i64>,
    /// What works against us, in words.
    pub warnings: Vec<String>,
    /// Teams that Grafana's own Team Sync fills as well.
    pub twice_filled_teams: Vec<TeamId>,
    /// Grafana's licence has Team Sync while groups are synced.
    pub team_sync_licensed: bool,
    /// People of the organization that nobody manages, as counted then.
    pub unmanaged: Option<i64>,
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
            warnings: Vec::new(),
            twice_filled_teams: Vec::new(),
            team_sync_licensed: false,
            unmanaged: None,
        }
    }
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
