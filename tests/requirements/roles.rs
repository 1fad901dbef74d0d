//! R19–R22: roles are Grafana's, and nothing a provider sends changes one.
//! What each number says: "Roles" in docs/requirements.md.

use acceptance::rig::{Rig, on_any_grafana, only_on_the_stand_in, user};
use admin_api::Activity;
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::scenes::{assigned, compared, set_active, whole};

/// Everything a provider does to a person in the course of a year.
async fn a_year_of(rig: &Rig, id: &str, login: &str) -> Result<()> {
    let scim = rig.scim().await?;
    let path = format!("/Users/{id}");
    scim.put(&path, &user(login, "Ada", "Lovelace")).await?.expect(&[200])?;
    set_active(&scim, id, false).await?;
    rig.settled().await?;
    set_active(&scim, id, true).await?;
    rig.settled().await?;
    compared(rig).await
}

#[tokio::test]
async fn r19_scim_changes_neither_the_role_nor_who_is_server_admin() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let (id, account) = assigned(rig, &scim, &login).await?;
        for role in ["Editor", "Admin", "Viewer"] {
            rig.grafana.set_role(account.id, role).await?;
            a_year_of(rig, &id, &login).await?;
            ensure!(
                rig.role(&login).await? == role,
                "{role} became {}",
                rig.role(&login).await?
            );
        }
        ensure!(!rig.open(&login).await?.is_grafana_admin, "she is server admin");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r20_roles_and_entitlements_are_accepted_and_give_nothing() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let plain = rig.own("plain@example.com");
        let (_, without) = assigned(rig, &scim, &plain).await?;
        let login = rig.own("ada@example.com");
        let mut body = user(&login, "Ada", "King");
        body["roles"] = json!([{ "value": "Admin", "primary": true }]);
        body["entitlements"] = json!([{ "value": "GrafanaAdmin" }]);
        body["isGrafanaAdmin"] = json!(true);
        let made = scim.post("/Users", &body).await?.expect(&[201])?;
        let account = rig.account(&login).await?;
        // Entra's own spelling of it.
        let operations = json!([
            { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin" },
            { "op": "Replace", "path": "displayName", "value": "Ada Lovelace" },
        ]);
        scim.patch(&format!("/Users/{}", made.id()), operations)
            .await?
            .expect(&[200])?;
        rig.account_is(&login, |account| {
            ensure!(account.name == "Ada Lovelace", "{account:?}");
            Ok(())
        })
        .await?;
        let log: Activity = rig.grafana.admin(&format!("activity?target={}", made.id())).await?;
        let told = log.entries.iter().filter_map(|line| line.reason.as_deref());
        let told: Vec<&str> = told.filter(|reason| reason.contains("without effect")).collect();
        ensure!(
            told.iter()
                .any(|reason| reason.contains("roles") && reason.contains("entitlements")),
            "the log does not say that they give nothing: {log:?}"
        );
        rig.settled().await?;
        let (with, orgs, _) = whole(rig, account.id).await?;
        ensure!(!with.is_grafana_admin, "{with:?}");
        ensure!(
            orgs == whole(rig, without.id).await?.1,
            "another role than who asks for none: {orgs}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r21_a_role_given_at_sign_in_survives_every_scim_write() -> Result<()> {
    if only_on_the_stand_in("role sync happens at an OAuth sign-in") {
        return Ok(());
    }
    let rig = Rig::with(|setup| setup.ini("auth", "oauth_allow_insecure_email_lookup", "true")).await?;
    let scim = rig.scim().await?;
    let (id, _) = assigned(&rig, &scim, "ada@example.com").await?;
    ensure!(
        rig.role("ada@example.com").await? == "Viewer",
        "the test needs another role"
    );
    rig.sign_in_by_oauth("ada@example.com").await?;
    ensure!(
        rig.role("ada@example.com").await? == "Editor",
        "the sign-in gave no role"
    );
    a_year_of(&rig, &id, "ada@example.com").await?;
    ensure!(rig.role("ada@example.com").await? == "Editor", "it is lost");
    rig.finish().await
}

#[tokio::test]
async fn r22_a_new_user_has_the_role_that_grafana_gives_everybody_new() -> Result<()> {
    on_any_grafana(async |rig| {
        let settings: Value = rig.grafana.get("/api/admin/settings").await?;
        let default = settings["users"]["auto_assign_org_role"].as_str().unwrap_or("Viewer");
        let login = rig.own("ada@example.com");
        assigned(rig, &rig.scim().await?, &login).await?;
        ensure!(rig.role(&login).await? == default, "not {default}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r22_where_everybody_new_is_an_editor_so_is_who_is_assigned() -> Result<()> {
    if only_on_the_stand_in("Grafana's configuration file is changed") {
        return Ok(());
    }
    let rig = Rig::with(|setup| setup.ini("users", "auto_assign_org_role", "Editor")).await?;
    assigned(&rig, &rig.scim().await?, "ada@example.com").await?;
    ensure!(rig.role("ada@example.com").await? == "Editor", "another role");
    rig.finish().await
}
