//! R43–R45: what goes wrong is explained, and what must not be touched is not.
//! What each number says: "Safety" in docs/requirements.md.

use acceptance::{
    idp::eq,
    rig::{Rig, on_any_grafana, user},
    wait::{SOON, throughout, until},
};
use admin_api::{Activity, Outcome, Source, TargetKind};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::scenes::{A_WHILE, assigned, compared, set_active, shown, whole};

/// The newest line of the log about this one with this outcome.
async fn logged(rig: &Rig, target: &str, outcome: &str) -> Result<admin_api::ActivityEntry> {
    until(&format!("the log has a line of {target}"), SOON, async || {
        let page: Activity = rig
            .grafana
            .admin(&format!("activity?target={target}&outcome={outcome}"))
            .await?;
        page.entries.into_iter().next().context("it has none")
    })
    .await
}

#[tokio::test]
async fn r43_a_failure_has_a_cause_and_a_next_step() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        rig.grafana.set("claim_policy", "ask").await?.expect(&[200])?;
        rig.grafana.make_account(&login, &login, "her own password").await?;
        let body = user(&login, "Ada", "King");
        let made = scim.post("/Users", &body).await?.expect(&[201])?.id();
        let told = rig.attention(&login).await?;
        ensure!(told.id == made && told.kind == "User", "{told:?}");
        ensure!(told.reason.contains(&login) && !told.next_step.is_empty(), "{told:?}");
        let line = logged(rig, &made, "attention").await?;
        ensure!(
            line.outcome == Outcome::Attention && line.source == Source::Grafana,
            "{line:?}"
        );
        ensure!(
            line.reason
                .as_deref()
                .is_some_and(|reason| reason.contains(&told.reason)),
            "{line:?}"
        );
        let note = shown(rig, &made).await?.note;
        ensure!(note.is_some_and(|note| !note.is_empty()), "their row says nothing");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r43_a_refused_request_has_a_line_in_the_log_with_its_cause() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let (id, _) = assigned(rig, &scim, &login).await?;
        let newest: Activity = rig.grafana.admin("activity?count=1").await?;
        let before = newest.entries.first().map_or(0, |line| line.id);
        let twice = scim
            .post("/Users", &user(&login, "Ada", "King"))
            .await?
            .expect(&[409])?;
        ensure!(twice.str("/scimType") == "uniqueness", "{}", twice.text);
        until("the refusal is in the log", SOON, async || {
            let page: Activity = rig.grafana.admin("activity?outcome=refused&count=50").await?;
            let line = page.entries.iter().find(|line| line.id > before);
            let line = line.context("it is not")?;
            let cause = line.reason.as_deref().unwrap_or_default();
            ensure!(
                line.target_kind == TargetKind::User && cause.contains("userName"),
                "{line:?}"
            );
            Ok(())
        })
        .await?;
        ensure!(shown(rig, &id).await?.active, "the refusal changed the first one");
        Ok(())
    })
    .await
}

/// CVE-2025-41115: an `externalId` of 1 made its owner Grafana's first user.
#[tokio::test]
async fn r44_an_external_id_is_text_and_never_an_account_number() -> Result<()> {
    on_any_grafana(async |rig| {
        // More people leave than the brake lets.
        rig.grafana.set("brake_least", "1000000").await?.expect(&[200])?;
        let scim = rig.scim().await?;
        let admin = rig.grafana.existing_account(rig.admin_login()).await?;
        let victim_login = rig.own("victim@example.com");
        let (victim_id, victim) = assigned(rig, &scim, &victim_login).await?;
        let untouched = (whole(rig, admin.id).await?, whole(rig, victim.id).await?);
        let ids = [
            admin.id.to_string(),
            victim.id.to_string(),
            victim_id.clone(),
            "1".into(),
            "0".into(),
            "-1".into(),
            "9223372036854775808".into(),
            rig.admin_login().to_owned(),
        ];
        for (n, external_id) in ids.iter().enumerate() {
            let login = rig.own(&format!("mallory-{n}@example.com"));
            let mut body = user(&login, "Mal", "Lory");
            body["externalId"] = json!(external_id);
            body["id"] = json!(admin.id.to_string());
            body["isGrafanaAdmin"] = json!(true);
            let made = scim.post("/Users", &body).await?.expect(&[201])?;
            ensure!(made.str("/externalId") == external_id, "{}", made.text);
            ensure!(
                made.id() != admin.id.to_string() && made.id() != *external_id,
                "{}",
                made.text
            );
            let account = rig.account(&login).await?;
            ensure!(
                account.id != admin.id && account.id != victim.id,
                "{external_id}: {account:?}"
            );
            ensure!(!account.is_grafana_admin, "{external_id}: {account:?}");
            let path = format!("/Users/{}", made.id());
            scim.patch(
                &path,
                json!([{ "op": "replace", "path": "displayName", "value": "Owned" }]),
            )
            .await?
            .expect(&[200])?;
            set_active(&scim, &made.id(), false).await?;
            let closed = rig.closed(&login).await?;
            ensure!(closed.id == account.id, "{external_id}: {closed:?}");
            scim.delete(&path).await?.expect(&[204])?;
        }
        rig.settled().await?;
        let now = (whole(rig, admin.id).await?, whole(rig, victim.id).await?);
        ensure!(now == untouched, "{untouched:?} became {now:?}");
        Ok(())
    })
    .await
}

