//! The Grafana that the tests ask.
//!
//! Owns: a Grafana for each test, people and teams with names nobody else has, and taking them away again.

use std::{
    hash::{BuildHasher as _, RandomState},
    panic::AssertUnwindSafe,
    sync::Mutex,
};

use acceptance::connect::{Answer, client};
use futures_util::FutureExt as _;
use grafana_stand_in::{Options, StandIn};
use serde_json::{Value, json};

/// How a call says who makes it.
#[derive(Clone, Debug)]
pub enum As {
    Nobody,
    Basic(String, String),
    Bearer(String),
    Cookie(String),
}

/// A user of this test's.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: i64,
    pub login: String,
    pub email: String,
    pub password: String,
}

impl Person {
    pub fn basic(&self) -> As {
        As::Basic(self.login.clone(), self.password.clone())
    }
}

pub struct Target {
    pub url: String,
    pub admin: As,
    client: reqwest::Client,
    own: Option<StandIn>,
    made: Mutex<Vec<String>>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests are told by the environment which Grafana to ask"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs a test and takes away what it made, whether it passed or not.
pub async fn contract(test: impl AsyncFnOnce(&Target)) {
    let data = tempfile::tempdir().unwrap();
    let target = match environment("GRAFANA_URL") {
        Some(url) => Target {
            url: url.trim_end_matches('/').to_owned(),
            admin: As::Basic(
                environment("GRAFANA_USER").unwrap_or_else(|| "admin".into()),
                environment("GRAFANA_PASSWORD").unwrap_or_else(|| "admin".into()),
            ),
            client: client(),
            own: None,
            made: Mutex::default(),
        },
        None => Target::of(StandIn::start(Options::in_dir(data.path())).await.unwrap()),
    };
    run(target, test).await;
}

/// The same where the configuration says this. A real Grafana is asked if it was started with these lines,
/// else a stand-in that was.
pub async fn configured(lines: &[(&str, &str, &str)], test: impl AsyncFnOnce(&Target)) {
    let mut test = Some(test);
    if environment("GRAFANA_URL").is_some() {
        contract(async |g| {
            let settings = g.get("/api/admin/settings").await.json;
            let says = |(section, key, value): &(&str, &str, &str)| settings[section][key] == *value;
            if lines.iter().all(says) {
                test.take().unwrap()(g).await;
            }
        })
        .await;
    }
    let with_lines = |options| {
        let lines = lines.iter();
        lines.fold(options, |options: Options, (section, key, value)| {
            options.with_setting(section, key, value)
        })
    };
    if let Some(test) = test {
        with_stand_in(with_lines, test).await;
    }
}

/// The same for a stand-in that is set up in a way a real Grafana cannot be while it runs.
pub async fn with_stand_in(options: impl FnOnce(Options) -> Options, test: impl AsyncFnOnce(&Target)) {
    let data = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start(options(Options::in_dir(data.path()))).await.unwrap();
    run(Target::of(stand_in), test).await;
}

async fn run(target: Target, test: impl AsyncFnOnce(&Target)) {
    let tested = AssertUnwindSafe(test(&target)).catch_unwind().await;
    let made = std::mem::take(&mut *target.made.lock().unwrap());
    for path in made.iter().rev() {
        // Gone already, often.
        _ = target.delete(path).await;
    }
    if let Err(panic) = tested {
        std::panic::resume_unwind(panic);
    }
    // Dropped, not stopped: the plugin of these tests knows no polite end, and Grafana would give it two seconds.
}

/// The login that Grafana gives a service account of organization 1 with this name.
pub fn login_of_service_account(name: &str) -> String {
    format!("sa-1-{}", name.to_lowercase().replace(' ', "-"))
}

/// A name nobody has.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{:016x}", RandomState::new().hash_one(prefix))
}

impl Target {
    fn of(stand_in: StandIn) -> Self {
        Self {
            url: stand_in.url().to_owned(),
            admin: As::Basic("admin".into(), "admin".into()),
            client: client(),
            own: Some(stand_in),
            made: Mutex::default(),
        }
    }

    /// The stand-in, in tests that have one of their own.
    pub fn stand_in(&self) -> &StandIn {
        self.own.as_ref().expect("a stand-in of its own")
    }

    pub fn is_real(&self) -> bool {
        self.own.is_none()
    }

    /// The first number of the version: what is known to differ from 12.x on is asked for by it.
    pub async fn version(&self) -> u32 {
        let health = self.get("/api/health").await;
        let first = health.str("/version").split('.').next().unwrap_or_default();
        first.parse().unwrap()
    }

    pub fn request(&self, who: &As, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        let request = self.client.request(method, format!("{}{path}", self.url));
        match who {
            As::Nobody => request,
            As::Basic(user, password) => request.basic_auth(user, Some(password)),
            As::Bearer(token) => request.bearer_auth(token),
            As::Cookie(cookie) => request.header("cookie", cookie),
        }
    }

    pub async fn call(&self, who: &As, method: &str, path: &str, body: Value) -> Answer {
        let mut request = self.request(who, method, path);
        if !body.is_null() {
            request = request.json(&body);
        }
        Answer::of(request).await.unwrap()
    }

