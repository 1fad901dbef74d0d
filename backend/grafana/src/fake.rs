//! A Grafana of a few hundred lines, for the tests of this crate.
//!
//! Owns: the answers seen (G1–G44) that the client and the engine depend on. Must never be kinder than the real
//! one: it logs every call, so that tests can count them. Start at [`Fake::start`].

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use domain::Secret;
use serde_json::{Value, json};

use super::Credentials;

#[derive(Clone, Debug, Default)]
pub struct Person {
    pub login: String,
    pub email: String,
    pub name: String,
    pub admin: bool,
    pub disabled: bool,
    pub external: bool,
    pub orgs: BTreeMap<i64, String>,
}

#[derive(Clone, Debug, Default)]
pub struct FakeTeam {
    pub name: String,
    /// User id → permission.
    pub members: BTreeMap<i64, i64>,
}

#[derive(Debug)]
pub struct World {
    pub calls: Vec<String>,
    pub bodies: Vec<(String, Value)>,
    pub people: BTreeMap<i64, Person>,
    pub teams: BTreeMap<i64, FakeTeam>,
    pub next_id: i64,
    pub password: String,
    pub login_form: bool,
    pub cookie: u32,
    pub must_rotate: bool,
    pub down: bool,
    /// The call under way came with a token.
    pub by_token: bool,
    /// It is an Enterprise whose Team Sync fills every team.
    pub external_groups: bool,
    /// Calls beginning so get this answer.
    pub refuse: Option<(&'static str, u16, Value)>,
    /// What changes something takes as long, after it is done.
    pub slow: Option<Duration>,
    /// Of those, now, at most, and when somebody was disabled.
    pub under_way: usize,
    pub most_under_way: usize,
    pub beside_closing: usize,
}

pub struct Fake {
    pub url: String,
    world: Arc<Mutex<World>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// One server admin (id 1), who is Admin of organization 1.
    pub async fn start() -> Self {
        let admin = Person {
            login: "admin".into(),
            email: "admin@localhost".into(),
            admin: true,
            orgs: BTreeMap::from([(1, "Admin".into())]),
            ..Person::default()
        };
        let world = Arc::new(Mutex::new(World {
            calls: Vec::new(),
            bodies: Vec::new(),
            people: BTreeMap::from([(1, admin)]),
            teams: BTreeMap::new(),
            next_id: 100,
            password: "secret".into(),
            login_form: true,
            cookie: 1,
            must_rotate: false,
            down: false,
            by_token: false,
            external_groups: false,
            refuse: None,
            slow: None,
            under_way: 0,
            most_under_way: 0,
            beside_closing: 0,
        }));
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(world.clone());
        let task = tokio::spawn(async move { _ = axum::serve(listener, app).await });
        Self { url, world, task }
    }

