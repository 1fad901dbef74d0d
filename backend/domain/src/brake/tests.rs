//! What an admin would notice of a provider that takes away too much.

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    window_ms: 900_000,
    least: 5,
    percent: 10,
    most: 50,
};

fn closing(subject: &str) -> Taking {
    Taking {
        kind: HeldKind::Close,
        subject: subject.to_owned(),
        object: String::new(),
    }
}

/// What the store answers, and then the question.
fn ask(asked: &[Taking], rows: &[Decided], allowed: i64, now_ms: i64) -> Vec<Verdict> {
    let is_asked = |d: &&Decided| asked.iter().any(|taking| taking.subject == d.taking.subject);
    let others = rows.iter().filter(|d| !is_asked(d) && d.counts(now_ms, LIMITS));
    let others: BTreeSet<&str> = others.map(|d| d.taking.subject.as_str()).collect();
    let before = Before {
        known: rows.iter().filter(is_asked).cloned().collect(),
        others: count(&others),
    };
    decide(asked, &before, allowed, now_ms, LIMITS)
}

/// What the store does with verdicts.
fn write_down(rows: &mut Vec<Decided>, asked: &[Taking], verdicts: &[Verdict], now_ms: i64) {
    for (taking, verdict) in asked.iter().zip(verdicts) {
        let state = match verdict {
            Verdict::Goes { news: true } => BrakeState::Out,
            Verdict::Held { news: true } => BrakeState::Held,
            _ => continue,
        };
        rows.retain(|d| d.taking != *taking);
        rows.push(Decided {
            taking: taking.clone(),
            state,
            at_ms: now_ms,
        });
    }
}

#[test]
fn the_limit_is_a_share_of_the_active_people_within_bounds() {
    for (active, allowed) in [(0, 5), (12, 5), (60, 6), (300, 30), (500, 50), (100_000, 50), (-1, 5)] {
        assert_eq!(LIMITS.of(active), allowed, "{active}");
    }
}

#[test]
fn of_300_closings_30_go_and_270_wait() {
    let asked: Vec<Taking> = (0..300).map(|n| closing(&n.to_string())).collect();
    let verdicts = ask(&asked, &[], LIMITS.of(300), 0);
    assert_eq!(verdicts.iter().filter(|v| v.goes()).count(), 30);
}

#[test]
fn what_is_rejected_stays_and_what_is_approved_goes() {
    let decided = |subject: &str, state| Decided {
        taking: closing(subject),
        state,
        at_ms: 0,
    };
    let rows = [
        decided("ann", BrakeState::Rejected),
        decided("bob", BrakeState::Approved),
        decided("cyd", BrakeState::Held),
    ];
    let leaves = |subject: &str| Taking {
        kind: HeldKind::LeaveTeam,
        object: "7".to_owned(),
        ..closing(subject)
    };
    let asked = [
        closing("ann"),
        closing("bob"),
        closing("cyd"),
        leaves("ann"),
        leaves("bob"),
        leaves("cyd"),
    ];
    let late = 100 * LIMITS.window_ms;
    let verdicts = ask(&asked, &rows, 5, late);
    let (goes, held) = (Verdict::Goes { news: false }, |news| Verdict::Held { news });
    assert_eq!(
        verdicts,
        [Verdict::Refused, goes, held(false), Verdict::Refused, goes, held(true)]
    );
}

#[test]
fn one_person_in_many_teams_is_one() {
    let asked: Vec<Taking> = (0..40)
        .map(|team| Taking {
            kind: HeldKind::LeaveTeam,
            subject: "ann".to_owned(),
            object: team.to_string(),
        })
        .collect();
    assert!(ask(&asked, &[], 1, 0).iter().all(|v| v.goes()));
}

fn takings() -> impl Strategy<Value = Vec<(Taking, i64)>> {
    let kind = prop::sample::select(HeldKind::ALL.to_vec());
    let one = (kind, 0..25_u8, 0..3_u8, 0..400_000_i64).prop_map(|(kind, subject, object, after)| {
        let object = if kind == HeldKind::Close {
            String::new()
        } else {
            object.to_string()
        };
        let subject = subject.to_string();
        (Taking { kind, subject, object }, after)
    });
    prop::collection::vec(one, 0..60)
}

proptest! {
    /// Whatever is asked, in whatever order and pace: in no window do more subjects lose something.
    #[test]
    fn no_window_lets_more_people_lose_something(asked in takings(), allowed in 0..12_i64) {
        let mut rows: Vec<Decided> = Vec::new();
        let mut out: Vec<(i64, String)> = Vec::new();
        let mut now = 0;
        for (taking, after) in asked {
            now += after;
            let one = [taking];
            let verdicts = ask(&one, &rows, allowed, now);
            if verdicts == [Verdict::Goes { news: true }] {
                out.push((now, one[0].subject.clone()));
            }
            write_down(&mut rows, &one, &verdicts, now);
            let within = out.iter().filter(|(at, _)| now - at < LIMITS.window_ms);
            let people: BTreeSet<&str> = within.map(|(_, subject)| subject.as_str()).collect();
            prop_assert!(i64::try_from(people.len()).unwrap() <= allowed);
        }
    }

    /// One request for all, or one for each person: the same.
    #[test]
    fn one_request_or_many_is_the_same(asked in takings(), allowed in 0..12_i64) {
        let asked: Vec<Taking> = asked.into_iter().map(|(taking, _)| taking).collect();
        let at_once = ask(&asked, &[], allowed, 0);
        let mut rows = Vec::new();
        for (taking, verdict) in asked.iter().zip(&at_once) {
            let one = std::slice::from_ref(taking);
            let single = ask(one, &rows, allowed, 0);
            prop_assert_eq!(single[0].goes(), verdict.goes());
            write_down(&mut rows, one, &single, 0);
        }
    }

    /// Time alone lets nothing out.
    #[test]
    fn what_is_held_stays_held_until_somebody_decides(asked in takings(), later in 0..100_000_000_i64) {
        let asked: Vec<Taking> = asked.into_iter().map(|(taking, _)| taking).collect();
        let mut rows = Vec::new();
        let verdicts = ask(&asked, &rows, 3, 0);
        write_down(&mut rows, &asked, &verdicts, 0);
        let again = ask(&asked, &rows, 3, later);
        for (before, now) in verdicts.iter().zip(&again) {
            if !before.goes() {
                prop_assert!(!now.goes());
            }
        }
    }
}
