//! An account changes hands: names of who left, and passwords that somebody else may know.
//!
//! Owns: the calls for it, and what is remembered of each. Must never decide whose an account is (`domain::account` does).
//! Start at [`Person::claim`].

use domain::{
    UserId,
    account::{Action, Observed, Snapshot, Write},
    attention::Operation,
};

use super::{act::sent, input::link, record::Person};
use crate::{error::Result, org::Org};
use store::Action as Done;

impl Person<'_> {
    /// The account is this person's from now on.
    pub(super) async fn claim(&mut self, org: &Org, claim: &Action, observed: &Observed) -> Result<()> {
        let Action::Claim {
            grafana_id,
            origin,
            history,
            from,
            snapshot,
            deprovisioned_by,
            renew_password,
        } = claim
        else {
            return Ok(());
        };
        let found = observed.others.iter().find(|c| c.account.id == *grafana_id);
        let login = found.map_or_else(|| self.name.clone(), |c| c.account.login.clone());
        let mut record = self.new_record(*grafana_id, *origin, login);
        record.history = *history;
        record.deprovisioned_by = *deprovisioned_by;
        record.snapshot = snapshot.as_ref().and_then(|s| serde_json::to_string(s).ok());
        record.renew_password = *renew_password;
        match from.as_ref().filter(|f| **f != self.work.id) {
            Some(from) => self.take_over(record, from).await?,
            None => self.save(record).await?,
        }
        self.log(org, Done::UserClaim, 0).await
    }

    /// Another login and e-mail for the closed account of somebody who left. The next look has to show it.
    pub(super) async fn move_aside(&self, org: &Org, id: UserId, write: &Write) -> Result<()> {
        let operation = Operation::MoveAside {
            login: self.name.clone(),
            grafana_id: id,
        };
        let writer = org.grafana.writer(self.purpose);
        let call = writer.update_user(id, sent(write));
        self.call(org, Done::UserMoveAside, operation, call).await?;
        if let Some(listing) = &org.listing {
            listing.rename(id, &write.login, &write.email);
        }
        let store = &self.core.store;
        let Some(mut record) = store.account_by_grafana_id(id).await? else {
            return Ok(());
        };
        // Who is made again as disabled must not be made with the names of somebody else.
        let snapshot = link(&record)
            .snapshot
            .filter(|s| s.profile.is_some())
            .map(|s| Snapshot {
                profile: Some(write.clone()),
                ..s
            });
        if let Some(snapshot) = snapshot {
            record.snapshot = serde_json::to_string(&snapshot).ok();
        }
        record.login.clone_from(&write.login);
        Ok(store.save_account(&record).await?)
    }

    /// A password that nobody knows, and no session. It stays due until both are done.
    pub(super) async fn renew_password(&mut self, org: &Org, id: UserId, observed: &Observed) -> Result<()> {
        let operation = || Operation::RenewPassword {
            login: self.name.clone(),
        };
        let writer = org.grafana.writer(self.purpose);
        // Grafana takes no new password then (G25), and has no form to use the old one in.
        if org.sign_in.login_form_off != Some(true) {
            let password = self.core.ids.unknown_password();
            let call = writer.set_password(id, &password);
            self.call(org, Done::UserPassword, operation(), call).await?;
        }
        let candidates = observed.others.iter().map(|c| &c.account);
        let seen = observed.linked.iter().chain(candidates).find(|a| a.id == id);
        // Disabling has ended every session of a disabled account.
        if seen.is_none_or(|a| !a.is_disabled) {
            let call = writer.logout_user(id);
            self.call(org, Done::UserLogout, operation(), call).await?;
        }
        if let Some(mut record) = self.record.clone() {
            record.renew_password = false;
            self.save(record).await?;
        }
        Ok(())
    }
}
