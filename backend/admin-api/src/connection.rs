//! `POST admin/connection-test`: would an identity provider be answered as it expects, and if not, which setting is wrong?
//!
//! Owns: the shapes of the test on the *Set-up* tab. Must never carry a token: what is pasted is answered, not kept. Start at
//! [`ConnectionTest`].

use serde::{Deserialize, Serialize};

use crate::CredentialTest;

/// `POST admin/connection-test` → [`ConnectionReport`]. Nothing that is kept is changed, and Grafana is not called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionTest {
    /// Whose requests are played, and whose words are used.
    pub provider: IdentityProvider,
    /// What the provider sent, or was answered, or its attribute mappings, as its log or its export has them. Only this is then looked at.
    #[serde(default)]
    pub sample: Option<String>,
}

/// Whose habits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProvider {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// Any other.
    Other,
}

/// The settings first, then each request with its answer; of the same shape as the other test's.
pub type ConnectionReport = CredentialTest;
