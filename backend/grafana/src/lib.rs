//! Grafana's HTTP API, as far as Rollcall uses it.
//!
//! Owns: the one HTTP client ([`Http`]), signing in ([`Session`]) and the typed calls. Must never decide what Grafana should look
//! like, retry on its own, follow a redirect or use a proxy (it carries a server admin's session), or put a password, a token or an
//! e-mail into an error. Start at [`Grafana`]; what Grafana answers to each call is in docs/reference/grafana-behaviour.md.

mod call;
mod client;
mod cookies;
mod credentials;
mod failure;
mod gate;
mod http;
mod instance;
mod lock_out;
mod marker;
mod orgs;
mod plausible;
mod probe;
mod service_accounts;
mod session;
mod teams;
mod users;

#[cfg(test)]
mod tests;

pub use client::{Grafana, Writer};
pub use credentials::Credentials;
pub use failure::{Error, Result};
pub use gate::{Gate, Open};
pub use http::Http;
pub use instance::{AdminSettings, SignInSettings};
pub use marker::MarkerAccount;
pub use orgs::{Joined, OrgUser};
pub use probe::{Finding, Probe, probe};
pub use session::{Me, Session};
pub use teams::{Team, TeamMember, TeamMembers};
pub use users::{ListedUser, OrgMembership, User, Write};
