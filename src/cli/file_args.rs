//! Files that a report is written to, whichever command it comes from.

use std::path::PathBuf;

use clap::Args;

use crate::model::OutputKind;

/// One file for each format.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct FileArgs {
    /// Write the report as one HTML page.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) html: Option<PathBuf>,
    /// Write the report as Markdown, for a pull request or a step's summary.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) md: Option<PathBuf>,
    /// Write the findings as SARIF 2.1.0, for code scanning.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) sarif: Option<PathBuf>,
    /// Write gates and findings as JUnit XML.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) junit: Option<PathBuf>,
    /// Write the endpoint table as CSV.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) csv: Option<PathBuf>,
    /// Write load figures as k6's summary, for GitLab's `load_performance`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) gitlab_load: Option<PathBuf>,
    /// Write figures as `OpenMetrics` text, for GitLab's `metrics`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) gitlab_metrics: Option<PathBuf>,
    /// Write findings as GitLab's report of a dynamic scan, for its `dast`.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) gitlab_dast: Option<PathBuf>,
    /// Write the requests and responses that prove the findings as HAR.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) har: Option<PathBuf>,
}

impl FileArgs {
    /// Those that were named.
    pub(super) fn named(&self) -> impl Iterator<Item = (OutputKind, &PathBuf)> {
        let all = [
            (OutputKind::Html, &self.html),
            (OutputKind::Markdown, &self.md),
            (OutputKind::Sarif, &self.sarif),
            (OutputKind::Junit, &self.junit),
            (OutputKind::Csv, &self.csv),
            (OutputKind::GitlabLoad, &self.gitlab_load),
            (OutputKind::GitlabMetrics, &self.gitlab_metrics),
            (OutputKind::GitlabDast, &self.gitlab_dast),
            (OutputKind::Har, &self.har),
        ];
        all.into_iter().filter_map(|(kind, path)| Some((kind, path.as_ref()?)))
    }
}
