//! What an organization's provider may do to an account.
//!
//! Owns: deciding the [`Authority`] and what follows from it (docs/decisions/0007-authority.md). Must never be
//! widened by what an account joins or leaves later, and never ask a name. Start at [`at_claim`]
//! for an account that is claimed, and at [`Powers::over`] for what may be done to it now.

use vocabulary::{AccountOrigin, OrgId};

use super::model::{Account, Authority, Link, Rules};

/// Who may decide about an account that is to be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimant {
    /// The organization, as far as this goes.
    Ours(Authority),
    /// It is only in organizations that this connection does not serve.
    AnotherOrganization,
    /// It is in none: nobody there can vouch for it.
    NoOrganization,
}

/// Who decides, by the organizations that the account is in now.
pub(super) fn at_claim(account: &Account, rules: &Rules) -> Claimant {
    let elsewhere = elsewhere(account, rules);
    let ours = account.orgs.iter().any(|o| rules.serves(o.org_id));
    match (ours, elsewhere.is_empty()) {
        (true, true) => Claimant::Ours(Authority::Full),
        (true, false) => Claimant::Ours(Authority::Organization),
        // One provider speaks for the whole server.
        (false, _) if rules.whole_server => Claimant::Ours(Authority::Organization),
        (false, false) => Claimant::AnotherOrganization,
        (false, true) => Claimant::NoOrganization,
    }
}

/// The organizations of other people that the account is in: one that it alone is in is nobody
/// else's, and without `auto_assign_org` everybody has one (G35).
pub(super) fn elsewhere(account: &Account, rules: &Rules) -> Vec<OrgId> {
    let other = |org: &OrgId| !rules.whole_server && !rules.serves(*org) && !account.alone_in.contains(org);
    account.orgs.iter().map(|o| o.org_id).filter(other).collect()
}

/// What may be done to a managed account now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Powers {
    /// Disable and enable it, and take it out of organizations that are not ours.
    pub(super) everywhere: bool,
    /// Write login, e-mail and name.
    pub(super) write: bool,
    /// Delete it, and make it again.
    pub(super) delete: bool,
}

impl Powers {
    pub(super) fn over(link: &Link, account: &Account, rules: &Rules) -> Self {
        let everywhere = rules.whole_server || link.history.authority == Authority::Full;
        let write = everywhere && elsewhere(account, rules).is_empty();
        Self {
            everywhere,
            write,
            delete: write && link.origin == AccountOrigin::Provisioned,
        }
    }
}
