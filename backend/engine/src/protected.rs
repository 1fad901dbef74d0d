//! The accounts that Rollcall never touches, by id.
//!
//! Owns: resolving the entries of `break_glass` to accounts, once, and saying when another account
//! has such a name. Must never let anybody be worked on while the list is newer than what is known
//! of it. Start at [`know`].

use std::collections::BTreeMap;

use domain::{
    account::{Bearer, Entry, resolve},
    attention::Reading,
    status::TakenName,
};

use super::{
    context::{Core, SCAN_MS},
    error::{Result, looking},
    org::Org,
};
use grafana::ListedUser;

/// What the list means, unless that is known already.
pub(super) async fn know_new(core: &Core, org: &mut Org) -> Result<()> {
    if org.resolved.as_ref() == Some(&org.settings.effective.break_glass) {
        return Ok(());
    }
    know(core, org).await
}

/// What each entry of the list means now.
pub(super) async fn know(core: &Core, org: &mut Org) -> Result<()> {
    let listed = org.settings.effective.break_glass.clone();
    let known = core.store.break_glass(org.id()).await?;
    let mut entries = BTreeMap::new();
    for name in &listed {
        let bearers = bearers(core, org, name).await?;
        entries.insert(name.clone(), resolve(known.get(name).copied(), &bearers));
    }
    let accounts = |entries: &BTreeMap<String, Entry>| -> BTreeMap<String, _> {
        entries
            .iter()
            .map(|(name, entry)| (name.clone(), entry.account))
            .collect()
    };
    if accounts(&known) != accounts(&entries) {
        core.store.set_break_glass(org.id(), &entries).await?;
    }
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
async fn bearers(core: &Core, org: &Org, name: &str) -> Result<Vec<Bearer>> {
    let mut bearers = Vec::new();
    for user in named(core, org, name).await? {
        bearers.push(Bearer {
            id: user.id,
            by_login: user.login.to_lowercase() == name,
            managed: core.store.account_by_grafana_id(user.id).await?.is_some(),
        });
    }
    bearers.sort_by_key(|bearer| (!bearer.by_login, bearer.id));
    Ok(bearers)
}

async fn named(core: &Core, org: &Org, name: &str) -> Result<Vec<ListedUser>> {
    if let Some(listing) = &org.listing
        && core.clock.now_ms().saturating_sub(listing.at_ms) <= SCAN_MS
    {
        let ids = listing.named([name]);
        return Ok(ids.into_iter().filter_map(|id| listing.user(id)).collect());
    }
    org.grafana.listed_as(name).await.map_err(looking(Reading::Accounts))
}
