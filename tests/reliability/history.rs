//! A random history of a company under two hundred kills; then Grafana is compared with what the provider was told is done.
//!
//! Owns: the oracle ([`Company`]): it knows only what was acknowledged, and no rule of the plugin's beyond what `docs/guarantees.md`
//! says. `SEED=…` replays what the provider says; when a kill comes depends on the machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use acceptance::{
    idp::ScimClient,
    rig::{Rig, group, user},
    wait::{SOON, until},
};
use anyhow::{Context as _, Result, ensure};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IteratorRandom as _};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::insistence::{id_of, insist};

/// Kills, and changes among them, at least.
const KILLS: usize = 200;
/// Between a start, or a change that was taken, and the next kill, in milliseconds: from before the
/// first request to long after the last.
const LIFE: std::ops::Range<u64> = 1..220;
/// Changes without a kill, at the end.
const AFTERWARDS: usize = 60;
const PEOPLE: usize = 24;
const GROUPS: usize = 6;

/// Somebody as the provider knows them.
#[derive(Clone, Debug)]
struct Person {
    id: String,
    active: bool,
    email: String,
}

#[derive(Clone, Debug)]
struct Group {
    id: String,
    name: String,
    members: BTreeSet<usize>,
}

/// What was acknowledged.
#[derive(Debug, Default)]
struct Company {
    people: BTreeMap<usize, Person>,
    /// Everybody who was and is gone: an account is never deleted.
    left: BTreeSet<usize>,
    groups: BTreeMap<usize, Group>,
    /// Every name is used once, so that a team made twice cannot hide behind one that was renamed.
    names: usize,
    changes: usize,
}

fn login(who: usize) -> String {
    format!("person-{who:02}@example.com")
}

impl Company {
    /// One thing happens. The provider insists until it is acknowledged.
    async fn step(&mut self, scim: &ScimClient, random: &mut StdRng) -> Result<()> {
        self.changes += 1;
        let who = random.random_range(0..PEOPLE);
        let which = random.random_range(0..GROUPS);
        match random.random_range(0..12_u32) {
            0..=2 => match self.people.get(&who) {
                None => self.joins(scim, who).await,
                Some(_) => self.switched(scim, who).await,
            },
            3 => self.moves(scim, who).await,
            4 => self.leaves(scim, who).await,
            5..=9 => match self.groups.get(&which) {
                None => self.founded(scim, which).await,
                Some(_) => self.moved(scim, which, random).await,
            },
            10 => self.renamed(scim, which).await,
            _ => self.dissolved(scim, which).await,
        }
    }

    async fn joins(&mut self, scim: &ScimClient, who: usize) -> Result<()> {
        let mut body = user(&login(who), "Some", "Body");
        // Who is hired again is the same person, and that is by the provider's own id only.
        body["externalId"] = json!(format!("00u-of-{who}"));
        insist(scim, "somebody joins", async |scim| scim.post("/Users", &body).await)
            .await?
            .expect(&[201, 409])?;
        let id = id_of(scim, "/Users", "userName", &login(who)).await?;
        let (active, email) = (true, login(who));
        self.left.remove(&who);
        self.people.insert(who, Person { id, active, email });
        Ok(())
    }

    async fn switched(&mut self, scim: &ScimClient, who: usize) -> Result<()> {
        let Some(person) = self.people.get_mut(&who) else {
            return Ok(());
        };
        person.active = !person.active;
        let active = json!([{ "op": "replace", "value": { "active": person.active } }]);
        patched(scim, &format!("/Users/{}", person.id), &active).await
    }

    async fn moves(&mut self, scim: &ScimClient, who: usize) -> Result<()> {
        let Some(person) = self.people.get_mut(&who) else {
            return Ok(());
        };
        person.email = format!("person-{who:02}-{}@example.com", self.changes);
        let email = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": person.email }]);
        patched(scim, &format!("/Users/{}", person.id), &email).await
    }

    async fn leaves(&mut self, scim: &ScimClient, who: usize) -> Result<()> {
        let Some(person) = self.people.remove(&who) else {
            return Ok(());
        };
        self.left.insert(who);
        for group in self.groups.values_mut() {
            group.members.remove(&who);
        }
        deleted(scim, &format!("/Users/{}", person.id)).await
    }

    fn new_name(&mut self) -> String {
        self.names += 1;
        format!("Team {}", self.names)
    }

