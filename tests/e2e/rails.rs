//! Observe, pause, brake: what an admin dares to switch on, and what stops a provider that takes too much away.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use acceptance::{
    grafana::PLUGIN,
    idp::ScimClient,
    rig::{BOT, Rig, group, user},
    wait::{SOON, throughout, until},
};
use admin_api::{HeldList, Overview, Plan, SyncState};
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::Call;
use reqwest::Method;
use serde_json::{Value, json};

/// So long the page's promise gives a pause to take hold.
const PAUSE: Duration = Duration::from_secs(5);
/// …and Grafana's switch of the app, with a comparison before and after it.
const SWITCH: Duration = Duration::from_secs(150);

fn is_write(call: &Call) -> bool {
    let session = ["/login", "/logout", "/api/user/auth-tokens/rotate"].contains(&call.path.as_str());
    call.who == BOT && call.method != "GET" && !session
}

fn writes(rig: &Rig) -> Vec<Call> {
    rig.calls().into_iter().filter(is_write).collect()
}

/// Of the store's marker, which observing goes on writing.
fn is_marker(call: &Call) -> bool {
    call.path.starts_with("/api/serviceaccounts")
}

async fn health(rig: &Rig) -> Result<Value> {
    let path = format!("/api/plugins/{PLUGIN}/health");
    let answer = rig.grafana.call(Method::GET, &path, None).await?;
    let mut said: Value = serde_json::from_str(&answer.text)?;
    said["code"] = json!(answer.status);
    Ok(said)
}

async fn metric(rig: &Rig, name: &str) -> Result<i64> {
    let answer = rig
        .grafana
        .call(Method::GET, &format!("/metrics/plugins/{PLUGIN}"), None)
        .await?;
    let line = answer
        .text
        .lines()
        .find(|line| line.starts_with(&format!("rollcall_{name}{{")));
    let line = line.with_context(|| format!("no rollcall_{name}: {}", answer.text))?;
    Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)
}

async fn patch(scim: &ScimClient, id: &str, values: Value) -> Result<()> {
    let operations = json!([{ "op": "replace", "value": values }]);
    scim.patch(&format!("/Users/{id}"), operations)
        .await?
        .expect(&[200])
        .map(drop)
}

async fn many(scim: &ScimClient, count: usize) -> Result<Vec<String>> {
    let mut ids = Vec::with_capacity(count);
    for n in 0..count {
        let body = user(&format!("p{n:03}@example.com"), "Some", "Body");
        ids.push(scim.post("/Users", &body).await?.expect(&[201])?.id());
    }
    Ok(ids)
}

/// Of those people, how many accounts there are and how many of them are disabled.
async fn accounts(rig: &Rig) -> Result<(usize, usize)> {
    let mut all = rig.grafana.accounts("").await?;
    all.retain(|account| account.login.starts_with('p') && account.login.ends_with("@example.com"));
    let disabled = all.iter().filter(|account| account.is_disabled).count();
    Ok((all.len(), disabled))
}

async fn are(rig: &Rig, made: usize, disabled: usize) -> Result<()> {
    until(
        &format!("{made} accounts, {disabled} of them closed"),
        SOON * 3,
        async || {
            let now = accounts(rig).await?;
            ensure!(now == (made, disabled), "{now:?}");
            Ok(())
        },
    )
    .await
}

/// When the setting was changed last, by Grafana's log.
fn changed_at(rig: &Rig) -> Result<std::time::Instant> {
    let calls = rig.calls();
    let put = calls
        .iter()
        .rev()
        .find(|call| call.method == "PUT" && call.path.ends_with("/admin/settings"));
    put.map(|call| call.at).context("the setting was never changed")
}

