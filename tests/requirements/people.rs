//! R1–R11: people come, change, leave and return.
//! What each number says: "People" in docs/requirements.md.

use acceptance::{
    connect::Answer,
    idp::{ScimClient, USER},
    rig::{Rig, on_any_grafana, only_on_a_real_grafana, only_on_the_stand_in, user},
    wait::{SOON, throughout, until},
};
use admin_api::{Access, Activity};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::scenes::{
    A_WHILE, as_session, assigned, compared, give_password, joins, mapped, pushed, set_active, shown, sign_in, whole,
    with_session,
};

#[tokio::test]
async fn r01_who_is_assigned_has_an_account_with_login_email_and_name() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (login, email) = (rig.own("Ada.King@Example.com"), rig.own("ada@work.example.com"));
        let mut body = user(&login, "Ada", "King");
        body["emails"][0]["value"] = json!(email);
        let made = scim.post("/Users", &body).await?.expect(&[201])?;
        ensure!(made.str("/userName") == login, "it comes back otherwise: {}", made.text);
        let account = rig.account(&login.to_lowercase()).await?;
        ensure!(account.login == login.to_lowercase(), "{account:?}");
        ensure!(account.email == email && account.name == "Ada King", "{account:?}");
        ensure!(!account.is_disabled && !account.is_grafana_admin, "{account:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r02_a_changed_profile_arrives_by_put_and_by_patch() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (id, before) = assigned(rig, &scim, &rig.own("ada@example.com")).await?;
        let new = rig.own("ada.lovelace@example.com");
        scim.put(&format!("/Users/{id}"), &user(&new, "Ada", "Lovelace"))
            .await?
            .expect(&[200])?;
        let put = rig.account(&new).await?;
        ensure!(
            put.id == before.id && put.name == "Ada Lovelace" && put.email == new,
            "{put:?}"
        );
        let newer = rig.own("countess@example.com");
        let operations = json!([
            { "op": "replace", "path": "userName", "value": newer },
            { "op": "replace", "path": "displayName", "value": "The Countess" },
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": newer },
        ]);
        scim.patch(&format!("/Users/{id}"), operations).await?.expect(&[200])?;
        let patched = rig.account(&newer).await?;
        ensure!(
            patched.id == before.id && patched.name == "The Countess" && patched.email == newer,
            "{patched:?}"
        );
        ensure!(
            rig.grafana.account(&new).await?.is_none(),
            "the old login is still somebody's"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r03_a_new_name_is_the_name_in_grafana() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let (id, before) = assigned(rig, &scim, &login).await?;
        let operations = json!([{ "op": "replace", "path": "displayName", "value": "Ada Lovelace" }]);
        scim.patch(&format!("/Users/{id}"), operations).await?.expect(&[200])?;
        let after = rig
            .account_is(&login, |account| {
                ensure!(account.name == "Ada Lovelace", "{account:?}");
                Ok(())
            })
            .await?;
        ensure!(
            after.id == before.id && after.email == before.email,
            "{before:?}, {after:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r04_a_new_email_is_the_email_in_grafana() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let (id, before) = assigned(rig, &scim, &login).await?;
        let email = rig.own("ada@lovelace.example.com");
        let operations = json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": email }]);
        scim.patch(&format!("/Users/{id}"), operations).await?.expect(&[200])?;
        let after = rig
            .account_is(&login, |account| {
                ensure!(account.email == email, "{account:?}");
                Ok(())
            })
            .await?;
        ensure!(
            after.id == before.id && after.name == before.name,
            "{before:?}, {after:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r05_an_unsent_attribute_blanks_nothing() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let (id, before) = assigned(rig, &scim, &login).await?;
        // Without e-mail, with what nobody has mapped. The new name shows when it has been applied.
        let body = json!({
            "schemas": [USER, "urn:example:params:scim:schemas:extension:2.0:User"],
            "userName": login,
            "displayName": "Ada Lovelace",
            "costCentre": 42,
            "urn:example:params:scim:schemas:extension:2.0:User": { "badge": "17" },
            "active": true,
        });
        scim.put(&format!("/Users/{id}"), &body).await?.expect(&[200])?;
        let after = rig
            .account_is(&login, |account| {
                ensure!(account.name == "Ada Lovelace", "{account:?}");
                Ok(())
            })
            .await?;
        ensure!(after.email == before.email, "the e-mail became {:?}", after.email);
        rig.settled().await?;
        ensure!(
            rig.grafana.existing_account(&login).await? == after,
            "it did not stay so"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r06_a_removed_person_is_disabled_and_nothing_is_deleted() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let team = rig.empty_team(&rig.own("By hand")).await?;
        rig.remember_team(team);
        for way in ["patch", "put", "delete"] {
            let login = rig.own(&format!("{way}@example.com"));
            let (id, account) = assigned(rig, &scim, &login).await?;
            rig.grafana.set_role(account.id, "Editor").await?;
            rig.grafana.join_team(team, account.id).await?;
            let (before, orgs, teams) = whole(rig, account.id).await?;
            let path = format!("/Users/{id}");
            match way {
                "patch" => drop(set_active(&scim, &id, false).await?),
                "put" => {
                    let mut body = user(&login, "Ada", "King");
                    body["active"] = json!(false);
                    scim.put(&path, &body).await?.expect(&[200])?;
                }
                _ => drop(scim.delete(&path).await?.expect(&[204])?),
            }
            let closed = rig.closed(&login).await?;
            rig.settled().await?;
            let after = whole(rig, account.id).await?;
            ensure!(closed.id == before.id && after.0.is_disabled, "{way}: {closed:?}");
            ensure!(
                (after.0.name, after.0.email) == (before.name, before.email) && (after.1, after.2) == (orgs, teams),
                "{way}: something of them is gone"
            );
        }
        Ok(())
    })
    .await
}

/// Grafana refuses to disable who signs in through a provider (F1): the way out is out of every organization.
#[tokio::test]
async fn r06_an_sso_person_is_shut_out_and_the_account_stays() -> Result<()> {
    if only_on_the_stand_in("somebody signs in by OAuth") {
        return Ok(());
    }
    let rig = Rig::with(|setup| setup.ini("auth", "oauth_allow_insecure_email_lookup", "true")).await?;
    let scim = rig.scim().await?;
    let (id, account) = assigned(&rig, &scim, "ada@example.com").await?;
    rig.sign_in_by_oauth("ada@example.com").await?;
    set_active(&scim, &id, false).await?;
    until("she is in no organization", SOON, async || {
        let orgs: Vec<Value> = rig.grafana.get(&format!("/api/users/{}/orgs", account.id)).await?;
        ensure!(orgs.is_empty(), "{orgs:?}");
        Ok(())
    })
    .await?;
    rig.settled().await?;
    let person = shown(&rig, &id).await?;
    ensure!(
        matches!(person.access, Access::Closed | Access::ClosedMayReturn),
        "the page says {person:?}"
    );
    ensure!(
        rig.account("ada@example.com").await?.id == account.id,
        "another account"
    );
    rig.finish().await
}

/// The stand-in has neither dashboards nor preferences, so this one asks a real Grafana only.
#[tokio::test]
async fn r06_dashboards_and_preferences_are_there_on_return() -> Result<()> {
    on_any_grafana(async |rig| {
        if only_on_a_real_grafana(rig, "it has neither dashboards nor preferences") {
            return Ok(());
        }
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let (id, account) = assigned(rig, &scim, &login).await?;
        rig.grafana.set_role(account.id, "Editor").await?;
        give_password(rig, account.id).await?;
        let Ok(hers) = sign_in(rig, &login).await? else {
            anyhow::bail!("she cannot sign in");
        };
        let theme = json!({ "theme": "light" });
        as_session(rig, &hers, Method::PUT, "/api/user/preferences", Some(&theme))
            .await?
            .expect(&[200])?;
        let body = json!({ "dashboard": { "title": rig.own("Hers"), "panels": [] }, "overwrite": false });
        let made = as_session(rig, &hers, Method::POST, "/api/dashboards/db", Some(&body))
            .await?
            .expect(&[200])?;
        let dashboard = format!("/api/dashboards/uid/{}", made.str("/uid"));
        let by_her = async || -> Result<()> {
            let found: Value = rig.grafana.get(&dashboard).await?;
            ensure!(
                found["meta"]["createdBy"] == login.as_str(),
                "made by {}",
                found["meta"]["createdBy"]
            );
            Ok(())
        };
        by_her().await?;
        set_active(&scim, &id, false).await?;
        rig.closed(&login).await?;
        by_her().await?;
        set_active(&scim, &id, true).await?;
        rig.open(&login).await?;
        let Ok(hers) = sign_in(rig, &login).await? else {
            anyhow::bail!("she cannot sign in after her return");
        };
        let kept = as_session(rig, &hers, Method::GET, "/api/user/preferences", None).await?;
        ensure!(kept.str("/theme") == "light", "her preferences are {}", kept.text);
        by_her().await
    })
    .await
}

#[tokio::test]
async fn r07_the_sessions_of_a_removed_person_end() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let (id, account) = assigned(rig, &scim, &login).await?;
        give_password(rig, account.id).await?;
        let Ok(session) = sign_in(rig, &login).await? else {
            anyhow::bail!("she cannot even sign in before");
        };
        ensure!(with_session(rig, &session).await? == 200, "her session is no session");
        set_active(&scim, &id, false).await?;
        until("her session is over", SOON, async || {
            let status = with_session(rig, &session).await?;
            ensure!(status == 401, "Grafana answers {status}");
            Ok(())
        })
        .await?;
        rig.closed(&login).await?;
        ensure!(sign_in(rig, &login).await?.is_err(), "she signed in again");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r08_who_is_assigned_again_has_the_same_account_again() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let mut ada = user(&login, "Ada", "King");
        ada["externalId"] = json!(rig.own("00u1a2b3c4"));
        let id = scim.post("/Users", &ada).await?.expect(&[201])?.id();
        let before = rig.account(&login).await?;
        set_active(&scim, &id, false).await?;
        rig.closed(&login).await?;
        set_active(&scim, &id, true).await?;
        ensure!(rig.open(&login).await? == before, "another account after active: true");
        scim.delete(&format!("/Users/{id}")).await?.expect(&[204])?;
        rig.closed(&login).await?;
        let again = scim.post("/Users", &ada).await?.expect(&[201])?;
        ensure!(again.id() != id, "a SCIM id is never given twice");
        ensure!(rig.open(&login).await? == before, "another account after a new POST");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r09_an_account_deleted_by_hand_is_made_after_a_yes() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let login = rig.own("ada@example.com");
        let (id, before) = assigned(rig, &scim, &login).await?;
        let name = rig.own("Engineering");
        let (_, team) = mapped(rig, &scim, &name, &[&id], &[&login]).await?;
        let by_hand = format!("/api/admin/users/{}", before.id);
        rig.grafana.call(Method::DELETE, &by_hand, None).await?.expect(&[200])?;
        // The person who deleted it had a reason: the provider's next change brings nobody back.
        let operations = json!([{ "op": "replace", "path": "displayName", "value": "Ada Lovelace" }]);
        scim.patch(&format!("/Users/{id}"), operations).await?.expect(&[200])?;
        let told = rig.attention(&login).await?;
        ensure!(told.reason.contains("by hand"), "{told:?}");
        ensure!(rig.grafana.account(&login).await?.is_none(), "it was made again");
        rig.grafana
            .admin_send(Method::POST, "resync", &json!({ "kind": "User", "id": id }))
            .await?
            .expect(&[202])?;
        rig.account_is(&login, |account| {
            ensure!(account.id != before.id, "it was never deleted: {account:?}");
            ensure!(account.name == "Ada Lovelace", "{account:?}");
            Ok(())
        })
        .await?;
        rig.members_are(team, &[&login]).await?;
        let found = scim.get(&format!("/Users/{id}")).await?.expect(&[200])?;
        ensure!(found.str("/userName") == login, "{}", found.text);
        Ok(())
    })
    .await
}

