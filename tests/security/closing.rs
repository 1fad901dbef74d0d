//! Closing ends only when the account was seen closed, whatever Grafana or the way to it answers.

use std::time::Duration;

use acceptance::{
    idp::ScimClient,
    rig::{BOT, Rig, group, user},
    wait::{SOON, until},
};
use admin_api::{Overview, SyncState};
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::{Effect, Fault};
use reqwest::Method;
use serde_json::json;

/// Two calls that hang for as long as the engine waits for an answer, and the waits between.
const LONGER_THAN_TWO_HANGS: Duration = Duration::from_secs(90);

const WRONG_PASSWORD: &str = r#"{"messageId":"password-auth.failed","message":"Invalid username or password"}"#;
const UNAUTHORIZED: &str = r#"{"messageId":"auth.unauthorized","message":"Unauthorized"}"#;
const PAGE_OF_A_FIREWALL: &str = "<html><body>Request blocked</body></html>";

/// A rig with Ada in it, and her SCIM id.
async fn with_ada(rig: &Rig) -> Result<(ScimClient, String)> {
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    rig.open("ada@example.com").await?;
    rig.settled().await?;
    Ok((scim, ada))
}

async fn deactivate(scim: &ScimClient, id: &str) -> Result<()> {
    let leaves = json!([{ "op": "replace", "value": { "active": false } }]);
    scim.patch(&format!("/Users/{id}"), leaves).await?.expect(&[200])?;
    Ok(())
}

/// The plugin's session ends, as it does after thirty days, or when an admin signs it out.
async fn end_our_session(rig: &Rig) -> Result<()> {
    let bot = rig.grafana.existing_account(BOT).await?.id;
    let path = format!("/api/admin/users/{bot}/logout");
    rig.grafana
        .call(Method::POST, &path, Some(&json!({})))
        .await?
        .expect(&[200])?;
    Ok(())
}

/// Anybody can cause one, with five wrong passwords for the login of Rollcall's account.
#[tokio::test]
async fn one_refused_sign_in_does_not_end_all_closing() -> Result<()> {
    let rig = Rig::start().await?;
    let (scim, ada) = with_ada(&rig).await?;
    rig.fault(Fault::new("/login", Effect::Answer(401, WRONG_PASSWORD.into())).method("POST"));
    end_our_session(&rig).await?;
    deactivate(&scim, &ada).await?;
    rig.state(&[SyncState::CredentialsRefused]).await?;
    rig.check_now().await?;
    rig.closed("ada@example.com").await?;
    rig.settled().await?;
    rig.finish().await
}

/// Pressing it again and again locks nobody out: five failures in five minutes would (G26).
#[tokio::test]
async fn check_now_never_locks_the_account_out() -> Result<()> {
    let rig = Rig::unconnected(|setup| setup).await?;
    rig.connect("not the password").await?;
    rig.state(&[SyncState::CredentialsRefused]).await?;
    for _ in 0..12 {
        let before = rig.calls().len();
        rig.check_now().await?;
        // Something that the engine does after it.
        rig.grafana.admin::<Overview>("overview").await?;
        ensure!(rig.calls().len() >= before, "no call was made");
    }
    let refused = rig
        .calls()
        .iter()
        .filter(|call| call.path == "/login" && call.status == Some(401))
        .count();
    ensure!((1..5).contains(&refused), "{refused} failed sign-ins");
    // The right password is not locked out.
    rig.connect_right().await?;
    rig.state(&[SyncState::Empty, SyncState::InSync]).await?;
    rig.finish().await
}

#[tokio::test]
async fn what_a_proxy_says_at_the_sign_in_is_no_refusal() -> Result<()> {
    for status in [400, 403, 502] {
        let rig = Rig::start().await?;
        let (scim, ada) = with_ada(&rig).await?;
        let page = Effect::Answer(status, PAGE_OF_A_FIREWALL.into());
        rig.fault(Fault::new("/login", page).method("POST").times(2));
        end_our_session(&rig).await?;
        deactivate(&scim, &ada).await?;
        rig.closed("ada@example.com")
            .await
            .with_context(|| format!("after {status}"))?;
        rig.finish().await?;
    }
    Ok(())
}

