//! Why something is not as the identity provider wants it: what a person must look at, and what is
//! only waited for.
//!
//! Owns: the cases, with the facts that a sentence about them needs, and their codes in the
//! database. Must never hold a sentence: those are in [`crate::wording`]. Start at [`Attention`].

mod operation;
mod refusal;

use serde::{Deserialize, Serialize};
use vocabulary::{Attribute, OrgId, TeamId, UserId};

pub use operation::{Operation, Reading};
pub use refusal::Refusal;

use crate::evidence::{Doubt, Evidence};

/// What only a person can put right. Each case has one reason and one next step
/// ([`crate::wording::reason`], [`crate::wording::next_step`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Attention {
    /// The account is never touched.
    Protected {
        /// Its login.
        login: String,
        /// Why.
        why: Protection,
    },
    /// The account is never touched, and the person is to have no access: an alarm.
    ProtectedLeaver {
        /// Its login.
        login: String,
        /// Why.
        why: Protection,
    },
    /// The account is in no organization: only a server admin could vouch for it.
    InNoOrganization {
        /// Its login.
        login: String,
    },
    /// Out of our organization, and open in others, which we have no say in.
    StillInOrganizations {
        /// The account's login.
        login: String,
        /// The organizations.
        org_ids: Vec<OrgId>,
    },
    /// The account is in other organizations too: its names are not written.
    ProfileNotOurs {
        /// The account's login.
        login: String,
        /// The organizations.
        org_ids: Vec<OrgId>,
    },
    /// Somebody disabled the account of a person who may sign in.
    DisabledByHand {
        /// The account's login.
        login: String,
    },
    /// Somebody deleted it.
    DeletedByHand {
        /// The account's login, as last seen.
        login: String,
    },
    /// Somebody took it out of our organization.
    TakenOutByHand {
        /// The account's login.
        login: String,
        /// The organization.
        org_id: OrgId,
        /// Within a day after Rollcall had joined it again.
        again: bool,
    },
    /// One account has the login, another one the e-mail.
    TwoAccounts {
        /// The login that the provider wants.
        login: String,
        /// Grafana's id of the account that has it.
        login_owner: UserId,
        /// Grafana's id of the account that has the e-mail.
        email_owner: UserId,
    },
    /// Another account has the e-mail, and it may not be claimed by that.
    EmailTaken {
        /// The login that the provider wants.
        login: String,
        /// Grafana's id of the account that has the e-mail.
        grafana_id: UserId,
    },
    /// Somebody who was deleted at the provider had the account, and nothing shows that it is the same person.
    LeaversAccount {
        /// Its login.
        login: String,
        /// Grafana's id of it.
        grafana_id: UserId,
        /// Why it is not known to be the same person.
        doubt: Doubt,
    },
    /// The account is only in organizations that this provider has no say in.
    InAnotherOrganization {
        /// Its login.
        login: String,
    },
    /// Another SCIM user has the account.
    ManagedForAnother {
        /// Its login.
        login: String,
    },
    /// An account with an equal name may be the person's, and no admin has answered.
    ClaimNeedsApproval {
        /// The account's login.
        login: String,
        /// Grafana's id of it.
        grafana_id: UserId,
        /// What speaks for it, and what is missing.
        evidence: Evidence,
    },
    /// `claim_policy` is `never`.
    ClaimForbidden {
        /// The account's login.
        login: String,
    },
    /// Somebody must be out, and an account with the login or e-mail is open that no admin has said
    /// is this person's.
    StillOpen {
        /// The login that the provider named.
        login: String,
        /// The account's login.
        account: String,
        /// Grafana's id of it.
        grafana_id: UserId,
    },
    /// Disabled and linked to a provider: Grafana will not enable it.
    CannotEnable {
        /// Its login.
        login: String,
    },
    /// Nobody else is Admin of the organization.
    LastAdmin {
        /// The account's login.
        login: String,
        /// The organization.
        org_id: OrgId,
    },
    /// Linked to a provider, so Grafana will not disable it, and the setting allows no more.
    CannotDisable {
        /// Its login.
        login: String,
    },
    /// Another account has the new login or e-mail.
    NameTaken {
        /// The login of the account that cannot be changed.
        login: String,
        /// Grafana's id of the other account.
        grafana_id: UserId,
    },
    /// Grafana answered 200 to a profile and shows the old one: with `[users] verify_email_enabled`
    /// it sends a mail instead, and every further try would be one more (`api/user.go`,
    /// `handleUpdateUser`). It ends by itself when the person has followed the link.
    ProfileNotApplied {
        /// The user's name at the provider.
        login: String,
    },
    /// Neither login nor e-mail names the account alone: Grafana takes each for somebody else's, or for nobody's.
    CannotBeNamed {
        /// The account's login.
        login: String,
        /// Grafana's id of it.
        grafana_id: UserId,
        /// The account that Grafana takes its login for.
        means: Option<UserId>,
    },
    /// Grafana put another account into an organization than the one that was meant.
    AnotherJoined {
        /// The login of the account that was meant.
        login: String,
        /// Grafana's id of it.
        grafana_id: UserId,
        /// Grafana's id of the one it took.
        other: UserId,
        /// The organization.
        org_id: OrgId,
        /// What became of the other one there.
        outcome: Intruder,
    },
    /// The team's group is gone, and the team holds members that were added by hand.
    TeamNotDeleted {
        /// The team.
        team: String,
        /// How many.
        others: usize,
    },
    /// Another team has the name of the team's group.
    TeamNameTaken {
        /// The team.
        team: String,
        /// The name it should have.
        wanted: String,
        /// The team that has it.
        owner: TeamId,
    },
    /// Somebody made a team of the group's name, and `team_claim` is `ask`.
    TeamClaimNeedsApproval {
        /// The team.
        team: String,
        /// Grafana's id of it.
        team_id: TeamId,
    },
    /// Grafana refused a call, and may again until somebody changes something.
    GrafanaRefused {
        /// What was asked.
        operation: Operation,
        /// What it answered.
        refusal: Refusal,
    },
}

