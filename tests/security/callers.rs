//! Who may call SCIM, who may change a setting, and where a secret is sent.

use std::sync::{Arc, Mutex, PoisonError};

use acceptance::{
    connect::Answer,
    grafana::{Credentials, Grafana, PLUGIN},
    idp::{Connection, ERROR, ScimClient, USER},
    rig::{BOT, Rig, user},
    wait::{SOON, until},
};
use admin_api::{CallerRow, CallerState, Callers, Overview, SyncState};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Every route of the page with each method it has. A path that needs an id gets one that nobody has.
const PAGE: &[(&str, &str)] = &[
    ("GET", "overview"),
    ("POST", "sync"),
    ("GET", "users"),
    ("POST", "users/0/claim"),
    ("POST", "users/0/release"),
    ("GET", "groups"),
    ("GET", "teams"),
    ("POST", "mappings"),
    ("POST", "mappings/preview"),
    ("PUT", "mappings/1"),
    ("DELETE", "mappings/1"),
    ("GET", "settings"),
    ("PUT", "settings"),
    ("POST", "credentials/test"),
    ("POST", "credentials/given"),
    ("GET", "callers"),
    ("POST", "callers/1/accept"),
    ("POST", "callers/1/dismiss"),
    ("POST", "connection-test"),
    ("GET", "activity"),
    ("POST", "retry"),
    ("POST", "resync"),
    ("GET", "login-doctor"),
    ("GET", "no-such-route"),
];

const PASSWORD: &str = "a good password";

/// A person with this role in the first organization, and no more.
async fn person(rig: &Rig, login: &str, role: &str) -> Result<Grafana> {
    let id = rig
        .grafana
        .make_account(login, &format!("{login}@example.com"), PASSWORD)
        .await?;
    rig.grafana.set_role(id, role).await?;
    Ok(signed_in(rig, login))
}

fn signed_in(rig: &Rig, login: &str) -> Grafana {
    let (user, password) = (login.to_owned(), PASSWORD.to_owned());
    rig.grafana.as_somebody(Credentials::Basic { user, password })
}

/// A service account's token, which nobody has accepted.
async fn robot(rig: &Rig, name: &str, role: &str) -> Result<(i64, String, Grafana)> {
    let account = rig.grafana.service_account(name, role).await?;
    let token = rig.grafana.token(&account, &format!("{name} token")).await?;
    let robot = rig.grafana.as_somebody(Credentials::Token(token.clone()));
    Ok((account.id, token, robot))
}

fn scim_by(rig: &Rig, token: &str) -> ScimClient {
    ScimClient::new(Connection {
        base: format!("{}/scim/v2", rig.grafana.resources()),
        token: token.to_owned(),
    })
}

async fn asks_for_users(somebody: &Grafana) -> Result<Answer> {
    let url = format!("/api/plugins/{PLUGIN}/resources/scim/v2/Users");
    Answer::of(somebody.request(Method::GET, &url)).await
}

async fn rename(rig: &Rig, from: &str, to: &str) -> Result<()> {
    let account = rig.grafana.existing_account(from).await?;
    let body = json!({ "login": to, "email": account.email, "name": account.name });
    rig.grafana
        .send(Method::PUT, &format!("/api/users/{}", account.id), &body)
        .await
        .map(drop)
}

async fn listed(rig: &Rig, state: CallerState) -> Result<Vec<CallerRow>> {
    let mut shown: Callers = rig.page.admin("callers").await?;
    shown.rows.retain(|row| row.state == state);
    Ok(shown.rows)
}

/// Waits until the page shows this caller so.
async fn shown(rig: &Rig, state: CallerState, id: i64) -> Result<CallerRow> {
    until(&format!("the page shows {id} as {state:?}"), SOON, async || {
        let rows = listed(rig, state).await?;
        let row = rows.iter().find(|row| row.id == id).cloned();
        row.with_context(|| format!("it shows {rows:?}"))
    })
    .await
}

async fn setting(rig: &Rig, key: &str) -> Result<Value> {
    let all: Value = rig.page.admin("settings").await?;
    let rows = all["settings"].as_array().cloned().unwrap_or_default();
    let row = rows.into_iter().find(|row| row["key"] == key);
    row.with_context(|| format!("no setting {key}"))
}