/// With anonymous access a session that is over is answered by 403 (G80).
#[tokio::test]
async fn with_anonymous_access_closing_goes_on() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth.anonymous", "enabled", "true")).await?;
    let (scim, ada) = with_ada(&rig).await?;
    end_our_session(&rig).await?;
    deactivate(&scim, &ada).await?;
    rig.closed("ada@example.com").await?;
    rig.settled().await?;
    rig.finish().await
}

/// A balancer's `AWSALB` comes before Grafana's cookie.
#[tokio::test]
async fn a_balancers_cookie_is_not_taken_for_the_session() -> Result<()> {
    let rig = Rig::start().await?;
    let (scim, ada) = with_ada(&rig).await?;
    rig.fault(Fault::new("", Effect::BalancerCookie).always());
    end_our_session(&rig).await?;
    deactivate(&scim, &ada).await?;
    rig.closed("ada@example.com").await?;
    rig.settled().await?;
    rig.finish().await
}

#[tokio::test]
async fn a_401_right_after_signing_in_is_no_wrong_password() -> Result<()> {
    let rig = Rig::start().await?;
    let (scim, ada) = with_ada(&rig).await?;
    // The question whether the session lives, and the same question after the new sign-in.
    let unknown = Effect::Answer(401, UNAUTHORIZED.into());
    rig.fault(Fault::new("/api/user", unknown).whole().method("GET").times(2));
    end_our_session(&rig).await?;
    deactivate(&scim, &ada).await?;
    rig.closed("ada@example.com").await?;
    rig.settled().await?;
    rig.finish().await
}

/// A firewall's page, a role that is lost for a moment, and words that only Grafana could have said: each once or twice.
#[tokio::test]
async fn one_refused_call_does_not_end_closing() -> Result<()> {
    let denied = r#"{"message":"You'll need additional permissions. Permissions needed: users:disable"}"#;
    let bad = r#"{"message":"bad request data"}"#;
    for (status, body, times) in [
        (403, PAGE_OF_A_FIREWALL, 1),
        (403, denied, 2),
        (400, bad, 2),
        (404, PAGE_OF_A_FIREWALL, 2),
    ] {
        let rig = Rig::start().await?;
        let (scim, ada) = with_ada(&rig).await?;
        rig.fault(
            Fault::new("/disable", Effect::Answer(status, body.into()))
                .method("POST")
                .times(times),
        );
        deactivate(&scim, &ada).await?;
        rig.closed("ada@example.com")
            .await
            .with_context(|| format!("after {status} {body}"))?;
        rig.settled().await?;
        rig.finish().await?;
    }
    Ok(())
}

/// The page says what Grafana said, and what was refused is tried again by itself.
#[tokio::test]
async fn quota_reached_is_called_so_and_is_tried_again() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let quota = Effect::Answer(403, r#"{"message":"Quota reached"}"#.into());
    rig.fault(Fault::new("/api/admin/users", quota).method("POST").always());
    scim.post("/Users", &user("ada@example.com", "Ada", "King"))
        .await?
        .expect(&[201])?;
    let told = rig.attention("ada@example.com").await?;
    ensure!(told.reason.contains("Quota reached"), "{told:?}");
    ensure!(!told.reason.contains("permission"), "{told:?}");
    rig.grafana_back();
    rig.open("ada@example.com").await?;
    rig.settled().await?;
    rig.finish().await
}

/// Grafana answers everything but one team's members.
#[tokio::test]
async fn a_team_that_never_answers_holds_nobody_else_up() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let (scim, ada) = with_ada(&rig).await?;
    scim.post("/Groups", &group("Engineering", &[&ada]))
        .await?
        .expect(&[201])?;
    let team = rig.team_is("Engineering", &["ada@example.com"]).await?;
    rig.settled().await?;
    rig.fault(
        Fault::new(&format!("/api/teams/{team}/members"), Effect::Hang)
            .method("GET")
            .always(),
    );
    let [bob] = rig.people(&scim, ["bob@example.com"]).await?;
    let joins = json!([{ "op": "add", "path": "members", "value": [{ "value": bob }] }]);
    let found = scim
        .find("/Groups", "filter=displayName%20eq%20%22Engineering%22")
        .await?;
    let engineering = found.context("the group")?["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    scim.patch(&format!("/Groups/{engineering}"), joins)
        .await?
        .expect(&[200, 204])?;
    until("the team is asked, in vain", SOON, async || {
        let calls = rig.calls();
        let asked = calls
            .iter()
            .filter(|call| call.path.contains("/members") && call.status.is_none());
        ensure!(asked.count() > 0, "it was not asked yet");
        Ok(())
    })
    .await
    // A call that hangs is in no log before it ends.
    .or_else(|_| anyhow::Ok(()))?;
    for name in ["cleo@example.com", "dan@example.com", "eve@example.com"] {
        rig.people(&scim, [name]).await?;
        until("a new person has an account", LONGER_THAN_TWO_HANGS, async || {
            rig.grafana.existing_account(name).await
        })
        .await?;
        let overview: Overview = rig.grafana.admin("overview").await?;
        ensure!(overview.sync != SyncState::GrafanaAway, "{}", overview.summary);
    }
    rig.finish().await
}

