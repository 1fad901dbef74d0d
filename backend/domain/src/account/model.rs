//! The words of the account planner: what is wanted, what is seen, what the rules are, and what a plan holds.
//!
//! Owns: the types, and nothing that decides. Must never compare what is wanted with what is seen. Start at [`Desired`], then [`Observed`] and [`Plan`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vocabulary::{AccountOrigin, OrgId, TeamId, UserId};

use crate::{
    evidence::{Doubt, SignIn},
    settings::{ClaimPolicy, Deprovision, Linking, MembershipPolicy},
};

/// What the identity provider says about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Desired {
    /// May sign in.
    Open(Profile),
    /// `active: false`.
    Closed(Profile),
    /// Deleted: closed as well. Grafana's user is deleted for it only where the setting `deprovision` allows it.
    Gone,
}

/// The attributes Grafana has room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// From `userName`.
    pub login: String,
    /// The primary e-mail; absent means "leave it as it is" (R5: an unmapped attribute never blanks anything).
    pub email: Option<String>,
    /// The display name; absent means "leave it as it is".
    pub name: Option<String>,
}

impl Profile {
    /// As Grafana stores it: login and e-mail trimmed and in lower case (G1), so that a comparison can end.
    #[must_use]
    pub fn new(login: &str, email: Option<&str>, name: Option<&str>) -> Self {
        let filled = |s: &&str| !s.is_empty();
        Self {
            login: login.trim().to_lowercase(),
            email: email.map(str::trim).filter(filled).map(str::to_lowercase),
            name: name.map(str::trim).filter(filled).map(str::to_owned),
        }
    }
}

/// A role in an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgRole {
    /// The organization.
    pub org_id: OrgId,
    /// `Viewer`, `Editor`, `Admin`, `None`.
    pub role: String,
}

/// A membership in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMembership {
    /// The team's organization.
    pub org_id: OrgId,
    /// The team.
    pub team_id: TeamId,
}

/// What to give back on return: Grafana forgets roles and team memberships of who leaves an organization, and everything of who is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Organizations and roles.
    pub orgs: Vec<OrgRole>,
    /// Memberships in teams.
    #[serde(default)]
    pub teams: Vec<TeamMembership>,
    /// Login, e-mail and name of an account that is deleted to be made again with them.
    #[serde(default)]
    pub profile: Option<Write>,
}

impl Snapshot {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            orgs: account.orgs.clone(),
            teams: account.teams.clone(),
            profile: Some(Write {
                login: account.login.clone(),
                email: account.email.clone(),
                name: account.name.clone(),
            }),
        }
    }
}

/// What was granted when an account was made or claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// Rollcall made it, or it was claimed while it was only in organizations of this connection.
    Full,
    /// Anything else: what is done to it stays in our organization.
    Organization,
}

/// What an account was made or claimed as, and what was seen of it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// What this organization's provider may do to it.
    pub authority: Authority,
    /// The organization that Grafana made with the account: nobody else is in it.
    pub own_org: Option<OrgId>,
    /// It was seen in our organization: who is not in it any more was taken out.
    pub seen_inside: bool,
    /// It was found closed: Rollcall has not done that, and does not undo it.
    pub closed_by_hand: bool,
    /// When Rollcall last joined it to our organization again, after it had been seen inside.
    pub rejoined_ms: Option<i64>,
}

/// Who was taken out by hand is joined again by `membership = repair` at most once in so long.
const REJOINED_AGAIN_MS: i64 = 86_400_000;

impl History {
    /// Of an account that was never looked at.
    #[must_use]
    pub const fn new(authority: Authority) -> Self {
        Self {
            authority,
            own_org: None,
            seen_inside: false,
            closed_by_hand: false,
            rejoined_ms: None,
        }
    }

    /// Whether Rollcall has joined it again within a day: taking it out once more is somebody's answer to that.
    #[must_use]
    pub fn rejoined_lately(&self, now_ms: i64) -> bool {
        self.rejoined_ms
            .is_some_and(|at| now_ms.saturating_sub(at) < REJOINED_AGAIN_MS)
    }
}

/// What we remember of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Grafana's id; `None` once we have deleted the account.
    pub grafana_id: Option<UserId>,
    /// Where it came from.
    pub origin: AccountOrigin,
    /// What to give back on return, if it was suspended, deleted or made again.
    pub snapshot: Option<Snapshot>,
    /// The action that closed it, or is about to: written down *before* an account is disabled or
    /// deleted, so that a crash in between does not look like a hand.
    pub deprovisioned_by: Option<Deprovision>,
    /// What it was made or claimed as, and what was seen of it since.
    pub history: History,
    /// Somebody else may know the password: it becomes random before the account is opened.
    pub renew_password: bool,
}

/// A Grafana account as just seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Grafana's id.
    pub id: UserId,
    /// Login.
    pub login: String,
    /// E-mail.
    pub email: String,
    /// Name.
    pub name: String,
    /// Grafana server admin.
    pub is_grafana_admin: bool,
    /// A sign-in link of a provider exists: Grafana will refuse to disable, enable or edit (G9, G10).
    pub is_external: bool,
    /// The providers it was signed in to by, as Grafana calls them.
    pub sign_ins: Vec<String>,
    /// Disabled.
    pub is_disabled: bool,
    /// It is the account we are signed in with.
    pub is_self: bool,
    /// Organizations and roles.
    pub orgs: Vec<OrgRole>,
    /// Memberships in teams, where they were looked up (before a suspension and on return).
    pub teams: Vec<TeamMembership>,
    /// Organizations that it alone is in.
    pub alone_in: Vec<OrgId>,
    /// Served organizations in which it is the one Admin who is kept (`last_admin`).
    pub last_admin_of: Vec<OrgId>,
}

