//! What every handler of the API gets.
//!
//! Owns: one call as it came, with the caller and the world it is about, and how lists are asked for. Must
//! never know a route. Start at [`Desk`].

use http::HeaderMap;
use serde::de::DeserializeOwned;

use super::{
    answer::{Answer, form},
    identity::Identity,
    settings::Settings,
    world::{User, World},
};

/// One call: who asks for what, and the world it is about.
pub(super) struct Desk<'a> {
    pub(super) world: &'a mut World,
    pub(super) settings: &'a Settings,
    pub(super) who: Identity,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: &'a [(String, String)],
    pub(super) json_sent: bool,
    pub(super) body: &'a [u8],
}

impl Desk<'_> {
    pub(super) fn form<T: DeserializeOwned>(&self) -> Result<T, Answer> {
        form(self.json_sent, self.body)
    }

    pub(super) fn param(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Whether `[users] hidden_users` keeps this one from the caller (`api/dtos/models.go` `IsHiddenUser`):
    /// not from server admins, and not from the user itself.
    pub(super) fn hides(&self, user: &User) -> bool {
        let names = self.settings.get("users", "hidden_users").split(',').map(str::trim);
        let hidden = names.filter(|name| !name.is_empty()).any(|name| name == user.login);
        hidden && !self.who.server_admin && self.who.login != user.login
    }

    /// `page` and `perpage` as every list reads them: from 1, and 1000.
    pub(super) fn page(&self) -> (usize, usize) {
        let number = |name: &str| self.param(name).parse::<usize>().unwrap_or_default();
        let per_page = match number("perpage") {
            0 => 1_000,
            given => given,
        };
        (number("page").max(1), per_page)
    }
}

/// One page of rows.
pub(super) fn paged<T>(rows: Vec<T>, (page, per_page): (usize, usize)) -> Vec<T> {
    rows.into_iter().skip((page - 1) * per_page).take(per_page).collect()
}

/// Case does not matter, as with SQLite's `LIKE`.
pub(super) fn any_contains(texts: &[&str], query: &str) -> bool {
    let query = query.to_lowercase();
    texts.iter().any(|text| text.to_lowercase().contains(&query))
}
