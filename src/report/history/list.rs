//! The list of past runs.

use std::path::Path;

use crate::model::PastRun;
use crate::model::format_duration;
use crate::model::grouped;
use crate::model::inert;

use super::super::summary::Align;
use super::super::summary::Cell;
use super::super::summary::Ink;
use super::super::summary::Style;
use super::super::summary::Table;

/// The column that gives way on a narrow terminal: what was tested.
const TESTED: usize = 4;

/// Characters of what was tested.
const TESTED_MAX: usize = 200;

/// A line for each run: text that ends in a line feed.
pub fn runs_table(runs: &[PastRun], style: Style) -> String {
    let mut table = Table::new(&[
        ("run", Align::Right),
        ("began (UTC)", Align::Left),
        ("command", Align::Left),
        ("exit", Align::Right),
        ("what", Align::Left),
        ("took", Align::Right),
        ("requests", Align::Right),
        ("findings", Align::Right),
        ("names", Align::Left),
    ])
    .giving_way(TESTED);
    for run in runs {
        table.row(vec![
            Cell::new(Ink::Strong, run.id.to_string()),
            Cell::new(Ink::Faint, run.started()),
            Cell::plain(inert(&run.command, 20)),
            verdict(run),
            Cell::plain(inert(&tested(run), TESTED_MAX)),
            Cell::plain(format_duration(run.elapsed)),
            Cell::plain(if run.requests == 0 { "-".to_owned() } else { grouped(run.requests) }),
            Cell::plain(run.findings.to_string()),
            Cell::new(Ink::Good, inert(&run.names.join(" "), TESTED_MAX)),
        ]);
    }
    style.finish(table.render(style))
}

/// The exit code; `-` where the run was cut before there was one.
pub(super) fn verdict(run: &PastRun) -> Cell {
    let text = run.exit_code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let ink = match run.passed() {
        Some(true) => Ink::Good,
        Some(false) => Ink::Bad,
        None => Ink::Warn,
    };
    Cell::new(ink, text)
}

/// The plan's file name, or the URL as short as it can be told.
fn tested(run: &PastRun) -> String {
    let plan = run.plan.as_deref().map(Path::new).and_then(Path::file_name);
    let url = || {
        let url = run.target.strip_prefix("http://").unwrap_or(&run.target);
        url.trim_end_matches('/').to_owned()
    };
    plan.map_or_else(url, |name| name.to_string_lossy().into_owned())
}
