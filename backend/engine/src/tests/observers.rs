//! What the planner is told about a person must not depend on who looks: the loop before it works on the person, or the minute's
//! comparison.

use domain::{
    UserId,
    account::{self, Account, Authority, History, Manager, Observed, Plan},
};
use grafana::{Grafana, Http, Open, Session};

use super::*;
use crate::{
    context::Core,
    org::Org,
    person::{
        input,
        live::Live,
        observe::{AccountSource, Subject, observe},
    },
    scan::listing::Listing,
};
use store::{AccountRecord, ManagementState};

fn core(rig: &Rig) -> Core {
    Core {
        store: rig.store.clone(),
        clock: rig.clock.clone(),
        ids: Arc::new(Counted::default()),
        settings: rig.settings.clone(),
        failpoints: Failpoints::default(),
        shared: Arc::default(),
        stop: CancellationToken::new(),
    }
}

fn org(rig: &Rig) -> Org {
    let settings = rig.settings.of(OrgId::new(1));
    let http = Http::build().expect("a client");
    let session = Session::new(&settings.credentials);
    let grafana = Grafana::new(http, session, None, OrgId::new(1), Arc::new(Open));
    Org::new(settings, grafana)
}

impl Rig {
    /// The user's account in Grafana, as remembered.
    async fn link(&self, login: &str, user_id: &str, grafana_id: UserId) {
        let record = AccountRecord {
            user_id: user_id.to_owned(),
            tenant: self.tenant.clone(),
            grafana_id: Some(grafana_id),
            origin: AccountOrigin::Provisioned,
            login: login.to_owned(),
            history: History::new(Authority::Full),
            deprovisioned_by: None,
            holds: None,
            snapshot: None,
            deferred: Vec::new(),
            synced_ms: 0,
            seen_closed_ms: None,
            external_id: None,
            gone_ms: None,
            renew_password: false,
        };
        self.store.save_account(&record).await.expect("saved");
    }

    async fn linked(&self, login: &str, active: bool, role: Role) -> i64 {
        self.user(login, active).await;
        let grafana_id = self.add_account(login, role);
        self.link(login, &format!("id-{login}"), UserId::new(grafana_id)).await;
        grafana_id
    }
}

/// Every case that a rule of the planner tells apart, by what bears on it.
async fn crowd(rig: &Rig) -> Vec<&'static str> {
    rig.user("new", true).await;
    rig.linked("open", true, Role::Viewer).await;
    rig.linked("closed", false, Role::Viewer).await;
    rig.linked("lastadmin", false, Role::Admin).await;
    let sso = rig.linked("sso", false, Role::Viewer).await;
    let disabled = rig.linked("disabled", false, Role::Viewer).await;
    let admin = rig.linked("serveradmin", false, Role::Viewer).await;
    rig.linked("glass", false, Role::Viewer).await;
    for login in ["claimable", "approved"] {
        rig.user(login, true).await;
        rig.add_account(login, Role::Viewer);
    }
    rig.user("strangers", true).await;
    rig.grafana.change(|world| {
        let elsewhere = world.add_org("Elsewhere");
        let stranger = world.add_user("strangers", "strangers@ex.com", "strangers");
        world.join(stranger, elsewhere, Role::Viewer);
    });
    // Another user's account has the e-mail, and that user keeps it, or is to have another.
    for (wanted, holder, now) in [("kept", "keeper", "kept"), ("given", "giver", "other")] {
        rig.user(wanted, true).await;
        let holders = rig.linked(holder, true, Role::Viewer).await;
        rig.change_account(UserId::new(holders), |account| {
            account.email = format!("{wanted}@ex.com")
        });
        let email = json!([{"value": format!("{now}@ex.com"), "primary": true}]);
        rig.set(holder, "emails", email).await;
    }
    // The account of a user who was deleted.
    rig.user("back", true).await;
    let grafana_id = rig.add_account("back", Role::Viewer);
    rig.link("back", "id-before", UserId::new(grafana_id)).await;
    rig.change_account(UserId::new(disabled), |account| account.disabled = true);
    rig.change_account(UserId::new(admin), |account| account.server_admin = true);
    rig.grafana.change(|world| {
        world.link(sso, "oauth_generic_oauth", "sso");
        // Who works for Rollcall would be another Admin of the organization.
        world.join(ME, 1, Role::Viewer);
    });
    vec![
        "new",
        "open",
        "closed",
        "lastadmin",
        "sso",
        "disabled",
        "serveradmin",
        "glass",
        "claimable",
        "strangers",
        "approved",
        "kept",
        "given",
        "back",
    ]
}

