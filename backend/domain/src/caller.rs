//! Who calls, and what they may reach.
//!
//! Owns: who may call SCIM and the page's API, default deny. Must never look at a request header: Grafana passes client-sent
//! `X-Grafana-*` headers on unverified (G55); only `PluginContext.user` is trusted.
//! Start at [`authorise`].

use vocabulary::OrgId;

/// The caller as Grafana's `PluginContext` names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The organization the call was made in.
    pub org_id: OrgId,
    /// Grafana's login; empty for the anonymous user.
    pub login: String,
    /// `Admin`, `Editor`, `Viewer`, `None`, or whatever a later Grafana sends: kept as text, because the SDK's own enum refuses `None`.
    pub role: String,
}

/// The two halves of what we serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Surface {
    /// `/scim/v2/…`: identity providers.
    Scim,
    /// `/admin/…`: people on the page.
    Admin,
}

/// Why a caller was turned away. The text is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Grafana's anonymous access, whatever role it was given.
    #[error("Anonymous callers are never allowed. Call with a service-account token.")]
    Anonymous,
    /// A person or a service account without the Admin role on the SCIM surface.
    #[error(
        "This caller may not use SCIM. Use a token of a service account with the role Admin, or add its login to the setting scim_callers."
    )]
    NotAScimCaller,
    /// No Admin role on the admin surface.
    #[error("You need the organization role Admin.")]
    NotAnAdmin,
}

/// Decides whether `caller` may reach `surface`. `allowed_logins` are the logins an admin named for SCIM (setting `scim_callers`).
///
/// # Errors
/// [`Denied`] names the reason; the HTTP status is always 403, because a 401 would make Grafana's page sign in again
/// (G74).
pub fn authorise(caller: &Caller, surface: Surface, allowed_logins: &[String]) -> Result<(), Denied> {
    if caller.login.trim().is_empty() {
        return Err(Denied::Anonymous);
    }
    let admin = caller.role == "Admin";
    match surface {
        Surface::Admin if admin => Ok(()),
        Surface::Admin => Err(Denied::NotAnAdmin),
        // `sa-<org>-<name>` is Grafana's own form for service accounts, unique among logins.
        Surface::Scim if admin && caller.login.starts_with("sa-") => Ok(()),
        Surface::Scim if allowed_logins.contains(&caller.login) => Ok(()),
        Surface::Scim => Err(Denied::NotAScimCaller),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(login: &str, role: &str) -> Caller {
        Caller {
            org_id: OrgId::new(1),
            login: login.into(),
            role: role.into(),
        }
    }

    #[test]
    fn scim_is_for_admin_service_accounts_and_named_logins_only() {
        let allowed = ["scim-robot".to_owned()];
        let may = |l, r| authorise(&caller(l, r), Surface::Scim, &allowed).is_ok();
        assert!(may("sa-1-okta", "Admin"));
        assert!(may("scim-robot", "None"));
        assert!(!may("sa-1-okta", "Viewer"));
        assert!(!may("sa-1-okta", "None"));
        assert!(!may("ann", "Admin"), "a person's session must not drive SCIM");
        assert!(!may("", "Admin"));
        assert!(!may("sa-1-okta", "admin"), "roles are exact");
    }

    #[test]
    fn the_admin_surface_needs_the_admin_role() {
        let may = |l, r| authorise(&caller(l, r), Surface::Admin, &[]).is_ok();
        assert!(may("ann", "Admin"));
        assert!(!may("ann", "Editor"));
        assert!(!may("ann", "None"));
        assert!(!may("  ", "Admin"));
    }

    #[test]
    fn an_empty_login_on_the_allow_list_opens_nothing() {
        assert_eq!(
            authorise(&caller("", "Admin"), Surface::Scim, &[String::new()]),
            Err(Denied::Anonymous)
        );
    }
}
