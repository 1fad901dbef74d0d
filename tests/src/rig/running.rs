//! One Grafana with the plugin, from its start to its end.
//!
//! Owns: the life of one stand-in, the account the plugin works with, waiting for what is promised,
//! and what goes wrong in it. Must never judge what the plugin did. Start at [`Rig::start`].

use std::{
    collections::{BTreeSet, HashSet},
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use admin_api::{
    Attention, GroupRow, GroupStatus, Groups, MappingKind, MappingRow, MemberPolicy, NewMapping, Overview, SyncState,
};
use anyhow::{Context as _, Result, bail, ensure};
use grafana_stand_in::{Call, Effect, Fault, OauthSignIn, Options, Refused, Role, SignedIn, StandIn};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::others::Real;
use crate::{
    connect::Answer,
    grafana::{Account, Credentials, Grafana, PLUGIN},
    idp::{Connection, GROUP, ScimClient, USER},
    wait::{SOON, until},
};

/// The server admin a person would be: login and password of the stand-in's first account.
pub const ADMIN: (&str, &str) = ("admin", "admin");
/// The server admin that only the plugin uses, so that its calls can be told from the tests' own.
pub const BOT: &str = "rollcall-bot";
const BOT_PASSWORD: &str = "Vk7-only-the-plugin-knows-it";
/// A person with the role Admin and no more, whose role no test changes.
pub const WATCHER: &str = "test-watcher";
const WATCHER_PASSWORD: &str = "Wq3-sees-what-the-page-shows";

/// What the plugin calls on its way; not the plugin's own routes, which stay open while Grafana is "away" for it.
const CALLED_BY_PLUGIN: &[&str] = &[
    "/login",
    "/api/admin/",
    "/api/user",
    "/api/org",
    "/api/team",
    "/api/frontend/",
    "/api/access-control/",
    "/api/serviceaccounts",
    "/api/health",
];

/// Where the process ends itself (`ROLLCALL_FAILPOINT`, which only builds with debug assertions know).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failpoint {
    /// The change is on disk and Grafana was not called.
    BeforeGrafanaCall,
    /// Grafana has done it and nothing was recorded.
    AfterGrafanaCall,
    /// Everything is done and seen, and the change still counts as open.
    BeforeRecord,
}

impl Failpoint {
    fn name(self) -> &'static str {
        match self {
            Self::BeforeGrafanaCall => "before-grafana-call",
            Self::AfterGrafanaCall => "after-grafana-call",
            Self::BeforeRecord => "before-record",
        }
    }
}

/// What Grafana's configuration file says beside its defaults.
#[derive(Clone, Default)]
pub struct Setup {
    lines: Vec<(String, String, String)>,
    costs: bool,
}

impl Setup {
    /// One more line.
    #[must_use]
    pub fn ini(mut self, section: &str, key: &str, value: &str) -> Self {
        self.lines.push((section.to_owned(), key.to_owned(), value.to_owned()));
        self
    }

    /// Many people lose something in this test, and it is about something else than the brake.
    #[must_use]
    pub fn many_leave(self) -> Self {
        self.ini("plugin.rollcall-scim-app", "brake_least", "1000000")
    }

    /// Every call takes as long as it did on a real Grafana.
    #[must_use]
    pub fn with_costs(mut self) -> Self {
        self.costs = true;
        self
    }
}

/// A running Grafana with the plugin.
pub struct Rig {
    /// Grafana as its first server admin sees it.
    pub grafana: Grafana,
    /// The plugin's admin surface, by a person whose role no test changes.
    pub page: Grafana,
    pub(super) stand_in: Option<StandIn>,
    pub(super) options: Options,
    /// Set where the Grafana is a real one; then there is no stand-in.
    pub(super) real: Option<Real>,
    pub(super) scim: OnceCell<Connection>,
    /// Calls of stand-ins that were stopped meanwhile.
    pub(super) earlier: Vec<Call>,
    pub(super) permitted: Mutex<Permitted>,
    /// How long the log was when everything was set up; nothing once the test has broken something.
    pub(super) undisturbed: Mutex<Option<usize>>,
    pub(super) finished: bool,
    pub(super) _data: Option<tempfile::TempDir>,
}

