//! What was asserted of responses, and how often it held.

use crate::model::Tally;
use crate::model::grouped;
use crate::model::inert;

use super::super::figures::checks;
use super::super::figures::percent;
use super::super::figures::share;
use super::load::ROWS;
use super::load::more;
use super::load::right;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;

/// A row for each check; empty where there is none.
pub(super) fn check_table(total: &Tally, style: Style) -> String {
    let mut header = vec![("check", Align::Left)];
    header.extend(["passed", "failed", "rate"].map(right));
    let mut table = Table::new(&header);
    for check in checks(total).into_iter().take(ROWS) {
        let ink = if check.fails > 0 { Ink::Bad } else { Ink::Plain };
        table.row(vec![
            Cell::plain(inert(&check.name, 120)),
            Cell::plain(grouped(check.passes)),
            Cell::new(ink, grouped(check.fails)),
            Cell::plain(percent(share(check.passes, check.passes + check.fails))),
        ]);
    }
    match total.checks.len() {
        0 => String::new(),
        count => table.render(style) + &more(count, ROWS, style),
    }
}
