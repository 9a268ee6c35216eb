//! Files that `--ci` writes without being told one by one.

use std::path::Path;

use crate::model::OutputKind;
use crate::plan::Output;
use crate::run::RunKind;

/// Every format that a service for CI takes, under the names that it expects by custom, as far as the
/// run has something to say in it: a report of a scan without one would close all that is open. Load finds
/// something where it `watches` for it.
pub(super) fn outputs(dir: &Path, kind: RunKind, watches: bool) -> impl Iterator<Item = Output> {
    let (load, scan) = match kind {
        RunKind::Load | RunKind::Capacity => (true, watches),
        RunKind::Scan | RunKind::Crawl | RunKind::Rules => (false, true),
        RunKind::Check => (true, true),
    };
    let all = [
        (OutputKind::Json, "run.json", true),
        (OutputKind::Html, "run.html", true),
        (OutputKind::Markdown, "run.md", true),
        (OutputKind::Junit, "junit.xml", true),
        (OutputKind::Sarif, "run.sarif", scan),
        (OutputKind::Csv, "endpoints.csv", load),
        (OutputKind::GitlabLoad, "load-performance.json", load),
        (OutputKind::GitlabMetrics, "metrics.txt", true),
        (OutputKind::GitlabDast, "gl-dast-report.json", scan),
    ];
    let dir = dir.to_owned();
    all.into_iter()
        .filter(|(_, _, is_said)| *is_said)
        .map(move |(kind, name, _)| Output { kind, path: dir.join(name) })
}
