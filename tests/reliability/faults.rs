//! Grafana, or something between, does not do as asked, or does and nobody hears of it: everything converges, and nothing is done
//! twice.

use std::time::Duration;

use acceptance::{
    rig::{BOT, Rig, group, user},
    wait::until,
};
use anyhow::{Result, ensure};
use grafana_stand_in::{Effect, Fault};
use reqwest::Method;
use serde_json::json;

/// Two answers that never come, and the waits between.
const LONGER_THAN_A_HANG: Duration = Duration::from_secs(75);

/// Every kind of change once, with the next two calls of each kind going wrong; in the end it is as if nothing had.
async fn converges_after(effect: Effect) -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let scim = rig.scim().await?;
    let [bob, cleo, dan] = rig
        .people(&scim, ["bob@example.com", "cleo@example.com", "dan@example.com"])
        .await?;
    for name in ["bob@example.com", "cleo@example.com", "dan@example.com"] {
        rig.open(name).await?;
    }
    rig.settled().await?;
    let goes_wrong = |path: &str, method: &str, times| {
        rig.fault(Fault::new(path, effect.clone()).method(method).times(times));
    };
    goes_wrong("/disable", "POST", 2);
    goes_wrong("/api/admin/users", "POST", 2);
    goes_wrong("/api/users/", "PUT", 2);
    goes_wrong("/members", "PUT", 1);
    goes_wrong("/members", "POST", 1);
    goes_wrong("/api/teams", "POST", 2);
    let closes = json!([{ "op": "replace", "value": { "active": false } }]);
    scim.patch(&format!("/Users/{bob}"), closes).await?.expect(&[200])?;
    let ada = scim
        .post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?
        .id();
    let moves = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "cleo.new@example.com" }]);
    scim.patch(&format!("/Users/{cleo}"), moves).await?.expect(&[200])?;
    scim.post("/Groups", &group("Engineering", &[&ada, &cleo, &dan]))
        .await?
        .expect(&[201])?;
    until("everything is as asked for", LONGER_THAN_A_HANG, async || {
        ensure!(
            rig.grafana.existing_account("bob@example.com").await?.is_disabled,
            "bob"
        );
        let cleo = rig.grafana.existing_account("cleo@example.com").await?;
        ensure!(cleo.email == "cleo.new@example.com", "{cleo:?}");
        let team = rig.grafana.existing_team("Engineering").await?;
        let members = rig.grafana.members(team.id).await?;
        let wanted = ["ada@example.com", "cleo@example.com", "dan@example.com"];
        ensure!(members.iter().eq(wanted), "{members:?}");
        Ok(())
    })
    .await?;
    rig.settled().await?;
    rig.made_once()?;
    let accounts = rig.grafana.accounts("@example.com").await?;
    ensure!(accounts.len() == 4, "{accounts:?}");
    ensure!(
        rig.grafana.teams().await?.len() == 1,
        "{:?}",
        rig.grafana.teams().await?
    );
    rig.finish().await
}

#[tokio::test]
async fn connections_that_break_lose_nothing() -> Result<()> {
    converges_after(Effect::Drop).await
}

#[tokio::test]
async fn what_grafana_did_without_an_answer_is_not_done_again() -> Result<()> {
    converges_after(Effect::DropAnswer).await
}

#[tokio::test]
async fn what_grafana_did_and_half_answered_is_not_done_again() -> Result<()> {
    converges_after(Effect::Truncate).await
}

/// Regression: the note “I asked for it” was put away although the answer was not Grafana's, so the account that was made by it was
/// taken for a stranger's.
#[tokio::test]
async fn what_grafana_did_and_a_proxy_answered_is_not_done_again() -> Result<()> {
    converges_after(Effect::Garble).await
}

#[tokio::test]
async fn a_grafana_that_stumbles_is_asked_again() -> Result<()> {
    converges_after(Effect::Answer(
        500,
        json!({ "message": "database is locked" }).to_string(),
    ))
    .await
}

