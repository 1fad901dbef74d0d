//! What the engine last read of how an organization's Grafana is configured, for the page.
//!
//! Owns: plain data that is not the page's own; the rest is `domain::status`. Must never hold a
//! secret. Start at [`LoginSeen`].

/// What the login doctor found when it last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSeen {
    /// When.
    pub at_ms: i64,
    /// Worst first.
    pub findings: Vec<domain::login::Finding>,
}
