//! `report`: a finished run in another format.

use std::io::Read as _;
use std::path::Path;

use crate::format::read_run;
use crate::model::ExitCode;
use crate::model::OutputKind;
use crate::model::Report;

use super::args::FailOn;
use super::ended::Ended;
use super::error::CliError;
use super::history::named_run;
use super::history::read_run_of;
use super::outputs::write_file;
use super::plans;
use super::report_args::ReportArgs;
use super::report_args::ReportFormat;
use super::terminal::Terminal;

/// Renders and writes. The exit code says whether that worked, not what the run came to, unless a gate
/// is asked for.
pub(super) fn run(args: &ReportArgs, terminal: &Terminal) -> Result<Ended, CliError> {
    let mut report = read(&args.file)?;
    let gate = match args.fail_on {
        FailOn::Never => None,
        FailOn::From(severity) => Some(plans::findings_gate(severity)),
    };
    let baseline = args.baseline.as_deref().map(read).transpose()?;
    crate::run::look_again(&mut report, baseline.as_ref(), gate.as_ref());
    write_file(&args.output, &rendered(args.format, &report, &args.output, terminal))?;
    for (kind, path) in args.files() {
        write_file(path, &file(kind, &report))?;
    }
    if gate.is_none() {
        return Ok(ExitCode::Passed.into());
    }
    let code = report.verdict.as_ref().map_or(ExitCode::Passed, |verdict| verdict.exit_code);
    Ok(Ended::with(code, &report))
}

/// A report in that format, as it looks where it goes.
pub(super) fn rendered(
    format: ReportFormat,
    report: &Report,
    output: &Path,
    terminal: &Terminal,
) -> Vec<u8> {
    match format {
        ReportFormat::Text => {
            let style = terminal.style(output == Path::new("-") && terminal.stdout);
            crate::report::summary(report, style).into_bytes()
        }
        ReportFormat::File(kind) => file(kind, report),
    }
}

fn file(kind: OutputKind, report: &Report) -> Vec<u8> {
    crate::report::render(kind, report)
        .expect("the argument parser refuses the one format that cannot be rendered")
}

/// Reads a report, an event log or Nuclei's results; `-` is standard input, `history:RUN` a past run.
///
/// # Errors
/// [`CliError::Unreadable`] or [`CliError::Format`], with the path.
pub(super) fn read(path: &Path) -> Result<Report, CliError> {
    if let Some(run) = named_run(path) {
        return read_run_of(None, run);
    }
    let mut bytes = Vec::new();
    let outcome = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    outcome.map_err(|source| CliError::Unreadable { path: path.to_owned(), source })?;
    read_run(&bytes).map_err(|source| CliError::Format { path: path.to_owned(), source })
}
