//! What is done with past runs.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::params;
use rusqlite::params_from_iter;

use super::error::HistoryError;
use super::file;
use super::filter::RunFilter;
use super::packed::pack;
use super::packed::unpack;
use super::reference::RunRef;
use crate::model::PastRun;
use crate::model::Report;
use crate::model::did_you_mean;

/// Columns of a run, its names among them.
const COLUMNS: &str = "id, started_unix, command, target, plan, plan_hash, version, exit_code, \
    elapsed_ms, requests, failed, findings, report_len, stored_len, \
    (SELECT group_concat(name, ' ' ORDER BY name) FROM names WHERE run = id)";

/// Runs that are removed in one transaction: the log has to hold its pages.
const AT_ONCE: usize = 4;

/// A history, opened.
pub struct History {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
}

impl History {
    /// Opens a file, and makes it (and its folder, both private) where there is none.
    ///
    /// # Errors
    /// [`HistoryError`]; a file that cannot be used is left as it is.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        file::make(path).map(|connection| Self { connection, path: path.to_owned() })
    }

    /// Opens a file that is there, on a medium that cannot be written too.
    ///
    /// # Errors
    /// [`HistoryError::Missing`] where there is none, and as [`Self::open`].
    pub fn existing(path: &Path) -> Result<Self, HistoryError> {
        file::existing(path).map(|connection| Self { connection, path: path.to_owned() })
    }

    /// Keeps a run: all of it, or none. `json` is the report as `format` writes it. Gives its number.
    ///
    /// # Errors
    /// [`HistoryError`]; nothing was kept.
    pub fn add(
        &mut self,
        report: &Report,
        plan: Option<&str>,
        json: &[u8],
    ) -> Result<u64, HistoryError> {
        let packed = pack(json);
        let path = self.path.clone();
        let added = insert(&mut self.connection, report, plan, (json.len(), &packed));
        added.map_err(|error| HistoryError::of(&path, &error))
    }

    /// Runs that a filter lets through, the last one first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn list(&self, filter: &RunFilter) -> Result<Vec<PastRun>, HistoryError> {
        let (clause, values) = filter.clause();
        let list = || -> rusqlite::Result<Vec<PastRun>> {
            let text = format!("SELECT {COLUMNS} FROM runs{clause}");
            let mut statement = self.connection.prepare(&text)?;
            let found = statement.query_map(params_from_iter(&values), past_run)?;
            found.collect()
        };
        list().map_err(|error| self.failed(&error))
    }

    /// The run that is meant.
    ///
    /// # Errors
    /// [`HistoryError::NoSuchRun`] with the nearest name.
    pub fn find(&self, wanted: &RunRef) -> Result<PastRun, HistoryError> {
        let one = |clause: &str, value: &dyn rusqlite::ToSql| {
            let text = format!("SELECT {COLUMNS} FROM runs {clause}");
            self.connection.query_row(&text, [value], past_run).optional()
        };
        let found = match wanted {
            RunRef::Id(id) => one("WHERE id = ?1", &signed(*id)),
            RunRef::Latest(back) => one("ORDER BY id DESC LIMIT 1 OFFSET ?1", &signed(*back)),
            RunRef::Name(name) => one("WHERE id = (SELECT run FROM names WHERE name = ?1)", name),
        };
        match found.map_err(|error| self.failed(&error))? {
            Some(run) => Ok(run),
            None => Err(self.no_such(wanted)),
        }
    }

    /// The report of a run, as it went in.
    ///
    /// # Errors
    /// [`HistoryError::Report`] where it is damaged.
    pub fn report(&self, run: &PastRun) -> Result<Vec<u8>, HistoryError> {
        let text = "SELECT zlib FROM reports WHERE run = ?1";
        let packed: Option<Vec<u8>> = self
            .connection
            .query_row(text, [signed(run.id)], |row| row.get(0))
            .optional()
            .map_err(|error| self.failed(&error))?;
        let Some(packed) = packed else { return Err(self.no_such(&RunRef::Id(run.id))) };
        unpack(&packed, run.report_len).map_err(|problem| HistoryError::Report {
            path: self.path.clone(),
            id: run.id,
            problem,
        })
    }

    /// Removes runs, and gives their room back to the disk: a few at a time, so that it can be done
    /// where hardly any is left.
    ///
    /// # Errors
    /// [`HistoryError`]; each run is whole or gone.
    pub fn remove(&mut self, ids: &[u64]) -> Result<(), HistoryError> {
        let path = self.path.clone();
        remove(&mut self.connection, ids).map_err(|error| HistoryError::of(&path, &error))
    }

    fn no_such(&self, wanted: &RunRef) -> HistoryError {
        let names = self.names().unwrap_or_default();
        let wanted = wanted.to_string();
        let nearest = did_you_mean(&wanted, names.iter().map(String::as_str)).map(str::to_owned);
        HistoryError::NoSuchRun { path: self.path.clone(), wanted, nearest }
    }

    pub(super) fn failed(&self, error: &rusqlite::Error) -> HistoryError {
        HistoryError::of(&self.path, error)
    }
}