/// An attribute mapping that became empty is sent so.
#[tokio::test]
async fn taking_active_away_opens_nobody() -> Result<()> {
    let rig = Rig::start().await?;
    let (scim, ada) = with_ada(&rig).await?;
    deactivate(&scim, &ada).await?;
    rig.closed("ada@example.com").await?;
    for removal in [
        json!([{ "op": "remove", "path": "active" }]),
        json!([{ "op": "Remove", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active" }]),
        json!([{ "op": "replace", "path": "active", "value": null }]),
        json!([{ "op": "replace", "path": "active", "value": "" }]),
        json!([{ "op": "replace", "value": { "active": [] } }]),
    ] {
        let path = format!("/Users/{ada}");
        scim.patch(&path, removal.clone()).await?.expect(&[200, 204, 400])?;
        rig.check_now().await?;
        rig.settled().await?;
        let account = rig.grafana.existing_account("ada@example.com").await?;
        ensure!(account.is_disabled, "{removal} opened the account");
    }
    rig.finish().await
}

/// Some providers send everything they know with every change.
#[tokio::test]
async fn an_unchanged_id_beside_it_refuses_no_deactivation() -> Result<()> {
    let rig = Rig::start().await?;
    let (scim, ada) = with_ada(&rig).await?;
    let operations = json!([
        { "op": "replace", "path": "id", "value": ada },
        { "op": "add", "path": "schemas", "value": ["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] },
        { "op": "replace", "path": "active", "value": false },
    ]);
    scim.patch(&format!("/Users/{ada}"), operations).await?.expect(&[200])?;
    rig.closed("ada@example.com").await?;
    rig.settled().await?;
    rig.finish().await
}

/// The clock was two hours ahead when Grafana stumbled, and is right after a restart.
#[tokio::test]
async fn a_clock_that_was_ahead_keeps_nobody_in() -> Result<()> {
    let mut rig = Rig::start().await?;
    let (scim, ada) = with_ada(&rig).await?;
    let ahead = ("ROLLCALL_CLOCK_AHEAD_SECONDS".to_owned(), "7200".to_owned());
    rig.restart_in(vec![ahead]).await?;
    rig.fault(Fault::status("/disable", 500).always());
    deactivate(&scim, &ada).await?;
    until("it is tried in vain", SOON, async || {
        let calls = rig.calls();
        let tried = calls.iter().any(|call| call.path.ends_with("/disable"));
        ensure!(tried, "it was not tried yet");
        Ok(())
    })
    .await?;
    rig.restart_in(vec![]).await?;
    rig.closed("ada@example.com").await?;
    rig.settled().await?;
    rig.finish().await
}

/// Grafana takes a name of any length; no URL does, and every look for it failed.
#[tokio::test]
async fn a_name_of_seventy_thousand_letters_stops_nobody() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let (scim, ada) = with_ada(&rig).await?;
    let poisoned = group(&"n".repeat(70_000), &[&ada]);
    let answer = scim.post("/Groups", &poisoned).await?;
    ensure!(answer.status == 400, "{}", answer.status);
    ensure!(answer.text.contains("displayName"), "{}", answer.text);
    rig.people(&scim, ["bob@example.com"]).await?;
    rig.open("bob@example.com").await?;
    deactivate(&scim, &ada).await?;
    rig.closed("ada@example.com").await?;
    rig.check_now().await?;
    let overview = rig.settled().await?;
    ensure!(overview.sync == SyncState::InSync, "{}", overview.summary);
    rig.finish().await
}
