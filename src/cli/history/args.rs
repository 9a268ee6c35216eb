//! Flags of the history: those of runs, and those of `history`.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;

use crate::cli::args::duration;
use crate::cli::report_args::ReportFormat;
use crate::cli::report_args::report_format;

/// Whether a run is kept, and where.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct HistoryArgs {
    /// Keep the run in this history: by default `.shakedown/history.db` where that folder is, else the
    /// user's own. `SHAKEDOWN_HISTORY` says the same.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) history: Option<PathBuf>,
    /// Do not keep the run in the history, as `SHAKEDOWN_HISTORY=off`.
    #[arg(long, help_heading = "Output")]
    pub(super) no_history: bool,
}

/// `history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown history                                   the last runs
  shakedown history list --plan release.yml --since 30d
  shakedown history show latest~1                     the run before the last, as after it
  shakedown history show 12 -f html -o run12.html
  shakedown history trend http_req_latency --value 'p(99)'
  shakedown history name 12 main                      then --baseline history:main
  shakedown history export latest -o run.json
  shakedown history prune --keep 100 --older-than 90d     says what would go; --yes removes it

A run is said by its number, its name, `latest`, or `latest~N` for the one N before it. Wherever a
finished run is read (`report`, `view`, --baseline), `history:RUN` reads it from here.

Every run of `load`, `scan` and `check` is kept with its whole report, in .shakedown/history.db where
there is a folder .shakedown, else in the user's data folder (shakedown/history.db). --history FILE or
SHAKEDOWN_HISTORY=FILE names another file; --no-history or SHAKEDOWN_HISTORY=off keeps none. A run
that cannot be kept says so and keeps its exit code.")]
pub(in crate::cli) struct HistoryCommandArgs {
    /// The history to look at, in place of the usual one (or of `SHAKEDOWN_HISTORY`).
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) history: Option<PathBuf>,
    /// What to do; `list` where nothing is said.
    #[command(subcommand)]
    pub(super) command: Option<HistoryCommand>,
}

/// What is done with past runs.
#[derive(Debug, Subcommand)]
pub(super) enum HistoryCommand {
    /// List past runs, the last one first.
    List(ListArgs),
    /// Show a run as it was shown at its end, or in another format.
    Show(ShowArgs),
    /// A metric through the runs of one plan or target.
    Trend(TrendArgs),
    /// Give a run a name, by which it is found as a baseline.
    Name(NameArgs),
    /// Write a run's report to a file, or all runs as JSON lines.
    Export(ExportArgs),
    /// Say which runs would go, and with --yes remove them. Runs with a name stay.
    Prune(PruneArgs),
}

/// Which runs.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct FilterArgs {
    /// Only runs whose target has this in its URL.
    #[arg(long, value_name = "TEXT")]
    pub(super) target: Option<String>,
    /// Only runs of this plan: its file, or the last parts of its path.
    #[arg(long, value_name = "FILE")]
    pub(super) plan: Option<String>,
    /// Only runs of this command.
    #[arg(long, value_name = "COMMAND", value_parser = ["load", "scan", "check"])]
    pub(super) command: Option<String>,
}

/// `history list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Which.
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// Only runs that began so long ago at most (30d), or on this day or later (2026-11-30, UTC).
    #[arg(long, value_name = "TIME|DATE")]
    pub(super) since: Option<String>,
    /// The last so many; 0 is all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) last: u64,
    /// As JSON, on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

impl Default for ListArgs {
    fn default() -> Self {
        Self { filter: FilterArgs::default(), since: None, last: 20, json: false }
    }
}

/// `history show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Its number, its name, `latest` or `latest~N`.
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(super) run: String,
    /// The format to write: text, json, html, md, sarif, junit or csv.
    #[arg(short = 'f', long, default_value = "text", value_parser = report_format)]
    pub(super) format: ReportFormat,
    /// Where to write; standard output by default.
    #[arg(short = 'o', long, value_name = "FILE", default_value = "-")]
    pub(super) output: PathBuf,
}

/// `history trend`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown history trend http_req_latency
  shakedown history trend 'http_req_duration{request:checkout}' --value med --plan release.yml
  shakedown history trend 'findings{severity:>=high,status:known}' --json

Without --plan and --target these are the runs of the last run's plan, or of its target where a URL was
tested. Metrics and tags are those of thresholds; `shakedown explain METRIC` says what one is.")]
pub(super) struct TrendArgs {
    /// The metric, perhaps a part of it: `http_req_duration{request:checkout}`.
    #[arg(value_name = "METRIC")]
    pub(super) metric: String,
    /// What is taken of it: p(95), med, avg, min, max, count, rate, value (default: what fits it).
    #[arg(long, value_name = "VALUE")]
    pub(super) value: Option<String>,
    /// Which runs.
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// Only runs that began so long ago at most (30d), or on this day or later (2026-11-30, UTC).
    #[arg(long, value_name = "TIME|DATE")]
    pub(super) since: Option<String>,
    /// The last so many; 0 is all.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(super) last: u64,
    /// As JSON, on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

/// `history name`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown history name latest main          the name moves here if another run has it
  shakedown history name --remove main")]
pub(super) struct NameArgs {
    /// Its number, its name, `latest` or `latest~N`.
    #[arg(value_name = "RUN", required_unless_present = "remove")]
    pub(super) run: Option<String>,
    /// The name: letters, digits, `.`, `_`, `-` and `/`.
    #[arg(value_name = "NAME", required_unless_present = "remove")]
    pub(super) name: Option<String>,
    /// Take this name away from whichever run has it.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["run", "name"])]
    pub(super) remove: Option<String>,
}

/// `history export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown history export 12 -o run.json           the report, to the byte as --json wrote it
  shakedown history export --all -o runs.jsonl      a line for each run, its report under `report`")]
pub(super) struct ExportArgs {
    /// Its number, its name, `latest` or `latest~N`.
    #[arg(value_name = "RUN", required_unless_present = "all")]
    pub(super) run: Option<String>,
    /// Every run, the first one first.
    #[arg(long, conflicts_with = "run")]
    pub(super) all: bool,
    /// Where to write; standard output by default.
    #[arg(short = 'o', long, value_name = "FILE", default_value = "-")]
    pub(super) output: PathBuf,
}

/// `history prune`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown history prune --keep 100                      all but the last 100
  shakedown history prune --older-than 90d --yes
  shakedown history prune --keep 20 --older-than 30d      older ones, but never the last 20
  shakedown history prune --keep 10 --plan smoke.yml      of one plan

Without --yes nothing is removed. Runs with a name stay, and do not count.")]
pub(super) struct PruneArgs {
    /// The last so many stay.
    #[arg(long, value_name = "N", required_unless_present = "older_than")]
    pub(super) keep: Option<usize>,
    /// What began less than this ago stays.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) older_than: Option<std::time::Duration>,
    /// Which runs it is about.
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// Remove them.
    #[arg(long)]
    pub(super) yes: bool,
}