/// What the test itself lets the plugin do beyond its rules.
#[derive(Debug, Default)]
pub(super) struct Permitted {
    pub(super) teams: HashSet<i64>,
    pub(super) removals: HashSet<String>,
    pub(super) expulsions: HashSet<String>,
}

impl Rig {
    /// Everything set up and connected.
    ///
    /// # Errors
    /// If the plugin was not built, or something does not start.
    pub async fn start() -> Result<Self> {
        Self::with(|setup| setup).await
    }

    /// The same with lines in Grafana's configuration file.
    ///
    /// # Errors
    /// If the plugin was not built, or something does not start.
    pub async fn with(setup: impl FnOnce(Setup) -> Setup) -> Result<Self> {
        let rig = Self::unconnected(setup).await?;
        rig.connect_right().await?;
        rig.state(&[SyncState::Empty, SyncState::InSync])
            .await
            .context("the plugin does not connect to Grafana")?;
        *rig.undisturbed() = Some(rig.calls().len());
        Ok(rig)
    }

    /// The app is enabled and knows no credentials.
    ///
    /// # Errors
    /// If the plugin was not built, or something does not start.
    pub async fn unconnected(setup: impl FnOnce(Setup) -> Setup) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let path = data.path().to_owned();
        Self::boot(&path, Some(data), &setup(Setup::default())).await
    }

    /// Connected, with its data in `path`, which is emptied first.
    ///
    /// # Errors
    /// If the plugin was not built, or something does not start.
    pub async fn in_dir(path: &Path) -> Result<Self> {
        if path.exists() {
            std::fs::remove_dir_all(path)?;
        }
        std::fs::create_dir_all(path)?;
        let rig = Self::boot(path, None, &Setup::default()).await?;
        rig.connect_right().await?;
        rig.state(&[SyncState::Empty, SyncState::InSync])
            .await
            .context("the plugin does not connect to Grafana")?;
        Ok(rig)
    }

    async fn boot(path: &Path, data: Option<tempfile::TempDir>, setup: &Setup) -> Result<Self> {
        let mut options = Options::in_dir(path).with_plugins(plugins_dir()?);
        for (section, key, value) in &setup.lines {
            options = options.with_setting(section, key, value);
        }
        options.costs = setup.costs;
        let stand_in = StandIn::start(options.clone()).await?;
        // A second start keeps the address, which clients and settings know by then.
        options.listen = stand_in.url().trim_start_matches("http://").parse::<SocketAddr>()?;
        let (user, password) = (ADMIN.0.to_owned(), ADMIN.1.to_owned());
        let grafana = Grafana::new(stand_in.url(), Credentials::Basic { user, password });
        let bot = grafana
            .make_account(BOT, "rollcall-bot@localhost", BOT_PASSWORD)
            .await?;
        admin_of_ours(&grafana, BOT, bot).await?;
        let permissions = format!("/api/admin/users/{bot}/permissions");
        grafana
            .send(Method::PUT, &permissions, &json!({ "isGrafanaAdmin": true }))
            .await?;
        // A person: service accounts do not use the page.
        let watcher = grafana
            .make_account(WATCHER, "test-watcher@localhost", WATCHER_PASSWORD)
            .await?;
        admin_of_ours(&grafana, WATCHER, watcher).await?;
        let page = grafana.as_somebody(Credentials::Basic {
            user: WATCHER.to_owned(),
            password: WATCHER_PASSWORD.to_owned(),
        });
        // A person begins in their own organization, where there is one.
        page.send(Method::POST, "/api/user/using/1", &json!({})).await?;
        grafana.enable_app(&json!({}), &json!({})).await?;
        let rig = Self {
            grafana,
            page,
            stand_in: Some(stand_in),
            options,
            real: None,
            scim: OnceCell::new(),
            earlier: Vec::new(),
            permitted: Mutex::default(),
            undisturbed: Mutex::default(),
            finished: false,
            _data: data,
        };
        rig.answers().await?;
        Ok(rig)
    }

    /// Waits until the plugin answers. That request also brings it the secrets, which Grafana sends only with a request.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn answers(&self) -> Result<Overview> {
        until("the plugin answers", SOON, async || {
            self.page.admin::<Overview>("overview").await
        })
        .await
    }

    fn stand_in(&self) -> &StandIn {
        // Taken out only while `restart_with` or `finish` have the rig to themselves.
        self.stand_in.as_ref().expect("a running stand-in")
    }

    // Setting it up.

    /// Gives the plugin its account, with this password.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn connect(&self, password: &str) -> Result<()> {
        let json_data = json!({ "grafanaUrl": self.grafana.url(), "adminUser": BOT });
        self.grafana
            .enable_app(&json_data, &json!({ "adminPassword": password }))
            .await?;
        self.answers().await?;
        // As the page does: where the same password is typed for another URL, Grafana tells nobody that it was typed.
        let given = json!({ "admin_password": password });
        let answer = self
            .grafana
            .admin_send(Method::POST, "credentials/given", &given)
            .await?;
        answer.expect(&[200]).map(drop)
    }

    /// Gives the plugin its account, with the right password.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn connect_right(&self) -> Result<()> {
        self.connect(BOT_PASSWORD).await
    }

    /// Gives the plugin the account that another one has in *its* Grafana: two plugins, each with a store of its own, on one Grafana.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn connect_to(&self, other: &Self) -> Result<()> {
        let json_data = json!({ "grafanaUrl": other.grafana.url(), "adminUser": BOT });
        self.grafana
            .enable_app(&json_data, &json!({ "adminPassword": BOT_PASSWORD }))
            .await?;
        self.answers().await.map(drop)
    }

    /// A client of the provider that the plugin of [`Self::connect_to`] knows: it asks the *other* Grafana who is a service account.
    ///
    /// # Errors
    /// If Grafana refuses a token, or the other has no such account.
    pub async fn scim_known_to(&self, other: &Self) -> Result<ScimClient> {
        let name = self.own("Identity provider");
        let there = other.grafana.existing_service_account(&name).await?;
        let (here, connection) = self.grafana.unaccepted(&name).await?;
        ensure!(here.login == there.login, "{here:?} is not called as {there:?}");
        self.grafana.accept(&there).await?;
        Ok(ScimClient::new(connection))
    }

    /// Tells the plugin that a person typed its password again, as the page does; what it says to that.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn give_password_again(&self) -> Result<Answer> {
        let body = json!({ "admin_password": BOT_PASSWORD });
        self.page.admin_send(Method::POST, "credentials/given", &body).await
    }

    /// What an identity provider is given; the same at every call.
    ///
    /// # Errors
    /// If Grafana refuses a token.
    pub async fn connection(&self) -> Result<Connection> {
        let made = self
            .scim
            .get_or_try_init(async || self.grafana.scim_connection(&self.own("Identity provider")).await)
            .await?;
        Ok(made.clone())
    }

    /// A client of it.
    ///
    /// # Errors
    /// If Grafana refuses a token.
    pub async fn scim(&self) -> Result<ScimClient> {
        Ok(ScimClient::new(self.connection().await?))
    }

    /// Makes these users by SCIM and gives their ids.
    ///
    /// # Errors
    /// If one is refused.
    pub async fn people<const N: usize>(&self, scim: &ScimClient, names: [&str; N]) -> Result<[String; N]> {
        let mut ids = [const { String::new() }; N];
        for (id, name) in ids.iter_mut().zip(names) {
            *id = scim
                .post("/Users", &user(name, "Some", "Body"))
                .await?
                .expect(&[201])?
                .id();
        }
        Ok(ids)
    }

    /// Maps a group to a new team.
    ///
    /// # Errors
    /// If the plugin refuses.
    pub async fn map_to_new(&self, group: &str, team: &str) -> Result<MappingRow> {
        let new_team = Some(team.to_owned());
        self.map(NewMapping {
            group_id: group.to_owned(),
            team_id: None,
            new_team,
            kind: MappingKind::Member,
            policy: MemberPolicy::Keep,
        })
        .await
    }

    /// Maps a group to a team that is there.
    ///
    /// # Errors
    /// If the plugin refuses.
    pub async fn map_to(&self, group: &str, team: i64, policy: MemberPolicy) -> Result<MappingRow> {
        let team_id = Some(team);
        self.map(NewMapping {
            group_id: group.to_owned(),
            team_id,
            new_team: None,
            kind: MappingKind::Member,
            policy,
        })
        .await
    }

    async fn map(&self, mapping: NewMapping) -> Result<MappingRow> {
        // Teams are offered as last seen, and one made a moment ago by hand may not have been seen yet.
        until("the mapping is taken", SOON, async || {
            self.check_now().await?;
            self.page.map(&mapping).await
        })
        .await
    }

    /// "Check now".
    ///
    /// # Errors
    /// If the plugin refuses.
    pub async fn check_now(&self) -> Result<()> {
        self.page
            .admin_send(Method::POST, "sync", &json!({}))
            .await?
            .expect(&[202])
            .map(drop)
    }

    /// "Check now", until a comparison that began after this call has ended, and all that it found is done.
    ///
    /// # Errors
    /// If it does not end in time.
    pub async fn compared(&self) -> Result<Overview> {
        // By the plugin's own clock: a comparison may be under way that does not see what was changed a moment ago.
        let asked = self.settled().await?.now_ms;
        self.check_now().await?;
        until("a comparison ends", SOON, async || {
            let now = self.settled().await?;
            ensure!(now.checked_ms.is_some_and(|at| at >= asked), "not yet");
            Ok(now)
        })
        .await
    }

    // What is seen in the end.

    /// The account of this login, as soon as there is one.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn account(&self, login: &str) -> Result<Account> {
        self.account_is(login, |_| Ok(())).await
    }

    /// The account of this login, as soon as `check` agrees.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn account_is(&self, login: &str, check: impl Fn(&Account) -> Result<()>) -> Result<Account> {
        until(&format!("Grafana has {login} as expected"), SOON, async || {
            let account = self.grafana.existing_account(login).await?;
            check(&account)?;
            Ok(account)
        })
        .await
    }

    /// Waits until this account may sign in.
    ///
    /// # Errors
    /// If it may not in time.
    pub async fn open(&self, login: &str) -> Result<Account> {
        self.account_is(login, |account| {
            ensure!(!account.is_disabled, "{login} is disabled");
            Ok(())
        })
        .await
    }

    /// Waits until this account may not sign in.
    ///
    /// # Errors
    /// If it still may.
    pub async fn closed(&self, login: &str) -> Result<Account> {
        self.account_is(login, |account| {
            ensure!(account.is_disabled, "{login} is not disabled");
            Ok(())
        })
        .await
    }

    /// The role in the first organization.
    ///
    /// # Errors
    /// If there is no such account, or it is not in there.
    pub async fn role(&self, login: &str) -> Result<String> {
        let account = self.grafana.existing_account(login).await?;
        let orgs: Vec<Value> = self.grafana.get(&format!("/api/users/{}/orgs", account.id)).await?;
        let role = orgs
            .iter()
            .find(|org| org["orgId"] == 1)
            .and_then(|org| org["role"].as_str());
        role.map(str::to_owned)
            .with_context(|| format!("{login} is in no organization"))
    }

    /// Waits until the team of this name has exactly these members, and gives its id.
    ///
    /// # Errors
    /// If it has not in time.
    pub async fn team_is(&self, name: &str, logins: &[&str]) -> Result<i64> {
        until(&format!("the team {name} has {logins:?}"), SOON, async || {
            let team = self.grafana.existing_team(name).await?;
            exactly(&self.grafana.members(team.id).await?, logins)?;
            Ok(team.id)
        })
        .await
    }

    /// Waits until the team of this id has exactly these members.
    ///
    /// # Errors
    /// If it has not in time.
    pub async fn members_are(&self, team: i64, logins: &[&str]) -> Result<()> {
        until(&format!("the team {team} has {logins:?}"), SOON, async || {
            exactly(&self.grafana.members(team).await?, logins)
        })
        .await
    }

    /// Waits until this one is in the team, and perhaps others.
    ///
    /// # Errors
    /// If they are not in time.
    pub async fn team_has(&self, name: &str, login: &str) -> Result<()> {
        until(&format!("{login} is in the team {name}"), SOON, async || {
            let team = self.grafana.existing_team(name).await?;
            let members = self.grafana.members(team.id).await?;
            ensure!(members.contains(login), "its members are {members:?}");
            Ok(())
        })
        .await
    }

    /// Waits until the strict table shows this status for a group.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn group_is(&self, id: &str, status: GroupStatus) -> Result<GroupRow> {
        until(&format!("the group is {status:?}"), SOON, async || {
            let shown: Groups = self.page.admin("groups").await?;
            let row = shown
                .groups
                .into_iter()
                .find(|row| row.id == id)
                .context("the page does not show the group")?;
            ensure!(row.status == status, "{row:?}");
            Ok(row)
        })
        .await
    }

    /// Waits until nothing is on its way any more.
    ///
    /// # Errors
    /// If something still is.
    pub async fn settled(&self) -> Result<Overview> {
        until("nothing is on its way", SOON, async || {
            let overview: Overview = self.page.admin("overview").await?;
            let quiet = matches!(
                overview.sync,
                SyncState::InSync | SyncState::NeedsAttention | SyncState::Empty
            );
            ensure!(
                quiet && overview.pending.count == 0,
                "{:?}: {}",
                overview.sync,
                overview.summary
            );
            Ok(overview)
        })
        .await
    }

    /// Waits until the page's first answer is one of these.
    ///
    /// # Errors
    /// If it is not in time.
    pub async fn state(&self, wanted: &[SyncState]) -> Result<Overview> {
        until(&format!("the page says {wanted:?}"), SOON, async || {
            let overview: Overview = self.page.admin("overview").await?;
            ensure!(
                wanted.contains(&overview.sync),
                "{:?}: {} ({:?})",
                overview.sync,
                overview.summary,
                overview.grafana
            );
            Ok(overview)
        })
        .await
    }

    /// Waits until the page says what a person must do about this one.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn attention(&self, name: &str) -> Result<Attention> {
        until(&format!("the page tells about {name}"), SOON, async || {
            let overview: Overview = self.page.admin("overview").await?;
            let found = overview
                .attention
                .iter()
                .find(|attention| attention.name.eq_ignore_ascii_case(name))
                .cloned();
            found.with_context(|| format!("it tells about {:?}", overview.attention))
        })
        .await
    }

    // What goes wrong.

    /// From now on the plugin's calls to Grafana find nobody; callers still reach the plugin.
    pub fn grafana_away(&self) {
        for path in CALLED_BY_PLUGIN {
            self.disturbed()
                .set_fault(Fault::new(path, Effect::Drop).times(usize::MAX));
        }
    }

    /// The next two new accounts are made, and Grafana's answer never arrives.
    pub fn drop_answers(&self) {
        self.disturbed().set_fault(
            Fault::new("/api/admin/users", Effect::DropAnswer)
                .method("POST")
                .times(2),
        );
    }

    /// Everything is well again.
    pub fn grafana_back(&self) {
        self.stand_in().clear_faults();
    }

    /// SIGKILL; returns when the plugin answers again.
    ///
    /// # Errors
    /// If it does not come back.
    pub async fn kill_plugin(&self) -> Result<()> {
        until("there is a process to kill", SOON, async || {
            self.disturbed().kill_plugin().await
        })
        .await?;
        self.answers().await.map(drop)
    }

    /// The plugin's process; none while it is down.
    #[must_use]
    pub fn plugin_pid(&self) -> Option<u32> {
        self.stand_in().plugin_pid()
    }

    /// Stops Grafana and starts it again on the same data, with or without a place where the plugin ends itself.
    ///
    /// # Errors
    /// If it does not come back.
    pub async fn restart_with(&mut self, failpoint: Option<Failpoint>) -> Result<()> {
        let place = failpoint.map(|place| ("ROLLCALL_FAILPOINT".to_owned(), place.name().to_owned()));
        self.restart_in(place.into_iter().collect()).await
    }

    /// Stops Grafana and starts it again on the same data, with more environment for the plugin.
    ///
    /// # Errors
    /// If it does not come back.
    pub async fn restart_in(&mut self, environment: Vec<(String, String)>) -> Result<()> {
        self.stop().await;
        self.start_again(environment).await
    }

    /// Stops Grafana, does something to the plugin's data directory, and starts Grafana again.
    ///
    /// # Errors
    /// If it does not come back.
    pub async fn restart_with_store(&mut self, change: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        self.stop().await;
        change(&self.store_dir())?;
        self.start_again(vec![]).await
    }

    /// The plugin's data directory.
    #[must_use]
    pub fn store_dir(&self) -> PathBuf {
        self.options.data_dir.clone().unwrap_or_default().join("rollcall")
    }

    async fn stop(&mut self) {
        *self.undisturbed() = None;
        if let Some(stand_in) = self.stand_in.take() {
            self.earlier.extend(stand_in.calls());
            stand_in.stop().await;
        }
    }

    async fn start_again(&mut self, environment: Vec<(String, String)>) -> Result<()> {
        let mut options = self.options.clone();
        options.plugin_env.extend(environment);
        // Connections of the one before may still hold the address for a moment.
        let started = until("Grafana starts again", SOON, async || {
            StandIn::start(options.clone()).await
        })
        .await?;
        self.stand_in = Some(started);
        self.answers().await.map(drop)
    }

    /// Somebody comes in through the provider, which says they are an Editor. Needs `oauth_allow_insecure_email_lookup`.
    ///
    /// # Errors
    /// If Grafana does not let them in.
    pub async fn sign_in_by_oauth(&self, email: &str) -> Result<()> {
        let account = self.grafana.existing_account(email).await?;
        let sign_in = OauthSignIn {
            module: "oauth_generic_oauth".into(),
            subject: format!("subject of {email}"),
            login: email.to_owned(),
            email: email.to_owned(),
            name: account.name,
            role: Some(Role::Editor),
        };
        self.disturbed().oauth_sign_in(&sign_in)?;
        Ok(())
    }

    /// Somebody that the provider calls a Viewer comes in through it, whether or not Grafana knows them; what Grafana says to that.
    ///
    /// # Errors
    /// If Grafana does not let them in.
    pub fn comes_by_oauth(&self, email: &str) -> Result<SignedIn, Refused> {
        self.disturbed().oauth_sign_in(&OauthSignIn {
            module: "oauth_generic_oauth".into(),
            subject: format!("subject of {email}"),
            login: email.to_owned(),
            email: email.to_owned(),
            name: "Some Body".into(),
            role: Some(Role::Viewer),
        })
    }

    /// The account has a sign-in link of the provider, as one that LDAP or an e-mail lookup links has.
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn is_linked(&self, email: &str) -> Result<()> {
        let account = self.grafana.existing_account(email).await?;
        let subject = format!("subject of {email}");
        self.disturbed()
            .change(|world| world.link(account.id, "oauth_generic_oauth", &subject));
        Ok(())
    }

    /// Somebody that Grafana does not know comes in through the provider and has an account by that.
    ///
    /// # Errors
    /// If Grafana does not let them in.
    pub async fn sign_up_by_oauth(&self, email: &str) -> Result<Account> {
        let sign_in = OauthSignIn {
            module: "oauth_generic_oauth".into(),
            subject: format!("subject of {email}"),
            login: email.to_owned(),
            email: email.to_owned(),
            name: "Signed Up".into(),
            role: Some(Role::Editor),
        };
        self.disturbed().oauth_sign_in(&sign_in)?;
        self.grafana.existing_account(email).await
    }

    // What the plugin did.

    /// Calls of everybody, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let now = self.stand_in.as_ref().map(StandIn::calls).unwrap_or_default();
        self.earlier.iter().cloned().chain(now).collect()
    }

    /// How often somebody was told that they are not who they say.
    #[must_use]
    pub fn refused_sign_ins(&self) -> usize {
        self.calls().iter().filter(|call| call.status == Some(401)).count()
    }

    /// What the plugin wrote into Grafana's log so far; nothing on a real Grafana, whose log is not ours.
    #[must_use]
    pub fn plugin_log(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Whether the text holds a password or token that the plugin knows.
    #[must_use]
    pub fn tells_secrets(&self, text: &str) -> bool {
        let token = self.scim.get().map(|connection| connection.token.as_str());
        text.contains(BOT_PASSWORD) || token.is_some_and(|token| text.contains(token))
    }

    /// The test knows that the plugin may change this team though nothing maps to it at the end.
    pub fn remember_team(&self, team: i64) {
        self.permitted().teams.insert(team);
    }

    /// The test has told the plugin to take this one, that nobody provisions, out of a team.
    pub fn may_leave_teams(&self, login: &str) {
        self.permitted().removals.insert(login.to_owned());
    }

    /// The test lets the plugin take this one, that nobody provisions, out of an organization again.
    pub fn may_leave_organizations(&self, login: &str) {
        self.permitted().expulsions.insert(login.to_owned());
    }

    fn undisturbed(&self) -> std::sync::MutexGuard<'_, Option<usize>> {
        self.undisturbed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From where in the log on only providers and the plugin have acted, if the test has broken nothing.
    pub(super) fn undisturbed_since(&self) -> Option<usize> {
        *self.undisturbed()
    }

    /// From here on an admin decides how much is written, and not the provider alone.
    pub fn an_admin_decides(&self) {
        *self.undisturbed() = None;
    }

    /// The stand-in, for a test that is about to break something in it or by it.
    pub(super) fn disturbed(&self) -> &StandIn {
        *self.undisturbed() = None;
        self.stand_in()
    }

    pub(super) fn permitted(&self) -> std::sync::MutexGuard<'_, Permitted> {
        self.permitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> PathBuf {
        let data_dir = self.options.data_dir.clone().unwrap_or_default();
        data_dir.join("plugins.log")
    }
}

