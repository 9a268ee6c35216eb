//! SQLite behind small pools: readers that cannot write, and one writer.
//!
//! Queries run on blocking threads, so the async threads stay free. A query that runs too long is
//! interrupted, also when its client has gone: the shop is injectable on purpose, and an injected
//! endless query must not occupy a connection for ever.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::InterruptHandle;
use rusqlite::OpenFlags;
use rusqlite::Params;
use rusqlite::Row;
use rusqlite::StatementStatus;
use thiserror::Error;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use super::dials;
use super::dials::Dialled;

const READERS: u32 = 8;
const QUERY_LIMIT: Duration = Duration::from_secs(2);
/// More than any page shows; an injected UNION cannot ask for more.
const ROW_LIMIT: usize = 1000;
/// Process-wide memory of SQLite: an injected `randomblob(1e9)` fails instead.
const HEAP_LIMIT_BYTES: u32 = 64 << 20;

/// Why a query gave no result.
#[derive(Debug, Error)]
pub(super) enum StoreError {
    /// SQLite refused or failed.
    #[error("database error")]
    Sql(#[from] rusqlite::Error),
    /// The thread of the query ended early: the runtime is shutting down.
    #[error("the query was abandoned")]
    Abandoned,
}

/// What the queries of one unit of work cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Statements run.
    pub(super) queries: u32,
    /// Rows visited by full table scans.
    pub(super) scanned: u64,
}

/// The shop's database.
#[derive(Debug)]
pub(super) struct Store {
    readers: Arc<Pool>,
    writer: Arc<Pool>,
}

impl Store {
    /// Creates the database file and fills it by `seed`.
    pub(super) fn create(
        path: &Path,
        dialled: Arc<Dialled>,
        seed: impl FnOnce(&mut Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Self> {
        let mut writer = Connection::open(path)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "OFF")?;
        writer.execute_batch(&format!("PRAGMA hard_heap_limit = {HEAP_LIMIT_BYTES}"))?;
        seed(&mut writer)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let readers = (0..dialled.connections().unwrap_or(READERS))
            .map(|_| {
                let reader = Connection::open_with_flags(path, flags)?;
                // SQLite would build an index for one query and hide the unindexed search.
                reader.pragma_update(None, "automatic_index", false)?;
                Ok(reader)
            })
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Self {
            readers: Arc::new(Pool::new(readers, Some(dialled))),
            writer: Arc::new(Pool::new(vec![writer], None)),
        })
    }

    /// Runs `work` on a connection that cannot write.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> (Result<T, StoreError>, Cost) {
        run(&self.readers, work).await
    }

    /// Runs `work` on the one connection that writes.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> (Result<T, StoreError>, Cost) {
        run(&self.writer, work).await
    }
}

/// One connection with its counters, for one unit of work.
#[derive(Debug)]
pub(super) struct Db<'a> {
    connection: &'a Connection,
    cost: Cell<Cost>,
}

impl Db<'_> {
    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, read)?.take(ROW_LIMIT).collect();
        let scanned = statement.reset_status(StatementStatus::FullscanStep);
        self.count(u64::try_from(scanned).unwrap_or(0));
        rows
    }

    /// The first row of a query.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        Ok(self.rows(sql, params, read)?.into_iter().next())
    }

    /// Runs a statement that changes rows; gives how many.
    pub(super) fn change(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.count(0);
        self.connection.prepare_cached(sql)?.execute(params)
    }

    /// The id of the row inserted last.
    pub(super) fn last_id(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    fn count(&self, scanned: u64) {
        let cost = self.cost.get();
        self.cost.set(Cost { queries: cost.queries + 1, scanned: cost.scanned + scanned });
    }
}

#[derive(Debug)]
struct Pool {
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    /// What says how long a connection is busy after its query.
    dialled: Option<Arc<Dialled>>,
}

impl Pool {
    fn new(connections: Vec<Connection>, dialled: Option<Arc<Dialled>>) -> Self {
        let permits = Arc::new(Semaphore::new(connections.len()));
        Self { permits, idle: Mutex::new(connections), dialled }
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// A connection's right to be used again.
struct Ready {
    permit: OwnedSemaphorePermit,
    after: Duration,
}

impl Ready {
    /// Nobody waits for it but whoever needs the connection next.
    fn make(self) {
        if !self.after.is_zero() {
            tokio::spawn(async move {
                dials::wait(self.after).await;
                drop(self.permit);
            });
        }
    }
}

/// Interrupts the query when it is dropped before the query has ended.
struct Watch(Arc<Mutex<Option<InterruptHandle>>>);

impl Watch {
    fn interrupt(&self) {
        if let Some(handle) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            handle.interrupt();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.interrupt();
    }
}

async fn run<T: Send + 'static>(
    pool: &Arc<Pool>,
    work: impl FnOnce(&Db<'_>) -> rusqlite::Result<T> + Send + 'static,
) -> (Result<T, StoreError>, Cost) {
    let permit = Arc::clone(&pool.permits).acquire_owned().await;
    let (Ok(permit), Some(connection)) = (permit, pool.take()) else {
        return (Err(StoreError::Abandoned), Cost::default());
    };
    let running = Arc::new(Mutex::new(Some(connection.get_interrupt_handle())));
    let watch = Watch(Arc::clone(&running));
    let pool = Arc::clone(pool);
    let mut task = tokio::task::spawn_blocking(move || {
        let db = Db { connection: &connection, cost: Cell::default() };
        let result = work(&db);
        let cost = db.cost.get();
        // From here on an interrupt would hit whoever takes the connection next.
        *running.lock().unwrap_or_else(PoisonError::into_inner) = None;
        pool.put_back(connection);
        let after = pool.dialled.as_ref().map_or(Duration::ZERO, |dialled| dialled.reset());
        (result, cost, Ready { permit, after })
    });
    let ended = tokio::time::timeout(QUERY_LIMIT, &mut task).await;
    let ended = if let Ok(ended) = ended {
        ended
    } else {
        watch.interrupt();
        task.await
    };
    match ended {
        Ok((result, cost, ready)) => {
            ready.make();
            (result.map_err(StoreError::from), cost)
        }
        Err(_) => (Err(StoreError::Abandoned), Cost::default()),
    }
}
