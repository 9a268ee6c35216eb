//! What a crawl or scan has done, kept in a file of its own, so that it can go on after it was killed.
//!
//! Every answer is written before anybody acts upon it. Who goes on does the same work again with the
//! same seed, and whatever was answered before is answered from the file: the site model, the checks
//! that were done and their findings come out as they were, and only what was in flight is sent once
//! more. Replaying answers instead of storing what was concluded from them keeps one source of truth:
//! no state of any part has to be stored, and none can be forgotten. A page costs about a millisecond.
//!
//! Logins are not kept: who goes on logs in anew. What failed is tried again. The file has what the
//! target has answered, unredacted, and is readable by its owner alone.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;
use tokio::sync::mpsc;

use super::wire::Sending;
use super::wire::Wire;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::HttpVersion;
use crate::model::InScope;
use crate::model::Request;
use crate::model::Response;
use crate::model::Seed;
use crate::model::Timings;

/// What the file is; another number is another program's, or another version's.
const VERSION: i64 = 0x5D_0001;

/// Answers on their way to the file.
const QUEUE: usize = 64;

/// Longest body that is read back: what the client reads at most, and some room.
const MAX_BODY: u64 = 64 << 20;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY, request INTEGER NOT NULL, status INTEGER NOT NULL, reason TEXT NOT NULL,
    version TEXT NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL, wire_len INTEGER NOT NULL,
    truncated INTEGER NOT NULL, duration_us INTEGER NOT NULL
) STRICT;
";

/// Why a file cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It cannot be opened or made.
    #[error("opening {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: rusqlite::Error,
    },
    /// It is no such file.
    #[error("{} is no file of a crawl or scan that could go on, or one of another version", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is one of another target.
    #[error("{} belongs to {target}", path.display())]
    OtherTarget {
        /// The file.
        path: PathBuf,
        /// What it was made for.
        target: String,
    },
    /// It could not be written.
    #[error("writing what was done")]
    Write(#[source] rusqlite::Error),
}

/// The file.
pub struct Record {
    seed: Seed,
    known: Mutex<Known>,
    /// `None` once it is closed.
    writer: Mutex<Option<mpsc::Sender<Entry>>>,
    thread: Mutex<Option<JoinHandle<rusqlite::Result<()>>>>,
}

/// Answers of earlier runs that were not asked for yet, in order.
struct Known {
    connection: Connection,
    rows: HashMap<i64, VecDeque<i64>>,
    count: usize,
}

struct Entry {
    request: i64,
    response: Response,
    duration: Duration,
}

