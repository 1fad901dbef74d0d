//! The one HTTP client.
//!
//! Owns: timeouts, TLS and connections. Must never follow a redirect or use a proxy. Start at
//! [`Http::build`].

use std::{sync::Once, time::Duration};

use super::{
    call::cause,
    failure::{Error, Result},
};

/// The one HTTP client of the process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Http(pub(super) reqwest::Client);

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
                reason = "this is the one client: timeouts, no redirects, no proxy"
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
            .map_err(|e| Error::Away(cause(&e)))?;
        Ok(Self(client))
    }
}
