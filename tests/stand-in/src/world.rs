//! What a Grafana knows: users, organizations, teams, service accounts, sessions and apps' settings.
//!
//! Owns: the rows, the rules that hold between them for every caller (unique logins, the last admin), and their
//! file in the data directory.
//! Must never know HTTP or who is asking. Passwords lie in that file as they are: this is no Grafana for anybody's data.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A role in an organization. A service account may have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "Grafana's own names")]
pub enum Role {
    None,
    Viewer,
    Editor,
    Admin,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Viewer => "Viewer",
            Self::Editor => "Editor",
            Self::Admin => "Admin",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        [Self::None, Self::Viewer, Self::Editor, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// A row of Grafana's `user` table; service accounts are rows of it too, and their logins count as taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// Grafana's number of it.
    pub id: i64,
    pub(super) uid: String,
    /// In lower case.
    pub login: String,
    /// In lower case.
    pub email: String,
    /// What pages show.
    pub name: String,
    pub(super) password: Option<String>,
    pub(super) theme: String,
    /// Whether it is a server admin.
    pub server_admin: bool,
    /// Whether it may not sign in.
    pub disabled: bool,
    pub(super) service_account: bool,
    /// The organization they are in when no call says otherwise.
    pub(super) org: Option<i64>,
    /// Its role in each organization it is in.
    pub orgs: BTreeMap<i64, Role>,
    /// Rows of `user_auth`, oldest first: one makes them *external*.
    pub(super) links: Vec<Link>,
    pub(super) created: String,
    pub(super) updated: String,
}

/// That a user is somebody at a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Link {
    /// `oauth_generic_oauth`, `ldap`, …
    pub(super) module: String,
    pub(super) subject: String,
}

/// A plain member's permission in a team.
pub const MEMBER: i64 = 0;
/// The permission of a team's admin.
pub const ADMIN: i64 = 4;

/// A row of Grafana's `team` table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Team {
    /// Grafana's number of it.
    pub id: i64,
    pub(super) uid: String,
    pub(super) org: i64,
    /// Unique in its organization.
    pub name: String,
    pub(super) email: String,
    /// Users' ids, and the permission of each: [`MEMBER`] or [`ADMIN`].
    pub members: BTreeMap<i64, i64>,
    /// Groups of the provider that Team Sync (Enterprise) fills it from.
    #[serde(default)]
    pub external_groups: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) account: i64,
    #[serde(default)]
    pub(super) created: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) user: i64,
    pub(super) rotated_ms: i64,
    /// The cookie before the last rotation, which is accepted for a while.
    pub(super) before: Option<String>,
}

/// A row of `plugin_setting`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct App {
    pub(super) enabled: bool,
    pub(super) pinned: bool,
    pub(super) json_data: Value,
    pub(super) secrets: BTreeMap<String, String>,
    /// In whole seconds: what is saved twice in one second looks unchanged (G64).
    pub(super) updated_ms: i64,
}

/// All of it. Tests change it as people do behind a client's back: by these methods and the fields of a
/// row, whatever a call of the API would say to it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct World {
    /// Ids are never given twice (`AUTOINCREMENT`).
    last_id: BTreeMap<String, i64>,
    pub(super) users: BTreeMap<i64, User>,
    pub(super) orgs: BTreeMap<i64, String>,
    pub(super) teams: BTreeMap<i64, Team>,
    /// By the token itself.
    pub(super) tokens: BTreeMap<String, Token>,
    /// By the cookie.
    pub(super) sessions: BTreeMap<String, Session>,
    /// By `org/plugin`.
    pub(super) apps: BTreeMap<String, App>,
    /// When sign-ins failed, in seconds since 1970, by the name that was typed. They outlive the user.
    #[serde(default)]
    pub(super) failures: BTreeMap<String, Vec<i64>>,
}

/// Login or e-mail are somebody's.
#[derive(Debug)]
pub(super) struct Taken;

/// The organization would have no admin.
#[derive(Debug)]
pub(super) struct LastAdmin;

impl World {
    /// A Grafana that was never used: one organization, one server admin.
    pub(super) fn new(user: &str, password: &str) -> Self {
        let mut world = Self::default();
        let org = world.add_org("Main Org.");
        let id = world.add_user(user, "admin@localhost", "");
        if let Some(admin) = world.users.get_mut(&id) {
            admin.password = Some(password.to_owned());
            admin.server_admin = true;
            // Grafana makes the first admin without one (G5).
            admin.uid = String::new();
            admin.org = Some(org);
            admin.orgs.insert(org, Role::Admin);
        }
        world
    }

