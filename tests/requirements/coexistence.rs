//! R12–R18: people and teams that were there before, or come another way.
//! What each number says: "Beside other ways to make users" in docs/requirements.md.

use acceptance::{
    grafana::Account,
    idp::{ScimClient, eq},
    rig::{Rig, on_any_grafana, only_on_the_stand_in, user},
    wait::{SOON, throughout, until},
};
use admin_api::{AccountOrigin, People};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

use crate::scenes::{A_WHILE, PASSWORD, assigned, compared, overview, set_active, shown, sign_in, whole};

/// While the provider speaks of others, this account stays as it is and is in no answer; when it is assigned, it is linked.
async fn left_alone_until_assigned(rig: &Rig, there: &Account) -> Result<()> {
    let scim = rig.scim().await?;
    let before = whole(rig, there.id).await?;
    let (other, _) = assigned(rig, &scim, &rig.own("other@example.com")).await?;
    set_active(&scim, &other, false).await?;
    rig.closed(&rig.own("other@example.com")).await?;
    compared(rig).await?;
    ensure!(whole(rig, there.id).await? == before, "{} was touched", there.login);
    let found = scim.find("/Users", &eq("userName", &there.login)).await?;
    ensure!(
        found.is_none(),
        "the provider sees somebody it has not assigned: {found:?}"
    );
    linked(rig, &scim, there).await
}

/// The provider assigns who has this account: no second one, and what they had is still theirs.
async fn linked(rig: &Rig, scim: &ScimClient, there: &Account) -> Result<()> {
    // On the day of introduction an admin may let names be enough.
    for (key, value) in [("claim_policy", "login"), ("claim_password", "keep")] {
        rig.grafana.set(key, value).await?.expect(&[200])?;
    }
    let before = whole(rig, there.id).await?;
    let everybody = rig.grafana.accounts("").await?.len();
    let made = scim
        .post("/Users", &with_email(&there.login, &there.email))
        .await?
        .expect(&[201])?;
    until("they are linked", SOON, async || {
        let person = shown(rig, &made.id()).await?;
        ensure!(
            person.origin == Some(AccountOrigin::Claimed) && person.grafana_id == Some(there.id),
            "{person:?}"
        );
        Ok(())
    })
    .await?;
    rig.settled().await?;
    let after = whole(rig, there.id).await?;
    ensure!((after.1, after.2) == (before.1, before.2), "roles or teams changed");
    let now = rig.grafana.accounts("").await?.len();
    ensure!(
        now == everybody,
        "a second account: there were {everybody}, and are {now}"
    );
    Ok(())
}

fn with_email(login: &str, email: &str) -> serde_json::Value {
    let mut body = user(login, "Ada", "King");
    body["emails"][0]["value"] = json!(email);
    body
}

#[tokio::test]
async fn r12_a_person_who_signed_up_is_left_alone_until_assigned() -> Result<()> {
    if only_on_the_stand_in("somebody signs up by OAuth") {
        return Ok(());
    }
    let rig = Rig::start().await?;
    let there = rig.sign_up_by_oauth("ada@example.com").await?;
    ensure!(there.is_external, "{there:?}");
    left_alone_until_assigned(&rig, &there).await?;
    rig.finish().await
}

/// What the page *New user* and its form for roles send.
#[tokio::test]
async fn r13_a_user_made_in_grafana_is_left_alone_until_assigned() -> Result<()> {
    on_any_grafana(async |rig| {
        let login = rig.own("ada");
        let id = rig
            .grafana
            .make_account(&login, &rig.own("ada@work.example.com"), PASSWORD)
            .await?;
        rig.grafana.set_role(id, "Editor").await?;
        let there = rig.grafana.existing_account(&login).await?;
        left_alone_until_assigned(rig, &there).await
    })
    .await
}

