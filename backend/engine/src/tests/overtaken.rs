//! An admin decides while the engine is in the middle of a team: what was decided counts from the next call on.

use super::*;
use grafana_stand_in::Gate;
use store::MappingRecord;

/// What an admin does to a mapping.
#[derive(Clone, Copy, Debug)]
enum Decides {
    Pauses,
    Keeps,
    Removes,
}

impl Rig {
    /// From now on this call is held, after so many that are not.
    fn held(&self, path: &str, after: usize) -> Gate {
        let gate = Gate::default();
        let held = Fault::new(path, Effect::Held(gate.clone())).method("GET").after(after);
        self.grafana
            .set_fault(if path.contains('?') { held } else { held.whole() });
        gate
    }

    async fn mapping(&self) -> MappingRecord {
        let all = self.store.all_mappings(&self.tenant).await.expect("mappings");
        all.into_iter().next().expect("a mapping")
    }

    async fn decides(&self, what: Decides) {
        let mapping = self.mapping().await;
        let changed = match what {
            Decides::Removes => return self.store.remove_mapping(mapping.id).await.expect("removed"),
            Decides::Pauses => MappingRecord {
                paused: true,
                ..mapping
            },
            Decides::Keeps => MappingRecord {
                remove_others: false,
                ..mapping
            },
        };
        let now = RealClock.now_ms();
        self.store.change_mapping(&changed, "req", now).await.expect("changed");
    }

    /// A comparison later: none is due that could ask what the test holds.
    async fn compared(&self, engine: &Engine) {
        self.quiet().await;
        let checked = || engine.status(OrgId::new(1)).checked_ms;
        let before = checked();
        self.check_now();
        self.until("compared", || async { checked() > before }).await;
        self.quiet().await;
    }
}

/// Ann is in the team by her group; Nina by hand; the group has Cy and Dan from now on, and one of the calls that follow is held.
async fn in_the_middle(decides: Decides, held: &str, after: usize) -> Vec<String> {
    let rig = Rig::new(&[]).await;
    let nina = rig.add_account("nina", Role::Viewer);
    let team = rig.add_team("eng", &[]);
    let engine = rig.start();
    for login in ["ann", "cy", "dan"] {
        rig.user(login, true).await;
    }
    rig.group("eng", &["ann"]).await;
    rig.map("eng", TeamId::new(team), true).await;
    rig.compared(&engine).await;
    rig.grafana.change(|world| {
        let team = world.team_mut(team).expect("the team");
        team.members.insert(nina, MEMBER);
    });
    let cy = rig.grafana.user("cy").expect("an account").id;
    let path = held.replace("TEAM", &team.to_string()).replace("CY", &cy.to_string());
    let gate = rig.held(&path, after);
    let [cy, dan] = ["id-cy", "id-dan"].map(Member::user);
    let members = vec![
        MemberChange::Remove(vec!["id-ann".into()]),
        MemberChange::Add(vec![cy, dan]),
    ];
    rig.change_group("eng", "eng", members).await;
    gate.reached().await;
    rig.decides(decides).await;
    rig.grafana.clear_calls();
    gate.open();
    rig.quiet().await;
    let settled = || async {
        let orphans = rig.store.orphaned_teams(OrgId::new(1)).await.expect("read");
        orphans.is_empty()
    };
    rig.until("nobody is left behind", settled).await;
    let calls = rig.calls();
    let adds = |call: &&String| call.starts_with("P") && call.contains("/members");
    if let Some(call) = calls.iter().find(adds).filter(|_| !matches!(decides, Decides::Keeps)) {
        panic!("{decides:?}: {call} was still sent");
    }
    engine.stop().await;
    logins(&rig.grafana, "eng")
}

#[tokio::test]
async fn a_pause_counts_for_what_is_under_way() {
    for (held, after) in [("/api/users/CY", 0), ("/api/teams/TEAM/members", 1)] {
        let left = in_the_middle(Decides::Pauses, held, after).await;
        assert_eq!(left, ["ann", "nina"], "{held}");
    }
}

#[tokio::test]
async fn a_mapping_removed_under_way_brings_nobody_in() {
    for (held, after) in [("/api/users/CY", 0), ("/api/teams/TEAM/members", 1)] {
        let left = in_the_middle(Decides::Removes, held, after).await;
        assert_eq!(left, ["nina"], "{held}");
    }
}

