//! The minute's look at everything: listings in, marks out.
//!
//! Owns: finding what drifted, by asking the same planners with what the listings show. Must never change anything in Grafana, nor
//! mark what waits for its turn or for a person already (that would undo the back-off). Start at [`scan`].

mod groups;
pub(crate) mod listing;
mod marks;
mod outlook;
mod people;

use std::collections::{HashMap, HashSet};

use domain::{TeamId, UserId, attention::Reading, login, outlook::Outlook, settings::Linking, status::TeamSeen};

use self::{
    groups::groups,
    marks::Marks,
    people::{being_made, people, remembered},
};
use super::{
    context::Core,
    error::{Result, looking},
    org::Org,
    org_state::Configuration,
    protected,
    status::LoginSeen,
    store_marker, sudden_loss, team_sync,
};
use grafana::{Error, SignInSettings, Team};

/// Compares everything of an organization with Grafana.
pub(super) async fn scan(core: &Core, org: &mut Org) -> Result<()> {
    // What was changed since then may not have been seen.
    let as_of_ms = core.clock.now_ms();
    let version = org.grafana.health().await.map_err(looking(Reading::Health))?;
    org.status.version = version.or(org.status.version.take());
    org.grafana.me().await.map_err(looking(Reading::OwnAccount))?;
    store_marker::look(core, org).await?;
    learn_configuration(core, org).await?;
    // Who calls is told by it. It may be refused to us where everything else is not, and then the last one counts.
    let listed = org.grafana.service_accounts().await;
    if let Ok(listed) = &listed {
        org.protected.service_accounts = listed.iter().map(|account| account.id).collect();
    }
    core.shared.service_accounts.learn(org.id(), listed);
    org.refresh_listing(core).await?;
    protected::know(core, org).await?;
    let org_users = org
        .grafana
        .org_users(org.id())
        .await
        .map_err(looking(Reading::OrgUsers))?;
    sudden_loss::people(&org.grafana, &mut org.last_seen, org.settings.org_id, &org_users).await?;
    let correlation = core.ids.correlation();
    let mut tenants = core.store.tenants().await?;
    tenants.retain(|t| t.org_id == org.id());
    let mut outlook = Outlook::default();
    for tenant in &tenants {
        core.go_on()?;
        let marks = Marks::read(core, tenant, &correlation).await?;
        people(core, org, &marks, &org_users, &mut outlook.people).await?;
        being_made(core, &marks).await?;
    }
    let mut managed: HashSet<UserId> = remembered(core).await?.iter().filter_map(|a| a.grafana_id).collect();
    for released in core.store.unmanaged_accounts(org.id()).await? {
        managed.remove(&released);
    }
    let unmanaged = org_users.iter().filter(|u| !managed.contains(&u.user_id)).count();
    org.status.unmanaged = i64::try_from(unmanaged).ok();
    // Afterwards, because it may be another credential: people must not wait for a token.
    let teams = org.grafana.all_teams().await.map_err(looking(Reading::Teams))?;
    sudden_loss::teams(&org.grafana, &mut org.last_seen, &teams).await?;
    let seen = |t: &Team| TeamSeen {
        id: t.id,
        name: t.name.clone(),
        members: t.member_count,
    };
    core.shared.set_teams(org.id(), teams.iter().map(seen).collect());
    let teams: HashMap<TeamId, Team> = teams.into_iter().map(|t| (t.id, t)).collect();
    let synced = if org.settings.effective.group_sync {
        tenants
    } else {
        Vec::new()
    };
    for tenant in &synced {
        let marks = Marks::read(core, tenant, &correlation).await?;
        groups(core, org, &marks, &teams, &mut outlook).await?;
    }
    outlook.at_ms = core.clock.now_ms();
    outlook.people.sort_by(|a, b| a.name.cmp(&b.name));
    outlook.teams.sort_by(|a, b| a.team.cmp(&b.team));
    core.shared.set_outlook(org.id(), outlook);
    team_sync::refresh(core, org, &teams).await?;
    prune(core, org).await?;
    org.status.checked_ms = Some(as_of_ms);
    org.status.uncompared_since = None;
    Ok(())
}

/// What Grafana's configuration says about sign-ins and groups.
async fn learn_configuration(core: &Core, org: &mut Org) -> Result<()> {
    let now = core.clock.now_ms();
    match org.grafana.admin_settings().await {
        Ok(mut settings) => {
            if org.settings.effective.linking == Linking::FirstLogin {
                settings.login.links_at_first_login();
            }
            org.role_sync_skipped = settings.login.suspension_holds();
            let findings = login::examine(&settings.login);
            core.shared.set_login(org.id(), LoginSeen { at_ms: now, findings });
            org.sign_in = settings.sign_in;
            core.settings.grafana_seen(org.id(), settings.auth, settings.public_url);
        }
        // What was read before still counts; without it nobody would know what a group means.
        Err(error @ (Error::Away(_) | Error::NotGrafana(_))) if org.state.configuration() == Configuration::Known => {
            tracing::warn!(org = org.id().get(), %error, "Grafana's configuration could not be read again");
        }
        // An account that is in no organization may not (G34); what depends on it is said to be unknown.
        Err(Error::Forbidden { .. } | Error::NotFound(_) | Error::Refused { .. }) => {
            (org.role_sync_skipped, org.sign_in) = (None, SignInSettings::default());
            let findings = login::unreadable();
            core.shared.set_login(org.id(), LoginSeen { at_ms: now, findings });
        }
        Err(e) => return Err(looking(Reading::Settings)(e)),
    }
    org.state.learn(Configuration::Known);
    Ok(())
}

const DAY_MS: i64 = 86_400_000;
/// Lines of the log that end at once: a request that wants to write waits for no more than these.
const PRUNED_AT_ONCE: i64 = 500;
/// …and so often in one comparison: 7 million a day, which is more than anybody writes.
const PRUNED_OFTEN: usize = 10;

/// Ends lines of the log that are older than `activity_days`.
async fn prune(core: &Core, org: &Org) -> Result<()> {
    let effective = &org.settings.effective;
    let now = core.clock.now_ms();
    let counted = now.saturating_sub(effective.brake.window_ms);
    core.store.forget_old_takings(org.id(), counted).await?;
    let age = effective.activity_days.saturating_mul(DAY_MS);
    let before = now.saturating_sub(age);
    for _ in 0..PRUNED_OFTEN {
        core.go_on()?;
        if core.store.prune_activity(org.id(), before, PRUNED_AT_ONCE).await? < PRUNED_AT_ONCE {
            break;
        }
    }
    Ok(())
}
