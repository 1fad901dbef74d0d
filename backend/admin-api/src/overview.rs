//! `GET admin/overview` and `POST admin/sync`: is everyone in who should be, and no one else?
//!
//! Owns: the shapes of the first tab. Must never name a secret. Start at [`Overview`].

use serde::{Deserialize, Serialize};
use vocabulary::SyncState;

use crate::Check;

/// `GET admin/overview`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Overview {
    /// This plugin's version.
    pub version: String,
    /// The answer to the page's question.
    pub sync: SyncState,
    /// One plain sentence for `sync`, e.g. "14 changes wait and nothing is lost."
    pub summary: String,
    /// Whether Grafana answers us, and as which account.
    pub grafana: GrafanaState,
    /// The absolute SCIM base URL an identity provider is given, or the path alone while Grafana's public URL is not known.
    pub scim_url: String,
    /// How many of each.
    pub counts: Counts,
    /// Who called the SCIM endpoint last, newest first, at most ten.
    pub callers: Vec<Caller>,
    /// What waits to be written to Grafana.
    pub pending: Pending,
    /// What needs a person, oldest first, at most fifty.
    pub attention: Vec<Attention>,
    /// What works against Rollcall, in words, e.g. that Grafana's Team Sync fills a team as well.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Requests of identity providers in the last 24 hours, one entry an hour, oldest first; the last one is not over yet. What came
    /// before the process began is counted from the log, which has changes and refusals only.
    #[serde(default)]
    pub chart: Vec<HourCount>,
    /// Why an admin has to say which store is the right one (`POST admin/store`); absent where nobody has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_question: Option<String>,
    /// What to do next, most urgent first; empty where nothing is left to do.
    #[serde(default)]
    pub next: Vec<Check>,
    /// What Grafana's configuration does to sign-ins (`admin/login-doctor`), worst first.
    #[serde(default)]
    pub sign_in: Vec<Check>,
    /// When the last full comparison with Grafana began that has ended, if one has: what was changed since may not have been seen.
    pub checked_ms: Option<i64>,
    /// When this answer was made (the server's clock): "12 s ago" is `now_ms - checked_ms`.
    pub now_ms: i64,
}

/// What is known of Grafana itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GrafanaState {
    /// Where it is called.
    pub url: String,
    /// Its version, e.g. `11.1.1`, once it has answered.
    pub version: Option<String>,
    /// The login we are signed in with, once signed in.
    pub signed_in_as: Option<String>,
    /// Duration of the last call in milliseconds.
    pub latency_ms: Option<i64>,
    /// What went wrong at the last call, in words, if it failed.
    pub error: Option<String>,
}

/// How many. Every number is the length of a list some page can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counts {
    /// SCIM users.
    pub users: i64,
    /// …of them with `active: true`.
    pub users_active: i64,
    /// …closed in Grafana: as many as `GET admin/users?access=closed` finds.
    #[serde(default)]
    pub closed: i64,
    /// …closed in a way that a sign-in can undo: `access=closed_may_return`.
    #[serde(default)]
    pub closed_may_return: i64,
    /// Grafana accounts of SCIM users that we made. Who was released is not counted.
    pub provisioned: i64,
    /// Grafana accounts of SCIM users that were there before and are managed now.
    pub claimed: i64,
    /// People of the organization that no identity provider manages, as the last full comparison counted them.
    #[serde(default)]
    pub unmanaged: Option<i64>,
    /// SCIM groups.
    pub groups: i64,
    /// …of them with at least one team.
    pub groups_mapped: i64,
    /// …without.
    pub groups_unmapped: i64,
    /// Resources whose last change is not in Grafana yet.
    pub pending: i64,
    /// Resources that wait for a person.
    pub attention: i64,
}

/// One caller of the SCIM endpoint (an identity provider's token).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller {
    /// Grafana's login of the caller, e.g. `sa-1-okta`.
    pub login: String,
    /// When it called last.
    pub last_ms: i64,
    /// Requests since the process started.
    pub requests: i64,
    /// …of them answered with 400 or more.
    pub failed: i64,
    /// What the last request was, e.g. `PATCH /Users/…`: method and resource type, never a name.
    pub last_request: String,
}

/// One hour of the chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HourCount {
    /// When the hour begins.
    pub from_ms: i64,
    /// Requests.
    pub requests: i64,
    /// …of them answered with 400 or more.
    pub failed: i64,
}

/// The queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pending {
    /// How many resources wait.
    pub count: i64,
    /// Since when the oldest waits.
    pub oldest_ms: Option<i64>,
    /// People who must be out and were not seen out, whether they wait for their turn or for a person:
    /// always first in line. As many as `GET admin/users?access=not_closed` finds, and those who are
    /// deleted at the provider.
    pub closing: i64,
}

/// One thing that only a person can fix.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attention {
    /// `User` or `Group`.
    pub kind: String,
    /// The SCIM id.
    pub id: String,
    /// userName or displayName.
    pub name: String,
    /// What is wrong.
    pub reason: String,
    /// The one next step.
    pub next_step: String,
    /// Since when.
    pub since_ms: i64,
    /// Somebody must be out, and was not seen out: such lines come first.
    #[serde(default)]
    pub still_open: bool,
}

/// `POST admin/store`: which store is the right one. Answers 202; it is in force as soon as Grafana has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StoreAnswer {
    /// What the admin says.
    pub decision: StoreDecision,
}

/// Which store is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreDecision {
    /// This one, as it is.
    RightStore,
    /// What was there before is lost: this one starts over.
    StartOver,
}
