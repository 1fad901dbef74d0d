//! What the minute's look finds beside people and teams: Team Sync, sign-ins, the log's age.

use domain::{TeamId, login::Severity};

use super::*;
use store::{Action, ActivityLine, ActivityQuery, Source, TargetKind};

/// Until a comparison has ended that began after now.
pub(super) async fn compared(rig: &Rig, engine: &Engine) {
    let before = engine.status(OrgId::new(1)).checked_ms;
    // The clock counts milliseconds, and an earlier comparison may end in this one.
    rig.check_now();
    rig.until("compared", || async {
        engine.status(OrgId::new(1)).checked_ms > before
    })
    .await;
    let between = engine.status(OrgId::new(1)).checked_ms;
    rig.check_now();
    rig.until("compared again", || async {
        engine.status(OrgId::new(1)).checked_ms > between
    })
    .await;
}

/// An Enterprise with Team Sync.
fn enterprise() -> Options {
    options().with_setting("enterprise", "license_path", "/etc/grafana/license.jwt")
}

/// What Team Sync fills the team from, as somebody sets it up by hand.
fn fill_from(rig: &Rig, team: i64, groups: &[&str]) {
    rig.grafana.change(|world| {
        let team = world.team_mut(team).expect("the team");
        team.external_groups = groups.iter().map(|group| (*group).to_owned()).collect();
    });
}

#[tokio::test]
async fn a_team_that_team_sync_fills_too_is_named_while_it_does() {
    let rig = Rig::with(enterprise(), &[]).await;
    let team = rig.add_team("Platform", &[]);
    fill_from(&rig, team, &["cn=platform"]);
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.map("eng", TeamId::new(team), false).await;
    let engine = rig.start();
    rig.until("warned", || async { !engine.status(OrgId::new(1)).warnings.is_empty() })
        .await;
    let status = engine.status(OrgId::new(1));
    assert!(status.warnings[0].contains("“Platform”") && status.warnings[0].contains("team_sync_mode"));
    assert_eq!(status.twice_filled_teams, [TeamId::new(team)]);
    rig.quiet().await;
    assert_eq!(
        logins(&rig.grafana, "Platform"),
        ["ann"],
        "a warning holds nothing back"
    );

    fill_from(&rig, team, &[]);
    compared(&rig, &engine).await;
    let status = engine.status(OrgId::new(1));
    assert_eq!(status.twice_filled_teams, Vec::<TeamId>::new());
    // What is left to say is that the licence has Team Sync (G45).
    assert!(status.team_sync_licensed && status.warnings.len() == 1);
    assert!(!status.warnings[0].contains("“Platform”"), "{:?}", status.warnings);
    engine.stop().await;
}

#[tokio::test]
async fn users_only_is_no_conflict_with_team_sync() {
    let rig = Rig::with(enterprise(), &[("team_sync_mode", "team_sync")]).await;
    let team = rig.add_team("Platform", &[]);
    fill_from(&rig, team, &["cn=platform"]);
    rig.group("eng", &[]).await;
    rig.map("eng", TeamId::new(team), false).await;
    let engine = rig.start();
    compared(&rig, &engine).await;
    assert!(engine.status(OrgId::new(1)).warnings.is_empty());
    assert_eq!(rig.grafana.calls_to(&format!("GET /api/teams/{team}/groups")), 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_grafana_without_team_sync_is_asked_once() {
    let rig = Rig::new(&[]).await;
    for n in 0..8 {
        let (name, team) = (format!("g{n}"), rig.add_team(&format!("Team {n}"), &[]));
        rig.group(&name, &[]).await;
        rig.map(&name, TeamId::new(team), false).await;
    }
    let engine = rig.start();
    compared(&rig, &engine).await;
    let asked = rig.calls().into_iter().filter(|call| call.ends_with("/groups"));
    assert_eq!(asked.count(), 1);
    assert!(engine.status(OrgId::new(1)).warnings.is_empty());
    engine.stop().await;
}

#[tokio::test]
async fn every_team_has_its_turn_and_a_comparison_asks_a_few() {
    let rig = Rig::with(enterprise(), &[]).await;
    let teams: Vec<_> = (0..8)
        .map(|n| TeamId::new(rig.add_team(&format!("Team {n}"), &[])))
        .collect();
    for (n, team) in teams.iter().enumerate() {
        let name = format!("g{n}");
        rig.group(&name, &[]).await;
        rig.map(&name, *team, false).await;
    }
    for team in &teams {
        fill_from(&rig, (*team).get(), &["cn=everybody"]);
    }
    let engine = rig.start();
    rig.until("all eight are known", || async {
        rig.check_now();
        engine.status(OrgId::new(1)).twice_filled_teams == teams
    })
    .await;
    assert!(
        engine.status(OrgId::new(1)).warnings[0].contains("5 more"),
        "{:?}",
        engine.status(OrgId::new(1)).warnings
    );
    engine.stop().await;
    // A comparison begins with /api/health: between two of them, five calls at most.
    for one in rig.calls().split(|call| call == "GET /api/health") {
        assert!(one.iter().filter(|call| call.ends_with("/groups")).count() <= 5);
    }
}

#[tokio::test]
async fn sign_in_settings_are_known_after_a_comparison() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    assert_eq!(engine.login(OrgId::new(1)), None, "nothing is said before");
    rig.until("looked", || async { engine.login(OrgId::new(1)).is_some() })
        .await;
    let worst = engine.login(OrgId::new(1)).expect("seen").findings.remove(0);
    assert_eq!(
        (worst.severity, worst.provider.as_str()),
        (Severity::Problem, "auth.generic_oauth"),
        "the lookup is off: {worst:?}"
    );
    let refusal = json!({"message": "You'll need additional permissions"});
    rig.answer("GET", "/api/admin/settings", 403, &refusal);
    compared(&rig, &engine).await;
    let seen = engine.login(OrgId::new(1)).expect("seen").findings;
    assert!(seen.len() == 1 && seen[0].why.contains("settings:read"), "{seen:?}");
    engine.stop().await;
}

#[tokio::test]
async fn a_comparison_removes_lines_older_than_the_setting() {
    const DAY_MS: i64 = 86_400_000;
    let rig = Rig::new(&[("activity_days", "30")]).await;
    let now = RealClock.now_ms();
    let line = |days: i64| ActivityLine {
        tenant: rig.tenant.clone(),
        at_ms: now - days * DAY_MS,
        source: Source::Scim,
        actor: "sa-1-okta".into(),
        action: Action::UserUpdate,
        target_kind: TargetKind::User,
        target_id: days.to_string(),
        target_name: "ann".into(),
        outcome: Outcome::Done,
        reason: None,
        duration_ms: 1,
        correlation: "c".into(),
    };
    let mut lines: Vec<ActivityLine> = (0..1200).map(|_| line(31)).collect();
    lines.extend([line(29), line(0), line(400)]);
    rig.store.record(&lines).await.expect("recorded");
    let engine = rig.start();
    rig.until("compared", || async {
        engine.status(OrgId::new(1)).checked_ms.is_some()
    })
    .await;
    let query = ActivityQuery {
        count: 2000,
        ..ActivityQuery::default()
    };
    let left = rig.store.activity(&rig.tenant, &query).await.expect("a page").lines;
    let left: Vec<&str> = left.iter().map(|(_, line)| line.target_id.as_str()).collect();
    assert_eq!(left, ["0", "29"], "more than one batch went");
    engine.stop().await;
}
