//! The SCIM surface (RFC 7643, RFC 7644).
//!
//! Owns: what identity providers are answered. Must never decide what Grafana should look like: a
//! handler stores the request and the engine does the rest. Start at [`handlers`]: each takes a
//! [`call`] and answers for an [`endpoint`], which is [`users`] or [`groups`].

pub(super) mod bulk;
pub(super) mod call;
pub(super) mod discovery;
pub(super) mod endpoint;
pub(super) mod failure;
pub(super) mod groups;
pub(super) mod handlers;
mod listing;
mod names;
pub(super) mod users;
