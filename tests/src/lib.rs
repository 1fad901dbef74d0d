//! Black-box tests: identity providers as clients, a Grafana, and what both are asked.
//!
//! Owns: everything that looks at the plugin from outside. Must never link `server`: what tests know of it is what its users know.
//! Start at [`rig`] (a Grafana with the plugin), [`idp`] (what the providers send) and [`grafana`] (what Grafana then holds); [`demo`]
//! puts them together.

pub mod connect;
pub mod crowd;
pub mod demo;
pub mod grafana;
pub mod idp;
pub mod rig;
pub mod wait;
