//! Everything goes wrong for a while, at random; then nothing does. Everybody who must be out is out within two comparisons.
//!
//! Each run has a seed, which a failure names. Time is a clock that the test moves, and another one that it also sets wrong.

use std::{collections::BTreeMap, sync::atomic::AtomicI64};

use grafana_stand_in::wrong;
use tokio::time::{Instant as Moment, advance};

use super::{
    absence::{Still, breathe},
    *,
};

const PEOPLE: u64 = 6;
const STEPS: u64 = 40;
/// A refused sign-in is tried again after ten minutes; then come two comparisons.
const CALM: Duration = Duration::from_mins(16);

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

/// One world of bad luck.
struct Run {
    rig: Rig,
    clocks: Arc<Clocks>,
    engine: Engine,
    dice: Dice,
    /// Who is in at the provider.
    active: BTreeMap<String, bool>,
    said: Vec<String>,
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
        let mut active = BTreeMap::new();
        for n in 0..PEOPLE {
            let login = format!("p{n}");
            rig.user(&login, true).await;
            active.insert(login, true);
        }
        rig.group("eng", &["p0", "p1", "p2"]).await;
        let engine = rig.start();
        Self {
            rig,
            clocks,
            engine,
            dice: Dice(seed),
            active,
            said: Vec::new(),
        }
    }

    async fn one_thing_happens(&mut self) {
        let said = match self.dice.roll(12) {
            0..=4 => {
                let fault = any_fault(&mut self.dice);
                let said = format!("{} × {:?} at “{}”", fault.times, fault.effect, fault.path);
                self.rig.grafana.set_fault(fault);
                said
            }
            5 => {
                self.rig.grafana.change(|world| world.end_sessions(ME));
                "our session ends".to_owned()
            }
            6 => {
                let minutes = i64::try_from(self.dice.roll(240)).expect("a small number") - 120;
                self.clocks.set_by_ms.fetch_add(minutes * 60_000, Ordering::Relaxed);
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
            _ => {
                let login = format!("p{}", self.dice.roll(PEOPLE));
                let active = self.dice.roll(3) == 0;
                self.rig.set(&login, "active", json!(active)).await;
                let said = format!("{login} is active: {active}");
                self.active.insert(login, active);
                said
            }
        };
        self.said.push(said);
        for _ in 0..=self.dice.roll(12) {
            advance(Duration::from_secs(1)).await;
            breathe().await;
        }
    }

    fn still_in(&self) -> Vec<&str> {
        let is_in = |login: &str| self.rig.grafana.user(login).is_some_and(|user| !user.disabled);
        let leavers = self.active.iter().filter(|(_, active)| !**active);
        leavers
            .map(|(login, _)| login.as_str())
            .filter(|login| is_in(login))
            .collect()
    }

    /// Nothing goes wrong any more, for two comparisons.
    async fn calm(&mut self, seed: u64) {
        self.rig.grafana.clear_faults();
        let began = Moment::now();
        let mut compared = Vec::new();
        while compared.len() < 3 {
            let status = self.engine.status(OrgId::new(1));
            assert!(
                began.elapsed() < CALM,
                "seed {seed}: no two comparisons ended: {status:?}; {:#?}",
                self.said
            );
            if compared.last() != Some(&status.checked_ms) {
                compared.push(status.checked_ms);
            }
            // Nothing is under way while calls are paused; else a call's timeout must not come before its answer.
            let (by, breaths) = if status.state == EngineState::CredentialsRefused {
                (10, 1)
            } else {
                (1, 3)
            };
            advance(Duration::from_secs(by)).await;
            for _ in 0..breaths {
                breathe().await;
            }
        }
        let still_in = self.still_in();
        assert!(
            still_in.is_empty(),
            "seed {seed}: {still_in:?} can sign in; {:#?}; {:?}",
            self.said,
            self.rig.attention().await
        );
        self.stop().await;
    }

    /// A call that hangs is given up after half a second, on the clock that the test moves.
    async fn stop(&self) {
        let engine = self.engine.clone();
        let stopping = tokio::spawn(async move { engine.stop().await });
        while !stopping.is_finished() {
            breathe().await;
            advance(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test]
async fn who_must_be_out_is_out_after_any_bad_luck() {
    let _still = Still::new();
    for seed in 1..=5 {
        let mut run = Run::new(seed).await;
        for _ in 0..STEPS {
            run.one_thing_happens().await;
        }
        run.calm(seed).await;
    }
}
