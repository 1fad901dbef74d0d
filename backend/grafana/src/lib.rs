//! Grafana's HTTP API, as far as Rollcall uses it.
//!
//! Owns: the one HTTP client ([`Http`]), signing in ([`Session`]) and the typed calls. Must never decide what Grafana should look
//! like, retry on its own, follow a redirect or use a proxy (it carries a server admin's session), or put a password, a token or an
//! e-mail into an error. Start at [`Grafana`]; what Grafana answers to each call is in docs/reference/grafana-behaviour.md.

mod call;
mod failure;
mod instance;
mod orgs;
mod probe;
mod session;
mod teams;
mod users;

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::Secret;

pub use failure::{Error, Result};
pub use instance::{AdminSettings, Doors};
pub use orgs::OrgUser;
pub use probe::{Finding, Probe, probe};
pub use session::{Me, Session};
pub use teams::{Team, TeamMember};
pub use users::{ListedUser, OrgMembership, User, Write};

/// What Grafana is reached with. Two organizations may share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Where Grafana is, as this process reaches it; without a slash at its end.
    pub url: String,
    /// A server admin's login: the only identity that may create, disable and log out users in OSS (G46).
    pub admin_user: Option<String>,
    /// His password.
    pub admin_password: Option<Secret>,
    /// An Admin service account's token, used for teams: whoever creates a team as a person becomes its admin.
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

    /// Whether signing in with these is the same as signing in with `other`.
    #[must_use]
    pub fn same_sign_in(&self, other: &Self) -> bool {
        self.url == other.url && self.admin_user == other.admin_user && self.admin_password == other.admin_password
    }
}

/// The one HTTP client of the process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http(reqwest::Client);

const CONNECT: Duration = Duration::from_secs(3);
// A bulk call with thousands of members takes Grafana seconds (G50: 800 in 409 ms).
const TOTAL: Duration = Duration::from_secs(20);

impl Http {
    /// Builds it. No redirects and no proxy: each would hand a server admin's session to somebody else.
    ///
    /// # Errors
    /// [`Error::Away`] when the machine has no usable TLS set-up.
    pub fn build() -> Result<Self> {
        Self::with_timeouts(CONNECT, TOTAL)
    }

    pub fn with_timeouts(connect: Duration, total: Duration) -> Result<Self> {
        static PROVIDER: Once = Once::new();
        // reqwest is built without a cryptography provider (no cmake on the machines that build this). It fails where another part
        // of the process has installed one already, which is as good.
        PROVIDER.call_once(|| _ = rustls::crypto::ring::default_provider().install_default());
        let builder = || {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one client: time-outs, no redirects, no proxy"
            )]
            let builder = reqwest::Client::builder();
            builder
                .connect_timeout(connect)
                .timeout(total)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .tcp_nodelay(true)
                // As many calls at once as `domain::concurrency` ever allows: more idle connections than that are never used.
                .pool_max_idle_per_host(4)
                .user_agent(concat!("rollcall/", env!("CARGO_PKG_VERSION")))
        };
        // A machine without CA certificates (a bare container) has no https, but plain http to localhost is the norm.
        let client = builder()
            .build()
            .or_else(|_| builder().tls_certs_only([]).build())
            .map_err(|e| Error::Away(call::cause(&e)))?;
        Ok(Self(client))
    }
}

/// One organization of one Grafana. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Grafana {
    http: Http,
    session: Arc<Session>,
    token: Option<Secret>,
    org_id: i64,
    latency_ms: Arc<AtomicI64>,
}

impl Grafana {
    /// Calls as `session`, and for teams by `token` where there is one.
    #[must_use]
    pub fn new(http: Http, session: Arc<Session>, token: Option<Secret>, org_id: i64) -> Self {
        Self {
            http,
            session,
            token,
            org_id,
            latency_ms: Arc::new(AtomicI64::new(-1)),
        }
    }

    /// The organization it calls for.
    #[must_use]
    pub fn org_id(&self) -> i64 {
        self.org_id
    }

    /// How long the last call took, once there was one.
    #[must_use]
    pub fn latency_ms(&self) -> Option<i64> {
        Some(self.latency_ms.load(Ordering::Relaxed)).filter(|ms| *ms >= 0)
    }

    /// Whether teams are handled by a service account, which never becomes a member of what it creates.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Who we are signed in as, signing in where that has not happened yet.
    ///
    /// # Errors
    /// [`Error::SignInRefused`] once Grafana refused the password: nothing is tried again with the same one.
    pub async fn me(&self) -> Result<Me> {
        self.session.me(&self.http).await
    }

    /// The same, where it is known already.
    pub async fn signed_in_as(&self) -> Option<Me> {
        self.session.known().await
    }
}
