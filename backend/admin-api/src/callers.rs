//! `admin/callers`: which service accounts may call SCIM, and which asked to.
//!
//! Owns: the shapes of the list on *Set-up*. Must never carry a token. Start at [`Callers`].
//!
//! Routes: `GET admin/callers` → [`Callers`]; `POST admin/callers/{id}/accept` and `…/dismiss` → [`Callers`], or 404 where there is no
//! such service account, or 409 where a file decides.

use serde::{Deserialize, Serialize};
use vocabulary::CallerState;

/// `GET admin/callers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Callers {
    /// Every one that is known, the first to call first.
    pub rows: Vec<CallerRow>,
    /// What is wrong: the list of service accounts cannot be read, a file names one that is not there.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// `POST admin/callers/{id}/accept`; an empty body is as good as none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptCaller {
    /// Its login, as Grafana told it when the account was made. It counts only while the list of service accounts was never read.
    #[serde(default)]
    pub login: Option<String>,
}

/// One service account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallerRow {
    /// Grafana's id, by which it is known.
    pub id: i64,
    /// Its login; empty while no list has shown it.
    pub login: String,
    /// Its role in the organization.
    pub role: String,
    /// Whether it may call.
    pub state: CallerState,
    /// When it first called, or was accepted.
    pub first_ms: i64,
    /// When it last called while it might not.
    pub last_ms: i64,
    /// What an admin should know of it.
    #[serde(default)]
    pub warning: Option<String>,
}
