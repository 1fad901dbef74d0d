//! Every text that the database is asked with.
//!
//! Owns: the one way to a query. A text has a name ([`statements!`]), or it is put together by
//! [`build`] in a module that lists samples of what it builds; a test prepares all of them on
//! SQLite. Must never hold a value: values are bound. Start at [`Statement`].

use sqlx::{
    Database, FromRow, QueryBuilder, Sqlite,
    query::{Query, QueryAs, QueryScalar},
    sqlite::SqliteRow,
};

type Arguments = <Sqlite as Database>::Arguments;

/// A text with its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    #[cfg(test)]
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

impl Statement {
    pub(super) fn query<'a>(self) -> Query<'a, Sqlite, Arguments> {
        sqlx::query(self.text)
    }

    pub(super) fn query_as<'a, T: for<'r> FromRow<'r, SqliteRow>>(self) -> QueryAs<'a, Sqlite, T, Arguments> {
        sqlx::query_as(self.text)
    }

    pub(super) fn query_scalar<'a, T>(self) -> QueryScalar<'a, Sqlite, T, Arguments>
    where
        (T,): for<'r> FromRow<'r, SqliteRow>,
    {
        sqlx::query_scalar(self.text)
    }
}

/// Names the texts of a module, and registers them.
macro_rules! statements {
    ($($name:ident = $text:literal;)+) => {
        $(const $name: $crate::sql::Statement = $crate::sql::Statement {
            #[cfg(test)]
            name: concat!(module_path!(), "::", stringify!($name)),
            text: $text,
        };)+

        /// Every text of this module.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[$crate::sql::Statement] = &[$($name),+];
    };
}
pub(super) use statements;

/// Begins a text that is put together.
pub(super) fn build(text: impl Into<String>) -> QueryBuilder<Sqlite> {
    QueryBuilder::new(text)
}

/// For [`super::faults`]: the file may have so many pages. A pragma takes no parameters.
#[cfg(debug_assertions)]
pub(super) fn limit_pages(pages: u32) -> QueryBuilder<Sqlite> {
    build(format!("PRAGMA max_page_count = {pages}"))
}

#[cfg(test)]
mod tests;
