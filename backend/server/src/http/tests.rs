//! The HTTP surface against a real store and a silent rest of the process.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use admin_api::{CredentialTest, CredentialsGiven, CredentialsTest, LoginDoctor};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use domain::{
    Clock, Denied, Ids, OrgId, Secret, Surface, TeamId, UserId,
    account::NameOwner,
    attention::Protection,
    caller::{Kind, Registered, ServiceAccount},
    settings::{self, Sources},
    status::{EngineState, EngineStatus, NameOwners, RosterSeen, StoreFile, StoreSeen, TeamSeen},
    store_identity::StoreDecision,
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use store::Store;
use tower::ServiceExt as _;

use super::*;

mod activity;
mod authority;
mod bulk;
mod conditions;
mod connection;
mod filters;
mod limits;
mod management;
mod names;
mod one_name;
mod paging;
mod people;
mod previews;
mod rates;
mod rules;
mod selection;
mod shapes;
mod unchanged;

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now_ms(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn elapsed_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counting(AtomicI64);

impl Counting {
    fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl Ids for Counting {
    fn resource_id(&self) -> String {
        format!("id-{}", self.next())
    }
    fn correlation(&self) -> String {
        format!("c-{}", self.next())
    }
    fn unknown_password(&self) -> Secret {
        Secret::new("x")
    }
    fn jitter(&self) -> f64 {
        0.5
    }
}

/// The account of a server admin.
const ROOT: UserId = UserId::new(1);

/// The rest of the process: nothing happens, everything is counted.
struct Quiet {
    store: Store,
    ini: Vec<(&'static str, &'static str)>,
    page: Mutex<std::collections::BTreeMap<String, String>>,
    /// Whose login or e-mail it is in Grafana.
    holders: Vec<(&'static str, i64)>,
    rosters: Mutex<Vec<RosterSeen>>,
    wakes: AtomicUsize,
    accepted: Mutex<Vec<UserId>>,
}

impl Control for Quiet {
    fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }
    fn retry_now(&self, _: OrgId) {}
    fn check_now(&self, _: OrgId) {
        self.wake();
    }
    fn decide_store(&self, _: OrgId, _: StoreDecision) {}
    fn store(&self) -> Boxed<'_, StoreSeen> {
        Box::pin(std::future::ready(StoreSeen {
            takes_changes: true,
            file: StoreFile::Private,
        }))
    }
    fn engine(&self, _: OrgId) -> EngineStatus {
        EngineStatus {
            version: Some("11.1.1".into()),
            signed_in_as: Some("admin".into()),
            latency_ms: Some(2),
            checked_ms: Some(5),
            warnings: vec!["Team Sync fills “Platform” as well.".into()],
            unmanaged: Some(3),
            ..EngineStatus::new(EngineState::Running, "http://localhost:3000".into())
        }
    }
    fn login_doctor(&self, _: OrgId) -> LoginDoctor {
        LoginDoctor::default()
    }
    fn outlook(&self, _: OrgId) -> Option<Arc<domain::outlook::Outlook>> {
        None
    }

    fn public_url(&self, _: OrgId) -> Option<String> {
        Some("https://grafana.example/".into())
    }
    fn teams(&self, _: OrgId) -> Vec<TeamSeen> {
        let team = |id, name: &str| TeamSeen {
            id,
            name: name.into(),
            members: 3,
        };
        vec![team(TeamId::new(7), "Platform"), team(TeamId::new(8), "Data")]
    }
    fn rosters(&self, _: OrgId, teams: Vec<TeamId>) -> Boxed<'_, Vec<RosterSeen>> {
        let known = self.rosters.lock().unwrap().clone();
        Box::pin(async move { known.into_iter().filter(|r| teams.contains(&r.team_id)).collect() })
    }
    fn protection(&self, _: OrgId, id: UserId) -> Option<Protection> {
        (id == ROOT).then_some(Protection::ServerAdmin)
    }
    fn name_owners(&self, _: OrgId, login: &str, email: Option<&str>) -> NameOwners {
        let find = |name: &str| {
            self.holders
                .iter()
                .find(|(held, _)| *held == name)
                .map(|(_, id)| NameOwner {
                    id: UserId::new(*id),
                    protected: *id == ROOT.get(),
                })
        };
        if login.eq_ignore_ascii_case("root") {
            return NameOwners {
                login: Some(NameOwner {
                    id: ROOT,
                    protected: true,
                }),
                email: None,
            };
        }
        NameOwners {
            login: find(login),
            email: email.and_then(find),
        }
    }
    fn settings(&self, _: OrgId) -> Arc<SettingsView> {
        let sources = Sources {
            plugin_ini: self.ini.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            page: self.page.lock().unwrap().clone(),
            ..Sources::default()
        };
        let resolved = settings::resolve(&sources);
        Arc::new(SettingsView {
            effective: settings::effective(&resolved),
            resolved,
            secrets: vec![SecretOrigin {
                name: "admin_password",
                origin: Some(settings::Origin::Provisioned),
            }],
            kept_back: Vec::new(),
        })
    }
    fn page_settings_changed(&self, org_id: OrgId) -> Boxed<'_, ()> {
        Box::pin(async move {
            let page = self.store.page_settings(org_id).await.unwrap();
            *self.page.lock().unwrap() = page;
        })
    }
    fn callers(&self) -> &dyn Callers {
        self
    }
    fn test_credentials(&self, _: OrgId, _: CredentialsTest) -> Boxed<'_, TestAnswer> {
        let found = CredentialTest {
            ok: true,
            message: "ok".into(),
            checks: Vec::new(),
        };
        Box::pin(async { TestAnswer::Tried(found) })
    }
    fn secrets_given(&self, _: OrgId, _: CredentialsGiven) -> Boxed<'_, Given> {
        Box::pin(async { Given::Taken })
    }
}

