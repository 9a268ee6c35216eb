//! `report`: a finished run in another format.

use std::io::Read as _;
use std::path::Path;

use crate::format::read_run;
use crate::model::ExitCode;
use crate::model::Report;
use crate::report::Style;

use super::args::ReportArgs;
use super::args::ReportFormat;
use super::error::CliError;
use super::outputs::write_file;
use super::terminal::Terminal;

/// Renders and writes. The exit code says whether that worked, not what the run came to.
pub(super) fn run(args: &ReportArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let report = read(&args.file)?;
    let to_terminal = args.output == Path::new("-") && terminal.stdout;
    let bytes = match args.format {
        ReportFormat::Text => {
            let style = Style {
                color: terminal.color_on(to_terminal),
                unicode: terminal.unicode,
                width: terminal.width,
                unit: None,
            };
            crate::report::summary(&report, style).into_bytes()
        }
        ReportFormat::File(kind) => crate::report::render(kind, &report)
            .expect("the argument parser refuses the one format that cannot be rendered"),
    };
    write_file(&args.output, &bytes)?;
    Ok(ExitCode::Passed)
}

/// Reads a report or an event log; `-` is standard input.
///
/// # Errors
/// [`CliError::Unreadable`] or [`CliError::Format`], with the path.
pub(super) fn read(path: &Path) -> Result<Report, CliError> {
    let mut bytes = Vec::new();
    let outcome = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    outcome.map_err(|source| CliError::Unreadable { path: path.to_owned(), source })?;
    read_run(&bytes).map_err(|source| CliError::Format { path: path.to_owned(), source })
}
