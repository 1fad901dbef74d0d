//! Service accounts of our organization: who they are, and the one that Rollcall makes.
//!
//! Owns: the calls under `/api/serviceaccounts`, made as the server admin in our organization; its
//! role Admin there is enough (G90). Must never make a token, nor change an account that Rollcall
//! did not make. Start at [`Grafana::service_accounts`].

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::{Grafana, Scope},
    failure::Result,
    users::null_as_empty,
};

/// A service account, as the search lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Grafana's user id: service accounts are rows of the same table.
    pub id: i64,
    /// What people read. An Admin may change it.
    #[serde(default)]
    pub name: String,
    /// Made by Grafana of the first name, and never changed.
    #[serde(default)]
    pub login: String,
    /// Disabled.
    #[serde(default)]
    pub is_disabled: bool,
    /// `Viewer`, `Editor`, `Admin`, `None`.
    #[serde(default)]
    pub role: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(deserialize_with = "null_as_empty")]
    service_accounts: Vec<ServiceAccount>,
}

const PAGE: usize = 1000;
const PATH: &str = "/api/serviceaccounts";

impl Grafana {
    /// Every service account of our organization.
    pub async fn service_accounts(&self) -> Result<Vec<ServiceAccount>> {
        self.service_accounts_like("").await
    }

    /// Those with this text in name, login or e-mail.
    pub async fn service_accounts_like(&self, text: &str) -> Result<Vec<ServiceAccount>> {
        let mut all: Vec<ServiceAccount> = Vec::new();
        for page in 1.. {
            let page = page.to_string();
            let mut query = vec![("perpage", "1000"), ("page", page.as_str())];
            if !text.is_empty() {
                query.push(("query", text));
            }
            let found: Page = self
                .get(Scope::Org(self.org_id), "/api/serviceaccounts/search", &query)
                .await?;
            let last = found.service_accounts.len() < PAGE;
            all.extend(found.service_accounts);
            if last {
                break;
            }
        }
        Ok(all)
    }

    /// Makes one that may do nothing: role None, no token.
    ///
    /// # Errors
    /// Grafana answers 400 where one of that name was made before, whatever it is called by now.
    pub async fn create_service_account(&self, name: &str) -> Result<ServiceAccount> {
        let body = json!({ "name": name, "role": "None" });
        self.call(Scope::Org(self.org_id), Method::POST, PATH, &[], Some(&body))
            .await?
            .json()
    }

    /// Gives it another name, and nothing else: what is not sent stays as it is (G90).
    pub async fn rename_service_account(&self, id: i64, name: &str) -> Result<()> {
        let body = json!({ "name": name });
        self.act(
            Scope::Org(self.org_id),
            Method::PATCH,
            &format!("{PATH}/{id}"),
            Some(&body),
        )
        .await
    }
}