// Who is a caller.

#[tokio::test]
async fn a_person_named_like_a_service_account_is_no_caller() -> Result<()> {
    let rig = Rig::start().await?;
    rig.scim().await?.get("/Users").await?.expect(&[200])?;
    for login in ["sa-9-okta", "sa-1-nobody"] {
        let somebody = person(&rig, login, "Admin").await?;
        let refused = asks_for_users(&somebody).await?.expect(&[403])?;
        ensure!(refused.json["schemas"][0] == ERROR, "{}", refused.text);
    }
    ensure!(
        listed(&rig, CallerState::Waiting).await?.is_empty(),
        "a person waits to be accepted"
    );
    rig.finish().await
}

#[tokio::test]
async fn a_viewer_renamed_to_an_unused_entry_is_no_caller() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini(&format!("plugin.{PLUGIN}"), "scim_callers", "sa-1-scim, robot")).await?;
    person(&rig, "mallory", "Viewer").await?;
    for (from, to) in [("mallory", "robot"), ("robot", "sa-1-scim")] {
        rename(&rig, from, to).await?;
        rig.check_now().await?;
        asks_for_users(&signed_in(&rig, to)).await?.expect(&[403])?;
    }
    rig.finish().await
}

#[tokio::test]
async fn an_entry_of_the_file_names_an_account_not_a_name() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini(&format!("plugin.{PLUGIN}"), "scim_callers", "sa-1-scim")).await?;
    let (id, token, _) = robot(&rig, "scim", "Viewer").await?;
    let scim = scim_by(&rig, &token);
    until("the entry is in force", SOON, async || {
        scim.get("/Users").await?.expect(&[200]).map(drop)
    })
    .await?;
    shown(&rig, CallerState::File, id).await?;
    let path = format!("/api/serviceaccounts/{id}");
    rig.grafana.call(Method::DELETE, &path, None).await?.expect(&[200])?;
    person(&rig, "mallory", "Viewer").await?;
    rename(&rig, "mallory", "sa-1-scim").await?;
    rig.check_now().await?;
    until("the name alone opens nothing", SOON, async || {
        asks_for_users(&signed_in(&rig, "sa-1-scim"))
            .await?
            .expect(&[403])
            .map(drop)
    })
    .await?;
    // The account is made again: the file means it, and the log says so.
    rename(&rig, "sa-1-scim", "mallory").await?;
    let (again, token, _) = robot(&rig, "scim", "Viewer").await?;
    ensure!(again != id, "the same id");
    let scim = scim_by(&rig, &token);
    until("the entry is in force again", SOON, async || {
        scim.get("/Users").await?.expect(&[200]).map(drop)
    })
    .await?;
    until("the log warns of it", SOON, async || {
        let log = rig.plugin_log();
        let said = |line: &str| line.to_lowercase().contains("warn") && line.contains("sa-1-scim");
        ensure!(log.lines().any(said), "it does not");
        Ok(())
    })
    .await?;
    rig.finish().await
}

#[tokio::test]
async fn an_unknown_caller_waits_until_an_admin_accepts_it() -> Result<()> {
    let rig = Rig::start().await?;
    let (id, token, _) = robot(&rig, "Newcomer", "Viewer").await?;
    let scim = scim_by(&rig, &token);
    let refused = scim.get("/Users").await?.expect(&[403])?;
    ensure!(refused.json["schemas"][0] == ERROR, "{}", refused.text);
    ensure!(refused.str("/detail").contains("Set-up"), "{}", refused.text);
    let waiting = shown(&rig, CallerState::Waiting, id).await?;
    ensure!(
        waiting.login == "sa-1-newcomer" && waiting.role == "Viewer",
        "{waiting:?}"
    );
    rig.page
        .admin_send(Method::POST, &format!("callers/{id}/accept"), &json!({}))
        .await?
        .expect(&[200])?;
    scim.post("/Users", &user("ada@example.com", "Ada", "L"))
        .await?
        .expect(&[201])?;
    rig.open("ada@example.com").await?;
    let row = shown(&rig, CallerState::Accepted, id).await?;
    ensure!(row.warning.is_none(), "{row:?}");
    ensure!(listed(&rig, CallerState::Waiting).await?.is_empty());
    // …and may be sent away again.
    rig.page
        .admin_send(Method::POST, &format!("callers/{id}/dismiss"), &json!({}))
        .await?
        .expect(&[200])?;
    scim.get("/Users").await?.expect(&[403])?;
    rig.finish().await
}

