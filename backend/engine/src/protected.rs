//! The accounts that Rollcall never touches, by id.
//!
//! Owns: resolving the entries of `break_glass` to accounts, once, and saying when another account
//! has such a name. Must never let anybody be worked on while the list is newer than what is known
//! of it. Start at [`know`].

use std::{collections::BTreeMap, time::Duration};

use domain::{
    OrgId,
    account::{Bearer, Entry, resolve},
    attention::Reading,
    status::TakenName,
};

use super::{
    context::{Core, SCAN_MS},
    error::{Result, looking},
    org::Org,
    user_listing::UserListing,
};
use grafana::{Grafana, ListedUser};

/// A handler waits no longer than this.
const PATIENCE: Duration = Duration::from_secs(4);

/// What the list means, unless that is known already.
pub(super) async fn know_new(core: &Core, org: &mut Org) -> Result<()> {
    if org.resolved.as_ref() == Some(&org.settings.effective.break_glass) {
        return Ok(());
    }
    know(core, org).await
}

/// What a list means that an admin has just saved, with these entries in it that were not in the one before. Who has a name at this moment
/// was meant: until the next comparison somebody else could take it. Where Grafana does not answer, the engine looks before it works on
/// anybody.
pub(super) async fn know_saved(core: &Core, org_id: OrgId, new: &[String]) {
    let Some(grafana) = core.shared.service_accounts.client(org_id) else {
        return;
    };
    let looked = tokio::time::timeout(PATIENCE, save(core, &grafana, org_id, new)).await;
    if let Ok(Err(error)) = looked {
        tracing::debug!(org = %org_id, %error, "which accounts break_glass means is looked up later");
    }
}

async fn save(core: &Core, grafana: &Grafana, org_id: OrgId, new: &[String]) -> Result<()> {
    let _alone = core.shared.protecting.lock().await;
    let listed = core.settings.of(org_id).effective.break_glass;
    let known = core.store.break_glass(org_id).await?;
    let mut entries = BTreeMap::new();
    for name in &listed {
        let known = known.get(name).copied();
        let entry = match known {
            // A comparison may have looked for it by a list of accounts that is a moment older.
            Some(entry) if entry.account.is_some() || !new.contains(name) => entry,
            _ => resolve(None, &bearers(core, name, asked(grafana, name).await?).await?),
        };
        entries.insert(name.clone(), entry);
    }
    Ok(core.store.set_break_glass(org_id, &entries).await?)
}

/// What each entry of the list means now.
pub(super) async fn know(core: &Core, org: &mut Org) -> Result<()> {
    let alone = core.shared.protecting.lock().await;
    // Not `org.settings`: one that was listed since these were taken must not be forgotten again.
    let listed = core.settings.of(org.id()).effective.break_glass;
    let known = core.store.break_glass(org.id()).await?;
    let mut entries = BTreeMap::new();
    for name in &listed {
        let known = known.get(name).copied();
        let named = match &org.listing {
            // One that was listed a moment ago may mean an account that was made a moment ago.
            Some(listing) if known.is_some() && is_recent(core, listing) => {
                let ids = listing.named([name.as_str()]);
                ids.into_iter().filter_map(|id| listing.user(id)).collect()
            }
            _ => asked(&org.grafana, name).await?,
        };
        entries.insert(name.clone(), resolve(known, &bearers(core, name, named).await?));
    }
    let accounts = |entries: &BTreeMap<String, Entry>| -> BTreeMap<String, _> {
        let account = |(name, entry): (&String, &Entry)| (name.clone(), entry.account);
        entries.iter().map(account).collect()
    };
    if accounts(&known) != accounts(&entries) {
        core.store.set_break_glass(org.id(), &entries).await?;
    }
    drop(alone);
    let mut taken = Vec::new();
    for (name, entry) in &entries {
        if let Some(taken_by) = entry.taken_by {
            taken.push(TakenName {
                entry: name.clone(),
                protects: entry.account,
                taken_by,
            });
        }
    }
    if taken != org.status.taken_names {
        for name in &taken {
            tracing::warn!(
                org = %org.id(), grafana.user.id = %name.taken_by,
                "another account has a name of the break-glass list, and is not protected by it"
            );
        }
    }
    org.status.taken_names = taken;
    org.protected.break_glass = entries.values().filter_map(|entry| entry.account).collect();
    org.resolved = Some(listed);
    org.publish_names(core);
    org.publish(core).await;
    Ok(())
}

/// The accounts that have a name, the login before the e-mail.
async fn bearers(core: &Core, name: &str, named: Vec<ListedUser>) -> Result<Vec<Bearer>> {
    let mut bearers = Vec::new();
    for user in named {
        bearers.push(Bearer {
            id: user.id,
            by_login: user.login.to_lowercase() == name,
            managed: core.store.account_by_grafana_id(user.id).await?.is_some(),
        });
    }
    bearers.sort_by_key(|bearer| (!bearer.by_login, bearer.id));
    Ok(bearers)
}

fn is_recent(core: &Core, listing: &UserListing) -> bool {
    core.clock.elapsed_ms().saturating_sub(listing.at_ms) <= SCAN_MS
}

async fn asked(grafana: &Grafana, name: &str) -> Result<Vec<ListedUser>> {
    grafana.listed_as(name).await.map_err(looking(Reading::Accounts))
}
