//! The kinds of resource there are: User and Group.

use crate::schema::{self, Schema};

static USER_EXTENSIONS: [&Schema; 1] = [&schema::ENTERPRISE_USER];

/// A resource type (RFC 7643 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceType {
    /// `User`, with the enterprise extension.
    User,
    /// `Group`.
    Group,
}

impl ResourceType {
    /// All of them, in the order discovery lists them.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// The name, as in `meta.resourceType`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The endpoint, without slash.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    /// What it is, for discovery.
    pub const fn description(self) -> &'static str {
        match self {
            Self::User => "User Account",
            Self::Group => "Group",
        }
    }

    /// The core schema.
    pub const fn schema(self) -> &'static Schema {
        match self {
            Self::User => &schema::USER,
            Self::Group => &schema::GROUP,
        }
    }

    /// The URN of the core schema.
    pub const fn schema_urn(self) -> &'static str {
        self.schema().urn
    }

    /// The schema extensions; none is required.
    pub const fn extensions(self) -> &'static [&'static Schema] {
        match self {
            Self::User => &USER_EXTENSIONS,
            Self::Group => &[],
        }
    }
}
