//! The first sync of a company: 1,000 people and 50 groups, against a Grafana that costs what a real one does (G49–G52).
//!
//! Owns: three ways to the same Grafana in one run, each on an empty one: the plugin, a bare loop of exactly its calls, one after the
//! other, with the same kind of session, and the script people write (basic auth, one call a member). Must never be a test: it prints ratios.
//! Start at [`main`]; `docs/performance.md` says how to read it.

use std::{
    collections::HashMap,
    io::Write as _,
    time::{Duration, Instant},
};

use acceptance::{
    connect::{self, Answer},
    grafana::{Credentials, Grafana},
    rig::{ADMIN, BOT, Rig, group, user},
    wait::until,
};
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::{Call, Options, StandIn};
use reqwest::{Method, header};
use serde_json::{Value, json};

const PEOPLE: usize = 1_000;
const GROUPS: usize = 50;
/// Of each group; everybody is in two.
const MEMBERS: usize = 40;
const PASSWORD: &str = "Vk7-nobody-needs-it";
const LONGEST: Duration = Duration::from_secs(300);

fn login(n: usize) -> String {
    format!("person-{n:04}@example.com")
}

/// Who is in a group, by number.
fn members(group: usize) -> impl Iterator<Item = usize> {
    (0..MEMBERS).map(move |number| (group * MEMBERS / 2 + number) % PEOPLE)
}

#[tokio::main]
async fn main() -> Result<()> {
    let (plugin, calls, accounts) = by_plugin().await?;
    let changes = calls.iter().filter(|call| call.method != "GET").count();
    let reads = calls.len() - changes;
    say(&format!(
        "the plugin: {:.2} s, {changes} changing calls, {reads} reading ones",
        plugin.as_secs_f64()
    ))?;
    let bare = by_bare_loop(&calls, &accounts).await?;
    say(&format!(
        "a bare loop of these calls, by cookie: {:.2} s",
        bare.as_secs_f64()
    ))?;
    let script = by_script().await?;
    say(&format!(
        "a script, by basic auth, one call a member: {:.2} s",
        script.as_secs_f64()
    ))?;
    say(&format!(
        "plugin / bare loop: {:.2}; plugin / script: {:.2}",
        plugin.as_secs_f64() / bare.as_secs_f64(),
        plugin.as_secs_f64() / script.as_secs_f64()
    ))
}

fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Everything is there, as far as the last step of all ways can tell.
async fn complete(grafana: &Grafana) -> Result<()> {
    let teams = grafana.teams().await?;
    ensure!(teams.len() == GROUPS, "{} teams", teams.len());
    let short = teams
        .iter()
        .filter(|team| team.member_count != i64::try_from(MEMBERS).unwrap_or(0))
        .count();
    ensure!(short == 0, "{short} teams are not complete");
    Ok(())
}

/// From Grafana's return, with everything taken while it was away, to the last member; with the calls that took, and the accounts' logins
/// by id.
async fn by_plugin() -> Result<(Duration, Vec<Call>, HashMap<i64, String>)> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create").with_costs()).await?;
    let scim = rig.scim().await?;
    rig.grafana_away();
    let people: Vec<Value> = (0..PEOPLE)
        .map(|n| json!({ "method": "POST", "path": "/Users", "bulkId": format!("u{n}"), "data": user(&login(n), "Some", "Body") }))
        .collect();
    let bulk = |operations: Vec<Value>| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations });
    let made = scim.post("/Bulk", &bulk(people)).await?.expect(&[200])?;
    let ids: Vec<String> = made.json["Operations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|operation| operation["location"].as_str()?.rsplit('/').next().map(str::to_owned))
        .collect();
    ensure!(ids.len() == PEOPLE, "{} people", ids.len());
    for n in 0..GROUPS {
        let members: Vec<&str> = members(n).map(|who| ids[who].as_str()).collect();
        scim.post("/Groups", &group(&format!("Team {n}"), &members))
            .await?
            .expect(&[201])?;
    }
    let before = rig.calls().len();
    let began = Instant::now();
    rig.grafana_back();
    until("everything is in Grafana", LONGEST, async || {
        // Once a quarter of a second at most: anybody who looks costs Grafana time, too.
        tokio::time::timeout(Duration::from_millis(250), std::future::pending::<()>())
            .await
            .ok();
        complete(&rig.grafana).await
    })
    .await?;
    // A call is logged when it has cost what it costs, which is after it was done.
    rig.settled().await?;
    let seen = began.elapsed();
    // Grafana is asked at its next turn only, up to five seconds later: from the first call on is what it takes.
    let calls = rig.calls().into_iter().skip(before);
    let mut ours: Vec<Call> = calls.filter(|call| call.who == BOT || call.path == "/login").collect();
    let last = ours
        .iter()
        .rposition(|call| call.method != "GET")
        .context("no change")?;
    ours.truncate(last + 1);
    let took = ours[last].at - ours[0].at;
    ensure!(took <= seen, "a clock that runs backwards");
    let accounts = rig.grafana.accounts("person-").await?;
    rig.finish().await?;
    Ok((took, ours, accounts.into_iter().map(|a| (a.id, a.login)).collect()))
}

