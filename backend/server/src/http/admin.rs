//! The admin surface: what the page shows and what an admin may do there.
//!
//! Owns: its handlers, a file for each page or button. Must never call Grafana, and never answer
//! with a secret. Start at [`overview`]; each handler takes a [`call`], and the shapes are in the
//! crate `admin_api`.

pub(super) mod activity;
mod call;
pub(super) mod callers;
mod checks;
pub(super) mod connection;
pub(super) mod credentials;
pub(super) mod failure;
pub(super) mod mappings;
pub(super) mod overview;
pub(super) mod people;
pub(super) mod rails;
mod server_admin;
pub(super) mod settings;
pub(super) mod store;
