//! Who is in an organization.
//!
//! Owns: the calls about org membership. Must never call `DELETE /api/org/users/:id`: it deletes the whole user with their last
//! organization (G31). Start at [`Grafana::org_users`].

use domain::{OrgId, UserId};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{
    client::{Grafana, Scope, Writer},
    failure::Result,
    plausible::{Plausible, plausible},
    users::null_as_empty,
};

/// One person (or service account) of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrgUser {
    /// Grafana's user id.
    pub user_id: UserId,
    /// Login.
    #[serde(default)]
    pub login: String,
    /// E-mail.
    #[serde(default)]
    pub email: String,
    /// `Viewer`, `Editor`, `Admin`, `None`.
    #[serde(default)]
    pub role: String,
    /// Disabled.
    #[serde(default)]
    pub is_disabled: bool,
}

impl Plausible for OrgUser {
    fn wrong(&self) -> Option<&'static str> {
        (self.user_id, self.login.as_str()).wrong()
    }
}

/// The account that a call by text put into an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The account that Grafana took the text for, where it says so.
    pub user_id: Option<UserId>,
    /// It was in already, and nothing was changed.
    pub already: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JoinedUser {
    user_id: Option<UserId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrgUserPage {
    #[serde(deserialize_with = "null_as_empty")]
    org_users: Vec<OrgUser>,
}

const PAGE: usize = 1000;

impl Grafana {
    /// Everybody in an organization: ours page by page, another one in one piece.
    pub async fn org_users(&self, org_id: OrgId) -> Result<Vec<OrgUser>> {
        if org_id != self.org_id() {
            // A server admin may, without being in it.
            return plausible(
                self.get(Scope::Server, &format!("/api/orgs/{org_id}/users"), &[])
                    .await?,
            );
        }
        let mut users: Vec<OrgUser> = Vec::new();
        for page in 1.. {
            let page: OrgUserPage = self
                .get(
                    Scope::Org(org_id),
                    "/api/org/users/search",
                    &[("perpage", "1000"), ("page", &page.to_string())],
                )
                .await?;
            let last = page.org_users.len() < PAGE;
            users.extend(plausible(page.org_users)?);
            if last {
                break;
            }
        }
        Ok(users)
    }
}

impl Writer<'_> {
    /// Takes a user out of one organization; the user stays, with their last one too.
    pub async fn leave_org(&self, org_id: OrgId, user_id: UserId) -> Result<()> {
        self.act::<()>(
            Scope::Server,
            Method::DELETE,
            &format!("/api/orgs/{org_id}/users/{user_id}"),
            None,
        )
        .await
    }

    /// Gives a role in an organization.
    ///
    /// # Errors
    /// [`Error::Forbidden`] where their provider says their role (`org.externallySynced`).
    pub async fn set_role(&self, org_id: OrgId, user_id: UserId, role: &str) -> Result<()> {
        self.act(
            Scope::Server,
            Method::PATCH,
            &format!("/api/orgs/{org_id}/users/{user_id}"),
            Some(&json!({"role": role})),
        )
        .await
    }

    /// Puts an account into an organization, by a text that Grafana takes for an e-mail first and for a login then (G4, G33). Being in it
    /// already is fine. The answer says which account Grafana took the text for, and has to be compared.
    pub async fn join_org(&self, org_id: OrgId, login_or_email: &str, role: &str) -> Result<Joined> {
        let body = json!({"loginOrEmail": login_or_email, "role": role});
        let path = format!("/api/orgs/{org_id}/users");
        let answer = self.send(Scope::Server, Method::POST, &path, Some(&body)).await?;
        let already = answer.status == StatusCode::CONFLICT;
        if !already && !answer.status.is_success() {
            return Err(answer.error());
        }
        let who: Option<JoinedUser> = answer.fields();
        Ok(Joined {
            user_id: who.and_then(|w| w.user_id),
            already,
        })
    }
}
