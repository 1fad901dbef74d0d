//! R33–R37: Team Sync against group sync, and the two settings of the document, with their origin and what a switch does.
//! What each number says: "Settings" in docs/requirements.md.

use acceptance::{
    grafana::PLUGIN,
    rig::{Rig, on_any_grafana, only_on_the_stand_in},
    wait::{SOON, throughout, until},
};
use admin_api::{GroupStatus, Groups, MappingMode, Setting, SettingOrigin, Settings};
use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::scenes::{A_WHILE, compared, overview, pushed};

async fn setting(rig: &Rig, key: &str) -> Result<Setting> {
    let all: Settings = rig.grafana.admin("settings").await?;
    let found = all.settings.into_iter().find(|setting| setting.key == key);
    found.with_context(|| format!("no setting {key}"))
}

/// Waits, because what a file says may have to be asked of Grafana first.
async fn from_file(rig: &Rig, key: &str, value: &str, origin: SettingOrigin) -> Result<()> {
    until(&format!("{key} is {value} from {origin:?}"), SOON, async || {
        let found = setting(rig, key).await?;
        ensure!(
            found.value.as_deref() == Some(value) && found.origin == origin,
            "{found:?}"
        );
        ensure!(found.locked, "the page could change what a file says: {found:?}");
        Ok(())
    })
    .await?;
    let refused = rig.grafana.set(key, "strict").await?.expect(&[409])?;
    ensure!(refused.text.contains(key), "{}", refused.text);
    Ok(())
}

async fn health(rig: &Rig) -> Result<Value> {
    rig.grafana.get(&format!("/api/plugins/{PLUGIN}/health")).await
}

