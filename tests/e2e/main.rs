//! End to end: what a user, an admin and a stranger notice, through Grafana's endpoint with the real plugin.
//!
//! Owns: the promises of the product, one test each, named by what somebody would notice. Must never look into the plugin's store or
//! process. Start at [`people`]. Every test has a stand-in, a port and a data directory of its own, and ends with the question whether
//! anything was changed in Grafana that is nobody's business ([`acceptance::rig::Rig::finish`]).

mod access;
mod away;
mod connection;
mod demo;
mod deprovisioning;
mod doctor;
mod groups;
mod linking;
mod management;
mod mapping;
mod people;
mod protection;
mod providers;
mod rails;
mod restart;
mod settings;
