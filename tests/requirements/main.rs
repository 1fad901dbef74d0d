//! The requirements R1–R37 and R43–R45 of docs/requirements.md, one test or more each, through Grafana's
//! SCIM endpoint with the built plugin.
//!
//! Owns: what a user of the product would notice of each requirement; a test is named by its number. Must never look into the plugin.
//! Start at [`people`]. Without `GRAFANA_URL` every test has a stand-in of its own. With it (and `GRAFANA_USER`, `GRAFANA_PASSWORD`)
//! the same tests ask that Grafana, one after the other (`--test-threads=1`), with names nobody else has there, and say which of them
//! it cannot answer ([`acceptance::rig::on_any_grafana`], [`acceptance::rig::only_on_the_stand_in`]).

mod coexistence;
mod people;
mod roles;
mod safety;
mod scenes;
mod settings;
mod teams;
