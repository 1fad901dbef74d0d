//! The failures of the store.
//!
//! Owns: the decisions that a caller has to take. Must never name a query. Start at [`Error`].

use std::path::PathBuf;

/// The failures of the store. Each variant is a decision of the caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The change itself is refused: answer the SCIM error, nothing was written.
    #[error("{}", .0.detail)]
    Scim(#[from] scim::error::Error),
    /// Another SCIM user manages this Grafana account already.
    #[error("this Grafana account is already managed for another user")]
    AccountTaken {
        /// The SCIM id of that user.
        user_id: String,
    },
    /// This group is mapped to that team already.
    #[error("this group is mapped to that team already")]
    MappingTaken,
    /// Another process has this store open. Two engines on one store would do everything twice.
    #[error("another process uses {0}; two Grafana servers cannot share one SQLite store")]
    InUse(PathBuf),
    /// The file cannot be made or opened: say which and what to set.
    #[error("the store at {path} cannot be opened: {source}")]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The file, or its lock, was deleted or replaced while it was open: what is written now nobody
    /// would find again.
    #[error("{0} or its lock was deleted or replaced while it was open: restart Grafana")]
    Replaced(PathBuf),
    /// The database does not answer as it should (disk full, read-only, corrupt): 503 and
    /// `Retry-After`, nothing half-written.
    #[error("the store is not usable: {0}")]
    Unusable(#[source] sqlx::Error),
    /// A row holds a value that this version cannot read.
    #[error("the store holds a {what} this version cannot read")]
    Unreadable {
        /// The kind of value.
        what: &'static str,
    },
}

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        if let sqlx::Error::Decode(source) = &e
            && let Some(Unreadable(what)) = source.downcast_ref()
        {
            return Self::Unreadable { what };
        }
        Self::Unusable(e)
    }
}

/// Result of a store call.
pub type Result<T> = std::result::Result<T, Error>;

/// A column holds what this version cannot read. [`Error`] takes it out of sqlx's error.
#[derive(Debug, thiserror::Error)]
#[error("a {0} that this version cannot read")]
pub(super) struct Unreadable(pub(super) &'static str);

/// The unique constraint of a column group was violated.
pub(super) fn is_taken(e: &sqlx::Error) -> bool {
    e.as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
