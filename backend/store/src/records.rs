//! The rows of the store, as the rest of the server sees them.
//!
//! Owns: plain data. Must never hold a connection or decide anything. Start at [`UserRecord`] and
//! [`Work`].

use domain::{
    MappingId, TeamId, Tenant, UserId,
    attention::{Attention, Problem},
    settings::Deprovision,
};
use scim::resource::Document;
pub use vocabulary::{
    AccountOrigin, Action, Attribute, BrakeState, HeldKind, MappingOrigin, Outcome, ResourceKind as Kind, Source,
    TargetKind,
};

/// A stored SCIM User.
#[derive(Clone, Debug)]
pub struct UserRecord {
    /// SCIM id.
    pub id: String,
    /// The stored attributes.
    pub document: Document,
    /// Grows with every change of the document; the ETag is this and the groups.
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
    /// Grows with every change of what is shown, members and their names included; the ETag.
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
    /// Before everything else: a person must lose access.
    Urgent,
}

impl Urgency {
    /// Urgent for a person who must not have access.
    #[must_use]
    pub fn of_access(active: bool) -> Self {
        if active { Self::Normal } else { Self::Urgent }
    }
}

/// A dirty mark to write.
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
    /// The tenant.
    pub tenant: Tenant,
    /// The kind of the resource.
    pub kind: Kind,
    /// SCIM id.
    pub id: String,
    /// The mark goes only if this is still its generation.
    pub generation: i64,
    /// Whether a person must lose access.
    pub closing: bool,
    /// The time since which it waits.
    pub since_ms: i64,
    /// Failed attempts so far.
    pub attempts: i64,
    /// Ties the Grafana calls to the SCIM request.
    pub correlation: String,
    /// What the page says of the last attempt.
    pub told: Option<Problem>,
}

/// What Rollcall knows of a SCIM user's account in Grafana.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// SCIM id; the SCIM user may be deleted.
    pub user_id: String,
    /// The tenant.
    pub tenant: Tenant,
    /// Grafana's id; `None` after Rollcall deleted the account.
    pub grafana_id: Option<UserId>,
    /// Whether Rollcall created it.
    pub origin: AccountOrigin,
    /// Login as last written or seen.
    pub login: String,
    /// What it was made or claimed as, and what was seen of it since.
    pub history: domain::account::History,
    /// How the account was deprovisioned, or is about to be; `None` while it is open.
    pub deprovisioned_by: Option<domain::settings::Deprovision>,
    /// Whether that holds in this Grafana.
    pub holds: Option<bool>,
    /// JSON of `domain::account::Snapshot`: what a return gives back.
    pub snapshot: Option<String>,
    /// Attributes that wait for the next sign-in.
    pub deferred: Vec<Attribute>,
    /// The time at which Grafana last matched.
    pub synced_ms: i64,
    /// When the account of somebody who must be out was first found closed, or gone; `None`: it was
    /// not found so, whatever was done to it.
    pub seen_closed_ms: Option<i64>,
    /// The provider's own id of the person: as it is now, or was when the SCIM user was deleted.
    pub external_id: Option<String>,
    /// When the SCIM user was deleted.
    pub gone_ms: Option<i64>,
    /// The password has to become random before the account is opened.
    pub renew_password: bool,
}

/// A group member as the team planner needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FedMember {
    /// The tenant of the SCIM user.
    pub tenant: Tenant,
    /// SCIM user id.
    pub user_id: String,
    /// Grafana's id, where there is an account.
    pub grafana_id: Option<UserId>,
    /// Suspended: the person is in no organization, so no team can have them.
    pub suspended: bool,
    /// One of the mappings makes team admins.
    pub admin: bool,
}

/// A mapping row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingRecord {
    /// Its own id.
    pub id: MappingId,
    /// The tenant.
    pub tenant: Tenant,
    /// SCIM group id.
    pub group_id: String,
    /// The displayName at that time.
    pub group_name: String,
    /// Grafana's id of the team, once it exists.
    pub team_id: Option<TeamId>,
    /// The name of the team, which may not exist yet.
    pub team_name: String,
    /// Members become team admins.
    pub admins: bool,
    /// People added by hand are removed.
    pub remove_others: bool,
    /// Nothing is synced.
    pub paused: bool,
    /// Its origin.
    pub origin: MappingOrigin,
}

/// A line of the log, before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityLine {
    /// The tenant.
    pub tenant: Tenant,
    /// The time.
    pub at_ms: i64,
    /// The half of the product.
    pub source: Source,
    /// The login of the caller, or `rollcall`.
    pub actor: String,
    /// The code of the action, such as `user.disable`.
    pub action: Action,
    /// The kind of the target: `User`, `Group`, `Team`, `Mapping`, `Setting` or `Service`.
    pub target_kind: TargetKind,
    /// The id of the target.
    pub target_id: String,
    /// The name of the target at that time.
    pub target_name: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The reason.
    pub reason: Option<String>,
    /// Milliseconds it took.
    pub duration_ms: i64,
    /// Ties requests and calls together.
    pub correlation: String,
}

/// How a resource waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// For its turn; why the last attempt did not succeed, if there was one.
    Pending(Option<Problem>),
    /// For an admin.
    Blocked(Attention),
}

/// One person with everything the list shows.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// The SCIM user.
    pub user: UserRecord,
    /// Grafana's id and where the account came from.
    pub account: Option<(UserId, AccountOrigin)>,
    /// How the account was deprovisioned, and whether that holds.
    pub closed: Option<(Deprovision, Option<bool>)>,
    /// The person must be out, and the account was not seen closed.
    pub still_open: bool,
    /// Switched off by the provider; the admin who keeps the account open all the same.
    pub kept_open_by: Option<String>,
    /// The provider says that the person may sign in, and no admin keeps the person closed.
    pub wanted_open: bool,
    /// Attributes that wait for the next sign-in.
    pub deferred: Vec<Attribute>,
    /// When Grafana was last made to match.
    pub synced_ms: Option<i64>,
    /// How it waits.
    pub waiting: Option<Waiting>,
    /// What an admin decided about the account, or is asked.
    pub management: Option<ManagementState>,
    /// Display names of its groups.
    pub groups: Vec<String>,
}

/// One group with everything the list shows, but for its mappings.
#[derive(Clone, Debug)]
pub struct GroupSummary {
    /// SCIM id.
    pub id: String,
    /// displayName.
    pub display_name: String,
    /// How many members.
    pub members: i64,
    /// How it waits.
    pub waiting: Option<Waiting>,
}

/// A resource that waits for an admin.
#[derive(Clone, Debug)]
pub struct AttentionRow {
    /// Somebody who must be out, and was not seen out.
    pub still_open: bool,
    /// The kind of the resource.
    pub kind: Kind,
    /// SCIM id.
    pub id: String,
    /// Its name, or what is known of it after its deletion.
    pub name: String,
    /// What the admin must look at.
    pub attention: Attention,
    /// The time since which it waits.
    pub since_ms: i64,
}

/// The state of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagementState {
    /// An account may be this person's, and an admin has to confirm it.
    NeedsApproval,
    /// An admin confirmed it.
    Approved,
    /// Rollcall does not touch the account until it is claimed again.
    Unmanaged,
    /// The person is out, whatever the identity provider says.
    KeptClosed,
}

/// A decision, or the question to the admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Management {
    /// Its state.
    pub state: ManagementState,
    /// Grafana's id of the one account that it is about.
    pub grafana_id: UserId,
    /// The login of that account at that time.
    pub login: String,
    /// The admin said that its password stays.
    pub keep_password: bool,
}
