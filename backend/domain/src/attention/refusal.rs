//! How Grafana, or the way to it, refuses.
//!
//! Owns: the cases, with the words that a sentence about them needs. Must never hold a sentence of ours. Start at [`Refusal`].

use serde::{Deserialize, Serialize};

/// How a call ended that another try may not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    /// A name is taken, or the thing is as asked already.
    Conflict {
        /// Grafana's words.
        message: String,
    },
    /// A single sign-on provider owns the user.
    ExternalUser,
    /// Grafana refuses it to the credentials.
    Forbidden {
        /// Grafana's words: a quota that is reached is answered so too.
        message: String,
        /// The permission, if Grafana named it.
        permission: Option<String>,
    },
    /// No request can be made of what was asked.
    NotSent {
        /// Why.
        why: String,
    },
    /// Grafana answers other calls, and this one again and again not, or by somebody else's words.
    NoAnswer {
        /// In the words of the client.
        error: String,
    },
    /// Any other refusal.
    Other {
        /// The HTTP status.
        status: u16,
        /// Grafana's words.
        message: String,
    },
}
