//! The SCIM record of truth: one SQLite file, one transaction per SCIM write.
//!
//! Owns: the schema (`migrations/`), every SQL text, and the promise that what was acknowledged is
//! on disk (WAL, `synchronous=FULL`). Must never call Grafana, decide what Grafana should look
//! like, or hold a transaction across anything slow. Start at [`Store::open`]; SCIM resources are
//! in [`users`] and [`groups`], the engine's queue in [`work`].
//!
//! One connection writes (SQLite has one writer anyway, and waiting in our own queue is fair where
//! SQLite's busy loop is not); a small pool reads, unhindered by the writer thanks to WAL.

mod account_creations;
mod accounts;
mod activity;
mod brake;
mod break_glass;
mod codes;
mod document;
mod error;
#[cfg(debug_assertions)]
mod faults;
mod filter;
mod groups;
mod identity;
mod listing;
mod management;
mod mappings;
mod membership;
mod on_disk;
mod page;
mod people;
mod probe;
mod records;
mod rows;
mod scim_callers;
mod secret_bindings;
mod settings;
mod sql;
mod team_feeds;
mod team_memberships;
mod users;
mod work;

use std::{
    fs::File,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{OrgId, Tenant};
use sql::statements;
use sqlx::{
    Connection as _, Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use account_creations::{AccountCreation, NotedCreation};
pub use activity::{ActivityPage, ActivityQuery, HourTally};
pub use brake::{HeldRow, NewTaking};
use error::is_taken;
pub use error::{Error, Result};
pub use groups::{GroupChange, GroupView};
pub use management::Decided;
pub use mappings::{NewMapping, TeamCreation};
use on_disk::OnDisk;
pub use on_disk::{Exposure, FileState};
pub use page::{Page, PageQuery};
pub use people::{PeopleQuery, Tally};
pub use records::{
    AccountOrigin, AccountRecord, Action, ActivityLine, AttentionRow, Attribute, BrakeState, FedMember, GroupRecord,
    GroupSummary, HeldKind, Kind, Management, ManagementState, MappingOrigin, MappingRecord, Mark, Outcome, PersonRow,
    Source, TargetKind, Urgency, UserRecord, Waiting, Work,
};
pub use scim::{member::Member, patch::MemberChange};
pub use scim_callers::CallerRecord;
pub use secret_bindings::SecretBinding;
pub use team_feeds::{TeamFeeds, TeamRules};
pub use team_memberships::TeamMembership;
pub use users::{Decision, Updated, UserChange, UserView};
pub use vocabulary::CallerState;

statements! {
    BEGIN = "BEGIN IMMEDIATE";
    TENANTS =
        "SELECT org_id, connection FROM scim_user UNION SELECT org_id, connection FROM scim_group \
         UNION SELECT org_id, connection FROM account UNION SELECT org_id, connection FROM work \
         UNION SELECT org_id, connection FROM team_creation UNION SELECT org_id, connection \
         FROM account_creation ORDER BY 1, 2";
}

/// Far more than the journal of a day's work.
const JOURNAL_LIMIT: &str = "16777216";

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The caller of a write, for the log line that goes into the same transaction.
#[derive(Clone, Debug)]
pub struct WriteContext {
    /// The tenant of the data.
    pub tenant: Tenant,
    /// Grafana's login of the caller.
    pub actor: String,
    /// This request's correlation id.
    pub correlation: String,
    /// The time to write.
    pub now_ms: i64,
    /// When the request began, for the log line's duration.
    pub started: Instant,
}

impl WriteContext {
    /// The mark of a resource that this request changes.
    #[must_use]
    pub fn mark<'a>(&'a self, kind: Kind, id: &'a str, urgency: Urgency) -> Mark<'a> {
        Mark {
            tenant: &self.tenant,
            kind,
            id,
            urgency,
            correlation: &self.correlation,
            now_ms: self.now_ms,
        }
    }
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    write: SqlitePool,
    read: SqlitePool,
    #[cfg(debug_assertions)]
    faults: faults::Faults,
    /// Held as long as any clone lives; the operating system releases it however the process ends.
    /// `None` for a store in memory, which no other process can open.
    _lock: Option<Arc<File>>,
    /// `None` for a store in memory.
    on_disk: Option<Arc<OnDisk>>,
}

impl Store {
    /// The file's name inside the data directory.
    pub const FILE: &'static str = "rollcall.db";

    /// Opens the store in `dir`; creates and migrates it where needed.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it, [`Error::Open`] when the directory cannot be
    /// used, [`Error::Unusable`] when the file is not a database of ours.
    pub async fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(Self::FILE);
        let opening = |source| Error::Open {
            path: path.clone(),
            source,
        };
        // For Grafana's user only: the file holds the names and e-mails of a whole company.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(opening)?;
        let lock_path = dir.join("rollcall.lock");
        let lock = File::create(&lock_path).map_err(|source| Error::Open {
            path: lock_path.clone(),
            source,
        })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(Error::InUse(path)),
            Err(std::fs::TryLockError::Error(source)) => return Err(Error::Open { path, source }),
        }
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged create must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // A reader that held a transaction for long leaves a long journal behind, which SQLite
            // would keep at that size.
            .pragma("journal_size_limit", JOURNAL_LIMIT)
            .busy_timeout(Duration::from_secs(5));
        // `test_before_acquire` would ask the database before every query; a file does not go away.
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .test_before_acquire(false)
        };
        // Created here, because SQLite creates the file as the umask says, and its journals like
        // the file.
        let database = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(opening)?;
        let on_disk = OnDisk::new(
            dir,
            (path.clone(), &database.metadata().map_err(opening)?),
            (lock_path, &lock.metadata().map_err(opening)?),
        );
        let write = pool(1)
            // SQLite itself ends a transaction that found the disk full. sqlx then finds none to
            // roll back, counts it as open for the life of the connection, and every later one is
            // refused although there is room. Such a connection is closed and replaced.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }));
        #[cfg(debug_assertions)]
        let (write, faults) = faults::Faults::of(write);
        let write = write.connect_with(options.clone()).await?;
        MIGRATOR.run(&write).await.map_err(|e| Error::Unusable(e.into()))?;
        let read = pool(4).connect_with(options.read_only(true)).await?;
        Ok(Self {
            write,
            read,
            #[cfg(debug_assertions)]
            faults,
            _lock: Some(Arc::new(lock)),
            on_disk: Some(Arc::new(on_disk)),
        })
    }

    /// A store of its own in memory, for a test that must touch nothing. It ends with
    /// [`Store::close`].
    ///
    /// # Errors
    /// [`Error::Unusable`] when the database does not answer.
    pub async fn in_memory() -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(":memory:").foreign_keys(true);
        // The one connection is the database: there must be one, and it must stay.
        let only = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        MIGRATOR.run(&only).await.map_err(|e| Error::Unusable(e.into()))?;
        Ok(Self {
            read: only.clone(),
            write: only,
            #[cfg(debug_assertions)]
            faults: faults::Faults::default(),
            _lock: None,
            on_disk: None,
        })
    }

    /// Lets the file grow to so many pages and no further: a full disk, for tests.
    ///
    /// # Errors
    /// [`Error::Unusable`] when the database does not answer.
    #[cfg(debug_assertions)]
    pub async fn limit(&self, pages: u32) -> Result<()> {
        Ok(self.faults.limit(&mut *self.write.acquire().await?, pages).await?)
    }

    /// Closes every connection; what was committed is in the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// A write transaction that has the database to itself from its first statement on (`BEGIN
    /// IMMEDIATE`: a later upgrade from reading to writing could fail half-way).
    ///
    /// SQLite would go on in a file that has no name any more, and acknowledge what nobody will ever
    /// read again. A look at two names costs some microseconds, where the commit waits for the disk.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        if let Some(on_disk) = self.on_disk.as_ref().filter(|d| d.state() != FileState::Same) {
            return Err(Error::Replaced(on_disk.database().to_owned()));
        }
        Ok(self.write.begin_with(BEGIN.text).await?)
    }

    /// Whether what is open is still what has its name on the disk.
    #[must_use]
    pub fn file_state(&self) -> FileState {
        self.on_disk.as_ref().map_or(FileState::Same, |d| d.state())
    }

    /// Who can get at the files beside us.
    #[must_use]
    pub fn exposure(&self) -> Exposure {
        self.on_disk.as_ref().map_or(Exposure::None, |d| d.exposure())
    }

    /// Every tenant that has any data.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let rows: Vec<(i64, String)> = TENANTS.query_as().fetch_all(&self.read).await?;
        Ok(rows
            .into_iter()
            .map(|(org_id, connection)| Tenant {
                org_id: OrgId::new(org_id),
                connection,
            })
            .collect())
    }
}
