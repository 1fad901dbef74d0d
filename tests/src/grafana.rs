//! Grafana's HTTP API as an admin uses it: what the tests and the demo look at, and how they set the app up.
//!
//! Owns: paths and shapes of Grafana's own API. Must never call SCIM (see [`crate::idp`]) or print a password or token.
//! Start at [`Grafana`]. Works against the stand-in and a real Grafana alike.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    connect::{self, Answer},
    idp::{Connection, encoded},
    wait::{SOON, until},
};

/// The plugin's id.
pub const PLUGIN: &str = "rollcall-scim-app";

/// Who asks. No `Debug`: it holds secrets.
#[derive(Clone)]
pub enum Credentials {
    /// A person.
    Basic {
        /// Login.
        user: String,
        /// Password.
        password: String,
    },
    /// A service account.
    Token(String),
    /// Nobody.
    Anonymous,
}

/// A Grafana, as somebody.
#[derive(Clone)]
pub struct Grafana {
    url: String,
    http: reqwest::Client,
    credentials: Credentials,
    /// The second of the app's last save, shared by all who came from one `new`.
    saved: Arc<AtomicU64>,
}

/// A user account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Id.
    pub id: i64,
    /// Login.
    pub login: String,
    /// E-mail.
    pub email: String,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Disabled.
    #[serde(default)]
    pub is_disabled: bool,
    /// Grafana server admin.
    #[serde(default)]
    pub is_grafana_admin: bool,
    /// Signed in through a provider before.
    #[serde(default)]
    pub is_external: bool,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// How many members.
    #[serde(default)]
    pub member_count: i64,
}

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Login, `sa-1-…`.
    pub login: String,
}

