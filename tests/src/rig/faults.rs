//! What the tests of reliability do to the plugin, and what they count afterwards.
//!
//! Owns: single faults, kills without waiting, and the counting of calls by what they change. Must never decide what is right: a test
//! says how often. Start at [`Rig::fault`].

use std::collections::HashSet;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::running::{BOT, Rig};
use grafana_stand_in::{Call, Fault};

impl Rig {
    /// From now on the next calls that match go wrong.
    pub fn fault(&self, fault: Fault) {
        self.disturbed().set_fault(fault);
    }

    /// SIGKILL; returns when the process is gone, which Grafana then starts again.
    ///
    /// # Errors
    /// If there is no process.
    pub async fn kill_only(&self) -> Result<()> {
        self.disturbed().kill_plugin().await
    }

    /// Calls of the plugin that found no Grafana.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        let calls = self.calls();
        // Who called is read from what was sent, and of a dropped call nothing is read.
        let failed = calls.iter().filter(|call| call.status.is_none() && call.who.is_empty());
        failed.count()
    }

    /// How many of the plugin's changes `fits`.
    #[must_use]
    pub fn count(&self, fits: impl Fn(&Change<'_>) -> bool) -> usize {
        let changes = self.changes_by_plugin();
        changes.iter().map(Change::of).filter(fits).count()
    }

    /// No account and no team was asked for twice: of all requests that came through to Grafana, done or refused because it is there
    /// already, each name is in one.
    ///
    /// # Errors
    /// Names what was.
    pub fn made_once(&self) -> Result<()> {
        let mut seen = HashSet::new();
        let calls = self.calls();
        // 412 and 409: it is there already. No answer: the fault came after it was done.
        let came = |call: &&Call| matches!(call.status, Some(200..300 | 409 | 412) | None);
        for change in calls.iter().filter(|call| call.who == BOT).filter(came).map(Change::of) {
            let name = match change.parts() {
                ("POST", ["admin", "users"]) => ("account", change.text("login")),
                ("POST", ["teams"]) => ("team", change.text("name")),
                _ => continue,
            };
            ensure!(
                seen.insert(name.clone()),
                "the {} {} was asked for twice",
                name.0,
                name.1
            );
        }
        Ok(())
    }

    /// Every bulk write of members: the e-mails it names, all of them.
    #[must_use]
    pub fn bulk_writes(&self) -> Vec<Vec<String>> {
        let changes = self.calls().into_iter().filter(|call| call.who == BOT);
        changes
            .filter(|call| matches!(Change::of(call).parts(), ("PUT", ["teams", _, "members"])))
            .map(|call| {
                let body: Value = serde_json::from_str(&call.body).unwrap_or_default();
                let lists = ["members", "admins"]
                    .into_iter()
                    .filter_map(|list| body[list].as_array());
                lists.flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            })
            .collect()
    }
}

/// A changing call, taken apart.
#[derive(Debug)]
pub struct Change<'a> {
    call: &'a Call,
    path: Vec<&'a str>,
}

impl<'a> Change<'a> {
    fn of(call: &'a Call) -> Self {
        let path = call.path.split('?').next().unwrap_or_default();
        let path = path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
        Self { call, path }
    }

    /// Method and path below `/api/`.
    #[must_use]
    pub fn parts(&self) -> (&str, &[&'a str]) {
        (&self.call.method, &self.path)
    }

    /// A text in the body, or nothing.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        let body: Value = serde_json::from_str(&self.call.body).unwrap_or_default();
        body[key].as_str().unwrap_or_default().to_owned()
    }

    /// A number in the body, or nothing.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        let body: Value = serde_json::from_str(&self.call.body).unwrap_or_default();
        body[key].as_i64()
    }
}
