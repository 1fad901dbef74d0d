//! Everything of Rollcall that does I/O: plugin process, HTTP surface, store, Grafana client, sync engine.
//!
//! Owns: the arrows between its modules, checked by `cargo xtask tidy`:
//! `http → store, domain, scim, admin-api`; `sync → store, grafana, domain`; `store → domain, scim`; `grafana → domain`;
//! `plugin, bin → app → everything`. Never `http → sync` or `http → grafana`: a handler answers from the store, and asks for the rest
//! through `http::Control`.
//! Start at [`app`], which puts the pieces together.

pub mod app;
pub mod config;
pub mod grafana;
pub mod http;
pub mod plugin;
pub mod store;
pub mod sync;
pub mod telemetry;