#[tokio::test]
async fn a_caller_with_the_role_admin_works_and_is_warned_of() -> Result<()> {
    let rig = Rig::start().await?;
    let (id, token, _) = robot(&rig, "Mighty", "Admin").await?;
    let scim = scim_by(&rig, &token);
    scim.get("/Users").await?.expect(&[403])?;
    rig.page
        .admin_send(Method::POST, &format!("callers/{id}/accept"), &json!({}))
        .await?
        .expect(&[200])?;
    scim.get("/Users").await?.expect(&[200])?;
    let row = shown(&rig, CallerState::Accepted, id).await?;
    let warning = row.warning.as_deref().unwrap_or_default();
    ensure!(warning.contains("Viewer"), "{row:?}");
    rig.finish().await
}

#[tokio::test]
async fn callers_stay_known_while_their_list_is_unreadable() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    scim.get("/Users").await?.expect(&[200])?;
    rig.fault(
        grafana_stand_in::Fault::new("/api/serviceaccounts/search", grafana_stand_in::Effect::Drop).times(usize::MAX),
    );
    rig.check_now().await?;
    until("the page says that the list cannot be read", SOON, async || {
        let shown: Callers = rig.page.admin("callers").await?;
        ensure!(!shown.problems.is_empty(), "{shown:?}");
        Ok(())
    })
    .await?;
    scim.get("/Users").await?.expect(&[200])?;
    rig.grafana_back();
    rig.finish().await
}

// Who may use the page.

#[tokio::test]
async fn a_providers_token_reaches_no_route_of_the_page() -> Result<()> {
    let rig = Rig::start().await?;
    let (_, _, robot) = robot(&rig, "Provider", "Admin").await?;
    for (method, route) in PAGE {
        let method = Method::from_bytes(method.as_bytes())?;
        let answer = robot.admin_send(method, route, &json!({})).await?.expect(&[403])?;
        ensure!(answer.str("/message").contains("person"), "{}", answer.text);
    }
    rig.finish().await
}

#[tokio::test]
async fn an_admin_whose_login_begins_with_sa_uses_the_page() -> Result<()> {
    let rig = Rig::start().await?;
    let ann = person(&rig, "sa-ann", "Admin").await?;
    ann.admin_send(Method::GET, "settings", &json!(null))
        .await?
        .expect(&[200])?;
    rig.finish().await
}

#[tokio::test]
async fn an_organizations_admin_changes_nothing_beyond_it() -> Result<()> {
    let rig = Rig::start().await?;
    rig.grafana.set("break_glass", "glass").await?.expect(&[200])?;
    let ann = person(&rig, "ann", "Admin").await?;
    for (key, value) in [
        ("break_glass", "ann"),
        ("break_glass", ""),
        ("deprovision", "delete"),
        ("deprovision", "recreate"),
    ] {
        let refused = ann.set(key, value).await?.expect(&[403])?;
        ensure!(refused.str("/field") == key, "{}", refused.text);
        ensure!(refused.str("/message").contains("server admin"), "{}", refused.text);
    }
    let listed = setting(&rig, "break_glass").await?;
    ensure!(listed["value"] == "glass", "{listed}");
    for (key, value) in [("deprovision", "disable"), ("team_removal", "keep")] {
        ann.set(key, value).await?.expect(&[200])?;
    }
    // Who takes the server admin's e-mail for a login is not the server admin.
    rig.grafana.set("deprovision", "delete").await?.expect(&[200])?;
    rig.finish().await
}

