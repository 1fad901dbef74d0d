//! What the login doctor found when it last looked.
//!
//! Owns: that finding and its time. Must never hold a secret. Start at [`LoginSeen`]; the status of an
//! organization is `domain::status`.

/// What the login doctor found when it last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSeen {
    /// When.
    pub at_ms: i64,
    /// Worst first.
    pub findings: Vec<domain::login::Finding>,
}
