//! The guarantees of `docs/guarantees.md`: what holds whatever Grafana, the network, the disk or a person with `kill -9` does.
//!
//! Owns: faults and what must be true after them, seen from outside. Must never look into the plugin's store. Start at
//! [`crashes`]; every test ends with the question of [`acceptance::rig::Rig::finish`]: was anything changed that is nobody's business?

mod away;
mod crashes;
mod crowd;
mod disk;
mod faults;
mod history;
mod insistence;
mod memberships;
