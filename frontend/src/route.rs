//! Which page a path means, and what its query says.
//!
//! Owns: the app's own part of the URL. Grafana owns the location itself: a link here is a plain `<a href>` which Grafana's router
//! takes over, and the result comes back through `Handle::set_path`. (`leptos_router` would push its own states, which Grafana
//! would not see.) Start at [`Location::parse`].

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Is everyone in who should be, and no one else?
    Overview,
    /// Why does (or doesn't) this person have access?
    Users,
    /// Which groups become which teams?
    Mappings,
    /// What happened, and why?
    Activity,
    /// Which values go where, and did it work?
    Setup,
    /// What would be done, and what waits for a yes?
    Plan,
    /// What is set, and where?
    Settings,
    /// Nothing lives here.
    Unknown(String),
}

impl Route {
    fn parse(path: &str) -> Self {
        match path {
            "" => Self::Overview,
            "users" => Self::Users,
            "mappings" => Self::Mappings,
            "activity" => Self::Activity,
            "setup" => Self::Setup,
            "plan" => Self::Plan,
            "settings" => Self::Settings,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// The inverse of `parse`.
    pub fn to_path(&self) -> &str {
        match self {
            Self::Overview => "",
            Self::Users => "users",
            Self::Mappings => "mappings",
            Self::Activity => "activity",
            Self::Setup => "setup",
            Self::Plan => "plan",
            Self::Settings => "settings",
            Self::Unknown(path) => path,
        }
    }
}

/// A page, and what is filtered or open on it: everything a link to it must carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The page.
    pub route: Route,
    /// Ids and names of filters. Free text stays out of the URL: it may be a person's name.
    query: Vec<(String, String)>,
}

/// Ids and names of ours need no escapes; whatever does is not ours.
fn plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
}

impl Location {
    /// Reads what follows `/a/<plugin id>`; slashes at the ends do not matter.
    pub fn parse(path: &str) -> Self {
        let path = path.split('#').next().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let ours = |pair: &str| {
            let (key, value) = pair.split_once('=')?;
            // Grafana appends its own.
            (key != "orgId" && plain(key) && plain(value)).then(|| (key.to_owned(), value.to_owned()))
        };
        Self {
            route: Route::parse(path.trim_matches('/')),
            query: query.split('&').filter_map(ours).collect(),
        }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }

    /// The same page with `key` set to `value`, or without it.
    pub fn with(&self, key: &str, value: Option<&str>) -> Self {
        let mut next = self.clone();
        next.query.retain(|(known, _)| known != key);
        if let Some(value) = value.filter(|value| plain(value)) {
            next.query.push((key.to_owned(), value.to_owned()));
        }
        next
    }

    /// The inverse of [`Location::parse`].
    pub fn to_path(&self) -> String {
        let mut path = self.route.to_path().to_owned();
        for (n, (key, value)) in self.query.iter().enumerate() {
            path.push(if n == 0 { '?' } else { '&' });
            path.push_str(key);
            path.push('=');
            path.push_str(value);
        }
        path
    }
}

impl From<Route> for Location {
    fn from(route: Route) -> Self {
        Self {
            route,
            query: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Location, Route};

    #[test]
    fn every_page_is_found_again_under_its_own_path() {
        for route in [
            Route::Overview,
            Route::Users,
            Route::Mappings,
            Route::Activity,
            Route::Setup,
            Route::Settings,
            Route::Unknown("users/42".into()),
        ] {
            assert_eq!(Location::parse(route.to_path()).route, route);
        }
    }

    #[test]
    fn slashes_and_what_grafana_appends_do_not_matter() {
        assert_eq!(Location::parse("/settings/"), Route::Settings.into());
        assert_eq!(Location::parse("mappings?orgId=1"), Route::Mappings.into());
        assert_eq!(Location::parse("#people"), Route::Overview.into());
    }

    #[test]
    fn a_path_nobody_knows_is_not_taken_for_a_page() {
        assert_eq!(Location::parse("setting").route, Route::Unknown("setting".into()));
    }

    #[test]
    fn a_link_to_a_person_carries_the_filter_along() {
        let filtered = Location::parse("users?access=closed&orgId=1");
        let open = filtered.with("user", Some("4b2"));
        assert_eq!(open.to_path(), "users?access=closed&user=4b2");
        assert_eq!(Location::parse(&open.to_path()).get("user"), Some("4b2"));
        assert_eq!(open.with("user", None), filtered);
    }

    #[test]
    fn what_could_not_be_an_id_never_gets_into_a_link() {
        assert_eq!(Location::parse("users?user=%3Cb%3E").get("user"), None);
        let with = Location::from(Route::Users).with("user", Some("a&b=c"));
        assert_eq!(with.to_path(), "users");
    }
}
