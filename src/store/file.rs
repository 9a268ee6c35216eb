//! The file: what it is known by, how it is opened, and how its tables came to be.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::ErrorCode;
use rusqlite::OpenFlags;
use rusqlite::TransactionBehavior;
use rusqlite_migration::M;
use rusqlite_migration::Migrations;

use super::error::HistoryError;

/// What the file is: `SHKD`.
const APPLICATION: i64 = 0x5348_4B44;

/// How long a process waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries, where SQLite does not wait by itself.
const PAUSE: Duration = Duration::from_millis(20);

/// Steps are only ever added: the number of those done stands in the file.
const STEPS: &[M<'_>] = &[M::up(
    "PRAGMA application_id = 1397246788;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_unix INTEGER NOT NULL,
    command TEXT NOT NULL,
    target TEXT NOT NULL,
    plan TEXT,
    plan_hash TEXT NOT NULL,
    version TEXT NOT NULL,
    exit_code INTEGER,
    elapsed_ms INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    report_len INTEGER NOT NULL,
    stored_len INTEGER NOT NULL
) STRICT;
-- Apart, so that lists do not read through them.
CREATE TABLE reports (
    run INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    zlib BLOB NOT NULL
) STRICT;
CREATE TABLE names (
    name TEXT PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX names_of_runs ON names (run);",
)];

/// Opens the file to read and write, and makes it where there is none.
pub(super) fn make(path: &Path) -> Result<Connection, HistoryError> {
    make_private(path).map_err(|error| HistoryError::ReadOnly {
        path: path.to_owned(),
        problem: error.to_string(),
    })?;
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens a file that is there: to read, where nothing else can be done with it.
pub(super) fn existing(path: &Path) -> Result<Connection, HistoryError> {
    if !path.exists() {
        return Err(HistoryError::Missing { path: path.to_owned() });
    }
    match open(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        Err(HistoryError::ReadOnly { .. }) => {
            let connection = open_to_read(path).map_err(|error| HistoryError::of(path, &error))?;
            is_ours(&connection, path).map(|_| connection)
        }
        other => other,
    }
}

/// A file on a medium that cannot be written: whatever waits in a log beside it needs the log's own
/// index, which could not be made. Without a log nobody is writing.
fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if PathBuf::from(log).exists() {
        return Connection::open_with_flags(path, flags);
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Ok(mut uri) = url::Url::from_file_path(whole) else {
        return Connection::open_with_flags(path, flags);
    };
    uri.set_query(Some("immutable=1"));
    Connection::open_with_flags(uri.as_str(), flags | OpenFlags::SQLITE_OPEN_URI)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, HistoryError> {
    let failed = |error| HistoryError::of(path, &error);
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let is_new = is_ours(&connection, path)?;
    if is_new {
        // Room that pruned runs took goes back to the disk; this has to be said before the tables.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(failed)?;
    }
    log_ahead(&connection).map_err(failed)?;
    // A run that was acknowledged outlives a crash of the machine: one more flush for each.
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Whether it is empty, and ours to fill; an error where it is somebody else's.
fn is_ours(connection: &Connection, path: &Path) -> Result<bool, HistoryError> {
    let (application, tables, version) =
        head(connection).map_err(|error| HistoryError::of(path, &error))?;
    let is_empty = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION && !is_empty {
        return Err(HistoryError::Foreign { path: path.to_owned() });
    }
    if usize::try_from(version).is_ok_and(|version| version > STEPS.len()) {
        return Err(HistoryError::Newer { path: path.to_owned() });
    }
    Ok(is_empty)
}

/// What the file says it is, how many tables and indices it has, and its version: as of one moment,
/// because another process may be making them.
fn head(connection: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let moment = connection.unchecked_transaction()?;
    let number = |text: &str| moment.query_row(text, [], |row| row.get::<_, i64>(0));
    // The first that reads pages of the file begins the moment; a pragma alone may not.
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    Ok((number("PRAGMA application_id")?, tables, number("PRAGMA user_version")?))
}

/// Several processes may turn a new file's log on at once; SQLite does not wait for that by itself.
fn log_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        let turned = connection.pragma_update(None, "journal_mode", "WAL");
        let is_busy = turned
            .as_ref()
            .is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
        if !is_busy || waited >= PATIENCE {
            return turned;
        }
        std::thread::sleep(PAUSE);
        waited += PAUSE;
    }
}

/// Does the steps that are not done yet. Another process may do them at the same time: who comes
/// second finds them done when it looks again.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), HistoryError> {
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    let steps = Migrations::from_slice(STEPS);
    let done = steps.to_latest(connection).or_else(|_| steps.to_latest(connection));
    done.map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => HistoryError::of(path, &err),
        other => HistoryError::Other { path: path.to_owned(), problem: other.to_string() },
    })
}

/// Makes a new file, and its folder, that nobody else can read; old ones stay as they are.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let made = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_sound_and_say_what_the_file_is() {
        Migrations::from_slice(STEPS).validate().expect("they follow from each other");
        let dir = tempfile::tempdir().expect("a directory");
        let connection = make(&dir.path().join("new/history.db")).expect("made");
        let pragma = |name: &str| -> i64 {
            let text = format!("PRAGMA {name}");
            connection.query_row(&text, [], |row| row.get(0)).expect("a number")
        };
        assert_eq!(pragma("application_id"), APPLICATION);
        assert_eq!(pragma("auto_vacuum"), 2);
        assert_eq!(pragma("synchronous"), 2);
        let mode: String =
            connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode");
        assert_eq!(mode, "wal");
    }
}
