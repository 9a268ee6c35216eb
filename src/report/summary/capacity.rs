//! What a search for the capacity found: the answer, what follows from it, every level.

use crate::model::Capacity;
use crate::model::Report;

use super::super::capacity::answer;
use super::super::capacity::columns;
use super::super::capacity::facts;
use super::super::capacity::row;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;

/// The section on the capacity.
pub(super) fn capacity_section(report: &Report, capacity: &Capacity, style: Style) -> String {
    let mut out = style.title("Capacity");
    let ink = if capacity.answer.is_some() { Ink::Strong } else { Ink::Bad };
    let lines = std::iter::once(("capacity", style.paint(ink, &answer(capacity))));
    for (name, text) in lines.chain(facts(report, capacity)) {
        let name = style.paint(Ink::Faint, &format!("{name:<9}"));
        out.push_str(&style.hang(&format!("  {name} "), &text));
    }
    out.push('\n');
    let titles = columns(capacity.model);
    let last = titles.len() - 1;
    let align = |at| if at == last { Align::Left } else { Align::Right };
    let titles: Vec<(&str, Align)> =
        titles.iter().enumerate().map(|(at, title)| (*title, align(at))).collect();
    let mut table = Table::new(&titles).giving_way(last);
    for level in &capacity.levels {
        let ink = match (level.counts(), level.meets()) {
            (false, _) => Ink::Faint,
            (true, true) => Ink::Good,
            (true, false) => Ink::Warn,
        };
        let cells = row(capacity, level)
            .into_iter()
            .enumerate()
            .map(|(at, text)| if at == last { Cell::new(ink, text) } else { Cell::plain(text) });
        table.row(cells.collect());
    }
    out.push_str(&table.render(style));
    out
}