/// Grafana's list has three service accounts, and two of them may call.
impl Callers for Quiet {
    fn may_use_scim<'a>(&'a self, caller: &'a Caller) -> Boxed<'a, Result<(), Denied>> {
        let listed = [(7, "sa-1-okta"), (8, "sa-1-entra"), (9, "sa-1-new")];
        let listed = listed.map(|(id, login)| ServiceAccount {
            id: UserId::new(id),
            login: login.into(),
            role: "Viewer".into(),
        });
        let known = |id: &UserId| Registered {
            id: *id,
            login: String::new(),
        };
        let registered: Vec<_> = self.accepted.lock().unwrap().iter().map(known).collect();
        let decided = domain::caller::may_use_scim(caller, Some(&listed), &registered);
        Box::pin(async move { decided.map(drop) })
    }
    fn may_use_page<'a>(&'a self, caller: &'a Caller) -> Boxed<'a, Result<(), Denied>> {
        let kind = if caller.login.starts_with("sa-") {
            Kind::ServiceAccount
        } else {
            Kind::Person
        };
        let decided = domain::caller::may_use_page(caller, kind);
        Box::pin(async move { decided })
    }
    fn known(&self, _: OrgId) -> Boxed<'_, store::Result<KnownCallers>> {
        Box::pin(async { Ok(KnownCallers::default()) })
    }
    fn accept(&self, _: OrgId, id: UserId, _: String) -> Boxed<'_, store::Result<CallerDecision>> {
        self.accepted.lock().unwrap().push(id);
        Box::pin(async { Ok(CallerDecision::Done("sa-1-new".into())) })
    }
    fn dismiss(&self, _: OrgId, _: UserId) -> Boxed<'_, store::Result<CallerDecision>> {
        Box::pin(async { Ok(CallerDecision::File) })
    }
    fn is_server_admin<'a>(&'a self, _: OrgId, login: &'a str) -> Boxed<'a, Option<bool>> {
        // Who has asked Grafana nothing is told nothing.
        let known = (login != "unknown").then(|| login == "ann" || login == "root");
        Box::pin(async move { known })
    }
}

struct Server {
    router: Router,
    api: Api,
    quiet: Arc<Quiet>,
    _dir: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
    fn id(&self) -> String {
        self.body["id"].as_str().expect("an id").to_owned()
    }
}

async fn server(ini: &[(&'static str, &'static str)]) -> Server {
    server_at(ini, &[]).await
}

/// The same at a Grafana whose accounts have these names.
async fn server_at(ini: &[(&'static str, &'static str)], holders: &[(&'static str, i64)]) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let quiet = Arc::new(Quiet {
        store: store.clone(),
        ini: ini.to_vec(),
        page: Mutex::default(),
        holders: holders.to_vec(),
        rosters: Mutex::default(),
        wakes: AtomicUsize::new(0),
        accepted: Mutex::new([7, 8].map(UserId::new).into()),
    });
    let clock = Arc::new(Ticking(AtomicI64::new(1_700_000_000_000)));
    let api = Api::new(store, clock, Arc::new(Counting(AtomicI64::new(1))), quiet.clone());
    Server {
        router: router(api.clone()),
        api,
        quiet,
        _dir: dir,
    }
}