    /// Of two answers the one that this Grafana's line gives: up to 11, or from 12 on (seen on 12.4.0).
    pub async fn by_line<T>(&self, up_to_11: T, from_12: T) -> T {
        let health = self.call(&As::Nobody, "GET", "/api/health", Value::Null).await;
        let major = health.str("/version").split('.').next().and_then(|n| n.parse().ok());
        if major.is_some_and(|major: u32| major >= 12) {
            from_12
        } else {
            up_to_11
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(&self.admin, "GET", path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(&self.admin, "POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(&self.admin, "PUT", path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(&self.admin, "PATCH", path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(&self.admin, "DELETE", path, Value::Null).await
    }

    /// Is taken away at the end.
    pub fn made(&self, path: String) {
        self.made.lock().unwrap().push(path);
    }

    /// A new user: Viewer of organization 1.
    pub async fn person(&self) -> Person {
        let login = unique("contract");
        let (email, password) = (format!("{login}@ex.com"), "Pass-w0rd-of-a-test".to_owned());
        let body = json!({ "login": login, "email": email, "name": login, "password": password });
        let id = self.create_user(body).await;
        Person {
            id,
            login,
            email,
            password,
        }
    }

    /// A new user who was taken out of the only organization.
    pub async fn person_without_organization(&self) -> Person {
        let person = self.person().await;
        self.delete(&format!("/api/orgs/1/users/{}", person.id))
            .await
            .expect(&[200])
            .unwrap();
        person
    }

    pub async fn create_user(&self, body: Value) -> i64 {
        let id = self.post("/api/admin/users", body).await.expect(&[200]).unwrap().json["id"]
            .as_i64()
            .unwrap();
        self.made(format!("/api/admin/users/{id}"));
        id
    }

    /// A new team without members.
    pub async fn team(&self) -> Team<'_> {
        let name = unique("Contract");
        let made = self
            .post("/api/teams", json!({ "name": name }))
            .await
            .expect(&[200])
            .unwrap();
        let id = made.json["teamId"].as_i64().unwrap();
        self.made(format!("/api/teams/{id}"));
        let team = Team { target: self, id, name };
        for (user, _) in team.members().await {
            team.call("DELETE", &format!("/members/{user}"), Value::Null)
                .await
                .expect(&[200])
                .unwrap();
        }
        team
    }

    /// A new service account of organization 1, and a token of it.
    pub async fn service_account(&self, role: &str) -> (String, As) {
        let (id, name, token) = self.service_account_in(1, role).await;
        self.made(format!("/api/serviceaccounts/{id}"));
        (name, token)
    }

    /// The same in any organization; it is not taken away.
    pub async fn service_account_in(&self, org: i64, role: &str) -> (i64, String, As) {
        let name = unique("Contract SA");
        let in_org = async |method: &str, path: &str, body: Value| {
            let request = self.request(&self.admin, method, path).header("x-grafana-org-id", org);
            Answer::of(request.json(&body)).await.unwrap()
        };
        let made = in_org("POST", "/api/serviceaccounts", json!({ "name": name, "role": role })).await;
        let id = made.expect(&[201]).unwrap().json["id"].as_i64().unwrap();
        let token = in_org(
            "POST",
            &format!("/api/serviceaccounts/{id}/tokens"),
            json!({ "name": name }),
        )
        .await;
        let token = token.expect(&[200]).unwrap().str("/key").to_owned();
        (id, name, As::Bearer(token))
    }

    /// The `Cookie` header of somebody who signed in.
    pub async fn sign_in(&self, login: &str, password: &str) -> Result<As, Answer> {
        let body = json!({ "user": login, "password": password });
        let answer = self.call(&As::Nobody, "POST", "/login", body).await;
        if answer.status != 200 {
            return Err(answer);
        }
        Ok(As::Cookie(session(&answer).expect("a session")))
    }
}

/// The session that an answer opens.
pub fn session(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").into_iter();
    cookies
        .filter_map(|line| line.to_str().ok()?.split(';').next())
        .find(|pair| pair.starts_with("grafana_session="))
        .map(str::to_owned)
}

pub struct Team<'a> {
    target: &'a Target,
    pub id: i64,
    pub name: String,
}

impl Team<'_> {
    pub fn path(&self, rest: &str) -> String {
        format!("/api/teams/{}{rest}", self.id)
    }

    pub async fn call(&self, method: &str, rest: &str, body: Value) -> Answer {
        self.target
            .call(&self.target.admin, method, &self.path(rest), body)
            .await
    }

    pub async fn add(&self, user: i64) -> Answer {
        self.call("POST", "/members", json!({ "userId": user })).await
    }

    /// Ids with their permissions.
    pub async fn members(&self) -> Vec<(i64, i64)> {
        let answer = self.call("GET", "/members", Value::Null).await.expect(&[200]).unwrap();
        let rows = answer.json.as_array().unwrap();
        let mut members: Vec<_> = rows
            .iter()
            .map(|row| (row["userId"].as_i64().unwrap(), row["permission"].as_i64().unwrap()))
            .collect();
        members.sort_unstable();
        members
    }
}
