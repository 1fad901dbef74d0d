//! Whether a store is the one that speaks for its Grafana.
//!
//! Owns: the marker's name in Grafana, the comparison of a store with it, and what follows. Must
//! never write the marker: the engine does. Start at [`compare`]; why there is a marker, and why it
//! is a service account: `docs/decisions/0008-store-identity.md`.

use vocabulary::OrgId;

use crate::account::{Action, Plan};

/// The name the marker is made with. Grafana makes the login of it, `sa-<org>-rollcall-store`,
/// which no rename changes and no second account can have (G90).
pub const MARKER: &str = "rollcall-store";

/// What a store knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreIdentity {
    /// Random, made with the store.
    pub id: String,
    /// Grows with every start and every closing that was seen done.
    pub counter: i64,
    /// The counter that the marker was last given, or was about to be given, by this store. The
    /// store is written first, so in the marker there is never more, unless another copy of the
    /// store wrote it. 0: never.
    pub marked: i64,
}

/// What the marker in Grafana says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The id of the store that speaks for this Grafana.
    pub id: String,
    /// Its counter when that was last written down.
    pub counter: i64,
}

impl Marker {
    /// The marker that this store should have.
    #[must_use]
    pub fn of(store: &StoreIdentity) -> Self {
        Self {
            id: store.id.clone(),
            counter: store.counter,
        }
    }

    /// The name in Grafana.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{MARKER} {} {}", self.id, self.counter)
    }

    /// Reads the name. `None`: it says nothing, as between its making and its first rename.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut words = name.strip_prefix(MARKER)?.split_ascii_whitespace();
        let (id, counter) = (words.next()?, words.next()?);
        let counter = counter.parse().ok().filter(|counter| *counter >= 0)?;
        words.next().is_none().then(|| Self {
            id: id.to_owned(),
            counter,
        })
    }
}

/// The login of the marker of an organization.
#[must_use]
pub fn marker_login(org_id: OrgId) -> String {
    format!("sa-{org_id}-{MARKER}")
}

/// What the comparison of a store with the marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// The marker was not read yet.
    Unknown,
    /// The marker names this store, and nobody has written it since but this store.
    Ours,
    /// The marker may not be read, or not be written: nothing is proved.
    Unproven,
    /// The marker names another store.
    Foreign,
    /// The marker was written since by another copy of this store: this one is a backup that was
    /// restored, or a copy.
    Behind,
}

impl Recognition {
    /// Whether the store may open access, change profiles and change teams. Closing is always
    /// allowed: what is wrong about a store never keeps anybody in.
    #[must_use]
    pub const fn may_open(self) -> bool {
        matches!(self, Self::Ours)
    }

    /// Whether an admin has to say which store is the right one.
    #[must_use]
    pub const fn needs_decision(self) -> bool {
        matches!(self, Self::Foreign | Self::Behind)
    }

    /// Whether Grafana was asked, and did not show that this is the right store.
    #[must_use]
    pub const fn is_doubted(self) -> bool {
        self.needs_decision() || matches!(self, Self::Unproven)
    }

    /// Its code in the health check and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ours => "ours",
            Self::Unproven => "unproven",
            Self::Foreign => "foreign",
            Self::Behind => "behind",
        }
    }
}

/// What is left of a plan: a store that is not recognised ends access and does nothing else. What a
/// person who may sign in is planned is not asked of it.
#[must_use]
pub fn permitted(recognition: Recognition, mut plan: Plan) -> Plan {
    if !recognition.may_open() {
        plan.actions.retain(|action| match action {
            Action::Claim { .. }
            | Action::Create(_)
            | Action::Delete(_)
            | Action::Disable
            | Action::Remember(_)
            | Action::LeaveOrg(_)
            | Action::Logout
            | Action::RenewPassword
            | Action::Forget => true,
            Action::Update(_)
            | Action::MoveAside { .. }
            | Action::Enable
            | Action::JoinOrg(_)
            | Action::SetRole(_)
            | Action::JoinTeam(_) => false,
        });
    }
    plan
}

/// What to do about the marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What the store is to this Grafana.
    pub recognition: Recognition,
    /// The marker has to be written.
    pub write: bool,
    /// There was a marker of this store before, and it is gone.
    pub lost: bool,
}

