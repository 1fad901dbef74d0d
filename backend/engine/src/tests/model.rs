//! Everything goes wrong for a while, at random; then nothing does. Everybody who must be out is out
//! within two comparisons, and while somebody was not for minutes, health was red.
//!
//! Each run has a seed, which a failure names. Time is a clock that the test moves, and another one
//! that it also sets wrong. It moves only while every engine rests or waits for an answer that never
//! comes: what a busy machine takes long for is not what went wrong.

use std::{collections::BTreeMap, sync::atomic::AtomicI64};

use domain::{
    health::{self, Closing, Facts, Liveness},
    status::{StoreFile, StoreSeen},
    store_identity::{Marker, StoreDecision, marker_login},
};
use grafana_stand_in::wrong;
use tokio::time::{Instant as Moment, advance};

use super::{
    absence::{Still, breathe_for, stops},
    *,
};

const PEOPLE: u64 = 6;
const STEPS: u64 = 40;
const SEEDS: u64 = 6;
/// A refused sign-in is tried again after ten minutes; then come two comparisons.
const CALM: Duration = Duration::from_mins(16);
/// Who must be out and was not closed since makes health red after so long.
const RED: Duration = Duration::from_mins(5);
/// Somebody else opened the account again, and a comparison has to find that first. It comes each
/// minute, and every second time before anything that is urgent.
const RED_AGAIN: Duration = Duration::from_mins(8);
/// A real one, for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Real time between two looks at what the engines do.
const BREATH: Duration = Duration::from_millis(1);
/// The server admin that the second node works with.
const SECOND: &str = "second-admin";
/// Numbers that look random and are the same for the same seed (Steele, Lea, Flood: splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        let n = usize::try_from(self.roll(of.len() as u64)).expect("a small number");
        of[n].clone()
    }
}

/// The clock on the wall can be set; the one that waits are by cannot.
struct Clocks {
    began: Moment,
    began_ms: i64,
    set_by_ms: AtomicI64,
}

impl Clock for Clocks {
    fn now_ms(&self) -> i64 {
        self.began_ms + self.elapsed_ms() + self.set_by_ms.load(Ordering::Relaxed)
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).expect("a short test")
    }
}

fn any_fault(dice: &mut Dice) -> Fault {
    let unknown = json!({"messageId": "auth.unauthorized", "message": "Unauthorized"}).to_string();
    let wrong_password =
        json!({"messageId": "password-auth.failed", "message": "Invalid username or password"}).to_string();
    let denied = json!({"message": "You'll need additional permissions. Permissions needed: users:write"}).to_string();
    let locked = json!({"message": "database is locked"}).to_string();
    let effects = [
        Effect::Answer(401, unknown),
        Effect::Answer(401, wrong_password),
        Effect::Answer(403, denied),
        Effect::Answer(500, locked),
        Effect::Page(200),
        Effect::Page(401),
        Effect::Page(403),
        Effect::Page(404),
        Effect::Page(502),
        Effect::Busy(503, 2),
        Effect::Busy(429, 5),
        Effect::Drop,
        Effect::DropAnswer,
        Effect::Truncate,
        Effect::Garble,
        Effect::Hang,
        Effect::BalancerCookie,
        Effect::Rewrite(wrong::zero_ids),
        Effect::Rewrite(wrong::empty_list),
    ];
    let paths = [
        "",
        "/login",
        "/api/user",
        "/api/users/",
        "/api/users/search",
        "/api/org/users/search",
        "/api/admin/users",
        "/disable",
        "/enable",
        "/api/admin/settings",
        "/api/teams",
        "/members",
        "/api/health",
    ];
    let (effect, path) = (dice.one_of(&effects), dice.one_of(&paths));
    let times = usize::try_from(1 + dice.roll(3)).expect("a small number");
    Fault::new(path, effect).times(times)
}

/// Another process of the plugin, on the same Grafana and with a store of its own.
struct Second {
    store: Store,
    engine: Engine,
    _dir: tempfile::TempDir,
}

/// Since when the account of somebody who must be out is open, and whether it was closed before.
#[derive(Clone, Copy, Default)]
struct Leaver {
    open_since: Option<Moment>,
    was_closed: bool,
}

