//! A real Grafana in place of the stand-in: the one that `GRAFANA_URL` names, with the plugin installed, enabled and connected.
//!
//! Owns: names nobody else there has, the state of everybody else before and after, and taking away what a test made. Must never
//! change an account, a team or a setting that the test did not make, beyond putting settings back. Start at [`on_any_grafana`].

use std::{collections::BTreeMap, io::Write as _, panic::Location, sync::Mutex};

use admin_api::{GroupStatus, Groups, MappingMode, Overview, SettingOrigin, Settings, SyncState};
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Mutex as Turn, OnceCell};

use super::{
    others::{Others, Real},
    running::{ADMIN, BOT, Permitted, Rig},
};
use crate::{
    grafana::{Credentials, Grafana},
    idp::encoded,
    wait::{SOON, until},
};

static TURN: Turn<()> = Turn::const_new(());

#[expect(
    clippy::disallowed_methods,
    reason = "the tests are told by the environment which Grafana to ask"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs a test against the real Grafana that `GRAFANA_URL` names, or a stand-in of its own, and ends it: what it made there is taken
/// away whether it passed or not.
///
/// # Errors
/// The test's own; or names what of somebody else's was changed.
pub async fn on_any_grafana(test: impl AsyncFnOnce(&Rig) -> Result<()>) -> Result<()> {
    let Some(url) = environment("GRAFANA_URL") else {
        let rig = Rig::start().await?;
        test(&rig).await?;
        return rig.finish().await;
    };
    // Settings are everybody's: one test at a time, however many threads there are.
    let _turn = TURN.lock().await;
    let rig = Rig::of_real(&url)
        .await
        .with_context(|| format!("{url} cannot be tested"))?;
    let tested = test(&rig).await;
    let left = rig.finish().await;
    tested.and(left)
}

/// True on a real Grafana, after saying so: the test needs what only the stand-in can do.
#[must_use]
#[track_caller]
pub fn only_on_the_stand_in(why: &str) -> bool {
    let real = environment("GRAFANA_URL").is_some();
    if real {
        say_skipped(why, Location::caller());
    }
    real
}

/// True on the stand-in, after saying so: the test needs what only a real Grafana has.
#[must_use]
#[track_caller]
pub fn only_on_a_real_grafana(rig: &Rig, why: &str) -> bool {
    if !rig.is_real() {
        say_skipped(why, Location::caller());
    }
    !rig.is_real()
}

/// Not by `eprintln!`, which the test harness keeps for itself when a test passes.
fn say_skipped(why: &str, at: &Location<'_>) {
    // Nobody to tell if stderr is closed.
    let _ = writeln!(
        std::io::stderr().lock(),
        "skipped on this Grafana, {}:{}: {why}",
        at.file(),
        at.line()
    );
}

impl Rig {
    async fn of_real(url: &str) -> Result<Self> {
        let user = environment("GRAFANA_USER").unwrap_or_else(|| ADMIN.0.to_owned());
        let password = environment("GRAFANA_PASSWORD").unwrap_or_else(|| ADMIN.1.to_owned());
        let credentials = Credentials::Basic {
            user: user.clone(),
            password,
        };
        let grafana = Grafana::new(url, credentials);
        let mark = format!("{:08x}", rand::random::<u32>());
        // A person: service accounts do not use the page.
        let (watcher, secret) = (format!("test-watcher-{mark}"), format!("Wq3-{mark}-sees"));
        let id = grafana
            .make_account(&watcher, &format!("{watcher}@localhost"), &secret)
            .await?;
        grafana.set_role(id, "Admin").await?;
        let page = grafana.as_somebody(Credentials::Basic {
            user: watcher,
            password: secret,
        });
        // Nothing is written below it: a real Grafana keeps its own logs.
        let data = tempfile::tempdir()?;
        let mut rig = Self {
            grafana,
            page,
            stand_in: None,
            options: Options::in_dir(data.path()),
            real: None,
            scim: OnceCell::new(),
            earlier: Vec::new(),
            permitted: Mutex::new(Permitted::default()),
            undisturbed: Mutex::default(),
            finished: false,
            _data: Some(data),
        };
        rig.answers().await?;
        let signed_in_as = until("the plugin is connected", SOON, async || {
            let overview: Overview = rig.page.admin("overview").await?;
            let connected = [SyncState::Empty, SyncState::InSync, SyncState::NeedsAttention];
            ensure!(connected.contains(&overview.sync), "{}", overview.summary);
            overview.grafana.signed_in_as.context("it has not signed in")
        })
        .await?;
        let settings = rig.page_settings().await?;
        // All tests share one store, and what each takes away at its end would soon be held.
        rig.grafana.set("brake_least", "1000000").await?.expect(&[200])?;
        let others = rig.others(&mark).await?;
        rig.real = Some(Real {
            mark,
            user,
            signed_in_as,
            settings,
            others,
        });
        Ok(rig)
    }

