//! `GET admin/users?query=&access=&id=&group=&after=&count=`: why does (or doesn't) this person have access?
//!
//! Owns: the shape of a person's row. Start at [`Person`].
//!
//! `POST admin/users/{id}/claim`, `…/release`, `…/keep-closed` and `…/follow` have no body and answer 204. `claim`: an admin says yes
//! to what is asked about the person's account ([`ClaimMeans`]), or takes a released one back; `?password=keep` leaves its password as
//! it is. `release`: Rollcall stops managing it. `keep-closed`: it is closed, whatever the identity provider says; `follow` ends that.
//! 404 for an unknown person; 409 with a sentence where there is nothing to decide, or where the account is protected.

use serde::{Deserialize, Serialize};
use vocabulary::AccountOrigin;

/// `GET admin/users`. `query` is searched in userName, name and e-mail without case; `access` is a name of [`Access`]; `id` a SCIM id; `group` the SCIM id of a group whose members are wanted; `count` is at most 200 (default 50).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct People {
    /// How many match in all.
    pub total: i64,
    /// How many of those that `query` finds have each [`Access`], whatever `access` says. Not counted where `id` or `group` is given.
    /// Pairs, because a map would cost the page more bytes than it is worth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<(String, i64)>,
    /// This page, ordered by userName.
    pub users: Vec<Person>,
    /// Pass as `after` for the next page; absent on the last.
    pub next: Option<String>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// SCIM id.
    pub id: String,
    /// userName.
    pub user_name: String,
    /// The name Grafana shows.
    pub name: String,
    /// The primary e-mail.
    pub email: Option<String>,
    /// What the identity provider says.
    pub active: bool,
    /// What holds in Grafana.
    pub access: Access,
    /// Grafana's user id, once known.
    pub grafana_id: Option<i64>,
    /// Whether we made the account.
    pub origin: Option<AccountOrigin>,
    /// Display names of the SCIM groups this person is in.
    pub groups: Vec<String>,
    /// Last change by the identity provider.
    pub modified_ms: i64,
    /// Why it is not (yet) as the identity provider wants it, in words.
    pub note: Option<String>,
    /// When Grafana was last made to match.
    #[serde(default)]
    pub synced_ms: Option<i64>,
    /// What Grafana has room for, attribute by attribute; only where one person was asked for by `id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<PersonAttribute>,
    /// What `POST admin/users/{id}/claim` means now; absent: there is nothing to say yes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimMeans>,
    /// `POST admin/users/{id}/release` is possible: there is an account, and it is managed.
    #[serde(default)]
    pub may_release: bool,
    /// `POST admin/users/{id}/keep-closed` is possible.
    #[serde(default)]
    pub may_keep_closed: bool,
    /// An admin keeps the person closed, and `POST admin/users/{id}/follow` ends that.
    #[serde(default)]
    pub may_follow: bool,
}

impl Person {
    /// There is something to say yes to.
    #[must_use]
    pub const fn may_claim(&self) -> bool {
        self.claim.is_some()
    }
}

/// What an admin's yes means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimMeans {
    /// The account is this person's.
    ManageThis,
    /// The account of somebody who left is this person's.
    SamePerson,
    /// The account that somebody disabled by hand may be opened.
    OpenAgain,
    /// The account that somebody took out of the organization may join it.
    JoinAgain,
    /// The account that somebody deleted may be made again.
    MakeAgain,
    /// The account that was released is managed again.
    ManageAgain,
}

/// One attribute of a person on its way to Grafana.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonAttribute {
    /// What it is called here.
    pub name: String,
    /// What the identity provider says.
    pub value: String,
    /// How far it got.
    pub state: AttributeState,
    /// Why it got no further, in words.
    pub reason: Option<String>,
}

/// How far an attribute got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeState {
    /// Grafana has it.
    Applied,
    /// On its way.
    Pending,
    /// Grafana takes it at the person's next sign-in.
    Deferred,
    /// A person must look.
    Failed,
    /// It goes no further: there is no account it could go to, and none is wanted.
    Stored,
}

/// What holds in Grafana for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// May sign in, as the identity provider wants.
    Active,
    /// Must be out, and was not seen out: waiting for its turn or for a person, or protected.
    NotClosed,
    /// Seen closed, as the identity provider wants, or nowhere in Grafana.
    Closed,
    /// Closed in a way that a sign-in the identity provider still allows can undo until the next check.
    ClosedMayReturn,
    /// The last change is on its way.
    Pending,
    /// A person must look.
    NeedsAttention,
    /// No account yet: it is linked as soon as the person has signed in (`linking = first_login`).
    WaitingForSignIn,
    /// Rollcall manages the account no more and leaves it as it is.
    Released,
    /// Switched off by the identity provider, and open because an admin said no to what the brake held.
    KeptOpen,
}
