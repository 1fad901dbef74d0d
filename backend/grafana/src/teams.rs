//! Teams of our organization and their members.
//!
//! Owns: the calls under `/api/teams`, made by the token where there is one. Must never change the case of an e-mail: the bulk call
//! removes every member that is not listed exactly as stored, with a 200 (G40). Start at [`Grafana::team`].

use domain::{TeamId, UserId};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::{Grafana, Scope, Writer},
    failure::{Error, Result},
    plausible::{Plausible, plausible, the_one},
    users::{known, null_as_empty},
};

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// Grafana's id.
    pub id: TeamId,
    /// Name.
    pub name: String,
    /// Its e-mail, which a rename without it would blank.
    #[serde(default)]
    pub email: String,
    /// How many members, service accounts included; without those who are hidden from the caller (G79).
    #[serde(default)]
    pub member_count: i64,
}

/// A member of a team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TeamMember {
    /// Grafana's user id.
    pub user_id: UserId,
    /// Login.
    #[serde(default)]
    pub login: String,
    /// E-mail, exactly as stored.
    #[serde(default)]
    pub email: String,
    /// 0 member, 4 admin.
    #[serde(default)]
    pub permission: i64,
}

impl Plausible for Team {
    fn wrong(&self) -> Option<&'static str> {
        let blank = self.name.trim().is_empty();
        self.id.wrong().or(blank.then_some("a team without a name"))
    }
}

impl Plausible for TeamMember {
    fn wrong(&self) -> Option<&'static str> {
        (self.user_id, self.login.as_str()).wrong()
    }
}

/// The members of a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamMembers {
    /// Those Grafana shows us.
    pub shown: Vec<TeamMember>,
    /// Whether these are all: they were read as a server admin, and Grafana hides nobody from one (G79).
    pub all: bool,
}

#[derive(Deserialize)]
struct TeamPage {
    #[serde(deserialize_with = "null_as_empty")]
    teams: Vec<Team>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    team_id: TeamId,
}

const PAGE: usize = 1000;

fn permission(admin: bool) -> i64 {
    if admin { 4 } else { 0 }
}

impl Grafana {
    /// Every team.
    pub async fn all_teams(&self) -> Result<Vec<Team>> {
        let mut teams: Vec<Team> = Vec::new();
        for page in 1.. {
            let found = self
                .search_teams(&[("perpage", "1000"), ("page", &page.to_string())])
                .await?;
            let last = found.len() < PAGE;
            teams.extend(found);
            if last {
                break;
            }
        }
        Ok(teams)
    }

    async fn search_teams(&self, query: &[(&str, &str)]) -> Result<Vec<Team>> {
        let page: TeamPage = self.get(Scope::Team, "/api/teams/search", query).await?;
        plausible(page.teams)
    }

    /// Whether the team calls work at all: the smallest of them.
    pub(super) async fn try_teams(&self) -> Result<()> {
        self.search_teams(&[("perpage", "1"), ("page", "1")]).await.map(|_| ())
    }

    /// The team that has this name for Grafana: its search compares as its database does, and so does the check that refuses a second
    /// one. MySQL looks at no case (G37).
    pub async fn team_named(&self, name: &str) -> Result<Option<Team>> {
        let mut found = self.search_teams(&[("name", name)]).await?;
        let folded = name.to_lowercase();
        // What is none of both is no answer to this question.
        found.retain(|team| team.name.to_lowercase() == folded);
        let exact = found.iter().position(|team| team.name == name);
        Ok(found.into_iter().nth(exact.unwrap_or_default()))
    }

    /// Teams with this text in their names.
    pub async fn teams_like(&self, text: &str) -> Result<Vec<Team>> {
        self.search_teams(&[("perpage", "1000"), ("page", "1"), ("query", text)])
            .await
    }

    /// One team.
    pub async fn team(&self, id: TeamId) -> Result<Option<Team>> {
        let team: Option<Team> = known(self.get(Scope::Team, &format!("/api/teams/{id}"), &[]).await)?;
        let seen = team.as_ref().map(|team| team.id);
        team.zip(seen).map(|(team, seen)| the_one(team, seen, id)).transpose()
    }

    /// How many external groups Grafana's own Team Sync fills this team from. `None` where there is no Team Sync: it is part of
    /// Enterprise, and a Grafana without it has no such route (404 `Not found`, G45).
    pub async fn external_groups(&self, team_id: TeamId) -> Result<Option<usize>> {
        let path = format!("/api/teams/{team_id}/groups");
        let groups: Option<Vec<serde_json::Value>> = known(self.get(Scope::Team, &path, &[]).await)?;
        Ok(groups.map(|groups| groups.len()))
    }

