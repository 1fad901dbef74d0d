//! Teams that people use as well: who is in one, or is its admin, by another's hand stays so.
//!
//! Owns: who is thrown out of a team, demoted or brought in without anybody having said so. Must never
//! ask the plugin who is in a team: Grafana's server admin sees everybody.

use std::collections::BTreeMap;

use acceptance::{
    grafana::Credentials,
    idp::ScimClient,
    rig::{BOT, Rig, Setup, group},
    wait::{SOON, until},
};
use admin_api::{Groups, MappingKind, MappingRow, MemberPolicy, NewMapping};
use anyhow::{Context as _, Result, ensure};
use grafana_stand_in::{Effect, Fault};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// The plugin waits 20 seconds for an answer: once in its comparison and once for the group.
const TWO_TIMEOUTS: Duration = Duration::from_secs(60);

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const CLEO: &str = "cleo@example.com";
const HAND: &str = "hand@example.com";

/// A team that a person made, and a group that feeds it.
struct Team {
    rig: Rig,
    scim: ScimClient,
    id: i64,
    group: String,
    mapping: MappingRow,
}

impl Team {
    async fn of(rig: Rig, kind: MappingKind, policy: MemberPolicy, names: &[&str]) -> Result<Self> {
        let scim = rig.scim().await?;
        let id = rig.grafana.make_team("Engineering").await?;
        let made = scim.post("/Groups", &group("Engineering", &[])).await?;
        let made = made.expect(&[201])?.id();
        let mapping = map(&rig, &made, id, kind, policy).await?;
        let team = Self {
            rig,
            scim,
            id,
            group: made,
            mapping,
        };
        team.join(names).await?;
        Ok(team)
    }

    /// Waits until these have an account.
    async fn accounts(&self, names: &[&str]) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for name in names {
            let [id] = self.rig.people(&self.scim, [name]).await?;
            self.rig.open(name).await?;
            ids.push(id);
        }
        self.rig.settled().await?;
        Ok(ids)
    }

    async fn add(&self, ids: &[String]) -> Result<()> {
        let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        let joins = json!([{ "op": "add", "path": "members", "value": members }]);
        let path = format!("/Groups/{}", self.group);
        self.scim.patch(&path, joins).await?.expect(&[200, 204]).map(drop)
    }

    /// These people have an account, join the group and are in the team.
    async fn join(&self, names: &[&str]) -> Result<()> {
        let ids = self.accounts(names).await?;
        self.add(&ids).await?;
        for name in names {
            self.rig.team_has("Engineering", name).await?;
        }
        self.rig.settled().await.map(drop)
    }

    /// Who is in it, with the permission: 4 is admin.
    async fn permissions(&self) -> Result<BTreeMap<String, i64>> {
        let rows: Vec<Value> = self.rig.grafana.get(&format!("/api/teams/{}/members", self.id)).await?;
        let one = |row: &Value| Some((row["login"].as_str()?.to_owned(), row["permission"].as_i64()?));
        Ok(rows.iter().filter_map(one).collect())
    }

    /// Somebody changes a permission in Grafana.
    async fn set_by_hand(&self, login: &str, permission: i64) -> Result<()> {
        let account = self.rig.grafana.existing_account(login).await?;
        let path = format!("/api/teams/{}/members/{}", self.id, account.id);
        let body = json!({ "permission": permission });
        self.rig.grafana.send(Method::PUT, &path, &body).await.map(drop)
    }

    async fn has_permission(&self, login: &str, permission: i64) -> Result<()> {
        let now = self.permissions().await?;
        ensure!(
            now.get(login) == Some(&permission),
            "{login} should have {permission}: {now:?}"
        );
        Ok(())
    }

    /// The mapping makes members or team admins from now on.
    async fn turn_into(&self, kind: &str) -> Result<()> {
        let edit = json!({ "kind": kind, "policy": "keep", "paused": false });
        let path = format!("mappings/{}", self.mapping.id);
        self.rig
            .grafana
            .admin_send(Method::PUT, &path, &edit)
            .await?
            .expect(&[200])
            .map(drop)
    }

    async fn compared(&self) -> Result<()> {
        self.rig.compared().await.map(drop)
    }
}

async fn map(rig: &Rig, group: &str, team: i64, kind: MappingKind, policy: MemberPolicy) -> Result<MappingRow> {
    let wanted = NewMapping {
        group_id: group.to_owned(),
        team_id: Some(team),
        new_team: None,
        kind,
        policy,
    };
    until("the mapping is taken", SOON, async || {
        rig.check_now().await?;
        rig.grafana.map(&wanted).await
    })
    .await
}

