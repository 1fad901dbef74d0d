//! Attacks and accidents: who gets an account, who may command, and when access is really closed.
//!
//! Owns: one test for each kind of fault that an attack on the running plugin found, named by what a person would notice.
//! Must never look into the plugin. Every test has a stand-in, a port and a data directory of its own.
//! Start at [`identity`]; `SECURITY.md` and `docs/guarantees.md` name the tests that show a promise.

mod answers;
mod authority;
mod callers;
mod closing;
mod closing_count;
mod identity;
mod membership;
mod store_identity;
mod teams;
