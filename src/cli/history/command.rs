//! `history`: which of its parts is meant, and the small ones of them.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::outputs::write_file;
use crate::cli::outputs::write_stdout;
use crate::cli::report::rendered;
use crate::cli::terminal::Terminal;
use crate::format::report;
use crate::model::ExitCode;
use crate::store::History;
use crate::store::RunRef;

use super::args::HistoryCommand;
use super::args::HistoryCommandArgs;
use super::args::ListArgs;
use super::args::NameArgs;
use super::args::ShowArgs;
use super::export;
use super::list;
use super::place::looked_at;
use super::prune;
use super::trend;

/// Does what is asked for.
pub(in crate::cli) fn run(
    args: &HistoryCommandArgs,
    terminal: &Terminal,
) -> Result<ExitCode, CliError> {
    let path = looked_at(args.history.as_deref())?;
    match args.command.as_ref().unwrap_or(&HistoryCommand::List(ListArgs::default())) {
        HistoryCommand::List(args) => list::run(args, &path, terminal),
        HistoryCommand::Show(args) => show(args, &path, terminal),
        HistoryCommand::Trend(args) => trend::run(args, &path, terminal),
        HistoryCommand::Name(args) => name(args, &path),
        HistoryCommand::Export(args) => export::run(args, &path),
        HistoryCommand::Prune(args) => prune::run(args, &path),
    }?;
    Ok(ExitCode::Passed)
}

fn show(args: &ShowArgs, path: &Path, terminal: &Terminal) -> Result<(), CliError> {
    let history = History::existing(path)?;
    let run = history.find(&RunRef::parse(&args.run)?)?;
    let bytes = history.report(&run)?;
    let report = report::read(&bytes)
        .map_err(|source| CliError::Format { path: path.to_owned(), source })?;
    let bytes = rendered(args.format, &report, &args.output, terminal);
    write_file(&args.output, &bytes)
}

fn name(args: &NameArgs, path: &Path) -> Result<(), CliError> {
    let mut history = History::existing(path)?;
    if let Some(name) = &args.remove {
        let run = history.unname(name)?;
        return write_stdout(format!("run {} is no longer called {name}\n", run.id).as_bytes());
    }
    // The parser asks for both where there is no --remove.
    let (Some(run), Some(name)) = (&args.run, &args.name) else { return Ok(()) };
    let run = history.find(&RunRef::parse(run)?)?;
    let before = history.name(&run, name)?;
    let before = before.map(|id| format!(" (it was run {id})")).unwrap_or_default();
    let text = format!("run {} is called {name}{before}: --baseline history:{name}\n", run.id);
    write_stdout(text.as_bytes())
}