/// What came up in a run: a test that never saw it shows nothing.
#[derive(Debug, Default)]
struct Seen {
    late: usize,
    copies: usize,
    strangers: usize,
}

/// One world of bad luck.
struct Run {
    seed: u64,
    rig: Rig,
    clocks: Arc<Clocks>,
    engine: Engine,
    second: Option<Second>,
    dice: Dice,
    /// Who is in at the provider.
    active: BTreeMap<String, bool>,
    leavers: BTreeMap<String, Leaver>,
    said: Vec<String>,
    seen: Seen,
}

impl Run {
    async fn new(seed: u64) -> Self {
        let mut rig = Rig::new(&[("mapping_mode", "create"), NO_BRAKE]).await;
        let clocks = Arc::new(Clocks {
            began: Moment::now(),
            began_ms: RealClock.now_ms(),
            set_by_ms: AtomicI64::new(0),
        });
        rig.clock = clocks.clone();
        rig.grafana.change(|world| {
            let id = world.add_user(SECOND, "second@ex.com", SECOND);
            world.make_server_admin(id);
            world.join(id, 1, Role::Admin);
            world.set_password(id, "secret");
        });
        let mut active = BTreeMap::new();
        for n in 0..PEOPLE {
            let login = format!("p{n}");
            rig.user(&login, true).await;
            active.insert(login, true);
        }
        rig.group("eng", &["p0", "p1", "p2"]).await;
        let engine = rig.start();
        Self {
            seed,
            rig,
            clocks,
            engine,
            second: None,
            dice: Dice(seed),
            active,
            leavers: BTreeMap::new(),
            said: Vec::new(),
            seen: Seen::default(),
        }
    }

    async fn one_thing_happens(&mut self) {
        let said = match self.dice.roll(16) {
            0..=4 => self.a_fault(),
            5 => {
                self.rig.grafana.change(|world| world.end_sessions(ME));
                "our session ends".to_owned()
            }
            6 => {
                let minutes = i64::try_from(self.dice.roll(240)).expect("a small number") - 120;
                self.clocks.set_by_ms.fetch_add(minutes * 60_000, Ordering::Relaxed);
                self.rig.wake();
                format!("the clock is set by {minutes} minutes")
            }
            7 => {
                self.stop().await;
                self.engine = self.rig.start();
                "a restart".to_owned()
            }
            8 => {
                self.rig.check_now();
                "check now".to_owned()
            }
            9 => {
                self.rig.grafana.clear_faults();
                "faults end".to_owned()
            }
            10 => self.a_second_node().await,
            11 => self.a_decision(),
            _ => self.the_provider_speaks().await,
        };
        let seconds = if self.dice.roll(4) == 0 {
            60 + self.dice.roll(360)
        } else {
            1 + self.dice.roll(12)
        };
        self.said.push(format!("{said}; {seconds} s"));
        for _ in 0..seconds {
            self.a_second_passes().await;
        }
    }

    fn a_fault(&mut self) -> String {
        let mut fault = any_fault(&mut self.dice);
        if self.dice.roll(4) == 0 {
            fault = fault.always();
        }
        let said = format!("{} × {:?} at “{}”", fault.times, fault.effect, fault.path);
        self.rig.grafana.set_fault(fault);
        said
    }

    async fn the_provider_speaks(&mut self) -> String {
        let login = format!("p{}", self.dice.roll(PEOPLE));
        let active = self.dice.roll(3) == 0;
        self.rig.set(&login, "active", json!(active)).await;
        if active {
            self.leavers.remove(&login);
        } else {
            self.leavers.entry(login.clone()).or_default();
        }
        let said = format!("{login} is active: {active}");
        self.active.insert(login, active);
        said
    }

