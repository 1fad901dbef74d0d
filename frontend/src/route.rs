//! Which page a path means.
//!
//! Owns: the app's own part of the URL. Grafana owns the location itself: a link here is a plain `<a href>` which Grafana's router
//! takes over, and the result comes back through `Handle::set_path`. (`leptos_router` would push its own states, which Grafana
//! would not see.) Start at [`Route::parse`].

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Is everyone in who should be, and no one else?
    Overview,
    /// Which groups become which teams?
    Mappings,
    /// What is set, and where?
    Settings,
    /// Nothing lives here.
    Unknown(String),
}

impl Route {
    /// Reads what follows `/a/<plugin id>`; slashes at the ends and a query do not matter.
    pub fn parse(path: &str) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
        match path {
            "" => Self::Overview,
            "mappings" => Self::Mappings,
            "settings" => Self::Settings,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// The inverse of [`Route::parse`].
    pub fn to_path(&self) -> &str {
        match self {
            Self::Overview => "",
            Self::Mappings => "mappings",
            Self::Settings => "settings",
            Self::Unknown(path) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn every_page_is_found_again_under_its_own_path() {
        for route in [
            Route::Overview,
            Route::Mappings,
            Route::Settings,
            Route::Unknown("users/42".into()),
        ] {
            assert_eq!(Route::parse(route.to_path()), route);
        }
    }

    #[test]
    fn slashes_and_what_grafana_appends_do_not_matter() {
        assert_eq!(Route::parse("/settings/"), Route::Settings);
        assert_eq!(Route::parse("mappings?orgId=1"), Route::Mappings);
        assert_eq!(Route::parse("#people"), Route::Overview);
    }

    #[test]
    fn a_path_nobody_knows_is_not_taken_for_a_page() {
        assert_eq!(Route::parse("setting"), Route::Unknown("setting".into()));
    }
}