#[tokio::test]
async fn grafanas_own_route_weakens_nothing_either() -> Result<()> {
    let rig = Rig::start().await?;
    rig.grafana.set("break_glass", "glass").await?.expect(&[200])?;
    let (_, _, robot) = robot(&rig, "Provider", "Admin").await?;
    robot
        .enable_app(
            &json!({ "deprovision": "delete", "breakGlass": "nobody", "scimCallers": "sa-1-evil" }),
            &json!({}),
        )
        .await?;
    rig.answers().await?;
    for (key, kept) in [("deprovision", "suspend"), ("break_glass", "glass")] {
        let row = setting(&rig, key).await?;
        ensure!(row["value"] == kept, "{row}");
        ensure!(
            row["problem"]
                .as_str()
                .is_some_and(|said| said.contains("server admin")),
            "{row}"
        );
    }
    let (_, token, _) = self::robot(&rig, "evil", "Viewer").await?;
    scim_by(&rig, &token).get("/Users").await?.expect(&[403])?;
    rig.finish().await
}

#[tokio::test]
async fn what_weakens_protection_is_a_warning_in_grafanas_log() -> Result<()> {
    let rig = Rig::start().await?;
    rig.grafana
        .set("break_glass", "glass@example.com, other")
        .await?
        .expect(&[200])?;
    let (id, _, _) = robot(&rig, "Newcomer", "Viewer").await?;
    for (key, value) in [
        ("break_glass", "other"),
        ("deprovision", "delete"),
        ("activity_days", "1"),
        ("claim_policy", "email"),
        ("sign_in", "auth.okta"),
        ("return_days", "60"),
        ("claim_password", "keep"),
        ("mapping_mode", "create"),
        ("team_removal", "remove"),
        ("membership", "repair"),
    ] {
        rig.grafana.set(key, value).await?.expect(&[200])?;
    }
    rig.page
        .admin_send(Method::POST, &format!("callers/{id}/accept"), &json!({}))
        .await?
        .expect(&[200])?;
    // Also by Grafana's own route.
    rig.grafana
        .enable_app(&json!({ "teamClaim": "ask" }), &json!({}))
        .await?;
    rig.answers().await?;
    rig.grafana
        .enable_app(&json!({ "teamClaim": "use" }), &json!({}))
        .await?;
    rig.answers().await?;
    let texts = [
        "break_glass",
        "deprovision",
        "activity_days",
        "claim_policy",
        "sign_in",
        "return_days",
        "claim_password",
        "mapping_mode",
        "team_removal",
        "membership",
        "team_claim",
        "sa-1-newcomer",
    ];
    let is_warning = |line: &str, text: &str| line.to_lowercase().contains("warn") && line.contains(text);
    // Grafana writes down what it is told a moment later.
    until("the log warns of each", SOON, async || {
        let log = rig.plugin_log();
        for text in texts {
            ensure!(log.lines().any(|line| is_warning(line, text)), "no warning of {text}");
        }
        Ok(())
    })
    .await?;
    let log = rig.plugin_log();
    ensure!(!log.contains("glass@example.com"), "an e-mail is in the log");
    rig.finish().await
}

// Where a secret goes.

/// A server that is not Grafana, and everything it was sent.
struct Stranger {
    url: String,
    heard: Arc<Mutex<String>>,
}