impl Drop for Rig {
    /// A test that did not come to its end shows what the plugin said last.
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let log = self.plugin_log();
        let lines: Vec<&str> = log.lines().collect();
        let mut stderr = std::io::stderr().lock();
        for line in &lines[lines.len().saturating_sub(30)..] {
            // Nobody to tell if stderr is closed.
            let _ = writeln!(stderr, "plugin: {line}");
        }
    }
}

/// Without `auto_assign_org` a new account is in an organization of its own only.
async fn admin_of_ours(grafana: &Grafana, login: &str, account: i64) -> Result<()> {
    let joins = json!({ "loginOrEmail": login, "role": "Admin" });
    // 409: it is in this one.
    grafana
        .call(Method::POST, "/api/orgs/1/users", Some(&joins))
        .await?
        .expect(&[200, 409])?;
    grafana.set_role(account, "Admin").await
}

fn exactly(have: &BTreeSet<String>, wanted: &[&str]) -> Result<()> {
    let wanted: BTreeSet<String> = wanted.iter().map(|login| (*login).to_owned()).collect();
    ensure!(*have == wanted, "its members are {have:?}");
    Ok(())
}

/// The folder that holds the plugin's folder, as Grafana wants it.
fn plugins_dir() -> Result<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how `cargo xtask test` tells where it built the plugin"
    )]
    let told = std::env::var_os("ROLLCALL_PLUGIN_DIR")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from);
    let plugin = told.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist").join(PLUGIN));
    let executable = plugin.join("gpx_rollcall_linux_amd64");
    if !executable.is_file() {
        bail!(
            "there is no {}: run `cargo xtask build` first, or set ROLLCALL_PLUGIN_DIR",
            executable.display()
        );
    }
    let parent = plugin.canonicalize()?.parent().map(Path::to_owned);
    parent.with_context(|| format!("{} is not in a plugins directory", plugin.display()))
}

/// A SCIM user with everything Grafana has room for. Who has no address for a name gets one.
#[must_use]
pub fn user(user_name: &str, given_name: &str, family_name: &str) -> Value {
    let email = if user_name.contains('@') {
        user_name.to_owned()
    } else {
        format!("{user_name}@example.com")
    };
    json!({
        "schemas": [USER],
        "userName": user_name,
        "name": { "givenName": given_name, "familyName": family_name },
        "displayName": format!("{given_name} {family_name}"),
        "emails": [{ "value": email, "type": "work", "primary": true }],
        "active": true,
    })
}

/// A SCIM group of these SCIM ids.
#[must_use]
pub fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "schemas": [GROUP], "displayName": name, "members": members })
}
