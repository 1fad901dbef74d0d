//! The door through which time comes in.
//!
//! Owns: the trait. Must never be implemented here with a real clock: `server::app` has that one.

/// A source of the current time. Leases and due times use the database's clock instead (design, invariant 9).
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, UTC.
    fn now_ms(&self) -> i64;
}