impl Grafana {
    /// A Grafana at `url`, asked with `credentials`.
    #[must_use]
    pub fn new(url: &str, credentials: Credentials) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            http: connect::client(),
            credentials,
            saved: Arc::default(),
        }
    }

    /// Somebody else at the same Grafana.
    #[must_use]
    pub fn as_somebody(&self, credentials: Credentials) -> Self {
        Self {
            credentials,
            ..self.clone()
        }
    }

    /// Its URL, without the last slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the plugin's routes are.
    #[must_use]
    pub fn resources(&self) -> String {
        format!("{}/api/plugins/{PLUGIN}/resources", self.url)
    }

    /// Builds one request below Grafana's URL (`/api/…`).
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.credentials {
            Credentials::Basic { user, password } => request.basic_auth(user, Some(password)),
            Credentials::Token(token) => request.bearer_auth(token),
            Credentials::Anonymous => request,
        }
    }

    /// One request, whatever comes back.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::of(request).await
    }

    /// Reads.
    ///
    /// # Errors
    /// On any status but 200, and on another shape.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let answer = self.call(Method::GET, path, None).await?.expect(&[200])?;
        serde_json::from_str(&answer.text).with_context(|| format!("{}: {}", answer.request, answer.text))
    }

    /// Changes something.
    ///
    /// # Errors
    /// On any status that is not a success.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        self.call(method, path, Some(body)).await?.expect(&[200, 201, 202, 204])
    }

    // Accounts.

    /// The account with this login, if there is one. Several calls, because a look-up shows neither "disabled" nor "external".
    ///
    /// # Errors
    /// If Grafana does not answer as documented.
    pub async fn account(&self, login: &str) -> Result<Option<Account>> {
        let found = self
            .call(
                Method::GET,
                &format!("/api/users/lookup?loginOrEmail={}", encoded(login)),
                None,
            )
            .await?;
        if found.status == 404 {
            return Ok(None);
        }
        let found = found.expect(&[200])?;
        let id = found.json["id"].as_i64().context("a look-up without id")?;
        Ok(Some(self.get(&format!("/api/users/{id}")).await?))
    }

    /// The same, where it must exist.
    ///
    /// # Errors
    /// If it does not.
    pub async fn existing_account(&self, login: &str) -> Result<Account> {
        self.account(login)
            .await?
            .with_context(|| format!("Grafana has no account {login}"))
    }

    /// Every account whose login, e-mail or name holds `query`.
    ///
    /// # Errors
    /// If Grafana does not answer as documented.
    pub async fn accounts(&self, query: &str) -> Result<Vec<Account>> {
        let page: Value = self
            .get(&format!(
                "/api/users/search?perpage=1000&page=1&query={}",
                encoded(query)
            ))
            .await?;
        Ok(serde_json::from_value(page["users"].clone())?)
    }

    /// Makes an account by hand and gives its id.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn make_account(&self, login: &str, email: &str, password: &str) -> Result<i64> {
        let body = json!({ "login": login, "email": email, "name": login, "password": password, "OrgId": 1 });
        let made = self.send(Method::POST, "/api/admin/users", &body).await?;
        made.json["id"].as_i64().context("an account without id")
    }

    /// Gives a person another role in the organization.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn set_role(&self, account: i64, role: &str) -> Result<()> {
        self.send(
            Method::PATCH,
            &format!("/api/orgs/1/users/{account}"),
            &json!({ "role": role }),
        )
        .await
        .map(drop)
    }

    // Teams.

    /// The team of exactly this name.
    ///
    /// # Errors
    /// If Grafana does not answer as documented.
    pub async fn team(&self, name: &str) -> Result<Option<Team>> {
        let page: Value = self
            .get(&format!("/api/teams/search?perpage=1000&name={}", encoded(name)))
            .await?;
        let teams: Vec<Team> = serde_json::from_value(page["teams"].clone())?;
        Ok(teams.into_iter().find(|team| team.name == name))
    }

    /// The same, where it must exist.
    ///
    /// # Errors
    /// If it does not.
    pub async fn existing_team(&self, name: &str) -> Result<Team> {
        self.team(name)
            .await?
            .with_context(|| format!("Grafana has no team {name}"))
    }

    /// Every team.
    ///
    /// # Errors
    /// If Grafana does not answer as documented.
    pub async fn teams(&self) -> Result<Vec<Team>> {
        let page: Value = self.get("/api/teams/search?perpage=1000").await?;
        Ok(serde_json::from_value(page["teams"].clone())?)
    }

    /// Logins of a team's members.
    ///
    /// # Errors
    /// If Grafana does not answer as documented.
    pub async fn members(&self, team: i64) -> Result<BTreeSet<String>> {
        let rows: Vec<Value> = self.get(&format!("/api/teams/{team}/members")).await?;
        Ok(rows
            .iter()
            .filter_map(|row| row["login"].as_str())
            .map(str::to_owned)
            .collect())
    }

    /// Makes a team by hand and gives its id.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn make_team(&self, name: &str) -> Result<i64> {
        let made = self.send(Method::POST, "/api/teams", &json!({ "name": name })).await?;
        made.json["teamId"].as_i64().context("a team without id")
    }

    /// Puts an account into a team by hand.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn join_team(&self, team: i64, account: i64) -> Result<()> {
        let path = format!("/api/teams/{team}/members");
        self.send(Method::POST, &path, &json!({ "userId": account }))
            .await
            .map(drop)
    }

    // Service accounts.

    /// The service account of this name, made if there is none, with this role.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn service_account(&self, name: &str, role: &str) -> Result<ServiceAccount> {
        let path = format!("/api/serviceaccounts/search?perpage=100&page=1&query={}", encoded(name));
        let page: Value = self.get(&path).await?;
        let known: Vec<ServiceAccount> = serde_json::from_value(page["serviceAccounts"].clone()).unwrap_or_default();
        if let Some(known) = known.into_iter().find(|account| account.name == name) {
            let body = json!({ "role": role, "isDisabled": false });
            self.send(Method::PATCH, &format!("/api/serviceaccounts/{}", known.id), &body)
                .await?;
            return Ok(known);
        }
        let made = self
            .send(
                Method::POST,
                "/api/serviceaccounts",
                &json!({ "name": name, "role": role }),
            )
            .await?;
        Ok(serde_json::from_value(made.json)?)
    }

    /// A new token of a service account; one of the same name goes, because Grafana never shows a token twice.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn token(&self, account: &ServiceAccount, name: &str) -> Result<String> {
        let path = format!("/api/serviceaccounts/{}/tokens", account.id);
        let known: Vec<Value> = self.get(&path).await?;
        for old in known.iter().filter(|token| token["name"] == name) {
            let old = format!("{path}/{}", old["id"].as_i64().context("a token without id")?);
            self.call(Method::DELETE, &old, None).await?.expect(&[200])?;
        }
        let made = self.send(Method::POST, &path, &json!({ "name": name })).await?;
        Ok(made.str("/key").to_owned())
    }

    /// What an identity provider is given: the SCIM URL and a fresh token of the service account `name`.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn scim_connection(&self, name: &str) -> Result<Connection> {
        let (account, connection) = self.unaccepted(name).await?;
        self.accept(&account).await?;
        Ok(connection)
    }

    /// The same before anybody has accepted its service account.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn unaccepted(&self, name: &str) -> Result<(ServiceAccount, Connection)> {
        let account = self.service_account(name, "Viewer").await?;
        let token = self.token(&account, &format!("{name} SCIM")).await?;
        ensure!(!token.is_empty(), "Grafana made a token and did not show it");
        let base = format!("{}/scim/v2", self.resources());
        Ok((account, Connection { base, token }))
    }

    /// The service account of this name.
    ///
    /// # Errors
    /// If there is none.
    pub async fn existing_service_account(&self, name: &str) -> Result<ServiceAccount> {
        let found: Value = self.get("/api/serviceaccounts/search?perpage=1000&page=1").await?;
        let accounts: Vec<ServiceAccount> = serde_json::from_value(found["serviceAccounts"].clone())?;
        let found = accounts.into_iter().find(|account| account.name == name);
        found.with_context(|| format!("no service account is called {name}"))
    }

    /// Lets a service account call SCIM, as an Admin does on the page.
    ///
    /// # Errors
    /// If the plugin refuses.
    pub async fn accept(&self, account: &ServiceAccount) -> Result<()> {
        let body = json!({ "login": account.login });
        self.admin_send(Method::POST, &format!("callers/{}/accept", account.id), &body)
            .await?
            .expect(&[200])
            .map(drop)
    }

    // The app.

    /// Enables the app. `json_data` is laid over what is there, because Grafana replaces it as a whole; secrets it merges itself.
    ///
    /// # Errors
    /// If Grafana refuses.
    pub async fn enable_app(&self, json_data: &Value, secrets: &Value) -> Result<()> {
        // Grafana 11.1.1 decrypts secrets once per save, and tells saves apart by the second (G64): a secret
        // saved in the second of a save that the plugin has seen stays unseen until the next save.
        until("the clock's next second", SOON, async || {
            ensure!(
                second() != self.saved.load(Ordering::Relaxed),
                "still the second of the last save"
            );
            Ok(())
        })
        .await?;
        let path = format!("/api/plugins/{PLUGIN}/settings");
        let now = self.call(Method::GET, &path, None).await?;
        let mut merged = now.json["jsonData"].as_object().cloned().unwrap_or_default();
        merged.extend(json_data.as_object().cloned().unwrap_or_default());
        let body = json!({ "enabled": true, "pinned": true, "jsonData": merged, "secureJsonData": secrets });
        self.send(Method::POST, &path, &body).await?;
        self.saved.store(second(), Ordering::Relaxed);
        Ok(())
    }

    /// Reads one admin route of the plugin (`overview`, `groups`, …).
    ///
    /// # Errors
    /// On any status but 200, and on another shape.
    pub async fn admin<T: DeserializeOwned>(&self, route: &str) -> Result<T> {
        self.get(&format!("/api/plugins/{PLUGIN}/resources/admin/{route}"))
            .await
    }

    /// Sends to one admin route of the plugin, whatever comes back.
    ///
    /// # Errors
    /// If nothing comes back.
    pub async fn admin_send(&self, method: Method, route: &str, body: &Value) -> Result<Answer> {
        self.call(
            method,
            &format!("/api/plugins/{PLUGIN}/resources/admin/{route}"),
            Some(body),
        )
        .await
    }

    /// Maps a group to a team.
    ///
    /// # Errors
    /// If the plugin refuses.
    pub async fn map(&self, mapping: &admin_api::NewMapping) -> Result<admin_api::MappingRow> {
        let made = self
            .admin_send(Method::POST, "mappings", &serde_json::to_value(mapping)?)
            .await?
            .expect(&[201])?;
        Ok(serde_json::from_value(made.json)?)
    }

    /// Sets one setting on the page.
    ///
    /// # Errors
    /// If nothing comes back; a refusal is an answer.
    pub async fn set(&self, key: &str, value: &str) -> Result<Answer> {
        self.admin_send(Method::PUT, "settings", &json!({ "settings": { key: value } }))
            .await
    }
}

