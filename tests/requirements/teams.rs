//! R23–R32: groups become teams.
//! What each number says: "Teams" in docs/requirements.md.

use std::time::Duration;

use acceptance::{
    rig::{Rig, group, on_any_grafana, only_on_the_stand_in},
    wait::{throughout, until},
};
use admin_api::{GroupStatus, MappingOrigin, SyncState};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::json;

use crate::scenes::{A_WHILE, compared, joins, leaves, mapped, overview, pushed};

/// A change of a group is in its team after this (R32's "N seconds"), on a machine that does other things too.
const REAL_TIME: Duration = Duration::from_secs(10);

#[tokio::test]
async fn r23_in_mode_create_a_group_gets_a_team_of_its_name() -> Result<()> {
    on_any_grafana(async |rig| {
        if !rig.create_mode().await? {
            return Ok(());
        }
        let scim = rig.scim().await?;
        let (name, ada) = (rig.own("Engineering"), rig.own("ada@example.com"));
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        ensure!(rig.grafana.team(&name).await?.is_none(), "there is such a team already");
        let made = pushed(&scim, &name, &[&id]).await?;
        rig.team_is(&name, &[&ada]).await?;
        let row = rig.group_is(&made, GroupStatus::InSync).await?;
        ensure!(
            row.mappings
                .iter()
                .all(|mapping| mapping.origin == MappingOrigin::Create),
            "{row:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r24_in_mode_create_a_team_of_that_name_is_used() -> Result<()> {
    on_any_grafana(async |rig| {
        if !rig.create_mode().await? {
            return Ok(());
        }
        let scim = rig.scim().await?;
        let (name, ada) = (rig.own("Engineering"), rig.own("ada@example.com"));
        let there = rig.empty_team(&name).await?;
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        pushed(&scim, &name, &[&id]).await?;
        ensure!(rig.team_is(&name, &[&ada]).await? == there, "another team of that name");
        let same = rig.grafana.teams().await?;
        ensure!(same.iter().filter(|team| team.name == name).count() == 1, "{same:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r25_who_joins_the_group_is_in_the_team() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (ada, bob) = (rig.own("ada@example.com"), rig.own("bob@example.com"));
        let [one, two] = rig.people(&scim, [ada.as_str(), bob.as_str()]).await?;
        let (made, team) = mapped(rig, &scim, &rig.own("Engineering"), &[&one], &[&ada]).await?;
        joins(&scim, &made, &two).await?;
        rig.members_are(team, &[&ada, &bob]).await
    })
    .await
}

#[tokio::test]
async fn r26_a_person_who_leaves_the_group_is_out_of_the_team() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (ada, bob) = (rig.own("ada@example.com"), rig.own("bob@example.com"));
        let [one, two] = rig.people(&scim, [ada.as_str(), bob.as_str()]).await?;
        let name = rig.own("Engineering");
        let (made, team) = mapped(rig, &scim, &name, &[&one, &two], &[&ada, &bob]).await?;
        leaves(&scim, &made, &two).await?;
        rig.members_are(team, &[&ada]).await?;
        scim.put(&format!("/Groups/{made}"), &group(&name, &[]))
            .await?
            .expect(&[200])?;
        rig.members_are(team, &[]).await
    })
    .await
}

#[tokio::test]
async fn r27_in_mode_strict_an_unmapped_group_touches_no_team() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (name, ada) = (rig.own("Engineering"), rig.own("ada@example.com"));
        let team = rig.empty_team(&name).await?;
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let same = pushed(&scim, &name, &[&id]).await?;
        let new = pushed(&scim, &rig.own("Finance"), &[&id]).await?;
        for group in [&same, &new] {
            let row = rig.group_is(group, GroupStatus::NotMapped).await?;
            ensure!(row.members == 1 && row.mappings.is_empty(), "{row:?}");
        }
        compared(rig).await?;
        throughout("no team changes", A_WHILE, async || {
            ensure!(rig.grafana.members(team).await?.is_empty(), "somebody is in it");
            ensure!(
                rig.grafana.team(&rig.own("Finance")).await?.is_none(),
                "a team was made"
            );
            Ok(())
        })
        .await
    })
    .await
}