async fn fresh() -> Result<(tempfile::TempDir, StandIn, Grafana)> {
    let data = tempfile::tempdir()?;
    let mut options = Options::in_dir(data.path());
    options.costs = true;
    let stand_in = StandIn::start(options).await?;
    let (user, password) = (ADMIN.0.to_owned(), ADMIN.1.to_owned());
    let grafana = Grafana::new(stand_in.url(), Credentials::Basic { user, password });
    Ok((data, stand_in, grafana))
}

/// The same calls in the order of their answers, one after the other, and nothing else. The plugin may have had several under way, so
/// accounts can have other ids here; teams have the same.
async fn by_bare_loop(calls: &[Call], accounts: &HashMap<i64, String>) -> Result<Duration> {
    let (_data, stand_in, grafana) = fresh().await?;
    // As many accounts as the rig makes before.
    let bot = grafana.make_account(BOT, "rollcall-bot@localhost", PASSWORD).await?;
    grafana.set_role(bot, "Admin").await?;
    let permissions = format!("/api/admin/users/{bot}/permissions");
    grafana
        .send(Method::PUT, &permissions, &json!({ "isGrafanaAdmin": true }))
        .await?;
    for name in ["watcher", "provider"] {
        grafana
            .make_account(name, &format!("{name}@localhost"), PASSWORD)
            .await?;
    }
    let http = connect::client();
    let began = Instant::now();
    let login = http
        .post(format!("{}/login", stand_in.url()))
        .json(&json!({ "user": BOT, "password": PASSWORD }));
    let answer = Answer::of(login).await?.expect(&[200])?;
    let cookie = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let mut here: HashMap<String, i64> = HashMap::new();
    for call in calls.iter().filter(|call| call.path != "/login") {
        let method = Method::from_bytes(call.method.as_bytes())?;
        let there = call.path.strip_prefix("/api/users/").and_then(|id| id.parse().ok());
        let path = match there.and_then(|id: i64| here.get(accounts.get(&id)?)) {
            Some(id) => format!("/api/users/{id}"),
            None => call.path.clone(),
        };
        let mut request = http
            .request(method, format!("{}{path}", stand_in.url()))
            .header(header::COOKIE, &cookie);
        if !call.body.is_empty() {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(call.body.clone());
        }
        let answer = Answer::of(request).await?;
        ensure!(
            Some(answer.status) == call.status,
            "{}: {} here, {:?} there",
            answer.request,
            answer.status,
            call.status
        );
        if call.method == "POST" && call.path == "/api/admin/users" {
            let body: Value = serde_json::from_str(&call.body)?;
            let login = body["login"].as_str().unwrap_or_default().to_owned();
            here.insert(login, answer.json["id"].as_i64().context("no id")?);
        }
    }
    let took = began.elapsed();
    let teams = grafana.teams().await?.len();
    ensure!(teams == GROUPS, "the loop made {teams} teams");
    stand_in.stop().await;
    Ok(took)
}

/// What one writes first: no session, and one call for each member.
async fn by_script() -> Result<Duration> {
    let (_data, stand_in, grafana) = fresh().await?;
    let began = Instant::now();
    let mut accounts = Vec::with_capacity(PEOPLE);
    for n in 0..PEOPLE {
        accounts.push(grafana.make_account(&login(n), &login(n), "nobody needs it").await?);
    }
    let own: Value = grafana.get("/api/user").await?;
    for n in 0..GROUPS {
        let team = grafana.make_team(&format!("Team {n}")).await?;
        for who in members(n) {
            grafana.join_team(team, accounts[who]).await?;
        }
        let membership = format!("/api/teams/{team}/members/{}", own["id"]);
        grafana.call(Method::DELETE, &membership, None).await?.expect(&[200])?;
    }
    let took = began.elapsed();
    complete(&grafana).await?;
    stand_in.stop().await;
    Ok(took)
}
