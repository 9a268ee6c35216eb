//! `view`: a run from a file in the terminal UI, whether it is over or still going on.

use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;

use crate::format::is_event;
use crate::model::ExitCode;
use crate::ui::tui::LogTail;
use crate::ui::tui::TailError;
use crate::ui::tui::Writer;

use super::args::ViewArgs;
use super::error::CliError;
use super::execute::theme;
use super::report::read;
use super::snapshots::Snapshots;
use super::terminal::Terminal;

/// How the lines of an event log begin, as we write them.
const BEGINNING: &[u8] = br#"{"v":"#;

/// Opens the terminal UI until `q`.
pub(super) fn run(args: &ViewArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let path = &args.file;
    let snapshots = Snapshots::new(Vec::new(), terminal.unit);
    let write: Writer = Box::new(move |report| snapshots.write(report));
    if is_log(path)? {
        let log = LogTail::open(path).map_err(|error| match error {
            TailError::Io(source) => CliError::Unreadable { path: path.clone(), source },
            TailError::Format(source) => CliError::Format { path: path.clone(), source },
        })?;
        needs_terminal(path, terminal)?;
        crate::ui::tui::follow(log, theme(terminal), write).map_err(CliError::Terminal)?;
    } else {
        let report = read(path)?;
        needs_terminal(path, terminal)?;
        crate::ui::tui::view(report, theme(terminal), write).map_err(CliError::Terminal)?;
    }
    Ok(ExitCode::Passed)
}

/// Whether a file is an event log, or may become one: its run has only begun. What cannot be followed
/// (standard input, a pipe) is read as a whole.
fn is_log(path: &Path) -> Result<bool, CliError> {
    if !path.is_file() {
        return Ok(false);
    }
    let mut line = Vec::new();
    let read = File::open(path).and_then(|file| BufReader::new(file).read_until(b'\n', &mut line));
    read.map_err(|source| CliError::Unreadable { path: path.to_owned(), source })?;
    let is_whole = line.last() == Some(&b'\n');
    Ok(is_event(&line) || !is_whole && (line.is_empty() || line.starts_with(BEGINNING)))
}

fn needs_terminal(path: &Path, terminal: &Terminal) -> Result<(), CliError> {
    if terminal.can_show_tui() {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "view needs a terminal; `shakedown report {}` prints the same run",
        path.display()
    )))
}
