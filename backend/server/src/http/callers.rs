//! What handlers and the gate may ask about who calls, as a trait.
//!
//! Owns: the trait and its plain types. Start at [`Callers`]; `app` implements it.

use domain::{Caller, Denied, OrgId, UserId};
use store::CallerRecord;

use super::boxed::Boxed;

/// Who calls, and what they may.
pub trait Callers: Send + Sync + 'static {
    /// Whether this caller may use SCIM. One that nobody has accepted is remembered, so that an admin can.
    fn may_use_scim<'a>(&'a self, caller: &'a Caller) -> Boxed<'a, Result<(), Denied>>;
    /// Whether this caller may use the page's API.
    fn may_use_page<'a>(&'a self, caller: &'a Caller) -> Boxed<'a, Result<(), Denied>>;
    /// Every caller of an organization that is known.
    fn known(&self, org_id: OrgId) -> Boxed<'_, store::Result<KnownCallers>>;
    /// Lets a service account call from now on. `login` counts only while no list of service accounts was ever read.
    fn accept(&self, org_id: OrgId, id: UserId, login: String) -> Boxed<'_, store::Result<CallerDecision>>;
    /// Lets it call no longer, and asks nobody about it again.
    fn dismiss(&self, org_id: OrgId, id: UserId) -> Boxed<'_, store::Result<CallerDecision>>;
    /// Whether the person with exactly this login is a Grafana server admin, by Grafana's word of now. `None`: it could not be asked.
    fn is_server_admin<'a>(&'a self, org_id: OrgId, login: &'a str) -> Boxed<'a, Option<bool>>;
}

/// The callers of an organization.
#[derive(Clone, Debug, Default)]
pub struct KnownCallers {
    /// Every one that is known, with whether Grafana's list shows it.
    pub rows: Vec<(CallerRecord, bool)>,
    /// Logins that a file names and Grafana does not have.
    pub missing: Vec<String>,
    /// Why the list could not be read again, if so.
    pub problem: Option<String>,
}

/// How an admin's decision about a caller ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerDecision {
    /// It is on disk. The login, as far as it is known.
    Done(String),
    /// There is no such service account, or it is not known here.
    Unknown,
    /// A file decides.
    File,
}