    /// One comes, as a copy of our store or with an empty one, or goes.
    async fn a_second_node(&mut self) -> String {
        if let Some(second) = self.second.take() {
            stops(&second.engine).await;
            return "the second node goes".to_owned();
        }
        let dir = tempfile::tempdir().expect("a directory");
        // Of a person whose account is made by a copy and not by us nobody can say whose it is.
        let copies = self.dice.roll(3) > 0 && self.everybody_is_known().await;
        if copies {
            self.stop().await;
            for file in ["rollcall.db", "rollcall.db-wal"] {
                let from = self.rig.store_dir().join(file);
                std::fs::copy(from, dir.path().join(file)).expect("copied");
            }
            self.engine = self.rig.start();
            self.seen.copies += 1;
        }
        let settings = self.rig.settings_of(SECOND);
        let store = Store::open(dir.path()).await.expect("a store");
        let ids = Arc::new(Counted(AtomicU64::new(1_000_000)));
        let (clock, points) = (self.rig.clock.clone(), Failpoints::default());
        let engine = Engine::start(store.clone(), clock, ids, settings, points);
        self.second = Some(Second {
            store,
            engine,
            _dir: dir,
        });
        let how = if copies { "a copy" } else { "an empty store" };
        format!("a second node comes with {how}")
    }

    async fn everybody_is_known(&self) -> bool {
        for login in self.active.keys() {
            let record = self.rig.store.account(&format!("id-{login}")).await.expect("read");
            if record.is_none_or(|record| record.grafana_id.is_none()) {
                return false;
            }
        }
        true
    }

    fn needs_decision(&self) -> bool {
        self.engine.status(OrgId::new(1)).store.needs_decision()
    }

    /// Red asks for it: an admin says which store is the right one.
    fn a_decision(&self) -> String {
        if !self.needs_decision() {
            return "nothing is to be decided".to_owned();
        }
        let wake = self.engine.wake();
        wake.decide_store(OrgId::new(1), StoreDecision::RightStore);
        "an admin decides for our store".to_owned()
    }

    async fn a_second_passes(&mut self) {
        advance(Duration::from_secs(1)).await;
        self.work_ends().await;
        self.judge().await;
    }

    /// Until every engine rests, or waits for an answer that never comes.
    async fn work_ends(&self) {
        let deadline = Instant::now() + PATIENCE;
        let engines = || [Some(&self.engine), self.second.as_ref().map(|second| &second.engine)];
        loop {
            breathe_for(BREATH).await;
            let at_work = engines().into_iter().flatten().filter(|engine| !engine.pulse().rests);
            if at_work.count() <= self.rig.grafana.hanging() {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "seed {}: an engine neither rests nor waits for Grafana; {:#?}",
                self.seed,
                self.said
            );
        }
    }

    /// What health says of a store and its engine.
    async fn health(&self, store: &Store, engine: &Engine) -> health::Health {
        let tally = store.tally(&self.rig.tenant).await.expect("a tally");
        let status = engine.status(OrgId::new(1));
        let store = StoreSeen {
            takes_changes: true,
            file: StoreFile::Private,
        };
        let (now_ms, elapsed_ms) = (self.clocks.now_ms(), self.clocks.elapsed_ms());
        health::worst(&Facts {
            store,
            engine: Liveness::default(),
            status: &status,
            elapsed_ms,
            kept_back: false,
            closing: Closing::of(tally.closing, tally.oldest_closing_ms, now_ms),
            held: 0,
            wrong_settings: 0,
            attention: tally.attention,
            pending: tally.pending,
        })
    }

    /// While somebody can sign in who must have been out for minutes, health is red.
    async fn judge(&mut self) {
        let mut late = Vec::new();
        for (login, leaver) in &mut self.leavers {
            match self.rig.grafana.user(login) {
                Some(user) if user.disabled => (leaver.open_since, leaver.was_closed) = (None, true),
                None => leaver.open_since = None,
                Some(_) => {
                    let since = *leaver.open_since.get_or_insert_with(Moment::now);
                    let bound = if leaver.was_closed { RED_AGAIN } else { RED };
                    if since.elapsed() > bound + Duration::from_secs(2) {
                        late.push(login.clone());
                    }
                }
            }
        }
        if late.is_empty() {
            return;
        }
        self.seen.late += 1;
        let health = self.health(&self.rig.store, &self.engine).await;
        assert!(
            !health.is_ok(),
            "seed {}: {late:?} can sign in, and health says {health:?}; {:#?}",
            self.seed,
            self.said
        );
    }

    fn still_in(&self) -> Vec<&str> {
        let is_in = |login: &str| self.rig.grafana.user(login).is_some_and(|user| !user.disabled);
        let leavers = self.leavers.keys().map(String::as_str);
        leavers.filter(|login| is_in(login)).collect()
    }

