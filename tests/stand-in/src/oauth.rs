//! Sign-in by OAuth, from where the provider has said who it is.
//!
//! Owns: finding, linking and making the user, and what role sync does to the account
//! (`authnimpl/sync/user_sync.go`, `org_sync.go`; G19–G22). The order matters: the account is linked
//! *before* it is seen to be disabled.

use super::{
    identity::COOKIE,
    settings::Settings,
    users::section_of,
    world::{Role, World, now},
};

/// What the provider says.
#[derive(Clone, Debug)]
pub struct OauthSignIn {
    /// `oauth_generic_oauth`, `oauth_okta`, `oauth_azuread`, …
    pub module: String,
    /// The provider's id of them.
    pub subject: String,
    /// Their login there.
    pub login: String,
    /// Their e-mail there.
    pub email: String,
    /// Their name there.
    pub name: String,
    /// The role the provider says they have; Grafana's `auto_assign_org_role` if it says none.
    pub role: Option<Role>,
}

/// They are in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Grafana's id of them.
    pub user: i64,
    /// Their `Cookie` header.
    pub cookie: String,
}

/// Why they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody is linked to them, and a user with their login or e-mail is in the way. Nothing changed.
    #[error("User sync failed")]
    SyncFailed,
    /// Nobody is linked to them, and the provider may not make users.
    #[error("Sign up is disabled")]
    SignUpDisabled,
    /// They are disabled. If they were found by e-mail they are linked now, and can never be enabled again.
    #[error("Unauthorized")]
    Disabled,
}

pub(super) fn sign_in(world: &mut World, settings: &Settings, from: &OauthSignIn) -> Result<SignedIn, Refused> {
    let section = section_of(&from.module);
    let (login, email) = (from.login.to_lowercase(), from.email.to_lowercase());
    let linked = world.people().find(|user| {
        let mut links = user.links.iter();
        links.any(|link| link.module == from.module && link.subject == from.subject)
    });
    let by_email = || {
        // Nothing but this switch lets OAuth find a user it has not linked (`clients/oauth.go`).
        let allowed = settings.is_on("auth", "oauth_allow_insecure_email_lookup");
        allowed.then(|| world.by_email(&email)).flatten()
    };
    let found = linked.map(|user| user.id).or_else(by_email);
    let syncs_roles = !settings.is_on(&section, "skip_org_role_sync");
    let fallback = Role::of(settings.get("users", "auto_assign_org_role")).unwrap_or(Role::Viewer);
    let role = from.role.unwrap_or(fallback);
    let org: i64 = settings.get("users", "auto_assign_org_id").parse().unwrap_or(1);

    let id = match found {
        Some(id) => {
            world
                .check_free(&login, &email, Some(id))
                .map_err(|_| Refused::SyncFailed)?;
            id
        }
        None if settings.get(&section, "allow_sign_up") == "false" => return Err(Refused::SignUpDisabled),
        None => {
            world
                .check_free(&login, &email, None)
                .map_err(|_| Refused::SyncFailed)?;
            let id = world.add_user(&login, &email, &from.name);
            if !syncs_roles {
                world.join(id, org, fallback);
            }
            id
        }
    };
    if let Some(user) = world.users.get_mut(&id) {
        // Login, e-mail and name follow the provider; so do those of a user who was made by hand.
        user.login = login;
        user.email = email;
        if !from.name.is_empty() {
            user.name.clone_from(&from.name);
        }
        user.updated = now();
    }
    world.link(id, &from.module, &from.subject);
    if syncs_roles {
        // Back into the organization they were taken out of, and out of those the provider does not name.
        world.join(id, org, role);
        let others: Vec<i64> = world.users[&id]
            .orgs
            .keys()
            .copied()
            .filter(|one| *one != org)
            .collect();
        for other in others {
            // The last admin stays: that one error is passed over (`org_sync.go`).
            _ = world.leave(id, other);
        }
    }
    if world.users[&id].disabled {
        return Err(Refused::Disabled);
    }
    let cookie = format!("{COOKIE}={}", world.open_session(id));
    Ok(SignedIn { user: id, cookie })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> OauthSignIn {
        OauthSignIn {
            module: "oauth_generic_oauth".into(),
            subject: "ann-sub".into(),
            login: "Ann@ex.com".into(),
            email: "Ann@ex.com".into(),
            name: "Ann".into(),
            role: None,
        }
    }

    fn settings(lookup: bool, skip_sync: bool) -> Settings {
        Settings::default()
            .with("auth", "oauth_allow_insecure_email_lookup", &lookup.to_string())
            .with("auth.generic_oauth", "skip_org_role_sync", &skip_sync.to_string())
    }

    fn with_ann() -> (World, i64) {
        let mut world = World::new("admin", "admin");
        let id = world.add_user("ann", "ann@ex.com", "Ann M.");
        world.join(id, 1, Role::Editor);
        (world, id)
    }

    #[test]
    fn a_user_made_by_api_is_in_the_way_unless_the_lookup_is_on() {
        let (mut world, id) = with_ann();
        let refused = sign_in(&mut world, &settings(false, false), &ann());
        assert_eq!(refused.unwrap_err(), Refused::SyncFailed);
        assert!(world.users[&id].links.is_empty());
        let signed_in = sign_in(&mut world, &settings(true, false), &ann()).unwrap();
        assert_eq!(signed_in.user, id);
        assert_eq!(world.users[&id].login, "ann@ex.com");
    }

    #[test]
    fn a_disabled_user_is_linked_before_they_are_refused() {
        let (mut world, id) = with_ann();
        world.users.get_mut(&id).unwrap().disabled = true;
        let refused = sign_in(&mut world, &settings(true, false), &ann());
        assert_eq!(refused.unwrap_err(), Refused::Disabled);
        assert_eq!(world.users[&id].links.len(), 1);
    }

    #[test]
    fn suspension_holds_only_where_roles_are_not_synced() {
        for (skip_sync, orgs) in [(false, 1), (true, 0)] {
            let (mut world, id) = with_ann();
            sign_in(&mut world, &settings(true, skip_sync), &ann()).unwrap();
            world.leave(id, 1).unwrap();
            sign_in(&mut world, &settings(true, skip_sync), &ann()).unwrap();
            assert_eq!(world.users[&id].orgs.len(), orgs, "skip_org_role_sync = {skip_sync}");
        }
    }

    #[test]
    fn somebody_new_is_made_and_linked() {
        let mut world = World::new("admin", "admin");
        let id = sign_in(&mut world, &settings(false, false), &ann()).unwrap().user;
        assert_eq!(world.users[&id].orgs[&1], Role::Viewer);
        assert_eq!(sign_in(&mut world, &settings(false, false), &ann()).unwrap().user, id);
    }
}
