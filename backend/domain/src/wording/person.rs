//! What is told of one person who is not plainly active.
//!
//! Owns: the note in a person's row, and why an attribute got no further. Must never decide which
//! note it is. Start at [`closed_note`].

use crate::settings::Deprovision;
use vocabulary::Attribute;

/// An admin ended the management of the account.
pub const NOT_MANAGED: &str = "Rollcall leaves this account as it is, whatever the identity provider says.";
/// Somebody must be out, and was not seen out.
pub const NOT_CLOSED: &str = "This person must be out, and the account was not seen closed yet.";
/// An admin decided so.
pub const KEPT_CLOSED: &str = "An admin keeps this account closed, whatever the identity provider says.";
/// The first sign-in creates the account.
pub const WAITS_FOR_SIGN_IN: &str = "Grafana has no account yet: it is linked as soon as this person has signed in.";
/// An attribute has nowhere to go.
pub const NO_ACCOUNT: &str = "There is no account in Grafana.";
/// An attribute waits for something that a person must do.
pub const WAITS_FOR_YOU: &str = "Waits for what needs you above.";
/// An attribute waits for the next sign-in.
pub const PROVIDER_OWNS_IT: &str = "The account belongs to a single sign-on provider, so Grafana refuses a change from elsewhere: \
     it takes this over from the provider at the person's next sign-in.";

/// How access was closed, where that is not plain, and what makes it hold where it does not.
#[must_use]
pub const fn closed_note(by: Deprovision, holds: Option<bool>) -> Option<&'static str> {
    match (by, holds) {
        (Deprovision::Disable | Deprovision::Recreate, Some(false)) => Some(
            "A sign-in by LDAP enables the account again; the next check closes it once more. \
             Take this person out of the LDAP directory, or out of Grafana's search filter, \
             to make it hold.",
        ),
        (Deprovision::Suspend, Some(false)) => Some(
            "The single sign-on provider may let this person in again; the next check closes the \
             account once more. Set skip_org_role_sync = true for the provider, \
             or deprovision = recreate, to make it hold.",
        ),
        (Deprovision::Delete, Some(false)) => Some(
            "The account was deleted. The next sign-in by the provider makes another one, which the \
             next check deletes. Set allow_sign_up = false for the provider, \
             or deprovision = recreate, to make it hold.",
        ),
        (Deprovision::Recreate, _) => Some("The account was deleted and made again, disabled, under a new id."),
        (Deprovision::Delete, _) => Some(
            "The account was deleted. On return it is created again, with its organizations, roles \
             and teams.",
        ),
        (Deprovision::Disable | Deprovision::Suspend, _) => None,
    }
}

/// Which attributes wait for the next sign-in.
#[must_use]
pub fn deferred_note(deferred: &[Attribute]) -> String {
    let names: Vec<&str> = deferred.iter().map(|attribute| attribute.as_str()).collect();
    format!(
        "Waits for the next sign-in, because the single sign-on provider owns it: {}.",
        names.join(", ")
    )
}
