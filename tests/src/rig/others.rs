//! What a test must leave in a real Grafana as it was. Start at [`Real`].

use std::collections::BTreeMap;

use serde_json::Value;

/// What is known of the Grafana before the test.
pub(super) struct Real {
    /// In every name that the test gives.
    pub(super) mark: String,
    /// Login of the server admin the tests are.
    pub(super) user: String,
    /// Login the plugin is signed in with.
    pub(super) signed_in_as: String,
    /// Page settings, to be put back.
    pub(super) settings: BTreeMap<String, Option<String>>,
    pub(super) others: Others,
}

/// Everybody and everything that is not of this test.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Others {
    pub(super) accounts: BTreeMap<i64, Value>,
    pub(super) roles: BTreeMap<i64, String>,
    pub(super) teams: BTreeMap<i64, (String, Vec<String>)>,
}
