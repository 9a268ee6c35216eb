//! `merge`: the parts of a run that several processes shared, put together and judged.

use std::path::PathBuf;

use clap::Args;

use crate::model::ExitCode;
use crate::model::OutputKind;
use crate::report::Style;
use crate::run::Baseline;

use super::error::CliError;
use super::outputs::write_file;
use super::outputs::write_stderr;
use super::report::read;
use super::terminal::Terminal;

/// `merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Three machines, the same plan, one moment:
    shakedown load plan.yml --part 1/3 --start-at 2031-05-01T12:00:00Z --json=part-1.json
    shakedown load plan.yml --part 2/3 --start-at 2031-05-01T12:00:00Z --json=part-2.json
    shakedown load plan.yml --part 3/3 --start-at 2031-05-01T12:00:00Z --json=part-3.json
    shakedown merge part-1.json part-2.json part-3.json -o whole.json

The parts' histograms are added bucket by bucket: percentiles are those of one
histogram of all requests, no averages. Gates are judged anew, and the exit code is
that of the whole run. Parts of another plan or seed, one that is missing, and one
that comes twice are refused (2).

Every part does the plan's setup and teardown, because what setup extracts is needed in
each. `check` crawls and scans in part 1 only.")]
pub(super) struct MergeArgs {
    /// Reports (JSON) of the parts, in any order.
    #[arg(value_name = "PART", required = true)]
    parts: Vec<PathBuf>,
    /// Where the report of the whole run goes, as JSON; standard output by default.
    #[arg(short = 'o', long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// The earlier run that gates on `METRIC|vs(baseline)` are judged against.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

/// Reads, merges, judges, writes.
pub(super) fn run(args: &MergeArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let parts = args.parts.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let report = args.baseline.as_deref().map(read).transpose()?;
    let against = Baseline { report, ..Baseline::default() };
    let mut whole = crate::insight::merge(parts)?;
    crate::run::judge_merged(&mut whole, &against).map_err(|gate| {
        CliError::Usage(format!(
            "`{gate}` is judged against an earlier run: name it with --baseline FILE"
        ))
    })?;
    let bytes =
        crate::report::render(OutputKind::Json, &whole).expect("a report can be rendered as JSON");
    write_file(&args.output, &bytes)?;
    if !terminal.quiet {
        let style = Style {
            color: terminal.color_on(terminal.stderr),
            unicode: terminal.unicode,
            width: terminal.width,
            unit: None,
        };
        write_stderr(crate::report::summary(&whole, style).as_bytes());
    }
    Ok(whole.verdict.as_ref().map_or(ExitCode::Internal, |verdict| verdict.exit_code))
}
