//! The plugin process as Grafana sees it: handshake, private socket, gRPC services, shutdown.
//!
//! Owns: the serving loop ([`serve`]), the life of the process ([`run`]), and the translation of Grafana's `CallResource` into one HTTP
//! request and back. Must never decide anything about SCIM or Grafana, never log or trace a `PluginContext` (it carries decrypted
//! secrets), and never answer `CallResource` with a gRPC error: Grafana would show its own JSON 500 in place of a SCIM error.
//! Start at [`serve`]; `docs/decisions/0001-own-serving-loop.md` says why this is not the SDK's own loop.

mod application;
mod bridge;
mod controller;
mod host;
mod process;
mod service;
mod serving;
mod socket;

pub use application::{AppSettings, Application, Health};
pub use host::{Host, NotGrafana};
pub use process::run;
pub use serving::{ServeError, serve};