async fn hidden(setup: impl FnOnce(Setup) -> Setup) -> Result<Rig> {
    let rig = Rig::with(|s| setup(s.ini("users", "hidden_users", HAND))).await?;
    rig.grafana.make_account(HAND, HAND, "nobody needs it").await?;
    let robot = rig.grafana.service_account("Teams", "Admin").await?;
    let token = rig.grafana.token(&robot, "teams").await?;
    let seen = rig.grafana.as_somebody(Credentials::Token(token.clone()));
    rig.grafana
        .enable_app(&json!({}), &json!({ "serviceAccountToken": token }))
        .await?;
    rig.settled().await?;
    seen.teams().await?;
    Ok(rig)
}

/// G6 of the faults: Grafana shows a service account neither the hidden member nor that there is one.
#[tokio::test]
async fn somebody_hidden_stays_in_the_team() -> Result<()> {
    let rig = hidden(|setup| setup).await?;
    let team = Team::of(rig, MappingKind::Member, MemberPolicy::Keep, &[]).await?;
    let hand = team.rig.grafana.existing_account(HAND).await?;
    team.rig.grafana.join_team(team.id, hand.id).await?;
    team.join(&[ADA, BOB]).await?;
    team.rig.members_are(team.id, &["admin", HAND, ADA, BOB]).await?;
    team.compared().await?;
    team.rig.members_are(team.id, &["admin", HAND, ADA, BOB]).await?;
    team.rig.finish().await
}

/// Where the server admin may not read the team, what the token is shown is not everybody: nobody is dropped for it.
#[tokio::test]
async fn where_only_a_token_can_look_nobody_is_thrown_out() -> Result<()> {
    let rig = hidden(|setup| setup).await?;
    let team = Team::of(rig, MappingKind::Member, MemberPolicy::Keep, &[]).await?;
    let hand = team.rig.grafana.existing_account(HAND).await?;
    team.rig.grafana.join_team(team.id, hand.id).await?;
    let ids = team.accounts(&[ADA, BOB]).await?;
    // Grafana asks for `teams.permissions:read` in this organization, which its Viewers have not.
    let bot = team.rig.grafana.existing_account(BOT).await?;
    team.rig.grafana.set_role(bot.id, "Viewer").await?;
    team.add(&ids).await?;
    team.rig.members_are(team.id, &["admin", HAND, ADA, BOB]).await?;
    team.rig.grafana.set_role(bot.id, "Admin").await?;
    team.rig.finish().await
}

/// The bulk write drops everybody it does not name, so it must name who came in a moment ago.
#[tokio::test]
async fn who_joins_by_hand_meanwhile_stays_in_the_team() -> Result<()> {
    let rig = Rig::start().await?;
    let hand = rig.grafana.make_account(HAND, HAND, "nobody needs it").await?;
    let team = Team::of(rig, MappingKind::Member, MemberPolicy::Keep, &[]).await?;
    let ids = team.accounts(&[ADA, BOB]).await?;
    let looks = |path: &str| {
        let calls = team.rig.calls();
        let by_plugin = calls.iter().filter(|call| call.who == BOT && call.method == "GET");
        by_plugin.filter(|call| call.path.starts_with(path)).count()
    };
    let members = format!("/api/teams/{}/members", team.id);
    team.rig.settled().await?;
    let before = looks(&members);
    // Between the look at the team and the write there is a look at each newcomer.
    let ada = team.rig.grafana.existing_account(ADA).await?;
    let slow = Effect::Slow(Duration::from_secs(2));
    team.rig.fault(
        Fault::new(&format!("/api/users/{}", ada.id), slow)
            .method("GET")
            .times(2),
    );
    team.add(&ids).await?;
    until("the plugin has looked at the team", SOON, async || {
        ensure!(looks(&members) > before, "not yet");
        Ok(())
    })
    .await?;
    team.rig.grafana.join_team(team.id, hand).await?;
    team.rig.team_has("Engineering", BOB).await?;
    team.rig.settled().await?;
    team.rig.members_are(team.id, &["admin", HAND, ADA, BOB]).await?;
    ensure!(
        !team.rig.bulk_writes().is_empty(),
        "there was no bulk write: this test shows nothing"
    );
    team.rig.finish().await
}

#[tokio::test]
async fn a_team_admin_made_by_hand_stays_one() -> Result<()> {
    let team = Team::of(
        Rig::start().await?,
        MappingKind::Member,
        MemberPolicy::Keep,
        &[ADA, BOB],
    )
    .await?;
    team.set_by_hand(ADA, 4).await?;
    team.compared().await?;
    team.has_permission(ADA, 4).await?;
    // A bulk write names admins as well.
    team.join(&[CLEO, "dan@example.com"]).await?;
    team.compared().await?;
    team.has_permission(ADA, 4).await?;
    team.has_permission(CLEO, 0).await?;
    team.rig.finish().await
}

