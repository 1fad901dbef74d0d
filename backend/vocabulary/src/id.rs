//! Numbers that Grafana or the store gives to a thing, each of its own type.
//!
//! Owns: [`OrgId`], [`UserId`], [`TeamId`] and [`MappingId`], so that the compiler refuses a team
//! where a user is meant. Must never be computed with. A user's id in SCIM is text, and is none of
//! these. Start at [`OrgId`].

use serde::{Deserialize, Serialize};
use std::{fmt, num::ParseIntError, str::FromStr};

/// A number with a meaning. In JSON, in a path and in a sentence it is the plain number.
macro_rules! ids {
    ($($(#[$about:meta])* $name:ident,)*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The id that has this number.
            #[must_use]
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// The plain number, for SQL, a path or another program.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A Grafana organization.
    OrgId,
    /// A Grafana user. The SCIM user has a text for an id.
    UserId,
    /// A Grafana team.
    TeamId,
    /// A mapping from a group to a team: a row of the store.
    MappingId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_number_in_json_and_in_text() {
        let team = TeamId::new(7);
        assert_eq!(serde_json::to_string(&team).unwrap(), "7");
        assert_eq!(serde_json::from_str::<TeamId>("7").unwrap(), team);
        assert_eq!((team.to_string(), "7".parse()), ("7".to_owned(), Ok(team)));
    }
}