    pub(super) fn load(file: &Path) -> anyhow::Result<Option<Self>> {
        if !file.exists() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&std::fs::read(file)?)?))
    }

    /// Whole or not at all.
    pub(super) fn save(&self, file: &Path) -> anyhow::Result<()> {
        let next = file.with_extension("next");
        std::fs::write(&next, serde_json::to_vec(self)?)?;
        Ok(std::fs::rename(next, file)?)
    }

    pub(super) fn next_id(&mut self, table: &str) -> i64 {
        let id = self.last_id.entry(table.to_owned()).or_default();
        *id += 1;
        *id
    }

    /// An empty organization; its id.
    pub fn add_org(&mut self, name: &str) -> i64 {
        let id = self.next_id("org");
        self.orgs.insert(id, name.to_owned());
        id
    }

    /// A row without organization or password; login and e-mail as they are. Its id.
    pub fn add_user(&mut self, login: &str, email: &str, name: &str) -> i64 {
        let id = self.next_id("user");
        let now = now();
        let user = User {
            id,
            uid: random(14),
            login: login.to_owned(),
            email: email.to_owned(),
            name: name.to_owned(),
            password: None,
            theme: String::new(),
            server_admin: false,
            disabled: false,
            service_account: false,
            org: None,
            orgs: BTreeMap::new(),
            links: vec![],
            created: now.clone(),
            updated: now,
        };
        self.users.insert(id, user);
        id
    }

    /// A service account; its id.
    pub fn add_service_account(&mut self, org: i64, name: &str, role: Role) -> i64 {
        let login = service_account_login(org, name);
        let account = self.add_user(&login, &login, name);
        if let Some(row) = self.users.get_mut(&account) {
            row.service_account = true;
        }
        self.join(account, org, role);
        account
    }

    /// A token of a service account: its id, and the key that a call carries.
    pub fn add_token(&mut self, account: i64, name: &str) -> (i64, String) {
        let id = self.next_id("token");
        let key = format!("glsa_{}_{}", random(32), random(8));
        let token = Token {
            id,
            name: name.to_owned(),
            account,
            created: now(),
        };
        self.tokens.insert(key.clone(), token);
        (id, key)
    }

    /// An empty team; its id.
    pub fn add_team(&mut self, org: i64, name: &str) -> i64 {
        let id = self.next_id("team");
        let team = Team {
            id,
            uid: random(14),
            org,
            name: name.to_owned(),
            email: String::new(),
            members: BTreeMap::new(),
            external_groups: BTreeSet::new(),
        };
        self.teams.insert(id, team);
        id
    }

    /// The team of that name, in whichever organization.
    #[must_use]
    pub fn team_named(&self, name: &str) -> Option<&Team> {
        self.teams.values().find(|team| team.name == name)
    }

    /// Deletes a team.
    pub fn remove_team(&mut self, id: i64) {
        self.teams.remove(&id);
    }

    /// A team by its id.
    pub fn team_mut(&mut self, id: i64) -> Option<&mut Team> {
        self.teams.get_mut(&id)
    }

    /// A person; service accounts are found by [`World::users`] alone.
    pub(super) fn person(&self, id: i64) -> Option<&User> {
        self.users.get(&id).filter(|user| !user.service_account)
    }

    /// A person by the id.
    pub fn person_mut(&mut self, id: i64) -> Option<&mut User> {
        self.users.get_mut(&id).filter(|user| !user.service_account)
    }

    /// Everybody but service accounts, by id.
    pub fn people(&self) -> impl Iterator<Item = &User> {
        self.users.values().filter(|user| !user.service_account)
    }

    /// In any case; with an `@` by e-mail first, then by login (`userimpl/store.go` `GetByLogin`).
    pub(super) fn by_login_or_email(&self, text: &str) -> Option<i64> {
        let text = text.to_lowercase();
        let by_email = || self.by_email(&text);
        let by_login = || self.people().find(|user| user.login == text).map(|user| user.id);
        if text.contains('@') {
            by_email().or_else(by_login)
        } else {
            by_login()
        }
    }

    pub(super) fn by_email(&self, email: &str) -> Option<i64> {
        let email = email.to_lowercase();
        self.people().find(|user| user.email == email).map(|user| user.id)
    }

    /// By the login as it is stored; a service account too.
    #[must_use]
    pub fn by_login(&self, login: &str) -> Option<&User> {
        self.users.values().find(|user| user.login == login)
    }

    /// Login and e-mail are each unique, service accounts included; one's login may be another's e-mail (G2, G4).
    pub(super) fn check_free(&self, login: &str, email: &str, except: Option<i64>) -> Result<(), Taken> {
        let mut others = self.users.values().filter(|user| Some(user.id) != except);
        let taken = others.any(|user| user.login == login || (!email.is_empty() && user.email == email));
        if taken { Err(Taken) } else { Ok(()) }
    }

    /// Into the organization, or with another role in it.
    pub fn join(&mut self, user: i64, org: i64, role: Role) {
        if let Some(user) = self.users.get_mut(&user) {
            user.orgs.insert(org, role);
            user.org.get_or_insert(org);
        }
    }

    /// Out of the organization and of its teams. An Admin *service account* counts as an admin that is left (G29).
    pub(super) fn leave(&mut self, user: i64, org: i64) -> Result<(), LastAdmin> {
        self.check_admin_left(org, user, Role::None)?;
        for team in self.teams.values_mut().filter(|team| team.org == org) {
            team.members.remove(&user);
        }
        if let Some(user) = self.users.get_mut(&user) {
            user.orgs.remove(&org);
            if user.org.is_none_or(|current| !user.orgs.contains_key(&current)) {
                user.org = user.orgs.keys().next().copied();
            }
        }
        Ok(())
    }

    /// Whether an admin is left in `org` when `user` has `role`.
    pub(super) fn check_admin_left(&self, org: i64, user: i64, role: Role) -> Result<(), LastAdmin> {
        let admin = |one: &&User| one.orgs.get(&org) == Some(&Role::Admin);
        let left = role == Role::Admin || self.users.values().filter(admin).any(|one| one.id != user);
        if left { Ok(()) } else { Err(LastAdmin) }
    }

    /// With everything that names the user. No guard at all: not the last admin, not the caller.
    pub fn delete(&mut self, user: i64) {
        self.users.remove(&user);
        self.end_sessions(user);
        self.tokens.retain(|_, token| token.account != user);
        for team in self.teams.values_mut() {
            team.members.remove(&user);
        }
    }

    /// From now on the user is somebody at a provider too, which makes it *external*.
    pub fn link(&mut self, user: i64, module: &str, subject: &str) {
        let link = |link: &Link| link.module == module && link.subject == subject;
        if let Some(user) = self.users.get_mut(&user)
            && !user.links.iter().any(link)
        {
            user.links.push(Link {
                module: module.to_owned(),
                subject: subject.to_owned(),
            });
        }
    }

    /// Another password, which unlocks the login (and no other name of it) and ends the sessions.
    pub fn set_password(&mut self, user: i64, password: &str) {
        if let Some(user) = self.users.get_mut(&user) {
            user.password = Some(password.to_owned());
            self.failures.remove(&user.login);
        }
        self.end_sessions(user);
    }

    pub(super) fn failures_since(&self, typed: &str, since_s: i64) -> usize {
        let failed = self.failures.get(typed).into_iter().flatten();
        failed.filter(|at| **at >= since_s).count()
    }

    /// Every failed sign-in was so much longer ago.
    pub fn age_failures(&mut self, by: Duration) {
        let by_s = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        for failed in self.failures.values_mut().flatten() {
            *failed = failed.saturating_sub(by_s);
        }
    }

    /// Every session was last rotated so much longer ago.
    pub fn age_sessions(&mut self, by: Duration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        for session in self.sessions.values_mut() {
            session.rotated_ms = session.rotated_ms.saturating_sub(by_ms);
        }
    }

    /// The user is a server admin, as one is made by `PUT /api/admin/users/:id/permissions`.
    pub fn make_server_admin(&mut self, user: i64) {
        if let Some(user) = self.users.get_mut(&user) {
            user.server_admin = true;
        }
    }

    /// The user is signed out wherever it was signed in.
    pub fn end_sessions(&mut self, user: i64) {
        self.sessions.retain(|_, session| session.user != user);
    }

    pub(super) fn open_session(&mut self, user: i64) -> String {
        let cookie = random(32);
        let session = Session {
            user,
            rotated_ms: now_ms(),
            before: None,
        };
        self.sessions.insert(cookie.clone(), session);
        cookie
    }
}

/// A service account's login is Grafana's own doing: `sa-1-okta-scim` (`serviceaccounts/database/store.go`).
pub(super) fn service_account_login(org: i64, name: &str) -> String {
    format!("sa-{org}-{}", name.to_lowercase().replace(' ', "-"))
}

/// The app's row of one organization.
pub(super) fn app_key(org: i64, plugin: &str) -> String {
    format!("{org}/{plugin}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the stand-in is a process of its own, with its own clock"
)]
fn clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// As Go writes a time.
pub(super) fn now() -> String {
    let now = clock().replace_nanosecond(0).unwrap_or_else(|_| clock());
    now.format(&Rfc3339).unwrap_or_default()
}

pub(super) fn now_ms() -> i64 {
    i64::try_from(clock().unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// Hexadecimal digits nobody can guess; up to 64.
#[expect(
    clippy::disallowed_methods,
    reason = "the one source of randomness of the stand-in: cookies, tokens and uids"
)]
pub(super) fn random(length: usize) -> String {
    let mut digits = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    digits.truncate(length);
    digits
}
