//! How long groups of steps took.

use crate::model::Report;
use crate::model::grouped;
use crate::model::inert;

use super::super::figures::groups;
use super::load::ROWS;
use super::load::more;
use super::load::right;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;

/// Characters of a group's name, and of its scenario's.
const MAX_NAME: usize = 80;
const MAX_SCENARIO: usize = 16;

/// A row for each group of each scenario; empty where there is none.
pub(super) fn group_table(report: &Report, style: Style) -> String {
    let mut scenarios: Vec<_> = groups(report).map(|(scenario, ..)| scenario).collect();
    scenarios.dedup();
    let several = scenarios.len() > 1;
    let mut header = vec![("group", Align::Left)];
    header.extend(several.then_some(("scenario", Align::Left)));
    header.extend(["times", "avg", "med", "p95", "p99", "max"].map(right));
    let mut table = Table::new(&header);
    let time = |value| style.time_or_none(value);
    for (scenario, name, durations) in groups(report).take(ROWS) {
        let mut cells = vec![Cell::plain(inert(name, MAX_NAME))];
        cells.extend(several.then(|| Cell::plain(inert(scenario, MAX_SCENARIO))));
        cells.extend([
            Cell::plain(grouped(durations.len())),
            Cell::plain(time(durations.mean())),
            Cell::plain(time(durations.quantile(0.5))),
            Cell::new(Ink::Strong, time(durations.quantile(0.95))),
            Cell::plain(time(durations.quantile(0.99))),
            Cell::plain(time(durations.max())),
        ]);
        table.row(cells);
    }
    match groups(report).count() {
        0 => String::new(),
        count => table.render(style) + &more(count, ROWS, style),
    }
}