/// Seconds since the epoch, as Grafana on this machine counts them.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no clock to stand in: Grafana's is the machine's"
)]
fn second() -> u64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_epoch.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use grafana_stand_in::{Options, StandIn};

    /// What the tests rely on when they look at Grafana, without any plugin.
    #[tokio::test]
    async fn what_is_made_by_hand_is_seen() -> Result<()> {
        let data = tempfile::tempdir()?;
        let stand_in = StandIn::start(Options::in_dir(data.path())).await?;
        let admin = Credentials::Basic {
            user: "admin".into(),
            password: "admin".into(),
        };
        let grafana = Grafana::new(stand_in.url(), admin);
        let id = grafana
            .make_account("Ada", "ada@example.com", "a good password")
            .await?;
        grafana.set_role(id, "Admin").await?;
        let ada = grafana.existing_account("ada").await?;
        ensure!(
            ada.id == id && !ada.is_disabled && !ada.is_external && !ada.is_grafana_admin,
            "{ada:?}"
        );
        ensure!(grafana.account("nobody").await?.is_none(), "somebody is nobody");
        ensure!(
            grafana.accounts("").await?.len() == 2,
            "{:?}",
            grafana.accounts("").await?
        );

        let team = grafana.make_team("Engines & Co").await?;
        grafana.join_team(team, id).await?;
        ensure!(grafana.existing_team("Engines & Co").await?.id == team, "another team");
        ensure!(
            grafana.members(team).await? == ["ada".to_owned(), "admin".to_owned()].into(),
            "other members"
        );

        let robot = grafana.service_account("My robot", "Viewer").await?;
        ensure!(robot.login == "sa-1-my-robot", "{robot:?}");
        let first = grafana.token(&robot, "t").await?;
        let second = grafana
            .token(&grafana.service_account("My robot", "Admin").await?, "t")
            .await?;
        let as_robot = |token: String| grafana.as_somebody(Credentials::Token(token));
        ensure!(
            as_robot(first).call(Method::GET, "/api/org", None).await?.status == 401,
            "an old token still opens"
        );
        as_robot(second).teams().await?;
        stand_in.stop().await;
        Ok(())
    }
}
