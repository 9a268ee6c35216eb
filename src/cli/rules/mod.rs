//! `rules`: templates and rules by themselves: run, listed, shown, validated, tested.

mod args;
mod config;
mod foreign;
mod list;
mod run;
mod show;
mod spelling;
mod test;
mod validate;

use crate::model::ExitCode;

use super::error::CliError;
use super::terminal::Terminal;

pub(super) use args::RulesArgs;
pub(super) use config::with_config;
pub(super) use foreign::instead_of;
pub(super) use spelling::respelt;

use args::RulesCommand;

/// Runs the command.
pub(super) fn run(args: RulesArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    match args.command {
        RulesCommand::Run(args) => run::run(&args, terminal),
        RulesCommand::List(args) => list::run(&args),
        RulesCommand::Show(args) => show::run(&args),
        RulesCommand::Validate(args) => validate::run(&args, terminal),
        RulesCommand::Test(args) => test::run(&args, terminal),
    }
}