    pub fn credentials(&self) -> Credentials {
        Credentials {
            url: self.url.clone(),
            admin_user: Some("admin".into()),
            admin_password: Some(Secret::new("secret")),
            service_account_token: None,
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test panics while it holds this")
    }

    pub fn calls_to(&self, prefix: &str) -> usize {
        self.world().calls.iter().filter(|c| c.starts_with(prefix)).count()
    }

    pub fn person(&self, login: &str) -> Option<(i64, Person)> {
        let world = self.world();
        let found = world.people.iter().find(|(_, p)| p.login == login);
        found.map(|(id, p)| (*id, p.clone()))
    }

    pub fn add_person(&self, login: &str, orgs: &[(i64, &str)]) -> i64 {
        let mut world = self.world();
        world.next_id += 1;
        let id = world.next_id;
        let person = Person {
            login: login.into(),
            email: format!("{login}@ex.com"),
            name: login.into(),
            orgs: orgs.iter().map(|(o, r)| (*o, (*r).to_owned())).collect(),
            ..Person::default()
        };
        world.people.insert(id, person);
        id
    }

    pub fn add_team(&self, name: &str, members: &[(i64, i64)]) -> i64 {
        let mut world = self.world();
        world.next_id += 1;
        let id = world.next_id;
        world.teams.insert(
            id,
            FakeTeam {
                name: name.into(),
                members: members.iter().copied().collect(),
            },
        );
        id
    }

    pub fn team(&self, name: &str) -> Option<(i64, FakeTeam)> {
        let world = self.world();
        let found = world.teams.iter().find(|(_, t)| t.name == name);
        found.map(|(id, t)| (*id, t.clone()))
    }
}

type Said = (u16, Value);

fn message(status: u16, text: &str) -> Said {
    (status, json!({"message": text}))
}

async fn answer(
    State(world): State<Arc<Mutex<World>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let locked = || world.lock().expect("no test panics while it holds this");
    let (response, slow) = {
        let mut world = locked();
        let slow = world.slow.filter(|_| method != Method::GET);
        if slow.is_some() {
            if uri.path().ends_with("/disable") {
                world.beside_closing = world.beside_closing.max(world.under_way);
            }
            world.under_way += 1;
            world.most_under_way = world.most_under_way.max(world.under_way);
        }
        (respond(&mut world, &method, &uri, &headers, &body), slow)
    };
    if let Some(slow) = slow {
        tokio::time::sleep(slow).await;
        locked().under_way -= 1;
    }
    response
}

fn respond(world: &mut World, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Response {
    let call = format!("{method} {}", uri.path());
    world.calls.push(call.clone());
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    world.bodies.push((call.clone(), body.clone()));
    world.by_token = headers
        .get("authorization")
        .is_some_and(|a| a.as_bytes().starts_with(b"Bearer "));
    let mut set_cookie = None;
    let (status, said) = if world.down {
        (502, json!("a proxy's page"))
    } else {
        open_routes(world, &call, &body, headers, &mut set_cookie).unwrap_or_else(|| {
            let mut said = signed_in(world, headers).err();
            if said.is_none()
                && let Some((_, status, body)) = world.refuse.as_ref().filter(|r| call.starts_with(r.0))
            {
                said = Some((*status, body.clone()));
            }
            said.unwrap_or_else(|| route(world, method, uri, &body))
        })
    };
    let mut response = Response::builder().status(StatusCode::from_u16(status).expect("a status"));
    if let Some(cookie) = set_cookie {
        response = response
            .header("Set-Cookie", format!("grafana_session={cookie}; Path=/; HttpOnly"))
            .header("Set-Cookie", "grafana_session_expiry=1; Path=/");
    }
    response.body(Body::from(said.to_string())).expect("an answer")
}

fn open_routes(
    world: &mut World,
    call: &str,
    body: &Value,
    headers: &HeaderMap,
    set_cookie: &mut Option<String>,
) -> Option<Said> {
    match call {
        "GET /api/health" => Some((200, json!({"database": "ok", "version": "11.1.1"}))),
        "POST /login" if !world.login_form => Some((
            400,
            json!({"messageId": "auth.client.notConfigured", "message": "Bad request"}),
        )),
        "POST /login" if body["password"] == world.password.as_str() => {
            world.cookie += 1;
            *set_cookie = Some(format!("c{}", world.cookie));
            Some(message(200, "Logged in"))
        }
        "POST /login" => Some((
            401,
            json!({"messageId": "password-auth.failed", "message": "Invalid username or password"}),
        )),
        "POST /api/user/auth-tokens/rotate" => {
            let old = format!("grafana_session=c{}", world.cookie);
            if headers.get("cookie").is_none_or(|c| c != old.as_str()) {
                return Some(message(401, "Unauthorized"));
            }
            world.cookie += 1;
            world.must_rotate = false;
            *set_cookie = Some(format!("c{}", world.cookie));
            Some((200, json!({})))
        }
        _ => None,
    }
}

fn signed_in(world: &World, headers: &HeaderMap) -> Result<(), Said> {
    let cookie = headers.get("cookie").and_then(|c| c.to_str().ok());
    let authorization = headers.get("authorization").and_then(|c| c.to_str().ok());
    match (cookie, authorization) {
        (Some(c), _) if c == format!("grafana_session=c{}", world.cookie) => {
            if world.must_rotate {
                return Err((
                    401,
                    json!({"messageId": "session.token.rotate", "message": "Token needs to be rotated"}),
                ));
            }
            Ok(())
        }
        (_, Some("Basic YWRtaW46c2VjcmV0")) if world.password == "secret" => Ok(()),
        (_, Some("Bearer glsa_good")) => Ok(()),
        (_, Some(_)) => Err((
            401,
            json!({"messageId": "api-key.invalid", "message": "Invalid API key"}),
        )),
        _ => Err((
            401,
            json!({"messageId": "auth.unauthorized", "message": "Unauthorized"}),
        )),
    }
}

fn shown(id: i64, p: &Person) -> Value {
    json!({
        "id": id, "login": p.login, "email": p.email, "name": p.name, "isGrafanaAdmin": p.admin, "isAdmin": p.admin,
        "isDisabled": p.disabled, "isExternal": p.external, "authLabels": if p.external { json!(["OAuth"]) } else { Value::Null },
    })
}

fn query(uri: &Uri, name: &str) -> Option<String> {
    let url = format!("http://x/?{}", uri.query().unwrap_or_default());
    let url = reqwest::Url::parse(&url).ok()?;
    url.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned())
}

fn route(world: &mut World, method: &Method, uri: &Uri, body: &Value) -> Said {
    let path: Vec<&str> = uri.path().trim_start_matches("/api/").split('/').collect();
    let id = |at: usize| path.get(at).and_then(|s| s.parse::<i64>().ok()).unwrap_or(-1);
    match (method.as_str(), path.as_slice()) {
        ("GET", ["user"]) => (200, shown(1, &world.people[&1])),
        ("GET", ["admin", "settings"]) => (
            200,
            json!({"auth": {"team_sync_mode": "scim_sync"}, "server": {"root_url": "https://g.example/"},
                "auth.generic_oauth": {"enabled": "true", "skip_org_role_sync": "true"}}),
        ),
        ("GET", ["users", "search"]) => {
            let text = query(uri, "query").unwrap_or_default().to_lowercase();
            let hit = |p: &Person| p.login.contains(&text) || p.email.contains(&text);
            let users: Vec<Value> = world
                .people
                .iter()
                .filter(|(_, p)| hit(p))
                .map(|(i, p)| shown(*i, p))
                .collect();
            (200, json!({"totalCount": users.len(), "users": users}))
        }
        ("GET", ["users", "lookup"]) => {
            let text = query(uri, "loginOrEmail").unwrap_or_default().to_lowercase();
            match world.people.iter().find(|(_, p)| p.login == text || p.email == text) {
                Some((i, p)) => (200, shown(*i, p)),
                None => message(404, "user not found"),
            }
        }
        ("POST", ["admin", "users"]) => create(world, body),
        ("POST", ["admin", "users", _, what]) => of_admin(world, id(2), what),
        ("GET", ["users", _]) => match world.people.get(&id(1)) {
            Some(p) => (200, shown(id(1), p)),
            None => message(404, "user not found"),
        },
        ("PUT", ["users", _]) => {
            let text = |k: &str| body[k].as_str().unwrap_or_default().to_lowercase();
            let (login, email) = (text("login"), text("email"));
            if world
                .people
                .iter()
                .any(|(i, p)| *i != id(1) && (p.login == login || p.email == email))
            {
                return message(500, "Failed to update user");
            }
            let Some(p) = world.people.get_mut(&id(1)) else {
                return message(404, "user not found");
            };
            if p.external {
                return message(403, "Cannot update external User");
            }
            (p.login, p.email) = (login, email);
            body["name"].as_str().unwrap_or_default().clone_into(&mut p.name);
            message(200, "User updated")
        }
        ("GET", ["users", _, "orgs"]) => {
            let orgs = world.people.get(&id(1)).map(|p| p.orgs.clone()).unwrap_or_default();
            (
                200,
                orgs.iter()
                    .map(|(o, r)| json!({"orgId": o, "name": "o", "role": r}))
                    .collect(),
            )
        }
        ("GET", ["users", _, "teams"]) => {
            let user = id(1);
            let teams = world.teams.iter().filter(|(_, t)| t.members.contains_key(&user));
            (200, teams.map(|(i, t)| json!({"id": i, "name": t.name})).collect())
        }
        ("GET", ["org", "users", "search"]) => {
            let here = world
                .people
                .iter()
                .filter_map(|(i, p)| p.orgs.get(&1).map(|r| (i, p, r)));
            let users: Vec<Value> = here
                .map(|(i, p, r)| json!({"userId": i, "login": p.login, "email": p.email, "role": r, "isDisabled": p.disabled}))
                .collect();
            (200, json!({"totalCount": users.len(), "orgUsers": users}))
        }
        ("DELETE", ["orgs", _, "users", _]) => {
            let (org, user) = (id(1), id(3));
            if let Some(p) = world.people.get_mut(&user) {
                p.orgs.remove(&org);
            }
            for team in world.teams.values_mut() {
                team.members.remove(&user);
            }
            message(200, "User removed from organization")
        }
        ("POST", ["orgs", _, "users"]) => {
            let org = id(1);
            let Some(p) = world
                .people
                .values_mut()
                .find(|p| body["loginOrEmail"] == p.login.as_str())
            else {
                return message(404, "User not found");
            };
            p.orgs.insert(org, body["role"].as_str().unwrap_or_default().to_owned());
            message(200, "User added to organization")
        }
        (_, ["teams", ..]) => teams(world, method, uri, &path, body),
        _ => message(404, "Not found"),
    }
}

fn create(world: &mut World, body: &Value) -> Said {
    let text = |k: &str| body[k].as_str().unwrap_or_default().to_lowercase();
    let (login, email) = (text("login"), text("email"));
    if body["password"].as_str().is_none_or(str::is_empty) {
        return message(400, "bad request data");
    }
    if world.people.values().any(|p| p.login == login || p.email == email) {
        return message(
            412,
            &format!("User with email '{email}' or username '{login}' already exists"),
        );
    }
    world.next_id += 1;
    let id = world.next_id;
    let person = Person {
        login,
        email,
        name: body["name"].as_str().unwrap_or_default().to_owned(),
        orgs: BTreeMap::from([(1, "Viewer".to_owned())]),
        ..Person::default()
    };
    world.people.insert(id, person);
    (200, json!({"id": id, "message": "User created"}))
}

fn of_admin(world: &mut World, id: i64, what: &str) -> Said {
    let Some(p) = world.people.get_mut(&id) else {
        return message(404, "user not found");
    };
    if p.external && what != "logout" {
        return message(500, &format!("Could not {what} external user"));
    }
    match what {
        "disable" => p.disabled = true,
        "enable" => p.disabled = false,
        _ => {}
    }
    message(200, "User changed")
}

fn teams(world: &mut World, method: &Method, uri: &Uri, path: &[&str], body: &Value) -> Said {
    let id = |at: usize| path.get(at).and_then(|s| s.parse::<i64>().ok()).unwrap_or(-1);
    let as_json = |i: i64, t: &FakeTeam| json!({"id": i, "name": t.name, "email": "", "memberCount": t.members.len()});
    match (method.as_str(), path) {
        ("GET", ["teams", "search"]) => {
            let (exact, like) = (query(uri, "name"), query(uri, "query"));
            let hit = |t: &FakeTeam| {
                exact.as_ref().is_none_or(|n| *n == t.name) && like.as_ref().is_none_or(|n| t.name.contains(n))
            };
            let teams: Vec<Value> = world
                .teams
                .iter()
                .filter(|(_, t)| hit(t))
                .map(|(i, t)| as_json(*i, t))
                .collect();
            return (200, json!({"totalCount": teams.len(), "teams": teams}));
        }
        ("POST", ["teams"]) => {
            let name = body["name"].as_str().unwrap_or_default().to_owned();
            if world.teams.values().any(|t| t.name == name) {
                return message(409, "Team name taken");
            }
            world.next_id += 1;
            let id = world.next_id;
            // A person who creates it is its admin; a service account is not.
            let members = if world.by_token {
                BTreeMap::new()
            } else {
                BTreeMap::from([(1, 4)])
            };
            world.teams.insert(id, FakeTeam { name, members });
            return (200, json!({"teamId": id, "message": "Team created"}));
        }
        _ => {}
    }
    let team_id = id(1);
    let taken = world
        .teams
        .iter()
        .any(|(i, t)| *i != team_id && body["name"] == t.name.as_str());
    let people = world.people.clone();
    let external = world.external_groups;
    let Some(team) = world.teams.get_mut(&team_id) else {
        return message(404, "Team not found");
    };
    match (method.as_str(), path) {
        ("GET", ["teams", _]) => (200, as_json(team_id, team)),
        ("GET", ["teams", _, "groups"]) if external => (200, json!([{"teamId": team_id, "groupId": "cn=everybody"}])),
        ("PUT", ["teams", _]) if taken => message(400, "Team name taken"),
        ("PUT", ["teams", _]) => {
            body["name"].as_str().unwrap_or_default().clone_into(&mut team.name);
            message(200, "Team updated")
        }
        ("DELETE", ["teams", _]) => {
            world.teams.remove(&team_id);
            message(200, "Team deleted")
        }
        ("GET", ["teams", _, "members"]) => {
            let members = team
                .members
                .iter()
                .filter_map(|(i, permission)| people.get(i).map(|p| (i, permission, p)));
            (
                200,
                members
                    .map(|(i, permission, p)| json!({"userId": i, "login": p.login, "email": p.email, "permission": permission}))
                    .collect(),
            )
        }
        ("POST", ["teams", _, "members"]) => {
            let user = body["userId"].as_i64().unwrap_or(-1);
            if !people.contains_key(&user) {
                return message(500, "Failed to add Member to Team");
            }
            if team.members.insert(user, 0).is_some() {
                return message(400, "User is already added to this team");
            }
            message(200, "Member added to Team")
        }
        ("PUT", ["teams", _, "members"]) => {
            let mut next = BTreeMap::new();
            for (list, permission) in [("members", 0), ("admins", 4)] {
                for email in body[list].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    // A new member is found in any case; one who is there already leaves unless spelt as stored.
                    let known = people.iter().find(|(_, p)| p.email == email.to_lowercase());
                    let Some((user, p)) = known else {
                        return message(404, "user not found");
                    };
                    if p.email == email || !team.members.contains_key(user) {
                        next.insert(*user, permission);
                    }
                }
            }
            team.members = next;
            message(200, "Team memberships have been updated")
        }
        ("PUT", ["teams", _, "members", _]) => {
            team.members.insert(id(3), body["permission"].as_i64().unwrap_or(0));
            message(200, "Team member updated")
        }
        ("DELETE", ["teams", _, "members", _]) => match team.members.remove(&id(3)) {
            Some(_) => message(200, "Team Member removed"),
            None => message(404, "Team member not found"),
        },
        _ => message(404, "Not found"),
    }
}
