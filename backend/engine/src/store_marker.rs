//! The marker in Grafana that says which store speaks for an organization.
//!
//! Owns: reading it, and writing it after the store. Must never decide what a store may do that the
//! marker does not name: `domain::store_identity` does. Start at [`look`].

use std::collections::HashMap;

use domain::{
    OrgId,
    attention::Reading,
    operation::Purpose,
    store_identity::{self, Compared, MARKER, Marker, Recognition, StoreDecision, StoreIdentity, marker_login},
};

use super::{
    context::Core,
    error::{Result, SyncError, looking},
    org::Org,
};
use grafana::{Error, MarkerAccount};

/// Compares the store with the marker, as a part of each comparison. A Grafana that answers, and not
/// this, does not keep people in: the rest of the comparison goes on, with what was known before.
pub(super) async fn look(core: &Core, org: &mut Org) -> Result<()> {
    match recognise(core, org).await {
        Err(error) if org.is_its_own(&error).await => {
            tracing::warn!(org = org.id().get(), %error, "the marker of the store could not be read or written");
            Ok(())
        }
        other => other,
    }
}

/// Reads the marker, compares it with the store, and writes it where the store has gone on.
async fn recognise(core: &Core, org: &mut Org) -> Result<()> {
    let compared = match compare(core, org).await? {
        Found::Refused => {
            learn(org, Recognition::Unproven);
            return Ok(());
        }
        Found::Compared {
            mut store,
            marker,
            mut compared,
        } => {
            if compared.lost && marker.is_none() {
                tracing::warn!(
                    org = org.id().get(),
                    "the marker of this store is gone from Grafana's service accounts; it is made again"
                );
            }
            // A look is a look: the store goes on when it may say so.
            if !core.may(org.id(), Purpose::Marker) {
                learn(org, compared.recognition);
                return Ok(());
            }
            if compared.recognition == Recognition::Ours && !org.began {
                // Once for each start, and only once it is known who this is: what a copy does by
                // itself must not look like progress.
                core.store.grow_identity(org.id()).await?;
                org.began = true;
                store.counter = store.counter.saturating_add(1);
                compared.write = true;
            }
            if compared.write {
                let seen = marker.as_ref().and_then(|account| Marker::parse(&account.name));
                let noted = store_identity::before_writing(store, seen.as_ref(), false, core.ids.correlation());
                core.go_on()?;
                core.store.note_stamps(org.id(), &noted).await?;
                write(core, org, &noted, marker).await?
            } else {
                compared
            }
        }
    };
    learn(org, compared.recognition);
    Ok(())
}

enum Found {
    /// Grafana refuses the look.
    Refused,
    /// What it showed.
    Compared {
        store: StoreIdentity,
        marker: Option<MarkerAccount>,
        compared: Compared,
    },
}

async fn compare(core: &Core, org: &Org) -> Result<Found> {
    let store = core.store.identity(org.id(), &core.ids.resource_id()).await?;
    let account = match org.grafana.marker(MARKER, &marker_login(org.id())).await {
        Ok(account) => account,
        Err(Error::Forbidden { .. }) => return Ok(Found::Refused),
        Err(error) => return Err(looking(Reading::StoreMarker)(error)),
    };
    let marker = account.as_ref().and_then(|account| Marker::parse(&account.name));
    let compared = store_identity::compare(&store, marker.as_ref());
    Ok(Found::Compared {
        store,
        marker: account,
        compared,
    })
}

/// The marker, after the store was written, and then a look at what is there: of two stores that
/// write at once only one is named.
async fn write(core: &Core, org: &Org, store: &StoreIdentity, account: Option<MarkerAccount>) -> Result<Compared> {
    core.go_on()?;
    let writer = org.grafana.writer(Purpose::Marker);
    let wanted = store_identity::wanted(store).map(|marker| marker.name());
    let named = async {
        let account = match account {
            Some(account) => account,
            None => writer.create_marker(MARKER).await?,
        };
        match &wanted {
            Some(name) => writer.rename_marker(account.id, name).await,
            // It was noted before this.
            None => Ok(()),
        }
    };
    match named.await {
        Ok(()) => {}
        Err(Error::Forbidden { message, .. }) => {
            tracing::warn!(
                org = org.id().get(),
                message,
                "Grafana lets Rollcall's account make no service account, so another store on this Grafana would not be known"
            );
            return Ok(Compared {
                recognition: Recognition::Unproven,
                write: false,
                lost: false,
            });
        }
        Err(error) => return Err(looking(Reading::StoreMarker)(error)),
    }
    match compare(core, org).await? {
        Found::Compared { compared, .. } => Ok(compared),
        Found::Refused => Ok(Compared {
            recognition: Recognition::Unproven,
            write: false,
            lost: false,
        }),
    }
}

fn learn(org: &mut Org, recognition: Recognition) {
    if org.status.store != recognition {
        match recognition {
            Recognition::Foreign => tracing::error!(
                org = org.id().get(),
                "Grafana knows another store: this one closes access, and opens nobody until an admin decides on the app's overview"
            ),
            Recognition::Behind => tracing::error!(
                org = org.id().get(),
                "Grafana knows a later state of this store: it is a copy or a restored backup, and opens nobody until an admin decides on the app's overview"
            ),
            _ => tracing::info!(
                org = org.id().get(),
                store = recognition.code(),
                "the store and its marker"
            ),
        }
    }
    org.status.store = recognition;
}

/// An admin decided that this is the right store: it says so in Grafana, whatever stood there.
pub(super) async fn decide(core: &Core, org: &mut Org, decision: StoreDecision) -> Result<()> {
    let Found::Compared { store, marker, .. } = compare(core, org).await? else {
        return Ok(());
    };
    let seen = marker.as_ref().and_then(|account| Marker::parse(&account.name));
    let counter = store_identity::decided_counter(&store, seen.as_ref());
    let id = match decision {
        StoreDecision::RightStore => store.id.clone(),
        StoreDecision::StartOver => core.ids.resource_id(),
    };
    let decided = StoreIdentity { id, counter, ..store };
    let decided = store_identity::before_writing(decided, seen.as_ref(), true, core.ids.correlation());
    core.store.decide_identity(org.id(), &decided).await?;
    let compared = write(core, org, &decided, marker).await?;
    learn(org, compared.recognition);
    Ok(())
}

/// What admins decided about the store. It is kept until Grafana has it.
pub(super) async fn take_decisions(core: &Core, orgs: &mut HashMap<OrgId, Org>) -> Result<()> {
    for (org_id, decision) in core.shared.take_decisions() {
        let elapsed = core.clock.elapsed_ms();
        let Some(org) = orgs.get_mut(&org_id).filter(|org| org.state.is_runnable(elapsed)) else {
            core.shared.keep_decision(org_id, decision);
            continue;
        };
        match decide(core, org, decision).await {
            Ok(()) => org.publish(core).await,
            Err(SyncError::SwitchedOff(_)) => core.shared.keep_decision(org_id, decision),
            Err(SyncError::Grafana { error, .. }) => {
                core.shared.keep_decision(org_id, decision);
                org.went_wrong(core, &error).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
