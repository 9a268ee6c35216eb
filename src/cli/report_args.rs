//! Flags of `report`.

use std::path::PathBuf;

use clap::Args;

use super::args::FailOn;
use super::args::fail_on;
use super::file_args::FileArgs;
use crate::model::OutputKind;

/// `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown report run.json                       the summary, as after the run
  shakedown report run.json -f html -o run.html
  shakedown report run.jsonl -f sarif             from an event log, even one cut short
  shakedown report run.json -f gitlab-dast -o gl-dast-report.json
  shakedown report run.json --md summary.md --har evidence.har
  shakedown report nuclei.jsonl --html nuclei.html --sarif nuclei.sarif
                                                  Nuclei's results (-jsonl or -json-export)
  shakedown report nuclei.jsonl --baseline main.json --fail-on high
                                                  80 if there is a new one

Without --fail-on the exit code says whether the files were written, not what the run
came to.")]
pub(super) struct ReportArgs {
    /// A report (JSON), an event log (JSON Lines), or Nuclei's results as JSON lines or as one array;
    /// `-` is standard input, `history:RUN` a past run (`history:latest`).
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The format to write.
    #[arg(short = 'f', long, default_value = "text", value_parser = report_format)]
    pub(super) format: ReportFormat,
    /// Where to write; standard output by default.
    #[arg(short = 'o', long, value_name = "FILE", default_value = "-")]
    pub(super) output: PathBuf,
    /// Write the report as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write files of other formats too.
    #[command(flatten)]
    files: FileArgs,
    /// Say of findings which are new and which known, by this earlier run (a file as FILE).
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Fail (80) if there is a finding of this severity or above (new, firm), in place of the run's own
    /// gates on findings.
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on, default_value = "never")]
    pub(super) fail_on: FailOn,
}

impl ReportArgs {
    /// Files that are written beside the output.
    pub(super) fn files(&self) -> impl Iterator<Item = (OutputKind, &PathBuf)> {
        let json = self.json.iter().map(|path| (OutputKind::Json, path));
        json.chain(self.files.named())
    }
}

/// What `report -f` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportFormat {
    /// The summary for people.
    Text,
    /// One of the file formats.
    File(OutputKind),
}

pub(super) fn report_format(text: &str) -> Result<ReportFormat, String> {
    if text == "text" {
        return Ok(ReportFormat::Text);
    }
    OutputKind::parse(text)
        .filter(|kind| *kind != OutputKind::Jsonl)
        .map(ReportFormat::File)
        .ok_or_else(|| {
            "one of text, json, html, md, sarif, junit, csv, gitlab-load, gitlab-metrics, gitlab-dast, har"
                .to_owned()
        })
}