impl Stranger {
    async fn listen(answer: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let heard = Arc::new(Mutex::new(String::new()));
        let all = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let all = all.clone();
                tokio::spawn(async move {
                    let mut bytes = vec![0; 65_536];
                    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                        all.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push_str(&String::from_utf8_lossy(&bytes[..count]));
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Ok(Self { url, heard })
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

const HEALTHY: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"version\":\"11.1.1\"}";
const ELSEWHERE: &str = "HTTP/1.1 302 Found\r\nlocation: http://intranet.example/login\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_stored_secret_is_not_sent_to_another_url() -> Result<()> {
    let rig = Rig::start().await?;
    let stranger = Stranger::listen(HEALTHY).await?;
    let (_, _, robot) = robot(&rig, "Provider", "Admin").await?;
    robot
        .enable_app(&json!({ "grafanaUrl": stranger.url }), &json!({}))
        .await?;
    rig.answers().await?;
    rig.check_now().await?;
    let said = until("the page says that the secret is kept back", SOON, async || {
        let row = setting(&rig, "grafana_url").await?;
        let problem = row["problem"].as_str().unwrap_or_default().to_owned();
        ensure!(
            problem.contains("again"),
            "{row}; the stranger heard {}",
            stranger.heard()
        );
        Ok(problem)
    })
    .await?;
    ensure!(said.contains("admin_password"), "{said}");
    let health = rig
        .grafana
        .call(Method::GET, &format!("/api/plugins/{PLUGIN}/health"), None)
        .await?
        .expect(&[400])?;
    ensure!(health.str("/message").contains("again"), "{}", health.text);
    ensure!(stranger.heard().is_empty(), "it heard {}", stranger.heard());
    // Another login of the same Grafana is another who gets the secret, too.
    robot
        .enable_app(
            &json!({ "grafanaUrl": rig.grafana.url(), "adminUser": "mallory" }),
            &json!({}),
        )
        .await?;
    rig.answers().await?;
    let row = setting(&rig, "admin_user").await?;
    ensure!(
        row["problem"].as_str().is_some_and(|said| said.contains("again")),
        "{row}"
    );
    // Back to what it was given for, it is in use again, and nobody types anything.
    robot.enable_app(&json!({ "adminUser": BOT }), &json!({})).await?;
    rig.answers().await?;
    rig.check_now().await?;
    rig.state(&[admin_api::SyncState::Empty, admin_api::SyncState::InSync])
        .await?;
    rig.finish().await
}

#[tokio::test]
async fn a_secret_typed_again_is_in_use_at_the_new_url() -> Result<()> {
    let rig = Rig::start().await?;
    kept_back_at_another_name(&rig).await?;
    rig.kill_plugin().await?;
    let row = setting(&rig, "grafana_url").await?;
    ensure!(row["problem"].is_string(), "forgotten by a new process: {row}");
    rig.give_password_again().await?.expect(&[200])?;
    rig.check_now().await?;
    rig.state(&[admin_api::SyncState::Empty, admin_api::SyncState::InSync])
        .await?;
    let row = setting(&rig, "grafana_url").await?;
    ensure!(row["problem"].is_null(), "{row}");
    rig.finish().await
}

#[tokio::test]
async fn a_stored_secret_cannot_be_guessed_by_typing() -> Result<()> {
    let rig = Rig::start().await?;
    kept_back_at_another_name(&rig).await?;
    let guess = json!({ "admin_password": "a guess" });
    rig.grafana
        .admin_send(Method::POST, "credentials/given", &guess)
        .await?
        .expect(&[409])?;
    // One guess a minute: not even the right one counts before.
    let early = rig.give_password_again().await?.expect(&[429])?;
    ensure!(!early.header("retry-after").is_empty(), "{:?}", early.headers);
    let row = setting(&rig, "grafana_url").await?;
    ensure!(row["problem"].is_string(), "{row}");
    rig.finish().await
}

/// Another name of the same Grafana: for a secret it is another place.
async fn kept_back_at_another_name(rig: &Rig) -> Result<()> {
    let there = rig.grafana.url().replace("127.0.0.1", "localhost");
    rig.grafana
        .enable_app(&json!({ "grafanaUrl": there }), &json!({}))
        .await?;
    rig.answers().await?;
    until("the secret is kept back", SOON, async || {
        let row = setting(rig, "grafana_url").await?;
        ensure!(row["problem"].is_string(), "{row}");
        Ok(())
    })
    .await
}

// What a test of credentials gives away.

#[tokio::test]
async fn an_admin_tests_no_credentials_of_their_own() -> Result<()> {
    let rig = Rig::start().await?;
    let ann = person(&rig, "ann", "Admin").await?;
    let before = rig.refused_sign_ins();
    for typed in [
        json!({ "admin_user": "admin", "admin_password": "a guess" }),
        json!({ "admin_password": "a guess" }),
        json!({ "service_account_token": "glsa_guess" }),
        json!({ "grafana_url": "http://127.0.0.1:9" }),
    ] {
        let refused = ann
            .admin_send(Method::POST, "credentials/test", &typed)
            .await?
            .expect(&[403])?;
        ensure!(refused.str("/message").contains("server admin"), "{}", refused.text);
    }
    ensure!(rig.refused_sign_ins() == before, "a guess was tried");
    // What is in force may be tried by anybody who sees the page, once a minute.
    let tested = ann
        .admin_send(Method::POST, "credentials/test", &json!({}))
        .await?
        .expect(&[200])?;
    ensure!(tested.json["ok"] == true, "{}", tested.text);
    ann.admin_send(Method::POST, "credentials/test", &json!({}))
        .await?
        .expect(&[429])?;
    rig.finish().await
}

#[tokio::test]
async fn testing_wrong_passwords_locks_nobody_out() -> Result<()> {
    let rig = Rig::start().await?;
    let before = rig.refused_sign_ins();
    let typed = json!({ "grafana_url": rig.grafana.url(), "admin_user": BOT, "admin_password": "a guess" });
    let mut answered = Vec::new();
    for _ in 0..6 {
        let answer = rig.grafana.admin_send(Method::POST, "credentials/test", &typed).await?;
        answered.push(answer.status);
    }
    ensure!(answered == [200, 429, 429, 429, 429, 429], "{answered:?}");
    let tried = rig.refused_sign_ins() - before;
    ensure!(tried <= 1, "{tried} wrong passwords were tried");
    rig.finish().await
}

#[tokio::test]
async fn a_test_of_credentials_maps_no_network() -> Result<()> {
    let stranger = Stranger::listen(ELSEWHERE).await?;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        format!("http://{}", listener.local_addr()?)
    };
    let mut told = Vec::new();
    for url in [stranger.url.clone(), closed] {
        let rig = Rig::start().await?;
        let typed = json!({ "grafana_url": url, "admin_user": "x", "admin_password": "y" });
        let answer = rig
            .grafana
            .admin_send(Method::POST, "credentials/test", &typed)
            .await?
            .expect(&[200])?;
        told.push(answer.text.replace(&url, "URL"));
        rig.finish().await?;
    }
    ensure!(told[0] == told[1], "{told:?}");
    Ok(())
}

/// The same without a test of credentials: an Admin names a URL by Grafana's own route, and looks at the page.
#[tokio::test]
async fn the_page_maps_no_network() -> Result<()> {
    let stranger = Stranger::listen(ELSEWHERE).await?;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        format!("http://{}", listener.local_addr()?)
    };
    let rig = Rig::start().await?;
    rig.scim().await?;
    let mut told = Vec::new();
    for url in [stranger.url.clone(), closed] {
        let place = json!({ "grafanaUrl": url, "adminUser": "x" });
        rig.grafana.enable_app(&place, &json!({ "adminPassword": url })).await?;
        rig.answers().await?;
        let words = until("the page says that Grafana is away", SOON, async || {
            let seen: Overview = rig.page.admin("overview").await?;
            ensure!(seen.grafana.url == url, "{:?}", seen.grafana);
            ensure!(seen.sync == SyncState::GrafanaAway, "{:?}", seen.sync);
            Ok((seen.summary, seen.grafana.error.context("no reason")?))
        })
        .await?;
        told.push(words);
    }
    ensure!(told[0] == told[1], "{told:?}");
    rig.finish().await
}

#[tokio::test]
async fn a_public_url_is_taken_as_it_is_or_not_at_all() -> Result<()> {
    let rig = Rig::start().await?;
    for wrong in [
        "https://grafana.example/<script>",
        "https://grafana.example/a\u{2028}b",
        "https://gräfana.example",
        "https://GRAFANA.example",
        "https://grafana.example:443",
        "https://grafana.example/a/../b",
    ] {
        let refused = rig.grafana.set("public_url", wrong).await?.expect(&[400])?;
        ensure!(refused.str("/field") == "public_url", "{}", refused.text);
    }
    rig.grafana
        .set("public_url", "https://grafana.example/below/")
        .await?
        .expect(&[200])?;
    let scim = rig.scim().await?;
    let made = scim
        .post("/Users", &json!({ "schemas": [USER], "userName": "ada@example.com" }))
        .await?
        .expect(&[201])?;
    let location = made.header("location");
    ensure!(location.starts_with("https://grafana.example/below/api/"), "{location}");
    rig.finish().await
}
