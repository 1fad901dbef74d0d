//! Users, server-wide: only a server admin may (G46).
//!
//! Owns: the calls under `/api/users` and `/api/admin/users`. Start at [`Grafana::user`].

use domain::{OrgId, Secret, TeamId, UserId};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    client::{Grafana, Scope, Writer},
    failure::{Error, Result},
    plausible::{Plausible, plausible, the_one},
};

/// One user, as `GET /api/users/:id` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Grafana's id.
    pub id: UserId,
    /// Login.
    #[serde(default)]
    pub login: String,
    /// E-mail, as stored.
    #[serde(default)]
    pub email: String,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Server admin.
    #[serde(default)]
    pub is_grafana_admin: bool,
    /// Disabled.
    #[serde(default)]
    pub is_disabled: bool,
    /// A sign-in link of a provider exists.
    #[serde(default)]
    pub is_external: bool,
    /// The provider of the newest sign-in link, as Grafana calls it.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub auth_labels: Vec<String>,
    /// When it was made, where Grafana says so.
    #[serde(default, rename = "createdAt", deserialize_with = "as_ms")]
    pub created_ms: Option<i64>,
}

/// One user, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedUser {
    /// Grafana's id.
    pub id: UserId,
    /// Login.
    #[serde(default)]
    pub login: String,
    /// E-mail, as stored.
    #[serde(default)]
    pub email: String,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Server admin.
    #[serde(default)]
    pub is_admin: bool,
    /// Disabled.
    #[serde(default)]
    pub is_disabled: bool,
    /// The providers they signed in by.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub auth_labels: Vec<String>,
}

/// An organization a user is in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrgMembership {
    /// Its id.
    pub org_id: OrgId,
    /// `Viewer`, `Editor`, `Admin`, `None`.
    pub role: String,
}

/// A profile as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// Login.
    pub login: &'a str,
    /// E-mail.
    pub email: &'a str,
    /// Name.
    pub name: &'a str,
}

impl Plausible for User {
    fn wrong(&self) -> Option<&'static str> {
        (self.id, self.login.as_str()).wrong()
    }
}

impl Plausible for ListedUser {
    fn wrong(&self) -> Option<&'static str> {
        (self.id, self.login.as_str()).wrong()
    }
}

impl Plausible for OrgMembership {
    fn wrong(&self) -> Option<&'static str> {
        self.org_id.wrong()
    }
}

// Go writes an empty list as `null` in places.
pub(super) fn null_as_empty<'de, D, T>(deserializer: D) -> std::result::Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

/// A time as Go writes it, in milliseconds since 1970; what is none is not known.
fn as_ms<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    let time = OffsetDateTime::parse(&text, &Rfc3339).ok();
    Ok(time.and_then(|t| i64::try_from(t.unix_timestamp_nanos() / 1_000_000).ok()))
}

#[derive(Deserialize)]
struct UserPage {
    #[serde(deserialize_with = "null_as_empty")]
    users: Vec<ListedUser>,
}

#[derive(Deserialize)]
struct Created {
    id: UserId,
}

#[derive(Deserialize)]
struct TeamOfUser {
    id: TeamId,
}

/// `Ok(None)` for what Grafana does not know.
pub(super) fn known<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

const PAGE: usize = 1000;

impl Grafana {
    /// Every user of Grafana, 1,000 a call: the cheapest way to look at all of them (G52).
    pub async fn all_users(&self) -> Result<Vec<ListedUser>> {
        let mut users: Vec<ListedUser> = Vec::new();
        for page in 1.. {
            let page: UserPage = self
                .get(
                    Scope::Server,
                    "/api/users/search",
                    &[("perpage", "1000"), ("page", &page.to_string())],
                )
                .await?;
            let last = page.users.len() < PAGE;
            users.extend(plausible(page.users)?);
            if last {
                break;
            }
        }
        Ok(users)
    }

    /// Users that have `text` for login or e-mail, in any case. Unlike [`Grafana::lookup`] it finds both where they are two people:
    /// Grafana takes a login that equals somebody's e-mail (G4).
    pub async fn users_named(&self, text: &str) -> Result<Vec<UserId>> {
        Ok(self.listed_as(text).await?.into_iter().map(|u| u.id).collect())
    }

    /// The same, as the list shows them.
    pub async fn listed_as(&self, text: &str) -> Result<Vec<ListedUser>> {
        let page: UserPage = self
            .get(
                Scope::Server,
                "/api/users/search",
                &[("perpage", "1000"), ("page", "1"), ("query", text)],
            )
            .await?;
        let text = text.to_lowercase();
        Ok(plausible(page.users)?
            .into_iter()
            .filter(|u| u.login.to_lowercase() == text || u.email.to_lowercase() == text)
            .collect())
    }