    /// So many comparisons end, of every engine.
    async fn compares(&mut self, times: usize) {
        let began = Moment::now();
        let checked = |run: &Self| {
            let of = |engine: &Engine| engine.status(OrgId::new(1)).checked_ms;
            [
                of(&run.engine),
                run.second.as_ref().and_then(|second| of(&second.engine)),
            ]
        };
        let (mut last, mut ended) = (checked(self), [0, 0]);
        while ended[0] < times || (self.second.is_some() && ended[1] < times) {
            assert!(
                began.elapsed() < CALM,
                "seed {}: no {times} comparisons ended: {:?}; {:#?}",
                self.seed,
                self.engine.status(OrgId::new(1)),
                self.said
            );
            self.a_second_passes().await;
            let now = checked(self);
            for (ended, (last, now)) in ended.iter_mut().zip(last.iter().zip(now)) {
                *ended += usize::from(*last != now);
            }
            last = now;
        }
    }

    /// Nothing goes wrong any more, for two comparisons.
    async fn calm(&mut self) {
        self.rig.grafana.clear_faults();
        self.compares(1).await;
        if self.needs_decision() {
            // A copy has worked on this Grafana: red asks for a decision.
            self.a_decision();
            self.compares(1).await;
        }
        self.compares(1).await;
        let still_in = self.still_in();
        assert!(
            still_in.is_empty(),
            "seed {}: {still_in:?} can sign in; {:#?}; {:?}",
            self.seed,
            self.said,
            self.rig.attention().await
        );
        self.strangers_open_nobody().await;
        self.stop().await;
    }

    /// A store that Grafana's marker does not name is red, and opens nobody.
    async fn strangers_open_nobody(&mut self) {
        let ours = self.is_named(&self.rig.store).await;
        assert!(ours, "seed {}: our store is not known; {:#?}", self.seed, self.said);
        let Some(second) = &self.second else { return };
        assert!(!self.is_named(&second.store).await, "seed {}: two are named", self.seed);
        let health = self.health(&second.store, &second.engine).await;
        assert!(
            matches!(health, health::Health::StoreForeign | health::Health::StoreBehind),
            "seed {}: the second node says {health:?}; {:#?}",
            self.seed,
            self.said
        );
        self.seen.strangers += 1;
        self.rig.grafana.clear_calls();
        for login in ["p0", "p1"] {
            self.rig.set(login, "active", json!(true)).await;
            self.leavers.remove(login);
        }
        self.compares(2).await;
        let calls = self.rig.grafana.calls();
        let opens = |call: &&Call| {
            let opening = ["/enable", "/api/admin/users", "/api/orgs/1/users"];
            call.who == SECOND && call.method == "POST" && opening.iter().any(|end| call.path.ends_with(end))
        };
        let opened: Vec<String> = calls.iter().filter(opens).map(ToString::to_string).collect();
        assert!(opened.is_empty(), "seed {}: {opened:?}; {:#?}", self.seed, self.said);
    }

    /// Whether Grafana's marker names this store, and nobody wrote it since.
    async fn is_named(&self, store: &Store) -> bool {
        let login = marker_login(OrgId::new(1));
        let name = self
            .rig
            .grafana
            .look(|world| world.by_login(&login).map(|user| user.name.clone()));
        let marker = name.and_then(|name| Marker::parse(&name)).expect("a marker");
        let own = store.identity(OrgId::new(1), "none").await.expect("read");
        let stamp = Some(marker.stamp);
        own.id == marker.id && (own.seen == stamp || own.asked == stamp)
    }

    async fn stop(&self) {
        stops(&self.engine).await;
    }
}

#[tokio::test]
async fn who_must_be_out_is_out_after_any_bad_luck() {
    let _still = Still::new();
    let mut all = Seen::default();
    for seed in 1..=SEEDS {
        let mut run = Run::new(seed).await;
        for _ in 0..STEPS {
            run.one_thing_happens().await;
        }
        run.calm().await;
        all.late += run.seen.late;
        all.copies += run.seen.copies;
        all.strangers += run.seen.strangers;
    }
    // What is to be shown came up.
    assert!(all.late > 0 && all.copies > 0 && all.strangers > 0, "{all:?}");
}
