//! What a failed call means.
//!
//! Owns: reading Grafana's two error forms (`{"message"}` and `{"messageId","message"}`) into decisions. Must never carry a password,
//! a token, a request body or a URL with a query. Start at [`Error::of`].

use domain::{attempt::Failure, operation::Off};
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
    /// Something on the way answered in Grafana's place, or redirects: a fault of the way, and nothing is decided by it.
    #[error("what answers at grafana_url is not Grafana: {0}")]
    NotGrafana(String),
    /// What Grafana answered cannot be true, and nothing is decided by it.
    #[error("Grafana answered implausibly: {0}")]
    Implausible(String),
    /// Nothing is written now: not sent.
    #[error("nothing is written to Grafana now")]
    SwitchedOff(Off),
    /// No request can be made of what was asked.
    #[error("the request could not be made: {0}")]
    NotSent(String),
    /// There is nothing to sign in with.
    #[error("no server admin is set")]
    NoCredentials,
    /// Grafana refused the password. Tried again slowly: five failures lock the account.
    #[error("Grafana refused to sign “{login}” in: {message}")]
    SignInRefused {
        /// The user.
        login: String,
        /// Grafana's words.
        message: String,
    },
    /// Grafana took the password, and knew nothing of the session a moment later.
    #[error("Grafana signed Rollcall in, and did not know it at the next call: {0}")]
    SessionLost(String),
    /// A call was refused as if by somebody unknown, although the session is alive.
    #[error("Grafana does not allow it to this session: {0}")]
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
            Error::Away(_) | Error::NotGrafana(_) | Error::Implausible(_) => Self::Away(e.public_words()),
            Error::NotSent(why) => Self::NotSent(why.clone()),
            Error::SwitchedOff(_) => Self::NotSent(e.to_string()),
            Error::NoCredentials | Error::SignInRefused { .. } | Error::SessionLost(_) | Error::TokenRefused(_) => {
                Self::Unauthorized
            }
            Error::Unauthorized(message) => Self::Refused {
                status: 401,
                message: message.clone(),
            },
            Error::Forbidden { message, permission } => Self::Forbidden {
                message: message.clone(),
                permission: permission.clone(),
            },
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
#[serde(rename_all = "camelCase")]
pub(super) struct Refusal {
    pub message: String,
    #[serde(default)]
    pub message_id: String,
}

impl Refusal {
    /// `None`: these are not Grafana's words. Every refusal of its API has a message (`pkg/api/response`, `errutil`).
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    pub fn words(&self, status: StatusCode) -> String {
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
    /// What may stand on a page: how something does not answer tells an Admin who may name a URL which ports of the network are open.
    /// The log has the rest.
    #[must_use]
    pub fn public_words(&self) -> String {
        match self {
            Self::Away(_) | Self::NotGrafana(_) => "Grafana did not answer".to_owned(),
            other => other.to_string(),
        }
    }

    /// Grafana itself said that it did not do it. After everything else (no answer, somebody else's answer, its own fall in the middle)
    /// it may have been done all the same.
    #[must_use]
    pub fn says_no(&self) -> bool {
        match self {
            Self::Away(_) | Self::NotGrafana(_) | Self::Implausible(_) | Self::Busy { .. } => false,
            Self::Refused { status, .. } => *status < 500,
            _ => true,
        }
    }

    /// Reads a refusal (G2 to G10 and G36 to G44, answer by answer). Without Grafana's words nothing is decided: a 404 of a proxy
    /// must not read like an account that is gone.
    pub(super) fn of(status: StatusCode, refusal: Option<&Refusal>, retry_after: Option<&str>) -> Self {
        let busy = || Self::Busy {
            after_ms: retry_after
                .and_then(|s| s.trim().parse::<i64>().ok())
                .map(|s| s.saturating_mul(1000)),
        };
        let Some(refusal) = refusal else {
            return match status.as_u16() {
                429 | 503 => busy(),
                500.. => Self::Away(Refusal::default().words(status)),
                _ => Self::NotGrafana(format!("it answered {status}, without a word of Grafana's")),
            };
        };
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
            429 | 503 => busy(),
            502 | 504 => Self::Away(message),
            status => Self::Refused { status, message },
        }
    }
}
