//! The rows of the store, as the rest of the server sees them.
//!
//! Owns: plain data. Must never hold a connection or decide anything. Start at [`UserRecord`] and [`Work`].

use domain::Tenant;
use scim::resource::Document;
use vocabulary::{Action, Attribute, Outcome, ResourceKind as Kind, Source, TargetKind};

/// A stored SCIM User.
#[derive(Clone, Debug)]
pub struct UserRecord {
    /// SCIM id.
    pub id: String,
    /// The stored attributes.
    pub document: Document,
    /// Grows with every change; the ETag.
    pub version: i64,
    /// When it was created.
    pub created_ms: i64,
    /// When it last changed.
    pub modified_ms: i64,
}

/// A stored SCIM Group, without its members.
#[derive(Clone, Debug)]
pub struct GroupRecord {
    /// SCIM id.
    pub id: String,
    /// The stored attributes.
    pub document: Document,
    /// Grows with every change, membership included; the ETag.
    pub version: i64,
    /// When it was created.
    pub created_ms: i64,
    /// When it last changed.
    pub modified_ms: i64,
}

/// How soon a mark is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// In turn.
    Normal,
    /// Before everything else: somebody must lose access.
    Urgent,
}

impl Urgency {
    /// Urgent for a person who must not have access.
    #[must_use]
    pub fn of_access(active: bool) -> Self {
        if active { Self::Normal } else { Self::Urgent }
    }
}

/// A dirty mark to be made.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    /// The tenant of the resource.
    pub tenant: &'a Tenant,
    /// The kind of the resource.
    pub kind: Kind,
    /// The SCIM id of the resource.
    pub id: &'a str,
    /// Whether the mark overtakes others.
    pub urgency: Urgency,
    /// Ties the Grafana calls to the request.
    pub correlation: &'a str,
    /// The time of the change; the mark is due from then on.
    pub now_ms: i64,
}

/// A dirty mark, as taken by the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Whose.
    pub tenant: Tenant,
    /// What about.
    pub kind: Kind,
    /// SCIM id.
    pub id: String,
    /// The mark is done only if this is still its generation.
    pub generation: i64,
    /// Whether access is to be closed.
    pub closing: bool,
    /// Since when it waits.
    pub since_ms: i64,
    /// Failed attempts so far.
    pub attempts: i64,
    /// Ties the Grafana calls to the SCIM request.
    pub correlation: String,
}

/// Where a Grafana account came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountOrigin {
    /// Made by us.
    Provisioned,
    /// Was there before.
    Claimed,
}

/// What we know of a SCIM user's Grafana account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// SCIM id; the resource itself may be gone.
    pub user_id: String,
    /// Whose.
    pub tenant: Tenant,
    /// Grafana's id; `None` once we have deleted the account.
    pub grafana_id: Option<i64>,
    /// Made by us, or there before.
    pub origin: AccountOrigin,
    /// Login as last written or seen.
    pub login: String,
    /// `None` while open, else the rung that closed it or is about to, as text of `domain::settings::Rung`.
    pub closed_by: Option<domain::settings::Rung>,
    /// Whether that rung holds here.
    pub holds: Option<bool>,
    /// JSON of `domain::account::Snapshot`: what to restore.
    pub snapshot: Option<String>,
    /// Attributes that wait for the next sign-in.
    pub deferred: Vec<Attribute>,
    /// When Grafana was last made to match.
    pub synced_ms: i64,
}

/// A group member as the team planner needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredMember {
    /// SCIM user id.
    pub user_id: String,
    /// Grafana's id, where there is an account.
    pub grafana_id: Option<i64>,
    /// Closed by a rung that takes the person out of every organization: not to be put into a team.
    pub suspended: bool,
}

/// A mapping row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRecord {
    /// Its own id.
    pub id: i64,
    /// Whose.
    pub tenant: Tenant,
    /// SCIM group id.
    pub group_id: String,
    /// displayName as last seen.
    pub group_name: String,
    /// Grafana's team id, once there is one.
    pub team_id: Option<i64>,
    /// Team name as last seen, or to be made.
    pub team_name: String,
    /// Members become team admins.
    pub admins: bool,
    /// People added by hand are removed.
    pub remove_others: bool,
    /// Held back.
    pub paused: bool,
    /// Who made it.
    pub origin: MappingOrigin,
}

/// Who made a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingOrigin {
    /// An admin.
    Page,
    /// The engine, in mode *create*.
    Create,
    /// A provisioning file.
    File,
}

/// A line of the log, before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityLine {
    /// Whose.
    pub tenant: Tenant,
    /// When.
    pub at_ms: i64,
    /// Which half of the product.
    pub source: Source,
    /// Who.
    pub actor: String,
    /// What was done, or was to be done.
    pub action: Action,
    /// What it is about.
    pub target_kind: TargetKind,
    /// Its id.
    pub target_id: String,
    /// Its name at that time.
    pub target_name: String,
    /// How it went.
    pub outcome: Outcome,
    /// Why.
    pub reason: Option<String>,
    /// Milliseconds it took.
    pub duration_ms: i64,
    /// Ties requests and calls together.
    pub correlation: String,
}