/// The provider gives this one this e-mail; whatever is answered.
async fn takes(scim: &ScimClient, id: &str, email: &str) -> Result<Answer> {
    let operations = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": email }]);
    scim.patch(&format!("/Users/{id}"), operations).await
}

#[tokio::test]
async fn r10_an_email_of_another_account_is_refused() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        // Else an admin is asked whether it is the person's.
        rig.grafana.set("claim_policy", "login").await?.expect(&[200])?;
        let (ada, bob) = (rig.own("ada@example.com"), rig.own("bob@example.com"));
        let (id, hers) = assigned(rig, &scim, &ada).await?;
        let other = rig.grafana.make_account(&bob, &bob, "their own password").await?;
        let theirs = whole(rig, other).await?;
        compared(rig).await?;
        let path = format!("/Users/{id}");
        let stored = scim.get(&path).await?.expect(&[200])?;
        // Case does not count, for Grafana neither.
        let refused = takes(&scim, &id, &bob.to_uppercase()).await?.expect(&[409])?;
        ensure!(refused.str("/scimType") == "uniqueness", "{}", refused.text);
        ensure!(
            refused.str("/detail").contains("Another account in Grafana"),
            "{}",
            refused.text
        );
        let mut body = user(&ada, "Ada", "King");
        body["emails"][0]["value"] = json!(bob);
        scim.put(&path, &body).await?.expect(&[409])?;
        body["userName"] = json!(rig.own("somebody@example.com"));
        scim.post("/Users", &body).await?.expect(&[409])?;
        ensure!(scim.get(&path).await?.text == stored.text, "a refused change is stored");
        let log: Activity = rig
            .grafana
            .admin("activity?outcome=refused&action=request.patch&count=10")
            .await?;
        ensure!(
            log.entries
                .iter()
                .any(|line| line.target_id == id && line.reason.is_some()),
            "the conflict is not in the log: {log:?}"
        );
        compared(rig).await?;
        ensure!(rig.grafana.existing_account(&ada).await? == hers, "hers changed");
        ensure!(whole(rig, other).await? == theirs, "their account changed");

        // Closing access outranks: the same e-mail in a deactivation is taken, and the conflict is shown.
        body["userName"] = json!(ada);
        body["active"] = json!(false);
        scim.put(&path, &body).await?.expect(&[200])?;
        rig.closed(&ada).await?;
        let told = rig.attention(&ada).await?;
        ensure!(told.reason.contains("belongs to another account"), "{told:?}");
        ensure!(whole(rig, other).await? == theirs, "their account changed");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r10_a_later_conflict_is_shown_and_ends_when_it_ends() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (ada, bob) = (rig.own("ada@example.com"), rig.own("bob@example.com"));
        let (id, hers) = assigned(rig, &scim, &ada).await?;
        compared(rig).await?;
        // Nobody has looked since they came: the provider's change is taken, and Grafana would refuse it.
        let other = rig.grafana.make_account(&bob, &bob, "their own password").await?;
        let theirs = whole(rig, other).await?;
        let answer = takes(&scim, &id, &bob).await?;
        if answer.status == 409 {
            // A minute's comparison fell between the two lines above.
            return Ok(());
        }
        answer.expect(&[200])?;
        let told = rig.attention(&ada).await?;
        ensure!(!told.reason.is_empty() && !told.next_step.is_empty(), "{told:?}");
        throughout("neither account changes", A_WHILE, async || {
            ensure!(rig.grafana.existing_account(&ada).await? == hers, "hers changed");
            ensure!(whole(rig, other).await? == theirs, "their account changed");
            Ok(())
        })
        .await?;
        let mine = rig.own("countess@example.com");
        takes(&scim, &id, &mine).await?.expect(&[200])?;
        rig.account_is(&ada, |account| {
            ensure!(account.email == mine, "{account:?}");
            Ok(())
        })
        .await?;
        rig.settled().await?;
        let left = crate::scenes::overview(rig).await?.attention;
        ensure!(
            left.iter().all(|one| one.id != id),
            "the conflict is over and still shown: {left:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r10_two_people_swap_their_emails_and_grafana_follows() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        let (ada, bob) = (rig.own("ada@example.com"), rig.own("bob@example.com"));
        // Logins that are no addresses: only the e-mails are in each other's way.
        let (a, b) = (rig.own("ada"), rig.own("bob"));
        let mut ids = Vec::new();
        for (login, email) in [(&a, &ada), (&b, &bob)] {
            let mut body = user(login, "Some", "Body");
            body["emails"][0]["value"] = json!(email);
            ids.push(scim.post("/Users", &body).await?.expect(&[201])?.id());
            rig.account(login).await?;
        }
        rig.settled().await?;
        compared(rig).await?;
        let before = (
            rig.grafana.existing_account(&a).await?.id,
            rig.grafana.existing_account(&b).await?.id,
        );
        takes(&scim, &ids[0], &bob).await?.expect(&[200])?;
        takes(&scim, &ids[1], &ada).await?.expect(&[200])?;
        for (login, email) in [(&a, &bob), (&b, &ada)] {
            rig.account_is(login, |account| {
                ensure!(account.email == *email, "{account:?}");
                Ok(())
            })
            .await?;
        }
        let after = (
            rig.grafana.existing_account(&a).await?.id,
            rig.grafana.existing_account(&b).await?.id,
        );
        ensure!(before == after, "another account");
        let left = rig.settled().await?.attention;
        ensure!(left.is_empty(), "{left:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn r11_a_new_user_is_in_the_teams_whatever_comes_first() -> Result<()> {
    on_any_grafana(async |rig| {
        let scim = rig.scim().await?;
        // User, group with them, mapping.
        let ada = rig.own("ada@example.com");
        let [ada_id] = rig.people(&scim, [ada.as_str()]).await?;
        let (first, _) = mapped(rig, &scim, &rig.own("First"), &[&ada_id], &[&ada]).await?;
        // Group, mapping, user, membership.
        let second = pushed(&scim, &rig.own("Second"), &[]).await?;
        rig.map_to_new(&second, &rig.own("Second")).await?;
        rig.team_is(&rig.own("Second"), &[]).await?;
        let bob = rig.own("bob@example.com");
        let [bob_id] = rig.people(&scim, [bob.as_str()]).await?;
        joins(&scim, &second, &bob_id).await?;
        joins(&scim, &first, &bob_id).await?;
        rig.team_is(&rig.own("Second"), &[&bob]).await?;
        rig.team_is(&rig.own("First"), &[&ada, &bob]).await?;
        // A member whose account is not wanted yet is in the team as soon as it is.
        let cy = rig.own("cy@example.com");
        let mut body = user(&cy, "Cy", "Borg");
        body["active"] = json!(false);
        let cy_id = scim.post("/Users", &body).await?.expect(&[201])?.id();
        joins(&scim, &second, &cy_id).await?;
        compared(rig).await?;
        ensure!(
            rig.grafana.account(&cy).await?.is_none(),
            "an account for who is inactive"
        );
        set_active(&scim, &cy_id, true).await?;
        rig.team_is(&rig.own("Second"), &[&bob, &cy]).await?;
        Ok(())
    })
    .await
}
