//! The process dies at each place where that could matter, in the middle of each kind of change: it is done, and done once.

use acceptance::{
    grafana::PLUGIN,
    idp::ScimClient,
    rig::{Change, Failpoint, Rig, group, user},
    wait::{SOON, until},
};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::insistence::{id_of, insist};

const PLACES: [Failpoint; 3] = [
    Failpoint::BeforeGrafanaCall,
    Failpoint::AfterGrafanaCall,
    Failpoint::BeforeRecord,
];

async fn start() -> Result<Rig> {
    Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await
}

/// A name of its own for each place.
fn at(place: Failpoint, who: &str) -> String {
    format!("{who}-{place:?}@example.com").to_lowercase()
}

/// The plugin dies at `place` because of what `send` asks for, and then lives on without dying.
async fn dies(rig: &mut Rig, place: Failpoint, send: impl AsyncFn(&ScimClient) -> Result<()>) -> Result<()> {
    rig.settled().await?;
    rig.restart_with(Some(place)).await?;
    let first = rig.plugin_pid();
    send(&rig.scim().await?).await?;
    until("the plugin died there", SOON, async || {
        let now = rig.plugin_pid();
        ensure!(now != first, "its process is still {first:?}");
        Ok(())
    })
    .await?;
    rig.restart_with(None).await
}

