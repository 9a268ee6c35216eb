//! The file: SQLite, one table of answers, one of the order in which they were taken in, and those of
//! what templates have done.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::params;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::answer;
use super::outcome;
use super::outcome::SealedOutcome;
use super::sealed::Sealed;
use crate::model::Seed;

/// What the file is; another number is another program's, or another version's.
const VERSION: i64 = 0x5D_0003;

/// Entries on their way to the file.
const QUEUE: usize = 64;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY, item INTEGER NOT NULL, at_us INTEGER NOT NULL
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
    turns: Vec<Turn>,
    count: usize,
    /// Templates that an earlier run is done with.
    templates: HashSet<i64>,
}

/// Something was taken in by a crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// What it was.
    pub(crate) item: i64,
    /// When, since the crawl began.
    pub(crate) at: Duration,
}

enum Entry {
    Answer {
        request: i64,
        answer: Box<Sealed>,
        /// Told once it is in the file.
        written: oneshot::Sender<()>,
    },
    Turn(Turn),
    Outcome {
        key: i64,
        outcome: Box<SealedOutcome>,
        /// Told once it is in the file.
        written: oneshot::Sender<()>,
    },
    /// What was answered until now was answered to whom it was meant for.
    Proven,
    /// What was answered since may not have been.
    Doubt,
}

