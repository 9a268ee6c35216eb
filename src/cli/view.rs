//! `view`: a finished run in the terminal UI.

use crate::model::ExitCode;

use super::args::ViewArgs;
use super::error::CliError;
use super::execute::theme;
use super::report::read;
use super::terminal::Terminal;

/// Opens the terminal UI until `q`.
pub(super) fn run(args: &ViewArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let report = read(&args.file)?;
    if !terminal.can_show_tui() {
        return Err(CliError::Usage(format!(
            "view needs a terminal; `shakedown report {}` prints the same run",
            args.file.display()
        )));
    }
    crate::ui::tui::view(report, theme(terminal)).map_err(CliError::Terminal)?;
    Ok(ExitCode::Passed)
}