async fn look(rig: &Rig, source: &impl AccountSource, org: &Org, login: &str) -> (Observed, Plan) {
    let id = format!("id-{login}");
    let user = rig.store.user(&rig.tenant, &id).await.expect("read");
    let record = rig.store.account(&id).await.expect("read");
    let management = rig.store.management(&id).await.expect("read");
    let (desired, link) = (input::desired(user.as_ref(), None), record.as_ref().map(input::link));
    let subject = Subject {
        tenant: &rig.tenant,
        user_id: &id,
        desired: &desired,
        link: link.as_ref(),
        management: management.as_ref(),
        provider: &input::provider_identity(user.as_ref()),
        now_ms: rig.clock.now_ms(),
        waited: false,
    };
    let observed = observe(source, org, &subject).await.expect("looked");
    let plan = account::plan(&desired, link.as_ref(), &observed, &input::rules(org));
    (observed, plan)
}

/// What a listing cannot show, and what a look at one account leaves out where no rule asks for it.
fn without_organizations(mut account: Account) -> Account {
    (account.orgs, account.teams) = (Vec::new(), Vec::new());
    account.alone_in.clear();
    account
}

#[tokio::test]
async fn both_observers_tell_the_planner_the_same() {
    let rig = Rig::new(&[("break_glass", "glass"), ("claim_policy", "ask")]).await;
    let crowd = crowd(&rig).await;
    let approved = rig.grafana.user("approved").expect("there").id;
    rig.store
        .ask_about(&rig.tenant, "id-approved", UserId::new(approved), "approved")
        .await
        .expect("asked");
    let seen = rig.store.management("id-approved").await.expect("read").expect("asked");
    rig.store
        .approve_claim(&rig.ctx(), "id-approved", &seen)
        .await
        .expect("approved");
    let seen = rig.store.management("id-approved").await.expect("read").expect("asked");
    assert_eq!(seen.state, ManagementState::Approved);

    let core = core(&rig);
    let (mut asked, mut listed) = (org(&rig), org(&rig));
    crate::protected::know_new(&core, &mut asked).await.expect("known");
    listed.refresh_listing(&core).await.expect("listed");
    crate::protected::know(&core, &mut listed).await.expect("known");
    let org_users = listed.grafana.org_users(OrgId::new(1)).await.expect("listed");
    let records = rig.store.accounts(&rig.tenant).await.expect("read");
    let accounts = listed.listing.as_ref().expect("just listed");
    let listing = Listing::read(&core, &listed, accounts, &rig.tenant, &org_users, &records)
        .await
        .expect("read");
    let live = Live {
        core: &core,
        org: &asked,
    };

    let mut managers = Vec::new();
    for login in crowd {
        let (by_call, plan_by_call) = look(&rig, &live, &asked, login).await;
        let (by_list, plan_by_list) = look(&rig, &listing, &listed, login).await;
        let linked = |seen: &Observed| seen.linked.clone().map(without_organizations);
        assert_eq!(linked(&by_call), linked(&by_list), "{login}");
        let others = |seen: Observed| {
            let others = seen.others.into_iter();
            let others = others.map(|c| (without_organizations(c.account), c.manager, c.approved, c.leaving));
            others.collect::<Vec<_>>()
        };
        managers.extend(by_call.others.iter().map(|c| (login, c.manager.clone(), c.leaving)));
        assert_eq!(others(by_call), others(by_list), "{login}");
        let decided = |plan: Plan| (plan.actions.is_empty(), plan.end.access(), plan.end);
        assert_eq!(decided(plan_by_call), decided(plan_by_list), "{login}");
    }
    // The crowd is what it says it is.
    let of = |login| {
        let found = managers.iter().find(|(l, ..)| *l == login).expect("a candidate");
        (&found.1, found.2)
    };
    assert_eq!(of("claimable"), (&Manager::Nobody, false));
    assert_eq!(of("kept"), (&Manager::Other, false));
    assert_eq!(of("given"), (&Manager::Other, true));
    assert!(matches!(of("back"), (Manager::Gone { user_id, .. }, false) if user_id == "id-before"));
}