impl Attention {
    /// The code in the database, the same as in its JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Protected { .. } => "protected",
            Self::ProtectedLeaver { .. } => "protected_leaver",
            Self::InNoOrganization { .. } => "in_no_organization",
            Self::StillInOrganizations { .. } => "still_in_organizations",
            Self::ProfileNotOurs { .. } => "profile_not_ours",
            Self::DisabledByHand { .. } => "disabled_by_hand",
            Self::DeletedByHand { .. } => "deleted_by_hand",
            Self::TakenOutByHand { .. } => "taken_out_by_hand",
            Self::TwoAccounts { .. } => "two_accounts",
            Self::EmailTaken { .. } => "email_taken",
            Self::LeaversAccount { .. } => "leavers_account",
            Self::InAnotherOrganization { .. } => "in_another_organization",
            Self::ManagedForAnother { .. } => "managed_for_another",
            Self::ClaimNeedsApproval { .. } => "claim_needs_approval",
            Self::ClaimForbidden { .. } => "claim_forbidden",
            Self::StillOpen { .. } => "still_open",
            Self::CannotEnable { .. } => "cannot_enable",
            Self::LastAdmin { .. } => "last_admin",
            Self::CannotDisable { .. } => "cannot_disable",
            Self::NameTaken { .. } => "name_taken",
            Self::ProfileNotApplied { .. } => "profile_not_applied",
            Self::CannotBeNamed { .. } => "cannot_be_named",
            Self::AnotherJoined { .. } => "another_joined",
            Self::TeamNotDeleted { .. } => "team_not_deleted",
            Self::TeamNameTaken { .. } => "team_name_taken",
            Self::TeamClaimNeedsApproval { .. } => "team_claim_needs_approval",
            Self::GrafanaRefused { .. } => "grafana_refused",
        }
    }

    /// Which attributes it keeps from reaching Grafana.
    #[must_use]
    pub const fn attributes(&self) -> &'static [Attribute] {
        match self {
            Self::ProfileNotApplied { .. } | Self::ProfileNotOurs { .. } => Attribute::ALL,
            Self::TwoAccounts { .. } | Self::EmailTaken { .. } | Self::NameTaken { .. } => {
                &[Attribute::UserName, Attribute::Emails]
            }
            _ => &[],
        }
    }

    /// Whether it is over as soon as a comparison with Grafana no longer finds it. `due`: the
    /// comparison found something to do instead.
    #[must_use]
    pub const fn ends_unseen(&self, due: bool) -> bool {
        match self {
            // What Grafana refused is tried again, slowly, and ends when it was done.
            Self::GrafanaRefused { .. } => false,
            // The person has followed the link; else another try would be another mail.
            Self::ProfileNotApplied { .. } => !due,
            // What the planner asked for has been done.
            _ => true,
        }
    }
}

