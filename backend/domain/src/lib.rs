//! What Rollcall decides, as pure functions: who may call, which settings are in force, and which Grafana calls make Grafana match.
//!
//! Owns: callers and routes ([`caller`]), settings with origin ([`settings`]), accounts ([`account`]),
//! teams ([`team`]), retry or attention ([`attempt`], [`attention`]), how many at once
//! ([`concurrency`]), what sign-ins will do ([`login`]), every sentence about it ([`wording`]), and the
//! ways by which time, ids and secrets come in. Must never do I/O, read a clock or panic.
//! Start at [`account::plan`], then [`team::plan`].
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod account;
pub mod attempt;
pub mod attention;
pub mod brake;
pub mod caller;
pub mod clock;
pub mod concurrency;
pub mod evidence;
pub mod health;
pub mod ids;
pub mod login;
pub mod operation;
pub mod outlook;
pub mod rate;
pub mod secret;
pub mod settings;
pub mod status;
pub mod store_identity;
pub mod team;
pub mod tenant;
pub mod wording;

pub use caller::{Caller, Denied, Surface};
pub use clock::Clock;
pub use ids::Ids;
pub use secret::Secret;
pub use tenant::Tenant;
pub use vocabulary::{MappingId, OrgId, TeamId, UserId};