fn caller(login: &str, role: &str) -> Caller {
    Caller {
        org_id: OrgId::new(1),
        login: login.into(),
        role: role.into(),
    }
}

fn idp() -> Caller {
    caller("sa-1-okta", "Admin")
}

impl Server {
    async fn send(&self, who: Caller, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(who);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, headers, body }
    }

    async fn scim(&self, method: Method, path: &str, body: Value) -> Answer {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        self.send(idp(), method, &format!("/scim/v2{path}"), &[], bytes).await
    }

    async fn admin(&self, method: Method, path: &str, body: Value) -> Answer {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        self.send(caller("ann", "Admin"), method, &format!("/admin{path}"), &[], bytes)
            .await
    }

    async fn user(&self, name: &str) -> String {
        let made = self.scim(Method::POST, "/Users", json!({ "userName": name })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        made.id()
    }

    async fn group(&self, name: &str, members: &[String]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let made = self
            .scim(
                Method::POST,
                "/Groups",
                json!({ "displayName": name, "members": members }),
            )
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        made.id()
    }
}

/// The authorisation table of `routes`, tried out: anybody who is not named is refused, on every route, by every method.
#[tokio::test]
async fn every_route_refuses_everyone_but_its_own_callers() {
    let server = server(&[]).await;
    let strangers = |surface: Surface| {
        let mut all = vec![
            caller("", ""),
            caller("", "Admin"),
            caller("bob", "Viewer"),
            caller("bob", "Editor"),
            caller("sa-1-bot", "Viewer"),
            caller("sa-1-bot", "Editor"),
            caller("sa-1-bot", "None"),
            caller("sa-1-new", "Admin"),
        ];
        if surface == Surface::Scim {
            all.push(caller("ann", "Admin"));
        }
        all
    };
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
    ];
    let mut paths: Vec<(Surface, String)> = routes::all()
        .iter()
        .map(|r| {
            (
                r.surface,
                r.path
                    .replace("{id}", "1")
                    .replace("{name}", "User")
                    .replace("{urn}", "x"),
            )
        })
        .collect();
    paths.push((Surface::Scim, "/scim/v2/NoSuchThing".into()));
    paths.push((Surface::Admin, "/no-such-thing".into()));
    for (surface, path) in &paths {
        for method in &methods {
            for who in strangers(*surface) {
                let answer = server
                    .send(who.clone(), method.clone(), path, &[], b"{}".to_vec())
                    .await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path} by {who:?}");
                if *method != Method::HEAD {
                    let key = if *surface == Surface::Scim { "detail" } else { "message" };
                    assert!(answer.body[key].is_string(), "{method} {path}: {}", answer.body);
                }
            }
        }
    }
    assert_eq!(
        server
            .api
            .store
            .tally(&domain::Tenant::of_org(OrgId::new(1)))
            .await
            .unwrap()
            .users,
        0
    );
}

