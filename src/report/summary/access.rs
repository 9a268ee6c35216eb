//! Who may do what: a grid of operations and identities.

use crate::model::AccessMatrix;
use crate::model::inert;

use super::super::access::Tone;
use super::super::access::facts;
use super::super::access::grid;
use super::load::more;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;

/// Operations listed; the rest stands in the report.
const ROWS: usize = 30;

/// Identities that a terminal has room for.
const COLUMNS: usize = 6;

/// Characters of their names.
const NAME: usize = 16;

/// The section on who may do what.
pub(super) fn access_section(matrix: &AccessMatrix, style: Style) -> String {
    let mut out = style.title("Access");
    let mut facts = facts(matrix);
    if matrix.identities.len() > COLUMNS {
        let hidden = matrix.identities.len() - COLUMNS;
        facts.push(format!("{hidden} more identities in the report"));
    }
    out.push_str(&style.hang("  ", &facts.join(style.dot())));
    let names: Vec<String> =
        matrix.identities.iter().take(COLUMNS).map(|name| inert(name, NAME)).collect();
    let mut header = vec![("operation", Align::Left)];
    header.extend(names.iter().map(|name| (name.as_str(), Align::Left)));
    let mut table = Table::new(&header);
    let rows = grid(matrix);
    for row in rows.iter().take(ROWS) {
        let mut cells = vec![Cell::plain(inert(&row.name, 120))];
        let shown = row.cells.iter().take(COLUMNS);
        cells.extend(shown.map(|(text, tone)| Cell::new(ink(*tone), text.as_str())));
        table.row(cells);
    }
    out.push_str(&table.render(style));
    out.push_str(&more(rows.len(), ROWS, style));
    out
}

fn ink(tone: Tone) -> Ink {
    match tone {
        Tone::Plain => Ink::Plain,
        Tone::Faint => Ink::Faint,
        Tone::Doubtful => Ink::Warn,
        Tone::Bad => Ink::Bad,
    }
}