/// Everything a provider can do to who has this login or e-mail; the account stays and somebody is told.
async fn untouched(rig: &Rig, login: &str) -> Result<()> {
    let scim = rig.scim().await?;
    let account = rig.grafana.existing_account(login).await?;
    let before = whole(rig, account.id).await?;
    let mut body = user(login, "Owned", "Byus");
    body["emails"][0]["value"] = json!(rig.own("attacker@example.com"));
    // What an earlier run or another provider left of that name is not ours to judge.
    ensure!(
        scim.find("/Users", &eq("userName", login)).await?.is_none(),
        "{login} is a SCIM user already"
    );
    let made = scim.post("/Users", &body).await?;
    let told: Result<()> = async {
        if made.status == 201 {
            let told = rig.attention(login).await?;
            ensure!(!told.reason.is_empty() && !told.next_step.is_empty(), "{told:?}");
            set_active(&scim, &made.id(), false).await?;
            compared(rig).await?;
        } else {
            ensure!(made.status == 409 && !made.str("/detail").is_empty(), "{}", made.text);
        }
        Ok(())
    }
    .await;
    if made.status == 201 {
        scim.delete(&format!("/Users/{}", made.id())).await?.expect(&[204])?;
    }
    told?;
    compared(rig).await?;
    throughout(&format!("{login} stays as it is"), A_WHILE, async || {
        let now = whole(rig, account.id).await?;
        ensure!(now == before, "{before:?} became {now:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r45_a_server_admin_can_be_neither_disabled_nor_changed() -> Result<()> {
    on_any_grafana(async |rig| untouched(rig, rig.admin_login()).await).await
}

#[tokio::test]
async fn r45_rollcalls_own_account_is_never_changed() -> Result<()> {
    on_any_grafana(async |rig| untouched(rig, rig.plugin_login()).await).await
}

#[tokio::test]
async fn r45_a_break_glass_account_is_never_changed() -> Result<()> {
    on_any_grafana(async |rig| {
        let login = rig.own("glass@example.com");
        rig.grafana.make_account(&login, &login, "in a sealed envelope").await?;
        let all: admin_api::Settings = rig.grafana.admin("settings").await?;
        let listed = all.settings.iter().find(|setting| setting.key == "break_glass");
        let others = listed.and_then(|setting| setting.value.clone()).unwrap_or_default();
        let list = format!("{others},{}", login.to_uppercase());
        rig.grafana
            .set("break_glass", list.trim_start_matches(','))
            .await?
            .expect(&[200])?;
        untouched(rig, &login).await
    })
    .await
}

/// "Emptied out": they keep the membership in a team that a group with the policy *remove* owns.
#[tokio::test]
async fn r45_a_server_admin_stays_in_a_team_that_a_group_owns() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let ada = rig.own("ada@example.com");
        let [id] = rig.people(&scim, [ada.as_str()]).await?;
        let name = rig.own("Members only");
        // Who makes a team by hand is in it.
        let team = rig.grafana.make_team(&name).await?;
        let made = crate::scenes::pushed(&scim, &name, &[&id]).await?;
        rig.map_to(&made, team, admin_api::MemberPolicy::Remove).await?;
        let admin = rig.admin_login().to_owned();
        rig.members_are(team, &[&admin, &ada]).await?;
        compared(rig).await?;
        let rows: Vec<Value> = rig.grafana.get(&format!("/api/teams/{team}/members")).await?;
        ensure!(
            rows.iter().any(|row| row["login"] == admin.as_str()),
            "they are out: {rows:?}"
        );
        Ok(())
    })
    .await
}