#[tokio::test]
async fn who_is_kept_from_now_on_is_not_removed_under_way() {
    for (held, after) in [("/api/users/CY", 0), ("/api/teams/TEAM/members", 1)] {
        let left = in_the_middle(Decides::Keeps, held, after).await;
        assert_eq!(left, ["cy", "dan", "nina"], "{held}");
    }
}

/// A group that mode *create* gave a team; it is deleted, and the look at its team is held.
async fn its_group_is_gone(rig: &Rig) -> (Engine, Gate) {
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.compared(&engine).await;
    let team = rig.grafana.team("eng").expect("made").id;
    let gate = rig.held(&format!("/api/teams/{team}"), 0);
    let done = rig.store.delete_group(&rig.ctx(), "id-eng", |_| Ok(())).await;
    assert!(done.expect("deleted"));
    rig.wake();
    gate.reached().await;
    (engine, gate)
}

#[tokio::test]
async fn a_pause_counts_when_its_group_is_already_gone() {
    let rig = Rig::new(&[("mapping_mode", "create"), ("team_removal", "remove")]).await;
    let (engine, gate) = its_group_is_gone(&rig).await;
    rig.decides(Decides::Pauses).await;
    gate.open();
    rig.quiet().await;
    assert_eq!(logins(&rig.grafana, "eng"), ["ann"]);
    assert!(rig.mapping().await.paused);
    // Resumed, it does what the deletion says.
    let mapping = MappingRecord {
        paused: false,
        ..rig.mapping().await
    };
    let now = RealClock.now_ms();
    rig.store.change_mapping(&mapping, "req", now).await.expect("resumed");
    rig.quiet().await;
    assert!(rig.grafana.team("eng").is_none());
    engine.stop().await;
}

#[tokio::test]
async fn a_removed_mapping_keeps_its_team_when_its_group_is_gone() {
    let rig = Rig::new(&[("mapping_mode", "create"), ("team_removal", "remove")]).await;
    let (engine, gate) = its_group_is_gone(&rig).await;
    rig.decides(Decides::Removes).await;
    gate.open();
    rig.until("emptied", || async { logins(&rig.grafana, "eng").is_empty() })
        .await;
    engine.stop().await;
}

#[tokio::test]
async fn a_setting_counts_for_what_is_under_way() {
    let create = [("mapping_mode", "create"), ("team_removal", "remove")];
    for (name, value, kept) in [
        ("mapping_mode", "strict", &[][..]),
        ("team_removal", "keep", &[]),
        ("team_sync_mode", "off", &["ann"]),
    ] {
        let rig = Rig::new(&create).await;
        let (engine, gate) = its_group_is_gone(&rig).await;
        let mut page = create.to_vec();
        page.retain(|(known, _)| *known != name);
        page.push((name, value));
        rig.settings.change(|s| s.effective = effective(&page));
        gate.open();
        rig.quiet().await;
        assert!(rig.grafana.team("eng").is_some(), "{name}");
        assert_eq!(logins(&rig.grafana, "eng"), kept, "{name}");
        engine.stop().await;
    }
}

#[tokio::test]
async fn no_team_is_made_for_a_mapping_removed_under_way() {
    let rig = Rig::new(&[]).await;
    let engine = rig.start();
    rig.user("ann", true).await;
    rig.group("eng", &["ann"]).await;
    rig.compared(&engine).await;
    let gate = rig.held("/api/teams/search?name=Engineers", 0);
    let new = NewMapping {
        tenant: rig.tenant.clone(),
        group_id: "id-eng".into(),
        group_name: "eng".into(),
        team_id: None,
        team_name: "Engineers".into(),
        admins: false,
        remove_others: false,
        origin: MappingOrigin::Page,
    };
    let now = RealClock.now_ms();
    rig.store.add_mapping(&new, "req", now).await.expect("mapped");
    rig.wake();
    gate.reached().await;
    rig.decides(Decides::Removes).await;
    gate.open();
    rig.quiet().await;
    assert!(rig.grafana.team("Engineers").is_none());
    engine.stop().await;
}