/// Also where the mapping removes people added by hand: it says nothing about who is admin.
#[tokio::test]
async fn a_mapping_demotes_only_an_admin_that_it_made() -> Result<()> {
    let team = Team::of(
        Rig::start().await?,
        MappingKind::Member,
        MemberPolicy::Remove,
        &[ADA, BOB],
    )
    .await?;
    team.set_by_hand(ADA, 4).await?;
    team.turn_into("admin").await?;
    until("bob is made admin", SOON, async || team.has_permission(BOB, 4).await).await?;
    team.compared().await?;
    team.turn_into("member").await?;
    until("bob is a member again", SOON, async || {
        team.has_permission(BOB, 0).await
    })
    .await?;
    team.compared().await?;
    team.has_permission(ADA, 4).await?;
    team.rig.finish().await
}

#[tokio::test]
async fn who_is_demoted_by_hand_stays_so_where_hands_count() -> Result<()> {
    let team = Team::of(Rig::start().await?, MappingKind::Admin, MemberPolicy::Keep, &[ADA, BOB]).await?;
    team.has_permission(ADA, 4).await?;
    team.compared().await?;
    team.set_by_hand(ADA, 0).await?;
    team.compared().await?;
    team.has_permission(ADA, 0).await?;
    team.has_permission(BOB, 4).await?;
    team.rig.finish().await
}

#[tokio::test]
async fn who_is_demoted_by_hand_is_admin_again_elsewhere() -> Result<()> {
    let team = Team::of(
        Rig::start().await?,
        MappingKind::Admin,
        MemberPolicy::Remove,
        &[ADA, BOB],
    )
    .await?;
    team.compared().await?;
    team.set_by_hand(ADA, 0).await?;
    team.rig.check_now().await?;
    until("ada is made admin again", SOON, async || {
        team.has_permission(ADA, 4).await
    })
    .await?;
    team.rig.finish().await
}

/// A group that the provider fills is no way into a team for an account that Rollcall never touches.
#[tokio::test]
async fn a_server_admin_is_not_put_into_a_team() -> Result<()> {
    let team = Team::of(Rig::start().await?, MappingKind::Member, MemberPolicy::Keep, &[ADA]).await?;
    let ids = team.accounts(&[BOB, CLEO]).await?;
    let bob = team.rig.grafana.existing_account(BOB).await?;
    let permissions = format!("/api/admin/users/{}/permissions", bob.id);
    let admin = json!({ "isGrafanaAdmin": true });
    team.rig.grafana.send(Method::PUT, &permissions, &admin).await?;
    team.compared().await?;
    team.add(&ids).await?;
    team.rig.team_has("Engineering", CLEO).await?;
    team.compared().await?;
    team.rig.members_are(team.id, &["admin", ADA, CLEO]).await?;
    team.rig.finish().await
}

/// G13 of the faults: Grafana's own page hangs on such a team, too. It is that team's problem and nobody else's.
#[tokio::test]
async fn a_team_whose_members_never_load_holds_up_no_other() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, [ADA]).await?;
    rig.open(ADA).await?;
    let hangs = rig.grafana.make_team("Hangs").await?;
    rig.settled().await?;
    let never = format!("/api/teams/{hangs}/members");
    rig.fault(Fault::new(&never, Effect::Hang).method("GET").always());
    let made = scim
        .post("/Groups", &group("Hangs", &[&ada]))
        .await?
        .expect(&[201])?
        .id();
    rig.map_to(&made, hangs, MemberPolicy::Keep).await?;
    let other = scim
        .post("/Groups", &group("Other", &[&ada]))
        .await?
        .expect(&[201])?
        .id();
    rig.map_to_new(&other, "Other").await?;
    until("the other team is filled", TWO_TIMEOUTS, async || {
        let team = rig.grafana.existing_team("Other").await?;
        let members = rig.grafana.members(team.id).await?;
        ensure!(
            members.len() == 1 && members.contains(ADA),
            "its members are {members:?}"
        );
        Ok(())
    })
    .await?;
    // Nor does it keep a new person waiting.
    rig.people(&scim, [BOB]).await?;
    until("bob has an account", TWO_TIMEOUTS, async || {
        rig.grafana.existing_account(BOB).await.map(drop)
    })
    .await?;
    rig.grafana_back();
    rig.finish().await
}