/// What the resources `grafana_user` and `grafana_team` of Terraform's provider send: the roster of a team as a whole, by e-mail.
#[tokio::test]
async fn r14_what_terraform_made_is_left_alone_until_assigned() -> Result<()> {
    on_any_grafana(async |rig| {
        let (login, email) = (rig.own("ada"), rig.own("ada@work.example.com"));
        let body = json!({ "login": login, "email": email, "name": "Terraformed", "password": PASSWORD });
        let made = rig.grafana.send(Method::POST, "/api/admin/users", &body).await?;
        let id = made.json["id"].as_i64().unwrap_or_default();
        let permissions = format!("/api/admin/users/{id}/permissions");
        rig.grafana
            .send(Method::PUT, &permissions, &json!({ "isGrafanaAdmin": false }))
            .await?;
        let team = rig.grafana.make_team(&rig.own("Terraformed")).await?;
        let roster = json!({ "members": [email], "admins": [] });
        rig.grafana
            .send(Method::PUT, &format!("/api/teams/{team}/members"), &roster)
            .await?;
        let there = rig.grafana.existing_account(&login).await?;
        left_alone_until_assigned(rig, &there).await?;
        rig.members_are(team, &[&there.login]).await
    })
    .await
}

/// The least the API takes: a login, no name, no e-mail; and a place in the organization with another role.
#[tokio::test]
async fn r15_a_user_made_by_the_api_is_left_alone_until_assigned() -> Result<()> {
    on_any_grafana(async |rig| {
        let login = rig.own("robot@example.com");
        let body = json!({ "login": login, "password": PASSWORD });
        let made = rig.grafana.send(Method::POST, "/api/admin/users", &body).await?;
        rig.grafana
            .set_role(made.json["id"].as_i64().unwrap_or_default(), "Editor")
            .await?;
        let there = rig.grafana.existing_account(&login).await?;
        left_alone_until_assigned(rig, &there).await
    })
    .await
}

#[tokio::test]
async fn r16_a_linked_account_keeps_role_teams_and_password() -> Result<()> {
    on_any_grafana(async |rig| {
        let (login, email) = (rig.own("ada"), rig.own("ada@work.example.com"));
        let id = rig.grafana.make_account(&login, &email, PASSWORD).await?;
        rig.grafana.set_role(id, "Editor").await?;
        let team = rig.empty_team(&rig.own("Hers before")).await?;
        rig.grafana.join_team(team, id).await?;
        let there = rig.grafana.existing_account(&login).await?;
        linked(rig, &rig.scim().await?, &there).await?;
        rig.account_is(&login, |account| {
            ensure!(account.id == id && account.name == "Ada King", "{account:?}");
            Ok(())
        })
        .await?;
        ensure!(rig.role(&login).await? == "Editor", "another role");
        rig.members_are(team, &[&login]).await?;
        ensure!(sign_in(rig, &login).await?.is_ok(), "her password is not hers any more");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r17_the_policy_says_which_accounts_may_be_linked() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (old, email) = (rig.own("old-login"), rig.own("ada@work.example.com"));
        let id = rig.grafana.make_account(&old, &email, PASSWORD).await?;
        let before = whole(rig, id).await?;
        compared(rig).await?;
        // The same person by e-mail only: where the login counts that is not enough, and the provider is told.
        rig.grafana.set("claim_policy", "login").await?.expect(&[200])?;
        let new = rig.own("ada@example.com");
        let refused = scim.post("/Users", &with_email(&new, &email)).await?.expect(&[409])?;
        ensure!(refused.str("/scimType") == "uniqueness", "{}", refused.text);
        // Where an admin is asked, she waits for them; and for "email" to be in force.
        rig.grafana.set("claim_policy", "ask").await?.expect(&[200])?;
        let made = scim.post("/Users", &with_email(&new, &email)).await?.expect(&[201])?;
        let told = rig.attention(&new).await?;
        ensure!(told.reason.contains("claim_policy"), "{told:?}");
        ensure!(whole(rig, id).await? == before, "it was changed");
        // "Never" takes over nobody, not even by login.
        rig.grafana.set("claim_policy", "never").await?.expect(&[200])?;
        let third = rig.own("bob");
        let theirs = rig.own("bob@work.example.com");
        let bob = rig.grafana.make_account(&third, &theirs, PASSWORD).await?;
        let bobs = whole(rig, bob).await?;
        compared(rig).await?;
        scim.post("/Users", &with_email(&third, &theirs))
            .await?
            .expect(&[409])?;
        throughout("neither account changes", A_WHILE, async || {
            ensure!(
                whole(rig, id).await? == before && whole(rig, bob).await? == bobs,
                "one changed"
            );
            Ok(())
        })
        .await?;
        // By e-mail, where the admin says so.
        rig.grafana.set("claim_policy", "email").await?.expect(&[200])?;
        until("she is linked", SOON, async || {
            let person = shown(rig, &made.id()).await?;
            ensure!(
                person.grafana_id == Some(id) && person.origin == Some(AccountOrigin::Claimed),
                "{person:?}"
            );
            Ok(())
        })
        .await?;
        rig.account_is(&new, |account| {
            ensure!(account.id == id, "a second account: {account:?}");
            Ok(())
        })
        .await
        .map(drop)
    })
    .await
}