/// What writes the file.
struct Writer {
    connection: Connection,
    /// The last answer and the last turn that are beyond doubt.
    proven: (i64, i64),
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
        connection.execute_batch(answer::SCHEMA).map_err(open)?;
        connection.execute_batch(outcome::SCHEMA).map_err(open)?;
        connection.pragma_update(None, "user_version", VERSION).map_err(open)?;
        let known_target = remembered(&connection, "target", target).map_err(open)?;
        if known_target != target {
            return Err(RecordError::OtherTarget { path: path.to_owned(), target: known_target });
        }
        let seed = remembered(&connection, "seed", &seed.0.to_string()).map_err(open)?;
        let seed = seed.parse().map_err(|_| RecordError::Foreign { path: path.to_owned() })?;
        let rows = rows(&connection).map_err(open)?;
        let turns = turns(&connection).map_err(open)?;
        let count = rows.values().map(VecDeque::len).sum();
        let templates = outcome::keys(&connection).map_err(open)?;
        let writing = connect(path).map_err(open)?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let writer = Writer { connection: writing, proven: (0, 0) };
        let thread = std::thread::spawn(move || writer.run(receiver));
        Ok(Self {
            seed: Seed(seed),
            known: Mutex::new(Known { connection, rows, turns, count, templates }),
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

    /// Templates that an earlier run is done with, counted for each target and known request.
    pub fn templates(&self) -> usize {
        self.known.lock().expect("no holder panics").templates.len()
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

    pub(super) fn take(&self, request: i64) -> Option<Sealed> {
        let mut known = self.known.lock().expect("no holder panics");
        let known = &mut *known;
        let row = known.rows.get_mut(&request)?.pop_front()?;
        // What cannot be read is asked for again.
        answer::read(&known.connection, row).ok().flatten()
    }

    pub(super) fn turns(&self) -> Vec<Turn> {
        std::mem::take(&mut self.known.lock().expect("no holder panics").turns)
    }

    /// Returns when it is in the file, or cannot get there: `close` says why.
    pub(super) async fn keep(&self, request: i64, answer: Sealed) {
        let (written, is_written) = oneshot::channel();
        self.enter(Entry::Answer { request, answer: Box::new(answer), written }).await;
        let _gone = is_written.await;
    }

    /// What an earlier run did with a template, if it was done with it.
    pub(super) fn outcome(&self, key: i64) -> Option<SealedOutcome> {
        let known = self.known.lock().expect("no holder panics");
        known.templates.contains(&key).then_some(())?;
        // What cannot be read is done again.
        outcome::read(&known.connection, key).ok().flatten()
    }

    /// As [`Self::keep`].
    pub(super) async fn keep_outcome(&self, key: i64, outcome: SealedOutcome) {
        let (written, is_written) = oneshot::channel();
        self.enter(Entry::Outcome { key, outcome: Box::new(outcome), written }).await;
        let _gone = is_written.await;
    }

    pub(super) async fn note(&self, turn: Turn) {
        self.enter(Entry::Turn(turn)).await;
    }

    pub(super) async fn prove(&self) {
        self.enter(Entry::Proven).await;
    }

    pub(super) async fn doubt(&self) {
        self.enter(Entry::Doubt).await;
    }

    async fn enter(&self, entry: Entry) {
        let writer = self.writer.lock().expect("no holder panics").clone();
        if let Some(writer) = writer {
            // A writer that is gone has failed: `close` says why.
            let _gone = writer.send(entry).await;
        }
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

fn turns(connection: &Connection) -> rusqlite::Result<Vec<Turn>> {
    let mut statement = connection.prepare("SELECT item, at_us FROM turns ORDER BY id")?;
    let found = statement.query_map([], |row| {
        let at: i64 = row.get(1)?;
        Ok(Turn { item: row.get(0)?, at: Duration::from_micros(at.unsigned_abs()) })
    })?;
    found.collect()
}

impl Writer {
    fn run(mut self, mut entries: mpsc::Receiver<Entry>) -> rusqlite::Result<()> {
        // Whatever an earlier run has left is not doubted by this one.
        self.proven = ends(&self.connection)?;
        while let Some(entry) = entries.blocking_recv() {
            let transaction = self.connection.transaction()?;
            let mut waiting = Vec::new();
            waiting.extend(write(&transaction, &mut self.proven, entry)?);
            // Whatever else is waiting goes along: a commit costs more than an answer.
            while waiting.len() < QUEUE
                && let Ok(entry) = entries.try_recv()
            {
                waiting.extend(write(&transaction, &mut self.proven, entry)?);
            }
            transaction.commit()?;
            for written in waiting {
                // Who waited for it may have been cancelled.
                let _gone = written.send(());
            }
        }
        Ok(())
    }
}

/// Gives who waits for it.
fn write(
    connection: &Connection,
    proven: &mut (i64, i64),
    entry: Entry,
) -> rusqlite::Result<Option<oneshot::Sender<()>>> {
    match entry {
        Entry::Answer { request, answer, written } => {
            answer::insert(connection, request, &answer)?;
            return Ok(Some(written));
        }
        Entry::Outcome { key, outcome, written } => {
            outcome::insert(connection, key, &outcome)?;
            return Ok(Some(written));
        }
        Entry::Turn(turn) => {
            let at = i64::try_from(turn.at.as_micros()).unwrap_or(i64::MAX);
            let mut statement =
                connection.prepare_cached("INSERT INTO turns (item, at_us) VALUES (?1, ?2)")?;
            statement.execute(params![turn.item, at])?;
        }
        Entry::Proven => *proven = ends(connection)?,
        Entry::Doubt => {
            connection.execute("DELETE FROM answers WHERE id > ?1", [proven.0])?;
            connection.execute("DELETE FROM turns WHERE id > ?1", [proven.1])?;
        }
    }
    Ok(None)
}

/// The last answer and the last turn.
fn ends(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let text = "SELECT (SELECT coalesce(max(id), 0) FROM answers), \
                (SELECT coalesce(max(id), 0) FROM turns)";
    connection.query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

#[cfg(test)]
mod tests {
    use super::super::sealed::Cookies;
    use super::*;
    use crate::model::HttpVersion;
    use crate::model::Redactor;
    use crate::model::Response;

    fn answer(body: &str) -> Sealed {
        let response = Response {
            status: 200,
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            wire_len: 99,
            truncated: true,
        };
        Sealed::of(&response, Duration::from_millis(7), &Redactor::default(), Cookies::Anybodys)
    }

    #[tokio::test]
    async fn answers_come_back_whole_in_their_order_and_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("state.db");
        let first = Record::open(&path, "http://h/", Seed(7)).expect("made");
        for body in ["one", "two"] {
            first.keep(1, answer(body)).await;
        }
        let turn = Turn { item: 1, at: Duration::from_millis(5) };
        first.note(turn).await;
        first.prove().await;
        first.keep(3, answer("nobody")).await;
        first.note(Turn { item: 3, at: Duration::from_millis(6) }).await;
        first.doubt().await;
        first.keep(3, answer("somebody")).await;
        first.close().expect("written");
        let again = Record::open(&path, "http://h/", Seed(8)).expect("opened");
        assert_eq!((again.seed(), again.answers()), (Seed(7), 3));
        for body in ["one", "two"] {
            assert_eq!(again.take(1).expect("known"), answer(body));
        }
        assert!(again.take(1).is_none());
        assert!(again.take(2).is_none());
        assert_eq!(again.take(3), Some(answer("somebody")));
        assert_eq!(again.turns(), [turn]);
        assert_eq!(again.turns(), []);
    }

    #[tokio::test]
    async fn an_answer_is_in_the_file_before_anybody_acts_upon_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("state.db");
        let first = Record::open(&path, "http://h/", Seed(7)).expect("made");
        first.keep(1, answer("one")).await;
        // Nothing was closed, as after `kill -9`.
        let again = Record::open(&path, "http://h/", Seed(7)).expect("opened");
        assert_eq!(again.answers(), 1);
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
