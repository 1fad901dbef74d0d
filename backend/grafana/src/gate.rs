//! Whether something may be written to Grafana at this moment.
//!
//! Owns: the question, and an answer for what has no organization's settings. Must never send
//! anything. Start at [`Gate`]; each call of [`Writer`](super::Writer) asks it.

use std::fmt::Debug;

use domain::operation::{Off, Purpose};

/// Whether something may be written at this moment.
pub trait Gate: Debug + Send + Sync {
    /// Asked before every call.
    ///
    /// # Errors
    /// Why not.
    fn may(&self, purpose: Purpose) -> std::result::Result<(), Off>;
}

/// A gate that is never shut, for what has no organization's settings.
#[derive(Debug)]
pub struct Open;

impl Gate for Open {
    fn may(&self, _: Purpose) -> std::result::Result<(), Off> {
        Ok(())
    }
}