#[tokio::test]
async fn forged_grafana_headers_open_nothing() {
    let server = server(&[]).await;
    let forged = [
        ("x-grafana-user", "sa-1-okta"),
        ("x-grafana-id", "Admin"),
        ("x-grafana-org-id", "1"),
    ];
    let answer = server
        .send(
            caller("bob", "Viewer"),
            Method::GET,
            "/scim/v2/Users",
            &forged,
            Vec::new(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_user_is_created_found_changed_and_deleted() {
    let server = server(&[]).await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Ada@Ex.com", "externalId": "00u1",
        "name": { "givenName": "Ada", "familyName": "Lovelace" }, "emails": [{ "value": "ada@ex.com", "primary": true }],
    });
    let made = server.scim(Method::POST, "/Users", body).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.body["active"], json!(true));
    let location = format!("https://grafana.example{PATH_PREFIX}/scim/v2/Users/{}", made.id());
    assert_eq!(made.header("location"), location);
    assert_eq!(made.body["meta"]["location"], json!(location));
    let id = made.id();

    for filter in ["userName%20eq%20%22ada@ex.com%22", "externalId%20eq%20%2200u1%22"] {
        let found = server
            .scim(Method::GET, &format!("/Users?filter={filter}"), Value::Null)
            .await;
        assert_eq!(found.body["totalResults"], json!(1), "{filter}");
        assert_eq!(found.body["Resources"][0]["id"], json!(id));
    }
    let replace = |active: Value| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "Replace", "path": "active", "value": active }],
        })
    };
    let path = format!("/Users/{id}");
    let off = server.scim(Method::PATCH, &path, replace(json!("False"))).await;
    assert_eq!((off.status, &off.body["active"]), (StatusCode::OK, &json!(false)));
    let put = server
        .scim(Method::PUT, &path, json!({ "userName": "ada@ex.com", "active": true }))
        .await;
    assert_eq!((put.status, &put.body["active"]), (StatusCode::OK, &json!(true)));
    assert_eq!(
        server.scim(Method::DELETE, &path, Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        server.scim(Method::GET, &path, Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        server.scim(Method::DELETE, &path, Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(
        server.quiet.wakes.load(Ordering::Relaxed) >= 4,
        "each change woke the engine"
    );
}

#[tokio::test]
async fn a_protected_login_is_refused_at_once_and_not_stored() {
    let server = server(&[("break_glass", "Glass")]).await;
    for (login, why) in [("Root", "server admin"), ("GLASS", "break-glass")] {
        let refused = server.scim(Method::POST, "/Users", json!({ "userName": login })).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{login}");
        assert!(
            refused.body["detail"].as_str().unwrap().contains(why),
            "{}",
            refused.body
        );
    }
    let all = server.scim(Method::GET, "/Users", Value::Null).await;
    assert_eq!(all.body["totalResults"], json!(0));
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing() {
    let server = server(&[]).await;
    let id = server.user("ada").await;
    let path = format!("/scim/v2/Users/{id}");
    let read = server.send(idp(), Method::GET, &path, &[], Vec::new()).await;
    let tag = read.header("etag").to_owned();
    let same = server
        .send(idp(), Method::GET, &path, &[("if-none-match", &tag)], Vec::new())
        .await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let body = json!({ "userName": "ada", "active": false }).to_string().into_bytes();
    let first = server
        .send(idp(), Method::PUT, &path, &[("if-match", &tag)], body.clone())
        .await;
    assert_eq!(first.status, StatusCode::OK);
    let second = server
        .send(idp(), Method::PUT, &path, &[("if-match", &tag)], body)
        .await;
    assert_eq!(second.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(second.body["schemas"][0], json!(::scim::error::URN));
}

#[tokio::test]
async fn members_come_and_go_and_are_read_only_when_asked_for() {
    let server = server(&[]).await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let group = server.group("Eng", &[ada.clone(), bob.clone()]).await;
    let path = format!("/Groups/{group}");
    let patch = |op: Value| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [op] });
    let gone = json!({ "op": "remove", "path": format!("members[value eq \"{ada}\"]") });
    assert_eq!(
        server.scim(Method::PATCH, &path, patch(gone)).await.status,
        StatusCode::NO_CONTENT
    );
    let read = server.scim(Method::GET, &path, Value::Null).await;
    let ids: Vec<&Value> = read.body["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["value"])
        .collect();
    assert_eq!(ids, [&json!(bob)]);
    let bare = server
        .scim(
            Method::GET,
            &format!("{path}?excludedAttributes=members,meta"),
            Value::Null,
        )
        .await;
    assert!(bare.body.get("members").is_none(), "{}", bare.body);
    assert_eq!(bare.body["displayName"], json!("Eng"));
    let user = server.scim(Method::GET, &format!("/Users/{bob}"), Value::Null).await;
    assert_eq!(user.body["groups"][0]["value"], json!(group));
    let stranger = json!({ "op": "add", "path": "members", "value": [{ "value": "nobody" }] });
    let refused = server.scim(Method::PATCH, &path, patch(stranger)).await;
    assert_eq!(
        (refused.status, &refused.body["scimType"]),
        (StatusCode::BAD_REQUEST, &json!("invalidValue"))
    );
}

#[tokio::test]
async fn a_body_that_is_no_json_gets_a_scim_400_and_is_logged() {
    let server = server(&[]).await;
    for body in ["{", "[]", "\"x\"", "{\"userName\":\"a\"", "\0"] {
        let answer = server
            .send(idp(), Method::POST, "/scim/v2/Users", &[], body.into())
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body:?}");
        assert_eq!(answer.body["status"], json!("400"));
        assert!(answer.header("content-type").starts_with("application/scim+json"));
    }
    let log = server
        .admin(Method::GET, "/activity?outcome=refused", Value::Null)
        .await;
    assert_eq!(log.body["entries"].as_array().unwrap().len(), 5, "{}", log.body);
    assert!(log.body["entries"][0]["reason"].is_string());
}

#[tokio::test]
async fn a_caller_refused_again_and_again_does_not_fill_the_log() {
    let server = server(&[]).await;
    for _ in 0..20 {
        server
            .send(caller("bob", "Viewer"), Method::GET, "/scim/v2/Users", &[], Vec::new())
            .await;
    }
    let log = server.admin(Method::GET, "/activity", Value::Null).await;
    assert_eq!(log.body["entries"].as_array().unwrap().len(), 1, "{}", log.body);
}

#[tokio::test]
async fn twelve_creates_of_one_user_at_once_make_one() {
    let server = Arc::new(server(&[]).await);
    let mut all = tokio::task::JoinSet::new();
    for n in 0..12 {
        let server = server.clone();
        let name = if n % 2 == 0 { "Ada@ex.com" } else { "ada@EX.com" };
        all.spawn(async move {
            server
                .scim(Method::POST, "/Users", json!({ "userName": name }))
                .await
                .status
        });
    }
    let mut statuses = all.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], StatusCode::CREATED);
    assert!(statuses[1..].iter().all(|s| *s == StatusCode::CONFLICT), "{statuses:?}");
}

#[tokio::test]
async fn twenty_four_members_added_at_once_are_all_there() {
    let server = Arc::new(server(&[]).await);
    let group = server.group("Eng", &[]).await;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..24 {
        let (server, path) = (server.clone(), format!("/Groups/{group}"));
        all.spawn(async move {
            let id = server.user(&format!("user{n}")).await;
            let add = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id }] }] });
            server.scim(Method::PATCH, &path, add).await.status
        });
    }
    assert!(all.join_all().await.iter().all(|s| *s == StatusCode::NO_CONTENT));
    let read = server.scim(Method::GET, &format!("/Groups/{group}"), Value::Null).await;
    assert_eq!(read.body["members"].as_array().unwrap().len(), 24);
}

