//! The one way to a call that changes something in Grafana.
//!
//! Owns: [`Writer`], which has every such call and asks the [`Gate`](super::super::Gate) before each. A [`Grafana`] alone
//! can only read, and nothing but [`Grafana::writer`] makes a `Writer`, so that no call can be
//! written that forgets to ask. Must never remember an answer of the gate: it may shut in the
//! middle of a plan. Start at [`Writer::send`].

use domain::operation::Purpose;
use reqwest::Method;
use serde::Serialize;

use super::{
    super::{
        call::Answer,
        failure::{Error, Result},
    },
    Grafana, Scope,
};

/// The calls that change something, for one purpose.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    pub(crate) grafana: &'a Grafana,
    purpose: Purpose,
}

impl Grafana {
    /// To change something.
    #[must_use]
    pub fn writer(&self, purpose: Purpose) -> Writer<'_> {
        Writer { grafana: self, purpose }
    }
}

impl Writer<'_> {
    /// Sends a call that changes something, if the gate is open.
    pub(crate) async fn send<B: Serialize + Sync>(
        &self,
        scope: Scope,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Answer> {
        self.grafana.gate.may(self.purpose).map_err(Error::SwitchedOff)?;
        self.grafana.call(scope, method, path, &[], body).await
    }

    /// A call whose answer says nothing but that it was done.
    pub(crate) async fn act<B: Serialize + Sync>(
        &self,
        scope: Scope,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<()> {
        self.send(scope, method, path, body).await?.done()
    }
}