    async fn founded(&mut self, scim: &ScimClient, which: usize) -> Result<()> {
        let name = self.new_name();
        let members: BTreeSet<usize> = self.people.keys().copied().take(3).collect();
        let ids: Vec<&str> = members.iter().map(|who| self.people[who].id.as_str()).collect();
        let body = group(&name, &ids);
        insist(scim, "a group is founded", async |scim| {
            scim.post("/Groups", &body).await
        })
        .await?
        .expect(&[201, 409])?;
        let id = id_of(scim, "/Groups", "displayName", &name).await?;
        self.groups.insert(which, Group { id, name, members });
        Ok(())
    }

    async fn moved(&mut self, scim: &ScimClient, which: usize, random: &mut StdRng) -> Result<()> {
        let Some(group) = self.groups.get_mut(&which) else {
            return Ok(());
        };
        let path = format!("/Groups/{}", group.id);
        let some = random.random_range(1..4);
        if random.random_bool(0.6) {
            let new = self.people.keys().filter(|who| !group.members.contains(who));
            let new: Vec<usize> = new.copied().choose_multiple(random, some);
            let values: Vec<Value> = new.iter().map(|who| json!({ "value": self.people[who].id })).collect();
            group.members.extend(new);
            let add = json!([{ "op": "add", "path": "members", "value": values }]);
            return patched(scim, &path, &add).await;
        }
        let old: Vec<usize> = group.members.iter().copied().choose_multiple(random, some);
        let removes: Vec<Value> = old
            .iter()
            .map(|who| json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", self.people[who].id) }))
            .collect();
        if removes.is_empty() {
            return Ok(());
        }
        group.members.retain(|who| !old.contains(who));
        patched(scim, &path, &json!(removes)).await
    }

    async fn renamed(&mut self, scim: &ScimClient, which: usize) -> Result<()> {
        let name = self.new_name();
        let Some(group) = self.groups.get_mut(&which) else {
            return Ok(());
        };
        group.name.clone_from(&name);
        let renames = json!([{ "op": "replace", "path": "displayName", "value": name }]);
        patched(scim, &format!("/Groups/{}", group.id), &renames).await
    }

    async fn dissolved(&mut self, scim: &ScimClient, which: usize) -> Result<()> {
        let Some(group) = self.groups.remove(&which) else {
            return Ok(());
        };
        deleted(scim, &format!("/Groups/{}", group.id)).await
    }

    /// Grafana, compared with what was acknowledged.
    async fn is_what_grafana_shows(&self, rig: &Rig) -> Result<()> {
        let accounts = rig.grafana.accounts("person-").await?;
        // Who was let in has an account. Who was shut out or left may have none: if that was said before Grafana had heard of them, no
        // account is ever made (`tests/e2e/people.rs`).
        for (who, _) in self.people.iter().filter(|(_, person)| person.active) {
            ensure!(
                accounts.iter().any(|account| account.login == login(*who)),
                "{} has no account",
                login(*who)
            );
        }
        for account in &accounts {
            let known = self.people.keys().chain(&self.left);
            ensure!(
                known.clone().any(|who| login(*who) == account.login),
                "nobody asked for {account:?}"
            );
        }
        for account in &accounts {
            let person = self.people.iter().find(|(who, _)| login(**who) == account.login);
            let open = person.is_some_and(|(_, person)| person.active);
            ensure!(account.is_disabled != open, "{account:?} of {person:?}");
            if let Some((_, person)) = person {
                ensure!(account.email == person.email, "{account:?} of {person:?}");
            }
        }
        for group in self.groups.values() {
            let team = rig.grafana.existing_team(&group.name).await?;
            let members = rig.grafana.members(team.id).await?;
            // Who never had an account is in no team either, until they are let in.
            let has = |who: &&usize| accounts.iter().any(|account| account.login == login(**who));
            let wanted: BTreeSet<String> = group.members.iter().filter(has).map(|who| login(*who)).collect();
            ensure!(members == wanted, "{}: {members:?} instead of {wanted:?}", group.name);
        }
        // As many teams as groups, and those are the groups': none was left behind by a death in the middle of making it.
        let teams = rig.grafana.teams().await?;
        let living = teams.iter().filter(|team| !team.name.contains("(archived")).count();
        ensure!(
            living == self.groups.len(),
            "{living} teams for {} groups: {teams:?}",
            self.groups.len()
        );
        Ok(())
    }

    /// What was acknowledged is in the store, as it was.
    async fn is_what_scim_shows(&self, scim: &ScimClient) -> Result<()> {
        for person in self.people.values() {
            let read = scim.get(&format!("/Users/{}", person.id)).await?.expect(&[200])?;
            ensure!(read.json["active"] == person.active, "{} of {person:?}", read.text);
            ensure!(
                read.json["emails"][0]["value"] == person.email,
                "{} of {person:?}",
                read.text
            );
        }
        for group in self.groups.values() {
            let read = scim.get(&format!("/Groups/{}", group.id)).await?.expect(&[200])?;
            let members = read.json["members"].as_array().map_or(0, Vec::len);
            ensure!(members == group.members.len(), "{} of {group:?}", read.text);
        }
        let all = scim.get("/Users?count=0").await?.expect(&[200])?;
        ensure!(all.json["totalResults"] == self.people.len(), "{}", all.text);
        Ok(())
    }
}

async fn patched(scim: &ScimClient, path: &str, operations: &Value) -> Result<()> {
    let answer = insist(scim, "a change is taken", async |scim| {
        scim.patch(path, operations.clone()).await
    })
    .await?;
    answer.expect(&[200, 204]).map(drop)
}

async fn deleted(scim: &ScimClient, path: &str) -> Result<()> {
    let answer = insist(scim, "a deletion is taken", async |scim| scim.delete(path).await).await?;
    // 404: it was done, and that answer was lost.
    answer.expect(&[204, 404]).map(drop)
}

#[expect(clippy::disallowed_methods, reason = "SEED=… replays a history")]
fn seed() -> u64 {
    let told = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    told.unwrap_or_else(|| rand::rng().random_range(0..1_000_000))
}

/// Kills the plugin again and again, each time at another moment of its life, until enough has
/// `changed` meanwhile.
async fn kill_again_and_again(rig: &Rig, mut random: StdRng, mut changed: watch::Receiver<usize>) -> Result<()> {
    for kill in 0.. {
        let before = *changed.borrow();
        if kill >= KILLS && before >= KILLS {
            break;
        }
        let pid = until("the plugin runs again", SOON, async || {
            rig.plugin_pid().context("it does not")
        })
        .await
        .with_context(|| format!("after {kill} kills"))?;
        // On a busy machine a start alone takes longer than a life: so every second one, as a rule,
        // ends only after it has done something.
        if random.random_bool(0.5) {
            changed.wait_for(|now| *now > before).await?;
        }
        let life = Duration::from_millis(random.random_range(LIFE));
        // A state that never comes: the wait is the random moment.
        _ = tokio::time::timeout(life, std::future::pending::<()>()).await;
        ensure!(rig.plugin_pid() == Some(pid), "it ended by itself after {kill} kills");
        rig.kill_only().await?;
    }
    Ok(())
}

#[tokio::test]
async fn two_hundred_kills_lose_nothing_and_do_nothing_twice() -> Result<()> {
    let seed = seed();
    survives(seed).await.with_context(|| format!("SEED={seed}"))
}

async fn survives(seed: u64) -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create").many_leave()).await?;
    let scim = rig.scim().await?;
    let mut company = Company::default();
    let mut random = StdRng::seed_from_u64(seed);
    let (changed, changes) = watch::channel(0);
    let kills = kill_again_and_again(&rig, StdRng::seed_from_u64(seed.wrapping_add(1)), changes);
    let mut kills = Box::pin(kills);
    let mut done = false;
    while !done {
        let step = company.step(&scim, &mut random);
        let mut step = std::pin::pin!(step);
        // A step that began is ended: half of one is not what a provider does.
        loop {
            tokio::select! {
                killed = &mut kills, if !done => { killed?; done = true; }
                stepped = &mut step => { stepped?; changed.send_modify(|n| *n += 1); break; }
            }
        }
    }
    drop(kills);
    // After the last start everything is compared once. What is lost later than that would show at the next look, a minute away.
    for _ in 0..AFTERWARDS {
        company.step(&scim, &mut random).await?;
    }
    rig.settled().await?;
    company.is_what_scim_shows(&scim).await?;
    until("Grafana shows what was acknowledged", SOON, async || {
        company.is_what_grafana_shows(&rig).await
    })
    .await
    .with_context(|| format!("after {} changes", company.changes))?;
    rig.made_once()?;
    rig.finish().await
}