    /// Whether this is a real Grafana.
    #[must_use]
    pub fn is_real(&self) -> bool {
        self.real.is_some()
    }

    /// A name that nobody else has, in the shape of this one: `ada@example.com` stays an address.
    #[must_use]
    pub fn own(&self, name: &str) -> String {
        let Some(real) = &self.real else {
            return name.to_owned();
        };
        match name.split_once('@') {
            Some((local, domain)) => format!("{local}-{}@{domain}", real.mark),
            None => format!("{name} {}", real.mark),
        }
    }

    /// Login of the server admin the tests are.
    #[must_use]
    pub fn admin_login(&self) -> &str {
        self.real.as_ref().map_or(ADMIN.0, |real| &real.user)
    }

    /// Login of the account the plugin works with.
    #[must_use]
    pub fn plugin_login(&self) -> &str {
        self.real.as_ref().map_or(BOT, |real| &real.signed_in_as)
    }

    /// Makes a team by hand and leaves it: who makes one is in it.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn empty_team(&self, name: &str) -> Result<i64> {
        let team = self.grafana.make_team(name).await?;
        let maker = self.grafana.existing_account(self.admin_login()).await?;
        let membership = format!("/api/teams/{team}/members/{}", maker.id);
        self.grafana
            .call(Method::DELETE, &membership, None)
            .await?
            .expect(&[200, 404])?;
        Ok(team)
    }

    /// Sets mode *create*, and says whether that was right to do: not where others' groups wait without a team, which would get one.
    ///
    /// # Errors
    /// If the plugin refuses.
    #[track_caller]
    pub fn create_mode(&self) -> impl Future<Output = Result<bool>> {
        let caller = Location::caller();
        async move {
            let shown: Groups = self.page.admin("groups").await?;
            if shown.mapping_mode == MappingMode::Create {
                return Ok(true);
            }
            let others = shown
                .groups
                .iter()
                .filter(|row| row.status == GroupStatus::NotMapped && !self.is_own(&row.display_name))
                .count();
            if others > 0 && self.is_real() {
                say_skipped(
                    &format!("mode create would make teams for {others} groups of others"),
                    caller,
                );
                return Ok(false);
            }
            self.grafana.set("mapping_mode", "create").await?.expect(&[200])?;
            Ok(true)
        }
    }

    fn is_own(&self, name: &str) -> bool {
        self.real.as_ref().is_none_or(|real| name.contains(&real.mark))
    }

    async fn page_settings(&self) -> Result<BTreeMap<String, Option<String>>> {
        let shown: Settings = self.page.admin("settings").await?;
        let of_page = shown
            .settings
            .into_iter()
            .filter(|setting| setting.secret_set.is_none() && !setting.locked);
        Ok(of_page
            .map(|setting| {
                let set = setting.origin == SettingOrigin::Page;
                (setting.key, setting.value.filter(|_| set))
            })
            .collect())
    }

    async fn others(&self, mark: &str) -> Result<Others> {
        let is_other = |row: &Value, key: &str| !row[key].as_str().unwrap_or_default().contains(mark);
        let found: Value = self.grafana.get("/api/users/search?perpage=5000&page=1").await?;
        let mut accounts = BTreeMap::new();
        for row in found["users"].as_array().into_iter().flatten() {
            if is_other(row, "login") {
                let kept = ["login", "email", "name", "isDisabled", "isAdmin"].map(|key| row[key].clone());
                accounts.insert(row["id"].as_i64().unwrap_or_default(), Value::from(kept.to_vec()));
            }
        }
        let found: Vec<Value> = self.grafana.get("/api/org/users").await?;
        let roles = found
            .iter()
            .filter(|row| is_other(row, "login"))
            .map(|row| {
                (
                    row["userId"].as_i64().unwrap_or_default(),
                    row["role"].as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        let mut teams = BTreeMap::new();
        for team in self.grafana.teams().await? {
            if !team.name.contains(mark) {
                let members = self.grafana.members(team.id).await?.into_iter().collect();
                teams.insert(team.id, (team.name, members));
            }
        }
        Ok(Others { accounts, roles, teams })
    }

    /// Takes away what the test made, and compares the rest with how it was.
    pub(super) async fn leave(&self, real: &Real) -> Result<()> {
        let mark = &real.mark;
        let scim = self.scim().await?;
        for (endpoint, name) in [("/Groups", "displayName"), ("/Users", "userName")] {
            let filter = encoded(&format!("{name} co \"{mark}\""));
            let found = scim
                .get(&format!("{endpoint}?filter={filter}&count=200"))
                .await?
                .expect(&[200])?;
            for row in found.json["Resources"].as_array().into_iter().flatten() {
                let id = row["id"].as_str().unwrap_or_default();
                scim.delete(&format!("{endpoint}/{id}")).await?.expect(&[204])?;
            }
        }
        self.settled().await?;
        let now = self.page_settings().await?;
        let changed: BTreeMap<_, _> = real
            .settings
            .iter()
            .filter(|(key, value)| now.get(*key).is_some_and(|now| now != *value))
            .collect();
        if !changed.is_empty() {
            self.grafana
                .admin_send(Method::PUT, "settings", &json!({ "settings": changed }))
                .await?
                .expect(&[200])?;
        }
        for account in self.grafana.accounts(mark).await? {
            self.gone(&format!("/api/admin/users/{}", account.id)).await?;
        }
        for team in self
            .grafana
            .teams()
            .await?
            .iter()
            .filter(|team| team.name.contains(mark))
        {
            self.gone(&format!("/api/teams/{}", team.id)).await?;
        }
        let dashboards: Vec<Value> = self
            .grafana
            .get(&format!("/api/search?type=dash-db&query={mark}"))
            .await?;
        for dashboard in &dashboards {
            let uid = dashboard["uid"].as_str().unwrap_or_default();
            self.gone(&format!("/api/dashboards/uid/{uid}")).await?;
        }
        let others = until("others are as they were", SOON, async || {
            let now = self.others(mark).await?;
            ensure!(now == real.others, "{:?} became {now:?}", real.others);
            Ok(())
        })
        .await;
        let robots: Value = self
            .grafana
            .get(&format!("/api/serviceaccounts/search?perpage=100&page=1&query={mark}"))
            .await?;
        for robot in robots["serviceAccounts"].as_array().into_iter().flatten() {
            self.gone(&format!("/api/serviceaccounts/{}", robot["id"])).await?;
        }
        others
    }

    async fn gone(&self, path: &str) -> Result<()> {
        self.grafana
            .call(Method::DELETE, path, None)
            .await?
            .expect(&[200, 404])
            .map(drop)
    }
}
