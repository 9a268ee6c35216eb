//! `compare`: what has changed between two runs.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::ValueEnum;

use crate::model::ComparisonLimits;
use crate::model::ExitCode;
use crate::report::Style;

use super::args::FailOn;
use super::args::duration;
use super::args::fail_on;
use super::error::CliError;
use super::outputs::write_file;
use super::report::read;
use super::terminal::Terminal;

/// `compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown compare main.json branch.json
  shakedown compare main.json branch.json -f md -o comment.md
  shakedown compare main.json branch.json -f json | jq '.changes[] | select(.kind == \"worse\")'
  shakedown compare main.json branch.json --min-relative 10% --min-absolute 5ms

Median, p95, error rate and throughput are compared, of all requests and of each
endpoint, and findings by what is the same whenever they are found. A figure is worse
when that is certain (a permutation test over blocks of time, corrected for the
number of comparisons) and beyond both floors. Runs of 15 s or more at 10 or more
requests a second tell most; less than six blocks of time are not compared.

Exit codes: 0 nothing is worse; 82 a figure is worse, or there is a new finding
(see --fail-on); 83 there is load, and its latency could not be compared; 84 the load
figures of one of the runs cannot be believed.")]
pub(super) struct CompareArgs {
    /// The earlier run: a report (JSON), an event log, or Nuclei's results; `-` is standard input.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The later run, likewise.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The format to write.
    #[arg(short = 'f', long, value_enum, default_value = "text")]
    format: CompareFormat,
    /// Where to write; standard output by default.
    #[arg(short = 'o', long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// A new finding of this severity or above (firm, not accepted) is a regression.
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on, default_value = "medium")]
    fail_on: FailOn,
    /// What counts as a change.
    #[command(flatten)]
    limits: LimitArgs,
}

/// What counts as a change.
#[derive(Debug, Clone, Args)]
struct LimitArgs {
    /// Least share by which a figure differs.
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "5%")]
    min_relative: f64,
    /// Least difference of a latency.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1ms")]
    min_absolute: Duration,
    /// How certain a change must be, all comparisons taken together.
    #[arg(long, value_name = "PERCENT", value_parser = confidence, default_value = "95%")]
    confidence: f64,
}

/// What `compare -f` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CompareFormat {
    /// For people.
    Text,
    /// A comment for a pull request.
    Md,
    /// Everything; its schema is what `schema --comparison` prints.
    Json,
}

/// Reads both, compares, writes.
pub(super) fn run(args: &CompareArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    if args.old == Path::new("-") && args.new == Path::new("-") {
        let text = "only one of OLD and NEW can come from standard input";
        return Err(CliError::Usage(text.to_owned()));
    }
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let limits = ComparisonLimits {
        confidence: args.limits.confidence,
        min_relative: args.limits.min_relative,
        min_absolute: args.limits.min_absolute,
    };
    let comparison = crate::insight::compare(&old, &new, limits);
    let verdict = comparison.verdict(match args.fail_on {
        FailOn::Never => None,
        FailOn::From(severity) => Some(severity),
    });
    let bytes = match args.format {
        CompareFormat::Text => {
            let to_terminal = args.output == Path::new("-") && terminal.stdout;
            let style = Style {
                color: terminal.color_on(to_terminal),
                unicode: terminal.unicode,
                width: terminal.width,
                unit: None,
            };
            crate::report::comparison_text(&comparison, &verdict, style).into_bytes()
        }
        CompareFormat::Md => crate::report::comparison_markdown(&comparison, &verdict).into_bytes(),
        CompareFormat::Json => crate::format::comparison::write(&comparison, &verdict),
    };
    write_file(&args.output, &bytes)?;
    Ok(verdict.exit_code)
}

/// `5%` or `0.05`, as a share.
fn percent(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().map_err(|_| "a share is written 5% or 0.05")? / scale;
    if !(0.0..=10.0).contains(&share) {
        return Err("a share is from 0% to 1000%".to_owned());
    }
    Ok(share)
}

fn confidence(text: &str) -> Result<f64, String> {
    let share = percent(text)?;
    if !(0.5..=0.999).contains(&share) {
        return Err("a confidence is from 50% to 99.9%".to_owned());
    }
    Ok(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent_or_parts_of_one_and_in_range() {
        assert_eq!(percent("5%"), Ok(0.05));
        assert_eq!(percent("0.1"), Ok(0.1));
        assert_eq!(percent("0%"), Ok(0.0));
        for wrong in ["", "%", "a", "-5%", "NaN", "inf", "11"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
        assert_eq!(confidence("99%"), Ok(0.99));
        assert!(confidence("100%").is_err() && confidence("40%").is_err());
    }
}
