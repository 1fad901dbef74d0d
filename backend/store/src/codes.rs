//! The codes of text columns.
//!
//! Owns: each code, once. Must never hold a sentence. A list here and the `CHECK` of its column say
//! the same, and a test compares them. Start at [`Code`].

use domain::settings::Rung;

use super::{AccountOrigin, Kind, ManagementState, MappingOrigin, Outcome, Source};

/// A type that a column holds as one of a few words.
pub(super) trait Code: Sized {
    /// The name of the type in [`super::Error::Unreadable`].
    const WHAT: &'static str;
    /// Every code, in the order of the `CHECK`.
    #[cfg(test)]
    const ALL: &'static [&'static str];

    fn code(self) -> &'static str;
    fn from_code(text: &str) -> Option<Self>;
}

macro_rules! codes {
    ($type:ty, $what:literal: $($variant:path = $text:literal),+ $(,)?) => {
        impl Code for $type {
            const WHAT: &'static str = $what;
            #[cfg(test)]
            const ALL: &'static [&'static str] = &[$($text),+];

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

/// Whether a mark may be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkState {
    /// As soon as it is due.
    Pending,
    /// Not before something changes.
    Blocked,
}

codes!(Kind, "kind of resource": Kind::User = "User", Kind::Group = "Group");
codes!(WorkState, "state of a mark": WorkState::Pending = "pending", WorkState::Blocked = "blocked");
codes!(AccountOrigin, "origin of an account":
    AccountOrigin::Provisioned = "provisioned", AccountOrigin::Claimed = "claimed");
codes!(Rung, "way of deprovisioning":
    Rung::Disable = "disable", Rung::Suspend = "suspend", Rung::Tombstone = "recreate", Rung::Delete = "delete");
codes!(ManagementState, "decision about an account":
    ManagementState::NeedsApproval = "needs_approval", ManagementState::Approved = "approved",
    ManagementState::Unmanaged = "unmanaged");
codes!(MappingOrigin, "origin of a mapping": MappingOrigin::Page = "page", MappingOrigin::Create = "create");
codes!(Source, "source of a line of the log":
    Source::Scim = "scim", Source::Grafana = "grafana", Source::Admin = "admin");
codes!(Outcome, "outcome in a line of the log":
    Outcome::Done = "done", Outcome::Refused = "refused", Outcome::Retry = "retry", Outcome::Attention = "attention");

impl Kind {
    /// The word in the database and the admin API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Code>(column: &str) -> (String, bool) {
        let codes: Vec<String> = T::ALL.iter().map(|code| format!("'{code}'")).collect();
        let again = T::ALL
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
            check::<Rung>("deprovisioned_by"),
            check::<ManagementState>("state"),
            check::<MappingOrigin>("origin"),
            check::<Source>("source"),
            check::<Outcome>("outcome"),
        ];
        for (check, again) in checks {
            assert!(schema.contains(&check), "{check}");
            assert!(again, "{check}: a code is not read as it is written");
        }
    }
}
