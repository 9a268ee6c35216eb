//! `schema`: JSON Schema of what the program reads and writes.

use crate::model::ExitCode;

use super::args::SchemaArgs;
use super::error::CliError;
use super::outputs::write_file;

/// Prints the one that was asked for, plans' without a word.
pub(super) fn run(args: &SchemaArgs) -> Result<ExitCode, CliError> {
    let text = if args.rule {
        crate::rules::json_schema()
    } else {
        let schema = match (args.report, args.events, args.comparison) {
            (true, ..) => crate::format::report::schema(),
            (false, true, _) => crate::format::events::schema(),
            (false, false, true) => crate::format::comparison::schema(),
            (false, false, false) => crate::plan::json_schema(),
        };
        format!("{schema:#}\n")
    };
    write_file(&args.output, text.as_bytes())?;
    Ok(ExitCode::Passed)
}
