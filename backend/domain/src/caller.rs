//! Who calls, and what they may reach.
//!
//! Owns: who may call SCIM and the page's API, default deny. A name is no proof: a service account is known by its **id**, which only
//! the list of the organization's service accounts gives (G91); people never stand in it. Must never look at a request header:
//! Grafana passes client-sent `X-Grafana-*` headers on unverified (G55); only `PluginContext.user` is trusted, and of a service
//! account it has the login and the role only. Start at [`may_use_scim`] and [`may_use_page`].

use vocabulary::{OrgId, UserId};

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

/// A service account of the organization, as Grafana's list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Grafana's id, by which it is known.
    pub id: UserId,
    /// Its login.
    pub login: String,
    /// Its role in the organization.
    pub role: String,
}

/// A service account that may call SCIM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Which.
    pub id: UserId,
    /// The login that a list showed on this id; empty while none has.
    pub login: String,
}

/// Why a caller was turned away. The text is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Grafana's anonymous access, whatever role it was given.
    #[error("Anonymous callers are never allowed. Call with a service-account token.")]
    Anonymous,
    /// A person on the SCIM surface, whatever the login.
    #[error(
        "This caller may not use SCIM: it is no service account of this organization. Call with a service-account token."
    )]
    NotAServiceAccount,
    /// A service account that nobody has accepted.
    #[error(
        "This service account may not use SCIM yet. An Admin accepts it in Grafana: Rollcall SCIM, Set-up, “Who may call”."
    )]
    NotAccepted,
    /// The list of service accounts was never read, so nobody can tell who this is.
    #[error(
        "Rollcall cannot tell yet who calls: it has not read Grafana's list of service accounts. Send the request again later."
    )]
    Unread,
    /// A service account on the page.
    #[error("The page's API is for people: a person has to sign in. A service account may use SCIM only.")]
    NotAPerson,
    /// The login looks like a service account's, and Grafana could not be asked.
    #[error(
        "This login begins with “sa-”, as service accounts' logins do, and Grafana could not be asked whether it is a person's. Try again later."
    )]
    NoProof,
    /// No Admin role on the page.
    #[error("You need the organization role Admin.")]
    NotAnAdmin,
}

impl Denied {
    /// Whether the same request may be taken a moment later.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unread)
    }
}

/// What is known about who a login is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person.
    Person,
    /// A service account.
    ServiceAccount,
    /// It may be either: Grafana has to be asked whether a person has it.
    Unproven,
}

/// The service account that has exactly this login. Two of one login are none: an answer that cannot be right proves nothing.
#[must_use]
pub fn service_account<'a>(login: &str, listed: &'a [ServiceAccount]) -> Option<&'a ServiceAccount> {
    if login.trim().is_empty() {
        return None;
    }
    let mut same = listed.iter().filter(|account| account.login == login);
    same.next().filter(|_| same.next().is_none())
}

/// Decides whether `caller` may call SCIM. `listed`: the organization's service accounts, if they could be read since the process
/// began. Without them the logins that the last list showed on the registered ids count.
///
/// # Errors
/// [`Denied`] names the reason.
pub fn may_use_scim(
    caller: &Caller,
    listed: Option<&[ServiceAccount]>,
    registered: &[Registered],
) -> Result<UserId, Denied> {
    if caller.login.trim().is_empty() {
        return Err(Denied::Anonymous);
    }
    let Some(listed) = listed else {
        let mut same = registered.iter().filter(|known| known.login == caller.login);
        return same.next().map(|known| known.id).ok_or(Denied::Unread);
    };
    let account = service_account(&caller.login, listed).ok_or(Denied::NotAServiceAccount)?;
    if registered.iter().any(|known| known.id == account.id) {
        Ok(account.id)
    } else {
        Err(Denied::NotAccepted)
    }
}

/// What the login says by itself. Every service account's login begins with `sa-` (G91), and a person's may too.
#[must_use]
pub fn kind(login: &str, listed: Option<&[ServiceAccount]>) -> Kind {
    let is_listed = listed.is_some_and(|listed| listed.iter().any(|account| account.login == login));
    if is_listed || login.trim_start().to_lowercase().starts_with("sa-") {
        Kind::Unproven
    } else {
        Kind::Person
    }
}

/// Decides whether `caller` may use the page's API.
///
/// # Errors
/// [`Denied`] names the reason; the HTTP status is always 403, because a 401 would make Grafana's page sign in again (G74).
pub fn may_use_page(caller: &Caller, kind: Kind) -> Result<(), Denied> {
    if caller.login.trim().is_empty() {
        return Err(Denied::Anonymous);
    }
    match kind {
        Kind::ServiceAccount => Err(Denied::NotAPerson),
        Kind::Unproven => Err(Denied::NoProof),
        Kind::Person if caller.role == "Admin" => Ok(()),
        Kind::Person => Err(Denied::NotAnAdmin),
    }
}