/// Waits until page and health say this, or until neither says anything of Team Sync.
async fn warned(rig: &Rig, wanted: Option<&str>) -> Result<()> {
    until(&format!("the warning is {wanted:?}"), SOON, async || {
        let (page, health) = (overview(rig).await?.warnings, health(rig).await?);
        let told = health["message"].as_str().unwrap_or_default().contains("Team Sync");
        let right = match wanted {
            Some(words) => page.iter().any(|warning| warning.contains(words)) && told,
            None => page.is_empty() && !told,
        };
        ensure!(right, "{page:?}, {health}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r33_a_licence_with_team_sync_is_warned_of() -> Result<()> {
    if only_on_the_stand_in("Grafana is an Enterprise with Team Sync") {
        return Ok(());
    }
    let rig = Rig::with(|setup| setup.ini("enterprise", "license_path", "/etc/grafana/license.jwt")).await?;
    warned(&rig, Some("licence has Team Sync")).await?;
    until("the log says so", SOON, async || {
        let log = rig.plugin_log();
        ensure!(log.contains("Grafana's licence has Team Sync"), "{log}");
        Ok(())
    })
    .await?;
    let team = rig.grafana.make_team("Engineering").await?;
    let path = format!("/api/teams/{team}/groups");
    let external = json!({ "groupId": "cn=engineers" });
    rig.grafana.send(Method::POST, &path, &external).await?;
    compared(&rig).await?;
    ensure!(
        overview(&rig)
            .await?
            .warnings
            .iter()
            .all(|warning| !warning.contains("Engineering")),
        "a team that is not Rollcall's is named"
    );
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    let group = pushed(&scim, "Engineering", &[&ada]).await?;
    rig.map_to(&group, team, admin_api::MemberPolicy::Keep).await?;
    compared(&rig).await?;
    warned(&rig, Some("“Engineering”")).await?;
    ensure!(
        health(&rig).await?["details"]["teamSyncConflicts"] == 1,
        "{}",
        health(&rig).await?
    );
    let remove = format!("{path}?groupId=cn%3Dengineers");
    rig.grafana.call(Method::DELETE, &remove, None).await?.expect(&[200])?;
    compared(&rig).await?;
    warned(&rig, Some("licence has Team Sync")).await?;
    // Anybody who leaves the teams to Team Sync is not warned of it.
    rig.grafana.set("team_sync_mode", "team_sync").await?.expect(&[200])?;
    compared(&rig).await?;
    warned(&rig, None).await?;
    rig.finish().await
}

#[tokio::test]
async fn r33_without_team_sync_nobody_is_warned() -> Result<()> {
    on_any_grafana(async |rig| {
        compared(rig).await?;
        let warnings = overview(rig).await?.warnings;
        ensure!(warnings.is_empty(), "{warnings:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r34_with_another_team_sync_mode_teams_are_not_synced() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (name, ada) = (rig.own("Engineering"), rig.own("ada@example.com"));
        rig.grafana.set("team_sync_mode", "team_sync").await?.expect(&[200])?;
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let made = pushed(&scim, &name, &[&id]).await?;
        let team = rig.empty_team(&rig.own("Chosen")).await?;
        rig.map_to(&made, team, admin_api::MemberPolicy::Keep).await?;
        rig.open(&ada).await?;
        throughout("no team changes", A_WHILE, async || {
            ensure!(rig.grafana.team(&name).await?.is_none(), "a team was made");
            ensure!(
                rig.grafana.members(team).await?.is_empty(),
                "somebody is in the mapped team"
            );
            Ok(())
        })
        .await?;
        let shown: Groups = rig.grafana.admin("groups").await?;
        ensure!(!shown.group_sync, "the page says that groups are synced");
        rig.grafana.set("team_sync_mode", "scim_sync").await?.expect(&[200])?;
        rig.members_are(team, &[&ada]).await
    })
    .await
}

#[tokio::test]
async fn r35_the_default_is_strict_and_an_unknown_mode_is_refused() -> Result<()> {
    on_any_grafana(async |rig| {
        let before = setting(rig, "mapping_mode").await?;
        ensure!(before.choices == ["strict", "create"], "{before:?}");
        if before.origin == SettingOrigin::Default {
            ensure!(before.value.as_deref() == Some("strict"), "{before:?}");
        }
        for wrong in ["loose", "STRICTLY", "create,strict", " "] {
            let answer = rig.grafana.set("mapping_mode", wrong).await?;
            ensure!(answer.status == 400, "{wrong:?}: {} {}", answer.status, answer.text);
            let told = answer.str("/message");
            ensure!(
                told.contains("strict") && told.contains("create"),
                "{wrong:?}: it does not say what is right: {told}"
            );
        }
        ensure!(
            setting(rig, "mapping_mode").await? == before,
            "a refused value is in force"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r35_a_wrong_mode_in_the_file_is_named() -> Result<()> {
    if only_on_the_stand_in("Grafana's configuration file is changed") {
        return Ok(());
    }
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "loose")).await?;
    until("the wrong line is named", SOON, async || {
        let found = setting(&rig, "mapping_mode").await?;
        let named = found
            .problem
            .as_deref()
            .is_some_and(|problem| problem.contains("loose"));
        ensure!(named && found.value.as_deref() == Some("strict"), "{found:?}");
        Ok(())
    })
    .await?;
    rig.finish().await
}

#[tokio::test]
async fn r36_both_lines_work_as_the_document_writes_them() -> Result<()> {
    if only_on_the_stand_in("Grafana's configuration file is changed") {
        return Ok(());
    }
    let rig = Rig::with(|setup| {
        setup
            .ini("auth", "team_sync_mode", "scim_sync")
            .ini("auth", "mapping_mode", "create")
    })
    .await?;
    from_file(&rig, "team_sync_mode", "scim_sync", SettingOrigin::GrafanaIni).await?;
    from_file(&rig, "mapping_mode", "create", SettingOrigin::GrafanaIni).await?;
    let shown: Groups = rig.grafana.admin("groups").await?;
    ensure!(
        shown.mapping_mode == MappingMode::Create && shown.mapping_mode_locked && shown.group_sync,
        "{shown:?}"
    );
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    pushed(&scim, "Engineering", &[&ada]).await?;
    rig.team_is("Engineering", &["ada@example.com"]).await?;
    rig.finish().await
}

/// What `provisioning/plugins/*.yaml` ends in: the app's `jsonData`.
#[tokio::test]
async fn r36_a_provisioned_mode_is_in_force_and_shown_as_such() -> Result<()> {
    if only_on_the_stand_in("the app's own settings are changed") {
        return Ok(());
    }
    let rig = Rig::start().await?;
    let json_data = json!({ "mappingMode": "create" });
    rig.grafana
        .enable_app(&json_data, &Value::Object(Default::default()))
        .await?;
    from_file(&rig, "mapping_mode", "create", SettingOrigin::Provisioned).await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    pushed(&scim, "Engineering", &[&ada]).await?;
    rig.team_is("Engineering", &["ada@example.com"]).await?;
    rig.finish().await
}

/// The page's dialog is made of these rows: each group that is not mapped, with the team of its name if there is one.
#[tokio::test]
async fn r37_the_preview_of_create_is_what_happens() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (new, there, mapped) = (rig.own("New"), rig.own("There"), rig.own("Mapped"));
        let ada = rig.own("ada@example.com");
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let team = rig.empty_team(&there).await?;
        let makes = pushed(&scim, &new, &[&id]).await?;
        let uses = pushed(&scim, &there, &[&id]).await?;
        let stays = pushed(&scim, &mapped, &[&id]).await?;
        let other = rig.own("Other name");
        rig.map_to_new(&stays, &other).await?;
        let kept = rig.team_is(&other, &[&ada]).await?;
        compared(rig).await?;

        let shown: Groups = rig.grafana.admin("groups").await?;
        let row = |id: &str| {
            let found = shown.groups.iter().find(|row| row.id == id);
            found.context("the page does not show it")
        };
        for (id, team) in [(&makes, None), (&uses, Some(team))] {
            let row = row(id)?;
            ensure!(row.status == GroupStatus::NotMapped, "{row:?}");
            ensure!(row.suggestion.as_ref().map(|team| team.id) == team, "{row:?}");
        }
        ensure!(row(&stays)?.suggestion.is_none(), "{shown:?}");
        ensure!(
            rig.grafana.team(&new).await?.is_none() && rig.grafana.members(team).await?.is_empty(),
            "the preview itself changed something"
        );

        if !rig.create_mode().await? {
            return Ok(());
        }
        rig.team_is(&new, &[&ada]).await?;
        ensure!(rig.team_is(&there, &[&ada]).await? == team, "another team than it said");
        rig.settled().await?;
        ensure!(
            rig.grafana.team(&mapped).await?.is_none(),
            "a mapped group got a second team"
        );
        rig.members_are(kept, &[&ada]).await
    })
    .await
}

#[tokio::test]
async fn r36_a_mode_set_on_the_page_is_in_force_at_once() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (name, ada) = (rig.own("Engineering"), rig.own("ada@example.com"));
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let made = pushed(&scim, &name, &[&id]).await?;
        rig.group_is(&made, GroupStatus::NotMapped).await?;
        if !rig.create_mode().await? {
            return Ok(());
        }
        let set = setting(rig, "mapping_mode").await?;
        ensure!(
            set.origin == SettingOrigin::Page && set.value.as_deref() == Some("create") && !set.locked,
            "{set:?}"
        );
        rig.team_is(&name, &[&ada]).await.map(drop)
    })
    .await
}
