//! A full disk, for reliability tests.
//!
//! Owns: the limit of a store's file. Builds without debug assertions do not have it. Start at
//! [`Store::limit`].

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use sqlx::{Sqlite, SqliteConnection, pool::PoolOptions};

use super::sql;

/// What a test asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// How many pages the file may have; 0: as many as it likes.
    pages: Arc<AtomicU32>,
}

impl Faults {
    /// The limit belongs to a connection, so each new one of the pool is given it.
    pub(super) fn of(pool: PoolOptions<Sqlite>) -> (PoolOptions<Sqlite>, Self) {
        let faults = Self::default();
        let pages = faults.pages.clone();
        let pool = pool.after_connect(move |connection, _| {
            let pages = pages.load(Ordering::Relaxed);
            Box::pin(async move { limit(connection, pages).await })
        });
        (pool, faults)
    }

    /// Limits the connection, and every later one.
    pub(super) async fn limit(&self, connection: &mut SqliteConnection, pages: u32) -> Result<(), sqlx::Error> {
        self.pages.store(pages, Ordering::Relaxed);
        limit(connection, pages).await
    }
}

async fn limit(connection: &mut SqliteConnection, pages: u32) -> Result<(), sqlx::Error> {
    if pages > 0 {
        sql::limit_pages(pages).build().execute(connection).await?;
    }
    Ok(())
}