    /// The user with this login or e-mail.
    pub async fn lookup(&self, login_or_email: &str) -> Result<Option<UserId>> {
        let found: Result<Created> = self
            .get(Scope::Server, "/api/users/lookup", &[("loginOrEmail", login_or_email)])
            .await;
        known(found)?.map(|u| plausible(u.id)).transpose()
    }

    /// One user.
    pub async fn user(&self, id: UserId) -> Result<Option<User>> {
        let user: Option<User> = known(self.get(Scope::Server, &format!("/api/users/{id}"), &[]).await)?;
        let seen = user.as_ref().map(|user| user.id);
        user.zip(seen).map(|(user, seen)| the_one(user, seen, id)).transpose()
    }

    /// The organizations of a user.
    pub async fn orgs_of_user(&self, id: UserId) -> Result<Vec<OrgMembership>> {
        plausible(self.get(Scope::Server, &format!("/api/users/{id}/orgs"), &[]).await?)
    }

    /// The teams of a user in one organization.
    pub async fn teams_of_user(&self, id: UserId, org_id: OrgId) -> Result<Vec<TeamId>> {
        let teams: Option<Vec<TeamOfUser>> = self
            .get(Scope::Org(org_id), &format!("/api/users/{id}/teams"), &[])
            .await?;
        let teams: Vec<TeamId> = teams.unwrap_or_default().into_iter().map(|t| t.id).collect();
        plausible(teams)
    }
}

impl Writer<'_> {
    /// Makes a user in our organization, with Grafana's own default role (R22).
    ///
    /// # Errors
    /// [`Error::Conflict`] when login or e-mail is taken, by a service account too.
    pub async fn create_user(&self, write: Write<'_>, password: &Secret) -> Result<UserId> {
        let body = json!({
            "login": write.login, "email": write.email, "name": write.name,
            "password": password.expose(), "OrgId": self.grafana.org_id(),
        });
        let created: Created = self
            .send(Scope::Server, Method::POST, "/api/admin/users", Some(&body))
            .await?
            .json()?;
        plausible(created.id)
    }

    /// Writes a profile: always all three, because Grafana takes a missing login for the e-mail.
    ///
    /// # Errors
    /// [`Error::Conflict`] when login or e-mail is taken: Grafana answers 500 `Failed to update user` to that (G7).
    pub async fn update_user(&self, id: UserId, write: Write<'_>) -> Result<()> {
        let body = json!({"login": write.login, "email": write.email, "name": write.name});
        let done = self
            .act(Scope::Server, Method::PUT, &format!("/api/users/{id}"), Some(&body))
            .await;
        match done {
            Err(Error::Refused { status: 500, message }) if message == "Failed to update user" => {
                Err(Error::Conflict(message))
            }
            other => other,
        }
    }

    /// Disables; sessions end with it.
    ///
    /// # Errors
    /// [`Error::ExternalUser`] for who has a sign-in link.
    pub async fn disable_user(&self, id: UserId) -> Result<()> {
        self.of_admin(id, "disable").await
    }

    /// Enables.
    ///
    /// # Errors
    /// [`Error::ExternalUser`] for who has a sign-in link.
    pub async fn enable_user(&self, id: UserId) -> Result<()> {
        self.of_admin(id, "enable").await
    }

    /// Ends every session of a user; works for external users too.
    pub async fn logout_user(&self, id: UserId) -> Result<()> {
        self.of_admin(id, "logout").await
    }

    /// Gives a local user another password; a disabled one too (G15).
    ///
    /// # Errors
    /// [`Error::Forbidden`] while the login form is off, [`Error::ExternalUser`] for who has a sign-in link.
    pub async fn set_password(&self, id: UserId, password: &Secret) -> Result<()> {
        let body = json!({"password": password.expose()});
        let path = format!("/api/admin/users/{id}/password");
        self.act(Scope::Server, Method::PUT, &path, Some(&body)).await
    }

    /// Deletes a user, with everything that is theirs: sessions, sign-in links, stars, preferences, memberships. One who is gone already is fine.
    pub async fn delete_user(&self, id: UserId) -> Result<()> {
        let path = format!("/api/admin/users/{id}");
        match self.act::<()>(Scope::Server, Method::DELETE, &path, None).await {
            Err(Error::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    async fn of_admin(&self, id: UserId, what: &str) -> Result<()> {
        self.act::<()>(
            Scope::Server,
            Method::POST,
            &format!("/api/admin/users/{id}/{what}"),
            None,
        )
        .await
    }
}
