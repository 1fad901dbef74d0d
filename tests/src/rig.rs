//! A Grafana of one's own with the built plugin in it, and what a test asks of it.
//!
//! Owns: the question every test ends with ([`Rig::finish`]). Must never look into the plugin: it is
//! asked as everybody asks. Start at [`Rig::start`].

mod behind;
mod call_budget;
mod faults;
mod others;
mod property;
mod real;
mod running;

use anyhow::{Result, ensure};
use grafana_stand_in::Call;

pub use faults::Change;
pub use grafana_stand_in::Role;
pub use real::{on_any_grafana, only_on_a_real_grafana, only_on_the_stand_in};
pub use running::{ADMIN, BOT, Failpoint, Rig, Setup, WATCHER, group, user};

impl Rig {
    /// Its calls that changed something, in order, but for the marker of its store, which follows starts and closings.
    #[must_use]
    pub fn changes_by_plugin(&self) -> Vec<Call> {
        self.calls()
            .into_iter()
            .filter(property::changed_by_plugin)
            .filter(|call| !call.path.starts_with("/api/serviceaccounts"))
            .collect()
    }

    /// Ends the test: nothing in Grafana was changed that is not the plugin's to change, and no secret is in its log.
    ///
    /// # Errors
    /// Names the first call that should not have been.
    pub async fn finish(mut self) -> Result<()> {
        if let Some(real) = &self.real {
            // There is no log of calls here: what everybody else has is compared instead.
            self.leave(real).await?;
            self.finished = true;
            return Ok(());
        }
        property::only_its_own(&self).await?;
        call_budget::no_more_than_asked_for(&self).await?;
        let log = self.plugin_log();
        ensure!(!self.tells_secrets(&log), "a secret is in the plugin's log");
        if let Some(stand_in) = self.stand_in.take() {
            stand_in.stop().await;
        }
        self.finished = true;
        Ok(())
    }
}
