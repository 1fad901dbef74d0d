//! Whose data a row is: a Grafana organization and one identity provider's connection in it.
//!
//! Owns: the pair every key carries from the first migration on, so that several organizations and several identity providers
//! are new rows, not a new schema. Must never be taken from anything but `PluginContext`.

use serde::{Deserialize, Serialize};
use vocabulary::OrgId;

/// The scope of every SCIM resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tenant {
    /// Grafana's organization id.
    pub org_id: OrgId,
    /// The identity provider's connection; [`Tenant::DEFAULT_CONNECTION`] until there are several.
    pub connection: String,
}

impl Tenant {
    /// The one connection there is today.
    pub const DEFAULT_CONNECTION: &'static str = "default";

    /// The default connection of an organization.
    #[must_use]
    pub fn of_org(org_id: OrgId) -> Self {
        Self {
            org_id,
            connection: Self::DEFAULT_CONNECTION.to_owned(),
        }
    }
}
