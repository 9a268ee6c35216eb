//! What `w` in the terminal UI writes: the report as far as it is.

use std::error::Error as _;
use std::path::PathBuf;

use crate::model::OutputKind;
use crate::model::Report;
use crate::model::TimeUnit;

use super::outputs::render;
use super::outputs::write_file;

/// Where the report goes that a user asks for in between.
pub(super) struct Snapshots {
    files: Vec<(OutputKind, PathBuf)>,
    unit: Option<TimeUnit>,
}

impl Snapshots {
    /// To the files that the whole report will replace when the run is over; to one of its own where
    /// there is none.
    pub(super) fn new(files: Vec<(OutputKind, PathBuf)>, unit: Option<TimeUnit>) -> Self {
        Self { files, unit }
    }

    /// Writes them, each by temporary file and rename, and says which.
    ///
    /// # Errors
    /// Why the first that could not be written was not.
    pub(super) fn write(&self, report: &Report) -> Result<String, String> {
        let own = own_file(report).ok_or("the run has not begun: there is nothing to write")?;
        let own = [(OutputKind::Json, own)];
        let files = if self.files.is_empty() { own.as_slice() } else { &self.files };
        let mut written = Vec::new();
        for (kind, path) in files {
            write_file(path, &render(*kind, report, self.unit)).map_err(|error| {
                let why = error.source().map(|why| format!(": {why}")).unwrap_or_default();
                format!("{error}{why}")
            })?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            written.push(name.unwrap_or_default());
        }
        let so_far = if report.verdict.is_some() { "" } else { " as far as the run is" };
        Ok(format!("wrote {}{so_far}", written.join(", ")))
    }
}

/// In the working directory, named by the command and its start: a second `w` replaces the first, and
/// no other run's file.
fn own_file(report: &Report) -> Option<PathBuf> {
    let run = report.run.as_ref()?;
    let started = i64::try_from(run.started_unix).ok();
    let started = started.and_then(|at| jiff::Timestamp::from_second(at).ok()).unwrap_or_default();
    let started = started.strftime("%Y%m%dT%H%M%SZ");
    // A report from a file may call its command anything.
    let command: String =
        run.command.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    Some(PathBuf::from(format!("shakedown-{command}-{started}.json")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::read_run;
    use crate::model::Event;
    use crate::model::Headline;
    use crate::model::RunInfo;
    use crate::model::Stamped;

    fn begun(command: &str) -> Report {
        let run = RunInfo {
            version: String::new(),
            command: command.to_owned(),
            target: "http://127.0.0.1/".to_owned(),
            started_unix: 1_700_000_000,
            seed: 0,
            plan_hash: String::new(),
            host: String::new(),
            authorised_by: None,
            planned: None,
            headline: Headline::default(),
            cost: None,
            part: None,
            zero_unix_ms: None,
            trace_link: None,
        };
        let at = std::time::Duration::ZERO;
        Report::of(&[Stamped { seq: 0, at, event: Event::RunStarted(run) }])
    }

    #[test]
    fn the_outputs_of_the_run_are_written_before_it_is_over() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("run.json");
        let snapshots = Snapshots::new(vec![(OutputKind::Json, path.clone())], None);
        let report = begun("load");
        let said = snapshots.write(&report).expect("writable");
        assert_eq!(said, "wrote run.json as far as the run is");
        let read = read_run(&std::fs::read(&path).expect("written")).expect("a report");
        assert_eq!(read.run, report.run);
    }

    #[test]
    fn what_cannot_be_written_is_told_with_the_reason() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let below_a_file = dir.path().join("file");
        std::fs::write(&below_a_file, "").expect("writable");
        let files = vec![(OutputKind::Json, below_a_file.join("run.json"))];
        let why = Snapshots::new(files, None).write(&begun("load")).expect_err("no directory");
        assert!(why.contains("run.json"), "{why}");
        let why = Snapshots::new(Vec::new(), None).write(&Report::default());
        assert!(why.is_err_and(|why| why.contains("not begun")));
    }

    #[test]
    fn a_file_of_its_own_is_named_by_the_run_and_stays_where_we_are() {
        let name = |command| own_file(&begun(command)).map(|path| path.display().to_string());
        assert_eq!(name("load").as_deref(), Some("shakedown-load-20231114T221320Z.json"));
        assert_eq!(name("../../x").as_deref(), Some("shakedown-x-20231114T221320Z.json"));
    }
}
