//! What each credential can do, for the page's *Test* button.
//!
//! Owns: the tries. Must never change anything in Grafana or leave a session behind. Start at [`probe`].

use std::sync::Arc;

use super::{
    client::Grafana,
    credentials::Credentials,
    failure::{Error, Result},
    gate::Open,
    http::Http,
    session::Session,
};
use domain::OrgId;

/// How one try went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It works.
    Yes,
    /// It does not, and why.
    No(String),
    /// There was nothing to try it with.
    NotTried,
}

impl Finding {
    fn of<T>(result: &Result<T>) -> Self {
        match result {
            Ok(_) => Self::Yes,
            Err(e) => Self::No(e.public_words()),
        }
    }
}

/// What was found. Plain data: the words for the page are the page's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whether Grafana answers at the URL.
    pub reached: Finding,
    /// Its version, where it tells it.
    pub version: Option<String>,
    /// Whether the server admin's password is right.
    pub sign_in: Finding,
    /// In whose name.
    pub login: Option<String>,
    /// The login form is off, so every call sends (and Grafana hashes) the password: it works, five times slower.
    pub by_password: bool,
    /// Whether the account is a Grafana server admin: creating, disabling and logging out users.
    pub server_admin: Finding,
    /// Whether it may list users.
    pub list_users: Finding,
    /// Whether it is Admin of this organization: teams, and the people in it.
    pub org_admin: Finding,
    /// Whether Grafana's configuration can be read: the seed document's lines, the public URL, role sync.
    pub read_settings: Finding,
    /// Whether the token may handle teams.
    pub token_teams: Finding,
}

/// Tries each credential. One sign-in, which is ended again.
pub async fn probe(credentials: &Credentials, org_id: OrgId) -> Probe {
    let mut found = Probe {
        reached: Finding::NotTried,
        version: None,
        sign_in: Finding::NotTried,
        login: None,
        by_password: false,
        server_admin: Finding::NotTried,
        list_users: Finding::NotTried,
        org_admin: Finding::NotTried,
        read_settings: Finding::NotTried,
        token_teams: Finding::NotTried,
    };
    let http = match Http::build() {
        Ok(http) => http,
        Err(e) => {
            found.reached = Finding::No(e.public_words());
            return found;
        }
    };
    let session = Session::new(credentials);
    let grafana = Grafana::new(http.clone(), session.clone(), None, org_id, Arc::new(Open));
    match grafana.health().await {
        Ok(version) => {
            found.reached = Finding::Yes;
            found.version = version;
        }
        Err(e) => {
            found.reached = Finding::No(e.public_words());
            return found;
        }
    }
    if let Some(token) = credentials.token() {
        let by_token = Grafana::new(
            http.clone(),
            session.clone(),
            Some(token.clone()),
            org_id,
            Arc::new(Open),
        );
        found.token_teams = Finding::of(&by_token.try_teams().await);
    }
    if credentials.admin().is_some() {
        as_admin(&grafana, &mut found).await;
        session.sign_out(&http).await;
    }
    found
}

async fn as_admin(grafana: &Grafana, found: &mut Probe) {
    let me = match grafana.me().await {
        Ok(me) => me,
        Err(e) => {
            found.sign_in = Finding::No(e.public_words());
            return;
        }
    };
    found.sign_in = Finding::Yes;
    found.by_password = me.by_password;
    found.server_admin = if me.is_grafana_admin {
        Finding::Yes
    } else {
        Finding::No(format!("“{}” is not a Grafana server admin", me.login))
    };
    found.list_users = Finding::of(&grafana.lookup(&me.login).await);
    found.org_admin = match grafana.orgs_of_user(me.id).await {
        Ok(orgs) => match orgs.iter().find(|o| o.org_id == grafana.org_id()) {
            Some(org) if org.role == "Admin" => Finding::Yes,
            Some(org) => Finding::No(format!("“{}” has the role {} in this organization", me.login, org.role)),
            None => Finding::No(format!("“{}” is not in this organization", me.login)),
        },
        // Not a server admin: their own organization's teams tell it.
        Err(Error::Forbidden { .. }) => Finding::of(&grafana.try_teams().await),
        Err(e) => Finding::No(e.public_words()),
    };
    found.read_settings = Finding::of(&grafana.admin_settings().await);
    found.login = Some(me.login);
}
