//! 409 for a userName or e-mail that another account in Grafana has (R10).
//!
//! Owns: which requests are looked at, and the words. Must never refuse who is not to have access: closing outranks, and then the conflict
//! is shown to a person. It is no guard: what it knows is as old as the last listing, and the planner looks again. Start at [`NameCheck::find`].

use domain::{
    account::{self, NameConflict, NameOwner, Profile},
    status::NameOwners,
};
use scim::{Error, resource::Document};

use super::call::ScimCall;
use crate::http::api::Api;

/// A request that asks for names which some account in Grafana has; whose it is takes a look into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameCheck {
    owners: NameOwners,
    user_name_changed: bool,
    email_changed: bool,
}

impl NameCheck {
    /// `None`: nothing to look at. What does not change was answered for before, and must not come in the way of another change.
    pub(super) fn find(call: &ScimCall, before: Option<&Document>, after: &Document) -> Option<Self> {
        if !after.active() {
            return None;
        }
        let profile = |d: &Document| Profile::new(d.user_name().unwrap_or_default(), d.primary_email(), None);
        let (before, after) = (before.map(profile), profile(after));
        let user_name_changed = before.as_ref().is_none_or(|b| b.login != after.login);
        let email_changed = after.email.is_some() && before.as_ref().is_none_or(|b| b.email != after.email);
        if !user_name_changed && !email_changed {
            return None;
        }
        let (control, org_id) = (&call.api.control, call.context.tenant.org_id);
        let owners = control.name_owners(org_id, &after.login, after.email.as_deref());
        if owners == NameOwners::default() {
            return None;
        }
        Some(Self {
            owners,
            user_name_changed,
            email_changed,
        })
    }

    /// The refusal, if a name cannot be had. `id`: the SCIM user who asks, if it exists.
    pub(super) async fn refusal(self, call: &ScimCall, id: Option<&str>) -> store::Result<Option<Error>> {
        let api = &call.api;
        let linked = match id {
            Some(id) => api.store.account(id).await?.is_some_and(|a| a.grafana_id.is_some()),
            None => false,
        };
        let claim = api.control.settings(call.context.tenant.org_id).effective.claim_policy;
        let login = unmanaged(api, self.owners.login).await?;
        let email = unmanaged(api, self.owners.email).await?;
        let (what, holder) = match account::taken(login, email, linked, claim) {
            Some(NameConflict::UserName(id)) if self.user_name_changed => ("userName", id),
            Some(NameConflict::Email(id)) if self.email_changed => ("e-mail", id),
            _ => return Ok(None),
        };
        Ok(Some(Error::not_unique(format!(
            "Another account in Grafana (id {holder}) has this {what}, and Rollcall does not manage it. Nothing was changed. Change the \
             {what} of one of the two."
        ))))
    }
}

/// Who is managed is in nobody's way for long: two users of one provider may swap names, and who returns gets their account back.
async fn unmanaged(api: &Api, holder: Option<NameOwner>) -> store::Result<Option<NameOwner>> {
    Ok(match holder {
        Some(holder) if api.store.account_by_grafana_id(holder.id).await?.is_none() => Some(holder),
        _ => None,
    })
}
