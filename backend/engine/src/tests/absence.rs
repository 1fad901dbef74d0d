//! Grafana is away for ten minutes, on a clock that the test moves: every wait of the engine and of its HTTP client is on it.
//!
//! Between two steps of that clock the store's threads and the sockets work in real time, which therefore must not be waited for with
//! the clock's own timers: see [`Still`].

use tokio::time::{Instant as Moment, advance};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_secs(1);
/// Real time for what one step of the clock sets going. Too little of it makes attempts fewer, never more.
const BREATH: Duration = Duration::from_millis(4);

/// The engine's clock and tokio's are one.
pub(super) struct Moved {
    began: Moment,
    began_ms: i64,
}

impl Moved {
    pub(super) fn new() -> Self {
        Self {
            began: Moment::now(),
            began_ms: RealClock.now_ms(),
        }
    }
}

impl Clock for Moved {
    fn now_ms(&self) -> i64 {
        let since = i64::try_from(self.began.elapsed().as_millis()).expect("a short test");
        self.began_ms + since
    }

    fn elapsed_ms(&self) -> i64 {
        self.now_ms()
    }
}

/// As long as it lives, time stands still but for [`advance`]: tokio moves a paused clock by itself whenever nothing is ready to run, also
/// while a socket or the store is awaited, unless a blocking task is under way.
pub(super) struct Still(
    #[expect(dead_code, reason = "dropped, it ends the blocking task")] std::sync::mpsc::Sender<()>,
);

impl Still {
    pub(super) fn new() -> Self {
        let (end, ended) = std::sync::mpsc::channel();
        tokio::task::spawn_blocking(move || ended.recv());
        tokio::time::pause();
        Self(end)
    }
}

/// Lets real time go by.
pub(super) async fn breathe() {
    breathe_for(BREATH).await;
}

/// Lets so much of it go by.
pub(super) async fn breathe_for(time: Duration) {
    let breath = tokio::task::spawn_blocking(move || std::thread::park_timeout(time));
    breath.await.expect("no panic");
}

/// Ends the engine: it gives a call up after half a second, on the clock that stands still.
pub(super) async fn stops(engine: &Engine) {
    let engine = engine.clone();
    let stopping = tokio::spawn(async move { engine.stop().await });
    while !stopping.is_finished() {
        breathe().await;
        advance(Duration::from_millis(100)).await;
    }
}

/// Waits, in real time, for a state that needs no other hour.
pub(super) async fn comes<F: Future<Output = bool>>(rig: &Rig, what: &str, condition: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(
            Instant::now() < deadline,
            "never came: {what}; calls: {:#?}",
            rig.calls()
        );
        breathe().await;
    }
}

pub(super) async fn nothing_waits(rig: &Rig) -> bool {
    rig.store.tally(&rig.tenant).await.expect("a tally").pending == 0
}

fn changes(call: &str) -> bool {
    !call.starts_with("GET ") && call != "POST /login"
}

#[tokio::test]
async fn after_ten_minutes_away_all_is_done_once_and_closings_first() {
    let _still = Still::new();
    let mut rig = Rig::new(&[("mapping_mode", "create")]).await;
    rig.clock = Arc::new(Moved::new());
    rig.user("ann", true).await;
    rig.user("bob", true).await;
    let engine = rig.start();
    comes(&rig, "both have accounts", || nothing_waits(&rig)).await;
    let ann = rig.grafana.user("ann").expect("an account").id;

    rig.grafana.set_fault(away());
    let (before, began) = (rig.calls().len(), Moment::now());
    // A change in every minute; the locking out in the middle of them.
    for minute in 0..10 {
        match minute {
            5 => rig.set("ann", "active", json!(false)).await,
            7 => rig.group("eng", &["bob", "new-0", "new-6"]).await,
            _ => {
                rig.user(&format!("new-{minute}"), true).await;
                rig.wake();
            }
        }
        // Each changed again: what it comes to is what is done.
        rig.set("bob", "displayName", json!(format!("Bob {minute}"))).await;
        let end = began + MINUTE * (minute + 1);
        while Moment::now() < end {
            advance(STEP).await;
            breathe().await;
        }
    }
    assert_eq!(began.elapsed(), 10 * MINUTE);
    let during = rig.calls().split_off(before);
    // One attempt in five seconds at most, beside the first few, and each is one call.
    assert!(during.len() <= 130, "{} calls in ten minutes: {during:?}", during.len());
    // Not given up: this machine would have to stall for minutes to leave fewer.
    assert!(during.len() >= 30, "{} calls in ten minutes: {during:?}", during.len());
    // Only the call that found nobody: from then on it is asked by looks.
    let blind = during.iter().filter(|call| changes(call)).count();
    assert!(blind <= 1, "{blind} changes were tried: {during:?}");
    assert_eq!(engine.status(OrgId::new(1)).state, EngineState::GrafanaAway);
    assert!(!rig.grafana.user("ann").expect("kept").disabled);

    rig.grafana.clear_faults();
    let after = rig.calls().len();
    let back = Moment::now();
    while !rig.grafana.user("ann").expect("kept").disabled {
        assert!(
            back.elapsed() <= Duration::from_secs(10),
            "it takes longer than the longest wait"
        );
        advance(STEP).await;
        // An attempt that began is not hurried: its timeouts are on the moved clock too.
        for _ in 0..50 {
            breathe().await;
        }
    }
    comes(&rig, "the backlog is done", || nothing_waits(&rig)).await;
    let calls = rig.calls().split_off(after);
    // The marker of the store follows the closings (`store_marker.rs`).
    let of_people = |call: &String| changes(call) && !call.contains("/api/serviceaccounts");
    let changes: Vec<String> = calls.into_iter().filter(of_people).collect();
    assert_eq!(
        changes[0],
        format!("POST /api/admin/users/{ann}/disable"),
        "{changes:?}"
    );
    let bob = rig.grafana.user("bob").expect("kept");
    assert_eq!(bob.name, "Bob 9");
    assert_eq!(logins(&rig.grafana, "eng"), ["bob", "new-0", "new-6"]);
    let times = |call: &str| changes.iter().filter(|c| *c == call).count();
    assert_eq!(
        times("POST /api/admin/users"),
        8,
        "one for each who is new: {changes:?}"
    );
    assert_eq!(times("POST /api/teams"), 1, "{changes:?}");
    assert_eq!(
        times(&format!("PUT /api/users/{}", bob.id)),
        1,
        "ten changes of one name: {changes:?}"
    );
    assert_eq!(times(&format!("POST /api/admin/users/{ann}/disable")), 1, "{changes:?}");
    let team = rig.grafana.team("eng").expect("made").id;
    assert_eq!(times(&format!("PUT /api/teams/{team}/members")), 1, "{changes:?}");
    // Locking out ends sessions too; nothing else was changed.
    let of_ann = changes
        .iter()
        .filter(|c| c.starts_with(&format!("POST /api/admin/users/{ann}/")));
    assert_eq!(changes.len(), 8 + 1 + 1 + 1 + of_ann.count(), "{changes:?}");
    stops(&engine).await;
}