impl Attention {
    /// Whether it is looked at again by itself. A profile is not: each try would be another mail to the person.
    #[must_use]
    pub const fn is_retried(&self) -> bool {
        !matches!(self, Self::ProfileNotApplied { .. })
    }
}

/// What became of an account that was put into an organization by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intruder {
    /// It was in there before: nothing changed.
    WasInside,
    /// It was taken out again.
    TakenOut,
    /// Grafana refused to take it out: it is still in.
    StillInside,
}

/// Why an account is never touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// It is the account that Rollcall is signed in with.
    Ourselves,
    /// It is a Grafana server admin.
    ServerAdmin,
    /// It is a service account.
    ServiceAccount,
    /// An admin listed it in `break_glass`.
    BreakGlass,
}

/// What is tried again by itself, and why it has not succeeded yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Delay {
    /// Another user is about to give up the name.
    NameNotFree {
        /// The login of the account that waits.
        login: String,
        /// The login of the account that has the name.
        owner: String,
    },
    /// Grafana said yes, and the account looks as before.
    AccountUnchanged,
    /// Grafana said yes, and the team looks as before.
    TeamUnchanged,
    /// The team is deleted each time it has been created.
    TeamDisappears,
    /// The account that was to be deleted is not ours any more.
    NothingToDelete,
    /// Another SCIM user got the account a moment ago.
    AccountJustTaken,
    /// Grafana knows another store, and no admin has decided.
    StoreNotRecognised,
    /// The brake holds what the provider wants to take away, and no admin has decided.
    Held,
    /// A call failed, and time may help.
    GrafanaFailed {
        /// What was asked.
        operation: Operation,
        /// How it failed, in the words of the client.
        error: String,
    },
}

impl Delay {
    /// The code in the database, the same as in its JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NameNotFree { .. } => "name_not_free",
            Self::AccountUnchanged => "account_unchanged",
            Self::TeamUnchanged => "team_unchanged",
            Self::TeamDisappears => "team_disappears",
            Self::NothingToDelete => "nothing_to_delete",
            Self::AccountJustTaken => "account_just_taken",
            Self::StoreNotRecognised => "store_not_recognised",
            Self::Held => "held",
            Self::GrafanaFailed { .. } => "grafana_failed",
        }
    }
}

/// Why the last try did not succeed: what the store keeps beside a mark. The codes of the two have
/// nothing in common, so that the JSON says which it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Problem {
    /// A person must look, or was told so before everything was tried again.
    Attention(Attention),
    /// Only time is needed.
    Delay(Delay),
}

impl Problem {
    /// The code in the database.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Attention(attention) => attention.code(),
            Self::Delay(delay) => delay.code(),
        }
    }
}

impl From<Attention> for Problem {
    fn from(attention: Attention) -> Self {
        Self::Attention(attention)
    }
}

impl From<Delay> for Problem {
    fn from(delay: Delay) -> Self {
        Self::Delay(delay)
    }
}

#[cfg(test)]
pub(crate) mod tests;