#[tokio::test]
async fn paused_under_load_nothing_is_written_any_more() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let first = many(&scim, 5).await?;
    are(&rig, 5, 0).await?;
    let load = async {
        for n in 0..150 {
            let body = user(&format!("p1{n:03}@example.com"), "Some", "Body");
            scim.post("/Users", &body).await?.expect(&[201])?;
        }
        // Who leaves meanwhile counts as open, whatever is paused.
        patch(&scim, &first[0], json!({ "active": false })).await
    };
    let pause = async {
        until("some accounts are made", SOON, async || {
            let (made, _) = accounts(&rig).await?;
            ensure!(made >= 15, "{made}");
            Ok(())
        })
        .await?;
        rig.page.set("operation", "paused").await?.expect(&[200])
    };
    let (loaded, paused) = tokio::join!(load, pause);
    loaded?;
    paused?;
    let at = changed_at(&rig)?;
    throughout("the provider is answered", PAUSE * 2, async || {
        scim.get("/Users?count=1").await?.expect(&[200]).map(drop)
    })
    .await?;
    let late: Vec<String> = writes(&rig)
        .iter()
        .filter(|call| call.began > at + PAUSE)
        .map(Call::to_string)
        .collect();
    ensure!(late.is_empty(), "written after the pause: {late:?}");
    let (made, disabled) = accounts(&rig).await?;
    ensure!(
        made < 155 && disabled == 0,
        "{made} accounts were made before the pause, {disabled} closed"
    );
    let overview: Overview = rig.page.admin("overview").await?;
    ensure!(
        overview.sync == SyncState::SwitchedOff && overview.pending.closing == 1,
        "{}",
        overview.summary
    );
    ensure!(
        overview
            .summary
            .contains("1 person was switched off by the provider and is still open"),
        "{}",
        overview.summary
    );
    let said = health(&rig).await?;
    ensure!(
        said["code"] != 200 && said["message"].to_string().contains("still open"),
        "{said}"
    );
    ensure!(metric(&rig, "writing").await? == 0 && metric(&rig, "closing").await? == 1);
    rig.page.set("operation", "enforce").await?.expect(&[200])?;
    are(&rig, 155, 1).await?;
    rig.finish().await
}

#[tokio::test]
async fn while_paused_closings_may_go_on() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [leaver, _] = rig.people(&scim, ["p1@example.com", "p2@example.com"]).await?;
    are(&rig, 2, 0).await?;
    rig.page.set("paused_closings", "run").await?.expect(&[200])?;
    rig.page.set("operation", "paused").await?.expect(&[200])?;
    rig.people(&scim, ["p3@example.com"]).await?;
    patch(&scim, &leaver, json!({ "active": false })).await?;
    are(&rig, 2, 1).await?;
    rig.page.set("operation", "enforce").await?.expect(&[200])?;
    are(&rig, 3, 1).await?;
    rig.finish().await
}

/// Whether the app is on in Grafana; its settings stay.
async fn switch(rig: &Rig, enabled: bool) -> Result<()> {
    let path = format!("/api/plugins/{PLUGIN}/settings");
    let now: Value = rig.grafana.get(&path).await?;
    let body = json!({ "enabled": enabled, "pinned": true, "jsonData": now["jsonData"] });
    rig.grafana.send(Method::POST, &path, &body).await.map(drop)
}

fn comparisons(rig: &Rig) -> usize {
    let listing = |call: &&Call| call.who == BOT && call.path.starts_with("/api/users/search?perpage=1000&page=1");
    rig.calls()
        .iter()
        .filter(listing)
        .filter(|call| !call.path.contains("query="))
        .count()
}