    /// The members. Grafana shows no page of them. They are read as the server admin, because from a service account Grafana hides
    /// people without a word, and leaves them out of the count as well (G44, G79). Where the server admin may not look (that takes the role
    /// Admin in this organization), the token does, and somebody may be missing.
    pub async fn team_members(&self, id: TeamId) -> Result<Option<TeamMembers>> {
        let path = format!("/api/teams/{id}/members");
        let seen: Result<Option<Vec<TeamMember>>> = self.get(Scope::Org(self.org_id), &path, &[]).await;
        let (seen, all) = match seen {
            Err(Error::Forbidden { .. } | Error::Unauthorized(_)) if self.has_token() => {
                (self.get(Scope::Team, &path, &[]).await, false)
            }
            Ok(seen) => (Ok(seen), self.me().await?.is_grafana_admin),
            refused => (refused, false),
        };
        let seen: Option<Option<Vec<TeamMember>>> = known(seen)?;
        let shown = seen.map(|shown| plausible(shown.unwrap_or_default())).transpose()?;
        Ok(shown.map(|shown| TeamMembers { shown, all }))
    }
}

impl Writer<'_> {
    /// Makes a team. By a person, Grafana makes that person its admin.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the name is taken.
    pub async fn create_team(&self, name: &str) -> Result<TeamId> {
        let created: Created = self
            .send(Scope::Team, Method::POST, "/api/teams", Some(&json!({"name": name})))
            .await?
            .json()?;
        plausible(created.team_id)
    }

    /// Another name for the same team. The e-mail is sent along: Grafana blanks it otherwise.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the name is taken.
    pub async fn rename_team(&self, team: &Team, name: &str) -> Result<()> {
        self.act(
            Scope::Team,
            Method::PUT,
            &format!("/api/teams/{}", team.id),
            Some(&json!({"name": name, "email": team.email})),
        )
        .await
    }

    /// Deletes a team. Only where the setting `team_removal` says so.
    pub async fn delete_team(&self, id: TeamId) -> Result<()> {
        gone(
            self.act::<()>(Scope::Team, Method::DELETE, &format!("/api/teams/{id}"), None)
                .await,
        )
    }

    /// Adds one member; as admin it takes a second call.
    pub async fn add_team_member(&self, team_id: TeamId, user_id: UserId, admin: bool) -> Result<()> {
        let added = self
            .act(
                Scope::Team,
                Method::POST,
                &format!("/api/teams/{team_id}/members"),
                Some(&json!({"userId": user_id})),
            )
            .await;
        match added {
            Ok(()) if !admin => Ok(()),
            Ok(()) => self.update_team_member(team_id, user_id, true).await,
            // 400 `User is already added to this team`.
            Err(Error::Conflict(_)) => self.update_team_member(team_id, user_id, admin).await,
            Err(e) => Err(e),
        }
    }

    /// Makes a member an admin, or an admin a member.
    pub async fn update_team_member(&self, team_id: TeamId, user_id: UserId, admin: bool) -> Result<()> {
        self.act(
            Scope::Team,
            Method::PUT,
            &format!("/api/teams/{team_id}/members/{user_id}"),
            Some(&json!({"permission": permission(admin)})),
        )
        .await
    }

    /// Takes one member out. Not being in it is fine.
    pub async fn remove_team_member(&self, team_id: TeamId, user_id: UserId) -> Result<()> {
        gone(
            self.act::<()>(
                Scope::Team,
                Method::DELETE,
                &format!("/api/teams/{team_id}/members/{user_id}"),
                None,
            )
            .await,
        )
    }

    /// Replaces both lists. Anybody who is not listed, exactly as stored, leaves the team.
    ///
    /// # Errors
    /// [`Error::NotFound`] when an e-mail is not known; then nothing has changed.
    pub async fn replace_team_members(&self, team_id: TeamId, members: &[String], admins: &[String]) -> Result<()> {
        self.act(
            Scope::Team,
            Method::PUT,
            &format!("/api/teams/{team_id}/members"),
            Some(&json!({"members": members, "admins": admins})),
        )
        .await
    }
}

fn gone(done: Result<()>) -> Result<()> {
    match done {
        Err(Error::NotFound(_)) => Ok(()),
        other => other,
    }
}