#[tokio::test]
async fn r18_the_page_counts_made_claimed_and_unmanaged_accounts() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        compared(rig).await?;
        let before = overview(rig).await?.counts;
        assigned(rig, &scim, &rig.own("made@example.com")).await?;
        let there = rig.own("there@example.com");
        rig.grafana.make_account(&there, &there, PASSWORD).await?;
        let taken = rig.grafana.existing_account(&there).await?;
        linked(rig, &scim, &taken).await?;
        // An account by the same login, about which an admin is asked.
        rig.grafana.set("claim_policy", "ask").await?.expect(&[200])?;
        let conflicting = rig.own("conflicting@example.com");
        rig.grafana.make_account(&conflicting, &conflicting, PASSWORD).await?;
        scim.post("/Users", &with_email(&conflicting, &conflicting))
            .await?
            .expect(&[201])?;
        let told = rig.attention(&conflicting).await?;
        ensure!(!told.reason.is_empty() && !told.next_step.is_empty(), "{told:?}");
        let nobodys = rig.own("nobodys@example.com");
        rig.grafana.make_account(&nobodys, &nobodys, PASSWORD).await?;
        compared(rig).await?;
        let after = overview(rig).await?.counts;
        ensure!(
            after.unmanaged.is_some() && after.unmanaged == before.unmanaged.map(|count| count + 2),
            "{before:?}, {after:?}"
        );
        ensure!(after.users == before.users + 3, "{before:?}, {after:?}");
        ensure!(after.provisioned == before.provisioned + 1, "{before:?}, {after:?}");
        ensure!(after.claimed == before.claimed + 1, "{before:?}, {after:?}");
        ensure!(after.attention == before.attention + 1, "{before:?}, {after:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r18_the_counts_are_what_the_lists_show() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let listed = async |access: &str| -> Result<i64> {
            Ok(rig
                .grafana
                .admin::<People>(&format!("users?access={access}"))
                .await?
                .total)
        };
        let before = overview(rig).await?.counts;
        let mut ids = Vec::new();
        for name in ["ada", "bob", "cy"] {
            ids.push(assigned(rig, &scim, &rig.own(&format!("{name}@example.com"))).await?.0);
        }
        rig.settled().await?;
        ensure!(overview(rig).await?.counts.provisioned == before.provisioned + 3);
        set_active(&scim, &ids[0], false).await?;
        rig.closed(&rig.own("ada@example.com")).await?;
        scim.delete(&format!("/Users/{}", ids[1])).await?.expect(&[204])?;
        rig.closed(&rig.own("bob@example.com")).await?;
        rig.settled().await?;
        let after = overview(rig).await?.counts;
        ensure!(
            after.closed == before.closed + 1 && after.closed == listed("closed").await?,
            "{after:?}"
        );
        ensure!(
            after.closed_may_return == listed("closed_may_return").await?,
            "{after:?}"
        );
        // Bob's account is there, disabled, and is nobody's any more.
        ensure!(after.provisioned == before.provisioned + 2, "{before:?}, {after:?}");
        Ok(())
    })
    .await
}
