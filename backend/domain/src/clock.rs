//! The door through which time comes in.
//!
//! Owns: the trait. Must never be implemented here with a real clock: `server::app` has that one.

/// A source of the current time. Invariant 9.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, UTC: for what is written down and shown. It may be set back.
    fn now_ms(&self) -> i64;
    /// Milliseconds since some moment of this process: for waiting. It is never set back.
    fn elapsed_ms(&self) -> i64;
}