/// Why this caller could not use `surface` whatever else were known; for the time when nothing is.
#[must_use]
pub fn never(caller: &Caller, surface: Surface) -> Option<Denied> {
    let kind = kind(&caller.login, None);
    match surface {
        _ if caller.login.trim().is_empty() => Some(Denied::Anonymous),
        Surface::Admin => may_use_page(caller, kind).err(),
        Surface::Scim if kind == Kind::Person => Some(Denied::NotAServiceAccount),
        Surface::Scim => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn caller(login: &str, role: &str) -> Caller {
        Caller {
            org_id: OrgId::new(1),
            login: login.into(),
            role: role.into(),
        }
    }

    fn account(id: i64, login: &str) -> ServiceAccount {
        ServiceAccount {
            id: UserId::new(id),
            login: login.into(),
            role: "Viewer".into(),
        }
    }

    fn known(id: i64, login: &str) -> Registered {
        Registered {
            id: UserId::new(id),
            login: login.into(),
        }
    }

    #[test]
    fn scim_is_for_registered_service_accounts_of_any_role() {
        let listed = [account(7, "sa-1-okta"), account(8, "sa-1-other")];
        let registered = [known(7, "sa-1-okta")];
        let said = |login, role| may_use_scim(&caller(login, role), Some(&listed), &registered);
        assert_eq!(said("sa-1-okta", "None"), Ok(UserId::new(7)));
        assert_eq!(said("sa-1-okta", "Admin"), Ok(UserId::new(7)));
        assert_eq!(said("sa-1-other", "Admin"), Err(Denied::NotAccepted));
        assert_eq!(said("ann", "Admin"), Err(Denied::NotAServiceAccount));
        assert_eq!(said("SA-1-okta", "Admin"), Err(Denied::NotAServiceAccount));
        assert_eq!(said("sa-9-x", "Admin"), Err(Denied::NotAServiceAccount));
        assert_eq!(said(" ", "Admin"), Err(Denied::Anonymous));
    }

    #[test]
    fn an_account_made_again_under_the_name_is_another_account() {
        let registered = [known(7, "sa-1-okta")];
        let again = [account(9, "sa-1-okta")];
        let said = may_use_scim(&caller("sa-1-okta", "Viewer"), Some(&again), &registered);
        assert_eq!(said, Err(Denied::NotAccepted));
    }

    #[test]
    fn before_the_first_list_the_last_one_counts() {
        let registered = [known(7, "sa-1-okta"), known(8, "")];
        let said = |login| may_use_scim(&caller(login, "Viewer"), None, &registered);
        assert_eq!(said("sa-1-okta"), Ok(UserId::new(7)));
        assert_eq!(said("sa-1-other"), Err(Denied::Unread));
        assert_eq!(said(""), Err(Denied::Anonymous));
    }

    #[test]
    fn the_page_is_for_people_with_the_admin_role() {
        let may = |login, role| may_use_page(&caller(login, role), kind(login, None));
        assert_eq!(may("ann", "Admin"), Ok(()));
        assert_eq!(may("ann", "Editor"), Err(Denied::NotAnAdmin));
        assert_eq!(may("ann", "admin"), Err(Denied::NotAnAdmin), "roles are exact");
        assert_eq!(may("  ", "Admin"), Err(Denied::Anonymous));
        assert_eq!(may("sa-1-okta", "Admin"), Err(Denied::NoProof));
        let robot = may_use_page(&caller("sa-1-okta", "Admin"), Kind::ServiceAccount);
        assert_eq!(robot, Err(Denied::NotAPerson));
        let listed = [account(7, "robot")];
        assert_eq!(kind("robot", Some(&listed)), Kind::Unproven);
    }

    fn a_login() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["", " ", "sa-1-a", "sa-1-b", "SA-1-a", "sa-2-a", "ann", "bob"])
            .prop_map(str::to_owned)
    }

    proptest! {
        /// Who is let in has exactly the login that the list shows once, on an id that is registered.
        #[test]
        fn no_person_and_no_unregistered_account_calls_scim(
            login in a_login(),
            role in prop::sample::select(vec!["Admin", "Editor", "Viewer", "None", ""]),
            listed in prop::collection::vec((1_i64..6, a_login()), 0..6),
            registered in prop::collection::vec((1_i64..6, a_login()), 0..6),
        ) {
            let listed: Vec<_> = listed.iter().map(|(id, login)| account(*id, login)).collect();
            let registered: Vec<_> = registered.iter().map(|(id, login)| known(*id, login)).collect();
            if let Ok(id) = may_use_scim(&caller(&login, role), Some(&listed), &registered) {
                prop_assert!(!login.trim().is_empty());
                let same: Vec<_> = listed.iter().filter(|account| account.login == login).collect();
                prop_assert_eq!(same.len(), 1);
                prop_assert_eq!(same[0].id, id);
                prop_assert!(registered.iter().any(|known| known.id == id));
            }
            if let Ok(id) = may_use_scim(&caller(&login, role), None, &registered) {
                prop_assert!(registered.iter().any(|known| known.id == id && known.login == login));
            }
        }

        /// No service account uses the page, whatever its role.
        #[test]
        fn no_service_account_uses_the_page(login in a_login(), listed in prop::collection::vec((1_i64..6, a_login()), 0..6)) {
            let listed: Vec<_> = listed.iter().map(|(id, login)| account(*id, login)).collect();
            if may_use_page(&caller(&login, "Admin"), kind(&login, Some(&listed))).is_ok() {
                prop_assert!(!listed.iter().any(|account| account.login == login));
                prop_assert!(!login.to_lowercase().starts_with("sa-"));
            }
        }
    }
}
