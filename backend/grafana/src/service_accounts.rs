//! The service accounts of an organization, and people by their exact login.
//!
//! Owns: the two readings by which a caller is told from another. Must never look a login up by `/api/users/lookup`: that goes by
//! e-mail first (G5). Start at [`Grafana::service_accounts`].

use domain::{UserId, caller::ServiceAccount};
use serde::Deserialize;

use super::{
    client::{Grafana, Scope},
    failure::{Error, Result},
    users::{ListedUser, User, null_as_empty},
};

const PAGE: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(deserialize_with = "null_as_empty")]
    service_accounts: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: UserId,
    login: String,
    #[serde(default)]
    role: String,
}

#[derive(Deserialize)]
struct UserPage {
    #[serde(deserialize_with = "null_as_empty")]
    users: Vec<ListedUser>,
}

impl Grafana {
    /// Every service account of our organization (G91). People are never in it, whatever their logins are.
    ///
    /// # Errors
    /// [`Error::Forbidden`] where neither we nor the token are Admin of the organization; [`Error::NotGrafana`] for an answer that cannot be right.
    pub async fn service_accounts(&self) -> Result<Vec<ServiceAccount>> {
        let ours = Scope::Org(self.org_id());
        self.or_by_token(self.service_accounts_as(ours), self.service_accounts_as(Scope::Team))
            .await
    }

    async fn service_accounts_as(&self, scope: Scope) -> Result<Vec<ServiceAccount>> {
        let mut accounts = Vec::new();
        for page in 1.. {
            let page: Page = self
                .get(
                    scope,
                    "/api/serviceaccounts/search",
                    &[("perpage", "1000"), ("page", &page.to_string())],
                )
                .await?;
            let last = page.service_accounts.len() < PAGE;
            accounts.extend(page.service_accounts);
            if last {
                break;
            }
        }
        // Feature flags of later lines have produced each of them.
        if accounts.iter().any(|a| a.id.get() <= 0 || a.login.trim().is_empty()) {
            return Err(Error::NotGrafana(
                "its list of service accounts has one without an id or a login".to_owned(),
            ));
        }
        Ok(accounts
            .into_iter()
            .map(|listed| ServiceAccount {
                id: listed.id,
                login: listed.login,
                role: listed.role,
            })
            .collect())
    }

    /// The person who has exactly this login, if one does: never a service account, and nobody by an e-mail.
    ///
    /// # Errors
    /// Whatever Grafana answers instead.
    pub async fn person_with_login(&self, login: &str) -> Result<Option<User>> {
        for page in 1.. {
            let found: UserPage = self
                .get(
                    Scope::Server,
                    "/api/users/search",
                    &[("perpage", "1000"), ("page", &page.to_string()), ("query", login)],
                )
                .await?;
            if let Some(listed) = found.users.iter().find(|user| user.login == login) {
                // What a list says of somebody is not all of it (G5).
                let user = self.user(listed.id).await?;
                return Ok(user.filter(|user| user.login == login && !user.is_disabled));
            }
            if found.users.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }
}
