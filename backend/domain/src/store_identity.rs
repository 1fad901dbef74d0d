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
    /// The stamp that the marker had when this store last wrote it. `None`: it never has.
    pub seen: Option<String>,
    /// The stamp that the marker was about to be given. The store is written first, so any other
    /// stamp than these two is another's: of a copy of this store, however far each of them counts.
    pub asked: Option<String>,
}

/// What the marker in Grafana says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The id of the store that speaks for this Grafana.
    pub id: String,
    /// Its counter when that was last written down.
    pub counter: i64,
    /// Random, made for that writing.
    pub stamp: String,
}

impl Marker {
    /// The name in Grafana.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{MARKER} {} {} {}", self.id, self.counter, self.stamp)
    }

    /// Reads the name. `None`: it says nothing, as between its making and its first rename.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut words = name.strip_prefix(MARKER)?.split_ascii_whitespace();
        let (id, counter, stamp) = (words.next()?, words.next()?, words.next()?);
        let counter = counter.parse().ok().filter(|counter| *counter >= 0)?;
        words.next().is_none().then(|| Self {
            id: id.to_owned(),
            counter,
            stamp: stamp.to_owned(),
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
    let wrote = |stamp: &str| {
        [&store.seen, &store.asked]
            .iter()
            .any(|own| own.as_deref() == Some(stamp))
    };
    match marker {
        None => Compared {
            lost: store.seen.is_some() || store.asked.is_some(),
            ..of(Recognition::Ours, true)
        },
        Some(marker) if marker.id != store.id => of(Recognition::Foreign, false),
        Some(marker) if !wrote(&marker.stamp) => of(Recognition::Behind, false),
        Some(marker) => of(Recognition::Ours, marker.counter < store.counter),
    }
}

/// The store as it is written down before the marker is: with the stamp that is asked for next.
///
/// A stamp that was asked for and was not seen yet is asked for again: the call may still be on its
/// way, and must not look like another's when it arrives. `decided`: an admin said that this is the
/// right store, so the marker is another's, and what was asked for before counts no more.
#[must_use]
pub fn before_writing(store: StoreIdentity, marker: Option<&Marker>, decided: bool, new: String) -> StoreIdentity {
    if decided {
        let asked = Some(new);
        return StoreIdentity { asked, ..store };
    }
    let seen = marker.map(|marker| marker.stamp.clone()).or(store.seen);
    let asked = store.asked.filter(|asked| seen.as_ref() != Some(asked)).or(Some(new));
    StoreIdentity { seen, asked, ..store }
}

/// The marker that this store is about to write.
#[must_use]
pub fn wanted(store: &StoreIdentity) -> Option<Marker> {
    Some(Marker {
        id: store.id.clone(),
        counter: store.counter,
        stamp: store.asked.clone()?,
    })
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
    store.counter.max(seen).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(counter: i64, seen: &str, asked: &str) -> StoreIdentity {
        let stamp = |stamp: &str| Some(stamp.to_owned()).filter(|stamp| !stamp.is_empty());
        StoreIdentity {
            id: "a1".into(),
            counter,
            seen: stamp(seen),
            asked: stamp(asked),
        }
    }

    fn marker(id: &str, counter: i64, stamp: &str) -> Marker {
        Marker {
            id: id.into(),
            counter,
            stamp: stamp.into(),
        }
    }

    /// The store writes the marker, from its note to Grafana's answer.
    fn writes(store: &mut StoreIdentity, seen: &mut Option<Marker>, stamp: &str) {
        notes(store, seen.as_ref(), stamp);
        *seen = wanted(store);
    }

    /// The same, and Grafana is not reached.
    fn notes(store: &mut StoreIdentity, seen: Option<&Marker>, stamp: &str) {
        *store = before_writing(store.clone(), seen, false, stamp.into());
    }

    #[test]
    fn a_marker_says_what_it_was_given() {
        let made = wanted(&store(7, "x", "y")).unwrap();
        assert_eq!(made.name(), "rollcall-store a1 7 y");
        assert_eq!(Marker::parse(&made.name()), Some(made));
        for nothing in [
            "rollcall-store",
            "rollcall-store a1",
            "rollcall-store a1 1",
            "rollcall-store a1 x y",
            "rollcall-store a1 -1 y",
            "rollcall-store a1 1 y 2",
            "somebody a1 7 y",
        ] {
            assert_eq!(Marker::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn the_first_marker_is_written_and_a_lost_one_again() {
        let first = compare(&store(1, "", ""), None);
        assert_eq!(
            (first.recognition, first.write, first.lost),
            (Recognition::Ours, true, false)
        );
        assert!(compare(&store(9, "x", ""), None).lost);
    }

    #[test]
    fn a_store_goes_on_where_it_wrote_the_marker_itself() {
        let same = compare(&store(4, "x", "y"), Some(&marker("a1", 4, "y")));
        assert_eq!((same.recognition, same.write), (Recognition::Ours, false));
        let closed_since = compare(&store(6, "x", "y"), Some(&marker("a1", 4, "y")));
        assert_eq!(
            (closed_since.recognition, closed_since.write),
            (Recognition::Ours, true)
        );
        // It died between its own note and the marker.
        let died = compare(&store(6, "x", "y"), Some(&marker("a1", 4, "x")));
        assert_eq!((died.recognition, died.write), (Recognition::Ours, true));
    }

    #[test]
    fn a_call_that_arrives_late_is_no_others() {
        let (mut one, mut seen) = (store(4, "x", ""), Some(marker("a1", 3, "x")));
        notes(&mut one, seen.as_ref(), "late");
        let late = wanted(&one);
        one.counter = 5;
        writes(&mut one, &mut seen, "new");
        for arrives in [seen, late] {
            assert_eq!(compare(&one, arrives.as_ref()).recognition, Recognition::Ours);
        }
    }

    #[test]
    fn another_store_and_an_older_copy_open_nobody() {
        let foreign = compare(&store(90, "x", "y"), Some(&marker("b2", 1, "z")));
        assert_eq!((foreign.recognition, foreign.write), (Recognition::Foreign, false));
        // However far it counts: what it knows to have written is what counts.
        let restored = compare(&store(40, "x", "y"), Some(&marker("a1", 5, "z")));
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
        // Both know of the marker x. The first writes.
        let (mut one, mut two) = (store(5, "x", ""), store(5, "x", ""));
        let mut seen = Some(marker("a1", 4, "x"));
        // The second was about to, and did not reach Grafana: it counts further than the first.
        two.counter = 60;
        notes(&mut two, seen.as_ref(), "two");
        writes(&mut one, &mut seen, "one");
        assert_eq!(compare(&one, seen.as_ref()).recognition, Recognition::Ours);
        assert_eq!(compare(&two, seen.as_ref()).recognition, Recognition::Behind);
        // A person says that the second is the right one.
        two.counter = decided_counter(&two, seen.as_ref());
        two = before_writing(two, seen.as_ref(), true, "decided".into());
        assert_eq!(
            compare(&two, seen.as_ref()).recognition,
            Recognition::Behind,
            "not written yet"
        );
        seen = wanted(&two);
        assert_eq!(compare(&two, seen.as_ref()).recognition, Recognition::Ours);
        assert_eq!(compare(&one, seen.as_ref()).recognition, Recognition::Behind);
    }
}
