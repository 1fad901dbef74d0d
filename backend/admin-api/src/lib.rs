//! The JSON types of the admin surface (`/api/plugins/rollcall-scim-app/resources/admin/…`), shared by server, page and tests.
//!
//! Owns: field names and shapes, nothing else. Must never hold logic, defaults that decide something, or a secret's value.
//! Start at [`Overview`] (the first tab), then [`Groups`] and [`Settings`].
//!
//! Every error answer is [`Error`]. Times are milliseconds since the Unix epoch, in UTC. Ids of SCIM resources are opaque strings;
//! ids of Grafana users, teams and organizations are Grafana's own numbers.
#![warn(missing_docs)]

pub mod activity;
pub mod callers;
pub mod check;
pub mod connection;
pub mod login;
pub mod mappings;
pub mod overview;
pub mod people;
pub mod rails;
pub mod settings;

pub use activity::{Activity, ActivityEntry, Target};
pub use callers::{AcceptCaller, CallerRow, Callers};
pub use check::{Check, TestOutcome};
pub use connection::{ConnectionReport, ConnectionTest, IdentityProvider};
pub use login::{LoginDoctor, LoginFinding};
pub use mappings::{
    GroupRow, GroupStatus, Groups, MappingEdit, MappingKind, MappingRow, MemberPolicy, NewMapping, PlannedChange,
    Preview, Team, TeamPreview, Teams,
};
pub use overview::{Attention, Caller, Counts, GrafanaState, HourCount, Overview, Pending, StoreAnswer, StoreDecision};
pub use people::{Access, AttributeState, ClaimMeans, People, Person, PersonAttribute};
pub use rails::{Held, HeldAnswer, HeldList, Operation, Plan, PlanRow};
pub use settings::{
    CredentialTest, CredentialsGiven, CredentialsTest, Setting, SettingOrigin, Settings, SettingsUpdate,
};
pub use vocabulary::{
    AccountOrigin, Action, Attribute, CallerState, HeldKind, MappingMode, MappingOrigin, Outcome, ResourceKind,
    Severity, Source, SyncState, TargetKind,
};

use serde::{Deserialize, Serialize};

/// What every admin route answers when it does not answer what was asked (any status from 400 up).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Error {
    /// What happened and what to do, in words an admin understands. Grafana's page shows this key as a toast if nobody else does.
    pub message: String,
    /// The request field that is wrong, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
