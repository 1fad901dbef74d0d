//! What Grafana does, one behaviour a test, asked of the stand-in or of a real one.
//!
//! Owns: the proof that the stand-in is no kinder than Grafana. `GRAFANA_URL` (with `GRAFANA_USER`, `GRAFANA_PASSWORD`: a server admin)
//! sends the same tests to a real Grafana; run them there with `--test-threads=1`, SQLite has one writer. Nothing is left behind there,
//! and its own users are not touched. Must never link the product. Start at [`target::contract`].

mod orgs;
mod resources;
mod service_accounts;
mod sign_in;
mod stand_in;
mod target;
mod teams;
mod users;