#[tokio::test]
async fn a_disabled_app_writes_nothing_within_a_minute() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [leaver] = rig.people(&scim, ["p1@example.com"]).await?;
    rig.open("p1@example.com").await?;
    patch(&scim, &leaver, json!({ "active": false })).await?;
    let account = rig.closed("p1@example.com").await?;
    let compared = comparisons(&rig);
    switch(&rig, false).await?;
    until("Grafana was compared", SWITCH, async || {
        ensure!(comparisons(&rig) > compared, "not yet");
        Ok(())
    })
    .await?;
    let before = (writes(&rig).len(), comparisons(&rig));
    // Somebody opens it by hand, which each comparison would put right.
    let open = format!("/api/admin/users/{}/enable", account.id);
    rig.grafana.send(Method::POST, &open, &json!({})).await?;
    until("Grafana was compared twice", SWITCH, async || {
        ensure!(comparisons(&rig) >= before.1 + 2, "not yet");
        Ok(())
    })
    .await?;
    ensure!(
        writes(&rig).len() == before.0,
        "a disabled app writes: {:?}",
        writes(&rig).last().map(Call::to_string)
    );
    ensure!(!rig.grafana.existing_account("p1@example.com").await?.is_disabled);
    switch(&rig, true).await?;
    until("it goes on", SWITCH, async || {
        let account = rig.grafana.existing_account("p1@example.com").await?;
        ensure!(account.is_disabled, "{account:?}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// What Grafana has: by id login and whether disabled, and by team the members.
#[derive(Debug, PartialEq, Eq)]
struct World {
    people: BTreeMap<i64, (String, bool)>,
    teams: BTreeMap<i64, (String, BTreeSet<String>)>,
}

async fn world(rig: &Rig) -> Result<World> {
    let mut teams = BTreeMap::new();
    for team in rig.grafana.teams().await? {
        teams.insert(team.id, (team.name, rig.grafana.members(team.id).await?));
    }
    let people = rig.grafana.accounts("").await?.into_iter();
    let people = people
        .map(|account| (account.id, (account.login, account.is_disabled)))
        .collect();
    Ok(World { people, teams })
}

/// What changed, or is to change, in the words of a plan.
type Changes = BTreeSet<(String, String)>;

fn difference(before: &World, after: &World) -> Changes {
    let mut changes = Changes::new();
    // A plan names people as they are called when it is made.
    let mut called: BTreeMap<&str, &str> = BTreeMap::new();
    for (id, (login, disabled)) in &after.people {
        match before.people.get(id) {
            None => _ = changes.insert((login.clone(), format!("make the account {login}"))),
            Some((old, was_disabled)) => {
                called.insert(login, old);
                if old != login {
                    changes.insert((login.clone(), format!("write login {login}")));
                }
                match (was_disabled, disabled) {
                    (false, true) => _ = changes.insert((login.clone(), "disable the account".to_owned())),
                    (true, false) => _ = changes.insert((login.clone(), "enable the account".to_owned())),
                    _ => {}
                }
            }
        }
    }
    let nobody = BTreeSet::new();
    for (id, (name, members)) in &after.teams {
        let old = before.teams.get(id);
        let team = old.map_or(name, |(old, _)| old);
        match old {
            None => _ = changes.insert((team.clone(), "make the team".to_owned())),
            Some((old, _)) if old != name => _ = changes.insert((team.clone(), format!("rename it to {name}"))),
            Some(_) => {}
        }
        let members: BTreeSet<String> = members
            .iter()
            .map(|login| {
                called
                    .get(login.as_str())
                    .map_or_else(|| login.clone(), |old| (*old).to_owned())
            })
            .collect();
        let old = old.map_or(&nobody, |(_, members)| members);
        changes.extend(
            members
                .difference(old)
                .map(|login| (team.clone(), format!("join: {login}"))),
        );
        changes.extend(
            old.difference(&members)
                .map(|login| (team.clone(), format!("leave: {login}"))),
        );
    }
    changes
}

fn planned(plan: &Plan) -> Changes {
    let mut changes = Changes::new();
    for row in &plan.rows {
        for step in &row.steps {
            match step.split_once(": ") {
                Some((what @ ("join" | "leave"), who)) => {
                    changes.extend(
                        who.split(", ")
                            .map(|login| (row.name.clone(), format!("{what}: {login}"))),
                    );
                }
                _ if step.starts_with("write login ") => {
                    let login = step.split(',').next().unwrap_or_default();
                    changes.insert((row.name.clone(), login.to_owned()));
                }
                // The sessions end with the account.
                _ if step == "end every session" => {}
                _ => _ = changes.insert((row.name.clone(), step.clone())),
            }
        }
    }
    changes
}

/// A company that the provider changes while Rollcall observes: what the plan said is what is done then.
async fn observed_then_enforced(seed: u64) -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create").many_leave()).await?;
    let scim = rig.scim().await?;
    let mut dice = Dice(seed);
    let mut people = many(&scim, 10).await?;
    let mut groups = Vec::new();
    for n in 0..3 {
        let members: Vec<&str> = people
            .iter()
            .filter(|_| dice.below(2) == 0)
            .map(String::as_str)
            .collect();
        groups.push(
            scim.post("/Groups", &group(&format!("Group {n}"), &members))
                .await?
                .expect(&[201])?
                .id(),
        );
    }
    rig.settled().await?;
    rig.page.set("operation", "observe").await?.expect(&[200])?;
    let (before, written) = (world(&rig).await?, writes(&rig).len());
    for n in 0..2 + dice.below(3) {
        let body = user(&format!("new{n}@example.com"), "New", "Comer");
        people.push(scim.post("/Users", &body).await?.expect(&[201])?.id());
    }
    for id in people.iter().take(10) {
        match dice.below(5) {
            0 => patch(&scim, id, json!({ "active": false })).await?,
            1 => {
                let login = format!("renamed{}@example.com", dice.below(1_000_000));
                patch(
                    &scim,
                    id,
                    json!({ "userName": login, "emails": [{ "value": login, "primary": true }] }),
                )
                .await?;
            }
            _ => {}
        }
    }
    for id in &groups {
        let members: Vec<Value> = people
            .iter()
            .filter(|_| dice.below(2) == 0)
            .map(|id| json!({ "value": id }))
            .collect();
        let operations = json!([{ "op": "replace", "path": "members", "value": members }]);
        scim.patch(&format!("/Groups/{id}"), operations)
            .await?
            .expect(&[200, 204])?;
    }
    // Its people leave, and the team stays under another name.
    scim.delete(&format!("/Groups/{}", groups[2])).await?.expect(&[204])?;
    let members: Vec<&str> = people.iter().take(4).map(String::as_str).collect();
    scim.post("/Groups", &group("Group new", &members))
        .await?
        .expect(&[201])?;
    rig.page
        .admin_send(Method::POST, "sync", &json!({}))
        .await?
        .expect(&[202])?;
    let asked: Plan = rig.page.admin("plan").await?;
    let plan = until("the plan is of now", SOON, async || {
        let plan: Plan = rig.page.admin("plan").await?;
        ensure!(plan.at_ms.is_some_and(|at| at > asked.now_ms), "{:?}", plan.at_ms);
        Ok(plan)
    })
    .await?;
    let more: Vec<Call> = writes(&rig).split_off(written);
    ensure!(
        more.iter().all(is_marker),
        "observing writes: {:?}",
        more.iter().map(Call::to_string).collect::<Vec<_>>()
    );
    ensure!(world(&rig).await? == before, "observing changes Grafana");
    ensure!(
        !plan.sums.is_empty() && plan.total == plan.rows.len() as i64,
        "{plan:?}"
    );
    rig.page.set("operation", "enforce").await?.expect(&[200])?;
    rig.settled().await?;
    let (done, said) = (difference(&before, &world(&rig).await?), planned(&plan));
    let unsaid: Vec<_> = done.difference(&said).collect();
    let undone: Vec<_> = said.difference(&done).collect();
    ensure!(
        unsaid.is_empty() && undone.is_empty(),
        "seed {seed}: done and not said {unsaid:?}; said and not done {undone:?}"
    );
    rig.finish().await
}

#[tokio::test]
async fn what_the_plan_says_is_what_is_done() -> Result<()> {
    for seed in [1, 7, 42] {
        observed_then_enforced(seed)
            .await
            .with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}

async fn held(rig: &Rig, count: usize) -> Result<HeldList> {
    until(&format!("{count} things are held"), SOON, async || {
        let list: HeldList = rig.page.admin("held").await?;
        ensure!(list.held.len() == count, "{}", list.held.len());
        Ok(list)
    })
    .await
}

async fn answer(rig: &Rig, ids: &[i64], approve: bool) -> Result<()> {
    let body = json!({ "ids": ids, "approve": approve });
    rig.page
        .admin_send(Method::POST, "held", &body)
        .await?
        .expect(&[204])
        .map(drop)
}

#[tokio::test]
async fn of_300_people_switched_off_30_are_closed() -> Result<()> {
    let mut rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let people = many(&scim, 300).await?;
    are(&rig, 300, 0).await?;
    rig.settled().await?;
    for id in &people {
        patch(&scim, id, json!({ "active": false })).await?;
    }
    let list = held(&rig, 270).await?;
    are(&rig, 300, 30).await?;
    ensure!(
        list.held
            .iter()
            .all(|one| one.what == "close the account" && one.request.contains("user.deactivate")),
        "{:?}",
        list.held.first()
    );
    let said = health(&rig).await?;
    ensure!(
        said["code"] != 200 && said["message"].to_string().contains("270 people or teams are held"),
        "{said}"
    );
    ensure!(metric(&rig, "held").await? == 270 && metric(&rig, "closing").await? == 270);
    let overview: Overview = rig.page.admin("overview").await?;
    ensure!(overview.sync == SyncState::Held, "{}", overview.summary);
    // A start is no way out.
    rig.restart_with(None).await?;
    rig.page
        .admin_send(Method::POST, "sync", &json!({}))
        .await?
        .expect(&[202])?;
    throughout("it stops there", PAUSE, async || {
        ensure!(accounts(&rig).await? == (300, 30));
        Ok(())
    })
    .await?;
    let list = held(&rig, 270).await?;
    // One at once, one never, and then all of the others.
    answer(&rig, &[list.held[0].id], true).await?;
    are(&rig, 300, 31).await?;
    answer(&rig, &[list.held[1].id], false).await?;
    let kept: HeldList = rig.page.admin("held").await?;
    ensure!(
        kept.rejected.len() == 1 && kept.rejected[0].decided.as_deref() == Some("open by test-watcher"),
        "{kept:?}"
    );
    let rest: Vec<i64> = kept.held.iter().map(|one| one.id).collect();
    answer(&rig, &rest, true).await?;
    are(&rig, 300, 299).await?;
    until("nobody counts as to be closed", SOON, async || {
        ensure!(metric(&rig, "closing").await? == 0 && metric(&rig, "held").await? == 0);
        Ok(())
    })
    .await?;
    let open: Value = rig.page.admin("users?access=kept_open").await?;
    ensure!(
        open["total"] == 1 && open["users"][0]["note"] == "open by test-watcher",
        "{open}"
    );
    // The provider says it again: that is asked again, and the window is still full.
    patch(&scim, &kept.rejected[0].subject, json!({ "active": false })).await?;
    let again = held(&rig, 1).await?;
    answer(&rig, &[again.held[0].id], true).await?;
    are(&rig, 300, 300).await?;
    rig.finish().await
}

#[tokio::test]
async fn an_emptied_group_stops_at_the_limit_too() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let scim = rig.scim().await?;
    let people = many(&scim, 20).await?;
    let members: Vec<&str> = people.iter().map(String::as_str).collect();
    let id = scim
        .post("/Groups", &group("Platform", &members))
        .await?
        .expect(&[201])?
        .id();
    let size = async |size: usize| {
        until(&format!("{size} are in the team"), SOON, async || {
            let team = rig.grafana.existing_team("Platform").await?;
            let members = rig.grafana.members(team.id).await?;
            ensure!(members.len() == size, "{}", members.len());
            Ok(())
        })
        .await
    };
    size(20).await?;
    let empty = json!([{ "op": "replace", "path": "members", "value": [] }]);
    scim.patch(&format!("/Groups/{id}"), empty).await?.expect(&[200, 204])?;
    let list = held(&rig, 15).await?;
    ensure!(
        list.held.iter().all(|one| one.what == "leave the team “Platform”"),
        "{:?}",
        list.held.first()
    );
    size(15).await?;
    rig.an_admin_decides();
    answer(&rig, &[list.held[0].id], false).await?;
    let rest: Vec<i64> = list.held[1..].iter().map(|one| one.id).collect();
    answer(&rig, &rest, true).await?;
    size(1).await?;
    rig.settled().await?;
    rig.finish().await
}

#[tokio::test]
async fn what_an_admin_saw_and_saved_is_not_held() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let people = many(&scim, 12).await?;
    let members: Vec<&str> = people.iter().map(String::as_str).collect();
    let id = scim
        .post("/Groups", &group("Platform", &members))
        .await?
        .expect(&[201])?
        .id();
    let row = rig.map_to_new(&id, "Platform").await?;
    let size = async |size: usize| {
        until(&format!("{size} are in the team"), SOON, async || {
            let team = rig.grafana.existing_team("Platform").await?;
            ensure!(rig.grafana.members(team.id).await?.len() == size);
            Ok(())
        })
        .await
    };
    size(12).await?;
    rig.settled().await?;
    let path = format!("mappings/{}", row.id);
    rig.page
        .admin_send(Method::DELETE, &path, &json!({}))
        .await?
        .expect(&[204])?;
    size(0).await?;
    held(&rig, 0).await?;
    rig.finish().await
}
