//! `GET admin/login-doctor`: will the people that are provisioned get in, and will those who leave stay out?
//!
//! Owns: the shape of a finding. Must never carry a value of Grafana's configuration that is a secret. Start at [`LoginDoctor`].

use serde::{Deserialize, Serialize};
use vocabulary::Severity;

/// `GET admin/login-doctor`: what follows from Grafana's configuration as last read, worst first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LoginDoctor {
    /// When the configuration was read; absent until it has been.
    pub checked_ms: Option<i64>,
    /// What was found; empty until then.
    pub findings: Vec<LoginFinding>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LoginFinding {
    /// How much it matters.
    pub severity: Severity,
    /// The section of Grafana's configuration it is about, e.g. `auth.okta`.
    pub provider: String,
    /// What will happen, in one sentence.
    pub what: String,
    /// Why.
    pub why: String,
    /// The lines that change it, as they stand in Grafana's configuration file: a section, then a key. Empty where nothing has to change.
    pub ini: Vec<String>,
}
