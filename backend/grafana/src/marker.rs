//! The service account in whose name Rollcall remembers which store is the right one.
//!
//! Owns: finding, making and renaming it, as the server admin in our organization or by the token:
//! the role Admin there is enough (G90). Must never make a token, nor change an account that
//! Rollcall did not make. Start at [`Grafana::marker`].

use domain::UserId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::{Grafana, Scope, Writer},
    failure::Result,
    users::null_as_empty,
};

/// The account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MarkerAccount {
    /// Grafana's user id: service accounts are rows of the same table.
    pub id: UserId,
    /// What people read. An Admin may change it.
    #[serde(default)]
    pub name: String,
    /// Made by Grafana of the first name, and never changed.
    #[serde(default)]
    pub login: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(deserialize_with = "null_as_empty")]
    service_accounts: Vec<MarkerAccount>,
}

const PATH: &str = "/api/serviceaccounts";

impl Grafana {
    /// The account with this login, among those that `name` finds.
    pub async fn marker(&self, name: &str, login: &str) -> Result<Option<MarkerAccount>> {
        let found = |scope| async move {
            let query = [("perpage", "1000"), ("page", "1"), ("query", name)];
            let page: Page = self.get(scope, &format!("{PATH}/search"), &query).await?;
            Ok(page.service_accounts)
        };
        let accounts = self.or_by_token(found(self.ours()), found(Scope::Team)).await?;
        let is_it = |account: &MarkerAccount| account.login.eq_ignore_ascii_case(login);
        Ok(accounts.into_iter().find(is_it))
    }

    fn ours(&self) -> Scope {
        Scope::Org(self.org_id())
    }
}

impl Writer<'_> {
    /// Makes it: role None, no token.
    ///
    /// # Errors
    /// Grafana answers 400 where one of that name was made before, whatever it is called by now.
    pub async fn create_marker(&self, name: &str) -> Result<MarkerAccount> {
        let body = &json!({ "name": name, "role": "None" });
        let made = |scope| async move { self.send(scope, Method::POST, PATH, Some(body)).await?.json() };
        let grafana = self.grafana;
        grafana.or_by_token(made(grafana.ours()), made(Scope::Team)).await
    }

    /// Gives it another name, and nothing else: what is not sent stays as it is (G90).
    pub async fn rename_marker(&self, id: UserId, name: &str) -> Result<()> {
        let (path, body) = (&format!("{PATH}/{id}"), &json!({ "name": name }));
        let renamed = |scope| self.act(scope, Method::PATCH, path, Some(body));
        let grafana = self.grafana;
        grafana.or_by_token(renamed(grafana.ours()), renamed(Scope::Team)).await
    }
}
