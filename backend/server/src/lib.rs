//! The plugin process: what Grafana starts, its HTTP surface, and how the pieces are put together.
//!
//! Owns: `plugin` (the process as Grafana sees it), `http` (routes and answers) and `app` (start, stop,
//! settings, health). Must never let a handler call Grafana or the engine: `http` answers from the store
//! and asks for the rest through `http::Control`, which `app` implements. The store, the client of
//! Grafana's API and the engine are crates of their own. Start at [`app`].

pub mod app;
pub mod config;
#[cfg(debug_assertions)]
pub mod faults;
pub mod http;
pub mod plugin;
pub mod telemetry;
