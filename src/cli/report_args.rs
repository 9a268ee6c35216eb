//! Flags of `report`.

use std::path::PathBuf;

use clap::Args;

use super::args::FailOn;
use super::args::fail_on;
use crate::model::OutputKind;

/// `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown report run.json                       the summary, as after the run
  shakedown report run.json -f html -o run.html
  shakedown report run.jsonl -f sarif             from an event log, even one cut short
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
    /// Write the report as one HTML page too.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the report as Markdown too.
    #[arg(long, value_name = "FILE")]
    md: Option<PathBuf>,
    /// Write the findings as SARIF 2.1.0 too.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Write gates and findings as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
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
        let all = [
            (OutputKind::Json, &self.json),
            (OutputKind::Html, &self.html),
            (OutputKind::Markdown, &self.md),
            (OutputKind::Sarif, &self.sarif),
            (OutputKind::Junit, &self.junit),
        ];
        all.into_iter().filter_map(|(kind, path)| Some((kind, path.as_ref()?)))
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
        .ok_or_else(|| "one of text, json, html, md, sarif, junit, csv".to_owned())
}
