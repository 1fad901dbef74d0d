//! The disk is full: what cannot be kept is refused, what is kept can be read, and when there is room again nothing is missing.

use acceptance::{
    grafana::PLUGIN,
    idp::{ScimClient, eq},
    rig::{Rig, user},
    wait::{SOON, until},
};
use admin_api::{Overview, SyncState};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

/// More than an empty store, and soon reached.
const PAGES: &str = "96";

/// Health, page and metrics say so while the store takes no changes, or say nothing of it.
async fn told(rig: &Rig, full: bool) -> Result<()> {
    until("health, page and metrics say how the store stands", SOON, async || {
        let path = format!("/api/plugins/{PLUGIN}/health");
        let health = rig.grafana.call(Method::GET, &path, None).await?;
        ensure!((health.status == 400) == full, "{}", health.text);
        let overview: Overview = rig.grafana.admin("overview").await?;
        ensure!((overview.sync == SyncState::StoreFails) == full, "{}", overview.summary);
        let path = format!("/metrics/plugins/{PLUGIN}");
        let metrics = rig.grafana.call(Method::GET, &path, None).await?.text;
        let writable = format!("rollcall_store_writable {}\n", i32::from(!full));
        ensure!(metrics.contains(&writable), "{metrics}");
        ensure!(
            !full || !metrics.contains("rollcall_refused_writes_total 0"),
            "{metrics}"
        );
        Ok(())
    })
    .await
}

/// New people until five were refused: who was taken, and who was not.
async fn fill(scim: &ScimClient) -> Result<(Vec<String>, Vec<String>)> {
    let mut taken = Vec::new();
    let mut refused = Vec::new();
    // Rows that fill pages.
    let long = "x".repeat(3_000);
    for n in 0..400 {
        let name = format!("person-{n}@example.com");
        let mut body = user(&name, "Some", "Body");
        body["title"] = json!(long);
        let answer = scim.post("/Users", &body).await?;
        match answer.status {
            201 => taken.push(name),
            503 => {
                let wait: u64 = answer.header("retry-after").parse().unwrap_or_default();
                ensure!(
                    (1..=60).contains(&wait),
                    "Retry-After: {:?}",
                    answer.header("retry-after")
                );
                ensure!(answer.str("/status") == "503", "no SCIM error: {}", answer.text);
                refused.push(name);
            }
            other => anyhow::bail!("{other} {}", answer.text),
        }
        if refused.len() == 5 {
            break;
        }
    }
    ensure!(refused.len() == 5, "the disk was never full: {} taken", taken.len());
    Ok((taken, refused))
}

#[tokio::test]
async fn a_full_disk_refuses_changes_and_goes_on_reading() -> Result<()> {
    let mut rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    rig.open("ada@example.com").await?;
    rig.settled().await?;
    rig.restart_in(vec![("ROLLCALL_STORE_PAGES".into(), PAGES.into())])
        .await?;

    let (mut taken, refused) = fill(&scim).await?;
    taken.push("ada@example.com".to_owned());

    // Nothing half-written: neither the refused users nor a change to one who is there.
    let read = scim.get(&format!("/Users/{ada}")).await?.expect(&[200])?;
    let longer = json!([{ "op": "replace", "path": "title", "value": "y".repeat(200_000) }]);
    let answer = scim.patch(&format!("/Users/{ada}"), longer).await?;
    ensure!(answer.status == 503, "{} {}", answer.status, answer.text);
    let again = scim.get(&format!("/Users/{ada}")).await?.expect(&[200])?;
    ensure!(again.text == read.text, "{} became {}", read.text, again.text);
    for name in &refused {
        let found = scim.find("/Users", &eq("userName", name)).await?;
        ensure!(found.is_none(), "{name} was refused and is there");
    }
    let all = scim.get("/Users?count=0").await?.expect(&[200])?;
    ensure!(
        all.json["totalResults"] == taken.len(),
        "{} of {}",
        all.text,
        taken.len()
    );

    // There is room again.
    rig.restart_in(vec![]).await?;
    for name in &refused {
        scim.post("/Users", &user(name, "Some", "Body")).await?.expect(&[201])?;
    }
    for name in taken.iter().chain(&refused) {
        rig.open(name).await?;
    }
    rig.settled().await?;
    rig.made_once()?;
    rig.finish().await
}

/// Nobody restarts Grafana because its disk was full for a while.
#[tokio::test]
async fn once_there_is_room_everything_goes_on_without_a_restart() -> Result<()> {
    let mut rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    rig.open("ada@example.com").await?;
    rig.settled().await?;
    let folder = tempfile::tempdir()?;
    let room = folder.path().join("room");
    let limited = vec![
        ("ROLLCALL_STORE_PAGES".into(), PAGES.into()),
        ("ROLLCALL_STORE_ROOM".into(), room.to_string_lossy().into_owned()),
    ];
    rig.restart_in(limited).await?;
    let process = rig.plugin_pid();
    let (taken, refused) = fill(&scim).await?;
    let longer = json!([{ "op": "replace", "path": "title", "value": "y".repeat(200_000) }]);
    let answer = scim.patch(&format!("/Users/{ada}"), longer.clone()).await?;
    ensure!(answer.status == 503, "{} {}", answer.status, answer.text);
    told(&rig, true).await?;

    // There is room, and nobody tells the provider: it sends again what was refused, as it was told to.
    std::fs::write(&room, "")?;
    until("the provider's next attempt is taken", SOON, async || {
        scim.patch(&format!("/Users/{ada}"), longer.clone())
            .await?
            .expect(&[200])
    })
    .await?;
    for name in &refused {
        scim.post("/Users", &user(name, "Some", "Body")).await?.expect(&[201])?;
    }
    let closes = json!([{ "op": "replace", "value": { "active": false } }]);
    scim.patch(&format!("/Users/{ada}"), closes).await?.expect(&[200])?;
    rig.closed("ada@example.com").await?;
    for name in taken.iter().chain(&refused) {
        rig.open(name).await?;
    }
    rig.settled().await?;
    ensure!(rig.plugin_pid() == process, "it was started again");
    told(&rig, false).await?;

    // What was acknowledged, before and after, is on the disk.
    rig.kill_plugin().await?;
    let all = scim.get("/Users?count=0").await?.expect(&[200])?;
    ensure!(
        all.json["totalResults"] == taken.len() + refused.len() + 1,
        "{}",
        all.text
    );
    let read = scim.get(&format!("/Users/{ada}")).await?.expect(&[200])?;
    let title = read.json["title"].as_str().map(str::len);
    ensure!(title == Some(200_000) && read.json["active"] == false, "{title:?}");
    rig.made_once()?;
    rig.finish().await
}
