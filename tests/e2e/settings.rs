//! Settings with origin: what a file sets is in force, shown as such and locked.

use acceptance::rig::{Rig, group};
use admin_api::{Groups, Setting, SettingOrigin, Settings};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

async fn setting(rig: &Rig, key: &str) -> Result<Setting> {
    let all: Settings = rig.grafana.admin("settings").await?;
    all.settings
        .into_iter()
        .find(|setting| setting.key == key)
        .with_context(|| format!("no setting {key}"))
}

/// Waits, because Grafana's own configuration is read by a call to Grafana.
async fn setting_from(rig: &Rig, key: &str, origin: SettingOrigin) -> Result<Setting> {
    acceptance::wait::until(
        &format!("{key} comes from {origin:?}"),
        acceptance::wait::SOON,
        async || {
            let found = setting(rig, key).await?;
            ensure!(found.origin == origin, "{found:?}");
            Ok(found)
        },
    )
    .await
}

#[tokio::test]
async fn strict_in_the_file_wins_over_create_in_the_own_section() -> Result<()> {
    let rig = Rig::with(|setup| {
        setup
            .ini("auth", "mapping_mode", "strict")
            .ini("plugin.rollcall-scim-app", "mapping_mode", "create")
    })
    .await?;
    let mode = setting_from(&rig, "mapping_mode", SettingOrigin::GrafanaIni).await?;
    ensure!(mode.value.as_deref() == Some("strict"), "{mode:?}");
    rig.finish().await
}

#[tokio::test]
async fn any_other_team_sync_mode_syncs_people_and_no_teams() -> Result<()> {
    let rig = Rig::with(|setup| {
        setup
            .ini("auth", "team_sync_mode", "team_sync")
            .ini("auth", "mapping_mode", "create")
    })
    .await?;
    setting_from(&rig, "team_sync_mode", SettingOrigin::GrafanaIni).await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    scim.post("/Groups", &group("Engineering", &[&ada]))
        .await?
        .expect(&[201])?;
    rig.open("ada@example.com").await?;
    rig.settled().await?;
    let groups: Groups = rig.grafana.admin("groups").await?;
    ensure!(!groups.group_sync && groups.groups.len() == 1, "{groups:?}");
    ensure!(rig.grafana.teams().await?.is_empty(), "a team was made");
    rig.finish().await
}

#[tokio::test]
async fn a_line_in_the_own_section_locks_the_page() -> Result<()> {
    let rig = Rig::with(|setup| {
        setup.ini("plugin.rollcall-scim-app", "claim_policy", "never").ini(
            "plugin.rollcall-scim-app",
            "team_removal",
            "burn",
        )
    })
    .await?;
    let claim = setting_from(&rig, "claim_policy", SettingOrigin::PluginIni).await?;
    ensure!(claim.value.as_deref() == Some("never") && claim.locked, "{claim:?}");
    rig.grafana.set("claim_policy", "email").await?.expect(&[409])?;
    let removal = setting(&rig, "team_removal").await?;
    ensure!(
        removal.value.as_deref() == Some("archive"),
        "the default is in force: {removal:?}"
    );
    ensure!(
        removal
            .problem
            .as_deref()
            .is_some_and(|problem| problem.contains("burn")),
        "{removal:?}"
    );
    rig.finish().await
}

#[tokio::test]
async fn the_page_sets_what_no_file_sets_and_takes_it_back() -> Result<()> {
    let rig = Rig::start().await?;
    let before = setting(&rig, "claim_policy").await?;
    ensure!(
        before.origin == SettingOrigin::Default && before.value.as_deref() == Some("linked"),
        "{before:?}"
    );
    rig.grafana.set("claim_policy", "never").await?.expect(&[200])?;
    let set = setting(&rig, "claim_policy").await?;
    ensure!(
        set.origin == SettingOrigin::Page && set.value.as_deref() == Some("never") && !set.locked,
        "{set:?}"
    );
    let body = json!({ "settings": { "claim_policy": null } });
    rig.grafana
        .admin_send(reqwest::Method::PUT, "settings", &body)
        .await?
        .expect(&[200])?;
    ensure!(
        setting(&rig, "claim_policy").await? == before,
        "it did not go back to the default"
    );

    for (key, value) in [
        ("claim_policy", "sometimes"),
        ("public_url", "grafana"),
        ("no_such_key", "x"),
        ("activity_days", "0"),
        ("activity_days", "a year"),
        ("admin_password", "x"),
    ] {
        let refused = rig.grafana.set(key, value).await?.expect(&[400])?;
        ensure!(
            refused.str("/field") == key || refused.str("/message").contains(key),
            "{key}: {}",
            refused.text
        );
    }
    rig.finish().await
}

#[tokio::test]
async fn secrets_are_known_to_be_set_and_never_shown() -> Result<()> {
    let rig = Rig::start().await?;
    let password = setting(&rig, "admin_password").await?;
    ensure!(
        password.secret_set == Some(true) && password.value.is_none(),
        "{password:?}"
    );
    let token = setting(&rig, "service_account_token").await?;
    ensure!(token.secret_set == Some(false) && token.value.is_none(), "{token:?}");
    for route in ["settings", "overview", "activity", "users", "groups", "login-doctor"] {
        let shown: serde_json::Value = rig.grafana.admin(route).await?;
        ensure!(!rig.tells_secrets(&shown.to_string()), "{route} shows a secret");
    }
    rig.finish().await
}
