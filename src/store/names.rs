//! Names of runs: by them, baselines are found.

use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::error::HistoryError;
use super::history::History;
use super::history::signed;
use super::reference::RunRef;
use super::reference::run_name;
use crate::model::PastRun;

impl History {
    /// Every name, in alphabetical order.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn names(&self) -> Result<Vec<String>, HistoryError> {
        let names = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare("SELECT name FROM names ORDER BY name")?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        names().map_err(|error| self.failed(&error))
    }

    /// Gives a run a name; gives the run that had it until now.
    ///
    /// # Errors
    /// [`HistoryError::Name`] for what cannot be one.
    pub fn name(&mut self, run: &PastRun, name: &str) -> Result<Option<u64>, HistoryError> {
        let name = run_name(name)?;
        let mut set = || -> rusqlite::Result<Option<i64>> {
            let transaction = self.connection.transaction()?;
            let before = "SELECT run FROM names WHERE name = ?1";
            let before = transaction.query_row(before, [&name], |row| row.get(0)).optional()?;
            let text = "INSERT INTO names (name, run) VALUES (?1, ?2) \
                        ON CONFLICT (name) DO UPDATE SET run = excluded.run";
            transaction.execute(text, params![name, signed(run.id)])?;
            transaction.commit()?;
            Ok(before)
        };
        let before = set().map_err(|error| HistoryError::of(&self.path, &error))?;
        Ok(before.map(i64::unsigned_abs).filter(|before| *before != run.id))
    }

    /// Takes a name away; the run stays.
    ///
    /// # Errors
    /// [`HistoryError::NoSuchRun`] where no run has it.
    pub fn unname(&mut self, name: &str) -> Result<PastRun, HistoryError> {
        let name = run_name(name)?;
        let run = self.find(&RunRef::Name(name.clone()))?;
        let removed = self.connection.execute("DELETE FROM names WHERE name = ?1", [name]);
        removed.map_err(|error| self.failed(&error))?;
        Ok(run)
    }
}
