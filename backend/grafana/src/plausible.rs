//! Whether an answer of Grafana can be true.
//!
//! Owns: what no account and no team ever looks like. Builds of Grafana with another store behind its old routes answered teams with
//! the id 0, people without a name, and one thing in place of another (G76). Such an answer is no fact: it fails, and nothing is
//! changed by it. Start at [`Plausible`].

use domain::{OrgId, TeamId, UserId};

use super::failure::{Error, Result};

/// Something that Grafana shows.
pub(super) trait Plausible {
    /// What is wrong with it; `None`: it can be true.
    fn wrong(&self) -> Option<&'static str>;
}

impl Plausible for UserId {
    fn wrong(&self) -> Option<&'static str> {
        (self.get() <= 0).then_some("an account with an id below 1")
    }
}

impl Plausible for TeamId {
    fn wrong(&self) -> Option<&'static str> {
        (self.get() <= 0).then_some("a team with an id below 1")
    }
}

impl Plausible for OrgId {
    fn wrong(&self) -> Option<&'static str> {
        (self.get() <= 0).then_some("an organization with an id below 1")
    }
}

/// An account in any list, by its id and login.
impl Plausible for (UserId, &str) {
    fn wrong(&self) -> Option<&'static str> {
        let blank = self.1.trim().is_empty();
        self.0.wrong().or(blank.then_some("an account without a login"))
    }
}

impl<T: Plausible> Plausible for [T] {
    fn wrong(&self) -> Option<&'static str> {
        self.iter().find_map(Plausible::wrong)
    }
}

impl<T: Plausible> Plausible for Vec<T> {
    fn wrong(&self) -> Option<&'static str> {
        self.as_slice().wrong()
    }
}

/// The same, if it can be true.
pub(super) fn plausible<T: Plausible>(seen: T) -> Result<T> {
    match seen.wrong() {
        None => Ok(seen),
        Some(wrong) => Err(Error::Implausible(wrong.to_owned())),
    }
}

/// The same, if it is what was asked for.
pub(super) fn the_one<T: Plausible, I: PartialEq>(seen: T, id: I, asked: I) -> Result<T> {
    if id == asked {
        plausible(seen)
    } else {
        Err(Error::Implausible("another thing than was asked for".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_below_one_and_blank_names_are_no_facts() {
        for (id, login, right) in [(7, "ann", true), (0, "ann", false), (-1, "ann", false), (7, " ", false)] {
            let seen = vec![(UserId::new(1), "admin"), (UserId::new(id), login)];
            assert_eq!(plausible(seen).is_ok(), right, "{id} “{login}”");
        }
        assert!(the_one(TeamId::new(3), TeamId::new(3), TeamId::new(4)).is_err());
    }
}
