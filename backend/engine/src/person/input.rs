//! What the planner is told about a person, from the store and from Grafana's answers.
//!
//! Owns: turning rows and answers into `domain`'s types. Must never ask anything. Start at [`desired`].

use std::collections::HashSet;

use domain::{
    UserId,
    account::{Desired, Link, OrgMember, OrgRole, Profile, Rules},
    evidence::{ProviderIdentity, SignIn, label_of},
    settings::Reach,
};

use crate::{context::Core, error::Result, org::Org};
use grafana::OrgMembership;
use store::{AccountRecord, Management, ManagementState, UserRecord};

/// What the identity provider says, as far as Grafana has room for it, and no admin says otherwise.
pub(crate) fn desired(user: Option<&UserRecord>, management: Option<&Management>) -> Desired {
    let Some(user) = user else { return Desired::Gone };
    let document = &user.document;
    // A name made up from the userName must not overwrite a real one (R5).
    let says_name = document.display_name().is_some() || document.as_map().contains_key("name");
    let name = document.formatted_name().filter(|_| says_name);
    let profile = Profile::new(
        document.user_name().unwrap_or_default(),
        document.primary_email(),
        name.as_deref(),
    );
    if document.active() && !is_kept_closed(management) {
        Desired::Open(profile)
    } else {
        Desired::Closed(profile)
    }
}

pub(crate) fn rules(org: &Org) -> Rules {
    let effective = &org.settings.effective;
    Rules {
        org_id: org.id(),
        new_role: org.sign_in.new_role.clone().unwrap_or_else(|| "Viewer".to_owned()),
        claim: effective.claim_policy,
        sign_in: sign_in(org),
        renew_claimed: !effective.claim_keeps_password,
        linking: effective.linking,
        max_action: effective.deprovision,
        membership: effective.membership,
        whole_server: effective.authority == Reach::Server,
        break_glass: effective.break_glass.clone(),
        protected: org.protected.clone(),
        role_sync_skipped: org.role_sync_skipped,
        ldap: org.sign_in.ldap,
        sign_up: org.sign_in.sign_up,
    }
}

/// The provider that an admin named, as Grafana shows it at accounts.
fn sign_in(org: &Org) -> Option<SignIn> {
    let section = org.settings.effective.sign_in.as_deref()?;
    let on = org.sign_in.providers.as_ref();
    Some(SignIn {
        label: label_of(section)?,
        enabled: on.is_some_and(|on| on.contains(section)),
    })
}

/// What the provider says of a user beside the names.
pub(crate) fn provider_identity(user: Option<&UserRecord>) -> ProviderIdentity {
    let Some(user) = user else {
        return ProviderIdentity::default();
    };
    let text = |name: &str| user.document.as_map().get(name)?.as_str().map(str::to_owned);
    ProviderIdentity {
        external_id: user.document.external_id().map(str::to_owned),
        nickname: text("nickName"),
    }
}

pub(crate) fn link(record: &AccountRecord) -> Link {
    Link {
        grafana_id: record.grafana_id,
        origin: record.origin,
        // A snapshot this version cannot read restores nothing, and what it would have restored is on the page.
        snapshot: record.snapshot.as_deref().and_then(|s| serde_json::from_str(s).ok()),
        deprovisioned_by: record.deprovisioned_by,
        history: record.history,
        renew_password: record.renew_password,
    }
}

pub(crate) fn roles(orgs: Vec<OrgMembership>) -> Vec<OrgRole> {
    let role = |o: OrgMembership| OrgRole {
        org_id: o.org_id,
        role: o.role,
    };
    orgs.into_iter().map(role).collect()
}

/// The logins and e-mails an account has to be looked for by: none where the linked one has both already.
pub(crate) fn names_to_find<'a>(profile: &'a Profile, linked: Option<(&str, &str)>) -> Vec<&'a str> {
    let mut names = vec![profile.login.as_str()];
    names.extend(profile.email.as_deref().filter(|e| *e != profile.login));
    if let Some((login, email)) = linked {
        let (login, email) = (login.to_lowercase(), email.to_lowercase());
        names.retain(|n| *n != login && *n != email);
    }
    names
}

/// Whatever one person's account is, will be or may be found by.
pub(super) fn names(desired: &Desired, record: Option<&AccountRecord>, provider: &ProviderIdentity) -> HashSet<String> {
    let mut names: HashSet<String> = record.map(|r| r.login.to_lowercase()).into_iter().collect();
    // Who returns may have other names by now, and finds the account by this.
    let before = record.and_then(|r| r.external_id.as_ref());
    names.extend(
        before
            .or(provider.external_id.as_ref())
            .map(|id| format!("externalId {id}")),
    );
    if let Desired::Open(profile) | Desired::Closed(profile) = desired {
        names.insert(profile.login.clone());
        names.extend(profile.email.clone());
    }
    names
}

/// Whether an admin keeps the person out.
pub(crate) fn is_kept_closed(management: Option<&Management>) -> bool {
    management.is_some_and(|m| m.state == ManagementState::KeptClosed)
}

/// Whether an admin said that this account is the person's.
pub(crate) fn approves(management: &Management, grafana_id: UserId) -> bool {
    management.state == ManagementState::Approved && management.grafana_id == grafana_id
}

/// Who is in an organization, as far as its last Admin is concerned.
pub(crate) fn members(org: &Org, users: &[grafana::OrgUser], me: UserId) -> Vec<OrgMember> {
    let member = |u: &grafana::OrgUser| OrgMember {
        id: u.user_id,
        is_admin: u.role == "Admin",
        is_disabled: u.is_disabled,
        is_person: u.user_id != me && !org.protected.service_accounts.contains(&u.user_id),
    };
    users.iter().map(member).collect()
}

/// Everybody who is to be closed, and can be.
pub(crate) async fn leaving(core: &Core, org: &Org) -> Result<HashSet<UserId>> {
    let mut leaving = core.store.leaving_accounts().await?;
    let is_admin = |id: &UserId| org.admins.as_ref().is_some_and(|admins| admins.contains(id));
    leaving.retain(|id| org.protection(*id, is_admin(id), false).is_none());
    Ok(leaving)
}