impl Record {
    /// Opens a file, or makes it for a target; a run that goes on has the seed of the first.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn open(path: &Path, target: &str, seed: Seed) -> Result<Self, RecordError> {
        let open = |cause| RecordError::Open { path: path.to_owned(), cause };
        private(path);
        let connection = connect(path).map_err(open)?;
        let version: i64 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(open)?;
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(open)?;
        if version != VERSION && (version != 0 || tables != 0) {
            return Err(RecordError::Foreign { path: path.to_owned() });
        }
        connection.execute_batch(SCHEMA).map_err(open)?;
        connection.pragma_update(None, "user_version", VERSION).map_err(open)?;
        let known_target = remembered(&connection, "target", target).map_err(open)?;
        if known_target != target {
            return Err(RecordError::OtherTarget { path: path.to_owned(), target: known_target });
        }
        let seed = remembered(&connection, "seed", &seed.0.to_string()).map_err(open)?;
        let seed = seed.parse().map_err(|_| RecordError::Foreign { path: path.to_owned() })?;
        let rows = rows(&connection).map_err(open)?;
        let count = rows.values().map(VecDeque::len).sum();
        let writing = connect(path).map_err(open)?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let thread = std::thread::spawn(move || write(writing, receiver));
        Ok(Self {
            seed: Seed(seed),
            known: Mutex::new(Known { connection, rows, count }),
            writer: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The seed of the run that made the file.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Answers of earlier runs.
    pub fn answers(&self) -> usize {
        self.known.lock().expect("no holder panics").count
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// What could not be written.
    pub fn close(&self) -> Result<(), RecordError> {
        drop(self.writer.lock().expect("no holder panics").take());
        let thread = self.thread.lock().expect("no holder panics").take();
        match thread.map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(RecordError::Write(error)),
            // A bug of ours: let it be seen.
            Some(Err(fault)) => std::panic::resume_unwind(fault),
        }
    }

    fn take(&self, request: &Request) -> Option<Exchange> {
        let mut known = self.known.lock().expect("no holder panics");
        let known = &mut *known;
        let row = known.rows.get_mut(&key(request))?.pop_front()?;
        // What cannot be read is asked for again.
        let (response, duration) = read(&known.connection, row).ok().flatten()?;
        Some(Exchange {
            request: request.clone(),
            outcome: Ok(response),
            timings: Timings { wait: duration, ..Timings::default() },
            peer: None,
            tls: None,
        })
    }

    async fn keep(&self, exchange: &Exchange) {
        let Some(response) = exchange.response() else { return };
        let writer = self.writer.lock().expect("no holder panics").clone();
        if let Some(writer) = writer {
            let entry = Entry {
                request: key(&exchange.request),
                response: response.clone(),
                duration: exchange.timings.duration(),
            };
            // A writer that is gone has failed: `close` says why.
            let _gone = writer.send(entry).await;
        }
    }
}

/// A wire with a memory.
pub(super) struct Recorded {
    pub(super) wire: Arc<dyn Wire>,
    pub(super) record: Arc<Record>,
}

impl Wire for Recorded {
    fn send(&self, request: InScope) -> Sending<'_> {
        Box::pin(async move {
            if let Some(exchange) = self.record.take(request.request()) {
                // A crawl of nothing but known answers must leave room for others.
                tokio::task::yield_now().await;
                return exchange;
            }
            let exchange = self.wire.send(request).await;
            self.record.keep(&exchange).await;
            exchange
        })
    }
}

/// Makes a new file that nobody else can read; an old one stays as it is.
fn private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    // Whether it can be opened at all is for SQLite to say.
    let _file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // What is committed outlives the process; only a crash of the machine may cost the last pages.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// What the file says of itself, or is told now.
fn remembered(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<String> {
    connection.execute("INSERT OR IGNORE INTO about VALUES (?1, ?2)", params![name, value])?;
    connection.query_row("SELECT value FROM about WHERE name = ?1", [name], |row| row.get(0))
}

fn rows(connection: &Connection) -> rusqlite::Result<HashMap<i64, VecDeque<i64>>> {
    let mut rows: HashMap<i64, VecDeque<i64>> = HashMap::new();
    let mut statement = connection.prepare("SELECT id, request FROM answers ORDER BY id")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for row in found {
        let (id, request) = row?;
        rows.entry(request).or_default().push_back(id);
    }
    Ok(rows)
}

/// The same for the same request. Cookies and credentials are left out, because those of the next
/// login differ.
fn key(request: &Request) -> i64 {
    let mut hasher = std::hash::DefaultHasher::new();
    (request.origin.to_string(), request.method.as_str()).hash(&mut hasher);
    (&request.path_and_query, &request.body).hash(&mut hasher);
    hasher.finish().cast_signed()
}

fn write(mut connection: Connection, mut entries: mpsc::Receiver<Entry>) -> rusqlite::Result<()> {
    while let Some(entry) = entries.blocking_recv() {
        let transaction = connection.transaction()?;
        insert(&transaction, &entry)?;
        // Whatever else is waiting goes along: a commit costs more than an answer.
        while let Ok(entry) = entries.try_recv() {
            insert(&transaction, &entry)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let response = &entry.response;
    let mut head = Vec::new();
    for header in &response.headers {
        head.extend_from_slice(header.name.as_bytes());
        head.push(b':');
        head.extend_from_slice(&header.value);
        head.push(b'\n');
    }
    let mut body = DeflateEncoder::new(Vec::new(), Compression::fast());
    body.write_all(&response.body).expect("a vector takes everything");
    let body = body.finish().expect("a vector takes everything");
    let mut statement = connection.prepare_cached(
        "INSERT INTO answers (request, status, reason, version, head, body, wire_len, truncated, \
         duration_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    statement.execute(params![
        entry.request,
        response.status,
        response.reason,
        response.version.number(),
        head,
        body,
        i64::try_from(response.wire_len).unwrap_or(i64::MAX),
        response.truncated,
        i64::try_from(entry.duration.as_micros()).unwrap_or(i64::MAX),
    ])?;
    Ok(())
}

/// `None` for what is not readable as an answer.
fn read(connection: &Connection, id: i64) -> rusqlite::Result<Option<(Response, Duration)>> {
    let mut statement = connection.prepare_cached(
        "SELECT status, reason, version, head, body, wire_len, truncated, duration_us FROM answers \
         WHERE id = ?1",
    )?;
    let read = statement
        .query_row([id], |row| {
            let (version, head, packed): (String, Vec<u8>, Vec<u8>) =
                (row.get(2)?, row.get(3)?, row.get(4)?);
            let mut body = Vec::new();
            let unpacked =
                DeflateDecoder::new(packed.as_slice()).take(MAX_BODY).read_to_end(&mut body);
            let (Ok(_), Some(version)) = (unpacked, HttpVersion::parse(&version)) else {
                return Ok(None);
            };
            let (wire_len, duration): (i64, i64) = (row.get(5)?, row.get(7)?);
            let response = Response {
                status: row.get(0)?,
                reason: row.get(1)?,
                version,
                headers: headers(&head),
                body,
                wire_len: wire_len.unsigned_abs(),
                truncated: row.get(6)?,
            };
            Ok(Some((response, Duration::from_micros(duration.unsigned_abs()))))
        })
        .optional()?;
    Ok(read.flatten())
}

fn headers(head: &[u8]) -> Vec<Header> {
    head.split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8_lossy(&line[..colon]).into_owned();
            Some(Header::new(name, &line[colon + 1..]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn exchange(path: &str, body: &str) -> Exchange {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let response = Response {
            status: 200,
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
            headers: vec![
                Header::new("Content-Type", "text/html"),
                Header::new("X", b"\xff:".as_slice()),
            ],
            body: body.as_bytes().to_vec(),
            wire_len: 99,
            truncated: true,
        };
        let timings = Timings { wait: Duration::from_millis(7), ..Timings::default() };
        let request = Request::get(origin, path);
        Exchange { request, outcome: Ok(response), timings, peer: None, tls: None }
    }

    #[tokio::test]
    async fn answers_come_back_whole_in_their_order_and_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("state.db");
        let first = Record::open(&path, "http://h/", Seed(7)).expect("made");
        for body in ["one", "two"] {
            first.keep(&exchange("/a", body)).await;
        }
        first.close().expect("written");
        let again = Record::open(&path, "http://h/", Seed(8)).expect("opened");
        assert_eq!((again.seed(), again.answers()), (Seed(7), 2));
        let request = exchange("/a", "").request;
        for body in ["one", "two"] {
            let known = again.take(&request).expect("known");
            assert_eq!(known.outcome, exchange("/a", body).outcome);
            assert_eq!(known.timings.duration(), Duration::from_millis(7));
        }
        assert!(again.take(&request).is_none());
        assert!(again.take(&exchange("/b", "").request).is_none());
    }

    #[test]
    fn files_of_others_are_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("state.db");
        drop(Record::open(&path, "http://h/", Seed(7)).expect("made"));
        let other = Record::open(&path, "http://other/", Seed(7)).err().expect("refused");
        assert!(matches!(other, RecordError::OtherTarget { .. }), "{other}");
        let text = dir.path().join("notes.txt");
        std::fs::write(&text, "not a database at all, but some text").expect("writable");
        assert!(Record::open(&text, "http://h/", Seed(7)).is_err());
        let foreign = dir.path().join("foreign.db");
        let connection = Connection::open(&foreign).expect("made");
        connection.execute_batch("CREATE TABLE mine (a)").expect("made");
        let refused = Record::open(&foreign, "http://h/", Seed(7)).err().expect("refused");
        assert!(matches!(refused, RecordError::Foreign { .. }), "{refused}");
    }
}
