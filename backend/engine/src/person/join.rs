//! Putting an account into an organization.
//!
//! Owns: that the account that was meant is the one that joins, because Grafana's call takes a text: an e-mail first, a login then
//! (G4, G33). Must never leave somebody else in an organization. Start at [`Person::join_org`].

use domain::{
    OrgId,
    account::{self, Account, OrgRole},
    attention::{Attention, Intruder, Operation, Reading},
};

use super::record::Person;
use crate::{
    error::{Result, SyncError, looking},
    org::Org,
};
use grafana::{Error, Joined};
use store::Action as Done;

impl Person<'_> {
    pub(super) async fn join_org(&mut self, org: &Org, account: &Account, role: &OrgRole) -> Result<()> {
        let text = self.unmistakable(org, account).await?;
        let mut joined = None;
        let call = async {
            match org
                .grafana
                .writer(self.purpose)
                .join_org(role.org_id, text, &role.role)
                .await
            {
                Ok(done) => joined = Some(done),
                // The organization was deleted meanwhile: there is nothing to come back to.
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
            Ok(())
        };
        let operation = Operation::JoinOrg {
            login: self.name.clone(),
            org_id: role.org_id,
        };
        self.call(org, Done::UserJoinOrg, operation, call).await?;
        if let Some(joined) = joined {
            self.compare(org, account, role.org_id, joined).await?;
            if !self.is_in(org, account, role.org_id).await? {
                // What is to be given back is remembered until it is seen: the next look tries again.
                return Ok(());
            }
            self.note_rejoined(org, role.org_id).await?;
        }
        self.restored(|s| s.orgs.retain(|o| o.org_id != role.org_id)).await
    }

    /// That somebody takes it out of our organization once more is to be noticed.
    async fn note_rejoined(&mut self, org: &Org, joined: OrgId) -> Result<()> {
        match self.record.clone() {
            // What Rollcall took out itself is nobody's by hand.
            Some(mut record)
                if joined == org.id() && record.history.seen_inside && record.deprovisioned_by.is_none() =>
            {
                record.history.rejoined_ms = Some(self.core.clock.now_ms());
                self.save(record).await
            }
            _ => Ok(()),
        }
    }

    /// The e-mail or the login of the account, whichever Grafana takes for this account and no other.
    async fn unmistakable<'a>(&self, org: &Org, account: &'a Account) -> Result<&'a str> {
        let mut means = None;
        for text in account::texts(account) {
            means = org.grafana.lookup(text).await.map_err(looking(Reading::Accounts))?;
            if means == Some(account.id) {
                return Ok(text);
            }
        }
        Err(SyncError::Attention(Attention::CannotBeNamed {
            login: account.login.clone(),
            grafana_id: account.id,
            means,
        }))
    }

    /// Another account that was taken in is out again, and a person is told: between the look and the call somebody took the name.
    async fn compare(&self, org: &Org, account: &Account, org_id: OrgId, joined: Joined) -> Result<()> {
        let Some(other) = joined.user_id.filter(|id| *id != account.id) else {
            return Ok(());
        };
        let outcome = if joined.already {
            Intruder::WasInside
        } else {
            match self.leave_org(org, other, org_id).await {
                Ok(()) => Intruder::TakenOut,
                Err(SyncError::Grafana { error, .. }) if error.says_no() => Intruder::StillInside,
                Err(error) => return Err(error),
            }
        };
        Err(SyncError::Attention(Attention::AnotherJoined {
            login: account.login.clone(),
            grafana_id: account.id,
            other,
            org_id,
            outcome,
        }))
    }

    async fn is_in(&self, org: &Org, account: &Account, org_id: OrgId) -> Result<bool> {
        let orgs = org.grafana.orgs_of_user(account.id).await;
        let orgs = orgs.map_err(looking(Reading::Organizations))?;
        Ok(orgs.iter().any(|o| o.org_id == org_id))
    }
}