/// Nothing is on its way, and exactly one call changed what `fits` says.
async fn once(rig: &Rig, what: &str, fits: impl Fn(&Change<'_>) -> bool) -> Result<()> {
    rig.settled().await?;
    let times = rig.count(fits);
    ensure!(times == 1, "{what}: {times} times: {:?}", rig.changes_by_plugin());
    rig.made_once()
}

async fn patched(scim: &ScimClient, path: &str, operation: Value) -> Result<()> {
    let operations = json!([operation]);
    let answer = insist(scim, "the change is taken", async |scim| {
        scim.patch(path, operations.clone()).await
    })
    .await?;
    answer.expect(&[200, 204]).map(drop)
}

async fn posted(scim: &ScimClient, endpoint: &str, body: &Value) -> Result<()> {
    let answer = insist(scim, "it is taken", async |scim| scim.post(endpoint, body).await).await?;
    // 409: it was stored, and that answer was lost.
    answer.expect(&[201, 409]).map(drop)
}

#[tokio::test]
async fn an_account_is_made_once_wherever_the_plugin_dies() -> Result<()> {
    let mut rig = start().await?;
    for place in PLACES {
        let ada = at(place, "ada");
        let body = user(&ada, "Ada", "King");
        dies(&mut rig, place, async |scim| posted(scim, "/Users", &body).await).await?;
        rig.open(&ada).await?;
        let made =
            |change: &Change<'_>| matches!(change.parts(), ("POST", ["admin", "users"])) && change.text("login") == ada;
        once(&rig, &ada, made).await?;
    }
    rig.finish().await
}

#[tokio::test]
async fn an_address_is_changed_once_wherever_the_plugin_dies() -> Result<()> {
    let mut rig = start().await?;
    let scim = rig.scim().await?;
    for place in PLACES {
        let [ada, new] = [at(place, "ada"), at(place, "ada.king")];
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let account = rig.open(&ada).await?.id.to_string();
        let path = format!("/Users/{id}");
        let other = json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": new });
        dies(&mut rig, place, async |scim| patched(scim, &path, other.clone()).await).await?;
        rig.account_is(&ada, |account| {
            ensure!(account.email == new, "{account:?}");
            Ok(())
        })
        .await?;
        once(
            &rig,
            &ada,
            |change| matches!(change.parts(), ("PUT", ["users", id]) if *id == account),
        )
        .await?;
    }
    rig.finish().await
}

#[tokio::test]
async fn somebody_is_locked_out_once_wherever_the_plugin_dies() -> Result<()> {
    closed_or_opened(false).await
}

#[tokio::test]
async fn somebody_is_let_in_again_once_wherever_the_plugin_dies() -> Result<()> {
    closed_or_opened(true).await
}

async fn closed_or_opened(active: bool) -> Result<()> {
    let mut rig = start().await?;
    let scim = rig.scim().await?;
    let now = |active: bool| json!({ "op": "replace", "value": { "active": active } });
    for place in PLACES {
        let ada = at(place, "ada");
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let account = rig.open(&ada).await?.id.to_string();
        let path = format!("/Users/{id}");
        if active {
            patched(&scim, &path, now(false)).await?;
            rig.closed(&ada).await?;
        }
        dies(&mut rig, place, async |scim| patched(scim, &path, now(active)).await).await?;
        let switch = if active { "enable" } else { "disable" };
        rig.account_is(&ada, |account| {
            ensure!(account.is_disabled != active, "{account:?}");
            Ok(())
        })
        .await?;
        once(&rig, switch, |change| {
            matches!(change.parts(), ("POST", ["admin", "users", id, what]) if *id == account && *what == switch)
        })
        .await?;
    }
    rig.finish().await
}

#[tokio::test]
async fn a_team_is_made_once_wherever_the_plugin_dies() -> Result<()> {
    let mut rig = start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    rig.open("ada@example.com").await?;
    for place in PLACES {
        let name = format!("Engineering {place:?}");
        let body = group(&name, &[&ada]);
        dies(&mut rig, place, async |scim| posted(scim, "/Groups", &body).await).await?;
        // Its creator, too, is out of it again, though nobody remembers who that was.
        rig.team_is(&name, &["ada@example.com"]).await?;
        let made = |change: &Change<'_>| matches!(change.parts(), ("POST", ["teams"])) && change.text("name") == name;
        once(&rig, &name, made).await?;
    }
    rig.finish().await
}

#[tokio::test]
async fn a_member_joins_once_wherever_the_plugin_dies() -> Result<()> {
    let mut rig = start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    let account = rig.open("bob@example.com").await?.id;
    for place in PLACES {
        let name = format!("Engineering {place:?}");
        posted(&scim, "/Groups", &group(&name, &[&ada])).await?;
        let team = rig.team_is(&name, &["ada@example.com"]).await?.to_string();
        let path = format!("/Groups/{}", id_of(&scim, "/Groups", "displayName", &name).await?);
        let joins = json!({ "op": "add", "path": "members", "value": [{ "value": bob }] });
        dies(&mut rig, place, async |scim| patched(scim, &path, joins.clone()).await).await?;
        rig.team_is(&name, &["ada@example.com", "bob@example.com"]).await?;
        once(&rig, "bob joins", |change| {
            let joined = change.number("userId") == Some(account);
            matches!(change.parts(), ("POST", ["teams", id, "members"]) if *id == team) && joined
        })
        .await?;
    }
    rig.finish().await
}

#[tokio::test]
async fn several_members_join_by_one_call_wherever_the_plugin_dies() -> Result<()> {
    let mut rig = start().await?;
    let scim = rig.scim().await?;
    let [ada, bob, cleo] = rig
        .people(&scim, ["ada@example.com", "bob@example.com", "cleo@example.com"])
        .await?;
    rig.open("cleo@example.com").await?;
    for place in PLACES {
        let name = format!("Engineering {place:?}");
        posted(&scim, "/Groups", &group(&name, &[&ada])).await?;
        let team = rig.team_is(&name, &["ada@example.com"]).await?.to_string();
        rig.settled().await?;
        let path = format!("/Groups/{}", id_of(&scim, "/Groups", "displayName", &name).await?);
        let bulk = |change: &Change<'_>| matches!(change.parts(), ("PUT", ["teams", id, "members"]) if *id == team);
        // Grafana made the plugin a member when it made the team: one joins and one leaves is a bulk write already.
        let before = rig.count(bulk);
        let join = json!({ "op": "add", "path": "members", "value": [{ "value": bob }, { "value": cleo }] });
        dies(&mut rig, place, async |scim| patched(scim, &path, join.clone()).await).await?;
        rig.team_is(&name, &["ada@example.com", "bob@example.com", "cleo@example.com"])
            .await?;
        rig.settled().await?;
        let times = rig.count(bulk) - before;
        ensure!(times == 1, "they joined by {times} calls");
    }
    rig.finish().await
}

#[tokio::test]
async fn a_member_leaves_once_wherever_the_plugin_dies() -> Result<()> {
    let mut rig = start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    let account = rig.open("bob@example.com").await?.id.to_string();
    for place in PLACES {
        let name = format!("Engineering {place:?}");
        posted(&scim, "/Groups", &group(&name, &[&ada, &bob])).await?;
        let team = rig
            .team_is(&name, &["ada@example.com", "bob@example.com"])
            .await?
            .to_string();
        let path = format!("/Groups/{}", id_of(&scim, "/Groups", "displayName", &name).await?);
        let leaves = json!({ "op": "remove", "path": format!("members[value eq \"{bob}\"]") });
        dies(&mut rig, place, async |scim| patched(scim, &path, leaves.clone()).await).await?;
        rig.team_is(&name, &["ada@example.com"]).await?;
        once(&rig, "bob leaves", |change| {
            matches!(change.parts(), ("DELETE", ["teams", id, "members", who]) if *id == team && *who == account)
        })
        .await?;
    }
    rig.finish().await
}

/// A fault of ours in the engine's task: before it was watched, nothing was written any more and everything stayed green.
#[tokio::test]
async fn after_a_panic_of_the_engine_it_goes_on() -> Result<()> {
    let mut rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.restart_in(vec![("ROLLCALL_FAILPOINT".into(), "engine-panic".into())])
        .await?;
    let process = rig.plugin_pid();
    rig.people(&scim, ["ada@example.com"]).await?;
    rig.open("ada@example.com").await?;
    ensure!(rig.plugin_pid() == process, "the process was started again");
    // It goes on, and that it had to be helped is told.
    let path = format!("/api/plugins/{PLUGIN}/health");
    let health = rig.grafana.call(Method::GET, &path, None).await?;
    ensure!(
        health.status == 400 && health.text.contains("engine"),
        "{}",
        health.text
    );
    ensure!(health.json["details"]["engineRestarts"] == 1, "{}", health.text);
    rig.finish().await
}
