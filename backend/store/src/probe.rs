//! Whether the store takes a change now.
//!
//! Owns: the table `probe`, which is always empty. A store that answers a query may still be full,
//! read-only or without a name on the disk. Start at [`Store::probe`].

use super::{Result, Store, sql::statements};

statements! {
    WRITE = "INSERT INTO probe (id, content) VALUES (1, $1)";
    REMOVE = "DELETE FROM probe";
}

/// More than a small change needs, so that a disk without room for one has none for this.
const BYTES: usize = 16 * 1024;

impl Store {
    /// Writes, removes and commits, as a change of a provider does. Nothing stays.
    ///
    /// # Errors
    /// What a change would be refused with.
    pub async fn probe(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        WRITE.query().bind(vec![0_u8; BYTES]).execute(&mut *tx).await?;
        REMOVE.query().execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}
