//! `rules test`.

use crate::cli::error::CliError;
use crate::cli::outputs::{write_stderr, write_stdout};
use crate::cli::terminal::Terminal;
use crate::model::ExitCode;
use crate::rules::Registry;
use std::fmt::Write as _;

use super::args::TestArgs;

/// Runs every example and says which is not judged as it says.
pub(super) fn run(args: &TestArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let registry = if args.paths.is_empty() {
        Registry::embedded()
    } else {
        Registry::of_paths(&args.paths).map_err(CliError::Rules)?
    };
    let outcome = registry.test();
    let mut text = String::new();
    for failure in &outcome.failures {
        let _ = writeln!(text, "{failure}");
    }
    write_stdout(text.as_bytes())?;
    if !terminal.quiet {
        let summary = format!(
            "{} rules, {} examples, {} not judged as they say, {} rules without an example\n",
            outcome.rules,
            outcome.examples,
            outcome.failures.len(),
            outcome.without
        );
        write_stderr(summary.as_bytes());
    }
    Ok(if outcome.failures.is_empty() { ExitCode::Passed } else { ExitCode::InvalidPlan })
}