/// The store and the marker. `marker` is `None` where Grafana has none that says anything.
#[must_use]
pub fn compare(store: &StoreIdentity, marker: Option<&Marker>) -> Compared {
    let of = |recognition, write| Compared {
        recognition,
        write,
        lost: false,
    };
    match marker {
        None => Compared {
            lost: store.marked > 0,
            ..of(Recognition::Ours, true)
        },
        Some(marker) if marker.id != store.id => of(Recognition::Foreign, false),
        Some(marker) if marker.counter > store.marked => of(Recognition::Behind, false),
        Some(marker) => of(Recognition::Ours, marker.counter < store.counter),
    }
}

/// The answer of an admin to a store that is not the one the marker names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreDecision {
    /// This is the right store now: it keeps its id.
    RightStore,
    /// What was there before is lost: this store begins under a new id, so that an older copy that
    /// comes back is known as one.
    StartOver,
}

/// The counter of a store that was decided to be the right one: beyond whatever the marker says, so
/// that every other copy is behind it.
#[must_use]
pub fn decided_counter(store: &StoreIdentity, marker: Option<&Marker>) -> i64 {
    let seen = marker.map_or(0, |marker| marker.counter);
    store.counter.max(store.marked).max(seen).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(counter: i64, marked: i64) -> StoreIdentity {
        StoreIdentity {
            id: "a1".into(),
            counter,
            marked,
        }
    }

    fn marker(id: &str, counter: i64) -> Marker {
        Marker { id: id.into(), counter }
    }

    #[test]
    fn a_marker_says_what_it_was_given() {
        let made = Marker::of(&store(7, 3));
        assert_eq!(made.name(), "rollcall-store a1 7");
        assert_eq!(Marker::parse(&made.name()), Some(made));
        for nothing in [
            "rollcall-store",
            "rollcall-store a1",
            "rollcall-store a1 x",
            "rollcall-store a1 -1",
            "rollcall-store a1 1 2",
            "somebody a1 7",
        ] {
            assert_eq!(Marker::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn the_first_marker_is_written_and_a_lost_one_again() {
        let first = compare(&store(1, 0), None);
        assert_eq!(
            (first.recognition, first.write, first.lost),
            (Recognition::Ours, true, false)
        );
        assert!(compare(&store(9, 4), None).lost);
    }

    #[test]
    fn a_store_goes_on_where_it_wrote_the_marker_itself() {
        let same = compare(&store(4, 4), Some(&marker("a1", 4)));
        assert_eq!((same.recognition, same.write), (Recognition::Ours, false));
        let closed_since = compare(&store(6, 4), Some(&marker("a1", 4)));
        assert_eq!(
            (closed_since.recognition, closed_since.write),
            (Recognition::Ours, true)
        );
        // It died between its own note and the marker.
        let died = compare(&store(6, 6), Some(&marker("a1", 4)));
        assert_eq!((died.recognition, died.write), (Recognition::Ours, true));
    }

    #[test]
    fn another_store_and_an_older_copy_open_nobody() {
        let foreign = compare(&store(90, 80), Some(&marker("b2", 1)));
        assert_eq!((foreign.recognition, foreign.write), (Recognition::Foreign, false));
        // However often it has started since, and whatever it has closed: what counts is what it
        // knows to have written.
        let restored = compare(&store(40, 4), Some(&marker("a1", 5)));
        assert_eq!((restored.recognition, restored.write), (Recognition::Behind, false));
        for recognition in [
            foreign.recognition,
            restored.recognition,
            Recognition::Unknown,
            Recognition::Unproven,
        ] {
            assert!(!recognition.may_open());
        }
    }

    #[test]
    fn of_two_copies_that_run_at_once_one_is_left_that_opens() {
        // Both know of marker 4. The first writes 5, and notes that before.
        let (mut one, mut two) = (store(5, 4), store(5, 4));
        one.marked = one.counter;
        let seen = Marker::of(&one);
        assert_eq!(compare(&two, Some(&seen)).recognition, Recognition::Behind);
        // A person says that the second is the right one.
        two.counter = decided_counter(&two, Some(&seen));
        two.marked = two.counter;
        let seen = Marker::of(&two);
        assert_eq!(compare(&two, Some(&seen)).recognition, Recognition::Ours);
        assert_eq!(compare(&one, Some(&seen)).recognition, Recognition::Behind);
    }
}