#[tokio::test]
async fn r28_a_group_that_is_mapped_later_is_synced_at_once() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (name, ada) = (rig.own("Engineering"), rig.own("ada@example.com"));
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let made = pushed(&scim, &name, &[&id]).await?;
        rig.group_is(&made, GroupStatus::NotMapped).await?;
        rig.settled().await?;
        rig.map_to_new(&made, &name).await?;
        rig.team_is(&name, &[&ada]).await?;
        rig.group_is(&made, GroupStatus::InSync).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn r29_the_team_of_a_deleted_group_follows_the_setting() -> Result<()> {
    on_any_grafana(async |rig| {
        if !rig.create_mode().await? {
            return Ok(());
        }
        let scim = rig.scim().await?;
        let ada = rig.own("ada@example.com");
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        for removal in ["archive", "keep", "remove"] {
            rig.grafana.set("team_removal", removal).await?.expect(&[200])?;
            let name = rig.own(&format!("To {removal}"));
            let made = pushed(&scim, &name, &[&id]).await?;
            let team = rig.team_is(&name, &[&ada]).await?;
            scim.delete(&format!("/Groups/{made}")).await?.expect(&[204])?;
            until(&format!("the team is as {removal} says"), REAL_TIME, async || {
                let all = rig.grafana.teams().await?;
                let left = all.iter().find(|one| one.id == team);
                match removal {
                    "remove" => ensure!(left.is_none(), "{left:?}"),
                    "archive" => {
                        let left = left.context("it is gone")?;
                        ensure!(left.name != name && left.name.starts_with(&name), "{left:?}");
                        ensure!(rig.grafana.members(team).await?.is_empty(), "somebody is in it");
                    }
                    _ => {
                        ensure!(left.context("it is gone")?.name == name, "{left:?}");
                        ensure!(rig.grafana.members(team).await?.is_empty(), "somebody is in it");
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r29_in_mode_strict_only_the_tie_of_a_deleted_group_goes() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (name, ada) = (rig.own("Engineering"), rig.own("ada@example.com"));
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let (made, team) = mapped(rig, &scim, &name, &[&id], &[&ada]).await?;
        scim.delete(&format!("/Groups/{made}")).await?.expect(&[204])?;
        rig.members_are(team, &[]).await?;
        compared(rig).await?;
        let left = rig.grafana.existing_team(&name).await?;
        ensure!(left.id == team, "another team: {left:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r30_a_renamed_group_renames_its_team_in_mode_create() -> Result<()> {
    on_any_grafana(async |rig| {
        if !rig.create_mode().await? {
            return Ok(());
        }
        let scim = rig.scim().await?;
        let (name, new, ada) = (rig.own("Engineering"), rig.own("Builders"), rig.own("ada@example.com"));
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let made = pushed(&scim, &name, &[&id]).await?;
        let before = rig.team_is(&name, &[&ada]).await?;
        let rename = json!([{ "op": "replace", "path": "displayName", "value": new }]);
        scim.patch(&format!("/Groups/{made}"), rename)
            .await?
            .expect(&[200, 204])?;
        let after = rig.team_is(&new, &[&ada]).await?;
        ensure!(after == before, "another team, without the folders of the first");
        ensure!(rig.grafana.team(&name).await?.is_none(), "the old one is there too");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r30_a_renamed_group_renames_no_team_in_mode_strict() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (name, ada, bob) = (
            rig.own("Engineering"),
            rig.own("ada@example.com"),
            rig.own("bob@example.com"),
        );
        let [one, two] = rig.people(&scim, [ada.as_str(), bob.as_str()]).await?;
        let (made, team) = mapped(rig, &scim, &name, &[&one], &[&ada]).await?;
        let rename = json!([{ "op": "replace", "path": "displayName", "value": rig.own("Builders") }]);
        scim.patch(&format!("/Groups/{made}"), rename)
            .await?
            .expect(&[200, 204])?;
        // Who joins after that shows that the rename has been dealt with.
        joins(&scim, &made, &two).await?;
        rig.members_are(team, &[&ada, &bob]).await?;
        compared(rig).await?;
        ensure!(
            rig.grafana.existing_team(&name).await?.id == team,
            "another team has the name"
        );
        ensure!(
            rig.grafana.team(&rig.own("Builders")).await?.is_none(),
            "a team was made"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r31_a_team_made_by_hand_that_nothing_maps_is_never_changed() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (ada, guest) = (rig.own("ada@example.com"), rig.own("guest@example.com"));
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let account = rig.account(&ada).await?;
        let stranger = rig.grafana.make_account(&guest, &guest, "a good password").await?;
        let team = rig.empty_team(&rig.own("By hand")).await?;
        rig.grafana.join_team(team, stranger).await?;
        rig.grafana.join_team(team, account.id).await?;
        let before = (
            rig.grafana.existing_team(&rig.own("By hand")).await?,
            rig.grafana.members(team).await?,
        );
        // Her groups come, change and go, and none of them is this team's.
        let (made, other) = mapped(rig, &scim, &rig.own("Engineering"), &[&id], &[&ada]).await?;
        leaves(&scim, &made, &id).await?;
        rig.members_are(other, &[]).await?;
        scim.delete(&format!("/Groups/{made}")).await?.expect(&[204])?;
        compared(rig).await?;
        let after = (
            rig.grafana.existing_team(&rig.own("By hand")).await?,
            rig.grafana.members(team).await?,
        );
        ensure!(after == before, "{before:?} became {after:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r32_what_a_group_says_is_in_its_team_within_seconds() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (ada, bob) = (rig.own("ada@example.com"), rig.own("bob@example.com"));
        let [one, two] = rig.people(&scim, [ada.as_str(), bob.as_str()]).await?;
        let name = rig.own("Engineering");
        let (made, team) = mapped(rig, &scim, &name, &[&one], &[&ada]).await?;
        for round in 0..3 {
            let inside = round % 2 == 0;
            if inside {
                joins(&scim, &made, &two).await?;
            } else {
                leaves(&scim, &made, &two).await?;
            }
            until(&format!("round {round} is in the team"), REAL_TIME, async || {
                let members = rig.grafana.members(team).await?;
                ensure!(
                    members.contains(&bob) == inside && members.contains(&ada),
                    "{members:?}"
                );
                Ok(())
            })
            .await?;
            rig.group_is(&made, GroupStatus::InSync).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r32_what_cannot_be_applied_yet_is_taken_and_shown_as_waiting() -> Result<()> {
    if only_on_the_stand_in("Grafana stops answering the plugin") {
        return Ok(());
    }
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada, bob] = rig.people(&scim, ["ada@example.com", "bob@example.com"]).await?;
    let (made, team) = mapped(&rig, &scim, "Engineering", &[&ada], &["ada@example.com"]).await?;
    rig.grafana_away();
    joins(&scim, &made, &bob).await?;
    rig.group_is(&made, GroupStatus::Pending).await?;
    rig.state(&[SyncState::GrafanaAway]).await?;
    ensure!(
        overview(&rig).await?.pending.count > 0,
        "the page counts nothing as waiting"
    );
    rig.grafana_back();
    rig.members_are(team, &["ada@example.com", "bob@example.com"]).await?;
    rig.group_is(&made, GroupStatus::InSync).await?;
    rig.finish().await
}

/// Not a requirement of its own: `DELETE` of a mapping on the page is how a strict tie is undone (R27, R29).
#[tokio::test]
async fn r27_a_removed_mapping_frees_the_team_and_leaves_it() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (name, ada, bob) = (
            rig.own("Engineering"),
            rig.own("ada@example.com"),
            rig.own("bob@example.com"),
        );
        let [one, two] = rig.people(&scim, [ada.as_str(), bob.as_str()]).await?;
        let made = pushed(&scim, &name, &[&one]).await?;
        let mapping = rig.map_to_new(&made, &name).await?;
        let team = rig.team_is(&name, &[&ada]).await?;
        rig.remember_team(team);
        rig.grafana
            .admin_send(Method::DELETE, &format!("mappings/{}", mapping.id), &json!({}))
            .await?
            .expect(&[204])?;
        joins(&scim, &made, &two).await?;
        rig.group_is(&made, GroupStatus::NotMapped).await?;
        compared(rig).await?;
        ensure!(!rig.grafana.members(team).await?.contains(&bob), "who came later is in");
        ensure!(rig.grafana.existing_team(&name).await?.id == team, "the team is gone");
        Ok(())
    })
    .await
}
