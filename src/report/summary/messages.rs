//! What WebSocket sessions and streams carried.

use crate::model::Report;
use crate::model::grouped;
use crate::model::inert;

use super::super::figures::message_endpoints;
use super::super::figures::per_second;
use super::load::ROWS;
use super::load::more;
use super::load::right;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;

/// Characters of a request's name that are shown.
const MAX_NAME: usize = 80;

/// A row for each endpoint whose exchanges carry messages; empty where there is none.
pub(super) fn message_table(report: &Report, style: Style) -> String {
    let mut header = vec![("messages", Align::Left)];
    header.extend(["sessions", "sent", "received", "rate", "med", "p95", "p99", "max"].map(right));
    let mut table = Table::new(&header);
    let time = |value| style.time_or_none(value);
    for (endpoint, messages) in message_endpoints(report).take(ROWS) {
        let latency = &messages.latency;
        table.row(vec![
            // The plan's name is short: of paths in one service, this table has room for the start.
            Cell::plain(inert(&endpoint.meta.request, MAX_NAME)),
            Cell::plain(grouped(messages.sessions)),
            Cell::plain(grouped(messages.sent)),
            Cell::plain(grouped(messages.received)),
            Cell::plain(per_second(messages.received, report.load_elapsed)),
            Cell::plain(time(latency.quantile(0.5))),
            Cell::new(Ink::Strong, time(latency.quantile(0.95))),
            Cell::plain(time(latency.quantile(0.99))),
            Cell::plain(time(latency.max())),
        ]);
    }
    match message_endpoints(report).count() {
        0 => String::new(),
        count => table.render(style) + &more(count, ROWS, style),
    }
}