/// Another account that has the desired login or e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub account: Account,
    /// Who manages it.
    pub manager: Manager,
    /// An admin said that it is this person's.
    pub approved: bool,
    /// And that its password stays as it is.
    pub keeps_password: bool,
    /// It is another user's who is to have neither of the names that are in the way ([`frees_names`]).
    pub leaving: bool,
}

/// Who manages a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manager {
    /// Nobody: it was there before.
    Nobody,
    /// Another SCIM user that exists.
    Other,
    /// A SCIM user that was deleted. Only the same person gets the account back (R8).
    Gone {
        /// That user's SCIM id.
        user_id: String,
        /// What was remembered.
        link: Box<Link>,
        /// Why it is not known to be the person who comes; `None`: it is the same.
        doubt: Option<Doubt>,
        /// It is not `return_days` since.
        recent: bool,
    },
}

/// Everything seen in Grafana about one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The linked account; `None` when there is no link, or when the account was deleted by hand.
    pub linked: Option<Account>,
    /// Other accounts with the desired login or e-mail.
    pub others: Vec<Candidate>,
    /// It was looked at before and had to wait for a name that somebody else gives up.
    pub waited: bool,
    /// Organizations that said no a moment ago: Rollcall's account is not in them (G34).
    pub refused_by: Vec<OrgId>,
    /// An admin said yes to what was asked about the linked account.
    pub approved: bool,
    /// Rollcall joined the linked account to our organization again within a day.
    pub rejoined_lately: bool,
}

/// The accounts that are protected by what they are or by the list `break_glass`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtectedIds {
    /// What the entries of `break_glass` mean.
    pub break_glass: BTreeSet<UserId>,
    /// Service accounts of the organization. They are rows of Grafana's table of users, which only
    /// `/api/serviceaccounts` shows.
    pub service_accounts: BTreeSet<UserId>,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The organization this is about.
    pub org_id: OrgId,
    /// The role Grafana gives who is new in it (`auto_assign_org_role`).
    pub new_role: String,
    /// Which accounts may be claimed.
    pub claim: ClaimPolicy,
    /// The provider by which the connection's people sign in, if an admin named it.
    pub sign_in: Option<SignIn>,
    /// A local account that is claimed by policy gets a new password.
    pub renew_claimed: bool,
    /// Whether accounts are made before the first sign-in.
    pub linking: Linking,
    /// The strongest action allowed.
    pub max_action: Deprovision,
    /// Who is out of our organization by somebody's hand.
    pub membership: MembershipPolicy,
    /// `authority = server`: no organization is another one's.
    pub whole_server: bool,
    /// Names on the list `break_glass`, in lower case: nobody is made with one.
    pub break_glass: Vec<String>,
    /// Accounts never touched.
    pub protected: ProtectedIds,
    /// Whether the provider leaves org roles alone (`skip_org_role_sync`), where Grafana's settings could be read: only then does a
    /// suspension hold against a sign-in the provider still allows (G21).
    pub role_sync_skipped: Option<bool>,
    /// Whether LDAP is on, where that could be read: a sign-in by it *enables* an account (`authn/clients/ldap.go`, `EnableUser`).
    pub ldap: Option<bool>,
    /// Whether somebody without an account may get one by signing in (`allow_sign_up`), where that could be read.
    pub sign_up: Option<bool>,
}

impl Rules {
    /// Whether an action keeps out who may still sign in at their provider; unknown where Grafana's settings cannot be read.
    #[must_use]
    pub fn holds(&self, by: Deprovision) -> Option<bool> {
        match by {
            Deprovision::Disable | Deprovision::Recreate => self.ldap.map(|on| !on),
            Deprovision::Suspend => self.role_sync_skipped,
            Deprovision::Delete => self.sign_up.map(|may| !may),
        }
    }

    /// Whether this connection serves an organization.
    #[must_use]
    pub fn serves(&self, org: OrgId) -> bool {
        org == self.org_id
    }

    pub(super) fn closed(&self, by: Deprovision) -> Access {
        Access::Closed {
            by,
            holds: self.holds(by),
        }
    }
}

/// A profile as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Login.
    pub login: String,
    /// E-mail.
    pub email: String,
    /// Name.
    pub name: String,
}

/// What holds once the actions are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// There is no account.
    None,
    /// There is none yet, and none is made: the first sign-in makes it, and then it is claimed.
    AtFirstSignIn,
    /// May sign in.
    Open,
    /// May not.
    Closed {
        /// The action that closed it.
        by: Deprovision,
        /// Whether it holds against a sign-in the provider still allows; unknown where Grafana's settings cannot be read.
        holds: Option<bool>,
    },
    /// Out of our organization, and open in others.
    Left {
        /// Whether that holds against a sign-in the provider still allows.
        holds: Option<bool>,
    },
}

pub(super) fn is_recreated(link: &Link) -> bool {
    link.deprovisioned_by == Some(Deprovision::Recreate)
}

pub(super) fn remembered(link: Option<&Link>) -> Option<&Write> {
    link?.snapshot.as_ref()?.profile.as_ref()
}