fn insert(
    connection: &mut Connection,
    report: &Report,
    plan: Option<&str>,
    (len, packed): (usize, &[u8]),
) -> rusqlite::Result<u64> {
    let (requests, failed) = report.endpoints.iter().fold((0, 0), |(requests, failed), one| {
        (requests + one.total.requests, failed + one.total.failed)
    });
    let run = report.run.as_ref();
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let elapsed = u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX);
    let transaction = connection.transaction()?;
    transaction.execute(
        "INSERT INTO runs (started_unix, command, target, plan, plan_hash, version, exit_code, \
         elapsed_ms, requests, failed, findings, report_len, stored_len) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            run.map_or(0, |run| signed(run.started_unix)),
            text(run.map(|run| &run.command)),
            text(run.map(|run| &run.target)),
            plan,
            text(run.map(|run| &run.plan_hash)),
            text(run.map(|run| &run.version)),
            report.verdict.as_ref().map(|verdict| verdict.exit_code.code()),
            signed(elapsed),
            signed(requests),
            signed(failed),
            signed(report.findings.len() as u64),
            signed(len as u64),
            signed(packed.len() as u64),
        ],
    )?;
    let id = transaction.last_insert_rowid();
    transaction.execute("INSERT INTO reports (run, zlib) VALUES (?1, ?2)", params![id, packed])?;
    transaction.commit()?;
    Ok(id.unsigned_abs())
}

fn remove(connection: &mut Connection, ids: &[u64]) -> rusqlite::Result<()> {
    for few in ids.chunks(AT_ONCE) {
        let transaction = connection.transaction()?;
        for id in few {
            transaction.execute("DELETE FROM runs WHERE id = ?1", [signed(*id)])?;
        }
        transaction.commit()?;
        // What is gone is gone; that its room is given back now is not worth an error.
        let _ = give_back(connection);
    }
    Ok(())
}

fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    // It does a page for each row that is asked for.
    let mut statement = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut pages = statement.query([])?;
    while pages.next()?.is_some() {}
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn past_run(row: &Row<'_>) -> rusqlite::Result<PastRun> {
    let number = |index: usize| row.get::<_, i64>(index).map(i64::unsigned_abs);
    let names: Option<String> = row.get(14)?;
    let names = names.unwrap_or_default();
    Ok(PastRun {
        id: number(0)?,
        names: names.split_whitespace().map(str::to_owned).collect(),
        started_unix: number(1)?,
        command: row.get(2)?,
        target: row.get(3)?,
        plan: row.get(4)?,
        plan_hash: row.get(5)?,
        version: row.get(6)?,
        exit_code: row.get(7)?,
        elapsed: Duration::from_millis(number(8)?),
        requests: number(9)?,
        failed: number(10)?,
        findings: number(11)?,
        report_len: number(12)?,
        stored_len: number(13)?,
    })
}

/// SQLite's numbers have a sign; none of ours gets that far.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_does_not_fit_leaves_the_others_and_room_is_given_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut history = History::open(&dir.path().join("runs.db")).expect("made");
        history.add(&Report::default(), Some("plan.yml"), b"{}").expect("kept");
        let pages = |history: &History| -> i64 {
            let count = history.connection.query_row("PRAGMA page_count", [], |row| row.get(0));
            count.expect("a number")
        };
        let few = pages(&history);
        history.connection.pragma_update(None, "max_page_count", few).expect("a full disk");
        let mut noise: u32 = 1;
        let large: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_be_bytes()[0]
        })
        .take(100_000)
        .collect();
        let full = history.add(&Report::default(), None, &large);
        assert!(matches!(full, Err(HistoryError::Full { .. })), "{full:?}");
        let runs = history.list(&RunFilter::default()).expect("listed");
        assert_eq!(runs.len(), 1);
        assert_eq!(history.report(&runs[0]).expect("whole"), b"{}");
        history.connection.pragma_update(None, "max_page_count", 1_000_000).expect("room");
        assert_eq!(history.add(&Report::default(), None, &large).expect("kept"), 2);
        assert!(pages(&history) > few + 20);
        history.remove(&[2]).expect("removed");
        assert!(pages(&history) <= few + 1, "its room is given back");
    }
}