#[tokio::test]
async fn pages_are_stable_and_sorted_pages_are_sorted() {
    let server = server(&[]).await;
    for name in ["cyd", "ada", "bob"] {
        server.user(name).await;
    }
    let names = |answer: &Answer| -> Vec<String> {
        let rows = answer.body["Resources"].as_array().unwrap();
        rows.iter()
            .map(|r| r["userName"].as_str().unwrap().to_owned())
            .collect()
    };
    let page = server
        .scim(Method::GET, "/Users?startIndex=2&count=1", Value::Null)
        .await;
    assert_eq!(
        (page.body["totalResults"].as_u64(), names(&page)),
        (Some(3), vec!["ada".to_owned()])
    );
    let sorted = server
        .scim(Method::GET, "/Users?sortBy=userName&startIndex=2&count=2", Value::Null)
        .await;
    assert_eq!(
        (sorted.body["totalResults"].as_u64(), names(&sorted)),
        (Some(3), vec!["bob".into(), "cyd".into()])
    );
    let none = server.scim(Method::GET, "/Users?count=0", Value::Null).await;
    assert_eq!((none.body["totalResults"].as_u64(), names(&none).len()), (Some(3), 0));
}

#[tokio::test]
async fn another_organization_sees_nothing_of_ours() {
    let server = server(&[]).await;
    let id = server.user("ada").await;
    let other = Caller {
        org_id: OrgId::new(2),
        ..idp()
    };
    let read = server
        .send(
            other.clone(),
            Method::GET,
            &format!("/scim/v2/Users/{id}"),
            &[],
            Vec::new(),
        )
        .await;
    assert_eq!(read.status, StatusCode::NOT_FOUND);
    let gone = server
        .send(other, Method::DELETE, &format!("/scim/v2/Users/{id}"), &[], Vec::new())
        .await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(
        server
            .scim(Method::GET, &format!("/Users/{id}"), Value::Null)
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_setting_is_changed_on_the_page_unless_a_file_sets_it() {
    let server = server(&[("mapping_mode", "create")]).await;
    let put = |settings: Value| server.admin(Method::PUT, "/settings", json!({ "settings": settings }));
    let locked = put(json!({ "mapping_mode": "strict" })).await;
    assert_eq!(
        (locked.status, &locked.body["field"]),
        (StatusCode::CONFLICT, &json!("mapping_mode"))
    );
    let wrong = put(json!({ "claim_policy": "email", "deprovision": "maybe" })).await;
    assert_eq!(
        (wrong.status, &wrong.body["field"]),
        (StatusCode::BAD_REQUEST, &json!("deprovision"))
    );
    assert!(wrong.body["message"].as_str().unwrap().contains("disable, suspend"));
    let secret = put(json!({ "admin_password": "x" })).await;
    assert_eq!(secret.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        put(json!({ "no_such_setting": "x" })).await.status,
        StatusCode::BAD_REQUEST
    );
    let find = |answer: &Answer, key: &str| -> Value {
        let rows = answer.body["settings"].as_array().unwrap();
        rows.iter().find(|s| s["key"] == json!(key)).unwrap().clone()
    };
    let read = server.admin(Method::GET, "/settings", Value::Null).await;
    assert_eq!(
        find(&read, "claim_policy")["value"],
        json!("linked"),
        "one wrong value changes nothing"
    );
    let done = put(json!({ "claim_policy": "email" })).await;
    assert_eq!(done.status, StatusCode::OK);
    assert_eq!(find(&done, "claim_policy")["origin"], json!("page"));
    let password = find(&done, "admin_password");
    assert_eq!(
        (&password["value"], &password["secret_set"]),
        (&Value::Null, &json!(true))
    );
    let back = put(json!({ "claim_policy": null })).await;
    assert_eq!(find(&back, "claim_policy")["origin"], json!("default"));
}

#[tokio::test]
async fn a_group_is_mapped_to_a_team_once_and_unmapped_again() {
    let server = server(&[]).await;
    let group = server.group("Platform", &[]).await;
    let read = server.admin(Method::GET, "/groups", Value::Null).await;
    assert_eq!(read.body["groups"][0]["suggestion"]["id"], json!(7), "{}", read.body);
    let add = |body: Value| server.admin(Method::POST, "/mappings", body);
    let made = add(json!({ "group_id": group, "team_id": 7 })).await;
    assert_eq!(
        (made.status, &made.body["team_name"]),
        (StatusCode::CREATED, &json!("Platform"))
    );
    let twice = add(json!({ "group_id": group, "team_id": 7 })).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    for (body, field) in [
        (json!({ "group_id": "nobody", "team_id": 7 }), "group_id"),
        (json!({ "group_id": group, "team_id": 99 }), "team_id"),
        (json!({ "group_id": group, "new_team": " " }), "new_team"),
        (json!({ "group_id": group, "new_team": "x".repeat(191) }), "new_team"),
        (json!({ "group_id": group, "new_team": "x", "team_id": 8 }), "team_id"),
    ] {
        let wrong = add(body).await;
        assert_eq!(
            (wrong.status, &wrong.body["field"]),
            (StatusCode::BAD_REQUEST, &json!(field)),
            "{}",
            wrong.body
        );
    }
    let path = format!("/mappings/{}", made.body["id"]);
    assert_eq!(
        server.admin(Method::DELETE, &path, Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        server.admin(Method::DELETE, &path, Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
    let log = server.admin(Method::GET, "/activity", Value::Null).await;
    let actions: Vec<&Value> = log.body["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["action"])
        .collect();
    assert_eq!(actions[..2], [&json!("mapping.remove"), &json!("mapping.add")]);
}

#[tokio::test]
async fn the_overview_counts_what_is_there_and_names_who_called() {
    let server = server(&[]).await;
    let empty = server.admin(Method::GET, "/overview", Value::Null).await;
    assert_eq!(empty.body["sync"], json!("empty"));
    let ada = server.user("ada").await;
    server.group("Eng", &[ada]).await;
    let read = server.admin(Method::GET, "/overview", Value::Null).await;
    assert_eq!(read.body["sync"], json!("syncing"));
    assert_eq!(read.body["counts"]["users"], json!(1));
    assert_eq!(read.body["pending"]["count"], json!(2));
    assert_eq!(read.body["callers"][0]["login"], json!("sa-1-okta"));
    assert_eq!(read.body["callers"][0]["last_request"], json!("POST /Groups"));
    assert_eq!(
        read.body["scim_url"],
        json!(format!("https://grafana.example{PATH_PREFIX}/scim/v2"))
    );
    let people = server.admin(Method::GET, "/users?query=AD", Value::Null).await;
    assert_eq!(
        (&people.body["total"], &people.body["users"][0]["access"]),
        (&json!(1), &json!("pending"))
    );
    assert_eq!(people.body["users"][0]["groups"], json!(["Eng"]));
    // The filter and the words agree, and a filter that does not exist is not taken for "everybody".
    for (access, total) in [("pending", 1), ("active", 0), ("closed", 0), ("needs_attention", 0)] {
        let path = format!("/users?access={access}");
        let found = server.admin(Method::GET, &path, Value::Null).await;
        assert_eq!(found.body["total"], json!(total), "{access}");
    }
    let wrong = server.admin(Method::GET, "/users?access=gone", Value::Null).await;
    assert_eq!(wrong.body["field"], json!("access"));
    let id = people.body["users"][0]["id"].as_str().unwrap();
    let one = server.admin(Method::GET, &format!("/users?id={id}"), Value::Null).await;
    assert_eq!(one.body["total"], json!(1));
    let none = server.admin(Method::GET, "/users?id=someone-else", Value::Null).await;
    assert_eq!(none.body["total"], json!(0));
}

#[tokio::test]
async fn what_discovery_announces_is_there() {
    let server = server(&[]).await;
    let config = server.scim(Method::GET, "/ServiceProviderConfig", Value::Null).await;
    assert_eq!(config.body["patch"]["supported"], json!(true));
    assert_eq!(
        config.body["bulk"],
        json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 16 << 20 })
    );
    assert_eq!(
        config.body["pagination"],
        json!({ "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100, "maxPageSize": 1000 })
    );
    for path in [
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/Schemas",
        "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group",
    ] {
        assert_eq!(
            server.scim(Method::GET, path, Value::Null).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
    let filtered = server.scim(Method::GET, "/Schemas?filter=id%20pr", Value::Null).await;
    assert_eq!(filtered.status, StatusCode::FORBIDDEN);
    assert_eq!(
        server.scim(Method::GET, "/Me", Value::Null).await.status,
        StatusCode::NOT_IMPLEMENTED
    );
    assert_eq!(
        server.scim(Method::GET, "/Nothing", Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
    for (method, path, allowed) in [
        (Method::PUT, "/Users", "GET,HEAD,POST"),
        (Method::GET, "/Bulk", "POST"),
        (Method::DELETE, "/.search", "POST"),
        (Method::POST, "/Schemas", "GET,HEAD"),
    ] {
        let refused = server.scim(method, path, Value::Null).await;
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(refused.header("allow"), allowed);
        assert_eq!(refused.body["status"], json!("405"));
    }
}

#[tokio::test]
async fn a_path_that_is_no_text_gets_a_scim_error() {
    let server = server(&[]).await;
    for path in ["/Users/%ff", "/Groups/%c3%28", "/Schemas/%ff", "/ResourceTypes/%ff"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = server.scim(method, path, json!({})).await;
            assert!(answer.status.is_client_error(), "{path}");
            assert_eq!(answer.body["schemas"][0], json!(::scim::error::URN), "{path}");
        }
    }
}

#[tokio::test]
async fn a_new_list_of_members_brings_new_names() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let group = server.group("Eng", std::slice::from_ref(&ada)).await;
    let path = format!("/Groups/{group}");
    let put = |display: &str| {
        let body = json!({ "displayName": "Eng", "members": [{ "value": ada, "display": display }] });
        server.scim(Method::PUT, &path, body)
    };
    let named = put("Ada K").await;
    assert_eq!(named.body["members"][0]["display"], json!("Ada K"));
    let renamed = put("Ada L").await;
    assert_eq!(renamed.body["members"][0]["display"], json!("Ada L"));
    assert_eq!(put("Ada L").await.body["meta"], renamed.body["meta"]);
    let add =
        json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": ada, "display": "X" }] }] });
    server.scim(Method::PATCH, &path, add).await;
    let read = server.scim(Method::GET, &path, Value::Null).await;
    assert_eq!(read.body, renamed.body, "adding who is there changes nothing");
}
