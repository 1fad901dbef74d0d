//! What Grafana is reached with.
//!
//! Owns: the URL, the server admin and the token. Must never show a secret: both are
//! [`Secret`]s. Start at [`Credentials`].

use domain::Secret;

/// What Grafana is reached with. Two organizations may share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Where Grafana is, as this process reaches it; without a slash at its end.
    pub url: String,
    /// A server admin's login: the only identity that may create, disable and log out users in OSS (G46).
    pub admin_user: Option<String>,
    /// Their password.
    pub admin_password: Option<Secret>,
    /// An Admin service account's token, used for teams: anybody who creates a team as a person becomes its admin.
    pub service_account_token: Option<Secret>,
}

impl Credentials {
    /// The server admin, where both halves are set.
    #[must_use]
    pub fn admin(&self) -> Option<(&str, &Secret)> {
        let user = self.admin_user.as_deref().filter(|u| !u.is_empty())?;
        let password = self.admin_password.as_ref().filter(|p| !p.is_empty())?;
        Some((user, password))
    }

    /// The token, where it is set.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        self.service_account_token.as_ref().filter(|t| !t.is_empty())
    }

    /// Whether failed sign-ins with these and with `other` count together in Grafana (G26).
    #[must_use]
    pub fn same_account(&self, other: &Self) -> bool {
        let login = |of: &Self| of.admin_user.as_deref().map(str::to_lowercase);
        self.url == other.url && login(self) == login(other)
    }

    /// Whether signing in with these is the same as signing in with `other`.
    #[must_use]
    pub fn same_sign_in(&self, other: &Self) -> bool {
        self.url == other.url && self.admin_user == other.admin_user && self.admin_password == other.admin_password
    }
}
