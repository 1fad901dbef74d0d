//! What each identity provider calls things. The guides in `docs/guides` say the same at more length.

/// Who sends people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Okta,
    Entra,
    Other,
}

/// In the order of the choice.
pub const PROVIDERS: [Provider; 3] = [Provider::Okta, Provider::Entra, Provider::Other];

impl Provider {
    /// By the name in the URL.
    pub fn named(name: Option<&str>) -> Self {
        PROVIDERS
            .into_iter()
            .find(|provider| Some(provider.name()) == name)
            .unwrap_or(Self::Okta)
    }

    /// In the URL, and in the name of a service account.
    pub fn name(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Other => "other",
        }
    }

    /// In the choice.
    pub fn title(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Microsoft Entra ID",
            Self::Other => "Another",
        }
    }

    /// In a sentence.
    pub fn called(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Entra ID",
            Self::Other => "your identity provider",
        }
    }

    /// Where its form is.
    pub fn place(self) -> &'static str {
        match self {
            Self::Okta => {
                "In the application: Provisioning, Integration, Edit. Where it has no such tab, add the catalogue application \
                 “SCIM 2.0 Test App (OAuth Bearer Token)” for provisioning."
            }
            Self::Entra => {
                "In the enterprise application: Provisioning, New configuration (older: Provisioning Mode = Automatic)."
            }
            Self::Other => "Anything that speaks SCIM 2.0 with a bearer token can provision.",
        }
    }

    /// Its fields, and what belongs there.
    pub fn values(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Okta => &[
                (
                    "SCIM connector base URL",
                    "the address above, without a slash at its end",
                ),
                ("Unique identifier field for users", "userName"),
                (
                    "Supported provisioning actions",
                    "Push New Users, Push Profile Updates, Push Groups",
                ),
                ("Authentication mode", "HTTP Header"),
                ("Authorization", "the token"),
            ],
            Self::Entra => &[
                ("Tenant URL", "the address above"),
                ("Secret token", "the token"),
                ("Matching attribute of users", "userName"),
                ("Scope", "Sync only assigned users and groups"),
            ],
            Self::Other => &[
                ("Base URL or endpoint", "the address above, without a slash at its end"),
                ("Authentication", "Bearer token: the token"),
                ("Unique or matching attribute", "userName"),
                (
                    "When somebody leaves",
                    "disable or delete: both close the account, neither deletes it in Grafana",
                ),
            ],
        }
    }

    /// What to press next, there.
    pub fn after(self) -> &'static str {
        match self {
            Self::Okta => {
                "Test Connector Configuration, then save. Under To App, enable Create Users, Update User Attributes and Deactivate \
                 Users; leave Sync Password off."
            }
            Self::Entra => "Test Connection, then save. Start provisioning once people and groups are assigned.",
            Self::Other => "Save, and let it test the connection or send one person.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PROVIDERS, Provider};

    #[test]
    fn a_link_to_a_provider_finds_it_or_shows_the_first() {
        for provider in PROVIDERS {
            assert_eq!(Provider::named(Some(provider.name())), provider);
        }
        assert_eq!(Provider::named(Some("ldap")), Provider::Okta);
    }
}