/// S22 of the faults: the provider chooses a group's name, and with it whose rights its members would get.
#[tokio::test]
async fn a_team_made_by_hand_is_asked_for_where_it_is_to_be() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    rig.grafana.set("team_claim", "ask").await?.expect(&[200])?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, [ADA]).await?;
    rig.open(ADA).await?;
    let payroll = rig.grafana.make_team("Payroll admins").await?;
    let made = scim
        .post("/Groups", &group("Payroll admins", &[&ada]))
        .await?
        .expect(&[201])?;
    let told = rig.attention("Payroll admins").await?;
    ensure!(
        told.reason.contains(&payroll.to_string()),
        "it does not say which team: {told:?}"
    );
    rig.compared().await?;
    rig.members_are(payroll, &["admin"]).await?;
    // A yes is a mapping, as for any other team.
    rig.map_to(&made.id(), payroll, MemberPolicy::Keep).await?;
    rig.members_are(payroll, &["admin", ADA]).await?;
    rig.finish().await
}

#[tokio::test]
async fn a_team_made_by_hand_that_is_used_is_in_the_log() -> Result<()> {
    let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, [ADA]).await?;
    let team = rig.grafana.make_team("Payroll admins").await?;
    scim.post("/Groups", &group("Payroll admins", &[&ada]))
        .await?
        .expect(&[201])?;
    rig.members_are(team, &["admin", ADA]).await?;
    let log: Value = rig.grafana.admin("activity?action=team.use").await?;
    let target = log["entries"][0]["target_id"].as_str().context("no line says so")?;
    ensure!(target == team.to_string(), "{log}");

    // It can be taken back, where it is not taken again at once.
    rig.remember_team(team);
    rig.grafana.set("team_claim", "ask").await?.expect(&[200])?;
    let shown: Groups = rig.grafana.admin("groups").await?;
    let mapping = shown.groups[0].mappings[0].id;
    rig.grafana
        .admin_send(Method::DELETE, &format!("mappings/{mapping}"), &Value::Null)
        .await?
        .expect(&[204])?;
    rig.members_are(team, &["admin"]).await?;
    rig.attention("Payroll admins").await?;
    rig.finish().await
}

/// S22 of the faults: what becomes of a team without its group is said for those that Rollcall made. One that was there is not renamed,
/// archived or deleted: the members that Rollcall put there leave, and that is all.
#[tokio::test]
async fn a_team_made_by_hand_outlives_the_group_that_used_it() -> Result<()> {
    for removal in ["archive", "remove"] {
        let rig = Rig::with(|setup| setup.ini("auth", "mapping_mode", "create")).await?;
        rig.grafana.set("team_removal", removal).await?.expect(&[200])?;
        let scim = rig.scim().await?;
        let [ada] = rig.people(&scim, [ADA]).await?;
        let team = rig.grafana.make_team("Payroll admins").await?;
        // Nobody else is in it, who alone would save it from being deleted.
        let maker = rig.grafana.existing_account("admin").await?;
        let path = format!("/api/teams/{team}/members/{}", maker.id);
        rig.grafana.call(Method::DELETE, &path, None).await?.expect(&[200])?;
        let made = scim.post("/Groups", &group("Payroll admins", &[&ada])).await?;
        let path = format!("/Groups/{}", made.expect(&[201])?.id());
        rig.members_are(team, &[ADA]).await?;
        rig.remember_team(team);
        let renamed = json!([{ "op": "replace", "path": "displayName", "value": "Payroll" }]);
        scim.patch(&path, renamed).await?.expect(&[200, 204])?;
        rig.compared().await?;
        scim.delete(&path).await?.expect(&[204])?;
        rig.members_are(team, &[]).await?;
        rig.compared().await?;
        let teams = rig.grafana.teams().await?;
        let there = |name: &str| teams.iter().any(|seen| seen.id == team && seen.name == name);
        ensure!(teams.len() == 1 && there("Payroll admins"), "{removal}: {teams:?}");
        rig.finish().await?;
    }
    Ok(())
}

/// MySQL takes “PLATFORM” for “Platform”: Grafana refuses to make the second one (409).
#[tokio::test]
async fn a_team_of_that_name_in_another_case_is_found() -> Result<()> {
    let rig = Rig::with(|setup| {
        setup
            .ini("auth", "mapping_mode", "create")
            .ini("database", "type", "mysql")
    })
    .await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, [ADA]).await?;
    let team = rig.grafana.make_team("PLATFORM").await?;
    scim.post("/Groups", &group("Platform", &[&ada]))
        .await?
        .expect(&[201])?;
    rig.members_are(team, &["admin", ADA]).await?;
    rig.finish().await
}
