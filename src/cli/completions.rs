//! `completions`: scripts for shells.

use clap::CommandFactory as _;

use crate::model::ExitCode;

use super::args::Cli;
use super::args::CompletionsArgs;
use super::error::CliError;
use super::outputs::write_stdout;

/// Prints the script.
pub(super) fn run(args: &CompletionsArgs) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "shakedown", &mut script);
    write_stdout(&script)?;
    Ok(ExitCode::Passed)
}
