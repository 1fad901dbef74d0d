//! The door through which new identifiers and randomness come in.
//!
//! Owns: the trait. Must never be implemented here with a real source: `server::app` has that one.

/// A source of identifiers and random numbers.
pub trait Ids: Send + Sync + 'static {
    /// A new SCIM resource id: unique, and without `/`, which Grafana would decode in a path.
    fn resource_id(&self) -> String;
    /// A new correlation id for one request and everything it leads to.
    fn correlation(&self) -> String;
    /// A password nobody will ever know, with all four character classes of Grafana's password policy, at least 32 characters.
    fn unknown_password(&self) -> crate::Secret;
    /// A number in `0.0..1.0`, for jitter.
    fn jitter(&self) -> f64;
}
