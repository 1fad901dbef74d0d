//! The codes that the store, the planners, the admin API and the page share.
//!
//! Owns: closed lists of things that have a name in the database, in JSON and on the page, each
//! written once with its code; and the types of ids. Must never hold a sentence, decide anything, or do I/O.
//! Start at [`Action`]. Why this is a crate: `docs/decisions/0003-vocabulary-crate.md`.
#![warn(missing_docs)]

mod action;
mod id;

pub use action::Action;
pub use id::{MappingId, OrgId, TeamId, UserId};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::borrow::Cow;

/// A text that is none of a list's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl std::fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a code this version does not know")
    }
}

impl std::error::Error for UnknownCode {}

/// An enum whose variants have codes: the one place where both are written.
macro_rules! codes {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every one, in the order they are written here.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code in the database and in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownCode;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                let is = |known: &&Self| known.as_str() == code;
                Self::ALL.iter().find(is).copied().ok_or($crate::UnknownCode)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::write(self.as_str(), to)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::read(from)
            }
        }
    };
}
use codes;

fn write<S: Serializer>(code: &str, to: S) -> Result<S::Ok, S::Error> {
    code.serialize(to)
}

fn read<'de, D: Deserializer<'de>, T: std::str::FromStr<Err = UnknownCode>>(from: D) -> Result<T, D::Error> {
    let code = Cow::<'de, str>::deserialize(from)?;
    code.parse().map_err(D::Error::custom)
}

codes! {
    /// What a line of the log is about.
    TargetKind {
        /// A SCIM User.
        User = "User",
        /// A SCIM Group.
        Group = "Group",
        /// A team in Grafana.
        Team = "Team",
        /// A group's place in a team.
        Mapping = "Mapping",
        /// One of Rollcall's settings.
        Setting = "Setting",
        /// No resource: the SCIM surface itself (`/Bulk`, discovery).
        Service = "Service",
    }
}

codes! {
    /// What a dirty mark is about, and what an admin can have tried again.
    ResourceKind {
        /// A SCIM User.
        User = "User",
        /// A SCIM Group.
        Group = "Group",
    }
}

impl From<ResourceKind> for TargetKind {
    fn from(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::User => Self::User,
            ResourceKind::Group => Self::Group,
        }
    }
}

codes! {
    /// Which half of the product wrote a line of the log.
    Source {
        /// An identity provider's request.
        Scim = "scim",
        /// A change made in Grafana.
        Grafana = "grafana",
        /// An admin on the page.
        Admin = "admin",
    }
}

codes! {
    /// How it went.
    Outcome {
        /// Done.
        Done = "done",
        /// Refused: nothing was changed.
        Refused = "refused",
        /// Failed and will be tried again.
        Retry = "retry",
        /// Needs a person.
        Attention = "attention",
    }
}

codes! {
    /// The SCIM attributes that Grafana has room for.
    Attribute {
        /// Grafana's login.
        UserName = "userName",
        /// Grafana's e-mail: the primary one.
        Emails = "emails",
        /// The name that Grafana shows.
        Name = "name",
    }
}

codes! {
    /// How an organization stands as a whole, worst first.
    SyncState {
        /// The store takes no changes, or has lost its file.
        StoreFails = "store_fails",
        /// Grafana knows another store, or a later state of this one: an admin has to decide.
        StoreNotRecognised = "store_not_recognised",
        /// No credentials are set: nothing can be written.
        NotConfigured = "not_configured",
        /// Credentials exist but arrive only with the first request of anyone (Grafana keeps them in
        /// `secureJsonData`).
        WaitingForFirstRequest = "waiting_for_first_request",
        /// Grafana refused the credentials. They are tried again every ten minutes (five failures in
        /// five would lock the account).
        CredentialsRefused = "credentials_refused",
        /// Grafana does not answer. Changes wait.
        GrafanaAway = "grafana_away",
        /// An admin, or Grafana's switch of the app, has stopped writing.
        SwitchedOff = "switched_off",
        /// The brake holds something.
        Held = "held",
        /// Something needs a person.
        NeedsAttention = "needs_attention",
        /// Changes are on their way.
        Syncing = "syncing",
        /// Nothing yet: no identity provider has called.
        Empty = "empty",
        /// Grafana matches.
        InSync = "in_sync",
    }
}

codes! {
    /// Where a managed Grafana account came from.
    AccountOrigin {
        /// Made by us.
        Provisioned = "provisioned",
        /// Was there before.
        Claimed = "claimed",
    }
}

codes! {
    /// Who made a mapping.
    MappingOrigin {
        /// An admin, on the page.
        Page = "page",
        /// The engine, in mode *create*: it made the team as well.
        Create = "create",
        /// The engine, in mode *create*: the team was there before.
        Use = "use",
    }
}

impl MappingOrigin {
    /// Whether mode *create* made the mapping.
    #[must_use]
    pub const fn is_by_mode(self) -> bool {
        matches!(self, Self::Create | Self::Use)
    }
}

codes! {
    /// What became of a service account that calls SCIM.
    CallerState {
        /// It called, and nobody has accepted it.
        Waiting = "waiting",
        /// An admin has.
        Accepted = "accepted",
        /// An admin does not want to be asked about it again.
        Dismissed = "dismissed",
        /// `scim_callers` names its login.
        File = "file",
    }
}

codes! {
    /// What a provider takes away, as far as the brake counts it.
    HeldKind {
        /// An account is closed, or deleted.
        Close = "close",
        /// A person leaves a team.
        LeaveTeam = "leave_team",
        /// A team is deleted.
        DeleteTeam = "delete_team",
        /// An account gets another login or e-mail.
        Rename = "rename",
    }
}

codes! {
    /// What became of such a thing.
    BrakeState {
        /// It was let through.
        Out = "out",
        /// It waits for an admin.
        Held = "held",
        /// An admin said yes.
        Approved = "approved",
        /// An admin said no.
        Rejected = "rejected",
    }
}

codes! {
    /// Which groups become teams: the setting `mapping_mode`.
    #[derive(Default)]
    MappingMode {
        /// Mapped groups only: what counts where nobody chose.
        #[default]
        Strict = "strict",
        /// Every group gets a team of its name.
        Create = "create",
    }
}

codes! {
    /// How much a finding about sign-ins matters, worst last.
    Severity {
        /// It works.
        Ok = "ok",
        /// Worth knowing, or not known.
        Note = "note",
        /// It works with a drawback or a risk.
        Warning = "warning",
        /// People are locked out, or get a second account.
        Problem = "problem",
    }
}
