//! `demo-company demo`: enables the app and lets two identity providers push a small company.
//!
//! Owns: who works there, and which of their groups are mapped. Must never print a password or token, and may be run again and
//! again. Start at [`run`]. It works against the stand-in and a real Grafana alike.

use std::{io::Write as _, time::Duration};

use admin_api::{
    Groups, MappingKind, MappingMode, MappingRow, MemberPolicy, NewMapping, Overview, SettingOrigin, Settings,
    SyncState, Teams,
};
use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Method;
use serde_json::json;

use crate::{
    grafana::{Credentials, Grafana, PLUGIN},
    idp::{Directory, Entra, Okta, Person, Provider, ScimClient, encoded},
    wait::until,
};

/// A Grafana that was just started in Docker on two slow cores.
const START: Duration = Duration::from_secs(60);
/// Twelve people and four groups take a second; Grafana's own cache of the app's settings takes five.
const SYNC: Duration = Duration::from_secs(60);

/// Where a plugin finds its own Grafana when the address we know it by is one from outside its container.
const FROM_INSIDE: &str = "http://localhost:3000";

/// Group, members, and whether the strict table shows a team for it.
type DemoGroup = (&'static str, &'static [&'static str], bool);

const OKTA_PEOPLE: &[(&str, &str, &str)] = &[
    ("ada.king", "Ada", "King"),
    ("grace.murray", "Grace", "Murray"),
    ("alan.mathison", "Alan", "Mathison"),
    ("barbara.huberman", "Barbara", "Huberman"),
    ("edsger.wybe", "Edsger", "Wybe"),
    ("frances.spence", "Frances", "Spence"),
    ("ken.lane", "Ken", "Lane"),
];
const OKTA_GROUPS: &[DemoGroup] = &[
    (
        "Engineering",
        &[
            "ada.king",
            "alan.mathison",
            "barbara.huberman",
            "edsger.wybe",
            "ken.lane",
        ],
        true,
    ),
    ("On-call", &["ada.king", "grace.murray", "ken.lane"], false),
];
const ENTRA_PEOPLE: &[(&str, &str, &str)] = &[
    ("joan.clarke", "Joan", "Clarke"),
    ("katherine.coleman", "Katherine", "Coleman"),
    ("lynn.ann", "Lynn", "Ann"),
    ("mary.jackson", "Mary", "Jackson"),
    ("niklaus.emil", "Niklaus", "Emil"),
];
const ENTRA_GROUPS: &[DemoGroup] = &[
    ("Finance", &["joan.clarke", "katherine.coleman", "mary.jackson"], true),
    ("Contractors", &["lynn.ann", "niklaus.emil"], false),
];
/// They left the company: closed in Grafana, and still in their groups for the day they return.
const GONE: &str = "ken.lane";

/// Sets up and pushes everything, and returns when Grafana holds it.
///
/// # Errors
/// If a step does not come to its end; the error says which, and what the plugin says about it.
pub async fn run(url: &str, user: &str, password: &str) -> Result<()> {
    let grafana = Grafana::new(
        url,
        Credentials::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        },
    );
    until("Grafana is there", START, async || {
        grafana.get::<serde_json::Value>("/api/health").await
    })
    .await?;

    say("Enabling the app and giving it the server admin it works with.");
    connect(&grafana, user, password).await?;
    strict_mode(&grafana).await?;

    say("Okta (a service account of its own) pushes 7 people and 2 groups.");
    let mut okta = Directory::new(Okta::catalogue(ScimClient::new(
        grafana.scim_connection("Demo Okta").await?,
    )));
    fill(&mut okta, OKTA_PEOPLE, OKTA_GROUPS);
    okta.push_all().await.context("the Okta-shaped client")?;
    // Who leaves before Grafana has heard of them never gets an account, and there would be nothing to see.
    until("Grafana has who will leave", SYNC, async || {
        let account = grafana.existing_account(&address(GONE)).await?;
        ensure!(!account.is_disabled, "{GONE} cannot sign in yet");
        Ok(())
    })
    .await?;
    okta.deactivate(&address(GONE))
        .await
        .context("the Okta-shaped client")?;

    say("Entra ID (another one) pushes 5 people and 2 groups.");
    let provider = Entra::new(ScimClient::new(grafana.scim_connection("Demo Entra").await?));
    provider.test_connection().await.context("the Entra-shaped client")?;
    let mut entra = Directory::new(provider);
    fill(&mut entra, ENTRA_PEOPLE, ENTRA_GROUPS);
    entra.push_all().await.context("the Entra-shaped client")?;

    let all = || OKTA_GROUPS.iter().chain(ENTRA_GROUPS);
    for (group, _, _) in all().filter(|(_, _, mapped)| *mapped) {
        map(&grafana, group).await?;
    }
    until("Grafana has everything", SYNC, async || settled(&grafana, all()).await).await?;

    say(
        "Grafana is in sync: 12 people, one of them deactivated; teams Engineering and Finance; On-call and Contractors wait for a mapping.",
    );
    say(&format!(
        "People: {url}/admin/users   Teams: {url}/org/teams   Rollcall: {url}/a/{PLUGIN}"
    ));
    Ok(())
}

fn address(name: &str) -> String {
    format!("{name}@example.com")
}

fn fill<P: Provider>(directory: &mut Directory<P>, people: &[(&str, &str, &str)], groups: &[DemoGroup]) {
    for (name, given, family) in people {
        let department = groups
            .iter()
            .find(|(_, members, _)| members.contains(name))
            .map_or("Office", |(group, ..)| *group);
        directory.hire(Person::new(&address(name), given, family).in_department(department));
    }
    for (group, members, _) in groups {
        let members: Vec<String> = members.iter().map(|member| address(member)).collect();
        directory.form(group, &members.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

/// Tells the app how to reach Grafana. Which address works from where the plugin runs (a container, perhaps) only the plugin knows,
/// so each is tried.
async fn connect(grafana: &Grafana, user: &str, password: &str) -> Result<()> {
    grafana
        .enable_app(&json!({}), &json!({}))
        .await
        .context("enabling the app")?;
    let settings = until("the plugin answers", START, async || {
        grafana.admin::<Settings>("settings").await
    })
    .await?;
    let secrets = json!({ "adminPassword": password });
    let known = settings
        .settings
        .into_iter()
        .find(|setting| setting.key == "grafana_url");
    if known
        .as_ref()
        .is_some_and(|known| known.origin == SettingOrigin::PluginIni)
    {
        say("Grafana's configuration file says where the plugin finds Grafana; that stays as it is.");
        return grafana.enable_app(&json!({ "adminUser": user }), &secrets).await;
    }
    let mut urls = vec![grafana.url().to_owned(), FROM_INSIDE.to_owned()];
    // From an earlier run, or from a provisioning file: tried first, so that it stays.
    urls.splice(
        0..0,
        known
            .filter(|known| known.origin == SettingOrigin::Provisioned)
            .and_then(|known| known.value),
    );
    let mut reasons = Vec::new();
    for url in urls {
        grafana
            .enable_app(&json!({ "grafanaUrl": url, "adminUser": user }), &secrets)
            .await?;
        // For another URL than before, the same password has to be given again.
        let given = json!({ "admin_password": password });
        grafana
            .admin_send(Method::POST, "credentials/given", &given)
            .await?
            .expect(&[200])?;
        let works = until("the plugin has tried the address", START, async || {
            let overview: Overview = grafana.admin("overview").await?;
            let tried = overview.grafana.signed_in_as.is_some() || overview.grafana.error.is_some();
            ensure!(tried, "{}", overview.summary);
            Ok(overview)
        })
        .await?;
        if works.grafana.signed_in_as.is_some() {
            return Ok(());
        }
        reasons.push(format!("{url}: {}", works.grafana.error.unwrap_or_default()));
    }
    bail!("the plugin cannot work with this Grafana: {}", reasons.join("; "))
}

async fn strict_mode(grafana: &Grafana) -> Result<()> {
    let groups: Groups = grafana.admin("groups").await?;
    if groups.mapping_mode == MappingMode::Strict {
        return Ok(());
    }
    if groups.mapping_mode_locked {
        say("A file sets mapping_mode = create; that stays, and every group becomes a team.");
        return Ok(());
    }
    say("Setting mapping_mode to strict: only mapped groups become teams.");
    grafana.set("mapping_mode", "strict").await?.expect(&[200]).map(drop)
}

/// Maps a group to the team of its name, which is made if there is none.
async fn map(grafana: &Grafana, group: &str) -> Result<()> {
    let groups: Groups = grafana.admin("groups").await?;
    let row = groups.groups.into_iter().find(|row| row.display_name == group);
    let row = row.with_context(|| format!("the plugin does not show the group {group}"))?;
    if row.mappings.iter().any(|mapping| mapping.team_name == group) {
        say(&format!("{group} is mapped already."));
        return Ok(());
    }
    let teams: Teams = grafana.admin(&format!("teams?query={}", encoded(group))).await?;
    let known = teams.teams.iter().find(|team| team.name == group).map(|team| team.id);
    let made: MappingRow = grafana
        .map(&NewMapping {
            group_id: row.id,
            team_id: known,
            new_team: known.is_none().then(|| group.to_owned()),
            kind: MappingKind::Member,
            policy: MemberPolicy::Keep,
        })
        .await
        .with_context(|| format!("mapping {group}"))?;
    say(&format!("Mapped the group {group} to the team {}.", made.team_name));
    Ok(())
}

/// In sync, and each mapped group's team has exactly its members among ours.
async fn settled(grafana: &Grafana, groups: impl Iterator<Item = &DemoGroup>) -> Result<()> {
    let overview: Overview = grafana.admin("overview").await?;
    let done = matches!(overview.sync, SyncState::InSync | SyncState::NeedsAttention) && overview.pending.count == 0;
    ensure!(done, "{:?}: {}", overview.sync, overview.summary);
    for (group, members, mapped) in groups {
        if !mapped {
            continue;
        }
        let team = grafana.existing_team(group).await?;
        let have = grafana.members(team.id).await?;
        for member in members.iter().filter(|member| **member != GONE) {
            ensure!(have.contains(&address(member)), "{member} is not in the team {group}");
        }
    }
    let gone = grafana.existing_account(&address(GONE)).await?;
    ensure!(gone.is_disabled, "{GONE} can still sign in");
    Ok(())
}

/// For anybody who waits at the terminal.
fn say(line: &str) {
    // Nobody to tell if stderr is closed.
    let _ = writeln!(std::io::stderr(), "demo: {line}");
}
