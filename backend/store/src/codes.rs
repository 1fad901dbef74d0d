//! The codes of text columns.
//!
//! Owns: each code, once. Must never hold a sentence. A list here and the `CHECK` of its column say
//! the same, and a test compares them. Start at [`Code`].

use domain::{account::Authority, settings::Deprovision, team::MadeAdmin};

use super::{
    AccountOrigin, Action, Attribute, BrakeState, CallerState, HeldKind, Kind, ManagementState, MappingOrigin, Outcome,
    Source, TargetKind,
};

/// A type that a column holds as one of a few words.
pub(super) trait Code: Sized {
    /// The name of the type in [`super::Error::Unreadable`].
    const WHAT: &'static str;
    /// Every code, in the order of the `CHECK`.
    #[cfg(test)]
    fn all() -> Vec<&'static str>;

    fn code(self) -> &'static str;
    fn from_code(text: &str) -> Option<Self>;
}

macro_rules! codes {
    ($type:ty, $what:literal: $($variant:path = $text:literal),+ $(,)?) => {
        impl Code for $type {
            const WHAT: &'static str = $what;
            #[cfg(test)]
            fn all() -> Vec<&'static str> {
                vec![$($text),+]
            }

            fn code(self) -> &'static str {
                match self {
                    $($variant => $text),+
                }
            }

            fn from_code(text: &str) -> Option<Self> {
                match text {
                    $($text => Some($variant),)+
                    _ => None,
                }
            }
        }
    };
}

/// A list that has its codes in `vocabulary`.
macro_rules! shared_codes {
    ($($type:ty: $what:literal),+ $(,)?) => {$(
        impl Code for $type {
            const WHAT: &'static str = $what;
            #[cfg(test)]
            fn all() -> Vec<&'static str> {
                Self::ALL.iter().map(|one| one.as_str()).collect()
            }

            fn code(self) -> &'static str {
                self.as_str()
            }

            fn from_code(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}

/// Whether a mark may be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkState {
    /// As soon as it is due.
    Pending,
    /// Not before something changes.
    Blocked,
}

codes!(WorkState, "state of a mark": WorkState::Pending = "pending", WorkState::Blocked = "blocked");
codes!(Deprovision, "way of deprovisioning":
    Deprovision::Disable = "disable", Deprovision::Suspend = "suspend", Deprovision::Recreate = "recreate", Deprovision::Delete = "delete");
codes!(Authority, "authority over an account": Authority::Full = "full", Authority::Organization = "organization");
codes!(MadeAdmin, "permission in a team":
    MadeAdmin::No = "no", MadeAdmin::Asked = "asked", MadeAdmin::Seen = "seen");
codes!(ManagementState, "decision about an account":
    ManagementState::NeedsApproval = "needs_approval", ManagementState::Approved = "approved",
    ManagementState::Unmanaged = "unmanaged", ManagementState::KeptClosed = "kept_closed");

shared_codes!(
    Kind: "kind of resource",
    AccountOrigin: "origin of an account",
    MappingOrigin: "origin of a mapping",
    Source: "source of a line of the log",
    Outcome: "outcome in a line of the log",
    Action: "action in a line of the log",
    TargetKind: "target of a line of the log",
    Attribute: "attribute",
    CallerState: "state of a caller",
    HeldKind: "kind of a held thing",
    BrakeState: "state of a held thing",
);

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Code>(column: &str) -> (String, bool) {
        let codes: Vec<String> = T::all().iter().map(|code| format!("'{code}'")).collect();
        let again = T::all()
            .iter()
            .all(|code| T::from_code(code).is_some_and(|read| read.code() == *code));
        (format!("CHECK ({column} IN ({}))", codes.join(", ")), again)
    }

    #[test]
    fn the_schema_takes_the_codes_and_no_others() {
        let schema = include_str!("../migrations/0001_init.sql");
        let checks = [
            check::<Kind>("kind"),
            check::<WorkState>("state"),
            check::<AccountOrigin>("origin"),
            check::<Deprovision>("deprovisioned_by"),
            check::<Authority>("authority"),
            check::<ManagementState>("state"),
            check::<MappingOrigin>("origin"),
            check::<MadeAdmin>("made_admin"),
            check::<Source>("source"),
            check::<Outcome>("outcome"),
            check::<TargetKind>("target_kind"),
            check::<CallerState>("state"),
            check::<HeldKind>("kind"),
            check::<BrakeState>("state"),
        ];
        for (check, again) in checks {
            assert!(schema.contains(&check), "{check}");
            assert!(again, "{check}: a code is not read as it is written");
        }
    }
}
