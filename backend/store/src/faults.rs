//! A full disk, for reliability tests.
//!
//! Owns: the limit of a store's file. Builds without debug assertions do not have it. Start at
//! [`Store::limit`].

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use sqlx::{Sqlite, SqliteConnection, pool::PoolOptions};

use super::{Result, Store, sql};

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
}

async fn limit(connection: &mut SqliteConnection, pages: u32) -> std::result::Result<(), sqlx::Error> {
    if pages > 0 {
        sql::limit_pages(pages).build().execute(connection).await?;
    }
    Ok(())
}

impl Store {
    /// Lets the file grow to so many pages and no further.
    ///
    /// # Errors
    /// [`super::Error::Unusable`] when the database does not answer.
    pub async fn limit(&self, pages: u32) -> Result<()> {
        self.faults.pages.store(pages, Ordering::Relaxed);
        Ok(limit(&mut *self.write.acquire().await?, pages).await?)
    }
}
