//! What cannot be true is an error of the answer, and nobody's access follows from it.

use acceptance::{
    rig::{Rig, group},
    wait::{SOON, until},
};
use admin_api::Overview;
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::{Effect, Fault, wrong};
use serde_json::Value;

type Lie = (&'static str, fn(&mut Value));

const PEOPLE: [&str; 4] = [
    "ada@example.com",
    "bob@example.com",
    "cid@example.com",
    "dan@example.com",
];

/// Feature flags of Grafana 12 and 13 have produced each of them (G76).
#[tokio::test]
async fn a_list_that_cannot_be_true_changes_nothing() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let scim = rig.scim().await?;
    let ids = rig.people(&scim, PEOPLE).await?;
    let members: Vec<&str> = ids.iter().map(String::as_str).collect();
    scim.post("/Groups", &group("Engineering", &members))
        .await?
        .expect(&[201])?;
    rig.team_is("Engineering", &PEOPLE).await?;
    rig.check_now().await?;
    rig.settled().await?;
    let lies: [Lie; 6] = [
        ("/api/users/search", wrong::zero_ids),
        ("/api/users/search", wrong::negative_ids),
        ("/api/users/search", wrong::blank_logins),
        ("/api/users/search", wrong::empty_list),
        ("/api/org/users/search", wrong::empty_list),
        ("/api/teams/search", wrong::zero_ids),
    ];
    let before = rig.changes_by_plugin().len();
    for (path, lie) in lies {
        rig.grafana_back();
        rig.check_now().await?;
        rig.settled().await?;
        rig.fault(Fault::new(path, Effect::Rewrite(lie)).method("GET").always());
        until("the comparison ends in vain", SOON, async || {
            rig.check_now().await?;
            let overview: Overview = rig.page.admin("overview").await?;
            let error = overview.grafana.error.context("it is taken for true")?;
            ensure!(error.contains("implausibly"), "{path}: {error}");
            Ok(())
        })
        .await?;
    }
    let changes: Vec<String> = rig.changes_by_plugin()[before..]
        .iter()
        .map(ToString::to_string)
        .collect();
    ensure!(changes.is_empty(), "{changes:?}");
    rig.grafana_back();
    for name in PEOPLE {
        rig.open(name).await?;
    }
    rig.finish().await
}
