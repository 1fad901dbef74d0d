//! A group as a user shows it (RFC 7643 §4.1.2, `groups`).
//!
//! Owns: what of a group is shown there. Must never hold more: it is part of the user's version. Start at [`GroupRef`].

/// A group that a user is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    /// The group's id.
    pub id: String,
    /// The group's `displayName`, exactly: rauthy compares it to decide about membership (I24).
    pub display: String,
}
