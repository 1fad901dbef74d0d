//! How it stands with an organization's Grafana, for the page.
//!
//! Owns: plain data. Must never hold a secret. Start at [`Status`].

use super::settings::OrgSettings;

/// The state of the connection, as far as it keeps work waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No server admin is set.
    NotConfigured,
    /// The credentials come with the first request.
    WaitingForFirstRequest,
    /// Grafana refused them; not tried again until they change.
    CredentialsRefused,
    /// Grafana does not answer; tried again by itself.
    GrafanaAway,
    /// Calls go through.
    Running,
}

/// What is known of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its state.
    pub state: State,
    /// Where Grafana is called.
    pub url: String,
    /// Its version, once it has told.
    pub version: Option<String>,
    /// As whom we are signed in.
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
    pub twice_filled_teams: Vec<i64>,
    /// Grafana's licence has Team Sync while groups are synced.
    pub team_sync_licensed: bool,
    /// People of the organization whom nobody manages, as counted then.
    pub unmanaged: Option<i64>,
}

impl Status {
    pub(super) fn before_first_look(settings: &OrgSettings, state: State) -> Self {
        Self {
            state,
            url: settings.credentials.url.clone(),
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
    pub id: i64,
    /// Name.
    pub name: String,
    /// How many members.
    pub members: i64,
}

/// What the login doctor found when it last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSeen {
    /// When.
    pub at_ms: i64,
    /// Worst first.
    pub findings: Vec<domain::login::Finding>,
}
