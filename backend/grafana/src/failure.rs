//! What a failed call means.
//!
//! Owns: reading Grafana's two error forms (`{"message"}` and `{"messageId","message"}`) into decisions. Must never carry a password,
//! a token, a request body or a URL with a query. Start at [`Error::of`].

use domain::attempt::Failure;
use reqwest::StatusCode;
use serde::Deserialize;

/// Result of a call.
pub type Result<T> = std::result::Result<T, Error>;

/// How a call failed. Each variant is a decision of the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, no answer in time, or a broken one: try again later.
    #[error("Grafana does not answer: {0}")]
    Away(String),
    /// Something answers that is not Grafana, or Grafana sits behind something that redirects: the URL is wrong.
    #[error("what answers at grafana_url is not Grafana: {0}")]
    NotGrafana(String),
    /// There is nothing to sign in with.
    #[error("no server admin is set")]
    NoCredentials,
    /// Grafana refused the password. Not tried again: five failures lock the account.
    #[error("Grafana refused to sign “{login}” in: {message}")]
    SignInRefused {
        /// The user.
        login: String,
        /// Grafana's words.
        message: String,
    },
    /// A call was refused although signing in went well, or a token is not valid.
    #[error("Grafana refused the credentials: {0}")]
    Unauthorized(String),
    /// Grafana refused the service-account token.
    #[error("Grafana refused the service-account token: {0}")]
    TokenRefused(String),
    /// The account may not do this.
    #[error("Grafana refused: {message}")]
    Forbidden {
        /// Grafana's words.
        message: String,
        /// The permission it named.
        permission: Option<String>,
    },
    /// What the call was about is gone.
    #[error("Grafana does not know it: {0}")]
    NotFound(String),
    /// A name is taken, or the thing is as asked already.
    #[error("Grafana says: {0}")]
    Conflict(String),
    /// A single sign-on provider owns the user.
    #[error("Grafana says: {0}")]
    ExternalUser(String),
    /// Grafana asks for patience.
    #[error("Grafana is busy")]
    Busy {
        /// For so long, if it said so.
        after_ms: Option<i64>,
    },
    /// Any other refusal.
    #[error("Grafana answered {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Grafana's words.
        message: String,
    },
}

impl From<&Error> for Failure {
    fn from(e: &Error) -> Self {
        match e {
            Error::Away(_) | Error::NotGrafana(_) => Self::Away,
            Error::NoCredentials | Error::SignInRefused { .. } | Error::Unauthorized(_) | Error::TokenRefused(_) => {
                Self::Unauthorized
            }
            Error::Forbidden { permission, .. } => Self::Forbidden(permission.clone()),
            Error::NotFound(_) => Self::NotFound,
            Error::Conflict(message) => Self::Conflict(message.clone()),
            Error::ExternalUser(_) => Self::ExternalUser,
            Error::Busy { after_ms } => Self::Busy(*after_ms),
            Error::Refused { status, message } => Self::Refused {
                status: *status,
                message: message.clone(),
            },
        }
    }
}

/// The body of a refusal, of either form.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Refusal {
    pub message: String,
    pub message_id: String,
}

impl Refusal {
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    fn words(&self, status: StatusCode) -> String {
        let said = if self.message.is_empty() {
            status.canonical_reason().unwrap_or("no reason")
        } else {
            &self.message
        };
        // Enough for every sentence of Grafana's; a proxy's page of HTML never gets here, because it is not JSON.
        said.chars().take(300).collect()
    }
}

impl Error {
    /// Grafana itself said that it did not do it. After everything else (no answer, somebody else's answer, its own fall in the middle)
    /// it may have been done all the same.
    #[must_use]
    pub fn says_no(&self) -> bool {
        match self {
            Self::Away(_) | Self::NotGrafana(_) | Self::Busy { .. } => false,
            Self::Refused { status, .. } => *status < 500,
            _ => true,
        }
    }

    /// Reads a refusal (G2 to G10 and G36 to G44, answer by answer).
    pub(super) fn of(status: StatusCode, refusal: &Refusal, retry_after: Option<&str>) -> Self {
        let message = refusal.words(status);
        match status.as_u16() {
            401 => Self::Unauthorized(message),
            403 if message.contains("external User") || refusal.message_id == "org.externallySynced" => {
                Self::ExternalUser(message)
            }
            403 => Self::Forbidden {
                permission: message
                    .split_once("Permissions needed: ")
                    .map(|(_, p)| p.trim().to_owned()),
                message,
            },
            404 => Self::NotFound(message),
            409 | 412 => Self::Conflict(message),
            400 if message == "Team name taken" || message == "User is already added to this team" => {
                Self::Conflict(message)
            }
            500 if message.starts_with("Could not ") && message.ends_with(" external user") => {
                Self::ExternalUser(message)
            }
            429 | 503 => Self::Busy {
                after_ms: retry_after
                    .and_then(|s| s.trim().parse::<i64>().ok())
                    .map(|s| s.saturating_mul(1000)),
            },
            502 | 504 => Self::Away(message),
            status => Self::Refused { status, message },
        }
    }
}