#[tokio::test]
async fn a_proxy_that_finds_no_grafana_loses_nothing() -> Result<()> {
    converges_after(Effect::Answer(502, "<html>Bad Gateway</html>".into())).await
}

#[tokio::test]
async fn a_grafana_that_is_starting_is_waited_for() -> Result<()> {
    converges_after(Effect::Busy(503, 1)).await
}

#[tokio::test]
async fn a_grafana_that_asks_for_patience_gets_it() -> Result<()> {
    converges_after(Effect::Busy(429, 2)).await
}

/// Twenty seconds each: as long as the engine waits for an answer.
#[tokio::test]
async fn a_grafana_that_never_answers_holds_nothing_up_without_end() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    rig.fault(Fault::new("/api/admin/users", Effect::Hang).method("POST"));
    scim.post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    until("the account is there", LONGER_THAN_A_HANG, async || {
        rig.grafana.existing_account("ada@example.com").await
    })
    .await?;
    rig.settled().await?;
    rig.made_once()?;
    rig.finish().await
}

/// Even under the policy that takes no stranger's account: this one is no stranger's.
#[tokio::test]
async fn an_account_made_without_an_answer_is_ours() -> Result<()> {
    for effect in [Effect::DropAnswer, Effect::Truncate, Effect::Garble] {
        let rig = Rig::with(|setup| setup.ini("plugin.rollcall-scim-app", "claim_policy", "never")).await?;
        let scim = rig.scim().await?;
        rig.fault(Fault::new("/api/admin/users", effect).method("POST"));
        let ada = scim
            .post("/Users", &user("ada@example.com", "Ada", "King"))
            .await?
            .expect(&[201])?
            .id();
        rig.account("ada@example.com").await?;
        let overview = rig.settled().await?;
        ensure!(overview.attention.is_empty(), "{:?}", overview.attention);
        let closes = json!([{ "op": "replace", "value": { "active": false } }]);
        scim.patch(&format!("/Users/{ada}"), closes).await?.expect(&[200])?;
        rig.closed("ada@example.com").await?;
        rig.made_once()?;
        rig.finish().await?;
    }
    Ok(())
}

/// Grafana's cookie is worth 0.3 seconds here: nearly every call finds it too old, and one answer with the new one is lost.
#[tokio::test]
async fn a_session_that_has_to_be_renewed_all_the_time_stops_nothing() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "token_rotation_interval_minutes", "0.005")).await?;
    let scim = rig.scim().await?;
    rig.fault(Fault::new("/api/user/auth-tokens/rotate", Effect::DropAnswer).times(1));
    for n in 0..12 {
        let name = format!("person-{n}@example.com");
        rig.people(&scim, [name.as_str()]).await?;
        rig.open(&name).await?;
    }
    rig.settled().await?;
    let rotated = rig.calls().iter().filter(|call| call.path.ends_with("/rotate")).count();
    ensure!(rotated > 0, "no cookie was renewed: this test shows nothing");
    ensure!(rig.refused_sign_ins() < 60, "{} refusals", rig.refused_sign_ins());
    rig.made_once()?;
    rig.finish().await
}

#[tokio::test]
async fn signed_out_by_somebody_the_plugin_signs_in_again() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let bot = rig.grafana.existing_account(BOT).await?.id;
    for name in ["ada@example.com", "bob@example.com"] {
        rig.grafana
            .call(
                Method::POST,
                &format!("/api/admin/users/{bot}/logout"),
                Some(&json!({})),
            )
            .await?
            .expect(&[200])?;
        // What went wrong with the sign-in itself is not a refusal, and is tried again.
        rig.fault(Fault::status("/login", 500));
        rig.people(&scim, [name]).await?;
        rig.open(name).await?;
    }
    rig.settled().await?;
    rig.finish().await
}
